"""The pure parts of the canvas: where a view looks, ages, and the trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.canvas.ages import STEPS, age_text, next_step
from ui.canvas.trace import Painted, TraceFile
from ui.canvas.view import View
from ui.words import Words

WORDS = Words.of("en")
PAGE, SIZE = (1600.0, 900.0), (800.0, 600.0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "< 5 s"), (4.9, "< 5 s"), (5, "5 s"), (29, "10 s"), (59, "30 s"), (61, "1 min"), (3600, "1 h"), (1e7, "7 d")],
)
def test_an_age_is_said_in_coarse_steps(seconds: float, said: str) -> None:
    assert age_text(seconds, WORDS) == said


@given(st.floats(0, 1e6))
def test_the_text_of_an_age_changes_just_at_the_next_step(seconds: float) -> None:
    step = next_step(seconds)
    if step is None:
        assert seconds >= STEPS[-1]
    else:
        assert step > seconds
        assert age_text(step, WORDS) != age_text(seconds, WORDS)
        assert age_text(step - 1e-6, WORDS) == age_text(seconds, WORDS)


@given(st.floats(0.2, 5), st.floats(0, 800), st.floats(0, 600))
def test_zooming_keeps_what_is_under_the_cursor(factor: float, x: float, y: float) -> None:
    def under(view: View) -> tuple[float, float]:
        (centre_x, centre_y), zoom = view.resolved(PAGE, SIZE)
        return centre_x + (x - 400) / zoom, centre_y + (y - 300) / zoom

    before = View((800.0, 450.0), 1.0)
    after = before.zoomed(factor, (x, y), PAGE, SIZE)
    centre, _ = after.resolved(PAGE, SIZE)
    if 0 < centre[0] < PAGE[0] and 0 < centre[1] < PAGE[1]:
        assert under(after) == pytest.approx(under(before))


def test_a_page_shown_whole_fits() -> None:
    centre, zoom = View().resolved(PAGE, SIZE)
    assert (*centre, zoom) == (800, 450, 0.5)


def test_the_page_cannot_be_pushed_out_of_sight() -> None:
    assert View().panned(1e9, -1e9, PAGE, SIZE).centre == (1600, 0)


def test_a_trace_is_json_lines_with_both_clocks(tmp_path: Path) -> None:
    trace = TraceFile(tmp_path / "trace")
    trace([Painted("a", "b:x", "1,5 °C", "live", "main"), Painted("c", "b:y", "", "never", "")])
    trace.close()
    first, second = map(json.loads, (tmp_path / "trace").read_text("utf-8").splitlines())
    assert {"t", "p"} < first.keys()
    assert first["text"] == "1,5 °C"
    assert (second["element"], second["freshness"], second["server"]) == ("c", "never", "")
