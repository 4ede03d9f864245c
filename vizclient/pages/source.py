"""The files of a bundle, out of a folder or a zip. Names that point outside are refused; sizes are counted as read."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from vizclient.faults import Fault

MAX_PAGE_BYTES = 16 * 1024**2
MAX_TOTAL_BYTES = 128 * 1024**2
MAX_FILES = 2_000
MAX_NAME = 200

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_ .\-]*[A-Za-z0-9_\-])?")
_WINDOWS_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(10))})
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OverflowError)
"""What zipfile raises for a file that is no sound zip."""


class SourceError(Exception):
    """A file of a bundle that cannot be had, as the fault that says why."""

    def __init__(self, code: str, file: str, **arguments: str) -> None:
        super().__init__(f"{file}: {code}")
        self.fault = Fault(code, arguments, file)


class Source(Protocol):
    """Where the files of one bundle come from."""

    path: Path

    def name_of(self, name: str) -> str:
        """How a person finds the file called `name` in the bundle."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """The content of a file, at most `limit` bytes. Raises SourceError."""
        ...


def good_name(name: str) -> bool:
    """Whether `name` is a plain relative path that means the same file, inside the bundle, on every platform."""
    parts = name.split("/")
    return len(name) <= MAX_NAME and all(
        _PART.fullmatch(part) and part.partition(".")[0].strip().upper() not in _WINDOWS_DEVICES for part in parts
    )


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """The folder or the zip at `path`. Raises SourceError."""
    try:
        path = path.resolve(strict=True)
        archive = None if path.is_dir() else zipfile.ZipFile(path)
    except OSError as error:
        raise SourceError("bundle-unreadable", str(path), reason=error.strerror or type(error).__name__) from None
    except (*_BROKEN, ValueError):
        raise SourceError("bundle-not-zip", str(path)) from None
    if archive is None:
        yield _Folder(path)
        return
    with archive:
        yield _Archive(path, archive)


@contextmanager
def open_content(content: bytes, name: str) -> Iterator[Source]:
    """The zip that consists of these bytes; `name` is what messages call it. Raises SourceError."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (*_BROKEN, OSError, ValueError):
        raise SourceError("bundle-not-zip", name) from None
    with archive:
        yield _Archive(Path(name), archive)


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def name_of(self, name: str) -> str:
        return str(self.path / name)

    def read(self, name: str, limit: int) -> bytes:
        file = self.path / name
        shown = self.name_of(name)
        if not good_name(name):
            raise SourceError("bundle-name", shown, name=name)
        try:
            if file.resolve(strict=True) != file:  # a link, or a name that differs in case
                raise SourceError("bundle-outside", shown, name=name)
            if not stat.S_ISREG(file.lstat().st_mode):
                raise SourceError("bundle-not-file", shown, name=name)
            with file.open("rb") as opened:
                return _limited(opened, limit, shown)
        except FileNotFoundError:
            raise SourceError("bundle-no-file", shown, name=name) from None
        except OSError as error:
            raise SourceError("bundle-unreadable", shown, reason=error.strerror or type(error).__name__) from None


class _Archive:
    """Every entry is checked when it is opened, also those that the manifest does not list."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        entries = archive.infolist()
        if len(entries) > MAX_FILES:
            raise SourceError("bundle-files", str(path), limit=str(MAX_FILES))
        folded: set[str] = set()
        for entry in entries:
            name = entry.orig_filename.removesuffix("/")
            shown = self.name_of(name)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if not good_name(name):
                raise SourceError("bundle-name", str(path), name=name)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise SourceError("bundle-outside", shown, name=name)
            if name.casefold() in folded:
                raise SourceError("bundle-file-twice", shown, name=name)
            if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise SourceError("bundle-compression", shown, name=name)
            folded.add(name.casefold())
            if not entry.is_dir():
                self._entries[name] = entry

    def name_of(self, name: str) -> str:
        return f"{self.path}/{name}"

    def read(self, name: str, limit: int) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            nested = any(other.endswith(f"/{name}") for other in self._entries)
            raise SourceError("bundle-nested" if nested else "bundle-no-file", self.name_of(name), name=name)
        try:
            with self._archive.open(entry) as opened:
                return _limited(opened, limit, self.name_of(name))
        except (*_BROKEN, OSError, ValueError) as error:
            raise SourceError("bundle-broken-entry", self.name_of(name), reason=str(error)) from None


def _limited(opened: IO[bytes], limit: int, shown: str) -> bytes:
    content = opened.read(limit + 1)
    if len(content) > limit:
        raise SourceError("bundle-file-big", shown, limit=str(limit // 1024**2))
    return content
