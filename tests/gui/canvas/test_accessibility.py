"""The page for people who do not see it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fakes.pages import Screen, value
from ui.canvas.accessibility import Accessibility
from vizclient.items.metadata import Metadata

SWITCH = {"id": "s", "type": "switch", "rect": [10, 60, 100, 26], "item": "s", "label": "Light"}
LINK = {"id": "l", "type": "link", "rect": [10, 100, 120, 30], "page": "other", "text": "Other"}
BOX = {"id": "box", "type": "shape", "shape": "box", "rect": [0, 0, 200, 200]}

Text = QAccessible.Text


@pytest.fixture(scope="module")
def accessibility(qapp: QApplication) -> Accessibility:
    return Accessibility()


@pytest.fixture
def screen(qtbot: QtBot, accessibility: Accessibility) -> Iterator[Screen]:
    made = Screen(BOX, value("a", label="Supply"), SWITCH, LINK)
    made.show()
    accessibility.watch(made.canvas)
    yield made
    made.canvas.close()
    made.canvas.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


def child(screen: Screen, index: int) -> QAccessibleInterface:
    """As Qt itself finds it: from C++, by the number of the child."""
    event = QAccessibleEvent(screen.canvas, QAccessible.Event.Focus)
    event.setChild(index)
    found = event.accessibleInterface()
    assert found is not None
    return found


def test_what_says_something_is_a_child_and_the_drawing_is_not(screen: Screen) -> None:
    interface = QAccessible.queryAccessibleInterface(screen.canvas)
    assert interface.childCount() == 3
    names = [child(screen, index).text(Text.Name) for index in range(3)]
    assert names == ["Supply", "Light", "Other"]
    assert [child(screen, index).role() for index in range(3)] == [
        QAccessible.Role.StaticText,
        QAccessible.Role.Switch,
        QAccessible.Role.Link,
    ]


def test_a_value_is_said_with_its_freshness_only(screen: Screen) -> None:
    assert child(screen, 0).text(Text.Value) == "– (nothing received yet)"
    screen.values(a=21.5)
    assert child(screen, 0).text(Text.Value) == "21.5 (live)"
    screen.standing(generation=0, lost_at=screen.clock.now - 1)
    assert "stale" in child(screen, 0).text(Text.Value)


def test_a_switch_is_checked_and_says_when_it_cannot_be_used(screen: Screen) -> None:
    screen.values(s=True)
    state = child(screen, 1).state()
    assert state.checked
    assert state.disabled
    screen.metadata(s=Metadata("Boolean", writable=True))
    assert not child(screen, 1).state().disabled


def test_places_lead_to_elements_and_back(screen: Screen) -> None:
    interface = QAccessible.queryAccessibleInterface(screen.canvas)
    rect = child(screen, 2).rect()
    assert not rect.isEmpty()
    assert interface.childAt(rect.center().x(), rect.center().y()).text(Text.Name) == "Other"
    assert interface.indexOfChild(child(screen, 2)) == 2


def test_an_element_of_a_page_that_is_gone_is_no_longer_valid(screen: Screen) -> None:
    link = child(screen, 2)
    assert link.isValid()
    screen.canvas.set_page(None, {})
    assert not link.isValid()
    assert link.text(Text.Name) == ""


def test_the_focus_is_told_where_someone_listens(screen: Screen, qtbot: QtBot) -> None:
    QAccessible.setActive(True)
    try:
        screen.canvas.activateWindow()
        qtbot.waitUntil(screen.canvas.hasFocus)
        screen.canvas.focus_element("s")
        screen.values(s=False)
        focused = QAccessible.queryAccessibleInterface(screen.canvas).focusChild()
        assert focused.text(Text.Name) == "Light"
    finally:
        QAccessible.setActive(False)
