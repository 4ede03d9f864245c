"""The passwords of a running site: found once, in a thread; kept once accepted; and a keyring that waits for its user."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from fakes.keyring import FakeKeyring
from vizclient.link import logins as module
from vizclient.link import refusals
from vizclient.link.logins import Passwords
from vizclient.link.refusals import FIRST, RefusedLogins
from vizclient.opcua.errors import Misfit
from vizclient.password import Password
from vizclient.places import Places
from vizclient.profiles.loading import parse_profile
from vizclient.profiles.secrets import SERVICE, Secrets
from vizclient.redundancy.model import ProblemKind, Server

MAIN, BACKUP = Server.MAIN, Server.BACKUP
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
[user]
name = "op"
"""


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing."""
    monkeypatch.setattr(refusals, "HARD", 2)


class Bench:
    """Passwords over a fake keyring, and what they told. Make it inside the loop."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.keyring = FakeKeyring()
        self.now = 1_000_000.0
        profile = parse_profile((PROFILE + more).encode(), Path("a.toml"))
        remembered = RefusedLogins(Places.of(folder), lambda: self.now)
        self.passwords = Passwords(Secrets(profile, environment={}, keyring=lambda: self.keyring), remembered)
        self.late: list[Server] = []
        self.troubles: list[str] = []
        self.passwords.on_late = self._late
        self.passwords.on_trouble = self._trouble
        self._told = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.keyring.on_kept = lambda: loop.call_soon_threadsafe(self._told.set)  # type: ignore[assignment]

    def _late(self, server: Server) -> None:
        self.late.append(server)
        self._told.set()

    def _trouble(self, code: str, arguments: Mapping[str, str]) -> None:
        self.troubles.append(code)
        self._told.set()

    def holds(self, host: str, password: str = "right", user: str = "op") -> None:
        self.keyring.passwords[SERVICE, f"{user}@{host}:4840"] = password

    @property
    def kept(self) -> dict[str, str]:
        return {account: password for (_, account), password in self.keyring.passwords.items()}

    async def shows(self, server: Server = MAIN, *, refused: bool = True) -> str:
        """What an attempt shows the server, which then refuses or accepts it; else the code of why it shows nothing."""
        try:
            password = await self.passwords.password(server)
            await self.passwords.showing(server, password)
        except Misfit as misfit:
            return misfit.case
        await (self.passwords.refused if refused else self.passwords.accepted)(server, password)
        return password.reveal()

    async def case(self, server: Server = MAIN) -> str:
        with pytest.raises(Misfit) as refused:
            await self.passwords.password(server)
        assert refused.value.kind is ProblemKind.CREDENTIALS
        assert dict(refused.value.arguments)["user"] == "op"
        return refused.value.case

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._told.clear()
                await self._told.wait()


def play(scene: Callable[[Bench], Coroutine[Any, Any, None]], more: str = "") -> None:
    async def whole() -> None:
        bench = Bench(Path(folder), more)
        try:
            await scene(bench)
        finally:
            bench.keyring.unlocked.set()

    with TemporaryDirectory() as folder:
        asyncio.run(whole())


def test_a_password_is_looked_up_once_and_known_until_a_server_refuses_it() -> None:
    async def scene(bench: Bench) -> None:
        bench.holds("a")
        both = await asyncio.gather(bench.passwords.password(MAIN), bench.passwords.password(MAIN))
        assert set(both) == {Password("right")}
        assert await bench.passwords.password(MAIN) == Password("right")
        assert bench.keyring.asked == ["op@a:4840"]
        bench.holds("a", "changed elsewhere")
        await bench.passwords.refused(MAIN, Password("right"))
        assert await bench.passwords.password(MAIN) == Password("changed elsewhere")

    play(scene)


def test_a_missing_password_is_looked_for_again_at_the_next_attempt() -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.case() == "password-missing"
        bench.holds("a")
        assert await bench.passwords.password(MAIN) == Password("right")

    play(scene)


def test_what_a_person_gives_is_kept_only_when_a_server_has_accepted_it_and_then_for_both() -> None:
    async def scene(bench: Bench) -> None:
        for server in Server:
            bench.passwords.give(server, Password("typed"))
        assert await bench.passwords.password(BACKUP) == Password("typed")
        assert bench.keyring.asked == []
        assert bench.kept == {}
        await bench.passwords.accepted(MAIN, Password("typed"))
        await bench.until(lambda: len(bench.kept) == 2)
        assert bench.kept == {"op@a:4840": "typed", "op@b:4840": "typed"}
        bench.keyring.passwords.clear()
        await bench.passwords.accepted(BACKUP, Password("typed"))  # each time that a session is opened
        assert bench.kept == {}

    play(scene)


def test_what_was_given_for_one_server_or_for_another_user_is_kept_for_that_alone() -> None:
    async def one(bench: Bench) -> None:
        bench.passwords.give(BACKUP, Password("typed"))
        await bench.passwords.accepted(BACKUP, Password("typed"))
        await bench.passwords.accepted(MAIN, Password("typed"))
        await bench.until(lambda: bool(bench.kept))
        assert bench.kept == {"op@b:4840": "typed"}

    async def other(bench: Bench) -> None:
        for server in Server:
            bench.passwords.give(server, Password("typed"))
        await bench.passwords.accepted(MAIN, Password("typed"))
        await bench.until(lambda: bool(bench.kept))
        assert bench.kept == {"op@a:4840": "typed"}

    play(one)
    play(other, '[backup.user]\nname = "somebody else"\n')


def test_what_was_kept_for_the_other_server_too_is_kept_no_more_if_that_refuses_it() -> None:
    async def scene(bench: Bench) -> None:
        for server in Server:
            bench.passwords.give(server, Password("typed"))
        await bench.passwords.accepted(MAIN, Password("typed"))
        await bench.until(lambda: len(bench.kept) == 2)
        await bench.passwords.refused(BACKUP, Password("typed"))
        await bench.until(lambda: len(bench.kept) == 1)
        await bench.passwords.refused(
            MAIN, Password("typed")
        )  # which has accepted it before: perhaps it only refuses everybody
        bench.passwords.give(BACKUP, Password("other"))
        await bench.passwords.accepted(BACKUP, Password("other"))
        await bench.until(lambda: len(bench.kept) == 2)
        assert bench.kept == {"op@a:4840": "typed", "op@b:4840": "other"}

    play(scene)


def test_what_was_given_stays_although_it_was_refused_because_an_account_may_be_unlocked_meanwhile() -> None:
    async def scene(bench: Bench) -> None:
        bench.passwords.give(MAIN, Password("typed"))
        await bench.passwords.refused(MAIN, Password("typed"))
        bench.passwords.ask_again()
        assert await bench.passwords.password(MAIN) == Password("typed")

    play(scene)


def test_what_a_server_refused_is_held_back_from_it_alone_for_longer_each_time_and_it_is_said_until_when() -> None:
    async def scene(bench: Bench) -> None:
        bench.holds("a")
        bench.holds("b")
        shown = []
        for _ in range(8 * 60):  # each minute
            if await bench.shows() == "right":
                shown.append((bench.now - 1_000_000) / 60)
            bench.now += 60
        assert shown == [0, 10, 30, 70, 150, 310]
        assert await bench.shows(BACKUP) == "right"
        with pytest.raises(Misfit) as held:
            await bench.passwords.password(MAIN)
        assert (held.value.case, held.value.kind) == ("password-held", ProblemKind.CREDENTIALS)
        arguments = dict(held.value.arguments)
        assert arguments.keys() == {"user", "refused", "due"}
        assert len(arguments["due"]) == len(arguments["refused"]) == len("00:00")

    play(scene)


def test_another_password_is_shown_at_once_and_neither_again() -> None:
    async def scene(bench: Bench) -> None:
        for password in ("first", "second"):
            bench.holds("a", password)
            assert await bench.shows() == password
        for password in ("first", "second"):
            bench.holds("a", password)
            assert await bench.shows() == "password-held"

    play(scene)


def test_each_act_of_a_person_has_a_refused_password_shown_once_more() -> None:
    async def scene(bench: Bench) -> None:
        bench.holds("a", "typed")
        acts: list[Callable[[], None]] = [
            bench.passwords.ask_again,
            lambda: bench.passwords.give(MAIN, Password("typed")),
        ]
        assert await bench.shows() == "typed"
        for act in acts:
            assert await bench.shows() == "password-held"
            act()
            assert [await bench.shows(), await bench.shows()] == ["typed", "password-held"]

    play(scene)


def test_an_attempt_that_began_before_a_person_gave_another_password_says_nothing_of_that() -> None:
    async def scene(bench: Bench) -> None:
        bench.passwords.give(MAIN, Password("first"))
        await bench.passwords.showing(MAIN, Password("first"))
        bench.passwords.give(MAIN, Password("second"))
        await bench.passwords.refused(MAIN, Password("first"))
        await bench.passwords.accepted(MAIN, Password("first"))
        assert bench.kept == {}
        assert await bench.shows() == "second"

    play(scene)


def test_what_is_accepted_in_the_end_is_no_more_held_back() -> None:
    async def scene(bench: Bench) -> None:
        bench.holds("a")
        assert await bench.shows() == "right"
        bench.now += FIRST
        assert await bench.shows(refused=False) == "right"
        assert await bench.shows() == "right"

    play(scene)


def test_a_disk_that_hangs_holds_up_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    freed = threading.Event()

    async def scene(bench: Bench) -> None:
        monkeypatch.setattr(RefusedLogins, "find", lambda *_: freed.wait(20))
        bench.passwords.give(MAIN, Password("typed"))
        try:
            assert await bench.passwords.password(MAIN) == Password("typed")
        finally:
            freed.set()

    play(scene)


def test_a_password_that_no_keyring_takes_is_known_for_this_run_and_that_is_said() -> None:
    async def scene(bench: Bench) -> None:
        bench.keyring.fails = RuntimeError("no bus")
        assert await bench.case() == "keyring-failed"
        bench.passwords.give(MAIN, Password("typed"))
        await bench.passwords.accepted(MAIN, Password("typed"))
        await bench.until(lambda: bool(bench.troubles))
        assert bench.troubles == ["password-not-kept"]
        assert await bench.passwords.password(MAIN) == Password("typed")

    play(scene)


def test_a_keyring_that_waits_for_its_user_holds_up_nothing_and_is_told_when_it_is_unlocked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)

    async def scene(bench: Bench) -> None:
        bench.holds("a")
        bench.keyring.unlocked.clear()
        assert await bench.case() == "keyring-silent"
        assert await bench.case() == "keyring-silent"
        assert bench.late == []
        bench.keyring.unlocked.set()
        await bench.until(lambda: bool(bench.late))
        assert bench.late == [MAIN]
        assert await bench.passwords.password(MAIN) == Password("right")
        assert bench.keyring.asked == ["op@a:4840"]

    play(scene)


def test_a_keyring_that_nobody_wants_to_unlock_is_asked_again_only_when_a_person_wants_it() -> None:
    async def scene(bench: Bench) -> None:
        bench.keyring.lock()
        assert await bench.case() == "keyring-locked"
        assert await bench.case() == "keyring-locked"
        assert await bench.case(BACKUP) == "keyring-locked"
        assert bench.keyring.asked == ["op@a:4840"]
        bench.keyring.fails = None
        bench.holds("a")
        bench.passwords.ask_again()
        assert await bench.passwords.password(MAIN) == Password("right")

    play(scene)


def test_a_keyring_that_never_answers_does_not_hold_up_the_end_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    stuck: list[FakeKeyring] = []

    async def scene() -> None:
        bench = Bench(tmp_path)
        stuck.append(bench.keyring)
        bench.keyring.unlocked.clear()
        assert await bench.case() == "keyring-silent"

    asyncio.run(scene())  # ends although the thread does not
    [thread] = [thread for thread in threading.enumerate() if thread.name == "password of main"]
    assert thread.daemon
    stuck[0].unlocked.set()
    thread.join(10)
    assert not thread.is_alive()


def test_no_debug_output_of_the_event_loop_shows_a_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 0
        bench = Bench(tmp_path)
        bench.holds("a", "hunter2")
        assert await bench.passwords.password(MAIN) == Password("hunter2")
        bench.passwords.give(MAIN, Password("hunter3"))
        await bench.passwords.accepted(MAIN, Password("hunter3"))
        await bench.until(lambda: bench.keyring.passwords[SERVICE, "op@a:4840"] == "hunter3")

    with caplog.at_level("DEBUG"):
        asyncio.run(scene(), debug=True)
    assert caplog.records
    assert "hunter" not in caplog.text
