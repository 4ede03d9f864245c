"""Switchover after switchover: nothing is left behind in the window, in its link process, or on the servers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from programs.endurance import HELD, LOAD, OPTIONS, Endurance
from programs.pairs import UNHURRIED, running_pair
from programs.sites import identifiers, write_site
from programs.tracing import Trace
from programs.watching import vizclient

pytestmark = pytest.mark.e2e

COUNT = 100


COUNTED = (*(f"{process}_{name}" for process in ("window", "link") for name in HELD), *LOAD)


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, tuple[float, float]]:
    """What has grown, and may not."""
    return {name: (before[name], after[name]) for name in COUNTED if after[name] > before[name]}


def pooled(window: int) -> int:
    """The threads that Qt has for big pieces of painting now: as many as it needs at a time, up to one for each processor core, and
    each for half a minute after its last piece."""
    found = 0
    for thread in Path(f"/proc/{window}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            found += (thread / "comm").read_text("utf-8").startswith("Thread (pooled")
    return found


def levels(course: Endurance, window: int) -> dict[str, float]:
    """Those of the course without Qt's pool, whose threads have a descriptor each."""
    for _ in range(20):
        pool, found = pooled(window), course.levels()
        if pooled(window) == pool:
            return found | {name: found[name] - pool for name in ("window_threads", "window_descriptors")}
    raise AssertionError("Qt's pool never has the same size for a moment")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells all that a process holds")
def test_twenty_switchovers_leave_no_socket_thread_task_or_session_behind(tmp_path: Path) -> None:
    with running_pair(tmp_path, replace(OPTIONS, dead_after=UNHURRIED)) as pair:
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
            before = levels(course, window.pid)
            for _ in range(20):
                course.switch("swap")
            after = levels(course, window.pid)
            window.terminate()
            assert window.wait(15) == 0
        finally:
            window.kill()
            window.wait()
    assert grown(before, after) == {}
    assert before["sessions"] == 1
    assert before["link_tasks"] > 3
