"""Children: started safely, frozen, thawed, and never outliving their parent. Real processes, each ended by its handle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from vizclient.machine import freeze, spawn_options, thaw, tie

PATIENCE = 10.0


@contextlib.contextmanager
def started(program: str) -> Iterator[subprocess.Popen[str]]:
    """A Python child running `program`, ended whatever happens."""
    command = [sys.executable, "-P", "-c", textwrap.dedent(program)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **spawn_options()
    ) as child:
        try:
            tie(child)
            yield child
        finally:
            child.kill()


def out(child: subprocess.Popen[str]) -> IO[str]:
    assert child.stdout is not None
    return child.stdout


def state(pid: int) -> str:
    """The state letter of a process on Linux; "" when it is gone (a zombie is gone)."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if letter in "ZX" else letter


def wait_for_state(pid: int, wanted: str) -> None:
    until = time.perf_counter() + PATIENCE
    while state(pid) not in wanted if wanted else state(pid):
        assert time.perf_counter() < until, f"process {pid} is {state(pid)!r}, not {wanted!r}"
        time.sleep(0.005)


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
def test_a_frozen_child_stands_still_until_it_is_thawed() -> None:
    with started("while True: print('alive', flush=True); input()") as child:
        assert out(child).readline() == "alive\n"
        freeze(child)
        wait_for_state(child.pid, "T")
        thaw(child)
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
        assert out(child).readline() == "alive\n"


def test_freezing_and_thawing_what_has_ended_does_nothing() -> None:
    with started("") as child:
        child.wait(PATIENCE)
        freeze(child)
        thaw(child)
        assert child.returncode == 0


def test_the_environment_of_a_child_is_ours_and_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIZCLIENT_OURS", "1")
    environment = spawn_options({"VIZCLIENT_MORE": "2"})["env"]
    assert (environment["VIZCLIENT_OURS"], environment["VIZCLIENT_MORE"]) == ("1", "2")
    assert "VIZCLIENT_MORE" not in os.environ


@linux
def test_a_child_is_not_in_the_terminal_group_of_its_parent() -> None:
    with started("import os; print(os.getpgid(0) == os.getpid(), flush=True); input()") as child:
        assert out(child).readline() == "True\n"


PARENT = """
    import subprocess, sys
    from vizclient.machine import spawn_options, tie
    child = subprocess.Popen([sys.executable, "-P", "-c", {child!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **spawn_options())
    tie(child)
    child.stdout.readline()
    print(child.pid, flush=True)
    input()
"""


def parent_of(child: str) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    """A child of ours that starts `child` and says its number once it has printed a line."""
    return started(PARENT.format(child=textwrap.dedent(child)))


@linux
@pytest.mark.parametrize("frozen", [False, True])
def test_a_child_dies_with_its_killed_parent_even_when_it_is_frozen(*, frozen: bool) -> None:
    busy = """
        import time
        from vizclient.machine import end_with_parent
        end_with_parent()
        print(flush=True)
        while True: time.sleep(60)
    """
    with parent_of(busy) as parent:
        grandchild = int(out(parent).readline())
        if frozen:
            os.kill(grandchild, signal.SIGSTOP)
            wait_for_state(grandchild, "T")
        parent.kill()
        parent.wait(PATIENCE)
        wait_for_state(grandchild, "")


@linux
def test_a_child_with_grace_is_thawed_and_can_clean_up_after_its_killed_parent(tmp_path: Path) -> None:
    note = tmp_path / "note"
    tidy = f"""
        import sys
        from pathlib import Path
        from vizclient.machine import end_with_parent
        end_with_parent(grace=30.0)
        print(flush=True)
        sys.stdin.read()
        Path({str(note)!r}).write_text("session closed")
    """
    with parent_of(tidy) as parent:
        grandchild = int(out(parent).readline())
        os.kill(grandchild, signal.SIGSTOP)
        wait_for_state(grandchild, "T")
        parent.kill()
        parent.wait(PATIENCE)
        wait_for_state(grandchild, "")
    assert note.read_text() == "session closed"


@linux
def test_a_child_that_is_stuck_is_gone_when_its_grace_is_over() -> None:
    stuck = """
        import time
        from vizclient.machine import end_with_parent
        end_with_parent(grace=0.05)
        print(flush=True)
        while True: time.sleep(60)
    """
    with parent_of(stuck) as parent:
        grandchild = int(out(parent).readline())
        parent.kill()
        parent.wait(PATIENCE)
        wait_for_state(grandchild, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these to one process")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_to_end_reaches_the_event_loop_while_it_waits(number: str) -> None:
    waits = """
        import asyncio
        from vizclient.machine import on_stop

        async def run():
            asked = asyncio.Event()
            on_stop(asyncio.get_running_loop(), asked.set)
            print("ready", flush=True)
            await asked.wait()
            print("in order", flush=True)

        asyncio.run(run())
    """
    with started(waits) as child:
        assert out(child).readline() == "ready\n"
        os.kill(child.pid, getattr(signal, number))
        assert out(child).readline() == "in order\n"
        assert child.wait(PATIENCE) == 0
