"""Where things stand in JSON text that a strict reader has accepted. Used only to point at what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

JsonPath = tuple[str | int, ...]

_TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^ \t\r\n\[\]{},:"]+)', re.DOTALL)


class Place(NamedTuple):
    """Line and column, from 1; the column counts characters."""

    line: int
    column: int


class Positions:
    """Where each key and each value begins, by path. Positions of duplicate keys are those of the last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: dict[JsonPath, int] = {}
        self._values: dict[JsonPath, int] = {}
        self._scan()

    def of_value(self, path: JsonPath) -> Place:
        """Where the value at `path` begins, or the nearest one around it that exists."""
        while path and path not in self._values:
            path = path[:-1]
        return self._place(self._values.get(path, 0))

    def of_key(self, path: JsonPath) -> Place:
        """Where the key at `path` begins; that of its value where it has none."""
        return self._place(self._keys[path]) if path in self._keys else self.of_value(path)

    def real(self, location: Iterable[str | int]) -> JsonPath:
        """`location` without the parts that are no keys of the text, such as a schema's names for its branches."""
        path: JsonPath = ()
        for part in location:
            if (*path, part) in self._values:
                path = (*path, part)
        return path

    def _place(self, offset: int) -> Place:
        return Place(self._text.count("\n", 0, offset) + 1, offset - self._text.rfind("\n", 0, offset))

    def _scan(self) -> None:
        """One pass without recursion. `path` leads to the container that is open; `part` is the next child's."""
        path: JsonPath = ()
        part: str | int | None = None
        key_next = False
        parts: list[str | int | None] = []
        at = 0
        while (token := _TOKEN.match(self._text, at)) is not None:
            text, start, at = token[1], token.start(1), token.end()
            if text == ",":
                if isinstance(part, int):
                    part += 1
                else:
                    key_next = True
            elif text in ("}", "]"):
                if not parts:
                    return
                part, key_next = parts.pop(), False
                path = path[:-1] if part is not None else ()
            elif key_next and text[0] == '"':
                part, key_next = _string(text), False
                self._keys[*path, part] = start
            elif text != ":":
                child = path if part is None else (*path, part)
                self._values[child] = start
                if text in ("{", "["):
                    parts.append(part)
                    path, part, key_next = child, (0 if text == "[" else None), text == "{"


def _string(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]
