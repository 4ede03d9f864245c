"""A value with its unit: the symbol that pages are full of, so it is the quick one."""

from __future__ import annotations

from math import ceil, floor

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QTransform

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Style, ValueElement

from ..lettering import CAP_HEIGHT, Align, Face, is_number, parts_of
from ..numbers import NBSP, Numbers
from ..theme import Theme
from . import marks
from .contract import Description, Quick, Reading, Shown, Symbol, Words, states
from .recorder import Recorder
from .text import INKS

PAD = 4.0
"""Page units left free at both ends."""
_LEAST_PAD = 3.0
"""Device pixels that the pad must have, or else a text might touch what lies beside the symbol."""
CHIPS: dict[Style, tuple[str, str]] = {"warning": ("warning", "on-warning"), "alarm": ("alarm", "on-alarm")}


def paint(
    painter: QPainter, rect: QRectF, properties: ValueElement, shown: Shown, _: Metadata | None, theme: Theme
) -> None:
    line(painter, rect, shown, theme, properties.size, properties.align)


def quick(rect: QRectF, properties: ValueElement, theme: Theme, scale: float, dx: float, dy: float) -> Quick | None:
    if PAD * scale < _LEAST_PAD:
        return None
    return Line(rect, rect, theme, properties.size, properties.align, (scale, dx, dy))


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

    __slots__ = ("_align", "_frame", "_marked", "_place", "_plain", "_rect", "_size", "_theme")

    def __init__(
        self, rect: QRectF, frame: QRectF, theme: Theme, size: float, align: Align, place: tuple[float, float, float]
    ) -> None:
        self._rect, self._frame, self._theme, self._size = rect, frame, theme, size
        self._align: Align = align
        self._place = place
        self._plain: _Words | None = None
        self._marked: dict[tuple[object, ...], tuple[Recorder, _Words]] | None = None

    def paint(self, painter: QPainter, shown: Shown) -> None:
        """Paint in device pixels, the world transform of `painter` being off."""
        text, _, freshness, _, style, pending, _, _ = shown
        if freshness is marks.LIVE and text and style == "normal" and not pending:  # nearly always: be quick
            plain = self._plain
            if plain is None:
                plain = self._plain = self._words(*self._room(), "ink")
            plain.write(painter, text)
            return
        if self._marked is None:
            self._marked = {}
        key = (*shown[2:6], not text)  # freshness, age, style, pending
        found = self._marked.get(key)
        if found is None:
            found = self._marked[key] = self._around(shown)
        around, words = found
        if shown.age and not words.hold(text):
            self.paint(painter, shown._replace(age=""))  # the value comes before its age
            return
        around.replay(painter)
        if not text:
            if freshness is not marks.MISSING:
                words.write(painter, marks.DASHES)
            return
        begin, end = words.write(painter, text)
        if freshness is marks.BAD:
            size = self._size * self._place[0]
            thick = max(1, round(size * 0.14))
            top = round(words.baseline - (CAP_HEIGHT * size + thick) / 2)
            left, right = round(begin - 2), round(end + 2)
            painter.fillRect(left, top, right - left, thick, self._theme.color("bad"))

    def _room(self) -> tuple[float, float]:
        return self._rect.left() + PAD, self._rect.right() - PAD

    def _around(self, shown: Shown) -> tuple[Recorder, _Words]:
        """What stands behind and beside the value, and the room that this leaves to it."""
        theme = self._theme
        scale, dx, dy = self._place
        recorder = Recorder(QTransform(scale, 0, 0, scale, dx, dy))
        left, right = self._room()
        side = min(self._size, self._rect.height() - 2)
        ink = INKS[shown.style] if shown.text else "never"
        if shown.style in CHIPS and shown.freshness in marks.PLAIN:
            fill, ink = CHIPS[shown.style]
            marks.chip(recorder, self._frame, fill, theme)
            marks.alert(recorder, shown.style, left, self._frame.center().y() - side / 2, side, theme)
            left += side + 2
        if shown.freshness is marks.STALE and shown.text:
            ink = "stale"
        return recorder, self._words(marks.beside(recorder, self._frame, left, side, shown, theme), right, ink)

    def _words(self, left: float, right: float, ink: str) -> _Words:
        rect, size, theme = self._rect, self._size, self._theme
        scale, dx, dy = self._place
        baseline = round((rect.center().y() + CAP_HEIGHT * size / 2) * scale + dy)
        room = (baseline - floor(rect.top() * scale + dy), ceil(rect.bottom() * scale + dy) - baseline)
        unit_ink = theme.color("ink-muted" if ink == "ink" else ink)
        face = theme.letters.face(size, "medium", theme.color(ink), scale, unit_ink, room)
        # Whole pixels: then the same figures mostly come to lie in the same way, and are drawn from the same parts.
        return _Words(face, self._align, ceil(left * scale + dx), floor(right * scale + dx), baseline)


class _Words:
    """Where and how the words of a value are written, in device pixels."""

    __slots__ = ("_align", "_face", "_left", "_right", "baseline")

    def __init__(self, face: Face, align: Align, left: int, right: int, baseline: int) -> None:
        self._face, self._align = face, align
        self._left, self._right, self.baseline = left, right, baseline

    def write(self, painter: QPainter, text: str) -> tuple[float, float]:
        """Write `text`; where it begins and ends. The unit is left out where there is no room for it."""
        face = self._face
        if is_number(text):
            parts = parts_of(text)
            wide = face.run(parts)
            if wide > self._right - self._left:
                parts = self._squeezed(text)
                wide = face.run(parts)
        else:
            parts = [self._elided(text)]
            wide = face.run(parts)
        end: float = self._right
        if self._align == "left":
            end = self._left + wide
        elif self._align == "center":
            end = (self._left + self._right + wide) / 2
        return face.put_parts(painter, end, self.baseline, parts), end

    def hold(self, text: str) -> bool:
        """Whether there is room for `text`, be it without its unit."""
        return self._face.run(parts_of(text.partition(NBSP)[0])) <= self._right - self._left if text else True

    def _squeezed(self, text: str) -> list[str]:
        return parts_of(text.partition(NBSP)[0]) if self.hold(text) else ["###"]

    def _elided(self, text: str) -> str:
        room, width = self._right - self._left, self._face.width
        if width(text) <= room:
            return text
        while text and width(text + "…") > room:
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
