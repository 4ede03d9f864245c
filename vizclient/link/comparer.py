"""Follows the items on the screen through a switchover, by the same freshness that is shown. Knows no channel and no window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from vizclient.items.freshness import NODE_MISSING
from vizclient.link.mirror import PATIENCE, Mirror
from vizclient.redundancy.comparison import Before, Comparison, Count, outcome

WITHIN = PATIENCE + 1.0
"""Seconds after which a switchover is compared as it is by then: what has not come is given up a moment earlier."""


class Comparer:
    """One comparison after the other. `tell` hears of each twice at most: when all has come that came at once, and when no more is
    counted. Whoever uses it calls `look` when samples have come or were given up, and `end` when `due` has passed.
    """

    def __init__(
        self, mirror: Mirror, tell: Callable[[Comparison], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._mirror = mirror
        self._tell = tell
        self._clock = clock
        self._count: Count | None = None
        self._told = False
        self.counted: Count | None = None
        """Item by item, what was counted last."""
        self.due: float | None = None

    def begin(self, shown: Iterable[int], lost_at: float) -> None:
        """A new session is there, none of its values yet; a session was lost at `lost_at`."""
        self.end()
        mirror, items = self._mirror, {}
        for handle in shown:
            sample, interface = mirror.samples[handle], mirror.interfaces[handle]
            if sample is not None and sample.generation and sample.status not in NODE_MISSING:
                name = "" if interface is None else interface.name
                items[handle] = Before(str(mirror.addresses[handle]), name, sample.status)
        if items:
            self._count = self.counted = Count(items, lost_at)
            self._told = False
            self.due = self._clock() + WITHIN

    def look(self) -> None:
        """See what has come."""
        count, mirror = self._count, self._mirror
        if count is None:
            return
        now = self._clock()
        for handle, before in list(count.open.items()):
            sample = mirror.samples[handle]
            assert sample is not None
            found = outcome(before.status, mirror.freshness(handle, now), sample.status)
            count.note(handle, found, now, absent=bool(mirror.maker(handle)))
        if not count.open:
            self.end()
        elif count.nothing_due() and not self._told:
            self._say(count.comparison())

    def drop(self, handles: Iterable[int]) -> None:
        """Nobody wants these items any more."""
        if self._count is not None:
            self._count.drop(handles)
            self.look()

    def end(self) -> None:
        """Count no more: it took too long, or the session has gone as well."""
        count, self._count, self.due = self._count, None, None
        if count is not None:
            self._say(count.comparison(whole=True))

    def _say(self, comparison: Comparison) -> None:
        self._told = True
        self._tell(comparison)
