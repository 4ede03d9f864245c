"""What a server says about an item besides its value. Read anew in each generation, after the first values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metadata:
    """Attributes and properties of one Variable (OPC 10000-3, 5.6.2; OPC 10000-8, 5.3).

    `data_type`: built-in type name such as "Double". `value_rank`: -1 scalar, 1 one dimension and so on.
    `readable`, `writable`: bits 0 and 1 of UserAccessLevel. `unit`: display name of EngineeringUnits, "" if none.
    `low`, `high`: EURange. `labels`: EnumStrings or EnumValues as (value, text) pairs. `interface`: what a property of the node
    calls the interface or module that serves it, "" without one.
    """

    data_type: str
    value_rank: int = -1
    readable: bool = True
    writable: bool = False
    display_name: str = ""
    description: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    labels: tuple[tuple[int, str], ...] = ()
    true_label: str = ""
    false_label: str = ""
    interface: str = ""
