"""`vizclient interfaces`: what a switchover means for each interface and module, and for which items of the pages.

Reads files, and asks no server: an item whose node itself names its interface is listed by its address here.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vizclient.exits import Exit
from vizclient.headless.running import complain_of
from vizclient.items.address import Address
from vizclient.pages.bundle import Bundle, BundleError, load_bundle
from vizclient.phrases import counted, phrase
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile
from vizclient.redundancy.support import Interface, InterfaceTable, Kind, shipped_table

_NARROWEST, _WIDEST = 80, 120
_COLUMNS = ("relevant", "possible", "behaviour", "items")
_GAP = "  "
_FEW = 3


def interfaces(profile: str | None, data_dir: Path | None, *, as_json: bool) -> Exit:
    """Print the rows that ship, or those that hold for `profile` with the items of its pages."""
    table, bundle = shipped_table(), None
    try:
        if profile is not None:
            loaded = load_profile(profile, Places.of(data_dir).config / "profiles")
            table = loaded.interface_table
            if loaded.bundle_path is not None:
                bundle = load_bundle(loaded.bundle_path, loaded.namespaces)
    except (ProfileError, BundleError) as error:
        complain_of(error)
        return Exit.USAGE
    found, others = items_of(table, bundle)
    if as_json:
        rows = [row(interface, found[interface.name]) for interface in table.interfaces]
        print(json.dumps({"interfaces": rows}, indent=2, ensure_ascii=False))
        return Exit.DONE
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    for line in lines(table, None if bundle is None else found, width):
        print(line)
    if others:
        print(f"\n{_few(others, counted('interfaces-none', len(others), {}), width)}")
    return Exit.DONE


def items_of(table: InterfaceTable, bundle: Bundle | None) -> tuple[dict[str, list[str]], list[str]]:
    """The items of all pages by the name of their interface, in drawing order, and those that belong to none."""
    found: dict[str, list[str]] = {interface.name: [] for interface in table.interfaces}
    others: list[str] = []
    seen: set[Address] = set()
    for page in () if bundle is None else bundle.pages:
        for item, address in bundle.addresses(page).items() if bundle is not None else ():
            if address not in seen:
                seen.add(address)
                interface = table.find(address)
                (others if interface is None else found[interface.name]).append(item)
    return found, others


def row(interface: Interface, items: Sequence[str]) -> dict[str, object]:
    """One interface as JSON holds it."""
    return {
        "name": interface.name,
        "relevant": interface.relevant,
        "possible": interface.possible,
        "behaviour": interface.behaviour,
        "note": note_of(interface),
        "items": list(items),
    }


def note_of(interface: Interface) -> str:
    """The note in English; in the first language there is, where a profile has it in others only."""
    note = interface.note
    return note if isinstance(note, str) else note.get("en") or next(iter(note.values()), "")


def lines(table: InterfaceTable, items: Mapping[str, Sequence[str]] | None, width: int) -> Iterator[str]:
    """The rows for a person; without pages there is no column of items."""
    columns = _COLUMNS if items is not None else _COLUMNS[:-1]
    heads = [phrase(f"interfaces-{column}", {}) for column in columns]
    cells = {one.name: _cells(one, None if items is None else len(items[one.name])) for one in table.interfaces}
    names = {kind: phrase(f"interfaces-{kind}", {}) for kind in Kind}
    first = max(map(len, [*names.values(), *cells]))
    widths = [max(len(head), *(len(row[index]) for row in cells.values())) for index, head in enumerate(heads)]
    for kind in Kind:
        rows = [one for one in table.interfaces if one.kind is kind]
        if not rows:
            continue
        if kind is not Kind.FIELD:
            yield ""
        yield _line(names[kind], heads, first, widths)
        yield "─" * (first + sum(widths) + len(_GAP) * len(widths))
        for one in rows:
            yield _line(one.name, cells[one.name], first, widths)
            if note := note_of(one):
                yield _wrapped(note, width, first + len(_GAP))
            if items is not None and items[one.name]:
                yield _few(items[one.name], "", width, first + len(_GAP))


def _cells(interface: Interface, count: int | None) -> list[str]:
    relevant = phrase("interfaces-yes" if interface.relevant else "interfaces-no", {})
    cells = [relevant, phrase(f"possible.{interface.possible}", {}), phrase(f"behaviour.{interface.behaviour}", {})]
    return cells if count is None else [*cells, str(count) if count else "–"]


def _line(name: str, cells: Sequence[str], first: int, widths: Sequence[int]) -> str:
    parts = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    if len(cells) == len(_COLUMNS):
        parts[-1] = cells[-1].rjust(widths[-1])
    return _GAP.join([name.ljust(first), *parts]).rstrip()


def _few(items: Sequence[str], said: str, width: int, indent: int = 0) -> str:
    text = f"{said}{' ' if said else ''}{', '.join(items[:_FEW])}"
    if len(items) > _FEW:
        text = counted("interfaces-more", len(items) - _FEW, {"items": text})
    return _wrapped(text, width, indent)


def _wrapped(text: str, width: int, indent: int) -> str:
    blank = " " * indent
    return textwrap.fill(
        text, width, initial_indent=blank, subsequent_indent=blank, break_long_words=False, break_on_hyphens=False
    )
