from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizclient.profiles.positions import KeyPath, key_lines


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    match value:
        case dict():
            inner = list(value.items())
        case list():
            inner = list(enumerate(value))
        case _:
            return {path}
    return {path}.union(*(paths(below, (*path, key)) for key, below in inner))


DECOYS = '''\
# a = 1
b = "x = 1 # no comment"   # [t]
c = """
[t]
a = 2
""\\"
"""
d = \'\'\'
[t]\'\'\'\'
'e f'.g = 'C:\\' # one backslash
"h\\u0069\\"" = 1979-05-27 07:32:00
[ t . "u.v" ]
w = [ 1, # ]
  "]", { x = 1, y.z = 2 },
]
[[list]]
n = 1
[[list]]
n = 2
[list.in]
m = inf
[[list.deep]]
k = ""
'''


def test_nothing_in_strings_and_comments_is_taken_for_a_key() -> None:
    lines = key_lines(DECOYS)
    assert {path for path in lines if path[0] != "list"} | {("list",)} >= {
        p for p in paths(tomllib.loads(DECOYS)) if p and p[0] != "list"
    }
    expected: dict[KeyPath, int] = {
        ("b",): 2,
        ("c",): 3,
        ("d",): 8,
        ("e f", "g"): 10,
        ('hi"',): 11,
        ("t",): 12,
        ("t", "u.v"): 12,
        ("t", "u.v", "w"): 13,
        ("t", "u.v", "w", 1): 14,
        ("t", "u.v", "w", 2, "y", "z"): 14,
        ("list", 0, "n"): 17,
        ("list", 1, "n"): 19,
        ("list", 1, "in", "m"): 21,
        ("list", 1, "deep", 0, "k"): 23,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert ("a",) not in lines


ENCODABLE = st.characters(codec="utf-8")
NAMES = st.text(ENCODABLE, max_size=5)
SCALARS = st.one_of(st.integers(-5, 5), st.booleans(), st.text(ENCODABLE, max_size=8))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08X}" if c < " " or c in '"\\\x7f' else c for c in text) + '"'


def written(value: Any, multiline: bool) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return f'"""{quoted(value)[1:-1]}"""' if multiline else quoted(value)
        case list():
            gap = "\n# ] = \n" if multiline else ""
            return f"[{gap}{', '.join(written(item, multiline) for item in value)}]"
        case _:
            return "{" + ", ".join(f"{quoted(key)} = {written(item, multiline)}" for key, item in value.items()) + "}"


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.booleans())
def test_every_key_of_any_document_has_its_line(document: dict[str, Any], multiline: bool) -> None:
    text = ""
    first: dict[str, int] = {}
    for key, value in document.items():
        first[key] = text.count("\n") + 1
        text += f"{quoted(key)} = {written(value, multiline)}\n"
    assert tomllib.loads(text) == document
    lines = key_lines(text)
    assert set(lines) == paths(document) - {()}
    assert {key: lines[(key,)] for key in document} == first


@pytest.mark.parametrize("text", ["", "\n", "# only", "a=1", "[t]"])
def test_the_smallest_documents_are_read(text: str) -> None:
    assert set(key_lines(text)) == paths(tomllib.loads(text)) - {()}
