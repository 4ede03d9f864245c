"""Still devices of the background: what stands in a duct, doors of a plan, arrows. Drawn on a unit square, then turned."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QTransform

from vizclient.pages.document import Direction, ShapeElement

from ..theme import Theme

_TURNS: dict[Direction, int] = {"right": 0, "down": 90, "left": 180, "up": 270}


def paint(painter: QPainter, rect: QRectF, properties: ShapeElement, theme: Theme, stroke: str, fill: str) -> None:
    """Draw the device inside `rect`, edges in `stroke`, its body in `fill`."""
    turn = _turn(rect, properties.direction)
    edge = QPen(theme.color(stroke), properties.width)
    edge.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    edge.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(edge)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    shape = properties.shape
    if shape in _BODIES:
        inset = properties.width / 2
        painter.setBrush(theme.brush(fill))
        painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(turn.map(_LINES[shape]()))
    if shape == "damper":
        painter.setBrush(theme.brush(stroke))
        for y in _AXLES:
            painter.drawEllipse(turn.map(QPointF(0.5, y)), 1.6, 1.6)
    elif shape in ("heating-coil", "cooling-coil"):
        _sign(painter, rect, theme, plus=shape == "heating-coil")


def _turn(rect: QRectF, direction: Direction) -> QTransform:
    """From the unit square to `rect`, turned about its middle."""
    turn = QTransform.fromTranslate(rect.left(), rect.top())
    turn.scale(rect.width(), rect.height())
    turn.translate(0.5, 0.5)
    turn.rotate(_TURNS[direction])
    turn.translate(-0.5, -0.5)
    return turn


def _sign(painter: QPainter, rect: QRectF, theme: Theme, *, plus: bool) -> None:
    """The plus or minus of a coil, in its lower right half."""
    arm = min(rect.width(), rect.height()) * 0.14
    middle = QPointF(rect.left() + rect.width() * 0.68, rect.top() + rect.height() * 0.72)
    pen = QPen(theme.color("ink"), 2.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLine(middle - QPointF(arm, 0), middle + QPointF(arm, 0))
    if plus:
        painter.drawLine(middle - QPointF(0, arm), middle + QPointF(0, arm))


def _polyline(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath(QPointF(*points[0]))
    for point in points[1:]:
        path.lineTo(*point)
    return path


def _arrow() -> QPainterPath:
    path = _polyline((0.08, 0.5), (0.92, 0.5))
    path.addPath(_polyline((0.62, 0.18), (0.92, 0.5), (0.62, 0.82)))
    return path


def _door() -> QPainterPath:
    path = _polyline((0, 0), (0, 1))
    path.arcTo(QRectF(-1, -1, 2, 2), 270, 90)
    return path


def _filter() -> QPainterPath:
    return _polyline(*((0.82 if step % 2 else 0.18, 0.06 + 0.88 * step / 8) for step in range(9)))


def _damper() -> QPainterPath:
    """Blades half open, each turning against its neighbour."""
    path = _polyline((0.5, 0.02), (0.5, 0.98))
    for number, y in enumerate(_AXLES):
        lean = 0.09 if number % 2 else -0.09
        path.addPath(_polyline((0.16, y - lean), (0.84, y + lean)))
    return path


def _coil() -> QPainterPath:
    return _polyline((0.06, 0.97), (0.94, 0.03))


def _wheel() -> QPainterPath:
    """A wheel seen from its edge: its matrix, and the axle between the two ducts."""
    path = _polyline((0.0, 0.5), (1.0, 0.5))
    for x in (0.25, 0.5, 0.75):
        path.addPath(_polyline((x, 0.03), (x, 0.46)))
        path.addPath(_polyline((x, 0.54), (x, 0.97)))
    return path


_AXLES = (0.14, 0.38, 0.62, 0.86)
_BODIES = frozenset({"filter", "heating-coil", "cooling-coil", "heat-recovery"})
_LINES = {
    "arrow": _arrow,
    "door": _door,
    "filter": _filter,
    "damper": _damper,
    "heating-coil": _coil,
    "cooling-coil": _coil,
    "heat-recovery": _wheel,
}
