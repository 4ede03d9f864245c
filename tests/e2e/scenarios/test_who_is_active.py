"""Scenarios 6 to 10 and 13 of the design page: what the servers say of their roles, and how they refuse."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import ua

from fakes.door import Answered, Message, Refused
from fakes.guest import swap
from programs.linked import fresh, linked
from programs.pairs import BUSY, never_claims_more_than_the_servers_held
from programs.stage import ITEMS, LIVELY, Stage, staged
from vizclient.items.freshness import Freshness
from vizclient.items.writing import Readback, WriteOutcome
from vizclient.redundancy.model import Caution, Connection

pytestmark = pytest.mark.e2e

DWELL = 1.5


def test_06_service_levels_are_followed_but_higher_numbers_are_not_chased(tmp_path: Path) -> None:
    options = replace(LIVELY, announce="level", standby="passive")
    with staged(tmp_path, options, min_dwell_ms=int(DWELL * 1000)) as stage, stage.watching() as watching:
        watching.wait_live("main")
        stage.claim("backup", 255)
        fallen = time.time()
        stage.claim("main", 100)  # 255 → 100 while the peer is 255
        watching.wait_connection("connected", "backup", since=fallen)
        watching.wait_live("backup", since=fallen)
        begun = stage.backup.entries("ActivateSession")[-1].t  # before it was said, and before the dwell began
        moved = time.time() - time.perf_counter() + begun

        both, both_at = time.time(), time.perf_counter()
        stage.claim("backup", 100)  # both 100: nobody is better
        watching.wait_fresh("uncertain", "backup", since=both)
        stage.main.wait_for("CloseSession", since=both_at)  # it was asked
        assert stage.main.entries("CreateSubscription", since=both_at) == []

        better = time.time()
        stage.claim("main", 255)  # 100 → 255 over there: not twice within the dwell
        back = watching.wait_connection("connected", "main", since=better)["t"]
        assert back - moved >= DWELL - 0.05
        watching.wait_live("main", since=better)

        less_at = time.perf_counter()
        stage.claim("backup", 255)
        stage.pair.wait_done(stage.pair.set("main", level=210, peer_level=255))  # 255 → 210: healthy is healthy
        stage.backup.wait_for("CloseSession", since=less_at)
        assert stage.backup.entries("CreateSubscription", since=less_at) == []
        assert watching.states(since=back + 0.001) == []


def test_07_swapped_roles_are_followed_while_both_servers_live_and_take_sessions(tmp_path: Path) -> None:
    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage, stage.watching() as watching:
        watching.wait_live("main")
        for server in ("backup", "main", "backup"):
            left = "main" if server == "backup" else "backup"
            stage.doors[left].wait_for("Read", since=time.perf_counter() + 0.6)  # long after the role was first told
            swapped, swapped_at = time.time(), time.perf_counter()
            assert swap(stage.pair) == server
            active = stage.pair.wait_for_role(server, "active", since=swapped_at)
            watching.wait_live(server, since=swapped)
            assert watching.wait_connection("connected", server, since=swapped)["t"] < active["t"] + BUSY
            waited = ["no-active-server"] if active["t"] > swapped + BUSY else []  # the pair itself took that long
            assert [state for state in watching.states(since=swapped) if state not in waited] == [
                "switching",
                "connected",
            ]
            stage.doors[left].wait_for("CloseSession", since=swapped_at)
        assert all(status.running for status in stage.pair.status().values())
    never_claims_more_than_the_servers_held(watching, tmp_path)


def _unreadable(message: Message) -> object:
    """Every node is refused, each by itself."""
    if not message.up or message.kind != "Read":
        return None
    response = ua.ReadResponse()
    refused = ua.DataValue(ua.Variant(), ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNotReadable)))
    response.Results = [refused for _ in message.decoded().Parameters.NodesToRead]
    return Answered(response)


def _refusing(kind: str) -> object:
    def rule(message: Message) -> object:
        return Refused(ua.StatusCodes.BadServerHalted) if message.up and message.kind == kind else None

    return rule


@pytest.mark.parametrize("layer", ["Hello", "CreateSession", "ActivateSession", "node"])
def test_08_a_standby_may_refuse_at_any_layer_and_is_taken_when_it_lets_us_in(tmp_path: Path, layer: str) -> None:
    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage:
        asked = "Read" if layer == "node" else layer
        if layer == "Hello":
            stage.backup.refuse_hello = ua.StatusCodes.BadTcpServerTooBusy
        else:
            stage.backup.rule = _unreadable if layer == "node" else _refusing(layer)  # type: ignore[assignment]
        with stage.watching() as watching:
            watching.wait_live("main")
            stage.backup.wait_for(asked if layer != "Hello" else "connect")
            killed, killed_at = time.time(), time.perf_counter()
            stage.pair.kill("main")
            stage.backup.wait(
                "two refused attempts", lambda: len(stage.backup.entries("connect", since=killed_at)) >= 2
            )
            assert [line for line in watching.since(killed) if line["server"] == "backup"] == []
            assert "connected" not in watching.states(since=killed)
            opened = time.time()
            stage.backup.rule, stage.backup.refuse_hello = None, 0
            watching.wait_live("backup", since=opened)
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_09_a_standby_that_lets_us_in_and_shows_old_values_is_left(tmp_path: Path) -> None:
    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage, stage.watching() as watching:
        watching.wait_live("main")
        swapped = time.time()
        stage.pair.swap()  # the main goes on taking sessions, and its values stand still
        watching.wait_live("backup", since=swapped)
        stage.main.wait("nobody on the standby", lambda: not stage.main.connections)
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_09_a_standby_alone_is_never_taken_for_the_active_server(tmp_path: Path) -> None:
    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage:
        stage.main.shut()
        with stage.watching() as watching:
            watching.wait_connection("no-active-server")
            assert {line["freshness"] for line in watching.since(0)} == {"never"}
            opened = time.time()
            stage.main.open()
            watching.wait_live("main", since=opened)


def test_09_where_neither_says_who_is_active_values_are_uncertain_and_nothing_is_written(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, ITEMS, Freshness.UNCERTAIN) as (client, mirror, heard, handles):
            assert client.connection is not None
            assert client.connection.warnings == (Caution.ROLE_UNSURE,)
            sample = mirror.samples[handles[0]]
            assert sample is not None
            client.write(handles[0], 1, sample.generation, Readback())
            await heard.until(lambda: bool(heard.writes))
            assert (heard.writes[-1].outcome, heard.writes[-1].code) == (WriteOutcome.REFUSED, "write-role-unsure")
            stage.pair.wait_done(stage.pair.set("backup", standby="reject"))  # so the other one it must be
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})

    with staged(tmp_path, replace(LIVELY, announce="none", standby="passive")) as stage:
        asyncio.run(play(stage))


def test_10_of_two_active_servers_the_one_connected_last_is_kept_and_at_the_start_it_is_the_main(
    tmp_path: Path,
) -> None:
    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, ITEMS) as (client, mirror, heard, handles):

            def on(server: str, *warnings: Caution) -> bool:
                connection = client.connection
                return (
                    connection is not None
                    and (connection.server, connection.warnings) == (server, warnings)
                    and fresh(mirror, handles) == {Freshness.LIVE}
                )

            servers: list[object] = []

            def note(connection: Connection | None) -> None:
                if connection is not None and connection.server not in (None, *servers[-1:]):
                    servers.append(connection.server)

            client.on_connection.append(note)
            note(client.connection)  # it may have been said already that there are two
            await heard.until(lambda: on("main", Caution.TWO_ACTIVE))
            stage.main.black_hole()
            await heard.until(lambda: on("backup"))
            stage.main.black_hole(on=False)
            await heard.until(lambda: on("backup", Caution.TWO_ACTIVE))
            assert servers == ["main", "backup"]

    with staged(tmp_path, LIVELY) as stage:
        cut_at = time.perf_counter()
        stage.pair.cut_link()
        stage.pair.wait_for_role("backup", "active", since=cut_at)
        asyncio.run(play(stage))


def test_13_while_the_roles_flap_nothing_piles_up_and_the_last_one_wins(tmp_path: Path) -> None:
    flaps = 20
    with staged(tmp_path, replace(LIVELY, standby="passive")) as stage, stage.watching() as watching:
        watching.wait_live("main")
        server, began = "main", time.perf_counter()
        for _ in range(flaps):  # as fast as the pair can, some 300 ms each
            server = swap(stage.pair)
        last = time.time()
        watching.wait_live(server, since=last)
        active, other = (stage.doors[name] for name in (server, "main" if server == "backup" else "backup"))
        other.wait(  # all of it at one moment: the standby is asked now and then
            "one session on the active server and nobody on the standby",
            lambda: (
                (active.connections, active.sessions.total(), other.connections, other.sessions.total()) == (1, 1, 0, 0)
            ),
        )
        took = time.perf_counter() - began
        for door in (
            stage.main,
            stage.backup,
        ):  # each is taken in every second flap, and as a standby asked once a second
            assert len(door.entries("CreateSession")) <= 2 * flaps + took
    never_claims_more_than_the_servers_held(watching, tmp_path)
