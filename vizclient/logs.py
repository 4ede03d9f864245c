"""The log of a process, and what it finds out about the end of the one before it. Knows nothing of Qt and of what is logged.

Each process has a file of its own, `NAME.log`, and `NAME-2.log` and so on for those that run beside it: a slot, held by
a locked file `NAME.running`, which the system unlocks however the process ends. A clean end empties that file; one that
is unlocked but not empty tells of an unclean end.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import logging.handlers
import os
import re
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from vizclient.machine import lock

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger(__name__)

_MOST_BYTES = 2_000_000
_OLDER_FILES = 4
_MOST_SLOTS = 99
_MOST_CHARACTERS = 20_000  # of one entry


@dataclass(frozen=True, slots=True)
class UncleanEnd:
    """The process that had this log before did not end in order. `started`: unix seconds. `trace`: of a crash, else ""."""

    pid: int
    started: float
    trace: str


class Log:
    """The log of this process, from its start to `close`. One for each process; where it cannot be written, nothing fails."""

    def __init__(self, name: str, folder: Path, *, level: int = logging.INFO) -> None:
        """Log to `folder`/`name`.log, and have everything that nobody caught logged there."""
        self.path: Path | None = None
        self._marker: IO[str] | None = None
        self._faults: IO[str] | None = None
        self._handler: logging.Handler = logging.NullHandler()
        self._hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
        unclean_end = None
        try:
            unclean_end = self._open(name, folder)
        except OSError as error:
            why = error.strerror or error
            print(f"vizclient: no log can be kept in {folder}: {why}", file=sys.stderr)  # noqa: T201 - there is no log to tell it to
        self.unclean_end = unclean_end
        self._handler.setFormatter(RedactingFormatter())
        self._handler.addFilter(_without_key_material)
        root = logging.getLogger()
        self._level_before = root.level
        root.setLevel(level)
        root.addHandler(self._handler)
        logging.captureWarnings(True)  # noqa: FBT003 - its only argument
        sys.excepthook = self._uncaught
        sys.unraisablehook = _unraisable
        threading.excepthook = _thread_failed
        if unclean_end is not None:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unclean_end.started))
            _log.warning("process %d, started %s, did not end in order\n%s", unclean_end.pid, when, unclean_end.trace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the failures that nobody awaits in `loop` logged."""
        loop.set_exception_handler(_loop_failed)

    @staticmethod
    def qt_message(level: int, category: str, text: str) -> None:
        """Log what Qt says; `level` is one of `logging`'s. For the window's message handler; any thread."""
        logging.getLogger(f"qt.{category}").log(level, "%s", text)

    def close(self) -> None:
        """The process ends in order: say so, and give back every hook. Idempotent."""
        logging.getLogger().removeHandler(self._handler)
        logging.getLogger().setLevel(self._level_before)
        logging.captureWarnings(False)  # noqa: FBT003 - its only argument
        sys.excepthook, sys.unraisablehook, threading.excepthook = self._hooks
        self._handler.close()
        if self._faults is not None:
            faulthandler.disable()
            self._faults.close()
            self._faults = None
        if self._marker is not None:
            with contextlib.suppress(OSError):
                self._marker.seek(0)
                self._marker.truncate()
            self._marker.close()
            self._marker = None

    def _open(self, name: str, folder: Path) -> UncleanEnd | None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        slot, self._marker = _free_slot(name, folder)
        path = folder / f"{slot}.log"
        self._handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_MOST_BYTES, backupCount=_OLDER_FILES, encoding="utf-8", errors="backslashreplace"
        )
        self.path = path
        faults = folder / f"{slot}.crash"
        unclean_end = _read_marker(self._marker, faults)
        self._marker.seek(0)
        self._marker.truncate()
        json.dump({"pid": os.getpid(), "started": time.time()}, self._marker)
        self._marker.flush()
        self._faults = open(faults, "w", encoding="utf-8")  # noqa: SIM115 - open until `close`
        faulthandler.enable(self._faults)
        return unclean_end

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            _log.critical("uncaught", exc_info=(kind, error, trace))
        self._hooks[0](kind, error, trace)


class RedactingFormatter(logging.Formatter):
    """One record, one entry: time with offset, level, logger, text; secrets struck out, further lines indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-8s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Local time to the millisecond, with the offset from UTC."""
        local = time.localtime(record.created)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{int(record.msecs):03}{time.strftime('%z', local)}"

    def format(self, record: logging.LogRecord) -> str:
        """The entry. Control characters, which a server may have sent, are escaped."""
        text = redacted(super().format(record)).rstrip()
        if len(text) > _MOST_CHARACTERS:
            half = _MOST_CHARACTERS // 2
            text = f"{text[:half]} [{len(text) - 2 * half} characters left out] {text[-half:]}"
        return "\n    ".join(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line) for line in text.splitlines())


def redacted(text: str) -> str:
    """`text` without the secrets that can be told by their form: named values, passwords in URLs, private keys.

    Takes time in proportion to the length of `text`, whatever is in it: a server may have sent it.
    """
    text = _PRIVATE_KEY.sub("[private key]", text)
    text = _USER_INFO.sub(r"\1[secret]@", text)
    return _NAMED_SECRET.sub(r"\1[secret]", text)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_USER_INFO = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
_NAMED_SECRET = re.compile(
    r"""((?:pass(?:word|phrase|wd)|pwd|secret|token|private_?key|key_?material|(?:signing|encryption|session)_?key)"""
    r"""\w{0,32}["']?\s{0,4}[=:]\s{0,4})(?:b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[^\s,;)\]}]+)""",
    re.IGNORECASE,
)


def _without_key_material(record: logging.LogRecord) -> bool:
    """The OPC UA library writes keys below WARNING; whatever the level of its loggers, that never reaches a file."""
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] != "asyncua"


def _free_slot(name: str, folder: Path) -> tuple[str, IO[str]]:
    for number in range(1, _MOST_SLOTS + 1):
        slot = name if number == 1 else f"{name}-{number}"
        marker = open(folder / f"{slot}.running", "a+", encoding="utf-8")  # noqa: SIM115 - open as long as the slot is held
        if lock(marker.fileno()):
            return slot, marker
        marker.close()
    raise OSError(f"{_MOST_SLOTS} processes log as {name} already")


def _read_marker(marker: IO[str], faults: Path) -> UncleanEnd | None:
    marker.seek(0)
    content = marker.read()
    if not content:
        return None
    trace = ""
    with contextlib.suppress(OSError):
        trace = faults.read_text(encoding="utf-8", errors="backslashreplace")[:_MOST_CHARACTERS]
    try:
        found = json.loads(content)
        return UncleanEnd(int(found["pid"]), float(found["started"]), trace)
    except (ValueError, KeyError, TypeError):  # it ended while it wrote this
        return UncleanEnd(0, 0.0, trace)


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    error = unraisable.exc_value
    _log.error(
        "%s in %s",
        unraisable.err_msg or "exception ignored",
        type(unraisable.object).__qualname__,
        exc_info=(unraisable.exc_type, error, unraisable.exc_traceback) if error is not None else None,
    )


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_type is SystemExit or failure.exc_value is None:
        return
    name = failure.thread.name if failure.thread is not None else "?"
    _log.error("thread %s failed", name, exc_info=(failure.exc_type, failure.exc_value, failure.exc_traceback))


def _loop_failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    about = {key: value for key, value in context.items() if key not in {"message", "exception", "source_traceback"}}
    source = "".join(traceback.format_list(context.get("source_traceback") or []))
    _log.error("%s %r\n%s", context.get("message", "event loop"), about, source, exc_info=context.get("exception"))
