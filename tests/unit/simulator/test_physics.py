"""The building moves as buildings do, and always the same way."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vizclient.simulator.interfaces import BOTH, MAIN_ONLY, Carrying
from vizclient.simulator.physics import SPEED, Model

ROOM = "KNX/F1/Office101"


def value(model: Model, name: str) -> Any:
    return model.published[model.index[name]]


def run(model: Model, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        model.advance(0.1)
    model.changes()


def test_the_same_seed_gives_the_same_building() -> None:
    first, second = Model(seed=7), Model(seed=7)
    run(first, 20)
    run(second, 20)
    assert list(map(repr, first.published)) == list(map(repr, second.published))


def test_another_seed_gives_another_building() -> None:
    assert list(map(repr, Model(seed=7).published)) != list(map(repr, Model(seed=8).published))


def test_a_room_follows_its_set_point() -> None:
    model = Model(seed=2)  # nobody opens the window there
    run(model, 5)
    before = value(model, f"{ROOM}/Temperature")
    model.write(f"{ROOM}/Setpoint", before + 3.0)
    run(model, 20)
    soon = value(model, f"{ROOM}/Temperature")
    run(model, 100)
    assert before < soon < value(model, f"{ROOM}/Temperature")
    assert value(model, f"{ROOM}/Valve") > 50


def test_an_open_window_closes_the_radiator_valve() -> None:
    model = Model()
    model.write(f"{ROOM}/Setpoint", 28.0)
    run(model, 5)
    assert value(model, f"{ROOM}/Valve") > 50
    model.write(f"{ROOM}/Occupancy", value=True)
    for _ in range(100):
        model.write(f"{ROOM}/Window", value=True)
        model.advance(0.1)
    model.changes()
    assert value(model, f"{ROOM}/Valve") < 5


def test_a_fan_that_is_switched_off_stops_its_air_within_seconds() -> None:
    model = Model()
    run(model, 5)
    assert value(model, "BACnet/AHU1/SupplyAir/Flow") > 5000
    model.write("BACnet/AHU1/SupplyFan/Command", value=False)
    run(model, 6)
    assert value(model, "BACnet/AHU1/SupplyAir/Flow") == 0
    assert value(model, "BACnet/AHU1/SupplyFan/Running") is False
    assert value(model, "BACnet/AHU1/State") == 0


def test_a_tripped_fan_raises_the_alarm_of_its_unit() -> None:
    model = Model()
    model.write("BACnet/AHU2/ExtractFan/Fault", value=True)
    run(model, 6)
    assert value(model, "BACnet/AHU2/Alarm") is True
    assert value(model, "BACnet/AHU2/State") == 3
    assert value(model, "BACnet/AHU2/ExtractAir/Flow") == 0


def test_lights_draw_power() -> None:
    dark, bright = Model(), Model()
    for model, on in ((dark, False), (bright, True)):
        for item in model.items:
            if item.identifier.endswith("/Light"):
                model.write(item.identifier, on)
        run(model, 1)
    drawn = [value(model, "Metering/Electricity/Lighting/Power") for model in (dark, bright)]
    assert drawn[1] > drawn[0] + 2.0


def test_a_shutter_moves_to_its_set_point_in_wall_time() -> None:
    model = Model()
    model.write("Shutter/F1/South/Command", 2)
    run(model, 12.5)
    assert 40 < value(model, "Shutter/F1/South/Position") < 60
    run(model, 15)
    assert value(model, "Shutter/F1/South/Position") == 100
    assert value(model, "Shutter/F1/South/Command") == 0


def test_the_lift_goes_where_it_is_called() -> None:
    model = Model()
    model.write("OPCUA/Lift1/Call", 3)
    run(model, 8)
    assert value(model, "OPCUA/Lift1/Floor") == 3


def test_writing_the_notice_stamps_it() -> None:
    model = Model()
    run(model, 2)
    before = value(model, "OPCUA/Notice/ChangedAt")
    model.write("OPCUA/Notice/Text", "Closed on Monday")
    model.changes()
    assert value(model, "OPCUA/Notice/ChangedAt") != before


def test_over_a_day_everything_stays_within_its_range() -> None:
    model = Model()
    for _ in range(round(24 * 3600 / SPEED / 2)):
        model.advance(2.0)
        model.listen(2.0, (*MAIN_ONLY, *BOTH))
        for index, published in (*model.changes(), *model.heard((*MAIN_ONLY, *BOTH))):
            item = model.items[index]
            if item.low is not None and item.high is not None and isinstance(published, int | float):
                assert item.low <= published <= item.high, item.identifier


def test_meters_only_count_up() -> None:
    model = Model()
    before = [value(model, name) for name in ("Modbus/PowerMeter1/Energy", "Metering/Water/Cold/Volume")]
    run(model, 60)
    after = [value(model, name) for name in ("Modbus/PowerMeter1/Energy", "Metering/Water/Cold/Volume")]
    assert after[0] > before[0]
    assert after[1] > before[1]


def test_published_numbers_keep_to_their_resolution_and_writable_ones_to_what_was_written() -> None:
    model = Model()
    run(model, 10)
    temperature = value(model, f"{ROOM}/Temperature")
    assert temperature == round(temperature, 1)
    model.write(f"{ROOM}/Setpoint", 21.37)
    model.changes()
    assert value(model, f"{ROOM}/Setpoint") == 21.37


def test_nothing_is_published_twice() -> None:
    model = Model()
    run(model, 3)
    assert model.changes() == []


def test_a_peer_goes_on_from_the_state_except_for_what_is_not_synchronised() -> None:
    active, standby = Model(seed=1), Model(seed=2)
    active.write(f"{ROOM}/Setpoint", 26.0)
    active.write("Shutter/F1/South/Command", 2)
    run(active, 30)
    standby.restore(active.state())
    standby.changes()
    for item, there, here in zip(active.items, active.published, standby.published, strict=True):
        if (
            item.carrying not in (Carrying.OWN, Carrying.MAIN_ONLY, Carrying.BOTH)
            and isinstance(there, float)
            and not math.isnan(there)
        ):
            assert here == pytest.approx(there, abs=2 * item.resolution), item.identifier
    assert value(standby, f"{ROOM}/Setpoint") == 26.0
    assert value(standby, "Shutter/F1/South/Position") == 0


def test_a_state_of_another_building_is_refused() -> None:
    with pytest.raises(ValueError, match="3 values"):
        Model().restore([1, 2, 3])
