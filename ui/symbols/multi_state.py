"""A discrete value in words, on a chip."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import MultiStateElement, Style

from ..numbers import Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Level, Reading, Shown, Symbol, Words, states
from .value import CHIPS, line, plain_reading


def paint(
    painter: QPainter, rect: QRectF, properties: MultiStateElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    styled = _styled(shown)
    if styled.style not in CHIPS or styled.freshness not in marks.PLAIN:
        known = styled.freshness not in marks.UNKNOWN
        painter.setPen(theme.pen("line", 1.0))
        painter.setBrush(theme.brush("raised" if known else "surface"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    line(painter, rect, styled, theme, min(14.0, rect.height() * 0.62), "center")


def _styled(shown: Shown) -> Shown:
    """The style of the choice, where no state of the page says otherwise."""
    if shown.style == "normal" and isinstance(shown.level, str):
        style: Style = _STYLES[shown.level]
        return shown._replace(style=style)
    return shown


_STYLES: dict[str, Style] = {
    "normal": "normal",
    "muted": "muted",
    "accent": "accent",
    "ok": "ok",
    "warning": "warning",
    "alarm": "alarm",
    "info": "info",
}


def reading(properties: MultiStateElement, metadata: Metadata | None, numbers: Numbers, words: Words) -> Reading:
    plain = plain_reading(None, "", metadata, numbers)
    choices = [(choice.value, words.text(choice.text), choice.style) for choice in properties.choices]

    def read(value: Value, _: Value) -> tuple[str, Level]:
        for wanted, said, style in choices:
            if wanted == value and isinstance(wanted, bool) == isinstance(value, bool):
                return said, style
        return plain(value, None)[0], "normal"

    return read


def describe(properties: MultiStateElement, shown: Shown) -> Description:
    return Description("value", shown.label or properties.item, shown.text, states(_styled(shown)))


SYMBOL = Symbol(paint, reading, describe)
