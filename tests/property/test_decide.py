"""What must hold of `decide` whatever happens, in whatever order: hypothesis draws the walks, and shortens one that fails."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.walks import Walker


@settings(max_examples=150)
@given(st.randoms(note_method_calls=True), st.integers(0, 60))
def test_whatever_decide_is_told_it_does_what_makes_sense(random: Random, steps: int) -> None:
    walker = Walker(random)
    for _ in range(steps):
        walker.step()
    hash(walker.state)
