"""What is remembered of refused passwords: over restarts, between processes, and without the passwords."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import pytest

from vizclient import machine
from vizclient.link import refusals as module
from vizclient.link.refusals import FIRST, LONGEST, MOST, RefusedLogins
from vizclient.password import Password
from vizclient.places import Places

A, B = "op@a:4840", "op@b:4840"
WRONG, OTHER = Password("hunter-wrong"), Password("hunter-other")


class Time:
    """A wall clock that a test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing."""
    monkeypatch.setattr(module, "HARD", 2)


@pytest.fixture
def wall() -> Time:
    return Time()


def logins(folder: Path, wall: Time) -> RefusedLogins:
    """As another process has it."""
    return RefusedLogins(Places.of(folder), wall)


def try_once(folder: Path, wall: Time, account: str = A, password: Password = WRONG) -> bool:
    """A process that shows `password` if it may, is refused, and ends. Whether it did."""
    there = logins(folder, wall)
    if there.find(account, password) is not None or there.show(account, password)[1] is not None:
        return False
    there.refused(account, password)
    return True


def test_a_password_that_was_refused_is_held_back_twice_as_long_each_time_up_to_a_day(
    tmp_path: Path, wall: Time
) -> None:
    assert try_once(tmp_path, wall)
    for times in range(12):
        wait = min(FIRST * 2**times, LONGEST)
        wall.now += wait - 1
        assert not try_once(tmp_path, wall)
        wall.now += 1
        assert try_once(tmp_path, wall)


def test_it_is_held_back_at_that_account_alone_and_another_password_is_not(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    assert try_once(tmp_path, wall, B)
    assert try_once(tmp_path, wall, A, OTHER)
    assert not try_once(tmp_path, wall), "the one before is remembered beside it"


def test_a_person_lets_what_was_refused_be_shown_once_and_it_begins_with_ten_minutes_again(
    tmp_path: Path, wall: Time
) -> None:
    assert try_once(tmp_path, wall)
    wall.now += FIRST
    assert try_once(tmp_path, wall)
    assert try_once(tmp_path, wall, B)
    logins(tmp_path, wall).permit(A)
    assert not try_once(tmp_path, wall, B), "only what was meant"
    assert [try_once(tmp_path, wall), try_once(tmp_path, wall)] == [True, False]
    wall.now += FIRST
    assert try_once(tmp_path, wall)


def test_a_further_showing_counts_even_if_nobody_hears_how_it_ends(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    wall.now += FIRST
    assert logins(tmp_path, wall).show(A, WRONG) == (True, None)  # and the process is killed
    assert not try_once(tmp_path, wall)


def test_of_several_that_are_about_to_show_it_again_one_does(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    wall.now += FIRST
    shown: list[bool] = []
    together = threading.Barrier(4)

    def show() -> None:
        there = logins(tmp_path, wall)
        assert there.find(A, WRONG) is None
        together.wait(20)
        shown.append(there.show(A, WRONG)[1] is None)

    threads = [threading.Thread(target=show) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(shown) == [False, False, False, True]


def test_what_is_accepted_is_forgotten(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    logins(tmp_path, wall).accepted(A, WRONG)
    assert logins(tmp_path, wall).show(A, WRONG) == (False, None)


def test_a_clock_that_was_set_back_far_does_not_hold_it_back_for_as_long(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    wall.now -= 60
    assert not try_once(tmp_path, wall)
    wall.now -= 365 * 86_400
    assert [try_once(tmp_path, wall), try_once(tmp_path, wall)] == [True, False]


def test_only_so_many_are_remembered_and_the_latest_of_them(
    tmp_path: Path, wall: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    for account in ("op@1:1", "op@2:1", "op@3:1"):
        assert try_once(tmp_path, wall, account)
    assert [try_once(tmp_path, wall, account) for account in ("op@3:1", "op@2:1", "op@1:1")] == [False, False, True]
    assert MOST >= 8


def test_the_file_tells_no_password_and_nobody_else_may_read_it(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    state = Places.of(tmp_path).state
    content = b"".join(file.read_bytes() for file in state.iterdir())
    assert b"op@a:4840" in content
    assert b"hunter" not in content
    if sys.platform != "win32":
        assert state.stat().st_mode & 0o077 == 0
    elsewhere = tmp_path / "elsewhere"
    assert try_once(elsewhere, wall)
    names = [place / "refused-logins.json" for place in (state, Places.of(elsewhere).state)]
    assert names[0].read_bytes() != names[1].read_bytes(), "each has a salt of its own"


def test_while_nothing_can_be_written_the_process_itself_remembers_and_it_is_logged_once(
    tmp_path: Path, wall: Time, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "full").write_text("", "utf-8")
    there = logins(tmp_path / "full", wall)
    with caplog.at_level(logging.WARNING):
        there.refused(A, WRONG)
        assert there.find(A, WRONG) is not None
        assert there.show(A, WRONG)[1] is not None
        there.permit(A)
        assert there.show(A, WRONG) == (True, None)
        assert there.show(A, WRONG)[1] is not None
    codes = [record.args[1] for record in caplog.records if isinstance(record.args, tuple)]
    assert codes == ["state-file-unreadable", "state-file-unwritten"]


def test_a_file_that_cannot_be_used_is_set_aside(tmp_path: Path, wall: Time) -> None:
    assert try_once(tmp_path, wall)
    (Places.of(tmp_path).state / "refused-logins.json").write_text("{", "utf-8")
    assert [try_once(tmp_path, wall), try_once(tmp_path, wall)] == [True, False]


def test_whoever_keeps_the_lock_for_too_long_is_not_waited_for(
    tmp_path: Path, wall: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOCKED_WITHIN", 0.05)
    assert try_once(tmp_path, wall)
    descriptor = os.open(Places.of(tmp_path).state / "refused-logins.lock", os.O_RDWR)
    try:
        assert machine.lock(descriptor)
        assert try_once(tmp_path, wall, B)
    finally:
        os.close(descriptor)
