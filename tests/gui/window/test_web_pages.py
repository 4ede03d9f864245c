"""The servers' web pages: which address is opened, and what is said where it will not follow."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from fakes.connections import connected, searching
from fakes.desk import Desk
from ui.window import Window
from vizclient.profiles.following import Manager, Web
from vizclient.redundancy.model import ConnectionState, Server

MANAGER = Manager(main="https://bms-main/admin", backup="https://bms-backup/admin")


def web(listen: str) -> Web:
    return Web(main="http://bms-main/vision", backup="http://bms-backup/vision", listen=listen, manager=MANAGER)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []

    def note(url: QUrl) -> bool:
        urls.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", note)
    return urls


@pytest.fixture
def service() -> Iterator[str]:
    """The address of somebody who lets us in."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}"


def shown(desk: Desk, qtbot: QtBot, pages: Web | None) -> Window:
    window = desk.window(web=pages)
    window.show()
    return window


def test_the_page_that_follows_is_opened_where_it_is_served(
    desk: Desk, qtbot: QtBot, opened: list[str], service: str
) -> None:
    window = shown(desk, qtbot, web(service))
    desk.connect(connected())
    window.actions_["web"].trigger()
    window.actions_["web"].trigger()  # a second click opens no second page
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [f"http://{service}/"]
    assert window.messages.texts == []


def test_where_nobody_serves_it_the_active_servers_own_page_is_opened_and_said_to_stay(
    desk: Desk, qtbot: QtBot, opened: list[str], nobody: str
) -> None:
    window = shown(desk, qtbot, web(nobody))
    desk.connect(connected(Server.BACKUP))
    window.actions_["web"].trigger()
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == ["http://bms-backup/vision"]
    [said] = window.messages.texts
    assert said.startswith("Backup: its own web page was opened, and does not move")
    assert nobody in said


def test_without_an_active_server_no_page_is_opened(desk: Desk, qtbot: QtBot, opened: list[str], nobody: str) -> None:
    window = shown(desk, qtbot, web(nobody))
    desk.connect(searching(ConnectionState.NO_ACTIVE))
    window.actions_["web"].trigger()
    qtbot.waitUntil(lambda: bool(window.messages.texts))
    assert window.messages.texts[0].startswith("No server is active, and vizclient follow does not answer")
    assert opened == []


def test_a_desktop_without_a_browser_is_told_the_address(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: False)
    window = shown(desk, qtbot, web(service))
    window.actions_["web"].trigger()
    qtbot.waitUntil(lambda: bool(window.messages.texts))
    assert window.messages.texts[0] == f"No browser could be started. The address is http://{service}/"


def test_the_web_manager_of_both_can_be_opened_and_the_standbys_is_marked_read_only(
    desk: Desk, qtbot: QtBot, opened: list[str], nobody: str
) -> None:
    window = shown(desk, qtbot, web(nobody))
    window.actions_["servers"].trigger()
    assert window.servers is not None
    buttons = {server: window.servers.manager_button(server) for server in Server}
    desk.connect(connected(Server.BACKUP))
    texts = {server: button.text() for server, button in buttons.items() if button is not None}
    assert texts == {Server.MAIN: "Read-only", Server.BACKUP: "Open"}
    desk.connect(connected(Server.MAIN, 2))
    for button in buttons.values():
        assert button is not None
        assert button.isEnabled()
        button.click()
    assert opened == ["https://bms-main/admin", "https://bms-backup/admin"]


def test_a_profile_without_web_addresses_offers_nothing(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot, None)
    window.actions_["servers"].trigger()
    assert window.servers is not None
    assert window.servers.manager_button(Server.MAIN) is None
    assert not window.actions_["web"].isVisible()
