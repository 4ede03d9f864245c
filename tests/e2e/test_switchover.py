"""The main job, with real processes: whatever becomes of the servers, the values go on, and none is live that is not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asyncua import Client, ua

from fakes.guest import swap
from programs.linked import NAMESPACES, fresh, linked
from programs.pairs import (
    UNHURRIED,
    between_the_servers_nothing_is_live,
    never_claims_more_than_the_servers_held,
    running_pair,
    write_profile,
)
from programs.stage import ITEMS, LIVELY
from programs.watching import Watching, vizclient
from vizclient.items.freshness import Freshness
from vizclient.items.writing import Readback, WriteOutcome
from vizclient.redundancy.model import Server
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

SET_POINT = "bms:Plain/000/00009"


@pytest.mark.parametrize("standby", ["closed", "reject", "passive"])
def test_the_values_go_on_when_the_active_server_is_killed_and_come_home_when_it_returns(
    tmp_path: Path, standby: str
) -> None:
    options = Options(items=20, change_rate=100, dead_after=UNHURRIED, standby=standby, return_delay=300)
    with running_pair(tmp_path, options) as pair, Watching(write_profile(tmp_path, pair), ITEMS) as watching:
        watching.wait_live("main")
        killed, killed_at = time.time(), time.perf_counter()
        pair.kill("main")
        active = pair.wait_for_role("backup", "active", since=killed_at)
        watching.wait_live("backup", since=killed)
        freshness = [line["freshness"] for line in watching.values(ITEMS[0]) if line["t"] >= killed]
        assert "held" in freshness
        between_the_servers_nothing_is_live(watching, killed, active["t"])
        back, back_at = time.time(), time.perf_counter()
        pair.restart("main")
        pair.wait_for_role("main", "active", since=back_at, timeout=30)
        watching.wait_live("main", since=back)
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_a_frozen_server_is_left_and_when_it_thaws_no_ghost_of_it_is_shown(tmp_path: Path) -> None:
    with (
        running_pair(tmp_path, Options(items=20, change_rate=100, dead_after=UNHURRIED, stay=True)) as pair,
        Watching(write_profile(tmp_path, pair), ITEMS) as watching,
    ):
        watching.wait_live("main")
        frozen, frozen_at = time.time(), time.perf_counter()
        pair.freeze("main")
        active = pair.wait_for_role("backup", "active", since=frozen_at)
        watching.wait_live("backup", since=frozen)
        between_the_servers_nothing_is_live(watching, frozen, active["t"])
        on_backup, thawed_at = time.time(), time.perf_counter()
        pair.thaw("main")
        pair.wait_for("state", "main", since=thawed_at)
        watching.wait_live("backup", since=on_backup)
        since = [line for line in watching.lines if line["kind"] == "value" and line["t"] >= on_backup]
        assert {line["server"] for line in since} == {"backup"}
        assert {line["freshness"] for line in since} == {"live"}
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_when_the_roles_are_swapped_the_client_follows_there_and_back(tmp_path: Path) -> None:
    with (
        running_pair(tmp_path, LIVELY) as pair,
        Watching(write_profile(tmp_path, pair), ITEMS) as watching,
    ):
        watching.wait_live("main")
        for server in ("backup", "main", "backup"):
            swapped = time.time()
            assert swap(pair) == server
            watching.wait_live(server, since=swapped)
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_with_the_main_down_from_the_start_the_backup_serves(tmp_path: Path) -> None:
    with (
        running_pair(tmp_path, LIVELY, "backup") as pair,
        Watching(write_profile(tmp_path, pair), ITEMS) as watching,
    ):
        watching.wait_live("backup")


def test_while_both_are_standby_nothing_is_live_and_it_is_said(tmp_path: Path) -> None:
    with (
        running_pair(tmp_path, Options(items=20, change_rate=100, dead_after=UNHURRIED, standby="passive")) as pair,
        Watching(write_profile(tmp_path, pair), ITEMS) as watching,
    ):
        watching.wait_live("main")
        both_standby = time.time()
        pair.wait_done(pair.set("main", level=100, mode=2))
        watching.wait_connection("no-active-server", since=both_standby)
        assert {watching.values(item)[-1]["freshness"] for item in ITEMS} <= {"stale", "uncertain"}
        again = time.time()
        pair.wait_done(pair.set("main", level=None, mode=None))
        watching.wait_live("main", since=again)


def test_with_two_active_servers_the_client_stays_and_says_so(tmp_path: Path) -> None:
    with running_pair(tmp_path, LIVELY) as pair:
        profile = write_profile(tmp_path, pair)
        with Watching(profile, ITEMS) as watching:
            watching.wait_live("main")
            cut, cut_at = time.time(), time.perf_counter()
            pair.cut_link()
            pair.wait_for_role("backup", "active", since=cut_at)
            probe = subprocess.run(
                vizclient("probe", "--profile", profile, data_dir=tmp_path / "data"),
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert probe.returncode == 4, probe
            watching.wait_live("main", since=cut)
            assert not [line for line in watching.lines if line["kind"] == "connection" and line["server"] == "backup"]


async def read_plainly(url: str, item: str) -> object:
    """What a plain client reads."""
    async with Client(url) as client:
        index = await client.get_namespace_index(NAMESPACES["bms"])
        return await client.get_node(ua.NodeId(item.removeprefix("bms:"), index)).read_value()


def test_a_write_under_way_when_the_active_server_dies_is_unknown_and_never_replayed(tmp_path: Path) -> None:
    async def play(pair: Pair) -> None:
        async with linked(tmp_path, write_profile(tmp_path, pair), [*ITEMS, SET_POINT]) as (
            client,
            mirror,
            heard,
            handles,
        ):
            set_point = handles[-1]
            sample = mirror.samples[set_point]
            assert sample is not None
            pair.freeze("main")
            number = client.write(set_point, 25.5, sample.generation, Readback())
            await heard.until(lambda: bool(heard.writes))
            pair.kill("main")
            await heard.until(lambda: heard.writes[-1].outcome is not WriteOutcome.PENDING)
            assert [state.outcome for state in heard.writes] == [WriteOutcome.PENDING, WriteOutcome.UNKNOWN]
            assert {state.number for state in heard.writes} == {number}
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})
            after = mirror.samples[set_point]
            assert after is not None
            assert (after.server, after.value) == ("backup", sample.value)
            assert await read_plainly(pair.url("backup"), SET_POINT) == sample.value

            client.write(set_point, 25.5, sample.generation, Readback())
            await heard.until(lambda: len(heard.writes) > 2)
            assert heard.writes[-1].outcome is WriteOutcome.REFUSED  # it bears what was seen on the dead server

            client.write(set_point, 25.5, after.generation, Readback())
            await heard.until(lambda: heard.writes[-1].outcome is WriteOutcome.DONE)
            assert await read_plainly(pair.url("backup"), SET_POINT) == 25.5

    with running_pair(tmp_path, LIVELY) as pair:
        asyncio.run(play(pair))
    rows = [json.loads(line) for line in (tmp_path / "audit" / "backup.jsonl").read_text("utf-8").splitlines()]
    written = [row for row in rows if row["kind"] == "value" and f"bms:{row['item']}" == SET_POINT]
    assert [row["value"] for row in written].count(25.5) == 1


def test_when_the_link_process_dies_everything_is_stale_and_a_new_one_brings_it_back(tmp_path: Path) -> None:
    async def play(pair: Pair) -> None:
        async with linked(tmp_path, write_profile(tmp_path, pair), [*ITEMS, SET_POINT]) as (
            client,
            mirror,
            heard,
            handles,
        ):
            first = client.pid
            assert first is not None
            os.kill(first, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.STALE})
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})
            assert client.pid != first

    with running_pair(tmp_path, LIVELY) as pair:
        asyncio.run(play(pair))


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
def test_a_link_process_that_hangs_is_taken_for_silent_ended_and_replaced(tmp_path: Path) -> None:
    async def play(pair: Pair) -> None:
        async with linked(tmp_path, write_profile(tmp_path, pair), [*ITEMS, SET_POINT]) as (
            client,
            mirror,
            heard,
            handles,
        ):
            first = client.pid
            assert first is not None
            os.kill(first, signal.SIGSTOP)
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.STALE})
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})
            assert client.pid != first
            with pytest.raises(ProcessLookupError):
                os.kill(first, 0)

    with running_pair(tmp_path, LIVELY) as pair:
        asyncio.run(play(pair))


def test_an_encrypted_pair_is_followed_as_well_and_both_servers_differ_in_their_namespaces(tmp_path: Path) -> None:
    async def indexes(pair: Pair) -> set[int]:
        found = set()
        for server in Server:
            async with Client(pair.url(server)) as client:
                found.add(await client.get_namespace_index(NAMESPACES["bms"]))
        return found

    options = Options(items=20, change_rate=100, dead_after=UNHURRIED, standby="passive")
    with running_pair(tmp_path, options) as pair:
        assert len(asyncio.run(indexes(pair))) == 2
        profile = write_profile(tmp_path, pair, policy="Basic256Sha256", mode="SignAndEncrypt")
        with Watching(profile, ITEMS) as watching:
            watching.wait_live("main")
            killed = time.time()
            pair.kill("main")
            watching.wait_live("backup", since=killed)
    never_claims_more_than_the_servers_held(watching, tmp_path)
