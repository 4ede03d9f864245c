"""How far a shown value can be trusted: a pure function, worked out where the value is shown.

Knows no clock: times come in, as seconds of one local monotonic clock. Server timestamps never take part, because
the clocks of servers differ; a quiet item is not a stale one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vizclient.items.value import Sample, severity

LINK_SILENCE = 0.5
"""Seconds without a word from the link process after which everything it said is stale."""

BAD_NODE_ID_INVALID = 0x80330000
BAD_NODE_ID_UNKNOWN = 0x80340000
NODE_MISSING = frozenset({BAD_NODE_ID_INVALID, BAD_NODE_ID_UNKNOWN})
_BACKUP = "backup"


class Behaviour(StrEnum):
    """What a switchover means for the items of an interface or module."""

    SYNCHRONISED = "synchronised"  # values are carried over
    UNSYNCHRONISED = "unsynchronised"  # they are not: neither server knows more than what the field said there
    MAIN_ONLY = "main-only"  # the field talks to the main server alone
    INDEPENDENT = "independent"  # each server reads the field by itself
    FOREIGN_BACKUP = "foreign-backup"  # carried over, and the foreign servers have a backup of their own
    ACTIVE_ONLY = "active-only"  # the items exist on the active server only
    ACTIVE_SENDS = "active-sends"  # carried over, and only the active server sends


def carried_over(behaviour: Behaviour) -> bool:
    """Whether the servers keep each other in step."""
    return behaviour not in (Behaviour.UNSYNCHRONISED, Behaviour.MAIN_ONLY, Behaviour.INDEPENDENT)


class Freshness(StrEnum):
    """The states of design page "Main and backup", each shown by shape as well as by colour."""

    LIVE = "live"
    UNCERTAIN = "uncertain"
    BAD = "bad"
    HELD = "held"
    STALE = "stale"
    UNSYNCHRONISED = "unsynchronised"
    MISSING = "missing"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Standing:
    """What freshness needs to know of the connection.

    `generation`: of the open data session, 0 without one. `sure`: the server's role is not in doubt. `lost_at`: when
    a session was last lost or left (monotonic seconds), None if never; `lost`: its generation. `hold`: seconds. `switches`: how many times a
    session was on another server than the one before.
    """

    generation: int = 0
    sure: bool = True
    lost_at: float | None = None
    hold: float = 0.25
    switches: int = 0
    lost: int = 0


def freshness(
    sample: Sample | None,
    standing: Standing,
    now: float,
    silence: float,
    behaviour: Behaviour = Behaviour.SYNCHRONISED,
) -> Freshness:
    """The freshness of `sample` at `now`, when the link was last heard `silence` seconds ago.

    `behaviour` is that of the item's interface. Total: never raises.
    """
    if sample is None:
        return Freshness.NEVER
    if silence >= LINK_SILENCE:
        return Freshness.STALE
    if standing.generation == 0 or sample.generation != standing.generation:
        just_lost = standing.lost_at is not None and now - standing.lost_at < standing.hold
        return Freshness.HELD if just_lost and sample.generation == standing.lost else Freshness.STALE
    if sample.status in NODE_MISSING:
        return Freshness.MISSING
    match severity(sample.status):
        case 2:
            return Freshness.BAD
        case 1:
            return Freshness.UNCERTAIN
    if not standing.sure:
        return Freshness.UNCERTAIN
    if not sample.confirmed and _needs_confirming(behaviour, sample.server, standing):
        return Freshness.UNSYNCHRONISED
    return Freshness.LIVE


def _needs_confirming(behaviour: Behaviour, server: str, standing: Standing) -> bool:
    """Whether the field has to speak on `server` before its values count.

    A backup that serves has taken over at some time, whether this program saw it or not; a main may have served ever since
    it was started.
    """
    match behaviour:
        case Behaviour.MAIN_ONLY:
            return server == _BACKUP
        case Behaviour.UNSYNCHRONISED:
            return server == _BACKUP or standing.switches > 0
    return False
