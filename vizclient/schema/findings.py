"""Everything that is wrong with raw data, by going over the structs that could not be read from it.

The schema is the same, the structs themselves: msgspec, which stops at the first thing wrong, decides whether, this says what.
Loaded only when something is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import inspect

from vizclient.faults import shown
from vizclient.schema.closed import Check, Closed, KeyPath, Wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `code`: missing, unknown-key, choice, type, type-unknown, type-missing, too-small, not-above, too-large, empty,
    too-long, too-few, too-many, characters, not-finite; or that of a Wrong. `arguments`: key and value as a person
    knows them, limit or expected where the code has one. `is_key`: it is the key at `path` that is wrong, not its value.
    `known`: the keys that may stand beside one that is unknown.
    """

    code: str
    path: KeyPath
    arguments: Mapping[str, str] = field(default_factory=dict)
    is_key: bool = False
    known: tuple[str, ...] = ()
    column: int = 0


def findings(kind: type[Closed], raw: Any, context: Any = None) -> list[Finding]:
    """All that is wrong with `raw`, as json or tomllib read it, for a `kind`. `context` is what checks are handed."""
    search = _Search(context)
    search.read(inspect.type_info(kind), raw, ())
    return search.found


def key_paths(kind: type[Closed]) -> Iterator[tuple[str, ...]]:
    """The paths of all keys that a `kind` and the structs in it may have, without the indexes of lists."""
    yield from _key_paths(inspect.type_info(kind), ())


def _key_paths(kind: inspect.Type, table: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for inner in _members(kind):
        if isinstance(inner, inspect.VarTupleType):
            yield from _key_paths(inner.item_type, table)
        for entry in getattr(inner, "fields", ()):
            yield (*table, entry.name)
            yield from _key_paths(entry.type, (*table, entry.name))


_NOTHING = object()
"""In the place of a value that could not be read."""


class _Search:
    def __init__(self, context: Any) -> None:
        self.found: list[Finding] = []
        self._context = context

    def read(self, kind: inspect.Type, raw: Any, path: KeyPath) -> Any:
        """`raw` as a `kind`, or _NOTHING after saying why not."""
        match kind:
            case inspect.Metadata():
                return self._checked(kind, raw, path)
            case inspect.UnionType():
                return self._one_of(kind, raw, path)
            case inspect.StructType():
                return self._struct(kind, raw, path)
            case inspect.LiteralType():
                if not any(type(raw) is type(value) and raw == value for value in kind.values):
                    return self._say("choice", path, raw, expected=", ".join(map(shown, kind.values)))
                return raw
        if not _suits(kind, raw):
            return self._say("type", path, raw, expected=_name(kind))
        match kind:
            case inspect.StrType():
                return self._text(kind, raw, path)
            case inspect.IntType() | inspect.FloatType():
                return self._number(kind, raw, path)
            case inspect.TupleType():
                length = len(kind.item_types)
                if not self._has_length(raw, path, length, length):
                    return _NOTHING
                return self._items(kind.item_types, raw, path)
            case inspect.VarTupleType():
                if not self._has_length(raw, path, kind.min_length, kind.max_length):
                    return _NOTHING
                return self._items((kind.item_type,) * len(raw), raw, path)
            case inspect.DictType():
                return self._dict(kind, raw, path)
        return raw

    def _checked(self, kind: inspect.Metadata, raw: Any, path: KeyPath) -> Any:
        value = self.read(kind.type, raw, path)
        check: Check | None = (kind.extra or {}).get("check")
        if value is _NOTHING or check is None:
            return value
        try:
            check(value, self._context)
        except Wrong as wrong:
            return self._say_wrong(wrong, path, raw)
        return value

    def _one_of(self, kind: inspect.UnionType, raw: Any, path: KeyPath) -> Any:
        if raw is None and kind.includes_none:
            return None
        members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
        if len(members) == 1:
            return self.read(members[0], raw, path)
        tagged = {member.tag: member for member in members if isinstance(member, inspect.StructType) and member.tag}
        if tagged and isinstance(raw, dict):
            [key] = {str(member.tag_field) for member in tagged.values()}
            if key not in raw:
                return self._say("type-missing", path, raw)
            if not isinstance(raw[key], str) or raw[key] not in tagged:
                return self._say("type-unknown", (*path, key), raw[key], expected=", ".join(map(str, tagged)))
            return self.read(tagged[raw[key]], raw, path)
        for member in members:
            if _suits(member, raw):
                return self.read(member, raw, path)
        return self._say("type", path, raw, expected=" or ".join(dict.fromkeys(map(_name, members))))

    def _struct(self, kind: inspect.StructType, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, dict):
            return self._say("type", path, raw, expected=_name(kind))
        before = len(self.found)
        known = tuple(entry.name for entry in kind.fields)
        for key, value in raw.items():
            if key not in known and key != kind.tag_field:
                where = (*path, key)
                self.found.append(Finding("unknown-key", where, _arguments(where, value), is_key=True, known=known))
        values = {}
        for entry in kind.fields:
            if entry.name in raw:
                values[entry.name] = self.read(entry.type, raw[entry.name], (*path, entry.name))
            elif entry.required:
                self._say("missing", (*path, entry.name), None)
        if len(self.found) > before:
            return _NOTHING
        try:
            return kind.cls(**values)
        except Wrong as wrong:
            return self._say_wrong(wrong, path, raw)

    def _items(self, kinds: tuple[inspect.Type, ...], raw: list[Any], path: KeyPath) -> Any:
        pairs = enumerate(zip(kinds, raw, strict=True))
        values = tuple(self.read(kind, value, (*path, index)) for index, (kind, value) in pairs)
        return _NOTHING if any(value is _NOTHING for value in values) else values

    def _dict(self, kind: inspect.DictType, raw: dict[str, Any], path: KeyPath) -> Any:
        if not self._has_length(raw, path, kind.min_length, kind.max_length):
            return _NOTHING
        before = len(self.found)
        for key in raw:
            start = len(self.found)
            self.read(kind.key_type, key, (*path, key))
            self.found[start:] = [
                Finding(found.code, found.path, found.arguments, is_key=True) for found in self.found[start:]
            ]
        values = {key: self.read(kind.value_type, value, (*path, key)) for key, value in raw.items()}
        return _NOTHING if len(self.found) > before else values

    def _text(self, kind: inspect.StrType, raw: str, path: KeyPath) -> Any:
        if len(raw) < (kind.min_length or 0):
            return self._say("empty", path, raw)
        if kind.max_length is not None and len(raw) > kind.max_length:
            return self._say("too-long", path, raw, limit=str(kind.max_length))
        if _printable(raw) != raw or (kind.pattern is not None and re.search(kind.pattern, raw) is None):
            return self._say("characters", path, raw)
        return raw

    def _number(self, kind: inspect.IntType | inspect.FloatType, raw: float, path: KeyPath) -> Any:
        if isinstance(kind, inspect.FloatType) and not _is_finite(raw):
            return self._say("not-finite", path, raw)
        if kind.ge is not None and raw < kind.ge:
            return self._say("too-small", path, raw, limit=shown(kind.ge))
        if kind.gt is not None and raw <= kind.gt:
            return self._say("not-above", path, raw, limit=shown(kind.gt))
        if kind.le is not None and raw > kind.le:
            return self._say("too-large", path, raw, limit=shown(kind.le))
        return raw

    def _has_length(self, raw: Any, path: KeyPath, least: int | None, most: int | None) -> bool:
        if least is not None and len(raw) < least:
            self._say("too-few", path, raw, limit=str(least))
            return False
        if most is not None and len(raw) > most:
            self._say("too-many", path, raw, limit=str(most))
            return False
        return True

    def _say(self, code: str, path: KeyPath, value: Any, **arguments: str) -> object:
        self.found.append(Finding(code, path, _arguments(path, value) | arguments))
        return _NOTHING

    def _say_wrong(self, wrong: Wrong, path: KeyPath, value: Any) -> object:
        where = (*path, *wrong.at)
        arguments = {name: _printable(text) for name, text in wrong.arguments.items()}
        self.found.append(Finding(wrong.code, where, _arguments(where, value) | arguments, column=wrong.column))
        return _NOTHING


def _members(kind: inspect.Type) -> Iterator[inspect.Type]:
    match kind:
        case inspect.UnionType():
            for member in kind.types:
                yield from _members(member)
        case inspect.Metadata():
            yield from _members(kind.type)
        case _:
            yield kind


_KINDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "StrType": ("a text", (str,)),
    "IntType": ("a whole number", (int,)),
    "FloatType": ("a number", (int, float)),
    "BoolType": ("true or false", (bool,)),
    "TupleType": ("a list", (list, tuple)),
    "VarTupleType": ("a list", (list, tuple)),
    "DictType": ("an object", (dict,)),
    "StructType": ("an object", (dict,)),
}


def _suits(kind: inspect.Type, raw: Any) -> bool:
    """Whether `raw` is of the sort of value that `kind` wants."""
    [inner] = _members(kind)
    types = _KINDS[type(inner).__name__][1]
    return isinstance(raw, types) and (bool in types or not isinstance(raw, bool))


def _name(kind: inspect.Type) -> str:
    [inner] = _members(kind)
    return _KINDS[type(inner).__name__][0]


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer that no float can hold
        return False


def _arguments(path: KeyPath, value: Any) -> dict[str, str]:
    return {"key": _printable(".".join(map(str, path))), "value": _printable(shown(value))}


def _printable(text: str) -> str:
    """`text` with halves of surrogate pairs, which no encoding can hold, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
