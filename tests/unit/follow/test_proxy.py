"""The active server's web visualization through an address of our own. Real sockets, in one loop."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, unused_port

from fakes.connections import connected, searching
from fakes.websites import Website
from programs.certificates import self_signed
from vizclient.follow.proxy import Proxy
from vizclient.follow.serving import Board, nothing_yet, serving
from vizclient.profiles.following import Web
from vizclient.redundancy.model import Connection, ConnectionState, Server

PATIENCE = 10.0


class Bench:
    """Both servers' visualizations, the proxy, and a browser's end of it."""

    board: Board
    client: TestClient[web.Request, web.Application]
    proxy: Proxy

    def __init__(self) -> None:
        self.sites = {server: Website(server) for server in Server}

    def post(self, connection: Connection) -> None:
        self.board.post(serving(connection, lambda at: at))

    def be_on(self, server: Server, generation: int) -> None:
        self.post(connected(server, generation))

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")


def play(scene: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        bench = Bench()
        servers = {server: TestServer(bench.sites[server].application()) for server in Server}
        for server, running in servers.items():
            await running.start_server()
            bench.sites[server].origin = str(running.make_url("/")).rstrip("/")
        addresses = Web(
            main=f"{bench.sites[Server.MAIN].origin}/vision", backup=f"{bench.sites[Server.BACKUP].origin}/vision"
        )
        bench.board = Board(nothing_yet(0.0))
        bench.proxy = Proxy(addresses, None, bench.board)
        try:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", bench.proxy.forward)
            async with TestClient(TestServer(app), auto_decompress=False) as bench.client:
                bench.post(connected())
                await asyncio.wait_for(scene(bench), PATIENCE)
        finally:
            await bench.proxy.close()
            for running in servers.values():
                await running.close()

    asyncio.run(whole())


async def text_of(bench: Bench, path: str) -> str:
    async with bench.client.get(path, allow_redirects=False) as answer:
        return await answer.text()


async def who(bench: Bench) -> str:
    return str(json.loads(await text_of(bench, "/who"))["server"])


def test_what_is_asked_comes_from_the_active_server_as_if_it_had_been_asked_itself() -> None:
    async def scene(bench: Bench) -> None:
        headers = {"Origin": bench.origin, "Referer": f"{bench.origin}/vision/a?b", "Cookie": "session=1"}
        async with bench.client.get("/vision/a%2Fb/?c=%20d", headers=headers) as answer:
            text = await answer.text()
        assert '<h1 id="server">main</h1><p id="path">/vision/a%2Fb/?c=%20d</p>' in text
        seen, theirs = bench.sites[Server.MAIN].seen, bench.sites[Server.MAIN].origin
        assert seen["Host"] == theirs.removeprefix("http://")
        assert (seen["Origin"], seen["Referer"], seen["Cookie"]) == (theirs, f"{theirs}/vision/a?b", "session=1")

    play(scene)


def test_the_origin_of_another_site_is_handed_on_as_it_is() -> None:
    async def scene(bench: Bench) -> None:
        headers = {"Origin": "http://evil.example", "Referer": f"{bench.origin}.evil.example/"}
        async with bench.client.get("/who", headers=headers):
            seen = bench.sites[Server.MAIN].seen
            assert (seen["Origin"], seen["Referer"]) == (headers["Origin"], headers["Referer"])

    play(scene)


def test_it_follows_the_active_server_and_says_in_words_when_there_is_none() -> None:
    async def scene(bench: Bench) -> None:
        assert await who(bench) == "main"
        bench.be_on(Server.BACKUP, 2)
        assert await who(bench) == "backup"
        bench.post(searching(ConnectionState.NO_ACTIVE))
        async with bench.client.get("/who") as answer:
            assert (answer.status, await answer.text()) == (503, "No server is active\n")
        page = {"Accept": "text/html", "Accept-Language": "de-AT,de;q=0.9"}
        async with bench.client.get("/vision", headers=page) as answer:
            assert (answer.status, answer.headers["Refresh"]) == (503, "1")
            assert "Kein Server ist aktiv" in await answer.text()
        bench.be_on(Server.MAIN, 3)
        assert await who(bench) == "main"

    play(scene)


def test_a_stream_of_the_server_that_was_left_is_cut_and_not_ended_as_if_it_were_whole() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get("/stream") as answer:
            assert await answer.content.readline() == b"main\n"
            bench.be_on(Server.BACKUP, 2)
            with pytest.raises(aiohttp.ClientError):
                await answer.content.read()

    play(scene)


def test_a_websocket_goes_both_ways_with_its_protocol_and_is_cut_with_its_server() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.ws_connect("/live", protocols=("vision.1", "other"), origin=bench.origin) as socket:
            assert socket.protocol == "vision.1"
            assert bench.sites[Server.MAIN].seen["Origin"] == bench.sites[Server.MAIN].origin
            assert (await socket.receive_str()).startswith("main")
            await socket.send_str("hello")
            while await socket.receive_str() != "main heard hello":
                pass
            await socket.send_bytes(b"abc")
            while (message := await socket.receive()).type is not aiohttp.WSMsgType.BINARY:
                pass
            assert message.data == b"cba"
            bench.be_on(Server.BACKUP, 2)
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                assert message.data.startswith("main")
            assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)

    play(scene)


def test_a_websocket_that_the_browser_closes_is_closed_at_the_server() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.ws_connect("/live") as socket:
            await socket.receive_str()
            assert bench.sites[Server.MAIN].sockets == 1
        while bench.sites[Server.MAIN].sockets:  # noqa: ASYNC110 - the server's own doing
            await asyncio.sleep(0.01)

    play(scene)


def test_a_websocket_that_the_server_refuses_is_refused() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await bench.client.ws_connect("/who")
        assert refused.value.status == 502

    play(scene)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_handed_on_as_it_comes(chunked: bool) -> None:
    async def scene(bench: Bench) -> None:
        async def parts() -> object:
            for _ in range(30):
                yield b"x" * 100_000

        body = parts() if chunked else io.BytesIO(b"x" * 3_000_000)
        async with bench.client.post("/echo", data=body) as answer:
            assert (answer.status, answer.reason) == (201, "Made")
            said = json.loads(await answer.text())
        assert said == {"length": 3_000_000, "chunked": "chunked" if chunked else ""}

    play(scene)


def test_head_has_no_body() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.head("/vision") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
            assert int(answer.headers["Content-Length"]) > 100

    play(scene)


def test_what_a_server_says_of_its_own_address_becomes_ours() -> None:
    async def scene(bench: Bench) -> None:
        peer = bench.sites[Server.BACKUP].origin
        cases = {
            "": "/vision/home?x=1#y",
            f"{peer}/a": "/a",
            peer: "/",
            "/b": "/b",
            "c?d": "c?d",
            "https://elsewhere.example/e": "https://elsewhere.example/e",
            "http://[broken": "http://[broken",
        }
        for said, becomes in cases.items():
            async with bench.client.get("/away", params={"to": said}, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, becomes)

    play(scene)


def test_cookies_are_kept_by_the_browser_for_our_address() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get("/login") as answer:
            assert answer.headers.getall("Set-Cookie") == [
                "session=1; Path=/; HttpOnly; SameSite=Lax",
                "__Host-token=2; Path=/; Secure",
            ]

    play(scene)


def test_the_page_may_stand_in_our_frame_and_in_no_other() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get("/vision") as answer:
            assert "X-Frame-Options" not in answer.headers
            assert answer.headers.getall("Content-Security-Policy") == ["object-src 'none'", "frame-ancestors 'self'"]

    play(scene)


def test_a_server_that_does_not_answer_is_said_with_its_address_and_asked_again() -> None:
    async def scene(bench: Bench) -> None:
        addresses = Web(main=f"http://127.0.0.1:{unused_port()}/", backup="http://127.0.0.1:1/")
        proxy = Proxy(addresses, None, bench.board)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", proxy.forward)
        async with TestClient(TestServer(app)) as client, client.get("/", headers={"Accept": "text/html"}) as answer:
            assert (answer.status, answer.headers["Refresh"]) == (502, "1")
            assert f"{addresses.main} does not answer" in await answer.text()
        await proxy.close()

    play(scene)


def test_a_certificate_is_trusted_when_the_profile_names_it_and_else_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_bytes(self_signed("127.0.0.1"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)

    async def scene(bench: Bench) -> None:
        server = TestServer(Website("main").application(), scheme="https")
        await server.start_server(ssl=context)
        try:
            addresses = Web(main=f"https://127.0.0.1:{server.port}/", backup="https://127.0.0.1:1/")
            for ca, status in ((None, 502), (file, 200)):
                proxy = Proxy(addresses, ca, bench.board)
                app = web.Application()
                app.router.add_route("*", "/{path:.*}", proxy.forward)
                async with TestClient(TestServer(app)) as client, client.get("/who") as answer:
                    assert answer.status == status
                    assert (status == 200) is ("is not trusted" not in await answer.text())
                await proxy.close()
        finally:
            await server.close()

    play(scene)


def test_certificates_that_cannot_be_read_are_refused_at_once(tmp_path: Path) -> None:
    addresses = Web(main="https://a/", backup="https://b/")
    (tmp_path / "no.pem").write_text("no certificate", "utf-8")
    for file in (tmp_path / "no.pem", tmp_path / "none.pem"):
        with pytest.raises(OSError, match=r"."):
            Proxy(addresses, file, Board(nothing_yet(0.0)))


def test_reconnecting_to_the_same_server_cuts_nothing() -> None:
    async def scene(bench: Bench) -> None:
        async with bench.client.get("/stream") as answer:
            await answer.content.readline()
            bench.post(replace(connected(generation=2), since=9.0))
            for _ in range(3):
                assert await answer.content.readline() == b"main\n"

    play(scene)
