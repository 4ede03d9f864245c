"""Everything of the active server's web visualization, through an address of our own: requests, streams and WebSockets.

So a browser sees one origin, whichever server is active. When another becomes active, or none is, whatever still flows
from the old one is cut. Knows nothing of the page that holds it; what cannot be had is said in words.
"""

from __future__ import annotations

import asyncio
import html
import logging
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from vizclient.follow.serving import Board, Serving
from vizclient.follow.wording import language_of, say
from vizclient.profiles.following import Web, origin
from vizclient.redundancy.model import Server
from vizclient.tasks import TaskSet

_log = logging.getLogger(__name__)

CONNECT = 2.0
"""Seconds for a connection to the active server."""

_OF_ONE_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_A_WEBSOCKET = frozenset(
    {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
)
_NOT_ANSWERED = frozenset({"strict-transport-security", "x-frame-options", "alt-svc"})
"""What a server says about its own address, and does not hold for ours."""
_NOT_OF_OURS = ("frame-ancestors", "upgrade-insecure-requests", "block-all-mixed-content")
_AS_IT_IS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_LONGEST_LINE = 65_536


class Proxy:
    """Leads to the server that `board` says is active. `ca`: certificates to trust besides the system's.

    Raises OSError (ssl.SSLError is one) where they cannot be read.
    """

    def __init__(self, addresses: Web, ca: Path | None, board: Board) -> None:
        self._addresses = addresses
        self._origins = {server: origin(addresses.of(server)) for server in Server}
        self._ssl = ssl.create_default_context()
        if ca is not None:
            self._ssl.load_verify_locations(ca)
        self._board = board
        self._server: Server | None = None
        self._client: aiohttp.ClientSession | None = None
        self._answers: set[aiohttp.ClientResponse] = set()
        """Those that still flow. To close their connections is not enough: who waits for more of them would wait forever."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._tasks = TaskSet("proxy")
        self._ignore = board.listen(self._heard)

    async def close(self) -> None:
        """End everything that flows."""
        self._ignore()
        self._leave()
        if self._leaving:
            await asyncio.wait(self._leaving)
        await self._tasks.close()

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """The active server's answer, or words."""
        self._heard(self._board.now)
        server, client = self._server, self._client
        if server is None or client is None:
            language = _language(request)
            return sentence(request, say(language, "landing-none"), 503)
        url = self._url(server) + request.raw_path
        try:
            if _wants_websocket(request):
                return await self._join(request, server, client, url)
            return await self._pass(request, server, client, url)
        except aiohttp.ClientConnectorCertificateError as error:
            why = error.certificate_error
            return self._refuse(request, "landing-untrusted", server, getattr(why, "verify_message", str(why)))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return self._refuse(request, "landing-unreachable", server, _reason(error))

    def _heard(self, serving: Serving) -> None:
        """Turn to the server that is active now; what flows from the one before is cut."""
        if serving.server is self._server:
            return
        self._leave()
        self._server = serving.server
        if serving.server is not None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._ssl),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT),
                auto_decompress=False,
                skip_auto_headers=_AS_IT_IS,
                max_line_size=_LONGEST_LINE,
                max_field_size=_LONGEST_LINE,
            )

    def _leave(self) -> None:
        old, self._client, self._server = self._client, None, None
        if old is None:
            return
        for answer in self._answers:
            answer.close()
        task = self._tasks.start(old.close(), name="leave")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _pass(
        self, request: web.Request, server: Server, client: aiohttp.ClientSession, url: str
    ) -> web.StreamResponse:
        answer = await client.request(
            request.method,
            URL(url, encoded=True),
            headers=self._asked(request, server),
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        )
        self._answers.add(answer)
        try:
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=self._answered(answer))
            await response.prepare(request)
            try:
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
            except (aiohttp.ClientError, OSError):  # half an answer must not look like a whole one
                if request.transport is not None:
                    request.transport.abort()
        finally:
            self._answers.discard(answer)
            answer.close()
        return response

    async def _join(
        self, request: web.Request, server: Server, client: aiohttp.ClientSession, url: str
    ) -> web.StreamResponse:
        """One WebSocket made of two. Ends when either does."""
        protocols = [
            name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name.strip()
        ]
        theirs = await client.ws_connect(
            URL(url, encoded=True),
            headers=self._asked(request, server, _OF_A_WEBSOCKET),
            protocols=protocols,
            max_msg_size=0,
        )
        async with theirs:
            ours = web.WebSocketResponse(protocols=[theirs.protocol] if theirs.protocol else (), max_msg_size=0)
            await ours.prepare(request)
            back = self._tasks.start(_copy(theirs, ours), name="websocket-back")
            forth = self._tasks.start(_copy(ours, theirs), name="websocket-forth")
            try:
                await asyncio.wait((back, forth), return_when=asyncio.FIRST_COMPLETED)
            finally:
                back.cancel()
                forth.cancel()
            await ours.close(code=_closing(theirs.close_code))
            await theirs.close(code=_closing(ours.close_code))
        return ours

    def _asked(self, request: web.Request, server: Server, without: Iterable[str] = ()) -> CIMultiDict[str]:
        """The headers of a request as the server is to see them: as if it had been addressed itself."""
        headers = _end_to_end(request.headers, {"host", "expect", *without})
        ours = f"{request.scheme}://{request.host}"
        for name in ("Origin", "Referer"):
            said = headers.get(name, "")
            if said == ours or said.startswith(f"{ours}/"):
                headers[name] = self._url(server) + said.removeprefix(ours)
        return headers

    def _answered(self, answer: aiohttp.ClientResponse) -> CIMultiDict[str]:
        """The headers of an answer as the browser is to see them: as if we had answered."""
        headers = _end_to_end(answer.headers, _NOT_ANSWERED)
        cookies, policies = headers.popall("Set-Cookie", []), headers.popall("Content-Security-Policy", [])
        for cookie in cookies:
            headers.add("Set-Cookie", _cookie_of_ours(cookie))
        for policy in policies:
            headers.add("Content-Security-Policy", _policy_of_ours(policy))
        headers.add("Content-Security-Policy", "frame-ancestors 'self'")
        for name in ("Location", "Content-Location"):
            if name in headers:
                headers[name] = self._below_ours(headers[name])
        return headers

    def _below_ours(self, address: str) -> str:
        """An address on either server as one of ours; any other stays."""
        try:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https") and origin(address) in self._origins.values():
                return parts._replace(scheme="", netloc="", path=parts.path or "/").geturl()
        except ValueError:
            pass
        return address

    def _url(self, server: Server) -> str:
        """Scheme, host and port, without a slash at the end."""
        parts = urlsplit(self._addresses.of(server))
        return f"{parts.scheme}://{parts.netloc}"

    def _refuse(self, request: web.Request, code: str, server: Server, reason: str) -> web.Response:
        text = say(_language(request), code, url=self._addresses.of(server), reason=reason)
        _log.warning("%s %s: %s", request.method, request.path, text)
        return sentence(request, text, 502)


def sentence(request: web.Request, text: str, status: int) -> web.Response:
    """An answer in words; in a frame it asks again by itself after a second."""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'"}
    if "text/html" not in request.headers.get("Accept", ""):
        return web.Response(text=f"{text}\n", status=status, headers=headers)
    if request.method == "GET" and status in (502, 503):
        headers["Refresh"] = "1"
    body = f"<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'><p>{html.escape(text)}</p>"
    return web.Response(text=body, status=status, headers=headers, content_type="text/html")


async def _copy(
    source: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
    target: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
) -> None:
    """Hand messages on until `source` ends or `target` takes no more."""
    try:
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)
    except (aiohttp.ClientError, OSError):
        pass


def _closing(code: int | None) -> int:
    """A code that may be sent for the one that came; what only says that nothing came is not one (RFC 6455, 7.4.1)."""
    if code is None or code in (1005, 1006, 1015):
        return int(aiohttp.WSCloseCode.GOING_AWAY)
    return code


def _wants_websocket(request: web.Request) -> bool:
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


def _end_to_end(headers: Mapping[str, str], without: Iterable[str]) -> CIMultiDict[str]:
    found = CIMultiDict(headers)
    named = [name.strip().lower() for value in found.getall("Connection", []) for name in value.split(",")]
    for name in {*_OF_ONE_HOP, *without, *named}:
        found.popall(name, None)
    return found


def _cookie_of_ours(cookie: str) -> str:
    """A cookie without the domain of the server it came from; and without Secure, since we are reached without TLS."""
    first, *attributes = cookie.split(";")
    kept = []
    for attribute in attributes:
        key, _, value = (part.strip().lower() for part in attribute.partition("="))
        if key == "domain" or (key == "secure" and not first.strip().startswith(("__Host-", "__Secure-"))):
            continue
        kept.append(" SameSite=Lax" if (key, value) == ("samesite", "none") else attribute)
    return ";".join([first, *kept])


def _policy_of_ours(policy: str) -> str:
    """A Content-Security-Policy without what would keep the page out of our frame."""
    directives = (directive.strip() for directive in policy.split(";"))
    return "; ".join(directive for directive in directives if directive.partition(" ")[0].lower() not in _NOT_OF_OURS)


def _language(request: web.Request) -> str:
    return language_of(request.headers.get("Accept-Language", ""))


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        return error.os_error.strerror
    return str(error) or type(error).__name__
