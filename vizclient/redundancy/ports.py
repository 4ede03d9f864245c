"""What the manager needs from the world, as Protocols. `opcua` implements them with asyncua, tests with fakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vizclient.items.address import Address
from vizclient.redundancy.model import Connection, Problem, Report, Server
from vizclient.redundancy.readiness import Certificates, Inspection, PagesFile


class SessionListener(Protocol):
    """Who hears from an open session. Called from the event loop, never after `close` was called."""

    def session_reported(self, generation: int, report: Report) -> None:
        """Something about the server's role changed (pushed or read)."""
        ...

    def session_lost(self, generation: int, problem: Problem) -> None:
        """The session is dead; called at most once."""
        ...


class Session(Protocol):
    """An activated session. What flows over it is the data consumer's business. It is closed also after it was lost."""

    @property
    def generation(self) -> int:
        """The number of the attempt that opened it."""
        ...

    @property
    def server(self) -> Server:
        """Whose session it is."""
        ...

    async def watch(self) -> None:
        """Start the watchdog, the channel's renewal and the monitoring of ServerState, ServiceLevel, Mode and the role item.

        Idempotent. Failures go to the listener, they are not raised.
        """
        ...

    async def close(self) -> None:
        """Close politely within a bounded time (0.3 s), then drop the socket. Idempotent, never raises but for cancellation."""
        ...


class Deaf:
    """A SessionListener for sessions that are closed again at once."""

    def session_reported(self, generation: int, report: Report) -> None: ...

    def session_lost(self, generation: int, problem: Problem) -> None: ...


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`session` is open and unwatched if the server let one be activated, else None; then nothing is left behind."""

    report: Report
    session: Session | None


class Connector(Protocol):
    """Opens connections. Leaves nothing behind: not after a time-out, a cancellation or a frozen server."""

    async def probe(self, server: Server, generation: int, listener: SessionListener, *, session: bool) -> ProbeResult:
        """Find out about `server` within its own deadline; every failure is a report, not an exception.

        `session=False` goes no further than TCP.
        """
        ...


class InspectedSession(Protocol):
    """The part of a session that readiness needs. Requests raise SessionEnded or ServiceFault."""

    async def inspect(self, items: Sequence[Address]) -> Inspection:
        """What the session shows of its server, and of these items there."""
        ...

    async def read_pages(self, file: Address, known: PagesFile | None, digest: Callable[[bytes], str]) -> PagesFile:
        """The file of pages that the server holds; it is not read again while it is as it was when `known` was read.

        `digest` is called in a thread; it gives "" for what is no bundle.
        """
        ...


class Offer(StrEnum):
    """Whether a session's server lets its user have the roles changed."""

    NONE = "none"  # it has no method Failover
    FORBIDDEN = "forbidden"  # it has, and this user may not call it, or nobody now
    OFFERED = "offered"


class FailoverSession(Protocol):
    """The part of a session that a drill needs (OPC 10000-5, 6.3.15). Requests raise SessionEnded or ServiceFault."""

    async def failover_offer(self) -> Offer:
        """Whether the server would fail over if it were asked to."""
        ...

    async def fail_over(self) -> None:
        """Ask the server to hand over to the other one, once. SessionEnded: it may do so, and went before it answered."""
        ...


class Inspector(Connector, Protocol):
    """A connector whose probes open sessions that are `InspectedSession`s too."""

    def certificates(self, server: Server) -> Certificates:
        """What a secure channel with `server` rests on, as it is kept on this computer."""
        ...


class DataConsumer(Protocol):
    """Who moves values over the data session."""

    def attach(self, session: Session) -> None:
        """`session` is now the data session; its `watch` is started beside. Returns at once."""
        ...

    def detach(self, generation: int) -> None:
        """The data session is no more; nothing of it may be used from now on."""
        ...


class Announcer(Protocol):
    """Who is told about the connection."""

    def announce(self, connection: Connection) -> None:
        """Called when a person would see a difference, the seconds since the last probes among it. Returns at once."""
        ...


class Clock(Protocol):
    """Monotonic and wall time in seconds. Sleeping is the event loop's, which tests replace as a whole."""

    def monotonic(self) -> float:
        """`time.perf_counter`: the same clock in all processes of a machine."""
        ...

    def wall(self) -> float:
        """Unix time."""
        ...
