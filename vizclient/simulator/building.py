"""The simulated building as data: every item with its type, first value, metadata and access; here those of rooms and plants.

Knows no protocol, no clock and no physics. An identifier's first segment is its interface, but for the entrances; names
are stable, because pages, profiles and tests are written against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from vizclient.simulator.hotel import doors, rooms
from vizclient.simulator.item import Item, choice, count, flag, number
from vizclient.simulator.modules import lamps, messenger, metering, shutters
from vizclient.simulator.networks import grid_vis, http, mqtt, nexus_rf, opc_da, opcua
from vizclient.simulator.units import (
    AMPERE,
    BAR,
    CELSIUS,
    CUBIC_METRE_PER_HOUR,
    HERTZ,
    HOUR,
    KILOVAR,
    KILOWATT,
    LUX,
    PASCAL,
    PERCENT,
    PPM,
    VOLT,
    WATT_HOUR,
)

NAMESPACE: Final = "urn:vizclient:demo:bms"
"""The namespace URI of all items, folders included."""

FLOORS: Final = (1, 2, 3)
OFFICES: Final = tuple(100 * floor + number for floor in FLOORS for number in range(1, 9))

OFFICE_MODES: Final = ("Comfort", "Standby", "Economy", "Protection")
AHU_MODES: Final = ("Off", "Auto", "Day", "Night", "Purge")
AHU_STATES: Final = ("Stopped", "Starting", "Running", "Fault")
CIRCUIT_MODES: Final = ("Off", "Auto", "Day", "Night")
MACHINE_STATES: Final = ("Off", "Ready", "Starting", "Running", "Fault")


def building_items() -> tuple[Item, ...]:
    """All items of the building, in the order of the interfaces. Always the same."""
    return tuple(
        chain(
            _knx(), _bacnet(), _modbus(), rooms("Fidelio"), rooms("Protel"), doors("VingCard"), doors("Kaba"), doors("Salto"),
            grid_vis(), opc_da(), opcua(), http(), mqtt(), nexus_rf(), rooms("Infor"), rooms("CharPMS"), lamps(), metering(),
            messenger(), shutters(),
        )
    )  # fmt: skip


def _knx() -> Iterator[Item]:
    for office in OFFICES:
        floor = office // 100
        at, name = f"KNX/F{floor}/Office{office}", f"Office {office}"
        yield number(f"{at}/Temperature", 20.5 + office % 7 * 0.2, CELSIUS, 0, 50, 0.1, f"{name} temperature",
                      data_type="Float", description="Room temperature, measured at the room controller")  # fmt: skip
        yield number(f"{at}/Setpoint", 21.0 + office % 3 * 0.5, CELSIUS, 15, 30, 0.1, f"{name} set-point",
                      data_type="Float", writable=True, description="Wanted room temperature")  # fmt: skip
        yield choice(f"{at}/Mode", 0, OFFICE_MODES, f"{name} mode", writable=True,
                      description="Shifts the set-point: Standby 1 K, Economy 3 K, Protection: frost only")  # fmt: skip
        yield number(f"{at}/Valve", 30.0, PERCENT, 0, 100, 1, f"{name} radiator valve", data_type="Float",
                      description="Position of the radiator valve, moved by the room controller")  # fmt: skip
        yield number(f"{at}/CO2", 550.0 + office % 5 * 20, PPM, 0, 5000, 5, f"{name} CO₂", data_type="Float",
                      description="Carbon dioxide in the room air")  # fmt: skip
        yield flag(f"{at}/Occupancy", "Occupied", "Free", f"{name} occupancy", initial=office % 2 == 0,
                    description="Presence detector")  # fmt: skip
        yield flag(f"{at}/Window", "Open", "Closed", f"{name} window",
                    description="Window contact; an open window closes the radiator valve")  # fmt: skip
        yield flag(f"{at}/Light", "On", "Off", f"{name} light", initial=office % 2 == 0, writable=True,
                    description="Ceiling light")  # fmt: skip
        yield number(f"{at}/Dimming", 80.0, PERCENT, 0, 100, 1, f"{name} dimming", writable=True, data_type="Float",
                      description="Brightness of the ceiling light when it is on")  # fmt: skip
        yield number(f"{at}/Illuminance", 300.0, LUX, 0, 2000, 5, f"{name} illuminance", data_type="Float",
                      description="Light on the desk, from the window and from the ceiling light")  # fmt: skip
    for floor in FLOORS:
        at, name = f"KNX/F{floor}/Corridor", f"Corridor floor {floor}"
        yield number(f"{at}/Temperature", 19.5, CELSIUS, 0, 50, 0.1, f"{name} temperature", data_type="Float")
        yield flag(f"{at}/Light", "On", "Off", f"{name} light", initial=True, writable=True)
        yield flag(f"{at}/Presence", "Detected", "None", f"{name} presence")


def _bacnet() -> Iterator[Item]:
    for unit in (1, 2):
        yield from _air_handling(f"BACnet/AHU{unit}", f"AHU {unit}")
    for circuit, serves in ((1, "radiators north"), (2, "radiators south"), (3, "air handling")):
        at, name = f"BACnet/HC{circuit}", f"Heating circuit {circuit}"
        yield choice(f"{at}/Mode", 1, CIRCUIT_MODES, f"{name} mode", writable=True, description=f"Serves {serves}")
        yield from _motor(f"{at}/Pump", f"{name} pump", on=True)
        yield number(f"{at}/Mixer/Position", 40.0, PERCENT, 0, 100, 1, f"{name} mixing valve")
        yield number(f"{at}/SupplyTemperature", 45.0, CELSIUS, 0, 110, 0.1, f"{name} supply temperature")
        yield number(f"{at}/ReturnTemperature", 36.0, CELSIUS, 0, 110, 0.1, f"{name} return temperature")
        yield number(f"{at}/SupplySetpoint", 45.0, CELSIUS, 20, 80, 0.5, f"{name} supply set-point", writable=True,
                      description="Wanted in mode Day; Night is 10 K less, Auto follows the heating curve")  # fmt: skip
        yield number(f"{at}/CurveSlope", 1.2, None, 0.2, 3, 0.05, f"{name} heating curve slope", writable=True)
        yield number(f"{at}/Pressure", 1.6, BAR, 0, 6, 0.01, f"{name} pressure")


def _air_handling(at: str, name: str) -> Iterator[Item]:
    yield choice(f"{at}/Mode", 1, AHU_MODES, f"{name} mode", writable=True, description="Wanted mode of the plant")
    yield choice(f"{at}/State", 2, AHU_STATES, f"{name} state", description="What the plant does")
    yield flag(f"{at}/Alarm", "Alarm", "Normal", f"{name} common alarm")
    for fan in ("Supply", "Extract"):
        yield from _motor(f"{at}/{fan}Fan", f"{name} {fan.lower()} fan", on=True)
        yield number(f"{at}/{fan}Fan/Power", 3.0, KILOWATT, 0, 15, 0.01, f"{name} {fan.lower()} fan power")
        yield number(f"{at}/{fan}Filter/Pressure", 90.0, PASCAL, 0, 500, 1, f"{name} {fan.lower()} filter pressure",
                      description="Pressure drop across the filter; it grows as the filter clogs")  # fmt: skip
        yield flag(f"{at}/{fan}Filter/Dirty", "Dirty", "Clean", f"{name} {fan.lower()} filter")
    for damper in ("Outdoor", "Exhaust", "Recirculation"):
        yield number(f"{at}/{damper}Damper/Position", 0.0 if damper == "Recirculation" else 100.0, PERCENT, 0, 100, 1,
                      f"{name} {damper.lower()} air damper")  # fmt: skip
    yield flag(f"{at}/HeatRecovery/Running", "Running", "Stopped", f"{name} heat recovery", initial=True)
    yield number(f"{at}/HeatRecovery/Speed", 60.0, PERCENT, 0, 100, 1, f"{name} heat recovery speed")
    yield number(f"{at}/HeatRecovery/Efficiency", 55.0, PERCENT, 0, 100, 1, f"{name} heat recovery efficiency")
    for coil in ("Heating", "Cooling"):
        yield number(f"{at}/{coil}Coil/Valve", 10.0 if coil == "Heating" else 0.0, PERCENT, 0, 100, 1,
                      f"{name} {coil.lower()} coil valve")  # fmt: skip
        yield number(f"{at}/{coil}Coil/WaterTemperature", 45.0 if coil == "Heating" else 8.0, CELSIUS, 0, 110, 0.1,
                      f"{name} {coil.lower()} coil water temperature")  # fmt: skip
    yield flag(f"{at}/HeatingCoil/Frost", "Frost", "Normal", f"{name} frost guard")
    yield number(f"{at}/SupplyAir/Setpoint", 20.0, CELSIUS, 14, 28, 0.5, f"{name} supply air set-point",
                  writable=True, description="Wanted supply air temperature")  # fmt: skip
    for air, temperature, humidity, flow in (
        ("Supply", 19.8, 42.0, 7800.0), ("Extract", 22.0, 45.0, 7600.0), ("Outdoor", 8.0, 70.0, None),
        ("Exhaust", 13.0, None, None),
    ):  # fmt: skip
        label = f"{name} {air.lower()} air"
        yield number(f"{at}/{air}Air/Temperature", temperature, CELSIUS, -40, 80, 0.1, f"{label} temperature")
        if humidity is not None:
            yield number(f"{at}/{air}Air/Humidity", humidity, PERCENT, 0, 100, 0.5, f"{label} humidity")
        if flow is not None:
            yield number(f"{at}/{air}Air/Flow", flow, CUBIC_METRE_PER_HOUR, 0, 12000, 10, f"{label} flow")
    yield number(f"{at}/SupplyAir/Pressure", 240.0, PASCAL, 0, 800, 1, f"{name} supply duct pressure")
    yield number(f"{at}/ExtractAir/CO2", 620.0, PPM, 0, 5000, 5, f"{name} extract air CO₂")
    yield Item(f"{at}/Controller/Firmware", "String", "AHC 4.12.0", f"{name} controller firmware")


def _motor(at: str, name: str, *, on: bool) -> Iterator[Item]:
    yield flag(
        f"{at}/Command", "On", "Off", f"{name} command", initial=on, writable=True, description="Switches the motor"
    )
    yield flag(
        f"{at}/Running", "Running", "Stopped", f"{name} running", initial=on, description="Feedback of the motor"
    )
    yield flag(f"{at}/Fault", "Fault", "Normal", f"{name} fault", description="Motor protection has tripped")
    yield number(f"{at}/SpeedSetpoint", 70.0, PERCENT, 20, 100, 1, f"{name} speed set-point", writable=True)
    yield number(f"{at}/Speed", 70.0 if on else 0.0, PERCENT, 0, 100, 0.5, f"{name} speed")
    yield count(f"{at}/Hours", 12_480, f"{name} operating hours", unit=HOUR)


def _modbus() -> Iterator[Item]:
    at = "Modbus/Chiller1"
    yield flag(f"{at}/Enable", "Enabled", "Disabled", "Chiller 1 enable", initial=True, writable=True)
    yield flag(f"{at}/Running", "Running", "Stopped", "Chiller 1 running")
    yield flag(f"{at}/Fault", "Fault", "Normal", "Chiller 1 fault")
    yield choice(f"{at}/State", 1, MACHINE_STATES, "Chiller 1 state")
    yield number(f"{at}/Setpoint", 7.0, CELSIUS, 4, 15, 0.5, "Chiller 1 set-point", writable=True)
    yield number(f"{at}/SupplyTemperature", 8.0, CELSIUS, 0, 40, 0.1, "Chiller 1 supply temperature")
    yield number(f"{at}/ReturnTemperature", 11.0, CELSIUS, 0, 40, 0.1, "Chiller 1 return temperature")
    yield number(f"{at}/Load", 0.0, PERCENT, 0, 100, 1, "Chiller 1 load")
    yield number(f"{at}/Power", 0.0, KILOWATT, 0, 60, 0.1, "Chiller 1 power")
    yield number(f"{at}/COP", 4.2, None, 0, 8, 0.01, "Chiller 1 coefficient of performance")
    yield count(f"{at}/CompressorHours", 8_312, "Chiller 1 compressor hours", unit=HOUR)
    at = "Modbus/Boiler1"
    yield flag(f"{at}/Enable", "Enabled", "Disabled", "Boiler 1 enable", initial=True, writable=True)
    yield flag(f"{at}/Running", "Running", "Stopped", "Boiler 1 burner", initial=True)
    yield flag(f"{at}/Fault", "Fault", "Normal", "Boiler 1 fault")
    yield choice(f"{at}/State", 3, MACHINE_STATES, "Boiler 1 state")
    yield number(f"{at}/Setpoint", 65.0, CELSIUS, 40, 85, 0.5, "Boiler 1 set-point", writable=True)
    yield number(f"{at}/SupplyTemperature", 63.0, CELSIUS, 0, 120, 0.1, "Boiler 1 supply temperature")
    yield number(f"{at}/ReturnTemperature", 48.0, CELSIUS, 0, 120, 0.1, "Boiler 1 return temperature")
    yield number(f"{at}/FlueGasTemperature", 82.0, CELSIUS, 0, 300, 1, "Boiler 1 flue gas temperature")
    yield number(f"{at}/Modulation", 45.0, PERCENT, 0, 100, 1, "Boiler 1 modulation")
    yield number(f"{at}/Power", 80.0, KILOWATT, 0, 200, 0.5, "Boiler 1 heat output")
    yield count(f"{at}/BurnerStarts", 20_417, "Boiler 1 burner starts")
    for meter, name in ((1, "Incoming supply"), (2, "Plant room"), (3, "Offices")):
        at = f"Modbus/PowerMeter{meter}"
        for phase in (1, 2, 3):
            yield number(f"{at}/L{phase}/Voltage", 230.0 + phase, VOLT, 0, 300, 0.1, f"{name} voltage L{phase}",
                          data_type="Float")  # fmt: skip
            yield number(f"{at}/L{phase}/Current", 20.0, AMPERE, 0, 400, 0.1, f"{name} current L{phase}",
                          data_type="Float")  # fmt: skip
        yield number(f"{at}/ActivePower", 15.0, KILOWATT, 0, 250, 0.1, f"{name} active power", data_type="Float")
        yield number(f"{at}/ReactivePower", 3.0, KILOVAR, -100, 100, 0.1, f"{name} reactive power", data_type="Float")
        yield number(f"{at}/PowerFactor", 0.96, None, -1, 1, 0.01, f"{name} power factor", data_type="Float")
        yield number(f"{at}/Frequency", 50.0, HERTZ, 45, 55, 0.01, f"{name} frequency", data_type="Float")
        yield count(f"{at}/Energy", 9_007_199_254_740_993 if meter == 1 else 48_213_377, f"{name} energy",
                     data_type="Int64", unit=WATT_HOUR)  # fmt: skip
        yield Item(f"{at}/Harmonics", "Float", (100.0, 0.5, 3.0, 0.2, 2.1, 0.1, 1.4, 0.1), f"{name} harmonics",
                   "Current harmonics 1 to 8, in per cent of the first", PERCENT, 0, 100, resolution=0.1)  # fmt: skip
