"""The page canvas: one widget that paints a display list, only where something changed.

A picture of the view is kept in device pixels. What changed is worked out entry by entry, painted there again in exactly its own
pixels, and copied to the window at once. No signal and no QObject per value; nothing dirty costs nothing. It
reads the mirror and knows nothing of connections but the standing that freshness depends on.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture, QToolTip, QWidget

from vizclient.items.freshness import Freshness
from vizclient.link.mirror import Mirror
from vizclient.pages.document import Page

from ..numbers import Numbers
from ..symbols.contract import Description, Pending, Shown, Words
from ..theme import Theme
from .display_list import DisplayList, Entry
from .looks import Looks, State
from .picture import Picture, merged, paint_frame
from .trace import Painted
from .view import STEP, View

log = logging.getLogger(__name__)

FRAME = 0.016
"""Seconds between two frames while values keep coming; the first after a pause is painted at once."""
BULK = 1_000
"""Most changes that are painted in one go. More are painted in slices, from the next turn of the loop on."""
SLICE = 0.010
"""Seconds that a slice lasts."""
MANY = 200
"""Changes of one frame that are spread over all the page: the whole is copied, which costs no more than to tell them apart."""
LATE = 0.05
"""Seconds that the timer may be behind its time; beyond that the window was busy, and has not yet read what arrived."""
PATIENCE = 20
"""Milliseconds to read it."""
_PAN_KEYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Canvas(QWidget):
    """Shows one page of the mirror's values.

    `commanded(element id, Command)`: the operator asks for something that the element can do now. `refused(element id,
    reason)`: it cannot; the reason is a code for words. `focused(element id)`: "" for none. `context_menu_wanted(element
    id, global point)`. `view_changed()`: by the operator's hand. `frame_state_changed(state)`: live, held or stale.
    `focused_changed(element id)`: what has the focus shows something else now.
    """

    commanded = Signal(str, object)
    refused = Signal(str, str)
    focused = Signal(str)
    context_menu_wanted = Signal(str, QPoint)
    view_changed = Signal()
    frame_state_changed = Signal(str)
    focused_changed = Signal(str)

    def __init__(
        self,
        mirror: Mirror,
        theme: Theme,
        numbers: Numbers,
        words: Words,
        clock: Callable[[], float] = time.perf_counter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(80, 60)
        self.on_painted: Callable[[Sequence[Painted]], None] | None = None
        """Told after each frame what it painted differently; None costs nothing."""
        self._mirror = mirror
        self._theme = theme
        self._looks = Looks(mirror, numbers, words)
        self._clock = clock
        self._page: Page | None = None
        self._list: DisplayList | None = None
        self._view = View()
        self._picture = Picture(theme)
        self._valid = False
        self._dirty: deque[Entry] = deque()
        self._painted: dict[Entry, None] = {}
        self._sliced = False
        self._last_frame = -1.0
        self._state: State = "live"
        self._framed = False
        self._planned = 0.0
        self._patient = False
        self._focus: Entry | None = None
        self._hover: Entry | None = None
        self._pressed: Entry | None = None
        self._drag: QPointF | None = None
        self._dragged = False
        self._frame_timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._frame_timer.timeout.connect(self._frame)
        self._wake_timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._wake_timer.timeout.connect(self._wake_by_timer)
        self.grabGesture(Qt.GestureType.PinchGesture)
        mirror.on_samples.append(self._samples_changed)
        mirror.on_metadata.append(self._metadata_changed)
        mirror.on_standing.append(self._wake)

    def detach(self) -> None:
        """Stop listening to the mirror: the canvas is not wanted any more."""
        self._mirror.on_samples.remove(self._samples_changed)
        self._mirror.on_metadata.remove(self._metadata_changed)
        self._mirror.on_standing.remove(self._wake)
        self._frame_timer.stop()
        self._wake_timer.stop()

    # What is shown

    @property
    def page(self) -> Page | None:
        """The page shown."""
        return self._page

    def set_page(self, page: Page | None, handles: Mapping[str, int]) -> None:
        """Show `page`. `handles`: of each item text that could be addressed; the others are shown as missing."""
        focus = self._focus.id if self._focus else ""
        same = self._page is not None and page is not None and page.id == self._page.id
        self._page = page
        self._list = None if page is None else DisplayList(page, handles, self._looks.words)
        self._dirty.clear()
        self._focus = self._hover = self._pressed = None
        if self._list is not None and same:
            self._focus = self._list.by_id.get(focus)
        self._looks.set_list(self._list)
        self._wake()
        self.repaint_all()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = self._picture.theme = theme
        self.repaint_all()

    def set_language(self, numbers: Numbers, words: Words) -> None:
        """Another language or locale; the page has to be set again."""
        self._looks.set_language(numbers, words)

    def set_pending(self, element_id: str, state: Pending) -> None:
        """What is to be said of the last write of an element; "" for nothing."""
        entry = self.entry(element_id)
        if entry is not None and entry.pending != state:
            entry.pending = state
            self._mark((entry,))
            self._schedule()

    @property
    def frame_state(self) -> str:
        """`live`; `held`: the connection is lost and `hold` not yet over; `stale`."""
        return self._state

    @property
    def view(self) -> View:
        """Where the canvas looks."""
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self.repaint_all()

    @property
    def zoom(self) -> float:
        """Device-independent pixels a page unit, also when the whole page is shown."""
        return self._resolved()[1]

    def fit(self) -> None:
        """Show the whole page, as the operator's wish."""
        self._look(View())

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom around a point of the widget, its middle if None, as the operator's wish."""
        if self._page is not None:
            point = (at.x(), at.y()) if at is not None else (self.width() / 2, self.height() / 2)
            self._look(self._view.zoomed(factor, point, self._page.size, (self.width(), self.height())))

    def pan_by(self, dx: float, dy: float) -> None:
        """Move by pixels of the widget, as the operator's wish."""
        if self._page is not None:
            self._look(self._view.panned(dx, dy, self._page.size, (self.width(), self.height())))

    def repaint_all(self) -> None:
        """Paint everything again."""
        self._valid = False
        self.update()

    def describe(self, element_id: str) -> Description | None:
        """An element in codes; None if there is no such element, or it shows nothing now."""
        entry = self.entry(element_id)
        if entry is None:
            return None
        shown = self._shown_now(entry)
        return None if shown is None else entry.symbol.describe(entry.element, shown)

    def freshness(self, element_id: str) -> Freshness | None:
        """How far what an element shows can be trusted; None as for `describe`."""
        entry = self.entry(element_id)
        shown = None if entry is None else self._shown_now(entry)
        return None if shown is None else shown.freshness

    def remark(self, element_id: str) -> str:
        """What the interface of an element's item adds to its freshness, in sentences; "" where that is nothing."""
        entry = self.entry(element_id)
        shown = None if entry is None else self._shown_now(entry)
        return "" if entry is None or shown is None else self._looks.remark(entry, shown)

    def shown(self, element_id: str) -> Shown | None:
        """What stands on the screen of an element; None if nothing does."""
        entry = self.entry(element_id)
        return entry.shown if entry else None

    def element_at(self, position: QPointF) -> str:
        """Id of the topmost element with an item or command at a point of the widget; "" if there is none."""
        entry = self._at(position)
        return entry.id if entry else ""

    def element_rect(self, element_id: str) -> QRect:
        """Where an element lies in the widget; empty if there is no such element."""
        entry = self.entry(element_id)
        return self._logical(self._device(entry)) if entry else QRect()

    def entry(self, element_id: str) -> Entry | None:
        """The display list's entry of an element; None if there is no such element."""
        return self._list.by_id.get(element_id) if self._list else None

    def spoken(self) -> list[Entry]:
        """The entries that have something to say, in display order."""
        entries = self._list.entries if self._list else []
        return [e for e in entries if e.shown is not None and e.symbol.describe(e.element, e.shown).name]

    @property
    def words(self) -> Words:
        """The words of the operator's language."""
        return self._looks.words

    def focus_element(self, element_id: str) -> None:
        """Put the keyboard focus on an element; "" takes it from all."""
        self._set_focus(self.entry(element_id))

    @property
    def focused_element(self) -> str:
        """Id of the element that has the keyboard focus within the canvas, "" if none has."""
        return self._focus.id if self._focus else ""

    def render(self, image: QImage) -> None:  # type: ignore[override]
        """Paint the view into `image` as it would look in a widget of that size and device pixel ratio."""
        shown, self._picture = self._picture, Picture(self._theme)
        ratio = image.devicePixelRatio()
        image.setDevicePixelRatio(1.0)
        self._picture.paint(image, ratio, self._list, self._view, self._update_in_full)
        if self._framed:
            painter = QPainter(image)
            paint_frame(painter, image.width(), image.height(), ratio, self._theme)
            painter.end()
        image.setDevicePixelRatio(ratio)
        self._picture = shown
        self.repaint_all()

    def _shown_now(self, entry: Entry) -> Shown | None:
        """What an entry shows, or will once it has been painted."""
        return self._looks.look(entry, self._clock()) if entry.due or entry.shown is None else entry.shown

    # Changes

    def _samples_changed(self, handles: Sequence[int]) -> None:
        if self._list is None:
            return
        by_handle, dirty = self._list.by_handle, self._dirty
        now = self._clock()
        for handle in handles:
            for entry in by_handle.get(handle, ()):
                if entry.max_age is not None:
                    self._looks.arrived(entry, handle, now)
                if not entry.due:
                    entry.due = True
                    if entry.on_screen:
                        dirty.append(entry)
        if self._state != "live" and self._mirror.standing.generation:
            self._wake()
        self._schedule()

    def _metadata_changed(self, handles: Sequence[int]) -> None:
        if self._list is None:
            return
        by_handle = self._list.by_handle
        changed = [
            entry
            for handle in handles
            for entry in by_handle.get(handle, ())
            if entry.handle == handle and entry.metadata != self._mirror.metadata[handle]
        ]
        self._looks.bind(changed)
        self._dirty.extend(entry for entry in changed if entry.on_screen)
        self._schedule()

    def _wake_by_timer(self) -> None:
        """As planned; but where the window was busy far beyond that time, first what has arrived meanwhile is heard."""
        if not self._patient and self._clock() - self._planned > LATE:
            self._patient = True
            self._wake_timer.start(PATIENCE)
        else:
            self._wake()

    def _wake(self) -> None:
        """The time has come, or the standing changed: see what that means for everything, and plan the next time."""
        self._patient = False
        now = self._clock()
        moved, wakes = self._looks.read_clock(now)
        self._mark(moved)
        if self._looks.state != self._state:
            self._state = self._looks.state
            self._framed = self._framed or self._state != "live"
            self.repaint()
            if self.on_painted is not None and self.isVisible():
                self.on_painted((Painted("", "", "", self._state, ""),))
            self.frame_state_changed.emit(self._state)
        if wakes:
            self._planned = min(wakes)
            self._wake_timer.start(max(1, math.ceil((self._planned - now) * 1000)))
        self._schedule()
        self._unframe()

    def _unframe(self) -> None:
        """Take the frame away when it holds no longer, and every symbol tells for itself."""
        if self._framed and self._state != "held" and not self._dirty:
            self._framed = False
            self.update()

    def _mark(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if not entry.due:
                entry.due = True
                if entry.on_screen:
                    self._dirty.append(entry)

    def _schedule(self) -> None:
        if not self._dirty or self._frame_timer.isActive():
            return
        rest = self._last_frame + FRAME - self._clock()
        if rest > 0:
            self._frame_timer.start(max(1, math.ceil(rest * 1000)))
        elif len(self._dirty) > BULK:
            self._sliced = True
            self._frame_timer.start(0)
        else:
            self._frame()

    # Painting

    def _frame(self) -> None:
        """Paint what changed, for as long as a slice lasts, and put it on the screen."""
        if not self._dirty or self._list is None:
            return
        if not self._valid or not self.isVisible() or self._ratio_changed():
            self._dirty.clear()  # the next full pass finds them by `due`
            self.repaint_all()
            return
        clock, dirty, looks = self._clock, self._dirty, self._looks
        now = clock()
        self._sliced = self._sliced or len(dirty) > BULK
        end = now + SLICE if self._sliced else math.inf
        rects: list[tuple[int, int, int, int]] = []
        picture, display = self._picture, self._list
        painter = picture.painter()
        while dirty:
            for _ in range(min(50, len(dirty))):
                entry = dirty.popleft()
                if entry.due and looks.update(entry, now):
                    picture.paint_entry(painter, entry, display.over(entry) if entry.over is None else entry.over)
                    self._painted[entry] = None
                    rects.append(entry.device)
            if clock() > end:
                break
        painter.end()
        if len(rects) > MANY:
            self.repaint()
        elif rects:
            self.repaint(self._region(rects))
        self._tell()
        self._last_frame = clock()
        if dirty:
            self._frame_timer.start(1)
        else:
            self._sliced = False
            self._unframe()

    def _update_in_full(self, entry: Entry) -> None:
        if self._looks.update(entry, self._clock()):
            self._painted[entry] = None

    def _ratio_changed(self) -> bool:
        return self._picture.ratio != self.devicePixelRatioF()

    def _device_size(self) -> QSize:
        ratio = self.devicePixelRatioF()
        return QSize(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the picture; make it anew first if it is not valid."""
        ratio = self.devicePixelRatioF()
        size = self._device_size()
        full = not self._valid or self._picture.image.size() != size or self._ratio_changed()
        if full:
            image = self._picture.image
            if image.size() != size:
                image = QImage(size, QImage.Format.Format_RGB32)
            self._dirty.clear()
            self._picture.paint(image, ratio, self._list, self._view, self._update_in_full)
            self._valid = True
            self._last_frame = self._clock()
        painter = QPainter(self)
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(QPoint(0, 0), self._picture.image)
        self._paint_over(painter, ratio)
        painter.end()
        if full:
            QTimer.singleShot(0, self, self._tell)

    def _paint_over(self, painter: QPainter, ratio: float) -> None:
        """What belongs to the view and not to the page: frame, hover, focus."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for entry, token, width in (
            (self._hover, "line-strong", ratio),
            (self._focus if self.hasFocus() else None, "focus", 2 * ratio),
        ):
            if entry is not None and entry.on_screen:
                left, top, right, bottom = self._device(entry)
                painter.setPen(QPen(self._theme.color(token), width))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                edge = QRectF(left, top, right - left, bottom - top).adjusted(-width, -width, width, width)
                painter.drawRoundedRect(edge, 4 * ratio, 4 * ratio)
        if self._framed:
            paint_frame(painter, self._picture.image.width(), self._picture.image.height(), ratio, self._theme)

    def _tell(self) -> None:
        """What was painted differently, now that it is on the screen."""
        painted, self._painted = self._painted, {}
        if self._focus in painted:
            self.focused_changed.emit(self._focus.id)
        if self.on_painted is None or not painted:
            return
        samples = self._mirror.samples
        rows = []
        for entry in painted:
            if entry.shown is not None and entry.handle is not None:
                sample = samples[entry.handle] if entry.handle >= 0 else None
                server = sample.server if sample else ""
                shown = entry.shown
                rows.append(Painted(entry.id, entry.item, shown.text, shown.freshness.value, server))
        if rows:
            self.on_painted(rows)

    def _region(self, rects: list[tuple[int, int, int, int]]) -> QRegion:
        """The widget's region that holds these device rectangles: exactly, or in bands where there are many."""
        region = QRegion()
        for rect in merged(rects):
            region += self._logical(rect)
        return region

    def _logical(self, device: tuple[int, int, int, int]) -> QRect:
        """The widget's rectangle that holds device pixels, aligned outward."""
        ratio = self.devicePixelRatioF()
        left, top, right, bottom = device
        x, y = math.floor(left / ratio), math.floor(top / ratio)
        return QRect(x, y, math.ceil(right / ratio) - x, math.ceil(bottom / ratio) - y).adjusted(-1, -1, 1, 1)

    # Looking around

    def _resolved(self) -> tuple[tuple[float, float], float]:
        page = self._page.size if self._page else (1.0, 1.0)
        return self._view.resolved(page, (max(1, self.width()), max(1, self.height())))

    def _look(self, view: View) -> None:
        if view != self._view:
            self._view = view
            QToolTip.hideText()
            self.repaint_all()
            self.view_changed.emit()

    def _device(self, entry: Entry) -> tuple[int, int, int, int]:
        assert self._list is not None
        return self._list.placement.aligned(entry.rect)

    def _at(self, position: QPointF) -> Entry | None:
        if self._list is None or self._page is None:
            return None
        (x, y), zoom = self._resolved()
        page_x = x + (position.x() - self.width() / 2) / zoom
        page_y = y + (position.y() - self.height() / 2) / zoom
        entry = self._list.at(page_x, page_y)
        return entry if entry is not None and entry.shown is not None else None

    def _set_focus(self, entry: Entry | None) -> None:
        if entry is self._focus:
            return
        self._focus = entry
        self.update()
        self.focused.emit(entry.id if entry else "")

    def _set_hover(self, entry: Entry | None) -> None:
        if entry is not None and not entry.commands:
            entry = None
        if entry is self._hover:
            return
        for changed in (self._hover, entry):
            if changed is not None:
                self.update(self._logical(self._device(changed)).adjusted(-4, -4, 4, 4))
        self._hover = entry
        if entry is None:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def _act(self, entry: Entry) -> None:
        """Do what an element is for."""
        if not entry.commands or entry.shown is None:
            return
        reason = self._looks.why_not(entry) if entry.is_control else ""
        if reason:
            self.refused.emit(entry.id, reason)
        else:
            self.commanded.emit(entry.id, entry.commands[0])

    # Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture is made anew when it is painted."""
        self._valid = False

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while hidden is found when it is painted."""
        self._wake()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor."""
        notches = event.angleDelta().y() / 120
        if notches:
            self.zoom_by(STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        self._drag, self._dragged, self._pressed = event.position(), False, None
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._at(event.position())
            self._set_focus(self._pressed)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the page, or see what is under the cursor."""
        if self._drag is not None and event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton):
            moved = event.position() - self._drag
            if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
                self._dragged = True
                self._drag = event.position()
                self.pan_by(-moved.x(), -moved.y())
        else:
            self._set_hover(self._at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End of a click or a drag."""
        pressed, dragged = self._pressed, self._dragged
        self._drag, self._pressed, self._dragged = None, None, False
        if pressed is not None and not dragged and self._at(event.position()) is pressed:
            self._act(pressed)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the cursor."""
        self._set_hover(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Coming by Tab, the first or last control takes the focus."""
        reason = event.reason()
        if reason in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            order = self._tab_order()
            if order:
                self._set_focus(order[0] if reason == Qt.FocusReason.TabFocusReason else order[-1])
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The ring is only drawn while the canvas has the focus."""
        self.update()

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 -- the name is Qt's
        """Tab goes through the controls in display order before it leaves the canvas."""
        order = self._tab_order()
        if not order or not self.hasFocus():
            return super().focusNextPrevChild(next)
        if self._focus in order:
            index = order.index(self._focus) + (1 if next else -1)
        elif self._focus is not None:
            after = [index for index, entry in enumerate(order) if entry.order > self._focus.order]
            first_after = after[0] if after else len(order)
            index = first_after if next else first_after - 1
        else:
            index = 0 if next else len(order) - 1
        if 0 <= index < len(order):
            self._set_focus(order[index])
            self._reveal(order[index])
            return True
        return super().focusNextPrevChild(next)

    def _tab_order(self) -> list[Entry]:
        if self._list is None:
            return []
        return [e for e in self._list.live if e.shown is not None and e.commands]

    def _reveal(self, entry: Entry) -> None:
        """Move so that an entry can be seen."""
        left, top, right, bottom = self._device(entry)
        image, ratio = self._picture.image, self._picture.ratio
        dx = left if left < 0 else max(0, right - image.width())
        dy = top if top < 0 else max(0, bottom - image.height())
        if dx or dy:
            self.pan_by(dx / ratio, dy / ratio)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Act, zoom, pan."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._focus is not None:
            if not event.isAutoRepeat():
                self._act(self._focus)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(1 / STEP)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key in _PAN_KEYS:
            x, y = _PAN_KEYS[Qt.Key(key)]
            self.pan_by(x * 60, y * 60)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of what is under the cursor, or has the focus."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            entry = self._focus
            point = self.mapToGlobal(self._logical(self._device(entry)).center()) if entry else event.globalPos()
        else:
            entry, point = self._at(QPointF(event.pos())), event.globalPos()
        self.context_menu_wanted.emit(entry.id if entry else "", point)

    def event(self, event: QEvent) -> bool:
        """Tool tips and pinches; the rest is Qt's."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            entry = self._at(QPointF(event.pos()))
            if entry is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._looks.tip(entry), self, self._logical(self._device(entry)))
            return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position())
            return True
        if isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self.zoom_by(pinch.scaleFactor(), QPointF(self.mapFromGlobal(pinch.centerPoint().toPoint())))
                event.accept(pinch)
                return True
        return super().event(event)
