"""Loading a bundle: a folder, or the same zipped as NAME.vizbundle. Runs nothing, follows nothing out of the bundle.

A file of it counts only if `bundle.json` lists it with its SHA-256. All that is wrong is said at once, each with its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vizclient.faults import Fault, FaultError, meant
from vizclient.items.address import Address, parse_address
from vizclient.pages.document import LinkElement, Page, element_items
from vizclient.pages.json_positions import JsonPath, Positions
from vizclient.pages.manifest import MANIFEST, Manifest
from vizclient.pages.reading import read_json
from vizclient.pages.source import MAX_PAGE_BYTES, MAX_TOTAL_BYTES, Source, SourceError, open_content, open_source

MAX_FAULTS = 100


class BundleError(FaultError):
    """A bundle that cannot be used. `faults` has what is wrong, at most MAX_FAULTS of it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[:MAX_FAULTS])


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read whole. `pages` by id, in the manifest's order. `namespaces`: short name → URI as they hold.

    `digest`: SHA-256 of the manifest, which holds that of every file: the same for the same pages, zipped or not.
    """

    path: Path
    manifest: Manifest
    pages: Mapping[str, Page]
    namespaces: Mapping[str, str]
    digest: str = ""

    @property
    def start(self) -> str:
        """Id of the page to begin with."""
        return self.manifest.start

    def address(self, item: str) -> Address:
        """The address of an item text of one of the pages: they were checked when the bundle was loaded."""
        return parse_address(item, self.namespaces)

    def addresses(self, page: str) -> dict[str, Address]:
        """All item texts of a page with their addresses, in drawing order."""
        return {item: self.address(item) for element in self.pages[page].elements for item in element_items(element)}


def load_bundle(path: Path, namespaces: Mapping[str, str] | None = None) -> Bundle:
    """Read and check a whole bundle. Raises BundleError, nothing else.

    `namespaces`: the profile's. Where both name one, the profile wins: a bundle is made for many sites, a profile for one.
    """
    try:
        with open_source(path) as source:
            return _load(source, namespaces or {})
    except SourceError as error:
        raise BundleError([error.fault]) from None


def digest_of(content: bytes) -> str:
    """The digest of the zipped bundle that these bytes are; "" if they are none, or one with a file that is not as it was sealed."""
    try:
        with open_content(content, MANIFEST) as source:
            listed = source.read(MANIFEST, MAX_PAGE_BYTES)
            manifest = read_json(Manifest, listed, MANIFEST, {})
            if isinstance(manifest, list):
                return ""
            left = MAX_TOTAL_BYTES
            for name, wanted in manifest.files.items():
                file = source.read(name, left)
                left -= len(file)
                if hashlib.sha256(file).hexdigest() != wanted:
                    return ""
    except SourceError:
        return ""
    return hashlib.sha256(listed).hexdigest()


def _load(source: Source, namespaces: Mapping[str, str]) -> Bundle:
    listed = source.read(MANIFEST, MAX_PAGE_BYTES)
    manifest = read_json(Manifest, listed, source.name_of(MANIFEST), {})
    if isinstance(manifest, list):
        raise BundleError(manifest)
    known = {**manifest.namespaces, **namespaces}
    faults: list[Fault] = []
    contents: dict[str, bytes] = {}
    pages: dict[str, Page] = {}
    files: dict[str, str] = {}
    left = MAX_TOTAL_BYTES
    for name, wanted in manifest.files.items():
        content = source.read(name, left)
        left -= len(content)
        if hashlib.sha256(content).hexdigest() != wanted:
            faults.append(Fault("bundle-hash", {"file": name}, source.name_of(name)))
        elif name in manifest.pages:
            contents[name] = content
    for name in manifest.pages:
        if name not in contents:
            continue
        if len(contents[name]) > MAX_PAGE_BYTES:
            faults.append(Fault("bundle-file-big", {"limit": str(MAX_PAGE_BYTES // 1024**2)}, source.name_of(name)))
            continue
        page = read_json(Page, contents[name], source.name_of(name), known)
        if isinstance(page, list):
            faults += page
        elif page.id in pages:
            faults.append(Fault("bundle-page-twice", {"page": page.id, "file": files[page.id]}, source.name_of(name)))
        else:
            pages[page.id] = page
            files[page.id] = name
    if not faults:
        faults = _links(source, manifest, pages, files, contents)
    if faults:
        raise BundleError(faults)
    return Bundle(source.path, manifest, pages, known, hashlib.sha256(listed).hexdigest())


def _links(
    source: Source,
    manifest: Manifest,
    pages: Mapping[str, Page],
    files: Mapping[str, str],
    contents: Mapping[str, bytes],
) -> list[Fault]:
    """Faults of everything that leads to a page which is not there."""
    wrong: list[tuple[str, JsonPath, str]] = []
    if manifest.start not in pages:
        wrong.append((MANIFEST, ("start",), manifest.start))
    for page in pages.values():
        wrong += (
            (files[page.id], ("elements", index, "page"), element.page)
            for index, element in enumerate(page.elements)
            if isinstance(element, LinkElement) and element.page not in pages
        )
    faults = []
    for name, path, target in wrong[:MAX_FAULTS]:
        content = contents[name] if name in contents else source.read(name, MAX_PAGE_BYTES)
        line, column = Positions(content.decode("utf-8-sig")).of_value(path)
        arguments = {"page": target, "meant": meant(target, pages)}
        code = "bundle-no-page-meant" if arguments["meant"] else "bundle-no-page"
        faults.append(Fault(code, arguments, source.name_of(name), line, column))
    return faults
