"""probe, watch and write as a user runs them, against a real pair of server processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from programs.pairs import UNHURRIED, main_serves
from vizclient import machine
from vizclient.exits import Exit
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

_ROOM = "bms:KNX/F1/Office101"
_PATIENCE = 30.0


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(Options(standby="passive", dead_after=UNHURRIED)).start() as running:
        main_serves(running)
        yield running


class _Site:
    """A profile on a pair, and the commands on it."""

    def __init__(self, folder: Path, main: str, backup: str, security: str = 'policy = "None"\nmode = "None"') -> None:
        self.profile = folder / "site.toml"
        self._data = folder / "data"
        self.profile.write_text(
            f'format = 1\nname = "Test"\n[main]\nurl = "{main}"\n[backup]\nurl = "{backup}"\n'
            f'[security]\n{security}\n[namespaces]\nbms = "urn:vizclient:demo:bms"\n',
            encoding="utf-8",
        )

    def command(self, name: str, *arguments: str) -> list[str]:
        options = ["--data-dir", str(self._data), name, "--profile", str(self.profile)]
        return [sys.executable, "-P", "-m", "vizclient", *options, *arguments]

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *arguments), capture_output=True, encoding="utf-8", timeout=_PATIENCE, check=False
        )


@pytest.fixture
def site(pair: Pair, tmp_path: Path) -> _Site:
    return _Site(tmp_path, pair.url("main"), pair.url("backup"))


class _Watching:
    """A `watch --json` that runs until the end of the test."""

    def __init__(self, site: _Site, *arguments: str) -> None:
        self.process = subprocess.Popen(
            site.command("watch", "--json", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            **machine.spawn_options(),
        )
        self.rows: list[dict[str, Any]] = []
        self._moved = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, wanted: Callable[[dict[str, Any]], bool], since: int = 0) -> int:
        """The number of the first row from `since` that is wanted."""
        with self._moved:
            found = self._moved.wait_for(
                lambda: (
                    next((number for number, row in enumerate(self.rows) if number >= since and wanted(row)), None)
                    is not None
                ),
                _PATIENCE,
            )
            assert found, self.rows[-5:]
            return next(number for number, row in enumerate(self.rows) if number >= since and wanted(row))

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._moved:
                self.rows.append(json.loads(line))
                self._moved.notify_all()


@pytest.fixture
def watch(site: _Site) -> Iterator[Callable[..., _Watching]]:
    started: list[_Watching] = []

    def start(*arguments: str) -> _Watching:
        started.append(_Watching(site, *arguments))
        return started[-1]

    yield start
    for watching in started:
        watching.end()


def _live(item: str, server: str) -> Callable[[dict[str, Any]], bool]:
    wanted = {"item": item, "freshness": "live", "server": server}
    return lambda row: wanted.items() <= row.items()


def test_probe_says_what_both_servers_are(site: _Site) -> None:
    done = site.run("probe")
    assert done.returncode == Exit.DONE, done
    lines = done.stdout.splitlines()
    assert "main" in lines[0]
    assert "active" in lines[0]
    assert "service level 255" in lines[0]
    assert "standby" in lines[1]
    rows = json.loads(site.run("probe", "--json").stdout)
    assert (rows["main"]["role"], rows["main"]["reachable"], rows["main"]["state"]) == ("active", True, "Running")
    assert (rows["backup"]["role"], rows["backup"]["why"]) == ("standby", "mode")
    assert rows["main"]["took_ms"] > 0


def test_watch_prints_values_as_they_are(site: _Site, watch: Callable[..., _Watching], pair: Pair) -> None:
    item = f"{_ROOM}/Temperature"
    watching = watch(item, "bms:nope", "nsu=http://opcfoundation.org/UA/;i=2258")
    first = watching.rows[watching.until(_live(item, "main"))]
    assert set(first) == {"t", "kind", "item", "value", "status", "freshness", "server", "source_t"}
    assert isinstance(first["value"], float)
    assert first["status"] == "Good"
    clock = watching.rows[watching.until(_live("nsu=http://opcfoundation.org/UA/;i=2258", "main"))]
    assert clock["value"].endswith("Z")
    missing = watching.rows[watching.until(lambda row: row.get("freshness") == "missing")]
    assert (missing["item"], missing["value"]) == ("bms:nope", None)


_FORMS: dict[str, Any] = {
    "Service/FlowMeter": ("NaN", "live"),
    "Service/RoofSensor": (pytest.approx(9.0, abs=5.0), "uncertain"),
    "Service/CellarSensor": (None, "bad"),
    "Types/Int64": (-9_007_199_254_740_993, "live"),
    "Types/UInt64": (18_446_744_073_709_551_615, "live"),
    "Types/String": ("Äpfel & 温度", "live"),
    "Types/DateTime": ("2025-01-31T23:59:59.500000Z", "live"),
    "Types/ByteString": ({"base64": "AAH+/w=="}, "live"),
    "Types/DoubleArray": ([1.0, 2.5, -3.25], "live"),
    "Types/StringArray": (["one", "two", ""], "live"),
}


def test_every_type_has_its_stated_form_and_every_quality_its_freshness(watch: Callable[..., _Watching]) -> None:
    watching = watch(*(f"bms:OPCUA/{name}" for name in _FORMS))
    for name, (value, freshness) in _FORMS.items():
        number = watching.until(
            lambda row, item=f"bms:OPCUA/{name}": row.get("item") == item and row["status"] is not None  # type: ignore[misc]
        )
        row = watching.rows[number]
        assert (row["value"], row["freshness"]) == (value, freshness), name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Boolean", "on", True),
        ("Byte", "0x1F", 31),
        ("Int64", "9007199254740993", 9_007_199_254_740_993),
        ("UInt64", "18446744073709551614", 18_446_744_073_709_551_614),
        ("Float", "-0.1", -0.1),
        ("Double", "1e-3", 0.001),
        ("String", "ñ 1.5", "ñ 1.5"),
        ("DateTime", "2026-02-03T04:05:06.5+01:00", "2026-02-03T03:05:06.500000Z"),
        ("ByteString", "/wA=", {"base64": "/wA="}),
        ("DoubleArray", "[1, 2.5]", [1.0, 2.5]),
        ("StringArray", '["a", ""]', ["a", ""]),
    ],
)
def test_every_type_can_be_written(
    site: _Site, watch: Callable[..., _Watching], name: str, text: str, value: object
) -> None:
    item = f"bms:OPCUA/Types/{name}"
    done = site.run("write", item, "--", text)
    assert done.returncode == Exit.DONE, done
    watching = watch(item)
    row = watching.rows[watching.until(_live(item, "main"))]
    assert row["value"] == value


def test_watch_ends_by_itself_and_says_an_unknown_item_once(site: _Site) -> None:
    done = site.run("watch", "--seconds", "4", "bms:nope")  # connecting is among it
    assert done.returncode == Exit.DONE
    assert done.stderr == "vizclient: bms:nope does not exist on main.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_ends_watch_in_order(watch: Callable[..., _Watching]) -> None:
    item = f"{_ROOM}/Temperature"
    watching = watch(item)
    watching.until(_live(item, "main"))
    os.kill(watching.process.pid, signal.SIGINT)
    assert watching.process.wait(_PATIENCE) == Exit.DONE
    assert watching.process.stderr is not None
    assert watching.process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_watch_ends_when_nobody_reads_it_any_more(site: _Site) -> None:
    process = subprocess.Popen(
        site.command("watch", "nsu=http://opcfoundation.org/UA/;i=2258"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(_PATIENCE) == Exit.DONE
        assert process.stderr is not None
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_a_write_is_done_and_seen(site: _Site, watch: Callable[..., _Watching]) -> None:
    item = f"{_ROOM}/Setpoint"
    watching = watch(item)
    watching.until(_live(item, "main"))
    done = site.run("write", item, "22.5")
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert done.stdout == f"done: {item} = 22.5 °C on main\n"
    watching.until(lambda row: row.get("value") == 22.5)


@pytest.mark.parametrize(
    ("item", "value", "reason"),
    [
        ("Setpoint", "99", "99 is not between 15 and 30."),
        (
            "Setpoint",
            "warm",
            "warm is not a number. Write it like 21.5 or 1e3: with a point, without group separators.",
        ),
        ("Temperature", "21", "This item cannot be written, or not by this user."),
        ("nope", "21", "The item does not exist on this server."),
    ],
)
def test_a_write_that_cannot_be_is_refused_in_words(site: _Site, item: str, value: str, reason: str) -> None:
    done = site.run("write", f"{_ROOM}/{item}", value)
    assert done.returncode == Exit.REFUSED
    assert done.stdout.startswith("refused: ")
    assert done.stdout.rstrip().endswith(reason)


@pytest.mark.parametrize("item", ["bmx:KNX/F1", "KNX/F1", ""])
def test_an_address_that_cannot_be_read_is_wrong_usage(site: _Site, item: str) -> None:
    for command in (("watch", item), ("write", item, "1")):
        done = site.run(*command)
        assert done.returncode == Exit.USAGE
        assert done.stderr.startswith("vizclient: ")
        assert len(done.stderr.splitlines()) == 1


def test_a_wrong_profile_is_said_with_its_line(tmp_path: Path) -> None:
    profile = tmp_path / "wrong.toml"
    profile.write_text('format = 1\nname = "x"\n[main]\nurl = "opc.tcp://a:1"\n[backup]\nurll = "opc.tcp://b:1"\n')
    command = [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(tmp_path), "probe", "--profile", str(profile)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=_PATIENCE, check=False)
    assert done.returncode == Exit.USAGE
    assert f"{profile}:6" in done.stderr
    assert "Did you mean" in done.stderr


def test_nobody_there_is_no_active_server(tmp_path: Path) -> None:
    site = _Site(tmp_path, "opc.tcp://127.0.0.1:1", "opc.tcp://does-not-exist.invalid:4840")
    done = site.run("probe")
    assert done.returncode == Exit.NO_ACTIVE
    assert "Nothing listens at its port" in done.stdout
    assert "Its host name has no address" in done.stdout
    assert site.run("watch", "--seconds", "1", "bms:x").returncode == Exit.NO_ACTIVE


def test_both_profiles_reaching_one_server_needs_a_person(pair: Pair, tmp_path: Path) -> None:
    site = _Site(tmp_path, pair.url("main"), pair.url("main").replace("127.0.0.1", "localhost"))
    done = site.run("probe")
    assert done.returncode == Exit.ATTENTION
    assert done.stdout.count("Both addresses lead to one server") == 2


def test_security_that_is_not_offered_needs_a_person(pair: Pair, tmp_path: Path) -> None:
    security = 'policy = "Aes256_Sha256_RsaPss"\nmode = "SignAndEncrypt"'
    site = _Site(tmp_path, pair.url("main"), pair.url("backup"), security)
    done = site.run("probe")
    assert done.returncode == Exit.ATTENTION, done
    assert site.run("write", f"{_ROOM}/Setpoint", "21").returncode == Exit.ATTENTION


def test_the_commands_need_no_qt(site: _Site) -> None:
    hidden = (
        "import sys; sys.modules['PySide6'] = None; sys.modules['qasync'] = None\n"
        "from vizclient.cli import main; raise SystemExit(main(sys.argv[1:]))"
    )
    arguments = site.command("probe")[4:]
    done = subprocess.run(
        [sys.executable, "-P", "-c", hidden, *arguments], capture_output=True, timeout=_PATIENCE, check=False
    )
    assert done.returncode == Exit.DONE, done
    arguments = site.command("run")[4:]
    done = subprocess.run(
        [sys.executable, "-P", "-c", hidden, *arguments], capture_output=True, timeout=_PATIENCE, check=False
    )
    assert done.returncode == Exit.USAGE, done
    assert b"PySide6" in done.stderr


def test_a_switchover_is_told_and_the_values_go_on(site: _Site, tmp_path: Path) -> None:
    with Pair(Options(standby="passive", dead_after=UNHURRIED)).start() as own:
        main_serves(own)
        site = _Site(tmp_path, own.url("main"), own.url("backup"))
        item = f"{_ROOM}/Temperature"
        watching = _Watching(site, item)
        try:
            first = watching.until(_live(item, "main"))
            own.kill("main")
            held = watching.until(lambda row: row.get("freshness") in ("held", "stale"), first)
            connected = watching.until(lambda row: (row.get("state"), row["server"]) == ("connected", "backup"), first)
            back = watching.until(_live(item, "backup"), first)
            assert held < back
            assert connected < back
        finally:
            watching.end()


def test_two_active_servers_are_told_apart_from_one(tmp_path: Path) -> None:
    with Pair(Options(standby="passive", dead_after=UNHURRIED)).start() as own:
        main_serves(own)
        since = time.perf_counter()
        own.cut_link()
        own.wait_for_role("backup", "active", since=since)
        site = _Site(tmp_path, own.url("main"), own.url("backup"))
        assert site.run("probe").returncode == Exit.TWO_ACTIVE
