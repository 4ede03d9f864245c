"""Which server others may be sent to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.connections import LOST, connected, searching
from vizclient.follow.serving import UNSURE, Board, Serving, nothing_yet, serving
from vizclient.redundancy.model import Caution, Connection, ConnectionState, Role, Server, Source


def of(connection: Connection) -> Serving:
    return serving(connection, lambda at: at + 1000)


@pytest.mark.parametrize("server", list(Server))
def test_the_server_that_the_client_is_on_serves_the_others_too(server: Server) -> None:
    found = of(connected(server, at=5.0))
    assert (found.server, found.since, found.reason) == (server, 1005.0, None)
    assert (found.of(server).role, found.of(server.other).role) == (Role.ACTIVE, Role.STANDBY)
    assert found.of(server.other).reason == Source.PEER_REFUSES


def test_of_two_active_servers_it_is_the_one_that_the_client_is_on() -> None:
    both = connected(Server.BACKUP, warnings=[Caution.TWO_ACTIVE])
    assert of(replace(both, main=both.backup)).server is Server.BACKUP


def test_a_server_whose_role_is_in_doubt_serves_nobody() -> None:
    found = of(connected(sure=False))
    assert (found.server, found.reason, found.known) == (None, UNSURE, True)


@pytest.mark.parametrize("state", [state for state in ConnectionState if state is not ConnectionState.CONNECTED])
def test_without_a_connection_nobody_serves(state: ConnectionState) -> None:
    found = of(searching(state))
    assert (found.server, found.reason) == (None, LOST.kind)
    assert found.known is (state is not ConnectionState.CONNECTING)
    assert found.searching is (state in (ConnectionState.CONNECTING, ConnectionState.SWITCHING))


def test_where_no_reason_is_known_the_state_is_the_reason() -> None:
    assert of(searching(ConnectionState.NO_ACTIVE, reason=None)).reason == "no-active-server"


def test_why_a_server_is_down_is_the_problem_that_it_met() -> None:
    account = of(searching()).main
    assert (account.role, account.reason, account.since) == (Role.DOWN, "unreachable", 1000.0)


def test_the_board_tells_whoever_listens_and_only_of_what_is_new() -> None:
    board = Board(nothing_yet(0.0))
    heard: list[Serving] = []
    ignore = board.listen(heard.append)
    board.post(of(connected()))
    board.post(of(connected()))
    board.post(of(searching()))
    ignore()
    board.post(of(connected()))
    assert [serving.server for serving in heard] == [Server.MAIN, None]
    assert board.now.server is Server.MAIN


def test_a_listener_that_fails_keeps_no_other_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    board = Board(nothing_yet(0.0))
    heard: list[Serving] = []

    def fail(_: Serving) -> None:
        raise RuntimeError("no")

    board.listen(fail)
    board.listen(heard.append)
    board.post(of(connected()))
    assert len(heard) == 1
    assert "own fault" in caplog.text
