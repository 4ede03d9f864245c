"""Blackout on the screen: from a server turning active to the last of 500 fresh values painted, in milliseconds.

The real window, with the pair in silence but for its changing values; kills, freezes and swaps (in both directions) where
the standby lets clients in, and `closed`, a kill where it opens its port only when it turns active. Beside them, in the same
run, two that neither search nor paint nor say what is not live:

- the floor: a client made of asyncua alone that is told at once who is active, and connects, subscribes and receives.
  `floor`: a process that has loaded everything and connected to nobody yet; `warm_floor`: one that has done all this before
  (by swaps: to be told is the same however it came about).
- asyncua's HaClient, all its timers at one second. It needs sessions on both servers, and to be told the node ids of both; it
  looks at the servers by its timers only, so a kill, a swap and a closed standby are all the same to it.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.stage import window
from programs.sites import NAMESPACE, identifiers, write_site
from programs.tracing import live_from
from vizclient.redundancy.model import Server
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

COUNT = 500
ROUNDS = 20
FEW = 5
PASSIVE = Options(items=600, change_rate=3000, standby="passive", stay=True)
"""Neither server is the favourite, so that nobody has to wait for a hand-back: the bench swaps the roles."""
CLOSED = replace(PASSIVE, standby="closed")
QUICK = replace(PASSIVE, heartbeat=20, dead_after=80)
"""Takes over sooner, so that less of the time from the kill is the servers' own."""


INDEXES = {"main": 2, "backup": 3}
"""Of the items' namespace, which differ on purpose."""


@dataclass(frozen=True, slots=True)
class Blow:
    """A switchover: who was active, who turned active, and when the blow fell and the other turned active."""

    left: str
    taken: str
    fell: float
    active: float


_ORDER = (
    "kill",
    "kill_floor",
    "kill_ha_client",
    "swap",
    "swap_floor",
    "swap_ha_client",
    "closed",
    "closed_floor",
    "closed_ha_client",
    "freeze",
    "warm_floor",
    "from_kill",
    "from_kill_ha_client",
    "from_freeze",
    "quick_pair_from_kill",
    "quick_pair_from_kill_ha_client",
)
"""As they are to be read."""


def measure() -> dict[str, float]:
    """Every kind of switchover, with the window, with the floor and with HaClient."""
    taken: dict[str, list[float]] = {}
    with stage(PASSIVE) as (pair, folder, listing):
        for how in ("kill", "swap", "freeze"):
            taken[how], taken[f"from_{how}"] = ours(folder / how, pair, how)
        for how in ("kill", "swap"):
            taken[f"{how}_floor"] = floor(pair, listing, how)
        taken["warm_floor"] = floor(pair, listing, "swap", warm=True)
        taken["kill_ha_client"], taken["from_kill_ha_client"] = ha(pair, listing, "kill")
        taken["swap_ha_client"], _ = ha(pair, listing, "swap", FEW)
    with stage(CLOSED) as (pair, folder, listing):
        taken["closed"], _ = ours(folder / "closed", pair, "kill")
        taken["closed_floor"] = floor(pair, listing, "kill")
        taken["closed_ha_client"], _ = ha(pair, listing, "kill", FEW)
    with stage(QUICK) as (pair, folder, listing):
        _, taken["quick_pair_from_kill"] = ours(folder / "quick", pair, "kill", FEW)
        _, taken["quick_pair_from_kill_ha_client"] = ha(pair, listing, "kill", FEW)
    del taken["from_swap"]
    figures: dict[str, float] = {}
    for name in sorted(taken, key=_ORDER.index):
        figures |= spread(name, taken[name])
    for name in ("kill", "swap", "closed"):
        figures[f"{name}_to_floor_ratio"] = figures[f"{name}_median_ms"] / figures[f"{name}_floor_median_ms"]
    for name in ("kill", "swap"):
        figures[f"{name}_to_warm_floor_ratio"] = figures[f"{name}_median_ms"] / figures["warm_floor_median_ms"]
    figures["freeze_beyond_floor_ms"] = figures["freeze_median_ms"] - figures["kill_floor_median_ms"]
    figures["kill_ha_client_to_ours_ratio"] = figures["kill_ha_client_median_ms"] / figures["kill_median_ms"]
    return figures


def spread(name: str, taken: Sequence[float]) -> dict[str, float]:
    """The figures of many rounds."""
    return {
        f"{name}_min_ms": min(taken),
        f"{name}_median_ms": statistics.median(taken),
        f"{name}_max_ms": max(taken),
    }


@contextmanager
def stage(options: Options) -> Iterator[tuple[Pair, Path, Path]]:
    """A pair, a folder, and a file with the identifiers of what is shown."""
    with tempfile.TemporaryDirectory(prefix="vizclient-bench-") as name, Pair(options) as pair:
        pair.start()
        settle(pair)
        folder = Path(name)
        listing = folder / "identifiers.txt"
        listing.write_text("\n".join(identifiers(COUNT)), "utf-8")
        yield pair, folder, listing


def ready(pair: Pair) -> None:
    """Wait until one server is active, and the other one ready to take over."""
    deadline = time.perf_counter() + 30
    while not ((active := pair.active()) is not None and pair.status()[active].peer_ready):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"the pair did not settle: {pair.status()}")
        time.sleep(0.02)


def settle(pair: Pair) -> None:
    """`ready`, and what that cost the servers is over; never in step with anything."""
    ready(pair)
    time.sleep(random.uniform(0.3, 0.6))


def strike(pair: Pair, how: str) -> Blow:
    """Kill or freeze the active server, or swap the roles; returns when the other one is active."""
    left = pair.active()
    assert left is not None
    taken = Server(left).other.value
    fell = time.perf_counter()
    if how == "swap":
        pair.swap()
    else:
        getattr(pair, how)(left)
    return Blow(left, taken, fell, float(pair.wait_for_role(taken, "active", since=fell)["p"]))


def mend(pair: Pair, how: str, blow: Blow, back_there: Callable[[float], object] = lambda _: None) -> None:
    """The server that was struck comes back, and is active again; a swap is as good the other way.

    `back_there` waits for who is measured to be back there too, after the time that it is given.
    """
    if how == "swap":
        settle(pair)
        return
    back = time.perf_counter()
    if how == "freeze":
        pair.thaw(blow.left)
        pair.wait_for_role(blow.left, "standby", since=back)
    else:
        pair.restart(blow.left)
        pair.wait_for("ready", blow.left, timeout=30, since=back)
    ready(pair)
    pair.swap()
    pair.wait_for_role(blow.left, "active", since=back)
    back_there(back)
    settle(pair)


def ours(folder: Path, pair: Pair, how: str, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Milliseconds from a server being active, and from the blow, to the last of all fresh values on the screen."""
    folder.mkdir()
    blackouts, from_blow = [], []
    profile = write_site(folder, pair, {"values": identifiers(COUNT)})
    with window(folder, profile) as (_, trace, started):
        active = pair.active()
        assert active is not None
        trace.when_all(COUNT, live_from(active), started)
        settle(pair)
        for _ in range(rounds):
            trace.skip()
            blow = strike(pair, how)
            time.sleep(0.5)  # to read the trace costs the window time
            done = trace.when_whole(COUNT, blow.taken, blow.fell)
            blackouts.append((done - blow.active) * 1000)
            from_blow.append((done - blow.fell) * 1000)
            mend(pair, how, blow, partial(trace.when_whole, COUNT, blow.left))
    return blackouts, from_blow


@contextmanager
def client(script: str, *arguments: str) -> Iterator[Callable[[str], dict[str, float]]]:
    """A client of the comparison in a process of its own, ready. To call it is to send it a line, if any, and to wait for its answer."""
    command = [sys.executable, "-P", str(Path(__file__).with_name(script)), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None

    def say(line: str) -> dict[str, float]:
        assert process.stdin is not None
        assert process.stdout is not None
        if line:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{script} did not recover within a minute")
        found: dict[str, float] = json.loads(answer)
        return found

    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{script} did not come up")
        yield say
    finally:
        process.kill()
        process.communicate()


def floor(pair: Pair, listing: Path, how: str, *, warm: bool = False) -> list[float]:
    """Milliseconds a bare client needs from when it is told: a new one each time, or a warm one."""
    taken: list[float] = []
    while len(taken) < ROUNDS:
        active = pair.active()
        assert active is not None
        with client("bare_client.py", NAMESPACE, str(listing), *([pair.url(active)] if warm else [])) as tell:
            while len(taken) < ROUNDS:
                blow = strike(pair, how)
                told = tell(pair.url(blow.taken))
                taken.append((told["received"] - told["told"]) * 1000)
                mend(pair, how, blow)
                if not warm:
                    break
    return taken


def ha(pair: Pair, listing: Path, how: str, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Milliseconds HaClient needs to the last value of the other server: from when that is active, and from the blow."""
    from_active, from_blow = [], []
    for _ in range(rounds):
        left = pair.active()
        assert left is not None
        taken = Server(left).other.value
        both = [pair.url(left), str(INDEXES[left]), pair.url(taken), str(INDEXES[taken])]
        with client("ha_client.py", *both, str(listing)) as answer:
            settle(pair)
            blow = strike(pair, how)
            received = answer("")["received"]
        mend(pair, how, blow)
        from_active.append((received - blow.active) * 1000)
        from_blow.append((received - blow.fell) * 1000)
    return from_active, from_blow
