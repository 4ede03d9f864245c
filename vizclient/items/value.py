"""A value as it came from a server. Frozen; what it says about trust is `freshness`'s business, not its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Scalar = bool | int | float | str | bytes | datetime | None
Value = Scalar | tuple["Value", ...]
"""What an item can hold in this program: a scalar, or an array as nested tuples. DateTime is aware, in UTC.
Text is always encodable as UTF-8 (what was not has been replaced when it was received)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The last value of one item.

    `status`: OPC UA StatusCode, 32 bits. `source_time`: the server's SourceTimestamp in unix seconds, only ever
    compared with others of the same item. `generation`: the connection attempt it came by. `server`: "main" or
    "backup". `published`: came by a notification rather than by a Read. `confirmed`: since the switchover a
    notification later than the first has come with a newer SourceTimestamp.
    """

    value: Value
    status: int
    source_time: float | None
    generation: int
    server: str
    published: bool = False
    confirmed: bool = False


def severity(status: int) -> int:
    """0 Good, 1 Uncertain, 2 Bad: the two top bits of a StatusCode (OPC 10000-4, 7.39.1)."""
    return min(status >> 30, 2)
