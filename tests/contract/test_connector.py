"""What a Connector and its sessions promise: the same tests for the fakes and for the real thing on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest
from asyncua import ua

from fakes.connecting import FakeConnector
from fakes.pair import Announces, FakePair, Refuses
from fakes.ua_server import NAMESPACE, UaServer, ua_server
from fakes.virtual_time import VirtualLoop
from fakes.virtual_time import run as run_in_virtual_time
from fakes.wire import Relay, relay
from vizclient.items.address import Address
from vizclient.items.ports import Change, DataSession, SessionEnded
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Deadlines, Target
from vizclient.redundancy.model import Layer, Problem, ProblemKind, Report, Server, Timing
from vizclient.redundancy.ports import Connector, ProbeResult, Session

A, B, MISSING = (Address(NAMESPACE, name) for name in ("A", "B", "Missing"))


class Stage(Protocol):
    """A connector, and a main server with the items A = 1.5 and B = 2.5 that can be made to misbehave."""

    connector: Connector
    slack: float
    """How many times as long things may take here as they ought to, with everything else that this machine does."""

    async def refuse_sessions(self) -> None: ...
    async def close_port(self) -> None: ...
    async def freeze(self) -> None: ...
    async def stand_still(self, seconds: float) -> None:
        """When the next request is on its way, everything stops for so long: network, this process and all."""
        ...

    async def reset(self) -> None: ...
    async def say_level(self, level: int) -> None: ...
    async def move(self, address: Address, value: float) -> None: ...
    async def written(self, address: Address) -> object: ...
    async def left_behind(self) -> int:
        """Connections that the client still holds, and sessions that the server still has."""
        ...


class Heard:
    """A listener that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.lost: list[Problem] = []
        self.changes: dict[int, Change] = {}
        self._changed = asyncio.Event()

    def session_reported(self, generation: int, report: Report) -> None:
        assert generation == 1
        self.reports.append(report)
        self._changed.set()

    def session_lost(self, generation: int, problem: Problem) -> None:
        assert generation == 1
        self.lost.append(problem)
        self._changed.set()

    def batch(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.changes[change.handle] = change
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class FakeStage:
    slack = 1.0

    def __init__(self) -> None:
        self._pair = FakePair({A: 1.5, B: 2.5})
        self._pair.main.announces = Announces.LEVEL
        self._pair.main.level = 255
        self.connector: Connector = FakeConnector(self._pair, deadline=0.6)

    async def refuse_sessions(self) -> None:
        self._pair.main.refuses = Refuses.SESSION
        self._pair.main.become(active=False)

    async def close_port(self) -> None:
        self._pair.main.crash()

    async def freeze(self) -> None:
        self._pair.main.freeze()

    async def stand_still(self, seconds: float) -> None:
        def stop() -> float:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            self._pair.main.slow = lambda: 0.0
            loop.now += seconds
            return 0.0

        self._pair.main.slow = stop

    async def reset(self) -> None:
        self._pair.main.crash()

    async def say_level(self, level: int) -> None:
        self._pair.main.say(level=level)

    async def move(self, address: Address, value: float) -> None:
        self._pair.move(address, value)

    async def written(self, address: Address) -> object:
        return self._pair.field[address]

    async def left_behind(self) -> int:
        return self._pair.open_sockets()


class RealStage:
    slack = 20.0

    def __init__(self, server: UaServer, nodes: dict[Address, object], wire: Relay, places: Path) -> None:
        self._server = server
        self._nodes = nodes
        self._wire = wire
        self.connector: Connector = OpcUaConnector(
            {Server.MAIN: Target(wire.url)},
            own=places / "own",
            trusted=places / "trusted",
            timing=Timing(publishing=0.02),
            deadlines=Deadlines(tcp=2.0, step=2.0, request=2.0),
        )

    async def refuse_sessions(self) -> None:
        self._wire.upward = lambda data: data.replace(
            b"\x01\x00\xcd\x01", b"\x01\x00\xce\x01"
        )  # CreateSession: unknown

    async def close_port(self) -> None:
        await self._wire.stop_listening()

    async def freeze(self) -> None:
        self._wire.freeze()

    async def stand_still(self, seconds: float) -> None:
        def stop(data: bytes) -> bytes:
            self._wire.upward = bytes
            time.sleep(seconds)
            return data

        self._wire.upward = stop

    async def reset(self) -> None:
        self._wire.reset()

    async def say_level(self, level: int) -> None:
        self._server.set(self._server.node(ua.ObjectIds.Server_ServiceLevel), level, ua.VariantType.Byte)

    async def move(self, address: Address, value: float) -> None:
        self._server.set(self._nodes[address], value, ua.VariantType.Double)

    async def written(self, address: Address) -> object:
        return self._server.run(self._nodes[address].read_value())  # type: ignore[attr-defined]

    async def left_behind(self) -> int:
        self._wire.thaw()  # else it cannot notice that the client has closed
        return await self._wire.settled()


@pytest.fixture(scope="module")
def plant() -> Iterator[tuple[UaServer, dict[Address, object]]]:
    with ua_server() as server:
        nodes = {
            A: server.add("A", 1.5, ua.VariantType.Double, writable=True),
            B: server.add("B", 2.5, ua.VariantType.Double, writable=True),
        }
        yield server, nodes


Scenario = Callable[[Stage], Awaitable[None]]
Play = Callable[[Scenario], None]


@pytest.fixture(params=["fake", "real"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Runs a scenario on a stage; whatever task it leaves behind fails it."""
    if request.param == "fake":

        async def on_fakes(scenario: Scenario) -> None:
            await scenario(FakeStage())

        return lambda scenario: run_in_virtual_time(on_fakes(scenario))

    server, nodes = request.getfixturevalue("plant")

    async def on_sockets(scenario: Scenario) -> None:
        for node, value in ((nodes[A], 1.5), (nodes[B], 2.5)):
            server.set(node, value, ua.VariantType.Double)
        server.set(server.node(ua.ObjectIds.Server_ServiceLevel), 255, ua.VariantType.Byte)
        async with relay(server.port) as wire:
            await scenario(RealStage(server, nodes, wire, tmp_path))
            assert await _own_tasks() == []

    return lambda scenario: asyncio.run(on_sockets(scenario))


async def _own_tasks() -> list[str]:
    for _ in range(5):
        await asyncio.sleep(0)
    return [
        task.get_name()
        for task in asyncio.all_tasks()
        if task.get_name().startswith(("session", "tcp")) and not task.done()
    ]


async def _probe(stage: Stage, heard: Heard, *, session: bool = True) -> ProbeResult:
    return await stage.connector.probe(Server.MAIN, 1, heard, session=session)


@contextlib.asynccontextmanager
async def _session(stage: Stage, heard: Heard) -> AsyncIterator[DataSession]:
    result = await _probe(stage, heard)
    assert result.session is not None, result.report
    session: Session = result.session
    await session.watch()
    try:
        yield session  # type: ignore[misc]
    finally:
        await session.close()
        assert await stage.left_behind() == 0


def test_a_probe_of_a_server_that_accepts_reports_it_and_holds_a_session(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        result = await _probe(stage, Heard())
        assert result.report.accepted
        assert result.report.level == 255
        assert result.report.state == 0
        assert result.report.server_uri
        assert result.session is not None
        assert (result.session.server, result.session.generation) == (Server.MAIN, 1)
        await result.session.close()
        assert await stage.left_behind() == 0

    play(scenario)


def test_a_probe_without_session_goes_no_further_than_tcp(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        result = await _probe(stage, Heard(), session=False)
        assert (result.report.layer, result.report.problem, result.session) == (Layer.TCP, None, None)
        assert await stage.left_behind() == 0

    play(scenario)


def test_a_closed_port_is_unreachable(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.close_port()
        result = await _probe(stage, Heard())
        assert result.session is None
        assert result.report.problem is not None
        assert (result.report.layer, result.report.problem.kind) == (Layer.NOTHING, ProblemKind.UNREACHABLE)

    play(scenario)


def test_a_frozen_server_times_out_and_keeps_no_socket(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.freeze()
        result = await _probe(stage, Heard())
        assert result.session is None
        assert result.report.problem is not None
        assert (result.report.layer, result.report.problem.kind) == (Layer.TCP, ProblemKind.TIMED_OUT)
        assert await stage.left_behind() == 0

    play(scenario)


def test_a_refused_session_is_a_refusal_at_the_channel(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.refuse_sessions()
        result = await _probe(stage, Heard())
        assert result.session is None
        assert result.report.problem is not None
        assert result.report.problem.kind is ProblemKind.REFUSED
        assert result.report.layer is Layer.CHANNEL
        assert await stage.left_behind() == 0

    play(scenario)


@pytest.mark.parametrize("after", [0.0, 0.0004, 0.0015, 0.003, 0.3])
def test_a_cancelled_probe_leaves_nothing_behind(play: Play, after: float) -> None:
    async def scenario(stage: Stage) -> None:
        if after == 0.3:
            await stage.freeze()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(after):
                result = await _probe(stage, Heard())
                if result.session is not None:  # faster than the cancellation
                    await result.session.close()
        assert await stage.left_behind() == 0

    play(scenario)


def test_reading_gives_each_item_its_value_or_its_status(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        async with _session(stage, Heard()) as session:
            first, missing, second = await session.read([(7, A), (8, MISSING), (9, B)])
            assert (first.handle, first.value, first.status) == (7, 1.5, 0)
            assert (missing.handle, missing.value, missing.status) == (8, None, 0x80340000)
            assert (second.handle, second.value, second.status) == (9, 2.5, 0)

    play(scenario)


def test_a_subscription_brings_the_first_value_and_each_change_until_it_ends(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = Heard()
        async with _session(stage, heard) as session:
            session.receive(heard.batch, lambda: None)
            assert await session.subscribe([(1, A), (2, MISSING), (3, B)]) == [0, 0x80340000, 0]
            await heard.until(lambda: set(heard.changes) == {1, 3})
            await stage.move(A, 7.5)
            await heard.until(lambda: heard.changes[1].value == 7.5)
            await session.unsubscribe([1, 99])
            await stage.move(A, 8.5)
            await stage.move(B, 9.5)
            await heard.until(lambda: heard.changes[3].value == 9.5)
            assert heard.changes[1].value == 7.5

    play(scenario)


def test_a_write_is_done_once(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        async with _session(stage, Heard()) as session:
            assert await session.write(A, 4.25, "Double") == 0
            assert await stage.written(A) == 4.25

    play(scenario)


def test_a_write_without_an_answer_has_an_unknown_end(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        async with _session(stage, Heard()) as session:
            await stage.freeze()
            with pytest.raises(SessionEnded):
                await session.write(A, 4.25, "Double")

    play(scenario)


def test_a_change_of_the_role_is_pushed(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = Heard()
        async with _session(stage, heard):
            await heard.until(lambda: bool(heard.reports))
            await stage.say_level(100)
            await heard.until(lambda: heard.reports[-1].level == 100)
            assert heard.reports[-1].accepted

    play(scenario)


def test_a_frozen_server_is_lost_within_a_second_and_told_once(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = Heard()
        loop = asyncio.get_running_loop()
        async with _session(stage, heard) as session:
            await stage.freeze()
            frozen_at = loop.time()
            await heard.until(lambda: bool(heard.lost))
            assert loop.time() - frozen_at < 1.1 * stage.slack
            with pytest.raises(SessionEnded):
                await session.read([(1, A)])
        assert [problem.kind for problem in heard.lost] == [ProblemKind.TIMED_OUT]

    play(scenario)


def test_a_standstill_of_everything_is_not_laid_at_the_servers_door(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = Heard()
        async with _session(stage, heard) as session:
            await heard.until(lambda: bool(heard.reports))
            await asyncio.sleep(0.3)
            await stage.stand_still(1.2)  # with the watchdog's question on its way: overdue when everything goes on
            await asyncio.sleep(1.7)
            assert [change.value for change in await session.read([(1, A)])] == [1.5]
        assert heard.lost == []

    play(scenario)


def test_a_reset_connection_is_lost_at_once(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = Heard()
        loop = asyncio.get_running_loop()
        async with _session(stage, heard) as session:
            reset_at = loop.time()
            await stage.reset()
            await heard.until(lambda: bool(heard.lost))
            assert loop.time() - reset_at < 0.2 * stage.slack
            with pytest.raises(SessionEnded):
                await session.subscribe([(1, A)])
        assert [problem.kind for problem in heard.lost] == [ProblemKind.LOST]

    play(scenario)


def test_closing_a_session_of_a_frozen_server_is_bounded_and_tells_nobody(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        heard = Heard()
        loop = asyncio.get_running_loop()
        async with _session(stage, heard) as session:
            await stage.freeze()
            begun = loop.time()
            await session.close()  # type: ignore[attr-defined]
            assert loop.time() - begun < 0.4 * stage.slack
            with pytest.raises(SessionEnded):
                await session.read([(1, A)])
        assert heard.lost == []

    play(scenario)


def test_the_clock_of_reports_is_the_monotonic_one(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        if isinstance(stage, FakeStage):
            return
        before = time.perf_counter()
        result = await _probe(stage, Heard(), session=False)
        assert before <= result.report.at <= time.perf_counter()

    play(scenario)
