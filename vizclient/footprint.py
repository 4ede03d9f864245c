"""What this process holds of the machine: now and then in its log, and in a trace for whoever wants it closer.

What is left behind by one switchover in a thousand shows here, long before anybody feels it. Knows nothing of what the
process does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from vizclient import machine

LOG_EVERY = 600.0
TRACE_EVERY = 0.25

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Memory in MB; descriptors, and how many of them are sockets; None where the system does not tell."""

    memory_mb: float | None
    descriptors: int | None
    sockets: int | None
    threads: int
    tasks: int

    def __str__(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return ", ".join(f"{name.removesuffix('_mb')} {value}" for name, value in told.items())


def footprint() -> Footprint:
    """That of this process. Within a running event loop, whose tasks are counted."""
    memory, (descriptors, sockets) = machine.resident_memory(), machine.open_descriptors()
    return Footprint(
        None if memory is None else round(memory / 1e6, 2),
        descriptors,
        sockets,
        machine.thread_count() or threading.active_count(),
        len(asyncio.all_tasks()),
    )


class ResourceTrace:
    """Appends to a file, a line at a time: several processes may share it. `t`: unix seconds; `p`: the clock they share.

    Raises OSError if the file cannot be opened.
    """

    def __init__(self, path: Path, process: str) -> None:
        self.path = path
        self._process = process
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def note(self, found: Footprint) -> None:
        """One line; lost, and logged, if the disk takes none."""
        head = {"t": round(time.time(), 6), "p": round(time.perf_counter(), 6)}
        row = head | {"process": self._process, "pid": os.getpid()} | asdict(found)
        try:
            self._file.write(json.dumps(row) + "\n")
        except OSError as error:
            _log.warning("the trace of resources cannot be written: %s", error)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


async def keep_account(trace: ResourceTrace | None = None) -> None:
    """Log the footprint every LOG_EVERY, and note it in `trace` every TRACE_EVERY, until cancelled."""
    pause = LOG_EVERY if trace is None else TRACE_EVERY
    for number in itertools.count(1):
        await asyncio.sleep(pause)
        found = footprint()
        if trace is not None:
            trace.note(found)
        if number * pause % LOG_EVERY == 0:
            _log.info("%s", found)
