"""The guest house: what guests, housekeeping and cards do, and how the hotel and lock systems tell of it. Pure functions over
the values; hidden ones of a system begin with its name, so that they go where its items go."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vizclient.simulator.hotel import DOORS, ROOMS
from vizclient.simulator.motion import Chance, Values, date

_CLEAN, _DIRTY, _INSPECTED = 0, 1, 2
_POSTINGS: Final = (3.5, 4.0, 6.5, 9.0)
_OPEN: Final = 3.0
_UNLOCKED: Final = 5.0


def advance_rooms(v: Values, chance: Chance, system: str, dt: float) -> None:
    """Guests come and go within hours of the building, housekeeping follows, and each of it is a record."""
    for room in ROOMS[system]:
        at = f"{system}/Room{room}"
        record = _guest(v, chance, at, dt) if v[f"{at}/Guest"] else _vacancy(v, chance, at, dt)
        if record:
            v[f"{system}/Link/LastRecord"] = f"{record[:2]}|RN{room}|{record[2:]}TI{date(v):%H%M%S}|"


def _guest(v: Values, chance: Chance, at: str, dt: float) -> str:
    if chance.happens(dt, 5400.0):
        v[f"{at}/Guest"] = v[f"{at}/DoNotDisturb"] = False
        v[f"{at}/State"] = _DIRTY
        return "GO"
    if chance.happens(dt, 2400.0):
        v[f"{at}/DoNotDisturb"] = not v[f"{at}/DoNotDisturb"]
        return "RE"
    if chance.happens(dt, 2400.0):
        posting = chance.choice(_POSTINGS)
        v[f"{at}/Minibar"] = min(10_000.0, v[f"{at}/Minibar"] + posting)
        return f"PSTA{posting * 100:.0f}|"
    return ""


def _vacancy(v: Values, chance: Chance, at: str, dt: float) -> str:
    state = v[f"{at}/State"]
    if state in (_CLEAN, _INSPECTED) and chance.happens(dt, 3600.0):
        v[f"{at}/Guest"], v[f"{at}/Minibar"] = True, 0.0
        morning = date(v).replace(hour=chance.choice((6, 7, 8)), minute=chance.choice((0, 15, 30)))
        v[f"{at}/WakeUp"] = morning + timedelta(days=1)
        return "GI"
    if state == _DIRTY and chance.happens(dt, 1200.0):
        v[f"{at}/State"] = _CLEAN
        return "RERS1|"
    if state == _CLEAN and chance.happens(dt, 1200.0):
        v[f"{at}/State"] = _INSPECTED
        return "RERS3|"
    return ""


def advance_doors(v: Values, chance: Chance, system: str, dt: float, wall: float) -> None:
    """Cards open doors now and then, for three seconds; a person at the screen unlocks one for five."""
    for at in DOORS[system]:
        left = v[f".{system}/{at}"] = max(0.0, v[f".{system}/{at}"] - wall)
        if v[f"{at}/Unlock"] and left <= 0.0:
            v[f"{at}/Unlock"] = False
        if left <= 0.0 and chance.happens(dt, 900.0):
            v[f"{at}/LastCard"] = f"Card {chance.randrange(1000, 1100)}"
            v[f"{at}/LastEntry"] = date(v)
            v[f"{at}/Battery"] = max(3.0, v[f"{at}/Battery"] - 0.02)
            v[f"{at}/Open"], left = True, _OPEN
            v[f".{system}/{at}"] = left
        v[f"{at}/Locked"] = left <= 0.0
        v[f"{at}/Open"] = v[f"{at}/Open"] and left > 0.0


def unlock(v: Values, at: str, system: str) -> None:
    """A person at the screen unlocks a door, or takes it back."""
    v[f".{system}/{at}"] = _UNLOCKED if v[f"{at}/Unlock"] else 0.0
    v[f"{at}/Locked"] = not v[f"{at}/Unlock"]
