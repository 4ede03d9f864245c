"""Switchover after switchover under a real window, and what its two processes and the servers hold at rest."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from programs.tracing import Trace, live_from
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

OPTIONS = Options(items=600, change_rate=1500, standby="passive", stay=True, heartbeat=50, dead_after=600)
"""A pair that lets a standby's clients in; each item changes some three times a second. Neither server takes the other for
dead because the machine is busy."""
HELD = ("descriptors", "sockets", "threads", "tasks")
LOAD = ("sessions", "subscriptions", "monitored_items")

_PATIENCE = 30.0
_REST_ROWS = 5
"""Rows of the trace of resources that a rest is long: a little more than a second, within which the standby is asked once."""


class Endurance:
    """The window behind `display` shows `count` values of `pair`; `resources` is its trace of resources."""

    def __init__(self, pair: Pair, display: Trace, resources: Path, count: int) -> None:
        self._pair = pair
        self._display = display
        self._resources = resources
        self._count = count

    def begin(self, since: float) -> None:
        """Until the window that was started at `since` shows all values live."""
        self._display.when_all(self._count, live_from(self._active()), since)

    def switch(self, how: Literal["swap", "kill", "freeze"]) -> float:
        """Take the active role from its server; seconds until all values were live from the other.

        A killed server is started again, a frozen one thawed, before it returns.
        """
        pair, left = self._pair, self._active()
        taken = "backup" if left == "main" else "main"
        self._until(lambda: pair.status()[left].peer_ready, f"{taken} to be ready")
        began = time.perf_counter()
        match how:
            case "swap":
                pair.wait_done(pair.swap())
            case "kill":
                pair.kill(left)
            case "freeze":
                pair.freeze(left)
        active = float(pair.wait_for_role(taken, "active", since=began)["p"])
        done = self._display.when_all(self._count, live_from(taken), active)
        back = time.perf_counter()
        if how == "kill":
            pair.restart(left)
            pair.wait_for("ready", left, since=back, timeout=_PATIENCE)
        elif how == "freeze":
            pair.thaw(left)
            pair.wait_for_role(left, "standby", since=back)
            self._until(lambda: not pair.status()[left].sessions, "the session to end that nobody could close")
        return done - began

    def levels(self) -> dict[str, float]:
        """What is held at rest: the least of some moments, because the standby is asked now and then, and a leak shows in each.

        Of both processes `HELD` and `memory_mb`, as `window_…` and `link_…`; of both servers together `LOAD`.
        """
        pair, active = self._pair, self._active()
        self._until(lambda: pair.status()[active].peer_ready, "the other server to be ready")
        self._until(lambda: pair.status()[active].monitored_items >= self._count, "all items to be monitored")
        seen: dict[str, list[float]] = defaultdict(list)
        rows, counted = self._rows(), {"window": 0, "link": 0}
        deadline = time.perf_counter() + _PATIENCE
        while min(counted.values()) < _REST_ROWS:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"the trace of resources says too little: {counted}")
            for row in rows():
                counted[row["process"]] += 1
                for name in ("memory_mb", *HELD):
                    seen[f"{row['process']}_{name}"].append(float(row[name]))
            status = pair.status().values()
            for name in LOAD:
                seen[name].append(sum(getattr(server, name) for server in status))
            time.sleep(0.02)
        return {name: min(values) for name, values in seen.items()}

    def server_memory(self) -> dict[str, float]:
        """MB that each server process holds: what it was given since its own last start."""
        page = os.sysconf("SC_PAGE_SIZE") / 1e6
        return {
            f"{name}_server_memory_mb": int(Path(f"/proc/{status.pid}/statm").read_text("ascii").split()[1]) * page
            for name, status in self._pair.status().items()
        }

    def _active(self) -> str:
        active = self._pair.active()
        assert active is not None
        return active

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.perf_counter() + _PATIENCE
        while not holds():
            if time.perf_counter() > deadline:
                raise TimeoutError(f"waited in vain for {what}: {self._pair.status()}")
            time.sleep(0.005)

    def _rows(self) -> Callable[[], Iterator[dict[str, Any]]]:
        """The rows that are written from now on: each call gives those since the last one."""
        offset, rest = self._resources.stat().st_size, ""

        def more() -> Iterator[dict[str, Any]]:
            nonlocal offset, rest
            with self._resources.open("r", encoding="utf-8") as file:
                file.seek(offset)
                *lines, rest = (rest + file.read()).split("\n")
                offset = file.tell()
            yield from map(json.loads, lines)

        return more
