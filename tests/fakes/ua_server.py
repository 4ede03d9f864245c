"""A small OPC UA server in a thread of its own, with levers to make it behave as servers do on bad days."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from asyncua import Server as AsyncuaServer
from asyncua import ua
from asyncua.server.user_managers import UserManager

NAMESPACE = "urn:test:plant"
_T = TypeVar("_T")


class _Users(UserManager):  # type: ignore[misc]
    """Everybody without a name, and those who know the password."""

    def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        from asyncua.crypto.permission_rules import User, UserRole

        if username is None or (username, password) == ("operator", "right"):
            return User(role=UserRole.User)
        return None


class UaServer:
    """The server and what it holds. Everything but `run` is used from the test's own thread.

    `namespaces`: registered before ours, so that its index differs from other servers'.
    """

    def __init__(self, namespaces: tuple[str, ...] = (), certificate: tuple[Path, Path] | None = None) -> None:
        self.url = ""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ua server", daemon=True)
        self._thread.start()
        self.server: Any = None
        self.index = 0
        self._namespaces = namespaces
        self._certificate = certificate

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The outcome of `work` in the server's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def start(self) -> None:
        self.run(self._start())

    def stop(self) -> None:
        with contextlib.suppress(Exception):
            self.run(self.server.stop())
        with contextlib.suppress(Exception):
            self.run(self._cancel_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def add(self, identifier: str | int, value: Any, kind: ua.VariantType, *, writable: bool = False) -> Any:
        """A Variable of our namespace; its asyncua node."""
        return self.run(self._add(identifier, value, kind, writable))

    def set(self, node: Any, value: Any, kind: ua.VariantType) -> None:
        self.run(node.write_value(ua.DataValue(ua.Variant(value, kind))))

    def set_data(self, node: Any, data: ua.DataValue) -> None:
        self.run(self._set_data(node, data))

    def node(self, numeric: int) -> Any:
        """A node of the standard namespace."""
        return self.server.get_node(ua.NodeId(numeric))

    @property
    def sessions(self) -> int:
        """External sessions that exist on the server."""
        return len(self.server.iserver._external_sessions)

    @property
    def connections(self) -> int:
        return len(self.server.bserver.clients)

    def left(self) -> tuple[int, int]:
        """Sessions and connections, once those that clients have ended are gone; waits no longer than it must."""
        deadline = time.perf_counter() + 20
        while (left := self.call(lambda: (self.sessions, self.connections))) != (0, 0):
            if time.perf_counter() > deadline:
                break
            time.sleep(0.01)
        sessions, connections = left
        return sessions, connections

    @property
    def subscriptions(self) -> dict[int, Any]:
        found: dict[int, Any] = self.server.iserver.subscription_service.subscriptions
        return found

    def call(self, function: Any, *arguments: Any) -> Any:
        """`function(*arguments)` in the server's thread."""

        async def run() -> Any:
            return function(*arguments)

        return self.run(run())

    async def _cancel_rest(self) -> None:
        """asyncua leaves the loops of sessions behind that lost their connection."""
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _start(self) -> None:
        server = AsyncuaServer(user_manager=_Users())
        await server.init()
        server.set_endpoint("opc.tcp://127.0.0.1:0/test")
        policies = [ua.SecurityPolicyType.NoSecurity]
        if self._certificate is not None:
            await server.load_certificate(self._certificate[0])
            await server.load_private_key(self._certificate[1])
            policies += [
                ua.SecurityPolicyType.Basic256Sha256_Sign,
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        server.set_security_policy(policies)
        for uri in self._namespaces:
            await server.register_namespace(uri)
        self.index = await server.register_namespace(NAMESPACE)
        await server.start()
        self.server = server
        self.port = server.bserver.port
        self.url = f"opc.tcp://127.0.0.1:{self.port}/test"

    async def _add(self, identifier: str | int, value: Any, kind: ua.VariantType, writable: bool) -> Any:
        node = await self.server.nodes.objects.add_variable(
            ua.NodeId(identifier, self.index), str(identifier), ua.Variant(value, kind)
        )
        if writable:
            await node.set_writable()
        return node

    async def _set_data(self, node: Any, data: ua.DataValue) -> None:
        await self.server.iserver.write_attribute_value(node.nodeid, data)


@contextlib.contextmanager
def ua_server(namespaces: tuple[str, ...] = (), certificate: tuple[Path, Path] | None = None) -> Iterator[UaServer]:
    """A started server, stopped at the end."""
    server = UaServer(namespaces, certificate)
    try:
        server.start()
        yield server
    finally:
        server.stop()
