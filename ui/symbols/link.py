"""Goes to another page."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from vizclient.items.metadata import Metadata
from vizclient.pages.document import LinkElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Command, Description, Reading, Shown, Symbol, Words, states
from .value import CHIPS


def paint(
    painter: QPainter, rect: QRectF, properties: LinkElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    ground, ink = "raised", "accent"
    if shown.style in CHIPS and shown.freshness in marks.PLAIN:
        ground, ink = CHIPS[shown.style]
    painter.setPen(theme.pen("line", 1.0))
    painter.setBrush(theme.brush(ground))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    size = min(14.0, rect.height() * 0.5)
    left = rect.left() + 10
    if ground != "raised":
        marks.alert(painter, shown.style, left, rect.center().y() - size / 2, size, theme)
        left += size + 5
    left = marks.beside(painter, rect, left, size, shown, theme)
    said = theme.letters.elided(shown.text, size, rect.right() - 22 - left, "medium")
    if shown.freshness is marks.NEVER:
        said = f"{marks.DASHES[0]} {said}"
    baseline = rect.center().y() + CAP_HEIGHT * size / 2
    theme.letters.draw(painter, left, baseline, said, size, theme.color(ink), "medium")
    pen = QPen(theme.color(ink), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    tip = QPointF(rect.right() - 10, rect.center().y())
    painter.drawPolyline([tip + QPointF(-4, -4), tip, tip + QPointF(-4, 4)])


def reading(properties: LinkElement, _: Metadata | None, __: Numbers, words: Words) -> Reading:
    text = words.text(properties.text)
    return lambda value, fault: (text, None)


def describe(properties: LinkElement, shown: Shown) -> Description:
    return Description("link", shown.text, "", states(shown) if properties.item else ())


def commands(properties: LinkElement) -> tuple[Command, ...]:
    return (Command("open", properties.page),)


SYMBOL = Symbol(paint, reading, describe, commands=commands, spoken=True)
