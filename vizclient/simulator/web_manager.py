"""The Web Manager of one server: how it stands, and what may be changed there, in any role; on standby it is read-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from vizclient.redundancy.model import Server
from vizclient.simulator.http_port import Answer, Request
from vizclient.simulator.website import STYLE


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to see. `rows`: names and values, in order."""

    active: bool
    notice: str
    rows: tuple[tuple[str, Any], ...]


class WebManager:
    """`look` says how the server stands. `change` and `swap` carry out what a person asks for; False if it cannot be now."""

    def __init__(
        self,
        server: Server,
        look: Callable[[], Shown],
        change: Callable[[str], Awaitable[bool]],
        swap: Callable[[], Awaitable[bool]],
        silent: Callable[[], bool],
    ) -> None:
        self._server, self._look, self._change, self._swap, self._silent = server, look, change, swap, silent

    async def answer(self, request: Request) -> Answer:
        """The one page; a POST to `/notice` or `/swap` does something and leads back to it."""
        if self._silent():
            raise ConnectionAbortedError
        if request.method != "POST":
            found = request.path == "/"
            return Answer(self._page(""), HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        if not self._look().active:
            return Answer(self._page("Nothing was changed: this server is on standby."), HTTPStatus.FORBIDDEN)
        if not _from_here(request):
            return Answer(self._page("Nothing was changed: the request came from another site."), HTTPStatus.FORBIDDEN)
        match request.path:
            case "/notice":
                done = await self._change(request.form.get("text", ""))
            case "/swap":
                done = await self._swap()
            case _:
                return Answer(self._page(""), HTTPStatus.NOT_FOUND)
        if not done:
            return Answer(self._page("That cannot be done now."), HTTPStatus.CONFLICT)
        return Answer("", HTTPStatus.SEE_OTHER, headers={"Location": "/"})

    def _page(self, said: str) -> str:
        shown = self._look()
        rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>" for name, value in shown.rows)
        off = "" if shown.active else " disabled"
        read_only = "" if shown.active else '<p class="note">This server is on standby: read-only.</p>'
        role = "active" if shown.active else "standby"
        said = f'<p class="note">{escape(said)}</p>' if said else ""
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f"<title>Web Manager, {self._server.value} server</title><style>{STYLE}</style></head><body>"
            f'<header><h1>Web Manager</h1><span>{role}</span><span class="server">{self._server.value} server</span></header>'
            f"<main>{said}{read_only}"
            f'<div class="cards"><section class="card"><h2>Server</h2><table>{rows}</table></section>'
            '<section class="card"><h2>Notice in the entrance hall</h2><form method="post" action="/notice">'
            f'<input name="text" value="{escape(shown.notice)}" maxlength="200"{off}> <button{off}>Change</button></form>'
            '<h2 style="margin-top: 20px">Roles</h2><form method="post" action="/swap">'
            f"<button{off}>Hand over to the other server</button></form></section></div></main></body></html>"
        )


def _from_here(request: Request) -> bool:
    """Whether a form of this page was posted, as far as the browser says where it comes from."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
