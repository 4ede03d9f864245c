"""Where each key of a TOML document stands. tomllib reads values but keeps no positions.

Only for text that tomllib has accepted: nothing is checked here, things are only skipped the way TOML 1.0 spells them.
"""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]

_KEY_PART = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_\-]+)"""
_KEY = re.compile(rf"{_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART})*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[^,\]}\n#]*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of each key and table by its path; elements of arrays have their index in the path."""
    return _Scan(text.replace("\r\n", "\n")).lines


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[KeyPath, int] = {}
        self.arrays: dict[KeyPath, int] = {}
        at = self._blank(0)
        table: KeyPath = ()
        while at < len(text):
            if text[at] == "[":
                at, table = self._header(at)
            else:
                at = self._pair(at, table)
            at = self._blank(at)

    def _header(self, at: int) -> tuple[int, KeyPath]:
        """A `[table]` or `[[array of tables]]` at `at`; the position after it, and the path it opens."""
        double = self.text.startswith("[[", at)
        start = self._blank(at + 1 + double)
        path, end = self._key(start, ())
        if double:
            self.arrays[path] = index = self.arrays.get(path, -1) + 1
            path = (*path, index)
        self._note(path, start)
        return self.text.index("]", end) + 1 + double, path

    def _pair(self, at: int, table: KeyPath) -> int:
        path, end = self._key(at, table)
        self._note(path, at)
        return self._value(self._blank(self.text.index("=", end) + 1), path)

    def _key(self, at: int, table: KeyPath) -> tuple[KeyPath, int]:
        """The whole path of the key at `at` below `table`. A path through an array of tables means its last one."""
        found = _KEY.match(self.text, at)
        assert found is not None, "tomllib has accepted it"
        inner: object = tomllib.loads(f"{found.group()} = 0")
        path = table
        while isinstance(inner, dict):
            [(part, inner)] = inner.items()
            path = (*path, part)
            if isinstance(inner, dict):
                self._note(path, at)
                if path in self.arrays:
                    path = (*path, self.arrays[path])
        return path, found.end()

    def _value(self, at: int, path: KeyPath) -> int:
        first = self.text[at]
        if first in "\"'":
            found = _STRING.match(self.text, at)
            assert found is not None, "tomllib has accepted it"
            return found.end()
        if first == "[":
            return self._array(at, path)
        if first == "{":
            return self._inline_table(at, path)
        bare = _BARE.match(self.text, at)
        assert bare is not None
        return bare.end()

    def _array(self, at: int, path: KeyPath) -> int:
        index = 0
        at = self._blank(at + 1)
        while self.text[at] != "]":
            if self.text[at] == ",":
                index += 1
                at = self._blank(at + 1)
                continue
            self._note((*path, index), at)
            at = self._blank(self._value(at, (*path, index)))
        return at + 1

    def _inline_table(self, at: int, path: KeyPath) -> int:
        at = self._blank(at + 1)
        while self.text[at] != "}":
            at = self._blank(at + 1) if self.text[at] == "," else self._blank(self._pair(at, path))
        return at + 1

    def _blank(self, at: int) -> int:
        """The next position at or after `at` that is neither white space nor comment."""
        found = _BLANK.match(self.text, at)
        assert found is not None
        return found.end()

    def _note(self, path: KeyPath, at: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, at) + 1)
