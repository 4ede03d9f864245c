"""Small pages, and a canvas on them with a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale

from ui.canvas.canvas import Canvas
from ui.canvas.trace import Painted
from ui.numbers import Numbers
from ui.theme import load_fonts, load_theme
from ui.words import Words
from vizclient.items.address import Address
from vizclient.items.freshness import Behaviour, Standing
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample, Value
from vizclient.link.mirror import Mirror
from vizclient.pages.document import Page
from vizclient.redundancy.support import Interface, InterfaceTable, Pattern

SIZE = (400.0, 300.0)
FREE = Interface("Free", Behaviour.UNSYNCHRONISED, (Pattern(None, "*free*"),))
"""The interface of items that are called so."""


class Clock:
    """Monotonic seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A canvas on a mirror, connected to "main" in generation 1. Item `x` has the handle `mirror.handle(address("x"))`."""

    def __init__(self, *elements: dict[str, Any], size: tuple[float, float] = SIZE, theme: str = "light") -> None:
        load_fonts()
        self.clock = Clock()
        self.mirror = Mirror(InterfaceTable([FREE]), self.clock)
        self.mirror.standing = Standing(generation=1)
        self.canvas = Canvas(self.mirror, load_theme(theme), Numbers(QLocale("en")), Words.of("en"), self.clock)
        self.canvas.resize(int(size[0]), int(size[1]))
        self.painted: list[Painted] = []
        self.canvas.on_painted = self.painted.extend
        self.page = Page.of({"id": "page", "title": "Page", "size": size, "elements": elements})
        items = {
            item for element in self.page.elements for item in (element.item, getattr(element, "fault", None)) if item
        }
        self.handles = {item: self.mirror.handle(address(item)) for item in sorted(items) if item != "unknown"}

    def show(self) -> None:
        """Set the page and put the canvas on the screen."""
        self.canvas.set_page(self.page, self.handles)
        self.expose()

    def expose(self) -> None:
        """Put the canvas on the screen; what a full pass painted is told in a later turn of the loop."""
        self.canvas.show()
        while not self.canvas.window().windowHandle().isExposed() or not self.canvas._valid:
            QCoreApplication.processEvents()
        self.canvas._tell()

    def values(self, *, generation: int = 1, status: int = 0, **values: Value) -> None:
        """New samples, a frame later."""
        self.take(values, generation, status)

    def take(self, values: Mapping[str, Value], generation: int = 1, status: int = 0) -> None:
        """The same by any names."""
        self.clock.now += 0.05
        samples = [
            (self.handles[item], Sample(value, status, None, generation, "main")) for item, value in values.items()
        ]
        self.mirror.take_samples(samples)

    def metadata(self, **metadata: Metadata) -> None:
        """New metadata, a frame later."""
        self.clock.now += 0.05
        self.mirror.take_metadata([(self.handles[item], given) for item, given in metadata.items()])

    def standing(self, after: float = 0.05, **fields: Any) -> None:
        """Another standing, some time later; what it is not connected to any more was lost."""
        self.clock.now += after
        before = self.mirror.standing
        lost = before.generation if before.generation not in (0, fields["generation"]) else before.lost
        self.mirror.take_standing(Standing(**{"lost": lost, **fields}))
        self.settle()

    def later(self, seconds: float) -> None:
        """Time passes, and the canvas's own timer fires."""
        self.clock.now += seconds
        self.canvas._wake()
        self.settle()

    def settle(self) -> None:
        """Frames until nothing is left to paint."""
        while self.canvas._dirty:
            self.clock.now += 0.02
            self.canvas._frame()

    def said(self) -> list[tuple[str, str, str]]:
        """Element, text and freshness of what was painted since this was last asked."""
        said = [(row.element, row.text.replace("\u00a0", " "), row.freshness) for row in self.painted]
        self.painted.clear()
        return said


def address(item: str) -> Address:
    """Where an item of these pages is."""
    return Address("urn:test", item)


def value(name: str, x: float = 10, y: float = 10, **more: Any) -> dict[str, Any]:
    """A value symbol of the item with the same name."""
    return {"id": name, "type": "value", "rect": [x, y, 90, 24], "item": name, "decimals": 1, **more}
