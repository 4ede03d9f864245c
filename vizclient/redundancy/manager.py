"""The shell around `decide`: runs its effects as named tasks and feeds what comes of them back, one event at a time.

Decides nothing itself, and knows nothing of OPC UA: sessions come from a `Connector`, values are a `DataConsumer`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, assert_never

from vizclient.redundancy.decide import decide
from vizclient.redundancy.effects import Adopt, Announce, Discard, Effect, Keep, Probe, WakeAt
from vizclient.redundancy.events import (
    Event,
    Lost,
    Probed,
    Reported,
    RetryAsked,
    Slept,
    Started,
    Stopped,
    SwitchAsked,
    Woke,
)
from vizclient.redundancy.model import (
    Connection,
    Layer,
    Noticed,
    Problem,
    ProblemKind,
    Report,
    Server,
    Switchover,
    Timing,
)
from vizclient.redundancy.ports import Announcer, Clock, Connector, DataConsumer, Session
from vizclient.redundancy.state import State
from vizclient.tasks import TaskSet

RECORD = 200
"""So many switchovers are remembered."""

TICK = 1.0
SLEPT = 5.0
"""Seconds that the event loop was late: the computer, or this process, stood still."""
JUMPED = 2.0
"""Seconds by which wall time and monotonic time went apart: the computer slept, or its clock was set."""

_CLOSING_TIME = 0.35
_CANCELLING_TIME = 0.1
_LONGEST_WAIT = 3600.0

_NOTICED = {
    ProblemKind.TIMED_OUT: Noticed.WATCHDOG,
    ProblemKind.UNDECODABLE: Noticed.UNDECODABLE,
    ProblemKind.LOCAL: Noticed.LOCAL,
}

_log = logging.getLogger(__name__)


class Manager:
    """Keeps the one data session that `decide` wants. All methods are called in the event loop.

    `random`: where the jitter comes from. `may_switch`: whether a person may choose the server. `on_switchover` hears
    of every new or completed entry of the record.
    """

    def __init__(
        self,
        connector: Connector,
        consumer: DataConsumer,
        announcer: Announcer,
        timing: Timing,
        clock: Clock,
        random: Random,
        *,
        may_switch: bool = False,
        on_switchover: Callable[[Switchover], None] | None = None,
    ) -> None:
        self._connector = connector
        self._consumer = consumer
        self._announcer = announcer
        self._clock = clock
        self._random = random
        self._on_switchover = on_switchover
        self._state = State(timing, may_switch)
        self._tasks = TaskSet("redundancy")
        self._events: deque[Event] = deque()
        self._deciding = False
        self._probes: dict[int, asyncio.Task[None]] = {}
        self._sessions: dict[int, Session] = {}
        self._opened: dict[int, Report] = {}  # what the probe said that opened the session
        self._noticed: Noticed | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._lost_early: dict[int, Problem] = {}
        self._data = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._record: deque[tuple[int, Switchover]] = deque(maxlen=RECORD)

    @property
    def connection(self) -> Connection | None:
        """What was announced last; None before `start`."""
        return self._state.announced

    @property
    def switchovers(self) -> tuple[Switchover, ...]:
        """The last switchovers and reconnections, oldest first."""
        return tuple(switchover for _, switchover in self._record)

    def start(self) -> None:
        """Begin to search. Once."""
        self._tasks.start(self._notice_sleep(), name="sleep-detection")
        self._feed(Started(self._clock.monotonic(), self._random.random()))

    def ask_switch(self, server: Server) -> None:
        """A person asks for `server`."""
        self._feed(SwitchAsked(self._clock.monotonic(), server, self._random.random()))

    def retry(self, server: Server | None = None) -> None:
        """What needed attention has been mended, at `server` or wherever it may have been."""
        self._feed(RetryAsked(self._clock.monotonic(), self._random.random(), server))

    def values_arrived(self, generation: int, *, first_at: float | None = None, all_at: float | None = None) -> None:
        """The data session `generation` brought the first, or all, of the values on screen (monotonic seconds)."""
        if first_at is not None:
            self._complete(generation, first_value_at=first_at)
        if all_at is not None:
            self._complete(generation, all_values_at=all_at)

    async def stop(self) -> None:
        """End every probe and session, politely where the server answers in time; takes at most half a second. Idempotent."""
        self._feed(Stopped(self._clock.monotonic(), self._random.random()))
        if self._alarm is not None:
            self._alarm.cancel()
        if self._ending:
            await asyncio.wait(self._ending, timeout=_CLOSING_TIME)
        await self._tasks.close(_CANCELLING_TIME)
        if self._tasks:
            _log.error("%d tasks did not end when cancelled", len(self._tasks))

    # SessionListener

    def session_reported(self, generation: int, report: Report) -> None:
        """See `SessionListener`."""
        self._feed(Reported(self._clock.monotonic(), generation, report, self._random.random()))

    def session_lost(self, generation: int, problem: Problem) -> None:
        """See `SessionListener`."""
        if generation in self._probes:
            self._lost_early[generation] = problem
        else:
            self._feed(Lost(self._clock.monotonic(), generation, problem, self._random.random()))

    # Events in, effects out

    def _feed(self, event: Event) -> None:
        self._events.append(event)
        if self._deciding:
            return
        self._deciding = True
        try:
            while self._events:
                self._handle(self._events.popleft())
        finally:
            self._deciding = False

    def _handle(self, event: Event) -> None:
        before = self._state
        self._state, effects = decide(before, event)
        if before.session not in (0, self._state.session):
            self._noticed = _who_noticed(event, self._state)
        for effect in effects:
            self._run(effect)
        if self._state.session not in (0, before.session):
            self._record_switchover()

    def _run(self, effect: Effect) -> None:
        match effect:
            case Probe():
                name = f"probe-{effect.server}-{effect.generation}"
                self._probes[effect.generation] = self._tasks.start(self._probe(effect), name=name)
            case Keep():
                self._tasks.start(self._watch(self._sessions[effect.generation]), name=f"keep-{effect.generation}")
            case Adopt():
                self._adopt(self._sessions[effect.generation])
            case Discard():
                self._discard(effect.generation)
            case WakeAt():
                self._set_alarm(effect.at)
            case Announce():
                _outcome("the connection was not announced", lambda: self._announcer.announce(effect.connection))
            case _:
                assert_never(effect)

    async def _probe(self, probe: Probe) -> None:
        server, generation, session = probe.server, probe.generation, None
        began = self._clock.monotonic()
        try:
            result = await self._connector.probe(server, generation, self, session=probe.session)
            report, session = result.report, result.session
        except Exception as error:  # noqa: BLE001 a connector's fault must not end the search
            _log.exception("the probe of %s failed by this program's own fault", server)
            now = self._clock.monotonic()
            problem = Problem(ProblemKind.LOCAL, Layer.NOTHING, detail=repr(error))
            report = Report(server, now, Layer.NOTHING, problem, took=now - began)
        lost = self._lost_early.pop(generation, None)
        wanted = self._probes.pop(generation, None) is not None
        if not wanted and session is not None:  # discarded, but too late to be cancelled
            await session.close()
        if not wanted:
            return
        if session is not None and lost is not None:
            self._close(session)
            report, session = replace(report, problem=lost), None
        if session is not None:
            self._sessions[generation] = session
            self._opened[generation] = report
        luck = self._random.random()
        self._feed(Probed(self._clock.monotonic(), generation, report, held=session is not None, luck=luck))

    async def _watch(self, session: Session) -> None:
        try:
            await session.watch()
        except Exception as error:  # noqa: BLE001 nor must a session's
            _log.exception("the session on %s cannot be watched, by this program's own fault", session.server)
            self._fail(session.generation, error)

    def _adopt(self, session: Session) -> None:
        self._data = session.generation
        self._tasks.start(self._watch(session), name=f"watch-{session.generation}")
        error = _outcome("a data session could not be attached", lambda: self._consumer.attach(session))
        if error is not None:
            self._fail(session.generation, error)

    def _fail(self, generation: int, error: Exception) -> None:
        """A session that this program cannot use is closed and counts as lost."""
        problem = Problem(ProblemKind.LOCAL, Layer.ACTIVATED, detail=repr(error))
        self._feed(Lost(self._clock.monotonic(), generation, problem, self._random.random()))

    def _discard(self, generation: int) -> None:
        probe = self._probes.pop(generation, None)
        if probe is not None:
            probe.cancel()
            self._end(probe)
        self._lost_early.pop(generation, None)
        if generation == self._data:
            self._data = 0
            _outcome("a data session could not be detached", lambda: self._consumer.detach(generation))
        self._opened.pop(generation, None)
        session = self._sessions.pop(generation, None)
        if session is not None:
            self._close(session)

    def _close(self, session: Session) -> None:
        self._end(self._tasks.start(session.close(), name=f"close-{session.generation}"))

    def _end(self, task: asyncio.Task[None]) -> None:
        """`stop` gives `task` a while to end by itself."""
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        wait = min(max(at - self._clock.monotonic(), 0.0), _LONGEST_WAIT)
        self._alarm = asyncio.get_running_loop().call_later(wait, self._woke)

    def _woke(self) -> None:
        self._feed(Woke(self._clock.monotonic(), self._random.random()))

    def _record_switchover(self) -> None:
        state = self._state
        if state.left is None or state.lost_at is None or state.server is None:
            return
        now = self._clock.monotonic()
        opened = self._opened[state.session]
        switchover = Switchover(
            wall=self._clock.wall() - (now - state.lost_at),
            left=state.left,
            taken=state.server,
            cause=state.reason,
            lost_at=state.lost_at,
            active_at=max(state.known(state.server).since, state.lost_at),
            adopted_at=now,
            noticed=self._noticed,
            channel_at=opened.channel_at,
            session_at=opened.session_at,
        )
        self._record.append((state.session, switchover))
        self._tell_switchover(switchover)

    def _complete(self, generation: int, **known: Any) -> None:
        """More is known of the switchover to the data session `generation`."""
        for index, (recorded, switchover) in enumerate(self._record):
            if recorded == generation:
                completed = replace(switchover, **known)
                self._record[index] = (generation, completed)
                self._tell_switchover(completed)

    def _tell_switchover(self, switchover: Switchover) -> None:
        tell = self._on_switchover
        if tell is not None:
            _outcome("a switchover was not told", lambda: tell(switchover))

    async def _notice_sleep(self) -> None:
        monotonic, wall = self._clock.monotonic(), self._clock.wall()
        while True:
            await asyncio.sleep(TICK)
            was, was_wall = monotonic, wall
            monotonic, wall = self._clock.monotonic(), self._clock.wall()
            late = monotonic - was - TICK
            apart = abs((wall - was_wall) - (monotonic - was))
            if late >= SLEPT or apart >= JUMPED:
                _log.warning("the computer slept, or its clock jumped: %.1f s", max(late, apart))
                self._feed(Slept(monotonic, max(late, apart), self._random.random()))


def _who_noticed(event: Event, after: State) -> Noticed:
    """Who noticed that the data session had to end, which `event` ended."""
    match event:
        case Lost(problem=problem):
            ended = Noticed.RESET if problem.status is None else Noticed.ENDED
            return _NOTICED.get(problem.kind, ended)
        case Reported():
            return Noticed.ROLE
        case Slept():
            return Noticed.SLEEP
        case _:
            return Noticed.OPERATOR if after.reason is None else Noticed.PEER


def _outcome(failure: str, call: Callable[[], None]) -> Exception | None:
    """Call what belongs to others: its error is logged, and returned, but never ends the deciding."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 whatever it is
        _log.exception("%s, by this program's own fault", failure)
        return error
    return None
