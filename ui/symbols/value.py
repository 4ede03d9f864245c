"""A value with its unit: the symbol that pages are full of, so it is the quick one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QTransform

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Style, ValueElement

from ..lettering import CAP_HEIGHT, Align, Face, is_number
from ..numbers import NBSP, Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Reading, Shown, Symbol, Words, states
from .recorder import Recorder
from .text import INKS

PAD = 4.0
CHIPS: dict[Style, tuple[str, str]] = {"warning": ("warning", "on-warning"), "alarm": ("alarm", "on-alarm")}


def paint(
    painter: QPainter, rect: QRectF, properties: ValueElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    line(painter, rect, shown, theme, properties.size, properties.align)


def quick(
    rect: QRectF, properties: ValueElement, theme: Theme, scale: float, dx: float, dy: float
) -> Callable[[QPainter, Shown], None]:
    return Line(rect, rect, theme, properties.size, properties.align, (scale, dx, dy)).paint


def line(
    painter: QPainter,
    rect: QRectF,
    shown: Shown,
    theme: Theme,
    size: float,
    align: Align,
    frame: QRectF | None = None,
) -> None:
    """A value on one line in `rect`, with all its marks around `frame` (None: `rect`), by the painter's transform."""
    transform = painter.worldTransform()
    place = (transform.m11(), transform.dx(), transform.dy())
    painter.setWorldMatrixEnabled(False)
    Line(rect, frame or rect, theme, size, align, place).paint(painter, shown)
    painter.setWorldMatrixEnabled(True)


class Line:
    """A value on one line at one place of the view. What is around the value is worked out once for each state.

    A number that does not fit is never cut: it is replaced by ###.
    """

    __slots__ = ("_align", "_blank", "_frame", "_marked", "_place", "_rect", "_size", "_theme")

    def __init__(
        self, rect: QRectF, frame: QRectF, theme: Theme, size: float, align: Align, place: tuple[float, float, float]
    ) -> None:
        self._rect, self._frame, self._theme, self._size = rect, frame, theme, size
        self._align: Align = align
        self._place = place
        self._marked: dict[tuple[object, ...], tuple[Recorder, _Inside]] = {}
        self._blank: dict[tuple[object, ...], tuple[Recorder, _Inside]] = {}

    def paint(self, painter: QPainter, shown: Shown) -> None:
        """Paint in device pixels, the world transform of `painter` being off."""
        text = shown.text
        made = self._marked if text else self._blank
        key = shown[2:6]  # freshness, age, style, pending
        found = made.get(key)
        if found is None:
            found = made[key] = self._around(shown)
        marks_around, inside = found
        if marks_around.steps:
            marks_around.replay(painter)
        if not text:
            if shown.freshness is not marks.MISSING:
                inside.write(painter, marks.DASHES, self._align)
            return
        begin, end = inside.write(painter, text, self._align)
        if shown.freshness is marks.BAD:
            size = self._size * self._place[0]
            thick = max(1, round(size * 0.14))
            top = round(inside.baseline - (CAP_HEIGHT * size + thick) / 2)
            painter.fillRect(round(begin) - 2, top, round(end - begin) + 4, thick, self._theme.color("bad"))

    def _around(self, shown: Shown) -> tuple[Recorder, _Inside]:
        """What stands behind and beside the value, and the room that this leaves."""
        rect, theme, size = self._rect, self._theme, self._size
        scale, dx, dy = self._place
        recorder = Recorder(QTransform(scale, 0, 0, scale, dx, dy))
        left, right = rect.left() + PAD, rect.right() - PAD
        side = min(size, rect.height() - 2)
        ink = INKS[shown.style] if shown.text else "never"
        if shown.style in CHIPS and shown.freshness in marks.PLAIN:
            fill, ink = CHIPS[shown.style]
            marks.chip(recorder, self._frame, fill, theme)
            marks.alert(recorder, shown.style, left, self._frame.center().y() - side / 2, side, theme)
            left += side + 2
        if shown.freshness is marks.STALE and shown.text:
            ink = "stale"
        left = marks.beside(recorder, self._frame, left, side, shown, theme)
        baseline = round((rect.center().y() + CAP_HEIGHT * size / 2) * scale + dy)
        return recorder, _Inside(theme, scale, size, ink, left * scale + dx, right * scale + dx, baseline)


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

    def write(self, painter: QPainter, text: str, align: Align) -> tuple[float, float]:
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


def _elided(face: Face, text: str, room: float) -> str:
    while text and face.width(text + "…") > room:
        text = text[:-1]
    return text + "…"


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
