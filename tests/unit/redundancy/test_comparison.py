"""What a switchover has left: item by item, in one figure, clause by clause."""

from __future__ import annotations

import pytest

from vizclient.items.freshness import Freshness
from vizclient.redundancy.comparison import Before, Comparison, Count, Outcome, Remark, outcome, remarks

GOOD, UNCERTAIN, BAD = 0, 0x40000000, 0x80000000


def count(*interfaces: str, lost_at: float = 100.0) -> Count:
    """Items 0, 1, … of these interfaces."""
    return Count({n: Before(f"item-{n}", name, GOOD) for n, name in enumerate(interfaces)}, lost_at)


def note(counted: Count, found: Outcome, at: float, *handles: int, absent: bool = False) -> None:
    for handle in handles:
        counted.note(handle, found, at, absent=absent)


@pytest.mark.parametrize(
    ("before", "now", "status", "found"),
    [
        (GOOD, Freshness.LIVE, GOOD, Outcome.BACK),
        (BAD, Freshness.LIVE, GOOD, Outcome.BACK),
        (GOOD, Freshness.BAD, BAD, Outcome.WORSE),
        (UNCERTAIN, Freshness.BAD, BAD, Outcome.WORSE),
        (BAD, Freshness.BAD, BAD, Outcome.BACK),
        (BAD, Freshness.UNCERTAIN, UNCERTAIN, Outcome.BACK),
        (UNCERTAIN, Freshness.UNCERTAIN, UNCERTAIN, Outcome.BACK),
        (GOOD, Freshness.UNCERTAIN, UNCERTAIN, Outcome.WORSE),
        (BAD, Freshness.UNCERTAIN, GOOD, Outcome.WORSE),  # the server's role is not sure
        (GOOD, Freshness.UNSYNCHRONISED, GOOD, Outcome.UNSYNCHRONISED),
        (GOOD, Freshness.MISSING, 0x80340000, Outcome.MISSING),
        (GOOD, Freshness.STALE, GOOD, Outcome.WAITING),
        (GOOD, Freshness.HELD, GOOD, Outcome.WAITING),
        (GOOD, Freshness.NEVER, GOOD, Outcome.WAITING),
    ],
)
def test_an_item_is_back_when_it_is_as_trustworthy_as_before(
    before: int, now: Freshness, status: int, found: Outcome
) -> None:
    assert outcome(before, now, status) is found


def test_what_comes_at_once_is_timed_from_the_loss_and_ends_the_count() -> None:
    counted = count("KNX", "KNX", "Kaba")
    assert counted.comparison() == Comparison(3, waiting=3)
    note(counted, Outcome.BACK, 100.125, 0)
    note(counted, Outcome.UNSYNCHRONISED, 100.125, 2)
    assert not counted.nothing_due()
    assert counted.comparison() == Comparison(3, 1, 0.125, unsynchronised=(("Kaba", 1),), waiting=1)
    note(counted, Outcome.BACK, 100.25, 1)
    assert counted.nothing_due()
    assert not counted.open
    assert counted.comparison() == Comparison(3, 2, 0.25, unsynchronised=(("Kaba", 1),), whole=True)


def test_what_the_new_server_makes_first_is_late_and_does_not_lengthen_the_time_of_the_others() -> None:
    counted = count("KNX", "Metering", "Metering", "")
    note(counted, Outcome.BACK, 100.125, 0)
    note(counted, Outcome.WAITING, 100.125, 1, 2, absent=True)
    note(counted, Outcome.MISSING, 100.125, 3)
    assert counted.nothing_due()
    by_now = counted.comparison()
    assert (by_now.awaited, by_now.missing, by_now.missing_items) == ((("Metering", 2),), (("", 1),), ("item-3",))
    assert not by_now.whole
    note(counted, Outcome.BACK, 103.0, 1)
    note(counted, Outcome.BACK, 104.0, 3)
    note(counted, Outcome.MISSING, 110.0, 2)
    assert counted.comparison(whole=True) == Comparison(
        4,
        3,
        0.125,
        late=2,
        late_after=4.0,
        missing=(("Metering", 1),),
        missing_items=("item-2",),
        whole=True,
    )


def test_each_item_can_be_asked_for() -> None:
    counted = count("KNX", "KNX", "Metering")
    note(counted, Outcome.BACK, 100.5, 0)
    note(counted, Outcome.MISSING, 100.25, 2)
    assert counted.found(0) == (Outcome.BACK, 100.5, False)
    assert counted.found(1) == (Outcome.WAITING, None, False)
    assert counted.found(2) == (Outcome.MISSING, 100.25, True)
    assert (2 in counted, 3 in counted) == (True, False)


def test_interfaces_are_named_by_their_share_and_of_missing_items_only_the_first_few() -> None:
    counted = count("A", "B", "B", "C", "C", "C", "C")
    note(counted, Outcome.MISSING, 100.0, *range(7))
    found = counted.comparison()
    assert found.missing == (("C", 4), ("B", 2), ("A", 1))
    assert found.missing_items == tuple(f"item-{n}" for n in range(5))


def test_what_nobody_wants_any_more_does_not_count() -> None:
    counted = count("A", "A", "A")
    note(counted, Outcome.BACK, 100.5, 0, 1)
    counted.drop([1, 2, 77])
    assert counted.comparison() == Comparison(1, 1, 0.5, whole=True)


def test_a_clock_that_was_behind_makes_no_negative_time() -> None:
    counted = count("A")
    note(counted, Outcome.BACK, 99.0, 0)
    assert counted.comparison().after == 0.0


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (Comparison(9, 9, 0.1, whole=True), [Remark("back", 9, of=9, after=0.1)]),
        (
            Comparison(9, 8, 0.1, 3, 2.0, worse=1, whole=True),
            [Remark("back-late", 8, (), 9, 0.1, 3, 2.0), Remark("worse", 1)],
        ),
        (Comparison(2, 2, None, 2, 2.0, whole=True), [Remark("back", 2, of=2, after=2.0)]),
        (Comparison(2, waiting=2), [Remark("none", 0, of=2), Remark("waiting", 2)]),
        (
            Comparison(
                9,
                1,
                0.1,
                unsynchronised=(("Kaba", 2), ("Salto", 1)),
                missing=(("KNX", 1), ("", 1)),
                awaited=(("Metering", 3),),
            ),
            [
                Remark("back", 1, of=9, after=0.1),
                Remark("unsynchronised", 3, ("Kaba", "Salto")),
                Remark("missing", 2, ("KNX",)),
                Remark("awaited", 3, ("Metering",)),
            ],
        ),
        (
            Comparison(4, 1, 0.1, awaited=(("Metering", 3),), whole=True),
            [Remark("back", 1, of=4, after=0.1), Remark("not-come", 3, ("Metering",))],
        ),
        (
            Comparison(2, 1, 0.1, missing=(("", 1),), whole=True),
            [Remark("back", 1, of=2, after=0.1), Remark("missing-unnamed", 1)],
        ),
    ],
)
def test_there_is_a_clause_for_each_thing_that_there_is_to_say(comparison: Comparison, said: list[Remark]) -> None:
    assert list(remarks(comparison)) == said
