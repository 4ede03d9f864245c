"""The window's mirror of the values."""

from __future__ import annotations

from collections.abc import Sequence

from vizclient.items.address import Address
from vizclient.items.freshness import Freshness, Standing
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample
from vizclient.link.mirror import Mirror

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
    mirror.take_standing(Standing(generation=0, lost_at=5.0, hold=0.25))
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


def test_whether_an_interface_is_kept_in_step_is_asked_once_for_each_item() -> None:
    mirror = Mirror(synchronised=lambda address: address != BLIND)
    blind, temperature = mirror.handle(BLIND), mirror.handle(TEMPERATURE)
    mirror.take_standing(Standing(generation=2, switched=True))
    mirror.take_samples([(blind, live(50.0, 2)), (temperature, live(21.0, 2))])
    assert mirror.freshness(blind, 0.0) is Freshness.UNSYNCHRONISED
    assert mirror.freshness(temperature, 0.0) is Freshness.LIVE
