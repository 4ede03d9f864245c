"""The fast encoding of notifications says the same as asyncua's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from vizclient.simulator.subscriptions import encode

NOW = datetime(2025, 3, 3, 8, 0, 0, 123_456, tzinfo=UTC)


def notification(value: Any, kind: str, *, status: int = 0, stamp: datetime = NOW) -> ua.MonitoredItemNotification:
    held = ua.DataValue(ua.Variant(value, ua.VariantType[kind]), ua.StatusCode(status), stamp, stamp)
    return ua.MonitoredItemNotification(7, held)


VALUES = [
    ("Boolean", True), ("SByte", -5), ("Byte", 255), ("Int16", -300), ("UInt16", 65535), ("Int32", -70_000),
    ("UInt32", 4_000_000_000), ("Int64", -(2**62)), ("UInt64", 2**64 - 1), ("Float", 1.5), ("Double", 0.1),
    ("String", "Äpfel"), ("DateTime", NOW), ("ByteString", b"\x00\xff"), ("Double", [1.0, 2.0]), ("Int32", []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), VALUES)
@pytest.mark.parametrize("status", [0, 0x40930000])
def test_a_notification_is_read_back_as_it_was(kind: str, value: Any, status: int) -> None:
    sent = notification(value, kind, status=status)
    body = struct_from_binary(ua.DataChangeNotification, Buffer(encode([sent])))
    (received,) = body.MonitoredItems
    assert received.ClientHandle == 7
    assert received.Value.Value == sent.Value.Value
    assert received.Value.StatusCode.value == status
    assert received.Value.SourceTimestamp == received.Value.ServerTimestamp == NOW


def test_each_notification_keeps_its_own_time() -> None:
    later = NOW + timedelta(milliseconds=100)
    sent = [notification(1.0, "Double"), notification(2.0, "Double", stamp=later), notification(3.0, "Double")]
    body = struct_from_binary(ua.DataChangeNotification, Buffer(encode(sent)))
    assert [item.Value.SourceTimestamp for item in body.MonitoredItems] == [NOW, later, NOW]
