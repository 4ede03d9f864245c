"""Values as text and JSON on the command line, always in the C locale, whatever the machine's.

value               JSON                                     as an argument of `write`
Boolean             true, false                              true, false, 1, 0, on, off
integers            a number, Int64 and UInt64 too (exact)   12, -7, 0x1F; or the name of an enumeration's value
Float, Double       a number; "NaN", "Infinity", "-Infinity" 21.5, 1e3; a Float has no more digits than tell it from others
String              a string                                 as it is
ByteString          {"base64": "…"}                          base64
DateTime            a string, ISO 8601 in UTC with Z         ISO 8601 with Z or an offset
arrays              an array, of arrays where it has rows    a JSON array of the above
no value            null                                     -
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from datetime import UTC, datetime
from typing import Any

from vizclient.items.metadata import Metadata
from vizclient.items.typed import INTEGERS, ValueRefused
from vizclient.items.value import Value

_HINTS = {
    **dict.fromkeys(INTEGERS, "write-parse-whole"),
    "Boolean": "write-parse-boolean",
    "Float": "write-parse-number",
    "Double": "write-parse-number",
    "DateTime": "write-parse-time",
    "ByteString": "write-parse-bytes",
}
_TRUE, _FALSE = frozenset({"true", "1", "on"}), frozenset({"false", "0", "off"})


def json_value(value: Value) -> Any:
    """What `json.dumps` can take; see above."""
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case bytes():
            return {"base64": base64.b64encode(value).decode("ascii")}
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case tuple():
            return [json_value(part) for part in value]
    return value


def text_value(value: Value, metadata: Metadata | None = None) -> str:
    """For people: the JSON form, texts without quotes, no value as a dash; with its unit."""
    if value is None:
        return "–"
    form = json_value(value)
    text = form if isinstance(form, str) else json.dumps(form, ensure_ascii=False)
    return text if metadata is None else f"{text} {metadata.unit}".rstrip()


def parse_value(text: str, metadata: Metadata) -> Value:
    """Read an argument as the item's data type wants it. Raises ValueRefused with code `write-parse` or `write-type`."""
    if metadata.value_rank >= 0:
        try:
            parts = json.loads(text)
        except ValueError:
            parts = None
        if not isinstance(parts, list):
            raise ValueRefused("write-parse-array", {"text": text})
        return _array(parts, metadata)
    return _scalar(text, metadata)


def _array(parts: list[Any], metadata: Metadata) -> Value:
    return tuple(_array(part, metadata) if isinstance(part, list) else _scalar(_word(part), metadata) for part in parts)


def _word(part: Any) -> str:
    match part:
        case str():
            return part
        case {"base64": str(text)}:
            return text
    return json.dumps(part)


def _scalar(text: str, metadata: Metadata) -> Value:
    kind = metadata.data_type
    try:
        if kind in INTEGERS:
            named = {label.casefold(): number for number, label in metadata.labels}
            found = named.get(text.strip().casefold())
            return _whole(text, metadata) if found is None else found
        match kind:
            case "Boolean":
                return _boolean(text.strip().casefold(), metadata)
            case "Float" | "Double":
                return float(_plain_number(text))
            case "String" | "LocalizedText":
                return text
            case "ByteString":
                return base64.b64decode(text, validate=True)
            case "DateTime":
                return _moment(text)
    except ValueRefused:
        raise
    except (ValueError, binascii.Error):
        raise ValueRefused(_HINTS.get(kind, "write-parse"), {"text": text, "expected": kind}) from None
    raise ValueRefused("write-type", {"expected": kind, "given": "String"})


def _whole(text: str, metadata: Metadata) -> int:
    try:
        return int(text, 0)
    except ValueError:
        if not metadata.labels:
            raise
        names = ", ".join(label for _, label in metadata.labels)
        raise ValueRefused("write-parse-name", {"text": text, "names": names}) from None


def _boolean(word: str, metadata: Metadata) -> bool:
    if word in _TRUE or (metadata.true_label and word == metadata.true_label.casefold()):
        return True
    if word in _FALSE or (metadata.false_label and word == metadata.false_label.casefold()):
        return False
    raise ValueError(word)


def _plain_number(text: str) -> str:
    if "_" in text:
        raise ValueError(text)
    return text


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found.astimezone(UTC)
