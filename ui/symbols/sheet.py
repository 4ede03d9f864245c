"""The contact sheet: every symbol in every state of freshness, in colour or in grey. What tests and people look at."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QLocale, QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter

from vizclient.items.freshness import Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import Page, Style

from ..numbers import Numbers
from ..theme import Theme, load_fonts, load_theme
from ..words import Words
from .contract import Pending, Shown
from .table import SYMBOLS

CELL = (128.0, 84.0)
_SIDE = 150.0
_HEAD = 40.0
_AGE = "10 s"

_TEMPERATURE = Metadata("Double", unit="°C", low=0, high=40, writable=True)
_SWITCH = Metadata("Boolean", writable=True)
_PERCENT = Metadata("Double", unit="%", low=0, high=100)


@dataclass(frozen=True, slots=True)
class Specimen:
    """One symbol as an example: its properties, and a value to show."""

    title: str
    properties: dict[str, Any]
    value: Value = None
    fault: Value = None
    metadata: Metadata | None = None
    style: Style = "normal"
    pending: Pending = ""
    enabled: bool = True

    @property
    def element(self) -> Any:
        """The properties as a page has them."""
        element = {"id": "specimen", **self.properties}
        page = Page.of({"id": "sheet", "title": "", "size": CELL, "elements": (element,)})
        return page.elements[0]


def _value(**more: Any) -> dict[str, Any]:
    return {"type": "value", "rect": (10, 28, 108, 26), "item": "a", "decimals": 1, **more}


SPECIMENS = (
    Specimen("value", _value(), 21.5, metadata=_TEMPERATURE),
    Specimen("value, warning", _value(), 27.8, metadata=_TEMPERATURE, style="warning"),
    Specimen("value, alarm", _value(), 34.2, metadata=_TEMPERATURE, style="alarm"),
    Specimen("value, small", _value(rect=(30, 32, 68, 18), size=12), 21.5, metadata=_TEMPERATURE),
    Specimen(
        "multi-state",
        {"type": "multi-state", "rect": (14, 28, 100, 26), "item": "a", "choices": [{"value": 1, "text": "Comfort"}]},
        1,
    ),
    Specimen("lamp, on", {"type": "lamp", "rect": (52, 30, 24, 24), "item": "a"}, value=True),
    Specimen("lamp, off", {"type": "lamp", "rect": (52, 30, 24, 24), "item": "a"}, value=False),
    Specimen(
        "lamp, alarm", {"type": "lamp", "rect": (14, 30, 104, 24), "item": "a", "on": "alarm", "label": "Filter"}, value=True
    ),
    Specimen(
        "bar", {"type": "bar", "rect": (10, 22, 108, 40), "item": "a", "decimals": 1, "marks": (20,)}, 26.0,
        metadata=_TEMPERATURE,
    ),
    Specimen(
        "bar, vertical",
        {"type": "bar", "rect": (34, 6, 60, 74), "item": "a", "decimals": 0, "orientation": "vertical"},
        62.0,
        metadata=_PERCENT,
    ),
    Specimen("switch, on", {"type": "switch", "rect": (16, 28, 100, 26), "item": "a"}, value=True, metadata=_SWITCH),
    Specimen("switch, off", {"type": "switch", "rect": (16, 28, 100, 26), "item": "a"}, value=False, metadata=_SWITCH),
    Specimen(
        "switch, disabled", {"type": "switch", "rect": (16, 28, 100, 26), "item": "a"}, value=True, metadata=_SWITCH,
        enabled=False,
    ),
    Specimen(
        "set-point", {"type": "set-point", "rect": (10, 27, 108, 30), "item": "a", "decimals": 1}, 22.0,
        metadata=_TEMPERATURE,
    ),
    Specimen(
        "set-point, pending", {"type": "set-point", "rect": (10, 27, 108, 30), "item": "a", "decimals": 1}, 22.0,
        metadata=_TEMPERATURE, pending="pending",
    ),
    Specimen(
        "set-point, refused", {"type": "set-point", "rect": (10, 27, 108, 30), "item": "a", "decimals": 1}, 22.0,
        metadata=_TEMPERATURE, pending="refused", enabled=False,
    ),
    Specimen("button", {"type": "button", "rect": (14, 26, 100, 32), "item": "a", "text": "Reset", "value": 1}),
    Specimen(
        "button, unknown", {"type": "button", "rect": (14, 26, 100, 32), "item": "a", "text": "Reset", "value": 1},
        pending="unknown",
    ),
    Specimen("valve", {"type": "valve", "rect": (36, 8, 56, 68), "item": "a"}, 60.0, metadata=_PERCENT),
    Specimen("valve, closed", {"type": "valve", "rect": (42, 20, 44, 44), "item": "a"}, 0.0, metadata=_PERCENT),
    Specimen(
        "valve, 3 ways", {"type": "valve", "rect": (42, 20, 44, 44), "item": "a", "ways": 3}, 100.0, metadata=_PERCENT
    ),
    Specimen("pump, running", {"type": "pump", "rect": (40, 18, 48, 48), "item": "a"}, value=True),
    Specimen("pump, standing", {"type": "pump", "rect": (40, 18, 48, 48), "item": "a", "direction": "up"}, value=False),
    Specimen("pump, fault", {"type": "pump", "rect": (40, 18, 48, 48), "item": "a", "fault": "b"}, value=False, fault=True),
    Specimen("fan, running", {"type": "fan", "rect": (40, 18, 48, 48), "item": "a"}, value=True),
    Specimen("fan, standing", {"type": "fan", "rect": (40, 18, 48, 48), "item": "a", "direction": "left"}, value=False),
    Specimen("link", {"type": "link", "rect": (8, 26, 112, 32), "item": "a", "page": "p", "text": "Plant"}),
    Specimen(
        "link, alarm", {"type": "link", "rect": (8, 26, 112, 32), "item": "a", "page": "p", "text": "Plant"},
        style="alarm",
    ),
)  # fmt: skip

STILL = (
    Specimen("text", {"type": "text", "rect": (6, 30, 116, 24), "text": "Supply air", "size": 15, "weight": "medium"}),
    *(
        Specimen(
            shape,
            {
                "type": "shape",
                "shape": shape,
                "rect": (24, 12, 80, 60) if shape in ("box", "area") else (44, 12, 40, 60),
                "role": role,
                "width": width,
                "points": points,
            },
        )
        for shape, role, width, points in (
            ("box", "surface", 1.5, ()),
            ("area", "warm", 1.5, ()),
            ("line", "outline", 1.5, ((0, 0), (40, 60))),
            ("duct", "supply", 20, ((-30, 30), (20, 30), (20, 60))),
            ("pipe", "cold", 4, ((-30, 30), (20, 30), (20, 60))),
            ("filter", "outline", 1.5, ()),
            ("damper", "outline", 1.5, ()),
            ("heating-coil", "outline", 1.5, ()),
            ("cooling-coil", "outline", 1.5, ()),
            ("heat-recovery", "outline", 1.5, ()),
        )
    ),
    Specimen("arrow", {"type": "shape", "shape": "arrow", "rect": (48, 32, 32, 20), "role": "supply"}),
    Specimen("door", {"type": "shape", "shape": "door", "rect": (40, 20, 44, 44), "role": "wall"}),
)


def shown(specimen: Specimen, freshness: Freshness, numbers: Numbers, words: Words) -> Shown:
    """What the canvas would hand to the symbol of `specimen` in that state."""
    element = specimen.element
    symbol = SYMBOLS[element.type]
    known = symbol.spoken or symbol.still or freshness not in (Freshness.NEVER, Freshness.MISSING)
    text, level = "", None
    if known:
        text, level = symbol.reading(element, specimen.metadata, numbers, words)(specimen.value, specimen.fault)
    age = _AGE if freshness is Freshness.STALE else ""
    lost = freshness in (Freshness.STALE, Freshness.MISSING, Freshness.NEVER)
    usable = specimen.enabled and not lost
    label = "" if element.label is None else words.text(element.label)
    return Shown(text, level, freshness, age, specimen.style, specimen.pending, usable, label)


def paint_specimen(painter: QPainter, specimen: Specimen, state: Shown, theme: Theme) -> None:
    """Paint one as the canvas does: clipped to its ink, the painter standing at the corner of its cell."""
    element = specimen.element
    symbol = SYMBOLS[element.type]
    rect = QRectF(*element.rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=symbol.smooth)
    transform = painter.worldTransform()
    painter.setWorldMatrixEnabled(False)
    painter.setClipRect(transform.mapRect(symbol.ink(rect, element)).toAlignedRect())
    painter.setWorldMatrixEnabled(True)
    symbol.paint(painter, rect, element, state, specimen.metadata, theme)
    painter.setClipping(False)


def sheet(theme: Theme, scale: float, *, grey: bool) -> QImage:
    """The whole sheet. Needs a QGuiApplication with the fonts loaded."""
    numbers, words = Numbers(QLocale("en")), Words.of("en")
    across = len(Freshness)
    width = _SIDE + CELL[0] * across
    rows = len(SPECIMENS) + -(-len(STILL) // across)
    image = QImage(round(width * scale), round((_HEAD + CELL[1] * rows) * scale), QImage.Format.Format_RGB32)
    image.fill(theme.color("page"))
    painter = QPainter(image)

    def move(x: float, y: float) -> None:
        painter.resetTransform()
        painter.translate(round(x * scale), round(y * scale))
        painter.scale(scale, scale)

    def write(text: str, x: float, y: float) -> None:
        theme.letters.draw(painter, x, y, text, 12, theme.color("ink-muted"), "medium")

    for column, freshness in enumerate(Freshness):
        move(_SIDE + column * CELL[0], 0)
        write(freshness.value, 8, 26)
    for row, specimen in enumerate(SPECIMENS):
        move(0, _HEAD + row * CELL[1])
        write(specimen.title, 12, 46)
        painter.fillRect(QRectF(0, 0, width, 1 / scale), theme.color("line"))
        for column, freshness in enumerate(Freshness):
            move(_SIDE + column * CELL[0], _HEAD + row * CELL[1])
            paint_specimen(painter, specimen, shown(specimen, freshness, numbers, words), theme)
    for index, specimen in enumerate(STILL):
        row, column = divmod(index, across)
        move(_SIDE + column * CELL[0], _HEAD + (len(SPECIMENS) + row) * CELL[1])
        paint_specimen(painter, specimen, shown(specimen, Freshness.LIVE, numbers, words), theme)
        write(specimen.title, 4, 10)
    painter.end()
    return grey_of(image) if grey else image


def grey_of(image: QImage) -> QImage:
    """The same without its colours."""
    return image.convertToFormat(QImage.Format.Format_Grayscale8)


def run(arguments: argparse.Namespace) -> int:
    """Write the sheet to `arguments.out` (`grey`, `theme`, `scale` as asked); 0, or 1 if it could not be written."""
    application = QGuiApplication.instance() or QGuiApplication(["vizclient", "-platform", "offscreen"])
    load_fonts()
    written = sheet(load_theme(arguments.theme or "light"), arguments.scale, grey=arguments.grey).save(
        str(arguments.out)
    )
    del application
    return 0 if written else 1
