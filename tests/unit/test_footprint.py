"""What a process holds of the machine is counted truly, and noted where it was asked for."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from fakes.virtual_time import run
from vizclient.footprint import Footprint, ResourceTrace, footprint, keep_account
from vizclient.tasks import TaskSet

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells all of it")


@linux
def test_each_descriptor_socket_thread_and_task_more_is_counted(tmp_path: Path) -> None:
    async def run() -> tuple[Footprint, Footprint]:
        before, go, tasks = footprint(), threading.Event(), TaskSet("test")
        first, second = socket.socketpair()
        thread = threading.Thread(target=go.wait)
        thread.start()
        tasks.start(asyncio.sleep(3600), name="one more")
        with first, second, (tmp_path / "file").open("w"):
            after = footprint()
        go.set()
        await asyncio.to_thread(thread.join)
        await tasks.close()
        return before, after

    before, after = asyncio.run(run())
    assert before.descriptors is not None
    assert before.sockets is not None
    assert after.descriptors == before.descriptors + 3
    assert after.sockets == before.sockets + 2
    assert after.threads == before.threads + 1
    assert after.tasks == before.tasks + 1


@linux
def test_memory_is_what_is_in_use_now(tmp_path: Path) -> None:
    async def run() -> list[float | None]:
        before = footprint().memory_mb
        block = bytearray(os.urandom(1 << 20) * 64)
        during = footprint().memory_mb
        del block
        return [before, during, footprint().memory_mb]

    before, during, after = asyncio.run(run())
    assert before is not None
    assert during is not None
    assert after is not None
    assert during - before > 60
    assert during - after > 60


def test_the_log_has_it_every_ten_minutes_and_the_trace_four_times_a_second(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "trace"

    async def play() -> None:
        trace, tasks = ResourceTrace(file, "window"), TaskSet("test")
        tasks.start(keep_account(), name="log")
        tasks.start(keep_account(trace), name="trace and log")
        await asyncio.sleep(1300)
        await tasks.close()
        trace.close()

    with caplog.at_level(logging.INFO, logger="vizclient.footprint"):
        run(play())
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(caplog.messages) == 4
    assert len(rows) == 4 * 1300 - 1
    assert {(row["process"], row["pid"], row["tasks"]) for row in rows} == {("window", os.getpid(), 3)}
    assert caplog.messages[-1].endswith("tasks 3")


def test_what_the_system_does_not_tell_is_left_out_of_the_log() -> None:
    assert str(Footprint(None, 12, None, 3, 4)) == "descriptors 12, threads 3, tasks 4"
    assert str(Footprint(81.5, 12, 2, 3, 4)) == "memory 81.5, descriptors 12, sockets 2, threads 3, tasks 4"
