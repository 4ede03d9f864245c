"""20,000 items subscribed, 500 on the screen, 10,000 changes a second: what the window feels, steady and in bursts.

The lateness of a 10 ms timer within the window's own loop, beside one in an idle Qt process at the same time; the window's
processor time; and how long after its link was killed everything is visibly stale, and live again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.stage import environment, window
from programs.sites import identifiers, write_site
from programs.tracing import live_from
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

ITEMS, ON_SCREEN, RATE = 20_000, 500, 10_000
SECONDS = 20


def measure() -> dict[str, float]:
    """Steady changes, bursts of a second's worth, and the link's end."""
    figures: dict[str, float] = {}
    for name, burst in (("steady", 0), ("bursts", 1000)):
        options = Options(items=22_300, change_rate=RATE, burst=burst)
        with tempfile.TemporaryDirectory(prefix="vizclient-bench-") as place, Pair(options) as pair:
            pair.start()
            folder = Path(place)
            names = identifiers(ITEMS)
            pages = {"values": names[:ON_SCREEN], "others": names[ON_SCREEN:]}
            profile = write_site(folder, pair, pages)
            figures |= {f"{name}_{key}": figure for key, figure in lateness(folder, profile).items()}
            if not burst:
                figures |= link_killed(folder, profile)
    return figures


def lateness(folder: Path, profile: Path) -> dict[str, float]:
    """Percentiles of lateness in milliseconds, of the window and of the idle control, and processor time in per cent."""
    script = str(Path(__file__).with_name("load_child.py"))
    command = [sys.executable, "-P", script, str(SECONDS)]
    window_command = [*command, "window", str(profile), str(folder / "data")]
    with (
        subprocess.Popen(window_command, env=environment(folder), stdout=subprocess.PIPE, text=True) as busy,
        subprocess.Popen([*command, "idle"], env=environment(folder), stdout=subprocess.PIPE, text=True) as idle,
    ):
        try:
            loaded: dict[str, float] = json.loads(busy.communicate(timeout=SECONDS + 60)[0])
            control: dict[str, float] = json.loads(idle.communicate(timeout=SECONDS + 60)[0])
        finally:
            busy.kill()
            idle.kill()
    return loaded | {f"idle_control_{key}": figure for key, figure in control.items() if key.startswith("late")}


def link_killed(folder: Path, profile: Path) -> dict[str, float]:
    """Milliseconds from the end of the link process until all on the screen is stale, and until all is live again."""
    with window(folder, profile) as (process, trace, started):
        trace.when_all(ON_SCREEN, live_from("main"), started)
        time.sleep(3.0)
        trace.skip()
        blow = time.perf_counter()
        kill_link(process.pid)
        stale = trace.when_all(ON_SCREEN, lambda row: row["freshness"] == "stale", blow)
        live = trace.when_all(ON_SCREEN, live_from("main"), stale)
    return {"link_killed_to_all_stale_ms": (stale - blow) * 1000, "link_killed_to_all_live_ms": (live - blow) * 1000}


def kill_link(window_pid: int) -> None:
    """End the window's link process. Reads /proc: this figure is made on Linux."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == window_pid and b"vizclient.link.process" in words:
            os.kill(int(entry.name), 9)
            return
    raise LookupError("the window has no link process")
