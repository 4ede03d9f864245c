"""The page bundle as a file of a server."""

from __future__ import annotations

import asyncio
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.internal_server import InternalServer

from vizclient.pages.bundle import digest_of, load_bundle
from vizclient.resources import resource_path
from vizclient.simulator.options import PAGES
from vizclient.simulator.page_file import PageFile, bundle_bytes
from vizclient.simulator.sessions import Calls

CONTENT = bytes(range(256)) * 3
ONE, OTHER = ua.NodeId(1), ua.NodeId(2)
CHANGED = datetime(2025, 3, 3, tzinfo=UTC)


class Held:
    """A file in an address space of its own, and calls of its methods as sessions make them."""

    def __init__(self, internal: InternalServer) -> None:
        self.space, self.calls = internal.aspace, Calls()
        self.file = PageFile(self.space, 0, self.calls, CONTENT, CHANGED)

    async def call(self, session: ua.NodeId, method: str, *values: int) -> Any:
        """What the method gives, or the StatusCode that it is refused with."""
        node = self.space[ua.NodeId(f"{PAGES}/{method}", 0)]
        assert node.call is not None
        with self.calls.of(session):
            found = await node.call(ua.NodeId(PAGES, 0), *(ua.Variant(value) for value in values))
        return found.value if isinstance(found, ua.StatusCode) else [each.Value for each in found]

    def shown(self, name: str) -> Any:
        """What a property says now."""
        node = ua.NodeId(f"{PAGES}/{name}", 0)
        return self.space.read_attribute_value(node, ua.AttributeIds.Value).Value.Value


@pytest.fixture(scope="module")
def internal() -> InternalServer:
    server = InternalServer()
    asyncio.run(server.load_standard_address_space())
    return server


@pytest.fixture
def held(internal: InternalServer) -> Held:
    return Held(internal)


def test_it_is_read_in_parts_to_its_end(held: Held) -> None:
    async def work() -> bytes:
        [handle] = await held.call(ONE, "Open", 1)
        assert held.shown("OpenCount") == 1
        parts = [(await held.call(ONE, "Read", handle, 500))[0] for _ in range(3)]
        assert await held.call(ONE, "Close", handle) == []
        return b"".join(parts)

    assert asyncio.run(work()) == CONTENT
    assert (held.shown("Size"), held.shown("OpenCount"), held.shown("Writable")) == (len(CONTENT), 0, False)


def test_it_is_read_from_anywhere(held: Held) -> None:
    async def work() -> None:
        [handle] = await held.call(ONE, "Open", 1)
        assert await held.call(ONE, "SetPosition", handle, 256) == []
        assert await held.call(ONE, "Read", handle, 2) == [b"\x00\x01"]
        assert await held.call(ONE, "GetPosition", handle) == [258]

    asyncio.run(work())


def test_it_cannot_be_written(held: Held) -> None:
    async def work() -> None:
        assert await held.call(ONE, "Open", 3) == ua.StatusCodes.BadNotWritable
        [handle] = await held.call(ONE, "Open", 1)
        assert await held.call(ONE, "Write", handle, 0) == ua.StatusCodes.BadNotWritable

    asyncio.run(work())


@pytest.mark.parametrize("method", ["Read", "Close", "GetPosition", "SetPosition"])
def test_a_handle_is_of_use_to_the_session_alone_that_opened_it(held: Held, method: str) -> None:
    async def work() -> None:
        [handle] = await held.call(ONE, "Open", 1)
        more = (10,) if method in ("Read", "SetPosition") else ()
        assert await held.call(OTHER, method, handle, *more) == ua.StatusCodes.BadInvalidArgument
        for forget in held.calls.forget:
            forget(ONE)
        assert await held.call(ONE, method, handle, *more) == ua.StatusCodes.BadInvalidArgument
        assert held.shown("OpenCount") == 0

    asyncio.run(work())


def test_other_content_shows_in_size_and_time(held: Held) -> None:
    later = CHANGED + timedelta(days=1)
    held.file.replace(b"new", later)
    assert (held.shown("Size"), held.shown("LastModifiedTime")) == (3, later)


def test_a_folder_becomes_the_same_zip_every_time(tmp_path: Path) -> None:
    folder = resource_path("demo", "bundle")
    packed = bundle_bytes(folder)
    assert packed == bundle_bytes(folder)
    assert digest_of(packed) == load_bundle(folder).digest
    file = tmp_path / "a.vizbundle"
    file.write_bytes(packed)
    assert bundle_bytes(file) == packed
    with zipfile.ZipFile(file) as archive:
        assert "bundle.json" in archive.namelist()


def test_pages_that_are_not_there_are_no_empty_bundle(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        bundle_bytes(tmp_path / "nothing")
