"""A window is closed in any state: it and its link process end soon, and nothing is left on the servers that answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.door import Door
from programs.closings import CLOSINGS, window_in
from programs.pairs import UNHURRIED
from programs.stage import Stage, staged
from vizclient.simulator.options import Options

pytestmark = pytest.mark.e2e

PASSIVE = Options(standby="passive", dead_after=UNHURRIED)
SOON = 5.0
"""Seconds; one is promised, and `make bench` measures it, but machines that run tests are busy."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("closing"), PASSIVE) as stage:
        yield stage


@pytest.mark.parametrize("state", [state for state, closing in CLOSINGS.items() if closing.leaves_pair])
def test_a_window_closes_soon_and_leaves_nothing_behind(stage: Stage, state: str) -> None:
    closed_in_order(state, stage)
    if CLOSINGS[state].answered:
        gone(stage.main)
        gone(stage.backup)


@pytest.mark.parametrize("state", [state for state, closing in CLOSINGS.items() if not closing.leaves_pair])
def test_a_window_closes_soon_while_something_has_failed(tmp_path: Path, state: str) -> None:
    with staged(tmp_path, PASSIVE) as stage:
        closed_in_order(state, stage)


def closed_in_order(state: str, stage: Stage) -> None:
    with window_in(state, stage) as window:
        assert window.close() < SOON
    logs = [path.read_text("utf-8") for path in (stage.folder / "data" / "logs").glob("*.log")]
    assert len(logs) == 2, "the window's and the link's"
    assert not any("Traceback" in log for log in logs)


def gone(door: Door) -> None:
    """No connection is left, and no session that was not asked to end."""
    door.wait("the connections to be gone", lambda: door.connections == 0)
    assert door.left_open() == []
