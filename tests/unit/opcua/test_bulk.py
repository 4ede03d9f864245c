"""What is encoded and decoded by hand is exactly what asyncua makes of it."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary

from vizclient.items.ports import ServiceFault
from vizclient.opcua.bulk import changes_in, value_request
from vizclient.opcua.channel import after_header, decode
from vizclient.opcua.convert import change_of
from vizclient.opcua.errors import Undecodable

NOW = datetime(2026, 5, 20, 12, 0, 0, 123457, tzinfo=UTC)
NODES = [
    ua.NodeId(2258),
    ua.NodeId(70_000, 3),
    ua.NodeId("KNX/F1/Büro", 2),
    ua.NodeId("", 2),
]
VALUES: list[Any] = [
    ua.Variant(True, ua.VariantType.Boolean),
    ua.Variant(-5, ua.VariantType.SByte),
    ua.Variant(250, ua.VariantType.Byte),
    ua.Variant(-30_000, ua.VariantType.Int16),
    ua.Variant(60_000, ua.VariantType.UInt16),
    ua.Variant(-(2**31), ua.VariantType.Int32),
    ua.Variant(2**32 - 1, ua.VariantType.UInt32),
    ua.Variant(-(2**63), ua.VariantType.Int64),
    ua.Variant(2**64 - 1, ua.VariantType.UInt64),
    ua.Variant(74.6, ua.VariantType.Float),
    ua.Variant(math.inf, ua.VariantType.Float),
    ua.Variant(0.1 + 0.2, ua.VariantType.Double),
    ua.Variant("text", ua.VariantType.String),
    ua.Variant(NOW, ua.VariantType.DateTime),
    ua.Variant(b"\x00\xff", ua.VariantType.ByteString),
    ua.Variant([1.5, 2.5], ua.VariantType.Double),
    ua.Variant([[1, 2], [3, 4]], ua.VariantType.Int32),
    ua.Variant(ua.LocalizedText("Zu"), ua.VariantType.LocalizedText),
    ua.Variant(ua.EUInformation("x", 1, ua.LocalizedText("kW")), ua.VariantType.ExtensionObject),
    ua.Variant(None),
]
STAMPS = [
    None,
    NOW,
    datetime(1601, 1, 1, tzinfo=UTC),
    datetime(1601, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(1602, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - timedelta(days=1),
]


def response(*results: ua.DataValue) -> bytes:
    answer = ua.ReadResponse()
    answer.Results = list(results)
    encoded: bytes = struct_to_binary(answer)
    return encoded


def by_hand(encoded: bytes, count: int) -> Any:
    return changes_in(after_header(Buffer(encoded)), range(count))


def by_asyncua(encoded: bytes) -> Any:
    return [change_of(n, data) for n, data in enumerate(decode(Buffer(encoded), ua.ReadResponse).Results)]


def test_a_request_is_encoded_as_asyncua_encodes_it() -> None:
    request = ua.ReadRequest()
    request.Parameters.MaxAge = 2_147_483_647.0
    request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    for node in NODES:
        wanted = ua.ReadValueId()
        wanted.NodeId = node
        wanted.AttributeId = ua.AttributeIds.Value
        request.Parameters.NodesToRead.append(wanted)
    ours = value_request(NODES, 2_147_483_647.0)
    ours.RequestHeader = request.RequestHeader
    assert ours.encoded() == struct_to_binary(request)


@pytest.mark.parametrize("variant", VALUES, ids=lambda variant: f"{variant.VariantType.name}")
def test_a_value_of_any_kind_is_what_asyncua_makes_of_it(variant: ua.Variant) -> None:
    results = [
        ua.DataValue(variant, ua.StatusCode(ua.UInt32(status)), stamp, server)
        for status in (0, 0x40920000, 0x80340000)
        for stamp in (None, NOW)
        for server in (None, NOW)
    ]
    results.append(ua.DataValue(variant, None, NOW, None, 7, None))
    encoded = response(*results)
    assert by_hand(encoded, len(results)) == by_asyncua(encoded)


@pytest.mark.parametrize("stamp", STAMPS, ids=str)
def test_a_time_is_what_asyncua_makes_of_it(stamp: datetime | None) -> None:
    encoded = response(ua.DataValue(ua.Variant(1.5), ua.StatusCode(0), stamp))
    assert by_hand(encoded, 1) == by_asyncua(encoded)


@pytest.mark.parametrize("ticks", [-1, 2**63 - 1, 2_650_467_743_989_999_999, 2_650_467_743_990_000_001])
def test_a_time_that_no_calendar_has_is_what_asyncua_makes_of_it(ticks: int) -> None:
    encoded = response(ua.DataValue(ua.Variant(1.5), None, NOW))
    at = encoded.index(struct.pack("<d", 1.5)) + 8
    encoded = encoded[:at] + struct.pack("<q", ticks) + encoded[at + 8 :]
    assert by_hand(encoded, 1) == by_asyncua(encoded)


def test_a_value_that_is_not_there_is_none() -> None:
    encoded = response(ua.DataValue(None, ua.StatusCode(ua.UInt32(0x80340000))), ua.DataValue(ua.Variant(1.5)))
    assert [(change.value, change.status) for change in by_hand(encoded, 2)] == [(None, 0x80340000), (1.5, 0)]


def test_a_response_of_another_length_or_cut_short_is_undecodable() -> None:
    encoded = response(*[ua.DataValue(ua.Variant(1.5), None, NOW)] * 3)
    for count in (2, 4):
        with pytest.raises(Undecodable):
            by_hand(encoded, count)
    body = bytes(after_header(Buffer(encoded)))
    for end in range(len(body) - 4):  # without the diagnostics, which nobody asked for
        with pytest.raises(Undecodable):
            changes_in(Buffer(body[:end]), range(3))


def test_a_refusal_is_a_fault_and_what_has_no_header_is_undecodable() -> None:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(0x80040000))
    with pytest.raises(ServiceFault) as refused:
        after_header(Buffer(struct_to_binary(fault)))
    assert refused.value.status == 0x80040000
    with pytest.raises(Undecodable):
        after_header(Buffer(b"\x01"))
