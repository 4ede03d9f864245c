from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from fakes.connecting import FakeAnnouncer, FakeConnector, FakeConsumer, FakeSession
from fakes.pair import Announces, FakePair, Refuses
from fakes.virtual_time import VirtualClock, VirtualLoop, run
from fakes.world import World
from vizclient.redundancy.events import Slept
from vizclient.redundancy.manager import Manager
from vizclient.redundancy.model import (
    Connection,
    ConnectionState,
    Layer,
    Noticed,
    Problem,
    ProblemKind,
    Role,
    Server,
    Source,
    Switchover,
    Timing,
)
from vizclient.redundancy.ports import Announcer, Connector, DataConsumer, ProbeResult, Session, SessionListener

LOST = Problem(ProblemKind.LOST, Layer.ACTIVATED)


def manager_of(
    pair: FakePair,
    *,
    connector: Connector | None = None,
    consumer: DataConsumer | None = None,
    announcer: Announcer | None = None,
) -> Manager:
    return Manager(
        connector or FakeConnector(pair),
        consumer or FakeConsumer(),
        announcer or FakeAnnouncer(),
        Timing(),
        VirtualClock(),
        Random(0),
    )


def test_nothing_is_announced_before_the_start_and_stopping_is_harmless() -> None:
    async def idle() -> None:
        world = World()
        assert world.manager.connection is None
        await world.manager.stop()
        await world.manager.stop()
        assert world.announcer.told == []

    run(idle())


def test_the_probe_that_finds_the_active_server_becomes_the_session() -> None:
    async def connecting() -> None:
        world = World()
        world.manager.start()
        await world.until(ConnectionState.CONNECTED, Server.MAIN)
        assert world.consumer.generations == [1]
        assert len(world.main.attempts) == 1
        assert world.manager.connection == world.connection
        await world.stop()

    run(connecting())


def test_after_a_kill_the_kept_session_of_the_backup_is_adopted_at_its_first_word() -> None:
    async def killing() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(2.0)
        world.main.crash()
        await asyncio.sleep(0.3)
        attempts = len(world.backup.attempts)
        world.backup.become(active=True)
        assert await world.until(ConnectionState.CONNECTED, Server.BACKUP) < 0.002
        assert len(world.backup.attempts) == attempts
        await world.stop()

    run(killing())


def test_a_switchover_is_recorded_and_completed_by_whoever_moves_the_values() -> None:
    async def recording() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(2.0)
        world.main.crash()
        lost_at = world.now
        await asyncio.sleep(0.3)
        world.backup.become(active=True)
        await world.until(ConnectionState.CONNECTED, Server.BACKUP)
        (switchover,) = world.manager.switchovers
        assert (switchover.left, switchover.taken, switchover.cause) == (Server.MAIN, Server.BACKUP, LOST)
        assert switchover.lost_at == pytest.approx(lost_at, abs=0.01)
        assert switchover.wall == pytest.approx(lost_at + world.clock.wall_offset, abs=0.01)
        assert lost_at + 0.3 <= switchover.active_at <= switchover.adopted_at < lost_at + 0.31
        generation = world.connection.generation
        world.manager.values_arrived(generation, first_at=5.0)
        world.manager.values_arrived(generation, all_at=6.0)
        world.manager.values_arrived(generation - 1, first_at=9.0, all_at=9.0)
        completed = replace(switchover, first_value_at=5.0, all_values_at=6.0)
        assert world.manager.switchovers == (completed,)
        assert world.record == [switchover, replace(switchover, first_value_at=5.0), completed]
        assert (switchover.blackout, switchover.outage) == (None, None)
        assert completed.blackout == pytest.approx(6.0 - switchover.active_at)
        assert completed.outage == pytest.approx(6.0 - lost_at, abs=0.01)
        await world.stop()

    run(recording())


@pytest.mark.parametrize(
    ("happen", "noticed"),
    [
        (lambda world: world.main.crash(), Noticed.RESET),
        (lambda world: world.main.freeze(), Noticed.WATCHDOG),
        (lambda world: world.pair.swap(), Noticed.ROLE),
        (lambda world: _lose(world, ProblemKind.LOST, 0x80250000), Noticed.ENDED),
        (lambda world: _lose(world, ProblemKind.UNDECODABLE), Noticed.UNDECODABLE),
        (lambda world: _lose(world, ProblemKind.LOCAL), Noticed.LOCAL),
        (lambda world: setattr(world.clock, "wall_offset", 0.0), Noticed.SLEEP),
    ],
)
def test_who_noticed_is_recorded_with_the_times_of_the_steps(happen: Callable[[World], None], noticed: Noticed) -> None:
    async def noticing() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(2.0)
        happen(world)
        world.backup.become(active=True)
        await world.pass_time(3.0)
        switchover = world.manager.switchovers[0]
        assert switchover.noticed is noticed
        assert switchover.channel_at is not None
        assert switchover.session_at is not None
        assert switchover.lost_at <= switchover.channel_at < switchover.session_at <= switchover.adopted_at
        await world.stop()

    run(noticing())


def test_a_better_peer_is_noticed_by_its_probe() -> None:
    async def noticing() -> None:
        world = World()
        world.main.announces = world.backup.announces = Announces.LEVEL
        world.manager.start()
        await world.pass_time(2.0)
        world.main.say(level=100)
        await world.pass_time(1.0)
        world.backup.become(active=True)
        await world.until(ConnectionState.CONNECTED, Server.BACKUP)
        assert world.manager.switchovers[0].noticed is Noticed.PEER
        await world.stop()

    run(noticing())


def _lose(world: World, kind: ProblemKind, status: int | None = None) -> None:
    world.manager.session_lost(world.connection.generation, Problem(kind, Layer.ACTIVATED, status))


def test_a_wish_of_a_person_is_followed_and_recorded_without_a_cause() -> None:
    async def switching() -> None:
        world = World(may_switch=True)
        world.backup.become(active=True)
        world.manager.start()
        await world.pass_time(1.5)
        assert world.server is Server.MAIN
        world.manager.ask_switch(Server.BACKUP)
        await world.until(ConnectionState.CONNECTED, Server.BACKUP)
        assert world.manager.switchovers[-1].cause is None
        await world.stop()

    run(switching())


def test_roles_that_swap_are_followed_and_the_cause_is_what_the_server_said() -> None:
    async def swapping() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(2.0)
        world.pair.swap()
        await world.until(ConnectionState.CONNECTED, Server.BACKUP)
        assert world.manager.switchovers[-1].cause is Source.MODE
        await world.stop()

    run(swapping())


def test_what_a_person_has_mended_is_tried_at_once() -> None:
    async def mending() -> None:
        world = World()
        for server in world.pair.both:
            server.trouble = ProblemKind.CREDENTIALS
        world.manager.start()
        await world.pass_time(100.0)
        assert world.connection.state is ConnectionState.ATTENTION
        assert (world.main.credentials_shown, world.backup.credentials_shown) == (1, 1)
        world.main.trouble = None
        world.manager.retry()
        await world.until(ConnectionState.CONNECTED, Server.MAIN, within=0.1)
        await world.stop()

    run(mending())


@pytest.mark.parametrize("state", ["connecting", "connected", "kept", "cut"])
def test_it_stops_within_half_a_second_in_every_state_also_before_frozen_servers(state: str) -> None:
    async def stopping() -> None:
        world = World()
        if state == "connecting":
            world.main.freeze()
            world.backup.cut()
        if state == "kept":
            world.main.become(active=False)
        world.manager.start()
        await world.pass_time(0.1)
        if state != "cut":
            world.main.freeze()
            world.backup.freeze()
        else:
            world.main.cut()
        await world.stop()

    run(stopping())


class ClumsyConnector(FakeConnector):
    """Fails in ways that the contract forbids."""

    def __init__(self, pair: FakePair) -> None:
        super().__init__(pair)
        self.raises: Exception | None = None
        self.dies_early = False
        self.swallows = False
        self.sleeps_after = 0
        self.sleeps: Callable[[], None] = lambda: None
        self.lingers = 0.0

    async def probe(self, server: Server, generation: int, listener: SessionListener, *, session: bool) -> ProbeResult:
        if self.raises is not None:
            raise self.raises
        try:
            result = await super().probe(server, generation, listener, session=session)
            if self.dies_early and result.session is not None:
                listener.session_lost(generation, LOST)
            if self.swallows:
                await asyncio.sleep(1.0)
            if session and generation == self.sleeps_after:
                self.sleeps()
        except asyncio.CancelledError:
            await self.linger()
            if not self.swallows:
                raise
        return result

    async def linger(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.lingers
        while loop.time() < end:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(end - loop.time())


def test_an_error_of_the_connector_is_logged_with_a_trace_and_the_search_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing() -> None:
        pair, announcer = FakePair(), FakeAnnouncer()
        connector = ClumsyConnector(pair)
        connector.raises = ValueError("a fault of ours")
        manager = manager_of(pair, connector=connector, announcer=announcer)
        manager.start()
        await asyncio.sleep(0.1)
        view = announcer.told[-1].main
        assert view.finding.role is Role.UNKNOWN
        assert view.report is not None
        assert view.report.problem is not None
        assert view.report.problem.kind is ProblemKind.LOCAL
        connector.raises = None
        await asyncio.sleep(5.0)
        assert announcer.told[-1].server is Server.MAIN
        await manager.stop()

    with caplog.at_level(logging.ERROR):
        run(failing())
    assert any(record.exc_info and "a fault of ours" in str(record.exc_info[1]) for record in caplog.records)


def test_a_session_that_dies_before_its_probe_has_ended_is_not_adopted() -> None:
    async def dying() -> None:
        pair, consumer = FakePair(), FakeConsumer()
        connector = ClumsyConnector(pair)
        connector.dies_early = True
        manager = manager_of(pair, connector=connector, consumer=consumer)
        manager.start()
        await asyncio.sleep(0.1)
        assert consumer.generations == []
        assert pair.open_sockets() == 0
        connector.dies_early = False
        await asyncio.sleep(5.0)
        assert consumer.session is not None
        await manager.stop()

    run(dying())


def test_a_session_that_comes_of_a_cancelled_probe_is_closed() -> None:
    async def swallowing() -> None:
        pair, consumer = FakePair(), FakeConsumer()
        connector = ClumsyConnector(pair)
        connector.swallows = True
        manager = manager_of(pair, connector=connector, consumer=consumer)
        manager.start()
        await asyncio.sleep(0.5)
        await manager.stop()
        assert consumer.generations == []
        assert pair.open_sockets() == 0

    run(swallowing())


def test_a_session_that_comes_when_its_probe_was_just_discarded_is_closed() -> None:
    async def sleeping() -> None:
        pair, consumer = FakePair(), FakeConsumer()
        connector = ClumsyConnector(pair)
        manager = manager_of(pair, connector=connector, consumer=consumer)
        connector.sleeps_after = 1
        connector.sleeps = lambda: manager._feed(Slept(asyncio.get_running_loop().time(), 60.0))
        manager.start()
        await asyncio.sleep(0.5)
        assert consumer.generations == [3]
        assert pair.open_sockets() == pair.open_sessions() == 1
        await manager.stop()

    run(sleeping())


def test_a_probe_that_does_not_end_when_cancelled_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def lingering() -> None:
        pair = FakePair()
        pair.main.cut()
        connector = ClumsyConnector(pair)
        connector.lingers = 2.0
        manager = manager_of(pair, connector=connector)
        manager.start()
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await manager.stop()
        assert asyncio.get_running_loop().time() - began < 0.5
        await asyncio.sleep(5.0)

    with caplog.at_level(logging.ERROR):
        run(lingering())
    assert "did not end" in caplog.text


class ClumsyConsumer(FakeConsumer):
    """Raises, but does what it should."""

    def __init__(self) -> None:
        super().__init__()
        self.clumsy = True

    def attach(self, session: Session) -> None:
        super().attach(session)
        if self.clumsy:
            raise RuntimeError("attach")

    def detach(self, generation: int) -> None:
        super().detach(generation)
        if self.clumsy:
            raise RuntimeError("detach")


def test_a_session_that_cannot_be_used_counts_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def clumsy() -> None:
        pair, consumer, announcer = FakePair(), ClumsyConsumer(), FakeAnnouncer()
        manager = manager_of(pair, consumer=consumer, announcer=announcer)
        manager.start()
        await asyncio.sleep(0.012)
        assert announcer.told[-1].server is None
        consumer.clumsy = False
        await asyncio.sleep(3.0)
        assert announcer.told[-1].state is ConnectionState.CONNECTED
        assert consumer.generations[0] == 1
        await manager.stop()

    with caplog.at_level(logging.ERROR):
        run(clumsy())
    assert "could not be attached" in caplog.text
    assert "could not be detached" in caplog.text


def test_sessions_that_always_die_young_are_no_storm() -> None:
    async def dying() -> None:
        pair, consumer = FakePair(), ClumsyConsumer()
        pair.backup.active = True
        manager = manager_of(pair, consumer=consumer)
        manager.start()
        await asyncio.sleep(60.0)
        assert 30 < len(consumer.generations) < 120
        consumer.clumsy = False
        await asyncio.sleep(4.0)
        assert consumer.session is not None
        await manager.stop()

    run(dying())


def test_a_listener_that_raises_does_not_end_the_deciding(caplog: pytest.LogCaptureFixture) -> None:
    class Deaf:
        def announce(self, connection: Connection) -> None:
            raise RuntimeError(str(connection.state))

    async def deaf() -> None:
        def on_switchover(switchover: Switchover) -> None:
            raise RuntimeError(str(switchover.taken))

        pair, consumer = FakePair(), FakeConsumer()
        manager = Manager(
            FakeConnector(pair), consumer, Deaf(), Timing(), VirtualClock(), Random(0), on_switchover=on_switchover
        )
        manager.start()
        await asyncio.sleep(1.0)
        pair.swap()
        await asyncio.sleep(1.0)
        assert len(consumer.generations) == 2
        await manager.stop()

    with caplog.at_level(logging.ERROR):
        run(deaf())
    assert "was not announced" in caplog.text
    assert "was not told" in caplog.text


def test_a_session_that_cannot_be_watched_counts_as_lost(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    async def watch(self: FakeSession) -> None:
        raise RuntimeError("watch")

    async def unwatchable() -> None:
        world = World()
        world.manager.start()
        await asyncio.sleep(0.1)
        assert isinstance(world.connection.reason, Problem)
        assert world.connection.reason.kind is ProblemKind.LOCAL
        await world.stop()

    monkeypatch.setattr(FakeSession, "watch", watch)
    with caplog.at_level(logging.ERROR):
        run(unwatchable())
    assert "cannot be watched" in caplog.text


def test_an_event_that_comes_while_deciding_waits_for_its_turn() -> None:
    class Hasty(FakeConsumer):
        manager: Manager

        def attach(self, session: Session) -> None:
            super().attach(session)
            if len(self.generations) == 1:
                self.manager.session_lost(session.generation, LOST)
                assert self.session is session, "decided while an effect was being carried out"

    async def hasty() -> None:
        pair, consumer = FakePair(), Hasty()
        consumer.manager = manager_of(pair, consumer=consumer)
        consumer.manager.start()
        await asyncio.sleep(1.0)
        assert len(consumer.generations) == 2
        await consumer.manager.stop()

    run(hasty())


def test_a_wall_clock_that_jumps_means_that_the_computer_slept() -> None:
    async def sleeping() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(10.0)
        assert len(world.consumer.generations) == 1
        world.clock.wall_offset += 3600.0
        await world.pass_time(1.5)
        assert len(world.consumer.generations) == 2
        assert world.manager.switchovers[-1].taken is Server.MAIN
        await world.pass_time(10.0)
        assert len(world.consumer.generations) == 2
        await world.stop()

    run(sleeping())


def test_an_event_loop_that_stood_still_for_seconds_means_that_the_computer_slept() -> None:
    async def standing() -> None:
        world = World()
        world.manager.start()
        await world.pass_time(10.0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.now += 4.0
        await world.pass_time(3.0)
        assert len(world.consumer.generations) == 1, "four seconds are the watchdog's business"
        loop.now += 60.0
        await world.pass_time(3.0)
        assert len(world.consumer.generations) == 2
        await world.stop()

    run(standing())


def test_the_record_holds_the_last_two_hundred_switchovers() -> None:
    async def many() -> None:
        world = World()
        for server in world.pair.both:
            server.refuses = Refuses.TCP
        world.manager.start()
        await world.pass_time(0.6)
        for _ in range(201):
            world.pair.swap()
            await world.pass_time(0.6)
        assert len(world.record) == 201
        assert world.manager.switchovers == tuple(world.record[1:])
        await world.stop()

    run(many())
