from __future__ import annotations

import pytest

from vizclient.items.address import Address
from vizclient.phrases import SUPPORT
from vizclient.redundancy.support import Kind, Support, shipped_table


@pytest.mark.parametrize(
    ("identifier", "in_step"),
    [
        ("KNX/F1/Office101/Temperature", True),
        ("opcua/Chiller/State", True),
        ("Metering/Main/Energy", True),
        ("Shutter/F1/South/Position", False),
        ("GridVis/Feeder1/Power", False),
        ("Kaba/Door1/State", False),
        ("Protel/Room12/Guest", False),
        ("SomethingNew/1", True),
        ("KNX", True),
        (1234, True),
    ],
)
def test_the_first_segment_says_whether_an_item_is_kept_in_step(identifier: str | int, in_step: bool) -> None:
    assert shipped_table().synchronised(Address("urn:x", identifier)) is in_step


def test_every_interface_and_module_of_the_servers_is_listed() -> None:
    table = shipped_table()
    assert sum(interface.kind is Kind.FIELD for interface in table.interfaces) == 16
    assert sum(interface.kind is Kind.MODULE for interface in table.interfaces) == 4


def test_every_note_has_a_sentence() -> None:
    notes = {interface.note for interface in shipped_table().interfaces} - {""}
    assert notes == set(SUPPORT)


def test_no_segment_belongs_to_two_interfaces() -> None:
    segments = [segment.casefold() for interface in shipped_table().interfaces for segment in interface.segments]
    assert len(segments) == len(set(segments))


def test_metering_is_in_step_and_says_that_only_the_active_server_has_it() -> None:
    found = shipped_table().find(Address("urn:x", "Metering/Main/Energy"))
    assert found is not None
    assert (found.support, found.note) == (Support.YES, "active-server-only")


def test_what_makes_no_sense_to_keep_in_step_is_told_from_what_is_impossible() -> None:
    found = shipped_table().find(Address("urn:x", "GridVis/Feeder1"))
    assert found is not None
    assert (found.relevant, found.support) == (False, Support.NO)
