"""The program that is run whenever another server has become active. Real programs, short ones."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from vizclient.follow.hook import Change, Hook
from vizclient.redundancy.model import Server

TO_MAIN = Change(None, Server.MAIN, "started")
TO_BACKUP = Change(Server.MAIN, Server.BACKUP, "lost")
URLS: dict[str, Callable[[Server], str]] = {"URL": lambda server: f"opc.tcp://{server}:4840"}
PATIENCE = 10.0


def python(program: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", program]


def play(scene: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), PATIENCE))


async def until(happened: Callable[[], bool]) -> None:
    while not happened():  # noqa: ASYNC110 - another process sees to it
        await asyncio.sleep(0.01)


async def lines_of(file: Path, count: int) -> list[str]:
    await until(lambda: len(read(file)) >= count)
    return read(file)


def read(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.exists() else []


NOTE = """
import os, sys
names = ("OLD", "NEW", "CAUSE", "OLD_URL", "NEW_URL")
with open(sys.argv[1], "a") as file:
    print(*(os.environ["VIZCLIENT_" + name] or "-" for name in names), file=file)
"""


def test_the_program_is_told_what_changed(tmp_path: Path) -> None:
    file = tmp_path / "told"

    async def scene() -> None:
        hook = Hook([*python(NOTE), str(file)], 5, URLS)
        hook.start()
        hook.run(TO_MAIN)
        await lines_of(file, 1)
        hook.run(TO_BACKUP)
        assert await lines_of(file, 2) == [
            "- main started - opc.tcp://main:4840",
            "main backup lost opc.tcp://main:4840 opc.tcp://backup:4840",
        ]
        await hook.close()

    play(scene)


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    file = tmp_path / "told"
    program = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + chr(10))"

    async def scene() -> None:
        hook = Hook([*python(program), str(file), "$(id) ; > *"], 5, URLS)
        hook.start()
        hook.run(TO_MAIN)
        assert await lines_of(file, 1) == ["$(id) ; > *"]
        await hook.close()

    play(scene)


def test_never_two_at_a_time_and_of_what_came_meanwhile_the_last_only(tmp_path: Path) -> None:
    file, gate = tmp_path / "told", tmp_path / "gate"
    program = """
import os, pathlib, sys, time
file, gate = map(pathlib.Path, sys.argv[1:])
def note(word):
    with file.open("a") as out:
        print(word, os.environ["VIZCLIENT_CAUSE"], file=out)
note("begins")
while not gate.exists():
    time.sleep(0.005)
note("ends")
"""

    async def scene() -> None:
        hook = Hook([*python(program), str(file), str(gate)], 8, URLS)
        hook.start()
        hook.run(TO_MAIN)
        await lines_of(file, 1)
        for number in range(3):
            hook.run(Change(Server.MAIN, Server.BACKUP, f"later-{number}"))
            await asyncio.sleep(0)
        gate.touch()
        assert await lines_of(file, 4) == ["begins started", "ends started", "begins later-2", "ends later-2"]
        await hook.close()

    play(scene)


def test_what_it_says_and_how_it_ended_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def scene() -> None:
        program = "import sys; print('moved'); print('but', file=sys.stderr); sys.exit(3)"
        hook = Hook(python(program), 5, URLS)
        hook.start()
        hook.run(TO_BACKUP)
        await until(lambda: "ended with code 3" in caplog.text)
        await hook.close()

    play(scene)
    [record] = [record for record in caplog.records if "ended with code" in record.message]
    assert record.levelno == logging.ERROR
    assert "moved" in record.message
    assert "but" in record.message


def test_one_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "pids"
    program = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(60)"])
with open(sys.argv[1], "w") as out:
    print(os.getpid(), child.pid, sep=chr(10), file=out)
time.sleep(60)
"""

    async def scene() -> None:
        hook = Hook([*python(program), str(file)], 0.5, URLS)
        hook.start()
        hook.run(TO_MAIN)
        pids = [int(line) for line in await lines_of(file, 2)]
        await until(lambda: not any(runs(pid) for pid in pids))
        assert "did not end within 0.5 s" in caplog.text
        await hook.close()

    play(scene)


def test_one_under_way_is_ended_when_the_service_ends(tmp_path: Path) -> None:
    file = tmp_path / "pid"

    async def scene() -> None:
        program = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(60)"
        hook = Hook([*python(program), str(file)], 30, URLS)
        hook.start()
        hook.run(TO_MAIN)
        [pid] = await lines_of(file, 1)
        await hook.close()
        await until(lambda: not runs(int(pid)))

    play(scene)


def test_one_that_failed_is_tried_again_until_it_does_not(tmp_path: Path) -> None:
    file = tmp_path / "tries"
    program = """
import sys
with open(sys.argv[1], "a") as out:
    print("try", file=out)
sys.exit(len(open(sys.argv[1]).readlines()) < 3)
"""

    async def scene() -> None:
        hook = Hook([*python(program), str(file)], 5, URLS, retry=0.01)
        hook.start()
        hook.run(TO_MAIN)
        await lines_of(file, 3)
        await asyncio.sleep(0.1)
        assert len(read(file)) == 3
        await hook.close()

    play(scene)


def test_a_program_that_is_not_there_is_said_in_the_log_and_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        hook = Hook(["/no/such/program"], 5, URLS)
        hook.start()
        hook.run(TO_MAIN)
        await until(lambda: "/no/such/program cannot be run" in caplog.text)
        await hook.close()

    play(scene)


def runs(pid: int) -> bool:
    try:
        letter = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return letter not in "ZX"
