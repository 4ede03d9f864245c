"""A link process on a fake pair of servers: what `vizclient.link.process` is, without OPC UA. Run with its standard streams
as the channel; the words on its command line say how it behaves.

login: both servers refuse the password until `right` is given. brief: items are let go of at once. chatter: prints to everything there is. mute-writes: writes are never answered. dies: exits at once.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from random import Random

from fakes.connecting import FakeConnector
from fakes.pair import FakePair
from vizclient.items.address import Address
from vizclient.items.feed import LINGER
from vizclient.items.metadata import Metadata
from vizclient.link.channel import Channel
from vizclient.link.messages import decode_from_window
from vizclient.link.process import take_channel
from vizclient.link.service import Service
from vizclient.link.site import Site
from vizclient.password import Password
from vizclient.redundancy.model import ProblemKind, Server, Timing

ITEMS = [Address("urn:fake", f"item-{number}") for number in range(20)]


class RealClock:
    """The clocks of this machine."""

    def monotonic(self) -> float:
        return time.perf_counter()

    def wall(self) -> float:
        return time.time()


class Passwords:
    """Knows none; a server lets in who gives `right` for it."""

    def __init__(self, pair: FakePair) -> None:
        self.on_late: Callable[[Server], None] = lambda server: None
        self.on_trouble: Callable[[str, Mapping[str, str]], None] = lambda code, arguments: None
        self._pair = pair
        for server in pair.both:
            server.trouble = ProblemKind.CREDENTIALS

    def give(self, server: Server, password: Password) -> None:
        right = password == Password("right")
        self._pair[server].trouble = None if right else ProblemKind.CREDENTIALS
        self.on_trouble("password-not-kept", {})

    def ask_again(self) -> None: ...


def main() -> None:
    ways = set(sys.argv[1:])
    reading, writing = take_channel()
    if "dies" in ways:
        os._exit(3)
    if "chatter" in ways:
        print("a stray print", flush=True)  # noqa: T201
        os.write(1, b"\xff\xff\xff\xff a stray write")
        assert os.read(0, 10) == b""
    asyncio.run(_serve(Channel(reading, writing, decode_from_window, name="window"), ways))
    os._exit(0)


async def _serve(channel: Channel[object], ways: set[str]) -> None:
    pair = FakePair({address: float(number) for number, address in enumerate(ITEMS)})
    for server in pair.both:
        server.metadata = dict.fromkeys(ITEMS, Metadata("Double", writable=True))
        if "mute-writes" in ways:
            server.write = lambda address, value, generation: time.sleep(60)  # type: ignore[method-assign]
    connector, linger = FakeConnector(pair), 0.0 if "brief" in ways else LINGER
    passwords = Passwords(pair) if "login" in ways else None
    service = Service(
        channel,  # type: ignore[arg-type]
        lambda listener: Site(
            connector, Timing(), RealClock(), Random(0), listener, linger=linger, passwords=passwords
        ),
    )
    await service.run()


if __name__ == "__main__":
    main()
