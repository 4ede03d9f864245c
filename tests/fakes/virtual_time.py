"""An event loop whose clock jumps to the next timer: nothing ever really sleeps, and every run is the same."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import count
from typing import Any, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

EPOCH = 1_700_000_000.0
_MOST_AT_ONE_MOMENT = 100_000


class Deadlock(RuntimeError):
    """Everything waits, and nothing is left that could happen; or everything happens, and time does not go by."""


class _Handle(asyncio.TimerHandle):
    """A callback that waits for its turn; `None` once it was cancelled."""

    __slots__ = ("args", "callback", "due")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], due: float = 0.0) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.due = due

    def __repr__(self) -> str:
        return f"<{self.callback} at {self.due}>"

    def cancel(self) -> None:
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.due


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without sockets, threads and contexts: callbacks in order, and timers. `time()` is virtual seconds.

    `settled` is called whenever all has been done that could be done at one moment, before the clock moves on.
    """

    def __init__(self) -> None:
        self._at_work = False
        self._ended = False
        super().__init__()
        self.now = 0.0
        self.failures: list[dict[str, Any]] = []
        self.settled: Callable[[], None] | None = None
        self._waiting: deque[_Handle] = deque()
        self._timers: list[tuple[float, int, _Handle]] = []
        self._numbers = count()

    def time(self) -> float:
        return self.now

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self._ended:
            raise RuntimeError("the loop is closed")
        handle = _Handle(callback, args)
        self._waiting.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = _Handle(callback, args, when)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: object = None, **_: Any) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, name=None if name is None else str(name))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._at_work

    def is_closed(self) -> bool:
        return self._ended

    def close(self) -> None:
        self._ended = True
        self._waiting.clear()
        self._timers.clear()
        super().close()

    def run_until_complete(self, future: Any) -> Any:
        task = asyncio.ensure_future(future, loop=self)  # noqa: TID251 it is kept and awaited here
        asyncio.events._set_running_loop(self)
        self._at_work = True
        try:
            self._do_what_can_be_done()
            while not task.done():
                self._jump()
                self._do_what_can_be_done()
        finally:
            self._at_work = False
            asyncio.events._set_running_loop(None)
        return task.result()

    def _do_what_can_be_done(self) -> None:
        ready, timers = self._waiting, self._timers
        for _ in range(_MOST_AT_ONE_MOMENT):
            while timers and timers[0][0] <= self.now:
                ready.append(heapq.heappop(timers)[2])
            if not ready:
                break
            for _ in range(len(ready)):
                handle = ready.popleft()
                if handle.callback is not None:
                    try:
                        handle.callback(*handle.args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # noqa: BLE001 as every loop does
                        self.call_exception_handler({"message": str(error), "exception": error, "handle": handle})
        else:
            raise Deadlock("time does not go by")
        if self.settled is not None:
            self.settled()

    def _jump(self) -> None:
        """To the next timer, unless there is something to do now."""
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heapq.heappop(timers)
        if not self._waiting:
            if not timers:
                raise Deadlock("nothing is left that could happen")
            self.now = max(self.now, timers[0][0])


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

    try:
        result: _T = loop.run_until_complete(whole())
    finally:
        _end_all(loop)
    assert not loop.failures, loop.failures
    return result


def _end_all(loop: VirtualLoop) -> None:
    loop.settled = None
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
