"""Some hundreds of seeds of a whole site in virtual time, and some thousands of walks of `decide`; `make simulate` runs more."""

from __future__ import annotations

import logging

import pytest

from fakes.rows import ROWS
from fakes.storm import play
from fakes.walks import walk

SEEDS = 80
"""Of one block: enough to reach every row of the decision table."""
WALKS = 1000


@pytest.mark.parametrize("block", range(4))
def test_whatever_happens_a_site_stays_honest_and_recovers(block: int, caplog: pytest.LogCaptureFixture) -> None:
    reached: set[str] = set()
    with caplog.at_level(logging.CRITICAL):
        for seed in range(block * SEEDS, (block + 1) * SEEDS):
            reached |= play(seed).rows
    assert ROWS - reached == set(), "no seed has reached these rows of the decision table"


def test_one_seed_goes_the_same_way_each_time() -> None:
    assert play(7) == play(7)


@pytest.mark.parametrize("block", range(2))
def test_whatever_decide_is_told_it_does_what_makes_sense(block: int) -> None:
    for number in range(block * WALKS, (block + 1) * WALKS):
        walk(number, 20)
