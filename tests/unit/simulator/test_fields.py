"""What each interface does, and who hears of it: the part of the building that is no physics."""

from __future__ import annotations

from typing import Any

import pytest

from vizclient.simulator.building import building_items
from vizclient.simulator.hotel import DOORS
from vizclient.simulator.interfaces import BOTH, INTERFACES, MAIN_ONLY, Carrying
from vizclient.simulator.networks import FOREIGN
from vizclient.simulator.physics import Changes, Model

ITEMS = building_items()


def value(model: Model, name: str) -> Any:
    return model.published[model.index[name]]


def run(model: Model, seconds: float, *listening: str) -> None:
    for _ in range(round(seconds * 10)):
        model.advance(0.1)
        model.listen(0.1, listening)
    model.changes()
    model.heard(listening)


def interfaces_of(model: Model, changes: Changes) -> set[str]:
    return {model.items[index].interface for index, _ in changes}


def test_what_fields_tell_a_server_alone_is_not_among_the_changes_of_the_others() -> None:
    model = Model()
    for _ in range(600):
        model.advance(0.1)
        model.listen(0.1, (*MAIN_ONLY, *BOTH))
    assert not interfaces_of(model, model.changes()) & {*MAIN_ONLY, *BOTH}
    assert interfaces_of(model, model.heard((*MAIN_ONLY, *BOTH))) == {*MAIN_ONLY, *BOTH}


@pytest.mark.parametrize("interface", MAIN_ONLY)
def test_a_field_that_connects_tells_everything(interface: str) -> None:
    model = Model()
    told = model.everything(interface)
    assert [index for index, _ in told] == [i for i, item in enumerate(ITEMS) if item.interface == interface]
    assert model.heard((interface,)) == []


def test_a_peer_knows_what_a_field_told_without_showing_it() -> None:
    main, backup = Model(1), Model(2)
    run(main, 60, "VingCard")
    shown = [value(backup, f"{at}/LastCard") for at in DOORS["VingCard"]]
    backup.hear(main.told(("VingCard",)))
    assert [value(backup, f"{at}/LastCard") for at in DOORS["VingCard"]] == shown
    backup.changes()
    assert [value(backup, f"{at}/LastCard") for at in DOORS["VingCard"]] == shown
    backup.everything("VingCard")
    assert [value(backup, f"{at}/LastCard") for at in DOORS["VingCard"]] == [
        value(main, f"{at}/LastCard") for at in DOORS["VingCard"]
    ]


def test_a_state_leaves_alone_what_a_field_tells_this_server_and_what_each_server_keeps() -> None:
    active, standby = Model(1), Model(2)
    run(active, 60, "Kaba", "GridVis")
    run(standby, 60, "Kaba", "GridVis")
    before = {
        name: standby.values[name] for name in standby.values if name.startswith(("Kaba/", "GridVis/", "Shutter/"))
    }
    standby.restore(active.state(), {"Kaba"})
    assert {name: standby.values[name] for name in before} == before
    assert standby.values["KNX/F1/Office101/Temperature"] == active.values["KNX/F1/Office101/Temperature"]


def test_after_a_switchover_a_shutter_that_moves_tells_everything_of_itself_once() -> None:
    at = "Shutter/F1/South"
    names = {f"{at}/{name}" for name in ("Command", "Setpoint", "Position", "Slat")}
    model = Model()
    model.restore(Model().state())
    run(model, 1)
    model.write(f"{at}/Setpoint", 50.0)
    told = [model.items[index].identifier for index, _ in model.changes()]
    assert names <= set(told)
    assert len(told) == len(set(told))
    model.advance(0.5)
    moving = {model.items[index].identifier for index, _ in model.changes()} & names
    assert moving == {f"{at}/Position", f"{at}/Slat"}


def test_a_command_that_changes_nothing_is_answered_all_the_same_after_a_switchover() -> None:
    model = Model()
    model.restore(Model().state())
    model.changes()
    model.write("Shutter/F2/West/Setpoint", 0.0)
    told = {model.items[index].identifier for index, _ in model.changes()}
    assert "Shutter/F2/West/Position" in told
    assert "Shutter/F1/South/Position" not in told


def test_the_second_foreign_server_takes_over_and_the_first_is_taken_again_later() -> None:
    model = Model()
    run(model, 1)
    model.write(f"OPCDA/{FOREIGN[0]}/Reachable", value=False)
    run(model, 0.5)
    assert model.foreign_source() is False
    run(model, 1)
    assert (value(model, "OPCDA/Source"), model.foreign_source()) == (FOREIGN[1], True)
    before = value(model, "OPCDA/Compressor/Pressure")
    run(model, 5)
    assert value(model, "OPCDA/Compressor/Pressure") != before
    model.write(f"OPCDA/{FOREIGN[0]}/Reachable", value=True)
    run(model, 3)
    assert value(model, "OPCDA/Source") == FOREIGN[1]
    run(model, 3)
    assert value(model, "OPCDA/Source") == FOREIGN[0]


def test_without_a_foreign_server_its_values_stand_still() -> None:
    model = Model()
    for server in FOREIGN:
        model.write(f"OPCDA/{server}/Reachable", value=False)
    run(model, 2)
    before = [value(model, f"OPCDA/{name}") for name in ("Compressor/Pressure", "ColdStore/Temperature")]
    run(model, 10)
    assert [value(model, f"OPCDA/{name}") for name in ("Compressor/Pressure", "ColdStore/Temperature")] == before
    assert (value(model, "OPCDA/Source"), model.foreign_source()) == ("none", None)


def test_a_scene_sets_its_luminaires_and_a_level_ends_it() -> None:
    model = Model()
    model.write("LaMPS/Lobby/Scene", 2)
    run(model, 3)
    assert [value(model, f"LaMPS/Lobby/Luminaire{n}/Output") for n in (1, 2, 3, 4)] == [100.0] * 4
    assert value(model, "LaMPS/Restaurant/Scene") == 3
    model.write("LaMPS/Lobby/Luminaire2/Level", 10.0)
    run(model, 3)
    assert (value(model, "LaMPS/Lobby/Scene"), value(model, "LaMPS/Lobby/Luminaire2/Output")) == (0, 10.0)
    assert value(model, "LaMPS/Lobby/Power") == pytest.approx(3.1 * 48.0, abs=1.0)


def test_a_luminaire_that_fails_is_dark() -> None:
    model = Model()
    model.write("LaMPS/Lobby/Luminaire1/Failure", value=True)
    run(model, 3)
    assert value(model, "LaMPS/Lobby/Luminaire1/Output") == 0.0


def test_a_door_that_a_person_unlocks_locks_itself_after_five_seconds() -> None:
    model = Model()
    for at, system in (("Kaba/Garage", "Kaba"), ("Entrance/North", "Salto")):
        model.write(f"{at}/Unlock", value=True)
        run(model, 4.5, system)
        assert (value(model, f"{at}/Locked"), value(model, f"{at}/Unlock")) == (False, True)
        run(model, 1, system)
        assert value(model, f"{at}/Unlock") is False


def test_an_hour_of_the_guest_house() -> None:
    model = Model()
    systems = ("Infor", "CharPMS", *DOORS)
    records, cards = set(), set()
    for _ in range(240):
        run(model, 1, *systems)
        records |= {value(model, f"{system}/Link/LastRecord")[:2] for system in ("Fidelio", "Infor")}
        cards.add(value(model, "VingCard/Room401/LastCard"))
    assert records >= {"GI", "GO", "PS", "RE"}
    assert len(cards) > 3


def test_power_quality_is_the_same_but_for_the_noise_of_each_reader() -> None:
    main, backup = Model(reader=0), Model(reader=1)
    run(main, 2, "GridVis")
    backup.restore(main.state())
    run(backup, 2, "GridVis")
    for item in ITEMS:
        if item.interface == "GridVis":
            assert value(main, item.identifier) == pytest.approx(value(backup, item.identifier), rel=0.15, abs=0.2)
    assert main.values["GridVis/Mains/Voltage"] != backup.values["GridVis/Mains/Voltage"]


def test_a_radio_sensor_changes_with_its_telegrams_alone() -> None:
    model = Model()
    for _ in range(300):
        model.listen(0.1, ("NexusRF",))
        told = {model.items[index].identifier for index, _ in model.heard(("NexusRF",))}
        for name in told:
            at = name.rpartition("/")[0]
            assert value(model, f"{at}/LastTelegram").year == 2025
    assert value(model, "NexusRF/Sensor01/LastTelegram").day == 3


def test_every_row_of_the_matrix_has_its_way() -> None:
    assert len(INTERFACES) == 20
    assert [name for name, way in INTERFACES.items() if way is Carrying.OWN] == ["Shutter"]
    assert BOTH == ("GridVis",)
    assert MAIN_ONLY == ("VingCard", "Kaba", "Salto", "NexusRF", "Infor", "CharPMS")
