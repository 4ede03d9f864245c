"""`vizclient watch`: items as they change, one line each, with how far each can be trusted."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from vizclient.exits import Exit
from vizclient.headless.account import complain_of_servers
from vizclient.headless.forms import json_value, text_value
from vizclient.headless.running import address_of, complain
from vizclient.items.address import Address
from vizclient.items.freshness import Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.status import status_name
from vizclient.items.writing import WriteState
from vizclient.link.composition import compose
from vizclient.link.mirror import Mirror
from vizclient.link.site import Site, SiteListener
from vizclient.link.standing import StandingKeeper
from vizclient.phrases import phrase
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Caution, Connection, ConnectionState, Problem, Switchover
from vizclient.redundancy.support import InterfaceTable

ComplainOfServers = Callable[[str, Connection | None], None]
_CAUTIONS = {
    Caution.TWO_ACTIVE: "two-active",
    Caution.ROLE_UNSURE: "role-unsure",
    Caution.PEER_ATTENTION: "peer-needs-attention",
}
_TAKE = 10_000
_MARGIN = 0.002


async def watch(
    profile: Profile, places: Places, items: Sequence[str], *, as_json: bool, seconds: float | None
) -> Exit:
    """Print until Ctrl-C, or for `seconds`."""
    addresses: dict[Address, str] = {}
    for text in items:
        address = address_of(text, profile)
        if address is None:
            return Exit.USAGE
        addresses[address] = text
    complain_here = partial(complain_of_servers, profile)
    printer = Watch(partial(compose, profile, places), profile.interface_table, complain_here, as_json=as_json)
    try:
        await printer.run(addresses, seconds)
    except asyncio.CancelledError:
        printer.sum_up()
        raise
    printer.sum_up()
    return printer.verdict()


class Watch:
    """Prints what a site has to say. A SiteListener. `complain`: says a sentence about the servers, beside the lines."""

    def __init__(
        self,
        compose_site: Callable[[SiteListener], Site],
        interfaces: InterfaceTable,
        complain: ComplainOfServers,
        *,
        as_json: bool,
    ) -> None:
        self._complain = complain
        self._cautions: tuple[Caution, ...] = ()
        self._mirror = Mirror(interfaces)
        self._mirror.on_samples.append(self._say)
        self._as_json = as_json
        self._standings = StandingKeeper()
        self._texts: list[str] = []
        self._said: list[tuple[object, ...]] = []
        self._connection: Connection | None = None
        self._was_connected = False
        self._missing: set[tuple[int, int]] = set()
        self._taking = False
        self._ending = False
        self._settling: asyncio.TimerHandle | None = None
        self._unwritable: asyncio.Future[None] | None = None
        self._site = compose_site(self)

    async def run(self, items: Mapping[Address, str], seconds: float | None) -> None:
        """Watch `items`, each with what it is called by the user. Raises OSError when nobody takes our output."""
        self._unwritable = asyncio.get_running_loop().create_future()
        for address, text in items.items():
            self._mirror.handle(address)
            self._texts.append(text)
            self._said.append(())
        self._say(range(len(self._texts)))
        self._site.show("watch", dict(enumerate(self._mirror.addresses)))
        self._site.start()
        try:
            async with asyncio.timeout(seconds):
                await self._unwritable
        except TimeoutError:
            pass
        finally:
            self._ending = True
            await self._site.close()

    def verdict(self) -> Exit:
        """How it went, for scripts."""
        if self._was_connected or self._connection is None:
            return Exit.DONE
        return Exit.ATTENTION if self._connection.state is ConnectionState.ATTENTION else Exit.NO_ACTIVE

    def sum_up(self) -> None:
        """At the end: why there was nothing to see, if there was nothing."""
        connection = self._connection
        if not self._was_connected and connection is not None:
            attention = connection.state is ConnectionState.ATTENTION
            self._complain("needs-attention" if attention else "no-active-server", connection)

    # SiteListener

    def samples_changed(self) -> None:
        """See `SiteListener`."""
        if not self._taking:
            self._taking = True
            asyncio.get_running_loop().call_soon(self._take)

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        """See `SiteListener`."""
        self._mirror.take_metadata(pairs)

    def items_dropped(self, handles: Sequence[int]) -> None:
        """Nothing is let go of here."""

    def connection_changed(self, connection: Connection) -> None:
        """See `SiteListener`."""
        if self._ending:
            return
        before, self._connection = self._connection, connection
        self._was_connected |= connection.state is ConnectionState.CONNECTED
        standing = self._standings.standing(connection, self._mirror.standing, self._site.timing.hold)
        if standing.lost_at is not None and standing.lost_at != self._mirror.standing.lost_at:
            over = max(standing.lost_at + standing.hold - time.perf_counter(), 0.0)
            asyncio.get_running_loop().call_later(over + _MARGIN, self._say_all)  # what is held turns stale
        self._mirror.take_standing(standing)
        if before is None or _visible(before) != _visible(connection):
            self._say_connection(connection)
        self._say_all()
        self._say_cautions(connection)

    def switchover_recorded(self, switchover: Switchover) -> None:
        """Said by the lines of the connection."""

    def write_moved(self, state: WriteState) -> None:
        """Nothing is written here."""

    # Lines

    def _take(self) -> None:
        self._taking = False
        while changed := self._site.store.take(_TAKE):
            self._mirror.take_samples(changed)  # what of it is shown is said by `_say`, which listens to the mirror
        if self._mirror.awaits:
            self._settle()

    def _settle(self) -> None:
        """Give up, in time, on items that the active server has not made."""
        until = self._mirror.settle()
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        if until is not None and not self._ending:
            pause = max(until - time.perf_counter(), 0.0) + _MARGIN
            self._settling = asyncio.get_running_loop().call_later(pause, self._settle)

    def _say_all(self) -> None:
        self._say(range(len(self._texts)))

    def _say(self, handles: Iterable[int]) -> None:
        wall, now = time.time(), time.perf_counter()
        for handle in handles:
            sample, freshness = self._mirror.samples[handle], self._mirror.freshness(handle, now)
            value, status = (None, None) if sample is None else (json_value(sample.value), status_name(sample.status))
            if (value, status, freshness) == self._said[handle]:
                continue
            self._said[handle] = (value, status, freshness)
            server = None if sample is None else sample.server
            if self._as_json:
                row = {"t": wall, "kind": "value", "item": self._texts[handle], "value": value, "status": status}
                row |= {"freshness": freshness, "server": server, "source_t": sample and sample.source_time}
                self._print(json.dumps(row, ensure_ascii=False, allow_nan=False))
            else:
                shown = text_value(None if sample is None else sample.value, self._mirror.metadata[handle])
                self._print(f"{_clock(wall)}  {self._texts[handle]}  {shown}  {freshness}  {server or ''}")
            if freshness is Freshness.MISSING and sample is not None:
                self._say_missing(handle, sample.generation, sample.server)

    def _say_missing(self, handle: int, generation: int, server: str) -> None:
        if (handle, generation) not in self._missing:
            self._missing.add((handle, generation))
            complain("item-missing", {"item": self._texts[handle], "server": server})

    def _say_connection(self, connection: Connection) -> None:
        reason = connection.reason
        code = None if reason is None else str(reason.kind if isinstance(reason, Problem) else reason)
        wall = time.time()
        if self._as_json:
            row = {"t": wall, "kind": "connection", "state": connection.state, "server": connection.server}
            self._print(json.dumps(row | {"reason": code}, ensure_ascii=False))
            return
        what = connection.state if connection.server is None else f"{connection.state}  {connection.server}"
        kind, arguments = "cause", {}
        if isinstance(reason, Problem):
            kind, code, arguments = "reason", reason.code, dict(reason.arguments)
        because = "" if code is None else f": {phrase(f'{kind}.{code}', arguments)}"
        self._print(f"{_clock(wall)}  {what}{because}")

    def _say_cautions(self, connection: Connection) -> None:
        """What a person should look into although values flow: each once, for as long as it holds."""
        before, self._cautions = self._cautions, connection.warnings
        for caution in connection.warnings:
            if caution not in before and caution in _CAUTIONS:
                self._complain(_CAUTIONS[caution], connection)

    def _print(self, line: str) -> None:
        if self._ending:
            return
        try:
            print(line.rstrip(), flush=True)
        except OSError as error:
            self._ending = True
            if self._unwritable is not None and not self._unwritable.done():
                self._unwritable.set_exception(error)


def _visible(connection: Connection) -> tuple[object, ...]:
    reason = connection.reason
    return (
        connection.state,
        connection.server,
        connection.generation,
        reason.kind if isinstance(reason, Problem) else reason,
    )


def _clock(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
