"""The still drawing of a plan or a plant: boxes, lines, areas, and the pipes and ducts that things flow in."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from vizclient.items.metadata import Metadata
from vizclient.pages.document import ShapeElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from .contract import Description, Reading, Shown, Symbol, Words

_FILLS = {"outline": None, "surface": "surface", "raised": "raised"}
_STROKES = {"outline": "line-strong", "surface": "line", "raised": "line"}


def paint(
    painter: QPainter, rect: QRectF, properties: ShapeElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    role, width = properties.role, properties.width
    stroke = _STROKES.get(role, role)
    fill = _FILLS.get(role, role)
    line = _pen(theme, stroke, width)
    painter.setPen(line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    path = _path(rect, properties)
    match properties.shape:
        case "box":
            if fill:
                painter.setBrush(theme.brush(fill))
            inset = width / 2
            painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), 4, 4)
        case "area":
            if fill:
                painter.setBrush(theme.brush(fill))
            painter.drawPath(path)
        case "line":
            painter.drawPath(path)
        case "pipe":
            painter.strokePath(path, line)
        case "duct":
            edge = QPen(theme.color("line-strong"), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
            edge.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.strokePath(path, edge)
            edge.setColor(theme.color(fill or "surface"))
            edge.setWidthF(max(0.5, width - 2.5))
            painter.strokePath(path, edge)
    if shown.label:
        baseline = rect.top() + 8 + CAP_HEIGHT * 12
        theme.letters.draw(painter, rect.left() + 8, baseline, shown.label, 12, theme.color("ink-muted"), "medium")


def _pen(theme: Theme, token: str, width: float) -> QPen:
    return QPen(theme.color(token), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin)


def _path(rect: QRectF, properties: ShapeElement) -> QPainterPath:
    points = [QPointF(x, y) for x, y in properties.points]
    path = QPainterPath()
    if points:
        path.moveTo(points[0])
        for point in points[1:]:
            path.lineTo(point)
        if properties.shape == "area":
            path.closeSubpath()
    elif properties.shape == "area":
        path.addRect(rect)
    elif rect.width() >= rect.height():
        path.moveTo(rect.left(), rect.center().y())
        path.lineTo(rect.right(), rect.center().y())
    else:
        path.moveTo(rect.center().x(), rect.top())
        path.lineTo(rect.center().x(), rect.bottom())
    return path


def ink(rect: QRectF, properties: ShapeElement) -> QRectF:
    if not properties.points:
        half = 0.0 if properties.shape == "box" else properties.width / 2
        return rect.adjusted(-half, -half, half, half)
    reach = properties.width * 1.5  # a mitred corner stands out
    return (_path(rect, properties).boundingRect() | rect).adjusted(-reach, -reach, reach, reach)


def reading(_: ShapeElement, __: Metadata | None, ___: Numbers, ____: Words) -> Reading:
    return lambda value, fault: ("", None)


def describe(_: ShapeElement, shown: Shown) -> Description:
    return Description("graphic", shown.label, "", ())


SYMBOL = Symbol(paint, reading, describe, ink, still=True)
