"""Clients that know nothing of main and backup: curl, mosquitto_sub and an OPC UA client; and whom each has reached, and when."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

Seen = tuple[float, str]
"""When (perf_counter) which server, "main" or "backup", answered."""
PATIENCE = 20.0
TOPIC = "building/who"

_UA_CLIENT = Path(__file__).with_name("ua_client.py")
_PAUSE = 0.03


class OrdinaryClient:
    """Something that goes on for as long as the block lasts, and notes who answered."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []
        self._changed = threading.Condition()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._go_on, name=type(self).__name__, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._stop()
        self._thread.join(10)

    @property
    def seen(self) -> list[Seen]:
        """All answers so far."""
        with self._changed:
            return list(self._seen)

    def first(self, server: str, since: float) -> float:
        """When `server` first answered after `since`; waits for it."""

        def found() -> float | None:
            return next((at for at, who in self._seen if at > since and who == server), None)

        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, PATIENCE):
                raise AssertionError(f"{type(self).__name__} did not reach {server}: {self._seen[-5:]}")
            at = found()
            assert at is not None
            return at

    def _note(self, text: str, at: float | None = None) -> None:
        for server in ("main", "backup"):
            if server in text:
                with self._changed:
                    self._seen.append((time.perf_counter() if at is None else at, server))
                    self._changed.notify_all()

    def _go_on(self) -> None:
        raise NotImplementedError

    def _stop(self) -> None:
        """End what is under way."""


class InALoop(OrdinaryClient):
    """A command that is run again as soon as it has ended."""

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__()
        self._command = list(command)

    def _go_on(self) -> None:
        while not self._ended.is_set():
            done = subprocess.run(
                self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
            )
            if done.returncode == 0:
                self._note(done.stdout)
            self._ended.wait(_PAUSE)


class Staying(OrdinaryClient):
    """A process that stays, and says a line for each answer. `read`: when it came, if the line says so, from whom, and on which connection."""

    def __init__(self, command: Sequence[str], read: Callable[[str], tuple[float | None, str, int]]) -> None:
        super().__init__()
        self._command = list(command)
        self._read = read
        self.connections = 0
        """How many it has had, where it says so."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        return super().__enter__()

    def _go_on(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            at, server, self.connections = self._read(line)
            self._note(server, at)

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def curl(port: int) -> OrdinaryClient:
    """curl in a loop."""
    return InALoop(["curl", "--silent", "--fail", "--max-time", "1", f"http://127.0.0.1:{port}/who"])


def mqtt_in_a_loop(port: int) -> OrdinaryClient:
    """mosquitto_sub that comes for one message, again and again; cut off in the midst, it would wait (see `mqtt_staying`)."""
    command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", TOPIC, "-C", "1"]
    return InALoop(["timeout", "0.4", *command])


def mqtt_staying(port: int) -> OrdinaryClient:
    """mosquitto_sub that stays connected. When it loses its connection it waits for a second, which cannot be set."""
    command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", TOPIC]
    return Staying(command, lambda line: (None, line, 0))


def opc_ua(port: int) -> OrdinaryClient:
    """An OPC UA client in a process of its own."""

    def read(line: str) -> tuple[float, str, int]:
        row = json.loads(line)
        return row["t"], row["server"], row["connection"]

    return Staying([sys.executable, "-P", str(_UA_CLIENT), f"opc.tcp://127.0.0.1:{port}"], read)
