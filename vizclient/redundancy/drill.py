"""What a drill has shown: values before and after a switch compared, messages counted, and a verdict. Pure.

A measured value moves by itself, and nobody can hold the plant still: how far it may differ is concluded from how it moved
while it was watched before the switch, and from its range. Set-points and states are to be what they were.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeGuard

from vizclient.items.freshness import Behaviour
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.redundancy.comparison import Comparison, Outcome, number_of
from vizclient.redundancy.model import Server, Switchover

_PART_OF_RANGE = _PART_OF_VALUE = 0.01
_NOISE = 1e-6
"""Of the value: what a Float loses on its way."""
_STEPS = 2
_MOST_PLACES = 3
_MARGIN = 3.0
"""How much further than before an item may move during the switch."""


class Agreement(StrEnum):
    """How the value after a switch goes with the one before."""

    SAME = "same"
    WITHIN = "within"  # it differs by no more than it may
    MOVING = "moving"  # no number, and it changed by itself before: nothing can be said
    DIFFERS = "differs"
    NOT_COMPARED = "not-compared"  # one of them is not there, or cannot be trusted


@dataclass(slots=True)
class Movement:
    """What an item did by itself while it was watched for `seconds`."""

    seconds: float = 0.0
    changes: int = 0
    low: float = math.inf
    high: float = -math.inf
    _last: Value = field(default=None, repr=False)

    def note(self, value: Value) -> None:
        """The item had this value."""
        if value != self._last:
            self.changes += self._last is not None
            self._last = value
        if _is_number(value) and math.isfinite(value):
            self.low, self.high = min(self.low, value), max(self.high, value)

    @property
    def span(self) -> float:
        """Between its lowest and its highest value."""
        return max(0.0, self.high - self.low)


@dataclass(frozen=True, slots=True)
class Agreed:
    """`difference`, `tolerance`: of numbers that are not the same."""

    agreement: Agreement
    difference: float | None = None
    tolerance: float | None = None


def compare(before: Value, after: Value, metadata: Metadata | None, movement: Movement, apart: float) -> Agreed:
    """How a value goes with the one of `apart` seconds earlier."""
    if before == after or (before != before and after != after):  # noqa: PLR0124 - NaN
        return Agreed(Agreement.SAME)
    named = metadata is not None and bool(metadata.labels)
    if named or not _is_number(before) or not _is_number(after):
        return Agreed(Agreement.MOVING if movement.changes else Agreement.DIFFERS)
    difference = abs(after - before)
    if not math.isfinite(difference):
        return Agreed(Agreement.DIFFERS)
    tolerance = max(_tolerance(before, after, metadata), _own_movement(movement, apart))
    return Agreed(Agreement.WITHIN if difference <= tolerance else Agreement.DIFFERS, difference, tolerance)


def _own_movement(movement: Movement, apart: float) -> float:
    """How far the item may have come by itself."""
    longer = 1.0 if movement.seconds <= 0 else max(1.0, apart / movement.seconds)
    return _MARGIN * movement.span * longer


def _tolerance(before: float, after: float, metadata: Metadata | None) -> float:
    """What its kind allows: a measured value a little, by its range, its size and its last digit; a set-point none but noise."""
    noise = _NOISE * abs(before)
    if metadata is None or metadata.writable:
        return noise
    steps = _STEPS * _resolution(before, after)
    if metadata.low is None or metadata.high is None:
        return max(noise, steps)
    part = min(_PART_OF_RANGE * abs(metadata.high - metadata.low), _PART_OF_VALUE * abs(before))
    return max(noise, steps, part)


def _resolution(before: float, after: float) -> float:
    """The step in which an item seems to be measured: one of its last decimal, if it has few. 0 for a count."""
    if isinstance(before, int) and isinstance(after, int):
        return 0.0
    for places in range(_MOST_PLACES + 1):
        if all(abs(round(value, places) - value) <= _NOISE * abs(value) for value in (before, after)):
            return 10.0**-places
    return 0.0


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item through one switch. Times in seconds; None where it did not come to that.

    `outage`: from the loss to its first trustworthy value; `blackout`: the same from when the new server was found active; `gap`:
    from the last value that came from the one server to the first from the other, of items that move. `late`: the new server had to make it first.
    """

    item: str
    interface: str
    behaviour: Behaviour | None
    outcome: Outcome
    outage: float | None
    blackout: float | None
    gap: float | None
    late: bool
    unit: str
    before: Value
    before_status: int
    after: Value
    after_status: int | None
    agreed: Agreed


class Way(StrEnum):
    """How a switch came about."""

    METHOD = "method"  # the server was asked by its method Failover
    PERSON = "person"  # a person did it by the server's own means
    ITSELF = "itself"  # nobody asked for it now


@dataclass(frozen=True, slots=True)
class Leg:
    """One switch of a drill. `asked_at`: monotonic, None where nobody was asked. `versions`: what the new server says it is."""

    way: Way
    switchover: Switchover
    asked_at: float | None = None
    items: tuple[ItemResult, ...] = ()
    version: str = ""

    @property
    def comparison(self) -> Comparison:
        """What came back."""
        return self.switchover.comparison or Comparison(0)

    @property
    def noticed_after(self) -> float | None:
        """Seconds from the question to the end of the session on the server that was left."""
        return None if self.asked_at is None else max(0.0, self.switchover.lost_at - self.asked_at)

    @property
    def differing(self) -> list[ItemResult]:
        """Items whose value is another than before, beyond what it may be."""
        return [item for item in self.items if item.agreed.agreement is Agreement.DIFFERS]


@dataclass(frozen=True, slots=True)
class Share:
    """The items of one interface in one leg. `worst`: the longest outage among those that are back."""

    interface: str
    behaviour: Behaviour | None
    items: int
    outcomes: dict[Outcome, int]
    late: int
    differing: int
    worst: float | None


def by_interface(items: Iterable[ItemResult]) -> list[Share]:
    """Summed up by interface, in the order in which they come; items of none that is known are last."""
    groups: dict[str, list[ItemResult]] = {}
    for item in items:
        groups.setdefault(item.interface, []).append(item)
    return [
        Share(
            name,
            members[0].behaviour,
            len(members),
            {one: sum(item.outcome is one for item in members) for one in Outcome},
            sum(item.late for item in members if item.outcome is Outcome.BACK),
            sum(item.agreed.agreement is Agreement.DIFFERS for item in members),
            max((item.outage for item in members if item.outage is not None), default=None),
        )
        for name, members in sorted(groups.items(), key=lambda group: not group[0])
    ]


@dataclass(frozen=True, slots=True)
class Counters:
    """What a module that sends messages has counted: asked for, sent, still waiting."""

    events: int
    sent: int
    pending: int


@dataclass(frozen=True, slots=True)
class Messages:
    """`events`: messages asked for during the drill; `sent`: messages sent; `doubled`, `unsent`: more, or less, than there should be."""

    interface: str
    events: int
    sent: int
    doubled: int
    unsent: int


def judge_messages(interface: str, before: Counters, after: Counters) -> Messages:
    """Each message that was asked for, or waited already, is to be sent once; unless it still waits."""
    events, sent = after.events - before.events, after.sent - before.sent
    due = events + before.pending - after.pending
    return Messages(interface, events, sent, max(0, sent - due), max(0, due - sent))


class Verdict(StrEnum):
    """A drill in one word."""

    PASSED = "passed"
    RESTRICTED = "restricted"  # switched, and something is wrong or lacking
    FAILED = "failed"  # the switch or the return did not come, or nothing came back
    BROKEN_OFF = "broken-off"  # a person ended it


class Fault(StrEnum):
    """What is wrong; by the gravest the verdict is made."""

    NO_SWITCH = "no-switch"
    NO_RETURN = "no-return"
    NOTHING_BACK = "nothing-back"
    TWO_ACTIVE = "two-active"
    MORE_SWITCHES = "more-switches"
    MISSING = "missing"
    WAITING = "waiting"
    WORSE = "worse"
    DIFFERING = "differing"
    DOUBLED = "doubled"
    UNSENT = "unsent"


_FAILURES = frozenset({Fault.NO_SWITCH, Fault.NO_RETURN, Fault.NOTHING_BACK, Fault.TWO_ACTIVE})


@dataclass(frozen=True, slots=True)
class Course:
    """What happened in a drill. `home`: the server that served at the start; `stands`: the one that does at the end, None: not known.

    `with_return`: it was to go back. `broken_off`: a person ended it.
    """

    home: Server
    stands: Server | None
    legs: tuple[Leg, ...]
    messages: tuple[Messages, ...] = ()
    with_return: bool = True
    two_active: bool = False
    broken_off: bool = False

    @property
    def moved(self) -> bool:
        """Whether the pair is left otherwise than it was found."""
        return self.stands is not self.home


def faults(course: Course) -> dict[Fault, int]:
    """What was wrong, the gravest first, each with a number: of items, messages, or 1."""
    legs = course.legs
    compared = [leg.comparison for leg in legs]
    expected = 2 if course.with_return else 1
    found = {
        Fault.NO_SWITCH: int(not legs),
        Fault.NO_RETURN: int(bool(legs) and course.with_return and course.moved),
        Fault.NOTHING_BACK: sum(1 for one in compared if one.items and not one.back),
        Fault.TWO_ACTIVE: int(course.two_active),
        Fault.MORE_SWITCHES: max(0, len(legs) - expected),
        Fault.MISSING: _most(number_of(one.missing) for one in compared),
        Fault.WAITING: _most(one.waiting + number_of(one.awaited) for one in compared),
        Fault.WORSE: _most(one.worse for one in compared),
        Fault.DIFFERING: _most(len(leg.differing) for leg in legs),
        Fault.DOUBLED: sum(one.doubled for one in course.messages),
        Fault.UNSENT: sum(one.unsent for one in course.messages),
    }
    return {fault: number for fault, number in found.items() if number}


def verdict(course: Course) -> Verdict:
    """How it went. What is so by the nature of the plant is no restriction: not carried over, made late."""
    if course.broken_off:
        return Verdict.BROKEN_OFF
    found = faults(course)
    if _FAILURES & found.keys():
        return Verdict.FAILED
    return Verdict.RESTRICTED if found else Verdict.PASSED


def _most(numbers: Iterable[int]) -> int:
    """The worst of the legs: the same item is not counted twice."""
    return max(numbers, default=0)


def exceptions(items: Sequence[ItemResult]) -> list[ItemResult]:
    """Items that a person should look at, the gravest first: missing, silent, worse, or of another value. What is not
    carried over by the nature of its interface is none of them.
    """
    order = [Outcome.MISSING, Outcome.WAITING, Outcome.WORSE, Outcome.BACK]
    odd = [one for one in items if one.outcome in order[:-1] or one.agreed.agreement is Agreement.DIFFERS]
    return sorted(odd, key=lambda one: order.index(one.outcome))
