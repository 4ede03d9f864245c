"""A text that no item drives."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Style, TextElement

from ..lettering import CAP_HEIGHT
from ..numbers import Numbers
from ..theme import Theme
from .contract import Description, Reading, Shown, Symbol, Words

INKS: dict[Style, str] = {
    "normal": "ink",
    "muted": "ink-muted",
    "accent": "accent",
    "ok": "ok-ink",
    "warning": "warning-ink",
    "alarm": "alarm-ink",
    "info": "info-ink",
}
"""The colour of a style for text on the page."""


def paint(
    painter: QPainter, rect: QRectF, properties: TextElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    style = properties.style if shown.style == "normal" else shown.style
    size, color = properties.size, theme.color(INKS[style])
    lines = shown.text.split("\n")
    pitch = size * 1.4
    baseline = rect.center().y() - pitch * (len(lines) - 1) / 2 + CAP_HEIGHT * size / 2
    x = {"left": rect.left(), "center": rect.center().x(), "right": rect.right()}[properties.align]
    for line in lines:
        theme.letters.draw(painter, x, baseline, line, size, color, properties.weight, properties.align)
        baseline += pitch


def reading(properties: TextElement, _: Metadata | None, __: Numbers, words: Words) -> Reading:
    text = words.text(properties.text)
    return lambda value, fault: (text, None)


def describe(_: TextElement, shown: Shown) -> Description:
    return Description("text", shown.text, "", ())


SYMBOL = Symbol(paint, reading, describe, still=True, smooth=False)
