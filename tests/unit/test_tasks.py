"""Tasks are kept, named, heard when they fail, and ended together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import weakref

import pytest

from vizclient.tasks import TaskSet


def test_a_task_bears_the_name_of_its_set_and_its_own() -> None:
    async def run() -> str:
        tasks = TaskSet("link")
        task = tasks.start(asyncio.sleep(0), name="heartbeat")
        await task
        return task.get_name()

    assert asyncio.run(run()) == "link.heartbeat"


def test_a_task_that_nobody_holds_is_kept_until_it_has_ended() -> None:
    async def run() -> tuple[bool, int]:
        tasks = TaskSet("link")
        go = asyncio.Event()
        done = asyncio.Event()

        async def work() -> None:
            await go.wait()
            done.set()

        kept = weakref.ref(tasks.start(work(), name="work"))
        await asyncio.sleep(0)
        gc.collect()
        alive = kept() is not None
        go.set()
        await done.wait()
        await asyncio.sleep(0)
        return alive, len(tasks)

    assert asyncio.run(run()) == (True, 0)


def test_closing_waits_for_tasks_that_do_not_end_no_longer_than_it_may() -> None:
    async def run() -> tuple[int, int]:
        tasks, go = TaskSet("link"), asyncio.Event()

        async def cling() -> None:
            while not go.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await go.wait()

        clinging = tasks.start(cling(), name="work")
        await asyncio.sleep(0)
        await tasks.close(0.01)
        left = len(tasks)
        go.set()
        await clinging
        return left, clinging.cancelling()

    assert asyncio.run(run()) == (1, 1)


def test_a_failure_that_nobody_awaits_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("the reason")

    async def run() -> None:
        tasks = TaskSet("link")
        tasks.start(fail(), name="reader")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    (record,) = caplog.records
    assert "link.reader" in record.getMessage()
    assert record.exc_info is not None
    assert "the reason" in str(record.exc_info[1])


def test_closing_waits_until_every_task_has_cleaned_up() -> None:
    cleaned: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(name)

    async def run() -> int:
        tasks = TaskSet("link")
        tasks.start(work("a"), name="a")
        tasks.start(work("b"), name="b")
        await asyncio.sleep(0)
        await tasks.close()
        await tasks.close()
        return len(tasks)

    assert asyncio.run(run()) == 0
    assert sorted(cleaned) == ["a", "b"]


def test_closing_from_one_of_its_tasks_leaves_that_one_to_end_by_itself() -> None:
    async def run() -> str:
        tasks = TaskSet("link")
        other = tasks.start(asyncio.Event().wait(), name="other")

        async def closer() -> str:
            await tasks.close()
            return "ended by itself"

        said = await tasks.start(closer(), name="closer")
        assert other.cancelled()
        return said

    assert asyncio.run(run()) == "ended by itself"


def test_a_closed_set_starts_nothing() -> None:
    ran: list[str] = []

    async def work() -> None:
        ran.append("ran")

    async def run() -> None:
        tasks = TaskSet("link")
        await tasks.close()
        with pytest.raises(RuntimeError, match="link is closed"):
            tasks.start(work(), name="late")

    asyncio.run(run())
    assert ran == []


def test_whoever_closes_can_be_cancelled() -> None:
    async def stubborn(go: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await go.wait()
            raise

    async def run() -> None:
        tasks = TaskSet("link")
        go = asyncio.Event()
        tasks.start(stubborn(go), name="stubborn")
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tasks.close(), 0.01)
        assert len(tasks) == 1
        go.set()
        await tasks.close()
        assert len(tasks) == 0

    asyncio.run(run())
