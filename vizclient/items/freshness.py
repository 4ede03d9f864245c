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
    a session was last lost or left (monotonic seconds), None if never. `hold`: seconds. `switched`: this session
    is on another server than the one before.
    """

    generation: int = 0
    sure: bool = True
    lost_at: float | None = None
    hold: float = 0.25
    switched: bool = False


def freshness(
    sample: Sample | None, standing: Standing, now: float, silence: float, *, synchronised: bool = True
) -> Freshness:
    """The freshness of `sample` at `now`, when the link was last heard `silence` seconds ago.

    `synchronised` is whether the item's interface is kept in step between main and backup. Total: never raises.
    """
    if sample is None:
        return Freshness.NEVER
    if silence >= LINK_SILENCE:
        return Freshness.STALE
    if standing.generation == 0 or sample.generation != standing.generation:
        if standing.lost_at is not None and now - standing.lost_at < standing.hold:
            return Freshness.HELD
        return Freshness.STALE
    if sample.status in (BAD_NODE_ID_UNKNOWN, BAD_NODE_ID_INVALID):
        return Freshness.MISSING
    match severity(sample.status):
        case 2:
            return Freshness.BAD
        case 1:
            return Freshness.UNCERTAIN
    if not standing.sure:
        return Freshness.UNCERTAIN
    if standing.switched and not synchronised and not sample.confirmed:
        return Freshness.UNSYNCHRONISED
    return Freshness.LIVE
