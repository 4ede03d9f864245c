"""The last value of every wanted item of one site, and which of them changed since they were last taken.

Within a generation what was published beats what was read; a newer generation beats all; timestamps never order
values. Knows no session and no window; plain dictionaries, because thousands of changes a second pass through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from vizclient.items.ports import Change
from vizclient.items.value import Sample


class Store:
    """Bounded by what is wanted: a change of any other item is passed over.

    `dirty()` is called when the first item becomes dirty. Items that are shown are taken before the others.
    """

    def __init__(self, dirty: Callable[[], None]) -> None:
        self.samples: dict[int, Sample | None] = {}
        self.generation = 0
        self._dirty = dirty
        self._server = ""
        self._published: set[int] = set()
        self._first_times: dict[int, float] = {}
        self._confirmed: set[int] = set()
        self._shown: set[int] = set()
        self._dirty_shown: dict[int, None] = {}
        self._dirty_others: dict[int, None] = {}

    def want(self, handles: Iterable[int], shown: Iterable[int]) -> None:
        """Accept changes of these items too; `shown` are all that are shown now."""
        for handle in handles:
            self.samples.setdefault(handle, None)
        self._shown = set(shown)
        for handle in self._shown & self._dirty_others.keys():
            del self._dirty_others[handle]
            self._dirty_shown[handle] = None

    def drop(self, handles: Iterable[int]) -> None:
        """Forget these items: nothing keeps their values current any more. What the field has confirmed on this server stays so."""
        for handle in handles:
            self.samples.pop(handle, None)
            self._dirty_shown.pop(handle, None)
            self._dirty_others.pop(handle, None)
            self._published.discard(handle)
            self._first_times.pop(handle, None)

    def begin(self, generation: int, server: str) -> None:
        """A new data session: from now on only its values count. Another server than before leaves nothing confirmed."""
        self.generation = generation
        self._published.clear()
        self._dirty_shown.clear()
        self._dirty_others.clear()
        if server != self._server:
            self._server = server
            self._first_times.clear()
            self._confirmed.clear()

    def gap(self) -> None:
        """Published changes were lost: what is read from now on beats what was published before."""
        self._published.clear()

    def publish(self, generation: int, batch: Sequence[Change]) -> None:
        """Changes from the subscription, oldest first. Those of another generation are dropped."""
        if generation != self.generation:
            return
        samples, server, was_clean = self.samples, self._server, self.clean
        for handle, value, status, source_time in batch:
            if handle not in samples:
                continue
            confirmed = handle in self._confirmed or self._confirm(handle, status, source_time)
            samples[handle] = Sample(value, status, source_time, generation, server, True, confirmed)  # noqa: FBT003
            self._published.add(handle)
            self._mark(handle)
        if was_clean and not self.clean:
            self._dirty()

    def take_read(self, generation: int, batch: Sequence[Change]) -> None:
        """Values that were read: they count where nothing has been published yet."""
        if generation != self.generation:
            return
        samples, was_clean = self.samples, self.clean
        for handle, value, status, source_time in batch:
            if handle not in samples or handle in self._published:
                continue
            confirmed = handle in self._confirmed
            samples[handle] = Sample(value, status, source_time, generation, self._server, False, confirmed)  # noqa: FBT003
            self._mark(handle)
        if was_clean and not self.clean:
            self._dirty()

    def fail(self, generation: int, handle: int, status: int) -> None:
        """The item cannot be watched: whatever is known of it must not look current."""
        if generation == self.generation:
            self._published.discard(handle)
            self.take_read(generation, [Change(handle, None, status, None)])

    @property
    def clean(self) -> bool:
        """Whether nothing has changed since the last take."""
        return not self._dirty_shown and not self._dirty_others

    def take(self, most: int) -> list[tuple[int, Sample]]:
        """At most `most` changed items with their last samples, shown ones first; they are clean from now on."""
        taken: list[tuple[int, Sample]] = []
        for dirty in (self._dirty_shown, self._dirty_others):
            handles = list(islice(dirty, most - len(taken)))
            for handle in handles:
                del dirty[handle]
                sample = self.samples[handle]
                if sample is not None:
                    taken.append((handle, sample))
        return taken

    def _mark(self, handle: int) -> None:
        if handle in self._shown:
            self._dirty_shown[handle] = None
        else:
            self._dirty_others[handle] = None

    def _confirm(self, handle: int, status: int, source_time: float | None) -> bool:
        """Whether this notification, later than the first since the switchover, has a newer SourceTimestamp and is not bad."""
        if source_time is None:
            return False
        first = self._first_times.setdefault(handle, source_time)
        if source_time <= first or status >= 0x80000000:
            return False
        self._confirmed.add(handle)
        return True
