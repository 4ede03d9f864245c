"""The window's mirror of the values that the link process holds. Plain data: no I/O, no Qt, no protocol.

Handles are given here, once for each address, and are indexes into `samples`, `metadata` and `interfaces`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from vizclient.items.address import Address
from vizclient.items.freshness import LINK_SILENCE, NODE_MISSING, Behaviour, Freshness, Standing, freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample
from vizclient.redundancy.support import Interface, InterfaceTable, shipped_table

PATIENCE = 10.0
"""Seconds that a server which has just taken over has to make the items that exist on the active server only."""


class Mirror:
    """Last samples and metadata by handle, and what their freshness depends on.

    Listeners are called in the window's thread: `on_samples` and `on_metadata` with the handles that changed, `on_standing`
    when the freshness of everything may have changed.
    """

    def __init__(
        self, interfaces: InterfaceTable | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.addresses: list[Address] = []
        self.samples: list[Sample | None] = []
        self.metadata: list[Metadata | None] = []
        self.interfaces: list[Interface | None] = []
        self.standing = Standing()
        self.heard_at: float | None = None
        self.on_samples: list[Callable[[Sequence[int]], None]] = []
        self.on_metadata: list[Callable[[Sequence[int]], None]] = []
        self.on_standing: list[Callable[[], None]] = []
        self._table = shipped_table() if interfaces is None else interfaces
        self._clock = clock
        self._handles: dict[Address, int] = {}
        self._behaviours: list[Behaviour] = []
        self._awaited: dict[int, tuple[float, Sample]] = {}  # handle → until when, and what is true if it does not come
        self._confirmed: dict[int, str] = {}  # handle → server, as the link process before this one knew
        self._switched_in = 0  # the generation of the first session after the last switchover

    def handle(self, address: Address) -> int:
        """The handle of `address`, given now if it has none."""
        found = self._handles.get(address)
        if found is None:
            found = self._handles[address] = len(self.addresses)
            self.addresses.append(address)
            self.samples.append(None)
            self.metadata.append(None)
            interface = self._table.find(address)
            self.interfaces.append(interface)
            self._behaviours.append(_behaviour(interface))
        return found

    def freshness(self, handle: int, now: float) -> Freshness:
        """How far the shown value can be trusted at `now` (monotonic seconds)."""
        sample, standing = self.samples[handle], self.standing
        silence = 0.0 if self.heard_at is None else now - self.heard_at
        found = freshness(sample, standing, now, silence, self._behaviours[handle])
        if handle in self._awaited and sample is not None and sample.generation == standing.generation:
            return Freshness.STALE if silence >= LINK_SILENCE else Freshness.HELD
        return found

    def take_samples(self, changed: Sequence[tuple[int, Sample]]) -> None:
        """Store newer samples and tell the listeners once.

        That an item of the active server only is missing counts once it was awaited: see `settle`.
        """
        samples, behaviours = self.samples, self._behaviours
        handles = []
        for handle, sample in changed:
            if behaviours[handle] is Behaviour.ACTIVE_ONLY and self._await(handle, sample):
                continue
            if self._confirmed and self._confirmed.get(handle) == sample.server and not sample.confirmed:
                samples[handle] = replace(sample, confirmed=True)
            else:
                samples[handle] = sample
            handles.append(handle)
        for listener in self.on_samples:
            listener(handles)

    def take_metadata(self, changed: Sequence[tuple[int, Metadata | None]]) -> None:
        """Store newer metadata and tell the listeners once."""
        for handle, metadata in changed:
            self.metadata[handle] = metadata
            if metadata is not None and metadata.interface:
                interface = self._table.find(self.addresses[handle], metadata.interface)
                self.interfaces[handle] = interface
                self._behaviours[handle] = _behaviour(interface)
        handles = [handle for handle, _ in changed]
        for listener in self.on_metadata:
            listener(handles)

    def take_standing(self, standing: Standing) -> None:
        """The connection changed: one message, whatever the number of items."""
        if standing.switches != self.standing.switches:
            self._confirmed.clear()
            self._switched_in = standing.generation
        self.standing = standing
        for listener in self.on_standing:
            listener()

    def take_leave(self) -> None:
        """The link process is gone. The next one does not know what the field has confirmed, so it is remembered here."""
        for handle, sample in enumerate(self.samples):
            if sample is not None and sample.confirmed and sample.generation >= self._switched_in:
                self._confirmed[handle] = sample.server

    def settle(self) -> float | None:
        """Give up on items that were awaited for long enough: they are missing. When to do so again; None: none is awaited."""
        now, generation = self._clock(), self.standing.generation
        over = [handle for handle, (until, _) in self._awaited.items() if until <= now]
        given_up = []
        for handle in over:
            _, missing = self._awaited.pop(handle)
            if missing.generation == generation:  # else what is shown is stale, and the next session will say more
                self.samples[handle] = missing
                given_up.append(handle)
        if given_up:
            for listener in self.on_samples:
                listener(given_up)
        return min((until for until, _ in self._awaited.values()), default=None)

    @property
    def awaits(self) -> bool:
        """Whether items are missing that the active server may still be making, or has taken away because it is active no more."""
        return bool(self._awaited)

    def maker(self, handle: int) -> str:
        """The server that has yet to make an item which exists on the active server only; "" if the item is not awaited."""
        awaited = self._awaited.get(handle)
        return "" if awaited is None else awaited[1].server

    def _await(self, handle: int, sample: Sample) -> bool:
        """Whether what is shown stays, although the server says that the item does not exist."""
        shown = self.samples[handle]
        if sample.status not in NODE_MISSING or shown is None or shown.status in NODE_MISSING:
            self._awaited.pop(handle, None)
            return False
        before = self._awaited.get(handle)
        if before is not None and before[1].generation == sample.generation:
            self._awaited[handle] = (before[0], sample)
            return True
        # Taken away under the open session: it is about to end, or the item is gone for good.
        patience = self.standing.hold if shown.generation == sample.generation else PATIENCE
        self._awaited[handle] = (self._clock() + patience, sample)
        return True


def _behaviour(interface: Interface | None) -> Behaviour:
    """What is not known counts as kept in step."""
    return Behaviour.SYNCHRONISED if interface is None else interface.behaviour
