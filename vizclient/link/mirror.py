"""The window's mirror of the values that the link process holds. Plain data: no I/O, no Qt, no protocol.

Handles are given here, once for each address, and are indexes into `samples` and `metadata`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vizclient.items.address import Address
from vizclient.items.freshness import Freshness, Standing, freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample


class Mirror:
    """Last samples and metadata by handle, and what their freshness depends on.

    Listeners are called in the window's thread: `on_samples` and `on_metadata` with the handles that changed, `on_standing`
    when the freshness of everything may have changed.
    """

    def __init__(self, synchronised: Callable[[Address], bool] = lambda _: True) -> None:
        self.addresses: list[Address] = []
        self.samples: list[Sample | None] = []
        self.metadata: list[Metadata | None] = []
        self.standing = Standing()
        self.heard_at: float | None = None
        self.on_samples: list[Callable[[Sequence[int]], None]] = []
        self.on_metadata: list[Callable[[Sequence[int]], None]] = []
        self.on_standing: list[Callable[[], None]] = []
        self._synchronised = synchronised
        self._in_step: list[bool] = []
        self._handles: dict[Address, int] = {}

    def handle(self, address: Address) -> int:
        """The handle of `address`, given now if it has none."""
        found = self._handles.get(address)
        if found is None:
            found = self._handles[address] = len(self.addresses)
            self.addresses.append(address)
            self.samples.append(None)
            self.metadata.append(None)
            self._in_step.append(self._synchronised(address))
        return found

    def freshness(self, handle: int, now: float) -> Freshness:
        """How far the shown value can be trusted at `now` (monotonic seconds)."""
        silence = 0.0 if self.heard_at is None else now - self.heard_at
        return freshness(self.samples[handle], self.standing, now, silence, synchronised=self._in_step[handle])

    def take_samples(self, changed: Sequence[tuple[int, Sample]]) -> None:
        """Store newer samples and tell the listeners once."""
        samples = self.samples
        for handle, sample in changed:
            samples[handle] = sample
        handles = [handle for handle, _ in changed]
        for listener in self.on_samples:
            listener(handles)

    def take_metadata(self, changed: Sequence[tuple[int, Metadata | None]]) -> None:
        """Store newer metadata and tell the listeners once."""
        for handle, metadata in changed:
            self.metadata[handle] = metadata
        handles = [handle for handle, _ in changed]
        for listener in self.on_metadata:
            listener(handles)

    def take_standing(self, standing: Standing) -> None:
        """The connection changed: one message, whatever the number of items."""
        self.standing = standing
        for listener in self.on_standing:
            listener()
