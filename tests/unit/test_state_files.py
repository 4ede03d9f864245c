"""State survives, and what cannot be used is set aside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from vizclient.state_files import StateFile


@dataclass(frozen=True)
class Window:
    width: int
    pages: tuple[str, ...] = ()


@pytest.fixture
def file(tmp_path: Path) -> StateFile[Window]:
    return StateFile(tmp_path / "state" / "window.json", 2, Window)


def aside(file: StateFile[Window]) -> list[Path]:
    return list(file.path.parent.glob("*.set-aside.json"))


def test_what_was_saved_is_loaded(file: StateFile[Window]) -> None:
    assert file.save(Window(800, ("a", "b"))) is None
    assert file.load() == (Window(800, ("a", "b")), None)
    assert [path.name for path in file.path.parent.iterdir()] == ["window.json"]


def test_no_file_is_no_fault(file: StateFile[Window]) -> None:
    assert file.load() == (None, None)


def test_the_file_says_its_format(file: StateFile[Window]) -> None:
    file.save(Window(800))
    assert json.loads(file.path.read_text())["format"] == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "state-file-broken"),
        (b"{", "state-file-broken"),
        (b"\xff\xfe\x00", "state-file-broken"),
        (b"[" * 100_000, "state-file-broken"),
        (b"[]", "state-file-broken"),
        (b'{"format": 2}', "state-file-broken"),
        (b'{"format": 2, "content": {"width": "wide"}}', "state-file-broken"),
        (b'{"format": 2, "content": {}}', "state-file-broken"),
        (b'{"format": 3, "content": {"width": 1}}', "state-file-newer"),
        (b'{"format": 1, "content": {"width": 1}}', "state-file-older"),
    ],
)
def test_what_cannot_be_used_is_set_aside_whole_and_said(file: StateFile[Window], content: bytes, code: str) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    state, fault = file.load()
    assert state is None
    assert fault is not None
    assert fault.code == code
    assert fault.file == str(file.path)
    (kept,) = aside(file)
    assert kept.read_bytes() == content
    assert fault.arguments["kept"] == str(kept)
    assert file.save(Window(1)) is None
    assert file.load() == (Window(1), None)


def test_two_files_set_aside_are_both_kept(file: StateFile[Window]) -> None:
    file.path.parent.mkdir()
    for content in (b"first", b"second"):
        file.path.write_bytes(content)
        file.load()
    assert {path.read_bytes() for path in aside(file)} == {b"first", b"second"}


def test_a_folder_in_its_place_is_said_and_nothing_raises(file: StateFile[Window]) -> None:
    file.path.mkdir(parents=True)
    (file.path / "something").touch()
    state, fault = file.load()
    assert state is None
    assert fault is not None
    assert fault.code == "state-file-unreadable"
    fault = file.save(Window(1))
    assert fault is not None
    assert fault.code == "state-file-unwritten"
    assert [path.name for path in file.path.parent.iterdir()] == ["window.json"]


def test_a_save_that_fails_leaves_the_old_state(file: StateFile[Window], monkeypatch: pytest.MonkeyPatch) -> None:
    file.save(Window(1))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    fault = file.save(Window(2))
    assert fault is not None
    assert "No space" in fault.arguments["reason"]
    assert file.load() == (Window(1), None)
    assert [path.name for path in file.path.parent.iterdir()] == ["window.json"]
