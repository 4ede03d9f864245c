"""What a control may write now, and why not; what became of a write, in words. No widget, no clock: times come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vizclient.items.freshness import LINK_SILENCE, Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.typed import INTEGERS, Limits, ValueRefused, fit
from vizclient.items.value import Value
from vizclient.items.writing import Readback, WriteOutcome, WriteState
from vizclient.link.mirror import Mirror
from vizclient.redundancy.model import Connection, ConnectionState, Server

from .numbers import NumberError, Numbers
from .words import Words

_TYPED = frozenset((*INTEGERS, "Double", "Float", "Boolean", "String", "LocalizedText", "DateTime"))


@dataclass(frozen=True, slots=True)
class Target:
    """What a control writes to. `name`: as the operator calls it. `low`, `high` None: the item's EURange."""

    element: str
    handle: int
    name: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    decimals: int | None = None
    unit: str | None = None
    confirm: bool = False
    readback: Readback = field(default_factory=Readback)

    def unit_of(self, metadata: Metadata | None) -> str:
        """The page's unit, else the item's."""
        return self.unit if self.unit is not None else ("" if metadata is None else metadata.unit)

    def limits(self, metadata: Metadata | None) -> Limits:
        """The page's limits, else the item's, each for itself."""
        low = None if metadata is None else metadata.low
        high = None if metadata is None else metadata.high
        return (low if self.low is None else self.low, high if self.high is None else self.high)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why something cannot be written: a code and the arguments of its sentence."""

    code: str
    arguments: Mapping[str, str] = field(default_factory=dict)

    def say(self, words: Words) -> str:
        """The sentence."""
        return words(self.code, **self.arguments)


def obstacle(target: Target, mirror: Mirror, connection: Connection | None, now: float) -> Complaint | None:
    """What keeps `target` from being written at `now` (monotonic), None if nothing does."""
    if connection is None or connection.state is not ConnectionState.CONNECTED or connection.server is None:
        return Complaint("write.not-connected")
    if mirror.heard_at is not None and now - mirror.heard_at >= LINK_SILENCE:
        return Complaint("write.link-lost")
    if not connection.sure:
        return Complaint("write.unsure")
    metadata = mirror.metadata[target.handle]
    if mirror.freshness(target.handle, now) is Freshness.MISSING:
        return Complaint("write.missing")
    if metadata is None:
        return Complaint("write.no-metadata")
    if not metadata.writable:
        return Complaint("write.not-writable")
    if metadata.value_rank >= 0 or metadata.data_type not in _TYPED:
        return Complaint("write.kind", {"type": metadata.data_type + ("[]" if metadata.value_rank >= 0 else "")})
    return None


def read_typed(text: str, target: Target, metadata: Metadata, numbers: Numbers) -> Value | Complaint:
    """What was typed as a value that the item takes, or why not."""
    kind = "String" if metadata.data_type == "LocalizedText" else metadata.data_type
    try:
        value = numbers.parse(text, kind)
    except NumberError as error:
        return Complaint(f"number.{error.code}", error.arguments)
    return check(value, target, metadata, numbers)


def check(value: Value, target: Target, metadata: Metadata, numbers: Numbers) -> Value | Complaint:
    """`value` as the item's type wants it, or why it must not be written."""
    low, high = target.limits(metadata)
    if isinstance(value, int | float) and not isinstance(value, bool):
        unit = target.unit_of(metadata)
        if low is not None and value < low:
            return Complaint("write.too-low", {"low": numbers.format(low, None, unit)})
        if high is not None and value > high:
            return Complaint("write.too-high", {"high": numbers.format(high, None, unit)})
    try:
        return fit(value, metadata, (low, high))
    except ValueRefused as error:
        return Complaint(error.code, error.arguments)


def range_in_words(target: Target, metadata: Metadata | None, numbers: Numbers, words: Words) -> str:
    """The limits with their unit, "" without any."""
    low, high = target.limits(metadata)
    unit = target.unit_of(metadata)
    if low is not None and high is not None:
        return words("write.range.both", low=numbers.format(low), high=numbers.format(high, None, unit))
    if low is not None:
        return words("write.range.low", low=numbers.format(low, None, unit))
    if high is not None:
        return words("write.range.high", high=numbers.format(high, None, unit))
    return ""


def value_in_words(value: Value, target: Target, metadata: Metadata | None, numbers: Numbers) -> str:
    """A value exactly as it would be written: with all its places, never rounded, and its unit or label."""
    if metadata is not None:
        for number, label in metadata.labels:
            if value == number and not isinstance(value, bool):
                return f"{label} ({number})"
        if isinstance(value, bool) and (label := metadata.true_label if value else metadata.false_label):
            return label
    decimals = target.decimals
    if isinstance(value, float) and decimals is not None and round(value, decimals) != value:
        decimals = None
    return numbers.format(value, decimals, target.unit_of(metadata))


def outcome_in_words(state: WriteState, value: str, read: str, server: Server, words: Words) -> str:
    """What became of a write. `value`: what was to be written, `read`: what a mismatch read, both in words."""
    name = loud(words, server)
    reason = words(state.code, **state.arguments) if state.code else ""
    match state.outcome:
        case WriteOutcome.PENDING:
            return words("outcome.pending", value=value)
        case WriteOutcome.DONE:
            return words("outcome.done", value=value)
        case WriteOutcome.REFUSED:
            return words("outcome.refused", server=name, value=value, reason=reason)
        case WriteOutcome.MISMATCH:
            return words("outcome.mismatch", server=name, value=value, read=read)
        case WriteOutcome.UNKNOWN:
            return words("outcome.unknown", value=value)


def loud(words: Words, server: Server) -> str:
    """The server's name as it stands in the strip."""
    return words(f"server.{server}.loud")
