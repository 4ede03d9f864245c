"""Where on a page a view looks, and the arithmetic of zooming. Pure; knows no widget."""

from __future__ import annotations

from dataclasses import dataclass

from vizclient.pages.view_state import LEAST_ZOOM, MOST_ZOOM

STEP = 1.2
"""Factor of one notch of the wheel."""


@dataclass(frozen=True, slots=True)
class View:
    """`centre`: the page's point in the middle, in page units. `zoom`: device-independent pixels a page unit.

    Both None: the whole page.
    """

    centre: tuple[float, float] | None = None
    zoom: float | None = None

    def resolved(self, page: tuple[float, float], size: tuple[float, float]) -> tuple[tuple[float, float], float]:
        """Centre and zoom in figures for a page and a widget of these sizes."""
        if self.zoom is None or self.centre is None:
            return (page[0] / 2, page[1] / 2), max(0.001, min(size[0] / page[0], size[1] / page[1]))
        return self.centre, self.zoom

    def zoomed(
        self, factor: float, at: tuple[float, float], page: tuple[float, float], size: tuple[float, float]
    ) -> View:
        """Zoomed so that the page's point under the widget's point `at` stays there."""
        (x, y), zoom = self.resolved(page, size)
        new = min(max(zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        away_x, away_y = at[0] - size[0] / 2, at[1] - size[1] / 2
        shift = 1 / zoom - 1 / new
        return View(_kept((x + away_x * shift, y + away_y * shift), page), new)

    def panned(self, dx: float, dy: float, page: tuple[float, float], size: tuple[float, float]) -> View:
        """Moved by pixels of the widget."""
        (x, y), zoom = self.resolved(page, size)
        return View(_kept((x + dx / zoom, y + dy / zoom), page), zoom)


def _kept(centre: tuple[float, float], page: tuple[float, float]) -> tuple[float, float]:
    """The page can not be pushed out of sight."""
    return min(max(centre[0], 0.0), page[0]), min(max(centre[1], 0.0), page[1])
