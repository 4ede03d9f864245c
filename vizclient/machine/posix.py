"""The POSIX side of the seam. Linux has the parent-death signal; elsewhere a thread watches the parent."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from vizclient.machine import Child

assert sys.platform != "win32"

_PR_SET_PDEATHSIG = 1
_PARENT_POLL = 0.25


def interpreter() -> str:
    """The Python that children run in: this one."""
    return sys.executable


def spawn_options(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Arguments for `subprocess.Popen` or `asyncio.create_subprocess_exec`; `env` is added to the environment.

    A process group of its own, so that Ctrl-C in the terminal reaches the parent alone, which ends its children in order.
    """
    return {"process_group": 0, "env": {**os.environ, **(env or {})}}


def tie(child: Child) -> None:
    """Make the child end with this process. Here the child does that itself: see `end_with_parent`."""


def end_with_parent(grace: float = 0.0) -> None:
    """Called by a child at its start: when its parent has died, however, this process ends within `grace` seconds.

    With a grace it is first let run on (thawed if it was frozen), so that it can notice the end of file and clean up.
    The parent must have started it from a thread that lives as long as the parent does.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        _set_parent_death_signal(signal.SIGCONT if grace else signal.SIGKILL)
        if os.getppid() != parent:  # it died meanwhile
            os._exit(1)
        if not grace:
            return
    threading.Thread(target=_outlive, args=(parent, grace), name="end-with-parent", daemon=True).start()


def freeze(child: Child) -> None:
    """Stop it where it is, without its knowing. Nothing if it has ended."""
    _send(child, signal.SIGSTOP)


def thaw(child: Child) -> None:
    """Let a frozen process go on. Nothing if it has ended."""
    _send(child, signal.SIGCONT)


def end_group(child: Child) -> None:
    """End it at once, and whatever it started and did not detach from itself. Nothing if it has ended."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def lock(descriptor: int) -> bool:
    """Take the open file for this process, until it closes it or dies; False if another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def resident_memory() -> int | None:
    """Bytes of memory that this process has in use now; None where that is not told."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_descriptors() -> tuple[int | None, int | None]:
    """How many descriptors this process has open, and how many of them are sockets."""
    modes = []
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the one that the folder was listed by is closed again
            modes.append(os.fstat(int(name)).st_mode)
    return len(modes), sum(map(stat.S_ISSOCK, modes))


def thread_count() -> int | None:
    """Threads of this process, Python's and others; None where that is not told."""
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else None


def notify_service(state: str) -> None:
    """Tell the service manager that started this process how it is (sd_notify). Nothing where there is none, and never fails."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        notes.settimeout(0.1)
        notes.sendto(state.encode(), address)


def on_stop(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Have `loop` call `callback` when the process is asked to end (Ctrl-C, SIGTERM, hang-up). Main thread only.

    Works with any loop that has `add_reader`, Qt's too: the signal wakes it through a socket.
    """
    receiver, sender = socket.socketpair()
    receiver.settimeout(0)
    sender.settimeout(0)
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def woken() -> None:
        numbers = receiver.recv(64)
        if any(number in stops for number in numbers):
            callback()

    loop.add_reader(receiver, woken)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    _keep.extend((receiver, sender))
    for number in stops:
        signal.signal(number, _noted)


_keep: list[socket.socket] = []  # for the life of the process, as the signal handlers are


def _noted(number: int, frame: object) -> None:
    """The byte in the socket says it all."""


def _send(child: Child, number: signal.Signals) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, number)


def _set_parent_death_signal(number: signal.Signals) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _outlive(parent: int, grace: float) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL)
    time.sleep(grace)
    os._exit(1)
