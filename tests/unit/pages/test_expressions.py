from __future__ import annotations

from datetime import UTC, datetime
from string import Formatter

import pytest

from vizclient.items.value import Sample, Value
from vizclient.pages.expressions import NOTHING, ExpressionError, Result, Scope, parse_expression
from vizclient.phrases import PHRASES


def given(text: str, value: Value = None, quality: str | None = "good", age: float | None = 0.0) -> Result:
    return parse_expression(text).evaluate(Scope(value, quality, age))


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("value > 26 and quality == good", 26.5, True),
        ("value > 26 and quality == good", 26, False),
        ("1 + 2 * 3", None, 7),
        ("(1 + 2) * 3", None, 9),
        ("7 / 2 - 1", None, 2.5),
        ("8 - 2 - 1", None, 5),
        ("8 / 4 / 2", None, 1.0),
        ("-value * -2", 3, 6),
        ("--3", None, 3),
        ("1.5e1 == 15", None, True),
        ("not value == 1 or value == 1", 1, True),
        ("not (value == 1 or value == 2)", 2, False),
        ("true and false or true", None, True),
        ("true or false and false", None, True),
        ("value == 'Off'", "Off", True),
        ('value != "Off"', "On", True),
        ("value == 1", True, True),
        ("value == true", 1, True),
        ("value == '1'", 1, False),
        ("value != '1'", 1, True),
        ("value", True, True),
        ("bit(value, 0)", 5, True),
        ("bit(value, 1)", 5, False),
        ("bit(value, 63)", -1, True),
        ("bit(value, value - 3)", 5.0, True),
        ("map(value, 0: 'off', 1: 'on', else: 'other')", 1, "on"),
        ("map(value, 0: 'off', 1: 'on', else: 'other')", 2, "other"),
        ("map(value, -1: 1, 'x': 2, true: 3)", -1, 1),
        ("map(value, 'x': value, else: 0) == 'x'", "x", True),
        ("map(value, 0: 1)", 3, None),
        ("value > -1e400", 0, True),
    ],
)
def test_an_expression_gives_what_arithmetic_and_logic_say(text: str, value: Value, result: Result) -> None:
    found = given(text, value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("value > 3", None),
        ("value > 3", "4"),
        ("value == value", float("nan")),
        ("value + 1", "1"),
        ("1 / value", 0),
        ("value * 10 / 3", 10**400),
        ("value > 3", datetime(2025, 1, 1, tzinfo=UTC)),
        ("value == 1", (1, 2)),
        ("value", b"x"),
        ("bit(value, 64)", 1),
        ("bit(value, -1)", 1),
        ("bit(value, 0)", 1.5),
        ("bit(value, 0)", float("inf")),
        ("value - value", float("inf")),
        ("map(value, 1: 2)", None),
        ("not value", "text"),
    ],
)
def test_what_cannot_be_worked_out_is_unknown(text: str, value: Value) -> None:
    assert given(text, value) is None


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("value and false", False),
        ("false and value", False),
        ("value and true", None),
        ("value or true", True),
        ("value or false", None),
        ("not value", None),
        ("value == 1 or not value == 1", None),
    ],
)
def test_the_unknown_spreads_only_where_it_matters(text: str, truth: bool | None) -> None:
    assert parse_expression(text).truth(NOTHING) is truth


@pytest.mark.parametrize(
    ("value", "truth"), [(0, False), (0.1, True), (True, True), ("", None), ("x", None), (None, None)]
)
def test_a_number_holds_unless_it_is_zero_and_a_text_neither(value: Value, truth: bool | None) -> None:
    assert parse_expression("value").truth(Scope(value)) is truth


def test_a_sample_gives_its_quality_and_a_bad_value_is_unknown() -> None:
    def sample(status: int) -> Sample:
        return Sample(27.0, status, None, 1, "main")

    assert Scope.of(sample(0), 1.5) == (27.0, "good", 1.5)
    assert Scope.of(sample(0x40930000)) == (27.0, "uncertain", 0.0)
    assert Scope.of(sample(0x808C0000)) == (None, "bad", 0.0)
    assert Scope.of(None) == NOTHING
    assert parse_expression("quality == bad or value > 26").truth(Scope.of(sample(0x808C0000))) is True


def test_age_is_seconds() -> None:
    assert given("age > 30", age=31) is True
    assert given("age > 30", age=None) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [("value > 1", {"value"}), ("age > value and quality == bad", {"age", "value", "quality"}), ("1 < 2", set())],
)
def test_an_expression_knows_what_it_depends_on(text: str, names: set[str]) -> None:
    assert parse_expression(text).names == names


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ("", 1, "expression-expected"),
        ("value >", 8, "expression-expected"),
        ("value 3", 7, "expression-expected"),
        ("(value", 7, "expression-expected"),
        ("value > and", 9, "expression-expected"),
        ("value = 3", 7, "expression-sign-meant"),
        ("value && true", 7, "expression-sign-meant"),
        ("!value", 1, "expression-sign-meant"),
        ("value % 2", 7, "expression-sign"),
        ("3..4", 1, "expression-sign"),
        ("3x", 1, "expression-sign"),
        ("value == 'Off", 10, "expression-string"),
        ("vlaue > 3", 1, "expression-name-meant"),
        ("zzzzz > 3", 1, "expression-name"),
        ("1 < value < 3", 11, "expression-chain"),
        ("bit(value)", 10, "expression-expected"),
        ("map(value, value: 1)", 12, "expression-expected"),
        ("map(value, else: 1, 2: 3)", 19, "expression-expected"),
        ("__import__('os')", 1, "expression-name"),
        ("value.real", 6, "expression-sign"),
        ("value + '\\x00'\n;", 16, "expression-sign"),
        ("(" * 100 + "1" + ")" * 100, 26, "expression-deep"),
        ("not " * 100 + "1", 101, "expression-deep"),
        ("-" * 100 + "1", 26, "expression-deep"),
        ("1" * 501, 1, "expression-long"),
    ],
)
def test_what_is_no_expression_says_where_and_why(text: str, column: int, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert (caught.value.column, caught.value.code) == (column, code)
    fields = {name for _, name, _, _ in Formatter().parse(PHRASES[code]) if name}
    assert fields <= set(caught.value.arguments)


def test_a_misspelt_name_says_which_was_meant() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression("Quality == good")
    assert caught.value.arguments["meant"] == "quality"
