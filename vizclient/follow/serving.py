"""Which server others may be sent to, concluded from the connection; and who is told when that changes.

It fails closed: unless the client itself is connected and sure of the role, nobody is sent anywhere. Reads no clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from vizclient.redundancy.model import (
    Connection,
    ConnectionState,
    Finding,
    Problem,
    Report,
    Role,
    Server,
    ServerView,
    Source,
)

_log = logging.getLogger(__name__)

UNSURE = "role-unsure"
"""The reason while the client is connected, but to a server whose role is in doubt."""


@dataclass(frozen=True, slots=True)
class Account:
    """One server: its role, since when (unix seconds; None while nothing was heard), and the code of what that was concluded from."""

    role: Role
    since: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Serving:
    """`server`: the one that others may be sent to, None for neither. `since`: unix seconds of when that began.

    `reason`: the code of why there is none, None where there is one.
    """

    state: ConnectionState
    server: Server | None
    since: float
    reason: str | None
    main: Account
    backup: Account

    @property
    def known(self) -> bool:
        """Whether both servers have been asked; before that nothing is said to anybody, neither yes nor no."""
        return self.state is not ConnectionState.CONNECTING

    @property
    def searching(self) -> bool:
        """Whether one may be found at any moment."""
        return self.state in (ConnectionState.CONNECTING, ConnectionState.SWITCHING)

    def of(self, server: Server) -> Account:
        """What is known of one server."""
        return self.main if server is Server.MAIN else self.backup


def serving(connection: Connection, wall_of: Callable[[float], float]) -> Serving:
    """What follows from `connection` for others. `wall_of`: unix seconds of a monotonic time."""
    connected = connection.state is ConnectionState.CONNECTED
    server = connection.server if connected and connection.sure else None
    return Serving(
        state=connection.state,
        server=server,
        since=wall_of(connection.since),
        reason=None if server is not None else UNSURE if connected else code_of(connection.reason) or connection.state,
        main=_account(connection.main, wall_of),
        backup=_account(connection.backup, wall_of),
    )


def code_of(reason: Problem | Source | None) -> str | None:
    """The code of a loss or refusal; None where there was none."""
    return reason.code if isinstance(reason, Problem) else reason


def nothing_yet(since: float) -> Serving:
    """At the start."""
    nothing = Account(Role.UNKNOWN, None, Source.NONE)
    state = ConnectionState.CONNECTING
    return Serving(state, None, since, reason=state, main=nothing, backup=nothing)


def _account(view: ServerView, wall_of: Callable[[float], float]) -> Account:
    since = None if view.report is None else wall_of(view.since)
    return Account(view.finding.role, since, _why(view.finding, view.report))


def _why(finding: Finding, report: Report | None) -> str:
    problem = None if report is None else report.problem
    by_problem = finding.source in (Source.PROBLEM, Source.REFUSAL) and problem is not None
    return problem.code if by_problem and problem is not None else finding.source


class Board:
    """What is known now, for whoever asks; and who wants to be told when it changes."""

    def __init__(self, now: Serving) -> None:
        self.now = now
        self._listeners: list[Callable[[Serving], None]] = []

    def listen(self, listener: Callable[[Serving], None]) -> Callable[[], None]:
        """Call `listener` at each change, from the event loop; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def post(self, serving: Serving) -> None:
        """This is known from now on."""
        if serving == self.now:
            return
        self.now = serving
        for listener in tuple(self._listeners):
            try:
                listener(serving)
            except Exception:  # noqa: BLE001 - one that fails must not keep the others from hearing
                _log.exception("not all were told which server is active, by this program's own fault")
