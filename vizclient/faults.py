"""What is wrong with a file that a person wrote, and where: codes and arguments, no sentences (those are in `phrases`).

Shared by everything that reads such files; knows nothing of what they hold.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `line` and `column` count from 1; None where there is no place to point at."""

    code: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> str:
        """`FILE:LINE:COL`, as far as it is known."""
        return ":".join(str(part) for part in (self.file or None, self.line, self.column) if part is not None)


class FaultError(Exception):
    """Everything that is wrong with one file or bundle, in the order of the file; at least one fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.place}: {fault.code} {dict(fault.arguments)}" for fault in self.faults))


def meant(word: str, known: Iterable[str]) -> str:
    """The one of `known` that `word` was probably meant to be, or ""."""
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else ""


def shown(value: object) -> str:
    """A value from a file as a person would know it again: near to how it is written there, and not too long."""
    match value:
        case dict():
            return "{…}"
        case list() | tuple():
            return "[…]"
        case bool():
            return str(value).lower()
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
