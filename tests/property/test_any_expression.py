from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import assume, example, given
from hypothesis import strategies as st

from vizclient.pages.expressions import ExpressionError, Scope, parse_expression

WORDS = st.sampled_from(
    ["value", "quality", "age", "good", "bad", "true", "false", "and", "or", "not", "bit(", "map(", ")", "(", ",", ":", "else",
     "==", "!=", "<", ">=", "+", "-", "*", "/", "1", "0", "2.5", "1e308", "63", "'a'", '""', "x", "="]
)  # fmt: skip
TEXTS = st.text(max_size=40) | st.lists(WORDS, max_size=14).map(" ".join)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
    st.just((1.0, 2.0)), st.just(datetime(2025, 1, 1, tzinfo=UTC)),
)  # fmt: skip
SCOPES = st.builds(Scope, VALUES, st.sampled_from([None, "good", "uncertain", "bad"]), st.none() | st.floats(0, 1e9))


@st.composite
def numeric(draw: st.DrawFn, depth: int = 4) -> str:
    """A sound expression of numbers, with every operation in brackets."""
    if depth == 0 or draw(st.booleans()):
        return str(draw(st.integers(0, 9)))
    return f"({draw(numeric(depth - 1))} {draw(st.sampled_from('+-*/'))} {draw(numeric(depth - 1))})"


def sound(depth: int) -> st.SearchStrategy[str]:
    """Expressions that parse."""
    leaf = st.sampled_from(["value", "quality", "age", "good", "true", "false", "1", "0", "2.5", "1e308", "'a'", "63"])
    if depth == 0:
        return leaf
    inner = sound(depth - 1)
    binary = st.sampled_from(["and", "or", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"])
    return st.one_of(
        leaf,
        st.tuples(inner, binary, inner).map("({0[0]}) {0[1]} ({0[2]})".format),
        st.tuples(inner, inner).map("bit({0[0]}, {0[1]})".format),
        st.tuples(inner, inner, inner).map("map({0[0]}, 1: {0[1]}, 'a': true, else: {0[2]})".format),
        inner.map("not ({})".format),
        inner.map("-({})".format),
    )


@given(TEXTS, SCOPES)
@example("1e308 * 1e308 - 1e308 * 1e308", Scope())
@example("٣ > 1", Scope())
def test_any_text_is_an_expression_or_an_error_with_a_column(text: str, scope: Scope) -> None:
    try:
        expression = parse_expression(text)
    except ExpressionError as error:
        column = error.column
    else:
        expression.evaluate(scope)
        column = 1
    assert 1 <= column <= len(text) + 1


@given(sound(4), SCOPES)
def test_evaluating_never_raises_and_gives_nothing_strange(text: str, scope: Scope) -> None:
    assume(len(text) <= 500)
    expression = parse_expression(text)
    result = expression.evaluate(scope)
    assert result is None or isinstance(result, bool | int | float | str)
    assert not (isinstance(result, float) and math.isnan(result))
    assert expression.truth(scope) in (True, False, None)


@given(numeric())
def test_arithmetic_agrees_with_exact_arithmetic(text: str) -> None:
    try:
        exact = eval(text.replace("/", "/one/"), {"__builtins__": {}}, {"one": Fraction(1)})
    except ZeroDivisionError:
        return
    result = parse_expression(text).evaluate(Scope())
    assert isinstance(result, int | float)
    assert math.isclose(result, float(exact), rel_tol=1e-9, abs_tol=1e-9)


@given(sound(3), sound(3), SCOPES)
def test_more_knowledge_never_turns_a_known_truth_around(left: str, right: str, scope: Scope) -> None:
    """Three-valued logic: what holds while the value is unknown holds for every value."""
    text = f"({left}) and ({right}) or not ({left})"
    assume(len(text) <= 500 and "quality" not in text and "age" not in text)
    expression = parse_expression(text)
    unknown = expression.truth(scope._replace(value=None))
    if unknown is not None and expression.truth(scope) is not None:
        assert expression.truth(scope) is unknown
