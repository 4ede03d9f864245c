"""Switchover after switchover: nothing is left behind in the window, in its link process, or on the servers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from programs.endurance import HELD, LOAD, OPTIONS, Endurance
from programs.pairs import running_pair
from programs.sites import identifiers, write_site
from programs.tracing import Trace
from programs.watching import vizclient

pytestmark = pytest.mark.e2e

COUNT = 100
QT_KEEPS = 35.0
"""Seconds that threads of Qt's own, which it starts for a big piece of painting, stay for the next one, and a little more."""


def held(levels: dict[str, float]) -> dict[str, float]:
    """What is counted, and may not grow."""
    return {
        name: levels[name]
        for name in (*(f"{process}_{name}" for process in ("window", "link") for name in HELD), *LOAD)
    }


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells all that a process holds")
def test_twenty_switchovers_leave_no_socket_thread_task_or_session_behind(tmp_path: Path) -> None:
    with running_pair(tmp_path, OPTIONS) as pair:
        profile = write_site(tmp_path, pair, {"plain": identifiers(COUNT)}, hold_ms=0)
        display, resources = Trace(tmp_path / "display.jsonl"), tmp_path / "resources.jsonl"
        traces = ["--trace-display", str(display.path), "--trace-resources", str(resources)]
        command = [*vizclient("run", "--profile", profile, data_dir=tmp_path / "data"), *traces]
        started = time.perf_counter()
        window = subprocess.Popen(command, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"})
        try:
            course = Endurance(pair, display, resources, COUNT)
            course.begin(started)
            for how in ("swap", "kill", "swap"):
                course.switch(how)
            before = course.levels()
            for _ in range(20):
                course.switch("swap")
            after, rested = course.levels(), time.perf_counter() + QT_KEEPS
            while held(after) != held(before) and time.perf_counter() < rested:
                after = course.levels()
            window.terminate()
            assert window.wait(15) == 0
        finally:
            window.kill()
            window.wait()
    assert held(after) == held(before)
    assert before["sessions"] == 1
    assert before["link_tasks"] > 3
