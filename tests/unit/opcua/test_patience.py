from __future__ import annotations

from vizclient.opcua.patience import STEP, Waiting

NEVER = float("-inf")


def over_at(begun: float, standstills: dict[float, float], heard: tuple[float, ...] = ()) -> float:
    """When it is over for who asked at 100, begins to wait at `begun`, and stands still at these times for so long."""
    waiting, now = Waiting(100.0, 0.5), begun
    while step := waiting.step(now, max((at for at in heard if at <= now), default=NEVER)):
        assert step <= STEP
        now += step
        for at in [at for at in standstills if at <= now]:
            now = max(now, at + standstills.pop(at))
    return round(now, 6)


def test_silence_ends_the_waiting_at_the_deadline() -> None:
    assert over_at(100.0, {}) == 100.5


def test_whatever_is_heard_begins_the_deadline_anew() -> None:
    assert over_at(100.0, {}, heard=(99.0, 100.3)) == 100.8


def test_a_standstill_is_made_good_wherever_it_falls() -> None:
    for at in (100.05, 100.25, 100.45):
        assert 100.7 <= over_at(100.0, {at: 0.3}) <= 101.0


def test_after_a_long_standstill_there_is_the_deadline_once_again() -> None:
    assert over_at(100.0, {100.45: 3.0}) == 103.95
    assert over_at(100.0, {100.05: 3.0}) == 103.55


def test_a_standstill_between_the_request_and_the_waiting_counts_as_well() -> None:
    assert over_at(102.0, {}) == 102.5


def test_standstills_are_made_good_with_no_more_than_one_deadline_in_all() -> None:
    assert over_at(100.0, {100.05: 3.0, 103.2: 3.0}) == 106.2
    always = {100.0 + n / 10: 0.19 for n in range(100)}
    assert over_at(100.0, always) <= 101.2, "a loop that is always late still finds a silent server"


def test_after_a_sign_of_life_a_standstill_is_made_good_again() -> None:
    assert over_at(100.0, {100.05: 3.0, 103.3: 0.3}, heard=(103.1,)) > 103.7
    assert over_at(100.0, {100.05: 3.0}, heard=(103.1,)) == 103.6
