"""Whether there is a screen to show a window on: asked before Qt, which ends the whole process where there is none."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from pathlib import Path


def has_display(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a window can be shown. A Qt platform chosen by hand that needs no display server counts as one."""
    if platform in ("win32", "darwin"):
        return True
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if chosen and not chosen.startswith(("xcb", "wayland")):
        return True
    if not chosen.startswith("xcb") and (name := environment.get("WAYLAND_DISPLAY")):
        found = Path(environment.get("XDG_RUNTIME_DIR", "")) / name
        if found.is_socket():
            return True
    return not chosen.startswith("wayland") and _x11_answers(environment.get("DISPLAY", ""))


def _x11_answers(display: str) -> bool:
    """Whether something listens at an X11 display name: `[host]:number[.screen]`."""
    host, colon, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not colon or not number.isdigit():
        return False
    try:
        if host in ("", "unix"):
            return Path(f"/tmp/.X11-unix/X{number}").is_socket()  # noqa: S108
        with socket.create_connection((host.strip("[]"), 6000 + int(number)), timeout=2):
            return True
    except OSError:
        return False
