"""The items of the modules: lighting, metering, messages and shutters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from vizclient.simulator.item import Item, choice, count, flag, number
from vizclient.simulator.units import (
    CUBIC_METRE,
    DEGREE,
    HOUR,
    KILOWATT,
    KILOWATT_HOUR,
    LITRE_PER_MINUTE,
    MEGAWATT_HOUR,
    PERCENT,
    WATT,
)

METERS: Final = ("Total", "Lighting", "Ventilation", "Cooling", "Offices")
SHUTTERS: Final = tuple((floor, side) for floor in (1, 2, 3) for side in ("South", "West"))
LIGHT_GROUPS: Final = ("Lobby", "Restaurant")
LUMINAIRES: Final = tuple(range(1, 5))
SCENES: Final = ("Individual", "Off", "Cleaning", "Day", "Evening", "Night")
SCENE_LEVELS: Final = {
    1: (0, 0, 0, 0),
    2: (100, 100, 100, 100),
    3: (80, 80, 60, 60),
    4: (40, 40, 25, 25),
    5: (5, 0, 0, 5),
}
"""What a scene sets the luminaires of its group to, by the number of the scene."""

SHUTTER_COMMANDS: Final = ("Stop", "Up", "Down")
MESSENGER_STATES: Final = ("Off", "Ready", "Sending", "Failing")


def lamps() -> Iterator[Item]:
    """Light groups with scenes; a scene sets the levels, and a level set by hand ends the scene."""
    for group in LIGHT_GROUPS:
        at = f"LaMPS/{group}"
        yield choice(f"{at}/Scene", 3, SCENES, f"{group} scene", writable=True, description="Sets all its luminaires")
        yield number(f"{at}/Power", 300.0, WATT, 0, 2000, 1, f"{group} lighting power")
        for luminaire, level in zip(LUMINAIRES, SCENE_LEVELS[3], strict=True):
            own, name = f"{at}/Luminaire{luminaire}", f"{group} luminaire {luminaire}"
            yield number(f"{own}/Level", float(level), PERCENT, 0, 100, 1, f"{name} level", writable=True)
            yield number(f"{own}/Output", float(level), PERCENT, 0, 100, 1, f"{name} output",
                         description="What it gives now: it takes two seconds to change")  # fmt: skip
            yield flag(f"{own}/Failure", "Failure", "Normal", f"{name} failure")
            yield count(f"{own}/Hours", 6_200 + 137 * luminaire, f"{name} operating hours", unit=HOUR)


def metering() -> Iterator[Item]:
    """Consumption of everything."""
    for meter in METERS:
        at, name = f"Metering/Electricity/{meter}", f"Electricity {meter.lower()}"
        yield number(f"{at}/Power", 10.0, KILOWATT, 0, 250, 0.1, f"{name} power")
        yield number(f"{at}/Energy", 120_000.0, KILOWATT_HOUR, 0, 10_000_000, 0.1, f"{name} energy")
        yield number(f"{at}/Today", 0.0, KILOWATT_HOUR, 0, 10_000, 0.1, f"{name} energy today")
    for meter, volume in (("Cold", 4_812.0), ("Hot", 1_377.0)):
        at, name = f"Metering/Water/{meter}", f"{meter} water"
        yield number(f"{at}/Flow", 4.0, LITRE_PER_MINUTE, 0, 200, 0.1, f"{name} flow")
        yield number(f"{at}/Volume", volume, CUBIC_METRE, 0, 1_000_000, 0.01, f"{name} volume")
        yield number(f"{at}/Today", 0.0, CUBIC_METRE, 0, 1_000, 0.01, f"{name} volume today")
    for circuit in (1, 2, 3):
        at, name = f"Metering/Heat/HC{circuit}", f"Heat of heating circuit {circuit}"
        yield number(f"{at}/Power", 25.0, KILOWATT, 0, 200, 0.1, f"{name} power")
        yield number(f"{at}/Energy", 310.0, MEGAWATT_HOUR, 0, 100_000, 0.001, f"{name} energy")
    yield number("Metering/Gas/Boiler1/Volume", 88_120.0, CUBIC_METRE, 0, 10_000_000, 0.01, "Gas of boiler 1")


def messenger() -> Iterator[Item]:
    """Messages about faults of the plants; the active server alone sends them."""
    at = "Messenger"
    yield flag(f"{at}/Enabled", "Enabled", "Disabled", "Messages", initial=True, writable=True)
    yield Item(f"{at}/Recipient", "String", "duty@building.example", "Recipient", "Where messages go", writable=True)
    yield flag(f"{at}/Test", "Requested", "None", "Test message", writable=True, description="Sends one when it is set")
    yield choice(f"{at}/State", 0, MESSENGER_STATES, "Messenger state")
    yield count(f"{at}/Events", 0, "Messages asked for")
    yield count(f"{at}/Sent", 0, "Messages sent")
    yield count(f"{at}/Failures", 0, "Failed attempts to send")
    yield count(f"{at}/Pending", 0, "Messages that wait")
    yield Item(f"{at}/Outbox", "String", (), "Outbox", "The subjects of the messages that wait, oldest first")
    yield Item(f"{at}/Last/Subject", "String", "", "Last message")
    yield Item(f"{at}/Last/Recipient", "String", "", "Last message went to")
    yield Item(f"{at}/Last/SentAt", "DateTime", datetime(2025, 3, 1, 6, 0, tzinfo=UTC), "Last message sent at")


def shutters() -> Iterator[Item]:
    """Shutters, by floor and side."""
    for floor, side in SHUTTERS:
        at, name = f"Shutter/F{floor}/{side}", f"Shutters floor {floor} {side.lower()}"
        yield choice(f"{at}/Command", 0, SHUTTER_COMMANDS, f"{name} command", writable=True)
        yield number(f"{at}/Setpoint", 0.0, PERCENT, 0, 100, 1, f"{name} set-point", writable=True,
                      description="Wanted position: 0 up, 100 down")  # fmt: skip
        yield number(f"{at}/Position", 0.0, PERCENT, 0, 100, 1, f"{name} position", description="0 up, 100 down")
        yield number(f"{at}/Slat", 0.0, DEGREE, 0, 90, 5, f"{name} slat angle")
