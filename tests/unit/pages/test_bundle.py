from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from vizclient.items.address import Address
from vizclient.pages import source
from vizclient.pages.bundle import Bundle, BundleError, digest_of, load_bundle
from vizclient.pages.manifest import seal
from vizclient.phrases import PHRASES

URI = "urn:test:bms"


def page(name: str = "a", *elements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"format": 1, "id": name, "title": name, "size": [800, 600], "elements": list(elements), **more}


def value(element: str = "v", **more: Any) -> dict[str, Any]:
    return {"id": element, "type": "value", "rect": [0, 0, 10, 10], "item": "bms:x", **more}


def link(target: str) -> dict[str, Any]:
    return {"id": "link", "type": "link", "rect": [0, 0, 10, 10], "page": target, "text": "Go"}


def write(folder: Path, *pages: Mapping[str, Any] | str | bytes, **manifest: Any) -> Path:
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    for number, given in enumerate(pages):
        content = (
            given if isinstance(given, bytes) else (given if isinstance(given, str) else json.dumps(given)).encode()
        )
        (folder / f"pages/{number}.json").write_bytes(content)
        files[f"pages/{number}.json"] = hashlib.sha256(content).hexdigest()
    head = {"format": 1, "name": "Test", "version": "1", "start": "a", "namespaces": {"bms": URI}, "pages": list(files)}
    (folder / "bundle.json").write_text(json.dumps({**head, "files": files, **manifest}), encoding="utf-8")
    return folder


def zipped(folder: Path, target: Path, change: Callable[[zipfile.ZipFile], None] | None = None) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
        if change is not None:
            change(archive)
    return target


def faults_of(path: Path) -> list[tuple[str, str]]:
    """The (place below the bundle, code) of each fault."""
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    for fault in caught.value.faults:
        fields = {name for _, name, _, _ in Formatter().parse(PHRASES[fault.code]) if name}
        assert fields <= set(fault.arguments), fault
    return [(fault.place.removeprefix(str(path)).lstrip("/"), fault.code) for fault in caught.value.faults]


def page_faults(folder: Path, *pages: Mapping[str, Any] | str | bytes) -> list[tuple[str, str]]:
    return [(place.partition(":")[2], code) for place, code in faults_of(write(folder, *pages))]


@pytest.fixture(params=["folder", "zip"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Path], Bundle]:
    def do(folder: Path) -> Bundle:
        return load_bundle(folder if request.param == "folder" else zipped(folder, tmp_path / "b.vizbundle"))

    return do


def test_a_bundle_is_the_same_as_folder_and_as_zip(tmp_path: Path, load: Callable[[Path], Bundle]) -> None:
    bundle = load(write(tmp_path / "b", page("a", value(), link("b")), page("b")))
    assert bundle.start == "a"
    assert list(bundle.pages) == ["a", "b"]
    assert bundle.addresses("a") == {"bms:x": Address(URI, "x")}


def test_all_items_of_an_element_have_addresses(tmp_path: Path) -> None:
    pump = {"id": "p", "type": "pump", "rect": [0, 0, 1, 1], "item": "bms:run", "fault": "bms:fault"}
    readback = {"kind": "item", "item": "nsu=urn:other;i=7"}
    control = {"id": "s", "type": "switch", "rect": [0, 0, 1, 1], "item": "bms:cmd", "write": {"readback": readback}}
    bundle = load_bundle(write(tmp_path / "b", page("a", pump, control)))
    assert list(bundle.addresses("a").values()) == [
        Address(URI, "run"), Address(URI, "fault"), Address(URI, "cmd"), Address("urn:other", 7),
    ]  # fmt: skip


def test_the_namespaces_of_the_profile_win_over_those_of_the_bundle(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a", value(), value("w", item="site:y")))
    bundle = load_bundle(folder, {"bms": "urn:here", "site": "urn:site"})
    assert list(bundle.addresses("a").values()) == [Address("urn:here", "x"), Address("urn:site", "y")]


def test_every_fault_of_every_page_is_said_at_once(tmp_path: Path) -> None:
    broken = [page("a", value(lable="x")), page("b", value(rect=[0, 0, 1])), page("c", value(item="bsm:x"))]
    assert [code for _, code in faults_of(write(tmp_path / "b", *broken))] == [
        "bundle-unknown-key-meant", "bundle-too-few", "address-namespace",
    ]  # fmt: skip


HEAD = '{"format": 1, "id": "a", "title": "A", "size": [8, 6], "elements": [\n'
CELL = '{"id": "v", "type": "value", "rect": [0, 0, 1, 1], "item": "bms:x"'


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (CELL + ', ¦"lable": 1}', "bundle-unknown-key-meant"),
        (CELL + ', ¦"zzz": 1}', "bundle-unknown-key"),
        (CELL + ', "decimals": ¦10}', "bundle-too-large"),
        (CELL + ', "decimals": ¦"1"}', "bundle-type"),
        (CELL + ', "decimals": ¦true}', "bundle-type"),
        (CELL + ', "align": ¦"middle"}', "bundle-choice"),
        (CELL + ', "label": {"de": ¦3}}', "bundle-type"),
        (CELL + ', "label": {¦"German": "x"}}', "bundle-characters"),
        (CELL + ', "label": ¦"\\ud800"}', "bundle-characters"),
        (CELL.replace('"v"', '¦"v\\n"') + "}", "bundle-characters"),
        (CELL.replace("1, 1]", "1, ¦1e999]") + "}", "bundle-not-finite"),
        (CELL.replace("1, 1]", f"1, ¦{10**400}]") + "}", "bundle-not-finite"),
        (CELL.replace("[0, 0, 1, 1]", "¦[0, 0, 1, 1, 1]") + "}", "bundle-too-many"),
        (CELL + ', "decimals": ¦1.0}', "bundle-type"),
        (CELL + ', "label": ¦3}', "bundle-type"),
        (CELL + ', "visible": "value >¦"}', "expression-expected"),
        (CELL + ', "states": [{"when": "true or ¦vlaue"}]}', "expression-name-meant"),
        (CELL + ', "states": [{"when": "value", "style": ¦"#ff0000"}]}', "bundle-choice"),
        (CELL.replace('"bms:x"', '¦"x"}'), "address-form"),
        (CELL.replace('"bms:x"', '¦""}'), "bundle-empty"),
        (CELL.replace('"value"', '¦"vlaue"') + "}", "bundle-type-unknown"),
        ("¦" + CELL.replace('"type"', '"tpye"') + "}", "bundle-type-missing"),
        (CELL.replace("1, 1]", "1, ¦-1]") + "}", "bundle-too-small"),
        (CELL.replace("1, 1]", "¦1e9, 1]") + "}", "bundle-too-large"),
        (CELL.replace("1, 1]", "¦NaN, 1]") + "}", "bundle-not-finite"),
        ("¦5", "bundle-type"),
        (CELL + "}, " + CELL.replace('"v"', '¦"v"') + "}", "bundle-id-twice"),
        (
            '¦{"id": "l", "type": "shape", "rect": [0, 0, 1, 1], "shape": "box", "points": [[0, 0], [1, 1]]}',
            "bundle-points",
        ),
        (CELL.replace("value", "set-point") + ', "write": ¦{"min": 3, "max": 3}}', "bundle-min-max"),
        (CELL.replace("value", "switch") + ', "write": {"readback": ¦{"kind": "item"}}}', "bundle-readback"),
    ],
)
def test_what_is_wrong_in_a_page_is_said_with_line_and_column(element: str, code: str, tmp_path: Path) -> None:
    [(place, found)] = page_faults(tmp_path / "b", HEAD + element.replace("¦", "") + "\n]}")
    assert (place, found) == (f"2:{element.index('¦') + 1}", code)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", ("1:1", "bundle-syntax")),
        (b'{"format": 1,\n "id" 3}', ("2:7", "bundle-syntax")),
        (b"\xff", ("1", "bundle-not-utf8")),
        (b"[" * 100_000, ("", "bundle-syntax")),
        (b'{"format": 1, "novelty": ' + b"9" * 5_000 + b"}", ("", "bundle-syntax")),
        (b"3", ("1:1", "bundle-type")),
        (b'{"format": 2, "novelty": 1}', ("1:12", "bundle-newer")),
        (b'"\\ud800"', ("1:1", "bundle-type")),
    ],
)
def test_what_is_no_page_is_one_fault(content: bytes, fault: tuple[str, str], tmp_path: Path) -> None:
    assert page_faults(tmp_path / "b", content) == [fault]


def test_links_and_start_must_lead_to_a_page(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a", value(), link("overvew")), page("overview"), start="oevrview")
    assert [code for _, code in faults_of(folder)] == ["bundle-no-page-meant", "bundle-no-page-meant"]
    assert faults_of(write(tmp_path / "c", page("a", link("zzz"))))[0][1] == "bundle-no-page"


def test_two_pages_cannot_have_one_id(tmp_path: Path) -> None:
    assert faults_of(write(tmp_path / "b", page("a"), page("a"))) == [("pages/1.json", "bundle-page-twice")]


def test_a_file_that_was_changed_after_sealing_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"), page("b"))
    (folder / "pages/1.json").write_text(json.dumps(page("c")))
    assert faults_of(folder) == [("pages/1.json", "bundle-hash")]


def test_a_file_that_is_not_listed_is_not_looked_at(tmp_path: Path, load: Callable[[Path], Bundle]) -> None:
    folder = write(tmp_path / "b", page("a"))
    (folder / "pages/9.json").write_text("{")
    assert list(load(folder).pages) == ["a"]


@pytest.mark.parametrize(
    "name",
    ["../a.json", "/etc/passwd", "pages/../../x", "C:/x", "pages\\a.json", "pages//a", ".", "", "pages/.", "NUL", "pages/con.json",
     "pages/a.", "pages/a ", "pages/~x", "ä", "x" * 201, "bundle.json", "a\nb", "a:b", ".hidden"],
)  # fmt: skip
def test_a_name_that_could_lead_outside_is_refused(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"), pages=[name], files={name: "0" * 64})
    [(_, code), *_] = faults_of(folder)
    assert code == "bundle-name"


def test_a_page_must_be_among_the_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"), pages=["pages/0.json", "pages/1.json"])
    [(place, code)] = faults_of(folder)
    assert (place.partition(":")[0], code) == ("bundle.json", "bundle-unlisted")


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"))
    outside = tmp_path / "outside.json"
    outside.write_bytes((folder / "pages/0.json").read_bytes())
    (folder / "pages/0.json").unlink()
    (folder / "pages/0.json").symlink_to(outside)
    assert faults_of(folder) == [("pages/0.json", "bundle-outside")]


def test_a_linked_folder_in_the_bundle_is_not_followed(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"))
    (folder / "pages").rename(tmp_path / "elsewhere")
    (folder / "pages").symlink_to(tmp_path / "elsewhere")
    assert faults_of(folder) == [("pages/0.json", "bundle-outside")]


def test_a_link_to_the_bundle_itself_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "b", page("a"))
    (tmp_path / "here").symlink_to(tmp_path / "b")
    assert load_bundle(tmp_path / "here").start == "a"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"))
    (folder / "pages/0.json").unlink()
    os.mkfifo(folder / "pages/0.json")
    assert faults_of(folder) == [("pages/0.json", "bundle-not-file")]


def entry(name: str, mode: int = 0, content: bytes = b"x") -> Callable[[zipfile.ZipFile], None]:
    def add(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)

    return add


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (entry("../evil"), "bundle-name"),
        (entry("/evil"), "bundle-name"),
        (entry("a\\..\\evil"), "bundle-name"),
        (entry("pages/link", stat.S_IFLNK | 0o777, b"/etc/passwd"), "bundle-outside"),
        (entry("pages/pipe", stat.S_IFIFO | 0o600), "bundle-outside"),
        (entry("PAGES/0.JSON"), "bundle-file-twice"),
        (lambda archive: archive.writestr("assets/x", b"x", zipfile.ZIP_LZMA), "bundle-compression"),
    ],
)
def test_a_zip_with_an_entry_that_could_lead_outside_is_refused(
    change: Callable[[zipfile.ZipFile], None], code: str, tmp_path: Path
) -> None:
    archive = zipped(write(tmp_path / "b", page("a")), tmp_path / "b.vizbundle", change)
    assert [found for _, found in faults_of(archive)] == [code]


def test_a_zip_of_the_folder_instead_of_its_content_says_so(tmp_path: Path) -> None:
    write(tmp_path / "around" / "b", page("a"))
    assert faults_of(zipped(tmp_path / "around", tmp_path / "b.vizbundle")) == [("bundle.json", "bundle-nested")]


def test_folders_in_a_zip_do_no_harm(tmp_path: Path) -> None:
    archive = zipped(write(tmp_path / "b", page("a")), tmp_path / "b.vizbundle", lambda it: it.mkdir("pages"))
    assert load_bundle(archive).start == "a"


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "b", page("a"))
    (folder / "assets").mkdir()
    (folder / "assets/zeros.png").write_bytes(bytes(3 * 1024**2))
    seal(folder)
    archive = zipped(folder, tmp_path / "b.vizbundle")
    assert archive.stat().st_size < 20_000
    monkeypatch.setattr("vizclient.pages.bundle.MAX_TOTAL_BYTES", 2 * 1024**2)
    assert faults_of(archive) == [("assets/zeros.png", "bundle-file-big")]
    assert faults_of(folder) == [("assets/zeros.png", "bundle-file-big")]


def test_a_page_that_is_too_big_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "b", page("a", *(value(f"v{number}") for number in range(50))))
    monkeypatch.setattr("vizclient.pages.bundle.MAX_PAGE_BYTES", 2000)
    assert faults_of(folder) == [("pages/0.json", "bundle-file-big")]


def test_a_zip_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILES", 1)
    archive = zipped(write(tmp_path / "b", page("a")), tmp_path / "b.vizbundle")
    assert faults_of(archive) == [("", "bundle-files")]


def test_a_damaged_entry_is_refused(tmp_path: Path) -> None:
    archive = zipped(write(tmp_path / "b", page("a", *(value(f"v{n}") for n in range(99)))), tmp_path / "b.vizbundle")
    content = bytearray(archive.read_bytes())
    at = content.index(b"pages/0.json") + 40
    content[at : at + 8] = b"\xff" * 8
    archive.write_bytes(content)
    assert faults_of(archive) == [("pages/0.json", "bundle-broken-entry")]


def test_what_is_neither_folder_nor_zip_is_said(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none") == [("", "bundle-unreadable")]
    (tmp_path / "text").write_text("hello")
    assert faults_of(tmp_path / "text") == [("", "bundle-not-zip")]
    (tmp_path / "empty").mkdir()
    assert faults_of(tmp_path / "empty") == [("bundle.json", "bundle-no-file")]


def test_sealing_makes_an_edited_bundle_whole_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"), page("b"), name="Kept")
    (folder / "pages/0.json").write_text(json.dumps(page("a", value())))
    (folder / "pages/1.json").unlink()
    (folder / "pages/2.json").write_text(json.dumps(page("c")))
    (folder / "pages/.2.json.swp").write_text("")
    assert seal(folder) == ["pages/0.json", "pages/2.json"]
    bundle = load_bundle(folder)
    assert (list(bundle.pages), bundle.manifest.name) == (["a", "c"], "Kept")


def test_sealing_twice_changes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", page("a"))
    seal(folder)
    first = (folder / "bundle.json").read_bytes()
    seal(folder)
    assert (folder / "bundle.json").read_bytes() == first


def test_the_digest_is_that_of_the_pages_however_they_are_packed(tmp_path: Path) -> None:
    folder = write(tmp_path / "bundle", page("a", value()))
    packed = zipped(folder, tmp_path / "bundle.vizbundle")
    other = write(tmp_path / "other", page("a", value("w")))
    digest = load_bundle(folder).digest
    assert len(digest) == 64
    assert load_bundle(packed).digest == digest
    assert digest_of(packed.read_bytes()) == digest
    assert load_bundle(other).digest != digest


def test_what_is_no_sealed_bundle_has_no_digest(tmp_path: Path) -> None:
    assert digest_of(b"") == ""
    assert digest_of(b"no zip at all") == ""
    unlisted = zipped(write(tmp_path / "unlisted", page("a"), files={}), tmp_path / "unlisted.vizbundle")
    assert digest_of(unlisted.read_bytes()) == ""
    changed = write(tmp_path / "changed", page("a"))
    (changed / "pages/0.json").write_text("{}", "utf-8")
    assert digest_of(zipped(changed, tmp_path / "changed.vizbundle").read_bytes()) == ""
    empty = tmp_path / "empty.vizbundle"
    with zipfile.ZipFile(empty, "w"):
        pass
    assert digest_of(empty.read_bytes()) == ""
