"""The building's data: complete, consistent, and with the odd items that tests need."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from vizclient.simulator.building import building_items
from vizclient.simulator.interfaces import INTERFACES
from vizclient.simulator.item import Item
from vizclient.simulator.units import CELSIUS, PERCENT

ITEMS = building_items()
BY_NAME = {item.identifier: item for item in ITEMS}


def test_there_are_at_least_400_items_with_names_of_their_own() -> None:
    assert len(ITEMS) >= 400
    assert len(BY_NAME) == len(ITEMS)


def test_every_interface_has_items() -> None:
    assert {item.interface for item in ITEMS} == set(INTERFACES)


def test_no_item_is_also_a_folder() -> None:
    folders = {item.identifier.rpartition("/")[0] for item in ITEMS}
    assert not folders & set(BY_NAME)


def test_unit_ids_are_the_unece_codes_as_numbers() -> None:
    assert CELSIUS.unit_id == 4408652
    assert PERCENT.unit_id == 20529


def test_first_values_lie_within_their_range() -> None:
    assert [item.identifier for item in ITEMS if not all(_within(item, value) for value in _values(item))] == []


def test_first_values_of_enumerations_have_a_text() -> None:
    assert [item.identifier for item in ITEMS if item.labels and item.initial not in dict(item.labels)] == []


def test_the_entrances_alone_are_known_by_a_property_of_their_nodes() -> None:
    told = {(item.identifier.partition("/")[0], item.interface) for item in ITEMS if item.told_interface}
    assert told == {("Entrance", "Salto")}
    assert all(item.told_interface for item in ITEMS if item.identifier.startswith("Entrance/"))


def test_the_odd_ones_are_there() -> None:
    assert isinstance(BY_NAME["Modbus/PowerMeter1/Harmonics"].initial, tuple)
    assert isinstance(BY_NAME["OPCUA/Notice/Text"].initial, str)
    assert isinstance(BY_NAME["OPCUA/Service/NextInspection"].initial, datetime)
    nan = BY_NAME["OPCUA/Service/FlowMeter"].initial
    assert isinstance(nan, float)
    assert math.isnan(nan)
    beyond_double = BY_NAME["Modbus/PowerMeter1/Energy"]
    assert beyond_double.data_type == "Int64"
    assert isinstance(beyond_double.initial, int)
    assert int(float(beyond_double.initial)) != beyond_double.initial
    assert not BY_NAME["OPCUA/Service/SerialNumber"].writable
    assert BY_NAME["OPCUA/Service/RoofSensor"].status >> 30 == 1
    assert BY_NAME["OPCUA/Service/CellarSensor"].status >> 30 == 2


def _values(item: Item) -> tuple[Any, ...]:
    return item.initial if isinstance(item.initial, tuple) else (item.initial,)


def _within(item: Item, value: Any) -> bool:
    return item.low is None or item.high is None or math.isnan(value) or item.low <= value <= item.high
