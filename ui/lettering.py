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
_PHASES = 4
_MOST_BYTES = 24_000_000
_LONGEST = 48


class Lettering:
    """Faces by size, weight, colour and scale, sharing one bound on memory. `font(size, weight)` gives the fonts."""

    def __init__(self, font: Callable[[int, Weight], QFont]) -> None:
        self._font = font
        self._faces: dict[tuple[float, Weight, int, float], Face] = {}
        self._widths: dict[tuple[str, float, Weight], float] = {}
        self._stamps: dict[tuple[object, ...], QImage] = {}
        self._bytes = 0

    def face(self, size: float, weight: Weight, color: QColor, scale: float) -> Face:
        """The face of `size` page units at `scale` device pixels a page unit."""
        key = (size, weight, color.rgba(), scale)
        face = self._faces.get(key)
        if face is None:
            nominal = max(1, round(size))
            face = Face(self, self._font(nominal, weight), color, scale * size / nominal, size * scale)
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
    """One font in one colour at one scale. Works in device pixels: the painter's world transform must be off."""

    __slots__ = (
        "_above",
        "_below",
        "_color",
        "_font",
        "_lettering",
        "_metrics",
        "_scale",
        "_widths",
        "digit",
        "pieces",
    )

    def __init__(self, lettering: Lettering, font: QFont, color: QColor, scale: float, size: float) -> None:
        self._lettering = lettering
        self._font = font
        self._color = color
        self._scale = scale
        self._above, self._below = math.ceil(size * _ABOVE), math.ceil(size * _BELOW)
        self._metrics = QFontMetricsF(font)
        self._widths: dict[str, float] = {}
        self.digit = self.width("0")
        """How wide a figure is, and about the widest sign of a number."""
        self.pieces: tuple[dict[str, QImage], ...] = tuple({} for _ in range(_PHASES))

    def width(self, text: str) -> float:
        """How wide `text` runs, in device pixels."""
        width = self._widths.get(text)
        if width is None:
            if len(self._widths) > 5_000:
                self._widths.clear()
            width = self._widths[text] = self._metrics.horizontalAdvance(text) * self._scale
        return width

    def put(self, painter: QPainter, x: float, baseline: int, text: str) -> None:
        """Draw `text` from `x` on."""
        steps = int((x * _PHASES + 0.5) // 1)
        phase = steps % _PHASES
        piece = self.pieces[phase].get(text)
        if piece is None:
            if len(text) > _LONGEST:
                self._draw(painter, x, baseline, text)
                return
            piece = self.pieces[phase][text] = self._piece(text, phase)
            self._lettering.grown(piece.sizeInBytes())
        painter.drawImage(steps // _PHASES - 2, baseline - self._above, piece)

    def put_number(self, painter: QPainter, right: float, baseline: int, number: str) -> float:
        """Draw a number so that it ends at `right`; where it begins."""
        widths, pieces, top = self._widths, self.pieces, baseline - self._above
        for part in pieces_of(number):
            width = widths.get(part)
            right -= self.width(part) if width is None else width
            steps = int((right * _PHASES + 0.5) // 1)  # as `put` does it, without a call for each part
            piece = pieces[steps % _PHASES].get(part)
            if piece is None:
                self.put(painter, right, baseline, part)
            else:
                painter.drawImage(steps // _PHASES - 2, top, piece)
        return right

    def number_width(self, number: str) -> float:
        """How wide `put_number` makes `number`, in device pixels."""
        return sum(map(self.width, pieces_of(number)))

    def _piece(self, text: str, phase: int) -> QImage:
        width = math.ceil(self.width(text)) + 5
        piece = QImage(width, self._above + self._below, QImage.Format.Format_ARGB32_Premultiplied)
        piece.fill(Qt.GlobalColor.transparent)
        painter = QPainter(piece)
        self._draw(painter, 2 + phase / _PHASES, self._above, text)
        painter.end()
        return piece

    def _draw(self, painter: QPainter, x: float, baseline: int, text: str) -> None:
        painter.save()
        painter.setWorldMatrixEnabled(True)
        painter.resetTransform()
        painter.translate(x, baseline)
        painter.scale(self._scale, self._scale)
        painter.setFont(self._font)
        painter.setPen(self._color)
        painter.drawText(QPointF(0, 0), text)
        painter.restore()


def is_number(text: str) -> bool:
    """Whether `text` reads as a number or a date: figures that must never be cut."""
    return text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit())


def pieces_of(number: str) -> list[str]:
    """A number in the pieces that it is drawn from, the last one first."""
    parts = []
    mark = number.find(".")
    if mark < 0:
        mark = number.find(",")
    if mark > 0:
        parts.append(number[mark:])
        number = number[:mark]
    while len(number) > 4:
        parts.append(number[-3:])
        number = number[:-3]
    parts.append("−" + number[1:] if number[0] == "-" else number)
    return parts
