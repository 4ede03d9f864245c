"""What a problem is called in words."""

from __future__ import annotations

import pytest

from vizclient.redundancy.model import Layer, Problem, ProblemKind


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Problem(ProblemKind.TIMED_OUT, Layer.TCP), "silent"),
        (Problem(ProblemKind.TIMED_OUT, Layer.NOTHING), "timed-out"),
        (Problem(ProblemKind.TIMED_OUT, Layer.CHANNEL), "timed-out"),
        (Problem(ProblemKind.REFUSED, Layer.TCP), "refused"),
    ],
)
def test_an_open_port_that_never_said_a_word_is_called_silent(problem: Problem, code: str) -> None:
    assert problem.code == code
