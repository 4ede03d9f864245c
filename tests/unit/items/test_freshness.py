"""Freshness: what may be called live, and what never may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.freshness import LINK_SILENCE, Freshness, Standing, freshness
from vizclient.items.value import Sample

GOOD, UNCERTAIN, BAD = 0x00000000, 0x40920000, 0x80050000
NOW = 1000.0
CONNECTED = Standing(generation=7, lost_at=None, hold=0.25)


def sample(status: int = GOOD, generation: int = 7, *, confirmed: bool = False) -> Sample:
    return Sample(21.5, status, 1.0, generation, "main", published=True, confirmed=confirmed)


def test_nothing_received_yet_is_never() -> None:
    assert freshness(None, CONNECTED, NOW, 0.0) is Freshness.NEVER
    assert freshness(None, CONNECTED, NOW, 99.0) is Freshness.NEVER


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (GOOD, Freshness.LIVE),
        (0x00A60000, Freshness.LIVE),
        (UNCERTAIN, Freshness.UNCERTAIN),
        (BAD, Freshness.BAD),
        (0xC0000000, Freshness.BAD),
        (0x80340000, Freshness.MISSING),
        (0x80330000, Freshness.MISSING),
    ],
)
def test_of_this_generation_the_status_decides(status: int, expected: Freshness) -> None:
    assert freshness(sample(status), CONNECTED, NOW, 0.0) is expected


def test_a_lost_value_is_held_for_the_hold_time_and_stale_from_then_on() -> None:
    lost = Standing(generation=0, lost_at=NOW, hold=0.25)
    assert freshness(sample(), lost, NOW + 0.24, 0.0) is Freshness.HELD
    assert freshness(sample(), lost, NOW + 0.25, 0.0) is Freshness.STALE
    assert freshness(sample(BAD), lost, NOW + 60, 0.0) is Freshness.STALE


def test_a_value_of_the_old_session_stays_old_after_the_new_one_is_open() -> None:
    back = Standing(generation=8, lost_at=NOW, hold=0.25, switched=True)
    assert freshness(sample(generation=7), back, NOW + 0.1, 0.0) is Freshness.HELD
    assert freshness(sample(generation=7), back, NOW + 0.3, 0.0) is Freshness.STALE
    assert freshness(sample(generation=8), back, NOW + 0.3, 0.0) is Freshness.LIVE


def test_a_value_without_any_session_ever_lost_is_stale_not_held() -> None:
    assert freshness(sample(), Standing(generation=0), NOW, 0.0) is Freshness.STALE


def test_a_silent_link_makes_even_missing_and_bad_values_stale() -> None:
    for status in (GOOD, UNCERTAIN, BAD, 0x80340000):
        assert freshness(sample(status), CONNECTED, NOW, LINK_SILENCE) is Freshness.STALE
    assert freshness(sample(), CONNECTED, NOW, LINK_SILENCE - 0.001) is Freshness.LIVE


def test_an_unsure_role_makes_good_values_uncertain_and_leaves_bad_ones_bad() -> None:
    unsure = replace(CONNECTED, sure=False)
    assert freshness(sample(), unsure, NOW, 0.0) is Freshness.UNCERTAIN
    assert freshness(sample(BAD), unsure, NOW, 0.0) is Freshness.BAD


def test_an_unsynchronised_item_is_marked_only_after_a_switchover_until_confirmed() -> None:
    switched = replace(CONNECTED, switched=True)
    assert freshness(sample(), switched, NOW, 0.0, synchronised=False) is Freshness.UNSYNCHRONISED
    assert freshness(sample(confirmed=True), switched, NOW, 0.0, synchronised=False) is Freshness.LIVE
    assert freshness(sample(), switched, NOW, 0.0, synchronised=True) is Freshness.LIVE
    assert freshness(sample(), CONNECTED, NOW, 0.0, synchronised=False) is Freshness.LIVE


standings = st.builds(
    Standing,
    generation=st.integers(0, 3),
    sure=st.booleans(),
    lost_at=st.none() | st.floats(0, 100),
    hold=st.floats(0, 1),
    switched=st.booleans(),
)
samples = st.builds(
    Sample,
    value=st.just(1.0),
    status=st.integers(0, 0xFFFF_FFFF),
    source_time=st.none(),
    generation=st.integers(1, 3),
    server=st.just("main"),
    confirmed=st.booleans(),
)


@given(samples, standings, st.floats(0, 200), st.floats(0, 10), st.booleans())
def test_nothing_is_live_but_a_good_value_of_the_open_session_heard_just_now(
    value: Sample, standing: Standing, now: float, silence: float, synchronised: bool
) -> None:
    if freshness(value, standing, now, silence, synchronised=synchronised) is Freshness.LIVE:
        assert silence < LINK_SILENCE
        assert value.generation == standing.generation != 0
        assert value.status < 0x40000000
        assert standing.sure
