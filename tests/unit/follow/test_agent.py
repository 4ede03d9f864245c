"""What HAProxy is answered when it asks whether a server may have clients."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.connections import connected, searching
from vizclient.follow.agent import INTERLOCK, Agent
from vizclient.follow.serving import Board, nothing_yet, serving
from vizclient.redundancy.model import Connection, ConnectionState, Role, Server


class Bench:
    """An agent, and a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.board = Board(nothing_yet(0.0))
        self.agent = Agent(self.board, lambda: self.now)

    def post(self, connection: Connection) -> None:
        self.board.post(serving(connection, lambda at: at))

    def both(self, asker: str = "::1") -> tuple[str, str]:
        return self.agent.answer("main", asker), self.agent.answer("backup", asker)


UP, STANDBY = "ready up", "ready down #standby"


def test_the_active_server_is_up_and_the_other_one_down_and_why() -> None:
    bench = Bench()
    bench.post(connected())
    assert bench.both() == (UP, STANDBY)


def test_while_nothing_is_known_it_says_neither_yes_nor_no() -> None:
    bench = Bench()
    assert bench.both() == ("", "")
    bench.post(searching(ConnectionState.CONNECTING))
    assert bench.both() == ("", "")


@pytest.mark.parametrize("connection", [searching(), searching(ConnectionState.NO_ACTIVE), connected(sure=False)])
def test_without_a_sure_active_server_both_are_down(connection: Connection) -> None:
    bench = Bench()
    bench.post(connection)
    assert [answer.partition(" #")[0] for answer in bench.both()] == ["ready down"] * 2


def test_a_server_in_maintenance_is_said_to_be() -> None:
    bench = Bench()
    connection = connected()
    resting = replace(connection.backup, finding=replace(connection.backup.finding, role=Role.MAINTENANCE))
    bench.post(replace(connection, backup=resting))
    assert bench.both() == (UP, "maint")


def test_at_a_swap_the_new_server_is_up_only_after_the_old_one_was_said_to_be_down() -> None:
    bench = Bench()
    bench.post(connected())
    assert bench.both() == (UP, STANDBY)
    bench.post(connected(Server.BACKUP, 2))
    assert bench.agent.answer("backup", "::1") == "ready down #switching"
    assert bench.agent.answer("main", "::1") == STANDBY
    assert bench.agent.answer("backup", "::1") == UP


def test_an_asker_that_was_told_nothing_before_does_not_wait() -> None:
    bench = Bench()
    bench.post(connected())
    bench.both("one")
    bench.post(connected(Server.BACKUP, 2))
    assert bench.agent.answer("backup", "two") == UP


def test_nobody_waits_forever_for_a_server_that_is_never_asked_about() -> None:
    bench = Bench()
    bench.post(connected())
    bench.both()
    bench.now += 60
    bench.post(connected(Server.BACKUP, 2))
    bench.now += INTERLOCK - 0.01
    assert bench.agent.answer("backup", "::1") == "ready down #switching"
    bench.now += 0.02
    assert bench.agent.answer("backup", "::1") == UP


_CONNECTIONS = [
    connected(),
    connected(Server.BACKUP, 2),
    connected(sure=False),
    searching(),
    searching(ConnectionState.NO_ACTIVE),
    searching(ConnectionState.CONNECTING),
]


@given(st.lists(st.one_of(st.sampled_from(_CONNECTIONS), st.sampled_from(Server)), max_size=60))
def test_no_asker_ever_holds_both_for_up(history: list[Connection | Server]) -> None:
    bench = Bench()
    up: set[Server] = set()
    for event in history:
        bench.now += 0.001
        if isinstance(event, Connection):
            bench.post(event)
            continue
        answer = bench.agent.answer(event, "::1")
        if answer:
            (up.add if answer == UP else up.discard)(event)
        assert len(up) < 2
        assert answer != UP or bench.board.now.server is event


async def _asked(port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question)
    if not question.endswith(b"\n"):
        writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def test_over_the_network_it_answers_a_line_and_closes() -> None:
    async def scene() -> list[bytes]:
        bench = Bench()
        port = await bench.agent.start("127.0.0.1", 0)
        answers = [await _asked(port, b"main\n")]
        bench.post(connected())
        answers += [
            await _asked(port, question) for question in (b"main\n", b"backup\r\n", b"nobody\n", b"", b"x" * 999)
        ]
        await bench.agent.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        return answers

    nothing, main, backup, *others = asyncio.run(scene())
    assert (nothing, main, backup) == (b"", b"ready up\n", b"ready down #standby\n")
    assert others[:2] == [b"down #ask for main or backup\n"] * 2
    assert others[2] in (b"", b"down #ask for main or backup\n")


def test_whoever_asks_and_says_nothing_is_left_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vizclient.follow.agent._PATIENCE", 0.05)

    async def scene() -> bytes:
        bench = Bench()
        port = await bench.agent.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = await reader.read()
        writer.close()
        await bench.agent.close()
        return said

    assert asyncio.run(scene()) == b""
