"""Items on the screen followed through a switchover, by the freshness that is shown of them."""

from __future__ import annotations

from collections.abc import Sequence

from vizclient.items.address import Address
from vizclient.items.freshness import Standing
from vizclient.items.value import Sample
from vizclient.link.comparer import WITHIN, Comparer
from vizclient.link.mirror import PATIENCE, Mirror
from vizclient.redundancy.comparison import Comparison

NODE_UNKNOWN = 0x80340000
NAMES = ["KNX/1", "KNX/2", "VingCard/Room1", "Metering/Power"]


class Site:
    """A mirror whose items had values on the main, which is lost at 100 s; the backup serves since 101 s."""

    def __init__(self) -> None:
        self.now = 99.0
        self.mirror = Mirror(clock=lambda: self.now)
        self.handles = [self.mirror.handle(Address("urn:x", name)) for name in NAMES]
        self.told: list[Comparison] = []
        self.comparer = Comparer(self.mirror, self.told.append, lambda: self.now)
        self.mirror.take_standing(Standing(generation=1))
        self.come(1, "main", self.handles)
        self.mirror.take_standing(Standing(0, lost_at=100.0, lost=1))
        self.switch(2)

    def switch(self, generation: int, shown: Sequence[int] | None = None) -> None:
        self.now = 101.0
        self.mirror.take_standing(Standing(generation, lost_at=100.0, lost=1, switches=1))
        self.comparer.begin(self.handles if shown is None else shown, 100.0)

    def come(self, generation: int, server: str, handles: Sequence[int], status: int = 0) -> None:
        self.mirror.take_samples([(handle, Sample(1.0, status, None, generation, server)) for handle in handles])
        self.mirror.settle()
        self.comparer.look()


def test_what_is_shown_is_counted_and_told_when_all_is_there_that_comes_at_once_and_when_all_is() -> None:
    site = Site()
    assert site.comparer.due == 101.0 + WITHIN
    site.now = 101.1
    site.come(2, "backup", [0, 2])
    site.come(2, "backup", [3], NODE_UNKNOWN)
    assert site.told == []
    site.now = 101.25
    site.come(2, "backup", [1])
    vingcard = (("VingCard", 1),)
    early = Comparison(4, 2, 1.25, unsynchronised=vingcard, awaited=(("Metering", 1),))
    assert site.told == [early]
    site.now = 104.0
    site.come(2, "backup", [0])
    assert site.told == [early], "nothing new"
    site.come(2, "backup", [3])
    assert site.told == [
        early,
        Comparison(4, 3, 1.25, 1, 4.0, unsynchronised=vingcard, whole=True),
    ]
    assert site.comparer.due is None


def test_a_meter_that_does_not_come_is_missing_in_the_end() -> None:
    site = Site()
    site.come(2, "backup", [0, 1, 2])
    site.come(2, "backup", [3], NODE_UNKNOWN)
    site.now += PATIENCE
    site.mirror.settle()
    site.comparer.look()
    site.comparer.end()
    last = site.told[-1]
    assert (last.missing, last.missing_items, last.awaited) == ((("Metering", 1),), ("nsu=urn:x;s=Metering/Power",), ())
    assert last.whole


def test_a_session_that_is_lost_as_well_ends_the_count_as_it_is() -> None:
    site = Site()
    site.come(2, "backup", [0])
    site.switch(3)
    assert [(one.items, one.back, one.waiting, one.whole) for one in site.told] == [(4, 1, 3, True)]


def test_items_that_are_let_go_of_hold_nothing_up_and_do_not_count() -> None:
    site = Site()
    site.come(2, "backup", [0, 1, 2])
    site.comparer.drop([3])
    assert [(one.items, one.whole) for one in site.told] == [(3, True)]
    site.comparer.drop([0])
    assert len(site.told) == 1


def test_what_was_not_there_before_does_not_count() -> None:
    site = Site()
    new = site.mirror.handle(Address("urn:x", "KNX/9"))
    site.come(2, "backup", [1], NODE_UNKNOWN)
    site.come(2, "backup", [0, 2, 3])
    site.switch(3, [0, 1, new])
    site.come(3, "main", [0, 1, new])
    assert [(one.items, one.back) for one in site.told[-1:]] == [(1, 1)]
    site.switch(4, [])
    site.comparer.look()
    assert site.comparer.due is None
