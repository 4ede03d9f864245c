"""The seam to the operating system: the only place with calls that one platform has and another has not.

Both sides offer the same functions. Everything else in the program is written as if there were one platform.
"""

from __future__ import annotations

import os
import sys
from typing import Protocol

if sys.platform == "win32":
    from vizclient.machine.windows import (
        end_group,
        end_with_parent,
        freeze,
        interpreter,
        lock,
        notify_service,
        on_stop,
        open_descriptors,
        resident_memory,
        spawn_options,
        thaw,
        thread_count,
        tie,
    )
else:
    from vizclient.machine.posix import (
        end_group,
        end_with_parent,
        freeze,
        interpreter,
        lock,
        notify_service,
        on_stop,
        open_descriptors,
        resident_memory,
        spawn_options,
        thaw,
        thread_count,
        tie,
    )

__all__ = [
    "Child",
    "child_command",
    "end_group",
    "end_with_parent",
    "ensure_streams",
    "freeze",
    "lock",
    "notify_service",
    "on_stop",
    "open_descriptors",
    "resident_memory",
    "spawn_options",
    "thaw",
    "thread_count",
    "tie",
]


class Child(Protocol):
    """A process that we started, by its own handle: `subprocess.Popen` and `asyncio.subprocess.Process` are such."""

    @property
    def pid(self) -> int:
        """Its number, ours to use as long as `returncode` is None."""
        ...

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        ...


def child_command(module: str, *args: str) -> list[str]:
    """The command that runs `module` in a child process.

    `-P`: a folder of the same name in the working directory is never run. Start it with `**spawn_options()`, then `tie` it.
    """
    return [interpreter(), "-P", "-m", module, *args]


def ensure_streams() -> None:
    """Give the process standard streams where it has none, as under pythonw or a service: writing to them does nothing."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
