"""A mail server that keeps what it is sent: real SMTP on a loopback port, for what sends e-mail."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class MailSink:
    """`messages`: everything that was accepted, with the perf_counter time; `refused`: the rest. What may be set: `answer`: to the end of the data,
    and `before_answer`: called when a message is taken and not answered yet."""

    port: int = 0
    messages: list[tuple[float, EmailMessage]] = field(default_factory=list)
    refused: list[tuple[float, EmailMessage]] = field(default_factory=list)
    answer: str = "250 taken"
    before_answer: Callable[[], Any] | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def subjects(self) -> list[str]:
        """The subjects of everything accepted, in order."""
        with self._changed:
            return [str(message["Subject"]) for _, message in self.messages]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[str]:
        """The subjects, as soon as there are so many messages."""
        deadline = time.perf_counter() + timeout
        with self._changed:
            while len(self.messages) < count:
                left = deadline - time.perf_counter()
                assert left > 0, f"{count} messages wanted, {len(self.messages)} came"
                self._changed.wait(left)
        return self.subjects

    def take(self, data: bytes) -> str:
        """Keep a message; the answer to it."""
        answer = self.answer
        message = message_from_bytes(data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self._changed:
            (self.messages if answer.startswith("2") else self.refused).append((time.perf_counter(), message))
            self._changed.notify_all()
        if self.before_answer is not None:
            self.before_answer()
        return answer


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            self._converse()
        except OSError:  # a sender that died
            return

    def _converse(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        self._say("220 sink")
        while line := self.rfile.readline():
            match line[:4].upper().strip():
                case b"DATA":
                    self._say("354 go on")
                    lines = []
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(line[1:] if line.startswith(b".") else line)
                    if not line:
                        return
                    self._say(server.sink.take(b"".join(lines)))
                case b"QUIT":
                    self._say("221 bye")
                    return
                case b"HELO" | b"EHLO" | b"MAIL" | b"RCPT" | b"RSET" | b"NOOP":
                    self._say("250 ok")
                case _:
                    self._say("502 not here")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sink: MailSink, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.sink = sink


@contextmanager
def mail_sink(port: int = 0) -> Iterator[MailSink]:
    """A sink on a port of its own, or on this one."""
    sink = MailSink()
    with _Server(sink, port) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="mail sink")
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
