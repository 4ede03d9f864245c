"""One TCP connection with its secure channel (OPC 10000-6, 6.7 and 7.1): requests go out, answers come back by id.

asyncua encodes, signs and encrypts; what arrives, what is lost and why is decided here, because its own socket protocol
hides the reason of a loss, lets an aborted response wait for its time-out, and reads the size limits the wrong way
round. Knows nothing of sessions. Everything here runs in the event loop's thread and never blocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from asyncua import ua
from asyncua.common.connection import MessageChunk, SecureConnection, TransportLimits
from asyncua.common.utils import Buffer, create_nonce
from asyncua.crypto.security_policies import SecurityPolicy
from asyncua.ua.ua_binary import (
    header_from_binary,
    nodeid_from_binary,
    nodeid_to_binary,
    struct_from_binary,
    struct_to_binary,
    uatcp_to_binary,
)

from vizclient.items.ports import ServiceFault
from vizclient.opcua.errors import AnswerLate, ChannelLost, Undecodable
from vizclient.redundancy.model import ProblemKind

_log = logging.getLogger(__name__)
_Response = TypeVar("_Response")
OnAnswer = Callable[[Any], None]
"""Takes the answer to one request: its body as a Buffer, or the exception that came instead."""

_KINDS = (b"ACK", b"ERR", b"OPN", b"MSG", b"CLO")
_START = struct.Struct("<3scI")
_BUFFER = 65_535
_MESSAGE_LIMIT = 100 * 1024 * 1024
_FAULT = ua.FourByteNodeId(ua.ObjectIds.ServiceFault_Encoding_DefaultBinary)


class _Aborted:
    """The server gave up a response midway (OPC 10000-6, 6.7.3)."""

    def __init__(self, request_id: int, status: int) -> None:
        self.request_id = request_id
        self.status = status


class _Limits(TransportLimits):  # type: ignore[misc]
    """The limits of what we receive stay ours; those of what we send are the server's (OPC 10000-6, 7.1.2.4)."""

    def update_client_limits(self, msg: ua.Acknowledge) -> None:
        if msg.ReceiveBufferSize:
            self.max_send_buffer = min(_BUFFER, msg.ReceiveBufferSize)


class _Conversation(SecureConnection):  # type: ignore[misc]
    """Sequence numbers, tokens and chunks; an aborted response is told instead of dropped."""

    def _receive(self, msg: MessageChunk) -> Any:
        received = super()._receive(msg)
        if msg.MessageHeader.ChunkType == ua.ChunkType.Abort:
            error = struct_from_binary(ua.ErrorMessage, Buffer(msg.Body))
            return _Aborted(msg.SequenceHeader.RequestId, error.Error.value)
        return received


class Prepared:
    """A request of which nothing but the header is left to be encoded. `kind`: the id of its encoding. `name`: for the log."""

    def __init__(self, name: str, kind: ua.NodeId, parameters: bytes) -> None:
        self.name = name
        self.RequestHeader = ua.RequestHeader()
        self._kind = kind
        self._parameters = parameters

    def encoded(self) -> bytes:
        """The whole of it."""
        head: bytes = nodeid_to_binary(self._kind) + struct_to_binary(self.RequestHeader)
        return head + self._parameters


class Channel(asyncio.Protocol):
    """A connection. `heard_at`: when the last byte came, monotonic seconds. `lost`: why it ended, None while it is there.

    `on_lost` is called once when the connection ends without `close` or `abort` having been called. `patience`: seconds of
    silence after which the asker would have given up: what comes later waited while this process stood still, and is old.
    """

    def __init__(self, policy: SecurityPolicy) -> None:
        self.heard_at = time.perf_counter()
        self.lost: ChannelLost | None = None
        self.on_lost: Callable[[ChannelLost], None] | None = None
        self.patience = float("inf")
        self.token = ua.NodeId()
        self.policy = policy
        self.lifetime = 0.0
        self._conversation = _Conversation(policy, _Limits(_BUFFER, _BUFFER, 0, _MESSAGE_LIMIT))
        self._transport: asyncio.Transport | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        self._pending: dict[int, OnAnswer] = {}
        self._last_id = 0
        self._on_hello: asyncio.Future[None] | None = None
        self._opening: ua.OpenSecureChannelParameters | None = None
        self._spoke = False
        self._open = False

    # -- the steps of a connection ------------------------------------------------------------------------------------

    async def connect(self, address: str, port: int) -> None:
        """TCP to a numeric address. Raises OSError."""
        await asyncio.get_running_loop().create_connection(lambda: self, address, port)
        if self._transport is None:
            raise ConnectionResetError(f"{address} closed at once")
        if self._transport.get_extra_info("sockname") == self._transport.get_extra_info("peername"):
            # A port of our own host that nobody listens on can be given to us as our own end: TCP connects it to itself.
            self.abort()
            raise ConnectionRefusedError(f"{address}:{port} is our own end")

    async def hello(self, url: str, within: float) -> None:
        """Hello and Acknowledge."""
        message = ua.Hello()
        message.EndpointUrl = url
        message.ReceiveBufferSize = message.SendBufferSize = _BUFFER
        message.MaxMessageSize = _MESSAGE_LIMIT
        message.MaxChunkCount = 0
        self._on_hello = asyncio.get_running_loop().create_future()
        self._write(uatcp_to_binary(ua.MessageType.Hello, message))
        await _within(within, self._on_hello, "Hello")

    async def open(self, within: float, lifetime: float, *, renew: bool = False) -> None:
        """Open the secure channel, or give it a new token. `lifetime`: wished for, seconds; the server's is in `lifetime`."""
        parameters = ua.OpenSecureChannelParameters()
        parameters.RequestType = ua.SecurityTokenRequestType.Renew if renew else ua.SecurityTokenRequestType.Issue
        parameters.SecurityMode = self.policy.Mode
        parameters.RequestedLifetime = int(lifetime * 1000)
        parameters.ClientNonce = create_nonce(self.policy.secure_channel_nonce_length)
        request = ua.OpenSecureChannelRequest()
        request.Parameters = parameters
        self._opening = parameters
        response = await self.request(request, ua.OpenSecureChannelResponse, within, ua.MessageType.SecureOpen)
        self.lifetime = response.Parameters.SecurityToken.RevisedLifetime / 1000
        self._open = True

    # -- requests -----------------------------------------------------------------------------------------------------

    async def request(
        self,
        request: Any,
        response_type: type[_Response],
        within: float,
        message_type: bytes = ua.MessageType.SecureMessage,
    ) -> _Response:
        """Send `request` and wait for its answer.

        Raises ChannelLost, AnswerLate, Undecodable, or ServiceFault if the server refuses the whole of it.
        """
        body = await self.ask(request, within, message_type)
        return decode(body, response_type)

    async def ask(self, request: Any, within: float, message_type: bytes = ua.MessageType.SecureMessage) -> Buffer:
        """Like `request`, but the answer is not decoded and a refusal not looked for."""
        future: asyncio.Future[Buffer] = asyncio.get_running_loop().create_future()

        def answered(answer: Any) -> None:
            if future.done():
                return
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

        request_id = self.send(request, answered, within, message_type)
        try:
            name = request.name if isinstance(request, Prepared) else type(request).__name__
            return await _within(within, future, name)
        finally:
            self._pending.pop(request_id, None)

    def send(
        self, request: Any, answered: OnAnswer, hint: float = 0.0, message_type: bytes = ua.MessageType.SecureMessage
    ) -> int:
        """Send `request`; `answered` is called once, from within the event loop. Raises ChannelLost. The request's id.

        `hint`: TimeoutHint in seconds, 0 for none.
        """
        if self._transport is None or self.lost is not None:
            raise self.lost or ChannelLost(ProblemKind.LOST, detail="closed")
        self._last_id += 1
        header = request.RequestHeader
        header.AuthenticationToken = self.token
        header.RequestHandle = self._last_id
        header.TimeoutHint = int(hint * 1000)
        if self._conversation.next_security_token.TokenId:
            self._conversation.revolve_tokens()
        encoded = request.encoded() if isinstance(request, Prepared) else struct_to_binary(request)
        data = self._conversation.message_to_binary(encoded, message_type=message_type, request_id=self._last_id)
        self._pending[self._last_id] = answered
        self._write(data)
        return self._last_id

    # -- the end ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Send CloseSecureChannel, which has no answer, and drop the socket. Returns at once; idempotent."""
        if self._transport is None:
            return
        if self._open and self.lost is None:
            with contextlib.suppress(ChannelLost):
                self.send(ua.CloseSecureChannelRequest(), lambda _: None, message_type=ua.MessageType.SecureClose)
        self._end(ChannelLost(ProblemKind.LOST, detail="closed by us"), told=False)
        if self._transport.get_write_buffer_size():
            self._transport.abort()  # the other side does not take it: waiting would keep the socket
        else:
            self._transport.close()

    def abort(self) -> None:
        """Drop the socket as it is. Returns at once; idempotent."""
        self._end(ChannelLost(ProblemKind.LOST, detail="closed by us"), told=False)
        if self._transport is not None:
            self._transport.abort()

    async def ended(self) -> None:
        """Wait until the socket is gone, after `close` or `abort`."""
        if self._transport is not None:
            await asyncio.wait({self._ended})

    # -- asyncio.Protocol ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.heard_at = time.perf_counter()
        if self.lost is not None:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._ended.done():
            self._ended.set_result(None)
        kind = ProblemKind.LOST if self._on_hello is None or self._on_hello.done() else ProblemKind.REFUSED
        detail = "closed by the server" if exc is None else getattr(exc, "strerror", None) or str(exc)
        self._end(ChannelLost(kind, detail=detail), told=True)

    def data_received(self, data: bytes) -> None:
        before, self.heard_at = self.heard_at, time.perf_counter()
        if self.lost is not None:
            return
        if self.heard_at - before > self.patience:
            detail = f"this process stood still for {self.heard_at - before:.1f} s"
            self._fail(ChannelLost(ProblemKind.LOST, detail=detail))
            return
        buffer = self._buffer
        buffer += data
        try:
            self._take(buffer)
        except ChannelLost as lost:
            self._fail(lost)
        except Exception as error:  # noqa: BLE001 a decoder may fail in any way on what a stranger sends
            _log.debug("undecodable", exc_info=True)
            self._fail(ChannelLost(ProblemKind.UNDECODABLE, detail=f"{type(error).__name__}: {error}"))

    # -- receiving ----------------------------------------------------------------------------------------------------

    def _take(self, buffer: bytearray) -> None:
        start = 0
        while self.lost is None and len(buffer) - start >= 3:
            if buffer[start : start + 3] not in _KINDS:
                kind = ProblemKind.UNDECODABLE if self._spoke else ProblemKind.NOT_OPC_UA
                raise ChannelLost(kind, detail=f"unknown message {bytes(buffer[start : start + 8])!r}")
            if len(buffer) - start < _START.size:
                break
            size = _START.unpack_from(buffer, start)[2]
            if not _START.size <= size <= _MESSAGE_LIMIT:
                raise ChannelLost(ProblemKind.UNDECODABLE, detail=f"message of {size} bytes")
            if len(buffer) - start < size:
                break
            message = bytes(buffer[start : start + size])
            start += size
            self._spoke = True
            self._message(Buffer(message))
        del buffer[:start]

    def _message(self, buffer: Buffer) -> None:
        header = header_from_binary(buffer)
        received: Any = self._conversation.receive_from_header_and_body(header, buffer)
        match received:
            case None:
                return  # one chunk of several
            case ua.Acknowledge():
                if self._on_hello is not None and not self._on_hello.done():
                    self._on_hello.set_result(None)
            case ua.ErrorMessage():
                raise ChannelLost(ProblemKind.REFUSED, received.Error.value, received.Reason or "")
            case _Aborted():
                self._answer(received.request_id, ServiceFault(received.status))
            case ua.Message():
                body = received.body()
                if header.MessageType == ua.MessageType.SecureOpen:
                    self._opened(body.copy())
                self._answer(received.request_id(), body)

    def _opened(self, body: Buffer) -> None:
        """Take the new token into use before the next byte is read."""
        if self._opening is None or nodeid_from_binary(body.copy()) == _FAULT:
            return
        response = struct_from_binary(ua.OpenSecureChannelResponse, body)
        if response.ResponseHeader.ServiceResult.is_good():
            self._conversation.set_channel(response.Parameters, self._opening.RequestType, self._opening.ClientNonce)
        self._opening = None

    def _answer(self, request_id: int, answer: Any) -> None:
        answered = self._pending.pop(request_id, None)
        if answered is not None:  # else its asker has given up
            answered(answer)

    # -- private ------------------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            raise self.lost or ChannelLost(ProblemKind.LOST, detail="closed")
        self._transport.write(data)

    def _fail(self, lost: ChannelLost) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._end(lost, told=True)

    def _end(self, lost: ChannelLost, *, told: bool) -> None:
        if self.lost is not None:
            return
        self.lost = lost
        self._buffer.clear()
        if self._on_hello is not None and not self._on_hello.done():
            self._on_hello.set_exception(lost)
        pending, self._pending = self._pending, {}
        for answered in pending.values():
            answered(lost)
        if told and self.on_lost is not None:
            self.on_lost(lost)


def decode(body: Buffer, response_type: type[_Response]) -> _Response:
    """The response in `body`. Raises ServiceFault if the server refused the request, else Undecodable."""
    try:
        if nodeid_from_binary(body.copy()) == _FAULT:
            fault = struct_from_binary(ua.ServiceFault, body.copy())
            raise ServiceFault(fault.ResponseHeader.ServiceResult.value)
        response: Any = struct_from_binary(response_type, body)
    except ServiceFault:
        raise
    except Exception as error:  # see data_received
        raise Undecodable(f"{response_type.__name__}: {type(error).__name__}: {error}") from error
    status = response.ResponseHeader.ServiceResult
    if status.is_bad():
        raise ServiceFault(status.value)
    return cast("_Response", response)


def after_header(body: Buffer) -> Buffer:
    """`body` of a response after its header. Raises ServiceFault if the server refused the request, else Undecodable."""
    try:
        nodeid_from_binary(body)
        status = struct_from_binary(ua.ResponseHeader, body).ServiceResult
    except Exception as error:  # see data_received
        raise Undecodable(f"response: {type(error).__name__}: {error}") from error
    if status.is_bad():
        raise ServiceFault(status.value)
    return body


async def _within(within: float, future: asyncio.Future[Any], what: str) -> Any:
    # No asyncio.timeout: in a task that cleans up because it was cancelled, that of Python 3.11.2 (Debian 12) only cancels it again.
    try:
        done, _ = await asyncio.wait({future}, timeout=within)
        if not done:
            raise AnswerLate(f"{what} not answered within {within:.1f} s")
        return future.result()
    finally:
        if future.done():
            future.exception()  # so that nobody misses it
        else:
            future.cancel()  # a late answer is nobody's
