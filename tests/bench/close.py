"""From the request to close to the end of the window and of its link process, in every state. Milliseconds, medians and worst."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from programs.closings import CLOSINGS, window_in
from programs.stage import Stage, staged
from vizclient.simulator.options import Options

ROUNDS = 3


def measure() -> dict[str, float]:
    """Each state; with a pair of its own each time where the state is that something has failed."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    taken: dict[str, list[float]] = {state: [] for state in CLOSINGS}
    with pair() as shared:
        for state, closing in CLOSINGS.items():
            for _ in range(ROUNDS):
                with nullcontext(shared) if closing.leaves_pair else pair() as stage, window_in(state, stage) as window:
                    taken[state].append(window.close() * 1000)
    figures = {f"{state}_ms": statistics.median(figure) for state, figure in taken.items()}
    return figures | {"worst_ms": max(max(figure) for figure in taken.values())}


@contextmanager
def pair() -> Iterator[Stage]:
    """A pair whose standby lets clients in, behind its doors."""
    with (
        tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name,
        staged(Path(name), Options(standby="passive")) as stage,
    ):
        yield stage
