"""The window's side with real link processes (on fake servers): silence, death, restart, and a clean end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from fakes.link_child import ITEMS
from vizclient import machine
from vizclient.items.freshness import Freshness
from vizclient.items.writing import Readback, ReadbackKind, WriteOutcome, WriteState
from vizclient.link import client as client_module
from vizclient.link.client import LinkClient
from vizclient.link.mirror import Mirror
from vizclient.password import Password
from vizclient.redundancy.model import Connection, ConnectionState, Layer, Problem, ProblemKind, Report, Server

_T = TypeVar("_T")
_TESTS = Path(__file__).parents[2]
_PATIENCE = 20.0


class _Bench:
    """A client, its mirror, and everything that it said."""

    def __init__(self, *ways: str) -> None:
        self.ways = list(ways)
        self.started: list[subprocess.Popen[bytes]] = []
        self.mirror = Mirror()
        self.handles = [self.mirror.handle(address) for address in ITEMS]
        self.client = LinkClient("unused", None, self.mirror, spawn=self._spawn)
        self.writes: list[WriteState] = []
        self.troubles: list[str] = []
        self.connections: list[Connection | None] = []
        self.frozen = False
        self._moved = asyncio.Event()
        self.client.on_write.append(self._note(self.writes.append))
        self.client.on_connection.append(self._note(self.connections.append))
        self.client.on_trouble.append(self._trouble)
        self.mirror.on_standing.append(self._moved.set)
        self.mirror.on_samples.append(lambda _: self._moved.set())
        self.mirror.on_metadata.append(lambda _: self._moved.set())

    def _spawn(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "fakes.link_child", *self.ways],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            **machine.spawn_options({"PYTHONPATH": str(_TESTS)}),
        )
        self.started.append(process)
        return process

    def _note(self, keep: Callable[[_T], None]) -> Callable[[_T], None]:
        def noted(what: _T) -> None:
            keep(what)
            self._moved.set()

        return noted

    @property
    def attention(self) -> bool:
        """Whether the link says that it needs a person."""
        connection = self.client.connection
        return connection is not None and connection.state is ConnectionState.ATTENTION

    def _trouble(self, code: str, arguments: Mapping[str, str]) -> None:
        self.troubles.append(code)
        self._moved.set()

    async def until(self, holds: Callable[[], bool]) -> float:
        """Wait for what the client says until this holds; the time of then."""
        async with asyncio.timeout(_PATIENCE):
            while not holds():
                self._moved.clear()
                await self._moved.wait()
        return time.perf_counter()

    def all_are(self, *freshness: Freshness) -> bool:
        now = time.perf_counter()
        return all(self.mirror.freshness(handle, now) in freshness for handle in self.handles)

    async def live(self) -> None:
        self.client.show("page", self.handles)
        await self.until(lambda: self.all_are(Freshness.LIVE))

    @property
    def generation(self) -> int:
        return self.mirror.standing.generation

    def link(self) -> subprocess.Popen[bytes]:
        return self.started[-1]


def _play(scene: Callable[[_Bench], Coroutine[None, None, None]], *ways: str) -> None:
    async def whole() -> None:
        bench = _Bench(*ways)
        bench.client.start()
        try:
            await scene(bench)
        finally:
            if bench.frozen:
                machine.thaw(bench.link())
            began = time.perf_counter()
            await bench.client.close()
            took = time.perf_counter() - began
            for process in bench.started:
                assert process.poll() is not None, "a link process is left behind"
        assert took < 1.5
        assert bench.client.pid is None

    asyncio.run(whole())


def test_the_shown_items_become_live_and_a_write_is_done() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        assert [sample and sample.value for sample in bench.mirror.samples] == [float(n) for n in range(20)]
        await bench.until(lambda: bench.mirror.metadata[0] is not None)
        number = bench.client.write(0, 5, bench.generation, Readback(settle=0.01))
        await bench.until(lambda: bool(bench.writes) and bench.writes[-1].outcome is not WriteOutcome.PENDING)
        assert bench.writes[-1] == WriteState(number, 0, WriteOutcome.DONE)

    _play(scene)


def test_stray_prints_in_the_link_process_do_no_harm() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        assert len(bench.started) == 1

    _play(scene, "chatter")


def test_a_killed_link_makes_everything_held_then_stale_and_a_new_one_makes_it_live_again() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        before = bench.generation
        killed_at = time.perf_counter()
        bench.link().kill()
        await bench.until(lambda: bench.all_are(Freshness.HELD, Freshness.STALE))
        stale_at = await bench.until(lambda: bench.all_are(Freshness.STALE))
        assert stale_at - killed_at < 0.6
        assert bench.client.connection is None
        await bench.until(lambda: bench.all_are(Freshness.LIVE))
        assert bench.generation > before, "a value of the dead link can never look current"
        assert bench.troubles == ["link-restarted"]
        assert len(bench.started) == 2

    _play(scene)


def test_a_stopped_link_makes_everything_stale_in_time_and_live_again_when_it_goes_on() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        frozen_at = time.perf_counter()
        machine.freeze(bench.link())
        bench.frozen = True
        stale_at = await bench.until(lambda: bench.all_are(Freshness.STALE))
        assert 0.3 < stale_at - frozen_at < 0.7
        machine.thaw(bench.link())
        bench.frozen = False
        await bench.until(lambda: bench.all_are(Freshness.LIVE))
        assert len(bench.started) == 1

    _play(scene)


def test_a_link_that_stays_silent_is_ended_before_a_new_one_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "SILENT_TOO_LONG", 1.0)

    async def scene(bench: _Bench) -> None:
        await bench.live()
        old = bench.link()
        real_spawn = bench._spawn

        def spawn() -> subprocess.Popen[bytes]:
            assert old.poll() is not None, "two link processes at once"
            return real_spawn()

        bench.client._spawn = spawn
        machine.freeze(old)
        await bench.until(lambda: len(bench.started) == 2 and bench.all_are(Freshness.LIVE))

    _play(scene)


def test_a_write_under_way_when_the_link_dies_is_unknown_and_never_sent_again() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        number = bench.client.write(0, 5.0, bench.generation, Readback(ReadbackKind.NONE))
        await bench.until(lambda: bool(bench.writes))
        bench.ways.remove("mute-writes")
        bench.link().kill()
        await bench.until(lambda: bench.writes[-1].outcome is WriteOutcome.UNKNOWN)
        assert bench.writes[-1] == WriteState(number, 0, WriteOutcome.UNKNOWN, "write-link-died")
        await bench.until(lambda: bench.all_are(Freshness.LIVE))
        sample = bench.mirror.samples[0]
        assert sample is not None
        assert sample.value == 0.0

    _play(scene, "mute-writes")


def test_a_write_without_a_link_or_of_an_earlier_generation_is_refused() -> None:
    async def scene(bench: _Bench) -> None:
        bench.client.write(0, 5.0, 1)
        await bench.until(lambda: bool(bench.writes))
        assert (bench.writes[-1].outcome, bench.writes[-1].code) == (WriteOutcome.REFUSED, "write-not-connected")
        await bench.live()
        seen = bench.generation
        bench.link().kill()
        await bench.until(lambda: bench.generation > seen)
        bench.client.write(0, 5.0, seen)
        await bench.until(lambda: len(bench.writes) == 2)
        assert bench.writes[-1].code == "write-generation"

    _play(scene)


def test_a_value_that_cannot_be_sent_is_refused_where_it_is() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        bench.client.write(0, "\ud800", bench.generation)
        bench.client.write(0, 2**64, bench.generation)
        await bench.until(lambda: len(bench.writes) == 2)
        assert [state.code for state in bench.writes] == ["write-text", "write-too-big"]

    _play(scene)


def test_items_that_nobody_shows_any_more_turn_stale() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        bench.client.show("page", bench.handles[1:])
        await bench.until(lambda: bench.mirror.freshness(0, time.perf_counter()) is Freshness.STALE)
        assert bench.mirror.freshness(1, time.perf_counter()) is Freshness.LIVE

    _play(scene, "brief")


def test_a_link_that_dies_again_and_again_is_started_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RESTART_PAUSES", (0.0, 0.0, 3600.0))

    async def scene(bench: _Bench) -> None:
        await bench.until(lambda: len(bench.troubles) == 2)
        assert len(bench.started) == 2
        assert bench.client.connection is None

    _play(scene, "dies")


def test_a_password_that_was_given_lets_in_and_the_next_link_process_is_told_it_too() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.until(lambda: bench.attention)
        bench.client.give_password(Server.MAIN, Password("right"))
        await bench.live()
        assert bench.troubles == ["password-not-kept"]
        bench.link().kill()
        await bench.until(lambda: bench.all_are(Freshness.STALE))
        await bench.until(lambda: bench.all_are(Freshness.LIVE))
        assert len(bench.started) == 2

    _play(scene, "login")


def test_a_password_that_was_refused_is_not_told_to_the_next_link_process() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.until(lambda: bench.attention)
        client, given_at = bench.client, time.perf_counter()
        for server in Server:
            client.give_password(server, Password("wrong"))
        await bench.until(lambda: bench.troubles == ["password-not-kept"] * 2)
        connection = client.connection
        assert connection is not None
        for at, code in ((given_at - 1, "password-refused"), (given_at + 1, "password-missing")):
            client._take_connection(_refusing(connection, at, code))
        assert set(client._passwords) == set(Server)
        client._take_connection(_refusing(connection, time.perf_counter(), "password-refused"))
        assert client._passwords == {}

    _play(scene, "login")


def _refusing(connection: Connection, at: float, code: str) -> Connection:
    problem = Problem(ProblemKind.CREDENTIALS, Layer.SESSION, case=code)
    main, backup = (
        replace(view, report=Report(server, at, Layer.SESSION, problem))
        for server, view in ((Server.MAIN, connection.main), (Server.BACKUP, connection.backup))
    )
    return replace(connection, main=main, backup=backup)


def test_a_link_that_cannot_be_started_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RESTART_PAUSES", (0.0,))

    async def scene(bench: _Bench) -> None:
        await bench.live()
        real_spawn, tries = bench._spawn, 0

        def spawn() -> subprocess.Popen[bytes]:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise OSError("no memory")
            return real_spawn()

        bench.client._spawn = spawn
        bench.link().kill()
        await bench.until(lambda: bench.generation > 1 and bench.all_are(Freshness.LIVE))
        assert bench.troubles == ["link-restarted", "link-not-started"]

    _play(scene)


def test_a_frozen_link_does_not_hold_up_the_end() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        machine.freeze(bench.link())

    _play(scene)


def test_the_client_can_be_started_before_there_is_a_loop() -> None:
    bench = _Bench()
    bench.client.start()
    assert bench.client.pid == bench.link().pid
    bench.client.show("page", bench.handles)

    async def rest() -> None:
        bench.client.attach(asyncio.get_running_loop())
        await bench.until(lambda: bench.all_are(Freshness.LIVE))
        await bench.client.close()

    asyncio.run(rest())
    assert bench.link().poll() == 0


def test_closing_while_a_dead_link_is_being_replaced_leaves_nothing_behind() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        bench.link().kill()
        await bench.until(lambda: bench.client.connection is None)

    _play(scene)


def test_the_window_standing_still_is_not_taken_for_a_silent_link() -> None:
    async def scene(bench: _Bench) -> None:
        await bench.live()
        standings: list[Freshness] = []
        bench.mirror.on_standing.append(lambda: standings.append(bench.mirror.freshness(0, time.perf_counter())))
        time.sleep(1.0)  # noqa: ASYNC251 - that is what the window does here
        assert bench.all_are(Freshness.LIVE), "the link was heard all the while"
        await asyncio.sleep(0.3)
        assert Freshness.STALE not in standings

    _play(scene)


def test_a_pause_of_both_sides_as_when_the_computer_sleeps_does_not_end_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "SILENT_TOO_LONG", 1.0)

    async def scene(bench: _Bench) -> None:
        await bench.live()
        machine.freeze(bench.link())
        time.sleep(1.2)  # noqa: ASYNC251 - the window stands still as well
        machine.thaw(bench.link())
        await asyncio.sleep(0.5)
        assert len(bench.started) == 1
        assert bench.all_are(Freshness.LIVE)

    _play(scene)
