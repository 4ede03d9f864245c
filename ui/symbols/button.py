"""Writes one value when pushed. It shows no value, but says when what it writes to cannot be trusted.

With the style `accent` it looks pushed in: the page says so while the item has the button's value.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from vizclient.items.metadata import Metadata
from vizclient.pages.document import ButtonElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Command, Description, Reading, Shown, Symbol, Words, states


def paint(
    painter: QPainter, rect: QRectF, properties: ButtonElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    usable = shown.enabled
    frame = rect.adjusted(0.75, 0.75, -0.75, -1.75)
    chosen = shown.style == "accent" and shown.freshness in marks.PLAIN
    if usable and not chosen:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush("line-strong"))
        painter.drawRoundedRect(frame.translated(0, 1.5), 4, 4)
    painter.setPen(theme.pen("accent" if chosen else "line-strong" if usable else "line", 1.6 if chosen else 1.2))
    painter.setBrush(theme.brush("accent-soft" if chosen else "raised" if usable else "surface"))
    painter.drawRoundedRect(frame, 4, 4)
    size = min(14.0, rect.height() * 0.5)
    room = rect.width() - 12
    begin = rect.left() + 6
    taken = marks.beside(painter, rect, begin, size, shown, theme) - begin
    said = theme.letters.elided(shown.text, size, room - taken, "medium")
    ink = theme.color("accent" if usable else "ink-disabled")
    baseline = frame.center().y() + CAP_HEIGHT * size / 2
    if shown.freshness is marks.NEVER:
        said = f"{marks.DASHES[0]} {said} {marks.DASHES[0]}"
    theme.letters.draw(painter, rect.center().x() + taken / 2, baseline, said, size, ink, "medium", "center")


def reading(properties: ButtonElement, _: Metadata | None, __: Numbers, words: Words) -> Reading:
    text = words.text(properties.text)
    return lambda value, fault: (text, None)


def describe(properties: ButtonElement, shown: Shown) -> Description:
    usable = () if shown.enabled else ("state.disabled",)
    return Description("button", shown.text or properties.item, "", states(shown, *usable))


def commands(_: ButtonElement) -> tuple[Command, ...]:
    return (Command("push"),)


SYMBOL = Symbol(paint, reading, describe, commands=commands, spoken=True)
