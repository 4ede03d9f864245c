"""`vizclient interfaces`: the rows, and the items of the pages by row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.desk import write_bundle
from vizclient.exits import Exit
from vizclient.headless.interfaces import interfaces

PROFILE = """format = 1
name = "Site"
bundle = "pages"
main.url = "opc.tcp://m:4840"
backup.url = "opc.tcp://b:4840"
security = {policy = "None", mode = "None"}
namespaces = {bms = "urn:b"}
"""
ITEMS = [f"b:KNX/R{n}/Temperature" for n in range(5)] + ["b:Kaba/Door", "b:Plain/1", "b:i=7"]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    page = {
        "elements": [
            {"id": str(n), "type": "value", "rect": [0, 0, 10, 10], "item": item} for n, item in enumerate(ITEMS)
        ]
    }
    write_bundle(tmp_path / "pages", {"one": page, "two": page})
    file = tmp_path / "site.toml"
    file.write_text(PROFILE, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def rows_of(said: str) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(said)["interfaces"]}


def test_without_a_profile_it_is_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert interfaces(None, None, as_json=True) is Exit.DONE
    rows = rows_of(capsys.readouterr().out)
    assert len(rows) == 20
    assert rows["Kaba"] == {
        "name": "Kaba",
        "relevant": True,
        "possible": "no",
        "behaviour": "main-only",
        "note": "The Kaba software knows of no second server, so nothing can be done on this side.",
        "items": [],
    }


def test_each_item_of_the_pages_is_listed_once_with_its_row(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert interfaces(str(profile), None, as_json=True) is Exit.DONE
    rows = rows_of(capsys.readouterr().out)
    assert rows["KNX"]["items"] == ITEMS[:5]
    assert rows["Kaba"]["items"] == ["b:Kaba/Door"]


def test_the_rows_of_a_profile_are_there_and_claim_their_items(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with profile.open("a", encoding="utf-8") as file:
        file.write('[[interfaces]]\nname = "Boxes"\nitems = ["bms:Plain/*", "bms:i=7"]\nbehaviour = "independent"\n')
        file.write('note = {de = "Nur deutsch"}\n[[interfaces]]\nname = "Kaba"\npossible = "planned"\n')
    assert interfaces(str(profile), None, as_json=True) is Exit.DONE
    rows = rows_of(capsys.readouterr().out)
    assert rows["Boxes"]["items"] == ["b:Plain/1", "b:i=7"]
    assert rows["Boxes"]["note"] == "Nur deutsch"
    assert rows["Kaba"]["possible"] == "planned"


def test_a_person_sees_counts_the_first_few_and_what_belongs_to_none(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert interfaces(str(profile), None, as_json=False) is Exit.DONE
    said = capsys.readouterr().out.splitlines()
    knx = next(index for index, line in enumerate(said) if line.startswith("KNX "))
    assert said[knx].split()[1:3] == ["yes", "yes"]
    assert said[knx].endswith("  5")
    assert said[knx + 1].strip() == f"{', '.join(ITEMS[:3])} and 2 more"
    assert said[-1] == "Of no interface that is known are 2 items: b:Plain/1, b:i=7"
    assert max(map(len, said)) <= 100


@pytest.mark.parametrize(("columns", "widest"), [("20", 80), ("80", 80), ("300", 120)])
def test_the_table_keeps_to_the_width_of_the_terminal_within_reason(
    columns: str, widest: int, profile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    interfaces(str(profile), None, as_json=False)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= widest


def test_without_pages_there_is_no_column_of_items(capsys: pytest.CaptureFixture[str]) -> None:
    interfaces(None, None, as_json=False)
    said = capsys.readouterr().out
    assert "items" not in said
    assert "Shutter Control" in said


def test_what_is_wrong_with_the_rows_of_a_profile_is_said_with_its_line(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with profile.open("a", encoding="utf-8") as file:
        file.write('[[interfaces]]\nname = "Boxes"\n[[interfaces]]\nname = "Kaba"\nbehavior = "independent"\n')
    assert interfaces(str(profile), None, as_json=False) is Exit.USAGE
    assert capsys.readouterr().err == (
        f"vizclient: {profile}:12: There is no key interfaces.1.behavior. Did you mean interfaces.1.behaviour?\n"
    )


def test_pages_that_cannot_be_read_are_said_to_be(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (profile.parent / "pages" / "bundle.json").unlink()
    assert interfaces(str(profile), None, as_json=False) is Exit.USAGE
    assert "bundle.json" in capsys.readouterr().err
