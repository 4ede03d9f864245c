from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vizclient.pages.bundle import BundleError, load_bundle
from vizclient.pages.document import Page
from vizclient.pages.manifest import MANIFEST
from vizclient.phrases import PHRASES
from vizclient.resources import resource_path

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
DEMO = {file.relative_to(resource_path("demo", "bundle")).as_posix(): file.read_bytes()
        for file in resource_path("demo", "bundle").rglob("*.json")}  # fmt: skip
FIRST = "pages/overview.json"


def archive(files: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return packed.getvalue()


def sealed(content: bytes) -> dict[str, bytes]:
    """A bundle whose one page is `content`, with the right hash."""
    manifest = {
        "format": 1, "name": "x", "version": "1", "start": "overview", "namespaces": {"bms": "urn:x"},
        "pages": [FIRST], "files": {FIRST: hashlib.sha256(content).hexdigest()},
    }  # fmt: skip
    return {MANIFEST: json.dumps(manifest).encode(), FIRST: content}


def check(path: Path) -> None:
    """Loading ends, and in nothing but a bundle or a BundleError whose every fault has its phrase."""
    try:
        load_bundle(path)
    except BundleError as error:
        said = [PHRASES[fault.code].format_map(fault.arguments) for fault in error.faults]
    else:
        return
    assert said


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "b.vizbundle"


@given(content=st.binary(max_size=300))
def test_a_page_of_any_bytes_is_refused_in_words(file: Path, content: bytes) -> None:
    file.write_bytes(archive(sealed(content)))
    check(file)


@given(content=JSON)
def test_a_page_of_any_json_is_refused_in_words(file: Path, content: Any) -> None:
    file.write_bytes(archive(sealed(json.dumps(content).encode())))
    check(file)


@given(content=JSON | st.binary(max_size=100))
def test_a_manifest_of_anything_is_refused_in_words(file: Path, content: Any) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    file.write_bytes(archive({MANIFEST: raw}))
    check(file)


@settings(deadline=None, max_examples=60)
@given(
    element=st.integers(0, 200),
    key=st.sampled_from([*sorted({k for e in json.loads(DEMO[FIRST])["elements"] for k in e}), "x"]),
    value=JSON,
)
def test_a_sound_page_with_one_thing_wrong_is_refused_in_words(file: Path, element: int, key: str, value: Any) -> None:
    document = json.loads(DEMO[FIRST])
    document["elements"][element][key] = value
    file.write_bytes(archive(sealed(json.dumps(document).encode())))
    check(file)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_bundle_with_bytes_changed_anywhere_is_refused_in_words(file: Path, data: st.DataObject) -> None:
    content = bytearray(archive(sealed(DEMO[FIRST])))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    check(file)


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(
        st.text(max_size=12) | st.from_regex(r"(\.\./|/|[a-c]/|\\|\.){0,4}[a-cA-C.]{1,3}", fullmatch=True), max_size=4
    )
)
def test_a_zip_with_any_names_is_loaded_or_refused_in_words(file: Path, names: list[str]) -> None:
    try:
        file.write_bytes(archive({**sealed(DEMO[FIRST]), **dict.fromkeys(names, b"x")}))
    except (ValueError, IndexError):
        return  # zipfile itself cannot write such a name
    check(file)


def test_the_schema_of_a_page_is_closed() -> None:
    definitions = msgspec.json.schema(Page)["$defs"]
    assert {name: definition["additionalProperties"] for name, definition in definitions.items()} == dict.fromkeys(
        definitions, False
    )
