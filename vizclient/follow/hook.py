"""The program that is run whenever another server has become the active one: to move a DNS entry, to send a message.

One run at a time, each with a limit; what came meanwhile is run afterwards, the last only. A run that failed is tried
again for as long as it is the last word. Knows nothing of what the program does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vizclient import machine
from vizclient.redundancy.model import Server
from vizclient.tasks import TaskSet

_log = logging.getLogger(__name__)

RETRY = 30.0
"""Seconds between attempts that fail."""

_MOST_OUTPUT = 8_000
_ENDING = 0.3


@dataclass(frozen=True, slots=True)
class Change:
    """`new` has become the active server; `old` was it before, None at the start. `cause`: a code."""

    old: Server | None
    new: Server
    cause: str


class Hook:
    """Runs `command` for the newest change. `urls`: by the name of what they lead to, the addresses of each server."""

    def __init__(
        self,
        command: Sequence[str],
        seconds: float,
        urls: Mapping[str, Callable[[Server], str]],
        *,
        retry: float = RETRY,
    ) -> None:
        self._command = tuple(command)
        self._seconds = seconds
        self._urls = urls
        self._retry = retry
        self._wanted: Change | None = None
        self._changed = asyncio.Event()
        self._tasks = TaskSet("hook")

    def start(self) -> None:
        """Wait for changes. Once, in the event loop."""
        self._tasks.start(self._keep_up(), name="runs")

    def run(self, change: Change) -> None:
        """`change` is to be told; what was to be told before, and was not, is told no more."""
        self._wanted = change
        self._changed.set()

    async def close(self) -> None:
        """No more runs; one under way is ended."""
        await self._tasks.close()

    async def _keep_up(self) -> None:
        pause: float | None = None
        while True:
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            change = self._wanted
            assert change is not None
            done = await self._run(change)
            pause = None if done else self._retry

    async def _run(self, change: Change) -> bool:
        """One run; whether it went well."""
        name = self._command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                **machine.spawn_options(self._environment(change)),
            )
        except (OSError, ValueError) as error:
            _log.error("the hook %s cannot be run: %s", name, error)
            return False
        machine.tie(process)
        code: int | None = None
        said = b""
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._seconds):
                said = await _last_of(process.stdout)
                code = await process.wait()
        except TimeoutError:
            _log.error("the hook %s did not end within %g s and was ended", name, self._seconds)
        finally:
            machine.end_group(process)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _ENDING)
        if code is not None:
            text = said.decode("utf-8", "replace").strip() or "nothing"
            level = logging.INFO if code == 0 else logging.ERROR
            told = f"{change.old or 'nobody'} to {change.new}"
            _log.log(level, "the hook %s, told of %s, ended with code %d and said: %s", name, told, code, text)
        return code == 0

    def _environment(self, change: Change) -> dict[str, str]:
        told = {"NEW": change.new.value, "OLD": change.old.value if change.old else "", "CAUSE": change.cause}
        for name, url_of in self._urls.items():
            told[f"NEW_{name}"] = url_of(change.new)
            told[f"OLD_{name}"] = url_of(change.old) if change.old else ""
        return {f"VIZCLIENT_{name}": value for name, value in told.items()}


async def _last_of(stream: asyncio.StreamReader) -> bytes:
    """The end of what is said until the stream ends."""
    said = b""
    while chunk := await stream.read(_MOST_OUTPUT):
        said = (said + chunk)[-_MOST_OUTPUT:]
    return said
