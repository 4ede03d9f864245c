"""The weather, and the rooms under it: heat, air, light and the people in them. Pure functions over the values."""

from __future__ import annotations

import math
from typing import Final

from vizclient.simulator.building import FLOORS
from vizclient.simulator.motion import Chance, Values, clamp, date, toward
from vizclient.simulator.networks import WEATHER

_SETBACK: Final = (0.0, 1.0, 3.0)


def advance_weather(v: Values, chance: Chance, dt: float, hour: float, *, new_hour: bool) -> None:
    """Clouds come and go, and everything outdoors follows them and the hour of the day."""
    at = "HTTP/Weather"
    cloud = v[".cloud"] = clamp(v[".cloud"] + (0.5 - v[".cloud"]) * dt / 20000 + chance.noise(0.02), 0.0, 1.0)
    v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], _outside(hour) - 2 * cloud, dt, 1800)
    v[f"{at}/Humidity"] = toward(v[f"{at}/Humidity"], 95 - 2.2 * v[f"{at}/Temperature"] + 15 * cloud - 15, dt, 1800)
    v[f"{at}/Humidity"] = clamp(v[f"{at}/Humidity"], 20.0, 100.0)
    sun = max(0.0, math.sin(math.pi * (hour - 6.0) / 12.0)) * 850.0 * (1.0 - 0.75 * cloud)
    v[f"{at}/Radiation"] = toward(v[f"{at}/Radiation"], sun, dt, 300)
    v[f"{at}/Pressure"] = toward(v[f"{at}/Pressure"], 1022.0 - 20.0 * cloud, dt, 7200) + chance.noise(0.01)
    wind = v[".wind"] = v[".wind"] * (1.0 - dt / 600.0) + chance.noise(0.35)
    v[f"{at}/WindSpeed"] = abs(3.0 + 3.0 * cloud + wind)
    v[f"{at}/WindDirection"] = (v[f"{at}/WindDirection"] + chance.noise(0.8)) % 360.0
    v[f"{at}/Rain"] = cloud > (0.72 if v[f"{at}/Rain"] else 0.82)
    v[f"{at}/Condition"] = 3 if v[f"{at}/Rain"] else min(int(cloud * 3.2), 2)
    v[f"{at}/Report"] = f"{WEATHER[v[f'{at}/Condition']]}, {v[f'{at}/Temperature']:.0f} °C"
    v[f"{at}/TimeOfDay"] = date(v)
    v["OPCUA/Service/RoofSensor"] = v[f"{at}/Temperature"] + 1.4
    if new_hour:
        v[f"{at}/Forecast"] = tuple(_outside(hour + ahead) - 2 * cloud for ahead in range(1, 25))


def advance_office(v: Values, chance: Chance, office: int, dt: float, hour: float) -> None:
    """One office: its people, its controller, and what becomes of heat, air and light."""
    at = f"KNX/F{office // 100}/Office{office}"
    _advance_people(v, chance, at, dt, hour)
    temperature, occupied, window = v[f"{at}/Temperature"], v[f"{at}/Occupancy"], v[f"{at}/Window"]
    radiation, outside = v["HTTP/Weather/Radiation"], v["HTTP/Weather/Temperature"]
    south, mode = office % 2 == 1, v[f"{at}/Mode"]
    wanted = v[f"{at}/Setpoint"] - _SETBACK[mode] if mode < len(_SETBACK) else 8.0

    error = wanted - temperature
    integral = v[f".valve/{office}"] = clamp(v[f".valve/{office}"] + error * dt * 0.008, 0.0, 100.0)
    valve = 0.0 if window else clamp(60.0 * error + integral, 0.0, 100.0)
    v[f"{at}/Valve"] = toward(v[f"{at}/Valve"], valve, dt, 90)

    shade = 1.0 - 0.8 * v[f"Shutter/F{office // 100}/{'South' if south else 'West'}/Position"] / 100.0
    lamp = v[f"{at}/Dimming"] / 100.0 if v[f"{at}/Light"] else 0.0
    circuit = "BACnet/HC2" if south else "BACnet/HC1"
    air = "BACnet/AHU1" if office < 300 else "BACnet/AHU2"
    flow = v[f"{air}/SupplyAir/Flow"] / 12000.0
    water = max(0.0, v[f"{circuit}/SupplyTemperature"] - temperature) / 30.0
    heat = 12e-4 * v[f"{at}/Valve"] / 100.0 * water
    heat += 1e-4 * occupied + 0.6e-4 * lamp + 2e-4 * shade * radiation / 850.0
    heat += 0.6e-4 * flow * (v[f"{air}/SupplyAir/Temperature"] - temperature)
    heat -= 3.5e-5 * (6.0 if window else 1.0) * (temperature - outside)
    v[f"{at}/Temperature"] = temperature + heat * dt + chance.noise(0.004)

    fresh = 1.5e-4 * flow + 2e-5 + (1.2e-3 if window else 0.0)
    co2 = v[f"{at}/CO2"]
    v[f"{at}/CO2"] = co2 + (0.06 * occupied - (co2 - 420.0) * fresh) * dt + chance.noise(0.8)
    light = (0.8 if south else 0.5) * shade * radiation + 430.0 * lamp
    v[f"{at}/Illuminance"] = toward(v[f"{at}/Illuminance"], light, dt, 20)


def _advance_people(v: Values, chance: Chance, at: str, dt: float, hour: float) -> None:
    """Who comes and goes, and what they do with light and window. The light is only switched when somebody does."""
    occupied = v[f"{at}/Occupancy"]
    working = 7.5 < hour < 18.0
    if occupied and chance.happens(dt, 3000.0 if working else 900.0):
        v[f"{at}/Occupancy"] = v[f"{at}/Light"] = v[f"{at}/Window"] = False
    elif not occupied and chance.happens(dt, 2400.0 if working else 200_000.0):
        v[f"{at}/Occupancy"] = True
        v[f"{at}/Light"] = v[f"{at}/Illuminance"] < 450.0
    if v[f"{at}/Window"]:
        v[f"{at}/Window"] = not chance.happens(dt, 600.0)
    elif occupied:
        v[f"{at}/Window"] = chance.happens(dt, 6000.0 if v[f"{at}/CO2"] > 850.0 else 40_000.0)


def advance_corridors(v: Values, chance: Chance, dt: float, hour: float) -> None:
    """Corridors are as warm as their offices, a little less, and people pass through them."""
    busy = 7.0 < hour < 19.0
    for floor in FLOORS:
        at = f"KNX/F{floor}/Corridor"
        mean = sum(v[f"KNX/F{floor}/Office{100 * floor + n}/Temperature"] for n in range(1, 9)) / 8.0
        v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], mean - 1.2, dt, 2400) + chance.noise(0.002)
        v[f"{at}/Presence"] = chance.happens(dt, 240 if busy else 7200) or (
            v[f"{at}/Presence"] and not chance.happens(dt, 90)
        )


def _outside(hour: float) -> float:
    return 9.0 + 6.0 * math.sin(2.0 * math.pi * (hour - 9.0) / 24.0)
