"""What the window and the link process say to each other: tagged, versioned, typed. Knows neither pipes nor loops.

Values travel in batches of packed columns; every value that an item can hold arrives as exactly what it was.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import msgspec

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.typed import Limits
from vizclient.items.value import Sample, Value
from vizclient.items.writing import Readback, WriteOutcome, WriteState
from vizclient.redundancy.model import Connection, Server, Switchover
from vizclient.redundancy.readiness import Readiness

VERSION = 5
"""Grows with every change of this file that the other side must know of."""

_NO_TIME = float("nan")
_PUBLISHED, _CONFIRMED = 1, 2


# from the window


class Named(msgspec.Struct, tag="named", gc=False):
    """The addresses of handles `start`, `start` + 1, …: (namespace URI, identifier)."""

    start: int
    addresses: list[tuple[str, str | int]]


class Show(msgspec.Struct, tag="show", gc=False):
    """`view` wants exactly these handles. `shown`: they are on the screen, and come first."""

    view: str
    handles: bytes
    shown: bool


class Ack(msgspec.Struct, tag="ack", gc=False):
    """Batch `number` is in the mirror."""

    number: int


class Write(msgspec.Struct, tag="write", gc=False):
    """Write once. Answered by `Wrote`, the last of them final."""

    request: int
    handle: int
    value: Any
    seen_generation: int
    readback: Readback
    limits: Limits | None


class Cancel(msgspec.Struct, tag="cancel", gc=False):
    """Stop waiting for the answer to `request`. What the server did stays done."""

    request: int


class SwitchTo(msgspec.Struct, tag="switch", gc=False):
    """A person asks for this server."""

    server: Server


class Retry(msgspec.Struct, tag="retry", gc=False):
    """A person has mended what needed attention."""


class GivePassword(msgspec.Struct, tag="password", gc=False):
    """A person has typed the password of the user of this server."""

    server: Server
    password: str

    def __repr__(self) -> str:
        return f"GivePassword({self.server}, …)"


class BundleShown(msgspec.Struct, tag="bundle", gc=False):
    """The pages that the window shows have this digest."""

    digest: str


# from the link process


class Hello(msgspec.Struct, tag="hello", gc=False):
    """The first message. `hold`: of the profile, in seconds."""

    version: int
    hold: float


class Beat(msgspec.Struct, tag="beat", gc=False):
    """The link process lives, and has nothing else to say."""


class Announced(msgspec.Struct, tag="connection", gc=False):
    """The connection changed."""

    connection: Connection


class Batch(msgspec.Struct, tag="batch", gc=False):
    """The changed items. Columns: handles and statuses as uint32, times as float64 (NaN: none), flags as uint8."""

    number: int
    generation: int
    server: str
    handles: bytes
    statuses: bytes
    times: bytes
    flags: bytes
    values: list[Any]


class Described(msgspec.Struct, tag="metadata", gc=False):
    """Metadata of these handles, None where the node does not exist."""

    handles: bytes
    metadata: list[Metadata | None]


class Dropped(msgspec.Struct, tag="dropped", gc=False):
    """Nothing keeps these items current any more."""

    handles: bytes


class Wrote(msgspec.Struct, tag="wrote", gc=False):
    """Where a write stands now."""

    request: int
    handle: int
    outcome: WriteOutcome
    code: str
    arguments: dict[str, str]
    status: int
    read: Any


class Switched(msgspec.Struct, tag="switchover", gc=False):
    """A switchover, as far as it is known by now; the same `adopted_at`, the same switchover."""

    switchover: Switchover


class Ready(msgspec.Struct, tag="readiness", gc=False):
    """Whether the standby could take over, as far as it is known by now."""

    readiness: Readiness


class Troubled(msgspec.Struct, tag="trouble", gc=False):
    """Something a person should know, as the code of a phrase."""

    code: str
    arguments: dict[str, str]


FromWindow = Named | Show | Ack | Write | Cancel | SwitchTo | Retry | GivePassword | BundleShown
FromLink = Hello | Beat | Announced | Batch | Described | Dropped | Wrote | Switched | Ready | Troubled

_encoder = msgspec.msgpack.Encoder()
_from_window: msgspec.msgpack.Decoder[FromWindow] = msgspec.msgpack.Decoder(FromWindow)
_from_link: msgspec.msgpack.Decoder[FromLink] = msgspec.msgpack.Decoder(FromLink)


def encode(message: FromWindow | FromLink) -> bytes:
    """One message as bytes. Raises UnicodeEncodeError or OverflowError for a value that no item could hold."""
    return _encoder.encode(message)


def decode_from_window(frame: bytes) -> FromWindow:
    """What `encode` made. Raises msgspec.DecodeError."""
    return _from_window.decode(frame)


def decode_from_link(frame: bytes) -> FromLink:
    """What `encode` made. Raises msgspec.DecodeError."""
    return _from_link.decode(frame)


def pack_handles(handles: Sequence[int]) -> bytes:
    """Handles as a column."""
    return array("I", handles).tobytes()


def unpack_handles(column: bytes) -> list[int]:
    """The handles of a column. Raises msgspec.DecodeError if it is not one."""
    return _column("I", column).tolist()


def pack_addresses(addresses: Sequence[Address]) -> list[tuple[str, str | int]]:
    """Addresses as `Named` holds them."""
    return [(address.namespace, address.identifier) for address in addresses]


def pack_samples(number: int, samples: Sequence[tuple[int, Sample]]) -> Batch:
    """A batch of samples, at least one, all of one generation."""
    first = samples[0][1]
    return Batch(
        number,
        first.generation,
        first.server,
        array("I", [handle for handle, _ in samples]).tobytes(),
        array("I", [sample.status for _, sample in samples]).tobytes(),
        array("d", [_NO_TIME if (time := sample.source_time) is None else time for _, sample in samples]).tobytes(),
        bytes([sample.published * _PUBLISHED + sample.confirmed * _CONFIRMED for _, sample in samples]),
        [sample.value for _, sample in samples],
    )


def unpack_samples(batch: Batch, generation: int) -> list[tuple[int, Sample]]:
    """The samples of a batch, numbered with `generation`. Raises msgspec.DecodeError if the columns do not match."""
    handles, statuses = _column("I", batch.handles), _column("I", batch.statuses)
    times, flags, values, server = _column("d", batch.times), batch.flags, batch.values, batch.server
    if not len(handles) == len(statuses) == len(times) == len(flags) == len(values):
        raise msgspec.DecodeError("columns of different length")
    if list in set(map(type, values)):
        values = [value_of(value) for value in values]
    return [
        (
            handle,
            Sample(
                value,
                status,
                None if time != time else time,  # noqa: PLR0124 - NaN, in the fastest way there is
                generation,
                server,
                flag & _PUBLISHED != 0,
                flag & _CONFIRMED != 0,
            ),
        )
        for handle, status, time, flag, value in zip(handles, statuses, times, flags, values, strict=True)
    ]


def pack_write_state(state: WriteState) -> Wrote:
    """A write's state as a message."""
    return Wrote(state.number, state.handle, state.outcome, state.code, dict(state.arguments), state.status, state.read)


def unpack_write_state(wrote: Wrote) -> WriteState:
    """A write's state from its message."""
    return WriteState(
        wrote.request, wrote.handle, wrote.outcome, wrote.code, wrote.arguments, wrote.status, value_of(wrote.read)
    )


def value_of(decoded: Any) -> Value:
    """A decoded value with its arrays as tuples."""
    if isinstance(decoded, list):
        return tuple(value_of(part) for part in decoded)
    return decoded  # type: ignore[no-any-return]


def _column(kind: str, packed: bytes) -> array[Any]:
    column: array[Any] = array(kind)
    try:
        column.frombytes(packed)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from None
    return column
