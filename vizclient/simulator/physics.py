"""How the building's values move: pure, deterministic by seed. Time comes in as seconds that have passed; no clock, no protocol.

The state is one number or text for each item, unrounded, plus a few hidden ones whose names begin with a dot. Heat
and air follow first-order responses in the building's own time, which runs `SPEED` times as fast as the clock on the
wall; what a person watches moving (shutters, lift, motors) keeps wall time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vizclient.items.value import Value
from vizclient.simulator.building import (
    FLOORS,
    METERS,
    OFFICES,
    SENSORS,
    SHUTTERS,
    WEATHER,
    Item,
    building_items,
)
from vizclient.simulator.plant import advance_air_handling, advance_heating, advance_machines, clamp, toward

SPEED: Final = 60.0
"""A second on the wall is a minute in the building."""

_MIDNIGHT: Final = datetime(2025, 3, 3, tzinfo=UTC)
_START: Final = 8 * 3600.0
_SETBACK: Final = (0.0, 1.0, 3.0)
_WHOLE: Final = frozenset({"SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"})


class Model:
    """The building. `advance` moves it, `write` is what an operator does, `changes` what there is to publish."""

    def __init__(self, seed: int = 1) -> None:
        self.items: tuple[Item, ...] = building_items()
        self.index = {item.identifier: index for index, item in enumerate(self.items)}
        self._random = random.Random(seed)
        self._v: dict[str, Any] = {item.identifier: item.initial for item in self.items}
        self._v |= {".clock": _START, ".cloud": 0.45, ".wind": 0.0, ".lift": 1, ".lift wait": 5.0, ".lift at": 1.0}
        self._v |= {f".wh/{meter}": 0.0 for meter in (1, 2, 3)}
        for office in OFFICES:
            self._v[f".valve/{office}"] = 30.0
        for unit in (1, 2):
            self._v |= {f".clog/{unit}/Supply": 0.1, f".clog/{unit}/Extract": 0.05 * unit, f".heat/{unit}": 10.0}
            self._v[f".cool/{unit}"] = 0.0
        for circuit in (1, 2, 3):
            self._v[f".mixer/{circuit}"] = 40.0
        self._published: list[Value] = [item.initial for item in self.items]
        self._rounding = tuple(_Rounding(item) for item in self.items)
        for _ in range(150):  # half an hour of the building, so that it starts in a state that it can have
            self.advance(0.2)
        self._v[".clock"] = _START
        self._published = [rounding.value(self._v[rounding.identifier]) for rounding in self._rounding]

    @property
    def published(self) -> Sequence[Value]:
        """The values of all items as last published, by index."""
        return self._published

    def write(self, identifier: str, value: Value) -> None:
        """Give the item `value` and let it act. Type, range and access are checked by who calls."""
        v = self._v
        v[identifier] = value
        match identifier.split("/"):
            case ["OPCUA", "Lift1", "Call"]:
                v[".lift"] = value
            case ["OPCUA", "Notice", "Text"]:
                v["OPCUA/Notice/ChangedAt"] = self._date()
            case ["Shutter", floor, side, "Command"]:
                at = f"Shutter/{floor}/{side}"
                v[f"{at}/Setpoint"] = {1: 0.0, 2: 100.0}.get(v[f"{at}/Command"], v[f"{at}/Position"])

    def changes(self) -> list[tuple[int, Value]]:
        """What differs from what was published, as (index, value); it counts as published from now on."""
        changed: list[tuple[int, Value]] = []
        published = self._published
        for index, rounding in enumerate(self._rounding):
            raw = self._v[rounding.identifier]
            if rounding.differs(raw, published[index]):
                value = published[index] = rounding.value(raw)
                changed.append((index, value))
        return changed

    def state(self) -> list[Any]:
        """Everything that a peer must know to go on from here; what is not synchronised is None."""
        v = self._v
        return [v[name] if kept else None for name, kept in self._state_names()]

    def restore(self, state: Sequence[Any]) -> None:
        """Go on from a peer's `state`, keeping what is not synchronised. ValueError if it is of another building."""
        names = self._state_names()
        if len(names) != len(state):
            raise ValueError(f"a state of {len(state)} values where {len(names)} are due")
        for (name, kept), value in zip(names, state, strict=True):
            if kept:
                self._v[name] = tuple(value) if isinstance(value, list) else value

    def advance(self, seconds: float) -> None:
        """Let `seconds` of wall time pass, in steps of at most 0.2 s."""
        while seconds > 0.0:
            step = min(seconds, 0.2)
            seconds -= step
            self._advance(step)

    def _advance(self, wall: float) -> None:
        v, dt = self._v, wall * SPEED
        before = v[".clock"]
        v[".clock"] = before + dt
        v["OPCUA/Service/Uptime"] = int(v[".clock"] - _START)
        hour = v[".clock"] / 3600.0 % 24.0
        self._advance_weather(dt, hour, new_hour=int(before // 3600) != int(v[".clock"] // 3600))
        for office in OFFICES:
            self._advance_office(office, dt, hour)
        self._advance_corridors(dt, hour)
        for unit in (1, 2):
            floors = (1, 2) if unit == 1 else (3,)
            rooms = [office for office in OFFICES if office // 100 in floors]
            advance_air_handling(v, unit, dt, wall, hour, rooms)
        advance_heating(v, dt, wall, hour)
        advance_machines(v, dt, wall)
        self._advance_power(dt)
        self._advance_meters(dt, hour, new_day=int(before // 86400) != int(v[".clock"] // 86400))
        self._advance_sensors(dt, hour)
        self._advance_lift(wall, hour)
        for floor, side in SHUTTERS:
            _advance_shutter(v, f"Shutter/F{floor}/{side}", wall)

    def _state_names(self) -> list[tuple[str, bool]]:
        names = [(item.identifier, item.synchronised) for item in self.items]
        return names + [(name, True) for name in self._v if name.startswith(".")]

    def _date(self) -> datetime:
        return _MIDNIGHT + timedelta(minutes=int(self._v[".clock"] // 60))

    def _noise(self, size: float) -> float:
        return self._random.uniform(-size, size)

    def _happens(self, dt: float, mean: float) -> bool:
        return self._random.random() < dt / mean

    def _advance_weather(self, dt: float, hour: float, *, new_hour: bool) -> None:
        v, at = self._v, "HTTP/Weather"
        cloud = v[".cloud"] = clamp(v[".cloud"] + (0.5 - v[".cloud"]) * dt / 20000 + self._noise(0.02), 0.0, 1.0)
        v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], _outside(hour) - 2 * cloud, dt, 1800)
        v[f"{at}/Humidity"] = toward(v[f"{at}/Humidity"], 95 - 2.2 * v[f"{at}/Temperature"] + 15 * cloud - 15, dt, 1800)
        v[f"{at}/Humidity"] = clamp(v[f"{at}/Humidity"], 20.0, 100.0)
        sun = max(0.0, math.sin(math.pi * (hour - 6.0) / 12.0)) * 850.0 * (1.0 - 0.75 * cloud)
        v[f"{at}/Radiation"] = toward(v[f"{at}/Radiation"], sun, dt, 300)
        v[f"{at}/Pressure"] = toward(v[f"{at}/Pressure"], 1022.0 - 20.0 * cloud, dt, 7200) + self._noise(0.01)
        wind = v[".wind"] = v[".wind"] * (1.0 - dt / 600.0) + self._noise(0.35)
        v[f"{at}/WindSpeed"] = abs(3.0 + 3.0 * cloud + wind)
        v[f"{at}/WindDirection"] = (v[f"{at}/WindDirection"] + self._noise(0.8)) % 360.0
        v[f"{at}/Rain"] = cloud > (0.72 if v[f"{at}/Rain"] else 0.82)
        v[f"{at}/Condition"] = 3 if v[f"{at}/Rain"] else min(int(cloud * 3.2), 2)
        v[f"{at}/Report"] = f"{WEATHER[v[f'{at}/Condition']]}, {v[f'{at}/Temperature']:.0f} °C"
        v[f"{at}/TimeOfDay"] = self._date()
        v["OPCUA/Service/RoofSensor"] = v[f"{at}/Temperature"] + 1.4
        if new_hour:
            v[f"{at}/Forecast"] = tuple(_outside(hour + ahead) - 2 * cloud for ahead in range(1, 25))

    def _advance_office(self, office: int, dt: float, hour: float) -> None:
        v, at = self._v, f"KNX/F{office // 100}/Office{office}"
        self._advance_people(at, dt, hour)
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
        v[f"{at}/Temperature"] = temperature + heat * dt + self._noise(0.004)

        fresh = 1.5e-4 * flow + 2e-5 + (1.2e-3 if window else 0.0)
        co2 = v[f"{at}/CO2"]
        v[f"{at}/CO2"] = co2 + (0.06 * occupied - (co2 - 420.0) * fresh) * dt + self._noise(0.8)
        light = (0.8 if south else 0.5) * shade * radiation + 430.0 * lamp
        v[f"{at}/Illuminance"] = toward(v[f"{at}/Illuminance"], light, dt, 20)

    def _advance_people(self, at: str, dt: float, hour: float) -> None:
        """Who comes and goes, and what they do with light and window. The light is only switched when somebody does."""
        v, occupied = self._v, self._v[f"{at}/Occupancy"]
        working = 7.5 < hour < 18.0
        if occupied and self._happens(dt, 3000.0 if working else 900.0):
            v[f"{at}/Occupancy"] = v[f"{at}/Light"] = v[f"{at}/Window"] = False
        elif not occupied and self._happens(dt, 2400.0 if working else 200_000.0):
            v[f"{at}/Occupancy"] = True
            v[f"{at}/Light"] = v[f"{at}/Illuminance"] < 450.0
        if v[f"{at}/Window"]:
            v[f"{at}/Window"] = not self._happens(dt, 600.0)
        elif occupied:
            v[f"{at}/Window"] = self._happens(dt, 6000.0 if v[f"{at}/CO2"] > 850.0 else 40_000.0)

    def _advance_corridors(self, dt: float, hour: float) -> None:
        v, busy = self._v, 7.0 < hour < 19.0
        for floor in FLOORS:
            at = f"KNX/F{floor}/Corridor"
            mean = sum(v[f"KNX/F{floor}/Office{100 * floor + n}/Temperature"] for n in range(1, 9)) / 8.0
            v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], mean - 1.2, dt, 2400) + self._noise(0.002)
            v[f"{at}/Presence"] = self._happens(dt, 240 if busy else 7200) or (
                v[f"{at}/Presence"] and not self._happens(dt, 90)
            )

    def _advance_power(self, dt: float) -> None:
        v = self._v
        lights = sum(
            0.15 * v[f"KNX/F{o // 100}/Office{o}/Dimming"] / 100.0 * v[f"KNX/F{o // 100}/Office{o}/Light"]
            for o in OFFICES
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
            self._advance_power_meter(meter, power, factor, dt)

    def _advance_power_meter(self, meter: int, power: float, factor: float, dt: float) -> None:
        v, at = self._v, f"Modbus/PowerMeter{meter}"
        v[f"{at}/ActivePower"] = power = toward(v[f"{at}/ActivePower"], power, dt, 12) + self._noise(0.02)
        v[f"{at}/PowerFactor"] = toward(v[f"{at}/PowerFactor"], factor, dt, 600) + self._noise(0.0005)
        v[f"{at}/ReactivePower"] = power * math.tan(math.acos(clamp(v[f"{at}/PowerFactor"], 0.5, 1.0)))
        v[f"{at}/Frequency"] = 50.0 + (v[f"{at}/Frequency"] - 50.0) * 0.97 + self._noise(0.003)
        for phase, share in ((1, 0.36), (2, 0.33), (3, 0.31)):
            voltage = v[f"{at}/L{phase}/Voltage"] + (231.0 + phase / 2 - v[f"{at}/L{phase}/Voltage"]) * 0.02
            v[f"{at}/L{phase}/Voltage"] = voltage = voltage + self._noise(0.08)
            v[f"{at}/L{phase}/Current"] = power * 1000.0 * share / voltage / clamp(v[f"{at}/PowerFactor"], 0.5, 1.0)
        if self._happens(dt, 60.0):
            v[f"{at}/Harmonics"] = (100.0, *(clamp(h + self._noise(0.15), 0.1, 9.0) for h in v[f"{at}/Harmonics"][1:]))
        rest = v[f".wh/{meter}"] + power * dt / 3.6
        v[f"{at}/Energy"] += int(rest)
        v[f".wh/{meter}"] = rest - int(rest)

    def _advance_meters(self, dt: float, hour: float, *, new_day: bool) -> None:
        v = self._v
        for meter in METERS:
            energy = v[f"Metering/Electricity/{meter}/Power"] * dt / 3600.0
            v[f"Metering/Electricity/{meter}/Energy"] += energy
            today = 0.0 if new_day else v[f"Metering/Electricity/{meter}/Today"]
            v[f"Metering/Electricity/{meter}/Today"] = today + energy
        people = sum(bool(v[f"KNX/F{o // 100}/Office{o}/Occupancy"]) for o in OFFICES)
        for kind, share in (("Cold", 0.5), ("Hot", 0.18)):
            at = f"Metering/Water/{kind}"
            flow = people * share * (1.6 if 11.5 < hour < 13.5 else 1.0) + 0.2
            v[f"{at}/Flow"] = max(0.0, toward(v[f"{at}/Flow"], flow, dt, 120) + self._noise(0.1))
            volume = v[f"{at}/Flow"] * dt / 60_000.0
            v[f"{at}/Volume"] += volume
            v[f"{at}/Today"] = (0.0 if new_day else v[f"{at}/Today"]) + volume
        for circuit in (1, 2, 3):
            at = f"BACnet/HC{circuit}"
            spread = max(0.0, v[f"{at}/SupplyTemperature"] - v[f"{at}/ReturnTemperature"])
            v[f"Metering/Heat/HC{circuit}/Power"] = power = 4.0 * spread * v[f"{at}/Pump/Speed"] / 100.0
            v[f"Metering/Heat/HC{circuit}/Energy"] += power * dt / 3.6e6
        v["Metering/Gas/Boiler1/Volume"] += v["Modbus/Boiler1/Power"] * dt / 3600.0 / 9.6

    def _advance_sensors(self, dt: float, hour: float) -> None:
        v = self._v
        for sensor in SENSORS:
            at, office = f"MQTT/Sensor{sensor:02}", OFFICES[sensor * 2 - 1]
            near = v[f"KNX/F{office // 100}/Office{office}/Temperature"]
            v[f"{at}/Temperature"] = toward(v[f"{at}/Temperature"], near + 0.4, dt, 600) + self._noise(0.01)
            v[f"{at}/Humidity"] = toward(v[f"{at}/Humidity"], 82.0 - 1.8 * near, dt, 900) + self._noise(0.02)
            v[f"{at}/Battery"] = max(3.0, v[f"{at}/Battery"] - dt * 2e-6)
            v[f"{at}/Signal"] = clamp(v[f"{at}/Signal"] + self._noise(0.15), 40.0, 95.0)
        full = math.exp(-(((hour - 13.0) / 5.0) ** 4))
        free = v["MQTT/Parking/Free"] + (60.0 - 55.0 * full - v["MQTT/Parking/Free"]) * dt / 3000.0
        v["MQTT/Parking/Free"] = clamp(free + self._noise(0.05), 0.0, 60.0)

    def _advance_lift(self, wall: float, hour: float) -> None:
        """A floor in two seconds, doors in three; floor 0 does not exist. People call it now and then."""
        v, at = self._v, "OPCUA/Lift1"
        position, goal = v[".lift at"], float(v[".lift"] if v[".lift"] > 0 else 0)
        if position != goal:
            v[f"{at}/Direction"], v[f"{at}/Door"] = (1 if goal > position else 2), 0
            step = clamp(goal - position, -wall / 2.0, wall / 2.0)
            position = v[".lift at"] = goal if abs(goal - position) <= wall / 2.0 else position + step
            v[f"{at}/Floor"] = round(position) or -1
            if position == goal:
                v[f"{at}/Trips"] += 1
                v[".lift wait"] = 3.0 + self._random.uniform(0.0, 20.0 if 7.0 < hour < 19.0 else 300.0)
            return
        v[f"{at}/Direction"] = 0
        v[".lift wait"] -= wall
        v[f"{at}/Door"] = 3 if v[".lift wait"] < 1.0 else 2
        if v[".lift wait"] <= 0.0:
            v[".lift"] = self._random.choice([floor for floor in (-1, 1, 2, 3) if floor != v[".lift"]])
            v[f"{at}/Load"] = self._random.choice((0.0, 75.0, 80.0, 155.0, 240.0))


def _advance_shutter(v: dict[str, Any], at: str, wall: float) -> None:
    position, goal = v[f"{at}/Position"], v[f"{at}/Setpoint"]
    if position == goal:
        v[f"{at}/Command"] = 0
        return
    step = wall * 100.0 / 25.0
    v[f"{at}/Position"] = goal if abs(goal - position) <= step else position + math.copysign(step, goal - position)
    v[f"{at}/Slat"] = 75.0 if goal > position else 0.0


def _outside(hour: float) -> float:
    return 9.0 + 6.0 * math.sin(2.0 * math.pi * (hour - 9.0) / 24.0)


class _Rounding:
    """How the raw value of one item becomes the published one. A number must leave its step before it changes; what can
    be written is published as it was."""

    def __init__(self, item: Item) -> None:
        self.identifier = item.identifier
        self._whole = item.data_type in _WHOLE and not isinstance(item.initial, tuple)
        self._step = 0.0 if item.writable else float(item.resolution)
        self._digits = max(0, math.ceil(-math.log10(self._step))) + 1 if self._step else 0

    def differs(self, raw: Any, old: Any) -> bool:
        if raw is old:
            return False
        if self._step and isinstance(raw, float) and math.isfinite(raw) and math.isfinite(old):
            return bool(abs(raw - old) >= 0.75 * self._step)
        return bool(self.value(raw) != old)

    def value(self, raw: Any) -> Any:
        if self._whole:
            return int(raw)
        if self._step and isinstance(raw, tuple):
            return tuple(self._stepped(element) for element in raw)
        if self._step and math.isfinite(raw):
            return self._stepped(raw)
        return raw

    def _stepped(self, raw: float) -> float:
        return round(round(raw / self._step) * self._step, self._digits)
