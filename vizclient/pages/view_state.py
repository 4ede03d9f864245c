"""Where a view stands: page, history, zoom and selection. One frozen, serialisable value; moving makes a new one.

Belongs to no connection, which is why a switchover cannot touch it. Knows nothing of windows or painting.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

FORMAT = 1
"""Of saved views: what a state file that holds them counts up when their fields change."""

MAX_HISTORY = 50
LEAST_ZOOM, MOST_ZOOM = 0.1, 16.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One page and how it is looked at. `centre`: the page's point in the middle of the view, in page units.

    `zoom`: device-independent pixels for a page unit; None shows the whole page, and then `centre` is None too.
    """

    page: str
    centre: tuple[float, float] | None = None
    zoom: float | None = None
    selection: str | None = None


@dataclass(frozen=True, slots=True)
class ViewState:
    """One view: where it is, where it came from (the last is the nearest) and where `forward` leads (likewise)."""

    visit: Visit
    past: tuple[Visit, ...] = ()
    future: tuple[Visit, ...] = ()

    @classmethod
    def at(cls, page: str) -> ViewState:
        """A fresh view of a whole page."""
        return cls(Visit(page))

    @property
    def page(self) -> str:
        """Id of the page shown."""
        return self.visit.page

    @property
    def can_go_back(self) -> bool:
        """Whether `back` leads anywhere."""
        return bool(self.past)

    @property
    def can_go_forward(self) -> bool:
        """Whether `forward` leads anywhere."""
        return bool(self.future)

    def navigate(self, page: str) -> ViewState:
        """Another page, shown whole. The page that is shown already changes nothing."""
        if page == self.page:
            return self
        return ViewState(Visit(page), (*self.past, self.visit)[-MAX_HISTORY:])

    def back(self) -> ViewState:
        """The visit before this one, just as it was left."""
        if not self.past:
            return self
        return ViewState(self.past[-1], self.past[:-1], (*self.future, self.visit))

    def forward(self) -> ViewState:
        """The visit that `back` left."""
        if not self.future:
            return self
        return ViewState(self.future[-1], (*self.past, self.visit), self.future[:-1])

    def zoom_to(self, zoom: float, centre: tuple[float, float]) -> ViewState:
        """Look at `centre` with `zoom`, which is kept within its limits. What is not finite changes nothing."""
        if not all(map(math.isfinite, (zoom, *centre))):
            return self
        return self._look(replace(self.visit, zoom=min(max(zoom, LEAST_ZOOM), MOST_ZOOM), centre=centre))

    def fit(self) -> ViewState:
        """Show the whole page."""
        return self._look(replace(self.visit, zoom=None, centre=None))

    def select(self, element: str | None) -> ViewState:
        """Select one element of the page, or none."""
        return self._look(replace(self.visit, selection=element))

    def within(self, pages: Collection[str], start: str) -> ViewState:
        """A view that was saved, or whose bundle was loaded anew: what no longer exists or never could is left out.

        `start` is shown where nothing else is left.
        """
        past, future = _sound(self.past, pages), _sound(self.future, pages)
        here = _sound((self.visit,), pages)
        if here:
            return ViewState(here[0], past, future)
        return ViewState(past[-1], past[:-1], future) if past else ViewState(Visit(start), (), future)

    def _look(self, visit: Visit) -> ViewState:
        return self if visit == self.visit else replace(self, visit=visit)


def _sound(visits: tuple[Visit, ...], pages: Collection[str]) -> tuple[Visit, ...]:
    """The nearest of `visits` whose pages exist, each within the limits that moving keeps."""
    sound = []
    for visit in visits[-MAX_HISTORY:]:
        if visit.page in pages:
            whole = ViewState(replace(visit, zoom=None, centre=None))
            if visit.zoom is not None and visit.centre is not None:
                whole = whole.zoom_to(visit.zoom, visit.centre)
            sound.append(whole.visit)
    return tuple(sound)
