"""What a switchover means for each interface and module of the servers: rows that ship as data, and those of a profile.

An item belongs to the interface that a property of its node names, else to the first row with a pattern that fits its
address; the profile's rows come before those that ship. Knows nothing of connections or values.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from vizclient.items.address import Address, AddressError
from vizclient.items.freshness import Behaviour, carried_over
from vizclient.resources import resource_path
from vizclient.schema.closed import Closed, Text, Wrong

MOST_ROWS = 500
MOST_PATTERNS = 200

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Names = Annotated[tuple[_Name, ...], Meta(max_length=MOST_PATTERNS)]
_Patterns = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1000)], ...], Meta(max_length=MOST_PATTERNS)]


class Kind(StrEnum):
    """What serves the items."""

    FIELD = "field"  # an interface to the field level
    MODULE = "module"


class Possible(StrEnum):
    """Whether main and backup can be kept in step."""

    YES = "yes"
    NO = "no"
    UNTESTED = "untested"
    PLANNED = "planned"
    ON_REQUEST = "on-request"


class InterfaceRow(Closed, frozen=True, kw_only=True):
    """A row as it is written in a file; see `resources/interfaces.toml`. What is left out comes from a shipped row of that name."""

    name: _Name
    aliases: _Names | None = None
    kind: Literal["field", "module"] | None = None
    items: _Patterns | None = None
    relevant: bool | None = None
    possible: Literal["yes", "no", "untested", "planned", "on-request"] | None = None
    behaviour: (
        Literal[
            "synchronised",
            "unsynchronised",
            "main-only",
            "independent",
            "foreign-backup",
            "active-only",
            "active-sends",
        ]
        | None
    ) = None
    note: Text | None = None


class Pattern(NamedTuple):
    """Fits the addresses of one namespace, None: of any, whose identifier fits `glob`; that of a number is `i=123`."""

    namespace: str | None
    glob: str


@dataclass(frozen=True, slots=True)
class Interface:
    """One row. `relevant`: keeping in step makes sense at all. `note`: what else a person should know, by language or in any."""

    name: str
    behaviour: Behaviour
    patterns: tuple[Pattern, ...] = ()
    aliases: tuple[str, ...] = ()
    kind: Kind = Kind.FIELD
    relevant: bool = True
    possible: Possible = Possible.YES
    note: Text = ""


class _Claim(NamedTuple):
    """Names and patterns by which items belong to an interface."""

    names: Sequence[str]
    patterns: Sequence[Pattern]
    interface: Interface


class InterfaceTable:
    """The rows in the order in which they are shown, found by item. `preferred` claims come before those of the rows."""

    def __init__(self, interfaces: Iterable[Interface], preferred: Sequence[_Claim] = ()) -> None:
        self.interfaces = tuple(interfaces)
        claims = [*preferred, *(_Claim((one.name, *one.aliases), one.patterns, one) for one in self.interfaces)]
        self._by_name: dict[str, Interface] = {}
        for claim in claims:
            for name in claim.names:
                self._by_name.setdefault(name.casefold(), claim.interface)
        fits = [(pattern, claim.interface) for claim in claims for pattern in claim.patterns]
        self._fitting = [interface for _, interface in fits]
        # One expression for all, because there may be many items: the group that fits names the row.
        self._expression = re.compile("|".join(f"({_expression(pattern)})" for pattern, _ in fits) or "(?!)", re.DOTALL)

    def named(self, name: str) -> Interface | None:
        """The row of that name or alias."""
        return self._by_name.get(name.casefold())

    def find(self, address: Address, said: str = "") -> Interface | None:
        """The interface of an item, None where it is not known. `said`: by the property of its node, "" if it has none."""
        if said and (named := self.named(said)) is not None:
            return named
        identifier = address.identifier
        text = f"i={identifier}" if isinstance(identifier, int) else identifier
        fit = self._expression.fullmatch(f"{address.namespace}\n{text}")
        return None if fit is None else self._fitting[(fit.lastindex or 0) - 1]


def parse_pattern(text: str, namespaces: Mapping[str, str]) -> Pattern:
    """Read `short:glob`, `*:glob` or `nsu=URI;s=glob`. `namespaces` maps short names to URIs. Raises AddressError."""
    if text.startswith("nsu="):
        namespace, separator, glob = text[4:].partition(";")
        if not namespace or not separator or glob[:2] not in ("s=", "i=") or not glob[2:]:
            raise AddressError("address-pattern", text)
        return Pattern(namespace, glob.removeprefix("s="))
    short, separator, glob = text.partition(":")
    glob = glob.removeprefix("s=")
    if not separator or not short or not glob:
        raise AddressError("address-pattern", text)
    if short == "*":
        return Pattern(None, glob)
    if short not in namespaces:
        raise AddressError("address-namespace", short, tuple(namespaces))
    return Pattern(namespaces[short], glob)


@cache
def shipped_table() -> InterfaceTable:
    """The rows that ship with the program."""
    raw = tomllib.loads(resource_path("interfaces.toml").read_text(encoding="utf-8"))
    rows = msgspec.convert(raw["interfaces"], list[InterfaceRow])
    return InterfaceTable([_interface(row, _patterns(row, {}, index), None) for index, row in enumerate(rows)])


def table_with(rows: Sequence[InterfaceRow], namespaces: Mapping[str, str]) -> InterfaceTable:
    """The shipped rows with those of a profile. Raises Wrong, with the index of the row, for what cannot be used."""
    if not rows:
        return shipped_table()
    interfaces = {interface.name.casefold(): interface for interface in shipped_table().interfaces}
    preferred: list[_Claim] = []
    for index, row in enumerate(rows):
        key = row.name.casefold()
        if any(key == earlier.name.casefold() for earlier in rows[:index]):
            raise Wrong("profile-interface-twice", {"name": row.name}, (index, "name"))
        before = interfaces.get(key)
        if before is None and row.behaviour is None:
            raise Wrong("profile-interface-behaviour", {"name": row.name}, (index,))
        patterns = _patterns(row, namespaces, index)
        interfaces[key] = interface = _interface(row, patterns, before)
        # What is only taken over from a shipped row keeps its place: a later row may claim some of those items.
        preferred.append(_Claim((row.name, *(row.aliases or ())), patterns, interface))
    return InterfaceTable(interfaces.values(), preferred)


def _patterns(row: InterfaceRow, namespaces: Mapping[str, str], index: int) -> tuple[Pattern, ...]:
    found = []
    for place, text in enumerate(row.items or ()):
        try:
            found.append(parse_pattern(text, namespaces))
        except AddressError as error:
            arguments = {"text": error.text, "known": ", ".join(error.known) or "–"}
            raise Wrong(error.code, arguments, (index, "items", place)) from None
    return tuple(found)


def _interface(row: InterfaceRow, patterns: tuple[Pattern, ...], before: Interface | None) -> Interface:
    """The row filled up: from the shipped one where there is one, but not with what was said of another behaviour."""
    assert before is not None or row.behaviour is not None, "checked by the caller"
    behaviour = before.behaviour if before is not None and row.behaviour is None else Behaviour(str(row.behaviour))
    usual = Interface(row.name, behaviour, possible=Possible.YES if carried_over(behaviour) else Possible.NO)
    shipped = usual if before is None else before
    same = usual if behaviour is not shipped.behaviour else shipped
    return Interface(
        name=shipped.name,
        behaviour=behaviour,
        patterns=shipped.patterns if row.items is None else patterns,
        aliases=shipped.aliases if row.aliases is None else row.aliases,
        kind=shipped.kind if row.kind is None else Kind(row.kind),
        relevant=shipped.relevant if row.relevant is None else row.relevant,
        possible=same.possible if row.possible is None else Possible(row.possible),
        note=same.note if row.note is None else row.note,
    )


def _expression(pattern: Pattern) -> str:
    """What fits a namespace, a line's end and an identifier; without groups."""
    namespace = "[^\n]*" if pattern.namespace is None else re.escape(pattern.namespace)
    glob = re.escape(pattern.glob).replace(r"\*", ".*").replace(r"\?", ".")
    return f"{namespace}\n(?i:{glob})"
