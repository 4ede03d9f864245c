"""Scenarios 2, 3, 4, 5, 11, 14 and 22 of the design page: a server is lost, or takes its leave."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from asyncua import ua

from fakes.door import KEEP, SWALLOW, Door, Message, Refused
from programs.pairs import (
    BUSY,
    between_the_servers_nothing_is_live,
    never_claims_more_than_the_servers_held,
)
from programs.stage import ITEMS, LIVELY, once, staged

pytestmark = pytest.mark.e2e

DATA_REQUESTS = ("CreateSubscription", "CreateMonitoredItems", "Publish")


def test_02_a_thawed_server_gets_no_second_data_session_though_it_still_takes_itself_for_active(tmp_path: Path) -> None:
    options = replace(LIVELY, standby="passive", stay=True, ghost=True)
    with staged(tmp_path, options) as stage, stage.watching() as watching:
        watching.wait_live("main")
        frozen, frozen_at = time.time(), time.perf_counter()
        stage.pair.freeze("main")
        active = stage.pair.wait_for_role("backup", "active", since=frozen_at)
        watching.wait_live("backup", since=frozen)
        between_the_servers_nothing_is_live(watching, frozen, active["t"])
        on_backup, thawed_at = time.time(), time.perf_counter()
        stage.pair.thaw("main")
        stage.pair.wait_for_role("main", "standby", since=thawed_at)
        stage.main.wait_for("CloseSession", since=thawed_at)  # it was probed, and found wanting
        watching.wait_live("backup", since=time.time())
        assert {line["server"] for line in watching.since(on_backup)} == {"backup"}
        assert not [kind for kind in DATA_REQUESTS if stage.main.entries(kind, since=thawed_at)]
        stage.main.wait("the old connections to end", lambda: not stage.main.connections)
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_03_a_black_hole_is_noticed_without_any_reset(tmp_path: Path) -> None:
    with staged(tmp_path, LIVELY) as stage, stage.watching() as watching:
        watching.wait_live("main")
        lost, lost_at = time.time(), time.perf_counter()
        stage.main.black_hole()
        stage.pair.cut_link()
        active = stage.pair.wait_for_role("backup", "active", since=lost_at)
        watching.wait_live("backup", since=lost)
        assert watching.wait_connection("switching", since=lost)["reason"] == "timed-out"
        taken = watching.wait_connection("connected", "backup", since=lost)
        assert taken["t"] < max(active["t"], lost + 1.0) + BUSY
        between_the_servers_nothing_is_live(watching, lost, active["t"])
        on_backup, healed_at = time.time(), time.perf_counter()
        stage.main.black_hole(on=False)
        stage.main.wait_for("CloseSession", since=healed_at)
        watching.wait_live("backup", since=time.time())
        assert {line["server"] for line in watching.since(on_backup)} == {"backup"}
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_04_an_announced_shutdown_is_left_before_it_comes(tmp_path: Path) -> None:
    with staged(tmp_path, LIVELY) as stage, stage.watching() as watching:
        watching.wait_live("main")
        announced = time.time()
        stage.pair.wait_done(stage.pair.stop_gracefully("main", 60.0))
        left = watching.wait_connection("switching", since=announced)
        assert left["reason"] == "server-state"
        watching.wait_live("backup", since=announced)
        assert stage.pair.status()["main"].running
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_05_a_server_in_maintenance_is_not_probed_before_the_time_of_its_return(tmp_path: Path) -> None:
    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage, stage.watching() as watching:
        watching.wait_live("main")
        said, promised_at = time.time(), time.perf_counter() + 3.0
        stage.pair.wait_done(stage.pair.set("main", estimated_return=3.0, level=0))
        stage.claim("backup", 255, 0)
        left = watching.wait_connection("switching", since=said)
        assert left["reason"] == "service-level-0"
        left_at = time.perf_counter()
        watching.wait_live("backup", since=said)
        stage.claim("main", None)  # back early, but nobody asks
        back = stage.main.wait_for("connect", since=left_at)
        assert back.t > promised_at - 0.1
        home = time.time()
        stage.claim("backup", None)
        watching.wait_live("main", since=home)


def test_11_while_no_server_is_active_neither_is_stormed_and_the_first_that_is_serves_soon(tmp_path: Path) -> None:
    def refuse(message: Message) -> object:
        return Refused(ua.StatusCodes.BadServerHalted) if message.up and message.kind == "CreateSession" else None

    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage, stage.watching() as watching:
        watching.wait_live("main")
        stage.backup.wait_for("CloseSession")  # it was asked, and no session with it is open
        lost, lost_at = time.time(), time.perf_counter()
        stage.main.rule = stage.backup.rule = refuse
        stage.main.cut()
        watching.wait_connection("no-active-server", since=lost)
        watching.wait_fresh("stale", since=lost)
        stale = time.time()
        for door in (stage.main, stage.backup):  # each wait is longer than the one before, up to two seconds and luck
            door.wait("attempts", lambda door=door: len(door.entries("CreateSession", since=lost_at)) >= 5)  # type: ignore[misc]
        elapsed = time.perf_counter() - lost_at
        for door in (stage.main, stage.backup):
            attempts = door.entries("connect", since=lost_at)
            assert len(attempts) <= 5 + elapsed / 2
            asked = {entry.connection: entry.t for entry in door.entries("CreateSession", since=lost_at)}
            # from when the door refused it: the client knows that later, and only then begins to wait
            gaps = [later.t - asked.get(earlier.connection, earlier.t) for earlier, later in pairwise(attempts[1:])]
            assert all(gap > 0.24 for gap in gaps), gaps
        assert watching.since(stale) == []
        again = time.time()
        stage.main.rule = None
        assert watching.wait_connection("connected", "main", since=again)["t"] < again + 4.0 + BUSY
        watching.wait_live("main", since=again)
    never_claims_more_than_the_servers_held(watching, tmp_path)


@pytest.mark.parametrize("moment", ["ActivateSession", "CreateSubscription"])
def test_14_when_the_backup_dies_during_the_switch_the_search_goes_on(tmp_path: Path, moment: str) -> None:
    with staged(tmp_path, replace(LIVELY, return_delay=200)) as stage, stage.watching() as watching:
        watching.wait_live("main")
        kill = once(lambda: stage.pair.kill("backup"))

        def rule(message: Message) -> object:
            if message.up and message.kind == moment:
                kill()
                return SWALLOW
            return None

        stage.backup.rule = rule
        killed, killed_at = time.time(), time.perf_counter()
        stage.pair.kill("main")
        ended = stage.pair.wait_for("exited", "backup", since=killed_at)  # until then values of its own may be shown
        watching.wait_connection("no-active-server", since=killed)
        again, again_at = time.time(), time.perf_counter()
        stage.pair.restart("main")
        active = stage.pair.wait_for_role("main", "active", since=again_at, timeout=30)
        watching.wait_live("main", since=again)
        between_the_servers_nothing_is_live(watching, ended["t"], active["t"])
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_22_late_notifications_of_the_server_that_was_left_are_shown_to_nobody(tmp_path: Path) -> None:
    def stays_open(message: Message) -> object:
        return SWALLOW if message.up and message.kind == "CloseSession" else None

    def late(message: Message) -> object:
        return KEEP if not message.up and message.kind == "Publish" else stays_open(message)

    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage, stage.watching() as watching:
        watching.wait_live("main")
        swapped, swapped_at = time.time(), time.perf_counter()
        stage.main.rule = late
        stage.pair.swap()
        stage.main.wait_for("CloseSession", since=swapped_at)
        names = [item.removeprefix("bms:") for item in ITEMS]
        for number, name in enumerate(names):  # values that the other server never holds
            stage.pair.wait_done(stage.pair.write_item("main", name, 7000 + number))
        watching.wait_connection("connected", "backup", since=swapped)
        stage.main.rule = stays_open
        stage.main.release()
        watching.wait_live("backup", since=swapped)
        stage.main.wait("the old connection to end", lambda: _ended(stage.main, "CreateSubscription"))
        left = watching.wait_connection("switching", since=swapped)["t"]
        after = watching.since(left)
        assert [line for line in after if line["value"] >= 7000] == []
        assert not [line for line in after if line["server"] == "main" and line["freshness"] not in ("held", "stale")]
    never_claims_more_than_the_servers_held(watching, tmp_path)


def _ended(door: Door, kind: str) -> bool:
    """Whether every connection on which there was such a request has ended."""
    ended = {entry.connection for entry in door.entries("end")}
    return all(entry.connection in ended for entry in door.entries(kind))
