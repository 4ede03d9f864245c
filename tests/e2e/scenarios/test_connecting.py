"""Scenarios 20, 23, 24 and 25 of the design page: certificates and credentials, what is left behind, odd beginnings."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import ua

from fakes.door import HELLO, KEEP, OPEN, Message, Refused
from fakes.guest import can_swap, swap, wait_until
from programs.linked import fresh, linked
from programs.pairs import never_claims_more_than_the_servers_held, running_pair, write_profile
from programs.stage import ITEMS, LIVELY, Stage, staged
from programs.watching import Watching
from vizclient.items.freshness import Freshness
from vizclient.redundancy.model import ConnectionState, Problem, ProblemKind

pytestmark = pytest.mark.e2e

PASSIVE = replace(LIVELY, standby="passive")


def _attention(client: object, kind: ProblemKind) -> bool:
    connection = client.connection  # type: ignore[attr-defined]
    reason = None if connection is None else connection.reason
    return (
        connection is not None
        and connection.state is ConnectionState.ATTENTION
        and isinstance(reason, Problem)
        and reason.kind is kind
    )


def test_20_another_certificate_is_not_taken_before_a_person_has_looked_at_it(tmp_path: Path) -> None:
    keys = tmp_path / "servers"

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, ITEMS) as (client, mirror, heard, handles):
            trusted = next((tmp_path / "data").rglob("trusted")) / stage.profile.stem / "backup.der"
            await asyncio.to_thread(stage.backup.wait, "its certificate to be trusted", trusted.exists)
            stage.pair.kill("backup")
            for file in keys.glob("backup.*"):
                file.unlink()
            renewed = time.perf_counter()
            stage.pair.restart("backup")
            stage.pair.wait_for("ready", "backup", since=renewed, timeout=30)
            stage.pair.wait_for("state", "main", since=renewed, peer_ready=True)
            killed = time.perf_counter()
            stage.pair.kill("main")
            stage.pair.wait_for_role("backup", "active", since=killed)
            await heard.until(lambda: _attention(client, ProblemKind.CERTIFICATE))
            assert fresh(mirror, handles) == {Freshness.STALE}
            assert all(sample is not None and sample.server == "main" for sample in mirror.samples)
            trusted.unlink()  # a person has compared the thumbprints
            client.retry()
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})

    with staged(
        tmp_path, replace(PASSIVE, data_dir=str(keys)), policy="Basic256Sha256", mode="SignAndEncrypt"
    ) as stage:
        asyncio.run(play(stage))


def test_20_wrong_credentials_are_shown_once_and_again_only_when_a_person_asks_for_it(tmp_path: Path) -> None:
    def refuse(message: Message) -> object:
        wrong = message.up and message.kind == "ActivateSession"
        return Refused(ua.StatusCodes.BadIdentityTokenRejected) if wrong else None

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, ITEMS) as (client, mirror, heard, handles):
            await asyncio.to_thread(stage.backup.wait_for, "ActivateSession")
            killed = time.perf_counter()
            stage.pair.kill("main")
            await heard.until(lambda: _attention(client, ProblemKind.CREDENTIALS))
            await asyncio.to_thread(stage.backup.wait_for, "connect", killed)  # its port is looked at, no more
            assert len(stage.backup.entries("ActivateSession")) == 1
            stage.backup.rule = None
            client.retry()
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})

    with staged(tmp_path, PASSIVE) as stage:
        stage.backup.rule = refuse
        asyncio.run(play(stage))


def _keep_created_session(message: Message) -> object:
    return KEEP if message.kind == "CreateSession" and not message.up else None


@contextmanager
def _answered_once_it_ends(stage: Stage, begun: float) -> Iterator[None]:
    """What is kept at the main goes its way when the client, ended in the block, has begun to take its leave of the backup."""
    stage.backup.wait_for("connect", since=begun)
    asked = time.perf_counter()

    def answer() -> None:
        left = ("CloseSession", "end")
        stage.backup.wait("its leave", lambda: any(stage.backup.entries(kind, since=asked) for kind in left))
        stage.main.release()

    answering = threading.Thread(target=answer, name="answering")
    answering.start()
    yield
    answering.join()


@pytest.mark.skipif(sys.platform == "win32", reason="asks a child to end by a signal")
def test_23_a_program_that_is_closed_at_any_moment_of_connecting_leaves_nothing_behind(tmp_path: Path) -> None:
    with staged(tmp_path, PASSIVE) as stage:
        for door in stage.doors.values():
            door.latency = 0.05
        for moment in ("connect", HELLO, OPEN, "CreateSession", "ActivateSession", "Read", "Publish"):
            begun = time.perf_counter()
            stage.main.rule = _keep_created_session if moment == "CreateSession" else None
            with stage.watching() as watching:
                stage.main.wait_for(moment, since=begun)
                with _answered_once_it_ends(stage, begun) if moment == "CreateSession" else nullcontext():
                    watching.end()
            for door in stage.doors.values():
                door.wait(f"every connection to end ({moment})", lambda door=door: not door.connections)  # type: ignore[misc]
                assert door.left_open() == [], moment


def test_24_two_sessions_are_enough_for_a_hundred_switchovers(tmp_path: Path) -> None:
    refused: list[Message] = []

    def look(message: Message) -> None:
        if message.fault and message.kind == "CreateSession":
            refused.append(message)

    with staged(tmp_path, replace(PASSIVE, max_sessions=2), publishing_ms=20) as stage:
        stage.main.rule = stage.backup.rule = look
        with stage.watching() as watching:
            watching.wait_live("main")
            for number in range(100):  # what they say is swapped, which takes no time
                taken, left = ("backup", "main") if number % 2 == 0 else ("main", "backup")
                since = time.time()
                stage.claim(taken, 255, 0)
                stage.claim(left, 100, 2)
                watching.wait_live(taken, since=since)
                assert refused == []
            assert stage.main.sessions.total() + stage.backup.sessions.total() <= 2
        for door in (stage.main, stage.backup):
            door.wait("every connection to end", lambda door=door: not door.connections)  # type: ignore[misc]
            assert door.left_open() == []


def test_25_a_host_without_an_address_is_no_hindrance(tmp_path: Path) -> None:
    with running_pair(tmp_path, LIVELY, "backup") as pair:
        profile = write_profile(tmp_path, pair, main="opc.tcp://no-such-host.invalid:4840")
        with Watching(profile, ITEMS) as watching:
            watching.wait_live("backup")


def test_25_endpoints_that_name_another_host_are_not_followed(tmp_path: Path) -> None:
    options = replace(PASSIVE, advertise="plc-1.invalid")
    with (
        staged(tmp_path, options, policy="Basic256Sha256", mode="SignAndEncrypt") as stage,
        stage.watching() as watching,
    ):
        watching.wait_live("main")
        killed = time.time()
        stage.pair.kill("main")
        watching.wait_live("backup", since=killed)


def test_25_a_second_and_a_half_of_latency_is_no_loss(tmp_path: Path) -> None:
    with staged(tmp_path, LIVELY) as stage:
        stage.main.latency = stage.backup.latency = 0.75
        with stage.watching() as watching:
            watching.wait_live("main")
            since = time.perf_counter()
            stage.main.wait("six more watchdog reads", lambda: len(stage.main.entries("Read", since=since)) >= 6)
            assert watching.states() == ["connecting", "connected"]
            assert len(stage.main.entries("CreateSession")) == 1
            assert {watching.values(item)[-1]["freshness"] for item in ITEMS} == {"live"}


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
def test_25_after_a_sleep_nothing_is_live_before_it_was_heard_anew(tmp_path: Path) -> None:
    with staged(tmp_path, LIVELY) as stage, stage.watching() as watching:
        watching.wait_live("main")
        heard = time.time()
        watching.wait(
            "changes of every item by subscription",
            lambda _: all(len({line["value"] for line in watching.since(heard, item)}) > 2 for item in ITEMS),
        )
        os.kill(watching.pid, signal.SIGSTOP)
        try:
            time.sleep(6.5)  # five seconds are a sleep; nothing else than time can be waited for
        finally:
            awake = time.time()
            os.kill(watching.pid, signal.SIGCONT)
        watching.wait_connection("switching", since=awake)
        watching.wait_live("main", since=awake)
        assert watching.since(awake)[0]["freshness"] != "live"
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_25_a_soak_of_faults_leaves_the_client_as_it_was(tmp_path: Path) -> None:
    luck = random.Random(25)
    with staged(tmp_path, replace(LIVELY, return_delay=200, stay=True)) as stage, stage.watching() as watching:
        watching.wait_live("main")
        for _ in range(8):
            active = stage.pair.active()
            assert active is not None
            other = "backup" if active == "main" else "main"
            since, since_at = time.time(), time.perf_counter()
            match luck.choice(["kill", "freeze", "cut", "swap", "black hole"]):
                case "kill":
                    stage.pair.kill(active)
                    stage.pair.wait_for_role(other, "active", since=since_at)
                    watching.wait_live(other, since=since)
                    back = time.perf_counter()
                    stage.pair.restart(active)
                    stage.pair.wait_for("ready", active, since=back, timeout=30)
                case "freeze":
                    stage.pair.freeze(active)
                    stage.pair.wait_for_role(other, "active", since=since_at)
                    watching.wait_live(other, since=since)
                    thawed = time.perf_counter()
                    stage.pair.thaw(active)
                    stage.pair.wait_for_role(active, "standby", since=thawed)
                case "cut":
                    stage.doors[active].cut()
                    watching.wait_live(active, since=since)
                case "swap":
                    assert swap(stage.pair) == other
                    watching.wait_live(other, since=since)
                case _:
                    stage.doors[active].black_hole()
                    watching.wait_connection("switching", since=since)
                    stage.doors[active].black_hole(on=False)
                    watching.wait_live(active, since=since)
            wait_until(lambda: can_swap(stage.pair), timeout=30)
        watching.end()
        for door in stage.doors.values():
            door.wait("every connection to end", lambda door=door: not door.connections)  # type: ignore[misc]
    never_claims_more_than_the_servers_held(watching, tmp_path)
