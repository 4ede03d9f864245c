"""With words 40 % longer, in a window of 1280 × 800, nothing is clipped and nothing stands there untranslated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from fakes.connections import connected, searching
from fakes.desk import SET_POINT, Desk
from ui.demo_panel import DemoPanel
from ui.panels.elided import ElidedLabel
from ui.words import LANGUAGES, PSEUDO
from vizclient.redundancy.model import Caution, Connection, ConnectionState, Layer, Problem, ProblemKind, Server
from vizclient.simulator.pair import Pair

EVERY = [*LANGUAGES, PSEUDO]


def clipped(top: QWidget) -> list[str]:
    """The texts that do not have the room they need."""
    found = []
    for widget in top.findChildren(QWidget):
        if not widget.isVisible() or not widget.width():
            continue
        if isinstance(widget, ElidedLabel):
            if widget.is_elided:
                found.append(widget.text())
        elif isinstance(widget, QLabel) and widget.wordWrap():
            if widget.text() and widget.heightForWidth(widget.width()) > widget.height():
                found.append(widget.text())
        elif isinstance(widget, QLabel | QAbstractButton) and widget.text():
            wanted = widget.sizeHint()
            if wanted.width() > widget.width() or wanted.height() > widget.height():
                found.append(widget.text())
    return found


@pytest.mark.parametrize("language", EVERY)
@pytest.mark.parametrize(
    "connection",
    [
        connected(at=1000.0),
        connected(Server.BACKUP, warnings=[Caution.ROLE_UNSURE]),
        searching(),
        searching(ConnectionState.NO_ACTIVE, at=990.0),
        searching(ConnectionState.ATTENTION),
    ],
    ids=["connected", "role-unsure", "switching", "no-active", "attention"],
)
def test_nothing_in_the_window_is_clipped(
    make_desk: Callable[[str], Desk], qtbot: QtBot, language: str, connection: Connection
) -> None:
    desk = make_desk(language)
    window = desk.window()
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.actions_["servers"].trigger()
    desk.connect(connection)
    window.tell("message.unclean-end", file="/home/operator/.local/state/vizclient/log/window.log")
    qtbot.wait(1)
    assert window.width() == 1280
    assert clipped(window) == []


@pytest.mark.parametrize("language", EVERY)
def test_nothing_in_the_write_dialog_is_clipped(make_desk: Callable[[str], Desk], qtbot: QtBot, language: str) -> None:
    desk = make_desk(language)
    window = desk.window()
    window.show()
    desk.connect(connected())
    desk.values(Set=21.4, Sure=20.0)
    for name in ("sure", "set"):
        element = next(each for each in desk.bundle.pages["one"].elements if each.id == name)
        window.controls.use(element, desk.bundle)
        dialog = window.controls.dialog
        assert dialog is not None
        qtbot.waitExposed(dialog)
        assert clipped(dialog) == []
        for typed in ("warm", "1,000", "99"):
            dialog.field.selectAll()
            QTest.keyClicks(dialog.field, typed)
            qtbot.wait(1)
            assert clipped(dialog) == []
        dialog.reject()


@pytest.mark.parametrize("language", EVERY)
def test_nothing_in_the_inspector_is_clipped(make_desk: Callable[[str], Desk], qtbot: QtBot, language: str) -> None:
    desk = make_desk(language)
    window = desk.window()
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(1280, 800)
    window.show()
    desk.mirror.take_metadata([(desk.handle("b:Set"), replace(SET_POINT, interface="Kaba"))])
    desk.connect(connected(Server.BACKUP))
    desk.values(1, "backup", Set=21.4)
    window.actions_["inspector"].trigger()
    assert window.inspector is not None
    qtbot.waitExposed(window)
    for element in ("", "set"):
        window.canvas.focus_element(element)
        qtbot.wait(1)
        assert clipped(window.inspector) == []
    window.controls.use(next(e for e in desk.bundle.pages["one"].elements if e.id == "set"), desk.bundle)
    assert window.controls.dialog is not None
    assert window.controls.dialog.caution.isVisible()
    qtbot.wait(1)
    assert clipped(window.controls.dialog) == []


@pytest.mark.parametrize("language", EVERY)
def test_nothing_in_the_password_dialog_is_clipped(
    make_desk: Callable[[str], Desk], qtbot: QtBot, language: str
) -> None:
    desk = make_desk(language)
    window = desk.window(users=dict.fromkeys(Server, "operator"))
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(1280, 800)
    window.show()
    user = (("user", "operator"),)
    for case in ("password-missing", "password-refused", "keyring-silent", "password-file-text"):
        problem = Problem(ProblemKind.CREDENTIALS, Layer.SESSION, case=case, arguments=(*user, ("file", "/run/x")))
        desk.connect(searching(ConnectionState.ATTENTION, problem=problem))
        window.actions_["password"].trigger()
        dialog = window.logins.dialog
        assert dialog is not None
        qtbot.waitExposed(dialog)
        assert clipped(dialog) == []
        dialog.reject()


@pytest.mark.parametrize("language", EVERY)
def test_nothing_in_the_demo_panel_is_clipped(make_desk: Callable[[str], Desk], qtbot: QtBot, language: str) -> None:
    desk = make_desk(language)
    with Pair() as pair:
        panel = DemoPanel(pair, desk.speaker.words, desk.theme)
        qtbot.addWidget(panel)
        panel.resize(1280, panel.sizeHint().height())
        panel.show()
        qtbot.waitExposed(panel)
        assert panel.width() == 1280
        assert clipped(panel) == []


def test_what_is_shown_in_the_pseudo_locale_has_been_translated(make_desk: Callable[[str], Desk], qtbot: QtBot) -> None:
    desk = make_desk(PSEUDO)
    window = desk.window()
    window.show()
    desk.connect(connected())
    window.actions_["servers"].trigger()
    given = {"Building A", "One", "bms-main:4840", "bms-backup:4840", "255", "UTC"}
    plain = [
        widget.text()
        for widget in window.findChildren(QWidget)
        if isinstance(widget, QLabel | QAbstractButton)
        and widget.text() not in given
        and any(letter.isalpha() for letter in widget.text())
        and "~" not in widget.text()
    ]
    assert plain == []
