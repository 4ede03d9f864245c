"""Switchovers in a row under the real window with 500 values: what both of its processes, and its sessions on the servers, hold.

1,000 of them, or as many as the environment variable N says: swaps of the roles, and now and then a server that is killed and
started again, or frozen and thawed. Each waits until every value is live from the other server. Printed: what is held
after the first ten and at the end, and the slope of a line through all samples from then on, for 1,000 switchovers. The
servers' own memory is not this program's: it is told for what it is.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from bench.stage import window
from programs.endurance import OPTIONS, Endurance
from programs.sites import identifiers, write_site
from vizclient.simulator.pair import Pair

COUNT = 500
SWITCHOVERS = 1000
FIRST = 10
EVERY = 10
HARD_EVERY = 25
"""Every so many switchovers a server is killed, the fourth of these times frozen: it keeps its old session for a while."""


def measure() -> dict[str, float]:
    """The levels after the first ten and at the end, and the slopes."""
    number = int(os.environ.get("N", SWITCHOVERS))
    if number < FIRST + 2 * EVERY:
        raise ValueError(f"N={number}: a line needs three points, so at least {FIRST + 2 * EVERY} switchovers")
    samples: list[tuple[int, dict[str, float]]] = []
    taken: dict[str, list[float]] = {"swap": [], "kill": [], "freeze": []}
    with tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name, Pair(OPTIONS) as pair:
        pair.start()
        folder = Path(name)
        resources = folder / "resources.jsonl"
        profile = write_site(folder, pair, {"values": identifiers(COUNT)}, hold_ms=0)
        began = time.perf_counter()
        with window(folder, profile, "--trace-resources", str(resources)) as (_, trace, started):
            course = Endurance(pair, trace, resources, COUNT)
            course.begin(started)
            for count in range(1, number + 1):
                how = kind(count)
                taken[how].append(course.switch(how))
                if count % EVERY == 0:
                    samples.append((count, course.levels()))
                    tell(count, number, began)
            servers = course.server_memory()
        seconds = time.perf_counter() - began
    figures: dict[str, float] = {"switchovers": number, "seconds": seconds}
    for way, times in taken.items():
        if times:
            figures |= {f"{way}_median_ms": statistics.median(times) * 1000, f"{way}_max_ms": max(times) * 1000}
    at = [count for count, _ in samples if count >= FIRST]
    for held in samples[0][1]:
        levels = [levels[held] for count, levels in samples if count >= FIRST]
        figures[f"{held}_after_{FIRST}"] = levels[0]
        figures[f"{held}_at_the_end"] = levels[-1]
        figures[f"{held}_slope"] = slope(at, levels)
        if held.endswith("_mb"):
            half = len(at) // 2
            figures[f"{held}_slope_of_the_second_half"] = slope(at[half:], levels[half:])
    return figures | servers


def kind(count: int) -> Literal["swap", "kill", "freeze"]:
    """What happens at the switchover of this number."""
    if count % HARD_EVERY:
        return "swap"
    return "kill" if count // HARD_EVERY % 4 else "freeze"


def slope(at: Sequence[int], levels: Sequence[float]) -> float:
    """What is held more after 1,000 switchovers, by least squares; exactly 0 where nothing ever changed."""
    if len(set(levels)) == 1:
        return 0.0
    return statistics.linear_regression(at, levels).slope * 1000


def tell(count: int, number: int, began: float) -> None:
    """How far it is."""
    if count % 100 == 0:
        sys.stderr.write(f"… {count} of {number} after {time.perf_counter() - began:.0f} s\n")
        sys.stderr.flush()
