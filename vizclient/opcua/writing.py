"""Write one value once, as exactly the type that the item has (OPC 10000-4, 5.11.4). Nothing here retries.

What cannot be expressed in the item's type is refused here, with the status that a server would give.
"""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.ua.ua_binary import variant_to_binary

from vizclient.items.ports import SessionEnded
from vizclient.items.value import Value
from vizclient.opcua.channel import Channel
from vizclient.opcua.errors import BAD_OUT_OF_RANGE, BAD_TYPE_MISMATCH, Undecodable

_WHOLE = {
    "SByte": (-(2**7), 2**7 - 1),
    "Byte": (0, 2**8 - 1),
    "Int16": (-(2**15), 2**15 - 1),
    "UInt16": (0, 2**16 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "UInt32": (0, 2**32 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt64": (0, 2**64 - 1),
}


class Unwritable(Exception):
    """The value has no form in the item's type; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"0x{status:08X}")
        self.status = status


def variant_of(value: Value, data_type: str) -> ua.Variant:
    """`value` (a tuple is an array, of any number of dimensions) as a Variant of the built-in type. Raises Unwritable."""
    try:
        kind = ua.VariantType[data_type]
    except KeyError:
        raise Unwritable(BAD_TYPE_MISMATCH) from None
    variant = ua.Variant(_raw(value, data_type), kind, is_array=isinstance(value, tuple))
    try:
        variant_to_binary(variant)
    except (ua.UaError, ValueError, TypeError, AttributeError, struct.error) as error:
        raise Unwritable(BAD_TYPE_MISMATCH) from error
    return variant


async def write_value(channel: Channel, node: ua.NodeId, value: Value, data_type: str, within: float) -> int:
    """Write the Value of `node`; the StatusCode.

    Raises ServiceFault if the server refused, SessionEnded if nothing is known about the effect: no answer in time,
    one that cannot be read, or the session was lost.
    """
    try:
        variant = variant_of(value, data_type)
    except Unwritable as error:
        return error.status
    wish = ua.WriteValue()
    wish.NodeId = node
    wish.AttributeId = ua.AttributeIds.Value
    wish.Value = ua.DataValue(
        variant, StatusCode=None
    )  # many servers refuse a status or a time that comes with a write
    request = ua.WriteRequest()
    request.Parameters.NodesToWrite = [wish]
    try:
        response = await channel.request(request, ua.WriteResponse, within)
    except Undecodable as error:
        raise SessionEnded(str(error)) from error
    if not response.Results:
        raise SessionEnded("no result")
    return int(response.Results[0].value)


def _raw(value: Value, data_type: str) -> Any:
    if isinstance(value, tuple):
        return [_raw(element, data_type) for element in value]
    match data_type:
        case "Boolean":
            if isinstance(value, bool):
                return value
        case "Float" | "Double":
            if isinstance(value, int | float) and not isinstance(value, bool):
                return _float(float(value), data_type)
        case "String" | "XmlElement":
            if isinstance(value, str):
                return value if data_type == "String" else ua.XmlElement(value)
        case "LocalizedText":
            if isinstance(value, str):
                return ua.LocalizedText(value)
        case "QualifiedName":
            if isinstance(value, str):
                return ua.QualifiedName(value, 0)
        case "ByteString":
            if isinstance(value, bytes):
                return value
        case "DateTime":
            if isinstance(value, datetime):
                return value if value.tzinfo is None else value.astimezone(UTC)
        case "Guid":
            if isinstance(value, str):
                try:
                    return uuid.UUID(value)
                except ValueError:
                    raise Unwritable(BAD_TYPE_MISMATCH) from None
        case _ if data_type in _WHOLE:
            return _whole(value, data_type)
    raise Unwritable(BAD_TYPE_MISMATCH)


def _whole(value: Value, data_type: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unwritable(BAD_TYPE_MISMATCH)
    low, high = _WHOLE[data_type]
    if not low <= value <= high:
        raise Unwritable(BAD_OUT_OF_RANGE)
    return value


def _float(value: float, data_type: str) -> float:
    if data_type == "Float":
        try:
            struct.pack("<f", value)
        except OverflowError:
            raise Unwritable(BAD_OUT_OF_RANGE) from None
    return value
