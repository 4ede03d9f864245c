"""Electricity, water, heat and gas: what the building draws, and what the meters make of it. Pure functions over the values."""

from __future__ import annotations

import math

from vizclient.simulator.building import FLOORS, OFFICES
from vizclient.simulator.modules import METERS
from vizclient.simulator.motion import Chance, Values, clamp, toward


def advance_power(v: Values, chance: Chance, dt: float) -> None:
    """What lights, plugs and plants draw now, and what the power meters measure of it."""
    lights = sum(
        0.15 * v[f"KNX/F{o // 100}/Office{o}/Dimming"] / 100.0 * v[f"KNX/F{o // 100}/Office{o}/Light"] for o in OFFICES
    ) + sum(0.3 * v[f"KNX/F{floor}/Corridor/Light"] for floor in FLOORS)
    plugs = 1.2 + sum(0.25 * v[f"KNX/F{o // 100}/Office{o}/Occupancy"] for o in OFFICES)
    fans = sum(v[f"BACnet/AHU{unit}/{fan}Fan/Power"] for unit in (1, 2) for fan in ("Supply", "Extract"))
    pumps = sum(0.4 * (v[f"BACnet/HC{c}/Pump/Speed"] / 100.0) ** 3 for c in (1, 2, 3))
    cooling = v["Modbus/Chiller1/Power"]
    plant, offices = fans + pumps + cooling + 0.8, lights + plugs
    powers: dict[str, float] = {"Total": plant + offices + 4.0, "Lighting": lights, "Ventilation": fans, "Cooling": cooling,
              "Offices": plugs}  # fmt: skip
    for name, power in powers.items():
        v[f"Metering/Electricity/{name}/Power"] = power
    for meter, power, factor in ((1, powers["Total"], 0.95), (2, plant, 0.88), (3, offices, 0.98)):
        _advance_power_meter(v, chance, meter, power, factor, dt)


def _advance_power_meter(v: Values, chance: Chance, meter: int, power: float, factor: float, dt: float) -> None:
    at = f"Modbus/PowerMeter{meter}"
    v[f"{at}/ActivePower"] = power = toward(v[f"{at}/ActivePower"], power, dt, 12) + chance.noise(0.02)
    v[f"{at}/PowerFactor"] = toward(v[f"{at}/PowerFactor"], factor, dt, 600) + chance.noise(0.0005)
    v[f"{at}/ReactivePower"] = power * math.tan(math.acos(clamp(v[f"{at}/PowerFactor"], 0.5, 1.0)))
    v[f"{at}/Frequency"] = 50.0 + (v[f"{at}/Frequency"] - 50.0) * 0.97 + chance.noise(0.003)
    for phase, share in ((1, 0.36), (2, 0.33), (3, 0.31)):
        voltage = v[f"{at}/L{phase}/Voltage"] + (231.0 + phase / 2 - v[f"{at}/L{phase}/Voltage"]) * 0.02
        v[f"{at}/L{phase}/Voltage"] = voltage = voltage + chance.noise(0.08)
        v[f"{at}/L{phase}/Current"] = power * 1000.0 * share / voltage / clamp(v[f"{at}/PowerFactor"], 0.5, 1.0)
    if chance.happens(dt, 60.0):
        v[f"{at}/Harmonics"] = (100.0, *(clamp(h + chance.noise(0.15), 0.1, 9.0) for h in v[f"{at}/Harmonics"][1:]))
    rest = v[f".wh/{meter}"] + power * dt / 3.6
    v[f"{at}/Energy"] += int(rest)
    v[f".wh/{meter}"] = rest - int(rest)


def advance_meters(v: Values, chance: Chance, dt: float, hour: float, *, new_day: bool) -> None:
    """Every meter counts what passed it."""
    for meter in METERS:
        energy = v[f"Metering/Electricity/{meter}/Power"] * dt / 3600.0
        v[f"Metering/Electricity/{meter}/Energy"] += energy
        today = 0.0 if new_day else v[f"Metering/Electricity/{meter}/Today"]
        v[f"Metering/Electricity/{meter}/Today"] = today + energy
    people = sum(bool(v[f"KNX/F{o // 100}/Office{o}/Occupancy"]) for o in OFFICES)
    for kind, share in (("Cold", 0.5), ("Hot", 0.18)):
        at = f"Metering/Water/{kind}"
        flow = people * share * (1.6 if 11.5 < hour < 13.5 else 1.0) + 0.2
        v[f"{at}/Flow"] = max(0.0, toward(v[f"{at}/Flow"], flow, dt, 120) + chance.noise(0.1))
        volume = v[f"{at}/Flow"] * dt / 60_000.0
        v[f"{at}/Volume"] += volume
        v[f"{at}/Today"] = (0.0 if new_day else v[f"{at}/Today"]) + volume
    for circuit in (1, 2, 3):
        at = f"BACnet/HC{circuit}"
        spread = max(0.0, v[f"{at}/SupplyTemperature"] - v[f"{at}/ReturnTemperature"])
        v[f"Metering/Heat/HC{circuit}/Power"] = power = 4.0 * spread * v[f"{at}/Pump/Speed"] / 100.0
        v[f"Metering/Heat/HC{circuit}/Energy"] += power * dt / 3.6e6
    v["Metering/Gas/Boiler1/Volume"] += v["Modbus/Boiler1/Power"] * dt / 3600.0 / 9.6
