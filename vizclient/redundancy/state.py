"""What `decide` knows: one immutable description of both servers and of the connection. Pure; what to do is not known here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Finding,
    Problem,
    Report,
    Role,
    Server,
    ServerView,
    Source,
    Timing,
)
from vizclient.redundancy.roles import NOTHING_KNOWN, beside_active, listed_level, surely_serves

TAKEOVER_GRACE = 2.0
"""Seconds after a loss in which an ordinary takeover is awaited before it is said that no server is active."""

TWO_ACTIVE_CONFIRMED = 0.5
"""A server found active so many seconds after both became so is really a second one, and no swap of roles half seen."""

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Known:
    """One server: its last report, and the one attempt, kept session or waiting time that it has at any moment.

    `probe`, `held`: generations, 0 for none. `ask_at`: when it is asked next. `tries`: role probes in a row that
    met an open port. `answered`: since the search began. `barred_until`: before that, credentials are not shown to it.
    """

    report: Report | None = None
    finding: Finding = NOTHING_KNOWN
    since: float = 0.0
    uri: str = ""
    probe: int = 0
    held: int = 0
    ask_at: float | None = None
    tries: int = 0
    answered: bool = False
    barred_until: float = 0.0

    @property
    def sure(self) -> bool:
        """Whether values from it can be trusted."""
        return surely_serves(self.finding, self.report)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decisions rest on. `State(timing, may_switch)` is the beginning.

    `server`, `session`: the data session. `left`: the server of the one before. `died_young`: so many in a row did. `moved_at`: when a degraded server was
    last left for a better one. `reason`: why a data session was last lost or left; None at a person's wish. `wanted`: the
    server a person asked for. `wake_at`: the last `WakeAt`, until it comes. `announced`: the last `Announce`.
    """

    timing: Timing = field(default_factory=Timing)
    may_switch: bool = False
    running: bool = False
    ended: bool = False
    generation: int = 0
    main: Known = Known()
    backup: Known = Known()
    server: Server | None = None
    session: int = 0
    left: Server | None = None
    lost_at: float | None = None
    reason: Problem | Source | None = None
    adopted_at: float = 0.0
    died_young: int = 0
    searching_since: float = 0.0
    moved_at: float | None = None
    wanted: Server | None = None
    wake_at: float | None = None
    announced: Connection | None = None

    def known(self, server: Server) -> Known:
        """What is known of `server`."""
        return self.main if server is Server.MAIN else self.backup

    @property
    def preferred(self) -> Server:
        """Who is taken when both would do: the one connected last, else the main."""
        return self.server or self.left or Server.MAIN

    @property
    def both_answered(self) -> bool:
        """Whether both have been asked since the search began."""
        return self.main.answered and self.backup.answered


def connection(state: State, at: float) -> Connection:
    """The connection as it is to be announced at `at`."""
    known = None if state.server is None else state.known(state.server)
    what = _connection_state(state, at)
    before = state.announced
    same = before is not None and (before.state, before.generation) == (what, state.session)
    return Connection(
        state=what,
        server=state.server,
        generation=state.session,
        sure=known is not None and known.sure,
        since=before.since if same and before is not None else at,
        main=_view(state, Server.MAIN),
        backup=_view(state, Server.BACKUP),
        lost_at=state.lost_at,
        left=state.left,
        reason=_reason(state, what),
        warnings=_cautions(state),
    )


def grace_ends(state: State) -> float | None:
    """When "switching" turns into "no active server", if it is switching."""
    return None if state.lost_at is None else state.lost_at + TAKEOVER_GRACE


def worth_announcing(state: State, new: Connection) -> bool:
    """Whether a person sees a difference to what was announced last; the time of a last probe shows in seconds."""
    old = state.announced
    if old is None or _seen(old) != _seen(new):
        return True
    return any(
        was.report is not None
        and now.report is not None
        and now.report.at - was.report.at >= state.timing.probe_interval
        for was, now in ((old.main, new.main), (old.backup, new.backup))
    )


def _connection_state(state: State, at: float) -> ConnectionState:
    if state.ended:
        return ConnectionState.STOPPED
    if state.server is not None:
        return ConnectionState.CONNECTED
    end = grace_ends(state)
    if not state.both_answered or (end is not None and at < end):
        return ConnectionState.CONNECTING if end is None else ConnectionState.SWITCHING
    if Role.ATTENTION in (state.main.finding.role, state.backup.finding.role):
        return ConnectionState.ATTENTION
    return ConnectionState.NO_ACTIVE


def _reason(state: State, what: ConnectionState) -> Problem | Source | None:
    if what not in (ConnectionState.SWITCHING, ConnectionState.NO_ACTIVE, ConnectionState.ATTENTION):
        return None
    if what is not ConnectionState.ATTENTION and state.reason is not None:
        return state.reason
    asked = [state.known(state.preferred), state.known(state.preferred.other)]
    if what is ConnectionState.ATTENTION:
        asked = [known for known in asked if known.finding.role is Role.ATTENTION]
    problem = None if asked[0].report is None else asked[0].report.problem
    return problem or asked[0].finding.source


def _view(state: State, server: Server) -> ServerView:
    known, report = state.known(server), state.known(server).report
    if report is not None and known.finding.source is Source.PEER_ARRAY:
        report = replace(report, level=listed_level(report.server_uri, state.known(server.other).report))
    finding = known.finding
    if state.server is server.other and state.known(server.other).finding.role is Role.ACTIVE:
        finding = beside_active(finding, report)
    return ServerView(finding, report, known.since)


def _cautions(state: State) -> tuple[Caution, ...]:
    if state.server is None:
        return ()
    own, peer = state.known(state.server), state.known(state.server.other)
    found = []
    both_active = own.finding.role is Role.ACTIVE and peer.finding.role is Role.ACTIVE
    if both_active and peer.report and peer.report.at >= max(own.since, peer.since) + TWO_ACTIVE_CONFIRMED:
        found.append(Caution.TWO_ACTIVE)
    if own.finding.role is Role.UNKNOWN:
        found.append(Caution.ROLE_UNSURE)
    if own.finding.role is Role.DEGRADED:
        found.append(Caution.DEGRADED)
    if peer.finding.role is Role.ATTENTION:
        found.append(Caution.PEER_ATTENTION)
    return tuple(found)


def _seen(connection: Connection) -> tuple[object, ...]:
    """What a person sees of `connection`: no times of probes, no fractions of seconds, no details for the log."""
    reason = connection.reason
    return (
        connection.state,
        connection.server,
        connection.generation,
        connection.sure,
        connection.since,
        connection.lost_at,
        connection.left,
        connection.warnings,
        _seen_of_problem(reason) if isinstance(reason, Problem) else reason,
        _seen_of_server(connection.main),
        _seen_of_server(connection.backup),
    )


def _seen_of_server(view: ServerView) -> tuple[object, ...]:
    report = view.report
    if report is None:
        return view.finding, view.since
    returns, shutdown = report.estimated_return, report.shutdown_in
    return (
        view.finding,
        view.since,
        report.layer,
        None if report.problem is None else _seen_of_problem(report.problem),
        report.state,
        report.level,
        report.support,
        report.mode,
        report.custom_active,
        report.server_uri,
        None if returns is None else returns // 1.0,
        None if shutdown is None else shutdown // 1.0,
        report.peer_levels,
    )


def _seen_of_problem(problem: Problem) -> tuple[object, ...]:
    return problem.code, problem.kind, problem.layer, problem.status
