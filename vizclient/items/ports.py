"""What moving values needs from a session, as a Protocol. `opcua` implements it with asyncua, tests with fakes.

Items are known to both sides of every seam by a small number, the *handle*, given once by who first asks for the item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value


class Change(NamedTuple):
    """One value as received. `source_time` in unix seconds or None."""

    handle: int
    value: Value
    status: int
    source_time: float | None


class SessionEnded(ConnectionError):
    """The session was lost or closed while the request was under way; nothing is known about its effect."""


class ServiceFault(Exception):
    """The server refused a whole request with `status`. Retry policy: transient ones after a back-off, in smaller chunks."""

    def __init__(self, status: int) -> None:
        super().__init__(f"0x{status:08X}")
        self.status = status


class DataSession(Protocol):
    """The part of a session that items need. All requests raise SessionEnded or ServiceFault."""

    @property
    def generation(self) -> int: ...

    @property
    def server(self) -> str: ...

    @property
    def chunk(self) -> int:
        """Most items of one request: 200, or the server's operation limits if less."""
        ...

    def receive(self, batch: Callable[[Sequence[Change]], None], gap: Callable[[], None]) -> None:
        """Where published changes go, one call a publish response; `gap` when some were lost on the way."""
        ...

    async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
        """Read values, any number of items: split by MaxNodesPerRead, halved on BadResponseTooLarge; one Change each."""
        ...

    async def subscribe(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        """Create monitored items, at most `chunk`; the status of each, 0 where it was created."""
        ...

    async def unsubscribe(self, handles: Sequence[int]) -> None:
        """Delete monitored items, at most `chunk`; unknown handles are passed over."""
        ...

    async def read_metadata(self, items: Sequence[tuple[int, Address]]) -> list[Metadata | None]:
        """Metadata of at most `chunk` items; None where the node does not exist."""
        ...

    async def write(self, address: Address, value: Value, data_type: str) -> int:
        """Write one value once; the StatusCode. `data_type` is the built-in type's name, from the metadata."""
        ...
