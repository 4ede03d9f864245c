"""User names, passwords and the dates of certificates, with a real pair and real client processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.door import OPEN
from programs.linked import fresh, linked
from programs.pairs import running_pair, write_profile
from programs.stage import ITEMS, LIVELY, Stage, staged
from vizclient.exits import Exit
from vizclient.items.freshness import Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.writing import WriteState
from vizclient.link import readiness
from vizclient.link.client import LinkClient
from vizclient.link.composition import compose
from vizclient.password import Password
from vizclient.places import Places
from vizclient.profiles.loading import load_profile
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Connection, ConnectionState, Layer, Problem, Server, ServerView, Switchover
from vizclient.redundancy.readiness import Readiness, Subject
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

RIGHT, OTHER = "hunter-of-the-main", "hunter-of-the-backup"
ENCRYPTED = {"policy": "Basic256Sha256", "mode": "SignAndEncrypt"}
PASSIVE = replace(LIVELY, standby="passive", users={"operator": RIGHT}, backup_users={"operator": OTHER})


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a service has its passwords, for every process that the test starts."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def with_user(profile: Path, more: str = "") -> Path:
    profile.write_text(f'{profile.read_text("utf-8")}[user]\nname = "operator"\n{more}', "utf-8")
    return profile


def view(client: LinkClient, server: Server) -> ServerView:
    connection = client.connection
    assert connection is not None
    return connection.main if server is Server.MAIN else connection.backup


def said(client: LinkClient, server: Server) -> str:
    """The code of what is wrong with `server`."""
    if client.connection is None:
        return ""
    report = view(client, server).report
    return "" if report is None or report.problem is None else report.problem.code


class Announced:
    """What a site in this process says of the backup. A SiteListener."""

    def __init__(self) -> None:
        self._problem: Problem | None = None
        self._looked: Problem | None = None
        self._changed = asyncio.Event()

    async def until(self, found: Callable[[Problem], bool], *, looks: bool = False) -> None:
        """Wait until there is such a problem with the backup; `looks`: with its readiness."""
        async with asyncio.timeout(20):
            while (problem := self._looked if looks else self._problem) is None or not found(problem):
                self._changed.clear()
                await self._changed.wait()

    def readiness_changed(self, readiness: Readiness) -> None:
        problems = [check.problem for check in readiness.checks if check.subject is Subject.CREDENTIALS]
        self._looked = problems[0] if problems else None
        self._changed.set()

    def connection_changed(self, connection: Connection) -> None:
        report = connection.backup.report
        self._problem = None if report is None else report.problem
        self._changed.set()

    def samples_changed(self) -> None: ...

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None: ...

    def items_dropped(self, handles: Sequence[int]) -> None: ...

    def switchover_recorded(self, switchover: Switchover) -> None: ...

    def write_moved(self, state: WriteState) -> None: ...


def refused_at(client: LinkClient, server: Server) -> float:
    """When it last refused a password."""
    report = None if said(client, server) != "password-refused" else view(client, server).report
    return 0.0 if report is None else report.at


def written_anywhere(folder: Path, *texts: str) -> list[Path]:
    """The files below `folder` that hold one of `texts`."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".log" for file in files)
    return [file for file in files if any(text.encode() in file.read_bytes() for text in texts)]


def test_20_a_wrong_password_on_the_backup_is_shown_to_it_once_and_the_right_one_lets_in(
    tmp_path: Path, credentials: Path
) -> None:
    (credentials / "vizclient.password").write_text(f"{RIGHT}\n")

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, with_user(stage.profile), ITEMS) as (client, mirror, heard, handles):
            troubles: list[str] = []
            client.on_trouble.append(lambda code, arguments: troubles.append(code))
            await heard.until(lambda: said(client, Server.BACKUP) == "password-refused")
            refused, killed = len(stage.backup.entries(OPEN)), time.perf_counter()
            stage.pair.kill("main")
            await heard.until(
                lambda: client.connection is not None and client.connection.state is ConnectionState.ATTENTION
            )
            await asyncio.to_thread(stage.backup.wait_for, "connect", killed)  # its port is looked at, no more
            shown = len(stage.backup.entries(OPEN))  # no channel is opened but to log in
            assert shown == refused
            client.give_password(Server.BACKUP, Password("wrong again"))
            await asyncio.to_thread(stage.backup.wait, "a login", lambda: len(stage.backup.entries(OPEN)) > shown)
            await heard.until(lambda: refused_at(client, Server.BACKUP) > killed)
            assert len(stage.backup.entries(OPEN)) == shown + 1
            client.give_password(Server.BACKUP, Password(OTHER))
            await heard.until(lambda: fresh(mirror, handles) == {Freshness.LIVE})
            assert all(sample is not None and sample.server == "backup" for sample in mirror.samples)
            await heard.until(lambda: "password-not-kept" in troubles)  # there is no keyring in tests

    with staged(tmp_path, PASSIVE, **ENCRYPTED) as stage:  # type: ignore[arg-type]
        asyncio.run(play(stage))
    assert written_anywhere(tmp_path / "data", RIGHT, OTHER, "wrong again") == []


def test_a_network_that_comes_and_goes_has_a_refused_password_shown_once(
    tmp_path: Path, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (credentials / "vizclient.password").write_text(RIGHT)
    timing = Profile.timing
    monkeypatch.setattr(Profile, "timing", lambda self: replace(timing(self), attention_retry=0.2, probe_interval=0.2))
    for pace in ("EVERY", "SOON", "AT_LEAST"):
        monkeypatch.setattr(readiness, pace, 0.2)

    async def play(stage: Stage) -> None:
        heard = Announced()
        site = compose(load_profile(with_user(stage.profile)), Places.of(tmp_path / "data"), heard, with_readiness=True)
        site.on_readiness = heard.readiness_changed
        site.start()
        try:
            await heard.until(lambda problem: problem.code == "password-refused")
            shown = len(stage.backup.entries(OPEN))
            for flap in range(3):
                await asyncio.to_thread(stage.backup.shut)
                await asyncio.to_thread(stage.backup.cut)
                await heard.until(lambda problem: problem.layer is Layer.NOTHING)
                await asyncio.to_thread(stage.backup.open)
                if flap == 0:  # connected to the main server: readiness alone wants a session with the backup
                    await heard.until(lambda problem: problem.code == "password-held", looks=True)
                    await asyncio.to_thread(stage.pair.kill, "main")
                await heard.until(lambda problem: problem.code == "password-held" and problem.layer is Layer.TCP)
            assert len(stage.backup.entries(OPEN)) == shown, "no channel is opened but to log in"
            site.retry()
            await heard.until(lambda problem: problem.code == "password-refused")
            assert len(stage.backup.entries(OPEN)) == shown + 1
        finally:
            await site.close()
        assert max(event["refused_logins"] for event in stage.pair.events() if event["event"] == "load") <= 2

    with staged(tmp_path, PASSIVE, **ENCRYPTED) as stage:  # type: ignore[arg-type]
        asyncio.run(play(stage))


def test_commands_that_run_again_and_again_show_a_refused_password_once(tmp_path: Path, credentials: Path) -> None:
    (credentials / "vizclient.password").write_text("wrong")
    with staged(tmp_path, PASSIVE, **ENCRYPTED) as stage:  # type: ignore[arg-type]
        site = ("--profile", str(with_user(stage.profile)))
        doors = (stage.main, stage.backup)

        def shown() -> list[int]:
            return [len(door.entries(OPEN)) for door in doors]

        assert "or the password was refused" in run(tmp_path, "ready", *site).stdout
        before = shown()
        for command in (
            ("ready",),
            ("probe",),
            ("watch", "--seconds", "1", ITEMS[0]),
            ("write", ITEMS[0], "1"),
        ):
            run(tmp_path, command[0], *site, *command[1:])
        again = run(tmp_path, "ready", *site)
        assert again.returncode == Exit.NO_ACTIVE
        assert again.stdout.count("; it is not shown again before ") == 2, again.stdout
        assert shown() == before
        assert run(tmp_path, "secret", "check", *site).returncode == Exit.ATTENTION
        checked = shown()
        assert checked == [count + 1 for count in before], "a person wanted it"
        run(tmp_path, "ready", *site)
        assert shown() == checked
        (credentials / "vizclient.password").write_text(RIGHT)
        assert run(tmp_path, "ready", *site).returncode != Exit.NO_ACTIVE, "another one is shown at once"
    assert written_anywhere(tmp_path / "data", RIGHT, "wrong") == []


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by a signal")
def test_a_password_that_is_lacking_is_no_secret_and_a_link_that_dies_is_told_again_what_was_typed(
    tmp_path: Path, credentials: Path
) -> None:
    (credentials / "vizclient.main.password").write_text(RIGHT)

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, with_user(stage.profile), ITEMS) as (client, mirror, heard, handles):
            await heard.until(lambda: said(client, Server.BACKUP).startswith("keyring-"))
            assert stage.backup.entries("CreateSession") == []
            (credentials / "vizclient.main.password").unlink()
            client.give_password(Server.MAIN, Password(RIGHT))
            client.give_password(Server.BACKUP, Password(OTHER))
            await heard.until(lambda: said(client, Server.BACKUP) == "")
            first = client.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await heard.until(lambda: client.pid not in (None, first) and fresh(mirror, handles) == {Freshness.LIVE})

    with staged(tmp_path, PASSIVE, **ENCRYPTED) as stage:  # type: ignore[arg-type]
        asyncio.run(play(stage))


def test_an_expired_certificate_is_said_of_the_server_that_has_it_and_trusted_when_a_person_says_so(
    tmp_path: Path,
) -> None:
    options = replace(LIVELY, standby="passive", expired_certificate=("backup",))

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, ITEMS) as (client, _, heard, _):
            await heard.until(lambda: said(client, Server.BACKUP) == "certificate-expired")
            report = view(client, Server.BACKUP).report
            assert report is not None
            assert report.problem is not None
            told = dict(report.problem.arguments)
            os.replace(told["refused"], told["file"])
            client.retry()
            await heard.until(lambda: said(client, Server.BACKUP) == "")

    with staged(tmp_path, options, **ENCRYPTED) as stage:  # type: ignore[arg-type]
        asyncio.run(play(stage))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    options = replace(LIVELY, standby="passive", users={"operator": RIGHT})
    with running_pair(tmp_path_factory.mktemp("pair"), options) as running:
        yield running


def run(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(folder / "data"), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert RIGHT not in done.stdout + done.stderr
    return done


def test_secret_check_tells_the_right_password_from_a_wrong_one_and_from_none(
    tmp_path: Path, pair: Pair, credentials: Path
) -> None:
    profile = str(with_user(write_profile(tmp_path, pair, **ENCRYPTED)))
    done = run(tmp_path, "secret", "check", "--profile", profile)
    assert done.returncode == Exit.ATTENTION
    assert "no keyring that protects one" in done.stdout
    (credentials / "vizclient.password").write_text(RIGHT)
    done = run(tmp_path, "secret", "check", "--profile", profile)
    assert (done.returncode, done.stdout.count("let in")) == (Exit.DONE, 2), done.stdout
    (credentials / "vizclient.backup.password").write_text("wrong")
    done = run(tmp_path, "secret", "check", "--profile", profile, "--server", "backup")
    assert done.returncode == Exit.ATTENTION
    assert "operator was not let in at the backup server" in done.stdout
    assert run(tmp_path, "probe", "--profile", profile).returncode == Exit.ATTENTION
    (credentials / "vizclient.backup.password").unlink()
    assert run(tmp_path, "probe", "--profile", profile).returncode == Exit.DONE
    assert written_anywhere(tmp_path / "data", RIGHT) == []


def test_over_a_connection_without_security_the_password_is_encrypted_for_a_certificate_that_is_kept(
    tmp_path: Path, pair: Pair, credentials: Path
) -> None:
    (credentials / "vizclient.password").write_text(RIGHT)
    profile = with_user(write_profile(tmp_path, pair))
    assert run(tmp_path, "probe", "--profile", str(profile)).returncode == Exit.DONE
    main, backup = (tmp_path / "data" / "pki" / "trusted" / "site" / f"{server}.der" for server in Server)
    assert backup.is_file()
    main.write_bytes(backup.read_bytes())
    done = run(tmp_path, "probe", "--profile", str(profile))
    assert done.returncode == Exit.ATTENTION
    assert "Its certificate is not the one trusted before" in done.stdout


def test_nobody_is_let_in_without_a_name_where_the_servers_want_one(tmp_path: Path, pair: Pair) -> None:
    done = run(tmp_path, "probe", "--profile", str(write_profile(tmp_path, pair)))
    assert done.returncode == Exit.ATTENTION
    assert "[user]" in done.stdout


@pytest.mark.parametrize("verb", ["set", "remove"])
def test_a_keyring_that_keeps_nothing_is_refused_in_words(tmp_path: Path, pair: Pair, verb: str) -> None:
    profile = str(with_user(write_profile(tmp_path, pair)))
    done = run(tmp_path, "secret", verb, "--profile", profile, given=f"{RIGHT}\n")
    assert done.returncode == Exit.ATTENTION
    assert "keyring.backends.null.Keyring does not protect passwords" in done.stderr
