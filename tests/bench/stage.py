"""What the benchmarks of the whole program share: a pair with plain items, a bundle that shows them, the window, its trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vizclient.pages.manifest import seal
from vizclient.simulator.pair import Pair

NAMESPACE = "urn:vizclient:demo:bms"
PATIENCE = 60.0
_WIDTH, _HEIGHT = 1800, 900


def identifiers(count: int) -> list[str]:
    """Identifiers of the first plain items that change by themselves (every tenth is one to be written)."""
    return [f"Plain/{n // 100:03}/{n:05}" for n in range(count * 10 // 9 + 10) if n % 10 != 9][:count]


def write_site(folder: Path, pair: Pair, pages: Mapping[str, list[str]]) -> Path:
    """A bundle with a page of value symbols for each list of identifiers, and a profile; the profile's path."""
    bundle = folder / "bundle"
    (bundle / "pages").mkdir(parents=True)
    for name, names in pages.items():
        columns = max(10, round((len(names) * 2) ** 0.5 * 0.7))
        rows = -(-len(names) // columns)
        width, height = _WIDTH / columns, _HEIGHT / rows
        elements = [
            {
                "id": f"v{n}",
                "type": "value",
                "item": f"bms:{identifier}",
                "size": min(13.0, max(4.0, height * 0.6)),
                "rect": [n % columns * width, n // columns * height, width - 2, height - 2],
            }
            for n, identifier in enumerate(names)
        ]
        page = {"format": 1, "id": name, "title": name, "size": [_WIDTH, _HEIGHT], "elements": elements}
        (bundle / "pages" / f"{name}.json").write_text(json.dumps(page), "utf-8")
    manifest = {
        "format": 1,
        "name": "Bench",
        "version": "1",
        "start": next(iter(pages)),
        "namespaces": {"bms": NAMESPACE},
        "pages": [],
        "files": {},
    }
    (bundle / "bundle.json").write_text(json.dumps(manifest), "utf-8")
    seal(bundle)
    profile = folder / "bench.toml"
    profile.write_text(
        f'format = 1\nname = "Bench"\nbundle = "bundle"\n[main]\nurl = "{pair.url("main")}"\n'
        f'[backup]\nurl = "{pair.url("backup")}"\n[security]\npolicy = "None"\nmode = "None"\n',
        "utf-8",
    )
    return profile


def environment(folder: Path) -> dict[str, str]:
    """The offscreen platform with one screen of 1920×1080."""
    screen = {"name": "bench", "x": 0, "y": 0, "width": 1920, "height": 1080, "logicalDpi": 96}
    file = folder / "screen.json"
    file.write_text(json.dumps({"screens": [screen]}), "utf-8")
    return os.environ | {"QT_QPA_PLATFORM": f"offscreen:configfile={file}", "PYTHONUNBUFFERED": "1"}


@dataclass
class Trace:
    """Follows a display trace: what stands on the screen now, by element."""

    path: Path
    shown: dict[str, dict[str, str]] = field(default_factory=dict)
    _offset: int = 0
    _rest: str = ""

    def rows(self) -> Iterator[dict[str, object]]:
        """What was painted since the last call."""
        if not self.path.exists():
            return
        with self.path.open("r", encoding="utf-8") as file:
            file.seek(self._offset)
            text = self._rest + file.read()
            self._offset = file.tell()
        *lines, self._rest = text.split("\n")
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


def live_from(server: str) -> Callable[[Mapping[str, object]], bool]:
    """Whether a row shows a live value of `server`."""
    return lambda row: row["freshness"] == "live" and row["server"] == server


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
