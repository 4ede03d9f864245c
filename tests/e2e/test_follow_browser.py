"""The landing page in a real browser: it holds the active server's web visualization, and moves with it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from programs.browser import Browser
from programs.following import Building, building, lacking
from vizclient.redundancy.model import Server

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(lacking("chromium")), reason=lacking("chromium"))]

IN_TIME = 1.0
_FRAME = "document.querySelector('iframe')?.contentDocument"
_SERVER = f"{_FRAME}?.getElementById('server')?.textContent"
_LIVE = f"{_FRAME}?.getElementById('live')?.textContent"
_PATH = f"{_FRAME}?.getElementById('path')?.textContent"
_COVERED = "!document.getElementById('cover').hidden"
_ROOM = "/vision/rooms/102?view=2"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    with building(tmp_path_factory.mktemp("browser"), with_programs=False) as running:
        yield running


@pytest.fixture
def page(site: Building) -> Iterator[Browser]:
    with Browser() as browser:
        browser.go(site.landing)
        browser.wait(_SERVER, lambda text: text == "main")
        yield browser


def moved(page: Browser, server: Server, since: float) -> float:
    """Seconds from `since` until the page of `server` is there, with live values."""
    seen = page.wait(_SERVER, lambda text: text == server)
    page.wait(_LIVE, lambda text: str(text).startswith(server))
    return seen - since


def test_the_page_moves_through_a_kill_and_a_swap_and_keeps_its_path(site: Building, page: Browser) -> None:
    page.wait(_LIVE, lambda text: str(text).startswith("main"))
    page.ask(f"{_FRAME}.getElementById('next').click()")
    page.wait("location.hash", lambda text: text == f"#{_ROOM}#top")

    site.settle()
    assert moved(page, Server.BACKUP, site.swap()) < IN_TIME
    assert (page.ask(_PATH), page.ask("location.hash")) == (_ROOM, f"#{_ROOM}#top")
    assert page.ask("document.getElementById('strip').textContent").startswith("The backup server is active, since ")
    assert site.machines[Server.MAIN].site.sockets == 0

    site.settle()
    assert moved(page, Server.MAIN, site.swap()) < IN_TIME
    site.settle()
    assert moved(page, Server.BACKUP, site.kill(Server.MAIN)) < IN_TIME
    assert page.ask(_PATH) == _ROOM
    assert moved(page, Server.MAIN, site.restart(Server.MAIN)) < IN_TIME
    assert page.ask(_PATH) == _ROOM

    assert page.ask("document.querySelectorAll('iframe').length") == 1
    own = site.landing.removesuffix("/")
    assert [url for url in page.requested if not url.startswith((own, own.replace("http", "ws"), "data:"))] == []
    assert [text for text in page.complaints if "sandbox" not in text and "Failed to load" not in text] == []


def test_while_nobody_is_active_it_says_so_and_shows_no_page_and_goes_on_by_itself(
    site: Building, page: Browser
) -> None:
    site.settle()
    site.kill(Server.MAIN)
    page.wait(_SERVER, lambda text: text == "backup")
    site.pair.kill(Server.BACKUP)
    page.wait(_COVERED)
    assert page.ask("document.querySelector('iframe')") is None
    page.wait("document.querySelector('h1').textContent", lambda text: text == "No server is active")
    assert "Main: down. Backup: down." in page.ask("document.body.innerText")
    for server in Server:
        site.pair.restart(server)
    site.machines[Server.MAIN].start()
    page.wait(_SERVER, lambda text: text == "main")
    assert page.ask(_COVERED) is False


def test_when_the_service_ends_the_page_shows_nothing_until_it_is_back(site: Building, page: Browser) -> None:
    ended = time.perf_counter()
    site.service.close()
    page.wait("document.querySelector('h1').textContent", lambda text: text == "Nobody tells which server is active")
    assert page.wait(_COVERED) - ended < IN_TIME + 1.0
    site.start_service()
    page.wait(_SERVER, lambda text: text == "main")


def test_whoever_opens_a_page_of_the_visualization_by_itself_gets_it_in_the_frame(
    site: Building, page: Browser
) -> None:
    page.go(f"{site.landing}vision/rooms/7?x=%20y")
    page.wait(_PATH, lambda text: text == "/vision/rooms/7?x=%20y")
    assert page.ask("location.pathname + location.hash") == "/.vizclient/#/vision/rooms/7?x=%20y"
    page.ask("location.hash = '#//evil.example/'")
    page.wait(_PATH, lambda text: text == "/vision/")
