"""A value with its unit: the symbol that pages are full of, so it is the quick one."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Style, ValueElement

from ..lettering import CAP_HEIGHT, Face, is_number
from ..numbers import NBSP, Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Quick, Reading, Shown, Symbol, Words, states
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

    A number that does not fit is never cut: it is replaced by ###.
    """
    freshness = shown.freshness
    ink = INKS[shown.style]
    left, right = rect.left() + PAD, rect.right() - PAD
    if freshness not in marks.PLAIN or shown.pending or shown.style in CHIPS:
        ink, left = _around(painter, frame or rect, left, min(size, rect.height() - 2), shown, theme)
    text = shown.text
    if not text:
        text = "" if freshness is marks.MISSING else marks.DASHES
        ink = "never"
    transform = painter.worldTransform()
    scale, dx, dy = transform.m11(), transform.dx(), transform.dy()
    inside = _Inside(theme, scale, size, ink, left * scale + dx, right * scale + dx, _baseline(rect, size, scale, dy))
    painter.setWorldMatrixEnabled(False)
    begin, end = inside.write(painter, text, align)
    if freshness is marks.BAD and text:
        middle = inside.baseline - CAP_HEIGHT * size * scale / 2
        thick = max(1, round(size * scale * 0.14))
        bar = QRect(round(begin) - 2, round(middle - thick / 2), round(end - begin) + 4, thick)
        painter.fillRect(bar, theme.color("bad"))
    painter.setWorldMatrixEnabled(True)


class _Inside:
    """Where and how the words of a value are written, in device pixels."""

    __slots__ = ("baseline", "face", "gap", "left", "right", "unit_face")

    def __init__(
        self, theme: Theme, scale: float, size: float, ink: str, left: float, right: float, baseline: int
    ) -> None:
        self.face = theme.letters.face(size, "medium", theme.color(ink), scale)
        quiet = "ink-muted" if ink == "ink" else ink
        self.unit_face = theme.letters.face(size, "regular", theme.color(quiet), scale)
        self.gap = size * scale * 0.22
        self.left, self.right, self.baseline = left, right, baseline

    def write(self, painter: QPainter, text: str, align: str) -> tuple[float, float]:
        """Write `text`; the unit is left out where there is no room for it. Returns where it begins and ends."""
        number, _, unit = text.partition(NBSP)
        face, room = self.face, self.right - self.left
        figures = is_number(number)
        tail = self.unit_face.width(unit) + self.gap if unit else 0.0
        if figures and align == "right" and len(number) * face.digit + tail <= room:  # the quick way
            wide = 0.0
        else:
            wide = face.number_width(number) if figures else face.width(number)
            if wide + tail > room:
                unit, tail = "", 0.0
            if wide > room:
                number, figures = "###" if figures else _elided(face, number, room), False
                wide = face.width(number)
        if align == "right":
            end = self.right
        else:
            end = self.left + wide + tail if align == "left" else (self.left + self.right + wide + tail) / 2
        if unit:
            self.unit_face.put(painter, end - tail + self.gap, self.baseline, unit)
        if figures:
            begin = face.put_number(painter, end - tail, self.baseline, number)
        else:
            begin = end - tail - wide
            face.put(painter, begin, self.baseline, number)
        return begin, end


def _baseline(rect: QRectF, size: float, scale: float, dy: float) -> int:
    return round((rect.y() + rect.height() / 2 + CAP_HEIGHT * size / 2) * scale + dy)


def _elided(face: Face, text: str, room: float) -> str:
    while text and face.width(text + "…") > room:
        text = text[:-1]
    return text + "…"


def quick(rect: QRectF, properties: ValueElement, theme: Theme, scale: float, dx: float, dy: float) -> Quick:
    left, right = rect.left() + PAD, rect.right() - PAD
    size, align = properties.size, properties.align
    baseline = _baseline(rect, size, scale, dy)
    write = _Inside(theme, scale, size, "ink", left * scale + dx, right * scale + dx, baseline).write
    return lambda painter, text: write(painter, text, align)


def _around(
    painter: QPainter, frame: QRectF, left: float, side: float, shown: Shown, theme: Theme
) -> tuple[str, float]:
    """What stands behind and beside the value; its colour, and where the room begins that is left to it."""
    ink = INKS[shown.style]
    if shown.style in CHIPS and shown.freshness in marks.PLAIN:
        fill, ink = CHIPS[shown.style]
        marks.chip(painter, frame, fill, theme)
        marks.alert(painter, shown.style, left, frame.center().y() - side / 2, side, theme)
        left += side + 2
    if shown.freshness is marks.STALE:
        ink = "stale"
    return ink, marks.beside(painter, frame, left, side, shown, theme)


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


SYMBOL = Symbol(paint, reading, describe, smooth=False, quick=quick)
