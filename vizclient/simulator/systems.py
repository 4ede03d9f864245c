"""Lift, shutters, lighting, sensors and what comes from foreign servers. Pure functions over the values."""

from __future__ import annotations

import math
from typing import Final

from vizclient.simulator.building import OFFICES
from vizclient.simulator.modules import LIGHT_GROUPS, LUMINAIRES, SCENE_LEVELS
from vizclient.simulator.motion import Chance, Values, clamp, date, toward
from vizclient.simulator.networks import FEEDERS, FOREIGN, NO_FOREIGN, RADIO_SENSORS, SENSORS

_WATTS: Final = 48.0
"""Of a luminaire at full output."""
_FOREIGN_TAKEOVER: Final = 1.0
_FOREIGN_RETURN: Final = 5.0
_TELEGRAM: Final = 300.0
_READING: Final = 1.0


def advance_sensors(v: Values, chance: Chance, dt: float, hour: float) -> None:
    """Sensors near the offices, and the car park, which fills until noon."""
    for sensor in SENSORS:
        at, office = f"MQTT/Sensor{sensor:02}", OFFICES[sensor * 2 - 1]
        near = v[f"KNX/F{office // 100}/Office{office}/Temperature"]
        v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], near + 0.4, dt, 600) + chance.noise(0.01)
        v[f"{at}/Humidity"] = toward(v[f"{at}/Humidity"], 82.0 - 1.8 * near, dt, 900) + chance.noise(0.02)
        v[f"{at}/Battery"] = max(3.0, v[f"{at}/Battery"] - dt * 2e-6)
        v[f"{at}/Signal"] = clamp(v[f"{at}/Signal"] + chance.noise(0.15), 40.0, 95.0)
    full = math.exp(-(((hour - 13.0) / 5.0) ** 4))
    free = v["MQTT/Parking/Free"] + (60.0 - 55.0 * full - v["MQTT/Parking/Free"]) * dt / 3000.0
    v["MQTT/Parking/Free"] = clamp(free + chance.noise(0.05), 0.0, 60.0)


def advance_lift(v: Values, chance: Chance, wall: float, hour: float) -> None:
    """A floor in two seconds, doors in three; floor 0 does not exist. People call it now and then."""
    at = "OPCUA/Lift1"
    position, goal = v[".lift at"], float(v[".lift"] if v[".lift"] > 0 else 0)
    if position != goal:
        v[f"{at}/Direction"], v[f"{at}/Door"] = (1 if goal > position else 2), 0
        step = clamp(goal - position, -wall / 2.0, wall / 2.0)
        position = v[".lift at"] = goal if abs(goal - position) <= wall / 2.0 else position + step
        v[f"{at}/Floor"] = round(position) or -1
        if position == goal:
            v[f"{at}/Trips"] += 1
            v[".lift wait"] = 3.0 + chance.uniform(0.0, 20.0 if 7.0 < hour < 19.0 else 300.0)
        return
    v[f"{at}/Direction"] = 0
    v[".lift wait"] -= wall
    v[f"{at}/Door"] = 3 if v[".lift wait"] < 1.0 else 2
    if v[".lift wait"] <= 0.0:
        v[".lift"] = chance.choice([floor for floor in (-1, 1, 2, 3) if floor != v[".lift"]])
        v[f"{at}/Load"] = chance.choice((0.0, 75.0, 80.0, 155.0, 240.0))


def advance_shutter(v: Values, at: str, wall: float) -> None:
    """A shutter takes 25 seconds from end to end."""
    position, goal = v[f"{at}/Position"], v[f"{at}/Setpoint"]
    if position == goal:
        v[f"{at}/Command"] = 0
        return
    step = wall * 100.0 / 25.0
    v[f"{at}/Position"] = goal if abs(goal - position) <= step else position + math.copysign(step, goal - position)
    v[f"{at}/Slat"] = 75.0 if goal > position else 0.0


def set_scene(v: Values, group: str) -> None:
    """Let a group's scene act."""
    for luminaire, level in zip(LUMINAIRES, SCENE_LEVELS.get(v[f"LaMPS/{group}/Scene"], ()), strict=False):
        v[f"LaMPS/{group}/Luminaire{luminaire}/Level"] = float(level)


def advance_lamps(v: Values, wall: float) -> None:
    """Luminaires follow their levels within two seconds; a failed one stays dark."""
    for group in LIGHT_GROUPS:
        at, power = f"LaMPS/{group}", 0.0
        for luminaire in LUMINAIRES:
            own = f"{at}/Luminaire{luminaire}"
            level = 0.0 if v[f"{own}/Failure"] else v[f"{own}/Level"]
            output = v[f"{own}/Output"]
            v[f"{own}/Output"] = output = output + clamp(level - output, -50.0 * wall, 50.0 * wall)
            v[f"{own}/Hours"] += wall * 60.0 / 3600.0 if output > 0.5 else 0.0
            power += _WATTS * output / 100.0
        v[f"{at}/Power"] = power


def advance_foreign(v: Values, chance: Chance, dt: float, wall: float) -> None:
    """What the neighbour's OPC DA servers serve. The second takes over a second after the first fails; the first is
    taken again when it has been back for five. Without either the values stand still."""
    serving, first, second = v["OPCDA/Source"], *(v[f"OPCDA/{server}/Reachable"] for server in FOREIGN)
    wanted = FOREIGN[0] if first else FOREIGN[1] if second else NO_FOREIGN
    v[".OPCDA/since"] = 0.0 if serving == wanted else v[".OPCDA/since"] + wall
    patience = _FOREIGN_RETURN if serving != NO_FOREIGN and v[f"OPCDA/{serving}/Reachable"] else _FOREIGN_TAKEOVER
    if serving != wanted and v[".OPCDA/since"] >= patience:
        v["OPCDA/Source"] = serving = wanted
    if serving == NO_FOREIGN or not v[f"OPCDA/{serving}/Reachable"]:
        return
    at = "OPCDA/Compressor"
    pressure, setpoint, was = v[f"{at}/Pressure"], v[f"{at}/Setpoint"], v[f"{at}/Running"]
    v[f"{at}/Running"] = running = pressure < setpoint + (0.3 if was else -0.3)
    v[f"{at}/Pressure"] = clamp(pressure + (0.004 if running else -0.0025) * dt + chance.noise(0.01), 0.0, 12.0)
    v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], 78.0 if running else 35.0, dt, 400)
    v[f"{at}/Hours"] += dt / 3600.0 if running else 0.0
    at = "OPCDA/ColdStore"
    defrosting, opened = v[f"{at}/Defrost"], v[f"{at}/Door"]
    v[f"{at}/Defrost"] = not chance.happens(dt, 600.0) if defrosting else chance.happens(dt, 14_400.0)
    v[f"{at}/Door"] = not chance.happens(dt, 120.0) if opened else chance.happens(dt, 1_800.0)
    wanted_cold = v[f"{at}/Setpoint"] + (3.0 if defrosting else 0.0) + (4.0 if opened else 0.0)
    v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], wanted_cold, dt, 900) + chance.noise(0.01)


def listen_to_radio(v: Values, chance: Chance, dt: float) -> None:
    """Radio sensors: nothing changes between two telegrams of a sensor."""
    for sensor in RADIO_SENSORS:
        if not chance.happens(dt, _TELEGRAM):
            continue
        at, office = f"NexusRF/Sensor{sensor:02}", OFFICES[sensor * 3]
        near = v[f"KNX/F{office // 100}/Office{office}/Temperature"]
        v[f"{at}/Temperature"] = near + 0.2 + chance.noise(0.2)
        v[f"{at}/Humidity"] = clamp(82.0 - 1.8 * near + chance.noise(0.5), 0.0, 100.0)
        v[f"{at}/Battery"] = max(3.0, v[f"{at}/Battery"] - 0.01)
        v[f"{at}/Signal"] = clamp(v[f"{at}/Signal"] + chance.noise(3.0), 40.0, 95.0)
        v[f"{at}/LastTelegram"] = date(v)


def read_grid(v: Values, chance: Chance, wall: float) -> None:
    """Power quality, measured once a second: what the supply does, and the noise of a reading of one's own."""
    v[".GridVis/since"] += wall
    if v[".GridVis/since"] < _READING:
        return
    v[".GridVis/since"] = 0.0
    meter = "Modbus/PowerMeter1"
    power = v[f"{meter}/ActivePower"]
    phases = [v[f"{meter}/L{phase}/Voltage"] for phase in (1, 2, 3)]
    mean = sum(phases) / 3.0
    for feeder, share in zip(FEEDERS, (1.0, 0.05), strict=True):
        at = f"GridVis/{feeder}"
        v[f"{at}/Voltage"] = voltage = mean * math.sqrt(3.0) + chance.noise(0.3)
        v[f"{at}/Power"] = drawn = max(0.0, power * share + chance.noise(0.15))
        v[f"{at}/Current"] = drawn * 1000.0 / (voltage * math.sqrt(3.0) * 0.95)
        v[f"{at}/Frequency"] = v[f"{meter}/Frequency"] + chance.noise(0.003)
        v[f"{at}/THD"] = clamp(1.6 + power / 60.0 + chance.noise(0.05), 0.0, 20.0)
        v[f"{at}/Flicker"] = clamp(0.4 + chance.noise(0.03), 0.0, 5.0)
        v[f"{at}/Unbalance"] = clamp((max(phases) - min(phases)) / mean * 100.0 + chance.noise(0.03), 0.0, 10.0)
