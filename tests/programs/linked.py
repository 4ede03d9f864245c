"""A link process as the window has one, and waiting for what it says."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from vizclient.items.address import parse_address
from vizclient.items.freshness import Freshness
from vizclient.items.writing import WriteState
from vizclient.link.client import LinkClient
from vizclient.link.mirror import Mirror

NAMESPACES = {"bms": "urn:vizclient:demo:bms"}


class Heard:
    """What a link says to this process, and waiting for it."""

    def __init__(self, client: LinkClient, mirror: Mirror) -> None:
        self.writes: list[WriteState] = []
        self._changed = asyncio.Event()
        mirror.on_samples.append(self._note)
        mirror.on_metadata.append(self._note)
        mirror.on_standing.append(self._note)
        client.on_connection.append(self._note)
        client.on_write.append(self.writes.append)
        client.on_write.append(self._note)

    def _note(self, *_: object) -> None:
        self._changed.set()

    async def until(self, found: Callable[[], bool]) -> None:
        """Wait until `found()`; what it depends on is looked at whenever the link says something, and now and then."""
        async with asyncio.timeout(30):
            while not found():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):  # silence is not said
                        await self._changed.wait()


@asynccontextmanager
async def linked(
    folder: Path, profile: Path, items: Sequence[str], freshness: Freshness = Freshness.LIVE
) -> AsyncIterator[tuple[LinkClient, Mirror, Heard, list[int]]]:
    """A link process as the window has one, showing `items`: all of them live (or as told), and described."""
    mirror = Mirror()
    client = LinkClient(profile, folder / "data", mirror)
    heard = Heard(client, mirror)
    client.start()
    client.attach(asyncio.get_running_loop())
    try:
        handles = [mirror.handle(parse_address(item, NAMESPACES)) for item in items]
        client.show("page", handles)
        await heard.until(lambda: fresh(mirror, handles) == {freshness} and None not in mirror.metadata)
        yield client, mirror, heard, handles
    finally:
        await client.close()


def fresh(mirror: Mirror, handles: list[int]) -> set[Freshness]:
    """The freshness of all of them now."""
    return {mirror.freshness(handle, time.perf_counter()) for handle in handles}
