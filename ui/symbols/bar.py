"""A number along a scale."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import BarElement, Style

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Level, Reading, Shown, Symbol, Words, states
from .value import line, plain_reading

_FILLS: dict[Style, str] = {
    "normal": "body-on",
    "muted": "muted",
    "accent": "accent",
    "ok": "ok",
    "warning": "warning",
    "alarm": "alarm",
    "info": "info",
}
_TEXT = 13.0


def paint(
    painter: QPainter, rect: QRectF, properties: BarElement, shown: Shown, metadata: Metadata | None, theme: Theme
) -> None:
    track, words = _layout(rect, properties)
    level = shown.level if isinstance(shown.level, float) else None
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush("sunken"))
    painter.drawRect(track)
    across = properties.orientation == "horizontal"
    if level is not None:
        part = min(1.0, max(0.0, level))
        filled = QRectF(track)
        if across:
            filled.setWidth(track.width() * part)
        else:
            filled.setTop(track.bottom() - track.height() * part)
        painter.setBrush(theme.brush(_FILLS[shown.style]))
        painter.drawRect(filled)
    limits = _limits(properties, metadata)
    if limits:
        low, high = limits
        for mark in properties.marks:
            part = (mark - low) / (high - low)
            if 0 <= part <= 1:
                x, y = track.left() + track.width() * part, track.bottom() - track.height() * part
                tick = QRectF(x - 0.75, track.top() - 3, 1.5, track.height() + 6)
                painter.fillRect(
                    tick if across else QRectF(track.left() - 3, y - 0.75, track.width() + 6, 1.5), theme.color("ink")
                )
    painter.setPen(theme.pen("line-strong", 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(track)
    if level is not None and not 0 <= level <= 1:
        _beyond(painter, track, across, level > 1, theme)
    if words is None:
        marks.over(painter, rect, shown, theme)
        return
    if shown.label and across:
        baseline = words.center().y() + CAP_HEIGHT * _TEXT / 2
        if shown.freshness in marks.PLAIN:
            theme.letters.draw(painter, rect.left(), baseline, shown.label, _TEXT, theme.color("ink-muted"))
    if shown.freshness is marks.STALE:
        marks.hatch(painter, track, theme)
    elif shown.freshness is marks.BAD:
        marks.strike(painter, track, theme)
    line(painter, words, shown, theme, _TEXT, "right" if across else "center")


def _layout(rect: QRectF, properties: BarElement) -> tuple[QRectF, QRectF | None]:
    """The track, and where the value stands; None if there is no room for it, or it is not wanted."""
    if not properties.show_value:
        across = properties.orientation == "horizontal"
        return rect.adjusted(1, 4, -1, -4) if across else rect.adjusted(4, 1, -4, -1), None
    if properties.orientation == "vertical":
        if rect.height() >= 60 and rect.width() >= 40:
            words = QRectF(rect.left(), rect.bottom() - 20, rect.width(), 20)
            track = QRectF(rect.center().x() - 8, rect.top() + 4, 16, rect.height() - 28)
            return track, words
        return rect.adjusted(4, 1, -4, -1), None
    if rect.height() >= 32:
        words = QRectF(rect.left(), rect.top(), rect.width(), 20)
        return QRectF(rect.left() + 1, rect.top() + 23, rect.width() - 2, max(6.0, rect.height() - 28)), words
    if rect.width() >= 150:
        words = QRectF(rect.right() - 76, rect.top(), 76, rect.height())
        return QRectF(rect.left() + 1, rect.center().y() - 5, rect.width() - 84, 10), words
    return rect.adjusted(1, 4, -1, -4), None


def _beyond(painter: QPainter, track: QRectF, across: bool, above: bool, theme: Theme) -> None:
    """An arrow at the end of the scale that the value lies beyond."""
    size = min(track.height() if across else track.width(), 9.0) / 2 + 1
    if across:
        tip = QPointF(track.right() if above else track.left(), track.center().y())
        away = -size * 1.6 if above else size * 1.6
        points = [tip, tip + QPointF(away, -size), tip + QPointF(away, size)]
    else:
        tip = QPointF(track.center().x(), track.top() if above else track.bottom())
        away = size * 1.6 if above else -size * 1.6
        points = [tip, tip + QPointF(-size, away), tip + QPointF(size, away)]
    painter.setPen(theme.pen("page", 1.0))
    painter.setBrush(theme.brush("warning"))
    painter.drawPolygon(QPolygonF(points))


def _limits(properties: BarElement, metadata: Metadata | None) -> tuple[float, float] | None:
    low = properties.min if properties.min is not None else (metadata.low if metadata else None)
    high = properties.max if properties.max is not None else (metadata.high if metadata else None)
    return (low, high) if low is not None and high is not None and low < high else None


def reading(properties: BarElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    text = plain_reading(properties.decimals, properties.unit, metadata, numbers)
    limits = _limits(properties, metadata)

    def part(value: Value) -> Level:
        if limits is None or isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            return None
        low, high = limits
        return round(min(1.01, max(-0.01, (value - low) / (high - low))), 3)

    return lambda value, fault: (text(value, fault)[0], part(value))


def describe(properties: BarElement, shown: Shown) -> Description:
    return Description("progress", shown.label or properties.item, shown.text, states(shown))


SYMBOL = Symbol(paint, reading, describe, marks.margin)
