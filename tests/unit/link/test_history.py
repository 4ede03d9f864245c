"""Switchovers survive a restart, the last of them, and a broken file is no harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vizclient.link.history import MOST, History
from vizclient.places import Places
from vizclient.redundancy.comparison import Comparison
from vizclient.redundancy.model import Layer, Noticed, Problem, ProblemKind, Server, Source, Switchover

LOST = Problem(ProblemKind.LOST, Layer.ACTIVATED, 0x80250000, "gone")
WHOLE = Switchover(
    1e9,
    Server.MAIN,
    Server.BACKUP,
    LOST,
    1.0,
    2.0,
    3.0,
    4.0,
    5.0,
    Noticed.ENDED,
    1.5,
    1.75,
    Comparison(9, 7, 0.1, missing=(("Metering", 2),), missing_items=("nsu=urn:x;s=a", "b"), whole=True),
)
BARE = Switchover(2e9, Server.BACKUP, Server.BACKUP, Source.MODE, 1.0, 2.0, 3.0)


def history(folder: Path, profile: str = "a.toml") -> History:
    return History(Places.of(folder), folder / profile)


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    assert history(tmp_path).load() == ([], None)
    assert history(tmp_path).save([WHOLE, BARE, replace(BARE, cause=None)]) is None
    assert history(tmp_path).load() == ([WHOLE, BARE, replace(BARE, cause=None)], None)
    assert history(tmp_path, "b.toml").load() == ([], None), "every profile has its own"


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    many = [replace(BARE, wall=float(number)) for number in range(MOST + 5)]
    history(tmp_path).save(many)
    assert history(tmp_path).load()[0] == many[5:]


def test_a_broken_file_is_set_aside_and_the_record_begins_anew(tmp_path: Path) -> None:
    history(tmp_path).save([BARE])
    (file,) = (tmp_path / "state").iterdir()
    file.write_text("{", encoding="utf-8")
    switchovers, fault = history(tmp_path).load()
    assert switchovers == []
    assert fault is not None
    assert fault.code == "state-file-broken"
    history(tmp_path).save([WHOLE])
    assert history(tmp_path).load() == ([WHOLE], None)
    assert len(list((tmp_path / "state").iterdir())) == 2


def test_a_record_of_an_earlier_release_can_still_be_read(tmp_path: Path) -> None:
    history(tmp_path).save([BARE])
    (file,) = (tmp_path / "state").iterdir()
    file.write_text(
        file.read_text("utf-8").replace('"comparison": null', '"missing": 2, "missing_items": ["b"]'), "utf-8"
    )
    assert history(tmp_path).load() == ([BARE], None)
