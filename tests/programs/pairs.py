"""A simulated pair for one test: its profile, and what its servers really held, by their own audit."""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.guest import can_swap, swap, wait_until
from programs.watching import Watching
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

UNHURRIED = 1000
"""`dead_after` of servers that do not take each other for dead because a machine is busy, in ms."""
DETECTION_AND_HOLD = 1.25
"""Seconds for which a lost value may look live, at most."""
BUSY = 2.0
"""Seconds that a busy machine may add to what takes a moment."""
BUNDLE = Path(__file__).parents[2] / "resources" / "demo" / "bundle"


@contextmanager
def running_pair(folder: Path, options: Options, *servers: str) -> Iterator[Pair]:
    """A started pair that audits into `folder`, both of it unless `servers` are named; ended however the test ends."""
    with Pair(replace(options, audit=str(folder / "audit"))) as pair:
        pair.start(*servers)
        if not servers:
            main_serves(pair)
        yield pair


def main_serves(pair: Pair) -> None:
    """Wait until the main is active and the backup could take over at once; neither is so when both have just started."""
    wait_until(lambda: can_swap(pair), timeout=30)
    if pair.options.stay and pair.active() == "backup":  # the main was the slower one, and would not ask for the role
        swap(pair)
    wait_until(lambda: can_swap(pair) and pair.active() == "main", timeout=30)


def all_running(pair: Pair) -> None:
    """Thaw and restart what an earlier test left otherwise; each takes commands then."""
    for server, status in pair.status().items():
        pair.thaw(server)
        if not status.running:
            since = time.perf_counter()
            pair.restart(server)
            pair.wait_for("ready", server, since=since, timeout=30)


def began(pair: Pair, server: str) -> float:
    """When it last began to turn active (perf_counter)."""
    event = next(e for e in reversed(pair.events()) if (e["event"], e["server"]) == ("role", server))
    assert event["role"] == "active"
    return float(event["p"] - event["took"])


def write_profile(folder: Path, pair: Pair, **replaced: str) -> Path:
    """A profile of the pair with the demo's pages; `main` or `backup` replace its URLs, `policy` and `mode` its security."""
    urls = pair.urls | replaced
    path = folder / "site.toml"
    path.write_text(
        f'format = 1\nname = "Test"\nbundle = {json.dumps(str(BUNDLE))}\n'
        f'[main]\nurl = "{urls["main"]}"\n[backup]\nurl = "{urls["backup"]}"\n'
        f'[security]\npolicy = "{replaced.get("policy", "None")}"\nmode = "{replaced.get("mode", "None")}"\n'
        f'[namespaces]\nbms = "urn:vizclient:demo:bms"\n',
        "utf-8",
    )
    return path


class Audit:
    """What each server held, and when: read from the audit logs that the servers wrote."""

    def __init__(self, folder: Path) -> None:
        self._times: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._values: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for path in sorted((folder / "audit").glob("*.jsonl")):
            for line in path.read_text("utf-8").splitlines():
                row = json.loads(line)
                if row["kind"] == "value":
                    self._times[row["server"], row["item"]].append(row["t"])
                    self._values[row["server"], row["item"]].append(row["value"])

    def held(self, server: str, item: str, at: float, within: float) -> list[Any]:
        """The values that `item` had on `server` at some time in the `within` seconds up to `at` (unix seconds)."""
        times, values = self._times[server, item], self._values[server, item]
        last = bisect_right(times, at + 0.005)
        first = max(0, bisect_right(times, at - within) - 1)
        return values[first:last]


def never_claims_more_than_the_servers_held(watching: Watching, folder: Path) -> None:
    """Every value called live was held, just before, by the server that is named."""
    audit = Audit(folder)
    checked = 0
    for item in watching.items:
        for line in watching.values(item):
            if line["freshness"] == "live":
                held = audit.held(line["server"], item.removeprefix("bms:"), line["t"], DETECTION_AND_HOLD)
                assert any(value == pytest.approx(line["value"], rel=1e-6) for value in held), (line, held)
                checked += 1
    assert checked >= len(watching.items) * 2


def between_the_servers_nothing_is_live(watching: Watching, since: float, until: float) -> None:
    """From detection and hold after `since` until `until` nothing is said to be live."""
    for item in watching.items:
        for line in watching.values(item):
            if since + DETECTION_AND_HOLD < line["t"] < until:
                assert line["freshness"] != "live", line
