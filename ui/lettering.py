"""Text for painting: shaped and rasterised once, then copied. Drawing a string anew costs ten times as much.

A piece of text is kept as a small picture for a size in device pixels, so nothing is blurred at any scale. Numbers are put
together from two or three pieces (what stands before the decimal mark, and the mark with what follows): there are few
of those, however many values change. Knows no theme: colours and fonts come in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from .numbers import NBSP

Weight = Literal["regular", "medium", "bold"]
Align = Literal["left", "center", "right"]

WEIGHTS: dict[Weight, QFont.Weight] = {
    "regular": QFont.Weight.Normal,
    "medium": QFont.Weight.Medium,
    "bold": QFont.Weight.DemiBold,
}
CAP_HEIGHT = 0.727
"""Height of a figure or capital of the shipped font, as a part of its size."""

_ABOVE, _BELOW = 1.05, 0.35
_OVERHANG = 0.04
"""How far a glyph may stand out of its width, as a part of the size."""
_GAP = 0.22
"""Between a number and its unit, as a part of the size."""
_PHASES = 4
_MOST_BYTES = 24_000_000
_LONGEST = 48


class Lettering:
    """Faces by size, weight, colour and scale, sharing one bound on memory. `font(size, weight)` gives the fonts."""

    def __init__(self, font: Callable[[int, Weight], QFont]) -> None:
        self._font = font
        self._faces: dict[tuple[object, ...], Face] = {}
        self._widths: dict[tuple[str, float, Weight], float] = {}
        self._stamps: dict[tuple[object, ...], QImage] = {}
        self._bytes = 0

    def face(
        self,
        size: float,
        weight: Weight,
        color: QColor,
        scale: float,
        unit_color: QColor | None = None,
        room: tuple[int, int] | None = None,
    ) -> Face:
        """The face of `size` page units at `scale` device pixels a page unit.

        With a colour for units, one that has them. `room`: most device pixels that it may take above and below the baseline.
        """
        key = (size, weight, color.rgba(), scale, None if unit_color is None else unit_color.rgba(), room)
        face = self._faces.get(key)
        if face is None:
            nominal = max(1, round(size))
            unit = None if unit_color is None else self.face(size, "regular", unit_color, scale)
            face = Face(self, self._font(nominal, weight), color, scale * size / nominal, size * scale, unit, room)
            self._faces[key] = face
        return face

    def width(self, text: str, size: float, weight: Weight = "regular") -> float:
        """How wide `text` runs, in page units."""
        key = (text, size, weight)
        width = self._widths.get(key)
        if width is None:
            if len(self._widths) > 20_000:
                self._widths.clear()
            nominal = max(1, round(size))
            width = QFontMetricsF(self._font(nominal, weight)).horizontalAdvance(text) * size / nominal
            self._widths[key] = width
        return width

    def elided(self, text: str, size: float, room: float, weight: Weight = "regular") -> str:
        """`text`, or as much of it as fits with an ellipsis."""
        if self.width(text, size, weight) <= room:
            return text
        while text and self.width(text + "…", size, weight) > room:
            text = text[:-1]
        return text.rstrip() + "…"

    def draw(
        self,
        painter: QPainter,
        x: float,
        baseline: float,
        text: str,
        size: float,
        color: QColor,
        weight: Weight = "regular",
        align: Align = "left",
    ) -> None:
        """Draw one line of text at page position `x`, `baseline`; `x` is its left end, middle or right end."""
        transform = painter.worldTransform()
        scale = transform.m11()
        face = self.face(size, weight, color, scale)
        at = x * scale + transform.dx()
        if align != "left":
            at -= face.width(text) * (1.0 if align == "right" else 0.5)
        painter.setWorldMatrixEnabled(False)
        face.put(painter, at, round(baseline * scale + transform.dy()), text)
        painter.setWorldMatrixEnabled(True)

    def stamp(self, key: tuple[object, ...], width: int, height: int, draw: Callable[[QPainter], None]) -> QImage:
        """A small picture kept under `key` made by `draw` in device pixels the first time."""
        piece = self._stamps.get(key)
        if piece is None:
            piece = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
            piece.fill(Qt.GlobalColor.transparent)
            painter = QPainter(piece)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw(painter)
            painter.end()
            self._stamps[key] = piece
            self.grown(piece.sizeInBytes())
        return piece

    def forget(self) -> None:
        """Drop every picture: another scale is shown now."""
        self._faces.clear()
        self._stamps.clear()
        self._bytes = 0

    def grown(self, size: int) -> None:
        """A face has kept a picture of `size` bytes."""
        self._bytes += size
        if self._bytes > _MOST_BYTES:
            for face in self._faces.values():
                for pieces in face.pieces:
                    pieces.clear()
            self._stamps.clear()
            self._bytes = 0


class Face:
    """One font in one colour at one scale. Works in device pixels: the painter's world transform must be off.

    With a `unit` face, what follows a NBSP is set in that, a little apart.
    """

    __slots__ = (
        "_above",
        "_below",
        "_color",
        "_font",
        "_gap",
        "_lettering",
        "_metrics",
        "_scale",
        "_unit",
        "_widths",
        "margin",
        "pieces",
    )

    def __init__(
        self,
        lettering: Lettering,
        font: QFont,
        color: QColor,
        scale: float,
        size: float,
        unit: Face | None,
        room: tuple[int, int] | None,
    ) -> None:
        self._lettering = lettering
        self._unit = unit
        self._gap = size * _GAP
        self._font = font
        self._color = color
        self._scale = scale
        self._above, self._below = math.ceil(size * _ABOVE), math.ceil(size * _BELOW)
        if room is not None:
            self._above, self._below = max(1, min(self._above, room[0])), min(self._below, room[1])
        self.margin = max(1, math.ceil(size * _OVERHANG))
        """Device pixels beside its width that a text may touch."""
        self._metrics = QFontMetricsF(font)
        self._widths: dict[str, float] = {}
        self.pieces: tuple[dict[str, QImage], ...] = tuple({} for _ in range(_PHASES))

    def width(self, text: str) -> float:
        """How wide `text` runs, in device pixels."""
        width = self._widths.get(text)
        if width is None:
            if len(self._widths) > 5_000:
                self._widths.clear()
            number, unit = self._apart(text)
            if len(number) > 1 and _FIGURES.issuperset(number):
                width = sum(map(self.width, number))
            else:
                width = self._metrics.horizontalAdvance(number) * self._scale
            if unit is not None and self._unit is not None:
                width += self._gap + self._unit.width(unit)
            self._widths[text] = width
        return width

    def put(self, painter: QPainter, x: float, baseline: int, text: str) -> None:
        """Draw `text` from `x` on."""
        steps = int((x * _PHASES + 0.5) // 1)
        phase = steps % _PHASES
        piece = self.pieces[phase].get(text)
        if piece is None:
            if len(text) > _LONGEST:
                self.draw(painter, x, baseline, text)
                return
            piece = self.pieces[phase][text] = self._piece(text, phase)
            self._lettering.grown(piece.sizeInBytes())
        painter.drawImage(steps // _PHASES - self.margin, baseline - self._above, piece)

    def put_parts(self, painter: QPainter, right: float, baseline: int, parts: list[str]) -> float:
        """Draw the parts of a number so that they end at `right`; where they begin."""
        widths, pieces, top, margin = self._widths, self.pieces, baseline - self._above, self.margin
        for part in parts:
            right -= widths[part]
            steps = int((right * _PHASES + 0.5) // 1)  # as `put` does it, without a call for each part
            piece = pieces[steps % _PHASES].get(part)
            if piece is None:
                self.put(painter, right, baseline, part)
            else:
                painter.drawImage(steps // _PHASES - margin, top, piece)
        return right

    def run(self, parts: list[str]) -> float:
        """How wide the parts of a number are together, in device pixels."""
        widths, wide = self._widths, 0.0
        for part in parts:
            width = widths.get(part)
            wide += self.width(part) if width is None else width
        return wide

    def _piece(self, text: str, phase: int) -> QImage:
        width = math.ceil(self.width(text)) + 1 + 2 * self.margin
        piece = QImage(width, max(1, self._above + self._below), QImage.Format.Format_ARGB32_Premultiplied)
        piece.fill(Qt.GlobalColor.transparent)
        painter = QPainter(piece)
        x = self.margin + phase / _PHASES
        number, unit = self._apart(text)
        if len(number) > 1 and _FIGURES.issuperset(number):  # figures do not depend on their neighbours
            at = x
            for figure in number:
                self.put(painter, at, self._above, figure)
                at += self.width(figure)
            if unit is not None and self._unit is not None:
                self._unit.put(painter, at + self._gap, self._above, unit)
        else:
            self.draw(painter, x, self._above, text)
        painter.end()
        return piece

    def draw(self, painter: QPainter, x: float, baseline: int, text: str) -> None:
        """Draw `text` from `x` on, without keeping it."""
        number, unit = self._apart(text)
        painter.save()
        painter.setWorldMatrixEnabled(True)
        painter.resetTransform()
        painter.translate(x, baseline)
        painter.scale(self._scale, self._scale)
        painter.setFont(self._font)
        painter.setPen(self._color)
        painter.drawText(QPointF(0, 0), number)
        painter.restore()
        if unit is not None and self._unit is not None:
            self._unit.draw(painter, x + self.width(text) - self._unit.width(unit), baseline, unit)

    def _apart(self, text: str) -> tuple[str, str | None]:
        """What is set in this face, and what in that of the unit."""
        if self._unit is None or NBSP not in text:
            return text, None
        number, _, unit = text.partition(NBSP)
        return number, unit


_FIGURES = frozenset("0123456789.,−")


def is_number(text: str) -> bool:
    """Whether `text` reads as a number or a date: figures that must never be cut."""
    return "0" <= text[0] <= "9" or (text[0] == "-" and "0" <= text[1:2] <= "9") if text else False


def parts_of(number: str) -> list[str]:
    """A number, and its unit after a NBSP, in the parts that it is drawn from, the last one first.

    There are few different parts, however many numbers: up to three figures, mark and unit with them.
    """
    end = number.find(NBSP)
    if end < 0:
        end = len(number)
    cut = number.find(".", 0, end)
    if cut < 0:
        cut = number.find(",", 0, end)
    if cut <= 0:
        if end <= 4:
            return ["−" + number[1:] if number[0] == "-" else number]
        cut = end - 3
    if end - cut > 3:
        parts = [number[end:], number[cut:end]] if end < len(number) else [number[cut:]]
    else:
        parts = [number[cut:]]
    number = number[:cut]
    while len(number) > 4:
        parts.append(number[-3:])
        number = number[:-3]
    parts.append("−" + number[1:] if number[0] == "-" else number)
    return parts
