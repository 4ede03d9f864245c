"""What the real window's screen claims is what the servers held, before, during and after a switchover."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from programs.pairs import BUSY, UNHURRIED, Audit, running_pair, write_profile
from programs.sites import identifiers, write_site
from programs.tracing import Trace, live_from
from programs.watching import vizclient
from vizclient.simulator.options import Options

pytestmark = pytest.mark.e2e

NUMBER = re.compile(r"-?\d+(\.\d+)?")
DETECTION_AND_HOLD = 1.25
COUNT, CHANGING = 150, 100
ON_THE_SCREEN = BUSY
"""Seconds that a value may take from the server to the screen: sampling, publishing, a frame."""


@contextmanager
def shown(folder: Path, profile: Path, page: str) -> Iterator[tuple[subprocess.Popen[bytes], Trace]]:
    """The window on `page` without a screen, in English, and its trace."""
    trace = Trace(folder / "trace.jsonl")
    command = vizclient("run", "--profile", profile, "--page", page, data_dir=folder / "data")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "LANG": "C", "LC_ALL": "C"}
    process = subprocess.Popen([*command, "--trace-display", str(trace.path)], env=environment)
    try:
        yield process, trace
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def claims(folder: Path) -> list[tuple[float, float, str, str, str]]:
    """(from, until, item, text, server) of every number that the screen called live, in unix seconds.

    While the page's frame says `held` nothing on it is claimed.
    """
    found = []
    open_claims: dict[str, tuple[float, str, str, str]] = {}
    last = 0.0
    for row in Trace(folder / "trace.jsonl").rows():
        element, last = str(row["element"]), float(str(row["t"]))
        changed = list(open_claims) if not element else [element]
        for name in changed:
            if name in open_claims:
                since, item, text, server = open_claims.pop(name)
                found.append((since, last, item, text, server))
        if element and row["freshness"] == "live" and NUMBER.match(str(row["text"])):
            open_claims[element] = (last, str(row["item"]), str(row["text"]), str(row["server"]))
    found.extend((since, last, item, text, server) for since, item, text, server in open_claims.values())
    return found


def is_rounded(text: str, value: object) -> bool:
    """Whether `text` is `value` as the page rounds it."""
    number = NUMBER.match(text)
    assert number is not None
    decimals = len(number.group().partition(".")[2])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(abs(float(number.group()) - value) <= 0.5 * 10**-decimals * 1.001 + 1e-9)


@pytest.mark.parametrize("blow", ["kill", "freeze"])
def test_every_number_called_live_was_held_by_the_server_it_is_said_to_be_from(tmp_path: Path, blow: str) -> None:
    with running_pair(tmp_path, Options(items=200, change_rate=400, standby="passive", dead_after=UNHURRIED)) as pair:
        profile = write_site(tmp_path, pair, {"plain": identifiers(COUNT)})
        with shown(tmp_path, profile, "plain") as (process, trace):
            first = trace.when_all(COUNT, live_from("main"), 0.0)
            trace.when_all(CHANGING, live_from("main"), first)
            struck = time.perf_counter()
            getattr(pair, blow)("main")
            active = pair.wait_for_role("backup", "active", since=struck)
            again = trace.when_all(COUNT, live_from("backup"), float(active["p"]))
            trace.when_all(CHANGING, live_from("backup"), again)
            process.terminate()
            assert process.wait(15) == 0
    audit = Audit(tmp_path)
    checked = {"main": 0, "backup": 0}
    for since, _, item, text, server in claims(tmp_path):
        held = audit.held(server, item.removeprefix("bms:"), since, ON_THE_SCREEN)
        assert any(is_rounded(text, value) for value in held), (item, text, server, since, held)
        checked[server] += 1
    assert min(checked.values()) >= CHANGING


def test_a_frozen_server_s_values_stop_being_called_live_in_time(tmp_path: Path) -> None:
    with running_pair(tmp_path, Options(dead_after=UNHURRIED), "main") as pair:
        with shown(tmp_path, write_profile(tmp_path, pair), "overview") as (_, trace):
            trace.when_all(40, live_from("main"), 0.0)
            frozen, struck = time.time(), time.perf_counter()
            pair.freeze("main")
            trace.when_all(40, lambda row: row["freshness"] == "stale", struck)
        late = [claim for claim in claims(tmp_path) if claim[1] > frozen + DETECTION_AND_HOLD + ON_THE_SCREEN]
        assert late == []


def test_a_swap_shorter_than_the_hold_does_not_flicker(tmp_path: Path) -> None:
    with running_pair(tmp_path, Options(items=200, change_rate=400, standby="passive", dead_after=UNHURRIED)) as pair:
        profile = write_site(tmp_path, pair, {"plain": identifiers(COUNT)}, hold_ms=1000)
        with shown(tmp_path, profile, "plain") as (_, trace):
            trace.when_all(COUNT, live_from("main"), 0.0)
            pair.wait_for("state", "main", peer_ready=True, since=0.0)
            trace.skip()
            swapped = time.perf_counter()
            pair.swap()
            pair.wait_for_role("backup", "active", since=swapped)
            trace.when_whole(COUNT, "backup", swapped)
    rows = [row for row in Trace(tmp_path / "trace.jsonl").rows() if float(str(row["p"])) > swapped]
    assert [row["freshness"] for row in rows if not row["element"]] == ["held", "live"]
    assert {row["freshness"] for row in rows if row["element"]} == {"live"}
    assert {row["server"] for row in rows if row["element"]} >= {"backup"}
