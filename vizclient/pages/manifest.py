"""`bundle.json`: what a bundle is called, which pages it has, and the SHA-256 of every file that belongs to it.

`seal` brings the list of files up to date after pages were edited.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vizclient.faults import Fault, FaultError
from vizclient.pages.document import Identifier
from vizclient.pages.source import MAX_FILES, good_name
from vizclient.schema.closed import Closed, NamespaceUri, ShortName, Wrong

MANIFEST = "bundle.json"
_FOLDERS = ("assets", "pages", "templates")

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class Manifest(Closed, frozen=True, kw_only=True):
    """The closed schema of `bundle.json`. `pages`: their files, in the order of menus; `start`: the id of a page."""

    format: Literal[1]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    version: Annotated[str, Meta(min_length=1, max_length=50)]
    start: Identifier
    namespaces: Annotated[dict[ShortName, NamespaceUri], Meta(max_length=200)] = msgspec.field(default_factory=dict)
    pages: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MAX_FILES)]
    files: Annotated[dict[str, Digest], Meta(max_length=MAX_FILES)]

    def __post_init__(self) -> None:
        for name in self.files:
            if not good_name(name) or name == MANIFEST:
                raise Wrong("bundle-name", {"name": name}, ("files", name))
        for index, name in enumerate(self.pages):
            if name not in self.files:
                raise Wrong("bundle-unlisted", {"name": name}, ("pages", index))


def seal(folder: Path) -> list[str]:
    """Write the SHA-256 of every file below `assets`, `pages` and `templates` into `bundle.json`; the names written.

    The manifest's other keys stay as they are; pages it does not list yet are added at the end of `pages`, those that
    are gone are dropped. Hidden files do not belong to a bundle. Raises FaultError.
    """
    path = folder / MANIFEST
    try:
        manifest: Any = json.loads(path.read_text("utf-8-sig"))
        names = sorted(
            file.relative_to(folder).as_posix()
            for top in _FOLDERS
            for file in (folder / top).rglob("*")
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        )
        for name in names:
            if not good_name(name) or (folder / name).is_symlink():
                raise FaultError([Fault("bundle-name", {"name": name}, str(folder / name))])
        if not isinstance(manifest, dict):
            raise FaultError([Fault("bundle-type", {"key": "", "expected": "an object"}, str(path), 1, 1)])
        listed = manifest.get("pages", [])
        pages = [name for name in names if name.startswith("pages/") and name.endswith(".json")]
        kept = [name for name in listed if name in pages] if isinstance(listed, list) else []
        manifest["pages"] = kept + [name for name in pages if name not in kept]
        manifest["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
        _replace(path, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise FaultError(
            [Fault("bundle-unreadable", {"reason": error.strerror or type(error).__name__}, str(path))]
        ) from None
    except json.JSONDecodeError as error:
        raise FaultError(
            [Fault("bundle-syntax", {"reason": error.msg}, str(path), error.lineno, error.colno)]
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise FaultError([Fault("bundle-not-utf8", {}, str(path))]) from None
    return names


def _replace(path: Path, text: str) -> None:
    """Write `path` whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".bundle-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
