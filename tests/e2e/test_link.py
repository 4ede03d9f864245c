"""The real link process on a real pair of server processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path

import pytest

from programs.pairs import UNHURRIED, main_serves
from vizclient import machine
from vizclient.items.address import Address
from vizclient.items.freshness import Freshness
from vizclient.items.writing import Readback, WriteOutcome, WriteState
from vizclient.link.client import LinkClient
from vizclient.link.mirror import Mirror
from vizclient.link.spawn import start_link
from vizclient.redundancy.model import ConnectionState, Server
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

_NAMESPACE = "urn:vizclient:demo:bms"
_ROOMS = [f"KNX/F1/Office{100 + number}" for number in range(1, 7)]
_ITEMS = [f"{room}/{name}" for room in _ROOMS for name in ("Temperature", "Setpoint")]
_SETPOINT = 1
_PATIENCE = 30.0


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Pair(Options(standby="passive", dead_after=UNHURRIED)).start() as running:
        main_serves(running)
        yield running


@pytest.fixture
def profile(pair: Pair, tmp_path: Path) -> Path:
    file = tmp_path / "site.toml"
    file.write_text(
        f'format = 1\nname = "Test"\n[main]\nurl = "{pair.url("main")}"\n[backup]\nurl = "{pair.url("backup")}"\n'
        '[security]\npolicy = "None"\nmode = "None"\n'
    )
    return file


class _Window:
    """A client and its mirror, without a screen."""

    def __init__(self, profile: Path, data: Path) -> None:
        self.mirror = Mirror()
        self.handles = [self.mirror.handle(Address(_NAMESPACE, item)) for item in _ITEMS]
        self.client = LinkClient(profile, data, self.mirror)
        self.writes: list[WriteState] = []
        self.troubles: list[tuple[str, Mapping[str, str]]] = []
        self._moved = asyncio.Event()
        self.client.on_write.append(self.writes.append)
        self.client.on_write.append(lambda _: self._moved.set())
        self.client.on_connection.append(lambda _: self._moved.set())
        self.client.on_switchover.append(lambda _: self._moved.set())
        self.client.on_trouble.append(lambda code, arguments: self.troubles.append((code, arguments)))
        self.client.on_trouble.append(lambda *_: self._moved.set())
        self.mirror.on_standing.append(self._moved.set)
        self.mirror.on_samples.append(lambda _: self._moved.set())
        self.mirror.on_metadata.append(lambda _: self._moved.set())

    async def until(self, holds: Callable[[], bool]) -> float:
        async with asyncio.timeout(_PATIENCE):
            while not holds():
                self._moved.clear()
                await self._moved.wait()
        return time.perf_counter()

    def all_are(self, *freshness: Freshness, server: Server | None = None) -> bool:
        now = time.perf_counter()
        return all(
            self.mirror.freshness(handle, now) in freshness
            and (server is None or ((sample := self.mirror.samples[handle]) is not None and sample.server == server))
            for handle in self.handles
        )

    async def live(self, server: Server) -> float:
        return await self.until(lambda: self.all_are(Freshness.LIVE, server=server))


def _play(profile: Path, scene: Callable[[_Window], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        window = _Window(profile, profile.parent / "data")
        window.client.start()
        window.client.show("page", window.handles)
        try:
            await scene(window)
        finally:
            await window.client.close()

    asyncio.run(whole())


def test_the_page_goes_on_when_the_active_server_is_killed_or_frozen(pair: Pair, profile: Path) -> None:
    async def scene(window: _Window) -> None:
        await window.live(Server.MAIN)
        killed_at = time.perf_counter()
        pair.kill("main")
        await window.live(Server.BACKUP)
        await window.until(
            lambda: bool(window.client.switchovers) and window.client.switchovers[-1].all_values_at is not None
        )
        record = window.client.switchovers[-1]
        assert (record.left, record.taken) == (Server.MAIN, Server.BACKUP)
        assert killed_at < record.lost_at <= record.active_at <= record.adopted_at
        pair.restart("main")
        await window.live(Server.MAIN)  # handed back
        pair.freeze("main")
        await window.live(Server.BACKUP)

    _play(profile, scene)


def test_a_killed_link_is_replaced_and_everything_is_live_again(pair: Pair, profile: Path) -> None:
    async def scene(window: _Window) -> None:
        await window.live(Server.MAIN)
        pid = window.client.pid
        assert pid is not None
        window.client._life.process.kill()  # type: ignore[union-attr]
        await window.until(lambda: window.all_are(Freshness.STALE))
        await window.live(Server.MAIN)
        assert window.client.pid not in (None, pid)
        assert window.troubles[0][0] == "link-restarted"

    _play(profile, scene)


def test_a_write_reaches_the_active_server_and_one_under_way_at_the_kill_is_unknown(pair: Pair, profile: Path) -> None:
    async def scene(window: _Window) -> None:
        await window.live(Server.MAIN)
        generation = window.mirror.standing.generation
        window.client.write(_SETPOINT, 23.5, generation)
        await window.until(lambda: bool(window.writes) and window.writes[-1].outcome is not WriteOutcome.PENDING)
        assert window.writes[-1].outcome is WriteOutcome.DONE
        pair.freeze("main")  # what is sent now is under way until the server is given up
        window.client.write(_SETPOINT, 17.5, generation, Readback())
        await window.until(lambda: window.writes[-1].outcome is WriteOutcome.UNKNOWN)
        pair.kill("main")
        await window.live(Server.BACKUP)
        sample = window.mirror.samples[_SETPOINT]
        assert sample is not None
        assert sample.value == 23.5, "what was written before is there, what was under way is not replayed"

    _play(profile, scene)


def test_roles_swapped_with_both_alive_move_the_page_and_a_write_of_before_is_refused(
    pair: Pair, profile: Path
) -> None:
    async def scene(window: _Window) -> None:
        await window.live(Server.MAIN)
        seen = window.mirror.standing.generation
        pair.swap()
        await window.live(Server.BACKUP)
        window.client.write(_SETPOINT, 20.0, seen)
        await window.until(lambda: bool(window.writes))
        assert window.writes[-1].code == "write-generation"

    _play(profile, scene)


def test_a_cold_start_with_the_main_down_finds_the_backup(pair: Pair, profile: Path) -> None:
    killed_at = time.perf_counter()
    pair.kill("main")
    pair.wait_for_role("backup", "active", since=killed_at)

    async def scene(window: _Window) -> None:
        await window.live(Server.BACKUP)

    _play(profile, scene)


def test_nobody_there_is_said_and_the_end_is_quick(pair: Pair, profile: Path) -> None:
    pair.kill("main")
    pair.kill("backup")

    async def scene(window: _Window) -> None:
        def said() -> bool:
            connection = window.client.connection
            return connection is not None and connection.state is ConnectionState.NO_ACTIVE

        await window.until(said)
        assert window.all_are(Freshness.NEVER)

    _play(profile, scene)


def test_a_profile_that_broke_meanwhile_is_said(profile: Path) -> None:
    profile.write_text("format = 1\nname = 7\n")

    async def scene(window: _Window) -> None:
        await window.until(lambda: bool(window.troubles))
        assert window.troubles[0][0].startswith("profile-")

    _play(profile, scene)


def test_a_link_whose_window_is_gone_closes_its_session_and_exits(profile: Path) -> None:
    link = start_link(profile, profile.parent / "data")
    assert link.stdin is not None
    assert link.stdout is not None
    try:
        assert link.stdout.read(1), "it has greeted"
        link.stdin.close()
        assert link.wait(_PATIENCE) == 0
    finally:
        link.kill()
        link.wait()
        link.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="the system's job object does it there")
def test_a_link_whose_window_is_killed_ends_too(profile: Path) -> None:
    window = (
        "import sys, time; from pathlib import Path; from vizclient.link.spawn import start_link\n"
        "link = start_link(Path(sys.argv[1]), Path(sys.argv[2])); link.stdout.read(1)\n"
        "print(link.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-P", "-c", window, str(profile), str(profile.parent / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, **machine.spawn_options()) as process:
        assert process.stdout is not None
        link = int(process.stdout.readline())
        process.kill()
    deadline = time.perf_counter() + 10
    while _runs(link):
        assert time.perf_counter() < deadline, "the link outlives its window"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
