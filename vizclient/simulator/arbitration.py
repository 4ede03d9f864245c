"""Which of the two servers is active: a pure function of what is known and what happens. Time comes in with the event.

Both begin on standby. A server hears the other's word every heartbeat. One that hears nothing for `dead_after` takes
over; one that finds both active gives way if it is the backup. The favourite (the main, or nobody with `stay`, or
whoever a person last asked for) asks for the active role back once it has been updated by the active one, which steps
down, hands its last state over, and only then does the favourite act. A process that notices that it was stopped
counts as standby, and as not updated, until it has heard the other or waited for it in vain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from vizclient.redundancy.model import Server

_ASK_AGAIN = 0.2


class Role(StrEnum):
    """What a server takes itself for."""

    ACTIVE = "active"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class Rules:
    """What does not change while a server runs. Times in seconds.

    `favourite`: who is to be active when both can; None: whoever is. `grace`: how long a backup that has just started
    waits for the main. `return_delay`: how long an updated favourite waits before it asks for the role.
    """

    server: Server
    favourite: Server | None = Server.MAIN
    dead_after: float = 0.3
    grace: float = 3.0
    return_delay: float = 1.0


@dataclass(frozen=True, slots=True)
class Word:
    """What a server says in every heartbeat. `ready`: on standby and updated. `wish`: how often persons asked for a server."""

    role: Role
    ready: bool = False
    favourite: Server | None = None
    wish: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What a server knows. `patience`: how long nobody may be heard after `since` before it takes over alone."""

    role: Role
    since: float
    patience: float
    favourite: Server | None
    wish: int = 0
    heard_at: float | None = None
    word: Word | None = None
    updated_at: float | None = None
    asked_at: float | None = None
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""

    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A heartbeat of the other server came."""

    at: float
    word: Word


@dataclass(frozen=True, slots=True)
class Updated:
    """The active server's state came and was taken over."""

    at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """The other server asks for the active role."""

    at: float


@dataclass(frozen=True, slots=True)
class Granted:
    """The other server has stepped down and its last state was taken over."""

    at: float


@dataclass(frozen=True, slots=True)
class Thawed:
    """This process has not run for longer than `dead_after`."""

    at: float


@dataclass(frozen=True, slots=True)
class SwapAsked:
    """A person wants the roles swapped."""

    at: float


@dataclass(frozen=True, slots=True)
class Leaving:
    """This server is being shut down in order."""

    at: float


Event = Ticked | Heard | Updated | Asked | Granted | Thawed | SwapAsked | Leaving


@dataclass(frozen=True, slots=True)
class Become:
    """Take `role`; `reason` is for the log."""

    role: Role
    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the other server for the active role."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Send the other server the last state, and the active role with it."""


Effect = Become | Ask | Grant
Outcome = tuple[State, tuple[Effect, ...]]


def begin(rules: Rules, at: float) -> State:
    """A server that has just started."""
    patience = 3 * rules.dead_after if rules.server is Server.MAIN else max(rules.grace, 3 * rules.dead_after)
    return State(Role.STANDBY, at, patience, rules.favourite)


def word_of(state: State) -> Word:
    """What this server says of itself."""
    ready = state.role is Role.STANDBY and state.updated_at is not None and not state.leaving
    return Word(state.role, ready, state.favourite, state.wish)


def peer_alive(rules: Rules, state: State, at: float) -> bool:
    """Whether the other server was heard within `dead_after`."""
    return state.heard_at is not None and at - state.heard_at <= rules.dead_after


def peer_ready(rules: Rules, state: State, at: float) -> bool:
    """Whether the other server could take over at once."""
    return peer_alive(rules, state, at) and state.word is not None and state.word.ready


def arbitrate(rules: Rules, state: State, event: Event) -> Outcome:
    """The next state, and what to do, in this order. Total: any event in any state."""
    match event:
        case Ticked(at):
            return _wait(rules, state, at)
        case Heard(at, word):
            return _hear(rules, state, at, word)
        case Updated(at):
            if state.role is Role.STANDBY and state.updated_at is None:
                state = replace(state, updated_at=at)
            return _wait(rules, state, at)
        case Asked(at):
            if state.role is not Role.ACTIVE:
                return state, ()
            if state.favourite is rules.server:  # a person wished it, over there
                state = replace(state, favourite=rules.server.other, wish=state.wish + 1)
            return _step_down(state, "asked", Grant())
        case Granted(at):
            if state.role is Role.STANDBY and not state.leaving:
                last = state.word and replace(state.word, ready=False)  # it may be from before the other one was active
                return _take_over(replace(state, updated_at=at, word=last), "granted")
            return state, ()
        case Thawed(at):
            effects = (Become(Role.STANDBY, "was stopped"),) if state.role is Role.ACTIVE else ()
            fresh = State(Role.STANDBY, at, 2 * rules.dead_after, state.favourite, state.wish, leaving=state.leaving)
            return fresh, effects
        case SwapAsked(at):
            return _swap(rules, state, at)
        case Leaving(at):
            state = replace(state, leaving=True)
            if state.role is Role.ACTIVE:
                grants = (Grant(),) if peer_ready(rules, state, at) else ()
                return _step_down(state, "shut down", *grants)
            return state, ()
        case _:
            assert_never(event)


def _wait(rules: Rules, state: State, at: float) -> Outcome:
    if not peer_alive(rules, state, at):
        if state.favourite is not rules.favourite:  # what a person asked for ends with the server that it was about
            state = replace(state, favourite=rules.favourite, wish=state.wish + 1)
        if state.role is Role.ACTIVE or state.leaving:
            return state, ()
        if state.heard_at is not None:
            return _take_over(state, "peer dead")
        return _take_over(state, "alone") if at - state.since > state.patience else (state, ())
    assert state.word is not None
    if state.role is Role.ACTIVE or state.leaving:
        return state, ()
    mine = state.favourite is rules.server
    if state.word.role is Role.STANDBY:
        if mine or (state.favourite is None and rules.server is Server.MAIN):
            return _take_over(state, "nobody active")
        return state, ()
    due = mine and state.updated_at is not None and at - state.updated_at >= rules.return_delay
    if due and (state.asked_at is None or at - state.asked_at >= _ASK_AGAIN):
        return replace(state, asked_at=at), (Ask(),)
    return state, ()


def _hear(rules: Rules, state: State, at: float, word: Word) -> Outcome:
    state = replace(state, heard_at=at, word=word)
    if word.wish > state.wish:
        state = replace(state, favourite=word.favourite, wish=word.wish)
    if state.role is Role.ACTIVE and word.role is Role.ACTIVE and rules.server is Server.BACKUP:
        return _step_down(state, "both active")
    return _wait(rules, state, at)


def _swap(rules: Rules, state: State, at: float) -> Outcome:
    if state.role is Role.STANDBY:
        if state.leaving or state.updated_at is None or not peer_alive(rules, state, at):
            return state, ()
        return replace(state, favourite=rules.server, wish=state.wish + 1, asked_at=at), (Ask(),)
    if not peer_ready(rules, state, at):
        return state, ()
    state = replace(state, favourite=rules.server.other, wish=state.wish + 1)
    return _step_down(state, "swap", Grant())


def _take_over(state: State, reason: str) -> Outcome:
    return replace(state, role=Role.ACTIVE, asked_at=None), (Become(Role.ACTIVE, reason),)


def _step_down(state: State, reason: str, *more: Effect) -> Outcome:
    return replace(state, role=Role.STANDBY, updated_at=None, asked_at=None), (Become(Role.STANDBY, reason), *more)
