"""A whole site in virtual time: real manager, feed, store and writer on a fake pair of servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from random import Random

from fakes.connecting import FakeConnector
from fakes.pair import FakePair
from fakes.virtual_time import VirtualClock, run
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.writing import Readback, ReadbackKind, WriteOrder, WriteOutcome, WriteState
from vizclient.link.site import Site
from vizclient.redundancy.model import Connection, ConnectionState, Server, Switchover, Timing

_ITEMS = {handle: Address("urn:fake", f"item-{handle}") for handle in range(50)}


class _Bench:
    """A site and what it said. A SiteListener. Make it inside the virtual loop."""

    def __init__(self) -> None:
        self.pair = FakePair({address: float(handle) for handle, address in _ITEMS.items()})
        for server in self.pair.both:
            server.metadata = dict.fromkeys(_ITEMS.values(), Metadata("Double", writable=True))
        self.clock = VirtualClock()
        self.connections: list[Connection] = []
        self.switchovers: list[Switchover] = []
        self.writes: list[WriteState] = []
        self.metadata: dict[int, Metadata | None] = {}
        self.site = Site(FakeConnector(self.pair), Timing(), self.clock, Random(0), self)
        self.site.show("page", _ITEMS)

    def samples_changed(self) -> None: ...

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        self.metadata.update(pairs)

    def items_dropped(self, handles: Sequence[int]) -> None: ...

    def connection_changed(self, connection: Connection) -> None:
        self.connections.append(connection)

    def switchover_recorded(self, switchover: Switchover) -> None:
        self.switchovers.append(switchover)

    def write_moved(self, state: WriteState) -> None:
        self.writes.append(state)

    def come_from(self, server: Server) -> bool:
        """Whether every value came from `server` in the session of now."""
        generation = self.connections[-1].generation
        return all(
            sample is not None and (sample.server, sample.generation) == (server, generation)
            for sample in self.site.store.samples.values()
        )


def _play(scene: Callable[[_Bench], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        bench = _Bench()
        bench.site.start()
        try:
            await asyncio.sleep(1)
            await scene(bench)
        finally:
            await bench.site.close()
        assert bench.pair.open_sockets() == 0

    run(whole())


def test_every_shown_value_comes_from_the_active_server_and_from_the_other_one_after_a_crash() -> None:
    async def scene(bench: _Bench) -> None:
        assert bench.come_from(Server.MAIN)
        bench.pair.main.crash()
        await asyncio.sleep(0.5)
        bench.pair.backup.become(active=True)
        await asyncio.sleep(3)
        assert bench.connections[-1].state is ConnectionState.CONNECTED
        assert bench.come_from(Server.BACKUP)

    _play(scene)


def test_the_record_of_a_switchover_says_when_the_screen_was_whole_again() -> None:
    async def scene(bench: _Bench) -> None:
        bench.pair.swap()
        await asyncio.sleep(3)
        last = bench.switchovers[-1]
        assert (last.left, last.taken) == (Server.MAIN, Server.BACKUP)
        assert last.first_value_at is not None
        assert last.all_values_at is not None
        assert last.active_at <= last.adopted_at < last.first_value_at <= last.all_values_at < last.adopted_at + 0.1

    _play(scene)


def test_a_write_under_way_at_the_crash_is_unknown_and_is_not_replayed_on_the_other_server() -> None:
    async def scene(bench: _Bench) -> None:
        bench.pair.main.latency = 0.2
        generation = bench.connections[-1].generation
        bench.site.write(WriteOrder(1, 0, _ITEMS[0], 7.0, generation, Readback(ReadbackKind.NONE)))
        await asyncio.sleep(0.1)
        bench.pair.main.crash()
        bench.pair.backup.become(active=True)
        await asyncio.sleep(10)
        assert bench.writes[-1].outcome is WriteOutcome.UNKNOWN
        assert sum((bench.pair.main.writes + bench.pair.backup.writes).values()) == 0

    _play(scene)


def test_a_write_that_was_seen_on_the_last_server_is_refused_by_the_next() -> None:
    async def scene(bench: _Bench) -> None:
        seen = bench.connections[-1].generation
        bench.pair.swap()
        await asyncio.sleep(3)
        bench.site.write(WriteOrder(1, 0, _ITEMS[0], 7.0, seen))
        assert (bench.writes[-1].outcome, bench.writes[-1].code) == (WriteOutcome.REFUSED, "write-generation")

    _play(scene)


def test_a_fault_of_the_feed_ends_the_session_and_a_new_one_brings_everything() -> None:
    async def scene(bench: _Bench) -> None:
        before = bench.connections[-1].generation
        real_read = bench.site._feed._read

        async def broken(*_: object) -> None:
            bench.site._feed._read = real_read  # type: ignore[method-assign]
            raise RuntimeError("a bug")

        bench.site._feed._read = broken  # type: ignore[assignment,method-assign]
        bench.site.show("other", {99: Address("urn:fake", "item-1")})
        await asyncio.sleep(3)
        assert bench.connections[-1].generation > before
        assert bench.come_from(Server.MAIN)

    _play(scene)
