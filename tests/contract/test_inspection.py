"""What a session shows of its server with a view to a switchover, asked of a real one."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua, uamethod

from fakes.ua_server import NAMESPACE, UaServer, ua_server
from vizclient.items.address import Address
from vizclient.items.ports import ServiceFault
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Deadlines, Target
from vizclient.opcua.inspection import certificate_in, certificate_of
from vizclient.opcua.session import OpcUaSession
from vizclient.opcua.trust import Security, own_identity
from vizclient.redundancy.model import Server, Timing
from vizclient.redundancy.ports import Deaf
from vizclient.redundancy.readiness import Certificates, PagesFile

PAGES = Address(NAMESPACE, "Pages")


class PagesNode:
    """A FileType object with methods of its own, which remembers who has it open."""

    def __init__(self, server: UaServer, content: bytes) -> None:
        self.content = content
        self.opened: dict[int, int] = {}
        self.opens = 0
        self.refuse = 0
        self.server = server
        server.run(self._make())

    def change(self, content: bytes) -> None:
        """Another content, and a later time of its last change."""
        self.content = content
        self.server.run(self._modified.write_value(self._modified_at + 1.0 * len(content)))

    async def _make(self) -> None:
        real, index = self.server.server, self.server.index
        node = await real.nodes.objects.add_object(ua.NodeId("Pages", index), f"{index}:Pages")
        self._modified_at = 1000.0
        self._modified = await node.add_property(ua.NodeId("Pages.Modified", index), "0:LastModifiedTime", 1000.0)

        @uamethod  # type: ignore[untyped-decorator]
        def opening(_parent: Any, mode: int) -> Any:
            if self.refuse:
                return ua.StatusCode(self.refuse)
            assert mode == 1, "to be read only"
            self.opens += 1
            self.opened[self.opens] = 0
            return ua.Variant(self.opens, ua.VariantType.UInt32)

        @uamethod  # type: ignore[untyped-decorator]
        def reading(_parent: Any, handle: int, length: int) -> Any:
            start = self.opened[handle]
            self.opened[handle] = start + length
            return self.content[start : start + length]

        @uamethod  # type: ignore[untyped-decorator]
        def closing(_parent: Any, handle: int) -> None:
            del self.opened[handle]

        u32, i32 = ua.VariantType.UInt32, ua.VariantType.Int32
        for name, method, inputs, outputs in (
            ("Open", opening, [ua.VariantType.Byte], [u32]),
            ("Read", reading, [u32, i32], [ua.VariantType.ByteString]),
            ("Close", closing, [u32], []),
        ):
            await node.add_method(ua.NodeId(f"Pages.{name}", index), f"0:{name}", method, inputs, outputs)


@pytest.fixture(scope="module")
def plant() -> Iterator[UaServer]:
    with ua_server(("urn:test:other",)) as server:
        for name in ("Temperature", "Secret"):
            server.add(name, 1.0, ua.VariantType.Double)
        secret = server.server.get_node(ua.NodeId("Secret", server.index))
        nothing = ua.DataValue(ua.Variant(0, ua.VariantType.Byte))
        server.run(secret.write_attribute(ua.AttributeIds.UserAccessLevel, nothing))
        yield server


@pytest.fixture(scope="module")
def pages(plant: UaServer) -> PagesNode:
    return PagesNode(plant, b"x" * 70_000)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if content.startswith(b"x") else ""


def _connector(target: Target, folder: Path) -> OpcUaConnector:
    return OpcUaConnector(
        {Server.BACKUP: target},
        own=folder / "own",
        trusted=folder / "trusted",
        timing=Timing(),
        deadlines=Deadlines(step=2.0, request=2.0),
    )


async def _open(server: UaServer, folder: Path) -> OpcUaSession:
    result = await _connector(Target(server.url), folder).probe(Server.BACKUP, 0, Deaf(), session=True)
    assert isinstance(result.session, OpcUaSession), result.report
    return result.session


def test_it_tells_items_namespaces_and_the_clock_apart_and_leaves_no_session(plant: UaServer, tmp_path: Path) -> None:
    items = [Address(NAMESPACE, name) for name in ("Temperature", "Secret", "Gone")]
    items.append(Address("urn:nowhere", "Temperature"))
    began = time.time()

    async def run() -> None:
        session = await _open(plant, tmp_path)
        try:
            found = await session.inspect(items)
        finally:
            await session.close()
        assert found.server is Server.BACKUP
        assert began - 0.1 <= found.wall <= time.time() + 0.1
        assert found.items == frozenset(items)
        assert found.missing == frozenset(items[2:])
        assert found.unreadable == {items[1]}
        assert set(found.namespaces) == {NAMESPACE, "urn:test:other"}, "neither the standard's nor the server's own"
        assert found.skew is not None
        assert abs(found.skew) < 10.0, "it tells its time once a second, if it is not held up"
        assert found.pages is None

    asyncio.run(run())
    assert plant.left() == (0, 0)


def test_the_pages_are_read_whole_and_again_only_when_they_have_changed(
    plant: UaServer, pages: PagesNode, tmp_path: Path
) -> None:
    async def run() -> None:
        session = await _open(plant, tmp_path)
        try:
            first = await session.read_pages(PAGES, None, _digest)
            assert (first.digest, first.fault) == (_digest(pages.content), "")
            opens = pages.opens
            assert await session.read_pages(PAGES, first, _digest) == first
            assert pages.opens == opens, "its stamp is the same"
            pages.change(b"x" * 1000)
            second = await session.read_pages(PAGES, first, _digest)
            assert second.digest == _digest(b"x" * 1000)
            pages.change(b"no bundle")
            assert (await session.read_pages(PAGES, second, _digest)).fault == "broken"
            pages.refuse = ua.StatusCodes.BadUserAccessDenied
            assert (await session.read_pages(PAGES, None, _digest)).fault == "unreadable"
        finally:
            pages.refuse = 0
            pages.change(b"x" * 70_000)
            await session.close()

    asyncio.run(run())
    assert pages.opened == {}, "whatever was opened is closed"


@pytest.mark.parametrize(
    "file", [Address(NAMESPACE, "Nothing"), Address(NAMESPACE, "Temperature"), Address("urn:no", 1)]
)
def test_a_file_that_is_not_there_is_missing(plant: UaServer, tmp_path: Path, file: Address) -> None:
    async def run() -> PagesFile:
        session = await _open(plant, tmp_path)
        try:
            return await session.read_pages(file, None, _digest)
        finally:
            await session.close()

    assert asyncio.run(run()) == PagesFile(fault="missing")


def test_a_file_that_is_too_big_is_not_read_to_its_end(
    plant: UaServer, pages: PagesNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vizclient.opcua.inspection.MOST_BYTES", 40_000)

    async def run() -> PagesFile:
        session = await _open(plant, tmp_path)
        try:
            return await session.read_pages(PAGES, None, _digest)
        finally:
            await session.close()

    assert asyncio.run(run()) == PagesFile(fault="too-big")
    assert pages.opened == {}


def test_a_session_that_is_over_says_so(plant: UaServer, tmp_path: Path) -> None:
    async def run() -> None:
        session = await _open(plant, tmp_path)
        await session.close()
        with pytest.raises((ConnectionError, ServiceFault)):
            await session.inspect([])
        with pytest.raises((ConnectionError, ServiceFault)):
            await session.read_pages(PAGES, None, _digest)

    asyncio.run(run())


def test_certificates_are_those_kept_on_this_computer(tmp_path: Path) -> None:
    plain = _connector(Target("opc.tcp://localhost:1"), tmp_path)
    assert plain.certificates(Server.BACKUP) == Certificates()
    secured = _connector(Target("opc.tcp://localhost:1", Security("Basic256Sha256", "SignAndEncrypt")), tmp_path)
    assert secured.certificates(Server.BACKUP) == Certificates(needed=True)
    own_identity(tmp_path / "own")
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "backup.der").write_bytes((tmp_path / "own" / "vizclient.der").read_bytes())
    found = secured.certificates(Server.BACKUP)
    assert found.own is not None
    assert found.own == found.trusted == certificate_in(tmp_path / "own" / "vizclient.der")
    assert found.own.begins < time.time() < found.own.ends
    assert certificate_of(b"no certificate") is None
