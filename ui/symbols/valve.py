"""A control valve (ISO 10628-2): two or three triangles tip to tip and an actuator, filled as far as it is open."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import ValveElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Level, Reading, Shown, Symbol, Words, states
from .device import device_look
from .shape import turned
from .value import plain_reading

_TEXT = 12.0


def paint(
    painter: QPainter, rect: QRectF, properties: ValveElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    opening = shown.level if isinstance(shown.level, float) else None
    look = device_look(None if opening is None else False, shown.style, theme)
    body = QRectF(rect)
    if rect.height() >= 46:
        body.setHeight(rect.height() - _TEXT - 5)
        _position(painter, rect, shown, theme)
    side = min(body.width(), body.height())
    body = QRectF(body.center().x() - side / 2, body.center().y() - side / 2, side, side)
    transform, flat = turned(body.adjusted(2, 2, -2, -2), properties.direction)
    half, reach = flat.width() / 2, flat.width() * 0.29
    sink = reach * 0.55 if properties.ways == 2 else 0.0
    triangles = [
        [(0.0, sink), (-half, sink - reach), (-half, sink + reach)],
        [(0.0, sink), (half, sink - reach), (half, sink + reach)],
    ]
    if properties.ways == 3:
        triangles.append([(0.0, 0.0), (-reach, half), (reach, half)])
    path = QPainterPath()
    for points in triangles:
        path.addPolygon(transform.map(QPolygonF([QPointF(x, y) for x, y in points])))
        path.closeSubpath()
    stem = QPen(look.edge)
    stem.setStyle(Qt.PenStyle.SolidLine)
    painter.setPen(stem)
    painter.drawLine(QLineF(transform.map(QPointF(0, sink)), transform.map(QPointF(0, -half * 0.45))))
    dome = QPainterPath(QPointF(-half * 0.42, -half * 0.45))
    dome.arcTo(QRectF(-half * 0.42, -half, half * 0.84, half * 1.1), 180, -180)
    dome.closeSubpath()
    painter.setPen(look.edge)
    painter.setBrush(look.body)
    painter.drawPath(transform.map(dome))
    painter.drawPath(path)
    if opening:
        bounds = path.boundingRect()
        level = QPainterPath()
        level.addRect(
            QRectF(bounds.left(), bounds.bottom() - bounds.height() * opening, bounds.width(), bounds.height())
        )
        painter.setPen(Qt.PenStyle.NoPen)
        alert = shown.style if shown.style in ("warning", "alarm") else "body-on"
        painter.setBrush(theme.brush(alert))
        painter.drawPath(path.intersected(level))
        painter.setPen(look.edge)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
    marks.over(painter, rect, shown, theme)


def _position(painter: QPainter, rect: QRectF, shown: Shown, theme: Theme) -> None:
    if shown.text and shown.freshness is not marks.STALE:
        baseline = rect.bottom() - 2 - (_TEXT - CAP_HEIGHT * _TEXT) / 2 + 1
        theme.letters.draw(
            painter, rect.center().x(), baseline, shown.text, _TEXT, theme.color("ink"), "medium", "center"
        )


def reading(properties: ValveElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    decimals = 0 if properties.decimals is None else properties.decimals
    text = plain_reading(decimals, properties.unit, metadata, numbers)
    low = metadata.low if metadata and metadata.low is not None else 0.0
    high = metadata.high if metadata and metadata.high is not None else 100.0

    def opening(value: Value) -> Level:
        if isinstance(value, bool):
            return float(value)
        if not isinstance(value, int | float) or value != value or high <= low:  # noqa: PLR0124 -- NaN
            return None
        return round(min(1.0, max(0.0, (value - low) / (high - low))), 2)

    return lambda value, fault: (text(value, fault)[0], opening(value))


def describe(properties: ValveElement, shown: Shown) -> Description:
    return Description("indicator", shown.label or properties.item, shown.text, states(shown))


SYMBOL = Symbol(paint, reading, describe, marks.margin)
