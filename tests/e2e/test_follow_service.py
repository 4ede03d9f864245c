"""`vizclient follow` as a service: what it tells whoever started it, what it runs, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from programs.following import PATIENCE, answer_of, process, wait_until
from programs.pairs import UNHURRIED, main_serves
from programs.ports import free_ports
from programs.watching import vizclient
from vizclient.exits import Exit
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

unix = pytest.mark.skipif(sys.platform == "win32", reason="a service manager of Linux")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(Options(dead_after=UNHURRIED)).start() as running:
        main_serves(running)
        yield running


class Site:
    """A profile, and the command on it."""

    def __init__(self, folder: Path, pair: Pair, more: str = "") -> None:
        health, agent = free_ports(2)
        self.health = f"http://127.0.0.1:{health}"
        self.address = f"127.0.0.1:{health}"
        self.profile = folder / "site.toml"
        self.profile.write_text(
            f'format = 1\nname = "Test"\n[main]\nurl = "{pair.url("main")}"\n[backup]\nurl = "{pair.url("backup")}"\n'
            f'[security]\npolicy = "None"\nmode = "None"\n'
            f'[follow]\nhealth = "{self.address}"\nagent = "127.0.0.1:{agent}"\n{more}',
            "utf-8",
        )

    def command(self, *arguments: str) -> list[str]:
        return vizclient("follow", "--profile", self.profile, *arguments, data_dir=self.profile.parent / "data")

    @contextmanager
    def running(self, **env: str) -> Iterator[subprocess.Popen[str]]:
        with process(*self.command(), stdout=subprocess.PIPE, env={**os.environ, **env}) as child:
            wait_until(lambda: answer_of(self.health)[0] == 200, "vizclient follow")
            yield child

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=PATIENCE, check=False)


class Notes:
    """A service manager's socket. Read all the time: it holds ten notes or so, and what comes then is lost."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._path = path
        self._thread = threading.Thread(target=self._read, name="notes", daemon=True)

    def __enter__(self) -> Notes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self._path))
        self._thread.join(PATIENCE)
        self._socket.close()

    def _read(self) -> None:
        while note := self._socket.recv(1000):
            self.said.append(note.decode())


@unix
def test_the_service_manager_is_told_when_it_is_ready_how_it_is_and_that_it_lives(pair: Pair, tmp_path: Path) -> None:
    with Notes(tmp_path / "notes") as notes:
        site = Site(tmp_path, pair)
        with site.running(NOTIFY_SOCKET=str(tmp_path / "notes"), WATCHDOG_USEC="100000") as child:
            wait_until(lambda: "STATUS=main is active" in notes.said, "the status")
            wait_until(lambda: notes.said.count("WATCHDOG=1") >= 2, "signs of life")
            asked_to_end = len(notes.said)
            child.send_signal(signal.SIGTERM)
            assert child.wait(PATIENCE) == Exit.DONE
    assert notes.said[0] == "READY=1"
    assert notes.said[-1] == "STOPPING=1"
    assert set(notes.said[asked_to_end:-1]) <= {"WATCHDOG=1", "STATUS=main is active"}


def test_it_ends_when_it_is_told_to_whatever_hangs_on_it(pair: Pair, tmp_path: Path) -> None:
    slow = 'hook = ["sleep", "60"]\n' if sys.platform != "win32" else ""
    site = Site(tmp_path, pair, slow)
    with site.running() as child:
        host, port = site.address.split(":")
        with socket.create_connection((host, int(port))) as held:  # a client that asks and does not go
            held.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            held.recv(1)
            child.terminate()
            child.wait(PATIENCE)  # neither the hook nor the client has ended by then
        assert child.stdout is not None
        assert "main is active" in child.stdout.read()


def test_the_hook_hears_who_serves_at_the_start_and_of_each_switchover_once(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "hook.py"
    script.write_text(
        "import os, sys\n"
        "names = ('OLD', 'NEW', 'CAUSE', 'NEW_URL', 'NEW_HOST', 'NEW_WEB')\n"
        "with open(sys.argv[1], 'a') as file:\n"
        "    print(*(os.environ.get('VIZCLIENT_' + name) or '-' for name in names), file=file)\n",
        "utf-8",
    )
    hook = f"hook = {[sys.executable, str(script), str(told)]!r}\n"
    web = '[web]\nmain = "http://m/v"\nbackup = "http://b/v"\nlisten = "127.0.0.1:{}"\n'.format(*free_ports(1))
    with Pair(Options(standby="passive", dead_after=UNHURRIED)).start() as pair:
        main_serves(pair)
        lines: list[str] = []

        def heard(count: int) -> bool:
            lines[:] = told.read_text("utf-8").splitlines() if told.exists() else []
            return len(lines) >= count

        with Site(tmp_path, pair, hook + web).running():
            wait_until(lambda: heard(1), "the hook")
            pair.kill("main")
            wait_until(lambda: heard(2), "the hook")
        url = pair.url("backup")
        assert lines == [
            f"- main started {pair.url('main')} 127.0.0.1 http://m/v",
            f"main backup lost {url} 127.0.0.1 http://b/v",
        ]


def test_an_address_that_is_taken_is_said_and_what_to_do(pair: Pair, tmp_path: Path) -> None:
    site = Site(tmp_path, pair)
    with site.running():
        done = site.run()
    assert done.returncode == Exit.USAGE
    assert site.address in done.stderr
    assert "Is vizclient follow running already?" in done.stderr


def test_a_configuration_needs_ports_and_addresses(pair: Pair, tmp_path: Path) -> None:
    done = Site(tmp_path, pair).run("--haproxy-config")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "[[follow.port]]" in done.stderr
    port = (
        '[[follow.port]]\nname = "a"\nlisten = "127.0.0.1:1"\nmain = "no-such-host.invalid:1"\nbackup = "127.0.0.1:2"\n'
    )
    done = Site(tmp_path, pair, port).run("--haproxy-config")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "no-such-host.invalid has no address" in done.stderr
