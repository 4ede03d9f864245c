"""`vizclient write`: one value, once, to the active server; says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from vizclient.exits import Exit
from vizclient.headless.account import complain_of_servers
from vizclient.headless.forms import parse_value, text_value
from vizclient.headless.running import address_of
from vizclient.items.address import Address
from vizclient.items.freshness import BAD_NODE_ID_INVALID, BAD_NODE_ID_UNKNOWN
from vizclient.items.metadata import Metadata
from vizclient.items.typed import ValueRefused
from vizclient.items.value import Value
from vizclient.items.writing import Readback, WriteOrder, WriteOutcome, WriteState
from vizclient.link.composition import compose
from vizclient.link.site import Site, SiteListener
from vizclient.phrases import phrase
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Caution, Connection, ConnectionState, Switchover

CONNECT_WITHIN = 10.0
"""Seconds to find the active server and to learn what kind of value the item holds."""
GIVE_UP = 3.0
"""Seconds after which "no active server" is taken for the answer; an ordinary takeover is over by then."""
_HANDLE, _NUMBER = 0, 1
_EXITS = {
    WriteOutcome.DONE: Exit.DONE,
    WriteOutcome.REFUSED: Exit.REFUSED,
    WriteOutcome.MISMATCH: Exit.MISMATCH,
    WriteOutcome.UNKNOWN: Exit.UNKNOWN,
}


async def write(profile: Profile, places: Places, item: str, text: str, *, readback: Readback) -> Exit:
    """Write `text`, read as the item's data type wants it, to `item`; print the outcome."""
    address = address_of(item, profile)
    if address is None:
        return Exit.USAGE
    complain = partial(complain_of_servers, profile)
    return await Write(partial(compose, profile, places), complain, item, address).run(text, readback)


class Write:
    """One write over a site of its own. A SiteListener. `complain`: says a sentence about the servers."""

    def __init__(
        self,
        compose_site: Callable[[SiteListener], Site],
        complain: Callable[[str, Connection | None], None],
        item: str,
        address: Address,
    ) -> None:
        self._complain = complain
        self._item = item
        self._address = address
        self._moved = asyncio.Event()
        self._connection: Connection | None = None
        self._metadata: Metadata | None = None
        self._missing = False
        self._final: WriteState | None = None
        self._site = compose_site(self)

    async def run(self, text: str, readback: Readback) -> Exit:
        """Connect, write, print."""
        self._site.show("write", {_HANDLE: self._address})
        self._site.start()
        try:
            return await self._write(text, readback)
        finally:
            await self._site.close()

    async def _write(self, text: str, readback: Readback) -> Exit:
        if not await self._ready_within(GIVE_UP) and (
            self._nobody() or not await self._ready_within(CONNECT_WITHIN - GIVE_UP)
        ):
            return self._not_connected()
        connection, metadata = self._connection, self._metadata
        if connection is None or connection.server is None:
            return self._not_connected()
        if metadata is None:
            self._refuse("write-missing", {})
            return Exit.REFUSED
        if Caution.TWO_ACTIVE in connection.warnings:
            self._complain("two-active", connection)
        try:
            value = parse_value(text, metadata)
        except ValueRefused as error:
            self._refuse(error.code, error.arguments)
            return Exit.REFUSED
        self._site.write(WriteOrder(_NUMBER, _HANDLE, self._address, value, connection.generation, readback))
        while self._final is None:
            await self._moved.wait()
            self._moved.clear()
        return self._say(self._final, value, metadata, connection.server)

    async def _ready_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not self._ready():
                    await self._moved.wait()
                    self._moved.clear()
        except TimeoutError:
            return False
        return True

    def _nobody(self) -> bool:
        return self._connection is not None and self._connection.state is ConnectionState.NO_ACTIVE

    def _ready(self) -> bool:
        connection = self._connection
        if connection is not None and connection.state is ConnectionState.ATTENTION:
            return True
        connected = connection is not None and connection.state is ConnectionState.CONNECTED
        return connected and (self._metadata is not None or self._missing)

    def _not_connected(self) -> Exit:
        connection = self._connection
        if connection is not None and connection.state is ConnectionState.CONNECTED:
            self._refuse("write-no-metadata", {"item": self._item})
            return Exit.REFUSED
        if connection is not None and connection.state is ConnectionState.ATTENTION:
            self._complain("needs-attention", connection)
            return Exit.ATTENTION
        self._complain("no-active-server", connection)
        return Exit.NO_ACTIVE

    def _refuse(self, code: str, arguments: dict[str, str]) -> None:
        print(f"refused: {self._item}: {phrase(code, arguments)}")

    def _say(self, state: WriteState, value: Value, metadata: Metadata, server: str) -> Exit:
        read = text_value(state.read, metadata)
        reason = phrase(state.code, {**state.arguments, "read": read}) if state.code else ""
        said = f"{state.outcome}: {self._item} = {text_value(value, metadata)} on {server}"
        print(f"{said}. {reason}" if reason else said)
        return _EXITS[state.outcome]

    # SiteListener

    def samples_changed(self) -> None:
        """See `SiteListener`."""
        for _, sample in self._site.store.take(1):
            self._missing = sample.status in (BAD_NODE_ID_INVALID, BAD_NODE_ID_UNKNOWN)
        self._moved.set()

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        """See `SiteListener`."""
        self._metadata = pairs[0][1]
        self._missing = self._metadata is None
        self._moved.set()

    def items_dropped(self, handles: Sequence[int]) -> None:
        """Nothing is let go of here."""

    def connection_changed(self, connection: Connection) -> None:
        """See `SiteListener`."""
        if self._connection is not None and connection.generation != self._connection.generation:
            self._metadata = None
        self._connection = connection
        self._moved.set()

    def switchover_recorded(self, switchover: Switchover) -> None:
        """Of no interest here."""

    def write_moved(self, state: WriteState) -> None:
        """See `SiteListener`."""
        if state.outcome is not WriteOutcome.PENDING:
            self._final = state
            self._moved.set()
