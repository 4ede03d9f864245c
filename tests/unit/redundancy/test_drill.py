"""What a drill shows: values before and after, messages, what is wrong, and the verdict."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vizclient.items.freshness import Behaviour
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.redundancy.comparison import Comparison, Outcome
from vizclient.redundancy.drill import (
    Agreed,
    Agreement,
    Counters,
    Course,
    Fault,
    ItemResult,
    Leg,
    Messages,
    Movement,
    Share,
    Verdict,
    Way,
    by_interface,
    compare,
    exceptions,
    faults,
    judge_messages,
    verdict,
)
from vizclient.redundancy.model import Server, Switchover

SENSOR = Metadata("Double", low=0.0, high=100.0)
ENERGY = Metadata("Double", low=0.0, high=10_000_000.0)
SET_POINT = Metadata("Double", writable=True, low=0.0, high=100.0)
STATE = Metadata("UInt32", labels=((0, "Off"), (1, "On")))
STILL = Movement(10.0)


def moved(*values: Value, seconds: float = 10.0) -> Movement:
    movement = Movement(seconds)
    for value in values:
        movement.note(value)
    return movement


@pytest.mark.parametrize(
    ("before", "after", "metadata", "movement", "agreement"),
    [
        (21.0, 21.0, SENSOR, STILL, Agreement.SAME),
        (math.nan, math.nan, SENSOR, STILL, Agreement.SAME),
        ("a", "a", None, STILL, Agreement.SAME),
        (50.25, 50.75, SENSOR, STILL, Agreement.WITHIN),  # 1 % of the value, which is less than 1 % of the range
        (50.25, 50.77, SENSOR, STILL, Agreement.DIFFERS),
        (3.9, 3.8, ENERGY, STILL, Agreement.WITHIN),  # one of its last digit
        (3.9, 3.5, ENERGY, STILL, Agreement.DIFFERS),
        (3.9, 3.8, Metadata("Double"), STILL, Agreement.WITHIN),
        (3.14159, 3.14259, Metadata("Double"), STILL, Agreement.DIFFERS),  # measured more finely than that
        (120_000.125, 121_300.125, ENERGY, STILL, Agreement.DIFFERS),
        (0, 1, Metadata("Int32"), STILL, Agreement.DIFFERS),
        (100, 101, replace(SENSOR, data_type="Int32"), STILL, Agreement.WITHIN),
        (21.0, 21.1, SET_POINT, STILL, Agreement.DIFFERS),
        (21.0, 21.000001, SET_POINT, STILL, Agreement.WITHIN),
        (21.0, 21.1, None, STILL, Agreement.DIFFERS),
        (21.0, 22.5, SET_POINT, moved(21.0, 20.5, 20.75), Agreement.WITHIN),  # three times as far as it came before
        (21.0, 22.51, SET_POINT, moved(21.0, 20.5, 20.75), Agreement.DIFFERS),
        (21.0, 24.0, SET_POINT, moved(21.0, 20.5, seconds=1.0), Agreement.WITHIN),  # and twice as long
        (21.0, math.inf, SENSOR, moved(0.0, 100.0), Agreement.DIFFERS),
        (0, 1, STATE, STILL, Agreement.DIFFERS),
        (0, 1, STATE, moved(0, 1), Agreement.MOVING),
        (True, False, None, STILL, Agreement.DIFFERS),
        ("a", "b", None, moved("a", "c"), Agreement.MOVING),
        (1.0, None, None, STILL, Agreement.DIFFERS),
        (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC), None, STILL, Agreement.DIFFERS),
    ],
)
def test_values_are_held_against_how_they_moved_and_what_they_are(
    before: Value, after: Value, metadata: Metadata | None, movement: Movement, agreement: Agreement
) -> None:
    assert compare(before, after, metadata, movement, 2.0).agreement is agreement


def test_what_differs_is_said_with_what_it_might_differ() -> None:
    assert compare(20.0, 21.0, SENSOR, moved(20.0, 20.5), 0.1) == Agreed(Agreement.WITHIN, 1.0, 2.0)
    assert compare(1.0, 2.0, SET_POINT, Movement(), 0.1) == Agreed(Agreement.DIFFERS, 1.0, 1e-6)


def test_a_movement_counts_changes_and_knows_how_far_it_went() -> None:
    movement = moved(None, 1.0, 1.0, 3.0, math.nan, 2.0)
    assert (movement.changes, movement.span) == (3, 2.0)
    assert (Movement().changes, Movement().span) == (0, 0.0)
    assert moved("a", "b").span == 0.0


def item(name: str = "a", interface: str = "KNX", **more: object) -> ItemResult:
    whole = ItemResult(
        name, interface, Behaviour.SYNCHRONISED, Outcome.BACK, 0.2, 0.1, None, False, "", 1.0, 0, 1.0, 0,
        Agreed(Agreement.SAME),
    )  # fmt: skip
    return replace(whole, **more)  # type: ignore[arg-type]


ODD = item("odd", agreed=Agreed(Agreement.DIFFERS, 2.0, 1.0))
GONE = item("gone", outcome=Outcome.MISSING, outage=None)
WITHOUT = item("without", "Kaba", outcome=Outcome.UNSYNCHRONISED, outage=None)


def test_items_are_summed_up_by_interface_those_of_none_last() -> None:
    shares = by_interface([item(interface="", behaviour=None), item(outage=0.5, late=True), ODD, GONE, WITHOUT])
    assert [(one.interface, one.items) for one in shares] == [("KNX", 3), ("Kaba", 1), ("", 1)]
    none = dict.fromkeys(Outcome, 0)
    outcomes = {**none, Outcome.BACK: 2, Outcome.MISSING: 1}
    assert shares[0] == Share("KNX", Behaviour.SYNCHRONISED, 3, outcomes, 1, 1, 0.5)
    assert shares[1].worst is None


def test_what_a_person_should_look_at_comes_gravest_first_and_without_what_is_so_by_nature() -> None:
    silent = item("silent", outcome=Outcome.WAITING)
    assert exceptions([item(), ODD, WITHOUT, silent, GONE]) == [GONE, silent, ODD]


@pytest.mark.parametrize(
    ("before", "after", "judged"),
    [
        (Counters(5, 5, 0), Counters(8, 8, 0), (3, 3, 0, 0)),
        (Counters(5, 5, 0), Counters(8, 10, 0), (3, 5, 2, 0)),
        (Counters(5, 5, 0), Counters(8, 6, 0), (3, 1, 0, 2)),
        (Counters(5, 4, 1), Counters(8, 8, 0), (3, 4, 0, 0)),
        (Counters(5, 5, 0), Counters(8, 6, 2), (3, 1, 0, 0)),
    ],
)
def test_each_message_is_to_be_sent_once_unless_it_still_waits(
    before: Counters, after: Counters, judged: tuple[int, int, int, int]
) -> None:
    assert judge_messages("Messenger", before, after) == Messages("Messenger", *judged)


def leg(*items: ItemResult, comparison: Comparison | None = None, asked_at: float | None = 9.0) -> Leg:
    counted = comparison or Comparison(10, 10, 0.1, whole=True)
    switchover = Switchover(1e9, Server.MAIN, Server.BACKUP, None, 10.0, 10.1, 10.1, comparison=counted)
    return Leg(Way.METHOD, switchover, asked_at, items)


def test_a_leg_knows_how_long_the_server_took_to_let_go() -> None:
    assert leg().noticed_after == 1.0
    assert leg(asked_at=None).noticed_after is None
    assert replace(leg(), switchover=replace(leg().switchover, comparison=None)).comparison == Comparison(0)


HOME = Server.MAIN
WELL = Course(HOME, HOME, (leg(), leg()))
BY_NATURE = Comparison(10, 8, 0.1, 3, 2.0, unsynchronised=(("Kaba", 2),), whole=True)


@pytest.mark.parametrize(
    ("course", "found", "word"),
    [
        (WELL, {}, Verdict.PASSED),
        (replace(WELL, legs=(leg(WITHOUT, comparison=BY_NATURE), leg())), {}, Verdict.PASSED),
        (replace(WELL, legs=(leg(),), stands=Server.BACKUP, with_return=False), {}, Verdict.PASSED),
        (replace(WELL, legs=()), {Fault.NO_SWITCH: 1}, Verdict.FAILED),
        (replace(WELL, legs=(leg(),), stands=Server.BACKUP), {Fault.NO_RETURN: 1}, Verdict.FAILED),
        (replace(WELL, legs=(leg(),), stands=None), {Fault.NO_RETURN: 1}, Verdict.FAILED),
        (
            replace(WELL, legs=(leg(comparison=Comparison(10, waiting=10)), leg())),
            {Fault.NOTHING_BACK: 1, Fault.WAITING: 10},
            Verdict.FAILED,
        ),
        (replace(WELL, two_active=True), {Fault.TWO_ACTIVE: 1}, Verdict.FAILED),
        (replace(WELL, legs=(leg(), leg(), leg())), {Fault.MORE_SWITCHES: 1}, Verdict.RESTRICTED),
        (
            replace(
                WELL,
                legs=(
                    leg(ODD, comparison=Comparison(10, 5, 0.1, missing=(("KNX", 2),), worse=1, waiting=1)),
                    leg(ODD, ODD, comparison=Comparison(10, 9, 0.1, missing=(("KNX", 1),), awaited=(("Metering", 3),))),
                ),
            ),
            {Fault.MISSING: 2, Fault.WAITING: 3, Fault.WORSE: 1, Fault.DIFFERING: 2},
            Verdict.RESTRICTED,
        ),
        (
            replace(WELL, messages=(Messages("A", 3, 4, 1, 0), Messages("B", 3, 1, 0, 2))),
            {Fault.DOUBLED: 1, Fault.UNSENT: 2},
            Verdict.RESTRICTED,
        ),
        (replace(WELL, legs=(), broken_off=True), {Fault.NO_SWITCH: 1}, Verdict.BROKEN_OFF),
    ],
)
def test_what_was_wrong_makes_the_verdict(course: Course, found: dict[Fault, int], word: Verdict) -> None:
    assert faults(course) == found
    assert verdict(course) is word
    assert course.moved is (course.stands is not HOME)
