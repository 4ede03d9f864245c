from __future__ import annotations

import math
from pathlib import Path

import pytest

from vizclient.pages.view_state import FORMAT, MAX_HISTORY, MOST_ZOOM, ViewState, Visit
from vizclient.state_files import StateFile

PAGES = ("a", "b", "c")


def test_back_returns_to_a_page_just_as_it_was_left() -> None:
    left = ViewState.at("a").zoom_to(2.0, (30.0, 40.0)).select("pump")
    there = left.navigate("b")
    assert (there.page, there.visit.zoom, there.visit.selection) == ("b", None, None)
    assert there.back().visit == left.visit
    assert there.back().forward() == there


def test_going_elsewhere_forgets_what_forward_led_to() -> None:
    view = ViewState.at("a").navigate("b").back().navigate("c")
    assert not view.can_go_forward
    assert view.back().page == "a"


def test_the_ends_of_the_history_lead_nowhere() -> None:
    view = ViewState.at("a")
    assert not view.can_go_back
    assert view.back() is view
    assert view.forward() is view


def test_navigating_to_the_same_page_keeps_the_zoom_and_adds_no_history() -> None:
    view = ViewState.at("a").zoom_to(2.0, (1.0, 1.0))
    assert view.navigate("a") is view


def test_the_history_does_not_grow_without_end() -> None:
    view = ViewState.at("a")
    for number in range(3 * MAX_HISTORY):
        view = view.navigate(f"p{number}")
    assert len(view.past) == MAX_HISTORY
    assert view.past[-1].page == f"p{3 * MAX_HISTORY - 2}"


@pytest.mark.parametrize("zoom", [math.nan, math.inf])
def test_a_zoom_that_is_no_number_changes_nothing(zoom: float) -> None:
    view = ViewState.at("a")
    assert view.zoom_to(zoom, (0.0, 0.0)) is view
    assert view.zoom_to(1.0, (0.0, zoom)) is view


def test_zoom_stays_within_its_limits_and_fit_shows_the_whole_page() -> None:
    view = ViewState.at("a").zoom_to(1e9, (5.0, 6.0))
    assert view.visit.zoom == MOST_ZOOM
    assert view.fit() == ViewState.at("a")


def test_a_view_survives_being_saved(tmp_path: Path) -> None:
    view = ViewState.at("a").zoom_to(1.5, (3.0, 4.0)).navigate("b").select("x/y").navigate("c").back()
    file = StateFile(tmp_path / "views.json", FORMAT, tuple[ViewState, ...])
    assert file.save((view, ViewState.at("c"))) is None
    assert file.load() == ((view, ViewState.at("c")), None)


def test_pages_that_are_gone_drop_out_of_a_view() -> None:
    view = ViewState.at("gone").navigate("a").navigate("b").navigate("gone").back()
    assert view.within(PAGES, "a") == ViewState(Visit("b"), (Visit("a"),), ())
    assert ViewState.at("a").navigate("gone").within(PAGES, "c").page == "a"
    assert ViewState.at("gone").navigate("lost").within(PAGES, "c") == ViewState.at("c")


@pytest.mark.parametrize(
    "visit",
    [
        Visit("a", (1.0, math.inf), 2.0),
        Visit("a", (1.0, 2.0), math.nan),
        Visit("a", None, 2.0),
        Visit("a", (1.0, 2.0), None),
    ],
)
def test_a_saved_view_that_never_could_be_shows_the_whole_page(visit: Visit) -> None:
    view = ViewState(visit, (visit,), (visit,)).within(PAGES, "a")
    assert view == ViewState(Visit("a"), (Visit("a"),), (Visit("a"),))


def test_a_sound_view_stays_as_it_is() -> None:
    view = ViewState.at("a").zoom_to(3.0, (1.0, 2.0)).select("e").navigate("b").back()
    assert view.within(PAGES, "a") == view
