"""The window's mirror of the values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vizclient.items.address import Address
from vizclient.items.freshness import Freshness, Standing
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample
from vizclient.link.mirror import PATIENCE, Mirror

TEMPERATURE = Address("urn:example:bms", "KNX/1/Temp")
BLIND = Address("urn:example:bms", "Shutter/1/Position")


def live(value: float, generation: int = 1) -> Sample:
    return Sample(value, 0, None, generation, "main")


def test_an_address_has_one_handle_however_often_it_is_asked_for() -> None:
    mirror = Mirror()
    first = mirror.handle(TEMPERATURE)
    assert mirror.handle(BLIND) != first
    assert mirror.handle(Address("urn:example:bms", "KNX/1/Temp")) == first
    assert mirror.addresses[first] == TEMPERATURE


def test_listeners_hear_of_a_batch_once_and_find_the_new_values() -> None:
    mirror = Mirror()
    a, b = mirror.handle(TEMPERATURE), mirror.handle(BLIND)
    heard: list[tuple[Sequence[int], object]] = []
    mirror.on_samples.append(lambda handles: heard.append((handles, mirror.samples[b])))
    mirror.take_samples([(a, live(1.0)), (b, live(2.0))])
    assert heard == [([a, b], live(2.0))]


def test_metadata_can_come_and_go() -> None:
    mirror = Mirror()
    handle = mirror.handle(TEMPERATURE)
    heard: list[Sequence[int]] = []
    mirror.on_metadata.append(heard.append)
    mirror.take_metadata([(handle, Metadata("Double", unit="°C"))])
    assert mirror.metadata[handle] == Metadata("Double", unit="°C")
    mirror.take_metadata([(handle, None)])
    assert mirror.metadata[handle] is None
    assert heard == [[handle], [handle]]


def test_one_message_about_the_connection_changes_the_freshness_of_everything() -> None:
    mirror = Mirror()
    handles = [mirror.handle(Address("urn:x", number)) for number in range(100)]
    mirror.take_standing(Standing(generation=1))
    mirror.take_samples([(handle, live(0.0)) for handle in handles])
    assert {mirror.freshness(handle, 5.0) for handle in handles} == {Freshness.LIVE}
    heard: list[bool] = []
    mirror.on_standing.append(lambda: heard.append(True))
    mirror.take_standing(Standing(generation=0, lost_at=5.0, hold=0.25, lost=1))
    assert heard == [True]
    assert {mirror.freshness(handle, 5.1) for handle in handles} == {Freshness.HELD}
    assert {mirror.freshness(handle, 6.0) for handle in handles} == {Freshness.STALE}


def test_silence_counts_from_when_the_link_was_last_heard() -> None:
    mirror = Mirror()
    handle = mirror.handle(TEMPERATURE)
    mirror.take_standing(Standing(generation=1))
    mirror.take_samples([(handle, live(1.0))])
    mirror.heard_at = 10.0
    assert mirror.freshness(handle, 10.4) is Freshness.LIVE
    assert mirror.freshness(handle, 10.5) is Freshness.STALE


# what a switchover means for an item

METER = Address("urn:example:bms", "Metering/Main/Power")
MISSING = 0x80340000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Metered:
    """A mirror with one meter, shown live in generation 1."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.mirror = Mirror(clock=self.clock)
        self.meter = self.mirror.handle(METER)
        self.heard: list[Sequence[int]] = []
        self.mirror.take_standing(Standing(generation=1))
        self.mirror.take_samples([(self.meter, live(42.0))])
        self.mirror.on_samples.append(self.heard.append)

    def gone(self, generation: int, server: str = "backup") -> None:
        self.mirror.take_samples([(self.meter, Sample(None, MISSING, None, generation, server))])

    def lose(self) -> None:
        self.mirror.take_standing(Standing(0, lost_at=self.clock.now, lost=self.mirror.standing.generation))

    def adopt(self, generation: int) -> None:
        self.mirror.take_standing(replace(self.mirror.standing, generation=generation, switches=1))

    @property
    def shown(self) -> tuple[object, Freshness]:
        sample = self.mirror.samples[self.meter]
        return sample and sample.value, self.mirror.freshness(self.meter, self.clock.now)


def test_an_item_has_the_behaviour_of_its_interface() -> None:
    mirror = Mirror()
    blind, temperature = mirror.handle(BLIND), mirror.handle(TEMPERATURE)
    mirror.take_standing(Standing(generation=2, switches=1))
    mirror.take_samples([(blind, live(50.0, 2)), (temperature, live(21.0, 2))])
    assert mirror.freshness(blind, 0.0) is Freshness.UNSYNCHRONISED
    assert mirror.freshness(temperature, 0.0) is Freshness.LIVE
    assert [interface and interface.name for interface in mirror.interfaces] == ["Shutter Control", "KNX"]


def test_what_a_node_says_of_its_interface_holds_even_where_a_later_server_does_not_say_it() -> None:
    mirror = Mirror()
    door = mirror.handle(TEMPERATURE)
    mirror.take_standing(Standing(generation=2, switches=1))
    mirror.take_samples([(door, Sample(1, 0, None, 2, "backup"))])
    mirror.take_metadata([(door, Metadata("Int32", interface="Kaba"))])
    assert mirror.freshness(door, 0.0) is Freshness.UNSYNCHRONISED
    for nothing in (Metadata("Int32"), None):
        mirror.take_metadata([(door, nothing)])
        assert mirror.interfaces[door] is not None
        assert mirror.freshness(door, 0.0) is Freshness.UNSYNCHRONISED


def test_a_meter_that_the_new_server_is_still_making_stays_as_it_was_and_grows_old() -> None:
    site = Metered()
    site.lose()
    site.clock.now += 0.2
    site.adopt(2)
    site.gone(2)
    assert site.shown == (42.0, Freshness.HELD)
    site.clock.now += 0.1
    assert site.shown == (42.0, Freshness.STALE)
    site.mirror.take_samples([(site.meter, live(43.0, 2))])
    assert site.shown == (43.0, Freshness.LIVE)
    assert not site.mirror.awaits
    assert site.mirror.settle() is None


def test_a_meter_that_does_not_come_is_missing_after_the_patience_however_often_that_was_said() -> None:
    site = Metered()
    site.lose()
    site.adopt(2)
    site.gone(2)
    until = site.mirror.settle()
    assert until == site.clock.now + PATIENCE
    site.clock.now += PATIENCE - 1
    site.gone(2)
    assert site.mirror.settle() == until
    site.clock.now += 1
    site.heard.clear()
    assert site.mirror.settle() is None
    assert site.heard == [[site.meter]]
    assert site.shown == (None, Freshness.MISSING)


def test_a_meter_that_was_missing_before_is_missing_at_once() -> None:
    site = Metered()
    site.mirror.take_samples([(site.meter, Sample(None, 0, None, 1, "main"))])
    site.mirror.samples[site.meter] = Sample(None, MISSING, None, 1, "main")
    site.adopt(2)
    site.gone(2)
    assert site.shown == (None, Freshness.MISSING)
    first = Mirror()
    handle = first.handle(METER)
    first.take_standing(Standing(generation=1))
    first.take_samples([(handle, Sample(None, MISSING, None, 1, "main"))])
    assert first.freshness(handle, 0.0) is Freshness.MISSING


def test_a_meter_taken_away_by_a_server_that_goes_passive_flashes_no_error_before_the_server_is_left() -> None:
    site = Metered()
    site.gone(1, "main")
    assert site.shown == (42.0, Freshness.HELD)
    site.clock.now += 0.05
    site.lose()
    assert site.shown == (42.0, Freshness.HELD)
    site.clock.now += 1.0
    assert site.mirror.settle() is None  # nobody is asked for it now
    assert site.shown == (42.0, Freshness.STALE)
    site.adopt(2)
    site.gone(2)
    assert site.shown == (42.0, Freshness.STALE)
    assert site.mirror.settle() == site.clock.now + PATIENCE


def test_a_meter_taken_away_while_its_server_goes_on_is_missing_after_the_hold_and_never_live() -> None:
    site = Metered()
    site.gone(1, "main")
    until = site.mirror.settle()
    assert until == site.clock.now + site.mirror.standing.hold
    site.clock.now = until
    assert site.mirror.settle() is None
    assert site.shown == (None, Freshness.MISSING)


def test_an_awaited_meter_is_stale_when_the_link_is_silent() -> None:
    site = Metered()
    site.mirror.heard_at = site.clock.now
    site.gone(1, "main")
    site.clock.now += 0.5
    assert site.shown == (42.0, Freshness.STALE)


def test_other_items_that_do_not_exist_are_missing_at_once() -> None:
    mirror = Mirror()
    handle = mirror.handle(TEMPERATURE)
    mirror.take_standing(Standing(generation=1))
    mirror.take_samples([(handle, live(1.0))])
    mirror.take_samples([(handle, Sample(None, MISSING, None, 1, "main"))])
    assert mirror.freshness(handle, 0.0) is Freshness.MISSING


def confirmed(generation: int, server: str, *, by_field: bool = True) -> Sample:
    return Sample(50.0, 0, 1.0, generation, server, published=True, confirmed=by_field)


def test_what_was_confirmed_stays_so_when_the_link_process_is_another_and_the_server_the_same() -> None:
    mirror = Mirror()
    blind = mirror.handle(BLIND)
    mirror.take_standing(Standing(generation=2, switches=1))
    mirror.take_samples([(blind, confirmed(2, "backup"))])
    mirror.take_leave()
    mirror.take_standing(Standing(generation=3, switches=1))
    mirror.take_samples([(blind, confirmed(3, "backup", by_field=False))])
    assert mirror.freshness(blind, 0.0) is Freshness.LIVE


def test_what_was_confirmed_counts_no_more_when_the_server_after_the_link_process_is_another() -> None:
    mirror = Mirror()
    blind = mirror.handle(BLIND)
    mirror.take_standing(Standing(generation=2, switches=1))
    mirror.take_samples([(blind, confirmed(2, "backup"))])
    mirror.take_leave()
    for generation, server, switches in ((3, "main", 2), (4, "backup", 3)):
        mirror.take_standing(Standing(generation=generation, switches=switches))
        mirror.take_samples([(blind, confirmed(generation, server, by_field=False))])
        assert mirror.freshness(blind, 0.0) is Freshness.UNSYNCHRONISED


def test_what_was_confirmed_before_the_last_switchover_is_not_remembered() -> None:
    mirror = Mirror()
    blind = mirror.handle(BLIND)
    mirror.take_standing(Standing(generation=2, switches=1))
    mirror.take_samples([(blind, confirmed(2, "backup"))])
    for generation, switches in ((3, 2), (4, 3)):  # to the main and back, while nobody watched the item
        mirror.take_standing(Standing(generation=generation, switches=switches))
    mirror.take_leave()
    mirror.take_standing(Standing(generation=5, switches=3))
    mirror.take_samples([(blind, confirmed(5, "backup", by_field=False))])
    assert mirror.freshness(blind, 0.0) is Freshness.UNSYNCHRONISED
