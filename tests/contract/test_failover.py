"""The method Failover of a real server: whether it is offered, what calling it does, and what is said where it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from asyncua import ua

from fakes.ua_server import UaServer, ua_server
from vizclient.items.ports import ServiceFault
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Deadlines, Target
from vizclient.opcua.session import OpcUaSession
from vizclient.redundancy.model import Server, Timing
from vizclient.redundancy.ports import Deaf, Offer

_T = TypeVar("_T")


class Method:
    """Failover as a child of ServerRedundancy, called by name; it is refused with `status`."""

    def __init__(self, server: UaServer) -> None:
        self.calls = 0
        self.status = 0
        self.url = server.url
        self._server = server
        self.node = server.run(self._make())

    def allow(self, attribute: ua.AttributeIds, *, allowed: bool) -> None:
        self._server.run(self.node.write_attribute(attribute, ua.DataValue(ua.Variant(allowed))))

    async def _make(self) -> Any:
        def fail_over(_parent: Any) -> Any:
            self.calls += 1
            return ua.StatusCode(self.status)

        redundancy = self._server.node(ua.ObjectIds.Server_ServerRedundancy)
        return await redundancy.add_method(ua.NodeId("Failover", self._server.index), "0:Failover", fail_over, [], [])


@pytest.fixture(scope="module")
def plain() -> Iterator[UaServer]:
    with ua_server() as server:
        yield server


@pytest.fixture(scope="module")
def method() -> Iterator[Method]:
    with ua_server() as server:
        yield Method(server)


def asked(url: str, folder: Path, ask: Callable[[OpcUaSession], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        connector = OpcUaConnector(
            {Server.MAIN: Target(url)},
            own=folder / "own",
            trusted=folder / "trusted",
            timing=Timing(),
            deadlines=Deadlines(step=2.0, request=2.0),
        )
        result = await connector.probe(Server.MAIN, 0, Deaf(), session=True)
        assert isinstance(result.session, OpcUaSession), result.report
        try:
            return await ask(result.session)
        finally:
            await result.session.close()

    return asyncio.run(run())


def test_a_server_without_the_method_offers_nothing(plain: UaServer, tmp_path: Path) -> None:
    assert asked(plain.url, tmp_path, OpcUaSession.failover_offer) is Offer.NONE
    with pytest.raises(ServiceFault) as refused:
        asked(plain.url, tmp_path, OpcUaSession.fail_over)
    assert refused.value.status == ua.StatusCodes.BadNodeIdUnknown


def test_it_is_called_once_where_it_is_offered(method: Method, tmp_path: Path) -> None:
    assert asked(method.url, tmp_path, OpcUaSession.failover_offer) is Offer.OFFERED
    assert method.calls == 0
    asked(method.url, tmp_path, OpcUaSession.fail_over)
    assert method.calls == 1


@pytest.mark.parametrize("attribute", [ua.AttributeIds.Executable, ua.AttributeIds.UserExecutable])
def test_what_nobody_or_not_this_user_may_call_is_forbidden(
    method: Method, tmp_path: Path, attribute: ua.AttributeIds
) -> None:
    method.allow(attribute, allowed=False)
    try:
        assert asked(method.url, tmp_path, OpcUaSession.failover_offer) is Offer.FORBIDDEN
    finally:
        method.allow(attribute, allowed=True)


def test_a_refusal_is_told_with_its_status(method: Method, tmp_path: Path) -> None:
    method.status = ua.StatusCodes.BadInvalidState
    try:
        with pytest.raises(ServiceFault) as refused:
            asked(method.url, tmp_path, OpcUaSession.fail_over)
    finally:
        method.status = 0
    assert refused.value.status == ua.StatusCodes.BadInvalidState
