"""The Windows side of the seam, through ctypes."""

from __future__ import annotations

import ctypes
import msvcrt
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from ctypes import wintypes
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from vizclient.machine import Child

assert sys.platform == "win32"

_PROCESS_TERMINATE = 0x0001
_PROCESS_SET_QUOTA = 0x0100
_PROCESS_SUSPEND_RESUME = 0x0800
_JOB_EXTENDED_LIMIT_INFORMATION = 9
_JOB_LIMIT_KILL_ON_CLOSE = 0x2000
_LOCKED_BYTE = 1 << 30  # far beyond the content: a locked byte cannot be read by others


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
        ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_ulonglong * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class _MemoryCounters(ctypes.Structure):
    _fields_ = (
        ("Size", wintypes.DWORD),
        ("PageFaultCount", wintypes.DWORD),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
    )


def interpreter() -> str:
    """The Python that children run in: the real one without a console, not a virtual environment's launcher.

    The launcher would be the process that we hold, freeze and end, while the work is done in a child of it.
    """
    python = Path(getattr(sys, "_base_executable", sys.executable))
    windowless = python.with_name(python.name.lower().replace("python.exe", "pythonw.exe"))
    return str(windowless if windowless.exists() else python)


def spawn_options(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Arguments for `subprocess.Popen` or `asyncio.create_subprocess_exec`; `env` is added to the environment.

    No console window, and a process group of its own, so that Ctrl-C reaches the parent alone.
    """
    environment = {**os.environ, **(env or {})}
    if interpreter() != sys.executable:
        environment["__PYVENV_LAUNCHER__"] = sys.executable  # so it finds the packages of our virtual environment
    return {
        "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP,
        "env": environment,
    }


def tie(child: Child) -> None:
    """Make the child, and what it starts, end with this process. Nothing if it has ended. Raises OSError."""
    _with_process(child, _PROCESS_TERMINATE | _PROCESS_SET_QUOTA, _assign)


def end_with_parent(grace: float = 0.0) -> None:
    """Called by a child at its start. Here the parent sees to it, with `tie`; there is no grace."""


def freeze(child: Child) -> None:
    """Stop it where it is, without its knowing. Nothing if it has ended."""
    _with_process(child, _PROCESS_SUSPEND_RESUME, ctypes.WinDLL("ntdll").NtSuspendProcess)


def thaw(child: Child) -> None:
    """Let a frozen process go on. Nothing if it has ended."""
    _with_process(child, _PROCESS_SUSPEND_RESUME, ctypes.WinDLL("ntdll").NtResumeProcess)


def end_group(child: Child) -> None:
    """End it at once; what it started ends with us. Nothing if it has ended."""
    _with_process(child, _PROCESS_TERMINATE, lambda process: _kernel32().TerminateProcess(process, 1))


def lock(descriptor: int) -> bool:
    """Take the open file for this process, until it closes it or dies; False if another process has it."""
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def resident_memory() -> int | None:
    """Bytes of memory that this process has in use now; None where that is not told."""
    counters = _MemoryCounters()
    size = counters.Size = ctypes.sizeof(counters)
    kernel32 = _kernel32()
    if not kernel32.K32GetProcessMemoryInfo(kernel32.GetCurrentProcess(), ctypes.byref(counters), size):
        return None
    return int(counters.WorkingSetSize)


def open_descriptors() -> tuple[int | None, int | None]:
    """How many handles this process has open; how many of them are sockets is not told here."""
    count = wintypes.DWORD()
    kernel32 = _kernel32()
    told = kernel32.GetProcessHandleCount(kernel32.GetCurrentProcess(), ctypes.byref(count))
    return (count.value if told else None), None


def thread_count() -> int | None:
    """Threads of this process, Python's and others; None where that is not told."""
    return None


def notify_service(state: str) -> None:
    """Tell the service manager how this process is: here it does not ask."""


def on_stop(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Have `loop` call `callback` when the process is asked to end (Ctrl-C, Ctrl-Break). Main thread only."""

    def stop(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(callback)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGBREAK, stop)


@cache
def _kernel32() -> ctypes.WinDLL:
    library = ctypes.WinDLL("kernel32", use_last_error=True)
    library.CreateJobObjectW.restype = wintypes.HANDLE
    library.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
    library.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD)
    library.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    library.OpenProcess.restype = wintypes.HANDLE
    library.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    library.GetCurrentProcess.restype = wintypes.HANDLE
    library.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, wintypes.LPVOID, wintypes.DWORD)
    library.GetProcessHandleCount.argtypes = (wintypes.HANDLE, wintypes.LPDWORD)
    library.TerminateProcess.argtypes = (wintypes.HANDLE, wintypes.UINT)
    library.CloseHandle.argtypes = (wintypes.HANDLE,)
    return library


@cache
def _job() -> int:
    """The job of this process's children. Its handle is never closed: the end of this process does that, and ends them."""
    job = _kernel32().CreateJobObjectW(None, None)
    if not job:
        raise ctypes.WinError(ctypes.get_last_error())
    limits = _ExtendedLimits()
    limits.BasicLimitInformation.LimitFlags = _JOB_LIMIT_KILL_ON_CLOSE
    size = ctypes.sizeof(limits)
    if not _kernel32().SetInformationJobObject(job, _JOB_EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), size):
        raise ctypes.WinError(ctypes.get_last_error())
    return int(job)


def _assign(process: wintypes.HANDLE) -> None:
    if not _kernel32().AssignProcessToJobObject(_job(), process):
        raise ctypes.WinError(ctypes.get_last_error())


def _with_process(child: Child, access: int, act: Callable[[wintypes.HANDLE], object]) -> None:
    if child.returncode is not None:
        return
    handle = _kernel32().OpenProcess(access, False, child.pid)  # noqa: FBT003 - the handle is not inherited
    if not handle:
        return  # it has ended
    process = wintypes.HANDLE(handle)
    try:
        act(process)
    finally:
        _kernel32().CloseHandle(process)
