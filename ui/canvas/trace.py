"""The display trace: a JSON line for every symbol each time it is painted differently, so that what the screen claimed can be audited."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec


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
        self._file = path.open("ab", buffering=0)

    def __call__(self, painted: Sequence[Painted]) -> None:
        """Take what one frame painted, when it is on the screen."""
        stamp = {"t": round(time.time(), 6), "p": round(time.perf_counter(), 6)}
        self._file.write(msgspec.json.Encoder().encode_lines([stamp | row._asdict() for row in painted]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
