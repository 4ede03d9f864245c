"""`vizclient secret set` and `remove` on a fake keyring; `check` needs servers: see the end-to-end tests."""

from __future__ import annotations

import getpass
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.keyring import FakeKeyring
from programs.terminals import open_terminal
from vizclient.exits import Exit
from vizclient.headless.secret import remove_password, set_password
from vizclient.link.refusals import RefusedLogins
from vizclient.password import Password
from vizclient.places import Places
from vizclient.profiles.loading import load_profile
from vizclient.profiles.secrets import CREDENTIALS, Secrets
from vizclient.redundancy.model import Server

PROFILE = """\
format = 1
name = "A"
[main]
url = "opc.tcp://a:4840"
[backup]
url = "opc.tcp://b:4840"
[security]
policy = "None"
mode = "None"
"""
ONE = '[user]\nname = "op"\n'
TWO = '[main.user]\nname = "op"\n[backup.user]\nname = "guest"\n'


class Bench:
    def __init__(self, folder: Path, user: str, environment: dict[str, str] | None = None) -> None:
        self.path, self.data = folder / "a.toml", folder / "data"
        self.path.write_text(PROFILE + user, "utf-8")
        self.keyring = FakeKeyring()
        profile = load_profile(self.path)
        self.secrets = Secrets(profile, environment=environment or {}, keyring=lambda: self.keyring)

    def set(self, server: Server | None = None) -> Exit:
        return set_password(str(self.path), self.data, server, secrets=self.secrets)

    def remove(self, server: Server | None = None) -> Exit:
        return remove_password(str(self.path), self.data, server, secrets=self.secrets)

    @property
    def kept(self) -> dict[str, str]:
        return {account: password for (_, account), password in self.keyring.passwords.items()}


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def terminal(monkeypatch: pytest.MonkeyPatch, *typed: str | Exception) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = list(typed)

    def ask(prompt: str) -> str:
        assert prompt.endswith(": ")
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", ask)


@pytest.mark.parametrize("content", [b"right", b"right\n", b"right\r\n"])
def test_a_password_from_a_pipe_is_kept_for_both_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    bench = Bench(tmp_path, ONE)
    pipe(monkeypatch, content)
    assert bench.set() is Exit.DONE
    assert bench.kept == {"op@a:4840": "right", "op@b:4840": "right"}
    said = capsys.readouterr()
    assert "right" not in said.out + said.err
    assert said.out.count("is kept in the keyring") == 2


def test_a_password_that_was_refused_may_be_shown_once_more_when_it_is_set_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, password = Bench(tmp_path, ONE), Password("right")
    remembered = RefusedLogins(Places.of(bench.data))
    for account in ("op@a:4840", "op@b:4840"):
        remembered.refused(account, password)
        assert remembered.find(account, password) is not None
    pipe(monkeypatch, b"right")
    assert bench.set(Server.MAIN) is Exit.DONE
    assert remembered.find("op@a:4840", password) is None
    assert remembered.find("op@b:4840", password) is not None


def test_a_typed_password_is_asked_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, ONE)
    terminal(monkeypatch, "right", "right")
    assert bench.set(Server.BACKUP) is Exit.DONE
    assert bench.kept == {"op@b:4840": "right"}
    terminal(monkeypatch, "right", "wight")
    assert bench.set() is Exit.USAGE
    assert bench.kept == {"op@b:4840": "right"}


@pytest.mark.parametrize(
    "typed", [("", ""), (EOFError(),), (getpass.GetPassWarning("echo"),), (OSError(6, "No such device"),)]
)
def test_without_a_password_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: tuple[str | Exception, ...]
) -> None:
    bench = Bench(tmp_path, ONE)
    terminal(monkeypatch, *typed)
    assert bench.set() is Exit.USAGE
    assert bench.kept == {}


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff", b"x" * 9000])
def test_what_is_no_line_of_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    bench = Bench(tmp_path, ONE)
    pipe(monkeypatch, content)
    assert bench.set() is Exit.USAGE
    assert bench.kept == {}


def test_a_program_without_standard_input_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert Bench(tmp_path, ONE).set() is Exit.USAGE


def test_of_two_users_it_must_be_said_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, TWO)
    pipe(monkeypatch, b"right")
    assert bench.set() is Exit.USAGE
    assert "op, guest" in capsys.readouterr().err
    assert bench.set(Server.BACKUP) is Exit.DONE
    assert bench.kept == {"guest@b:4840": "right"}


@pytest.mark.parametrize(("user", "server"), [("", None), ('[main.user]\nname = "op"\n', Server.BACKUP)])
def test_where_nobody_logs_in_there_is_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, server: Server | None
) -> None:
    bench = Bench(tmp_path, user)
    pipe(monkeypatch, b"right")
    assert bench.set(server) is Exit.USAGE
    assert bench.remove(server) is Exit.USAGE


def test_a_password_is_removed_and_that_there_was_none_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, ONE)
    pipe(monkeypatch, b"right")
    bench.set(Server.MAIN)
    capsys.readouterr()
    assert bench.remove() is Exit.DONE
    assert bench.kept == {}
    lines = capsys.readouterr().out.splitlines()
    assert "is no more" in lines[0]
    assert "There was no" in lines[1]


def test_a_keyring_that_stays_locked_needs_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, ONE)
    bench.keyring.lock()
    pipe(monkeypatch, b"right")
    assert bench.set() is Exit.ATTENTION
    assert bench.remove() is Exit.ATTENTION
    assert capsys.readouterr().err.count("The keyring was not unlocked.") == 2


def test_what_a_service_has_from_systemd_is_not_kept_elsewhere_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vizclient.password").write_text("right")
    bench = Bench(tmp_path, ONE, {CREDENTIALS: str(tmp_path)})
    pipe(monkeypatch, b"other")
    assert bench.set() is Exit.REFUSED
    assert str(tmp_path / "vizclient.password") in capsys.readouterr().err
    assert bench.kept == {}


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal as POSIX has it")
def test_a_terminal_shows_nothing_of_what_is_typed(tmp_path: Path) -> None:
    Bench(tmp_path, ONE)
    ours, its_end = open_terminal()
    command = [sys.executable, "-P", "-m", "vizclient", "secret", "set", "--profile", str(tmp_path / "a.toml")]
    shown = b""
    with subprocess.Popen(
        command, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    ) as process:  # a session without a terminal of its own
        os.close(its_end)
        try:
            for prompt in (b"Password of op: ", b"Once more: "):
                while prompt not in shown:
                    shown += os.read(ours, 1000)
                os.write(ours, b"hunter2\n")
            while chunk := _read(ours):
                shown += chunk
            assert process.wait(20) == Exit.ATTENTION, shown  # no keyring in tests
        finally:
            process.kill()
            os.close(ours)
    assert b"hunter2" not in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # its other end is closed
        return b""
