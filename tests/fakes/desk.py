"""A window on plain values: a mirror, connections as the link announces them, and no process behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ui.canvas.canvas import Canvas
from ui.numbers import Numbers
from ui.speaker import Moment, Speaker
from ui.theme import Theme
from ui.window import Window
from ui.window_state import WindowState
from vizclient.items.freshness import Standing
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample, Value
from vizclient.items.writing import WriteState
from vizclient.link.client import LinkClient
from vizclient.link.drills import DrillRecord
from vizclient.link.mirror import Mirror
from vizclient.pages.bundle import Bundle
from vizclient.profiles.following import Web
from vizclient.redundancy.model import Connection, Server
from vizclient.redundancy.readiness import Readiness

WALL = 1_790_000_000.0
NAMES = {Server.MAIN: "bms-main:4840", Server.BACKUP: "bms-backup:4840"}
SET_POINT = Metadata("Double", writable=True, display_name="Office 101 set-point", unit="°C", low=15.0, high=28.0)
SWITCH = Metadata("Boolean", writable=True, display_name="Light")
PAGES: dict[str, dict[str, Any]] = {
    "one": {
        "elements": [
            {"id": "set", "type": "set-point", "rect": [20, 20, 120, 40], "item": "b:Set", "decimals": 1},
            {
                "id": "sure",
                "type": "set-point",
                "rect": [20, 80, 120, 40],
                "item": "b:Sure",
                "decimals": 1,
                "label": "Boiler",
                "write": {"confirm": True},
            },
            {"id": "light", "type": "switch", "rect": [20, 140, 120, 40], "item": "b:Light"},
            {"id": "go", "type": "link", "rect": [20, 200, 120, 40], "page": "two", "text": "Two"},
        ],
    },
    "two": {"elements": [{"id": "t", "type": "text", "rect": [0, 0, 200, 40], "text": "Second"}]},
}


class Present:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.monotonic = 1000.0

    def __call__(self) -> Moment:
        return Moment(self.monotonic, WALL + self.monotonic)

    def seconds(self) -> float:
        return self.monotonic


@dataclass
class Desk:
    """All the parts of a window, to look at and to drive."""

    mirror: Mirror
    link: LinkClient
    speaker: Speaker
    numbers: Numbers
    theme: Theme
    now: Present
    bundle: Bundle
    windows: list[Window] = field(default_factory=list)

    def window(
        self,
        state: WindowState | None = None,
        bundle: Bundle | None = None,
        *,
        may_switch: bool = False,
        users: Mapping[Server, str] | None = None,
        web: Web | None = None,
        last_drill: DrillRecord | None = None,
    ) -> Window:
        words = self.speaker.words
        canvas = Canvas(self.mirror, self.theme, self.numbers, words, clock=self.now.seconds)
        window = Window(
            "Building A",
            bundle or self.bundle,
            self.link,
            self.mirror,
            canvas,
            self.speaker,
            self.numbers,
            self.theme,
            self.now,
            state or WindowState(),
            may_switch=may_switch,
            users=users,
            web=web,
            last_drill=lambda: last_drill,
        )
        self.windows.append(window)
        return window

    def handle(self, item: str) -> int:
        return self.mirror.handle(self.bundle.address(item))

    def connect(self, connection: Connection) -> None:
        """The link announces it, and the values follow."""
        self.mirror.heard_at = self.now.monotonic
        before = self.mirror.standing
        self.mirror.take_standing(
            Standing(
                connection.generation,
                connection.sure,
                connection.lost_at or before.lost_at,
                lost=before.generation if before.generation != connection.generation else before.lost,
            )
        )
        self.announce(connection)

    def ready(self, readiness: Readiness) -> None:
        """The link tells whether the standby could take over."""
        self.link.readiness = readiness
        for listener in self.link.on_readiness:
            listener(readiness)

    def announce(self, connection: Connection | None) -> None:
        """The link's client tells its listeners."""
        self.link.connection = connection
        for listener in self.link.on_connection:
            listener(connection)

    def tell_write(self, state: WriteState) -> None:
        """How a write stands."""
        for listener in self.link.on_write:
            listener(state)

    def values(self, generation: int = 1, server: str = "main", **values: Value) -> None:
        self.mirror.take_samples(
            [(self.handle(f"b:{name}"), Sample(value, 0, None, generation, server)) for name, value in values.items()]
        )


def write_bundle(folder: Path, pages: dict[str, dict[str, Any]]) -> Path:
    """A sealed bundle of these pages, in the namespace `b`."""
    (folder / "pages").mkdir(parents=True)
    files = {}
    for name, page in pages.items():
        whole = {"format": 1, "id": name, "title": name.title(), "size": [800, 600], **page}
        content = json.dumps(whole).encode()
        (folder / "pages" / f"{name}.json").write_bytes(content)
        files[f"pages/{name}.json"] = sha256(content).hexdigest()
    manifest = {
        "format": 1,
        "name": "test",
        "version": "1",
        "start": next(iter(pages)),
        "namespaces": {"b": "urn:b"},
        "pages": list(files),
        "files": files,
    }
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
