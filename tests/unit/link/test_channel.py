"""The channel: order, ends, and what happens when one side does not keep up."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from vizclient.link import channel as channel_module
from vizclient.link.channel import Channel


class _Pipes:
    """Two pipes, as between two processes."""

    def __init__(self) -> None:
        there_read, here_write = os.pipe()
        here_read, there_write = os.pipe()
        self.here = io.FileIO(here_read, "rb"), io.FileIO(here_write, "wb")
        self.there = io.FileIO(there_read, "rb"), io.FileIO(there_write, "wb")

    def close(self) -> None:
        for file in (*self.here, *self.there):
            file.close()


@pytest.fixture
def pipes() -> Iterator[_Pipes]:
    made = _Pipes()
    yield made
    made.close()


class _Ear:
    """What one side hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()

    def receive(self, message: bytes) -> None:
        self.heard.append(message)
        self._changed.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self._changed.clear()
                await self._changed.wait()


def _channel(files: tuple[io.FileIO, io.FileIO], heard: Callable[[float], object] = lambda _: None) -> Channel[bytes]:
    return Channel(*files, bytes, name="test", heard=heard)


def _ended(name: str) -> bool:
    return not any(thread.name.startswith(name) for thread in threading.enumerate())


async def _gone() -> None:
    async with asyncio.timeout(10):
        while not _ended("test-"):  # noqa: ASYNC110 - threads tell nobody that they end
            await asyncio.sleep(0.001)


def test_messages_of_any_size_arrive_whole_and_in_order(pipes: _Pipes) -> None:
    async def scene() -> None:
        ear, loop = _Ear(), asyncio.get_running_loop()
        here, there = _channel(pipes.here), _channel(pipes.there)
        there.attach(loop, ear.receive, ear.closed.set)
        sent = [bytes([number % 256]) * size for number, size in enumerate((0, 1, 5, 70_000, 3, 1_000_000, 0, 2))]
        for message in sent:
            here.send(message)
        await ear.until(len(sent))
        assert ear.heard == sent
        here.close()
        there.close()
        await ear.closed.wait()
        await _gone()

    asyncio.run(scene())


def test_what_arrives_before_anybody_listens_is_kept(pipes: _Pipes) -> None:
    async def scene() -> None:
        ear, loop = _Ear(), asyncio.get_running_loop()
        arrived = asyncio.Event()
        there = _channel(pipes.there, lambda _: loop.call_soon_threadsafe(arrived.set))
        here = _channel(pipes.here)
        here.send(b"early")
        here.close()
        await arrived.wait()
        there.attach(loop, ear.receive, ear.closed.set)
        await asyncio.wait_for(ear.closed.wait(), 10)
        assert ear.heard == [b"early"]
        there.close()
        await _gone()

    asyncio.run(scene())


def test_closing_sends_what_is_waiting_and_ends_the_other_side(pipes: _Pipes) -> None:
    async def scene() -> None:
        ear, loop = _Ear(), asyncio.get_running_loop()
        here, there = _channel(pipes.here), _channel(pipes.there)
        for _ in range(20):
            here.send(b"x" * 50_000)  # far more than a pipe holds
        here.close()
        here.send(b"too late")
        there.attach(loop, ear.receive, ear.closed.set)
        await asyncio.wait_for(ear.closed.wait(), 10)
        assert [len(message) for message in ear.heard] == [50_000] * 20
        there.close()
        await _gone()

    asyncio.run(scene())


def test_an_unread_pipe_stops_nobody_who_sends(pipes: _Pipes) -> None:
    async def scene() -> None:
        here = _channel(pipes.here)
        for _ in range(100):
            here.send(b"x" * 50_000)
        assert not here.idle
        pipes.there[0].close()  # the other side dies
        pipes.there[1].close()
        await _gone()

    asyncio.run(scene())


def test_too_much_unsent_breaks_the_channel_instead_of_filling_the_memory(
    pipes: _Pipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "MOST_UNSENT", 1_000_000)

    async def scene() -> None:
        ear = _Ear()
        here = _channel(pipes.here)
        here.attach(asyncio.get_running_loop(), ear.receive, ear.closed.set)
        for _ in range(100):
            here.send(b"x" * 50_000)
        await asyncio.wait_for(ear.closed.wait(), 10)
        pipes.there[0].close()
        pipes.there[1].close()
        await _gone()

    asyncio.run(scene())


def test_a_listener_that_falls_behind_holds_up_the_sender_and_loses_nothing(
    pipes: _Pipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "MOST_UNHANDLED", 10)

    async def scene() -> None:
        ear, loop = _Ear(), asyncio.get_running_loop()
        here, there = _channel(pipes.here), _channel(pipes.there)
        for number in range(500):
            here.send(number.to_bytes(1000, "little"))
        there.attach(loop, ear.receive, ear.closed.set)
        time.sleep(0.3)  # noqa: ASYNC251 - this loop is busy
        assert not here.idle, "what nobody handles is not taken out of the pipe"
        await ear.until(500)
        assert ear.heard == [number.to_bytes(1000, "little") for number in range(500)]
        here.close()
        there.close()
        await _gone()

    asyncio.run(scene())


def test_a_receiver_that_raises_costs_one_message_and_no_more(pipes: _Pipes) -> None:
    async def scene() -> None:
        ear, loop = _Ear(), asyncio.get_running_loop()
        failures: list[object] = []
        loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))

        def receive(message: bytes) -> None:
            if message == b"bad":
                raise ValueError
            ear.receive(message)

        here, there = _channel(pipes.here), _channel(pipes.there)
        for message in (b"a", b"bad", b"b"):
            here.send(message)
        there.attach(loop, receive, ear.closed.set)
        await ear.until(2)
        assert ear.heard == [b"a", b"b"]
        assert len(failures) == 1
        here.close()
        there.close()
        await _gone()

    asyncio.run(scene())


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x05\x00\x00\x00hello"])
def test_what_cannot_be_read_ends_the_channel(pipes: _Pipes, garbage: bytes) -> None:
    def decode(frame: bytes) -> bytes:
        raise ValueError(frame)

    async def scene() -> None:
        ear = _Ear()
        there: Channel[bytes] = Channel(*pipes.there, decode, name="test")
        there.attach(asyncio.get_running_loop(), ear.receive, ear.closed.set)
        pipes.here[1].write(garbage)
        await asyncio.wait_for(ear.closed.wait(), 10)
        there.close()
        await _gone()

    asyncio.run(scene())


def test_being_heard_does_not_wait_for_the_loop(pipes: _Pipes) -> None:
    async def scene() -> None:
        arrived = threading.Event()
        here, there = _channel(pipes.here), _channel(pipes.there, lambda _: arrived.set())
        here.send(b"x")
        assert arrived.wait(10), "while this loop is busy"
        here.close()
        there.close()
        await _gone()

    asyncio.run(scene())
