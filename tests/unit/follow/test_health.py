"""What is known of the active server, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from fakes.connections import connected, searching
from vizclient.follow.health import health
from vizclient.follow.serving import Board, nothing_yet, serving
from vizclient.redundancy.model import Connection, ConnectionState, Server

URLS = {Server.MAIN: "opc.tcp://a:1", Server.BACKUP: "opc.tcp://b:2"}


def asked(connection: Connection | None, paths: Iterable[str], method: str = "GET") -> list[tuple[int, Any]]:
    async def scene() -> list[tuple[int, Any]]:
        board = Board(nothing_yet(7.0))
        if connection is not None:
            board.post(serving(connection, lambda at: at + 1000))
        found = []
        async with TestClient(TestServer(health(board, URLS))) as client:
            for path in paths:
                async with client.request(method, path) as answer:
                    assert answer.status in (404, 405) or answer.headers["Cache-Control"] == "no-store"
                    has_body = method == "GET" and answer.status in (200, 503)
                    found.append((answer.status, await answer.json() if has_body else None))
        return found

    return asyncio.run(scene())


def test_the_active_server_is_200_and_the_other_503() -> None:
    main, backup, active, all_ = asked(connected(Server.BACKUP, at=3.0), ("/main", "/backup", "/active", "/"))
    assert [main[0], backup[0], active[0], all_[0]] == [503, 200, 200, 200]
    account = {"server": "backup", "active": True, "role": "active", "since": 1003.0, "reason": "mode"}
    other = {"server": "main", "active": False, "role": "standby", "since": 1003.0, "reason": "peer-refuses"}
    account["url"], other["url"] = "opc.tcp://b:2", "opc.tcp://a:1"
    assert main[1] == {**other, "other": account}
    assert backup[1] == active[1] == {**account, "other": other}
    known = {"known": True, "server": "backup", "since": 1003.0, "reason": None}
    assert all_[1] == {**known, "main": other, "backup": account}


def test_without_an_active_server_all_are_503_but_the_account_of_all() -> None:
    answers = asked(searching(ConnectionState.NO_ACTIVE), ("/main", "/backup", "/active", "/"))
    assert [status for status, _ in answers] == [503, 503, 503, 200]
    active = answers[2][1]
    assert (active["server"], active["active"], active["role"], active["reason"]) == (None, False, None, "lost")
    assert active["main"]["role"] == "down"
    assert active["main"]["reason"] == "unreachable"


def test_before_anything_is_known_all_are_503() -> None:
    answers = asked(None, ("/main", "/backup", "/active", "/"))
    assert [status for status, _ in answers] == [503] * 4
    assert answers[3][1]["known"] is False
    assert answers[3][1]["main"]["since"] is None


def test_head_is_answered_and_nothing_can_be_changed() -> None:
    assert asked(connected(), ("/main", "/backup"), "HEAD") == [(200, None), (503, None)]
    assert asked(connected(), ("/main", "/"), "POST") == [(405, None)] * 2
    assert asked(connected(), ("/else", "/main/x")) == [(404, None)] * 2
