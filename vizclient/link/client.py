"""The window's side of the link: keeps the link process running and the mirror fed. Knows neither Qt nor OPC UA.

Once the link has been silent for LINK_SILENCE everything is stale; when it has exited, or been silent for SILENT_TOO_LONG,
it is ended and a new one takes its place, with the same views. Generations go on growing across link processes, so that
a value from an earlier one can never look current.
"""

from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, assert_never, cast

from vizclient.items.freshness import LINK_SILENCE, Standing
from vizclient.items.typed import Limits
from vizclient.items.value import Sample, Value
from vizclient.items.writing import Readback, WriteOutcome, WriteState
from vizclient.link import messages
from vizclient.link.channel import Channel
from vizclient.link.comparer import Comparer
from vizclient.link.mirror import Mirror
from vizclient.link.spawn import start_link
from vizclient.link.standing import StandingKeeper
from vizclient.password import Password
from vizclient.profiles.model import Profile
from vizclient.redundancy.comparison import Comparison
from vizclient.redundancy.model import Connection, Server, Switchover
from vizclient.redundancy.readiness import Readiness
from vizclient.tasks import TaskSet

SILENT_TOO_LONG = 5.0
"""Seconds of silence after which a link process is taken for dead."""
START_WITHIN = 30.0
"""Seconds that a link process has for its first word: a cold disk and a virus scanner may take that long."""
CLOSE_WITHIN = 0.6
"""Seconds that a link process has to close its session, once it was told to."""
RESTART_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the next start, after so many short lives in a row."""
MOST_SWITCHOVERS = 200
_SHORT_LIFE = 10.0
_STALL = 0.2
_DEATH_POLL = 0.01
_DEATH_WITHIN = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A batch, unpacked in the reading thread."""

    number: int
    samples: list[tuple[int, Sample]]


_Received = (
    messages.Hello
    | messages.Beat
    | messages.Announced
    | messages.Described
    | messages.Dropped
    | messages.Wrote
    | messages.Switched
    | messages.Ready
    | messages.Troubled
    | _Arrived
)


@dataclass
class _Life:
    """One link process: its channel, when it was started, and what the window has told it."""

    process: subprocess.Popen[bytes]
    channel: Channel[_Received]
    started_at: float
    named: int = 0
    greeted: bool = False


def open_link(profile: Profile, data_dir: Path | None, trace_resources: Path | None = None) -> LinkClient:
    """A link that has been started, with a mirror of its own; `attach` and `close` are left to do. Raises OSError."""
    spawn = partial(start_link, profile.file, data_dir, trace_resources=trace_resources)
    link = LinkClient(profile.file, data_dir, Mirror(profile.interface_table), spawn=spawn)
    link.start()
    return link


class LinkClient:
    """One site's link, seen from the window. All but `start` belongs in the loop's thread.

    Listeners: `on_connection(connection)`, `on_readiness(readiness)`, None while no link process has spoken; `on_write(state)`; `on_switchover(
    switchover)`, again when more of one is known; `on_trouble(code, arguments)`, a key of `phrases`.
    """

    def __init__(
        self,
        profile: Path | str,
        data_dir: Path | None,
        mirror: Mirror,
        *,
        spawn: Callable[[], subprocess.Popen[bytes]] | None = None,
    ) -> None:
        self.connection: Connection | None = None
        self.readiness: Readiness | None = None
        self.switchovers: list[Switchover] = []
        self.on_connection: list[Callable[[Connection | None], None]] = []
        self.on_readiness: list[Callable[[Readiness | None], None]] = []
        self.on_write: list[Callable[[WriteState], None]] = []
        self.on_switchover: list[Callable[[Switchover], None]] = []
        self.on_trouble: list[Callable[[str, Mapping[str, str]], None]] = []
        self._bundle = ""
        self._mirror = mirror
        self._spawn = spawn or partial(start_link, profile, data_dir)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: TaskSet | None = None
        self._life: _Life | None = None
        self._dying: _Life | None = None
        self._closing = False
        self._restart = False
        self._ended = asyncio.Event()
        self._views: dict[str, tuple[tuple[int, ...], bool]] = {}
        self._writes: dict[int, int] = {}  # number → handle of what is under way
        self._next_write = 1
        self._passwords: dict[Server, tuple[Password, float]] = {}  # typed in this window, and when
        self._short_lives = 0
        self._base = 0  # added to the generations of this link process
        self._highest = 0
        self._standings = StandingKeeper()
        self._hold = mirror.standing.hold
        self._settling: asyncio.TimerHandle | None = None
        self._comparer = Comparer(mirror, self._take_comparison)
        self._comparing: asyncio.TimerHandle | None = None
        self._silent = False

    @property
    def mirror(self) -> Mirror:
        """What it feeds."""
        return self._mirror

    @property
    def pid(self) -> int | None:
        """The link process's number; None while none runs."""
        return self._life.process.pid if self._life is not None else None

    def start(self) -> None:
        """Start the link process. May be called before there is a loop; then `attach` must follow. Raises OSError."""
        if self._life is None:
            self._begin_life()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.attach(loop)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Receive in this loop. Once, from its thread; the loop need not run yet."""
        if self._loop is not None:
            return
        self._loop = loop
        loop.call_soon(self._attached)

    def show(self, view: str, handles: Sequence[int]) -> None:
        """`view` shows exactly these items from now on; none: it is gone."""
        self._set_view(f"show:{view}", tuple(handles), shown=True)

    def watch(self, name: str, handles: Sequence[int]) -> None:
        """Keep these items current too, after all that is shown, until the same name watches others or none."""
        self._set_view(f"watch:{name}", tuple(handles), shown=False)

    def write(
        self,
        handle: int,
        value: Value,
        seen_generation: int,
        readback: Readback | None = None,
        limits: Limits | None = None,
    ) -> int:
        """Write once; what becomes of it comes through `on_write` under the number returned.

        `seen_generation`: of the value (or the connection) that the operator saw. `limits` replace the item's EURange.
        """
        number = self._next_write
        self._next_write += 1
        code = "write-not-connected"
        life = self._life
        if life is not None and life.greeted and not self._closing:
            readback = readback or Readback()
            self._name_all(life)
            order = messages.Write(number, handle, value, seen_generation - self._base, readback, limits)
            try:
                frame = messages.encode(order)
            except (UnicodeEncodeError, OverflowError):
                code = "write-text" if isinstance(value, str) else "write-too-big"
            else:
                self._writes[number] = handle
                life.channel.send(frame)
                return number
        refused = WriteState(number, handle, WriteOutcome.REFUSED, code)
        if self._loop is not None:
            self._loop.call_soon(self._tell_write, refused)
        return number

    def cancel(self, number: int) -> None:
        """Stop waiting for a write: it becomes `unknown`, it is not undone."""
        if number in self._writes:
            self._send(messages.Cancel(number))

    def ask_switch(self, server: Server) -> None:
        """A person asks for the other server."""
        self._send(messages.SwitchTo(server))

    def retry(self) -> None:
        """A person has mended what needed attention."""
        self._send(messages.Retry())

    def bundle_shown(self, digest: str) -> None:
        """The pages that the window shows have this digest: the servers' own are compared with it."""
        self._bundle = digest
        self._send(messages.BundleShown(digest))

    def give_password(self, server: Server, password: Password) -> None:
        """A person has typed the password of the user of `server`. It is tried at once, and kept where it can be once accepted.

        The next link process is told it too, unless it was refused.
        """
        self._passwords[server] = password, time.perf_counter()
        self._send(messages.GivePassword(server, password.reveal()))

    async def close(self) -> None:
        """Have the link process close its session and exit, or end it; within about a second. Idempotent."""
        self._closing = True
        self._comparer.end()
        for timer in (self._settling, self._comparing):
            if timer is not None:
                timer.cancel()
        if self._tasks is not None:
            await self._tasks.close()
        life, self._life = self._life, None
        if life is not None:
            life.channel.close()
            if self._hears(life):  # else it would not hear us either
                await self._await_death(life.process, CLOSE_WITHIN)
            await self._end(life)
        if self._dying is not None:
            await self._end(self._dying)
        self._lose_writes()

    # the link process's life

    def _begin_life(self) -> None:
        process = self._spawn()
        reading, writing = cast(io.RawIOBase, process.stdout), cast(io.RawIOBase, process.stdin)  # unbuffered pipes
        self._base = self._highest
        channel = Channel(reading, writing, partial(_decode, self._base), name="link", heard=self._heard)
        self._life = _Life(process, channel, time.perf_counter())
        _log.info("link process %d started", process.pid)
        for view in self._views:
            self._send_view(self._life, view)
        if self._bundle:
            self._send(messages.BundleShown(self._bundle))
        for server, (password, _) in self._passwords.items():
            self._send(messages.GivePassword(server, password.reveal()))
        if self._loop is not None:
            self._receive_from(self._life)

    def _attached(self) -> None:
        if self._closing:
            return
        self._tasks = TaskSet("link-client")
        if self._life is not None:
            self._receive_from(self._life)
        self._start(self._watch(), "watch")

    def _receive_from(self, life: _Life) -> None:
        assert self._loop is not None
        life.channel.attach(self._loop, partial(self._received, life), self._link_ended)

    def _heard(self, at: float) -> None:
        """Called from the reading thread: what the mirror says is true even while the window is busy."""
        self._mirror.heard_at = at

    def _hears(self, life: _Life) -> bool:
        """Whether the link process has begun to speak, and speaks still."""
        heard_at = self._mirror.heard_at
        return heard_at is not None and time.perf_counter() - max(heard_at, life.started_at) < LINK_SILENCE

    def _link_ended(self) -> None:
        self._restart = True
        self._ended.set()

    async def _watch(self) -> None:
        """Notice silence and death, and put a new link process in the place of the old one."""
        due = time.perf_counter()
        while True:
            life = self._life
            now = time.perf_counter()
            if now - due > _STALL and not self._restart:  # we stood still: let what has arrived meanwhile be heard
                due = now + _STALL
                await asyncio.sleep(_STALL)
                continue
            heard_at = self._mirror.heard_at if life is not None and life.greeted else None
            silence = 0.0 if heard_at is None else now - heard_at
            if life is None or self._restart or silence >= SILENT_TOO_LONG:
                await self._replace(life)
                due = time.perf_counter()
                continue
            if not life.greeted and now - life.started_at >= START_WITHIN:
                await self._replace(life)
                due = time.perf_counter()
                continue
            if heard_at is None:
                pause = 0.5
            elif silence < LINK_SILENCE:
                pause = LINK_SILENCE - silence
                self._set_silent(silent=False)
            else:
                pause = 0.05
                self._set_silent(silent=True)
            due = now + pause
            try:
                async with asyncio.timeout(pause + 0.002):
                    await self._ended.wait()
            except TimeoutError:
                pass

    def _set_silent(self, *, silent: bool) -> None:
        if silent != self._silent:
            self._silent = silent
            _log.warning("the link process is silent" if silent else "the link process speaks again")
            self._tell_standing()

    async def _replace(self, life: _Life | None) -> None:
        self._ended.clear()
        self._restart = False
        now = time.perf_counter()
        if life is not None:
            lived = now - life.started_at
            self._life, self._dying = None, life
            self._take_leave(now)
            await self._end(life)
            self._dying = None
            code = life.process.returncode
            _log.error("link process %d ended after %.1f s with %s", life.process.pid, lived, code)
            self._tell_trouble("link-restarted", {"code": str(code)})
            self._short_lives = self._short_lives + 1 if lived < _SHORT_LIFE else 0
        await asyncio.sleep(RESTART_PAUSES[min(self._short_lives, len(RESTART_PAUSES) - 1)])
        try:
            self._begin_life()
        except OSError as error:
            self._short_lives += 1
            self._tell_trouble("link-not-started", {"reason": str(error)})

    def _take_leave(self, now: float) -> None:
        """Whatever the link said is over: held, then stale."""
        self._comparer.end()
        self._mirror.take_leave()
        standing = self._mirror.standing
        if standing.generation:
            self._set_standing(replace(standing, generation=0, lost_at=now, lost=standing.generation))
        self.connection = None
        for listener in self.on_connection:
            listener(None)
        self._take_readiness(None)
        self._lose_writes()

    async def _end(self, life: _Life) -> None:
        """Whatever state it is in, it is over after this."""
        life.channel.detach()
        life.channel.close()
        if life.process.poll() is None:
            life.process.kill()
            if not await self._await_death(life.process, _DEATH_WITHIN):
                _log.critical("link process %d cannot be ended", life.process.pid)

    async def _await_death(self, process: subprocess.Popen[bytes], within: float) -> bool:
        """Wait for its end without stopping the loop; it cannot be awaited in every loop and on every platform."""
        deadline = time.perf_counter() + within
        while process.poll() is None:
            if time.perf_counter() >= deadline:
                return False
            await asyncio.sleep(_DEATH_POLL)
        return True

    # what is said

    def _set_view(self, view: str, handles: tuple[int, ...], *, shown: bool) -> None:
        self._views[view] = (handles, shown)
        if self._life is not None:
            self._send_view(self._life, view)
        if not handles:
            del self._views[view]

    def _send_view(self, life: _Life, view: str) -> None:
        handles, shown = self._views[view]
        self._name_all(life)
        life.channel.send(messages.encode(messages.Show(view, messages.pack_handles(handles), shown)))

    def _name_all(self, life: _Life) -> None:
        """Tell the link the addresses that it does not know yet."""
        addresses = self._mirror.addresses[life.named :]
        if addresses:
            life.channel.send(messages.encode(messages.Named(life.named, messages.pack_addresses(addresses))))
            life.named += len(addresses)

    def _send(self, message: messages.FromWindow) -> None:
        if self._life is not None:
            self._life.channel.send(messages.encode(message))

    # what is heard

    def _received(self, life: _Life, message: _Received) -> None:
        if life is not self._life:
            return
        match message:
            case _Arrived(number, samples):
                self._mirror.take_samples(samples)
                if self._mirror.awaits:
                    self._settle()
                else:
                    self._comparer.look()
                life.channel.send(messages.encode(messages.Ack(number)))
            case messages.Beat():
                pass
            case messages.Announced(connection):
                self._take_connection(connection)
            case messages.Described(handles, metadata):
                self._mirror.take_metadata(list(zip(messages.unpack_handles(handles), metadata, strict=True)))
            case messages.Dropped(handles):
                self._take_dropped(messages.unpack_handles(handles))
            case messages.Wrote():
                self._take_write(messages.unpack_write_state(message))
            case messages.Switched(switchover):
                self._take_switchover(switchover)
            case messages.Ready(readiness):
                self._take_readiness(readiness)
            case messages.Troubled(code, arguments):
                self._tell_trouble(code, arguments)
            case messages.Hello(version, hold):
                life.greeted = True
                self._hold = hold
                if version != messages.VERSION:
                    self._tell_trouble("link-version", {"given": str(version), "expected": str(messages.VERSION)})
            case _:
                assert_never(message)
        self._set_silent(silent=False)

    def _take_connection(self, connection: Connection) -> None:
        if connection.generation:
            connection = replace(connection, generation=connection.generation + self._base)
            self._highest = max(self._highest, connection.generation)
        if connection.generation != self._mirror.standing.generation:
            self._comparer.end()
        self.connection = connection
        self._forget_refused(connection)
        self._set_standing(self._standings.standing(connection, self._mirror.standing, self._hold))
        for listener in self.on_connection:
            listener(connection)

    def _forget_refused(self, connection: Connection) -> None:
        """A link process that dies and is started again does not show a server what it has refused."""
        for server, view in ((Server.MAIN, connection.main), (Server.BACKUP, connection.backup)):
            report, given = view.report, self._passwords.get(server)
            if given is None or report is None or report.problem is None or report.at < given[1]:
                continue
            if report.problem.code in ("password-refused", "password-held"):
                del self._passwords[server]

    def _set_standing(self, standing: Standing) -> None:
        if standing == self._mirror.standing:
            return
        lost_at = standing.lost_at
        if lost_at is not None and lost_at != self._mirror.standing.lost_at and self._loop is not None:
            over = lost_at + standing.hold - time.perf_counter()
            self._loop.call_later(max(over, 0.0) + 0.002, self._tell_standing)  # what is held turns stale
        self._mirror.take_standing(standing)

    def _tell_standing(self) -> None:
        if not self._closing:
            self._mirror.take_standing(self._mirror.standing)

    def _settle(self) -> None:
        """Give up, in time, on items that the active server has not made."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        until = self._mirror.settle()
        self._comparer.look()
        if until is not None and self._loop is not None and not self._closing:
            pause = max(until - time.perf_counter(), 0.0) + 0.002
            self._settling = self._loop.call_later(pause, self._settle)

    def _take_dropped(self, handles: Sequence[int]) -> None:
        """They keep their values, of no generation: stale, however well the connection is."""
        self._comparer.drop(handles)
        samples = self._mirror.samples
        self._mirror.take_samples(
            [(handle, replace(sample, generation=0)) for handle in handles if (sample := samples[handle]) is not None]
        )

    def _take_write(self, state: WriteState) -> None:
        if state.number in self._writes:
            if state.outcome is not WriteOutcome.PENDING:
                del self._writes[state.number]
            self._tell_write(state)

    def _lose_writes(self) -> None:
        lost, self._writes = self._writes, {}
        for number, handle in lost.items():
            self._tell_write(WriteState(number, handle, WriteOutcome.UNKNOWN, "write-link-died"))

    def _take_switchover(self, switchover: Switchover) -> None:
        if self.switchovers and self.switchovers[-1].adopted_at == switchover.adopted_at:
            switchover = replace(switchover, comparison=self.switchovers[-1].comparison)
            self.switchovers[-1] = switchover
        else:
            self._compare(switchover)
            self.switchovers.append(switchover)
            del self.switchovers[:-MOST_SWITCHOVERS]
        for listener in self.on_switchover:
            listener(switchover)

    def _compare(self, switchover: Switchover) -> None:
        """Count from now on what comes back of that which is on the screen; what was counted until now is as it is."""
        if self._comparing is not None:
            self._comparing.cancel()
        shown = {handle for handles, on_screen in self._views.values() if on_screen for handle in handles}
        self._comparer.begin(shown, switchover.lost_at)
        if self._comparer.due is not None and self._loop is not None:
            self._comparing = self._loop.call_later(self._comparer.due - time.perf_counter(), self._comparer.end)

    def _take_comparison(self, comparison: Comparison) -> None:
        """Of the last switchover."""
        switchover = self.switchovers[-1] = replace(self.switchovers[-1], comparison=comparison)
        for listener in self.on_switchover:
            listener(switchover)

    def _take_readiness(self, readiness: Readiness | None) -> None:
        self.readiness = readiness
        for listener in self.on_readiness:
            listener(readiness)

    def _tell_write(self, state: WriteState) -> None:
        for listener in self.on_write:
            listener(state)

    def _tell_trouble(self, code: str, arguments: Mapping[str, str]) -> None:
        _log.warning("%s %s", code, dict(arguments))
        for listener in self.on_trouble:
            listener(code, arguments)

    def _start(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        assert self._tasks is not None
        self._tasks.start(coro, name=name)


def _decode(base: int, frame: bytes) -> _Received:
    """A message; batches as samples, numbered on from the link processes before."""
    message = messages.decode_from_link(frame)
    if isinstance(message, messages.Batch):
        return _Arrived(message.number, messages.unpack_samples(message, message.generation + base))
    return message
