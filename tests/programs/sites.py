"""A bundle that shows plain items of a pair, and its profile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from vizclient.pages.manifest import seal
from vizclient.simulator.pair import Pair

NAMESPACE = "urn:vizclient:demo:bms"
_WIDTH, _HEIGHT = 1800, 900


def identifiers(count: int) -> list[str]:
    """Identifiers of the first plain items that change by themselves (every tenth is one to be written)."""
    return [f"Plain/{n // 100:03}/{n:05}" for n in range(count * 10 // 9 + 10) if n % 10 != 9][:count]


def write_site(folder: Path, pair: Pair, pages: Mapping[str, list[str]], *, hold_ms: int = 250) -> Path:
    """A bundle with a page of value symbols for each list of identifiers, and a profile; the profile's path."""
    bundle = folder / "bundle"
    (bundle / "pages").mkdir(parents=True)
    for name, names in pages.items():
        columns = max(10, round((len(names) * 2) ** 0.5 * 0.7))
        rows = -(-len(names) // columns)
        width, height = _WIDTH / columns, _HEIGHT / rows
        elements = [
            {
                "id": f"v{n}",
                "type": "value",
                "item": f"bms:{identifier}",
                "size": min(13.0, max(4.0, height * 0.6)),
                "rect": [n % columns * width, n // columns * height, width - 2, height - 2],
            }
            for n, identifier in enumerate(names)
        ]
        page = {"format": 1, "id": name, "title": name, "size": [_WIDTH, _HEIGHT], "elements": elements}
        (bundle / "pages" / f"{name}.json").write_text(json.dumps(page), "utf-8")
    manifest = {
        "format": 1,
        "name": "Bench",
        "version": "1",
        "start": next(iter(pages)),
        "namespaces": {"bms": NAMESPACE},
        "pages": [],
        "files": {},
    }
    (bundle / "bundle.json").write_text(json.dumps(manifest), "utf-8")
    seal(bundle)
    profile = folder / "bench.toml"
    profile.write_text(
        f'format = 1\nname = "Bench"\nbundle = "bundle"\n[main]\nurl = "{pair.url("main")}"\n'
        f'[backup]\nurl = "{pair.url("backup")}"\n[security]\npolicy = "None"\nmode = "None"\n'
        f"[redundancy]\nhold_ms = {hold_ms}\n",
        "utf-8",
    )
    return profile
