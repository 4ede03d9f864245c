"""`vizclient pages seal`: after editing a bundle, write its hashes anew and say whether it can be used."""

from __future__ import annotations

from pathlib import Path

from vizclient.exits import Exit
from vizclient.faults import FaultError
from vizclient.headless.running import complain_of
from vizclient.pages.bundle import load_bundle
from vizclient.pages.manifest import seal
from vizclient.phrases import phrase


def seal_bundle(folder: Path) -> Exit:
    """Seal the bundle in `folder`, then load it; every fault is said with its place."""
    try:
        files = seal(folder)
        bundle = load_bundle(folder)
    except FaultError as error:
        complain_of(error)
        return Exit.USAGE
    print(phrase("bundle-sealed", {"files": len(files), "pages": len(bundle.pages), "start": bundle.start}))
    return Exit.DONE
