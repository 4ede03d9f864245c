"""What a person is told of an interface: in the inspector, when copying a value, and before writing one that is not confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from fakes.connections import connected
from fakes.desk import SET_POINT, SWITCH, Desk
from ui.canvas.accessibility import Accessibility
from ui.panels.inspector import Inspector
from ui.window import Window
from ui.window_state import WindowState
from ui.words import LANGUAGES
from vizclient.items.freshness import Behaviour
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample
from vizclient.redundancy.model import Server
from vizclient.redundancy.support import shipped_table

BACKUP = connected(Server.BACKUP, generation=2)


def look(
    desk: Desk, qtbot: QtBot, element: str = "set", interface: str = "", **values: float
) -> tuple[Window, Inspector]:
    """A window on the backup with the inspector open on an element."""
    window = desk.window()
    qtbot.addWidget(window)
    window.show()
    if interface:
        desk.mirror.take_metadata([(desk.handle("b:Set"), replace(SET_POINT, interface=interface))])
    desk.connect(BACKUP)
    desk.values(2, "backup", **({"Set": 21.4} | values))
    window.actions_["inspector"].trigger()
    window.canvas.focus_element(element)
    window.canvas.grab()  # what is clicked has been painted
    assert window.inspector is not None
    window.inspector.refresh()
    return window, window.inspector


def test_the_inspector_says_what_to_do_before_anything_was_clicked(desk: Desk, qtbot: QtBot) -> None:
    _, inspector = look(desk, qtbot, element="")
    assert inspector.heading == (
        "",
        "Click a value on the page to see where it comes from, and how far it can be trusted",
    )
    assert not inspector.cell("item")


def test_the_inspector_tells_where_a_value_comes_from(desk: Desk, qtbot: QtBot) -> None:
    _, inspector = look(desk, qtbot, interface="KNX")
    desk.mirror.take_samples([(desk.handle("b:Set"), Sample(21.4, 0, desk.now().wall - 5, 2, "backup"))])
    inspector.refresh()
    assert inspector.heading == ("Office 101 set-point", "21.4\u00a0°C (live)")
    said = {row: inspector.cell(row) for row in ("why", "to-do", "interface", "switchover", "possible", "note")}
    assert said == {
        "why": "It has come from BACKUP, which serves",
        "to-do": "",
        "interface": "KNX",
        "switchover": "Values are carried over: the servers keep each other in step",
        "possible": "yes",
        "note": "",
    }
    facts = {row: inspector.cell(row) for row in ("item", "server", "status", "type", "range", "access")}
    assert facts == {
        "item": "b:Set",
        "server": "Backup",
        "status": "Good (0x00000000)",
        "type": "Double",
        "range": "15 to 28\u00a0°C",
        "access": "can be written",
    }
    assert inspector.cell("time")


@pytest.mark.parametrize(
    ("interface", "why", "to_do"),
    [
        ("Kaba", "Kaba talks to the main server alone, and BACKUP has heard nothing", "or the main serves again"),
        (
            "Shutter",
            "Shutter Control is not carried over between main and backup",
            "with the next value from the field",
        ),
    ],
)
def test_the_inspector_says_why_a_value_is_not_trusted_and_what_to_do(
    desk: Desk, qtbot: QtBot, interface: str, why: str, to_do: str
) -> None:
    _, inspector = look(desk, qtbot, interface=interface)
    assert inspector.heading[1] == "21.4\u00a0°C (not yet confirmed by this server)"
    assert inspector.cell("why").startswith(why)
    assert inspector.cell("to-do").endswith(to_do)
    assert inspector.cell("note")


def test_the_inspector_follows_what_becomes_of_the_value(desk: Desk, qtbot: QtBot) -> None:
    _, inspector = look(desk, qtbot, interface="Kaba")
    sample = Sample(22.0, 0, 5.0, 2, "backup", published=True, confirmed=True)
    desk.mirror.take_samples([(desk.handle("b:Set"), sample)])
    qtbot.waitUntil(lambda: inspector.heading[1] == "22.0\u00a0°C (live)")
    assert inspector.cell("why") == "It has come from BACKUP, which serves"


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (Sample(1.0, 0x40920000, None, 2, "backup"), "BACKUP itself is not sure of it: Uncertain_InitialValue"),
        (Sample(1.0, 0x80050000, None, 2, "backup"), "BACKUP has no good value for it: Bad_CommunicationError"),
        (Sample(None, 0x80340000, None, 2, "backup"), "BACKUP has no such item"),
        (Sample(1.0, 0, None, 1, "main"), "It is the last value that came from MAIN; nothing keeps it current now"),
    ],
)
def test_each_freshness_has_its_reason(desk: Desk, qtbot: QtBot, sample: Sample, why: str) -> None:
    _, inspector = look(desk, qtbot)
    desk.mirror.take_samples([(desk.handle("b:Set"), sample)])
    inspector.refresh()
    assert inspector.cell("why").startswith(why)
    assert inspector.cell("interface").startswith("Not known")


def test_a_role_that_is_not_sure_is_the_reason_for_uncertain_values(desk: Desk, qtbot: QtBot) -> None:
    _, inspector = look(desk, qtbot)
    desk.connect(replace(BACKUP, sure=False))
    inspector.refresh()
    assert inspector.cell("why") == "It is not sure that BACKUP is the active server"


def test_nothing_received_yet_is_said(desk: Desk, qtbot: QtBot) -> None:
    _, inspector = look(desk, qtbot, element="sure")
    assert inspector.cell("why") == "No value has come yet"


def test_a_meter_that_is_still_being_made_says_so_and_one_that_is_not_made_says_where_to_look(
    desk: Desk, qtbot: QtBot
) -> None:
    window, inspector = look(desk, qtbot, interface="Metering")
    meter = desk.handle("b:Set")
    desk.now.monotonic += 1.0
    desk.connect(connected(generation=3))
    desk.mirror.take_samples([(meter, Sample(None, 0x80340000, None, 3, "main"))])
    window.canvas.grab()
    inspector.refresh()
    assert "21.4\u00a0°C (stale" in inspector.heading[1]
    assert "MAIN has just taken over and is still making this one" in inspector.cell("why")
    assert "Wait a few seconds" in window.canvas.remark("set")
    desk.mirror._awaited[meter] = (0.0, desk.mirror._awaited[meter][1])
    desk.mirror.settle()
    inspector.refresh()
    assert inspector.cell("why") == "Items of Metering exist on the active server only, and MAIN has not made this one"
    assert inspector.cell("to-do") == "Check whether Metering runs on MAIN"


def test_another_page_is_not_inspected_until_something_there_is(desk: Desk, qtbot: QtBot) -> None:
    window, inspector = look(desk, qtbot)
    window.go("two")
    assert inspector.heading[0] == ""
    window.go("one")
    window.canvas.focus_element("go")  # a link shows no item
    assert inspector.heading[0] == ""


def test_the_inspector_is_open_again_after_a_restart(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot)
    assert window.state.inspector
    again = desk.window(WindowState(inspector=True))
    qtbot.addWidget(again)
    again.show()
    assert again.inspector is not None
    assert again.inspector.isVisible()
    again.actions_["inspector"].trigger()
    assert not again.inspector.isVisible()


def test_a_meant_caution_is_told_once_the_backup_has_taken_over(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, interface="Protel")
    assert window.canvas.remark("set").startswith(
        "Protel has been taken over. The driver carries values over, but nobody"
    )
    desk.connect(connected(generation=3))
    desk.values(3, "main", Set=21.4)
    window.canvas.grab()
    assert window.canvas.remark("set") == ""


def test_the_tool_tip_tells_the_reason_in_lines_that_fit_the_screen(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, interface="Kaba")
    entry = window.canvas.entry("set")
    assert entry is not None
    tip = window.canvas._looks.tip(entry)
    assert "Kaba talks to the main server alone" in tip
    assert max(map(len, tip.splitlines())) <= 80


def test_the_reason_is_spoken_too(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, interface="Kaba")
    accessibility = Accessibility()
    accessibility.watch(window.canvas)
    interface = QAccessible.queryAccessibleInterface(window.canvas)
    spoken = [interface.child(index) for index in range(interface.childCount())]
    told = next(
        child.text(QAccessible.Text.Description) for child in spoken if "21.4" in child.text(QAccessible.Text.Value)
    )
    assert told.startswith("21.4\u00a0°C (not yet confirmed by this server). Kaba talks to the main server alone")


def menu_of(window: Window, element: str) -> QMenu:
    window.canvas.context_menu_wanted.emit(element, QPoint(0, 0))
    return next(menu for menu in window.findChildren(QMenu) if menu.isVisible())


def chosen(menu: QMenu, text: str) -> None:
    next(action for action in menu.actions() if action.text() == text).trigger()
    menu.close()


def test_a_copied_value_takes_its_freshness_and_the_reason_along(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, interface="Kaba")
    chosen(menu_of(window, "set"), "Copy value")
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("21.4\u00a0°C (not yet confirmed by this server). Kaba talks to the main server alone")


def test_the_menu_of_a_value_leads_to_the_inspector(desk: Desk, qtbot: QtBot) -> None:
    window, inspector = look(desk, qtbot, element="")
    window.actions_["inspector"].trigger()
    chosen(menu_of(window, "set"), "Where does this come from?")
    assert inspector.isVisible()
    assert inspector.cell("item") == "b:Set"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_that_ships_can_be_told_in_every_language(
    make_desk: Callable[[str], Desk], qtbot: QtBot, language: str
) -> None:
    desk = make_desk(language)
    window, inspector = look(desk, qtbot)
    for row in shipped_table().interfaces:
        desk.mirror.take_metadata([(desk.handle("b:Set"), Metadata("Double", interface=row.name))])
        desk.values(2, "backup", Set=1.0)
        window.canvas.grab()
        inspector.refresh()
        assert row.name in inspector.cell("interface")
        assert inspector.cell("switchover")
        assert inspector.cell("possible")
        assert bool(inspector.cell("note")) == bool(row.note)
        if row.behaviour in (Behaviour.MAIN_ONLY, Behaviour.UNSYNCHRONISED):
            assert row.name in inspector.cell("why")


# writing


def test_who_writes_to_an_unconfirmed_item_is_told_and_may(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, interface="Shutter")
    window.canvas._act(window.canvas.entry("set"))  # type: ignore[arg-type]
    dialog = window.controls.dialog
    assert dialog is not None
    assert dialog.caution.text() == (
        "What is shown now is not to be trusted: Shutter Control is not carried over between main and backup, and BACKUP has "
        "heard nothing from the field yet."
    )
    assert dialog.caution.isVisible()
    assert dialog.ok.isEnabled()
    desk.mirror.take_samples(
        [(desk.handle("b:Set"), Sample(22.0, 0, 5.0, 2, "backup", published=True, confirmed=True))]
    )
    assert not dialog.caution.isVisible()


def test_who_writes_to_an_interface_of_the_main_alone_is_told_that_it_may_not_arrive(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, interface="Kaba")
    window.canvas._act(window.canvas.entry("set"))  # type: ignore[arg-type]
    assert window.controls.dialog is not None
    assert "what you write may not arrive: Kaba talks to the main server alone" in window.controls.dialog.caution.text()


def test_a_switch_whose_state_is_not_confirmed_asks_before_it_turns_that_round(desk: Desk, qtbot: QtBot) -> None:
    window, _ = look(desk, qtbot, element="light", Light=1.0)
    light = desk.handle("b:Light")
    desk.mirror.take_metadata([(light, replace(SWITCH, interface="Shutter"))])
    desk.mirror.take_samples([(light, Sample(True, 0, None, 2, "backup"))])
    window.canvas.grab()
    window.canvas._act(window.canvas.entry("light"))  # type: ignore[arg-type]
    dialog = window.controls.dialog
    assert dialog is not None
    assert dialog.caution.isVisible()
    assert "Off" in dialog.echo.text()
