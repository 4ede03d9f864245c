"""Each kind of file has a place of its own."""

from __future__ import annotations

import stat
import sys
from dataclasses import astuple
from pathlib import Path

import platformdirs
import pytest

from vizclient.places import Places


def test_a_data_directory_holds_everything(tmp_path: Path) -> None:
    for place in astuple(Places.of(tmp_path)):
        assert place.is_relative_to(tmp_path)


def test_a_relative_data_directory_stays_where_it_was_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = Places.of(Path("here"))
    assert places.config == tmp_path / "here" / "config"


@pytest.mark.parametrize("data_dir", [None, Path("/somewhere")])
def test_no_two_places_are_the_same(data_dir: Path | None) -> None:
    places = astuple(Places.of(data_dir))
    assert len(set(places)) == len(places)


def test_no_two_places_are_the_same_where_the_platform_has_one_folder_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def one(name: str, *, appauthor: bool) -> Path:
        return Path("/local") / name

    for kind in ("config", "state", "data"):
        monkeypatch.setattr(platformdirs, f"user_{kind}_path", one)
    places = astuple(Places.of(None))
    assert len(set(places)) == len(places)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_what_is_created_is_for_this_user_only(tmp_path: Path) -> None:
    places = Places.of(tmp_path / "new")
    places.create()
    places.create()
    for place in astuple(places):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
