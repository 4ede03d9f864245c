"""A plain OPC UA client of a simulated pair: asyncua's own, with items by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from asyncua import Client, ua

from vizclient.simulator.building import NAMESPACE
from vizclient.simulator.pair import Pair, PairError

T = TypeVar("T")


class Guest(Client):  # type: ignore[misc, unused-ignore]
    """A plain asyncua client with addresses by name."""

    async def __aenter__(self) -> Guest:
        await super().__aenter__()
        self.namespaces = await self.get_namespace_array()
        return self

    def item(self, name: str) -> Any:
        return self.get_node(ua.NodeId(name, self.namespaces.index(NAMESPACE)))

    def system(self, name: str) -> Any:
        return self.get_node(ua.NodeId(getattr(ua.ObjectIds, name)))

    async def write(self, name: str, value: Any, kind: str) -> None:
        await self.item(name).write_value(ua.DataValue(ua.Variant(value, ua.VariantType[kind])))


def visit(pair: Pair, server: str, work: Callable[[Guest], Awaitable[T]]) -> T:
    """What `work` finds out in a session of its own."""

    async def run() -> T:
        async with Guest(pair.url(server), timeout=4) as guest:
            return await work(guest)

    return asyncio.run(run())


def held(pair: Pair, server: str, *names: str) -> list[ua.DataValue]:
    """What the nodes of these items hold."""

    async def look(guest: Guest) -> list[ua.DataValue]:
        found: list[ua.DataValue] = await guest.read_attributes([guest.item(name) for name in names])
        return found

    return visit(pair, server, look)


def read(pair: Pair, server: str, name: str) -> Any:
    """The value of an item. Raises what its status means."""
    return visit(pair, server, lambda guest: guest.item(name).read_value())


def status_of(pair: Pair, server: str, name: str) -> str:
    """The name of an item's status."""
    return str(held(pair, server, name)[0].StatusCode.name)


def wait_until(holds: Callable[[], bool], timeout: float = 15.0) -> None:
    """Wait until it holds."""
    deadline = time.perf_counter() + timeout
    while not holds():
        assert time.perf_counter() < deadline, "it never came to be"
        time.sleep(0.01)


def can_swap(pair: Pair) -> bool:
    """Whether the standby could take over at once, by the last words of the active server."""
    return any(status.running and status.role == "active" and status.peer_ready for status in pair.status().values())


def swap(pair: Pair) -> str:
    """Swap the roles as soon as both can; who is active then."""
    for _ in range(20):
        wait_until(lambda: can_swap(pair))
        since = time.perf_counter()
        after = "backup" if pair.active() == "main" else "main"
        try:
            pair.wait_done(pair.swap())
        except PairError:  # what they had said of themselves was from before the last swap
            continue
        break
    else:
        raise AssertionError("the pair does not swap its roles")
    pair.wait_for_role(after, "active", since=since)
    wait_until(lambda: pair.active() == after)  # the word of the one that was left is heard, too
    return after
