"""The wire between a client and a server, and strangers at its end: real sockets in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable


class Relay:
    """Passes bytes on between clients and one server, until it is told otherwise. Counts the connections that are open."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.upward: Callable[[bytes], bytes] = bytes
        self.downward: Callable[[bytes], bytes] = bytes
        self.drip: tuple[int, float] | None = None
        """Pieces that the server's bytes are cut into, and seconds before each."""
        self._passing = asyncio.Event()
        self._passing.set()
        self._ended = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/test"

    async def settled(self) -> int:
        """Open connections with clients, once those that clients have closed are gone; waits no longer than it must."""
        await _until(lambda: not self._ends, self._ended)
        return len(self._ends)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop_listening(self) -> None:
        """Close the port; connections that there are stay."""
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)
            self._server = None

    def freeze(self) -> None:
        """Pass nothing on any more, without closing anything."""
        self._passing.clear()

    def thaw(self) -> None:
        self._passing.set()

    def reset(self) -> None:
        """Reset every connection."""
        for writer in list(self._ends):
            _abort(writer)

    async def close(self) -> None:
        await self.stop_listening()
        self.thaw()
        self.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        upstream: asyncio.StreamWriter | None = None
        try:
            up_reader, upstream = await asyncio.open_connection("127.0.0.1", self.target_port)
            async with asyncio.TaskGroup() as group:
                both = [
                    group.create_task(self._pass(reader, upstream, self._up), name="up"),
                    group.create_task(self._pass(up_reader, writer, self._down, dripping=True), name="down"),
                ]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for task in both:
                    task.cancel()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._ends.discard(writer)
            self._ended.set()
            for end in (writer, upstream):
                if end is not None:
                    _abort(end)

    def _up(self, data: bytes) -> bytes:
        return self.upward(data)

    def _down(self, data: bytes) -> bytes:
        return self.downward(data)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        change: Callable[[bytes], bytes],
        *,
        dripping: bool = False,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._passing.wait()
                pieces, pause = self.drip if dripping and self.drip is not None else (1, 0.0)
                size = -(-len(data) // pieces)
                for start in range(0, len(data), size):
                    await asyncio.sleep(pause)
                    writer.write(change(data[start : start + size]))
                    await writer.drain()


@contextlib.asynccontextmanager
async def relay(target_port: int) -> AsyncIterator[Relay]:
    """A started relay, ended at the end."""
    it = Relay(target_port)
    await it.start()
    try:
        yield it
    finally:
        await it.close()


class Stranger:
    """Something that listens and behaves as told; `open` counts connections that the client has not closed yet."""

    def __init__(self, answer: bytes | None, *, hang_up: bool = False, reset: bool = False) -> None:
        self._answer = answer
        self._hang_up = hang_up
        self._reset = reset
        self.open = 0
        self._ended = asyncio.Event()
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    async def settled(self) -> int:
        """Open connections, once those that clients have closed are gone; waits no longer than it must."""
        await _until(lambda: not self.open, self._ended)
        return self.open

    async def __aenter__(self) -> Stranger:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            if await reader.read(65_536) and self._answer is not None:
                writer.write(self._answer)
            if not (self._hang_up or self._reset):
                while await reader.read(65_536):
                    pass
        except OSError:
            pass
        finally:
            self.open -= 1
            self._ended.set()
            if self._reset:
                _abort(writer)
            writer.close()


def free_port() -> int:
    """A port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until(condition: Callable[[], bool], changed: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while not condition():
                changed.clear()
                await changed.wait()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of an orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
