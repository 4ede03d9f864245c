"""Values that come from outside: whether a client's write is taken, and what a value in JSON means for an item."""

from __future__ import annotations

import base64
import math
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from vizclient.simulator.item import Item


def refusal(item: Item, write: ua.WriteValue) -> int:
    """The StatusCode to refuse a client's write with, 0 to take it."""
    codes, variant = ua.StatusCodes, write.Value.Value
    if write.AttributeId != ua.AttributeIds.Value or not item.writable:
        return int(codes.BadNotWritable)
    if write.IndexRange or (write.Value.StatusCode is not None and not write.Value.StatusCode.is_good()):
        return int(codes.BadWriteNotSupported)
    array = isinstance(item.initial, tuple)
    if variant is None or variant.VariantType != ua.VariantType[item.data_type] or variant.is_array != array:
        return int(codes.BadTypeMismatch)
    if item.low is not None and item.high is not None and not item.low <= variant.Value <= item.high:
        return int(codes.BadOutOfRange)
    if item.labels and variant.Value not in dict(item.labels):
        return int(codes.BadOutOfRange)
    return 0


def converted(item: Item, value: Any) -> Any:
    """`value`, as JSON has it, in the item's type: DateTime as ISO 8601, ByteString as base64. Raises ValueError."""
    if isinstance(value, list):
        return tuple(converted(item, element) for element in value)
    match item.data_type:
        case "Boolean":
            return bool(value)
        case "Float" | "Double":
            return math.nan if value is None else float(value)
        case "String":
            return str(value)
        case "DateTime":
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case "ByteString":
            return base64.b64decode(value)
        case _:
            return int(value)
