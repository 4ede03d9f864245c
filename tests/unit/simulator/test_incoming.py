"""Which writes of clients are taken, and what JSON values mean."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from vizclient.simulator.building import building_items
from vizclient.simulator.incoming import converted, refusal
from vizclient.simulator.item import Item

BY_NAME = {item.identifier: item for item in building_items()}
SETPOINT = BY_NAME["KNX/F1/Office101/Setpoint"]
CODES = ua.StatusCodes


def write(value: Any, kind: str, **fields: Any) -> ua.WriteValue:
    held = ua.DataValue(ua.Variant(value, ua.VariantType[kind]))
    return ua.WriteValue(**{"AttributeId": ua.AttributeIds.Value, "Value": held, **fields})


@pytest.mark.parametrize(
    ("item", "wanted", "status"),
    [
        (SETPOINT, write(21.5, "Float"), 0),
        (SETPOINT, write(21.5, "Double"), CODES.BadTypeMismatch),
        (SETPOINT, write([21.5], "Float"), CODES.BadTypeMismatch),
        (SETPOINT, write(31.0, "Float"), CODES.BadOutOfRange),
        (SETPOINT, write(math.nan, "Float"), CODES.BadOutOfRange),
        (SETPOINT, write(21.5, "Float", IndexRange="0"), CODES.BadWriteNotSupported),
        (SETPOINT, write("x", "String", AttributeId=ua.AttributeIds.DisplayName), CODES.BadNotWritable),
        (BY_NAME["KNX/F1/Office101/Temperature"], write(20.0, "Float"), CODES.BadNotWritable),
        (BY_NAME["KNX/F1/Office101/Mode"], write(3, "UInt32"), 0),
        (BY_NAME["KNX/F1/Office101/Mode"], write(4, "UInt32"), CODES.BadOutOfRange),
        (BY_NAME["OPCUA/Lift1/Call"], write(0, "Int32"), CODES.BadOutOfRange),
        (BY_NAME["OPCUA/Types/DoubleArray"], write([1.0], "Double"), 0),
        (BY_NAME["OPCUA/Types/DoubleArray"], write(1.0, "Double"), CODES.BadTypeMismatch),
    ],
)
def test_a_write_is_taken_or_refused_for_a_reason(item: Item, wanted: ua.WriteValue, status: int) -> None:
    assert refusal(item, wanted) == status


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("OPCUA/Types/Boolean", 1, True),
        ("OPCUA/Types/Int64", 9_007_199_254_740_993, 9_007_199_254_740_993),
        ("OPCUA/Types/Double", 2, 2.0),
        ("OPCUA/Types/String", "a", "a"),
        ("OPCUA/Types/ByteString", "AP8=", b"\x00\xff"),
        ("OPCUA/Types/DateTime", "2025-01-31T12:00:00", datetime(2025, 1, 31, 12, tzinfo=UTC)),
        ("OPCUA/Types/Int32Array", [1, 2], (1, 2)),
    ],
)
def test_json_is_read_in_the_items_type(name: str, text: Any, value: Any) -> None:
    assert converted(BY_NAME[name], text) == value


def test_null_is_not_a_number() -> None:
    assert math.isnan(converted(BY_NAME["OPCUA/Types/Double"], None))
