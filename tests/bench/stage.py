"""What the benchmarks of the whole program share: a pair with plain items, a bundle that shows them, the window, its trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from programs.tracing import Trace


def environment(folder: Path) -> dict[str, str]:
    """The offscreen platform with one screen of 1920×1080; bytecode is kept from one start to the next, as where it is installed."""
    screen = {"name": "bench", "x": 0, "y": 0, "width": 1920, "height": 1080, "logicalDpi": 96}
    file = folder / "screen.json"
    file.write_text(json.dumps({"screens": [screen]}), "utf-8")
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {"QT_QPA_PLATFORM": f"offscreen:configfile={file}", "PYTHONUNBUFFERED": "1"}


@contextmanager
def window(folder: Path, profile: Path, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], Trace, float]]:
    """The real window on `profile`, its trace, and when it was started; ended by its own handle."""
    trace = Trace(folder / f"trace-{time.perf_counter_ns()}.jsonl")
    command = [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(folder / "data"), "run"]
    command += ["--profile", str(profile), "--trace-display", str(trace.path), *more]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment(folder), stdin=subprocess.DEVNULL)
    try:
        yield process, trace, started
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
