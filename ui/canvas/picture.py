"""The picture of a page in device pixels: painted whole for a view, and then only where an entry changed.

Knows no widget, no values and no time. Partial and whole painting give the same pixels, at any scale: each entry keeps to
its own pixels, and what antialiasing makes of it never depends on what else is painted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QTransform

from ..symbols.broken import paint_broken
from ..symbols.contract import Quick, Shown
from ..theme import Theme
from .display_list import Device, DisplayList, Entry, Placement
from .looks import fail
from .view import View

_FRAME = 5.0
_FEW = 24
_BAND = 64


class Picture:
    """One view of a display list. `image` has whole device pixels and knows no ratio of its own; `ratio` is beside it."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.image = QImage()
        self.ratio = 1.0
        self._placement = Placement(1.0, (0.0, 0.0), 0, 0)
        self._paper = theme.color("page")
        self._ground: QImage | None = None
        self._sheet = QImage()

    def paint(
        self, image: QImage, ratio: float, display: DisplayList | None, view: View, update: Callable[[Entry], None]
    ) -> None:
        """Paint all that `view` shows of `display` into `image`; `update` is called for each entry that is due."""
        self.image, self.ratio = image, ratio
        self._ground = None
        if display is None:
            image.fill(self.theme.color("page"))
            return
        size = (image.width() / ratio, image.height() / ratio)
        centre, zoom = view.resolved(display.page.size, size)
        if zoom * ratio != self._placement.scale:
            self.theme.letters.forget()
        self._placement = Placement(zoom * ratio, centre, image.width(), image.height())
        display.lay_out(self._placement)
        self._paper = self.theme.color(display.page.background)
        image.fill(self._paper)
        painter = self.painter()
        for entry in display.ground:
            if entry.due:
                update(entry)
            if entry.on_screen and entry.shown is not None:
                self._paint_ground(painter, entry, entry.shown)
        painter.end()
        if display.ground:
            self._ground = image.copy()
        painter = self.painter()
        for entry in display.live:
            if entry.on_screen:
                if entry.due:
                    update(entry)
                self._paint_symbol(painter, entry)
        painter.end()

    def painter(self) -> QPainter:
        """A painter on the picture, from page units to device pixels, with its transform off. The caller ends it."""
        painter = QPainter(self.image)
        place = self._placement
        painter.setTransform(QTransform(place.scale, 0, 0, place.scale, place.dx, place.dy))
        painter.setWorldMatrixEnabled(False)
        return painter

    def paint_entry(self, painter: QPainter, entry: Entry, over: Sequence[tuple[Entry, QRect]]) -> None:
        """Paint the pixels of an entry anew: the ground, then the entry or, in display order, all of `over`."""
        pixels = entry.pixels
        if self._ground is None:
            painter.fillRect(pixels, self._paper)
        else:
            painter.drawImage(pixels.topLeft(), self._ground, pixels)
        if not over:
            self._paint_symbol(painter, entry)
            return
        for other, part in over:
            self._paint_symbol(painter, other, part)

    def _paint_symbol(self, painter: QPainter, entry: Entry, part: QRect | None = None) -> None:
        """Paint an entry, as far as `part` of its pixels.

        What antialiasing gives depends on the clip, by a shade. So what is smooth is painted apart, whole, and copied.
        """
        shown, quick = entry.shown, entry.quick
        if shown is None:
            return
        try:
            if quick is None and not entry.slow:
                quick = self._make_quick(entry)
            if quick is not None and part is None and not entry.broken:
                quick.paint(painter, shown)  # to clip costs as much as this
                return
            painter.setClipRect(entry.pixels if part is None else part)
            if entry.broken or entry.symbol.smooth:
                self._paint_apart(painter, entry, shown)
            elif quick is not None:
                quick.paint(painter, shown)
            else:
                painter.setWorldMatrixEnabled(True)
                entry.symbol.paint(painter, entry.rect, entry.element, shown, entry.metadata, self.theme)
                painter.setWorldMatrixEnabled(False)
        except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
            fail(entry)
            painter.setWorldMatrixEnabled(False)
            self._paint_apart(painter, entry, shown)
        painter.setClipping(False)

    def _make_quick(self, entry: Entry) -> Quick | None:
        make, place = entry.symbol.quick, self._placement
        if make is not None:
            entry.quick = make(entry.rect, entry.element, self.theme, place.scale, place.dx, place.dy)
        entry.slow = entry.quick is None
        return entry.quick

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
            fail(entry)
        painter.setWorldMatrixEnabled(False)

    def _draw(self, painter: QPainter, entry: Entry, shown: Shown, origin: QPoint) -> None:
        """Let the symbol of an entry paint; `origin` is where the picture's corner lies in the view."""
        place = self._placement
        painter.setTransform(QTransform(place.scale, 0, 0, place.scale, place.dx - origin.x(), place.dy - origin.y()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.broken:
            paint_broken(painter, entry.rect, self.theme)
        else:
            entry.symbol.paint(painter, entry.rect, entry.element, shown, entry.metadata, self.theme)


def paint_frame(painter: QPainter, width: int, height: int, ratio: float, theme: Theme) -> None:
    """The frame that tells a held page from a live one, by its stripes too; in device pixels."""
    thick = _FRAME * ratio
    edge = QRectF(thick / 2, thick / 2, width - thick, height - thick)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("warning"), thick))
    painter.drawRect(edge)
    stripes = QPen(theme.color("on-warning"), thick, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
    stripes.setDashPattern([2.0, 4.0])
    painter.setPen(stripes)
    painter.drawRect(edge)


def merged(rects: list[Device]) -> Iterable[Device]:
    """Rectangles that hold all of `rects`: themselves if they are few, else a band of rows each."""
    if len(rects) <= _FEW:
        return rects
    bands: dict[int, list[int]] = {}
    for left, top, right, bottom in rects:
        for index in range(top // _BAND, (bottom - 1) // _BAND + 1):
            band = bands.get(index)
            if band is None:
                bands[index] = [left, right]
            else:
                band[0] = min(band[0], left)
                band[1] = max(band[1], right)
    return [(left, index * _BAND, right, (index + 1) * _BAND) for index, (left, right) in bands.items()]
