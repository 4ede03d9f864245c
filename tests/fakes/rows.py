"""Which rows of the decision table one call of `decide` was: told from the event and the states before and after it."""

from __future__ import annotations

from vizclient.redundancy.effects import Adopt, Effect
from vizclient.redundancy.events import Event, Lost, Probed, Reported, Slept, SwitchAsked
from vizclient.redundancy.model import Caution, ConnectionState, Problem, Role, Server, Source
from vizclient.redundancy.state import State

ROWS = frozenset(
    {
        "not connected, one active: connect",
        "not connected, one inferred: connect",
        "not connected, both active: the last one",
        "not connected, both active at the start: the main",
        "not connected, none active, one degraded: connect",
        "not connected, nothing announced: connect, unsure",
        "not connected, none usable: search",
        "not connected, none usable: it is said",
        "not connected, a kept session turns active: adopt",
        "connected and active, the other active too: stay",
        "connected and active, the other active too: warn",
        "connected, says standby: leave",
        "connected, in maintenance: leave",
        "connected, shutting down: leave",
        "connected and degraded, the other active: switch",
        "connected and degraded, the other active, within the dwell: stay",
        "connected, nothing announced and the other refuses: stay",
        "connected, both accept and neither announces a role: stay, unsure",
        "left for what it says, the other active: connect there",
        "connection lost: search both",
        "connection lost: the same server is back first",
        "kept session lost",
        "older generation: dropped",
        "slept while connected: lost",
        "operator may not ask",
        "operator asks: switch",
        "operator asks for a standby: stay",
        "back to the main",
        "needs attention",
        "rests until its time of return",
    }
)

_LEAVES = {
    Role.STANDBY: "connected, says standby: leave",
    Role.MAINTENANCE: "connected, in maintenance: leave",
    Role.DOWN: "connected, shutting down: leave",
}


def rows(before: State, event: Event, after: State, effects: tuple[Effect, ...]) -> set[str]:
    """The names of the rows; none if it was no decision, such as the end of a probe of a standby."""
    if isinstance(event, Probed | Reported | Lost) and after is before:
        return {"older generation: dropped"} if before.running else set()
    found = _beside(before, event, after)
    was, now = before.server, after.server
    if was is None:
        found |= _not_connected(event, after, effects)
    elif now is was and after.session == before.session:
        found |= _stayed(before, event, after)
    else:
        found |= _left(before, event, after)
    return found


def _not_connected(event: Event, after: State, effects: tuple[Effect, ...]) -> set[str]:
    if after.server is None:
        said = after.announced is not None and after.announced.state is ConnectionState.NO_ACTIVE
        found = {"not connected, none usable: it is said"} if said else set()
        return found | ({"not connected, none usable: search"} if after.both_answered else set())
    own, other = _roles(after)
    found = set()
    if after.left is after.server and isinstance(after.reason, Problem):
        found.add("connection lost: the same server is back first")
    if after.left is after.server.other and isinstance(after.reason, Source) and own is Role.ACTIVE:
        found.add("left for what it says, the other active: connect there")
    if own is other is Role.ACTIVE:
        at_the_start = after.left is None
        found.add(f"not connected, both active{' at the start: the main' if at_the_start else ': the last one'}")
    elif own is Role.ACTIVE:
        found.add("not connected, one active: connect")
    elif own is Role.INFERRED:
        found.add("not connected, one inferred: connect")
    elif own is Role.DEGRADED:
        found.add("not connected, none active, one degraded: connect")
    else:
        found.add("not connected, nothing announced: connect, unsure")
    if isinstance(event, Reported) and any(isinstance(effect, Adopt) for effect in effects):
        found.add("not connected, a kept session turns active: adopt")
    return found


def _stayed(before: State, event: Event, after: State) -> set[str]:
    own, other = _roles(after)
    found = set()
    if own is other is Role.ACTIVE:
        found.add("connected and active, the other active too: stay")
        if after.announced is not None and Caution.TWO_ACTIVE in after.announced.warnings:
            found.add("connected and active, the other active too: warn")
    if own is Role.INFERRED:
        found.add("connected, nothing announced and the other refuses: stay")
    if own is Role.UNKNOWN and other is Role.UNKNOWN and after.announced is not None and not after.announced.sure:
        found.add("connected, both accept and neither announces a role: stay, unsure")
    if own is Role.DEGRADED and other is Role.ACTIVE and isinstance(event, Probed) and event.held:
        found.add("connected and degraded, the other active, within the dwell: stay")
    if isinstance(event, SwitchAsked) and not after.may_switch:
        found.add("operator may not ask")
    if before.wanted is not None and after.wanted is None:
        found.add("operator asks for a standby: stay")
    return found


def _left(before: State, event: Event, after: State) -> set[str]:
    was = before.server
    assert was is not None
    if isinstance(event, Lost):
        return {"connection lost: search both"}
    if isinstance(event, Slept):
        return {"slept while connected: lost"}
    if before.wanted is not None and after.server is was.other and after.reason is None:
        return {"operator asks: switch"}
    role = after.known(was).finding.role
    if after.server is was.other and before.known(was).finding.role is Role.DEGRADED and isinstance(event, Probed):
        return {"connected and degraded, the other active: switch"}
    return {_LEAVES[role]} if role in _LEAVES else set()


def _beside(before: State, event: Event, after: State) -> set[str]:
    found = set()
    if after.server is Server.MAIN and after.session != before.session and after.left is Server.BACKUP:
        found.add("back to the main")
    if isinstance(event, Lost) and event.generation != before.session:
        found.add("kept session lost")
    for known in (after.main, after.backup):
        if known.finding.role is Role.ATTENTION:
            found.add("needs attention")
        report = known.report
        if known.finding.role is Role.MAINTENANCE and report is not None and report.estimated_return == known.ask_at:
            found.add("rests until its time of return")
    return found


def _roles(state: State) -> tuple[Role, Role]:
    assert state.server is not None
    return state.known(state.server).finding.role, state.known(state.server.other).finding.role
