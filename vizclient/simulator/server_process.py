"""One server's process over all its incarnations, as who started it sees it: what it says, and how it stands.

Only the standard library and the seam to the operating system.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vizclient import machine
from vizclient.redundancy.model import Server
from vizclient.simulator.options import Options

_MODULE: Final = "vizclient.simulator.process"

Event = dict[str, Any]
"""What a process said, or what was seen of it: "event", "server", "t" (unix), "p" (perf_counter) and more.

"started", "ready", "role" (role, reason, took; p is the exact moment), "state", "load" (what its clients hold: sessions,
subscriptions, monitored_items), "frozen", "thawed", "killed", "reply", "failed", "ended", "exited" (code).
"""


@dataclass(slots=True)
class ServerStatus:
    """How one server stands, by its last word."""

    running: bool = False
    ready: bool = False
    frozen: bool = False
    role: str = "standby"
    role_since: float | None = None
    peer: bool = False
    peer_ready: bool = False
    cut: bool = False
    level: int | None = None
    sessions: int = 0
    subscriptions: int = 0
    monitored_items: int = 0
    refused_logins: int = 0
    pid: int | None = None


@dataclass(slots=True)
class ServerProcess:
    """Its thread starts it, for a child may die with the thread that did."""

    server: Server
    options: Options
    heard: Callable[[Event], None]
    status: ServerStatus = field(default_factory=ServerStatus)
    failure: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _process: subprocess.Popen[str] | None = None
    _thread: threading.Thread | None = None
    _ending: bool = False

    def start(self) -> None:
        with self._lock:
            if self._ending:
                return
            self._kill()
            before = self._thread
            self._thread = threading.Thread(
                target=self._run, args=(before,), name=f"simulator {self.server}", daemon=True
            )
            self._thread.start()

    def kill(self) -> bool:
        with self._lock:
            if self._process is None or self._process.returncode is not None:
                return False
            self._kill()
            return True

    def freeze(self) -> bool:
        with self._lock:
            if self._process is None or self._process.returncode is not None:
                return False
            machine.freeze(self._process)
            return True

    def thaw(self) -> bool:
        with self._lock:
            if self._process is None or self._process.returncode is not None:
                return False
            machine.thaw(self._process)
            return True

    def send(self, command: dict[str, Any]) -> bool:
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.returncode is not None:
                return False
            try:
                process.stdin.write(json.dumps(command) + "\n")
                process.stdin.flush()
            except (OSError, ValueError):
                return False
            return True

    def end(self) -> None:
        with self._lock:
            self._ending = True
            self._kill()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(timeout=10.0)

    def log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return self._log().read_text(encoding="utf-8", errors="replace")[-2000:].strip() or "nothing logged"
        return "no log"

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _log(self) -> Path:
        return Path(self.options.data_dir) / f"{self.server}.log"

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        command = machine.child_command(_MODULE, self.server, self.options.to_json())
        try:
            with self._log().open("ab") as log, self._lock:
                if self._ending:
                    return
                self._process = process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    encoding="utf-8",
                    **machine.spawn_options(),
                )
                machine.tie(process)
        except OSError as error:
            self.failure = str(error)
            self._say("failed", error=str(error))
            return
        self.failure = None
        self._say("started", pid=process.pid)
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "failed":
                self.failure = event["error"]
            self.heard(event)
        code = process.wait()
        with self._lock:
            process.stdout.close()
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            if not self.status.ready and self.failure is None:
                self.failure = f"it exited with code {code}: {self.log_tail()}"
        self._say("exited", code=code)

    def _say(self, event: str, **fields: Any) -> None:
        now = {"t": time.time(), "p": time.perf_counter()}
        self.heard({"event": event, "server": self.server.value, **now, **fields})


def follow(status: ServerStatus, event: Event) -> None:
    """Bring the status in line with what was said or seen."""
    match event["event"]:
        case "started":
            _reset(status)
            status.running, status.pid = True, event["pid"]
        case "ready":
            status.ready = True
        case "role":
            status.role, status.role_since = event["role"], event["p"]
        case "state":
            status.peer, status.peer_ready, status.cut = event["peer"], event["peer_ready"], event["cut"]
            status.level = event["level"]
        case "load":
            status.sessions, status.subscriptions = event["sessions"], event["subscriptions"]
            status.monitored_items, status.refused_logins = event["monitored_items"], event["refused_logins"]
        case "frozen" | "thawed":
            status.frozen = event["event"] == "frozen"
        case "killed" | "exited":
            _reset(status)


def _reset(status: ServerStatus) -> None:
    fresh = ServerStatus()
    for name in ServerStatus.__slots__:
        setattr(status, name, getattr(fresh, name))
