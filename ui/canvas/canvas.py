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
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from vizclient.items.freshness import LINK_SILENCE, Freshness
from vizclient.items.value import Sample, Value
from vizclient.link.mirror import Mirror
from vizclient.pages.document import Page, Style
from vizclient.pages.expressions import Scope

from ..numbers import Numbers
from ..symbols.broken import paint_broken
from ..symbols.contract import Command, Description, Pending, Shown, Words
from ..theme import Theme
from .ages import age_text, next_step
from .display_list import UNADDRESSED, DisplayList, Entry, Placement
from .trace import Painted
from .view import STEP, View

log = logging.getLogger(__name__)

FRAME = 0.016
"""Seconds between two frames while values keep coming; the first after a pause is painted at once."""
SLICE = 0.020
"""Seconds of painting after which the rest waits for the next frame."""
_FEW = 24
_BAND = 64
_FRAME_WIDTH = 5
_PAN_KEYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_KNOWN = frozenset({Freshness.LIVE, Freshness.UNCERTAIN, Freshness.BAD, Freshness.UNSYNCHRONISED, Freshness.HELD})
_UNKNOWN = frozenset({Freshness.MISSING, Freshness.NEVER})
_PLAIN = frozenset({Freshness.LIVE, Freshness.HELD})
_WORST = (
    Freshness.MISSING,
    Freshness.NEVER,
    Freshness.STALE,
    Freshness.BAD,
    Freshness.UNCERTAIN,
    Freshness.UNSYNCHRONISED,
    Freshness.HELD,
    Freshness.LIVE,
)


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
        self._numbers = numbers
        self._words = words
        self._clock = clock
        self._page: Page | None = None
        self._list: DisplayList | None = None
        self._view = View()
        self._picture = QImage()
        self._ratio = 1.0
        self._ground: QImage | None = None
        self._paper = theme.color("page")
        self._sheet = QImage()
        self._valid = False
        self._dirty: deque[Entry] = deque()
        self._painted: dict[Entry, None] = {}
        self._last_frame = -1.0
        self._state = "live"
        self._framed = False
        self._age = ""
        self._seen: tuple[object, ...] = ()
        self._arrivals: dict[int, float] = {}
        self._overdue: set[Entry] = set()
        self._focus: Entry | None = None
        self._hover: Entry | None = None
        self._pressed: Entry | None = None
        self._drag: QPointF | None = None
        self._dragged = False
        self._frame_timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._frame_timer.timeout.connect(self._frame)
        self._wake_timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._wake_timer.timeout.connect(self._wake)
        self.grabGesture(Qt.GestureType.PinchGesture)
        mirror.on_samples.append(self._samples_changed)
        mirror.on_metadata.append(self._metadata_changed)
        mirror.on_standing.append(self._standing_changed)

    def detach(self) -> None:
        """Stop listening to the mirror: the canvas is not wanted any more."""
        self._mirror.on_samples.remove(self._samples_changed)
        self._mirror.on_metadata.remove(self._metadata_changed)
        self._mirror.on_standing.remove(self._standing_changed)
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
        self._list = None if page is None else DisplayList(page, handles, self._words)
        self._dirty.clear()
        self._arrivals.clear()
        self._overdue.clear()
        self._focus = self._hover = self._pressed = None
        if self._list is not None:
            self._bind(self._list.entries)
            if same:
                self._focus = self._list.by_id.get(focus)
        self._seen = ()
        self._wake()
        self.repaint_all()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.repaint_all()

    def set_language(self, numbers: Numbers, words: Words) -> None:
        """Another language or locale; the page has to be set again."""
        self._numbers = numbers
        self._words = words

    def set_pending(self, element_id: str, state: Pending) -> None:
        """What is to be said of the last write of an element; "" for nothing."""
        entry = self.entry(element_id)
        if entry is not None and entry.pending != state:
            entry.pending = state
            self._mark((entry,))

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
        shown = entry.shown
        if entry.due or shown is None:
            shown = self._resolve(entry, self._clock())
        return None if shown is None else entry.symbol.describe(entry.element, shown)

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
        return self._words

    def focus_element(self, element_id: str) -> None:
        """Put the keyboard focus on an element; "" takes it from all."""
        self._set_focus(self.entry(element_id))

    @property
    def focused_element(self) -> str:
        """Id of the element that has the keyboard focus within the canvas, "" if none has."""
        return self._focus.id if self._focus else ""

    def render(self, image: QImage) -> None:  # type: ignore[override]
        """Paint the view into `image` as it would look in a widget of that size and device pixel ratio."""
        state = self._picture, self._ground
        ratio = image.devicePixelRatio()
        image.setDevicePixelRatio(1.0)
        self._picture = image
        self._paint_all(ratio)
        if self._framed:
            painter = QPainter(image)
            self._paint_frame(painter, image.width(), image.height(), ratio)
            painter.end()
        image.setDevicePixelRatio(ratio)
        self._picture, self._ground = state
        self.repaint_all()

    # Changes

    def _samples_changed(self, handles: Sequence[int]) -> None:
        if self._list is None:
            return
        by_handle, dirty = self._list.by_handle, self._dirty
        now = self._clock()
        for handle in handles:
            for entry in by_handle.get(handle, ()):
                if entry.max_age is not None:
                    self._arrivals[handle] = now
                    self._overdue.discard(entry)
                if not entry.due:
                    entry.due = True
                    if entry.on_screen:
                        dirty.append(entry)
        if self._state == "stale" and self._mirror.standing.generation:
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
        self._bind(changed)
        self._dirty.extend(entry for entry in changed if entry.on_screen)
        self._schedule()

    def _standing_changed(self) -> None:
        self._wake()

    def _wake(self) -> None:
        """The time has come, or the standing changed: see what that means for everything, and plan the next time."""
        now = self._clock()
        standing, heard_at = self._mirror.standing, self._mirror.heard_at
        silent = heard_at is not None and now - heard_at >= LINK_SILENCE
        held_until = None if standing.lost_at is None else standing.lost_at + standing.hold
        since = heard_at if silent else standing.lost_at
        wakes: list[float] = []
        if silent or (not standing.generation and (held_until is None or now >= held_until)):
            state = "stale"
        elif held_until is not None and now < held_until:
            state = "held"
        else:
            state = "live"
        if held_until is not None and now < held_until:
            wakes.append(held_until)
        if silent:
            wakes.append(now + 0.1)
        elif heard_at is not None:
            wakes.append(heard_at + LINK_SILENCE)
        if since is None:
            self._age = ""
        else:
            self._age = age_text(now - since, self._words)
            step = next_step(now - since)
            if step is not None and (state == "stale" or standing.lost_at is not None):
                wakes.append(since + step)
        seen = (state, standing, silent, self._age if state == "stale" or held_until is not None else "")
        if state != "held" and seen != self._seen:
            self._mark_where_freshness_moved(now)
        self._seen = seen
        if self._list is not None:
            wakes.extend(self._check_max_age(now))
        if state != self._state:
            self._state = state
            self._framed = self._framed or state != "live"
            self.repaint()
            if self.on_painted is not None and self.isVisible():
                self.on_painted((Painted("", "", "", state, ""),))
            self.frame_state_changed.emit(state)
        if wakes:
            self._wake_timer.start(max(1, math.ceil((min(wakes) - now) * 1000)))
        self._schedule()
        self._unframe()

    def _unframe(self) -> None:
        """Take the frame away when it holds no longer, and every symbol tells for itself."""
        if self._framed and self._state != "held" and not self._dirty:
            self._framed = False
            self.update()

    def _mark_where_freshness_moved(self, now: float) -> None:
        if self._list is None:
            return
        freshness, age = self._mirror.freshness, self._age
        for entry in self._list.live:
            if entry.due or entry.handle is None or entry.handle < 0:
                continue
            shown = entry.shown
            moved = shown is None or freshness(entry.handle, now) is not shown.freshness
            if moved or (shown is not None and shown.age != age and shown.freshness is Freshness.STALE):
                entry.due = True
                if entry.on_screen:
                    self._dirty.append(entry)

    def _check_max_age(self, now: float) -> list[float]:
        wakes = []
        for handle, arrived in self._arrivals.items():
            for entry in self._list.by_handle.get(handle, ()) if self._list else ():
                if entry.max_age is None:
                    continue
                due = arrived + entry.max_age
                if now >= due and entry not in self._overdue:
                    self._overdue.add(entry)
                    self._mark((entry,))
                elif now >= due:
                    step = next_step(now - arrived)
                    if step is not None:
                        wakes.append(arrived + step)
                    self._mark((entry,))
                else:
                    wakes.append(due)
        return wakes

    def _mark(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if not entry.due:
                entry.due = True
                if entry.on_screen:
                    self._dirty.append(entry)
        self._schedule()

    def _bind(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            metadata = self._mirror.metadata[entry.handle] if entry.handle is not None and entry.handle >= 0 else None
            try:
                entry.bind(metadata, self._numbers, self._words)
            except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
                self._break(entry)

    def _schedule(self) -> None:
        if not self._dirty or self._frame_timer.isActive():
            return
        rest = self._last_frame + FRAME - self._clock()
        if rest <= 0:
            self._frame()
        else:
            self._frame_timer.start(max(1, math.ceil(rest * 1000)))

    # Painting

    def _frame(self) -> None:
        """Paint what changed, for as long as a slice lasts, and put it on the screen."""
        if not self._dirty:
            return
        if not self._valid or not self.isVisible() or self._ratio_changed():
            self._dirty.clear()  # the next full pass finds them by `due`
            self.repaint_all()
            return
        clock, dirty = self._clock, self._dirty
        now = clock()
        end = now + SLICE
        rects: list[tuple[int, int, int, int]] = []
        painter = self._painter(self._picture)
        while dirty:
            for _ in range(min(50, len(dirty))):
                entry = dirty.popleft()
                if entry.due and self._update(entry, now):
                    self._paint_entry(painter, entry)
                    rects.append(entry.device)
            if clock() > end:
                break
        painter.end()
        if rects:
            self.repaint(self._region(rects))
        self._tell()
        self._last_frame = clock()
        if dirty:
            self._frame_timer.start(1)
        else:
            self._unframe()

    def _update(self, entry: Entry, now: float) -> bool:
        """Work out what an entry shows; whether that differs from what stands on the screen."""
        entry.due = False
        shown = self._resolve(entry, now)
        if shown == entry.shown and not entry.anew:
            return False
        entry.shown = shown
        entry.anew = False
        self._painted[entry] = None
        return True

    def _resolve(self, entry: Entry, now: float) -> Shown | None:
        """What an entry is to show; None: it is not visible."""
        handle, mirror = entry.handle, self._mirror
        sample: Sample | None = None
        age = ""
        fault: Value = None
        if handle is None:
            freshness = Freshness.LIVE
        elif handle == UNADDRESSED:
            freshness = Freshness.MISSING
        else:
            sample = mirror.samples[handle]
            freshness = mirror.freshness(handle, now)
            if entry.fault is not None:
                freshness, fault = self._with_fault(entry.fault, freshness, now)
            if freshness is Freshness.HELD:
                if entry.shown is not None:
                    return entry.shown._replace(pending=entry.pending)
                freshness = Freshness.STALE
            if entry in self._overdue and freshness in _KNOWN:
                freshness = Freshness.STALE
                age = age_text(now - self._arrivals[handle], self._words)
            elif freshness is Freshness.STALE:
                age = self._age
        style: Style = "normal"
        said = None
        if entry.conditions or entry.visible is not None:
            scope = Scope.of(sample, self._seconds_old(entry, freshness, now))
            if entry.visible is not None and entry.visible.truth(scope) is False:
                return None
            for condition, state in entry.conditions:
                if condition.truth(scope):
                    style = state.style
                    said = None if state.text is None else self._words.text(state.text)
                    break
        text, level = "", None
        known = handle is None or entry.symbol.spoken or (sample is not None and freshness not in _UNKNOWN)
        if known and entry.reading is not None:
            try:
                text, level = entry.reading(sample.value if sample is not None else None, fault)
            except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
                self._break(entry)
        enabled = handle is None or (
            freshness in _KNOWN
            and mirror.standing.generation != 0
            and mirror.standing.sure
            and entry.metadata is not None
            and entry.metadata.writable
        )
        return Shown(said or text, level, freshness, age, style, entry.pending, enabled, entry.label)

    def _with_fault(self, handle: int, freshness: Freshness, now: float) -> tuple[Freshness, Value]:
        other = Freshness.MISSING if handle == UNADDRESSED else self._mirror.freshness(handle, now)
        sample = self._mirror.samples[handle] if handle >= 0 else None
        return min(freshness, other, key=_WORST.index), sample.value if sample else None

    def _seconds_old(self, entry: Entry, freshness: Freshness, now: float) -> float | None:
        if freshness in _KNOWN:
            return 0.0
        if entry.handle is not None and entry in self._overdue:
            return now - self._arrivals[entry.handle]
        since = self._mirror.standing.lost_at
        return None if since is None or freshness is Freshness.NEVER else now - since

    def _painter(self, picture: QImage) -> QPainter:
        """A painter from page units to device pixels, with its transform off."""
        painter = QPainter(picture)
        placement = self._list.placement if self._list else Placement(1.0, (0.0, 0.0), 0, 0)
        painter.setTransform(QTransform(placement.scale, 0, 0, placement.scale, placement.dx, placement.dy))
        painter.setWorldMatrixEnabled(False)
        return painter

    def _paint_entry(self, painter: QPainter, entry: Entry) -> None:
        """Paint the pixels of an entry anew: the ground, then in display order all that shares them."""
        assert self._list is not None
        over = entry.over if entry.over is not None else self._list.over(entry)
        pixels = entry.pixels
        painter.setClipRect(pixels)
        if self._ground is None:
            painter.fillRect(pixels, self._paper)
        else:
            painter.drawImage(pixels.topLeft(), self._ground, pixels)
        if len(over) == 1:
            self._paint_symbol(painter, entry)
            return
        for other, part in over:
            painter.setClipRect(part)
            self._paint_symbol(painter, other)

    def _paint_symbol(self, painter: QPainter, entry: Entry) -> None:
        """Paint an entry as far as the clip of `painter` lets it.

        What antialiasing gives depends on the clip, by a shade. So what is smooth is painted apart, whole, and copied.
        """
        symbol, shown = entry.symbol, entry.shown
        if shown is None or self._list is None:
            return
        placement = self._list.placement
        try:
            if entry.broken:
                self._paint_apart(painter, entry, shown)
            elif (
                symbol.quick
                and shown.text
                and shown.freshness in _PLAIN
                and shown.style == "normal"
                and not shown.pending
            ):
                quick = entry.quick
                if quick is None:
                    scale, dx, dy = placement.scale, placement.dx, placement.dy
                    quick = entry.quick = symbol.quick(entry.rect, entry.element, self._theme, scale, dx, dy)
                quick(painter, shown.text)
            elif symbol.smooth:
                self._paint_apart(painter, entry, shown)
            else:
                painter.setWorldMatrixEnabled(True)
                symbol.paint(painter, entry.rect, entry.element, shown, entry.metadata, self._theme)
                painter.setWorldMatrixEnabled(False)
        except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
            self._break(entry)
            painter.setWorldMatrixEnabled(False)
            self._paint_apart(painter, entry, shown)

    def _paint_apart(self, painter: QPainter, entry: Entry, shown: Shown) -> None:
        """Paint an entry whole beside the page, and copy it there."""
        left, top, right, bottom = entry.device
        width, height = right - left, bottom - top
        if entry.apart is not None:
            painter.drawImage(left, top, entry.apart)
            return
        sheet = self._sheet
        if entry.still or sheet.width() < width or sheet.height() < height:
            most = QSize(width, height) if entry.still else sheet.size().expandedTo(QSize(width, height))
            sheet = QImage(most, QImage.Format.Format_ARGB32_Premultiplied)
            if entry.still:
                entry.apart = sheet
            else:
                self._sheet = sheet
        inner = QPainter(sheet)
        try:
            inner.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            inner.fillRect(0, 0, width, height, Qt.GlobalColor.transparent)
            inner.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            inner.setClipRect(0, 0, width, height)
            self._draw(inner, entry, shown, QPoint(left, top))
        finally:
            inner.end()
        painter.drawImage(left, top, sheet, 0, 0, width, height)

    def _paint_ground(self, painter: QPainter, entry: Entry, shown: Shown) -> None:
        """Paint what never changes: always whole, so there is no need to paint it apart."""
        painter.setClipRect(entry.pixels)
        painter.setWorldMatrixEnabled(True)
        try:
            self._draw(painter, entry, shown, QPoint(0, 0))
        except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
            self._break(entry)
        painter.setWorldMatrixEnabled(False)

    def _draw(self, painter: QPainter, entry: Entry, shown: Shown, origin: QPoint) -> None:
        """Let the symbol of an entry paint; `origin` is where the picture's corner lies in the view."""
        assert self._list is not None
        place = self._list.placement
        painter.setTransform(QTransform(place.scale, 0, 0, place.scale, place.dx - origin.x(), place.dy - origin.y()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.broken:
            paint_broken(painter, entry.rect, self._theme)
        else:
            entry.symbol.paint(painter, entry.rect, entry.element, shown, entry.metadata, self._theme)

    def _break(self, entry: Entry) -> None:
        if not entry.broken:
            entry.broken = True
            log.exception("the symbol %s of type %s failed and is shown as broken", entry.id, entry.element.type)

    def _paint_all(self, ratio: float) -> None:
        """Lay everything out for `self._picture` and paint it whole."""
        picture, page, display = self._picture, self._page, self._list
        self._dirty.clear()
        if page is None or display is None:
            picture.fill(self._theme.color("page"))
            return
        size = (picture.width() / ratio, picture.height() / ratio)
        centre, zoom = self._view.resolved(page.size, size)
        placement = Placement(zoom * ratio, centre, picture.width(), picture.height())
        if placement.scale != display.placement.scale:
            self._theme.letters.forget()
        display.lay_out(placement)
        self._paper = self._theme.color(page.background)
        picture.fill(self._paper)
        painter = self._painter(picture)
        now = self._clock()
        for entry in display.ground:
            if entry.due:
                self._update(entry, now)
            if entry.on_screen and entry.shown is not None:
                self._paint_ground(painter, entry, entry.shown)
        painter.end()
        self._ground = picture.copy() if display.ground else None
        painter = self._painter(picture)
        for entry in display.live:
            if entry.on_screen:
                if entry.due or entry.shown is None:
                    self._update(entry, now)
                if entry.shown is not None:
                    painter.setClipRect(entry.pixels)
                    self._paint_symbol(painter, entry)
        painter.end()

    def _ratio_changed(self) -> bool:
        return self._ratio != self.devicePixelRatioF()

    def _device_size(self) -> QSize:
        ratio = self.devicePixelRatioF()
        return QSize(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the picture; make it anew first if it is not valid."""
        ratio = self.devicePixelRatioF()
        size = self._device_size()
        full = not self._valid or self._picture.size() != size or self._ratio_changed()
        if full:
            if self._picture.size() != size:
                self._picture = QImage(size, QImage.Format.Format_RGB32)
            self._ratio = ratio
            self._paint_all(ratio)
            self._valid = True
            self._last_frame = self._clock()
        painter = QPainter(self)
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(QPoint(0, 0), self._picture)
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
            self._paint_frame(painter, self._picture.width(), self._picture.height(), ratio)

    def _paint_frame(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        pen = QPen(self._theme.color("warning"), _FRAME_WIDTH * ratio)
        inset = _FRAME_WIDTH * ratio / 2
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(inset, inset, width - 2 * inset, height - 2 * inset))
        pen = QPen(self._theme.color("on-warning"), _FRAME_WIDTH * ratio)
        pen.setDashPattern([2.0, 4.0])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawRect(QRectF(inset, inset, width - 2 * inset, height - 2 * inset))

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
        if len(rects) > _FEW:
            bands: dict[int, list[int]] = {}
            for left, top, right, bottom in rects:
                for index in range(top // _BAND, (bottom - 1) // _BAND + 1):
                    band = bands.get(index)
                    if band is None:
                        bands[index] = [left, right]
                    else:
                        band[0] = min(band[0], left)
                        band[1] = max(band[1], right)
            rects = [(band[0], index * _BAND, band[1], (index + 1) * _BAND) for index, band in bands.items()]
        region = QRegion()
        for rect in rects:
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
        if entry is not None and not entry.symbol.commands(entry.element):
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
        commands = entry.symbol.commands(entry.element)
        if not commands or entry.shown is None:
            return
        command: Command = commands[0]
        if entry.shown.enabled and (entry.handle is None or self._state == "live"):
            self.commanded.emit(entry.id, command)
        else:
            self.refused.emit(entry.id, self._why_not(entry))

    def _why_not(self, entry: Entry) -> str:
        """The code of the reason why a control cannot be used now."""
        standing = self._mirror.standing
        if self._state != "live" or not standing.generation:
            return "write.not-connected"
        if not standing.sure:
            return "write.unsure"
        assert entry.shown is not None
        match entry.shown.freshness:
            case Freshness.MISSING:
                return "write.missing"
            case Freshness.NEVER | Freshness.STALE:
                return "write.no-value"
        return "write.no-metadata" if entry.metadata is None else "write.not-writable"

    def _tip(self, entry: Entry) -> str:
        said, shown, words = [], entry.shown, self._words
        assert shown is not None
        if entry.label:
            said.append(entry.label)
        if entry.handle is not None:
            value = shown.text or words("value.none")
            freshness = words(f"freshness.{shown.freshness.value}")
            if shown.age:
                freshness = f"{freshness}, {shown.age}"
            said.append(words("value.with-freshness", value=value, freshness=freshness))
            if entry.metadata is not None and entry.metadata.description:
                said.append(entry.metadata.description)
            said.append(entry.item)
        if entry.pending:
            said.append(words(f"write.state.{entry.pending}"))
        if entry.symbol.commands(entry.element) and not shown.enabled:
            said.append(words(self._why_not(entry), server=""))
        return "\n".join(said)

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
        return [e for e in self._list.live if e.shown is not None and e.symbol.commands(e.element)]

    def _reveal(self, entry: Entry) -> None:
        """Move so that an entry can be seen."""
        left, top, right, bottom = self._device(entry)
        width, height, ratio = self._picture.width(), self._picture.height(), self.devicePixelRatioF()
        dx = left if left < 0 else max(0, right - width)
        dy = top if top < 0 else max(0, bottom - height)
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
                QToolTip.showText(event.globalPos(), self._tip(entry), self, self._logical(self._device(entry)))
            return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().event(event)
