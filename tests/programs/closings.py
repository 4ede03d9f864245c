"""The states in which a window may be closed, and bringing a real one into each: shared by tests and measurements."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.door import SWALLOW, Message
from programs.opened import Opened, opened
from programs.pairs import write_profile
from programs.stage import Stage

CONNECTED = "connection connected"
_HANGING = "import socket, threading\nsocket.getaddrinfo = lambda *_, **__: threading.Event().wait()\n"


def connected(_: Stage, window: Opened) -> None:
    """All is well."""
    window.wait_for(CONNECTED)


def frozen(stage: Stage, window: Opened) -> None:
    """Both servers stopped just now, and nobody knows yet."""
    window.wait_for(CONNECTED)
    for server in ("main", "backup"):
        stage.pair.freeze(server)


def lost(stage: Stage, window: Opened) -> None:
    """Both servers stopped, and that was noticed."""
    frozen(stage, window)
    window.wait_for("connection switching")


def frozen_link(_: Stage, window: Opened) -> None:
    """The link process stands still."""
    window.wait_for(CONNECTED)
    os.kill(window.link, signal.SIGSTOP)


def switching(stage: Stage, window: Opened) -> None:
    """The active server is gone, the other one not yet active."""
    window.wait_for(CONNECTED)
    stage.pair.kill("main")
    window.wait_for("connection switching")


def typing(_: Stage, window: Opened) -> None:
    """A dialog is open."""
    window.wait_for(CONNECTED)
    window.ask("dialog")
    window.wait_for("did dialog")


def writing(stage: Stage, window: Opened) -> None:
    """A dialog is open, and what was written is not answered."""
    window.wait_for(CONNECTED)

    def swallow_writes(message: Message) -> object:
        return SWALLOW if message.up and message.kind == "Write" else None

    stage.main.rule = swallow_writes
    asked_at = time.perf_counter()
    window.ask("write")
    stage.main.wait_for("Write", asked_at)


def nobody(_: Stage, window: Opened) -> None:
    """No server is there at all."""
    window.wait_for("connection no-active-server")


def greeting(stage: Stage, window: Opened) -> None:
    """Both ports are open, and nobody answers there."""
    window.wait_for("connection connecting", "connection no-active-server")
    stage.main.wait_for("Hello", window.started_at)


def resolving(_: Stage, window: Opened) -> None:
    """The name service does not answer."""
    window.wait_for("connection connecting", "connection no-active-server")


@dataclass(frozen=True, slots=True)
class Closing:
    """`reach` brings a window into the state. `answered`: a server is there that can hear of the end of its session.
    `servers`: where the window looks for them.
    """

    reach: Callable[[Stage, Opened], None]
    answered: bool = False
    servers: str = "here"

    @property
    def leaves_pair(self) -> bool:
        """Whether the pair is as it was afterwards, and another window can be opened on it."""
        return self.answered or self.servers != "here"


CLOSINGS = {
    "connected": Closing(connected, answered=True),
    "frozen": Closing(frozen),
    "lost": Closing(lost),
    "frozen_link": Closing(frozen_link),
    "switching": Closing(switching),
    "typing": Closing(typing, answered=True),
    "writing": Closing(writing, answered=True),
    "nobody": Closing(nobody, servers="nowhere"),
    "greeting": Closing(greeting, servers="silent"),
    "resolving": Closing(resolving, servers="unresolvable"),
}


@contextmanager
def window_in(state: str, stage: Stage) -> Iterator[Opened]:
    """A window on `stage` that has come into one of CLOSINGS."""
    closing = CLOSINGS[state]
    for door in (stage.main, stage.backup):
        door.rule, door.mute = None, closing.servers == "silent"
    environment = dict(os.environ)
    urls = {server: door.url for server, door in stage.doors.items()}
    match closing.servers:
        case "nowhere":
            urls = {"main": "opc.tcp://127.0.0.1:1", "backup": "opc.tcp://127.0.0.1:2"}
        case "unresolvable":
            urls = {server: f"opc.tcp://{server}.invalid:4840" for server in urls}
            environment["PYTHONPATH"] = str(_hanging_resolver(stage.folder))
    profile = write_profile(stage.folder, stage.pair, **urls)
    with opened(profile, environment) as window:
        closing.reach(stage, window)
        yield window


def _hanging_resolver(folder: Path) -> Path:
    """What makes every look-up of a name in a Python of its own hang."""
    place = folder / "hanging"
    place.mkdir(exist_ok=True)
    (place / "sitecustomize.py").write_text(_HANGING, "utf-8")
    return place
