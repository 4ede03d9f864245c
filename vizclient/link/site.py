"""One site as it runs: the pair's connection, and the items that flow over it. The same for the link process and the
headless commands. Knows neither channel nor window, and OPC UA only through the ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Protocol, cast

from vizclient.items.address import Address
from vizclient.items.feed import LINGER, Feed
from vizclient.items.freshness import NODE_MISSING
from vizclient.items.metadata import Metadata
from vizclient.items.ports import DataSession
from vizclient.items.store import Store
from vizclient.items.writing import WriteOrder, Writer, WriteState
from vizclient.link.readiness import ReadinessWatch
from vizclient.password import Password
from vizclient.redundancy.manager import Manager
from vizclient.redundancy.model import Connection, Layer, Problem, ProblemKind, Server, Switchover, Timing
from vizclient.redundancy.ports import Clock, Connector, Session
from vizclient.redundancy.readiness import Readiness


class SiteListener(Protocol):
    """Who is told what the site has to say. Called from the event loop; each returns at once."""

    def samples_changed(self) -> None:
        """There is something to take from the store, which was clean until now."""
        ...

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        """Metadata by handle; None where the node does not exist."""
        ...

    def items_dropped(self, handles: Sequence[int]) -> None:
        """Nothing keeps these items current any more."""
        ...

    def connection_changed(self, connection: Connection) -> None:
        """The connection, or what is known of a server, changed."""
        ...

    def switchover_recorded(self, switchover: Switchover) -> None:
        """A new one, or more of the one with the same `adopted_at`."""
        ...

    def write_moved(self, state: WriteState) -> None:
        """A write has a new state."""
        ...


class PasswordKeeper(Protocol):
    """Who knows the passwords of users: `link.logins.Passwords` is it.

    `on_late(server)`: one that an attempt waited for in vain is there. `on_trouble(code, arguments)`: see `Site`.
    """

    on_late: Callable[[Server], None]
    on_trouble: Callable[[str, Mapping[str, str]], None]

    def give(self, server: Server, password: Password) -> None:
        """A person says that this is the one."""
        ...

    def ask_again(self) -> None:
        """A person wants another try."""
        ...


class Site:
    """Store, feed and writer on whatever session the manager decides for. `may_switch`: a person may ask for a server.

    `readiness` looks whether the other server could take over, where somebody wants to know; `on_readiness` hears of it.
    `on_trouble(code, arguments)`: something else that a person should know, a key of `phrases`.
    """

    def __init__(
        self,
        connector: Connector,
        timing: Timing,
        clock: Clock,
        random: Random,
        listener: SiteListener,
        *,
        linger: float = LINGER,
        may_switch: bool = False,
        passwords: PasswordKeeper | None = None,
        readiness: ReadinessWatch | None = None,
    ) -> None:
        self.on_trouble: Callable[[str, Mapping[str, str]], None] = lambda code, arguments: None
        self.on_readiness: Callable[[Readiness], None] = lambda readiness: None
        self.timing = timing
        self.store = Store(listener.samples_changed)
        self._listener = listener
        self._feed = Feed(
            self.store,
            monotonic=clock.monotonic,
            described=self._described,
            dropped=listener.items_dropped,
            progress=self._progressed,
            failed=self._feed_failed,
            random=random.random,
            linger=linger,
        )
        self._writer = Writer(lambda: self._feed.session, self._sure, self._feed.metadata.get, listener.write_moved)
        self._manager = Manager(
            connector,
            self,
            self,
            timing,
            clock,
            random,
            may_switch=may_switch,
            on_switchover=listener.switchover_recorded,
        )
        self._readiness = readiness
        if readiness is not None:
            readiness.on_change = self._readiness_changed
        self._passwords = passwords
        if passwords is not None:
            passwords.on_late = self._manager.retry
            passwords.on_trouble = self._troubled

    @property
    def connection(self) -> Connection | None:
        """What was announced last."""
        return self._manager.connection

    @property
    def session(self) -> DataSession | None:
        """The data session of the moment."""
        return self._feed.session

    def start(self) -> None:
        """Look for the active server, and stay on it. Once."""
        if self._readiness is not None:
            self._readiness.start(self)
        self._manager.start()

    def show(self, view: str, items: Mapping[int, Address], *, shown: bool = True) -> None:
        """See `Feed.show`."""
        self._feed.show(view, items, shown=shown)
        if self._readiness is not None:
            self._readiness.pages_changed()

    def bundle_shown(self, digest: str) -> None:
        """The pages that are shown have this digest."""
        if self._readiness is not None:
            self._readiness.bundle_shown(digest)

    def write(self, order: WriteOrder) -> None:
        """See `Writer.begin`."""
        self._writer.begin(order)

    def cancel_write(self, number: int) -> None:
        """See `Writer.cancel`."""
        self._writer.cancel(number)

    def ask_switch(self, server: Server) -> None:
        """A person asks for this server."""
        self._manager.ask_switch(server)

    def give_password(self, server: Server, password: Password) -> None:
        """A person says the password of the user of `server`: it is tried at once, there alone."""
        if self._passwords is not None:
            self._passwords.give(server, password)
            self._manager.retry(server)
        if self._readiness is not None:
            self._readiness.person_acted()

    def retry(self) -> None:
        """A person has mended what needed attention."""
        if self._passwords is not None:
            self._passwords.ask_again()
        self._manager.retry()
        if self._readiness is not None:
            self._readiness.person_acted()

    async def close(self) -> None:
        """End everything; writes under way become unknown. Takes about half a second at most."""
        await self._writer.close()
        if self._readiness is None:
            await self._manager.stop()
        else:
            await asyncio.gather(self._manager.stop(), self._readiness.close())
        await self._feed.close()

    # Items, for readiness

    def shown(self) -> Sequence[tuple[Address, str]]:
        """See `readiness.Items`."""
        metadata = self._feed.metadata
        return [
            (address, "" if (known := metadata.get(handle)) is None else known.interface)
            for handle, address in self._feed.shown.items()
        ]

    def found(self) -> tuple[Sequence[Address], Sequence[Address]]:
        """See `readiness.Items`."""
        samples, generation = self.store.samples, self.store.generation
        asked, missing = [], []
        for handle, address in {**self._feed.shown, **self._feed.addresses}.items():
            sample = samples.get(handle)
            if sample is not None and sample.generation == generation:
                asked.append(address)
                if sample.status in NODE_MISSING:
                    missing.append(address)
        return asked, missing

    # DataConsumer and Announcer, for the manager

    def attach(self, session: Session) -> None:
        """See `DataConsumer`. What a connector opens is a DataSession as well."""
        self._feed.attach(cast(DataSession, session))
        if self._readiness is not None:
            self._readiness.attach(session)

    def detach(self, generation: int) -> None:
        """See `DataConsumer`."""
        if self._readiness is not None:
            self._readiness.detach()
        if self._feed.session is not None and self._feed.session.generation == generation:
            self._feed.detach()

    def announce(self, connection: Connection) -> None:
        """See `Announcer`."""
        self._listener.connection_changed(connection)
        if self._readiness is not None:
            self._readiness.connection_changed(connection)

    def _readiness_changed(self, readiness: Readiness) -> None:
        self.on_readiness(readiness)

    def _described(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        self._listener.metadata_read(pairs)
        if self._readiness is not None and any(known is not None and known.interface for _, known in pairs):
            self._readiness.pages_changed()

    def _sure(self) -> bool:
        return self.connection is not None and self.connection.sure

    def _progressed(self, generation: int, first: float, last: float | None) -> None:
        self._manager.values_arrived(generation, first_at=first, all_at=last)

    def _troubled(self, code: str, arguments: Mapping[str, str]) -> None:
        self.on_trouble(code, arguments)

    def _feed_failed(self, generation: int, error: BaseException) -> None:
        """By this program's own fault, and logged as such: a new session starts from nothing."""
        self._manager.session_lost(generation, Problem(ProblemKind.LOCAL, Layer.ACTIVATED, detail=repr(error)))
