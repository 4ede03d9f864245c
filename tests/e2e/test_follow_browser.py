"""The landing page in a real browser: it holds the active server's web visualization, and moves with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.browser import Browser
from programs.following import Building, answer_of, building, lacking, process, wait_until
from programs.pairs import UNHURRIED, main_serves
from programs.ports import free_ports
from programs.watching import vizclient
from vizclient.redundancy.model import Server
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(lacking("chromium")), reason=lacking("chromium"))]

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


def arrives(page: Browser, server: Server) -> None:
    """Wait until the page of `server` is there, with live values."""
    page.wait(_SERVER, lambda text: text == server)
    page.wait(_LIVE, lambda text: str(text).startswith(server))


def test_the_page_moves_through_a_kill_and_a_swap_and_keeps_its_path(site: Building, page: Browser) -> None:
    page.wait(_LIVE, lambda text: str(text).startswith("main"))
    page.ask(f"{_FRAME}.getElementById('next').click()")
    page.wait("location.hash", lambda text: text == f"#{_ROOM}#top")

    site.settle()
    site.swap()
    arrives(page, Server.BACKUP)
    assert (page.ask(_PATH), page.ask("location.hash")) == (_ROOM, f"#{_ROOM}#top")
    assert page.ask("document.getElementById('strip').textContent").startswith("The backup server is active, since ")
    wait_until(lambda: site.machines[Server.MAIN].site.sockets == 0, "the main's page to be left")

    site.settle()
    site.swap()
    arrives(page, Server.MAIN)
    site.settle()
    site.kill(Server.MAIN)
    arrives(page, Server.BACKUP)
    assert page.ask(_PATH) == _ROOM
    site.restart(Server.MAIN)
    arrives(page, Server.MAIN)
    assert page.ask(_PATH) == _ROOM

    assert page.ask("document.querySelectorAll('iframe').length") == 1
    own = site.landing.removesuffix("/")
    assert [url for url in page.requested if not url.startswith((own, own.replace("http", "ws"), "data:"))] == []
    borne = ("sandbox", "Failed to load", "WebSocket")  # the last two while nobody is active
    assert [text for text in page.complaints if not any(word in text for word in borne)] == []


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
    page.wait("document.body.innerText", lambda text: "Main: down. Backup: down." in str(text))
    for server in Server:
        site.pair.restart(server)
    site.machines[Server.MAIN].start()
    page.wait(_SERVER, lambda text: text == "main")
    assert page.ask(_COVERED) is False


def test_when_the_service_ends_the_page_shows_nothing_until_it_is_back(site: Building, page: Browser) -> None:
    site.service.close()
    page.wait("document.querySelector('h1').textContent", lambda text: text == "Nobody tells which server is active")
    page.wait(_COVERED)
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


def test_the_simulated_buildings_own_visualization_moves_too(tmp_path: Path) -> None:
    landing, health, agent = free_ports(3)
    options = Options(standby="closed", dead_after=UNHURRIED, main_web_port=0, backup_web_port=0)
    with Pair(options).start() as pair:
        main_serves(pair)
        profile = tmp_path / "site.toml"
        profile.write_text(
            f'format = 1\nname = "Building A"\n[main]\nurl = "{pair.url("main")}"\n[backup]\nurl = "{pair.url("backup")}"\n'
            f'[security]\npolicy = "None"\nmode = "None"\n'
            f'[web]\nmain = "{pair.web_url("main")}"\nbackup = "{pair.web_url("backup")}"\n'
            f'listen = "127.0.0.1:{landing}"\n'
            f'[follow]\nhealth = "127.0.0.1:{health}"\nagent = "127.0.0.1:{agent}"\n',
            "utf-8",
        )
        command = vizclient("follow", "--profile", profile, data_dir=tmp_path / "data")
        with process(*command, stdout=subprocess.DEVNULL), Browser() as page:
            wait_until(lambda: answer_of(f"http://127.0.0.1:{health}/main")[0] == 200, "vizclient follow")
            page.go(f"http://127.0.0.1:{landing}/interface/KNX")
            page.wait(f"{_FRAME}?.querySelector('.server')?.textContent", lambda text: text == "main server")
            page.wait(f"{_FRAME}?.querySelector('.live')?.textContent", lambda text: text == "live")
            pair.kill("main")
            page.wait(f"{_FRAME}?.querySelector('.server')?.textContent", lambda text: text == "backup server")
            page.wait(f"{_FRAME}?.querySelector('.live')?.textContent", lambda text: text == "live")
            assert page.ask("location.hash") == "#/interface/KNX"
