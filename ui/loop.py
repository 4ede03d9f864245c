"""asyncio on Qt's event loop. The only place that knows qasync; knows nothing of what runs on the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from PySide6.QtWidgets import QApplication

os.environ["QT_API"] = "pyside6"  # qasync obeys this variable, whoever set it

import qasync

_T = TypeVar("_T")


class LoopEnded(RuntimeError):
    """Qt left its loop for good, and nothing can run on it any more: the display has gone."""


def run(application: QApplication, main: Callable[[], Coroutine[Any, Any, _T]]) -> _T | None:
    """Run `main()` to its end on `application`'s loop, then end every task that is left.

    None if it was ended from outside: by a cancellation, or by the desktop (log out). `main` is cancelled then, so that its
    `finally` still runs. Raises LoopEnded if not even that is possible.
    """
    ended = False

    async def whole() -> _T:
        nonlocal ended
        try:
            return await main()
        finally:
            ended = True

    try:
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
            return runner.run(whole())
    except (asyncio.CancelledError, KeyboardInterrupt):
        return None
    except RuntimeError as error:
        # What qasync says when Qt's loop was left first; the runner has cancelled `main` and waited for it by now.
        if "stopped before Future completed" not in str(error):
            raise
        if ended:
            return None
        raise LoopEnded from error
