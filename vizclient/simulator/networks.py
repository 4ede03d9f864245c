"""The items of other networks and systems: OPC UA, OPC DA, HTTP, MQTT, power quality and radio sensors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from vizclient.items.value import Value
from vizclient.simulator.item import Item, choice, count, flag, number
from vizclient.simulator.units import (
    AMPERE,
    BAR,
    CELSIUS,
    CUBIC_METRE_PER_HOUR,
    DEGREE,
    HECTOPASCAL,
    HERTZ,
    HOUR,
    KILOGRAM,
    KILOWATT,
    METRE_PER_SECOND,
    PERCENT,
    VOLT,
    WATT_PER_SQUARE_METRE,
)

UNCERTAIN_SENSOR: Final = 0x40930000  # Uncertain_SensorNotAccurate
BAD_SENSOR: Final = 0x808C0000  # Bad_SensorFailure

SENSORS: Final = tuple(range(1, 13))
RADIO_SENSORS: Final = tuple(range(1, 7))
FEEDERS: Final = ("Mains", "Generator")
FOREIGN: Final = ("PLANT-DA1", "PLANT-DA2")
"""The foreign OPC DA servers, the first choice first."""
NO_FOREIGN: Final = "none"

LIFT_DOORS: Final = ("Closed", "Opening", "Open", "Closing")
LIFT_DIRECTIONS: Final = ("Standing", "Up", "Down")
WEATHER: Final = ("Clear", "Cloudy", "Overcast", "Rain")


def opcua() -> Iterator[Item]:
    """The OPC UA client interface: the lift, notices, and an item of every type."""
    at = "OPCUA/Lift1"
    yield Item(f"{at}/Floor", "Int32", 1, "Lift 1 floor", "Where the car is",
               labels=((-1, "Basement"), (1, "Floor 1"), (2, "Floor 2"), (3, "Floor 3")))  # fmt: skip
    yield Item(f"{at}/Call", "Int32", 1, "Lift 1 call", "Sends the car to a floor", writable=True,
               labels=((-1, "Basement"), (1, "Floor 1"), (2, "Floor 2"), (3, "Floor 3")))  # fmt: skip
    yield choice(f"{at}/Door", 2, LIFT_DOORS, "Lift 1 door")
    yield choice(f"{at}/Direction", 0, LIFT_DIRECTIONS, "Lift 1 direction")
    yield number(f"{at}/Load", 0.0, KILOGRAM, 0, 630, 5, "Lift 1 load")
    yield count(f"{at}/Trips", 183_220, "Lift 1 trips")
    at = "OPCUA/Notice"
    yield Item(f"{at}/Text", "String", "Welcome. Fire drill on Thursday at 10.", "Notice", "Shown in the entrance hall",
               writable=True)  # fmt: skip
    yield Item(f"{at}/ChangedAt", "DateTime", datetime(2025, 3, 3, 8, 0, tzinfo=UTC), "Notice changed at")
    at = "OPCUA/Service"
    yield Item(f"{at}/NextInspection", "DateTime", datetime(2026, 6, 30, 12, 0, tzinfo=UTC), "Next inspection",
               writable=True)  # fmt: skip
    yield Item(f"{at}/SerialNumber", "String", "VZ-2025-000417", "Serial number", "Read only")
    yield Item(f"{at}/Uptime", "Int64", 0, "Time since the plant controller started", "In seconds of the building")
    yield number(f"{at}/FlowMeter", float("nan"), CUBIC_METRE_PER_HOUR, 0, 100, 0.1, "Flow meter without a signal",
                  description="Good, but not a number: the meter is not wired")  # fmt: skip
    yield number(f"{at}/RoofSensor", 9.0, CELSIUS, -40, 80, 0.1, "Roof sensor", status=UNCERTAIN_SENSOR,
                  description="Always Uncertain: its calibration has run out")  # fmt: skip
    yield number(f"{at}/CellarSensor", 12.0, CELSIUS, -40, 80, 0.1, "Cellar sensor", status=BAD_SENSOR,
                  description="Always Bad: its wire is broken")  # fmt: skip
    at = "OPCUA/Types"
    for data_type, value, low, high in _TYPES:
        yield Item(f"{at}/{data_type}", data_type, value, data_type, f"A writable {data_type}", low=low, high=high,
                   writable=True)  # fmt: skip
    for data_type, values in _ARRAY_TYPES:
        yield Item(f"{at}/{data_type}Array", data_type, values, f"{data_type} array", f"A writable array of {data_type}",
                   writable=True)  # fmt: skip


_TYPES: Final[tuple[tuple[str, Value, float | None, float | None], ...]] = (
    ("Boolean", False, None, None),
    ("SByte", -5, -128, 127),
    ("Byte", 5, 0, 255),
    ("Int16", -500, -32768, 32767),
    ("UInt16", 500, 0, 65535),
    ("Int32", -50_000, None, None),
    ("UInt32", 50_000, None, None),
    ("Int64", -9_007_199_254_740_993, None, None),
    ("UInt64", 18_446_744_073_709_551_615, None, None),
    ("Float", 1.5, None, None),
    ("Double", 0.1, None, None),
    ("String", "Äpfel & 温度", None, None),
    ("DateTime", datetime(2025, 1, 31, 23, 59, 59, 500_000, tzinfo=UTC), None, None),
    ("ByteString", b"\x00\x01\xfe\xff", None, None),
)
_ARRAY_TYPES: Final[tuple[tuple[str, Value], ...]] = (
    ("Double", (1.0, 2.5, -3.25)),
    ("Int32", (1, 2, 3, 4)),
    ("Boolean", (True, False, True)),
    ("String", ("one", "two", "")),
)


def opc_da() -> Iterator[Item]:
    """The compressed air and cold store of a neighbour, by OPC DA: two foreign servers, of which one serves at a time."""
    yield Item(
        "OPCDA/Source", "String", FOREIGN[0], "Foreign OPC DA server", "Which of the two foreign servers serves now"
    )
    for server, name in zip(FOREIGN, ("first", "second"), strict=True):
        yield flag(f"OPCDA/{server}/Reachable", "Reachable", "Failed", f"Foreign OPC DA server {server}", initial=True,
                   description=f"The {name} choice")  # fmt: skip
    at = "OPCDA/Compressor"
    yield flag(f"{at}/Running", "Running", "Stopped", "Compressor", initial=True)
    yield number(f"{at}/Pressure", 7.0, BAR, 0, 12, 0.01, "Compressed air pressure")
    yield number(f"{at}/Setpoint", 7.0, BAR, 5, 9, 0.1, "Compressed air set-point", writable=True)
    yield number(f"{at}/Temperature", 62.0, CELSIUS, 0, 120, 0.1, "Compressor temperature")
    yield count(f"{at}/Hours", 21_904, "Compressor operating hours", unit=HOUR)
    at = "OPCDA/ColdStore"
    yield number(f"{at}/Temperature", 4.0, CELSIUS, -30, 30, 0.1, "Cold store temperature")
    yield number(f"{at}/Setpoint", 4.0, CELSIUS, -5, 10, 0.5, "Cold store set-point", writable=True)
    yield flag(f"{at}/Defrost", "Defrosting", "Cooling", "Cold store defrost")
    yield flag(f"{at}/Door", "Open", "Closed", "Cold store door")


def http() -> Iterator[Item]:
    """The weather service."""
    at = "HTTP/Weather"
    yield number(f"{at}/Temperature", 8.0, CELSIUS, -40, 60, 0.1, "Outdoor temperature")
    yield number(f"{at}/Humidity", 70.0, PERCENT, 0, 100, 1, "Outdoor humidity")
    yield number(f"{at}/Pressure", 1013.0, HECTOPASCAL, 900, 1100, 0.1, "Air pressure")
    yield number(f"{at}/WindSpeed", 3.0, METRE_PER_SECOND, 0, 60, 0.1, "Wind speed")
    yield number(f"{at}/WindDirection", 240.0, DEGREE, 0, 360, 5, "Wind direction")
    yield number(f"{at}/Radiation", 200.0, WATT_PER_SQUARE_METRE, 0, 1400, 5, "Global radiation")
    yield flag(f"{at}/Rain", "Rain", "Dry", "Rain")
    yield choice(f"{at}/Condition", 1, WEATHER, "Weather")
    yield Item(f"{at}/Report", "String", "Cloudy, 8 °C", "Weather report")
    yield Item(f"{at}/TimeOfDay", "DateTime", datetime(2025, 3, 3, 8, 0, tzinfo=UTC), "Time in the building",
               "The building's own clock: a day passes in 24 minutes")  # fmt: skip
    yield Item(f"{at}/Forecast", "Double", (8.0,) * 24, "Temperature forecast", "Outdoor temperature of the next 24 hours",
               CELSIUS, -40, 60, resolution=0.1)  # fmt: skip


def mqtt() -> Iterator[Item]:
    """Sensors and the car park."""
    for sensor in SENSORS:
        at, name = f"MQTT/Sensor{sensor:02}", f"Sensor {sensor:02}"
        yield number(f"{at}/Temperature", 20.0, CELSIUS, -40, 80, 0.1, f"{name} temperature")
        yield number(f"{at}/Humidity", 45.0, PERCENT, 0, 100, 0.5, f"{name} humidity")
        yield number(f"{at}/Battery", 100.0 - 6 * sensor, PERCENT, 0, 100, 1, f"{name} battery")
        yield number(f"{at}/Signal", 80.0, PERCENT, 0, 100, 1, f"{name} signal")
    yield Item("MQTT/Parking/Free", "UInt16", 31, "Free parking places", low=0, high=60)
    yield Item("MQTT/Parking/Total", "UInt16", 60, "Parking places", low=0, high=60)


def grid_vis() -> Iterator[Item]:
    """Power quality of two feeders, which each server reads by itself."""
    for feeder in FEEDERS:
        at, name = f"GridVis/{feeder}", f"{feeder} feeder"
        yield number(f"{at}/Voltage", 400.0, VOLT, 0, 480, 0.1, f"{name} voltage")
        yield number(f"{at}/Current", 60.0, AMPERE, 0, 630, 0.1, f"{name} current")
        yield number(f"{at}/Power", 40.0, KILOWATT, 0, 400, 0.1, f"{name} power")
        yield number(f"{at}/Frequency", 50.0, HERTZ, 45, 55, 0.001, f"{name} frequency")
        yield number(f"{at}/THD", 2.1, PERCENT, 0, 20, 0.01, f"{name} harmonic distortion",
                     description="Total harmonic distortion of the voltage")  # fmt: skip
        yield number(f"{at}/Flicker", 0.4, None, 0, 5, 0.01, f"{name} flicker", description="Short-term severity, Pst")
        yield number(f"{at}/Unbalance", 0.6, PERCENT, 0, 10, 0.01, f"{name} voltage unbalance")


def nexus_rf() -> Iterator[Item]:
    """Radio sensors: a value comes with a telegram, every few minutes of the building."""
    for sensor in RADIO_SENSORS:
        at, name = f"NexusRF/Sensor{sensor:02}", f"Radio sensor {sensor:02}"
        yield number(f"{at}/Temperature", 20.0, CELSIUS, -40, 80, 0.1, f"{name} temperature")
        yield number(f"{at}/Humidity", 45.0, PERCENT, 0, 100, 0.5, f"{name} humidity")
        yield number(f"{at}/Battery", 96.0 - 7 * sensor, PERCENT, 0, 100, 1, f"{name} battery")
        yield number(f"{at}/Signal", 70.0, PERCENT, 0, 100, 1, f"{name} signal")
        yield Item(f"{at}/LastTelegram", "DateTime", datetime(2025, 3, 2, 17, 0, tzinfo=UTC), f"{name} last telegram",
                   "In the building's time")  # fmt: skip
