"""A value with its unit: the symbol that pages are full of, so it is the quick one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Style, ValueElement

from ..lettering import CAP_HEIGHT
from ..numbers import NBSP, Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Reading, Shown, Symbol, Words, states
from .text import INKS

PAD = 4.0
CHIPS: dict[Style, tuple[str, str]] = {"warning": ("warning", "on-warning"), "alarm": ("alarm", "on-alarm")}


def paint(
    painter: QPainter, rect: QRectF, properties: ValueElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    line(painter, rect, shown, theme, properties.size, properties.align)


def line(
    painter: QPainter,
    rect: QRectF,
    shown: Shown,
    theme: Theme,
    size: float,
    align: str,
    frame: QRectF | None = None,
) -> None:
    """A value on one line in `rect`, with all its marks around `frame` (None: `rect`).

    A number that does not fit is never cut: it is replaced by ###. Antialiasing is off afterwards.
    """
    freshness = shown.freshness
    x, y, width, height = rect.x(), rect.y(), rect.width(), rect.height()
    ink = INKS[shown.style]
    left, right = x + PAD, x + width - PAD
    if freshness not in marks.PLAIN or shown.pending or shown.style in CHIPS:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink, left = _around(painter, frame or rect, left, min(size, height - 2), shown, theme)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    text = shown.text
    if not text:
        text = "" if freshness is marks.MISSING else marks.DASHES
        ink = "never"
    number, _, unit = text.partition(NBSP)
    transform = painter.worldTransform()
    scale = transform.m11()
    letters = theme.letters
    face = letters.face(size, "medium", theme.color(ink), scale)
    parts, wide = face.parts(number)
    room = (right - left) * scale
    if wide > room:
        parts, wide = _squeezed(face.width, number, room)
        unit = ""
    unit_face = unit_wide = None
    if unit:
        unit_face = letters.face(size, "regular", theme.color("ink-muted" if ink == "ink" else ink), scale)
        unit_wide = unit_face.width(unit) + size * scale * 0.22
        if wide + unit_wide > room:
            unit_face = unit_wide = None
    total = wide + (unit_wide or 0.0)
    baseline = round((y + height / 2 + CAP_HEIGHT * size / 2) * scale + transform.dy())
    if align == "right":
        end = right * scale + transform.dx()
    elif align == "left":
        end = left * scale + transform.dx() + total
    else:
        end = ((left + right) * scale + total) / 2 + transform.dx()
    painter.setWorldMatrixEnabled(False)
    if unit_face and unit_wide:
        unit_face.put(painter, end - unit_face.width(unit), baseline, unit)
    face.put_parts(painter, end - (unit_wide or 0.0), baseline, parts)
    painter.setWorldMatrixEnabled(True)
    if freshness is marks.BAD and number:
        middle = (baseline - transform.dy()) / scale - CAP_HEIGHT * size / 2
        begin = (end - total - transform.dx()) / scale
        painter.fillRect(QRectF(begin - 2, middle - size * 0.07, total / scale + 4, size * 0.14), theme.color("bad"))


def _around(
    painter: QPainter, frame: QRectF, left: float, side: float, shown: Shown, theme: Theme
) -> tuple[str, float]:
    """What stands behind and beside the value; its colour, and where the room begins that is left to it."""
    ink = INKS[shown.style]
    if shown.style in CHIPS and shown.freshness in marks.PLAIN:
        fill, ink = CHIPS[shown.style]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush(fill))
        painter.drawRoundedRect(frame, 3, 3)
        marks.alert(painter, shown.style, left, frame.center().y() - side / 2, side, theme)
        left += side + 2
    if shown.freshness is marks.STALE:
        ink = "stale"
    return ink, marks.beside(painter, frame, left, side, shown, theme)


def _squeezed(width: Callable[[str], float], text: str, room: float) -> tuple[list[str], float]:
    """What stands for a text that is too wide: a number is never shortened, other text is, with an ellipsis."""
    if text[:1].isdigit() or text[:1] == "-":
        return ["###"], width("###")
    while text and width(text + "…") > room:
        text = text[:-1]
    return [text + "…"], width(text + "…")


def reading(properties: ValueElement, metadata: Metadata | None, numbers: Numbers, words: Words) -> Reading:
    return plain_reading(properties.decimals, properties.unit, metadata, numbers)


def plain_reading(decimals: int | None, unit: str | None, metadata: Metadata | None, numbers: Numbers) -> Reading:
    """A value as text, with the unit and the words of the metadata."""
    if unit is None:
        unit = metadata.unit if metadata else ""
    booleans, labels = None, {}
    if metadata:
        labels = dict(metadata.labels)
        if metadata.true_label or metadata.false_label:
            booleans = (metadata.false_label or numbers.booleans[0], metadata.true_label or numbers.booleans[1])
    text = numbers.formatter(decimals, unit, booleans)
    if labels:
        return lambda value, fault: ((labels.get(value) if type(value) is int else None) or text(value), None)
    return lambda value, fault: (text(value), None)


def describe(properties: ValueElement, shown: Shown) -> Description:
    return Description("value", shown.label or properties.item, shown.text, states(shown))


SYMBOL = Symbol(paint, reading, describe, smooth=False)
