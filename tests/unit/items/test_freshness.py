"""Freshness: what may be called live, and what never may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.freshness import LINK_SILENCE, Behaviour, Freshness, Standing, freshness
from vizclient.items.value import Sample

GOOD, UNCERTAIN, BAD = 0x00000000, 0x40920000, 0x80050000
NOW = 1000.0
CONNECTED = Standing(generation=7, lost_at=None, hold=0.25)


def sample(status: int = GOOD, generation: int = 7, *, server: str = "main", confirmed: bool = False) -> Sample:
    return Sample(21.5, status, 1.0, generation, server, published=True, confirmed=confirmed)


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
    lost = Standing(generation=0, lost_at=NOW, hold=0.25, lost=7)
    assert freshness(sample(), lost, NOW + 0.24, 0.0) is Freshness.HELD
    assert freshness(sample(), lost, NOW + 0.25, 0.0) is Freshness.STALE
    assert freshness(sample(BAD), lost, NOW + 60, 0.0) is Freshness.STALE


def test_a_value_of_the_old_session_stays_old_after_the_new_one_is_open() -> None:
    back = Standing(generation=8, lost_at=NOW, hold=0.25, switches=1, lost=7)
    assert freshness(sample(generation=7), back, NOW + 0.1, 0.0) is Freshness.HELD
    assert freshness(sample(generation=7), back, NOW + 0.3, 0.0) is Freshness.STALE
    assert freshness(sample(generation=8), back, NOW + 0.3, 0.0) is Freshness.LIVE


def test_what_was_stale_before_the_loss_is_not_held_by_it() -> None:
    lost = Standing(generation=0, lost_at=NOW, hold=0.25, lost=8)
    assert freshness(sample(generation=7), lost, NOW, 0.0) is Freshness.STALE
    assert freshness(sample(generation=8), lost, NOW, 0.0) is Freshness.HELD


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


@pytest.mark.parametrize(
    ("behaviour", "server", "switches", "trusted"),
    [
        (Behaviour.UNSYNCHRONISED, "main", 0, True),
        (Behaviour.UNSYNCHRONISED, "main", 2, False),  # back home: the main knows no more than the backup did
        (Behaviour.UNSYNCHRONISED, "backup", 1, False),
        (Behaviour.UNSYNCHRONISED, "backup", 0, False),  # started while the backup serves: it has taken over before
        (Behaviour.MAIN_ONLY, "main", 0, True),
        (Behaviour.MAIN_ONLY, "main", 2, True),
        (Behaviour.MAIN_ONLY, "backup", 1, False),
        (Behaviour.MAIN_ONLY, "backup", 0, False),
        *[
            (behaviour, server, switches, True)
            for behaviour in (
                Behaviour.SYNCHRONISED,
                Behaviour.INDEPENDENT,
                Behaviour.FOREIGN_BACKUP,
                Behaviour.ACTIVE_ONLY,
                Behaviour.ACTIVE_SENDS,
            )
            for server, switches in (("main", 0), ("backup", 0), ("backup", 1), ("main", 2))
        ],
    ],
)
def test_after_a_switchover_a_value_counts_as_its_interface_behaves(
    behaviour: Behaviour, server: str, switches: int, trusted: bool
) -> None:
    standing = replace(CONNECTED, switches=switches)
    expected = Freshness.LIVE if trusted else Freshness.UNSYNCHRONISED
    assert freshness(sample(server=server), standing, NOW, 0.0, behaviour) is expected
    assert freshness(sample(server=server, confirmed=True), standing, NOW, 0.0, behaviour) is Freshness.LIVE


def test_what_is_bad_uncertain_or_missing_is_that_first_and_unconfirmed_second() -> None:
    for status, expected in ((BAD, Freshness.BAD), (UNCERTAIN, Freshness.UNCERTAIN), (0x80340000, Freshness.MISSING)):
        assert freshness(sample(status, server="backup"), CONNECTED, NOW, 0.0, Behaviour.MAIN_ONLY) is expected
    unsure = replace(CONNECTED, sure=False)
    assert freshness(sample(server="backup"), unsure, NOW, 0.0, Behaviour.MAIN_ONLY) is Freshness.UNCERTAIN


standings = st.builds(
    Standing,
    generation=st.integers(0, 3),
    sure=st.booleans(),
    lost_at=st.none() | st.floats(0, 100),
    hold=st.floats(0, 1),
    switches=st.integers(0, 2),
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


@given(samples, standings, st.floats(0, 200), st.floats(0, 10), st.sampled_from(Behaviour))
def test_nothing_is_live_but_a_good_value_of_the_open_session_heard_just_now(
    value: Sample, standing: Standing, now: float, silence: float, behaviour: Behaviour
) -> None:
    if freshness(value, standing, now, silence, behaviour) is Freshness.LIVE:
        assert silence < LINK_SILENCE
        assert value.generation == standing.generation != 0
        assert value.status < 0x40000000
        assert standing.sure
