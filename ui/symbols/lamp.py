"""On or off: a filled shape or an empty ring. What it warns of has the shape of a warning."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import LampElement, Style

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Level, Reading, Shown, Symbol, Words, states
from .value import plain_reading

_FILLS: dict[Style, str] = {"normal": "body-on", "accent": "accent", "ok": "ok", "info": "info", "muted": "muted"}


def paint(
    painter: QPainter, rect: QRectF, properties: LampElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    side = min(rect.height(), rect.width(), 22.0)
    lit = shown.level if isinstance(shown.level, bool) else None
    style = shown.style if shown.style != "normal" else (properties.on if lit else properties.off)
    wide = rect.width() > side * 1.6
    box = QRectF(rect.left(), rect.center().y() - side / 2, side, side)
    if not wide:
        box.moveCenter(rect.center())
    inner = box.adjusted(2, 2, -2, -2)
    radius = inner.width() / 2
    edge = QPen(theme.color("line-strong"), 1.6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if lit is None:
        edge.setDashPattern([2.0, 2.0])
        painter.setPen(edge)
        painter.drawEllipse(inner.center(), radius, radius)
    elif style in ("warning", "alarm"):
        marks.alert(painter, style, inner.left(), inner.top(), inner.width(), theme, plate=True)
    elif lit:
        painter.setPen(QPen(theme.color(_FILLS[style]), 1.6))
        painter.drawEllipse(inner.center(), radius, radius)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush(_FILLS[style]))
        painter.drawEllipse(inner.center(), radius - 3, radius - 3)
    else:
        painter.setPen(edge)
        painter.drawEllipse(inner.center(), radius - 1, radius - 1)
    if wide:
        said = shown.label or shown.text
        size = min(13.0, rect.height() * 0.62)
        baseline = rect.center().y() + CAP_HEIGHT * size / 2
        theme.letters.draw(painter, box.right() + 7, baseline, said, size, theme.color("ink"))
    marks.over(painter, box, shown, theme)


def reading(properties: LampElement, metadata: Metadata | None, numbers: Numbers, _: Words) -> Reading:
    text = plain_reading(None, None, metadata, numbers)

    def lit(value: Value) -> Level:
        return bool(value) if isinstance(value, bool | int | float) else None

    return lambda value, fault: (text(value, fault)[0], lit(value))


def describe(properties: LampElement, shown: Shown) -> Description:
    said = () if shown.level is None else ("state.on" if shown.level else "state.off",)
    return Description("indicator", shown.label or properties.item, shown.text, states(shown, *said))


SYMBOL = Symbol(paint, reading, describe, marks.margin)
