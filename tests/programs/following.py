"""A building with all that follows its active server: a simulated pair with brokers and web servers, `vizclient follow`, HAProxy."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from fakes.websites import Website
from programs.loop_thread import LoopThread
from programs.ordinary_clients import TOPIC
from programs.pairs import UNHURRIED, main_serves
from programs.ports import free_ports
from programs.watching import vizclient
from vizclient.redundancy.model import Server
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

PATIENCE = 20.0
OPTIONS = Options(standby="passive", dead_after=UNHURRIED)
"""A standby that lets everybody in: who is kept away from it is kept away by us."""

_PROGRAMS = ("haproxy", "mosquitto", "mosquitto_pub", "mosquitto_sub", "curl")
_ONLY_AS_ROOT = ("chroot ", "user ", "group ")
_PAUSE = 0.02


def program(name: str) -> str | None:
    """Where a program is; servers are where only an administrator's path leads."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))


def lacking(*programs: str) -> str:
    """Why the tests with these cannot be run here; "" if they can."""
    missing = [name for name in programs or _PROGRAMS if program(name) is None]
    packages = "haproxy mosquitto mosquitto-clients curl chromium"
    return f"{', '.join(missing)}: not installed (Debian: apt-get install {packages})" if missing else ""


@contextmanager
def process(*command: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A child, ended by its own handle."""
    child = subprocess.Popen(list(map(str, command)), text=True, **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def answer_of(url: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer, if it is that; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            is_json = error.headers.get_content_type() == "application/json"
            return error.code, json.loads(error.read()) if is_json else {}
    except (OSError, http.client.HTTPException):
        return 0, {}


def wait_until(found: Callable[[], object], what: str) -> float:
    """Until `found()`; when that was (perf_counter)."""
    deadline = time.perf_counter() + PATIENCE
    while not found():
        assert time.perf_counter() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return time.perf_counter()


class Machine:
    """What runs beside the OPC UA server on one of the two: a web server, and a broker that is told who it is."""

    def __init__(self, server: Server, folder: Path, web_port: int, mqtt_port: int, loop: LoopThread) -> None:
        self.site = Website(server)
        self.has_broker = True
        self._server = server
        self._folder = folder
        self._web_port, self._mqtt_port = web_port, mqtt_port
        self._loop = loop
        self._runner: web.AppRunner | None = None
        self._brokers = ExitStack()
        self._told = threading.Event()

    def start(self) -> None:
        """Switch it on."""
        self._runner = self._loop.run(self._serve())
        if not self.has_broker:
            return
        config = self._folder / f"mosquitto-{self._server}.conf"
        config.write_text(f"listener {self._mqtt_port} 127.0.0.1\nallow_anonymous true\nlog_type none\n", "utf-8")
        self._brokers.enter_context(process(program("mosquitto"), "-c", config))
        self._told = threading.Event()
        thread = threading.Thread(target=self._publish, args=(self._told,), name=f"mqtt {self._server}", daemon=True)
        thread.start()
        self._brokers.callback(thread.join, 10)
        self._brokers.callback(self._told.set)

    def kill(self) -> None:
        """Switch it off. Harmless if it is off."""
        self._brokers.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            self._loop.run(runner.cleanup())

    async def _serve(self) -> web.AppRunner:
        runner = web.AppRunner(self.site.application(), access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._web_port).start()
        return runner

    def _publish(self, told: threading.Event) -> None:
        """Say whose broker it is, all the time, so that whoever is subscribed hears it, and at once."""
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self._mqtt_port), "-t", TOPIC, "-r", "-l"]
        while not told.is_set():
            with process(*command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as publisher:
                assert publisher.stdin is not None
                with contextlib.suppress(BrokenPipeError):
                    while not told.wait(_PAUSE) and publisher.poll() is None:
                        publisher.stdin.write(f"{self._server}\n")
                        publisher.stdin.flush()
            told.wait(_PAUSE)


@dataclass
class Building:
    """All of it, running. `ports`: HAProxy's, by the name of what it leads to."""

    pair: Pair
    machines: dict[Server, Machine]
    profile: Path
    health: str
    landing: str
    ports: dict[str, int]
    service: ExitStack
    """Runs `vizclient follow` for as long as it is open."""

    def start_service(self) -> subprocess.Popen[str]:
        """Start `vizclient follow`, and wait until it knows which server is active."""
        command = vizclient("follow", "--profile", self.profile, data_dir=self.profile.parent / "data")
        child = self.service.enter_context(process(*command, stdout=subprocess.DEVNULL))
        wait_until(lambda: answer_of(self.health)[0] == 200, "vizclient follow")
        return child

    def active(self, server: Server) -> bool:
        """Whether `vizclient follow` says so."""
        return answer_of(f"{self.health}/{server}")[0] == 200

    def wait_active(self, server: Server) -> float:
        """Until `vizclient follow` says that `server` is active; when that was."""
        return wait_until(lambda: self.active(server), f"{server} to be active")

    def kill(self, server: Server) -> float:
        """Take a server away, with everything on its machine; when the other one became active."""
        since = time.perf_counter()
        self.pair.kill(server)
        self.machines[server].kill()
        return float(self.pair.wait_for_role(server.other, "active", since=since)["p"])

    def restart(self, server: Server) -> float:
        """Bring it back; when it became active again."""
        since = time.perf_counter()
        self.machines[server].start()
        self.pair.restart(server)
        return float(self.pair.wait_for_role(server, "active", timeout=30, since=since)["p"])

    def swap(self) -> float:
        """Swap the roles, everything running; when the other one became active."""
        since = time.perf_counter()
        taken = Server(self.pair.active() or Server.MAIN).other
        self.pair.wait_done(self.pair.swap())
        return float(self.pair.wait_for_role(taken, "active", since=since)["p"])

    def settle(self) -> None:
        """Until both are ready and could take over."""
        wait_until(lambda: (active := self.pair.active()) and self.pair.status()[active].peer_ready, "a pair")


@contextmanager
def building(folder: Path, options: Options = OPTIONS, *, with_programs: bool = True) -> Iterator[Building]:
    """A building whose main is active; without the programs of the system, only its web servers."""
    names = ("opcua", "mqtt", "web")
    health, agent, landing, *others = free_ports(10)
    ports = dict(zip(names, others[:3], strict=True))
    web_ports, mqtt_ports = dict(zip(Server, others[3:5], strict=True)), dict(zip(Server, others[5:7], strict=True))
    with ExitStack() as stack:
        loop = stack.enter_context(LoopThread())
        pair = stack.enter_context(Pair(options))
        machines = {server: Machine(server, folder, web_ports[server], mqtt_ports[server], loop) for server in Server}
        for machine in machines.values():
            stack.callback(machine.kill)
            machine.has_broker = with_programs
            machine.start()
        pair.start()
        main_serves(pair)
        ua_ports = {Server.MAIN: pair.options.main_port, Server.BACKUP: pair.options.backup_port}
        behind = {"opcua": ua_ports, "mqtt": mqtt_ports, "web": web_ports}
        sections = "".join(
            f'[[follow.port]]\nname = "{name}"\nlisten = "127.0.0.1:{ports[name]}"\n'
            f'kind = "{"http" if name == "web" else "tcp"}"\n'
            + "".join(f'{server} = "127.0.0.1:{behind[name][server]}"\n' for server in Server)
            for name in names
        )
        profile = folder / "site.toml"
        profile.write_text(
            f'format = 1\nname = "Building A"\n[main]\nurl = "{pair.url("main")}"\n'
            f'[backup]\nurl = "{pair.url("backup")}"\n[security]\npolicy = "None"\nmode = "None"\n'
            f'[web]\nlisten = "127.0.0.1:{landing}"\n'
            + "".join(f'{server} = "http://127.0.0.1:{web_ports[server]}/vision/"\n' for server in Server)
            + f'[follow]\nhealth = "127.0.0.1:{health}"\nagent = "127.0.0.1:{agent}"\n{sections}',
            "utf-8",
        )
        urls = f"http://127.0.0.1:{health}", f"http://127.0.0.1:{landing}/"
        found = Building(pair, machines, profile, *urls, ports, stack.enter_context(ExitStack()))
        found.start_service()
        if with_programs:
            silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            haproxy = stack.enter_context(process(program("haproxy"), "-db", "-f", haproxy_file(profile), **silent))
            listens = f"http://127.0.0.1:{ports['web']}/who"
            wait_until(lambda: answer_of(listens)[0] == 200 or haproxy.poll() is not None, "HAProxy")
            assert haproxy.poll() is None, "HAProxy ended at once"
        yield found


def haproxy_file(profile: Path) -> Path:
    """The configuration that `vizclient follow --haproxy-config` prints, in a file."""
    command = vizclient("follow", "--profile", profile, "--haproxy-config", data_dir=profile.parent / "data")
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if os.geteuid() != 0:
        lines = text.splitlines(keepends=True)
        text = "".join(line for line in lines if not line.strip().startswith(_ONLY_AS_ROOT))
    file = profile.with_name("haproxy.cfg")
    file.write_text(text, "utf-8")
    return file
