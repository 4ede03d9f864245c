"""The page that holds the active server's web visualization in a frame, and is told where it is by Server-Sent Events.

Everything of ours is below `/.vizclient/`; every other path is the visualization's own, through the proxy. Whoever opens
such a path by itself is led to the page, which then holds that path.
"""

from __future__ import annotations

import asyncio
import html
import ipaddress
import json
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from vizclient.follow.proxy import Proxy, sentence
from vizclient.follow.serving import UNSURE, Board, Serving
from vizclient.follow.wording import language_of, say
from vizclient.profiles.following import Web, host_port
from vizclient.redundancy.model import Server
from vizclient.resources import resource_path

PREFIX = "/.vizclient/"
BEAT = 2.0
"""Seconds between two words to the page; after three times that without one it shows nothing any more."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def landing(site: str, addresses: Web, board: Board, proxy: Proxy, *, hold_ms: int) -> web.Application:
    """The page of the pair `site`, and the visualization behind it. `hold_ms`: for so long a loss is only marked."""
    app = web.Application(middlewares=[_for_this_address(addresses), _from_this_address])
    template = resource_path("follow", "landing.html").read_text("utf-8")

    async def page(request: web.Request) -> web.Response:
        language = _language(request)
        words = {
            "language": language,
            "site": site,
            "hold": str(hold_ms),
            "start": urlsplit(addresses.main).path or "/",
            "title": say(language, "landing-title", site=site),
            "searching": say(language, "landing-searching"),
            "searching_detail": say(language, "landing-searching.detail"),
            "silent": say(language, "landing-silent"),
            "silent_detail": say(language, "landing-silent.detail"),
            "no_script": say(language, "landing-no-script"),
        }
        text = template.format_map({name: html.escape(word) for name, word in words.items()})
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    async def script(request: web.Request) -> web.Response:
        return _file("landing.js", "text/javascript")

    async def style(request: web.Request) -> web.Response:
        return _file("landing.css", "text/css")

    async def events(request: web.Request) -> web.StreamResponse:
        language = _language(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_HEADERS})
        await response.prepare(request)
        changed = asyncio.Event()
        ignore = board.listen(lambda _: changed.set())
        try:
            await response.write(b"retry: 1000\n\n")
            while True:
                changed.clear()
                word = json.dumps(_word(board.now, language), ensure_ascii=False)
                await response.write(f"data: {word}\n\n".encode())
                try:
                    async with asyncio.timeout(BEAT):
                        await changed.wait()
                except TimeoutError:
                    pass
        except OSError:
            return response  # the browser has gone
        finally:
            ignore()

    async def visualization(request: web.Request) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            raise web.HTTPNotFound
        if request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == "document":
            where = PREFIX if request.raw_path == "/" else f"{PREFIX}#{request.raw_path}"
            return web.Response(status=302, headers={"Location": where, "Cache-Control": "no-store"})
        return await proxy.forward(request)

    app.router.add_get(PREFIX, page)
    app.router.add_get(f"{PREFIX}landing.js", script)
    app.router.add_get(f"{PREFIX}landing.css", style)
    app.router.add_get(f"{PREFIX}events", events)
    app.router.add_route("*", "/{path:.*}", visualization)
    return app


def _word(serving: Serving, language: str) -> dict[str, object]:
    """What the page is told: who is active, in words too."""
    word: dict[str, object] = {"server": serving.server, "since": serving.since, "searching": serving.searching}
    if serving.server is not None:
        return {**word, "title": say(language, f"landing-{serving.server}"), "detail": ""}
    code = "landing-none"
    if serving.reason == UNSURE:
        code = "landing-unsure"
    elif serving.searching:
        code = "landing-searching"
    roles = {server.value: say(language, f"role.{serving.of(server).role}") for server in Server}
    return {**word, "title": say(language, code), "detail": say(language, f"{code}.detail", **roles)}


def _for_this_address(addresses: Web) -> Middleware:
    """Refuses whoever calls a loopback address by another name: a site that makes its own name point here (DNS rebinding)."""
    listened = host_port(addresses.listen)[0]
    names = {"localhost", "127.0.0.1", "::1", listened} if _is_loopback(listened) else None

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        if names is not None and host not in names:
            text = say(_language(request), "landing-host", host=host, url=addresses.landing)
            return sentence(request, text, 421)
        return await handler(request)

    return check


@web.middleware
async def _from_this_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what other sites have a browser do here, but for opening a page."""
    site, mode = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Sec-Fetch-Mode", "")
    opens_page = request.method == "GET" and mode == "navigate" and request.headers.get("Sec-Fetch-Dest") == "document"
    upgrade = request.headers.get("Upgrade", "")
    foreign = upgrade and request.headers.get("Origin", "") not in ("", f"{request.scheme}://{request.host}")
    if foreign or (site == "cross-site" and not opens_page):
        return sentence(request, say(_language(request), "landing-foreign"), 403)
    return await handler(request)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _file(name: str, kind: str) -> web.Response:
    text = resource_path("follow", name).read_text("utf-8")
    return web.Response(text=text, content_type=kind, headers=_HEADERS)


def _language(request: web.Request) -> str:
    return language_of(request.headers.get("Accept-Language", ""))
