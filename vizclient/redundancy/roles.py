"""The role of a server, concluded from what was found out about it and about its peer. Pure.

Vetoes come first: a ServerState other than Running, ServiceLevel 0. Then the best source that there is: the profile's
role item, Mode, ServiceLevel. A server that announces nothing is judged by its peer, and one that cannot be asked by
what the active server says of it.
"""

from __future__ import annotations

from vizclient.redundancy.model import (
    Finding,
    Layer,
    Mode,
    Problem,
    ProblemKind,
    RedundancySupport,
    Report,
    Role,
    ServerState,
    Source,
)

HEALTHY = 200
"""The least ServiceLevel of a healthy server (6.6.2.4.2)."""

NO_DATA = 1
MAINTENANCE = 0

NOTHING_KNOWN = Finding(Role.UNKNOWN, Source.NONE)
_REFUSING = frozenset(
    {
        ProblemKind.UNRESOLVED,
        ProblemKind.UNREACHABLE,
        ProblemKind.NOT_OPC_UA,
        ProblemKind.REFUSED,
        ProblemKind.TIMED_OUT,
    }
)


def find_role(report: Report | None, peer: Report | None) -> Finding:
    """The role of the server of `report`, whose peer gave `peer`. Total; None means not asked yet."""
    if report is None:
        return NOTHING_KNOWN
    own = _announced(report)
    if report.accepted:
        return own if own.role is not Role.UNKNOWN else _inferred(peer)
    return _told_by_peer(report, peer) or own


def surely_serves(finding: Finding, report: Report | None) -> bool:
    """Whether values of a server found so are to be trusted: a degraded one is in doubt, but for a hot set (6.6.2.4.4)."""
    if finding.role is Role.DEGRADED:
        return report is not None and is_hot(report)
    return finding.role in (Role.ACTIVE, Role.INFERRED)


def beside_active(finding: Finding, report: Report | None) -> Finding:
    """How a server found so appears while its peer is active: degraded in a cold or warm set is what a standby shows."""
    if finding == Finding(Role.DEGRADED, Source.LEVEL) and report is not None and not is_hot(report):
        return Finding(Role.STANDBY, Source.LEVEL)
    return finding


def is_hot(report: Report) -> bool:
    """Whether the servers of the set all serve, so that a degraded one is an active one with a problem."""
    return report.support in (RedundancySupport.HOT, RedundancySupport.HOT_AND_MIRRORED)


def listed_level(server_uri: str, peer: Report | None) -> int | None:
    """The ServiceLevel that the active `peer` lists for the server of `server_uri` ("" if that is not known)."""
    if peer is None or not _serves(peer):
        return None
    rows = [row for row in peer.peer_levels if row[0] == server_uri]
    if not server_uri and peer.server_uri:
        rows = [row for row in peer.peer_levels if row[0] != peer.server_uri]
    return rows[0][1] if len(rows) == 1 else None


def refuses(report: Report) -> bool:
    """Whether the last attempt shows a server that does not let clients in, or is not there: negative evidence only."""
    if report.problem is None:
        return False
    broke_off = report.problem.kind is ProblemKind.LOST and report.layer < Layer.ACTIVATED
    return broke_off or report.problem.kind in _REFUSING


def _announced(report: Report) -> Finding:
    if report.problem is not None:
        return _failed(report, report.problem)
    if report.state is not None and report.state != ServerState.RUNNING:
        return Finding(Role.DOWN, Source.STATE)
    if report.level == MAINTENANCE:
        return Finding(Role.MAINTENANCE, Source.MAINTENANCE_LEVEL)
    if report.custom_active is not None:
        return Finding(Role.ACTIVE if report.custom_active else Role.STANDBY, Source.ROLE_ITEM)
    if report.mode in (Mode.PRIMARY_WITH_BACKUP, Mode.PRIMARY_ONLY):
        return Finding(Role.ACTIVE, Source.MODE)
    if report.mode in (Mode.BACKUP_READY, Mode.BACKUP_NOT_READY):
        return Finding(Role.STANDBY, Source.MODE)
    if report.level is not None:
        return Finding(_role_of_level(report.level), Source.LEVEL)
    return NOTHING_KNOWN


def _role_of_level(level: int) -> Role:
    if level >= HEALTHY:
        return Role.ACTIVE
    return Role.STANDBY if level == NO_DATA else Role.DEGRADED


def _failed(report: Report, problem: Problem) -> Finding:
    if problem.kind.needs_attention:
        return Finding(Role.ATTENTION, Source.PROBLEM)
    if problem.kind is ProblemKind.LOCAL:
        return Finding(Role.UNKNOWN, Source.PROBLEM)
    if problem.kind is ProblemKind.UNREACHABLE:
        return Finding(Role.DOWN, Source.REFUSAL)
    if problem.kind in (ProblemKind.REFUSED, ProblemKind.LOST) and refuses(report):
        return Finding(Role.STANDBY, Source.REFUSAL)
    return Finding(Role.DOWN, Source.PROBLEM)


def _inferred(peer: Report | None) -> Finding:
    """The role of a server that lets clients in and announces nothing."""
    if peer is None:
        return NOTHING_KNOWN
    theirs = _announced(peer)
    if peer.accepted and theirs.role is Role.UNKNOWN:
        return Finding(Role.UNKNOWN, Source.BOTH_SILENT)
    same_server = peer.problem is not None and peer.problem.kind is ProblemKind.IDENTITY
    if refuses(peer) or same_server or (peer.accepted and theirs.role in (Role.STANDBY, Role.MAINTENANCE, Role.DOWN)):
        return Finding(Role.INFERRED, Source.PEER_REFUSES)
    return NOTHING_KNOWN


def _told_by_peer(report: Report, peer: Report | None) -> Finding | None:
    """What the active `peer` says of a server whose port is closed, or of which no more than an open port is known."""
    closed = report.problem is not None
    if report.problem is not None and report.problem.kind is not ProblemKind.UNREACHABLE:
        return None
    level = listed_level(report.server_uri, peer)
    if level == MAINTENANCE:
        return Finding(Role.DOWN, Source.PEER_ARRAY)
    if peer is not None and level is not None and not closed:
        role = _role_of_level(level)
        return Finding(Role.STANDBY if role is Role.DEGRADED and not is_hot(peer) else role, Source.PEER_ARRAY)
    if level is not None and level < HEALTHY:
        return Finding(Role.STANDBY, Source.PEER_ARRAY)
    if closed and peer is not None and peer.mode == Mode.PRIMARY_WITH_BACKUP and _serves(peer):
        return Finding(Role.STANDBY, Source.PEER_MODE)
    return None


def _serves(peer: Report) -> bool:
    return peer.accepted and _announced(peer).role is Role.ACTIVE
