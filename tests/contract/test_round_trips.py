"""Round trips from when a server turns active to a fresh page: counted on the wire, with the real connector and site.

ARCHITECTURE.md lists them beside the least that the protocol permits; one more turns a test red.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from asyncua import ua

from fakes.door import Door, door
from fakes.ua_server import NAMESPACE, UaServer, ua_server
from fakes.wire import free_port
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample
from vizclient.items.writing import WriteState
from vizclient.link.composition import SystemClock
from vizclient.link.site import Site
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Target
from vizclient.redundancy.model import Connection, Mode, Server, Switchover, Timing

SHOWN, BEHIND = 30, 50
CALM = Timing(watchdog=30.0, probe_interval=30.0)
"""Neither the watchdog nor a look at the peer comes between what is counted."""
SESSION = ["connect", "Hello", "OpenSecureChannel", "CreateSession", "ActivateSession", "Read"]
"""Up to where the role has been read; then the page is."""
PAGE = "Read"
BESIDE = {"CreateSubscription", "Publish"}
"""Sent after the page's Read, without waiting for its answer."""


@dataclass(frozen=True)
class Plant:
    """A server with its Mode and its items."""

    server: UaServer
    mode: Any
    items: list[Any]

    def announce(self, mode: Mode) -> None:
        self.server.set(self.mode, int(mode), ua.VariantType.Int32)

    def put(self, number: int, value: float) -> None:
        self.server.set(self.items[number], value, ua.VariantType.Double)


class Seen:
    """A SiteListener that remembers what it was told."""

    def __init__(self) -> None:
        self.site: Site | None = None
        self.connection: Connection | None = None
        self.switchovers: list[Switchover] = []
        self.samples: list[tuple[int, Sample]] = []
        self.told = asyncio.Event()

    def samples_changed(self) -> None:
        asyncio.get_running_loop().call_soon(self._take)

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None: ...

    def items_dropped(self, handles: Sequence[int]) -> None: ...

    def connection_changed(self, connection: Connection) -> None:
        self.connection = connection
        self.told.set()

    def switchover_recorded(self, switchover: Switchover) -> None:
        if self.switchovers and self.switchovers[-1].adopted_at == switchover.adopted_at:
            self.switchovers.pop()
        self.switchovers.append(switchover)
        self.told.set()

    def write_moved(self, state: WriteState) -> None: ...

    def _take(self) -> None:
        assert self.site is not None
        self.samples += self.site.store.take(10_000)
        self.told.set()

    async def until(self, come: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not come():
                self.told.clear()
                await self.told.wait()

    def page_is_fresh(self, since: float) -> bool:
        """Whether, after a loss since then, the page was whole again."""
        return any(done.lost_at >= since and done.all_values_at is not None for done in self.switchovers)

    def whole(self) -> bool:
        """Whether every item, also of the background, has its published value of this session."""
        assert self.site is not None
        store = self.site.store
        return len(store.samples) == SHOWN + BEHIND and all(
            sample is not None and sample.published and sample.generation == store.generation
            for sample in store.samples.values()
        )


@pytest.fixture(scope="module")
def plant() -> Iterator[Plant]:
    with ua_server() as server:
        redundancy = server.node(ua.ObjectIds.Server_ServerRedundancy)
        mode = server.run(redundancy.add_property(0, "Mode", ua.Variant(int(Mode.PRIMARY_ONLY), ua.VariantType.Int32)))
        items = [server.add(f"item-{n}", float(n), ua.VariantType.Double) for n in range(SHOWN + BEHIND)]
        yield Plant(server, mode, items)


@pytest.fixture
def entrance(plant: Plant) -> Iterator[Door]:
    with door(plant.server.port) as opened:
        plant.announce(Mode.PRIMARY_ONLY)
        yield opened


@asynccontextmanager
async def site(entrance: Door, folder: Path) -> AsyncIterator[Seen]:
    """A site whose main is behind the door, and whose backup is not there."""
    targets = {Server.MAIN: Target(entrance.url), Server.BACKUP: Target(f"opc.tcp://127.0.0.1:{free_port()}")}
    connector = OpcUaConnector(targets, own=folder / "own", trusted=folder / "trusted", timing=CALM)
    seen = Seen()
    made = seen.site = Site(connector, CALM, SystemClock(), Random(1), seen)
    items = {handle: Address(NAMESPACE, f"item-{handle}") for handle in range(SHOWN + BEHIND)}
    made.show("page", {handle: items[handle] for handle in range(SHOWN)})
    made.show("behind", items, shown=False)
    made.start()
    try:
        await seen.until(seen.whole)
        yield seen
    finally:
        await made.close()


async def quiet(entrance: Door, seconds: float = 0.15) -> None:
    """Until nothing has been asked for so long, which is less than between two signs of life."""
    async with asyncio.timeout(20):
        while entrance.asked(time.perf_counter() - seconds):  # noqa: ASYNC110 - the door is in another thread
            await asyncio.sleep(0.02)


def test_from_an_open_port_to_a_fresh_page_there_are_seven_round_trips(entrance: Door, tmp_path: Path) -> None:
    async def run() -> None:
        async with site(entrance, tmp_path) as seen:
            since = time.perf_counter()
            entrance.shut()
            entrance.cut()
            await seen.until(lambda: seen.connection is not None and seen.connection.server is None)
            await asyncio.sleep(0.2)
            opened = time.perf_counter()
            entrance.open()
            await seen.until(lambda: seen.page_is_fresh(since))
            asked = entrance.asked(opened, seen.switchovers[-1].all_values_at or 0.0)
            assert asked[: len(SESSION) + 1] == [*SESSION, PAGE]
            assert set(asked[len(SESSION) + 1 :]) <= BESIDE

    asyncio.run(run())


def test_from_a_kept_session_that_turns_active_to_a_fresh_page_there_is_one(
    entrance: Door, plant: Plant, tmp_path: Path
) -> None:
    async def run() -> None:
        async with site(entrance, tmp_path) as seen:
            since = time.perf_counter()
            plant.announce(Mode.BACKUP_READY)
            await seen.until(lambda: seen.connection is not None and seen.connection.server is None)
            await asyncio.to_thread(entrance.wait_for, "CreateMonitoredItems", since)
            await quiet(entrance)
            turned = time.perf_counter()
            plant.announce(Mode.PRIMARY_ONLY)
            await seen.until(lambda: seen.page_is_fresh(since))
            asked = entrance.asked(turned, seen.switchovers[-1].all_values_at or 0.0)
            assert [kind for kind in asked if kind not in BESIDE] == [PAGE]
            assert set(asked[: asked.index(PAGE)]) <= {"Publish"}

    asyncio.run(run())


def test_the_same_server_back_after_a_short_break_is_as_quick_with_nothing_lost_and_nothing_twice(
    entrance: Door, plant: Plant, tmp_path: Path
) -> None:
    async def run() -> None:
        async with site(entrance, tmp_path) as seen:
            assert seen.site is not None
            await quiet(entrance)
            before, since = seen.site.store.generation, time.perf_counter()
            entrance.cut()
            plant.put(0, -1.0)
            await seen.until(lambda: seen.page_is_fresh(since))
            asked = entrance.asked(since, seen.switchovers[-1].all_values_at or 0.0)
            assert asked[: len(SESSION) + 1] == [*SESSION, PAGE]
            assert set(asked[len(SESSION) + 1 :]) <= BESIDE
            assert seen.site.store.generation > before
            await seen.until(seen.whole)
            assert seen.site.store.samples[0].value == -1.0  # type: ignore[union-attr]
            await quiet(entrance)
            anew = entrance.asked(since)
            assert [anew.count(kind) for kind in ("connect", "CreateSession", "CreateSubscription")] == [1, 1, 2]
            assert entrance.connections == 1
            seen.samples.clear()
            plant.put(1, -2.0)
            await seen.until(lambda: seen.samples)
            await quiet(entrance)
            assert [(handle, sample.value) for handle, sample in seen.samples] == [(1, -2.0)]

    asyncio.run(run())
