"""`vizclient watch --json` as a child process, and what it has said so far."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Line = dict[str, Any]
PATIENCE = 20.0


def vizclient(*arguments: object, data_dir: Path) -> list[str]:
    """The command line of the program as an operator's machine runs it."""
    return [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(data_dir), *map(str, arguments)]


class Watching:
    """The child, its lines, and waiting for one of them. Ended by its own handle when the block is left."""

    def __init__(self, profile: Path, items: Sequence[str]) -> None:
        self.items = list(items)
        self._command = vizclient("watch", "--profile", profile, "--json", *items, data_dir=profile.parent / "data")
        self._lines: list[Line] = []
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=dict(os.environ)
        )
        self._thread = threading.Thread(target=self._read, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self._thread.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def lines(self) -> list[Line]:
        """All that was said so far."""
        with self._changed:
            return list(self._lines)

    def values(self, item: str) -> list[Line]:
        """What was said of one item."""
        return [line for line in self.lines if line["kind"] == "value" and line["item"] == item]

    def wait(self, what: str, found: Callable[[list[Line]], bool]) -> None:
        """Until `found(lines)`; fails with the last lines after a long while."""
        deadline = time.perf_counter() + PATIENCE
        with self._changed:
            while not found(self._lines):
                left = deadline - time.perf_counter()
                if left <= 0 or self._process.poll() is not None:
                    tail = "\n".join(map(str, self._lines[-15:]))
                    raise AssertionError(f"waited in vain for {what} (exit code {self._process.poll()}):\n{tail}")
                self._changed.wait(min(left, 0.5))

    def wait_live(self, server: str, since: float = 0.0) -> None:
        """Until the newest word on every item, said after `since` (unix seconds), is a live value of `server`."""
        self.wait_fresh("live", server, since)

    def wait_fresh(self, freshness: str, server: str | None = None, since: float = 0.0) -> None:
        """Until the newest word on every item, said after `since` (unix seconds), is of this freshness (and server)."""

        def found(lines: list[Line]) -> bool:
            newest = {line["item"]: line for line in lines if line["kind"] == "value"}
            return all(
                (line := newest.get(item)) is not None
                and line["t"] >= since
                and line["freshness"] == freshness
                and server in (None, line["server"])
                for item in self.items
            )

        self.wait(f"{freshness} values of {server or 'either'}", found)

    def since(self, at: float, *items: str) -> list[Line]:
        """What was said of these items, or of all, since `at` (unix seconds)."""
        named = items or tuple(self.items)
        return [line for line in self.lines if line["kind"] == "value" and line["t"] >= at and line["item"] in named]

    def states(self, since: float = 0.0) -> list[str]:
        """The states of the connection that were said since then."""
        return [line["state"] for line in self.lines if line["kind"] == "connection" and line["t"] >= since]

    def wait_connection(self, state: str, server: str | None = None, since: float = 0.0) -> Line:
        """The first announcement of `state` (on `server`) after `since` (unix seconds)."""
        matching: list[Line] = []

        def found(lines: list[Line]) -> bool:
            matching[:] = [
                line
                for line in lines
                if line["kind"] == "connection"
                and line["state"] == state
                and line["t"] >= since
                and server in (None, line["server"])
            ]
            return bool(matching)

        self.wait(f"connection {state} {server or ''}", found)
        return matching[0]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()
