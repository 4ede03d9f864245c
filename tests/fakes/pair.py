"""A pair of servers that exist in virtual time only: they can crash, freeze, be cut off, and swap their roles.

Honest where a client could tell: a frozen server still completes TCP connections, a cut cable loses resets as well as
answers, a thawed server goes on where it stopped (with the requests that it had taken in), and a session whose socket has
gone is dropped when the server notices.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.redundancy.model import Layer, Mode, ProblemKind, RedundancySupport, Report, Server
from vizclient.redundancy.readiness import PagesFile


class Refuses(IntEnum):
    """How far a standby lets clients come; the number is the layer that it refuses."""

    TCP = Layer.TCP
    HELLO = Layer.HELLO
    SESSION = Layer.SESSION
    ACTIVATION = Layer.ACTIVATED
    NOTHING = 99  # passive: accepts sessions, serves nothing fresh


class Announces(StrEnum):
    """How a server says which role it has."""

    MODE = "mode"
    LEVEL = "level"
    ROLE_ITEM = "role-item"
    NOTHING = "nothing"


RESET: Final = object()
"""Instead of an answer: the connection is gone."""


class Connected(Protocol):
    """Who holds a session on a server, as the server sees it."""

    def role_changed(self) -> None:
        """The server's role, or something beside it, has changed."""
        ...

    def value_changed(self, address: Address) -> None:
        """The value of an item has changed."""
        ...

    def lose_notifications(self) -> None:
        """The next notifications get lost on the way."""
        ...


class FakeSocket:
    """One connection, both ends. `on_reset` is called once when the client's side learns that it is gone."""

    def __init__(self, server: FakeServer, on_reset: Callable[[], None] = lambda: None) -> None:
        self.server = server
        self.on_reset = on_reset
        self.gone = False
        self.closed = False
        self.heard_at = asyncio.get_running_loop().time()
        """When the client's side last heard anything."""
        self.waiting: set[asyncio.Future[object]] = set()
        """What the client's side waits for; RESET when the connection ends."""
        server.sockets.add(self)
        server.accepted.append(self.heard_at)

    def close(self) -> None:
        """The client's side closes; the server notices when it can."""
        if not self.closed:
            self._end()
            self.server.notice()

    def reset(self) -> None:
        """The client's side has learned that the other end is gone."""
        if not self.closed:
            self._end()
            self.on_reset()

    def _end(self) -> None:
        self.closed = True
        self.server.sockets.discard(self)
        for answer in list(self.waiting):
            if not answer.done():
                answer.set_result(RESET)


class FakeServer:
    """One server of the pair. Set what it does through the methods: each lets everybody concerned notice."""

    def __init__(self, name: Server, field: dict[Address, Value]) -> None:
        self.name = name
        self.uri = f"urn:fake:{name}"
        self.peer: FakeServer | None = None
        self.refuses = Refuses.NOTHING
        self.announces = Announces.MODE
        self.latency = 0.001
        self.slow: Callable[[], float] = lambda: 0.0
        """Seconds more that a request takes to be carried out, and then to be answered; asked for each anew."""
        self.publishing = 0.0
        """Seconds between two publish responses of one session; 0 for each change at once."""
        self.max_sessions = 100
        self.trouble: ProblemKind | None = None
        """Credentials, certificate, security, unresolved or not-opc-ua: what a client meets here."""
        self.level: int | None = None
        """The ServiceLevel; None for the one that goes with the role."""
        self.state = 0
        self.support = RedundancySupport.WARM
        self.estimated_return: float | None = None
        self.peer_levels: tuple[tuple[str, int], ...] = ()
        self.has_backup = True
        self.up = True
        self.frozen = False
        self.reachable = True
        self.active = False
        self.sockets: set[FakeSocket] = set()
        self.sessions: dict[Connected, FakeSocket] = {}
        self.attempts: list[tuple[float, int, Layer]] = []
        """Every probe as (when it ended or began, generation, how far it was allowed to go)."""
        self.accepted: list[float] = []
        """When connections were made."""
        self.credentials_shown = 0
        self.watcher: Callable[[Iterable[Address]], None] = lambda _: None
        """Called when something about this server, or these values on it, may have changed."""
        self.about_to_change: Callable[[], None] = lambda: None
        """Called before what it holds becomes something else, perhaps within the same moment."""
        self.missing: set[Address] = set()
        self.faults: list[int] = []
        """Statuses by which the next requests for monitored items are refused."""
        self.lost_notifications_at = float("-inf")
        self.deaf_to_writes = False
        """A write is answered with Good, and changes nothing."""
        self.writes: Counter[tuple[Address, Value]] = Counter()
        self.written_by: dict[Value, int] = {}
        """The generation of the session by which a value was written."""
        self.ignored: set[Value] = set()
        """Values of writes that changed nothing."""
        self.metadata: dict[Address, Metadata] = {}
        self.skew = 0.0
        """Seconds by which its clock is ahead."""
        self.namespaces = ("urn:fake",)
        self.pages = PagesFile(fault="missing")
        self.inspected = 0
        """How often a session has looked at it with a view to a switchover."""
        self._field = field
        self._own = dict(field)
        self._waiting: list[asyncio.Future[None]] = []
        self._taken_in: list[Callable[[], None]] = []

    # What happens to it

    def crash(self) -> None:
        """The process is gone; the kernel resets its connections."""
        self.up = self.frozen = self.active = False
        self._taken_in.clear()
        self.drop_connections()

    def start(self, *, empty: bool = False) -> None:
        """If the process is gone, it is there again, as a standby, and remembers no session; `empty`: no value either."""
        if self.up:
            return
        self.up = True
        if empty:
            self._own.clear()
        self.notice()

    def drop_connections(self) -> None:
        """Every connection is reset, every session forgotten."""
        self.sessions.clear()
        for socket in self.sockets:
            socket.gone = True
        self.notice()

    def freeze(self) -> None:
        """The process stands still; its kernel goes on accepting connections."""
        self.frozen = True
        self.watcher(())

    def thaw(self) -> None:
        """The process goes on where it stopped."""
        self.frozen = False
        self.watcher(())
        self.about_to_change()
        taken_in, self._taken_in = self._taken_in, []
        for request in taken_in:
            request()
        self.notice()

    def cut(self) -> None:
        """Nothing gets through any more, resets included."""
        self.reachable = False
        self.watcher(())

    def mend(self) -> None:
        """The network is whole again."""
        self.reachable = True
        self.notice()

    def become(self, *, active: bool) -> None:
        """Take or leave the active role. A standby that refuses clients throws out those it has."""
        if self.active and not active:
            self._own = dict(self._field)
        changed, self.active = self.active is not active, active
        if not active and self.refuses is not Refuses.NOTHING:
            self.drop_connections()
        else:
            self.notice()
        if changed:
            self.values_changed(self._field)

    def say(self, *, level: int | None = None, state: int = 0, estimated_return: float | None = None) -> None:
        """Announce a ServiceLevel (None: the role's own), a ServerState, a time of return."""
        self.level, self.state, self.estimated_return = level, state, estimated_return
        self.notice()

    def lose_nodes(self, addresses: Iterable[Address]) -> None:
        """These do not exist here any more."""
        self.missing |= set(addresses)
        self.values_changed(addresses)

    def find_nodes(self) -> None:
        """All nodes exist here."""
        found = list(self.missing)
        self.missing.clear()
        self.values_changed(found)

    def lose_notifications(self) -> None:
        """What is published next gets lost on the way."""
        for owner in list(self.sessions):
            owner.lose_notifications()

    def values_changed(self, addresses: Iterable[Address]) -> None:
        """Tell the sessions that these are others than before."""
        self.watcher(addresses)
        if self.up:
            for owner in list(self.sessions):
                for address in addresses:
                    owner.value_changed(address)

    def take_in(self, request: Callable[[], None]) -> None:
        """A request has arrived: it is carried out now, or, if the process stands still, when it goes on."""
        if self.frozen:
            self._taken_in.append(request)
        elif self.up:
            request()

    def notice(self) -> None:
        """Let everybody who waits for this server look again, and tell its sessions."""
        self.watcher(())
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        if self.reachable:
            for socket in [socket for socket in self.sockets if socket.gone]:
                socket.reset()
        if self.serves:
            self.sessions = {owner: socket for owner, socket in self.sessions.items() if not socket.closed}
            for owner in list(self.sessions):
                owner.role_changed()

    # What it is

    @property
    def serves(self) -> bool:
        """Whether a request would be answered now."""
        return self.up and not self.frozen and self.reachable

    def lets_in(self, layer: Layer) -> bool:
        """Whether a client may come to `layer`."""
        if not self.up:
            return False
        return self.active or layer < self.refuses

    def change(self) -> asyncio.Future[None]:
        """Done when something about this server has changed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    def value(self, address: Address) -> Value:
        """The value of an item: that of the field while active, of its own memory as a standby. KeyError if missing."""
        if address in self.missing:
            raise KeyError(address)
        return self._field[address] if self.active else self._own[address]

    def write(self, address: Address, value: Value, generation: int) -> None:
        """Write an item, as the active server."""
        self.about_to_change()
        self.writes[address, value] += 1
        self.written_by[value] = generation
        if self.deaf_to_writes:
            self.ignored.add(value)
        else:
            self._field[address] = value
            for server in (self, self.peer):
                if server is not None and server.active:
                    server.values_changed([address])

    def report(self, at: float, *, took: float = 0.0) -> Report:
        """What a session reads about this server."""
        level = mode = custom = None
        match self.announces:
            case Announces.MODE:
                level = 255 if self.active else 100
                mode = (
                    (Mode.PRIMARY_WITH_BACKUP if self.has_backup else Mode.PRIMARY_ONLY)
                    if self.active
                    else Mode.BACKUP_READY
                )
            case Announces.LEVEL:
                level = 255 if self.active else 100
            case Announces.ROLE_ITEM:
                level, custom = 255, self.active
        return Report(
            self.name,
            at,
            Layer.ACTIVATED,
            state=self.state,
            level=level if self.level is None else self.level,
            support=self.support,
            mode=mode,
            custom_active=custom,
            server_uri=self.uri,
            estimated_return=self.estimated_return,
            took=took,
            round_trip=2 * self.latency,
            peer_levels=self.peer_levels,
        )


class FakePair:
    """Both servers, and the building that the active one serves."""

    def __init__(self, field: dict[Address, Value] | None = None) -> None:
        self.field: dict[Address, Value] = dict(field or {})
        self.main = FakeServer(Server.MAIN, self.field)
        self.backup = FakeServer(Server.BACKUP, self.field)
        self.main.peer, self.backup.peer = self.backup, self.main
        self.main.active = True

    def __getitem__(self, server: Server) -> FakeServer:
        return self.main if server is Server.MAIN else self.backup

    @property
    def both(self) -> tuple[FakeServer, FakeServer]:
        """Main and backup."""
        return self.main, self.backup

    def swap(self) -> None:
        """The roles change places, both processes alive."""
        main_was_active = self.main.active
        self.main.become(active=not main_was_active)
        self.backup.become(active=main_was_active)

    def move(self, address: Address, value: Value) -> None:
        """A value of the building changes."""
        for server in self.both:
            server.about_to_change()
        self.field[address] = value
        for server in self.both:
            if server.active:
                server.values_changed([address])

    def open_sockets(self) -> int:
        """Sockets that the client holds."""
        return len(self.main.sockets) + len(self.backup.sockets)

    def open_sessions(self) -> int:
        """Sessions that the servers hold."""
        return len(self.main.sessions) + len(self.backup.sessions)
