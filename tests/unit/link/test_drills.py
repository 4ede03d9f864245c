"""Drills survive a restart, the last of them with their reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vizclient.link import drills as drills_module
from vizclient.link.drills import DrillRecord, Drills
from vizclient.places import Places
from vizclient.redundancy.comparison import Comparison
from vizclient.redundancy.drill import Verdict
from vizclient.redundancy.model import Server, Switchover

SWITCH = Switchover(1e9, Server.MAIN, Server.BACKUP, None, 1.0, 2.0, 3.0, comparison=Comparison(9, 9, 0.1, whole=True))
PLAYED = DrillRecord(1e9, Verdict.PASSED, Server.MAIN, Server.MAIN, (SWITCH,), "/x/a.html", "/x/a.csv")


def test_what_was_played_is_there_after_a_restart(tmp_path: Path) -> None:
    drills = Drills(Places.of(tmp_path), tmp_path / "a.toml")
    assert (drills.load(), drills.last()) == (([], None), None)
    moved = replace(PLAYED, verdict=Verdict.FAILED, stands=None)
    assert drills.add(PLAYED) is None
    assert drills.add(moved) is None
    again = Drills(Places.of(tmp_path), tmp_path / "a.toml")
    assert (again.load(), again.last()) == (([PLAYED, moved], None), moved)
    assert Drills(Places.of(tmp_path), tmp_path / "b.toml").load() == ([], None), "every profile has its own"


def test_the_oldest_are_forgotten_with_reports_of_ours_and_no_others(tmp_path: Path) -> None:
    drills, most = Drills(Places.of(tmp_path), tmp_path / "a.toml"), drills_module.MOST
    drills.folder.mkdir(parents=True)
    ours, theirs = drills.folder / "a.html", tmp_path / "b.csv"
    for file in (ours, theirs):
        file.write_text("x", "utf-8")
    drills.add(replace(PLAYED, wall=0.0, report=str(ours), table=str(theirs)))
    for number in range(1, most):
        drills.add(replace(PLAYED, wall=float(number)))
    assert ours.exists()
    drills.add(replace(PLAYED, wall=float(most)))
    kept, _ = drills.load()
    assert [one.wall for one in kept] == [float(number) for number in range(1, most + 1)]
    assert (ours.exists(), theirs.exists()) == (False, True)
