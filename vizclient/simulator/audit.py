"""The audit log of one server: what it really held and when, one JSON object a line.

{"t": unix seconds, "p": perf_counter seconds, "server", "kind": "role" | "value", ...}. A value line is written before a
client can see the value, those that a server starts with before its port opens; NaN is null, bytes are base64, a DateTime is ISO 8601.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec


class Audit:
    """Appends to `<directory>/<server>.jsonl`; to nothing if there is no directory."""

    def __init__(self, directory: str, server: str) -> None:
        self.on = bool(directory)
        self._server = server
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        if self.on:
            Path(directory).mkdir(parents=True, exist_ok=True)
            self._file = (Path(directory) / f"{server}.jsonl").open("ab", buffering=0)

    def note(self, kind: str, at: float, **fields: Any) -> None:
        """One line about something that happened at `at` (perf_counter), written at once."""
        if self.on:
            wall = time.time() - (time.perf_counter() - at)
            head = {"t": wall, "p": at, "server": self._server, "kind": kind}
            self._lines.append(self._encode(head | fields))
            self.flush()

    def values(self, changes: Iterable[tuple[str, Any, int]]) -> None:
        """(item, value, status) of each item that has just been given a value; written by the next `flush`."""
        if self.on:
            wall, at, server = time.time(), time.perf_counter(), self._server
            self._lines.extend(
                self._encode(
                    {
                        "t": wall,
                        "p": at,
                        "server": server,
                        "kind": "value",
                        "item": item,
                        "value": value,
                        "status": status,
                    }
                )
                for item, value, status in changes
            )

    def flush(self) -> None:
        """Hand everything to the operating system: it survives this process then."""
        if self._lines:
            self._lines.append(b"")
            self._file.write(b"\n".join(self._lines))
            self._lines.clear()
