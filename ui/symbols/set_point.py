"""A number that the operator sets: a field, with the sign that it can be changed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from vizclient.items.metadata import Metadata
from vizclient.pages.document import SetPointElement

from ..numbers import Numbers
from ..theme import Theme
from .contract import Command, Description, Reading, Shown, Symbol, Words, states
from .value import line, plain_reading

_HANDLE = 15.0


def paint(
    painter: QPainter, rect: QRectF, properties: SetPointElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    usable = shown.enabled
    frame = rect.adjusted(0.75, 0.75, -0.75, -0.75)
    painter.setPen(theme.pen("accent" if usable else "line", 1.5 if usable else 1.0))
    painter.setBrush(theme.brush("raised" if usable else "surface"))
    painter.drawRoundedRect(frame, 3, 3)
    x, y = rect.right() - 10, rect.center().y()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush("accent" if usable else "line"))
    for way in (-1, 1):
        painter.drawPolygon(
            QPolygonF([QPointF(x - 4, y + way * 2.2), QPointF(x + 4, y + way * 2.2), QPointF(x, y + way * 7.2)])
        )
    field = rect.adjusted(1.5, 1.5, -_HANDLE - 1.5, -1.5)
    line(painter, field, shown, theme, min(15.0, rect.height() * 0.58), "right", rect)


def reading(properties: SetPointElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    return plain_reading(properties.decimals, properties.unit, metadata, numbers)


def describe(properties: SetPointElement, shown: Shown) -> Description:
    usable = () if shown.enabled else ("state.disabled",)
    return Description("field", shown.label or properties.item, shown.text, states(shown, *usable))


def commands(_: SetPointElement) -> tuple[Command, ...]:
    return (Command("set"),)


SYMBOL = Symbol(paint, reading, describe, commands=commands)
