"""From process start to the first frame with the whole page, and to live values. Milliseconds, medians, files warm, servers up."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.stage import window
from programs.sites import identifiers, write_site
from programs.tracing import live_from
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

COUNT = 500
ROUNDS = 7


def measure() -> dict[str, float]:
    """The window's start, beside a bare interpreter and beside one that only imports Qt's widgets."""
    frames, firsts, alls = [], [], []
    with tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name, Pair(Options(items=600)) as pair:
        pair.start()
        folder = Path(name)
        profile = write_site(folder, pair, {"values": identifiers(COUNT)})
        for _ in range(ROUNDS + 1):
            with window(folder, profile) as (_, trace, started):
                frames.append(trace.when_all(COUNT, lambda row: row["freshness"] == "never", started) - started)
            with window(folder, profile) as (_, trace, started):
                firsts.append(trace.when_all(1, live_from("main"), started) - started)
                alls.append(trace.when_all(COUNT, live_from("main"), started) - started)
    bare, qt = wall("pass"), wall("import PySide6.QtWidgets")
    return {
        "first_frame_ms": statistics.median(frames[1:]) * 1000,
        "first_live_value_ms": statistics.median(firsts[1:]) * 1000,
        "all_500_live_ms": statistics.median(alls[1:]) * 1000,
        "bare_interpreter_ms": bare * 1000,
        "interpreter_with_qt_widgets_ms": qt * 1000,
        "first_frame_to_qt_ratio": statistics.median(frames[1:]) / qt,
    }


def wall(code: str) -> float:
    """Seconds an interpreter needs for `code`, the median."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-P", "-c", code], check=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
