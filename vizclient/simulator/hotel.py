"""The items of the guest house: hotel systems with their rooms, and the locks of doors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from vizclient.simulator.item import Item, choice, flag, number
from vizclient.simulator.units import PERCENT

ROOMS: Final = {"Fidelio": (401, 402, 403, 404), "Protel": (411, 412), "Infor": (421, 422), "CharPMS": (431, 432)}
"""The rooms that each hotel system manages."""

DOORS: Final = {
    "VingCard": tuple(f"VingCard/Room{room}" for room in ROOMS["Fidelio"]),
    "Kaba": ("Kaba/ServerRoom", "Kaba/PlantRoom", "Kaba/Garage"),
    "Salto": ("Salto/Archive", "Salto/Laboratory", "Entrance/North", "Entrance/South"),
}
"""The doors of each lock system; of the entrances, only a property of the nodes tells whose they are."""

ROOM_STATES: Final = ("Clean", "Dirty", "Inspected", "Out of service")
_BEFORE: Final = datetime(2025, 3, 2, 17, 0, tzinfo=UTC)


def rooms(system: str) -> Iterator[Item]:
    """What a hotel system knows of its rooms."""
    for room in ROOMS[system]:
        at, name = f"{system}/Room{room}", f"Room {room}"
        yield choice(
            f"{at}/State", room % 2, ROOM_STATES, f"{name} state", writable=True, description="For housekeeping"
        )
        yield flag(f"{at}/Guest", "Checked in", "Vacant", f"{name} guest", initial=room % 2 == 1)
        yield flag(f"{at}/DoNotDisturb", "Do not disturb", "None", f"{name} do not disturb")
        yield number(f"{at}/Minibar", 0.0, None, 0, 10_000, 0.5, f"{name} minibar",
                     description="Postings since check-in, in euros")  # fmt: skip
        yield Item(f"{at}/WakeUp", "DateTime", datetime(2025, 3, 4, 7, 0, tzinfo=UTC), f"{name} wake-up call",
                   "In the building's time", writable=True)  # fmt: skip
    yield Item(f"{system}/Link/LastRecord", "String", "LS|DA250302|TI170000|", f"{system} last record",
               "What the hotel system said last")  # fmt: skip


def doors(system: str) -> Iterator[Item]:
    """What a lock system knows of its doors."""
    for number_of, at in enumerate(DOORS[system], 1):
        place = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", at.partition("/")[2]).capitalize()  # RoomNumber1: Room number 1
        name = f"{place} door" if at.startswith(system) else f"Entrance {place.lower()}"
        told = "" if at.startswith(system) else system
        for item in (
            flag(f"{at}/Locked", "Locked", "Unlocked", f"{name}, lock", initial=True),
            flag(f"{at}/Open", "Open", "Closed", f"{name}, contact"),
            Item(f"{at}/LastCard", "String", f"Card {1000 + 17 * number_of}", f"{name}, last card"),
            Item(f"{at}/LastEntry", "DateTime", _BEFORE, f"{name}, last entry", "In the building's time"),
            number(f"{at}/Battery", 97.0 - 8 * number_of, PERCENT, 0, 100, 1, f"{name}, battery"),
            flag(
                f"{at}/Unlock",
                "Unlock",
                "None",
                f"{name}, unlock",
                writable=True,
                description="Opens the lock for five seconds",
            ),
        ):
            yield replace(item, told_interface=told)
