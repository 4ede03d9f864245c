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
from vizclient.simulator.gate import DemoServer, Gate
from vizclient.simulator.sessions import Admission, DemoInternalServer

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


async def log_in(site: Site, name: str | None = None, password: str | None = None) -> int:
    """0, or the StatusCode that the login was refused with."""
    client = Client(site.url, timeout=2)
    client.set_user(name or "")
    client.set_password(password or "")
    try:
        async with client:
            return await read_state(client)
    except ua.UaStatusCodeError as error:
        return int(error.code)


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


def test_where_there_are_users_nobody_else_is_let_in(directory: Path) -> None:
    async def work(site: Site) -> None:
        codes = ua.StatusCodes
        site.admission.users = {"operator": "secret"}
        await site.gate.open()
        assert await log_in(site, "operator", "secret") == 0
        assert await log_in(site, "operator", "secrét") == codes.BadUserAccessDenied
        assert await log_in(site, "nobody", "secret") == codes.BadUserAccessDenied
        assert await log_in(site) == codes.BadIdentityTokenRejected
        assert site.internal.load["refused_logins"] == 3
        endpoints = await Client(site.url, timeout=2).connect_and_get_server_endpoints()
        assert {token.TokenType for endpoint in endpoints for token in endpoint.UserIdentityTokens} == {
            ua.UserTokenType.UserName
        }
        site.admission.users = {}
        assert await log_in(site) == 0

    at_a_site(directory, work)


def test_a_session_that_nobody_activated_serves_nothing(directory: Path) -> None:
    async def work(site: Site) -> None:
        await site.gate.open()
        client = Client(site.url, timeout=2)
        await client.connect_socket()
        try:
            await client.send_hello()
            await client.open_secure_channel()
            await client.create_session()
            with pytest.raises(ua.UaStatusCodeError) as refused:
                await read_state(client)
            assert refused.value.code == ua.StatusCodes.BadUserAccessDenied
        finally:
            client.disconnect_socket()

    at_a_site(directory, work)


def test_a_guarded_method_is_executable_for_its_users_alone(directory: Path) -> None:
    async def work(site: Site) -> None:
        method = ua.NodeId(ua.ObjectIds.Server_GetMonitoredItems)
        site.admission.users = {"chief": "a", "operator": "b"}
        site.admission.guarded = {method: frozenset({"chief"})}
        await site.gate.open()
        for name, password, allowed in (("chief", "a", True), ("operator", "b", False)):
            client = Client(site.url, timeout=2)
            client.set_user(name)
            client.set_password(password)
            async with client:
                held = await client.get_node(method).read_attribute(ua.AttributeIds.UserExecutable)
                assert held.Value.Value is allowed
                with pytest.raises(ua.UaStatusCodeError) as refused:
                    await client.nodes.server.call_method(method, 1)
                assert (refused.value.code == ua.StatusCodes.BadUserAccessDenied) is not allowed

    at_a_site(directory, work)
