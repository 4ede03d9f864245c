"""Tasks that are named and kept: the one way to start a task. Knows nothing of what the tasks do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class TaskSet:
    """Owns the tasks of one component: keeps them alive, logs the failure of any, and ends them together."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coro: Coroutine[Any, Any, _T], *, name: str) -> asyncio.Task[_T]:
        """Run `coro` as the task `<set>.<name>`. RuntimeError once the set is closed (the coroutine never runs then)."""
        if self._closed:
            coro.close()
            raise RuntimeError(f"{self._name} is closed: {name} was not started")
        task = asyncio.get_running_loop().create_task(coro, name=f"{self._name}.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self, within: float | None = None) -> None:
        """Cancel every task and wait until all have ended, or `within` seconds; nothing can be started any more. Idempotent.

        Called from within one of the tasks, it leaves that one alone.
        """
        self._closed = True
        ending = self._tasks - {asyncio.current_task()}
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=within)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task %s failed", task.get_name(), exc_info=error)
