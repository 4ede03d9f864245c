"""The link's side of the channel: what the window wants goes to the site, what the site has goes to the window.

One batch of changes is under way at a time: that is the whole backpressure. A slow window gets fewer and bigger ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.writing import WriteOrder, WriteState
from vizclient.link import messages
from vizclient.link.channel import Channel
from vizclient.link.site import Site, SiteListener
from vizclient.password import Password
from vizclient.redundancy.model import Connection, Switchover
from vizclient.redundancy.readiness import Readiness

BEAT = 0.125
"""Seconds between heartbeats; the window gives up after four."""
MOST_IN_BATCH = 2_000
"""Items of one batch: so many cost the window a few milliseconds."""

_log = logging.getLogger(__name__)


class Service:
    """Serves one window until the channel ends."""

    def __init__(self, channel: Channel[messages.FromWindow], compose: Callable[[SiteListener], Site]) -> None:
        self._channel = channel
        self._site = compose(self)
        self._site.on_readiness = self._readiness_changed
        self._site.on_trouble = self._troubled
        self._addresses: list[Address] = []
        self._batch = 0
        self._unacknowledged = False
        self._pumping = False
        self._over: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Until the window is gone; then everything is closed."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        self._send(messages.Hello(messages.VERSION, self._site.timing.hold))
        self._beat(loop)
        self._channel.attach(loop, self._receive, self._window_gone)
        self._site.start()
        try:
            await self._over
        finally:
            self._channel.detach()
            await self._site.close()

    # SiteListener

    def samples_changed(self) -> None:
        """Send what changes in this turn of the loop as one batch."""
        if not self._unacknowledged and not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        """See `SiteListener`."""
        handles = messages.pack_handles([handle for handle, _ in pairs])
        self._send(messages.Described(handles, [metadata for _, metadata in pairs]))

    def items_dropped(self, handles: Sequence[int]) -> None:
        """See `SiteListener`."""
        self._send(messages.Dropped(messages.pack_handles(handles)))

    def connection_changed(self, connection: Connection) -> None:
        """See `SiteListener`."""
        self._send(messages.Announced(connection))

    def switchover_recorded(self, switchover: Switchover) -> None:
        """See `SiteListener`."""
        self._send(messages.Switched(switchover))

    def write_moved(self, state: WriteState) -> None:
        """See `SiteListener`."""
        self._send(messages.pack_write_state(state))

    def _readiness_changed(self, readiness: Readiness) -> None:
        self._send(messages.Ready(readiness))

    def _receive(self, message: messages.FromWindow) -> None:
        match message:
            case messages.Ack(number):
                if number == self._batch:
                    self._unacknowledged = False
                    self.samples_changed()
            case messages.Named(start, addresses):
                self._addresses[start:] = [Address(namespace, identifier) for namespace, identifier in addresses]
            case messages.Show(view, handles, shown):
                items = {handle: self._addresses[handle] for handle in messages.unpack_handles(handles)}
                try:
                    self._site.show(view, items, shown=shown)
                except ValueError as error:
                    self._send(messages.Troubled("link-too-many-items", {"reason": str(error)}))
            case messages.Write():
                self._site.write(self._order(message))
            case messages.Cancel(request):
                self._site.cancel_write(request)
            case messages.SwitchTo(server):
                self._site.ask_switch(server)
            case messages.Retry():
                self._site.retry()
            case messages.BundleShown(digest):
                self._site.bundle_shown(digest)
            case messages.GivePassword(server, password):
                self._site.give_password(server, Password(password))
            case _:
                assert_never(message)

    def _troubled(self, code: str, arguments: Mapping[str, str]) -> None:
        self._send(messages.Troubled(code, dict(arguments)))

    def _order(self, write: messages.Write) -> WriteOrder:
        item = write.readback.item
        return WriteOrder(
            write.request,
            write.handle,
            self._addresses[write.handle],
            messages.value_of(write.value),
            write.seen_generation,
            write.readback,
            None if item is None else self._addresses[item],
            write.limits,
        )

    def _pump(self) -> None:
        self._pumping = False
        samples = self._site.store.take(MOST_IN_BATCH)
        if samples:
            self._batch += 1
            self._unacknowledged = True
            self._send(messages.pack_samples(self._batch, samples))

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._over is not None and not self._over.done():
            if self._channel.idle:  # what waits to be written says as much
                self._send(messages.Beat())
            loop.call_later(BEAT, self._beat, loop)

    def _send(self, message: messages.FromLink) -> None:
        self._channel.send(messages.encode(message))

    def _window_gone(self) -> None:
        _log.info("the window is gone")
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
