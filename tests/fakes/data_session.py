"""A data session whose server does as it is told: limits, faults, missing nodes, delays. Every request is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change, ServiceFault, SessionEnded
from vizclient.items.value import Value

MISSING = 0x80340000
TOO_MANY_OPERATIONS = 0x80100000


class ScriptedSession:
    """See `DataSession`. Each request takes `latency` seconds; `faults` holds the next faults of each kind of request."""

    def __init__(self, generation: int = 1, server: str = "main", *, chunk: int = 200, latency: float = 0.01) -> None:
        self._generation = generation
        self._server = server
        self._chunk = chunk
        self.latency = latency
        self.most_items = 10_000
        self.values: dict[Address, Value] = {}
        self.missing: set[Address] = set()
        self.metadata: dict[Address, Metadata] = {}
        self.faults: dict[str, list[int]] = {}
        self.requests: list[tuple[str, tuple[int, ...]]] = []
        self.written: list[tuple[Address, Value, str]] = []
        self.write_status = 0
        self.subscribed: set[int] = set()
        self.under_way = 0
        self.ended = False
        self.never_answers: set[str] = set()
        self.publish: Callable[[Sequence[Change]], None] = lambda _: None
        self.gap: Callable[[], None] = lambda: None

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def server(self) -> str:
        return self._server

    @property
    def chunk(self) -> int:
        return self._chunk

    def receive(self, batch: Callable[[Sequence[Change]], None], gap: Callable[[], None]) -> None:
        self.publish, self.gap = batch, gap

    async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
        await self._answer("read", [handle for handle, _ in items])
        return [
            Change(handle, None, MISSING, None)
            if address in self.missing
            else Change(handle, self.values.get(address, 0.0), 0, None)
            for handle, address in items
        ]

    async def subscribe(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        assert len(items) <= self._chunk
        await self._answer("subscribe", [handle for handle, _ in items])
        if len(items) > self.most_items:
            raise ServiceFault(TOO_MANY_OPERATIONS)
        for handle, address in items:
            assert handle not in self.subscribed, "subscribed twice"
            if address not in self.missing:
                self.subscribed.add(handle)
        return [MISSING if address in self.missing else 0 for _, address in items]

    async def unsubscribe(self, handles: Sequence[int]) -> None:
        assert len(handles) <= self._chunk
        await self._answer("unsubscribe", handles)
        self.subscribed -= set(handles)

    async def read_metadata(self, items: Sequence[tuple[int, Address]]) -> list[Metadata | None]:
        assert len(items) <= self._chunk
        await self._answer("metadata", [handle for handle, _ in items])
        return [
            None if address in self.missing else self.metadata.get(address, Metadata("Double", writable=True))
            for _, address in items
        ]

    async def write(self, address: Address, value: Value, data_type: str) -> int:
        await self._answer("write", [])
        self.written.append((address, value, data_type))
        self.values[address] = value
        return self.write_status

    def handles(self, kind: str) -> list[int]:
        """The handles of all requests of one kind, in order."""
        return [handle for name, handles in self.requests if name == kind for handle in handles]

    def kinds(self) -> list[str]:
        """The kinds of all requests, in order."""
        return [name for name, _ in self.requests]

    async def _answer(self, kind: str, handles: Sequence[int]) -> None:
        if self.ended:
            raise SessionEnded(kind)
        self.requests.append((kind, tuple(handles)))
        self.under_way += kind != "write"
        assert self.under_way <= 1, "more than one chunk under way"
        try:
            await asyncio.sleep(1e6 if kind in self.never_answers else self.latency)
        finally:
            self.under_way -= kind != "write"
        if self.ended:
            raise SessionEnded(kind)
        if self.faults.get(kind):
            raise ServiceFault(self.faults[kind].pop(0))
