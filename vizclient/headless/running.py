"""What every headless command does around its work: profile, log, event loop, Ctrl-C, and words for what goes wrong."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from vizclient import machine
from vizclient.exits import Exit
from vizclient.faults import FaultError
from vizclient.items.address import Address, AddressError, parse_address
from vizclient.logs import Log
from vizclient.phrases import phrase
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile
from vizclient.profiles.model import Profile

_log = logging.getLogger(__name__)


def complain(code: str, arguments: Mapping[str, object]) -> None:
    """One message in words on standard error."""
    said = {
        name: _reason(argument) if isinstance(argument, OSError) else argument for name, argument in arguments.items()
    }
    print(f"vizclient: {phrase(code, said)}", file=sys.stderr)


def complain_of(error: FaultError) -> None:
    """Everything that is wrong with a file, each with its place."""
    for fault in error.faults:
        place = f"{fault.place}: " if fault.place else ""
        print(f"vizclient: {place}{phrase(fault.code, fault.arguments)}", file=sys.stderr)


def run_headless(
    command: str,
    profile: str,
    data_dir: Path | None,
    work: Callable[[Profile, Places], Coroutine[Any, Any, Exit]],
    *,
    stopped: Exit,
) -> Exit:
    """Run `work` in an event loop of its own; `stopped` is what Ctrl-C ends with, unless the work says otherwise."""
    places = Places.of(data_dir)
    try:
        loaded = load_profile(profile, places.config / "profiles")
    except ProfileError as error:
        complain_of(error)
        return Exit.USAGE
    return run_logged(command, places, lambda: work(loaded, places), stopped=stopped)


def run_logged(command: str, places: Places, work: Callable[[], Coroutine[Any, Any, Exit]], *, stopped: Exit) -> Exit:
    """Run `work` in an event loop of its own, with a log; see `run_headless`."""
    with Log(command, places.logs) as log:
        try:
            return asyncio.run(_until_stopped(work(), log, stopped))
        except BrokenPipeError:  # who read our output has had enough
            _silence_stdout()
            return Exit.DONE
        except Exception:  # noqa: BLE001 - whatever it is, it is logged and said where
            _log.exception("%s failed", command)
            complain("internal-error", {"log": log.path or places.logs})
            return Exit.INTERNAL


async def _until_stopped(work: Coroutine[Any, Any, Exit], log: Log, stopped: Exit) -> Exit:
    loop = asyncio.get_running_loop()
    log.watch_loop(loop)
    task = asyncio.current_task()
    assert task is not None
    asked = False

    def stop() -> None:
        nonlocal asked
        asked = True
        task.cancel()

    machine.on_stop(loop, stop)
    try:
        return await work
    except asyncio.CancelledError:
        if not asked:
            raise
        return stopped


def address_of(text: str, profile: Profile) -> Address | None:
    """The address meant by an argument; None when it was complained of."""
    try:
        return parse_address(text, profile.namespaces)
    except AddressError as error:
        complain(error.code, {"text": error.text, "known": ", ".join(error.known) or "–"})
        return None


def _reason(error: OSError) -> str:
    """The system's words, without its number."""
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename is not None else what


def _silence_stdout() -> None:
    """Nothing more is written, not even when the interpreter flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
