"""An event loop whose clock jumps to the next timer: nothing ever really sleeps, and every run is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

EPOCH = 1_700_000_000.0


class Deadlock(RuntimeError):
    """Everything waits, and nothing is left that could happen."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without sockets and threads; `time()` is virtual seconds since it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = _JumpingClock(self)
        self.failures: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.failures.append(context))

    def time(self) -> float:
        return self.now

    def next_timer(self) -> float | None:
        """When the next timer is due, cancelled ones included."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return scheduled[0].when() if scheduled else None

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No other thread wakes this loop."""


class _JumpingClock:
    """In the selector's place: to wait is to move the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock
        if timeout > 0:
            due = self._loop.next_timer()
            later = self._loop.now + timeout
            self._loop.now = later if due is None else min(due, later)
        return []


class VirtualClock:
    """The `Clock` of a virtual loop; `wall_offset` moves the wall clock alone, as sleep or a clock setting does."""

    def __init__(self) -> None:
        self.wall_offset = EPOCH

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return self.monotonic() + self.wall_offset


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run `main` in virtual time. AssertionError if a task or callback failed unheard, or a task was left behind."""
    loop = VirtualLoop()

    async def whole() -> _T:
        result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {sorted(task.get_name() for task in left)}"
        return result

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(whole())
    assert not loop.failures, loop.failures
    return result
