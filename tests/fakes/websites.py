"""The web visualization of one server, small: pages that name their server, a live value, a login, what proxies get wrong."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping

from aiohttp import WSMsgType, web

PAUSE = 0.05
"""Seconds between two live values."""

_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title></head><body>
<h1 id="server">{server}</h1><p id="path">{path}</p><p id="live"></p>
<a id="next" href="/vision/rooms/102?view=2#top">102</a>
<script>
// like any page that shows values, it connects again
const connect = () => {{
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/live");
  socket.onmessage = (event) => {{ document.getElementById("live").textContent = event.data }};
  socket.onclose = () => setTimeout(connect, 200);
}};
connect();
</script></body></html>"""


class Website:
    """An application that says it is `server`'s. `active`: what it says of its role. `seen`: headers of the last request."""

    def __init__(self, server: str, *, active: bool = True) -> None:
        self.server = server
        self.active = active
        self.seen: Mapping[str, str] = {}
        self.sockets = 0
        self.origin = ""
        """Its own address, once it is known."""

    def application(self) -> web.Application:
        """To be served."""
        app = web.Application(client_max_size=1 << 30)
        app.router.add_get("/who", self._who)
        app.router.add_get("/live", self._live)
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/login", self._login)
        app.router.add_get("/away", self._away)
        app.router.add_post("/echo", self._echo)
        app.router.add_get("/{path:.*}", self._page)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        self.seen = request.headers.copy()
        text = _PAGE.format(title=f"Vision {request.path}", server=self.server, path=request.raw_path)
        headers = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'; object-src 'none'"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _who(self, request: web.Request) -> web.Response:
        self.seen = request.headers.copy()
        return web.json_response({"server": self.server, "active": self.active, "t": time.perf_counter()})

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        self.seen = request.headers.copy()
        socket = web.WebSocketResponse(protocols=("vision.2", "vision.1"))
        await socket.prepare(request)
        self.sockets += 1
        try:
            count = 0
            while not socket.closed:
                await socket.send_str(f"{self.server} {count}")
                count += 1
                try:
                    message = await socket.receive(timeout=PAUSE)
                except TimeoutError:
                    continue
                if message.type is WSMsgType.TEXT:
                    await socket.send_str(f"{self.server} heard {message.data}")
                elif message.type is WSMsgType.BINARY:
                    await socket.send_bytes(message.data[::-1])
        except ConnectionError:
            pass
        finally:
            self.sockets -= 1
        return socket

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(f"{self.server}\n".encode())
            await asyncio.sleep(PAUSE)

    async def _login(self, request: web.Request) -> web.Response:
        response = web.Response(text="welcome")
        response.headers.add("Set-Cookie", "session=1; Domain=bms-main; Path=/; Secure; HttpOnly; SameSite=None")
        response.headers.add("Set-Cookie", "__Host-token=2; Path=/; Secure")
        return response

    async def _away(self, request: web.Request) -> web.Response:
        where = request.query.get("to") or f"{self.origin}/vision/home?x=1#y"
        return web.Response(status=302, headers={"Location": where})

    async def _echo(self, request: web.Request) -> web.Response:
        self.seen = request.headers.copy()
        body = await request.read()
        said = {"length": len(body), "chunked": request.headers.get("Transfer-Encoding", "")}
        return web.Response(text=json.dumps(said), status=201, reason="Made")
