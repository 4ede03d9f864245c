"""A password that is lacking: said in words, asked for in a dialog when a person wants it, and what became of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from fakes.connections import UNREACHABLE, connected, view
from fakes.desk import Desk
from ui.dialogs.password import PasswordDialog
from ui.speaker import PASSWORD_KEY
from ui.window import Window
from vizclient.password import Password
from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Layer,
    Problem,
    ProblemKind,
    Role,
    Server,
    Source,
)
from vizclient.redundancy.readiness import Check, Light, Readiness, Subject, Verdict

MAIN, BACKUP = Server.MAIN, Server.BACKUP
ONE = {MAIN: "operator", BACKUP: "operator"}
USER = (("user", "operator"),)
MISSING = Problem(ProblemKind.CREDENTIALS, Layer.NOTHING, case="password-missing", arguments=USER)
REFUSED = Problem(ProblemKind.CREDENTIALS, Layer.SESSION, case="password-refused", arguments=USER)
ANONYMOUS = Problem(ProblemKind.CREDENTIALS, Layer.SESSION, case="anonymous-refused")


def lacking(problem: Problem, at: float = 0.0) -> Connection:
    """Neither lets anybody in."""
    main, backup = (view(server, Role.ATTENTION, source=Source.PROBLEM, at=at, problem=problem) for server in Server)
    return Connection(ConnectionState.ATTENTION, None, 0, False, at, main, backup, reason=problem)


def backup_lacks(problem: Problem, at: float = 0.0) -> Connection:
    """The main serves."""
    there = view(BACKUP, Role.ATTENTION, source=Source.PROBLEM, at=at, problem=problem)
    return replace(connected(), backup=there, warnings=(Caution.PEER_ATTENTION,))


@pytest.fixture
def given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Server, Password]]:
    """What the link is told."""
    told: list[tuple[Server, Password]] = []
    monkeypatch.setattr(desk.link, "give_password", lambda server, password: told.append((server, password)))
    return told


def shown(desk: Desk, qtbot: QtBot, connection: Connection, users: dict[Server, str] = ONE) -> Window:
    window = desk.window(users=users)
    window.show()
    qtbot.waitExposed(window)
    window.actions_["servers"].trigger()
    desk.connect(connection)
    return window


def opened(window: Window) -> PasswordDialog:
    assert window.logins.dialog is not None
    return window.logins.dialog


def type_in(dialog: PasswordDialog, text: str) -> None:
    QTest.keyClicks(dialog.field, text)
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)


def test_a_missing_password_is_said_with_what_to_press(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot, backup_lacks(MISSING))
    assert window.strip.saying.detail == (
        "F6: give the password · Backup (bms-backup:4840): There is no password for operator"
    )
    assert window.servers is not None
    assert "vizclient secret set" in window.servers.cell(BACKUP, "why")
    assert window.servers.password_button(BACKUP).isVisible()
    assert not window.servers.password_button(MAIN).isVisible()
    desk.announce(connected())
    assert not window.servers.password_button(BACKUP).isVisible()
    assert not window.actions_["password"].isEnabled()


def test_f6_opens_the_dialog_and_enter_gives_what_was_typed(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]]
) -> None:
    window = shown(desk, qtbot, backup_lacks(MISSING))
    assert window.actions_["password"].shortcut().toString() == PASSWORD_KEY
    window.actions_["password"].trigger()
    dialog = opened(window)
    assert dialog.server is BACKUP
    assert dialog.field.echoMode() is QLineEdit.EchoMode.Password
    assert dialog.reason.text() == "There is no password for operator"
    assert not dialog.both.isVisible()
    assert not dialog.ok.isEnabled()
    type_in(dialog, "right")
    assert given == [(BACKUP, Password("right"))]
    assert dialog.isVisible()
    desk.announce(backup_lacks(MISSING, at=desk.now.monotonic - 1))  # from before
    assert dialog.isVisible()
    desk.announce(connected(at=desk.now.monotonic + 1))
    assert window.logins.dialog is None


def test_a_refused_password_is_said_in_the_dialog_and_typed_anew(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]]
) -> None:
    window = shown(desk, qtbot, backup_lacks(MISSING))
    assert window.servers is not None
    window.servers.password_button(BACKUP).click()
    dialog = opened(window)
    type_in(dialog, "wrong")
    assert not dialog.ok.isEnabled()
    type_in(dialog, "again")  # while it is being tried
    assert len(given) == 1
    desk.now.monotonic += 1
    desk.announce(backup_lacks(REFUSED, at=desk.now.monotonic))
    assert dialog.reason.text() == "The user operator or the password was refused"
    assert dialog.field.selectedText()
    type_in(dialog, "right")
    assert [password for _, password in given] == [Password("wrong"), Password("right")]
    desk.announce(connected(at=desk.now.monotonic))
    assert window.logins.dialog is None


def test_where_both_lack_the_password_of_one_user_it_is_typed_once(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]]
) -> None:
    window = shown(desk, qtbot, lacking(MISSING))
    window.actions_["password"].trigger()
    dialog = opened(window)
    assert "Main and backup: There is no password for operator" in window.strip.saying.detail
    assert (dialog.server, dialog.both.isVisible(), dialog.both.isChecked()) == (MAIN, True, True)
    type_in(dialog, "right")
    assert given == [(MAIN, Password("right")), (BACKUP, Password("right"))]
    dialog.reject()
    window.actions_["password"].trigger()
    opened(window).both.setChecked(False)
    type_in(opened(window), "main's")
    assert given[2:] == [(MAIN, Password("main's"))]


def test_two_users_have_two_passwords(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot, lacking(MISSING), {MAIN: "a", BACKUP: "b"})
    window.actions_["password"].trigger()
    assert not opened(window).both.isVisible()


def test_what_no_password_mends_is_not_asked_for(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot, lacking(ANONYMOUS), {})
    assert not window.actions_["password"].isEnabled()
    assert "F6" not in window.strip.saying.detail
    window.logins.ask(BACKUP)
    assert window.logins.dialog is None


def test_a_server_that_cannot_be_asked_now_gets_it_later_and_that_is_said(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]]
) -> None:
    window = shown(desk, qtbot, backup_lacks(MISSING))
    window.actions_["password"].trigger()
    type_in(opened(window), "right")
    later = view(BACKUP, Role.DOWN, source=Source.PROBLEM, at=desk.now.monotonic, problem=UNREACHABLE)
    desk.announce(replace(connected(), backup=later))
    assert window.logins.dialog is None
    [text] = window.messages.texts
    assert text == "Backup (bms-backup:4840): It cannot be reached. The password is tried when it answers"


def test_a_password_that_a_look_at_the_standby_found_refused_can_be_given_before_it_is_needed(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]]
) -> None:
    window = shown(desk, qtbot, connected())
    assert window.servers is not None
    refused = Check(Subject.CREDENTIALS, Verdict.BLOCKED, "failed", BACKUP, problem=REFUSED)
    desk.ready(Readiness(Light.NOT_READY, BACKUP, (refused,)))
    assert window.servers.password_button(BACKUP).isVisible()
    assert not window.servers.password_button(MAIN).isVisible()
    window.actions_["password"].trigger()
    dialog = opened(window)
    assert (dialog.server, dialog.both.isVisible()) == (BACKUP, False)
    assert dialog.reason.text() == "The user operator or the password was refused"
    desk.announce(connected(at=desk.now.monotonic + 1))  # who serves says nothing of it
    assert dialog.isVisible()
    type_in(dialog, "right")
    assert given == [(BACKUP, Password("right"))]
    assert window.logins.dialog is None
    [text] = window.messages.texts
    assert (
        text == "Backup (bms-backup:4840) is being asked with it. What it says is seen under “Takeover”, in the strip"
    )
    desk.ready(Readiness(Light.READY, BACKUP, (replace(refused, verdict=Verdict.FINE, case="accepted", problem=None),)))
    assert not window.servers.password_button(BACKUP).isVisible()
    assert not window.actions_["password"].isEnabled()


def test_without_an_answer_it_can_be_typed_again(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.dialogs.password._ANSWER_WITHIN_MS", 1)
    window = shown(desk, qtbot, backup_lacks(MISSING))
    window.actions_["password"].trigger()
    dialog = opened(window)
    type_in(dialog, "right")
    qtbot.waitUntil(dialog.ok.isEnabled)
    assert "No answer" in dialog.reason.text()


def test_a_switchover_takes_nothing_away_that_was_typed_and_escape_closes_it(
    desk: Desk, qtbot: QtBot, given: list[tuple[Server, Password]]
) -> None:
    window = shown(desk, qtbot, backup_lacks(MISSING))
    window.actions_["password"].trigger()
    dialog = opened(window)
    QTest.keyClicks(dialog.field, "half")
    desk.announce(None)
    desk.announce(lacking(MISSING, at=desk.now.monotonic))
    assert dialog.field.text() == "half"
    assert dialog.field.cursorPosition() == 4
    window.actions_["password"].trigger()  # the one that is open comes forward
    assert opened(window) is dialog
    QTest.keyClick(dialog.field, Qt.Key.Key_Escape)
    assert window.logins.dialog is None
    assert given == []
