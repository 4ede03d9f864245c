"""The still drawing of a plan or a plant: rooms, walls, ducts and pipes, and the devices in them that show no value."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Direction, ShapeElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from .contract import Description, Reading, Shown, Symbol, Words

TURNS: dict[Direction, float] = {"right": 0.0, "down": 90.0, "left": 180.0, "up": 270.0}

_EDGES = {
    "outline": "line-strong",
    "faint": "line",
    "wall": "wall",
    "glass": "glass",
    "surface": "line",
    "raised": "line",
    "sunken": "line",
}
"""The colour of lines and edges; the other roles are what flows, and have their own."""
_HOLLOW = frozenset({"outline", "faint"})


def paint(
    painter: QPainter, rect: QRectF, properties: ShapeElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    role, width = properties.role, properties.width
    edge = theme.color(_EDGES.get(role, role))
    fill = None if role in _HOLLOW else theme.color(role)
    painter.setPen(_pen(edge, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    match properties.shape:
        case "box":
            if fill:
                painter.setBrush(fill)
            inset = width / 2
            painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), 3, 3)
        case "area":
            if fill:
                painter.fillRect(rect, fill)
        case "line" | "pipe":
            painter.drawPath(_path(rect, properties))
        case "duct":
            _duct(painter, _path(rect, properties), width, theme.color("line-strong"), fill or theme.color("surface"))
        case device:
            pen = _pen(edge, min(width, 2.0))
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            transform, box = turned(rect.adjusted(1, 1, -1, -1), properties.direction)
            for path, solid in _DEVICES[device](box):
                painter.setBrush({"fill": fill or theme.color("body"), "edge": edge, "none": QColor(0, 0, 0, 0)}[solid])
                painter.drawPath(transform.map(path))
    if shown.label:
        baseline = rect.top() + 8 + CAP_HEIGHT * 12
        theme.letters.draw(painter, rect.left() + 8, baseline, shown.label, 12, theme.color("ink-muted"), "medium")


def turned(rect: QRectF, direction: Direction) -> tuple[QTransform, QRectF]:
    """How to turn what is drawn for `right` in a rectangle around the origin, and that rectangle."""
    transform = QTransform()
    transform.translate(rect.center().x(), rect.center().y())
    transform.rotate(TURNS[direction])
    width, height = rect.width(), rect.height()
    if direction in ("down", "up"):
        width, height = height, width
    return transform, QRectF(-width / 2, -height / 2, width, height)


def _pen(color: QColor, width: float) -> QPen:
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)


def _path(rect: QRectF, properties: ShapeElement) -> QPainterPath:
    left, top = rect.left(), rect.top()
    points = [QPointF(left + x, top + y) for x, y in properties.points]
    path = QPainterPath()
    if points:
        path.moveTo(points[0])
        for point in points[1:]:
            path.lineTo(point)
    return path


def _duct(painter: QPainter, path: QPainterPath, width: float, edge: QColor, fill: QColor) -> None:
    painter.strokePath(path, _pen(edge, width))
    painter.strokePath(path, _pen(fill, max(0.5, width - 2.5)))


# Devices, drawn for air that flows to the right: paths and what they are filled with.

_Part = tuple[QPainterPath, str]


def _polygon(*points: tuple[float, float], closed: bool = True) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    if closed:
        path.closeSubpath()
    return path


def _lines(*lines: tuple[float, float, float, float]) -> QPainterPath:
    path = QPainterPath()
    for x1, y1, x2, y2 in lines:
        path.moveTo(x1, y1)
        path.lineTo(x2, y2)
    return path


def _casing(box: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRect(box)
    return path


def _arrow(box: QRectF) -> list[_Part]:
    left, top, right, bottom = box.left(), box.top(), box.right(), box.bottom()
    head = min(box.width() * 0.55, box.height())
    neck = right - head
    thick = box.height() * 0.2
    middle = box.center().y()
    path = _polygon(
        (left, middle - thick), (neck, middle - thick), (neck, top), (right, middle),
        (neck, bottom), (neck, middle + thick), (left, middle + thick),
    )  # fmt: skip
    return [(path, "edge")]


def _door(box: QRectF) -> list[_Part]:
    """Hinge top left: the leaf stands open downward, the arc shows its way from the right."""
    radius = min(box.width(), box.height())
    left, top = box.left(), box.top()
    leaf = _lines((left, top, left, top + radius))
    arc = QPainterPath(QPointF(left, top + radius))
    arc.arcTo(QRectF(left - radius, top - radius, 2 * radius, 2 * radius), 270, 90)
    return [(leaf, "none"), (arc, "none")]


def _filter(box: QRectF) -> list[_Part]:
    folds = max(3, round(box.height() / 14))
    pitch = box.height() / folds
    points: list[tuple[float, float]] = []
    for fold in range(folds):
        y = box.top() + fold * pitch
        points += [(box.left() + 3, y), (box.right() - 3, y + pitch / 2)]
    points.append((box.left() + 3, box.bottom()))
    return [(_casing(box), "fill"), (_polygon(*points, closed=False), "none")]


def _damper(box: QRectF) -> list[_Part]:
    blades = max(2, round(box.height() / 22))
    pitch = box.height() / blades
    reach = min(box.width() * 0.5, pitch * 0.42)
    middle = box.center().x()
    lines = []
    pivots = QPainterPath()
    for blade in range(blades):
        y = box.top() + (blade + 0.5) * pitch
        lines.append((middle - reach, y + reach, middle + reach, y - reach))
        pivots.addEllipse(QPointF(middle, y), 1.8, 1.8)
    frame = _lines(
        (box.left(), box.top(), box.right(), box.top()), (box.left(), box.bottom(), box.right(), box.bottom())
    )
    return [(frame, "none"), (_lines(*lines), "none"), (pivots, "edge")]


def _coil(box: QRectF, signs: Callable[[float, float, float], QPainterPath]) -> list[_Part]:
    size = min(box.width() * 0.28, box.height() * 0.16, 8.0)
    diagonal = _lines((box.left(), box.bottom(), box.right(), box.top()))
    low = signs(box.left() + box.width() * 0.7, box.top() + box.height() * 0.75, size)
    return [(_casing(box), "fill"), (diagonal, "none"), (low, "none")]


def _plus(x: float, y: float, size: float) -> QPainterPath:
    return _lines((x - size, y, x + size, y), (x, y - size, x, y + size))


def _minus(x: float, y: float, size: float) -> QPainterPath:
    return _lines((x - size, y, x + size, y))


def _heating(box: QRectF) -> list[_Part]:
    return _coil(box, _plus)


def _cooling(box: QRectF) -> list[_Part]:
    return _coil(box, _minus)


def _recovery(box: QRectF) -> list[_Part]:
    wheel = QPainterPath()
    middle = box.center().x()
    half = min(box.width() * 0.22, 9.0)
    wheel.addRoundedRect(QRectF(middle - half, box.top() + 3, 2 * half, box.height() - 6), half, half)
    spokes = _lines(
        *(
            (middle - half, y, middle + half, y - half * 1.2)
            for y in (box.top() + box.height() * part for part in (0.3, 0.45, 0.6, 0.75))
        )
    )
    return [(_casing(box), "fill"), (wheel, "none"), (spokes, "none")]


_DEVICES: dict[str, Callable[[QRectF], list[_Part]]] = {
    "arrow": _arrow,
    "door": _door,
    "filter": _filter,
    "damper": _damper,
    "heating-coil": _heating,
    "cooling-coil": _cooling,
    "heat-recovery": _recovery,
}


def ink(rect: QRectF, properties: ShapeElement) -> QRectF:
    if not properties.points:
        return rect
    reach = properties.width * 2.0  # a mitred corner stands out
    return (_path(rect, properties).boundingRect() | rect).adjusted(-reach, -reach, reach, reach)


def reading(_: ShapeElement, __: Metadata | None, ___: Numbers, ____: Words) -> Reading:
    return lambda value, fault: ("", None)


def describe(_: ShapeElement, shown: Shown) -> Description:
    return Description("graphic", shown.label, "", ())


SYMBOL = Symbol(paint, reading, describe, ink, still=True)
