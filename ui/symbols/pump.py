"""A pump (ISO 10628-2): a circle with a triangle whose tip lies where the medium leaves."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPolygonF

from vizclient.items.metadata import Metadata
from vizclient.pages.document import PumpElement

from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Reading, Shown, Symbol, Words, states
from .device import device_level, device_look, fault_mark, run_and_fault, run_states, square
from .shape import turned
from .value import plain_reading


def paint(
    painter: QPainter, rect: QRectF, properties: PumpElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    running, fault = run_and_fault(shown)
    look = device_look(running, shown.style, theme, fault=fault)
    box = square(rect)
    transform, flat = turned(box.adjusted(2, 2, -2, -2), properties.direction)
    radius = flat.width() / 2
    painter.setPen(look.edge)
    painter.setBrush(look.body)
    painter.drawEllipse(box.center(), radius, radius)
    triangle = QPolygonF(
        [QPointF(radius, 0), QPointF(-radius * 0.5, -radius * 0.866), QPointF(-radius * 0.5, radius * 0.866)]
    )
    painter.setPen(look.inner_edge)
    painter.setBrush(look.inner)
    painter.drawPolygon(transform.map(triangle))
    if fault:
        fault_mark(painter, box, theme)
    marks.over(painter, rect, shown, theme)


def reading(properties: PumpElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    text = plain_reading(None, None, metadata, numbers)
    return lambda value, fault: (text(value, fault)[0], device_level(value, fault))


def describe(properties: PumpElement, shown: Shown) -> Description:
    return Description("indicator", shown.label or properties.item, shown.text, states(shown, *run_states(shown)))


SYMBOL = Symbol(paint, reading, describe, marks.margin)
