"""The Read of a page's values in one go: what asyncua's general codec needs eight milliseconds for takes one here.

After a switchover that is time without values. Only what nearly every value is, a number or a Boolean, is decoded here; any
other is left to asyncua, one by one, so that both ways give the same.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_to_binary, struct_from_binary

from vizclient.items.ports import Change
from vizclient.opcua.channel import Prepared
from vizclient.opcua.convert import change_of, shortest
from vizclient.opcua.errors import Undecodable

_READ: Final = ua.FourByteNodeId(ua.ObjectIds.ReadRequest_Encoding_DefaultBinary)
_PARAMETERS: Final = struct.Struct("<dii")
# AttributeId; no IndexRange; no DataEncoding, which is a QualifiedName (OPC 10000-4, 7.29)
_VALUE: Final = struct.pack("<IiHi", ua.AttributeIds.Value, -1, 0, -1)
_FORMATS: Final = {
    ua.VariantType.Boolean: "?", ua.VariantType.SByte: "b", ua.VariantType.Byte: "B", ua.VariantType.Int16: "h",
    ua.VariantType.UInt16: "H", ua.VariantType.Int32: "i", ua.VariantType.UInt32: "I", ua.VariantType.Int64: "q",
    ua.VariantType.UInt64: "Q", ua.VariantType.Float: "f", ua.VariantType.Double: "d",
}  # fmt: skip
_SCALARS: Final = {kind.value: struct.Struct(f"<{form}") for kind, form in _FORMATS.items()}
_FLOAT: Final = ua.VariantType.Float.value
# What a DataValue holds (OPC 10000-6, 5.2.2.17)
_HAS_VALUE, _HAS_STATUS, _HAS_SOURCE_TIME, _HAS_SERVER_TIME = 1, 2, 4, 8
_OTHERS: Final = 0xFF & ~(_HAS_STATUS | _HAS_SOURCE_TIME | _HAS_SERVER_TIME)
_count = struct.Struct("<i").unpack_from
_status = struct.Struct("<I").unpack_from
_ticks = struct.Struct("<q").unpack_from
_MICROSECONDS_TO_1970: Final = 11_644_473_600_000_000
_UNSET_BEFORE: Final = 365 * 86_400 * 10_000_000  # `change_of`: 1601 stands for none
_LAST: Final = 2_650_467_743_990_000_000  # asyncua: the last second of 9999


def value_request(nodes: Sequence[ua.NodeId], max_age: float) -> Prepared:
    """A ReadRequest for the Value of each node, with its SourceTimestamp."""
    head = _PARAMETERS.pack(max_age, ua.TimestampsToReturn.Source, len(nodes))
    return Prepared("ReadRequest", _READ, head + b"".join([nodeid_to_binary(node) + _VALUE for node in nodes]))


def changes_in(results: Buffer, handles: Sequence[int]) -> list[Change]:
    """The results of a ReadResponse, whose header has been taken, as Changes of `handles`. Raises Undecodable."""
    try:
        return _changes_in(bytes(results), handles)
    except Undecodable:
        raise
    except Exception as error:  # a decoder may fail in any way on what a stranger sends
        raise Undecodable(f"ReadResponse: {type(error).__name__}: {error}") from error


def _changes_in(data: bytes, handles: Sequence[int]) -> list[Change]:
    count: int = _count(data)[0]
    if count != len(handles):
        raise Undecodable(f"{count} results for {len(handles)} nodes")
    at, changes, scalars = 4, [], _SCALARS
    for handle in handles:
        mask, kind = data[at], data[at + 1]
        scalar = scalars.get(kind) if mask & _OTHERS == _HAS_VALUE else None
        if scalar is None:
            rest = Buffer(data, at)
            changes.append(change_of(handle, struct_from_binary(ua.DataValue, rest)))
            at = rest.cur_pos
            continue
        value: Any = scalar.unpack_from(data, at + 2)[0]
        at += 2 + scalar.size
        status, time = 0, None
        if mask & _HAS_STATUS:
            status = _status(data, at)[0]
            at += 4
        if mask & _HAS_SOURCE_TIME:
            ticks = _ticks(data, at)[0]
            if ticks >= _UNSET_BEFORE:
                time = (min(ticks, _LAST) // 10 - _MICROSECONDS_TO_1970) / 1_000_000
            at += 8
        if mask & _HAS_SERVER_TIME:
            at += 8
        changes.append(Change(handle, shortest(value) if kind == _FLOAT else value, status, time))
    return changes
