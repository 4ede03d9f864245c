"""Blackout on the screen: from the backup being active to the last of 500 fresh values painted.

Beside it, in the same run: a bare asyncua client that is told at once (the floor), and asyncua's HaClient with timers of
one second. The pair is in `passive` mode. Figures in milliseconds; each is the median of the rounds.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.stage import window
from programs.sites import NAMESPACE, identifiers, write_site
from programs.tracing import live_from
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

COUNT = 500
ROUNDS = 7
HA_ROUNDS = 3
OPTIONS = Options(items=600, change_rate=3000, standby="passive")
QUICK = replace(OPTIONS, heartbeat=20, dead_after=80)
"""Takes over sooner, so that less of the time from the kill is the servers' own."""


def measure() -> dict[str, float]:
    """Kill and freeze of the active server, with the window, with the floor and with HaClient."""
    with stage(OPTIONS) as (pair, folder, listing):
        kill, from_kill = ours(folder / "kill", pair, "kill")
        freeze, from_freeze = ours(folder / "freeze", pair, "freeze")
        floor = [round_of_the_floor(pair, listing) for _ in range(ROUNDS)]
        ha = [round_of_ha(pair, listing) for _ in range(HA_ROUNDS)]
    with stage(QUICK) as (pair, folder, listing):
        _, quick = ours(folder / "quick", pair, "kill")
        quick_ha = [round_of_ha(pair, listing)[0] for _ in range(HA_ROUNDS)]
    return {
        "floor_ms": statistics.median(floor),
        "floor_min_ms": min(floor),
        "floor_max_ms": max(floor),
        "kill_ms": statistics.median(kill),
        "kill_min_ms": min(kill),
        "kill_max_ms": max(kill),
        "kill_to_floor_ratio": statistics.median(kill) / statistics.median(floor),
        "freeze_ms": statistics.median(freeze),
        "freeze_max_ms": max(freeze),
        "freeze_beyond_floor_ms": statistics.median(freeze) - statistics.median(floor),
        "from_kill_ms": statistics.median(from_kill),
        "from_freeze_ms": statistics.median(from_freeze),
        "ha_client_from_kill_ms": statistics.median(from_kill_ha := [kill for kill, _ in ha]),
        "ha_client_to_ours_from_kill_ratio": statistics.median(from_kill_ha) / statistics.median(from_kill),
        "ha_client_ms": statistics.median(from_active_ha := [active for _, active in ha]),
        "ha_client_to_ours_ratio": statistics.median(from_active_ha) / statistics.median(kill),
        "quick_pair_from_kill_ms": statistics.median(quick),
        "quick_pair_ha_client_from_kill_ms": statistics.median(quick_ha),
        "quick_pair_ha_client_to_ours_from_kill_ratio": statistics.median(quick_ha) / statistics.median(quick),
    }


@contextmanager
def stage(options: Options) -> Iterator[tuple[Pair, Path, Path]]:
    """A pair, a folder, and a file with the identifiers of what is shown."""
    with tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name, Pair(options) as pair:
        pair.start()
        folder = Path(name)
        listing = folder / "identifiers.txt"
        listing.write_text("\n".join(identifiers(COUNT)), "utf-8")
        yield pair, folder, listing


def settle(pair: Pair) -> None:
    """Main active again, and the backup ready to take over."""
    deadline = time.perf_counter() + 30
    while not (pair.active() == "main" and all(status.ready for status in pair.status().values())):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"the pair did not settle: {pair.status()}")
        time.sleep(0.05)
    time.sleep(1.5)  # the pages of the main are quiet again


def ours(folder: Path, pair: Pair, how: str) -> tuple[list[float], list[float]]:
    """Milliseconds from the backup being active, and from the blow, to the last of all fresh values on the screen.

    `hold_ms` is 0, so that every value is painted as stale and painted anew, also one that comes back unchanged: what is
    not painted cannot be timed.
    """
    folder.mkdir()
    blackouts, from_blow = [], []
    profile = write_site(folder, pair, {"values": identifiers(COUNT)}, hold_ms=0)
    with window(folder, profile) as (_, trace, started):
        trace.when_all(COUNT, live_from("main"), started)
        for _ in range(ROUNDS):
            time.sleep(1.0)
            trace.skip()
            blow = time.perf_counter()
            getattr(pair, how)("main")
            active = float(pair.wait_for_role("backup", "active", since=blow)["p"])
            done = trace.when_all(COUNT, live_from("backup"), active)
            blackouts.append((done - active) * 1000)
            from_blow.append((done - blow) * 1000)
            time.sleep(1.0)
            back = time.perf_counter()
            pair.thaw("main") if how == "freeze" else pair.restart("main")
            pair.wait_for_role("main", "active", timeout=30, since=back)
            trace.when_all(COUNT, live_from("main"), back)
            settle(pair)
    return blackouts, from_blow


@contextmanager
def told(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A client of the comparison in a process of its own, ready."""
    command = [sys.executable, "-P", str(Path(__file__).with_name(script)), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{script} did not come up")
        yield process
    finally:
        process.kill()
        process.communicate()


def kill_main(pair: Pair) -> tuple[float, float]:
    """When the main was killed, and when the backup became active."""
    time.sleep(1.0)
    blow = time.perf_counter()
    pair.kill("main")
    return blow, float(pair.wait_for_role("backup", "active", since=blow)["p"])


def bring_back(pair: Pair) -> None:
    """The main again, as it was."""
    back = time.perf_counter()
    pair.restart("main")
    pair.wait_for_role("main", "active", timeout=30, since=back)
    settle(pair)


def round_of_the_floor(pair: Pair, listing: Path) -> float:
    """Milliseconds a bare client needs from when it is told."""
    with told("bare_client.py", pair.url("backup"), NAMESPACE, str(listing)) as process:
        kill_main(pair)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        result = json.loads(process.stdout.readline())
    bring_back(pair)
    return float(result["received"] - result["told"]) * 1000


def round_of_ha(pair: Pair, listing: Path) -> tuple[float, float]:
    """Milliseconds HaClient needs to the last value from the backup: from the kill, and from the backup being active."""
    with told("ha_client.py", pair.url("main"), pair.url("backup"), NAMESPACE, str(listing)) as process:
        blow, active = kill_main(pair)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("HaClient did not recover within a minute")
        received = float(json.loads(line)["received"])
    bring_back(pair)
    return (received - blow) * 1000, (received - active) * 1000
