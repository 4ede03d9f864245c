"""The door of a server, where a test can meddle with what passes: real sockets, in a thread of its own.

It stands between clients and one server, and passes every message on unless a rule of the test says otherwise. Messages
of unsecured channels are known by their kind; they can be kept back, swallowed, refused or answered in the server's place,
without either side seeing a hole in the channel's own numbering. Encrypted ones can only be passed, delayed and cut.
A journal tells what clients asked for, and when. Where the server's port is closed, the door's is soon closed as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary, uatcp_to_binary

HELLO, OPEN = "Hello", "OpenSecureChannel"
PASS: Final = object()
"""Verdicts of a rule, besides `Refused` and `Answered`: let it pass, which None means as well;"""
SWALLOW: Final = object()
"""let it vanish;"""
KEEP: Final = object()
"""keep it until `release`."""

_PATIENCE = 20.0
_LOOK_OUT = 0.05
_MOMENT = 0.2
"""Seconds: less than any client waits that has to end what it has begun."""
_BODY = 24
"""Where the body of an unsecured message begins."""
_NAMES: Final = {
    getattr(ua.ObjectIds, name): name.removesuffix("_Encoding_DefaultBinary")
    for name in vars(ua.ObjectIds)
    if name.endswith(("Request_Encoding_DefaultBinary", "Response_Encoding_DefaultBinary"))
} | {ua.ObjectIds.ServiceFault_Encoding_DefaultBinary: "ServiceFault"}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Refused:
    """Verdict on a request: the server does not see it, the client is told `status`."""

    status: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Verdict on a request: the server does not see it, the client gets `response`."""

    response: Any


@dataclass(slots=True)
class Message:
    """One message, or the first chunk of a long one. `kind` is "CreateSession" or the like for request and response alike;
    `fault` for a response that is a ServiceFault. "" if it is encrypted.
    """

    connection: int
    up: bool
    kind: str
    data: bytes
    request: int = 0
    fault: bool = False

    def decoded(self) -> Any:
        """The request or response as asyncua's structure, if it came in one piece."""
        buffer = Buffer(self.data[_BODY:])
        number = nodeid_from_binary(buffer.copy()).Identifier
        return struct_from_binary(getattr(ua, _NAMES[number]), buffer)


@dataclass(frozen=True, slots=True)
class Entry:
    """A client connected (`kind` "connect"), sent a request, or was gone ("end"). `t`: perf_counter."""

    t: float
    connection: int
    kind: str


Rule = Callable[[Message], object]


class Door:
    """`rule` judges every message; the levers may be moved at any time, from any thread.

    `latency`: seconds each way. `deaf`, `mute`: what clients, what the server sends is lost, and ends of connections with
    it; both are a black hole, one alone a connection that is half open. `refuse_hello`: a StatusCode, 0 to let them in.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.rule: Rule | None = None
        self.latency = 0.0
        self.deaf = False
        self.mute = False
        self.refuse_hello = 0
        self.sessions: Counter[int] = Counter()
        """Sessions created that the server was not asked to close, by connection. Its answer may come when nobody waits any more."""
        self.mistake: Exception | None = None
        self._journal: list[Entry] = []
        self._changed = threading.Condition()
        self._open: dict[int, _Passage] = {}
        self.writers: set[asyncio.StreamWriter] = set()
        self._made = 0
        self._listening: asyncio.Server | None = None
        self._wanted_open = False
        self._looking: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="door", daemon=True)

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()
        self.open()

    def close(self) -> None:
        self.shut()
        self.cut()
        self._call(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # -- levers ---------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Listen, on the port that it had before if it had one."""
        self._wanted_open = True
        self._call(self._listen())

    def shut(self) -> None:
        """Close the port; connections that there are stay."""
        self._wanted_open = False
        self._call(self._stop_listening())

    def black_hole(self, *, on: bool = True) -> None:
        self.deaf = self.mute = on

    def cut(self) -> None:
        """Reset every connection."""
        self._each(_Passage.cut)

    def release(self) -> None:
        """Let pass what was kept."""
        self._each(_Passage.release)

    # -- what was seen --------------------------------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """Clients that are connected now."""
        with self._changed:
            return len(self._open)

    def left_open(self) -> list[int]:
        """Connections that the client ended without asking for an end of their session. What it never heard of it cannot end:
        a client that is called off waits a moment for the answer to CreateSession, and no longer."""
        with self._changed:
            asked, ended, known = (
                {entry.connection: entry.t for entry in self._journal if entry.kind == kind}
                for kind in ("CreateSession", "end", "ActivateSession")
            )
            return [
                number
                for number, left in self.sessions.items()
                if left and number in ended and (number in known or ended[number] - asked[number] < _MOMENT)
            ]

    def entries(self, kind: str, since: float = 0.0, until: float = float("inf")) -> list[Entry]:
        """Of the journal, by time."""
        with self._changed:
            return [entry for entry in self._journal if entry.kind == kind and since <= entry.t <= until]

    def asked(self, since: float, until: float = float("inf")) -> list[str]:
        """Connections and requests of that time, in order, by their kind."""
        with self._changed:
            return [entry.kind for entry in self._journal if entry.kind != "end" and since <= entry.t <= until]

    def wait(self, what: str, found: Callable[[], _T]) -> _T:
        """Until `found()`, which is asked whenever something has passed; what it returned."""
        deadline = time.perf_counter() + _PATIENCE
        with self._changed:
            while not (result := found()):
                left = deadline - time.perf_counter()
                if self.mistake is not None:
                    raise self.mistake
                if left <= 0:
                    tail = "\n".join(map(str, self._journal[-20:]))
                    raise AssertionError(f"waited in vain for {what}:\n{tail}")
                self._changed.wait(min(left, 0.5))
        return result

    def wait_for(self, kind: str, since: float = 0.0) -> Entry:
        """The first such entry of the journal."""
        return self.wait(kind, lambda: self.entries(kind, since))[0]

    # -- private --------------------------------------------------------------------------------------------------------

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def _each(self, do: Callable[[_Passage], None]) -> None:
        async def run() -> None:
            for passage in list(self._open.values()):
                do(passage)

        self._call(run())

    async def _listen(self) -> None:
        if self._listening is not None or not self._wanted_open:
            return
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=500)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            listening, self._listening = self._listening, None
            for door in listening.sockets:  # whom asyncio has accepted, and not served yet, it forgets when it closes
                self._loop.remove_reader(door.fileno())
            for _ in range(3):
                await asyncio.sleep(0)
            listening.close()
            await asyncio.sleep(0)

    async def _look_out(self) -> None:
        """The server is not there: keep the door closed until it is."""
        await self._stop_listening()
        while True:
            await asyncio.sleep(_LOOK_OUT)
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.target_port)
                writer.close()
                await self._listen()
                return

    async def _end_tasks(self) -> None:
        for _ in range(5):  # what was accepted in the last moment has no task yet
            await asyncio.sleep(0)
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        for writer in self.writers:  # some may still wait for a client to take what was sent
            writer.transport.abort()
        await asyncio.sleep(0)

    def judge(self, message: Message) -> object:
        """The verdict of the rule; its own mistakes are the test's."""
        try:
            return self.rule(message) if self.rule is not None else None
        except Exception as error:
            self.mistake = error
            raise

    def note(self, connection: int, kind: str) -> None:
        """Write into the journal."""
        with self._changed:
            self._journal.append(Entry(time.perf_counter(), connection, kind))
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._made += 1
        number = self._made
        passage = _Passage(self, number, writer)
        self.writers.add(writer)
        with self._changed:
            self._open[number] = passage
        self.note(number, "connect")
        try:
            await passage.run(reader, self.target_port)
        except OSError:
            if self._looking is None or self._looking.done():
                self._looking = self._loop.create_task(self._look_out(), name="look out")
        except asyncio.CancelledError:
            pass
        finally:
            passage.end()
            self.note(number, "end")
            with self._changed:
                del self._open[number]
                self._changed.notify_all()


class _Direction:
    """One way through the door: what waits, and how far its numbers are shifted."""

    def __init__(self, writer: asyncio.StreamWriter | None) -> None:
        self.writer = writer
        self.queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self.kept: list[bytes] = []
        self.shift = 0
        self.last = 0


@dataclass
class _Passage:
    """One connection through the door."""

    door: Door
    number: int
    writer: asyncio.StreamWriter
    upstream: asyncio.StreamWriter | None = None
    kinds: dict[int, str] = field(default_factory=dict)
    begun: dict[tuple[bool, int], object] = field(default_factory=dict)
    secured: bool = False

    def __post_init__(self) -> None:
        self.up, self.down = _Direction(None), _Direction(self.writer)

    async def run(self, reader: asyncio.StreamReader, port: int) -> None:
        up_reader, self.upstream = await asyncio.open_connection("127.0.0.1", port)
        self.door.writers.add(self.upstream)
        self.up.writer = self.upstream
        async with asyncio.TaskGroup() as group:
            ends = [
                group.create_task(self._read(reader, up=True), name="up"),
                group.create_task(self._read(up_reader, up=False), name="down"),
                group.create_task(self._write(self.up), name="write up"),
                group.create_task(self._write(self.down), name="write down"),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends:
                task.cancel()

    def cut(self) -> None:
        for writer in (self.writer, self.upstream):
            if writer is not None:
                _reset(writer)

    def end(self) -> None:
        for writer in (self.writer, self.upstream):
            if writer is not None:
                writer.close()

    def release(self) -> None:
        for direction in (self.up, self.down):
            kept, direction.kept = direction.kept, []
            for data in kept:
                self._insert(direction, data)

    async def _read(self, reader: asyncio.StreamReader, *, up: bool) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(8)
                data = head + await reader.readexactly(struct.unpack_from("<I", head, 4)[0] - 8)
                if not (self.door.deaf if up else self.door.mute):
                    self._judge(data, up=up)
        while self.door.deaf if up else self.door.mute:  # noqa: ASYNC110 - the lever is moved in another thread
            await asyncio.sleep(0.02)
        await (self.up if up else self.down).queue.join()

    async def _write(self, direction: _Direction) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = await direction.queue.get()
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                assert direction.writer is not None
                direction.writer.write(data)
                await direction.writer.drain()
                direction.queue.task_done()

    def _judge(self, data: bytes, *, up: bool) -> None:
        direction = self.up if up else self.down
        message = self._read_message(data, up=up)
        if message is None:  # a further chunk of a message that was judged by its first
            self._deal(direction, data, self.begun[up, _request(data)])
            self._end_of(data, up=up)
            return
        if up and message.kind == HELLO and self.door.refuse_hello:
            self._send_error(self.door.refuse_hello)
            return
        if up:
            self.door.note(self.number, message.kind)
        verdict = self.door.judge(message)
        if not up or verdict in (None, PASS):
            self._count(message)
        if isinstance(verdict, Refused):
            fault = ua.ServiceFault()
            fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(verdict.status))
            verdict = Answered(fault)
        if isinstance(verdict, Answered):
            self._answer(message, verdict.response)
            verdict = SWALLOW
        if message.request:
            self.begun[up, message.request] = verdict
            self._end_of(data, up=up)
        self._deal(direction, data, verdict)

    def _deal(self, direction: _Direction, data: bytes, verdict: object) -> None:
        if verdict is SWALLOW or verdict is KEEP:
            direction.shift -= 1
            if verdict is KEEP:
                direction.kept.append(data)
        else:
            self._pass(direction, data)

    def _end_of(self, data: bytes, *, up: bool) -> None:
        if data[3:4] != b"C":
            self.begun.pop((up, _request(data)), None)

    def _read_message(self, data: bytes, *, up: bool) -> Message | None:
        start = data[:3]
        if start in (b"HEL", b"ACK", b"ERR"):
            return Message(self.number, up, HELLO, data)
        if start == b"OPN":
            length = struct.unpack_from("<i", data, 12)[0]
            self.secured = not data[16 : 16 + length].endswith(b"#None")
            return Message(self.number, up, OPEN, data)
        if self.secured:
            return Message(self.number, up, "", data)
        request = _request(data)
        if (up, request) in self.begun:
            return None
        name = _NAMES.get(nodeid_from_binary(Buffer(data[_BODY:])).Identifier, "?")
        if up:
            kind = self.kinds[request] = name.removesuffix("Request")
        else:
            kind = self.kinds.pop(request, "")
        return Message(self.number, up, kind, data, request, fault=name == "ServiceFault")

    def _count(self, message: Message) -> None:
        if message.fault:
            return
        if message.kind == "CreateSession" and not message.up:
            self.door.sessions[self.number] += 1
        elif message.kind == "CloseSession" and message.up:
            self.door.sessions[self.number] -= 1

    def _pass(self, direction: _Direction, data: bytes) -> None:
        offset = _numbers_at(data)
        if offset and not self.secured:
            direction.last = (struct.unpack_from("<I", data, offset)[0] + direction.shift) & 0xFFFF_FFFF
            if direction.shift:
                data = data[:offset] + struct.pack("<I", direction.last) + data[offset + 4 :]
        direction.queue.put_nowait((time.perf_counter() + self.door.latency, data))

    def _insert(self, direction: _Direction, data: bytes) -> None:
        """Send what the other side did not send just now, or not at all."""
        direction.shift += 1
        direction.last += 1
        offset = _numbers_at(data)
        data = data[:offset] + struct.pack("<I", direction.last) + data[offset + 4 :]
        direction.queue.put_nowait((time.perf_counter() + self.door.latency, data))

    def _answer(self, message: Message, response: Any) -> None:
        assert message.up, "only requests are answered"
        self.kinds.pop(message.request, None)
        body = struct_to_binary(response)
        channel, token = struct.unpack_from("<II", message.data, 8)
        head = struct.pack("<IIII", channel, token, 0, message.request)
        self._insert(self.down, b"MSGF" + struct.pack("<I", 8 + len(head) + len(body)) + head + body)

    def _send_error(self, status: int) -> None:
        error = ua.ErrorMessage(ua.StatusCode(ua.UInt32(status)), "refused")
        self.writer.write(uatcp_to_binary(ua.MessageType.Error, error))
        self.writer.close()


def _request(data: bytes) -> int:
    number: int = struct.unpack_from("<I", data, 20)[0]
    return number


def _numbers_at(data: bytes) -> int:
    """Where a message has its sequence number; 0 if it has none."""
    if data[:3] in (b"MSG", b"CLO"):
        return 16
    if data[:3] != b"OPN":
        return 0
    offset = 12
    for _ in range(3):  # policy, certificate, thumbprint
        offset += 4 + max(0, struct.unpack_from("<i", data, offset)[0])
    return offset


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.contextmanager
def door(target_port: int) -> Iterator[Door]:
    """A door that is open, taken away at the end."""
    it = Door(target_port)
    it.start()
    try:
        yield it
        if it.mistake is not None:
            raise it.mistake
    finally:
        it.close()
