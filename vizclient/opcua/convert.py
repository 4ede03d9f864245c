"""From what asyncua decodes to `Value`s and `Change`s. Total: one odd value never costs the rest of a batch."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from asyncua import ua

from vizclient.items.ports import Change
from vizclient.items.value import Value

_PLAIN = frozenset({float, int, bool, bytes, type(None)})
_SINGLE = struct.Struct("<f")
_LONGEST = 1000
_UNSET_YEAR = 1601  # DateTime 0, which stands for none (OPC 10000-6, 5.2.2.5)


def change_of(handle: int, data: Any) -> Change:
    """`data` (a ua.DataValue) as a Change of the item `handle`."""
    variant = data.Value
    value = variant.Value if variant is not None else None
    if type(value) not in _PLAIN:
        value = value_of(value)
    if variant is not None and variant.VariantType is ua.VariantType.Float:
        value = shortest(value)
    status = data.StatusCode
    stamp = data.SourceTimestamp
    return Change(
        handle,
        value,
        0 if status is None else int(status.value),
        None if stamp is None or stamp.year <= _UNSET_YEAR else aware(stamp).timestamp(),
    )


def shortest(value: Value) -> Value:
    """A Float, or an array of them, as the double with the fewest digits that is the same 32-bit number: 74.6, not 74.5999984741211."""
    if isinstance(value, tuple):
        return tuple(map(shortest, value))
    if isinstance(value, float):
        single = _SINGLE.pack(value)
        for digits in (6, 7, 8):
            candidate = float(f"{value:.{digits}g}")
            if _SINGLE.pack(candidate) == single:
                return candidate
    return value


def value_of(raw: Any) -> Value:
    """Any decoded value as a Value: structures and identifiers become text, opaque ones their bytes. Never raises."""
    if type(raw) in _PLAIN:
        return raw  # type: ignore[no-any-return]
    try:
        return _value_of(raw)
    except Exception:  # noqa: BLE001 whatever a server invents, it is one value among many
        return f"({type(raw).__name__})"


def text_of(raw: Any) -> str:
    """A String or LocalizedText as text that can be encoded; "" for none."""
    if isinstance(raw, ua.LocalizedText):
        raw = raw.Text
    return clean(raw) if isinstance(raw, str) else ""


def clean(text: str) -> str:
    """`text` with whatever was not UTF-8 on the wire (it comes as lone surrogates) replaced by U+FFFD."""
    if text.isascii():
        return str(text)
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "replace").decode()


def aware(stamp: datetime) -> datetime:
    """`stamp` in UTC, which it is anyway (OPC 10000-6, 5.2.2.5)."""
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp


def _value_of(raw: Any) -> Value:
    match raw:
        case str():
            return clean(raw)
        case list() | tuple():
            return tuple(value_of(element) for element in raw)
        case datetime():
            return aware(raw)
        case IntEnum():
            return int(raw)
        case ua.LocalizedText():
            return text_of(raw)
        case ua.QualifiedName():
            return clean(raw.Name or "")
        case ua.NodeId():  # and ExpandedNodeId
            return clean(raw.to_string())
        case uuid.UUID():
            return str(raw)
        case ua.StatusCode():
            return int(raw.value)
        case ua.Variant() | ua.DataValue():
            return value_of(raw.Value)
        case ua.XmlElement():
            return clean(raw.Value or "")
        case ua.EUInformation():
            return text_of(raw.DisplayName)
        case ua.ExtensionObject():  # of a type that is not known here
            return bytes(raw.Body) if raw.Body is not None else None
        case bool() | int() | float() | bytes():
            return raw
    return clean(str(raw))[:_LONGEST]
