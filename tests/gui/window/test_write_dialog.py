"""The write dialog: what it says back, what it refuses, and that a switchover leaves the operator's text alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from fakes.connections import connected, searching
from fakes.desk import Desk
from ui.dialogs.write import WriteDialog
from ui.writing import Target
from vizclient.items.value import Sample
from vizclient.items.writing import WriteOutcome, WriteState
from vizclient.redundancy.model import Server


def opened(
    desk: Desk, qtbot: QtBot, *, confirm: bool = False, fixed: bool | None = None, item: str = "Set"
) -> WriteDialog:
    """The dialog of a set-point, connected to the main server."""
    desk.connect(connected())
    desk.values(Set=21.4, Light=False)
    target = Target("set", desk.handle(f"b:{item}"), "Office 101 set-point", decimals=1, confirm=confirm)
    dialog = WriteDialog(
        target, desk.link.connection, desk.mirror, desk.numbers, desk.speaker.words, desk.theme, desk.now, fixed=fixed
    )
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def announce(desk: Desk, dialog: WriteDialog, connection: object) -> None:
    desk.connect(connection)  # type: ignore[arg-type]
    dialog.set_connection(desk.link.connection)


def test_it_says_back_value_unit_item_and_server(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    assert dialog.field.text() == "21.4"
    assert dialog.field.selectedText() == "21.4"
    QTest.keyClicks(dialog.field, "21.5")
    assert dialog.echo.text() == "Will write 21.5\u00a0°C to Office 101 set-point on MAIN"
    assert dialog.ok.isEnabled()


def test_what_is_said_back_is_never_rounded(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    QTest.keyClicks(dialog.field, "21.456")
    assert "21.456" in dialog.echo.text()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type a value"),
        ("warm", "“warm” is not a number"),
        ("14.9", "Lowest value: 15\u00a0°C"),
        ("28.1", "Highest value: 28\u00a0°C"),
        ("2,000", "“2,000” could be misread: leave out group separators; the decimal mark is “.”"),
    ],
)
def test_what_cannot_be_written_is_said_and_not_offered(desk: Desk, qtbot: QtBot, typed: str, said: str) -> None:
    dialog = opened(desk, qtbot)
    dialog.field.clear()
    QTest.keyClicks(dialog.field, typed)
    dialog.refresh()
    assert dialog.reason.text() == said
    assert dialog.echo.text() == ""
    assert not dialog.ok.isEnabled()


def test_in_german_a_point_is_refused_and_a_comma_taken(make_desk: Callable[[str], Desk], qtbot: QtBot) -> None:
    dialog = opened(make_desk("de"), qtbot)
    dialog.field.clear()
    QTest.keyClicks(dialog.field, "1.234")
    assert not dialog.ok.isEnabled()
    assert "Tausenderzeichen" in dialog.reason.text()
    dialog.field.clear()
    QTest.keyClicks(dialog.field, "21,5")
    assert dialog.echo.text() == "Schreibt 21,5\u00a0°C nach Office 101 set-point auf HAUPT"


def test_text_cursor_selection_and_focus_survive_a_switchover_and_ok_writes_to_the_new_server(
    desk: Desk, qtbot: QtBot
) -> None:
    dialog = opened(desk, qtbot)
    wanted: list[tuple[object, int]] = []
    dialog.wanted.connect(lambda value, generation: wanted.append((value, generation)))
    qtbot.waitUntil(dialog.field.hasFocus)
    QTest.keyClicks(dialog.field, "23.4")
    dialog.field.setSelection(1, 2)
    announce(desk, dialog, searching(at=desk.now.monotonic))
    assert not dialog.ok.isEnabled()
    assert dialog.reason.text() == "Not connected to a server. Your text is kept"
    assert dialog.field.isEnabled()
    announce(desk, dialog, connected(Server.BACKUP, generation=7))
    desk.values(generation=7, server="backup", Set=21.4)
    assert (dialog.field.text(), dialog.field.selectedText(), dialog.field.cursorPosition()) == ("23.4", "3.", 3)
    assert dialog.field.hasFocus()
    assert dialog.echo.text() == "Will write 23.4\u00a0°C to Office 101 set-point on BACKUP"
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert wanted == [(23.4, 7)]


def test_a_node_missing_on_the_new_server_disables_ok_and_keeps_the_text(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    QTest.keyClicks(dialog.field, "23.4")
    announce(desk, dialog, connected(Server.BACKUP, generation=7))
    handle = desk.handle("b:Set")
    desk.mirror.take_samples([(handle, Sample(None, 0x80340000, None, 7, "backup"))])
    assert dialog.reason.text() == "This item does not exist on this server. Your text is kept"
    assert dialog.field.text() == "23.4"
    assert not dialog.ok.isEnabled()


def test_a_silent_link_disables_ok(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    desk.now.monotonic += 0.6
    dialog.refresh()
    assert dialog.reason.text() == "The link to the servers is silent. Your text is kept"
    assert not dialog.ok.isEnabled()


def test_the_current_value_is_shown_with_its_freshness(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    assert "21.4\u00a0°C" in [label.text() for label in dialog.findChildren(type(dialog.echo))]
    announce(desk, dialog, searching(at=desk.now.monotonic - 5))
    assert "21.4\u00a0°C (stale)" in [label.text() for label in dialog.findChildren(type(dialog.echo))]


def test_where_the_page_wants_it_a_second_step_asks_and_a_switchover_asks_anew(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot, confirm=True)
    wanted: list[object] = []
    dialog.wanted.connect(lambda value, _: wanted.append(value))
    QTest.keyClicks(dialog.field, "22")
    dialog.ok.click()
    assert dialog.echo.text() == "Write 22.0\u00a0°C to Office 101 set-point on MAIN?"
    assert wanted == []
    announce(desk, dialog, connected(Server.BACKUP, generation=2))
    assert dialog.echo.text() == "Will write 22.0\u00a0°C to Office 101 set-point on BACKUP"
    dialog.ok.click()
    dialog.ok.click()
    assert wanted == [22.0]


def test_escape_goes_back_one_step_then_closes(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot, confirm=True)
    dialog.ok.click()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert not dialog.field.isReadOnly()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_fixed_value_is_only_asked_about(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot, confirm=True, fixed=True, item="Light")
    wanted: list[object] = []
    dialog.wanted.connect(lambda value, _: wanted.append(value))
    assert dialog.field.isHidden()
    assert dialog.echo.text() == "Write On to Office 101 set-point on MAIN?"
    dialog.ok.click()
    assert wanted == [True]


@pytest.mark.parametrize(
    ("outcome", "code", "said"),
    [
        (WriteOutcome.PENDING, "", "Writing 22.0\u00a0°C …"),
        (WriteOutcome.DONE, "", "22.0\u00a0°C is set"),
        (WriteOutcome.MISMATCH, "write-mismatch", "MAIN accepted 22.0\u00a0°C but shows 21.0\u00a0°C"),
        (
            WriteOutcome.UNKNOWN,
            "write-link-lost",
            "Not known whether 22.0\u00a0°C was written: check the value, then decide",
        ),
        (
            WriteOutcome.REFUSED,
            "write-generation",
            "22.0\u00a0°C was not written. The connection changed since the value was shown. Look at it again, then decide.",
        ),
    ],
)
def test_what_became_of_a_write_is_said_in_words(
    desk: Desk, qtbot: QtBot, outcome: WriteOutcome, code: str, said: str
) -> None:
    dialog = opened(desk, qtbot)
    QTest.keyClicks(dialog.field, "22")
    dialog.ok.click()
    dialog.set_write_state(WriteState(1, dialog.target.handle, outcome, code, read=21.0))
    assert dialog.reason.text() == said
    assert dialog.field.text() == "22"


def test_after_a_refusal_the_text_can_be_changed_and_sent_again(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    dialog.ok.click()
    assert not dialog.ok.isEnabled()
    dialog.set_write_state(WriteState(1, dialog.target.handle, WriteOutcome.REFUSED, "write-under-way"))
    assert dialog.ok.isEnabled()
    assert not dialog.field.isReadOnly()


def test_up_and_down_step_within_the_limits(desk: Desk, qtbot: QtBot) -> None:
    dialog = opened(desk, qtbot)
    QTest.keyClicks(dialog.field, "27.9")
    for _ in range(3):
        QTest.keyClick(dialog.field, Qt.Key.Key_Up)
    assert dialog.field.text() == "28.0"
    QTest.keyClick(dialog.field, Qt.Key.Key_Down)
    assert dialog.field.text() == "27.9"


def test_a_closed_dialog_listens_to_nothing_any_more(desk: Desk, qtbot: QtBot) -> None:
    before = [
        len(listeners) for listeners in (desk.mirror.on_samples, desk.mirror.on_metadata, desk.mirror.on_standing)
    ]
    dialog = opened(desk, qtbot)
    dialog.reject()
    after = [len(listeners) for listeners in (desk.mirror.on_samples, desk.mirror.on_metadata, desk.mirror.on_standing)]
    assert after == before
