"""Hundreds of clients that come to one server at once: the page of each comes before the rest of any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import pytest

from fakes.virtual_time import run
from vizclient.items.address import Address
from vizclient.items.feed import PAINTING, Feed
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change
from vizclient.items.store import Store

CLIENTS = 500
ON_PAGE, BEHIND = 200, 500
PER_READ, PER_SUBSCRIPTION, PER_METADATA = 20e-6, 70e-6, 100e-6
"""Seconds of work that one item takes the server: as asyncua's takes, which is not the quickest."""


class _Server:
    """Does one thing after the other; whoever asks waits in line."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self.longest_wait = 0.0

    async def work(self, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + seconds
        self.longest_wait = max(self.longest_wait, self._free_at - now)
        await asyncio.sleep(self._free_at - now)


class _Session:
    """A `DataSession` on it."""

    generation, server, chunk = 1, "backup", 200

    def __init__(self, server: _Server, far: float = 0.0) -> None:
        self._at = server
        self._far = far
        self.requests = 0

    def receive(self, batch: Callable[[Sequence[Change]], None], gap: Callable[[], None]) -> None: ...

    async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
        await self._ask(PER_READ * len(items))
        return [Change(handle, 1.0, 0, None) for handle, _ in items]

    async def subscribe(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        await self._ask(PER_SUBSCRIPTION * len(items))
        return [0] * len(items)

    async def unsubscribe(self, handles: Sequence[int]) -> None: ...

    async def read_metadata(self, items: Sequence[tuple[int, Address]]) -> list[Metadata | None]:
        await self._ask(PER_METADATA * len(items))
        return [Metadata("Double")] * len(items)

    async def _ask(self, seconds: float) -> None:
        self.requests += 1
        await asyncio.sleep(self._far)
        await self._at.work(seconds)

    async def write(self, address: Address, value: object, data_type: str) -> int:
        return 0


async def _until(come: Callable[[], bool], every: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + 1000.0
    while not come():
        assert loop.time() < end
        await asyncio.sleep(every)


def _feed(random: Random, done: Callable[[], None], failures: list[BaseException]) -> Feed:
    def progress(_generation: int, _first: float, last: float | None) -> None:
        if last is not None:
            done()

    feed = Feed(
        Store(lambda: None),
        monotonic=asyncio.get_running_loop().time,
        described=lambda _: None,
        dropped=lambda _: None,
        progress=progress,
        failed=lambda _, error: failures.append(error),
        random=random.random,
    )
    items = {handle: Address("urn:x", handle) for handle in range(ON_PAGE + BEHIND)}
    feed.show("page", dict(list(items.items())[:ON_PAGE]))
    feed.show("behind", items, shown=False)
    return feed


@pytest.mark.parametrize(("spread", "most"), [(0.1, 4.0), (2.0, 8.5)])
def test_the_page_of_the_last_of_500_clients_is_not_behind_the_background_of_the_first(
    spread: float, most: float
) -> None:
    async def scene() -> tuple[float, float, float]:
        loop, random, server, failures = asyncio.get_running_loop(), Random(1), _Server(), list[BaseException]()
        waits: list[float] = []
        feeds = []

        async def come(at: float) -> None:
            await asyncio.sleep(at)
            came = loop.time()
            feed = _feed(random, lambda: waits.append(loop.time() - came), failures)
            feeds.append(feed)
            for _ in range(5):  # Hello, OpenSecureChannel, CreateSession, ActivateSession, and the role
                await server.work(0.2e-3)
            feed.attach(_Session(server))

        await asyncio.gather(*(come(random.random() * spread) for _ in range(CLIENTS)))
        await _until(lambda: len(waits) == CLIENTS, every=0.1)
        longest = max(waits)
        await _until(lambda: all(len(feed.metadata) == ON_PAGE + BEHIND for feed in feeds), every=0.5)
        everything = loop.time()
        for feed in feeds:
            await feed.close()
        assert not failures
        return longest, server.longest_wait, everything

    longest, in_line, everything = run(scene())
    all_work = CLIENTS * (ON_PAGE + BEHIND) * (PER_SUBSCRIPTION + PER_METADATA)
    assert longest < most, "reading the pages of all, which is 2.5 seconds of work"
    assert in_line < 6.5, "nobody waits behind all the others for long"
    assert everything < 1.2 * all_work, "and the server is not left idle"


def test_one_client_alone_waits_for_nothing_but_its_page_s_painting() -> None:
    async def scene() -> float:
        server, failures = _Server(), list[BaseException]()
        feed = _feed(Random(1), lambda: None, failures)
        feed.attach(_Session(server))
        await _until(lambda: len(feed.metadata) == ON_PAGE + BEHIND, every=0.001)
        took = asyncio.get_running_loop().time()
        await feed.close()
        return took

    work = (ON_PAGE + BEHIND) * (PER_SUBSCRIPTION + PER_METADATA) + ON_PAGE * PER_READ
    assert run(scene()) < work + PAINTING + 0.01


def test_where_the_network_is_known_to_be_far_no_small_steps_are_taken() -> None:
    async def scene() -> int:
        feed = _feed(Random(1), lambda: None, [])
        for _ in range(2):
            session = _Session(_Server(), far=1.5)
            feed.attach(session)
            await _until(lambda: len(feed.metadata) == ON_PAGE + BEHIND, every=0.1)
        await feed.close()
        return session.requests

    assert run(scene()) == 1 + 2 * -(-ON_PAGE // _Session.chunk) + 2 * -(-BEHIND // _Session.chunk)
