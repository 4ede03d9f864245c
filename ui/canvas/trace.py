"""The display trace: a JSON line for every symbol each time it is painted differently, so that what the screen claimed can be audited."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Painted(NamedTuple):
    """One symbol as it now stands on the screen. `element` "": the page's frame, whose freshness is `live`, `held` or `stale`."""

    element: str
    item: str
    text: str
    freshness: str
    server: str


class TraceFile:
    """Appends to a file, one write a frame. `t`: unix seconds; `p`: the monotonic clock that all processes share."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def __call__(self, painted: Sequence[Painted]) -> None:
        """Take what one frame painted, when it is on the screen."""
        stamp = {"t": round(time.time(), 6), "p": round(time.perf_counter(), 6)}
        self._file.write("".join(json.dumps(stamp | row._asdict(), ensure_ascii=False) + "\n" for row in painted))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
