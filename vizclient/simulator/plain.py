"""Any number of plain items, for load: pure and stateless but for one count, so that they cost nothing to replicate.

The k-th change of all is a known item taking a known value; written ones keep what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vizclient.items.value import Value
from vizclient.simulator.item import Item
from vizclient.simulator.units import (
    CELSIUS,
    CUBIC_METRE_PER_HOUR,
    KILOWATT,
    PASCAL,
    PERCENT,
    PPM,
    Unit,
)

MAX_ITEMS: Final = 50_000
FOLDER: Final = 100
_PERIOD: Final = 254
_SET_POINT: Final = 21.0


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    data_type: str
    unit: Unit | None
    low: float
    high: float
    decimals: int
    writable: bool = False

    def values(self) -> tuple[Value, ...]:
        """One period: up and down in even steps, no value twice running."""
        if self.data_type == "Boolean":
            return tuple(step % 2 == 1 for step in range(_PERIOD))
        rise = [self.low + (self.high - self.low) * step / 127 for step in range(128)]
        whole = self.data_type not in ("Float", "Double")
        return tuple(round(v) if whole else round(v, self.decimals) for v in (*rise, *rise[-2:0:-1]))


_KINDS: Final = (
    _Kind("Temperature", "Double", CELSIUS, 10, 35, 1),
    _Kind("Humidity", "Float", PERCENT, 20, 90, 1),
    _Kind("Pressure", "Double", PASCAL, 0, 500, 0),
    _Kind("Contact", "Boolean", None, 0, 1, 0),
    _Kind("CO₂", "UInt16", PPM, 400, 2000, 0),
    _Kind("Power", "Double", KILOWATT, 0, 75, 2),
    _Kind("Level", "Int16", None, -1000, 1000, 0),
    _Kind("Flow", "Double", CUBIC_METRE_PER_HOUR, 0, 12, 3),
    _Kind("Count", "UInt32", None, 0, 1_000_000, 0),
    _Kind("Set-point", "Double", CELSIUS, 15, 30, 1, writable=True),
)


class PlainItems:
    """`count` plain items, nine of ten changing and the tenth writable."""

    def __init__(self, count: int) -> None:
        self.changed = 0
        self.written: dict[int, Value] = {}
        self._values = [kind.values() for kind in _KINDS]
        self._moving = [index for index in range(count) if not _KINDS[index % len(_KINDS)].writable]
        self.items = tuple(_item(index, self.value(index)) for index in range(count))

    def value(self, index: int) -> Value:
        """What item `index` has now."""
        if index in self.written:
            return self.written[index]
        group, place = divmod(index, len(_KINDS))
        if _KINDS[place].writable:
            return _SET_POINT
        rounds, rest = divmod(self.changed, len(self._moving))
        position = group * (len(_KINDS) - 1) + place
        return self._at(index, rounds + (position < rest))

    def advance(self, count: int) -> list[tuple[int, Value]]:
        """Let `count` changes happen; each as (index, value), in order."""
        moving = self._moving
        if not moving:
            return []
        changes = []
        for number in range(self.changed, self.changed + count):
            rounds, position = divmod(number, len(moving))
            index = moving[position]
            changes.append((index, self._at(index, rounds + 1)))
        self.changed += count
        return changes

    def _at(self, index: int, turn: int) -> Value:
        return self._values[index % len(_KINDS)][(turn + index * 37) % _PERIOD]


def _item(index: int, value: Value) -> Item:
    kind = _KINDS[index % len(_KINDS)]
    known = kind.data_type != "Boolean"
    return Item(
        f"Plain/{index // FOLDER:03}/{index:05}",
        kind.data_type,
        value,
        f"{kind.name} {index:05}",
        "A plain item, for load",
        kind.unit,
        kind.low if known else None,
        kind.high if known else None,
        true_label="" if known else "Open",
        false_label="" if known else "Closed",
        writable=kind.writable,
    )
