"""The real manager on a fake pair of servers, in virtual time, and what must hold of them at every moment."""

from __future__ import annotations

import asyncio
from random import Random

from fakes.connecting import FakeAnnouncer, FakeConnector, FakeConsumer
from fakes.pair import FakePair, FakeServer
from fakes.virtual_time import VirtualClock
from vizclient.redundancy.manager import Manager
from vizclient.redundancy.model import Connection, ConnectionState, Server, Switchover, Timing


class World:
    """Make it inside a virtual loop. `manager` is not started yet."""

    def __init__(
        self, *, seed: int = 0, timing: Timing | None = None, may_switch: bool = False, deadline: float = 1.0
    ) -> None:
        self.pair = FakePair()
        self.connector = FakeConnector(self.pair, deadline)
        self.consumer = FakeConsumer()
        self.announcer = FakeAnnouncer()
        self.clock = VirtualClock()
        self.record: list[Switchover] = []
        self.manager = Manager(
            self.connector,
            self.consumer,
            self.announcer,
            timing or Timing(),
            self.clock,
            Random(seed),
            may_switch=may_switch,
            on_switchover=self.record.append,
        )

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self.clock.monotonic()

    @property
    def connection(self) -> Connection:
        """What was announced last."""
        return self.announcer.told[-1]

    @property
    def server(self) -> Server | None:
        """The connected server."""
        return self.connection.server

    @property
    def main(self) -> FakeServer:
        """The fake main server."""
        return self.pair.main

    @property
    def backup(self) -> FakeServer:
        """The fake backup server."""
        return self.pair.backup

    async def pass_time(self, seconds: float, *, step: float = 0.05) -> None:
        """Let virtual time go by, checking what must always hold after each step."""
        end = self.now + seconds
        while self.now < end:
            await asyncio.sleep(min(step, end - self.now))
            self.check()

    async def until(self, state: ConnectionState, server: Server | None = None, within: float = 10.0) -> float:
        """Let time go by until this is announced; how long it took. AssertionError if it takes longer than `within`."""
        began = self.now
        while (self.connection.state, self.connection.server) != (state, server):
            assert self.now - began < within, f"after {within} s still {self.connection}"
            await asyncio.sleep(0.001)
        self.check()
        return self.now - began

    def check(self) -> None:
        """What must hold at every moment. AssertionError says what does not."""
        told, session = self.connection, self.consumer.session
        if told.state is ConnectionState.CONNECTED:
            assert session is not None, "connected is announced without a data session"
            assert (session.server, session.generation) == (told.server, told.generation)
        else:
            assert session is None, f"{told.state} is announced with a data session"
            assert (told.server, told.generation, told.sure) == (None, 0, False)
        assert self.connector.under_way <= 2, "more than two probes at once"

    async def stop(self) -> None:
        """Stop the manager and check that nothing is left."""
        began = self.now
        await self.manager.stop()
        assert self.now - began < 0.5, f"stopping took {self.now - began} s"
        assert self.consumer.session is None
        assert self.connector.under_way == 0
        assert self.pair.open_sockets() == 0, "sockets are left open"
        assert self.connection.state is ConnectionState.STOPPED
        for server in self.pair.both:
            server.mend()
            server.thaw()
        assert self.pair.open_sessions() == 0, "sessions are left on the servers"
