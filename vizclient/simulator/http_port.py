"""A small HTTP server on a port that opens and shuts with the role: each connection has one request and one answer.

Shut, the port is kept, every attempt to connect is refused, and who was connected is dropped. Knows nothing of what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from vizclient.tasks import TaskSet

_MAX_HEAD: Final = 16 * 1024
_MAX_BODY: Final = 16 * 1024
_PATIENCE: Final = 10.0
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is decoded and without the query; `form`: the fields of the query, and of a form that was posted."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: all of it, or the parts of a stream that goes on until somebody closes it."""

    body: str | AsyncIterator[str]
    status: HTTPStatus = HTTPStatus.OK
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class _Refusal(Exception):
    """A request that is none, with the status that says so."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class HttpPort:
    """`answer` is asked once for each request. Raises OSError if the port cannot be had."""

    def __init__(self, host: str, port: int, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._address, self._answer = (host, port), answer
        self._tasks = TaskSet("http")
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None
        self._reserved: socket.socket | None = self._reserve()

    async def open(self) -> None:
        """Let browsers connect. Nothing if it is open."""
        if self._listening is None:
            reserved = self._reserved or self._reserve()
            self._reserved = None
            self._listening = await asyncio.start_server(self._connected, sock=reserved, limit=_MAX_HEAD)

    def shut(self) -> None:
        """Refuse who connects from now on, and drop who is connected. Idempotent."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for writer in list(self._writers):
            writer.transport.abort()
        if self._reserved is None:
            with contextlib.suppress(OSError):  # tried again when it opens
                self._reserved = self._reserve()

    async def close(self) -> None:
        """Shut it for good."""
        self.shut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        await self._tasks.close()

    def _reserve(self) -> socket.socket:
        reserved = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET)
        if sys.platform != "win32":  # there it would let another process share the port
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reserved.bind(self._address)
        except OSError:
            reserved.close()
            raise
        return reserved

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._tasks.start(self._serve(reader, writer), name="request")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            try:
                async with asyncio.timeout(_PATIENCE):
                    request = await _read(reader)
                answer = await self._answer(request)
            except _Refusal as refusal:
                request, answer = None, Answer(refusal.status.phrase, refusal.status, "text/plain; charset=utf-8")
            await _write(writer, answer, bare=request is not None and request.method == "HEAD")
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return  # the browser is gone, or says nothing
        finally:
            self._writers.discard(writer)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise _Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    first, *lines = head[:-4].split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _Refusal(HTTPStatus.BAD_REQUEST)
    method, target, _ = words
    if method not in ("GET", "HEAD", "POST"):
        raise _Refusal(HTTPStatus.NOT_IMPLEMENTED)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise _Refusal(HTTPStatus.BAD_REQUEST)
        headers[name.lower()] = value.strip()
    posted = await _body(reader, headers) if method == "POST" else b""
    try:
        parts = urlsplit(target)
        form = dict(parse_qsl(parts.query, max_num_fields=20))
        form |= dict(parse_qsl(posted.decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        raise _Refusal(HTTPStatus.BAD_REQUEST) from None
    return Request(method, unquote(parts.path) or "/", headers, form)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal():
        raise _Refusal(HTTPStatus.LENGTH_REQUIRED)
    if int(length) > _MAX_BODY:
        raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await reader.readexactly(int(length))


async def _write(writer: asyncio.StreamWriter, answer: Answer, *, bare: bool) -> None:
    whole = answer.body.encode() if isinstance(answer.body, str) else None
    headers = {
        "Content-Type": answer.kind,
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        **({} if whole is None else {"Content-Length": str(len(whole))}),
        **answer.headers,
    }
    head = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}", *(f"{name}: {headers[name]}" for name in headers)]
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    if whole is not None and not bare:
        writer.write(whole)
    await writer.drain()
    if not isinstance(answer.body, str) and not bare:
        async for part in answer.body:
            writer.write(part.encode())
            await writer.drain()
