"""What each interface and module of the servers does at a switchover: a table that ships as data, read once.

An item belongs to an interface by the first segment of its identifier. Knows nothing of connections or values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from vizclient.items.address import Address
from vizclient.resources import resource_path


class Kind(StrEnum):
    """What serves the items."""

    FIELD = "field"  # an interface to the field level
    MODULE = "module"


class Support(StrEnum):
    """Whether main and backup are kept in step."""

    YES = "yes"
    UNTESTED = "untested"
    PLANNED = "planned"
    ON_REQUEST = "on-request"
    IMPOSSIBLE = "impossible"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Interface:
    """One row. `relevant`: keeping in step makes sense at all. `note`: code of a sentence, "" if there is none."""

    name: str
    kind: Kind
    segments: tuple[str, ...]
    relevant: bool
    support: Support
    note: str = ""

    @property
    def synchronised(self) -> bool:
        """Whether a value taken over by the other server can be trusted before it was seen to move."""
        return self.support is Support.YES


class SupportTable:
    """The rows, found by item."""

    def __init__(self, interfaces: Iterable[Interface]) -> None:
        self.interfaces = tuple(interfaces)
        self._by_segment = {
            segment.casefold(): interface for interface in self.interfaces for segment in interface.segments
        }

    def find(self, address: Address) -> Interface | None:
        """The interface of an item; None where it is not known."""
        if isinstance(address.identifier, int):
            return None
        return self._by_segment.get(address.identifier.partition("/")[0].casefold())

    def synchronised(self, address: Address) -> bool:
        """Whether the item is kept in step between main and backup. What is not known counts as kept in step."""
        interface = self.find(address)
        return interface is None or interface.synchronised


@cache
def shipped_table() -> SupportTable:
    """The table that ships with the program."""
    with resource_path("redundancy", "support.toml").open("rb") as file:
        rows = tomllib.load(file)
    return SupportTable(
        Interface(
            name=row["name"],
            kind=kind,
            segments=tuple(row["segments"]),
            relevant=row["relevant"],
            support=Support(row["support"]),
            note=row.get("note", ""),
        )
        for kind in Kind
        for row in rows[kind]
    )
