"""The pair of server processes, as who started it sees it: demo, tests, benchmarks and `vizclient sim`.

Only the standard library and the seam to the operating system: a window imports it without loading a protocol. Nothing
but `start`, `wait_for` and `close` waits; each process has a thread that starts it, reads its events and sees it end.
"""

from __future__ import annotations

import itertools
import json
import random
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from vizclient.redundancy.model import Server
from vizclient.simulator.options import PORTS, Options
from vizclient.simulator.server_process import Event, ServerProcess, ServerStatus, follow

_PORTS: Final = range(20_000, 32_000)
"""Below what systems hand out by themselves: a port that is closed for a while cannot become somebody's own end."""
_KEPT_EVENTS: Final = 10_000


class PairError(RuntimeError):
    """The pair could not be started, or an expected event did not come. The text says what there is to know."""


class Pair:
    """Two servers, "main" and "backup". `on_event` is called in threads of the pair's own, quickly please.

    Leave it with `close`, or as a context manager: it ends both processes, frozen or not.
    """

    def __init__(self, options: Options | None = None, *, on_event: Callable[[Event], None] | None = None) -> None:
        options = options or Options()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if not options.data_dir:
            self._temporary = tempfile.TemporaryDirectory(prefix="vizclient-sim-", ignore_cleanup_errors=True)
            options = replace(options, data_dir=self._temporary.name)
        Path(options.data_dir).mkdir(parents=True, exist_ok=True)
        free = _free_ports(options.host, {getattr(options, name) for name in PORTS})
        ports: dict[str, Any] = {name: next(free) for name in PORTS if getattr(options, name) == 0}
        self.options = replace(options, **ports)
        self._on_event = on_event
        self._changed = threading.Condition()
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self._numbers = itertools.count(1)
        self._processes = {server: ServerProcess(server, self.options, self._heard) for server in Server}
        self._closed = False

    def url(self, server: str) -> str:
        """Where clients find `server`."""
        port = self.options.main_port if server == Server.MAIN else self.options.backup_port
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"opc.tcp://{host}:{port}"

    def web_url(self, server: str) -> str | None:
        """Where browsers find the web visualization of `server`, None if it has none."""
        return self._http(self.options.main_web_port if server == Server.MAIN else self.options.backup_web_port)

    def manager_url(self, server: str) -> str | None:
        """Where browsers find its Web Manager, None if it has none."""
        return self._http(self.options.main_manager_port if server == Server.MAIN else self.options.backup_manager_port)

    def _http(self, port: int) -> str | None:
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{port}" if port >= 0 else None

    @property
    def urls(self) -> dict[str, str]:
        """The URLs of both."""
        return {server.value: self.url(server) for server in Server}

    def launch(self, *servers: str) -> None:
        """Start the processes of `servers`, both if none is named, without waiting."""
        for server in servers or tuple(Server):
            self._processes[Server(server)].start()

    def start(self, *servers: str, timeout: float = 60.0) -> Self:
        """`launch`, and wait until all are ready and one is active. Raises PairError, having closed the pair."""
        wanted = [Server(server) for server in servers or tuple(Server)]
        try:
            self.launch(*servers)
            self._wait(lambda: self._started(wanted), timeout, "the servers to be ready and one of them active")
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End both processes, at once and in whatever state they are. Idempotent."""
        self._closed = True
        for process in self._processes.values():
            process.end()
        for process in self._processes.values():
            process.join()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kill(self, server: str) -> None:
        """End its process as a power cut would. It does not run from now on, though "exited" comes a moment later."""
        if self._processes[Server(server)].kill():
            self._say(server, "killed")

    def freeze(self, server: str) -> None:
        """Stop its process where it is: its sockets stay open and nothing answers."""
        if self._processes[Server(server)].freeze():
            self._say(server, "frozen")

    def thaw(self, server: str) -> None:
        """Let a frozen process go on."""
        if self._processes[Server(server)].thaw():
            self._say(server, "thawed")

    def restart(self, server: str) -> None:
        """Start its process, having killed it if it ran. "ready" comes as an event."""
        self._processes[Server(server)].start()

    def stop_gracefully(self, server: str, seconds: float = 1.0) -> int:
        """Let it announce its shutdown, hand its role over, and end after `seconds`."""
        return self._command(server, "stop", seconds=seconds)

    def swap(self) -> int:
        """Swap the roles of two running servers."""
        return self._command(self.active() or Server.MAIN, "swap")

    def cut_link(self) -> None:
        """Cut the connection between the two: each takes the other for dead, and both are active soon."""
        for server in Server:
            self._command(server, "cut", cut=True)

    def heal_link(self) -> None:
        """Mend it: the backup gives way."""
        for server in Server:
            self._command(server, "cut", cut=False)

    def set(self, server: str, **values: Any) -> int:
        """Make it say other things: level, state, mode, support, peer_level (None: the truth), estimated_return (seconds from now or
        None), reject_certificates (bool), standby (its kind), missing (a list of items whose nodes it does not have), users (names with their
        passwords, empty for anybody), failover_users (names, None for everybody), clock (seconds that it is ahead), bundle (the
        path of other pages, where it holds some)."""
        return self._command(server, "set", **values)

    def speak(self, server: str, *interfaces: str) -> int:
        """Point the field systems of these interfaces, which talk to one server alone, at `server`: also after restarts."""
        before = set(self.options.speaks_to_backup)
        there = before | set(interfaces) if server == Server.BACKUP else before - set(interfaces)
        self.options = replace(self.options, speaks_to_backup=tuple(sorted(there)))
        for process in self._processes.values():
            process.options = self.options
        self._command(Server(server).other, "point", interfaces=interfaces, here=False)
        return self._command(server, "point", interfaces=interfaces, here=True)

    def foreign(self, name: str, *, failed: bool) -> int:
        """Let the foreign OPC DA server of this name fail, or come back: the active server notices."""
        return self._command(self.active() or Server.MAIN, "foreign", name=name, failed=failed)

    def write_item(self, server: str, item: str, value: Any = None, *, status: int | None = None) -> int:
        """Give an item a value, as the plant would, or only a status. DateTime as ISO text, bytes as base64, NaN as "nan"."""
        arguments: dict[str, Any] = {"item": item}
        if value is not None or status is None:
            arguments["value"] = value
        if status is not None:
            arguments["status"] = status
        return self._command(server, "write", **arguments)

    def status(self) -> dict[str, ServerStatus]:
        """How both servers stand."""
        with self._changed:
            return {server.value: replace(process.status) for server, process in self._processes.items()}

    def active(self) -> str | None:
        """The server that is active, the main if both are, by their last words."""
        for server, status in self.status().items():
            if status.running and status.role == "active" and not status.frozen:
                return server
        return None

    def events(self) -> list[Event]:
        """The last events, oldest first."""
        with self._changed:
            return list(self._events)

    def wait_for(
        self, event: str, server: str, *, timeout: float = 30.0, since: float | None = None, **fields: Any
    ) -> Event:
        """The first such event after `since` (perf_counter; now if left out). Raises PairError after `timeout`."""
        since = time.perf_counter() if since is None else since

        def find() -> Event | None:
            for seen in self._events:
                fits = seen["event"] == event and seen["server"] == server and seen["p"] >= since
                if fits and all(seen.get(name) == value for name, value in fields.items()):
                    return seen
            return None

        found: Event = self._wait(find, timeout, f"{event} {fields or ''} of {server}")
        return found

    def wait_for_role(self, server: str, role: str, *, timeout: float = 30.0, since: float | None = None) -> Event:
        """The moment in which `server` took `role`, after `since` or now."""
        return self.wait_for("role", server, timeout=timeout, since=since, role=role)

    def wait_done(self, number: int, *, timeout: float = 30.0) -> None:
        """Wait until the command that returned `number` has been carried out. Raises PairError if it was not."""
        reply = self._wait(
            lambda: next((e for e in self._events if e["event"] == "reply" and e["id"] == number), None),
            timeout, f"the answer to command {number}",
        )  # fmt: skip
        if not reply["done"]:
            raise PairError(f"{reply['server']} refused the command: {reply.get('error', 'not now')}")

    def _command(self, server: str, do: str, **arguments: Any) -> int:
        number = next(self._numbers)
        sent = self._processes[Server(server)].send({"id": number, "do": do, "with": arguments})
        if not sent:
            self._say(server, "reply", id=number, done=False, error="it does not run")
        return number

    def _say(self, server: str, event: str, **fields: Any) -> None:
        self._heard({"event": event, "server": str(server), "t": time.time(), "p": time.perf_counter(), **fields})

    def _heard(self, event: Event) -> None:
        with self._changed:
            process = self._processes[Server(event["server"])]
            follow(process.status, event)
            self._events.append(event)
            self._changed.notify_all()
        if self._on_event is not None:
            self._on_event(event)

    def _started(self, wanted: list[Server]) -> bool:
        for server in wanted:
            process = self._processes[server]
            if process.failure is not None:
                raise PairError(f"the {server} server did not start: {process.failure}")
        statuses = [self._processes[server].status for server in wanted]
        return all(status.ready for status in statuses) and any(status.role == "active" for status in statuses)

    def _wait(self, find: Callable[[], Any], timeout: float, what: str) -> Any:
        deadline = time.perf_counter() + timeout
        with self._changed:
            while not (found := find()):
                left = deadline - time.perf_counter()
                if left <= 0 or self._closed:
                    raise PairError(f"waited {timeout:g} s in vain for {what}\n{self._account()}")
                self._changed.wait(left)
            return found

    def _account(self) -> str:
        recent = [json.dumps(event) for event in list(self._events)[-12:]]
        return "\n".join(
            [*recent, *(f"{process.server}: {process.log_tail()}" for process in self._processes.values())]
        )


def _free_ports(host: str, taken: set[int]) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    given = set(taken)
    while True:
        port = random.choice(_PORTS)
        if port in given:
            continue
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        given.add(port)
        yield port
