"""A fan: a circle whose sides narrow towards the outlet, with its impeller."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath

from vizclient.items.metadata import Metadata
from vizclient.pages.document import FanElement

from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Reading, Shown, Symbol, Words, states
from .device import device_level, device_look, fault_mark, run_and_fault, run_states, square
from .shape import turned
from .value import plain_reading

_BLADES = 3


def paint(
    painter: QPainter, rect: QRectF, properties: FanElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    running, fault = run_and_fault(shown)
    look = device_look(running, shown.style, theme, fault=fault)
    box = square(rect)
    transform, flat = turned(box.adjusted(2, 2, -2, -2), properties.direction)
    radius = flat.width() / 2
    painter.setPen(look.edge)
    painter.setBrush(look.body)
    painter.drawEllipse(box.center(), radius, radius)
    painter.setPen(look.inner_edge)
    for side in (-1, 1):
        steep, flat_end = math.radians(115), math.radians(24)
        begin = QPointF(radius * math.cos(steep), side * radius * math.sin(steep))
        end = QPointF(radius * math.cos(flat_end), side * radius * math.sin(flat_end))
        painter.drawLine(QLineF(transform.map(begin), transform.map(end)))
    painter.setBrush(look.inner)
    centre = transform.map(QPointF(-radius * 0.12, 0))
    for blade in range(_BLADES):
        painter.drawPath(_blade(centre, radius * 0.52, math.tau * blade / _BLADES - math.pi / 2))
    if fault:
        fault_mark(painter, box, theme)
    marks.over(painter, rect, shown, theme)


def _blade(centre: QPointF, length: float, turn: float) -> QPainterPath:
    def at(along: float, across: float) -> QPointF:
        x = length * (along * math.cos(turn) - across * math.sin(turn))
        y = length * (along * math.sin(turn) + across * math.cos(turn))
        return centre + QPointF(x, y)

    path = QPainterPath(at(0.08, 0.0))
    path.cubicTo(at(0.3, -0.42), at(0.95, -0.5), at(1.0, -0.02))
    path.cubicTo(at(0.8, 0.22), at(0.4, 0.12), at(0.08, 0.0))
    path.closeSubpath()
    return path


def reading(properties: FanElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    text = plain_reading(None, None, metadata, numbers)
    return lambda value, fault: (text(value, fault)[0], device_level(value, fault))


def describe(properties: FanElement, shown: Shown) -> Description:
    return Description("indicator", shown.label or properties.item, shown.text, states(shown, *run_states(shown)))


SYMBOL = Symbol(paint, reading, describe, marks.margin)
