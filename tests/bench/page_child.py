"""One page of many value symbols, measured within one process; the scale is set by QT_SCALE_FACTOR from outside.

Prints one JSON object of figures in milliseconds. Everything is measured from the change to the flushed window.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QLocale, QObject
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from ui.canvas.canvas import Canvas
from ui.numbers import Numbers
from ui.theme import load_fonts, load_theme
from ui.words import Words
from vizclient.items.address import Address
from vizclient.items.freshness import Standing
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample
from vizclient.link.mirror import Mirror
from vizclient.pages.document import Page

COLUMNS, WIDTH, HEIGHT = 50, 1920, 1040
UNITS = ("°C", "%", "kW", "Pa", "l/s", "")
STATUSES = (0,) * 16 + (0x40920000, 0x80050000, 0x80340000, None)
FRAMES = 60


class Flushed(QObject):
    """Knows when the window has handled its update request."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self.count = 0
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count; never filters."""
        if event.type() in (QEvent.Type.UpdateRequest, QEvent.Type.Paint):
            self.count += 1
        return False


def settle(application: QApplication, seconds: float) -> float:
    """Let the window work for `seconds`; the longest time it was busy in one go, in seconds."""
    worst, end = 0.0, time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        application.processEvents()
        worst = max(worst, time.perf_counter() - now)
        time.sleep(0.0005)
    return worst


def frames(application: QApplication, flushed: Flushed, prepare: Callable[[], Callable[[], None]]) -> list[float]:
    """Milliseconds from each prepared change until its picture is in the window, with a pause before each."""
    taken = []
    for _ in range(FRAMES):
        change = prepare()
        settle(application, 0.03)
        count, start = flushed.count, time.perf_counter()
        change()
        while flushed.count == count:
            application.processEvents()
        application.processEvents()
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def page_of(count: int) -> Page:
    """Values of mixed decimals and units that fill the window."""
    cell_w, cell_h = WIDTH / COLUMNS, HEIGHT / (count / COLUMNS)
    return Page.of(
        {
            "id": "bench",
            "title": "Bench",
            "size": [WIDTH, HEIGHT],
            "elements": [
                {
                    "id": f"v{n}",
                    "type": "value",
                    "item": f"b:i={n}",
                    "size": 8,
                    "decimals": n % 4,
                    "unit": UNITS[n % len(UNITS)],
                    "rect": [n % COLUMNS * cell_w, n // COLUMNS * cell_h, cell_w - 1, cell_h - 1],
                }
                for n in range(count)
            ],
        }
    )


def samples(rng: random.Random, handles: Sequence[int], generation: int) -> list[tuple[int, Sample]]:
    """New values for some items, in the mixture of states."""
    changed = []
    for handle in handles:
        status = STATUSES[handle % len(STATUSES)]
        if status is not None:
            value = rng.uniform(0, 100)
            changed.append((handle, Sample(value, status, None, generation, "main", published=True)))
    return changed


def canvas_figures(application: QApplication, count: int) -> dict[str, float]:
    """The page canvas."""
    rng, page, mirror = random.Random(1), page_of(count), Mirror()
    handles = {f"b:i={n}": mirror.handle(Address("urn:b", n)) for n in range(count)}
    mirror.take_metadata([(n, Metadata("Double")) for n in range(count)])
    mirror.take_standing(Standing(generation=1))
    mirror.take_samples(samples(rng, range(count), 1))
    canvas = Canvas(mirror, load_theme("light"), Numbers(QLocale("en_GB")), Words.of("en"))
    canvas.resize(WIDTH, HEIGHT)
    canvas.show()
    flushed = Flushed(canvas)
    settle(application, 0.5)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as the window process does
    opened = []
    for _ in range(5):
        canvas.set_page(None, {})
        settle(application, 0.1)
        start = time.perf_counter()
        canvas.set_page(page, handles)
        before = flushed.count
        while flushed.count == before:
            application.processEvents()
        opened.append((time.perf_counter() - start) * 1000)
        settle(application, 0.3)
    taken = frames(
        application, flushed, lambda: partial(mirror.take_samples, samples(rng, rng.sample(range(count), 1000), 1))
    )
    worst = []
    for generation in range(2, 6):
        mirror.take_standing(Standing(generation=0, lost_at=time.perf_counter() - 1))
        worst.append(settle(application, 1.0))
        mirror.take_standing(Standing(generation=generation))
        changed = samples(rng, range(count), generation)
        start = time.perf_counter()
        mirror.take_samples(changed)
        taking = time.perf_counter() - start
        worst.append(max(taking, settle(application, 1.0)))
    return {
        "open_ms": statistics.median(opened),
        "frame_1000_ms": statistics.median(taken),
        "frame_1000_p95_ms": sorted(taken)[int(len(taken) * 0.95)],
        "stale_and_live_worst_frame_ms": max(worst) * 1000,
    }


def widget_figures(application: QApplication, count: int) -> dict[str, float]:
    """A page with a widget for each value, as the obvious way to do it."""
    rng, cell_w, cell_h = random.Random(1), WIDTH / COLUMNS, HEIGHT / (count / COLUMNS)
    start = time.perf_counter()
    window = QWidget()
    window.resize(WIDTH, HEIGHT)
    labels = []
    for n in range(count):
        label = QLabel(f"{rng.uniform(0, 100):.{n % 4}f} {UNITS[n % len(UNITS)]}", window)
        label.setGeometry(int(n % COLUMNS * cell_w), int(n // COLUMNS * cell_h), int(cell_w), int(cell_h))
        labels.append(label)
    window.show()
    flushed = Flushed(window)
    while not flushed.count:
        application.processEvents()
    opened = (time.perf_counter() - start) * 1000

    def change(values: list[tuple[int, float]]) -> None:
        for n, value in values:
            labels[n].setText(f"{value:.{n % 4}f} {UNITS[n % len(UNITS)]}")

    taken = frames(
        application,
        flushed,
        lambda: partial(change, [(n, rng.uniform(0, 100)) for n in rng.sample(range(count), 1000)]),
    )
    return {"open_ms": opened, "frame_1000_ms": statistics.median(taken)}


def main() -> None:
    """Print the figures of the way that is asked for."""
    application = QApplication(sys.argv[:1])
    load_fonts()
    figures = {"canvas": canvas_figures, "widgets": widget_figures}[sys.argv[1]]
    sys.stdout.write(json.dumps(figures(application, int(sys.argv[2]))) + "\n")


if __name__ == "__main__":
    main()
