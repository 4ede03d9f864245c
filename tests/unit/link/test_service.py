"""The link's side of the channel: one batch at a time, heartbeats, and the end when the window is gone."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Coroutine
from random import Random
from typing import TypeVar

from fakes.connecting import FakeConnector
from fakes.link_child import RealClock
from fakes.pair import FakePair
from vizclient.items.address import Address
from vizclient.items.writing import Readback, WriteOutcome
from vizclient.link import messages
from vizclient.link.channel import Channel
from vizclient.link.service import MOST_IN_BATCH, Service
from vizclient.link.site import Site
from vizclient.redundancy.model import ConnectionState, Server, Timing

_T = TypeVar("_T")


class _Window:
    """The other end, by hand: it acknowledges only what it is told to. Make it inside the loop."""

    def __init__(self, items: int) -> None:
        self.addresses = [Address("urn:fake", f"item-{number}") for number in range(items)]
        self.pair = FakePair(dict.fromkeys(self.addresses, 0.0))
        for server in self.pair.both:
            server.latency = 0.0
        there_read, here_write = os.pipe()
        here_read, there_write = os.pipe()
        self._channel: Channel[messages.FromLink] = Channel(
            io.FileIO(here_read, "rb"), io.FileIO(here_write, "wb"), messages.decode_from_link, name="here"
        )
        self._there = Channel(
            io.FileIO(there_read, "rb"), io.FileIO(there_write, "wb"), messages.decode_from_window, name="there"
        )
        self.service = Service(
            self._there, lambda listener: Site(FakeConnector(self.pair), Timing(), RealClock(), Random(0), listener)
        )
        self.heard: list[messages.FromLink] = []
        self._moved = asyncio.Event()
        self._closed = asyncio.Event()
        self._channel.attach(asyncio.get_running_loop(), self._receive, self._closed.set)

    def say(self, message: messages.FromWindow) -> None:
        self._channel.send(messages.encode(message))

    def show(self) -> None:
        self.say(messages.Named(0, messages.pack_addresses(self.addresses)))
        self.say(messages.Show("page", messages.pack_handles(range(len(self.addresses))), True))

    async def until(self, kind: type[_T], count: int) -> list[_T]:
        """The messages of a kind, once there are so many."""
        async with asyncio.timeout(20):
            while len(found := self._of(kind)) < count:
                self._moved.clear()
                await self._moved.wait()
        return found

    def leave(self) -> None:
        self._channel.close()

    def _of(self, kind: type[_T]) -> list[_T]:
        everything: list[object] = list(self.heard)
        return [message for message in everything if isinstance(message, kind)]

    async def end(self) -> None:
        self._there.close()
        await self._closed.wait()

    def batches(self) -> list[messages.Batch]:
        return [message for message in self.heard if isinstance(message, messages.Batch)]

    def _receive(self, message: messages.FromLink) -> None:
        self.heard.append(message)
        self._moved.set()


def _play(scene: Callable[[_Window], Coroutine[None, None, None]], items: int = 20) -> None:
    async def whole() -> None:
        window = _Window(items)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(window.service.run())
            await scene(window)
            window.leave()
            async with asyncio.timeout(20):
                await running
                await window.end()
        assert window.pair.open_sockets() == 0

    asyncio.run(whole())


def test_it_greets_announces_and_sends_values_before_metadata() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        batch = (await window.until(messages.Batch, 1))[0]
        assert messages.unpack_handles(batch.handles) == list(range(20))
        window.say(messages.Ack(batch.number))
        await window.until(messages.Described, 1)
        kinds = [type(message) for message in window.heard]
        assert kinds[0] is messages.Hello
        assert kinds.index(messages.Announced) < kinds.index(messages.Batch) < kinds.index(messages.Described)

    _play(scene)


def test_a_slow_window_gets_fewer_and_bigger_batches_with_the_last_values() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        await window.until(messages.Batch, 1)
        for number in range(1, 101):
            for address in window.addresses[:10]:
                window.pair.move(address, float(number))
            await asyncio.sleep(0)
        beats = len([message for message in window.heard if isinstance(message, messages.Beat)])
        await window.until(messages.Beat, beats + 2)  # it lives, and waits for us
        assert len(window.batches()) == 1
        window.say(messages.Ack(window.batches()[0].number))
        second = (await window.until(messages.Batch, 2))[1]
        values = dict(zip(messages.unpack_handles(second.handles), second.values, strict=True))
        assert [values[handle] for handle in range(10)] == [100.0] * 10

    _play(scene)


def test_a_quick_window_gets_every_change_at_once() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        batch = (await window.until(messages.Batch, 1))[0]
        window.say(messages.Ack(batch.number))
        while window.batches()[-1].values[-1] != 5.0:
            count = len(window.batches())
            last = float(window.batches()[-1].values[-1])
            window.say(messages.Ack(window.batches()[-1].number))
            window.pair.move(window.addresses[19], last + 1.0)
            await window.until(messages.Batch, count + 1)

    _play(scene)


def test_a_burst_comes_in_pieces_that_a_window_can_swallow() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        taken: dict[int, object] = {}
        count = 0
        while len(taken) < len(window.addresses):
            count += 1
            batch = (await window.until(messages.Batch, count))[-1]
            assert len(batch.values) <= MOST_IN_BATCH
            taken.update(zip(messages.unpack_handles(batch.handles), batch.values, strict=True))
            window.say(messages.Ack(batch.number))

    _play(scene, items=2 * MOST_IN_BATCH + 10)


def test_an_old_acknowledgement_does_not_open_the_way() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        await window.until(messages.Batch, 1)
        window.say(messages.Ack(0))
        window.pair.move(window.addresses[0], 1.0)
        beats = len([message for message in window.heard if isinstance(message, messages.Beat)])
        await window.until(messages.Beat, beats + 2)
        assert len(window.batches()) == 1

    _play(scene)


def test_it_says_a_connection_lost_and_found_on_the_other_server() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        await window.until(messages.Batch, 1)
        window.pair.swap()
        async with asyncio.timeout(20):
            while True:
                count = len(await window.until(messages.Announced, 1))
                last = (await window.until(messages.Announced, count))[-1].connection
                if (last.state, last.server) == (ConnectionState.CONNECTED, Server.BACKUP):
                    break
                await window.until(messages.Announced, count + 1)
        assert (await window.until(messages.Switched, 1))[0].switchover.taken is Server.BACKUP

    _play(scene)


def test_a_write_is_answered_under_its_number() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        batch = (await window.until(messages.Batch, 1))[0]
        window.say(messages.Write(7, 0, 1.0, batch.generation + 1, Readback(), None))
        wrote = (await window.until(messages.Wrote, 1))[0]
        assert (wrote.request, wrote.outcome, wrote.code) == (7, WriteOutcome.REFUSED, "write-generation")

    _play(scene)


def test_the_end_of_the_window_ends_it_and_its_session() -> None:
    async def scene(window: _Window) -> None:
        window.show()
        await window.until(messages.Batch, 1)
        window.leave()

    _play(scene)
