"""What a window remembers from one start to the next: its views, where it stood, and how it looked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vizclient.pages.view_state import FORMAT as VIEWS
from vizclient.pages.view_state import ViewState
from vizclient.places import Places
from vizclient.state_files import StateFile

FORMAT = 100 * VIEWS + 2
"""Counts up with the form of views, or with the fields below."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """`geometry`: Qt's own, as base64. `theme`: "light", "dark", or "" for what the system has."""

    views: tuple[ViewState, ...] = ()
    geometry: str = ""
    theme: str = ""
    servers: bool = False
    inspector: bool = False


def window_state_file(places: Places, profile: Path) -> StateFile[WindowState]:
    """The state file of the window that shows `profile`."""
    name = hashlib.sha256(str(profile.resolve()).encode()).hexdigest()[:12]
    return StateFile(places.state / f"window-{profile.stem}-{name}.json", FORMAT, WindowState)
