"""Messages arrive as exactly what they were."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample, Value
from vizclient.items.writing import Readback, ReadbackKind, WriteOutcome, WriteState
from vizclient.link import messages
from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Finding,
    Layer,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    ServerView,
    Source,
    Switchover,
)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(),
    st.binary(max_size=40),
    st.datetimes(timezones=st.just(UTC)),
)
_VALUES = st.recursive(_SCALARS, lambda parts: st.lists(parts, max_size=4).map(tuple), max_leaves=12)
_SAMPLES = st.builds(
    Sample,
    _VALUES,
    st.integers(0, 2**32 - 1),
    st.none() | st.floats(allow_nan=False),
    st.just(7),
    st.sampled_from(["main", "backup"]),
    st.booleans(),
    st.booleans(),
)


def _exact(value: Value) -> object:
    """Something that is equal only where type and every bit are."""
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else struct.pack("<d", value))
    if isinstance(value, tuple):
        return ("tuple", *(_exact(part) for part in value))
    return (type(value), value)


@given(st.dictionaries(st.integers(0, 2**32 - 1), _SAMPLES, min_size=1, max_size=20))
def test_samples_survive_the_channel_bit_by_bit(samples: dict[int, Sample]) -> None:
    server = next(iter(samples.values())).server
    sent = [(handle, sample) for handle, sample in samples.items() if sample.server == server]
    batch = messages.decode_from_link(messages.encode(messages.pack_samples(3, sent)))
    assert isinstance(batch, messages.Batch)
    received = messages.unpack_samples(batch, batch.generation)
    assert [handle for handle, _ in received] == [handle for handle, _ in sent]
    for (_, one), (_, other) in zip(sent, received, strict=True):
        assert _exact(one.value) == _exact(other.value)
        assert (one.status, one.source_time, one.generation, one.server, one.published, one.confirmed) == (
            other.status,
            other.source_time,
            other.generation,
            other.server,
            other.published,
            other.confirmed,
        )


@given(_VALUES)
def test_a_value_to_be_written_survives_too(value: Value) -> None:
    write = messages.Write(1, 2, value, 3, Readback(ReadbackKind.ITEM, 0.5, 0.1, 9), (None, 5.0))
    received = messages.decode_from_window(messages.encode(write))
    assert isinstance(received, messages.Write)
    assert _exact(messages.value_of(received.value)) == _exact(value)
    assert (received.readback, received.limits) == (write.readback, write.limits)


def test_the_extremes_of_datetime_survive() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    for sent in (first, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), last):
        received = messages.decode_from_window(messages.encode(messages.Write(1, 2, sent, 3, Readback(), None)))
        assert isinstance(received, messages.Write)
        assert received.value == sent


def _view(role: Role) -> ServerView:
    report = Report(Server.MAIN, 5.0, Layer.ACTIVATED, level=255, peer_levels=(("urn:b", 100),))
    return ServerView(Finding(role, Source.MODE), report, 3.5)


@pytest.mark.parametrize(
    "reason", [None, Source.LEVEL, Problem(ProblemKind.LOST, Layer.ACTIVATED, 0x80010000, "reset")]
)
def test_a_connection_survives(reason: Problem | Source | None) -> None:
    connection = Connection(
        ConnectionState.CONNECTED,
        Server.MAIN,
        4,
        True,
        1.5,
        _view(Role.ACTIVE),
        ServerView(Finding(Role.UNKNOWN, Source.NONE), None, 0.0),
        lost_at=1.25,
        left=Server.BACKUP,
        reason=reason,
        warnings=(Caution.TWO_ACTIVE,),
    )
    received = messages.decode_from_link(messages.encode(messages.Announced(connection)))
    assert received == messages.Announced(connection)


def test_metadata_switchovers_and_writes_survive() -> None:
    metadata = Metadata("Int32", labels=((0, "Aus"), (1, "Ein")), unit="°C", low=0.0)
    described = messages.Described(messages.pack_handles([1, 2]), [metadata, None])
    assert messages.decode_from_link(messages.encode(described)) == described
    assert messages.unpack_handles(described.handles) == [1, 2]
    switchover = Switchover(1e9, Server.MAIN, Server.BACKUP, Source.MODE, 1.0, 2.0, 3.0, 4.0, None)
    assert messages.decode_from_link(messages.encode(messages.Switched(switchover))) == messages.Switched(switchover)
    state = WriteState(5, 6, WriteOutcome.MISMATCH, "write-mismatch", {"status": "Bad"}, 7, (1.5, b"x"))
    received = messages.decode_from_link(messages.encode(messages.pack_write_state(state)))
    assert isinstance(received, messages.Wrote)
    assert messages.unpack_write_state(received) == state


def test_addresses_survive() -> None:
    addresses = [Address("urn:a", "täglich/1"), Address("urn:b", 123)]
    received = messages.decode_from_window(messages.encode(messages.Named(5, messages.pack_addresses(addresses))))
    assert isinstance(received, messages.Named)
    assert [Address(*row) for row in received.addresses] == addresses


@pytest.mark.parametrize(
    "batch",
    [
        messages.Batch(1, 1, "main", b"\0" * 4, b"\0" * 4, b"\0" * 8, b"\0", []),
        messages.Batch(1, 1, "main", b"\0" * 3, b"\0" * 4, b"\0" * 8, b"\0", [1]),
    ],
)
def test_columns_that_do_not_match_are_an_error_of_decoding(batch: messages.Batch) -> None:
    with pytest.raises(msgspec.DecodeError):
        messages.unpack_samples(batch, 1)


def test_what_no_item_could_hold_is_an_error_of_encoding() -> None:
    with pytest.raises(OverflowError):
        messages.encode(messages.Write(1, 2, 2**64, 3, Readback(), None))
    with pytest.raises(UnicodeEncodeError):
        messages.encode(messages.Write(1, 2, "\ud800", 3, Readback(), None))
