"""Sending one e-mail to a real mail server."""

from __future__ import annotations

import queue
import socket
from datetime import UTC, datetime

from fakes.mail_sink import mail_sink
from vizclient.simulator.mail import Mailer
from vizclient.simulator.messenger import Message, Outcome

DATE = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)


def send(port: int, message: Message, *, may: bool = True) -> list[Outcome]:
    """Everything that is said about the message."""
    said: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    mailer = Mailer("127.0.0.1", port, lambda _key, outcome, _at: said.put(outcome))
    mailer.start(message, DATE, "main", lambda: may)
    first = said.get(timeout=10)
    mailer.close()
    return [first, *(said.get() for _ in range(said.qsize()))]


def message(text: str = "Fault", recipient: str = "duty@building.example", subject: str = "Störung") -> Message:
    return Message("abc.1", subject, text, recipient, by="main")


def test_a_message_arrives_as_it_is() -> None:
    with mail_sink() as sink:
        assert send(sink.port, message("one\n.two\n..\nthree")) == [Outcome.SENT]
        [(_, got)] = sink.messages
    assert (got["Subject"], got["To"], got["Message-ID"]) == (
        "Störung",
        "duty@building.example",
        "<abc.1@vizclient.example>",
    )
    assert got.get_content().splitlines() == ["one", ".two", "..", "three", "Sent by the main server."]


def test_what_may_not_be_finished_never_was_a_message() -> None:
    with mail_sink() as sink:
        assert send(sink.port, message(), may=False) == [Outcome.FAILED]
        assert sink.messages == []


def test_a_mail_server_that_is_not_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert send(port, message()) == [Outcome.FAILED]


def test_what_the_mail_server_refuses_for_good_or_for_now_is_told_apart() -> None:
    with mail_sink() as sink:
        sink.answer = "554 no"
        assert send(sink.port, message()) == [Outcome.REFUSED]
        sink.answer = "451 later"
        assert send(sink.port, message()) == [Outcome.FAILED]


def test_a_recipient_that_is_none_is_refused() -> None:
    with mail_sink() as sink:
        assert send(sink.port, message(recipient="a@b.example\r\nBcc: c@d.example")) == [Outcome.REFUSED]
        assert sink.messages == []


def test_when_the_mail_server_goes_before_it_answers_nobody_knows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        mailer = Mailer("127.0.0.1", server.getsockname()[1], lambda _key, outcome, _at: said.put(outcome))
        mailer.start(message(), DATE, "main", lambda: True)
        connection, _ = server.accept()
        with connection, connection.makefile("rwb", buffering=0) as stream:
            stream.write(b"220 here\r\n")
            while (line := stream.readline()) not in (b".\r\n", b""):
                if line[:4] in (b"ehlo", b"mail", b"rcpt"):
                    stream.write(b"250 ok\r\n")
                elif line == b"DATA\r\n":
                    stream.write(b"354 go on\r\n")
        assert said.get(timeout=10) is Outcome.DOUBTFUL
        mailer.close()
