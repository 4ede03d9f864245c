from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import variant_from_binary, variant_to_binary

from vizclient.items.value import Value
from vizclient.opcua.writing import Unwritable, variant_of

MISMATCH, RANGE = 0x80740000, 0x803C0000


@pytest.mark.parametrize(
    ("value", "data_type", "raw"),
    [
        (True, "Boolean", True),
        (-128, "SByte", -128),
        (2**63 - 1, "Int64", 2**63 - 1),
        (2**64 - 1, "UInt64", 2**64 - 1),
        (21.0, "Int16", 21),
        (21, "Double", 21.0),
        ("grün", "String", "grün"),
        (b"\xff", "ByteString", b"\xff"),
        ((1, 2), "Int32", [1, 2]),
        ((), "Double", []),
        (((1.0, 2.0), (3.0, 4.0)), "Double", [[1.0, 2.0], [3.0, 4.0]]),
        (datetime(2024, 1, 1, 12, tzinfo=UTC), "DateTime", datetime(2024, 1, 1, 12, tzinfo=UTC)),
        (
            datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))),
            "DateTime",
            datetime(2024, 1, 1, 10, tzinfo=UTC),
        ),
    ],
)
def test_a_value_travels_as_exactly_the_type_of_the_item(value: Value, data_type: str, raw: Any) -> None:
    sent = variant_from_binary(Buffer(variant_to_binary(variant_of(value, data_type))))
    assert sent.VariantType is ua.VariantType[data_type]
    assert sent.Value == raw


def test_nan_and_infinity_can_be_written_as_float() -> None:
    assert math.isnan(variant_of(math.nan, "Float").Value)
    assert variant_of(math.inf, "Float").Value == math.inf


@pytest.mark.parametrize(
    ("value", "data_type", "status"),
    [
        ("1", "Int32", MISMATCH),
        (1.5, "Int32", MISMATCH),
        (math.nan, "Int32", MISMATCH),
        (True, "Int32", MISMATCH),
        (1, "Boolean", MISMATCH),
        (True, "Double", MISMATCH),
        (None, "Double", MISMATCH),
        ("x", "Guid", MISMATCH),
        ("\ud800", "String", MISMATCH),
        ((1, "x"), "Int32", MISMATCH),
        ((1, (2, 3)), "Int32", MISMATCH),
        (256, "Byte", RANGE),
        (-1, "UInt64", RANGE),
        (1e39, "Float", RANGE),
        (1, "Structure", MISMATCH),
        (1, "", MISMATCH),
    ],
)
def test_a_value_that_the_type_cannot_hold_is_refused_with_the_servers_words(
    value: Value, data_type: str, status: int
) -> None:
    with pytest.raises(Unwritable) as refused:
        variant_of(value, data_type)
    assert refused.value.status == status
