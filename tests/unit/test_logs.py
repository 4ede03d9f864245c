"""What nobody caught is in the log, secrets are not, and an unclean end is told at the next start."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from vizclient.logs import Log, redacted
from vizclient.machine import child_command, spawn_options


@pytest.fixture(autouse=True)
def _no_capture_by_pytest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log takes the hooks that pytest holds during a test; both get them back."""
    hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    yield
    assert (sys.excepthook, sys.unraisablehook, threading.excepthook) == hooks


def content(log: Log) -> str:
    assert log.path is not None
    return log.path.read_text(encoding="utf-8")


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that opens the log `link` in `folder` as `log` and runs `program`."""
    start = f"import os, sys; from pathlib import Path; from vizclient.logs import Log; log = Log('link', Path({str(folder)!r}))\n"
    return subprocess.run(
        [sys.executable, "-P", "-c", start + program], capture_output=True, text=True, timeout=30, check=False
    )


def test_the_first_start_tells_of_no_unclean_end(tmp_path: Path) -> None:
    with Log("link", tmp_path) as log:
        assert log.unclean_end is None


def test_after_an_orderly_end_nothing_is_told(tmp_path: Path) -> None:
    for _ in range(2):
        with Log("link", tmp_path) as log:
            assert log.unclean_end is None


def test_a_killed_process_is_told_of_once(tmp_path: Path) -> None:
    assert run(f"os.kill(os.getpid(), {int(signal.SIGTERM)})", tmp_path).returncode != 0
    with Log("link", tmp_path) as log:
        end = log.unclean_end
        assert end is not None
        assert end.pid != os.getpid()
        assert end.started > 0
        assert f"process {end.pid}, started" in content(log)
    with Log("link", tmp_path) as log:
        assert log.unclean_end is None


def test_the_trace_of_a_crash_is_told_with_it(tmp_path: Path) -> None:
    run("import faulthandler\ndef the_guilty(): faulthandler._sigabrt()\nthe_guilty()", tmp_path)
    with Log("link", tmp_path) as log:
        assert log.unclean_end is not None
        assert "the_guilty" in log.unclean_end.trace
        assert "the_guilty" in content(log)


def test_processes_beside_each_other_have_a_file_each_and_are_not_taken_for_dead(tmp_path: Path) -> None:
    with Log("link", tmp_path) as first, Log("link", tmp_path) as second:
        assert first.path == tmp_path / "link.log"
        assert second.path == tmp_path / "link-2.log"
        assert second.unclean_end is None
        child = run("print(log.path.name, log.unclean_end)\nlog.close()", tmp_path)
        assert child.stdout.split() == ["link-3.log", "None"]


def test_a_marker_that_was_half_written_is_an_unclean_end_too(tmp_path: Path) -> None:
    (tmp_path / "link.running").write_text('{"pid": 1', encoding="utf-8")
    with Log("link", tmp_path) as log:
        assert log.unclean_end is not None


def test_a_child_process_does_not_keep_the_slot_of_its_parent(tmp_path: Path) -> None:
    program = (
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "log.close()\n"
        "other = Log('link', log.path.parent)\n"
        "print(other.path.name)\n"
        "other.close(); child.communicate(b'x')"
    )
    assert run(program, tmp_path).stdout.split() == ["link.log"]


def test_an_uncaught_exception_is_logged_and_still_shown(tmp_path: Path) -> None:
    child = run("raise ValueError('the reason')", tmp_path)
    assert "the reason" in child.stderr
    assert "the reason" in (tmp_path / "link.log").read_text(encoding="utf-8")


def test_what_a_thread_a_finaliser_and_a_warning_say_is_logged(tmp_path: Path) -> None:
    class Dying:
        def __del__(self) -> None:
            raise ValueError("while dying")

    def fail() -> None:
        raise ValueError("in a thread")

    with Log("link", tmp_path) as log:
        thread = threading.Thread(target=fail, name="reader")
        thread.start()
        thread.join()
        dying = Dying()
        del dying
        gc.collect()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old ways", stacklevel=1)
        text = content(log)
    assert "thread reader failed" in text
    assert "in a thread" in text
    assert "while dying" in text
    assert "old ways" in text


def test_what_nobody_awaits_in_the_event_loop_is_logged(tmp_path: Path) -> None:
    async def forgotten(log: Log) -> None:
        log.watch_loop(asyncio.get_running_loop())
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("nobody asked"))
        del future
        gc.collect()

    with Log("link", tmp_path) as log:
        asyncio.run(forgotten(log))
        assert "nobody asked" in content(log)


def test_what_qt_says_is_logged_under_its_category(tmp_path: Path) -> None:
    with Log("window", tmp_path) as log:
        log.qt_message(logging.WARNING, "qpa.plugin", "no such platform")
        assert "WARNING  qt.qpa.plugin: no such platform" in content(log)


def test_the_key_material_that_the_opc_ua_library_logs_is_never_written(tmp_path: Path) -> None:
    library = logging.getLogger("asyncua.crypto")
    before = library.level
    library.setLevel(logging.DEBUG)
    try:
        with Log("link", tmp_path, level=logging.DEBUG) as log:
            library.debug("derived keys %s", b"\x01\x02")
            library.info("nonce %s", "n0nce")
            library.warning("certificate expires soon")
            text = content(log)
    finally:
        library.setLevel(before)
    assert "derived keys" not in text
    assert "n0nce" not in text
    assert "certificate expires soon" in text


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "Password: 'hunter2 and more'",
        '{"password": "hunter2", "user": "op"}',
        "UserNameIdentityToken(UserName='op', Password=b'hunter2', EncryptionAlgorithm=None)",
        "passphrase = hunter2",
        "client_secret=hunter2;",
        "access_token: hunter2",
        "opc.tcp://op:hunter2@bms-main:4840",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
        "signing_key=b'hunter2'",
    ],
)
def test_a_secret_is_struck_out(text: str) -> None:
    assert "hunter2" not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "bms:KNX/F1/Office101/Temperature is 21.5",
        "opc.tcp://bms-main:4840 refused: BadUserAccessDenied",
        "the password was refused",
        "opc.tcp://[::1]:4840 at 10:11:12",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("part", ["x", "password", "password='", "://a:", "-----BEGIN ", "pass word:", " ", "=", "\n"])
def test_a_text_made_to_be_slow_is_not(part: str) -> None:
    text = part * (1_000_000 // len(part))
    before = time.process_time()
    redacted(text)
    assert time.process_time() - before < 2.0


def test_a_long_entry_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    with Log("link", tmp_path) as log:
        logging.getLogger("x").warning("begin %s end", "x" * 100_000)
        text = content(log)
    assert len(text) < 21_000
    assert "begin" in text
    assert text.endswith("end\n")


def test_a_secret_in_a_traceback_is_struck_out(tmp_path: Path) -> None:
    with Log("link", tmp_path) as log:
        try:
            raise ValueError("password='hunter2'")
        except ValueError:
            logging.getLogger("x").exception("failed")
        assert "hunter2" not in content(log)


def test_a_text_of_a_server_cannot_forge_an_entry(tmp_path: Path) -> None:
    text = r"'a\n2030-01-01 CRITICAL all is lost\x1b[2J\ud800'"
    run(f"import logging; logging.getLogger('x').warning('DisplayName %s', {text}); log.close()", tmp_path)
    first, second = (tmp_path / "link.log").read_text(encoding="utf-8").splitlines()
    assert first.endswith("DisplayName a")
    assert second == "    2030-01-01 CRITICAL all is lost\\x1b[2J\\ud800"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with Log("link", tmp_path / "file" / "logs") as log:
        logging.getLogger("x").warning("said to nobody")
        assert log.path is None
    assert "no log can be kept in" in capsys.readouterr().err


def test_the_log_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vizclient.logs._MOST_BYTES", 20_000)
    with Log("link", tmp_path):
        for _ in range(300):
            logging.getLogger("x").warning("%s", "x" * 1_000)
    files = sorted(path.name for path in tmp_path.glob("link.log*"))
    assert files == ["link.log", "link.log.1", "link.log.2", "link.log.3", "link.log.4"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 110_000


def test_a_process_without_streams_logs_all_the_same(tmp_path: Path) -> None:
    program = (
        "import sys; sys.stdin = sys.stdout = sys.stderr = None\n"
        "from pathlib import Path\n"
        "from vizclient.machine import ensure_streams; ensure_streams()\n"
        "from vizclient.logs import Log\n"
        f"log = Log('window', Path({str(tmp_path)!r}))\n"
        "print('to nobody'); raise ValueError('the reason')"
    )
    subprocess.run([sys.executable, "-P", "-c", program], timeout=30, check=False, **spawn_options())
    assert "the reason" in (tmp_path / "window.log").read_text(encoding="utf-8")


def test_a_child_runs_a_module_by_name() -> None:
    assert child_command("vizclient.link", "--x")[1:] == ["-P", "-m", "vizclient.link", "--x"]
