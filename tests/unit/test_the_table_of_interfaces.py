"""ARCHITECTURE.md names a test and planted bugs for each interface and module, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from vizclient.redundancy.support import shipped_table

ROOT = Path(__file__).parents[2]
TESTS = "tests/e2e/test_interfaces.py"
PATCHES = ROOT / "tests" / "mutants" / "interfaces"


def _rows() -> list[tuple[str, list[str], list[str]]]:
    """Of the table: row, tests, patches."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    text = text.partition("## The 20 interfaces and modules and their tests")[2].partition("\n## ")[0]
    cells = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")][1:]
    return [
        (row.strip(), re.findall(r"`([^`]+)`", tests), re.findall(r"`([^`]+)`", bugs)) for row, tests, bugs in cells
    ]


def test_every_interface_and_module_that_ships_has_a_row_and_every_row_a_test_of_its_own() -> None:
    rows = _rows()
    assert [row for row, _, _ in rows] == [interface.name for interface in shipped_table().interfaces]
    assert len(rows) == 20
    written = re.findall(r"^def test_(\w+)\(", (ROOT / TESTS).read_text("utf-8"), re.MULTILINE)
    assert [[name] for name in written] == [tests for _, tests, _ in rows]


def test_every_row_has_planted_bugs_that_name_its_test() -> None:
    listed = [bug for _, _, bugs in _rows() for bug in bugs]
    assert sorted(listed) == sorted(patch.stem for patch in PATCHES.glob("*.patch"))
    for row, tests, bugs in _rows():
        assert bugs, row
        for bug in bugs:
            named = re.findall(r"^Test: (\S+)", (PATCHES / f"{bug}.patch").read_text("utf-8"), re.MULTILINE)
            assert named == [f"{TESTS}::test_{test}" for test in tests], bug
