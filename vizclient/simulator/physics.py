"""How the building's values move: pure, deterministic by seed. Time comes in as seconds that have passed; no clock, no protocol.

The state is one number or text for each item, unrounded, plus a few hidden ones whose names begin with a dot. Heat
and air follow first-order responses in the building's own time, which runs `SPEED` times as fast as the clock on the
wall; what a person watches moving (shutters, lift, motors) keeps wall time.

The state is what there is; what was published is what a server has heard of it. Of the vendors' systems that talk to one
server alone, and of what each server reads itself, the two go apart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from vizclient.items.value import Value
from vizclient.simulator.building import OFFICES, building_items
from vizclient.simulator.guests import advance_doors, advance_rooms, unlock
from vizclient.simulator.hotel import DOORS, ROOMS
from vizclient.simulator.interfaces import BOTH, INTERFACES, MAIN_ONLY, Carrying
from vizclient.simulator.item import Item
from vizclient.simulator.modules import SHUTTERS
from vizclient.simulator.motion import Chance, Values, date
from vizclient.simulator.networks import NO_FOREIGN
from vizclient.simulator.plant import advance_air_handling, advance_heating, advance_machines
from vizclient.simulator.rooms import advance_corridors, advance_office, advance_weather
from vizclient.simulator.supplies import advance_meters, advance_power
from vizclient.simulator.systems import (
    advance_foreign,
    advance_lamps,
    advance_lift,
    advance_sensors,
    advance_shutter,
    listen_to_radio,
    read_grid,
    set_scene,
)

SPEED: Final = 60.0
"""A second on the wall is a minute in the building."""

_START: Final = 8 * 3600.0
_WHOLE: Final = frozenset({"SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"})
_LISTENED: Final = frozenset((*MAIN_ONLY, *BOTH))

Changes = list[tuple[int, Value]]


class Model:
    """The building. `advance` moves it, `write` is what an operator does, `changes` what there is to publish.

    `reader` tells two servers apart that read the same thing with noise of their own.
    """

    def __init__(self, seed: int = 1, reader: int = 0) -> None:
        self.items: tuple[Item, ...] = building_items()
        self.index = {item.identifier: index for index, item in enumerate(self.items)}
        self._chance, self._listening = Chance(seed), Chance(1000 * seed + reader)
        self._v: dict[str, Any] = {item.identifier: item.initial for item in self.items}
        self._v |= _hidden()
        self._published: list[Value] = [item.initial for item in self.items]
        self._rounding = tuple(_Rounding(item) for item in self.items)
        self._of = {name: self._of_interface(name) for name in INTERFACES}
        self._carried = tuple(i for name, indexes in self._of.items() if name not in _LISTENED for i in indexes)
        self._names = self._state_names()
        self._quiet: dict[str, tuple[int, ...]] = {}
        self._spoken: set[str] = set()
        self._own = {
            f"Shutter/F{floor}/{side}": tuple(self._below(f"Shutter/F{floor}/{side}/")) for floor, side in SHUTTERS
        }
        for _ in range(150):  # half an hour of the building, so that it starts in a state that it can have
            self.advance(0.2)
        self._v[".clock"] = _START
        self.changes()

    @property
    def published(self) -> Sequence[Value]:
        """The values of all items as last published, by index."""
        return self._published

    @property
    def values(self) -> Values:
        """The raw values, for what works with them in the server itself."""
        return self._v

    def write(self, identifier: str, value: Value) -> None:
        """Give the item `value` and let it act. Type, range and access are checked by who calls."""
        v = self._v
        v[identifier] = value
        match identifier.split("/"):
            case ["OPCUA", "Lift1", "Call"]:
                v[".lift"] = value
            case ["OPCUA", "Notice", "Text"]:
                v["OPCUA/Notice/ChangedAt"] = date(v)
            case ["LaMPS", group, "Scene"]:
                set_scene(v, group)
            case ["LaMPS", group, _, "Level"]:
                v[f"LaMPS/{group}/Scene"] = 0
            case ["Shutter", floor, side, name]:
                at = f"Shutter/{floor}/{side}"
                self._spoken.add(at)
                if name == "Command":
                    v[f"{at}/Setpoint"] = {1: 0.0, 2: 100.0}.get(v[f"{at}/Command"], v[f"{at}/Position"])
            case [*path, "Unlock"]:
                unlock(v, "/".join(path), self.items[self.index[identifier]].interface)

    def changes(self) -> Changes:
        """What differs from what was published, as (index, value); it counts as published from now on. Without what only
        those hear whom the field talks to."""
        changed = self._differing(self._carried)
        if self._quiet:
            changed = self._with_whole_shutters(changed)
        self._spoken.clear()
        return changed

    def heard(self, interfaces: Iterable[str]) -> Changes:
        """The same for interfaces whose field talks to this server."""
        return [change for name in interfaces for change in self._differing(self._of[name])]

    def everything(self, interface: str) -> Changes:
        """All values of an interface, as its field tells them when it connects; they count as published from now on."""
        return self._publish(self._of[interface])

    def state(self) -> list[Any]:
        """What a peer needs to go on, one value for each name; what each server keeps for itself is None."""
        v = self._v
        return [v[name] if _is_carried(interface) else None for name, interface in self._names]

    def restore(self, state: Sequence[Any], but: Collection[str] = ()) -> None:
        """Go on from a peer's `state`, keeping what each server keeps, and the interfaces of `but`, whose field talks to
        this server. ValueError if it is of another building."""
        if len(self._names) != len(state):
            raise ValueError(f"a state of {len(state)} values where {len(self._names)} are due")
        for (name, interface), value in zip(self._names, state, strict=True):
            if _is_carried(interface) and interface not in but:
                self._v[name] = tuple(value) if isinstance(value, list) else value
        self._quiet = dict(self._own)

    def told(self, interfaces: Iterable[str]) -> dict[str, list[Any]]:
        """What the field told of these interfaces, for a peer that it does not talk to."""
        wanted: dict[str, list[Any]] = {interface: [] for interface in interfaces}
        for name, interface in self._names:
            if interface in wanted:
                wanted[interface].append(self._v[name])
        return wanted

    def hear(self, told: Mapping[str, Sequence[Any]]) -> None:
        """Know what a peer was `told`, without publishing it."""
        for interface, values in told.items():
            names = [name for name, of in self._names if of == interface]
            self._v |= zip(names, values, strict=True)

    def foreign_source(self) -> bool | None:
        """Whether the foreign OPC DA server that serves can be reached; None if none serves."""
        serving = self._v["OPCDA/Source"]
        return bool(self._v[f"OPCDA/{serving}/Reachable"]) if serving != NO_FOREIGN else None

    def advance(self, seconds: float) -> None:
        """Let `seconds` of wall time pass, in steps of at most 0.2 s, for all but what is listened to."""
        while seconds > 0.0:
            step = min(seconds, 0.2)
            seconds -= step
            self._advance(step)

    def listen(self, seconds: float, interfaces: Iterable[str]) -> None:
        """Let `seconds` pass for the fields of these interfaces, which talk to this server."""
        v, chance, dt = self._v, self._listening, seconds * SPEED
        for name in interfaces:
            if name in ROOMS:
                advance_rooms(v, chance, name, dt)
            elif name in DOORS:
                advance_doors(v, chance, name, dt, seconds)
            elif name == "NexusRF":
                listen_to_radio(v, chance, dt)
            elif name == "GridVis":
                read_grid(v, chance, seconds)

    def _advance(self, wall: float) -> None:
        v, chance, dt = self._v, self._chance, wall * SPEED
        before = v[".clock"]
        v[".clock"] = before + dt
        v["OPCUA/Service/Uptime"] = int(v[".clock"] - _START)
        hour = v[".clock"] / 3600.0 % 24.0
        advance_weather(v, chance, dt, hour, new_hour=int(before // 3600) != int(v[".clock"] // 3600))
        for office in OFFICES:
            advance_office(v, chance, office, dt, hour)
        advance_corridors(v, chance, dt, hour)
        for unit in (1, 2):
            floors = (1, 2) if unit == 1 else (3,)
            rooms = [office for office in OFFICES if office // 100 in floors]
            advance_air_handling(v, unit, dt, wall, hour, rooms)
        advance_heating(v, dt, wall, hour)
        advance_machines(v, dt, wall)
        advance_power(v, chance, dt)
        advance_meters(v, chance, dt, hour, new_day=int(before // 86400) != int(v[".clock"] // 86400))
        advance_sensors(v, chance, dt, hour)
        advance_lift(v, chance, wall, hour)
        advance_foreign(v, chance, dt, wall)
        advance_lamps(v, wall)
        for system in ("Fidelio", "Protel"):
            advance_rooms(v, chance, system, dt)
        for at in self._own:
            advance_shutter(v, at, wall)

    def _of_interface(self, name: str) -> tuple[int, ...]:
        return tuple(index for index, item in enumerate(self.items) if item.interface == name)

    def _below(self, path: str) -> Iterable[int]:
        return (index for index, item in enumerate(self.items) if item.identifier.startswith(path))

    def _differing(self, indexes: Iterable[int]) -> Changes:
        changed: Changes = []
        published, v, all_rounding = self._published, self._v, self._rounding
        for index in indexes:
            rounding = all_rounding[index]
            raw = v[rounding.identifier]
            if rounding.differs(raw, published[index]):
                published[index] = value = rounding.value(raw)
                changed.append((index, value))
        return changed

    def _publish(self, indexes: Iterable[int]) -> Changes:
        for index in indexes:
            rounding = self._rounding[index]
            self._published[index] = rounding.value(self._v[rounding.identifier])
        return [(index, self._published[index]) for index in indexes]

    def _with_whole_shutters(self, changed: Changes) -> Changes:
        """After a switchover a shutter that moves, or answers a command, tells everything of itself, once."""
        moved = {index for index, _ in changed}
        for at, indexes in list(self._quiet.items()):
            if at in self._spoken or not moved.isdisjoint(indexes):
                del self._quiet[at]
                changed = [change for change in changed if change[0] not in indexes] + self._publish(indexes)
        return changed

    def _state_names(self) -> list[tuple[str, str]]:
        names = [(item.identifier, item.interface) for item in self.items]
        return names + [(name, name[1:].partition("/")[0]) for name in self._v if name.startswith(".")]


def _is_carried(interface: str) -> bool:
    return INTERFACES.get(interface) not in (Carrying.OWN, Carrying.BOTH)


def _hidden() -> dict[str, Any]:
    hidden: dict[str, Any] = {
        ".clock": _START, ".cloud": 0.45, ".wind": 0.0, ".lift": 1, ".lift wait": 5.0, ".lift at": 1.0, ".OPCDA/since": 0.0,
        ".GridVis/since": 0.0, ".Messenger/alarms": (),
    }  # fmt: skip
    hidden |= {f".wh/{meter}": 0.0 for meter in (1, 2, 3)}
    hidden |= {f".valve/{office}": 30.0 for office in OFFICES}
    for unit in (1, 2):
        hidden |= {f".clog/{unit}/Supply": 0.1, f".clog/{unit}/Extract": 0.05 * unit, f".heat/{unit}": 10.0}
        hidden[f".cool/{unit}"] = 0.0
    hidden |= {f".mixer/{circuit}": 40.0 for circuit in (1, 2, 3)}
    return hidden | {f".{system}/{at}": 0.0 for system, doors in DOORS.items() for at in doors}


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
