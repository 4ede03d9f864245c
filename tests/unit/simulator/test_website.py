"""What browsers see of a simulated server, over real connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from asyncua.server.address_space import AddressSpace

from vizclient.redundancy.model import Server
from vizclient.simulator.building import building_items
from vizclient.simulator.http_port import Answer, HttpPort, Request
from vizclient.simulator.nodes import ItemNodes
from vizclient.simulator.web_manager import Shown, WebManager
from vizclient.simulator.website import Website, value_text

BY_NAME = {item.identifier: item for item in building_items()}


def at_a_port(answer: Callable[[Request], Awaitable[Answer]], work: Callable[[HttpPort, int], Awaitable[None]]) -> None:
    """Work with an open port that answers so."""

    async def run() -> None:
        port = HttpPort("127.0.0.1", 0, answer)
        assert port._reserved is not None
        number = port._reserved.getsockname()[1]
        port._address = ("127.0.0.1", number)
        await port.open()
        try:
            await work(port, number)
        finally:
            await port.close()

    asyncio.run(run())


async def ask(port: int, text: str) -> tuple[int, str]:
    """The status and the whole answer to these lines."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.replace("\n", "\r\n").encode())
    found = (await asyncio.wait_for(reader.read(), 5)).decode()
    writer.close()
    return int(found.split(" ")[1]), found


async def echo(request: Request) -> Answer:
    return Answer(f"{request.method} {request.path} {json.dumps(dict(request.form))}", kind="text/plain")


@pytest.mark.parametrize(
    ("lines", "status", "wanted"),
    [
        ("GET /a%20b?x=1 HTTP/1.1\nHost: h\n\n", 200, 'GET /a b {"x": "1"}'),
        ("POST /p HTTP/1.1\nContent-Length: 9\n\ntext=h%C3%A4", 200, "POST /p"),
        ("POST /p HTTP/1.1\nTransfer-Encoding: chunked\n\n", 411, ""),
        ("POST /p HTTP/1.1\nContent-Length: 99999\n\n", 413, ""),
        ("DELETE / HTTP/1.1\n\n", 501, ""),
        ("GET /\n\n", 400, ""),
        ("GET / HTTP/1.1\nHost : h\n\n", 400, ""),
        ("GET //[ HTTP/1.1\n\n", 400, ""),
        ("GET /?" + "&".join(f"a{n}=1" for n in range(30)) + " HTTP/1.1\n\n", 400, ""),
        (f"GET / HTTP/1.1\nX: {'x' * 40_000}\n\n", 431, ""),
    ],
)
def test_requests_and_what_is_none(lines: str, status: int, wanted: str) -> None:
    async def work(_port: HttpPort, number: int) -> None:
        found, text = await ask(number, lines)
        assert (found, wanted in text) == (status, True)

    at_a_port(echo, work)


def test_a_shut_port_refuses_drops_its_streams_and_is_kept() -> None:
    async def endless() -> AsyncIterator[str]:
        while True:
            yield "data: x\n\n"
            await asyncio.sleep(0.01)

    async def answer(_request: Request) -> Answer:
        return Answer(endless(), kind="text/event-stream")

    async def work(port: HttpPort, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"data: x\n\n")
        port.shut()
        with contextlib.suppress(ConnectionError):  # an end is as good as a reset
            await asyncio.wait_for(reader.read(), 5)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", number)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", number))
        await port.open()
        (await asyncio.open_connection("127.0.0.1", number))[1].close()

    at_a_port(answer, work)


def site(*, silent: bool = False) -> Website:
    items = building_items()
    now = datetime(2025, 3, 3, tzinfo=UTC)
    nodes = ItemNodes(
        _space(), 2, items, [item.initial for item in items], [now] * len(items), [item.status for item in items]
    )
    return Website(Server.MAIN, items, nodes, lambda: silent)


def _space() -> AddressSpace:
    from asyncua import ua
    from asyncua.server.address_space import NodeManagementService
    from asyncua.server.standard_address_space.standard_address_space import fill_address_space

    space = AddressSpace()
    fill_address_space(NodeManagementService(space))
    assert ua.NodeId(ua.ObjectIds.ObjectsFolder) in space
    return space


def get(website: Website, path: str, **form: str) -> Answer:
    return asyncio.run(website.answer(Request("GET", path, {}, form)))


def test_every_interface_has_a_page_with_its_values() -> None:
    website = site()
    overview = get(website, "/")
    assert isinstance(overview.body, str)
    assert "main server" in overview.body
    for interface in {item.interface for item in BY_NAME.values()}:
        page = get(website, f"/interface/{interface}")
        assert f"/interface/{interface}" in overview.body
        assert isinstance(page.body, str)
        for item in BY_NAME.values():
            if item.interface == interface and item.status == 0 and isinstance(item.initial, int | float):
                assert value_text(item, item.initial) in page.body
    assert get(website, "/interface/Nothing").status is HTTPStatus.NOT_FOUND


def test_values_come_as_a_stream_everything_first() -> None:
    async def first() -> dict[str, list[object]]:
        answer = await site().answer(Request("GET", "/values", {}, {"of": "GridVis"}))
        assert not isinstance(answer.body, str)
        found: dict[str, list[object]] = json.loads((await anext(answer.body)).removeprefix("data: "))
        return found

    found = asyncio.run(first())
    assert len(found) == 14
    assert ["400.0 V", True] in found.values()


def test_a_server_that_was_stopped_says_nothing() -> None:
    with pytest.raises(ConnectionAbortedError):
        get(site(silent=True), "/")


@pytest.mark.parametrize(
    ("item", "value", "text"),
    [
        ("KNX/F1/Office101/Temperature", 21.5, "21.5 °C"),
        ("KNX/F1/Office101/Mode", 1, "Standby"),
        ("KNX/F1/Office101/Window", True, "Open"),
        ("OPCUA/Types/Boolean", False, "false"),
        ("OPCUA/Types/ByteString", b"\x00\x01", "00 01"),
        ("OPCUA/Service/NextInspection", datetime(2026, 6, 30, 12, tzinfo=UTC), "2026-06-30 12:00"),
        ("Modbus/PowerMeter1/Harmonics", (100.0, 0.5), "100.0, 0.5 %"),
        ("MQTT/Parking/Free", 31, "31"),
    ],
)
def test_a_value_reads_as_a_person_wants_it(item: str, value: object, text: str) -> None:
    assert value_text(BY_NAME[item], value) == text


class Desk:
    """A Web Manager, and what was asked of the server through it."""

    def __init__(self, *, active: bool, able: bool = True) -> None:
        self.done: list[str] = []
        shown = Shown(active, "Hello <b>", (("Sessions", 3),))
        self.able = able
        self.manager = WebManager(Server.BACKUP, lambda: shown, self._change, self._swap, lambda: False)

    async def _change(self, text: str) -> bool:
        self.done.append(text)
        return self.able

    async def _swap(self) -> bool:
        self.done.append("swap")
        return self.able

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **form: str) -> Answer:
        return asyncio.run(self.manager.answer(Request(method, path, headers or {}, form)))


def test_the_manager_of_an_active_server_does_what_is_asked() -> None:
    desk = Desk(active=True)
    page = desk.ask("GET", "/")
    assert isinstance(page.body, str)
    assert "Hello &lt;b&gt;" in page.body
    assert "disabled" not in page.body
    assert desk.ask("POST", "/notice", text="New").status is HTTPStatus.SEE_OTHER
    assert desk.ask("POST", "/swap").status is HTTPStatus.SEE_OTHER
    assert desk.ask("POST", "/nothing").status is HTTPStatus.NOT_FOUND
    assert desk.done == ["New", "swap"]
    assert Desk(active=True, able=False).ask("POST", "/swap").status is HTTPStatus.CONFLICT


def test_on_standby_the_manager_is_read_only_and_says_so() -> None:
    desk = Desk(active=False)
    page = desk.ask("GET", "/")
    assert isinstance(page.body, str)
    assert "read-only" in page.body
    assert page.body.count("disabled") == 3
    assert desk.ask("POST", "/notice", text="New").status is HTTPStatus.FORBIDDEN
    assert desk.done == []


def test_a_form_of_another_site_changes_nothing() -> None:
    desk = Desk(active=True)
    headers = {"host": "127.0.0.1:8080", "origin": "http://elsewhere.example"}
    assert desk.ask("POST", "/swap", headers).status is HTTPStatus.FORBIDDEN
    assert desk.done == []
    assert desk.ask("POST", "/swap", {**headers, "origin": "http://127.0.0.1:8080"}).status is HTTPStatus.SEE_OTHER
