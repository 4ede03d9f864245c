"""A value made to fit an item's data type, or refused with a code. Pure: knows no session and no person's language."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from datetime import UTC, datetime

from vizclient.items.metadata import Metadata
from vizclient.items.value import Value

INTEGERS: dict[str, tuple[int, int]] = {
    "SByte": (-(2**7), 2**7 - 1),
    "Byte": (0, 2**8 - 1),
    "Int16": (-(2**15), 2**15 - 1),
    "UInt16": (0, 2**16 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "UInt32": (0, 2**32 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt64": (0, 2**64 - 1),
}
"""Ranges of the integer types (OPC 10000-6, 5.2.2.2)."""
SINGLE_MAX = 3.4028234663852886e38
"""The greatest Float."""
_SCALAR, _SCALAR_OR_ONE, _ONE_OR_MORE = -1, -3, 0  # ValueRank (OPC 10000-3, 5.6.2); -2 is any

Limits = tuple[float | None, float | None]


class ValueRefused(ValueError):
    """A value that must not be written. `code` and `arguments` say why."""

    def __init__(self, code: str, arguments: Mapping[str, str]) -> None:
        super().__init__(f"{code} {dict(arguments)}")
        self.code = code
        self.arguments = dict(arguments)


def fit(value: Value, metadata: Metadata, limits: Limits | None = None) -> Value:
    """`value` as the item's data type wants it: a whole float becomes an integer, an integer a float; nothing is rounded.

    `limits` stand in place of the item's EURange. Raises ValueRefused with code `write-type`, `write-array`, `write-scalar`,
    `write-whole`, `write-range`, `write-not-finite`, `write-choice` or `write-text`.
    """
    low, high = limits if limits is not None else (metadata.low, metadata.high)
    rank = metadata.value_rank
    depth = _depth(value)
    if (depth > 0 and rank == _SCALAR) or (depth == 0 and rank >= _ONE_OR_MORE):
        raise ValueRefused("write-scalar" if depth else "write-array", {"expected": "array"})
    if (rank >= 1 and depth != rank) or (rank == _SCALAR_OR_ONE and depth > 1):
        raise ValueRefused("write-array", {"expected": "array"})
    return _fit(value, metadata, low, high)


def same(written: Value, read: Value, data_type: str, tolerance: float | None) -> bool:
    """Whether `read` is what was written: within `tolerance`, or one step of a floating-point type; else equal."""
    if isinstance(written, tuple) and isinstance(read, tuple):
        return len(written) == len(read) and all(
            same(one, other, data_type, tolerance) for one, other in zip(written, read, strict=True)
        )
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if isinstance(written, (int, float)) and isinstance(read, (int, float)):
        return _near(written, read, data_type, tolerance)
    if isinstance(written, datetime) and isinstance(read, datetime):
        return abs((written - read).total_seconds()) <= max(tolerance or 0.0, 1e-6)
    return written == read


def _depth(value: Value) -> int:
    depth = 0
    while isinstance(value, tuple):
        depth += 1
        value = value[0] if value else None
    return depth


def _fit(value: Value, metadata: Metadata, low: float | None, high: float | None) -> Value:
    if isinstance(value, tuple):
        return tuple(_fit(part, metadata, low, high) for part in value)
    kind = metadata.data_type
    if kind in INTEGERS:
        return _choice(_in_range(_integer(value, kind), low, high, kind), metadata)
    match kind, value:
        case "Boolean", bool():
            return value
        case (("Double" | "Float"), int() | float()) if not isinstance(value, bool):
            return _in_range(_floating(value, kind), low, high, kind)
        case (("String" | "LocalizedText"), str()):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueRefused("write-text", {}) from None
            return value
        case "ByteString", bytes():
            return value
        case "DateTime", datetime() if value.tzinfo is not None:
            return value.astimezone(UTC)
    raise ValueRefused("write-type", {"expected": kind, "given": _kind_of(value)})


def _integer(value: Value, kind: str) -> int:
    if isinstance(value, float) and math.isfinite(value):
        if not value.is_integer():
            raise ValueRefused("write-whole", {"value": repr(value)})
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueRefused("write-type", {"expected": kind, "given": _kind_of(value)})
    least, most = INTEGERS[kind]
    if not least <= value <= most:
        raise ValueRefused("write-range", {"value": str(value), "low": str(least), "high": str(most)})
    return value


def _floating(value: float, kind: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueRefused("write-not-finite", {"value": str(number)})
    if kind == "Float" and abs(number) > SINGLE_MAX:
        raise ValueRefused("write-range", {"value": repr(number), "low": repr(-SINGLE_MAX), "high": repr(SINGLE_MAX)})
    return number


def _in_range(value: float, low: float | None, high: float | None, kind: str) -> float:
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueRefused("write-range", {"value": _plain(value), "low": _plain(low), "high": _plain(high)})
    return value


def _choice(value: float, metadata: Metadata) -> float:
    if metadata.labels and all(number != value for number, _ in metadata.labels):
        known = ", ".join(f"{number} {text}" for number, text in metadata.labels)
        raise ValueRefused("write-choice", {"value": str(value), "expected": known})
    return value


def _plain(value: float | None) -> str:
    if value is None:
        return "…"
    return str(int(value)) if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15) else repr(value)


def _near(written: float, read: float, data_type: str, tolerance: float | None) -> bool:
    if written == read or (math.isnan(written) and math.isnan(read)):
        return True
    if tolerance is not None:
        return abs(written - read) <= tolerance
    match data_type:
        case "Double":
            return abs(written - read) <= math.ulp(max(abs(written), abs(read)))
        case "Float":
            return abs(written - read) <= _float_step(max(abs(written), abs(read)))
    return False


def _float_step(magnitude: float) -> float:
    """The distance to the next single-precision number above `magnitude`."""
    if not magnitude <= SINGLE_MAX:
        return 0.0
    bits: int = struct.unpack("<I", struct.pack("<f", magnitude))[0]
    here, there = struct.unpack("<ff", struct.pack("<II", bits, min(bits + 1, 0x7F7FFFFF)))
    return float(there - here)


def _kind_of(value: Value) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Number"
        case str():
            return "String"
        case bytes():
            return "ByteString"
        case datetime():
            return "DateTime"
    return "array"
