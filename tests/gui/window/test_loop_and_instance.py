"""The event loop ends cleanly however it is left; a second start finds the first."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui import loop
from ui.display import has_display
from ui.single_instance import SingleInstance, instance_name

SECOND = """
import sys
from PySide6.QtCore import QCoreApplication
from ui.single_instance import SingleInstance
application = QCoreApplication([])
instance = SingleInstance(sys.argv[1])
sys.exit(10 if instance.claim() else 0 if instance.ask("two") else 1)
"""


@pytest.fixture
def name(tmp_path: Path) -> str:
    return instance_name(tmp_path / "profile.toml")


def test_what_main_returns_comes_back(qapp: QApplication) -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 5

    assert loop.run(qapp, main) == 5


def test_an_error_of_main_is_raised(qapp: QApplication) -> None:
    async def main() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        loop.run(qapp, main)


def test_when_the_desktop_ends_the_application_main_still_cleans_up(qapp: QApplication) -> None:
    cleaned: list[bool] = []

    async def main() -> None:
        QTimer.singleShot(0, qapp.quit)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(True)

    assert loop.run(qapp, main) is None
    assert cleaned == [True]


def test_a_second_start_hands_over_its_page_and_ends(qtbot: QtBot, name: str) -> None:
    first = SingleInstance(name)
    assert first.claim()
    first.listen()
    process = subprocess.Popen([sys.executable, "-P", "-c", SECOND, name])
    asked: list[str] = []
    first.on_asked.append(asked.append)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=10_000)
    assert process.returncode == 0
    assert asked == ["two"]
    first.release()


def test_a_name_is_free_again_once_it_is_released_or_its_process_has_died(qtbot: QtBot, name: str) -> None:
    assert subprocess.run([sys.executable, "-P", "-c", SECOND, name], check=False, timeout=20).returncode == 10
    first = SingleInstance(name)
    assert first.claim()
    assert not SingleInstance(name).claim()
    first.release()
    again = SingleInstance(name)
    assert again.claim()
    again.release()


def test_where_no_file_can_be_locked_there_is_a_window_all_the_same(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    instance = SingleInstance(name)
    assert instance.claim()
    assert "would not be noticed" in caplog.text
    instance.release()


def test_nothing_of_qt_is_loaded_before_the_link_process_is_started() -> None:
    code = "import sys, ui.start; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert not {"PySide6", "shiboken6", "qasync"} & set(done.stdout.split())


def test_the_name_depends_on_profile_and_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    one = instance_name(tmp_path / "a.toml")
    assert one == instance_name(tmp_path / "x" / ".." / "a.toml")
    assert one != instance_name(tmp_path / "b.toml")
    monkeypatch.setenv("DISPLAY", ":2")
    assert one != instance_name(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("environment", "platform", "there"),
    [
        ({}, "linux", False),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({"QT_QPA_PLATFORM": "xcb"}, "linux", False),
        ({"DISPLAY": ":987"}, "linux", False),
        ({"DISPLAY": "nonsense"}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-987", "XDG_RUNTIME_DIR": "/nowhere"}, "linux", False),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_a_display_is_looked_for_before_qt_is(environment: dict[str, str], platform: str, *, there: bool) -> None:
    assert has_display(environment, platform) is there


def test_without_a_display_run_says_how_to_see_it_all_the_same(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("QT_QPA_PLATFORM")
    for command in (["run", "--profile", "none.toml"], ["demo"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(tmp_path), *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 9
        assert "vizclient shot" in done.stderr
