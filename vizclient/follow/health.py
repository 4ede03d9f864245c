"""What is known of the active server, over HTTP, for load balancers, monitoring and scripts.

`/main`, `/backup`, `/active`: 200 or 503 and an account in JSON; `/`: all that is known, 503 until that is something.
Only GET and HEAD, and nothing can be changed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from vizclient.follow.serving import Board, Serving
from vizclient.redundancy.model import Server

_NOT_KEPT = {"Cache-Control": "no-store"}


def health(board: Board, urls: Mapping[Server, str]) -> web.Application:
    """The endpoints. `urls`: the OPC UA address of each server, as the profile has it."""

    def one(server: Server) -> dict[str, Any]:
        account = board.now.of(server)
        return {
            "server": server,
            "active": board.now.server is server,
            "role": account.role,
            "since": account.since,
            "reason": account.reason,
            "url": urls[server],
        }

    def with_other(server: Server) -> dict[str, Any]:
        return {**one(server), "other": one(server.other)}

    def summary(serving: Serving) -> dict[str, Any]:
        return {"server": serving.server, "since": serving.since, "reason": serving.reason}

    async def of_server(request: web.Request) -> web.Response:
        server = Server(request.match_info["server"])
        return _answer(with_other(server), ok=board.now.server is server)

    async def of_active(request: web.Request) -> web.Response:
        server = board.now.server
        if server is None:
            nobody = {**summary(board.now), "active": False, "role": None, "other": None}
            return _answer({**nobody, **{each.value: one(each) for each in Server}}, ok=False)
        return _answer({**with_other(server), "since": board.now.since}, ok=True)

    async def of_all(request: web.Request) -> web.Response:
        both = {each.value: one(each) for each in Server}
        return _answer({"known": board.now.known, **summary(board.now), **both}, ok=board.now.known)

    app = web.Application()
    app.router.add_get("/", of_all)
    app.router.add_get("/active", of_active)
    app.router.add_get("/{server:main|backup}", of_server)
    return app


def _answer(account: Mapping[str, Any], *, ok: bool) -> web.Response:
    text = json.dumps(account, ensure_ascii=False, allow_nan=False) + "\n"
    return web.json_response(text=text, status=200 if ok else 503, headers=_NOT_KEPT)
