"""A private channel: length-prefixed messages over a pair of pipes, the same on both sides. Knows not what they say.

A thread reads and decodes, another writes; what was received is handed over in the event loop's thread. So it works
the same with any loop and on any platform, and neither a full pipe nor a big message stops the loop.
"""

from __future__ import annotations

import asyncio
import io
import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

MOST_FRAME = 64 * 1024 * 1024
MOST_UNSENT = 64 * 1024 * 1024
MOST_UNHANDLED = 1_000
_READ = 64 * 1024
_HEADER = struct.Struct("<I")

_In = TypeVar("_In")
_log = logging.getLogger(__name__)


class Channel(Generic[_In]):
    """Owns both pipes. `send` may be called before `attach`; nothing is received before it.

    `heard(at)` is called from the reading thread for whatever arrives (monotonic seconds), even while the loop is busy.
    """

    def __init__(
        self,
        reading: io.RawIOBase,
        writing: io.RawIOBase,
        decode: Callable[[bytes], _In],
        *,
        name: str,
        heard: Callable[[float], object] = lambda _: None,
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._decode = decode
        self._name = name
        self._heard = heard
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receive: Callable[[_In], None] = lambda _: None
        self._closed: Callable[[], None] = lambda: None
        self._inbox: deque[_In] = deque()
        self._ended = False
        self._told = False
        self._scheduled = False
        self._room = threading.Condition()  # guards the inbox and the flags above
        self._outbox: deque[bytes] = deque()
        self._unsent = 0
        self._closing = False
        self._work = threading.Condition()  # guards the outbox
        threading.Thread(target=self._read_all, name=f"{name}-reader", daemon=True).start()
        self._writer = threading.Thread(target=self._write_all, name=f"{name}-writer", daemon=True)
        self._writer.start()

    def attach(
        self, loop: asyncio.AbstractEventLoop, receive: Callable[[_In], None], closed: Callable[[], None]
    ) -> None:
        """From now on `receive` gets every message in `loop`'s thread, and at the end `closed`, once."""
        with self._room:
            self._loop, self._receive, self._closed = loop, receive, closed
            wake = bool(self._inbox or self._ended) and not self._scheduled
            self._scheduled |= wake
        if wake:
            loop.call_soon_threadsafe(self._hand_over)

    def detach(self) -> None:
        """Hand nothing over any more."""
        with self._room:
            self._told = True
            self._loop = None
            self._inbox.clear()
            self._room.notify_all()

    @property
    def idle(self) -> bool:
        """Whether everything sent has gone into the pipe."""
        return self._unsent == 0

    def send(self, frame: bytes) -> None:
        """Send one message soon. Nothing if the channel is closing; more than MOST_UNSENT waiting breaks it."""
        with self._work:
            if self._closing:
                return
            if self._unsent > MOST_UNSENT:
                _log.error("%s: the other side takes nothing any more", self._name)
                self._closing = True
                self._outbox.clear()
            else:
                self._outbox.append(_HEADER.pack(len(frame)) + frame)
                self._unsent += len(frame)
            self._work.notify()
        if self._closing:
            self._end()

    def close(self, wait: float = 0.0) -> None:
        """Send what is waiting, then end our side; the other side sees the end of file. `wait`: so many seconds for that."""
        with self._work:
            self._closing = True
            self._work.notify()
        if wait:
            self._writer.join(wait)

    def _read_all(self) -> None:
        buffer = bytearray()
        try:
            while chunk := self._reading.read(_READ):
                self._heard(time.perf_counter())
                buffer += chunk
                self._take_frames(buffer)
        except Exception:  # noqa: BLE001 - whatever it is, nothing more can be read
            _log.exception("%s: reading failed", self._name)
        finally:
            self._reading.close()
            self._end()

    def _take_frames(self, buffer: bytearray) -> None:
        start = 0
        while len(buffer) - start >= _HEADER.size:
            (length,) = _HEADER.unpack_from(buffer, start)
            if length > MOST_FRAME:
                raise ValueError(f"a message of {length} bytes")
            end = start + _HEADER.size + length
            if len(buffer) < end:
                break
            self._put(self._decode(bytes(memoryview(buffer)[start + _HEADER.size : end])))
            start = end
        del buffer[:start]

    def _put(self, message: _In) -> None:
        with self._room:
            while len(self._inbox) >= MOST_UNHANDLED and not self._told:
                self._room.wait()
            if self._told:
                return
            self._inbox.append(message)
        self._wake()

    def _end(self) -> None:
        with self._room:
            self._ended = True
        self._wake()

    def _wake(self) -> None:
        with self._room:
            loop = None if self._scheduled else self._loop
            self._scheduled |= loop is not None
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._hand_over)
            except RuntimeError:  # the loop is closed: nobody listens any more
                self.detach()

    def _hand_over(self) -> None:
        with self._room:
            self._scheduled = False
        try:
            while self._inbox:
                self._receive(self._inbox.popleft())
        finally:
            with self._room:
                self._room.notify_all()
                over = self._ended and not self._inbox and not self._told
                self._told |= over
                left = bool(self._inbox)
            if left:  # a receiver raised: the others still get theirs
                self._wake()
            if over:
                self._closed()

    def _write_all(self) -> None:
        try:
            while True:
                with self._work:
                    while not self._outbox and not self._closing:
                        self._work.wait()
                    if not self._outbox:
                        return
                    frames = b"".join(self._outbox)
                    count = sum(len(frame) - _HEADER.size for frame in self._outbox)
                    self._outbox.clear()
                rest = memoryview(frames)
                while rest:
                    rest = rest[self._writing.write(rest) or 0 :]
                with self._work:
                    self._unsent -= count
        except OSError as error:  # the other side has gone
            _log.info("%s: writing ended: %s", self._name, error)
        finally:
            with self._work:
                self._closing = True
                self._outbox.clear()
            try:
                self._writing.close()
            except OSError:
                _log.debug("%s: closing the pipe failed", self._name, exc_info=True)
