"""From the request to close to the end of the window and of its link process, in every state. Milliseconds, medians and worst."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from programs.closings import CLOSINGS, window_in
from programs.stage import staged
from vizclient.simulator.options import Options

ROUNDS = 3


def measure() -> dict[str, float]:
    """Each state, with a pair of its own each time."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    figures: dict[str, float] = {}
    worst = 0.0
    for state in CLOSINGS:
        taken = []
        for _ in range(ROUNDS):
            with (
                tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name,
                staged(Path(name), Options(standby="passive")) as stage,
                window_in(state, stage) as window,
            ):
                taken.append(window.close() * 1000)
        figures[f"{state}_ms"] = statistics.median(taken)
        worst = max(worst, *taken)
    return figures | {"worst_ms": worst}
