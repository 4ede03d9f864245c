"""`vizclient follow` as it runs: a site without items, and everything that is told which server is active.

The one place that puts the parts together. Knows neither Qt nor pages, and OPC UA only through the site.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from aiohttp import web

from vizclient import machine
from vizclient.follow.agent import Agent
from vizclient.follow.health import health
from vizclient.follow.hook import Change, Hook
from vizclient.follow.landing import landing
from vizclient.follow.proxy import Proxy
from vizclient.follow.serving import Board, Serving, code_of, nothing_yet, serving
from vizclient.items.metadata import Metadata
from vizclient.items.writing import WriteState
from vizclient.link.site import Site, SiteListener
from vizclient.profiles.following import host_port
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Connection, Server, Switchover
from vizclient.tasks import TaskSet

_log = logging.getLogger(__name__)

STARTED = "started"
"""The cause of the first change: nobody was known to be active before."""

_MOST_LINE = 65_536
"""Bytes of a request line or a header: tokens of a login may be long."""


class Unusable(Exception):
    """An address cannot be listened on, or a file of certificates not be read. `code` and `arguments` are for words."""

    def __init__(self, code: str, **arguments: object) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments


class Following:
    """Tells others what a site finds out. A SiteListener. `changed`: hears which server is active, for a person."""

    def __init__(
        self, profile: Profile, compose_site: Callable[[SiteListener], Site], changed: Callable[[Serving], None]
    ) -> None:
        self._profile = profile
        self._changed = changed
        self._board = Board(nothing_yet(time.time()))
        self._site = compose_site(self)
        self._tasks = TaskSet("follow")
        self._hook: Hook | None = None
        self._told: Server | None = None
        self._cause = STARTED
        self._ending = False

    async def run(self) -> None:
        """Until cancelled, which takes less than a second. Raises Unusable if it cannot begin."""
        async with AsyncExitStack() as open_:
            open_.push_async_callback(self._tasks.close)
            await self._listen(open_)
            if self._profile.follow.hook:
                self._hook = self._a_hook(self._profile.follow.hook)
                self._hook.start()
                open_.push_async_callback(self._hook.close)
            open_.push_async_callback(self._site.close)
            self._board.listen(self._heard)
            machine.notify_service("READY=1")
            self._site.start()
            try:
                await self._keep_alive()
            finally:
                self._ending = True
                machine.notify_service("STOPPING=1")

    # SiteListener

    def connection_changed(self, connection: Connection) -> None:
        """See `SiteListener`. At the end nothing is said any more: others keep to what they were told, until we are back."""
        if self._ending:
            return
        offset = time.time() - time.perf_counter()
        self._board.post(serving(connection, lambda at: round(at + offset, 3)))

    def switchover_recorded(self, switchover: Switchover) -> None:
        """See `SiteListener`."""
        self._cause = code_of(switchover.cause) or "operator"

    def samples_changed(self) -> None:
        """There are no items."""

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        """There are no items."""

    def items_dropped(self, handles: Sequence[int]) -> None:
        """There are no items."""

    def write_moved(self, state: WriteState) -> None:
        """Nothing is written."""

    # What follows from it

    def _heard(self, serving: Serving) -> None:
        self._changed(serving)
        self._tell_service(serving)
        if serving.server not in (None, self._told):
            asyncio.get_running_loop().call_soon(self._tell_hook)  # then the switchover's record is there too

    def _tell_hook(self) -> None:
        server = self._board.now.server
        if server in (None, self._told) or self._hook is None:
            return
        self._hook.run(Change(self._told, server, self._cause))
        self._told = server

    def _tell_service(self, serving: Serving) -> None:
        active = f"{serving.server} is active" if serving.server else f"no active server: {serving.reason}"
        machine.notify_service(f"STATUS={active}")

    async def _keep_alive(self) -> None:
        """Tell the service manager that this process is alive, as often as it wants; it ends one that is not."""
        wanted = os.environ.get("WATCHDOG_USEC", "")
        pause = int(wanted) / 2e6 if wanted.isdecimal() and int(wanted) else None
        while True:
            await asyncio.sleep(pause or 3600.0)
            if pause is not None:
                machine.notify_service("WATCHDOG=1")

    # What others reach

    async def _listen(self, open_: AsyncExitStack) -> None:
        follow, addresses = self._profile.follow, self._profile.web
        urls = {server: self._profile.server(server).url for server in Server}
        await self._serve(open_, health(self._board, urls), follow.health)
        agent = Agent(self._board, time.perf_counter)
        await _started(follow.agent, agent.start(*host_port(follow.agent)))
        open_.push_async_callback(agent.close)
        if addresses is not None:
            ca = None if addresses.ca is None else self._profile.file.parent / addresses.ca
            try:
                proxy = Proxy(addresses, ca, self._board)
            except OSError as error:
                raise Unusable("follow-ca", path=ca, reason=error.strerror or error) from None
            open_.push_async_callback(proxy.close)
            hold_ms = self._profile.redundancy.hold_ms
            app = landing(self._profile.name, addresses, self._board, proxy, hold_ms=hold_ms)
            await self._serve(open_, app, addresses.listen)

    async def _serve(self, open_: AsyncExitStack, app: web.Application, listen: str) -> None:
        runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.1,
            max_line_size=_MOST_LINE,
            max_field_size=_MOST_LINE,
        )
        await runner.setup()
        open_.push_async_callback(runner.cleanup)
        await _started(listen, web.TCPSite(runner, *host_port(listen)).start())

    def _a_hook(self, command: Sequence[str]) -> Hook:
        urls: dict[str, Callable[[Server], str]] = {
            "URL": lambda server: self._profile.server(server).url,
            "HOST": lambda server: self._profile.server(server).host,
        }
        addresses = self._profile.web
        if addresses is not None:
            urls["WEB"] = addresses.of
        return Hook(command, self._profile.follow.hook_seconds, urls)


async def _started(listen: str, starting: Awaitable[object]) -> None:
    try:
        await starting
    except OSError as error:
        raise Unusable("follow-listen", address=listen, reason=error.strerror or error) from None
