"""Connections as the link announces them, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Finding,
    Layer,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    ServerView,
    Source,
)

UNREACHABLE = Problem(ProblemKind.UNREACHABLE, Layer.NOTHING)
LOST = Problem(ProblemKind.LOST, Layer.ACTIVATED)


def view(
    server: Server,
    role: Role,
    *,
    source: Source = Source.MODE,
    at: float = 0.0,
    level: int | None = None,
    problem: Problem | None = None,
) -> ServerView:
    """One server in `role`, found out at `at`."""
    layer = Layer.NOTHING if problem is not None else Layer.ACTIVATED
    report = Report(server, at, layer, problem=problem, state=0, level=level, mode=0, took=0.011)
    return ServerView(Finding(role, source), report, at)


def connected(
    server: Server = Server.MAIN,
    generation: int = 1,
    at: float = 0.0,
    warnings: Sequence[Caution] = (),
    *,
    sure: bool = True,
) -> Connection:
    """Connected to `server` since `at`, the other one on standby."""
    active = view(server, Role.ACTIVE, at=at, level=255)
    standby = view(server.other, Role.STANDBY, source=Source.PEER_REFUSES, at=at)
    main, backup = (active, standby) if server is Server.MAIN else (standby, active)
    return Connection(ConnectionState.CONNECTED, server, generation, sure, at, main, backup, warnings=tuple(warnings))


def searching(
    state: ConnectionState = ConnectionState.SWITCHING,
    left: Server | None = Server.MAIN,
    at: float = 0.0,
    reason: Problem | Source | None = LOST,
    problem: Problem = UNREACHABLE,
) -> Connection:
    """No data session; `left` was lost at `at`."""
    role = Role.ATTENTION if problem.kind.needs_attention else Role.DOWN
    main, backup = (view(server, role, source=Source.PROBLEM, at=at, problem=problem) for server in Server)
    lost_at = None if left is None else at
    return Connection(state, None, 0, False, at, main, backup, lost_at=lost_at, left=left, reason=reason)
