"""Interfaces and modules: the rows that ship, what a profile makes of them, and whose an item is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from vizclient.items.address import Address, AddressError
from vizclient.items.freshness import Behaviour
from vizclient.redundancy.support import (
    InterfaceRow,
    InterfaceTable,
    Kind,
    Pattern,
    Possible,
    parse_pattern,
    shipped_table,
    table_with,
)
from vizclient.schema.closed import Wrong

NAMESPACES = {"bms": "urn:example:bms", "old": "urn:example:old"}


def rows(*given: Mapping[str, Any]) -> Sequence[InterfaceRow]:
    return msgspec.convert(list(given), list[InterfaceRow])


def table(*given: Mapping[str, Any]) -> InterfaceTable:
    return table_with(rows(*given), NAMESPACES)


def name_of(found: InterfaceTable, identifier: str | int, said: str = "", namespace: str = "urn:example:bms") -> str:
    interface = found.find(Address(namespace, identifier), said)
    return "" if interface is None else interface.name


def wrong(*given: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...]]:
    with pytest.raises(Wrong) as raised:
        table(*given)
    return raised.value.code, raised.value.at


# the rows that ship


def test_every_interface_and_module_of_the_servers_ships() -> None:
    interfaces = shipped_table().interfaces
    assert sum(interface.kind is Kind.FIELD for interface in interfaces) == 16
    assert sum(interface.kind is Kind.MODULE for interface in interfaces) == 4


@pytest.mark.parametrize(
    ("identifier", "behaviour", "possible", "relevant"),
    [
        ("KNX/F1/Office101/Temperature", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("BACnet/Chiller/State", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("modbus/Boiler1/Power", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("Fidelio/Room/12", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("Protel/Room12/Guest", Behaviour.SYNCHRONISED, Possible.UNTESTED, True),
        ("VingCard/Door1", Behaviour.MAIN_ONLY, Possible.NO, True),
        ("Kaba/Door1/State", Behaviour.MAIN_ONLY, Possible.NO, True),
        ("Salto/Door1/State", Behaviour.MAIN_ONLY, Possible.NO, True),
        ("GridVis/Feeder1/Power", Behaviour.INDEPENDENT, Possible.NO, False),
        ("OPC DA/Lift", Behaviour.FOREIGN_BACKUP, Possible.YES, True),
        ("opcua/Chiller/State", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("HTTP/Weather", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("MQTT/Sensor", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("NexusRF/Room", Behaviour.MAIN_ONLY, Possible.ON_REQUEST, True),
        ("Infor/Room", Behaviour.MAIN_ONLY, Possible.ON_REQUEST, True),
        ("CharPMS/Room", Behaviour.MAIN_ONLY, Possible.ON_REQUEST, True),
        ("LaMPS/Scene", Behaviour.SYNCHRONISED, Possible.YES, True),
        ("Metering/Main/Energy", Behaviour.ACTIVE_ONLY, Possible.YES, True),
        ("Messenger/Mail", Behaviour.ACTIVE_SENDS, Possible.YES, True),
        ("Shutter Control/F1", Behaviour.UNSYNCHRONISED, Possible.PLANNED, True),
    ],
)
def test_the_first_segment_of_an_item_tells_its_row(
    identifier: str, behaviour: Behaviour, possible: Possible, relevant: bool
) -> None:
    found = shipped_table().find(Address("urn:x", identifier))
    assert found is not None
    assert (found.behaviour, found.possible, found.relevant) == (behaviour, possible, relevant)


@pytest.mark.parametrize("identifier", ["SomethingNew/1", "MyKNX/1", "x/KNX/1", "KNX", 1234])
def test_no_row_is_guessed_where_none_fits(identifier: str | int) -> None:
    assert shipped_table().find(Address("urn:x", identifier)) is None


def test_every_note_that_ships_is_in_english_and_german() -> None:
    for interface in shipped_table().interfaces:
        if interface.note:
            assert isinstance(interface.note, Mapping)
            assert set(interface.note) == {"en", "de"}, interface.name


def test_what_cannot_be_kept_in_step_and_what_is_untested_is_explained() -> None:
    for interface in shipped_table().interfaces:
        if interface.possible is not Possible.YES and interface.relevant:
            assert interface.note, interface.name


def test_no_name_or_pattern_belongs_to_two_rows() -> None:
    interfaces = shipped_table().interfaces
    names = [name.casefold() for one in interfaces for name in (one.name, *one.aliases)]
    patterns = [pattern for one in interfaces for pattern in one.patterns]
    assert len(names) == len(set(names))
    assert len(patterns) == len(set(patterns))


def test_a_profile_without_rows_has_those_that_ship() -> None:
    assert table() is shipped_table()


# the property of a node


@pytest.mark.parametrize("said", ["Kaba", "kaba", "KABA"])
def test_what_a_node_says_itself_beats_its_address(said: str) -> None:
    assert name_of(shipped_table(), "KNX/Door1", said) == "Kaba"


def test_a_node_may_use_an_alias() -> None:
    assert name_of(shipped_table(), "Plain/1", "OPCDA") == "OPC DA client"


def test_a_node_that_says_what_nobody_knows_is_known_by_its_address() -> None:
    assert name_of(shipped_table(), "KNX/1", "Unheard-of") == "KNX"


def test_what_a_node_says_may_be_a_profiles_row_without_any_pattern() -> None:
    assert name_of(table({"name": "Lifts", "behaviour": "independent"}), "KNX/1", "lifts") == "Lifts"


def test_a_profiles_alias_beats_a_shipped_name() -> None:
    found = table({"name": "Doors", "aliases": ["Kaba"], "behaviour": "synchronised"})
    assert name_of(found, "x", "Kaba") == "Doors"


# patterns


@pytest.mark.parametrize(
    ("pattern", "namespace", "identifier", "fits"),
    [
        ("bms:Doors/*", "urn:example:bms", "Doors/F1/1", True),
        ("bms:Doors/*", "urn:example:bms", "doors/f1", True),
        ("bms:Doors/*", "urn:example:old", "Doors/F1", False),
        ("bms:Doors/*", "URN:EXAMPLE:BMS", "Doors/F1", False),
        ("*:Doors/*", "urn:anything", "Doors/F1", True),
        ("*:*/Doors/?", "urn:anything", "a/b/Doors/1", True),
        ("*:*/Doors/?", "urn:anything", "a/b/Doors/12", False),
        ("bms:Line[1].(x)+", "urn:example:bms", "Line[1].(x)+", True),
        ("bms:Line[1].(x)+", "urn:example:bms", "Line1x", False),
        ("bms:s=Doors/*", "urn:example:bms", "Doors/1", True),
        ("bms:i=12*", "urn:example:bms", 1234, True),
        ("bms:i=12*", "urn:example:bms", 4321, False),
        ("nsu=urn:not:in:profile;s=A*", "urn:not:in:profile", "ABC", True),
        ("nsu=urn:not:in:profile;i=7", "urn:not:in:profile", 7, True),
        ("*:A*B", "urn:x", "A\nB", True),
    ],
)
def test_patterns_fit_what_they_say(pattern: str, namespace: str, identifier: str | int, fits: bool) -> None:
    found = table({"name": "Own", "behaviour": "main-only", "items": [pattern]})
    assert (name_of(found, identifier, namespace=namespace) == "Own") is fits


@pytest.mark.parametrize(
    "text", ["Doors/*", ":x", "bms:", "bms:s=", "nsu=urn:x", "nsu=;s=x", "nsu=urn:x;s=", "nsu=urn:x;x"]
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(AddressError) as raised:
        parse_pattern(text, NAMESPACES)
    assert raised.value.code == "address-pattern"


def test_a_pattern_keeps_its_namespace_by_uri() -> None:
    assert parse_pattern("old:A*", NAMESPACES) == Pattern("urn:example:old", "A*")


# the rows of a profile


def test_a_profiles_row_beats_a_shipped_one() -> None:
    found = table({"name": "Own doors", "behaviour": "main-only", "items": ["bms:KNX/Doors/*"]})
    assert name_of(found, "KNX/Doors/1") == "Own doors"
    assert name_of(found, "KNX/Light/1") == "KNX"


def test_the_first_of_two_rows_of_a_profile_that_fit_counts() -> None:
    found = table(
        {"name": "One", "behaviour": "main-only", "items": ["bms:A/B/*"]},
        {"name": "Two", "behaviour": "main-only", "items": ["bms:A/*"]},
    )
    assert (name_of(found, "A/B/1"), name_of(found, "A/C/1")) == ("One", "Two")


def test_patterns_that_a_row_only_takes_over_do_not_come_before_those_of_later_rows() -> None:
    found = table(
        {"name": "Kaba", "relevant": False},
        {"name": "Lift doors", "behaviour": "independent", "items": ["bms:Kaba/Lift/*"]},
    )
    assert name_of(found, "Kaba/Lift/1") == "Lift doors"
    assert name_of(found, "Kaba/Door/1") == "Kaba"


def test_rows_added_come_after_those_that_ship_and_overrides_stay_in_their_place() -> None:
    found = table({"name": "Own", "behaviour": "independent"}, {"name": "bacnet", "possible": "untested"})
    names = [interface.name for interface in found.interfaces]
    assert names[:2] == ["KNX", "BACnet"]
    assert names[-1] == "Own"
    assert len(names) == 21
    assert found.interfaces[1].possible is Possible.UNTESTED


def test_an_override_keeps_what_it_does_not_give() -> None:
    before = shipped_table().named("Kaba")
    after = table({"name": "Kaba", "relevant": False, "kind": "module"}).named("kaba")
    assert before is not None
    assert after is not None
    assert (after.relevant, after.kind) == (False, Kind.MODULE)
    assert (after.behaviour, after.possible, after.note) == (before.behaviour, before.possible, before.note)
    assert after.patterns == before.patterns


def test_an_override_of_everything_leaves_nothing_of_the_shipped_row() -> None:
    row = {"name": "Kaba", "aliases": ["Doors"], "kind": "module", "items": ["bms:D/*"], "relevant": False}
    found = table(row | {"possible": "planned", "behaviour": "unsynchronised", "note": "Ask Facility"})
    kaba = found.named("doors")
    assert kaba is not None
    assert (kaba.possible, kaba.behaviour, kaba.note) == (Possible.PLANNED, Behaviour.UNSYNCHRONISED, "Ask Facility")
    assert name_of(found, "D/1") == "Kaba"
    assert name_of(found, "Kaba/1") == ""


def test_another_behaviour_does_not_keep_what_was_said_of_the_shipped_one() -> None:
    kaba = table({"name": "Kaba", "behaviour": "synchronised"}).named("Kaba")
    assert kaba is not None
    assert (kaba.possible, kaba.note) == (Possible.YES, "")


@pytest.mark.parametrize(
    ("behaviour", "possible"),
    [
        ("synchronised", Possible.YES),
        ("active-only", Possible.YES),
        ("main-only", Possible.NO),
        ("independent", Possible.NO),
    ],
)
def test_a_new_row_needs_no_more_than_name_and_behaviour(behaviour: str, possible: Possible) -> None:
    own = table({"name": "Own", "behaviour": behaviour}).named("Own")
    assert own is not None
    assert (own.kind, own.relevant, own.possible, own.note) == (Kind.FIELD, True, possible, "")


def test_what_is_wrong_with_a_row_is_said_with_its_place() -> None:
    own = {"name": "Own", "behaviour": "independent"}
    assert wrong(own, own | {"name": "OWN"}) == ("profile-interface-twice", (1, "name"))
    assert wrong(own, {"name": "Kabba", "relevant": False}) == ("profile-interface-behaviour", (1,))
    assert wrong(own | {"items": ["*:x", "y"]}) == ("address-pattern", (0, "items", 1))
    assert wrong(own | {"items": ["bmx:y"]}) == ("address-namespace", (0, "items", 0))
