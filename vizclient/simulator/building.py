"""The simulated building as data: every item with its type, first value, metadata and access.

Knows no protocol, no clock and no physics. An identifier's first segment is its interface; names are stable, because
pages, profiles and tests are written against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vizclient.items.value import Value

NAMESPACE: Final = "urn:vizclient:demo:bms"
"""The namespace URI of all items, folders included."""

UNCERTAIN_SENSOR: Final = 0x40930000  # Uncertain_SensorNotAccurate
BAD_SENSOR: Final = 0x808C0000  # Bad_SensorFailure

FLOORS: Final = (1, 2, 3)
OFFICES: Final = tuple(100 * floor + number for floor in FLOORS for number in range(1, 9))
SENSORS: Final = tuple(range(1, 13))
SHUTTERS: Final = tuple((floor, side) for floor in FLOORS for side in ("South", "West"))


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure. `code`: its UNECE common code (OPC 10000-8, 5.6.3)."""

    name: str
    code: str
    description: str

    @property
    def unit_id(self) -> int:
        """The UnitId that the UNECE code gives: its characters as the bytes of a number, the last one lowest."""
        return int.from_bytes(self.code.encode("ascii"), "big")


@dataclass(frozen=True, slots=True)
class Item:
    """One Variable.

    `data_type`: built-in type name; an array if `initial` is a tuple. `low`, `high`: EURange, both or none. `labels`:
    EnumStrings as (value, text), 0 upwards, or EnumValues if they do not start at 0 or leave numbers out. `resolution`:
    published numbers are multiples of it, 0 for as they are. `status`: the StatusCode it always has.
    """

    identifier: str
    data_type: str
    initial: Value
    display_name: str
    description: str = ""
    unit: Unit | None = None
    low: float | None = None
    high: float | None = None
    labels: tuple[tuple[int, str], ...] = ()
    true_label: str = ""
    false_label: str = ""
    writable: bool = False
    resolution: float = 0.0
    status: int = 0

    @property
    def interface(self) -> str:
        """The interface that it belongs to: the first segment of the identifier."""
        return self.identifier.partition("/")[0]

    @property
    def synchronised(self) -> bool:
        """Whether its interface is kept in step between main and backup."""
        return self.interface not in UNSYNCHRONISED

    @property
    def active_only(self) -> bool:
        """Whether the node exists on the active server only."""
        return self.interface in ACTIVE_ONLY


INTERFACES: Final = ("KNX", "BACnet", "Modbus", "OPCUA", "HTTP", "MQTT", "Metering", "Shutter")
UNSYNCHRONISED: Final = frozenset({"Shutter"})
ACTIVE_ONLY: Final = frozenset({"Metering"})

CELSIUS: Final = Unit("°C", "CEL", "degree Celsius")
PERCENT: Final = Unit("%", "P1", "percent")
PPM: Final = Unit("ppm", "59", "part per million")
LUX: Final = Unit("lx", "LUX", "lux")
PASCAL: Final = Unit("Pa", "PAL", "pascal")
HECTOPASCAL: Final = Unit("hPa", "A97", "hectopascal")
BAR: Final = Unit("bar", "BAR", "bar")
KILOWATT: Final = Unit("kW", "KWT", "kilowatt")
KILOVAR: Final = Unit("kvar", "KVR", "kilovar")
KILOWATT_HOUR: Final = Unit("kWh", "KWH", "kilowatt hour")
WATT_HOUR: Final = Unit("W·h", "WHR", "watt hour")
MEGAWATT_HOUR: Final = Unit("MW·h", "MWH", "megawatt hour")
VOLT: Final = Unit("V", "VLT", "volt")
AMPERE: Final = Unit("A", "AMP", "ampere")
HERTZ: Final = Unit("Hz", "HTZ", "hertz")
CUBIC_METRE: Final = Unit("m³", "MTQ", "cubic metre")
CUBIC_METRE_PER_HOUR: Final = Unit("m³/h", "MQH", "cubic metre per hour")
LITRE_PER_MINUTE: Final = Unit("l/min", "L2", "litre per minute")
METRE_PER_SECOND: Final = Unit("m/s", "MTS", "metre per second")
DEGREE: Final = Unit("°", "DD", "degree [unit of angle]")
WATT_PER_SQUARE_METRE: Final = Unit("W/m²", "D54", "watt per square metre")
HOUR: Final = Unit("h", "HUR", "hour")
KILOGRAM: Final = Unit("kg", "KGM", "kilogram")

OFFICE_MODES: Final = ("Comfort", "Standby", "Economy", "Protection")
AHU_MODES: Final = ("Off", "Auto", "Day", "Night", "Purge")
AHU_STATES: Final = ("Stopped", "Starting", "Running", "Fault")
CIRCUIT_MODES: Final = ("Off", "Auto", "Day", "Night")
MACHINE_STATES: Final = ("Off", "Ready", "Starting", "Running", "Fault")
LIFT_DOORS: Final = ("Closed", "Opening", "Open", "Closing")
LIFT_DIRECTIONS: Final = ("Standing", "Up", "Down")
WEATHER: Final = ("Clear", "Cloudy", "Overcast", "Rain")
SHUTTER_COMMANDS: Final = ("Stop", "Up", "Down")


def building_items() -> tuple[Item, ...]:
    """All items of the building, in the order of the interfaces. Always the same."""
    return tuple(
        item
        for part in (_knx(), _bacnet(), _modbus(), _opcua(), _http(), _mqtt(), _metering(), _shutters())
        for item in part
    )


def _number(
    identifier: str,
    initial: float,
    unit: Unit | None,
    low: float,
    high: float,
    resolution: float,
    name: str,
    *,
    writable: bool = False,
    data_type: str = "Double",
    description: str = "",
    status: int = 0,
) -> Item:
    return Item(
        identifier, data_type, initial, name, description, unit, low, high,
        writable=writable, resolution=resolution, status=status,
    )  # fmt: skip


def _flag(
    identifier: str,
    true: str,
    false: str,
    name: str,
    *,
    initial: bool = False,
    writable: bool = False,
    description: str = "",
) -> Item:
    return Item(
        identifier, "Boolean", initial, name, description, true_label=true, false_label=false, writable=writable
    )


def _choice(
    identifier: str, initial: int, texts: tuple[str, ...], name: str, *, writable: bool = False, description: str = ""
) -> Item:
    return Item(identifier, "UInt32", initial, name, description, labels=tuple(enumerate(texts)), writable=writable)


def _count(identifier: str, initial: int, name: str, *, data_type: str = "UInt32", unit: Unit | None = None) -> Item:
    return Item(identifier, data_type, initial, name, unit=unit)


def _knx() -> Iterator[Item]:
    for office in OFFICES:
        floor = office // 100
        at, name = f"KNX/F{floor}/Office{office}", f"Office {office}"
        yield _number(f"{at}/Temperature", 20.5 + office % 7 * 0.2, CELSIUS, 0, 50, 0.1, f"{name} temperature",
                      data_type="Float", description="Room temperature, measured at the room controller")  # fmt: skip
        yield _number(f"{at}/Setpoint", 21.0 + office % 3 * 0.5, CELSIUS, 15, 30, 0.1, f"{name} set-point",
                      data_type="Float", writable=True, description="Wanted room temperature")  # fmt: skip
        yield _choice(f"{at}/Mode", 0, OFFICE_MODES, f"{name} mode", writable=True,
                      description="Shifts the set-point: Standby 1 K, Economy 3 K, Protection: frost only")  # fmt: skip
        yield _number(f"{at}/Valve", 30.0, PERCENT, 0, 100, 1, f"{name} radiator valve", data_type="Float",
                      description="Position of the radiator valve, moved by the room controller")  # fmt: skip
        yield _number(f"{at}/CO2", 550.0 + office % 5 * 20, PPM, 0, 5000, 5, f"{name} CO₂", data_type="Float",
                      description="Carbon dioxide in the room air")  # fmt: skip
        yield _flag(f"{at}/Occupancy", "Occupied", "Free", f"{name} occupancy", initial=office % 2 == 0,
                    description="Presence detector")  # fmt: skip
        yield _flag(f"{at}/Window", "Open", "Closed", f"{name} window",
                    description="Window contact; an open window closes the radiator valve")  # fmt: skip
        yield _flag(f"{at}/Light", "On", "Off", f"{name} light", initial=office % 2 == 0, writable=True,
                    description="Ceiling light")  # fmt: skip
        yield _number(f"{at}/Dimming", 80.0, PERCENT, 0, 100, 1, f"{name} dimming", writable=True, data_type="Float",
                      description="Brightness of the ceiling light when it is on")  # fmt: skip
        yield _number(f"{at}/Illuminance", 300.0, LUX, 0, 2000, 5, f"{name} illuminance", data_type="Float",
                      description="Light on the desk, from the window and from the ceiling light")  # fmt: skip
    for floor in FLOORS:
        at, name = f"KNX/F{floor}/Corridor", f"Corridor floor {floor}"
        yield _number(f"{at}/Temperature", 19.5, CELSIUS, 0, 50, 0.1, f"{name} temperature", data_type="Float")
        yield _flag(f"{at}/Light", "On", "Off", f"{name} light", initial=True, writable=True)
        yield _flag(f"{at}/Presence", "Detected", "None", f"{name} presence")


def _bacnet() -> Iterator[Item]:
    for unit in (1, 2):
        yield from _air_handling(f"BACnet/AHU{unit}", f"AHU {unit}")
    for circuit, serves in ((1, "radiators north"), (2, "radiators south"), (3, "air handling")):
        at, name = f"BACnet/HC{circuit}", f"Heating circuit {circuit}"
        yield _choice(f"{at}/Mode", 1, CIRCUIT_MODES, f"{name} mode", writable=True, description=f"Serves {serves}")
        yield from _motor(f"{at}/Pump", f"{name} pump", on=True)
        yield _number(f"{at}/Mixer/Position", 40.0, PERCENT, 0, 100, 1, f"{name} mixing valve")
        yield _number(f"{at}/SupplyTemperature", 45.0, CELSIUS, 0, 110, 0.1, f"{name} supply temperature")
        yield _number(f"{at}/ReturnTemperature", 36.0, CELSIUS, 0, 110, 0.1, f"{name} return temperature")
        yield _number(f"{at}/SupplySetpoint", 45.0, CELSIUS, 20, 80, 0.5, f"{name} supply set-point", writable=True,
                      description="Wanted in mode Day; Night is 10 K less, Auto follows the heating curve")  # fmt: skip
        yield _number(f"{at}/CurveSlope", 1.2, None, 0.2, 3, 0.05, f"{name} heating curve slope", writable=True)
        yield _number(f"{at}/Pressure", 1.6, BAR, 0, 6, 0.01, f"{name} pressure")


def _air_handling(at: str, name: str) -> Iterator[Item]:
    yield _choice(f"{at}/Mode", 1, AHU_MODES, f"{name} mode", writable=True, description="Wanted mode of the plant")
    yield _choice(f"{at}/State", 2, AHU_STATES, f"{name} state", description="What the plant does")
    yield _flag(f"{at}/Alarm", "Alarm", "Normal", f"{name} common alarm")
    for fan in ("Supply", "Extract"):
        yield from _motor(f"{at}/{fan}Fan", f"{name} {fan.lower()} fan", on=True)
        yield _number(f"{at}/{fan}Fan/Power", 3.0, KILOWATT, 0, 15, 0.01, f"{name} {fan.lower()} fan power")
        yield _number(f"{at}/{fan}Filter/Pressure", 90.0, PASCAL, 0, 500, 1, f"{name} {fan.lower()} filter pressure",
                      description="Pressure drop across the filter; it grows as the filter clogs")  # fmt: skip
        yield _flag(f"{at}/{fan}Filter/Dirty", "Dirty", "Clean", f"{name} {fan.lower()} filter")
    for damper in ("Outdoor", "Exhaust", "Recirculation"):
        yield _number(f"{at}/{damper}Damper/Position", 0.0 if damper == "Recirculation" else 100.0, PERCENT, 0, 100, 1,
                      f"{name} {damper.lower()} air damper")  # fmt: skip
    yield _flag(f"{at}/HeatRecovery/Running", "Running", "Stopped", f"{name} heat recovery", initial=True)
    yield _number(f"{at}/HeatRecovery/Speed", 60.0, PERCENT, 0, 100, 1, f"{name} heat recovery speed")
    yield _number(f"{at}/HeatRecovery/Efficiency", 55.0, PERCENT, 0, 100, 1, f"{name} heat recovery efficiency")
    for coil in ("Heating", "Cooling"):
        yield _number(f"{at}/{coil}Coil/Valve", 10.0 if coil == "Heating" else 0.0, PERCENT, 0, 100, 1,
                      f"{name} {coil.lower()} coil valve")  # fmt: skip
        yield _number(f"{at}/{coil}Coil/WaterTemperature", 45.0 if coil == "Heating" else 8.0, CELSIUS, 0, 110, 0.1,
                      f"{name} {coil.lower()} coil water temperature")  # fmt: skip
    yield _flag(f"{at}/HeatingCoil/Frost", "Frost", "Normal", f"{name} frost guard")
    yield _number(f"{at}/SupplyAir/Setpoint", 20.0, CELSIUS, 14, 28, 0.5, f"{name} supply air set-point",
                  writable=True, description="Wanted supply air temperature")  # fmt: skip
    for air, temperature, humidity, flow in (
        ("Supply", 19.8, 42.0, 7800.0), ("Extract", 22.0, 45.0, 7600.0), ("Outdoor", 8.0, 70.0, None),
        ("Exhaust", 13.0, None, None),
    ):  # fmt: skip
        label = f"{name} {air.lower()} air"
        yield _number(f"{at}/{air}Air/Temperature", temperature, CELSIUS, -40, 80, 0.1, f"{label} temperature")
        if humidity is not None:
            yield _number(f"{at}/{air}Air/Humidity", humidity, PERCENT, 0, 100, 0.5, f"{label} humidity")
        if flow is not None:
            yield _number(f"{at}/{air}Air/Flow", flow, CUBIC_METRE_PER_HOUR, 0, 12000, 10, f"{label} flow")
    yield _number(f"{at}/SupplyAir/Pressure", 240.0, PASCAL, 0, 800, 1, f"{name} supply duct pressure")
    yield _number(f"{at}/ExtractAir/CO2", 620.0, PPM, 0, 5000, 5, f"{name} extract air CO₂")
    yield Item(f"{at}/Controller/Firmware", "String", "AHC 4.12.0", f"{name} controller firmware")


def _motor(at: str, name: str, *, on: bool) -> Iterator[Item]:
    yield _flag(
        f"{at}/Command", "On", "Off", f"{name} command", initial=on, writable=True, description="Switches the motor"
    )
    yield _flag(
        f"{at}/Running", "Running", "Stopped", f"{name} running", initial=on, description="Feedback of the motor"
    )
    yield _flag(f"{at}/Fault", "Fault", "Normal", f"{name} fault", description="Motor protection has tripped")
    yield _number(f"{at}/SpeedSetpoint", 70.0, PERCENT, 20, 100, 1, f"{name} speed set-point", writable=True)
    yield _number(f"{at}/Speed", 70.0 if on else 0.0, PERCENT, 0, 100, 0.5, f"{name} speed")
    yield _count(f"{at}/Hours", 12_480, f"{name} operating hours", unit=HOUR)


def _modbus() -> Iterator[Item]:
    at = "Modbus/Chiller1"
    yield _flag(f"{at}/Enable", "Enabled", "Disabled", "Chiller 1 enable", initial=True, writable=True)
    yield _flag(f"{at}/Running", "Running", "Stopped", "Chiller 1 running")
    yield _flag(f"{at}/Fault", "Fault", "Normal", "Chiller 1 fault")
    yield _choice(f"{at}/State", 1, MACHINE_STATES, "Chiller 1 state")
    yield _number(f"{at}/Setpoint", 7.0, CELSIUS, 4, 15, 0.5, "Chiller 1 set-point", writable=True)
    yield _number(f"{at}/SupplyTemperature", 8.0, CELSIUS, 0, 40, 0.1, "Chiller 1 supply temperature")
    yield _number(f"{at}/ReturnTemperature", 11.0, CELSIUS, 0, 40, 0.1, "Chiller 1 return temperature")
    yield _number(f"{at}/Load", 0.0, PERCENT, 0, 100, 1, "Chiller 1 load")
    yield _number(f"{at}/Power", 0.0, KILOWATT, 0, 60, 0.1, "Chiller 1 power")
    yield _number(f"{at}/COP", 4.2, None, 0, 8, 0.01, "Chiller 1 coefficient of performance")
    yield _count(f"{at}/CompressorHours", 8_312, "Chiller 1 compressor hours", unit=HOUR)
    at = "Modbus/Boiler1"
    yield _flag(f"{at}/Enable", "Enabled", "Disabled", "Boiler 1 enable", initial=True, writable=True)
    yield _flag(f"{at}/Running", "Running", "Stopped", "Boiler 1 burner", initial=True)
    yield _flag(f"{at}/Fault", "Fault", "Normal", "Boiler 1 fault")
    yield _choice(f"{at}/State", 3, MACHINE_STATES, "Boiler 1 state")
    yield _number(f"{at}/Setpoint", 65.0, CELSIUS, 40, 85, 0.5, "Boiler 1 set-point", writable=True)
    yield _number(f"{at}/SupplyTemperature", 63.0, CELSIUS, 0, 120, 0.1, "Boiler 1 supply temperature")
    yield _number(f"{at}/ReturnTemperature", 48.0, CELSIUS, 0, 120, 0.1, "Boiler 1 return temperature")
    yield _number(f"{at}/FlueGasTemperature", 82.0, CELSIUS, 0, 300, 1, "Boiler 1 flue gas temperature")
    yield _number(f"{at}/Modulation", 45.0, PERCENT, 0, 100, 1, "Boiler 1 modulation")
    yield _number(f"{at}/Power", 80.0, KILOWATT, 0, 200, 0.5, "Boiler 1 heat output")
    yield _count(f"{at}/BurnerStarts", 20_417, "Boiler 1 burner starts")
    for meter, name in ((1, "Incoming supply"), (2, "Plant room"), (3, "Offices")):
        at = f"Modbus/PowerMeter{meter}"
        for phase in (1, 2, 3):
            yield _number(f"{at}/L{phase}/Voltage", 230.0 + phase, VOLT, 0, 300, 0.1, f"{name} voltage L{phase}",
                          data_type="Float")  # fmt: skip
            yield _number(f"{at}/L{phase}/Current", 20.0, AMPERE, 0, 400, 0.1, f"{name} current L{phase}",
                          data_type="Float")  # fmt: skip
        yield _number(f"{at}/ActivePower", 15.0, KILOWATT, 0, 250, 0.1, f"{name} active power", data_type="Float")
        yield _number(f"{at}/ReactivePower", 3.0, KILOVAR, -100, 100, 0.1, f"{name} reactive power", data_type="Float")
        yield _number(f"{at}/PowerFactor", 0.96, None, -1, 1, 0.01, f"{name} power factor", data_type="Float")
        yield _number(f"{at}/Frequency", 50.0, HERTZ, 45, 55, 0.01, f"{name} frequency", data_type="Float")
        yield _count(f"{at}/Energy", 9_007_199_254_740_993 if meter == 1 else 48_213_377, f"{name} energy",
                     data_type="Int64", unit=WATT_HOUR)  # fmt: skip
        yield Item(f"{at}/Harmonics", "Float", (100.0, 0.5, 3.0, 0.2, 2.1, 0.1, 1.4, 0.1), f"{name} harmonics",
                   "Current harmonics 1 to 8, in per cent of the first", PERCENT, 0, 100, resolution=0.1)  # fmt: skip


def _opcua() -> Iterator[Item]:
    at = "OPCUA/Lift1"
    yield Item(f"{at}/Floor", "Int32", 1, "Lift 1 floor", "Where the car is",
               labels=((-1, "Basement"), (1, "Floor 1"), (2, "Floor 2"), (3, "Floor 3")))  # fmt: skip
    yield Item(f"{at}/Call", "Int32", 1, "Lift 1 call", "Sends the car to a floor", writable=True,
               labels=((-1, "Basement"), (1, "Floor 1"), (2, "Floor 2"), (3, "Floor 3")))  # fmt: skip
    yield _choice(f"{at}/Door", 2, LIFT_DOORS, "Lift 1 door")
    yield _choice(f"{at}/Direction", 0, LIFT_DIRECTIONS, "Lift 1 direction")
    yield _number(f"{at}/Load", 0.0, KILOGRAM, 0, 630, 5, "Lift 1 load")
    yield _count(f"{at}/Trips", 183_220, "Lift 1 trips")
    at = "OPCUA/Notice"
    yield Item(f"{at}/Text", "String", "Welcome. Fire drill on Thursday at 10.", "Notice", "Shown in the entrance hall",
               writable=True)  # fmt: skip
    yield Item(f"{at}/ChangedAt", "DateTime", datetime(2025, 3, 3, 8, 0, tzinfo=UTC), "Notice changed at")
    at = "OPCUA/Service"
    yield Item(f"{at}/NextInspection", "DateTime", datetime(2026, 6, 30, 12, 0, tzinfo=UTC), "Next inspection",
               writable=True)  # fmt: skip
    yield Item(f"{at}/SerialNumber", "String", "VZ-2025-000417", "Serial number", "Read only")
    yield Item(f"{at}/Uptime", "Int64", 0, "Time since the plant controller started", "In seconds of the building")
    yield _number(f"{at}/FlowMeter", float("nan"), CUBIC_METRE_PER_HOUR, 0, 100, 0.1, "Flow meter without a signal",
                  description="Good, but not a number: the meter is not wired")  # fmt: skip
    yield _number(f"{at}/RoofSensor", 9.0, CELSIUS, -40, 80, 0.1, "Roof sensor", status=UNCERTAIN_SENSOR,
                  description="Always Uncertain: its calibration has run out")  # fmt: skip
    yield _number(f"{at}/CellarSensor", 12.0, CELSIUS, -40, 80, 0.1, "Cellar sensor", status=BAD_SENSOR,
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


def _http() -> Iterator[Item]:
    at = "HTTP/Weather"
    yield _number(f"{at}/Temperature", 8.0, CELSIUS, -40, 60, 0.1, "Outdoor temperature")
    yield _number(f"{at}/Humidity", 70.0, PERCENT, 0, 100, 1, "Outdoor humidity")
    yield _number(f"{at}/Pressure", 1013.0, HECTOPASCAL, 900, 1100, 0.1, "Air pressure")
    yield _number(f"{at}/WindSpeed", 3.0, METRE_PER_SECOND, 0, 60, 0.1, "Wind speed")
    yield _number(f"{at}/WindDirection", 240.0, DEGREE, 0, 360, 5, "Wind direction")
    yield _number(f"{at}/Radiation", 200.0, WATT_PER_SQUARE_METRE, 0, 1400, 5, "Global radiation")
    yield _flag(f"{at}/Rain", "Rain", "Dry", "Rain")
    yield _choice(f"{at}/Condition", 1, WEATHER, "Weather")
    yield Item(f"{at}/Report", "String", "Cloudy, 8 °C", "Weather report")
    yield Item(f"{at}/TimeOfDay", "DateTime", datetime(2025, 3, 3, 8, 0, tzinfo=UTC), "Time in the building",
               "The building's own clock: a day passes in 24 minutes")  # fmt: skip
    yield Item(f"{at}/Forecast", "Double", (8.0,) * 24, "Temperature forecast", "Outdoor temperature of the next 24 hours",
               CELSIUS, -40, 60, resolution=0.1)  # fmt: skip


def _mqtt() -> Iterator[Item]:
    for sensor in SENSORS:
        at, name = f"MQTT/Sensor{sensor:02}", f"Sensor {sensor:02}"
        yield _number(f"{at}/Temperature", 20.0, CELSIUS, -40, 80, 0.1, f"{name} temperature")
        yield _number(f"{at}/Humidity", 45.0, PERCENT, 0, 100, 0.5, f"{name} humidity")
        yield _number(f"{at}/Battery", 100.0 - 6 * sensor, PERCENT, 0, 100, 1, f"{name} battery")
        yield _number(f"{at}/Signal", 80.0, PERCENT, 0, 100, 1, f"{name} signal")
    yield Item("MQTT/Parking/Free", "UInt16", 31, "Free parking places", low=0, high=60)
    yield Item("MQTT/Parking/Total", "UInt16", 60, "Parking places", low=0, high=60)


METERS: Final = ("Total", "Lighting", "Ventilation", "Cooling", "Offices")


def _metering() -> Iterator[Item]:
    for meter in METERS:
        at, name = f"Metering/Electricity/{meter}", f"Electricity {meter.lower()}"
        yield _number(f"{at}/Power", 10.0, KILOWATT, 0, 250, 0.1, f"{name} power")
        yield _number(f"{at}/Energy", 120_000.0, KILOWATT_HOUR, 0, 10_000_000, 0.1, f"{name} energy")
        yield _number(f"{at}/Today", 0.0, KILOWATT_HOUR, 0, 10_000, 0.1, f"{name} energy today")
    for meter, volume in (("Cold", 4_812.0), ("Hot", 1_377.0)):
        at, name = f"Metering/Water/{meter}", f"{meter} water"
        yield _number(f"{at}/Flow", 4.0, LITRE_PER_MINUTE, 0, 200, 0.1, f"{name} flow")
        yield _number(f"{at}/Volume", volume, CUBIC_METRE, 0, 1_000_000, 0.01, f"{name} volume")
        yield _number(f"{at}/Today", 0.0, CUBIC_METRE, 0, 1_000, 0.01, f"{name} volume today")
    for circuit in (1, 2, 3):
        at, name = f"Metering/Heat/HC{circuit}", f"Heat of heating circuit {circuit}"
        yield _number(f"{at}/Power", 25.0, KILOWATT, 0, 200, 0.1, f"{name} power")
        yield _number(f"{at}/Energy", 310.0, MEGAWATT_HOUR, 0, 100_000, 0.001, f"{name} energy")
    yield _number("Metering/Gas/Boiler1/Volume", 88_120.0, CUBIC_METRE, 0, 10_000_000, 0.01, "Gas of boiler 1")


def _shutters() -> Iterator[Item]:
    for floor, side in SHUTTERS:
        at, name = f"Shutter/F{floor}/{side}", f"Shutters floor {floor} {side.lower()}"
        yield _choice(f"{at}/Command", 0, SHUTTER_COMMANDS, f"{name} command", writable=True)
        yield _number(f"{at}/Setpoint", 0.0, PERCENT, 0, 100, 1, f"{name} set-point", writable=True,
                      description="Wanted position: 0 up, 100 down")  # fmt: skip
        yield _number(f"{at}/Position", 0.0, PERCENT, 0, 100, 1, f"{name} position", description="0 up, 100 down")
        yield _number(f"{at}/Slat", 0.0, DEGREE, 0, 90, 5, f"{name} slat angle")
