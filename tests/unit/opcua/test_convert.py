from __future__ import annotations

import math
import struct
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.value import Value
from vizclient.opcua.convert import change_of, clean, shortest, text_of, value_of


class _Broken:
    def __str__(self) -> str:
        raise RuntimeError("broken")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (1, 1),
        (True, True),
        (1.5, 1.5),
        (b"\x00", b"\x00"),
        (None, None),
        ("text", "text"),
        ("a\udcff", "a\ufffd"),
        ([1, [2, 3]], (1, (2, 3))),
        (["\udcff", None], ("\ufffd", None)),
        (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)),  # noqa: DTZ001 asyncua's older form
        (ua.LocalizedText("Raum", "de"), "Raum"),
        (ua.LocalizedText(None), ""),
        (ua.QualifiedName("Name", 3), "Name"),
        (ua.NodeId("A", 2), "ns=2;s=A"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (ua.StatusCode(0x80340000), 0x80340000),
        (ua.Variant(5, ua.VariantType.Int32), 5),
        (ua.ServerState.Shutdown, 4),
        (ua.ExtensionObject(ua.NodeId(5, 2), b"body"), b"body"),
        (_Broken(), "(_Broken)"),
    ],
)
def test_whatever_a_server_sends_becomes_a_value(raw: Any, value: Value) -> None:
    found = value_of(raw)
    assert found == value
    assert type(found) is type(value)


def test_a_structure_without_a_form_of_its_own_becomes_text() -> None:
    assert value_of(ua.Range(1.0, 2.0)) == "Range(Low=1.0, High=2.0)"


def test_nan_stays_nan() -> None:
    found = value_of(math.nan)
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize("text", ["a\udcffb", f"a{chr(0xD800)}b", "\udcc3\udc28", "ü\udcff"])
def test_cleaned_text_can_always_be_encoded(text: str) -> None:
    clean(text).encode()


def test_bytes_that_are_utf8_after_all_come_back_as_what_they_mean() -> None:
    assert clean("gr\udcc3\udcbcn") == "grün"


def test_text_of_nothing_is_empty() -> None:
    assert (text_of(None), text_of(ua.LocalizedText("x")), text_of("y")) == ("", "x", "y")


def test_a_change_has_status_and_unix_time_of_the_source() -> None:
    stamp = datetime(2024, 1, 1, tzinfo=UTC)
    data = ua.DataValue(ua.Variant(2.5), ua.StatusCode(0x40930000), stamp)
    assert change_of(7, data) == (7, 2.5, 0x40930000, stamp.timestamp())


@pytest.mark.parametrize("stamp", [None, datetime(1601, 1, 1, tzinfo=UTC)])
def test_a_time_that_is_not_set_is_no_time(stamp: datetime | None) -> None:
    assert change_of(1, ua.DataValue(ua.Variant(1.0), SourceTimestamp=stamp)).source_time is None


def test_the_last_moment_that_asyncua_can_express_is_a_time() -> None:
    data = ua.DataValue(ua.Variant(1.0), SourceTimestamp=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert change_of(1, data).source_time == 253402300799.0


def test_a_bad_value_without_contents_is_none_with_its_status() -> None:
    assert change_of(1, ua.DataValue(StatusCode=ua.StatusCode(0x80340000))) == (1, None, 0x80340000, None)


@given(st.floats(width=32))
def test_a_float_is_the_same_32_bit_number_with_no_more_digits_than_it_has(single: float) -> None:
    short = shortest(single)
    assert isinstance(short, float)
    assert struct.pack("<f", short) == struct.pack("<f", single)
    assert len(repr(short)) <= len(repr(single))


def test_a_float_comes_as_it_was_written_and_a_double_as_it_is() -> None:
    kept = struct.unpack("<f", struct.pack("<f", 74.6))[0]
    assert kept != 74.6
    assert change_of(1, ua.DataValue(ua.Variant(kept, ua.VariantType.Float))).value == 74.6
    assert change_of(1, ua.DataValue(ua.Variant([kept, kept], ua.VariantType.Float))).value == (74.6, 74.6)
    assert change_of(1, ua.DataValue(ua.Variant(kept, ua.VariantType.Double))).value == kept
