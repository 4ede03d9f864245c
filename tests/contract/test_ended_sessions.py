"""What is left of a session that has ended: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from asyncua import ua

from fakes.ua_server import NAMESPACE, ua_server
from vizclient.items.address import Address
from vizclient.items.ports import Change
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Target
from vizclient.opcua.session import OpcUaSession
from vizclient.redundancy.model import Problem, Report, Server, Timing


class Heard:
    """A listener that waits for the first values and the role."""

    def __init__(self) -> None:
        self.reported = asyncio.Event()
        self.published = asyncio.Event()

    def session_reported(self, generation: int, report: Report) -> None:
        self.reported.set()

    def session_lost(self, generation: int, problem: Problem) -> None: ...


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ua_server() as server:
        server.add("Temperature", 21.5, ua.VariantType.Double)
        yield server.url


@pytest.mark.parametrize("lost", [False, True], ids=["closed", "lost"])
def test_its_memory_is_free_at_once_without_the_garbage_collector(tmp_path: Path, url: str, lost: bool) -> None:
    async def session_of(connector: OpcUaConnector) -> weakref.ref[OpcUaSession]:
        heard = Heard()
        session = (await connector.probe(Server.MAIN, 1, heard, session=True)).session
        assert isinstance(session, OpcUaSession)

        def batch(changes: Sequence[Change]) -> None:  # as a feed has it: it knows its session
            assert session is not None
            heard.published.set()

        await session.watch()
        session.receive(batch, lambda: None)
        await session.subscribe([(0, Address(NAMESPACE, "Temperature"))])
        try:
            async with asyncio.timeout(10):
                await heard.reported.wait()
                await heard.published.wait()
            if lost:
                session._channel.abort()
        finally:
            await session.close()
        return weakref.ref(session)

    async def run() -> None:
        connector = OpcUaConnector(
            {Server.MAIN: Target(url)}, own=tmp_path / "own", trusted=tmp_path / "trusted", timing=Timing()
        )
        ended = await session_of(connector)
        await asyncio.sleep(0)  # what the loop was to call yet is let go of too
        assert ended() is None

    gc.collect()
    gc.disable()
    try:
        asyncio.run(run())
    finally:
        gc.enable()
