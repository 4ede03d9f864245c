"""What is on a page, in drawing order, and where it lies in device pixels. Knows no widget and no value store.

Each entry is painted clipped to its ink, which is mapped to device pixels and aligned outward. Nothing can therefore leave
a trace outside of it, and painting one entry again needs only those entries again that share pixels with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage

from vizclient.items.metadata import Metadata
from vizclient.pages.document import Base, FanElement, Page, PumpElement
from vizclient.pages.expressions import Expression, parse_expression

from ..numbers import Numbers
from ..symbols.contract import AnySymbol, Command, Pending, Quick, Reading, Shown, Words
from ..symbols.table import SYMBOLS

UNADDRESSED = -1

Box = tuple[float, float, float, float]
"""Left, top, width, height in page units."""

Device = tuple[int, int, int, int]
"""Left, top, right, bottom in device pixels."""


class Entry:
    """One element of the page: what is fixed, what stands on the screen, and where."""

    __slots__ = (
        "anew",
        "apart",
        "box",
        "broken",
        "commands",
        "conditions",
        "device",
        "due",
        "element",
        "fault",
        "handle",
        "ink",
        "is_control",
        "item",
        "label",
        "max_age",
        "metadata",
        "on_screen",
        "order",
        "over",
        "pending",
        "pixels",
        "quick",
        "reading",
        "rect",
        "shown",
        "slow",
        "symbol",
        "visible",
    )

    def __init__(self, order: int, element: Base, symbol: AnySymbol, handles: Mapping[str, int], words: Words) -> None:
        self.order = order
        self.element: Any = element
        self.symbol = symbol
        self.rect = QRectF(*element.rect)
        self.ink: QRectF = symbol.ink(self.rect, element)
        self.box = (self.ink.x(), self.ink.y(), self.ink.width(), self.ink.height())
        self.item = element.item or ""
        self.handle: int | None = None if element.item is None else handles.get(element.item, UNADDRESSED)
        fault: str | None = element.fault if isinstance(element, PumpElement | FanElement) else None
        self.fault: int | None = None if fault is None else handles.get(fault, UNADDRESSED)
        self.label = "" if element.label is None else words.text(element.label)
        self.max_age = element.max_age
        self.conditions: tuple[tuple[Expression, Any], ...] = tuple(
            (parse_expression(state.when), state) for state in element.states
        )
        self.visible: Expression | None = None if element.visible is None else parse_expression(element.visible)
        self.commands: tuple[Command, ...] = symbol.commands(element)
        self.is_control = any(command.kind != "open" for command in self.commands)
        self.metadata: Metadata | None = None
        self.reading: Reading | None = None
        self.pending: Pending = ""
        self.shown: Shown | None = None
        self.due = self.anew = True
        self.broken = False
        self.on_screen = False
        self.device: Device = (0, 0, 0, 0)
        self.pixels = QRect()
        self.quick: Quick | None = None  # until it is asked for; `slow` says that there is none
        self.slow = True
        self.apart: QImage | None = None
        self.over: Sequence[tuple[Entry, QRect]] | None = None

    @property
    def id(self) -> str:
        """The element's id."""
        return str(self.element.id)

    @property
    def still(self) -> bool:
        """Whether nothing but the page changes it."""
        return self.symbol.still and self.handle is None and self.visible is None and not self.conditions

    def bind(self, metadata: Metadata | None, numbers: Numbers, words: Words) -> None:
        """Prepare for values as `metadata` describes them."""
        self.metadata = metadata
        self.reading = self.symbol.reading(self.element, metadata, numbers, words)
        self.due = self.anew = True


class Placement:
    """From page units to device pixels: `scale` and whole-pixel offsets, so that panning never changes a pixel."""

    __slots__ = ("dx", "dy", "height", "scale", "width")

    def __init__(self, scale: float, centre: tuple[float, float], width: int, height: int) -> None:
        self.scale = scale
        self.width = width
        self.height = height
        self.dx = round(width / 2 - centre[0] * scale)
        self.dy = round(height / 2 - centre[1] * scale)

    def aligned(self, rect: QRectF) -> Device:
        """Left, top, right, bottom in whole device pixels around `rect`."""
        x, y, width, height = rect.x(), rect.y(), rect.width(), rect.height()
        scale = self.scale
        return (
            math.floor(x * scale + self.dx),
            math.floor(y * scale + self.dy),
            math.ceil((x + width) * scale + self.dx),
            math.ceil((y + height) * scale + self.dy),
        )


class DisplayList:
    """The entries of one page. `ground`: those at the bottom that never change, painted once for a view."""

    def __init__(self, page: Page, handles: Mapping[str, int], words: Words) -> None:
        self.page = page
        self.entries = [
            Entry(order, element, SYMBOLS[element.type], handles, words) for order, element in enumerate(page.elements)
        ]
        self.by_id = {entry.id: entry for entry in self.entries}
        self.by_handle: dict[int, list[Entry]] = {}
        for entry in self.entries:
            for handle in {entry.handle, entry.fault}:
                if handle is not None and handle >= 0:
                    self.by_handle.setdefault(handle, []).append(entry)
        self._grid = _Grid(page.size, len(self.entries))
        self.ground: list[Entry] = []
        self.live: list[Entry] = []
        for entry in self.entries:
            if entry.still and not any(entry.ink.intersects(other.ink) for other in self._grid.near(entry.box, 0.0)):
                self.ground.append(entry)
            else:
                self.live.append(entry)
                self._grid.add(entry)
        self.placement = Placement(1.0, (0.0, 0.0), 0, 0)

    def lay_out(self, placement: Placement) -> None:
        """Work out where everything lies."""
        self.placement = placement
        scale, dx, dy, width, height = placement.scale, placement.dx, placement.dy, placement.width, placement.height
        floor, ceil = math.floor, math.ceil
        for entry in self.entries:
            x, y, w, h = entry.box
            left, top = floor(x * scale + dx), floor(y * scale + dy)
            right, bottom = ceil((x + w) * scale + dx), ceil((y + h) * scale + dy)
            entry.device = (left, top, right, bottom)
            entry.on_screen = left < width and top < height and right > 0 and bottom > 0
            entry.pixels = QRect(left, top, right - left, bottom - top)
            entry.quick = None
            entry.slow = entry.symbol.quick is None
            entry.apart = None
            entry.over = None

    def over(self, entry: Entry) -> Sequence[tuple[Entry, QRect]]:
        """All that has to be painted in the pixels of `entry`, in display order, each with its part; empty: it alone."""
        if entry.over is not None:
            return entry.over
        left, top, right, bottom = entry.device
        found = []
        for other in self._grid.near(entry.box, 2.0 / self.placement.scale):
            o_left, o_top, o_right, o_bottom = other.device
            if o_left < right and o_right > left and o_top < bottom and o_bottom > top:
                found.append((other, entry.pixels & other.pixels))
        found.sort(key=lambda pair: pair[0].order)
        entry.over = found if len(found) > 1 else ()
        return entry.over

    def at(self, x: float, y: float) -> Entry | None:
        """The topmost entry with an item or a command at a page position."""
        found = None
        for entry in self._grid.near((x, y, 0.0, 0.0), 0.0):
            if entry.rect.contains(x, y) and not entry.still and (found is None or entry.order > found.order):
                found = entry
        return found


class _Grid:
    """Which entries may meet a page rectangle: each is listed in every cell that it touches."""

    def __init__(self, size: tuple[float, float], count: int) -> None:
        across = max(1.0, math.sqrt(count / 2))
        self._pitch = max(8.0, max(size) / across)
        self._cells: dict[tuple[int, int], list[Entry]] = {}
        self._large: list[Entry] = []

    def add(self, entry: Entry) -> None:
        cells = list(self._touched(entry.box, 0.0))
        if len(cells) > 400:
            self._large.append(entry)
            return
        for cell in cells:
            self._cells.setdefault(cell, []).append(entry)

    def near(self, box: Box, slack: float) -> Iterable[Entry]:
        cells = self._cells
        touched = list(self._touched(box, slack))
        if len(touched) == 1 and not self._large:
            return cells.get(touched[0], ())
        found = dict.fromkeys(self._large)
        for cell in touched:
            for entry in cells.get(cell, ()):
                found[entry] = None
        return found

    def _touched(self, box: Box, slack: float) -> Iterable[tuple[int, int]]:
        x, y, width, height = box
        pitch = self._pitch
        first, last = math.floor((x - slack) / pitch), math.floor((x + width + slack) / pitch)
        top, bottom = math.floor((y - slack) / pitch), math.floor((y + height + slack) / pitch)
        if first == last and top == bottom:
            return ((first, top),)
        return ((column, row) for column in range(first, last + 1) for row in range(top, bottom + 1))
