"""The real program, a real pair of servers, no screen: pictures, the window's life, the demo's end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from programs.pairs import UNHURRIED
from programs.tracing import live_from
from vizclient.resources import resource_path
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(Options(dead_after=UNHURRIED)) as pair:
        yield pair.start()


def profile_of(urls: dict[str, str], folder: Path) -> Path:
    """The demo's profile on these servers."""
    text = resource_path("demo", "profile.toml").read_text(encoding="utf-8")
    for field, value in {**urls, "bundle": str(resource_path("demo", "bundle"))}.items():
        text = text.replace(f"{{{field}}}", value)
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(folder / "data"), *arguments]


def rows(trace: Path) -> list[dict[str, object]]:
    """What has been painted so far; the last line may still be on its way, and end within a character."""
    if not trace.exists():
        return []
    return [json.loads(line) for line in trace.read_bytes().split(b"\n")[:-1]]


def wait_for_live(process: subprocess.Popen[bytes], trace: Path, server: str, times: int = 1) -> None:
    """Until an element was painted so often with a live value of `server`."""
    deadline = time.perf_counter() + 60
    while time.perf_counter() < deadline and process.poll() is None:
        live = Counter(row["element"] for row in rows(trace) if live_from(server)(row))
        if max(live.values(), default=0) >= times:
            return
        time.sleep(0.05)
    pytest.fail(f"nothing live from {server} was painted; the process: {process.poll()}")


def test_a_picture_shows_the_page_with_live_values_at_size_and_scale(pair: Pair, tmp_path: Path) -> None:
    profile, out = profile_of(pair.urls, tmp_path), tmp_path / "page.png"
    arguments = ["shot", "--profile", str(profile), "--page", "overview", "--out", str(out)]
    done = subprocess.run(
        command(tmp_path, *arguments, "--size", "1280x800", "--scale", "1.5"), check=False, timeout=60
    )
    assert done.returncode == 0
    image = QImage(str(out))
    assert (image.width(), image.height()) == (1920, 1200)


def test_a_picture_without_servers_says_so_and_exits_with_3(tmp_path: Path) -> None:
    with Pair() as nothing:  # ports that nothing listens at
        profile = profile_of(nothing.urls, tmp_path)
    out = tmp_path / "page.png"
    done = subprocess.run(
        command(tmp_path, "shot", "--profile", str(profile), "--page", "overview", "--out", str(out)),
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert QImage(str(out)).pixelColor(3, 3).name() == "#c4161c"  # the strip's alarm


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--page", "nowhere", "--out", "a.png"], "There is no page nowhere in the bundle. There are: overview"),
        (["--page", "overview", "--out", "/nowhere/a.png", "--after", "0"], "The picture cannot be written"),
    ],
)
def test_a_picture_that_cannot_be_made_is_one_clear_message(
    pair: Pair, tmp_path: Path, arguments: list[str], said: str
) -> None:
    profile = profile_of(pair.urls, tmp_path)
    done = subprocess.run(
        command(tmp_path, "shot", "--profile", str(profile), *arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_window_shows_live_values_keeps_its_state_and_leaves_nothing_running(pair: Pair, tmp_path: Path) -> None:
    profile, trace = profile_of(pair.urls, tmp_path), tmp_path / "trace.jsonl"
    arguments = ["run", "--profile", str(profile), "--page", "metering", "--trace-display", str(trace)]
    process = subprocess.Popen(command(tmp_path, *arguments))
    try:
        wait_for_live(process, trace, "main")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
    (state,) = (tmp_path / "data" / "state").glob("window-*.json")
    assert json.loads(state.read_text(encoding="utf-8"))["content"]["views"][0]["visit"]["page"] == "metering"
    log = (tmp_path / "data" / "logs" / "window.log").read_text(encoding="utf-8")
    assert "ERROR" not in log
    assert "Traceback" not in log


def test_the_window_follows_a_killed_server_and_a_killed_link(tmp_path: Path) -> None:
    with Pair(Options(dead_after=UNHURRIED)) as pair:
        pair.start()
        profile, trace = profile_of(pair.urls, tmp_path), tmp_path / "trace.jsonl"
        process = subprocess.Popen(command(tmp_path, "run", "--profile", str(profile), "--trace-display", str(trace)))
        try:
            wait_for_live(process, trace, "main")
            pair.kill("main")
            wait_for_live(process, trace, "backup")
            before = len(rows(trace))
            os.kill(_link_of(tmp_path), signal.SIGKILL)
            deadline = time.perf_counter() + 60
            while time.perf_counter() < deadline:
                later = rows(trace)[before:]
                stale = [row for row in later if row["freshness"] == "stale"]
                if stale and any(row["freshness"] == "live" for row in later[later.index(stale[-1]) :]):
                    break
                time.sleep(0.05)
            else:
                pytest.fail("the page did not go stale and live again")
            assert process.poll() is None
        finally:
            process.terminate()
            assert process.wait(timeout=10) == 0


def test_a_killed_demo_takes_its_servers_and_its_link_with_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    process = subprocess.Popen(command(tmp_path, "demo", "--trace-display", str(trace)))
    try:
        wait_for_live(process, trace, "main")
        children = _children(process.pid)
        assert len(children) == 3
    finally:
        process.kill()
        process.wait(timeout=10)
    deadline = time.perf_counter() + 60
    while any(Path(f"/proc/{child}").exists() for child in children) and time.perf_counter() < deadline:
        time.sleep(0.05)
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []


def _link_of(folder: Path) -> int:
    """The number of the last link process, as the window's log has it."""
    log = (folder / "data" / "logs" / "window.log").read_text(encoding="utf-8")
    return int(log.rsplit("link process ", 1)[1].split()[0])


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def test_the_record_of_a_switchover_outlives_the_window(tmp_path: Path) -> None:
    with Pair(Options(dead_after=UNHURRIED)) as pair:
        pair.start()
        profile, trace = profile_of(pair.urls, tmp_path), tmp_path / "trace.jsonl"
        window = subprocess.Popen(
            command(tmp_path, "run", "--profile", str(profile), "--trace-display", str(trace)),
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        )
        try:
            wait_for_live(window, trace, "main")
            pair.kill("main")
            wait_for_live(window, trace, "backup", times=2)  # a change, which comes after the last first value
            window.send_signal(signal.SIGTERM)
            assert window.wait(10) == 0
        finally:
            window.kill()
            window.wait()
    told = subprocess.run(
        command(tmp_path, "history", "--profile", str(profile), "--json"),
        check=True,
        capture_output=True,
        timeout=30,
    )
    (row,) = json.loads(told.stdout)
    assert (row["from"], row["to"], row["noticed"]) == ("main", "backup", "reset")
    compared = row["compared"]
    assert compared["whole"]
    counted = [sum(compared[name].values()) for name in ("unsynchronised", "missing", "awaited")]
    assert compared["items"] == compared["back"] + sum(counted) + compared["worse"] + compared["waiting"] > 0
    assert 0 < compared["after_ms"] < row["steps_ms"]["all_values"] + 1000
    steps = row["steps_ms"]
    assert 0 <= steps["channel"] < steps["session"] <= steps["decided"] < steps["all_values"] == row["outage_ms"]
