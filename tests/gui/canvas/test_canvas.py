"""The canvas paints what is true, only where it changed, and lets the operator act on it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture
from pytestqt.qtbot import QtBot

from fakes.pages import Screen, value
from ui.canvas.canvas import FRAME, SLICE
from ui.canvas.view import View
from ui.symbols.contract import Command
from ui.symbols.table import SYMBOLS
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample

WRITABLE = Metadata("Double", writable=True, unit="°C", low=5, high=35)
SWITCH: dict[str, Any] = {"id": "s", "type": "switch", "rect": [10, 60, 100, 26], "item": "s"}
LINK: dict[str, Any] = {"id": "l", "type": "link", "rect": [10, 100, 120, 30], "page": "other", "text": "Other"}
SET_POINT: dict[str, Any] = {"id": "p", "type": "set-point", "rect": [10, 150, 120, 30], "item": "p"}


def changed(before: QImage, after: QImage) -> QRect:
    """The smallest rectangle that holds every pixel that differs."""
    assert before.size() == after.size()
    rect = QRect()
    for y in range(before.height()):
        for x in range(before.width()):
            if before.pixel(x, y) != after.pixel(x, y):
                rect |= QRect(x, y, 1, 1)
    return rect


@pytest.fixture
def screen(qtbot: QtBot, request: pytest.FixtureRequest) -> Screen:
    made = Screen(*request.param)
    qtbot.addWidget(made.canvas)
    made.show()
    return made


def with_elements(*elements: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("screen", [elements], indirect=True, ids=["page"])


@with_elements(value("a"), value("b", y=40))
def test_a_page_is_shown_before_any_value(screen: Screen) -> None:
    assert screen.said() == [("a", "", "never"), ("b", "", "never")]


@with_elements(value("a"), value("b", y=40))
def test_a_value_is_painted_at_once_and_only_where_it_is(screen: Screen) -> None:
    screen.said()
    before = screen.canvas._picture.image.copy()
    screen.values(a=21.46)
    assert screen.said() == [("a", "21.5", "live")]
    touched = changed(before, screen.canvas._picture.image)
    assert QRect(10, 10, 90, 24).contains(touched)
    assert not touched.isEmpty()


@with_elements(value("a"))
def test_what_looks_the_same_is_not_painted(screen: Screen) -> None:
    screen.values(a=21.46)
    screen.said()
    screen.values(a=21.49)
    assert screen.said() == []


@with_elements(value("a"))
def test_values_that_keep_coming_wait_for_the_next_frame(screen: Screen) -> None:
    screen.values(a=1.0)
    screen.clock.now -= 0.049
    screen.values(a=2.0)
    screen.clock.now -= 0.049
    screen.values(a=3.0)
    assert screen.said()[-1] == ("a", "1.0", "live")
    screen.settle()
    assert screen.said() == [("a", "3.0", "live")]


@with_elements(value("a"), value("b", y=40, item="unknown"))
def test_an_item_that_cannot_be_addressed_is_missing(screen: Screen) -> None:
    assert ("b", "", "missing") in screen.said()


@with_elements(value("a"), value("b", y=40), value("c", y=70))
def test_status_decides_what_is_shown(screen: Screen) -> None:
    screen.said()
    screen.values(status=0x40000000, a=1.0)
    screen.values(status=0x80050000, b=2.0)
    screen.values(status=0x80340000, c=3.0)
    assert screen.said() == [("a", "1.0", "uncertain"), ("b", "2.0", "bad"), ("c", "", "missing")]


@with_elements(value("a"))
def test_a_lost_connection_is_held_then_stale_then_older(screen: Screen) -> None:
    screen.values(a=1.0)
    screen.said()
    live = screen.canvas._picture.image.copy()
    screen.standing(generation=0, lost_at=screen.clock.now, after=0)
    assert screen.canvas.frame_state == "held"
    assert screen.said() == [("", "", "held")]
    assert screen.canvas._picture.image == live
    screen.later(0.26)
    assert screen.canvas.frame_state == "stale"
    assert screen.said() == [("", "", "stale"), ("a", "1.0", "stale")]
    assert screen.canvas.shown("a").age == "< 5 s"  # type: ignore[union-attr]
    screen.later(5)
    assert screen.canvas.shown("a").age == "5 s"  # type: ignore[union-attr]
    screen.later(1)
    screen.said()
    screen.later(1)
    assert screen.said() == []


@with_elements(value("a"), value("b", y=60))
def test_a_switchover_shorter_than_the_hold_paints_only_what_changed(screen: Screen) -> None:
    screen.values(a=1.0, b=2.0)
    screen.said()
    before = screen.canvas._picture.image.copy()
    lost = screen.clock.now
    screen.standing(generation=0, lost_at=lost, after=0)
    screen.standing(generation=2, lost_at=lost, after=0.1)
    screen.take({"a": 1.0, "b": 5.0}, generation=2)
    screen.settle()
    assert screen.said() == [("", "", "held"), ("", "", "live"), ("b", "5.0", "live")]
    assert QRect(10, 60, 90, 24).contains(changed(before, screen.canvas._picture.image))


@with_elements(value("a"), value("b", y=60))
def test_the_first_values_of_a_new_session_are_painted_within_a_frame(screen: Screen) -> None:
    screen.values(a=1.0, b=2.0)
    lost = screen.clock.now
    screen.standing(generation=0, lost_at=lost, after=0)
    screen.standing(generation=2, lost_at=lost, after=0.1)
    screen.said()
    screen.take({"a": 3.0, "b": 4.0}, generation=2)
    assert ("b", "4.0", "live") in screen.said(), "at once, where no frame was painted just before"
    screen.clock.now -= 0.049  # `take` lets a frame pass
    screen.take({"a": 5.0, "b": 6.0}, generation=2)
    assert 0 <= screen.canvas._frame_timer.remainingTime() <= FRAME * 1000
    screen.clock.now += FRAME
    screen.canvas._frame()
    assert screen.said() == [("a", "5.0", "live"), ("b", "6.0", "live")]


@with_elements(value("a"))
def test_items_that_are_not_on_the_page_cost_no_frame_however_many_they_are(screen: Screen) -> None:
    screen.values(a=1.0)
    screen.said()
    others = [screen.mirror.handle(Address("urn:test", f"other-{n}")) for n in range(20_000)]
    screen.clock.now += 1.0
    screen.mirror.take_samples([(handle, Sample(1.0, 0, None, 1, "main")) for handle in others])
    assert not screen.canvas._dirty
    assert not screen.canvas._frame_timer.isActive()
    screen.values(a=2.0)
    assert screen.said() == [("a", "2.0", "live")]


@with_elements(value("a"), value("b", y=60))
def test_the_frame_goes_with_the_last_value_of_the_new_session_not_with_the_hold(screen: Screen) -> None:
    screen.values(a=1.0, b=2.0)
    lost = screen.clock.now
    screen.standing(generation=0, lost_at=lost, after=0)
    screen.standing(generation=2, lost_at=lost, after=0.01)
    assert screen.canvas.frame_state == "held"
    screen.clock.now -= 0.04  # `take` lets a frame pass
    screen.take({"a": 3.0}, generation=2)
    screen.settle()
    assert screen.canvas.frame_state == "held"
    screen.clock.now -= 0.04
    screen.take({"b": 4.0}, generation=2)
    screen.settle()
    assert screen.clock.now < lost + 0.25
    assert screen.canvas.frame_state == "live"
    assert not screen.canvas._framed


@with_elements(value("a"))
def test_the_frame_of_the_page_tells_held_from_live_also_in_grey(screen: Screen) -> None:
    screen.values(a=1.0)

    def grey() -> QImage:
        return screen.canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)

    live = grey()
    screen.standing(generation=0, lost_at=screen.clock.now, after=0)
    held = grey()
    along = [abs(live.pixelColor(x, 2).red() - held.pixelColor(x, 2).red()) for x in range(live.width())]
    assert sum(difference > 40 for difference in along) > live.width() / 3
    assert live.copy(10, 10, 380, 280) == held.copy(10, 10, 380, 280)


@with_elements(value("a"))
def test_a_silent_link_makes_everything_stale(screen: Screen) -> None:
    screen.mirror.heard_at = screen.clock.now
    screen.values(a=1.0)
    screen.said()
    screen.later(0.4)
    assert screen.said() == []
    screen.later(0.11)
    assert screen.said()[-1] == ("a", "1.0", "stale")
    screen.mirror.heard_at = screen.clock.now
    screen.later(0.1)
    assert screen.said()[-1] == ("a", "1.0", "live")


@with_elements(value("a"), value("b", y=40))
def test_after_a_switchover_each_value_is_live_again_when_it_has_come(screen: Screen) -> None:
    screen.values(a=1.0, b=2.0)
    screen.standing(generation=0, lost_at=screen.clock.now)
    screen.later(1)
    screen.said()
    screen.standing(generation=2, lost_at=screen.clock.now - 1)
    screen.values(generation=2, a=5.0)
    screen.settle()
    assert screen.said() == [("", "", "live"), ("a", "5.0", "live")]
    assert screen.canvas.shown("b").freshness == "stale"  # type: ignore[union-attr]


@with_elements(value("a"))
def test_a_value_that_was_bad_is_not_plain_while_it_is_held(screen: Screen) -> None:
    screen.values(status=0x80050000, a=1.0)
    screen.said()
    screen.standing(generation=0, lost_at=screen.clock.now, after=0)
    assert screen.canvas.shown("a").freshness == "bad"  # type: ignore[union-attr]


@with_elements(value("free"))
def test_what_is_not_kept_in_step_is_marked_until_it_is_confirmed(screen: Screen) -> None:
    screen.standing(generation=2, switches=1)
    screen.said()
    screen.values(generation=2, free=1.0)
    assert screen.said() == [("free", "1.0", "unsynchronised")]


@with_elements(value("a", max_age=10.0))
def test_an_item_that_does_not_come_as_often_as_it_must_is_stale(screen: Screen) -> None:
    screen.values(a=1.0)
    screen.said()
    screen.later(9)
    assert screen.said() == []
    screen.later(2)
    assert screen.said() == [("a", "1.0", "stale")]
    screen.values(a=1.0)
    assert screen.said() == [("a", "1.0", "live")]


@with_elements(value("a", states=[{"when": "value > 26", "style": "warning"}, {"when": "value < 0", "text": "Frost"}]))
def test_the_first_state_that_holds_gives_style_and_text(screen: Screen) -> None:
    screen.values(a=27.0)
    assert screen.canvas.shown("a").style == "warning"  # type: ignore[union-attr]
    screen.values(a=-1.0)
    assert screen.canvas.shown("a").text == "Frost"  # type: ignore[union-attr]
    screen.values(a=1.0)
    assert screen.canvas.shown("a").style == "normal"  # type: ignore[union-attr]


@with_elements(value("a", visible="value > 0"))
def test_what_is_not_visible_leaves_no_trace(screen: Screen) -> None:
    empty = QImage(screen.canvas._picture.image)
    empty.fill(screen.canvas._theme.color("page"))
    screen.values(a=1.0)
    assert screen.canvas._picture.image != empty
    assert screen.canvas.element_at(QPointF(20, 20)) == "a"
    screen.values(a=-1.0)
    assert screen.canvas._picture.image == empty
    assert screen.canvas.element_at(QPointF(20, 20)) == ""


@with_elements(value("a"), {"id": "top", "type": "text", "rect": [10, 10, 90, 24], "text": "over", "visible": "true"})
def test_what_lies_above_is_painted_again_above(screen: Screen) -> None:
    screen.values(a=8.0)
    partial = screen.canvas._picture.image.copy()
    screen.canvas.repaint_all()
    screen.canvas.repaint()
    assert screen.canvas._picture.image == partial


@with_elements({"id": "u", "type": "pump", "rect": [10, 10, 40, 40], "item": "run", "fault": "broken"})
def test_a_device_is_no_more_trusted_than_its_fault(screen: Screen) -> None:
    screen.values(run=True)
    assert screen.said()[-1] == ("u", "", "never")
    screen.values(broken=True)
    assert screen.said()[-1] == ("u", "On", "live")
    assert "state.fault" in screen.canvas.describe("u").states  # type: ignore[union-attr]
    screen.values(status=0x80000000, broken=True)
    assert screen.said()[-1] == ("u", "On", "bad")


@with_elements(value("a"), value("b", y=40))
def test_a_symbol_that_raises_is_broken_and_the_rest_goes_on(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Hostile(float):
        def __ge__(self, other: object) -> bool:
            raise RuntimeError("no")

        def __format__(self, spec: str) -> str:
            raise RuntimeError("no")

    broken = screen.canvas.entry("a")
    assert broken is not None

    def reading(*_: object) -> tuple[str, None]:
        raise RuntimeError("no")

    with caplog.at_level(logging.ERROR):
        broken.reading = reading
        screen.values(a=1.0, b=2.0)
        screen.values(a=2.0, b=3.0)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert ("b", "3.0", "live") in screen.said()
    assert screen.canvas.shown("a").text == ""  # type: ignore[union-attr]


@with_elements(value("a"), value("b", y=40))
def test_a_symbol_that_cannot_be_painted_is_drawn_as_broken(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no")

    good = screen.canvas._picture.image.copy(0, 36, 400, 200)
    entry = screen.canvas.entry("a")
    assert entry is not None
    object.__setattr__(entry, "symbol", type(SYMBOLS["value"])(fail, *_without_paint()))
    with caplog.at_level(logging.ERROR):
        screen.canvas.repaint_all()
        screen.canvas.repaint()
        screen.canvas.repaint_all()
        screen.canvas.repaint()
    assert len(caplog.records) == 1
    assert screen.canvas._picture.image.copy(0, 36, 400, 200) == good


def _without_paint() -> tuple[Any, ...]:
    symbol = SYMBOLS["value"]
    return symbol.reading, symbol.describe


def test_many_changes_are_painted_in_slices(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.canvas.canvas.BULK", 300)
    screen = Screen(
        *(value(f"v{n}", x=n % 20 * 20, y=n // 20 * 15, rect=[n % 20 * 20, n // 20 * 15, 19, 14]) for n in range(400))
    )
    qtbot.addWidget(screen.canvas)
    screen.show()
    screen.take({f"v{n}": 1.0 for n in range(400)})
    screen.settle()
    screen.said()

    class Slow:
        def __call__(self) -> float:
            screen.clock.now += SLICE / 3
            return screen.clock.now

    screen.canvas._clock = Slow()
    screen.mirror.take_standing(screen.mirror.standing.__class__(generation=0, lost_at=screen.clock.now - 1))
    slices = [len(screen.said())]
    while screen.canvas._dirty:
        assert screen.canvas._framed, "the page must not look live while its symbols still do"
        screen.canvas._frame()
        slices.append(len(screen.said()))
    assert not screen.canvas._framed
    assert len(slices) > 2
    assert sum(slices) == 401  # and the frame


@with_elements(value("a"))
def test_a_hidden_canvas_paints_nothing_and_is_right_when_it_is_shown(screen: Screen) -> None:
    screen.values(a=1.0)
    screen.canvas.hide()
    screen.said()
    screen.values(a=2.0)
    assert screen.said() == []
    screen.expose()
    assert screen.said() == [("a", "2.0", "live")]


@with_elements(SWITCH, LINK, SET_POINT, value("a"))
def test_a_click_commands_what_can_be_commanded(screen: Screen, qtbot: QtBot) -> None:
    commanded: list[tuple[str, Command]] = []
    refused: list[tuple[str, str]] = []
    screen.canvas.commanded.connect(lambda element, command: commanded.append((element, command)))
    screen.canvas.refused.connect(lambda element, reason: refused.append((element, reason)))

    def click(y: int) -> None:
        QTest.mouseClick(screen.canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, y))

    click(115)
    assert commanded == [("l", Command("open", "other"))]
    click(73)
    assert refused == [("s", "write.no-value")]
    screen.values(s=True, p=21.0, a=1.0)
    click(73)
    assert refused[-1] == ("s", "write.no-metadata")
    screen.metadata(s=Metadata("Boolean"), p=WRITABLE)
    click(73)
    assert refused[-1] == ("s", "write.not-writable")
    click(165)
    assert commanded[-1] == ("p", Command("set"))
    click(20)
    assert len(commanded) == 2
    assert screen.canvas.focused_element == "a"
    screen.standing(generation=1, sure=False)
    click(165)
    assert refused[-1] == ("p", "write.unsure")
    screen.standing(generation=0, lost_at=screen.clock.now, after=0)
    click(165)
    assert refused[-1] == ("p", "write.not-connected")
    assert len(commanded) == 2


@with_elements(SET_POINT, value("a"), LINK, SWITCH)
def test_tab_goes_through_the_controls_in_display_order_and_leaves(screen: Screen, qtbot: QtBot) -> None:
    canvas = screen.canvas
    canvas.activateWindow()
    qtbot.waitUntil(canvas.hasFocus)
    canvas.clearFocus()
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(canvas.hasFocus)
    visited = [canvas.focused_element]
    for _ in range(2):
        QTest.keyClick(canvas, Qt.Key.Key_Tab)
        visited.append(canvas.focused_element)
    assert visited == ["p", "l", "s"]
    QTest.keyClick(canvas, Qt.Key.Key_Backtab)
    assert canvas.focused_element == "l"
    with qtbot.waitSignal(canvas.commanded) as commanded:
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert commanded.args == ["l", Command("open", "other")]


@with_elements(LINK)
def test_the_focus_ring_is_drawn_and_goes_without_a_trace(screen: Screen, qtbot: QtBot) -> None:
    canvas = screen.canvas
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    plain = canvas.grab().toImage()
    canvas.focus_element("l")
    assert canvas.grab().toImage() != plain
    canvas.focus_element("")
    assert canvas.grab().toImage() == plain


@with_elements(value("a"), LINK)
def test_the_wheel_zooms_at_the_cursor_and_0_fits(screen: Screen, qtbot: QtBot) -> None:
    canvas = screen.canvas
    at = QPointF(30, 115)
    assert canvas.element_at(at) == "l"
    with qtbot.waitSignal(canvas.view_changed):
        wheel = QWheelEvent(
            at, at, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(canvas, wheel)
    assert canvas.zoom == pytest.approx(1.44)
    assert canvas.element_at(at) == "l"
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.view.centre is not None
    QTest.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.view == View()


@with_elements(LINK)
def test_two_fingers_zoom_around_what_is_between_them(screen: Screen) -> None:
    canvas = screen.canvas
    at = QPointF(30, 115)
    pinch = QPinchGesture()
    pinch.setScaleFactor(1.5)
    pinch.setCenterPoint(QPointF(canvas.mapToGlobal(at.toPoint())))
    assert canvas.event(QGestureEvent([pinch]))
    assert canvas.zoom == pytest.approx(1.5)
    assert canvas.element_at(at) == "l"


@with_elements(LINK)
def test_dragging_moves_the_page_and_commands_nothing(screen: Screen, qtbot: QtBot) -> None:
    canvas = screen.canvas
    canvas.view = View((200, 150), 2.0)
    canvas.repaint()
    centre = canvas.view.centre
    with qtbot.assertNotEmitted(canvas.commanded):
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
        QTest.mouseMove(canvas, QPoint(60, 80))
        move = QTest.mouseMove
        move(canvas, QPoint(40, 60))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(40, 60))
    assert centre is not None
    assert canvas.view.centre != centre


@with_elements(value("a"), LINK)
def test_the_context_menu_names_the_element(screen: Screen, qtbot: QtBot) -> None:
    with qtbot.waitSignal(screen.canvas.context_menu_wanted) as wanted:
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(20, 20), QPoint(120, 120))
        QApplication.sendEvent(screen.canvas, event)
    assert wanted.args == ["a", QPoint(120, 120)]


@with_elements(value("a", label="Supply"))
def test_a_tip_gives_a_value_only_with_its_freshness(screen: Screen) -> None:
    screen.metadata(a=WRITABLE)
    screen.values(status=0x40000000, a=21.0)
    entry = screen.canvas.entry("a")
    assert entry is not None
    assert screen.canvas._looks.tip(entry).splitlines() == ["Supply", "21.0\u00a0°C (uncertain)", "a"]


@with_elements(SET_POINT)
def test_the_state_of_a_write_is_shown_and_taken_away(screen: Screen) -> None:
    screen.metadata(p=WRITABLE)
    screen.values(p=21.0)
    before = screen.canvas._picture.image.copy()
    screen.clock.now += 1
    screen.canvas.set_pending("p", "pending")
    assert screen.canvas._picture.image != before
    assert "write.state.pending" in screen.canvas.describe("p").states  # type: ignore[union-attr]
    screen.clock.now += 1
    screen.canvas.set_pending("p", "")
    assert screen.canvas._picture.image == before


@with_elements(value("a"), SET_POINT)
def test_the_same_page_set_again_keeps_focus_and_view(screen: Screen) -> None:
    screen.canvas.focus_element("p")
    screen.canvas.view = View((100, 100), 2.0)
    screen.canvas.set_page(screen.page, screen.handles)
    assert screen.canvas.focused_element == "p"
    assert screen.canvas.view == View((100, 100), 2.0)


@with_elements(value("a"))
def test_a_picture_can_be_made_at_another_scale(screen: Screen) -> None:
    screen.values(a=21.0)
    image = QImage(800, 600, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(2.0)
    before = screen.canvas._picture.image.copy()
    screen.canvas.render(image)
    assert image.devicePixelRatio() == 2.0
    assert changed(image.copy(), QImage(image.size(), image.format())).height() > 0
    screen.canvas.repaint()
    assert screen.canvas._picture.image == before


@with_elements(value("a"))
def test_a_detached_canvas_hears_nothing_more(screen: Screen) -> None:
    screen.canvas.detach()
    screen.said()
    screen.values(a=3.0)
    screen.standing(generation=0, lost_at=screen.clock.now - 1)
    assert screen.said() == []
    assert screen.mirror.on_samples == []


@with_elements(value("a"))
def test_a_hint_event_beside_everything_shows_nothing(screen: Screen) -> None:
    assert screen.canvas.element_at(QPointF(399, 299)) == ""
    leave = QEvent(QEvent.Type.Leave)
    QApplication.sendEvent(screen.canvas, leave)
    assert screen.canvas._hover is None
