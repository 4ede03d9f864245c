"""What a simulated item is, and short ways to make the usual kinds. Knows no protocol, no clock and no physics."""

from __future__ import annotations

from dataclasses import dataclass

from vizclient.items.value import Value
from vizclient.simulator.interfaces import INTERFACES, Carrying
from vizclient.simulator.units import Unit


@dataclass(frozen=True, slots=True)
class Item:
    """One Variable.

    `data_type`: built-in type name; an array if `initial` is a tuple. `low`, `high`: EURange, both or none. `labels`:
    EnumStrings as (value, text), 0 upwards, or EnumValues if they do not start at 0 or leave numbers out. `resolution`:
    published numbers are multiples of it, 0 for as they are. `status`: the StatusCode it always has. `told_interface`: what
    the node's property Interface says, where the identifier does not tell.
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
    told_interface: str = ""

    @property
    def interface(self) -> str:
        """The interface that it belongs to: what the node tells, else the first segment of the identifier."""
        return self.told_interface or self.identifier.partition("/")[0]

    @property
    def carrying(self) -> Carrying:
        """Where its values are; those of plain items and the like are synchronised."""
        return INTERFACES.get(self.interface, Carrying.SYNCHRONISED)


def number(
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


def flag(
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


def choice(
    identifier: str, initial: int, texts: tuple[str, ...], name: str, *, writable: bool = False, description: str = ""
) -> Item:
    return Item(identifier, "UInt32", initial, name, description, labels=tuple(enumerate(texts)), writable=writable)


def count(identifier: str, initial: int, name: str, *, data_type: str = "UInt32", unit: Unit | None = None) -> Item:
    return Item(identifier, data_type, initial, name, unit=unit)
