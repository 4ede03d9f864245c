"""The page that holds the active server's visualization: who is let in, and what it is told. The browser's part is end to end."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fakes.connections import connected, searching
from fakes.websites import Website
from vizclient.follow.landing import landing
from vizclient.follow.proxy import Proxy
from vizclient.follow.serving import Board, nothing_yet, serving
from vizclient.follow.wording import language_of, say
from vizclient.profiles.following import Web
from vizclient.redundancy.model import Connection, ConnectionState, Server

PATIENCE = 10.0
PAGE = "/.vizclient/"
OPENED = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}


class Bench:
    board: Board
    client: TestClient[web.Request, web.Application]

    def post(self, connection: Connection) -> None:
        self.board.post(serving(connection, lambda at: at + 1000))

    async def status(self, path: str, headers: Mapping[str, str], method: str = "GET") -> int:
        async with self.client.request(method, path, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return answer.status


def play(scene: Callable[[Bench], Awaitable[None]], listen: str = "127.0.0.1:1") -> None:
    async def whole() -> None:
        bench = Bench()
        async with TestServer(Website("main").application()) as main:
            addresses = Web(main=f"{main.make_url('/')}vision/", backup="http://127.0.0.1:2/vision/", listen=listen)
            bench.board = Board(nothing_yet(0.0))
            proxy = Proxy(addresses, None, bench.board)
            app = landing('Ward "7" <A>', addresses, bench.board, proxy, hold_ms=250)
            async with TestClient(TestServer(app)) as bench.client:
                bench.post(connected())
                await asyncio.wait_for(scene(bench), PATIENCE)
            await proxy.close()

    asyncio.run(whole())


async def word(events: aiohttp.ClientResponse) -> dict[str, Any]:
    while not (line := await events.content.readline()).startswith(b"data: "):
        assert line
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


def test_the_page_needs_nothing_from_elsewhere_and_its_policy_allows_nothing_from_there() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get(PAGE) as answer:
            text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert "Ward &quot;7&quot; &lt;A&gt;" in text
        assert 'data-start="/vision/" data-hold="250"' in text
        assert "{" not in text
        assert "default-src 'none'" in policy
        assert not re.search(r"unsafe|http|\*", policy)
        links = re.findall(r'(?:src|href)="([^"]*)"', text)
        assert sorted(links) == ["data:,", "landing.css", "landing.js"]
        for name in ("landing.css", "landing.js"):
            async with bench.client.get(PAGE + name) as answer:
                assert answer.status == 200
                assert "://" not in await answer.text()
        assert await bench.status(PAGE + "else", {}) == 404

    play(scene)


def test_it_is_told_at_once_what_is_and_what_changes_in_its_language() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get(PAGE + "events", headers={"Accept-Language": "de-CH,en;q=0.5"}) as events:
            assert events.headers["Content-Type"] == "text/event-stream"
            said = await word(events)
            assert (said["server"], said["since"]) == ("main", 1000.0)
            assert said["title"] == "Der Hauptserver ist aktiv, seit {time}"
            bench.post(searching())
            said = await word(events)
            assert (said["server"], said["searching"]) == (None, True)
            bench.post(searching(ConnectionState.NO_ACTIVE))
            said = await word(events)
            assert (said["searching"], said["title"]) == (False, "Kein Server ist aktiv")
            assert said["detail"].startswith("Haupt: außer Betrieb. Reserve: außer Betrieb.")
            bench.post(connected(sure=False))
            assert "nicht sicher" in (await word(events))["title"]
            bench.post(connected(Server.BACKUP, 2))
            assert (await word(events))["server"] == "backup"

    play(scene)


def test_it_is_told_that_all_is_as_it_was_so_that_silence_means_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vizclient.follow.landing.BEAT", 0.02)

    async def scene(bench: Bench) -> None:
        async with bench.client.get(PAGE + "events") as events:
            first = await word(events)
            assert await word(events) == first

    play(scene)


@pytest.mark.parametrize(
    ("path", "becomes"),
    [("/", PAGE), ("/vision/rooms/1?view=2", f"{PAGE}#/vision/rooms/1?view=2"), ("/a%2Fb", f"{PAGE}#/a%2Fb")],
)
def test_who_opens_a_page_of_the_visualization_by_itself_gets_it_in_the_frame(path: str, becomes: str) -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get(path, headers=OPENED, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, becomes)
        assert await bench.status(path, {**OPENED, "Sec-Fetch-Dest": "iframe"}) == 200
        assert await bench.status(path, {}) == 200

    play(scene)


def test_a_name_that_only_points_here_is_refused_on_a_loopback_address() -> None:
    async def scene(bench: Bench) -> None:
        for host, status in (
            ("localhost:1", 200),
            ("127.0.0.1", 200),
            ("[::1]:9", 200),
            ("evil.example:1", 421),
            ("127.0.0.1.evil.example", 421),
        ):
            for path in (PAGE, "/who"):
                assert await bench.status(path, {"Host": host}) == status

    play(scene)


def test_elsewhere_it_is_called_by_whatever_name_the_machine_has() -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.status("/who", {"Host": "control-room.example"}) == 200

    play(scene, "0.0.0.0:1")


def test_what_other_sites_have_a_browser_do_is_refused_but_for_a_link_to_a_page() -> None:
    async def scene(bench: Bench) -> None:
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert await bench.status("/echo", {**foreign, "Sec-Fetch-Mode": "no-cors"}, "POST") == 403
        assert await bench.status("/echo", {**OPENED, **foreign}, "POST") == 403
        assert await bench.status("/who", {**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}) == 403
        assert await bench.status("/vision/a", {**OPENED, **foreign}) == 302
        assert await bench.status("/who", {"Sec-Fetch-Site": "same-origin"}) == 200
        async with bench.client.ws_connect("/live", origin=str(bench.client.make_url("/")).rstrip("/")):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await bench.client.ws_connect("/live", origin="http://evil.example")

    play(scene)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("de", "de"), ("fr-CH, de-AT;q=0.9, en;q=0.8", "de"), ("en-GB,de", "en"), ("sv", "en"), (";;,", "en")],
)
def test_the_language_is_the_first_that_there_are_words_for(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_every_word_of_the_page_is_there_in_every_language() -> None:
    assert say("de", "landing-none", time="x") != say("en", "landing-none")
    assert say("en", "landing-main") == "The main server is active, since {time}"
