"""The window's few icons, drawn as lines in the palette's own colour: sharp at any scale, right in light and dark."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPainterPath, QPalette, QPen, QPixmap

_LINES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "back": (((14, 5), (7, 12), (14, 19)),),
    "forward": (((10, 5), (17, 12), (10, 19)),),
    "home": (((4, 12), (12, 5), (20, 12)), ((6.5, 10.5), (6.5, 19), (17.5, 19), (17.5, 10.5))),
    "plus": (((12, 5), (12, 19)), ((5, 12), (19, 12))),
    "minus": (((5, 12), (19, 12)),),
    "fit": (
        ((4, 9), (4, 4), (9, 4)),
        ((15, 4), (20, 4), (20, 9)),
        ((20, 15), (20, 20), (15, 20)),
        ((9, 20), (4, 20), (4, 15)),
    ),
    "servers": (
        ((4, 4), (20, 4), (20, 10.5), (4, 10.5), (4, 4)),
        ((4, 13.5), (20, 13.5), (20, 20), (4, 20), (4, 13.5)),
        ((7, 7.25), (9, 7.25)),
        ((7, 16.75), (9, 16.75)),
    ),
    "inspector": (
        ((4, 10.5), (6, 5.9), (10.5, 4), (15, 5.9), (17, 10.5), (15, 15.1), (10.5, 17), (6, 15.1), (4, 10.5)),
        ((15.2, 15.2), (20.5, 20.5)),
    ),
    "web": (
        ((4, 12), (6.3, 6.3), (12, 4), (17.7, 6.3), (20, 12), (17.7, 17.7), (12, 20), (6.3, 17.7), (4, 12)),
        ((12, 4), (9.2, 8), (8.6, 12), (9.2, 16), (12, 20), (14.8, 16), (15.4, 12), (14.8, 8), (12, 4)),
        ((4, 12), (20, 12)),
    ),
    "menu": (((4, 6), (20, 6)), ((4, 12), (20, 12)), ((4, 18), (20, 18))),
    "close": (((6, 6), (18, 18)), ((18, 6), (6, 18))),
    "down": (((6, 9), (12, 15), (18, 9)),),
}
_GRID = 24.0


class _Lines(QIconEngine):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        palette = QGuiApplication.palette()
        group = QPalette.ColorGroup.Disabled if mode is QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        side = min(rect.width(), rect.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(QRectF(rect).center() - QPointF(side, side) / 2)
        painter.scale(side / _GRID, side / _GRID)
        pen = QPen(QColor(palette.color(group, QPalette.ColorRole.ButtonText)), 1.8)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        for line in _LINES[self._name]:
            path = QPainterPath(QPointF(*line[0]))
            for point in line[1:]:
                path.lineTo(*point)
            painter.drawPath(path)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        pixmap = QPixmap(size)  # already in device pixels
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Lines(self._name)


def icon(name: str) -> QIcon:
    """The icon `name`. KeyError if there is none."""
    if name not in _LINES:
        raise KeyError(name)
    return QIcon(_Lines(name))
