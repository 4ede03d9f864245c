"""A display trace, followed while the window writes it: what stood on the screen, and when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0
_A_FRAME = 0.034
"""Two frames: the second begins within the time of the first."""


@dataclass
class Trace:
    """Follows a display trace: what stands on the screen now, by element."""

    path: Path
    shown: dict[str, dict[str, str]] = field(default_factory=dict)
    _offset: int = 0
    _rest: bytes = b""

    def rows(self) -> Iterator[dict[str, object]]:
        """What was painted since the last call."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:  # what is being written may end within a character
            file.seek(self._offset)
            read = self._rest + file.read()
            self._offset = file.tell()
        *lines, self._rest = read.split(b"\n")
        for line in lines:
            row = json.loads(line)
            self.shown[row["element"]] = row
            yield row

    def skip(self) -> None:
        """Take in what has been painted until now."""
        for _ in self.rows():
            pass

    def when_all(self, count: int, fits: Callable[[Mapping[str, object]], bool], since: float) -> float:
        """When the last of `count` elements was first painted as `fits` wants, after `since` (monotonic seconds)."""
        first: dict[str, float] = {}
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline:
            for row in self.rows():
                painted = float(str(row["p"]))
                if painted >= since and row["element"] and fits(row):
                    first.setdefault(str(row["element"]), painted)
            if len(first) >= count:
                return max(first.values())
            time.sleep(0.01)
        raise TimeoutError(f"{len(first)} of {count} elements in {PATIENCE} s: {list(self.shown.items())[:3]}")

    def when_whole(self, count: int, server: str, since: float) -> float:
        """When the page was whole again after a loss since `since`: the last of `count` fresh values of `server` was painted.

        What comes back unchanged within `hold` is not painted anew: then it is the frame in which the others are, or,
        if nothing changed at all, the moment in which the page's frame was taken away.
        """
        frame, lost, whole = "live", False, 0.0
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline:
            for row in list(self.rows()):
                painted, element = float(str(row["p"])), str(row["element"])
                if whole and element and not live_from(server)(row):
                    whole = 0.0  # what was held just turned stale
                elif whole and (element or painted > whole + _A_FRAME):
                    return painted if painted <= whole + _A_FRAME else whole
                if not element:
                    frame = str(row["freshness"])
                    lost = lost or (frame != "live" and painted >= since)
                if lost and frame == "live" and self._live() == count:
                    whole = painted
                    if element:
                        return painted
            if whole and time.perf_counter() > whole + 10 * _A_FRAME:
                return whole
            time.sleep(0.01)
        raise TimeoutError(f"{self._live()} of {count} elements in {PATIENCE} s, the page is {frame}")

    def _live(self) -> int:
        return sum(row["freshness"] == "live" for element, row in self.shown.items() if element)


def live_from(server: str) -> Callable[[Mapping[str, object]], bool]:
    """Whether a row shows a live value of `server`."""
    return lambda row: row["freshness"] == "live" and row["server"] == server
