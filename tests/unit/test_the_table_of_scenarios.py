"""ARCHITECTURE.md names a test for each of the 25 scenarios, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _rows() -> dict[int, list[str]]:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## The 25 scenarios and their tests")[2]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return {int(row[0]): row[2:] for row in rows if row[0].isdecimal()}


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_scenario_has_a_row_and_every_row_a_test_end_to_end() -> None:
    rows = _rows()
    assert sorted(rows) == list(range(1, 26))
    assert all(_names(tests) for _, tests, _ in rows.values())


def test_everything_that_the_table_names_is_there() -> None:
    simulation = (ROOT / "tests" / "simulation" / "test_manager_under_stress.py").read_text("utf-8")
    for dialogues, tests, virtual in _rows().values():
        for name in _names(dialogues):
            assert (ROOT / "tests" / "scenarios" / "redundancy" / f"{name}.toml").is_file(), name
        named = _names(tests)
        for file, name in zip(named[::2], named[1::2], strict=True):
            places = [
                path
                for path in (ROOT / "tests" / "e2e" / file, ROOT / "tests" / "e2e" / "scenarios" / file)
                if path.is_file()
            ]
            assert len(places) == 1, file
            assert f"def test_{name}(" in places[0].read_text("utf-8"), name
        for name in _names(virtual):
            assert f"def test_{name}(" in simulation, name


def test_every_scenario_has_a_planted_bug_that_a_test_of_its_row_finds() -> None:
    rows, found = _rows(), set()
    patches = sorted((ROOT / "tests" / "mutants" / "scenarios").glob("*.patch"))
    assert {int(patch.name[:2]) for patch in patches} == set(range(1, 26))
    for patch in patches:
        named = re.findall(r"^Test: (\S+?)::(\w+)", patch.read_text("utf-8"), re.MULTILINE)
        assert named, patch.name
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text("utf-8"), patch.name
            if test.removeprefix("test_") in _names(rows[int(patch.name[:2])][1]):
                found.add(int(patch.name[:2]))
    assert found == set(rows)
