"""Which server to be on: `decide(state, event) -> (state, effects)`. Pure and total: no I/O, clock, randomness or asyncio.

Theory of operation
-------------------
Each server is, at any moment, in exactly one of four conditions (`state.Known`):

    asked     a probe is under way (`probe`); it ends in one `Probed`
    held      a probe's session is open and kept without data, its role watched (`held`); only while searching
    waiting   until `ask_at`
    data      it is the connected server (`State.server`, `State.session`)

Every event is handled in the same five steps:

1. `_current`, the guard: what bears a generation that is no longer in use is dropped (an open session with it closed).
2. The event changes what is known: a report is learned, a session is gone, a person has asked for something.
3. The roles of both servers are found anew, since each may depend on the other's report (`roles`).
4. `move`: connected, stay, leave or switch; not connected, adopt the best session that is open, if any is good enough.
   An active server is taken at once; anything less only when both servers have answered since the search began.
5. `tidy`: sessions that nobody needs are closed, the others kept; probes that are due begin (`backoff`); the next wake-up
   is set; and if a person would see a difference, the connection is announced.

A search keeps the session of a standby that lets clients in: when that server turns active it says so in the session,
which then is adopted with channel and session ready. Sessions are only ever adopted with the role read in them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from vizclient.redundancy import backoff
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
    Layer,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    Source,
)
from vizclient.redundancy.roles import HEALTHY, NO_DATA, find_role, is_hot, listed_level
from vizclient.redundancy.state import FOREVER, Known, State, connection, grace_ends, worth_announcing

MAIN_GRACE = 0.25
"""Seconds at the start in which an active backup waits for the main's first answer: if both are active, it is the main."""

YOUNG = 0.5
"""Seconds that a data session lives at least, if it is to be replaced at once when it ends."""

_LEFT = frozenset({Role.STANDBY, Role.MAINTENANCE, Role.DOWN, Role.ATTENTION})
_KEEPABLE = frozenset({Role.ACTIVE, Role.INFERRED, Role.STANDBY, Role.DEGRADED, Role.UNKNOWN})
_CHOICE = (Role.INFERRED, Role.DEGRADED, Role.UNKNOWN)
_ASKED_FOR = frozenset({Role.ACTIVE, Role.INFERRED, Role.UNKNOWN})


def decide(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """What follows from `event`: the new state, and what to do, in this order."""
    if not _current(state, event):
        if isinstance(event, Probed) and event.held and event.generation not in _open_sessions(state):
            return state, (Discard(event.generation),)
        return state, ()
    turn = _Turn(state, event.at, event.luck)
    match event:
        case Started():
            turn.set(running=True)
            turn.search()
        case Probed():
            turn.probed(event.generation, event.report, held=event.held)
        case Reported():
            turn.reported(event.report)
        case Lost():
            turn.lost(event.generation, event.problem)
        case Woke():
            turn.set(wake_at=None)
        case Slept():
            turn.forget()
        case SwitchAsked():
            turn.want(event.server)
        case RetryAsked():
            turn.retry(tuple(Server) if event.server is None else (event.server,))
        case Stopped():
            return turn.stop()
        case _:
            assert_never(event)
    return turn.settle()


def _current(state: State, event: Event) -> bool:
    """The guard: whether `event` concerns anything that is still in use."""
    match event:
        case Started():
            return not state.running and not state.ended
        case Probed():
            return state.known(event.report.server).probe == event.generation != 0
        case Reported():
            return _open_sessions(state).get(event.generation) is event.report.server
        case Lost():
            return event.generation in _open_sessions(state)
        case _:
            return state.running


def _open_sessions(state: State) -> dict[int, Server]:
    sessions = {state.known(server).held: server for server in Server}
    if state.server is not None:
        sessions[state.session] = state.server
    sessions.pop(0, None)
    return sessions


class _Turn:
    """One call of `decide` while it is being worked out: the state so far and the effects so far."""

    __slots__ = ("answered", "at", "effects", "luck", "state")

    def __init__(self, state: State, at: float, luck: float) -> None:
        self.state = replace(state)
        """Its own copy, which nobody else sees before the turn is over: the only one that is changed in place, for speed."""
        self.at = at
        self.luck = luck
        self.effects: list[Effect] = []
        self.answered: Server | None = None
        """Whose probe this event ended."""

    def set(self, **changes: Any) -> None:
        for name, value in changes.items():
            object.__setattr__(self.state, name, value)

    def know(self, server: Server, **changes: Any) -> None:
        known = replace(self.state.known(server), **changes)
        object.__setattr__(self.state, "main" if server is Server.MAIN else "backup", known)

    # What happened

    def search(self) -> None:
        """Both servers are asked anew, at once, but for one that said when it returns.

        After sessions in a row that died young they are asked at the pace that they had: what ended those may end the next.
        """
        warned = self.state.died_young > 1
        self.set(searching_since=self.at)
        for server in Server:
            known = self.state.known(server)
            resting = self.rests(known)
            paced = known.report is not None and (resting or warned)
            self.know(server, answered=resting, tries=known.tries if warned else 0)
            if not known.probe:
                self.know(server, ask_at=self.next_time(server, known) if paced else self.at)

    def probed(self, generation: int, report: Report, *, held: bool) -> None:
        server = self.answered = report.server
        self.know(server, probe=0, held=generation if held else 0, answered=True)
        tries = 0 if report.layer is Layer.NOTHING else self.state.known(server).tries + 1
        self.know(server, tries=tries)
        self.learn(report)

    def reported(self, report: Report) -> None:
        """An open session tells something new; if it is the data session and its role changed, the peer is asked at once."""
        server = report.server
        before = self.state.known(server).finding.role
        self.learn(report)
        self.find_roles()
        if self.state.server is server and self.state.known(server).finding.role is not before:
            peer = self.state.known(server.other)
            if peer.finding.role is not Role.ATTENTION and not self.rests(peer) and not peer.probe:
                self.know(server.other, ask_at=self.at, tries=0)

    def lost(self, generation: int, problem: Problem) -> None:
        server = _open_sessions(self.state)[generation]
        known = self.state.known(server)
        failed = Report(server, self.at, Layer.ACTIVATED, problem, server_uri=known.uri)
        self.effects.append(Discard(generation))
        if generation != self.state.session:
            self.know(server, held=0, report=failed)
            return
        self.disconnect(problem)
        self.know(server, report=failed)
        self.search()
        self.know(server, answered=problem.kind is ProblemKind.TIMED_OUT)

    def forget(self) -> None:
        """Whatever was known is old, and every connection with it."""
        self.close_all(Problem(ProblemKind.LOST, Layer.ACTIVATED, detail="the computer slept, or its clock jumped"))
        for server in Server:
            known = self.state.known(server)
            self.know(server, report=known.report if known.barred_until == FOREVER else None)
        self.search()

    def want(self, server: Server) -> None:
        """A person wants `server`: it is asked now, in a session, and taken if it is no standby."""
        known = self.state.known(server)
        if not self.state.may_switch or self.state.server is not server.other:
            return
        if self.rests(known) or self.at < known.barred_until:
            return
        if known.probe:
            self.effects.append(Discard(known.probe))
        self.know(server, probe=0, ask_at=self.at)
        self.set(wanted=server)

    def retry(self, servers: tuple[Server, ...]) -> None:
        for server in servers:
            known = self.state.known(server)
            is_open = known.held or self.state.server is server
            self.know(server, barred_until=0.0, uri=known.uri if is_open else "", tries=0)
            if known.ask_at is not None:
                self.know(server, ask_at=self.at)

    def stop(self) -> tuple[State, tuple[Effect, ...]]:
        self.close_all(None)
        self.set(running=False, ended=True)
        self.announce()
        return self.state, tuple(self.effects)

    def close_all(self, reason: Problem | None) -> None:
        for server in Server:
            known = self.state.known(server)
            self.effects += [Discard(generation) for generation in (known.probe, known.held) if generation]
            self.know(server, probe=0, held=0, ask_at=None)
        if self.state.server is not None:
            self.effects.append(Discard(self.state.session))
            self.disconnect(reason)

    # What is known

    def learn(self, report: Report) -> None:
        """`report` becomes what is known of its server, after its identity was checked."""
        known = self.state.known(report.server)
        report = self.identified(replace(report, server_uri=report.server_uri or known.uri))
        door_only = report.problem is None and report.layer < Layer.ACTIVATED
        if door_only and known.barred_until == FOREVER:
            return
        barred_until, kind = known.barred_until, report.problem and report.problem.kind
        if kind is ProblemKind.CREDENTIALS and report.layer >= Layer.SESSION:  # before that, none were shown
            barred_until = FOREVER
        elif kind is ProblemKind.UNREACHABLE and barred_until == FOREVER:  # restarted: worth another try, but not soon
            barred_until = self.at + self.state.timing.attention_retry
        uri = report.server_uri if report.accepted else known.uri
        self.know(report.server, report=report, uri=uri, barred_until=barred_until)

    def identified(self, report: Report) -> Report:
        """`report`, or that its server is not the one it should be: the connected one once more, or another than before.

        While searching, two servers of one URI are let pass: a pair that was cloned is better than none.
        """
        uri, own, peer = report.server_uri, self.state.known(report.server), self.state.known(report.server.other)
        if not report.accepted or not uri:
            return report
        case = ""
        if own.uri and uri != own.uri:
            case = "other-server"
        if self.state.server is report.server.other and uri == peer.uri:
            case = "one-server"
        if not case:
            return report
        problem = Problem(ProblemKind.IDENTITY, report.layer, detail=uri, case=case, arguments=(("uri", uri),))
        return replace(report, problem=problem)

    def find_roles(self) -> None:
        main, backup = self.state.main.report, self.state.backup.report
        for server, finding in ((Server.MAIN, find_role(main, backup)), (Server.BACKUP, find_role(backup, main))):
            known = self.state.known(server)
            if finding != known.finding:
                self.know(server, finding=finding, since=known.since if finding.role is known.finding.role else self.at)

    # What to do

    def settle(self) -> tuple[State, tuple[Effect, ...]]:
        self.find_roles()
        self.move()
        for server in Server:
            self.tidy(server)
        for server in Server:
            self.ask_if_due(server)
        self.announce()
        self.set_alarm()
        return self.state, tuple(self.effects)

    def move(self) -> None:
        server = self.state.server
        if server is None:
            best = self.best()
            if best is not None:
                self.adopt(best)
            return
        own = self.state.known(server)
        if own.finding.role in _LEFT:
            self.leave((own.report and own.report.problem) or own.finding.source)
        elif self.state.wanted is self.answered is server.other:
            self.set(wanted=None)
            wanted = self.state.known(server.other)
            if wanted.held and wanted.finding.role in _ASKED_FOR:
                self.switch(None)
        elif own.finding.role in (Role.DEGRADED, Role.UNKNOWN) and self.may_move(server.other):
            self.set(moved_at=self.at)
            self.switch(own.finding.source)

    def leave(self, why: Problem | Source) -> None:
        """Away from a server that says that it does not serve."""
        left = self.state.server
        assert left is not None
        self.effects.append(Discard(self.state.session))
        self.disconnect(why)
        self.search()
        self.know(left, answered=True, ask_at=self.next_time(left, self.state.known(left)))

    def switch(self, why: Source | None) -> None:
        """To the peer, whose session was opened just now."""
        assert self.state.server is not None
        taken = self.state.server.other
        self.effects.append(Discard(self.state.session))
        self.disconnect(why)
        self.adopt(taken)

    def may_move(self, peer: Server) -> bool:
        moved, known = self.state.moved_at, self.state.known(peer)
        rested = moved is None or self.at - moved >= self.state.timing.min_dwell
        return rested and known.held != 0 and known.finding.role is Role.ACTIVE

    def best(self) -> Server | None:
        """The server whose open session is to be adopted now; None if none is, or a better one may yet answer."""
        held = [
            server for server in (self.state.preferred, self.state.preferred.other) if self.state.known(server).held
        ]
        for server in held:
            if self.state.known(server).finding.role is Role.ACTIVE:
                return None if self.main_may_answer(server) else server
        if not self.state.both_answered:
            return None
        usable = [server for server in held if self.state.known(server).finding.role in _CHOICE]
        return min(usable, key=self.rank, default=None)

    def main_may_answer(self, active: Server) -> bool:
        first = self.state.lost_at is None and active is Server.BACKUP and not self.state.main.answered
        return first and self.at < self.state.searching_since + MAIN_GRACE

    def rank(self, server: Server) -> tuple[int, bool, int]:
        known = self.state.known(server)
        assert known.report is not None
        return _CHOICE.index(known.finding.role), not is_hot(known.report), -(known.report.level or 0)

    def adopt(self, server: Server) -> None:
        """The open session of `server` becomes the data session; an older probe could not follow it any more, so it is begun anew."""
        generation = self.state.known(server).held
        self.know(server, held=0)
        self.set(server=server, session=generation, adopted_at=self.at)
        self.effects.append(Adopt(generation))
        older = self.state.known(server.other).probe
        if 0 < older < generation:
            self.effects.append(Discard(older))
            self.know(server.other, probe=0, ask_at=self.at)

    def disconnect(self, reason: Problem | Source | None) -> None:
        """The data session is no more; who ends it is said by an effect, or it ended by itself."""
        young = self.at - self.state.adopted_at < YOUNG
        self.set(died_young=self.state.died_young + 1 if young else 0)
        self.set(left=self.state.server, server=None, session=0, lost_at=self.at, reason=reason, wanted=None)

    def tidy(self, server: Server) -> None:
        """Keep or close the session of a probe that was not adopted, and say when the server is asked again."""
        known = self.state.known(server)
        if known.held and (self.state.server is not None or known.finding.role not in _KEEPABLE):
            self.effects.append(Discard(known.held))
            self.know(server, held=0)
        elif known.held and self.answered is server:
            self.effects.append(Keep(known.held))
        known = self.state.known(server)
        waits = not known.probe and not known.held and self.state.server is not server
        if waits and known.ask_at is None:
            self.know(server, ask_at=self.next_time(server, known))

    def next_time(self, server: Server, known: Known) -> float:
        timing = self.state.timing
        assert known.report is not None
        rest = backoff.rest_until(known.finding, known.report, timing)
        if rest is not None:
            return max(rest, self.at)
        if known.finding.role is Role.ATTENTION:
            return self.at + timing.attention_retry
        if self.state.server is None:
            return self.at + backoff.after_failure(known.report, known.tries, self.luck, timing)
        own = self.state.known(self.state.server).finding.role
        return self.at + backoff.while_connected(
            known.finding, known.report, known.tries, self.luck, well=own is not Role.DEGRADED, timing=timing
        )

    def ask_if_due(self, server: Server) -> None:
        known = self.state.known(server)
        if known.ask_at is None or known.ask_at > self.at:
            return
        generation = self.state.generation + 1
        self.set(generation=generation)
        self.know(server, probe=generation, ask_at=None)
        self.effects.append(Probe(server, generation, self.session_is_needed(server, known)))

    def session_is_needed(self, server: Server, known: Known) -> bool:
        """Whether a probe of `server` may go further than an open port."""
        if self.at < known.barred_until:
            return False
        if self.state.server is None or self.state.wanted is server or known.finding.role is Role.ATTENTION:
            return True  # what needs a person is not mended by an open port
        level = listed_level(known.uri, self.state.known(self.state.server).report)
        return level is None or not NO_DATA <= level < HEALTHY  # said to be down, or as good: that is to be seen

    def rests(self, known: Known) -> bool:
        """Whether the server said when it returns, and that time has not come."""
        rest = backoff.rest_until(known.finding, known.report, self.state.timing)
        return rest is not None and rest > self.at

    def set_alarm(self) -> None:
        times = [known.ask_at for known in (self.state.main, self.state.backup) if known.ask_at is not None]
        if self.state.server is None:
            times += self.patience_ends()
        if times and min(times) != self.state.wake_at:
            self.set(wake_at=min(times))
            self.effects.append(WakeAt(min(times)))

    def patience_ends(self) -> list[float]:
        ends = [grace_ends(self.state)]
        if self.state.lost_at is None and not self.state.main.answered:
            ends = [self.state.searching_since + MAIN_GRACE]
        return [end for end in ends if end is not None and end > self.at]

    def announce(self) -> None:
        new = connection(self.state, self.at)
        if worth_announcing(self.state, new):
            self.set(announced=new)
            self.effects.append(Announce(new))
