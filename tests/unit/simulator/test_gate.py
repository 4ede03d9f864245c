"""The gate of a simulated server, with a real client before it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from asyncua import Client, ua

from vizclient.simulator.certificates import own_certificate
from vizclient.simulator.clock import Clock
from vizclient.simulator.gate import Admission, DemoInternalServer, DemoServer, Gate

URI = "urn:vizclient:demo:server:test"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificate is, made once."""
    return tmp_path_factory.mktemp("certificates")


class Breaks:
    """Says what the test wants."""

    broken = False

    def stopped(self) -> bool:
        return self.broken


class Site:
    """A server in this process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"opc.tcp://127.0.0.1:{port}"
        self.breaks = Breaks()
        self.admission = Admission(self.breaks, self._write, Clock())
        self.internal = DemoInternalServer(self.admission)

    async def build(self, directory: Path) -> None:
        demo = DemoServer(self.internal)
        files = own_certificate(directory, "server", URI, "127.0.0.1")
        policies = await demo.prepare(self.url, URI, *map(str, files))
        self.gate = Gate(demo, policies, self.admission, "127.0.0.1", self.port)

    async def _write(self, _write: ua.WriteValue) -> ua.StatusCode:
        return ua.StatusCode(ua.StatusCodes.BadNotWritable)


def at_a_site(directory: Path, work: Callable[[Site], Awaitable[None]]) -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        site = Site(port)
        await site.build(directory)
        try:
            await work(site)
        finally:
            site.gate.close()
            await site.internal.end_sessions()
            await site.internal.stop()

    asyncio.run(run())


async def read_state(client: Client) -> int:
    return int(await client.get_node(ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)).read_value())


def test_a_shut_gate_refuses_connections_and_keeps_its_port(directory: Path) -> None:
    async def work(site: Site) -> None:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", site.port)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", site.port))
        await site.gate.open()
        async with Client(site.url, timeout=2) as client:
            assert await read_state(client) == 0
            site.gate.shut()
            with pytest.raises((ConnectionError, TimeoutError, ua.UaError)):
                await read_state(client)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", site.port)
        await site.gate.open()
        async with Client(site.url, timeout=2) as client:
            assert await read_state(client) == 0

    at_a_site(directory, work)


def test_sessions_are_refused_with_the_code_that_was_set(directory: Path) -> None:
    async def work(site: Site) -> None:
        await site.gate.open()
        site.admission.refuse = ua.StatusCodes.BadServerHalted
        with pytest.raises(ua.UaStatusCodeError) as refused:
            async with Client(site.url, timeout=2):
                pass
        assert refused.value.code == ua.StatusCodes.BadServerHalted

    at_a_site(directory, work)


def test_after_a_break_nothing_is_answered_until_it_is_dealt_with(directory: Path) -> None:
    async def work(site: Site) -> None:
        await site.gate.open()
        async with Client(site.url, timeout=0.3) as client:
            site.breaks.broken = True
            with pytest.raises(TimeoutError):
                await read_state(client)
            site.breaks.broken = False
            assert await read_state(client) == 0

    at_a_site(directory, work)


def test_a_ghost_answers_all_the_same(directory: Path) -> None:
    async def work(site: Site) -> None:
        site.admission.silent = False
        await site.gate.open()
        async with Client(site.url, timeout=2) as client:
            site.breaks.broken = True
            assert await read_state(client) == 0

    at_a_site(directory, work)
