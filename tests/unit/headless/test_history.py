"""`vizclient history`: what a person and a script get to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vizclient.exits import Exit
from vizclient.headless.history import history
from vizclient.link.drills import DrillRecord, Drills
from vizclient.link.history import History
from vizclient.places import Places
from vizclient.redundancy.comparison import Comparison
from vizclient.redundancy.drill import Verdict
from vizclient.redundancy.model import Layer, Noticed, Problem, ProblemKind, Server, Source, Switchover

PROFILE = """format = 1
name = "A"
main = {url = "opc.tcp://a:4840"}
backup = {url = "opc.tcp://b:4840"}
security = {policy = "None", mode = "None"}
namespaces.bms = "urn:bms"
"""
LOST = Switchover(
    1e9,
    Server.MAIN,
    Server.BACKUP,
    Problem(ProblemKind.LOST, Layer.ACTIVATED),
    lost_at=10.0,
    active_at=10.5,
    adopted_at=10.5,
    first_value_at=10.51,
    all_values_at=10.525,
    noticed=Noticed.RESET,
    channel_at=9.99,
    session_at=10.49,
    comparison=Comparison(
        410,
        400,
        0.13,
        unsynchronised=(("VingCard", 8),),
        missing=(("Metering", 1), ("", 1)),
        missing_items=("nsu=urn:bms;s=Metering/1", "nsu=urn:bms;i=5"),
        whole=True,
    ),
)
ASKED = Switchover(1e9 + 60, Server.BACKUP, Server.MAIN, None, 70.0, 70.1, 70.1, noticed=Noticed.OPERATOR)
CHANGED = Switchover(1e9 + 90, Server.MAIN, Server.BACKUP, Source.MODE, 99.0, 99.1, 99.1)


@pytest.fixture
def profile(tmp_path: Path) -> str:
    file = tmp_path / "a.toml"
    file.write_text(PROFILE, encoding="utf-8")
    return str(file)


def test_a_script_gets_every_step_of_every_switchover(
    profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    History(Places.of(tmp_path), Path(profile)).save([LOST, ASKED, CHANGED])
    assert history(profile, tmp_path, as_json=True) is Exit.DONE
    first, second, third = json.loads(capsys.readouterr().out)
    assert first == {
        "kind": "switchover",
        "t": 1e9,
        "from": "main",
        "to": "backup",
        "cause": "lost",
        "noticed": "reset",
        "steps_ms": {
            "channel": -10.0,
            "session": 490.0,
            "active": 500.0,
            "decided": 500.0,
            "first_value": 510.0,
            "all_values": 525.0,
        },
        "outage_ms": 525.0,
        "blackout_ms": 25.0,
        "compared": {
            "items": 410,
            "back": 400,
            "after_ms": 130.0,
            "late": 0,
            "late_after_ms": None,
            "unsynchronised": {"VingCard": 8},
            "worse": 0,
            "missing": {"Metering": 1, "": 1},
            "missing_items": ["bms:Metering/1", "bms:i=5"],
            "awaited": {},
            "waiting": 0,
            "whole": True,
        },
    }
    assert second["compared"] is None
    assert (second["cause"], second["noticed"], second["blackout_ms"]) == (None, "operator", None)
    assert (third["cause"], third["noticed"], third["steps_ms"]["channel"]) == ("mode", None, None)


def test_a_person_gets_sentences(profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history(profile, tmp_path, as_json=False) is Exit.DONE
    assert "No switchovers are recorded" in capsys.readouterr().out
    History(Places.of(tmp_path), Path(profile)).save([LOST, ASKED])
    history(profile, tmp_path, as_json=False)
    said = capsys.readouterr().out.splitlines()
    assert "main → backup  The connection broke off (its connection ended)  outage 525 ms  blackout 25 ms" in said[0]
    assert said[1].split(", ")[0].strip() == "channel -10 ms"
    assert said[2].strip() == "400 of 410 items back after 0.13 s; 8 not synchronised: VingCard; 2 missing: Metering"
    assert said[3].strip() == "2 items did not come back: bms:Metering/1, bms:i=5"
    assert "backup → main  Asked for (a person asked for it)  outage –" in said[4]


def test_a_broken_record_is_said_and_a_missing_profile_too(
    profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    History(Places.of(tmp_path), Path(profile)).save([LOST])
    (file,) = (tmp_path / "state").iterdir()
    file.write_text("{", encoding="utf-8")
    assert history(profile, tmp_path, as_json=True) is Exit.DONE
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert "set aside" in said.err
    assert history("no-such", tmp_path, as_json=True) is Exit.USAGE


def test_drills_stand_among_the_switchovers_with_where_their_reports_are(
    profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = Places.of(tmp_path)
    History(places, Path(profile)).save([LOST, ASKED])
    drill = DrillRecord(
        1e9 + 30, Verdict.RESTRICTED, Server.MAIN, Server.MAIN, (LOST,), "/x/drill.html", "/x/drill.csv"
    )
    Drills(places, Path(profile)).add(drill)
    history(profile, tmp_path, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in rows] == ["switchover", "drill", "switchover"]
    switches = rows[1].pop("switches")
    assert [(one["from"], one["compared"]["back"]) for one in switches] == [("main", 400)]
    assert rows[1] == {
        "kind": "drill",
        "t": 1e9 + 30,
        "verdict": "restricted",
        "home": "main",
        "stands": "main",
        "report": "/x/drill.html",
        "table": "/x/drill.csv",
    }
    history(profile, tmp_path, as_json=False)
    said = capsys.readouterr().out.splitlines()
    assert said[4].endswith("Drill: Passed, with restrictions")
    assert said[5].strip().startswith("main → backup: 400 of 410 items back after 0.13 s")
    assert said[6].strip() == "/x/drill.html"
