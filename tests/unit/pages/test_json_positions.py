from __future__ import annotations

import json

import pytest

from vizclient.pages.json_positions import JsonPath, Positions

TEXT = """{
  "a": [1, {"b\\"": "x, } ] \\" :", "c": []},
    null],
  "d": {"e": -1.5e3},
  "ü": "ä"
}"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("a",), (2, 8)),
        (("a", 0), (2, 9)),
        (("a", 1), (2, 12)),
        (("a", 1, 'b"'), (2, 20)),
        (("a", 1, "c"), (2, 40)),
        (("a", 2), (3, 5)),
        (("d", "e"), (4, 14)),
        (("ü",), (5, 8)),
        (("d", "none"), (4, 8)),
        (("none",), (1, 1)),
    ],
)
def test_a_value_is_found_or_the_nearest_around_it(path: JsonPath, place: tuple[int, int]) -> None:
    json.loads(TEXT)
    assert Positions(TEXT).of_value(path) == place


def test_a_key_is_found_before_its_value() -> None:
    positions = Positions(TEXT)
    assert positions.of_key(("a", 1, "c")) == (2, 35)
    assert positions.of_key(("d",)) == (4, 3)
    assert positions.of_key(("a", 0)) == positions.of_value(("a", 0))


def test_names_that_only_a_schema_knows_are_passed_over() -> None:
    assert Positions(TEXT).real(("a", 1, "branch", "c", "str")) == ("a", 1, "c")


@pytest.mark.parametrize("text", ["3", ' "x"', "[]", "{}", "", "]", "[1,2"])
def test_the_smallest_and_the_broken_do_no_harm(text: str) -> None:
    assert Positions(text).of_value(("a", 0)).line == 1
