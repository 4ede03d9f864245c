"""A 10 ms timer and how late it is: in the real window's own loop, or in an idle Qt process. Prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

INTERVAL = 0.010
WARM_UP = 8.0


class Pulse(QObject):
    """A precise timer of 10 ms; keeps how late each tick came."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []
        self._due = 0.0
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """From now on."""
        self.late.clear()
        self._due = time.perf_counter() + INTERVAL
        self._timer.start(int(INTERVAL * 1000))

    def stop(self) -> dict[str, float]:
        """Percentiles in milliseconds."""
        self._timer.stop()
        late = sorted(max(0.0, seconds) * 1000 for seconds in self.late)
        return {
            "late_p50_ms": late[len(late) // 2],
            "late_p99_ms": late[int(len(late) * 0.99)],
            "late_p99_9_ms": late[int(len(late) * 0.999)],
            "late_worst_ms": late[-1],
        }

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late.append(now - self._due)
        self._due = max(self._due + INTERVAL, now)


def in_idle_process(seconds: float) -> None:
    """The control."""
    application = QApplication(sys.argv[:1])
    pulse = Pulse()
    QTimer.singleShot(int(WARM_UP * 1000), pulse.start)
    QTimer.singleShot(int((WARM_UP + seconds) * 1000), application.quit)
    application.exec()
    sys.stdout.write(json.dumps(pulse.stop()) + "\n")


def in_window(seconds: float, profile: Path, data_dir: Path) -> None:
    """The real window, built as `vizclient run` builds it, with the pulse beside it."""
    from ui import app
    from ui.single_instance import SingleInstance, instance_name
    from ui.window import Window
    from vizclient.logs import Log
    from vizclient.places import Places
    from vizclient.profiles.loading import load_profile

    figures: dict[str, float] = {}

    async def beside(window: Window) -> None:
        await asyncio.sleep(WARM_UP)
        pulse, cpu, start = Pulse(), time.process_time(), time.perf_counter()
        changes = 0

        def count(handles: Sequence[int]) -> None:
            nonlocal changes
            changes += len(handles)

        window._mirror.on_samples.append(count)
        pulse.start()
        await asyncio.sleep(seconds)
        figures.update(pulse.stop())
        figures["items"] = len(window._mirror.addresses)
        figures["changes_per_second"] = changes / (time.perf_counter() - start)
        figures["window_cpu_percent"] = (time.process_time() - cpu) / (time.perf_counter() - start) * 100
        window.close()

    places = Places.of(data_dir)
    with Log("bench", places.logs) as logbook:
        loaded = load_profile(str(profile), places.config)
        instance = SingleInstance(instance_name(loaded.file))
        instance.claim()
        app.show(loaded, places, data_dir, logbook, instance, beside=beside)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    arguments = Namespace(seconds=float(sys.argv[1]), mode=sys.argv[2])
    if arguments.mode == "idle":
        in_idle_process(arguments.seconds)
    else:
        in_window(arguments.seconds, Path(sys.argv[3]), Path(sys.argv[4]))
