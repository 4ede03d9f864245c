"""Turns something on and off: a knob at one end or the other, and the word for it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import SwitchElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Command, Description, Level, Reading, Shown, Symbol, Words, states
from .value import plain_reading


def paint(
    painter: QPainter, rect: QRectF, properties: SwitchElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    on = shown.level if isinstance(shown.level, bool) else None
    height = min(22.0, rect.height() - 4)
    track = QRectF(rect.left() + 2, rect.center().y() - height / 2, height * 1.85, height)
    usable = shown.enabled
    edge = QPen(
        theme.color(("accent" if usable else "line-strong") if on else ("line-strong" if usable else "line")), 1.5
    )
    if on is None:
        edge.setDashPattern([3.0, 2.5])
    painter.setPen(edge)
    solid = "accent" if usable else "muted"
    painter.setBrush(theme.brush(solid if on else "sunken" if usable else "surface"))
    painter.drawRoundedRect(track, height / 2, height / 2)
    if on is not None:
        radius = height / 2 - 3
        x = track.right() - height / 2 if on else track.left() + height / 2
        painter.setPen(QPen(theme.color("line-strong" if usable else "line"), 1.0))
        painter.setBrush(theme.brush("raised"))
        painter.drawEllipse(QRectF(x - radius, track.center().y() - radius, 2 * radius, 2 * radius))
        glyph = QPen(theme.color("on-accent" if on and usable else "on-muted" if on else "ink-muted"), 1.5)
        painter.setPen(glyph)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if on:
            painter.drawLine(
                track.topLeft() + QPointF(height * 0.62, height * 0.3),
                track.topLeft() + QPointF(height * 0.62, height * 0.7),
            )
        else:
            painter.drawEllipse(track.topLeft() + QPointF(height * 1.25, height * 0.5), height * 0.16, height * 0.16)
    size = min(14.0, rect.height() * 0.62)
    said = shown.text or marks.DASHES
    if shown.label:
        said = f"{shown.label}: {said}"
    left = track.right() + 8
    left = marks.beside(painter, rect, left, size, shown._replace(age=""), theme)
    if shown.freshness is marks.STALE:  # beside the word there is no room for the age
        marks.age(painter, rect.left(), rect.bottom(), shown, theme, 9.0)
    baseline = rect.center().y() + CAP_HEIGHT * size / 2
    theme.letters.draw(painter, left, baseline, said, size, theme.color("ink" if shown.text else "never"))
    if shown.freshness is marks.BAD:
        width = theme.letters.width(said, size)
        painter.fillRect(QRectF(left - 2, rect.center().y() - 1, width + 4, 2), theme.color("bad"))


def reading(properties: SwitchElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    text = plain_reading(None, None, metadata, numbers)

    def on(value: Value) -> Level:
        return bool(value) if isinstance(value, bool | int | float) else None

    return lambda value, fault: (text(value, fault)[0], on(value))


def describe(properties: SwitchElement, shown: Shown) -> Description:
    said = () if shown.level is None else ("state.on" if shown.level else "state.off",)
    usable = () if shown.enabled else ("state.disabled",)
    return Description("switch", shown.label or properties.item, shown.text, states(shown, *said, *usable))


def commands(_: SwitchElement) -> tuple[Command, ...]:
    return (Command("toggle"),)


SYMBOL = Symbol(paint, reading, describe, commands=commands)
