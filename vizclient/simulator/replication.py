"""The wire between the two servers: heartbeats, state and writes over one loopback TCP connection, in a thread of its own.

The thread keeps the heartbeat going while the server's event loop is busy, so that only a process that is really
stopped falls silent; and it is the one that notices that it was stopped. It knows nothing of roles or items.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

_LENGTH: Final = struct.Struct("<I")
_MAX_UNSENT: Final = 16_000_000
_RETRY: Final = 0.05

Message = tuple[str, Any]


class Pulse:
    """Whether the peer may have taken this process for dead: its last heartbeat is longer ago than `limit`.

    `sent` and `check` are the thread's, `stopped` is for whoever is about to act, `clear` for who has drawn the
    consequences. Until then nothing more is sent, least of all that this server is active.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._sent_at = time.perf_counter()
        self._noticed = False

    def sent(self, now: float) -> None:
        """A heartbeat goes out."""
        self._sent_at = now

    def check(self, now: float) -> bool:
        """True once for each break."""
        if self._noticed or now - self._sent_at <= self._limit:
            return False
        self._noticed = True
        return True

    def stopped(self) -> bool:
        """Whether there was a break that nobody has dealt with yet."""
        return self._noticed or time.perf_counter() - self._sent_at > self._limit

    def clear(self) -> None:
        """The break has been dealt with."""
        self._sent_at = time.perf_counter()
        self._noticed = False


class Wire:
    """One end of the connection. The main listens, the backup connects.

    `receive` is called in the thread with (time, kind, payload), and with kind "thawed" after a break: `limit` seconds
    since the last heartbeat. `word`: the payload of the heartbeat.
    """

    def __init__(
        self, *, listen: bool, port: int, heartbeat: float, limit: float, receive: Callable[[float, str, Any], None]
    ) -> None:
        self.pulse = Pulse(limit)
        self.word: Any = None
        self._listen, self._address = listen, ("127.0.0.1", port)
        self._heartbeat, self._receive = heartbeat, receive
        self._encode, self._decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._connected = False
        self._broken = False
        self._unsent = bytearray()
        self._unread = bytearray()
        self._cut = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="replication", daemon=True)

    def start(self) -> None:
        """Begin to listen or to connect. Raises OSError if the port is taken."""
        if self._listen:
            self._listener = socket.create_server(self._address)
            self._listener.setblocking(False)  # noqa: FBT003
            self._selector.register(self._listener, selectors.EVENT_READ)
        self.pulse.clear()
        self._thread.start()

    def close(self) -> None:
        """End the thread and the connection."""
        self._ended = True
        self._thread.join(timeout=2.0)
        with self._lock:
            self._drop()
        if self._listener is not None:
            self._listener.close()

    def cut(self, *, cut: bool) -> None:
        """Cut the connection, and let none come up again until it is healed."""
        self._cut = cut

    def send(self, kind: str, payload: Any) -> bool:
        """Send at once, as far as the system takes it: what it took arrives even if this process ends. False: not connected."""
        body = self._encode((kind, payload))
        with self._lock:
            if not self._connected or self._cut or self.pulse.stopped():
                return False
            self._unsent += _LENGTH.pack(len(body)) + body
            self._flush()
            return not self._broken

    def _run(self) -> None:
        due = retry = 0.0
        while not self._ended:
            now = time.perf_counter()
            self._notice_break(now)
            with self._lock:
                if self._connected:
                    self._flush()
                if self._cut or self._broken:
                    self._drop()
            if not self._listen and self._connection is None and not self._cut and now >= retry:
                retry = now + _RETRY
                self._connect()
            if now >= due:
                due = now + self._heartbeat
                if not self.pulse.stopped():
                    self.pulse.sent(now)
                    self.send("word", self.word)
            for key, events in self._selector.select(min(0.02, self._heartbeat / 4)):
                self._notice_break(time.perf_counter())
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is not self._connection:
                    continue  # dropped a moment ago
                elif self._connected:
                    self._read()
                elif events & selectors.EVENT_WRITE:
                    self._established()

    def _notice_break(self, now: float) -> None:
        """What the other server sent meanwhile is old: it is dropped together with the connection."""
        if self.pulse.check(now):
            with self._lock:
                self._drop()
            self._receive(now, "thawed", None)

    def _connect(self) -> None:
        connection = socket.socket()
        connection.setblocking(False)  # noqa: FBT003
        with self._lock:
            self._connection = connection
            self._selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        connection.connect_ex(self._address)

    def _established(self) -> None:
        with self._lock:
            assert self._connection is not None
            if self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._drop()
                return
            self._take(self._connection)

    def _accept(self) -> None:
        assert self._listener is not None
        connection, _ = self._listener.accept()
        connection.setblocking(False)  # noqa: FBT003
        with self._lock:
            self._drop()  # a peer that connects anew has given the old connection up
            if self._cut:
                connection.close()
                return
            self._connection = connection
            self._selector.register(connection, selectors.EVENT_READ)
            self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.modify(connection, selectors.EVENT_READ)
        self._unsent.clear()
        self._unread.clear()
        self._connected = True

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(self._connection)
            self._connection.close()
        self._connection, self._connected, self._broken = None, False, False

    def _flush(self) -> None:
        """Only the thread closes the connection: whoever else finds it broken leaves it to that."""
        assert self._connection is not None
        try:
            while self._unsent and not self._broken:
                del self._unsent[: self._connection.send(self._unsent)]
        except BlockingIOError:
            self._broken = len(self._unsent) > _MAX_UNSENT
        except OSError:
            self._broken = True

    def _read(self) -> None:
        assert self._connection is not None
        try:
            received = self._connection.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            with self._lock:
                self._drop()
            return
        self._unread += received
        now = time.perf_counter()
        while len(self._unread) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread)
            if len(self._unread) < _LENGTH.size + length:
                break
            kind, payload = self._decode(self._unread[_LENGTH.size : _LENGTH.size + length])
            del self._unread[: _LENGTH.size + length]
            if not self._cut:
                self._receive(now, kind, payload)
