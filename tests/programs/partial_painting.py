"""Compares what partial repaints leave on the screen with a full repaint, pixel by pixel, at the scale of QT_SCALE_FACTOR.

Prints one line for each zoom: how many pixels differ, and how many changes were painted.
"""

from __future__ import annotations

import random
import sys
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from fakes.pages import Screen
from ui.canvas.canvas import Canvas
from ui.canvas.view import View
from ui.symbols.sheet import SPECIMENS
from vizclient.items.metadata import Metadata

SIZE = (700.0, 500.0)
ZOOMS = (None, 0.37, 0.5, 0.83, 1.0, 1.1, 1.73, 2.5)
STATUSES = (0, 0, 0, 0, 0x40000000, 0x80050000, 0x80340000)


def elements(rng: random.Random) -> list[dict[str, Any]]:
    """Every symbol several times, at fractional places, many of them over one another, above and below still shapes."""
    found: list[dict[str, Any]] = []
    for n in range(160):
        x, y = rng.uniform(-10, SIZE[0] - 60), rng.uniform(-10, SIZE[1] - 40)
        if n % 5 == 0:
            shape = rng.choice(["box", "duct", "pipe", "line", "filter", "door", "damper", "heat-recovery"])
            points = [[0, 0], [rng.uniform(20, 90), rng.uniform(5, 60)], [rng.uniform(20, 90), 70]]
            needs = shape in ("line", "duct", "pipe")
            found.append(
                {
                    "id": f"shape{n}", "type": "shape", "shape": shape, "rect": [x, y, 61.3, 47.7],
                    "points": points if needs else [], "width": rng.choice([0.7, 1.5, 6, 20]),
                    "role": rng.choice(["outline", "surface", "supply", "warm"]),
                }
            )  # fmt: skip
            continue
        properties = dict(SPECIMENS[n % len(SPECIMENS)].properties)
        _, _, width, height = properties["rect"]
        factor = rng.uniform(0.7, 1.4)
        properties |= {"id": f"e{n}", "rect": [x, y, width * factor, height * factor]}
        properties |= {"item": f"i{n}"}
        if "fault" in properties:
            properties["fault"] = f"f{n}"
        found.append(properties)
    return found


def shot(canvas: Canvas) -> QImage:
    """What stands on the screen, not what the canvas believes."""
    handle = canvas.window().windowHandle()
    for _ in range(3):
        QCoreApplication.processEvents()
    ratio = handle.devicePixelRatio()
    size = round(handle.width() * ratio), round(handle.height() * ratio)
    return (
        handle.screen()
        .grabWindow(int(handle.winId()), 0, 0, *size)
        .toImage()
        .convertToFormat(QImage.Format.Format_RGB32)
    )


def different(one: QImage, other: QImage) -> int:
    """How many pixels differ."""
    if one == other:
        return 0
    if one.size() != other.size():
        return one.width() * one.height()
    places = ((x, y) for y in range(one.height()) for x in range(one.width()))
    return sum(one.pixel(x, y) != other.pixel(x, y) for x, y in places)


def step(screen: Screen, rng: random.Random, generation: int) -> None:
    """Some items change value, status, metadata or what is said of a write."""
    for item in rng.sample(sorted(screen.handles), 12):
        value = rng.choice([True, False, rng.uniform(-5, 110), rng.randrange(3)])
        screen.take({item: value}, generation, rng.choice(STATUSES))
    screen.settle()
    chosen = rng.choice([element.id for element in screen.page.elements])
    screen.canvas.set_pending(chosen, rng.choice(["", "pending", "refused", "mismatch", "unknown"]))
    screen.clock.now += 0.02
    screen.settle()


def main() -> int:
    """Run all zooms; 0 if no pixel differs."""
    application = QApplication(sys.argv[:1])
    application.styleHints().setCursorFlashTime(0)
    rng = random.Random(sys.argv[1])
    screen = Screen(*elements(rng), size=SIZE, theme=sys.argv[2])
    window = QWidget()
    box = QVBoxLayout(window)
    box.setContentsMargins(13, 37, 7, 5)  # the canvas does not begin on a whole device pixel
    box.addWidget(screen.canvas)
    window.resize(613, 471)
    screen.canvas.set_page(screen.page, screen.handles)
    window.show()
    screen.expose()
    worst = 0
    for zoom in ZOOMS:
        screen.canvas.view = View() if zoom is None else View((rng.uniform(200, 500), rng.uniform(150, 350)), zoom)
        QCoreApplication.processEvents()
        screen.mirror.take_metadata(
            [
                (handle, Metadata("Double", low=0, high=100, unit="°C", writable=True))
                for handle in screen.handles.values()
            ]
        )
        screen.settle()
        painted = 0
        for turn in range(4):
            generation = turn + 1
            screen.standing(generation=generation)
            screen.said()
            for _ in range(3):
                step(screen, rng, generation)
            if turn % 2:
                screen.standing(generation=0, lost_at=screen.clock.now - 1)
                screen.later(7)
            painted += len(screen.said())
        partial = shot(screen.canvas)
        screen.canvas.repaint_all()
        count = different(partial, shot(screen.canvas))
        worst = max(worst, count)
        ratio = QGuiApplication.primaryScreen().devicePixelRatio()
        sys.stdout.write(f"scale {ratio} zoom {zoom}: {count} pixels differ after {painted} changes\n")
        if not painted:
            return 2
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
