"""Expressions of pages: `value > 26 and quality == good`. Read by a grammar of our own into a tree of closures.

Never handed to an evaluator of Python, and never raises once it is parsed: what cannot be worked out is unknown (None).
Knows nothing of items or screens; value, quality and age come in with a Scope.

    or      = and { "or" and }
    and     = not { "and" not }
    not     = "not" not | compare
    compare = sum [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum ]
    sum     = product { ( "+" | "-" ) product }
    product = unary { ( "*" | "/" ) unary }
    unary   = "-" unary | primary
    primary = number | string | "true" | "false" | "value" | "quality" | "age" | "good" | "uncertain" | "bad"
            | "bit" "(" or "," or ")" | "map" "(" or { "," constant ":" or } [ "," "else" ":" or ] ")" | "(" or ")"
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from vizclient.faults import meant
from vizclient.items.value import Sample, Value, severity

MAX_LENGTH = 500
MAX_DEPTH = 25

Result = bool | int | float | str | None
"""What an expression gives. None is unknown."""

QUALITIES = ("good", "uncertain", "bad")


class Scope(NamedTuple):
    """What an expression can see. `age`: seconds for which the value has not been live, 0 while it is; None if never.

    `quality`: "good", "uncertain" or "bad", None before the first value.
    """

    value: Value = None
    quality: str | None = None
    age: float | None = None

    @classmethod
    def of(cls, sample: Sample | None, age: float | None = 0.0) -> Scope:
        """The scope of an item's last sample. A Bad value is unknown, whatever it carries."""
        if sample is None:
            return NOTHING
        level = severity(sample.status)
        return cls(None if level == 2 else sample.value, QUALITIES[level], age)


NOTHING = Scope()
"""The scope before the first value, and of elements without an item."""

_Node = Callable[[Scope], Result]


class ExpressionError(ValueError):
    """A text that is no expression. `code` and `arguments` say why, `column` (from 1) where in the text."""

    def __init__(self, code: str, arguments: Mapping[str, str], column: int) -> None:
        super().__init__(f"{column}: {code} {dict(arguments)}")
        self.code = code
        self.arguments = arguments
        self.column = column


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `names`: which of value, quality and age its result depends on."""

    text: str
    names: frozenset[str]
    _root: _Node

    def evaluate(self, scope: Scope) -> Result:
        """What it gives; None where it cannot be worked out. Never raises."""
        return self._root(scope)

    def truth(self, scope: Scope) -> bool | None:
        """Whether it holds; None if that is unknown. A number holds unless it is 0, a string is neither."""
        return _truth(self._root(scope))


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """Read an expression. Raises ExpressionError, nothing else."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError("expression-long", {"limit": str(MAX_LENGTH)}, 1)
    parser = _Parser(text)
    root = parser.whole()
    return Expression(text, frozenset(parser.names), root)


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.])"
    r"""|(?P<string>"[^"]*"|'[^']*')"""
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|[-+*/<>(),:])"
)
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGNS_MEANT = {"=": "==", "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "<>": "!="}
_CONSTANTS: Mapping[str, Result] = {
    "true": True,
    "false": False,
    "good": "good",
    "uncertain": "uncertain",
    "bad": "bad",
}
_VARIABLES: Mapping[str, _Node] = {
    "value": lambda scope: _known(scope.value),
    "quality": lambda scope: scope.quality,
    "age": lambda scope: _known(scope.age),
}
_WORDS = (*_CONSTANTS, *_VARIABLES, "bit", "map", "and", "or", "not", "else")
_END = "the end"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            word = re.compile(r"[=&|!<>]+|[\w.]+|.", re.DOTALL).match(text, at)
            bad = word.group() if word else text[at]
            if bad in "\"'":
                raise ExpressionError("expression-string", {}, at + 1)
            if bad in _SIGNS_MEANT:
                raise ExpressionError("expression-sign-meant", {"found": bad, "meant": _SIGNS_MEANT[bad]}, at + 1)
            raise ExpressionError("expression-sign", {"found": bad}, at + 1)
        if match.lastgroup != "blank":
            found.append(_Token(match.lastgroup or "", match.group(), at + 1))
        at = match.end()
    found.append(_Token("end", _END, len(text) + 1))
    return found


class _Parser:
    """Recursive descent; each method reads one rule of the grammar and gives its closure."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.names: set[str] = set()

    def whole(self) -> _Node:
        root = self._or()
        if self._next.kind != "end":
            raise self._error("an operator")
        return root

    @property
    def _next(self) -> _Token:
        return self.tokens[self.at]

    def _take(self, *texts: str) -> str:
        """The next token if it is one of the signs or words `texts`, else ""."""
        token = self._next
        if token.kind in ("sign", "name") and token.text in texts:
            self.at += 1
            return token.text
        return ""

    def _must(self, text: str) -> None:
        if not self._take(text):
            raise self._error(text)

    def _error(self, expected: str) -> ExpressionError:
        token = self._next
        return ExpressionError("expression-expected", {"expected": expected, "found": token.text}, token.column)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError("expression-deep", {"limit": str(MAX_DEPTH)}, self._next.column)

    def _or(self) -> _Node:
        self._deeper()
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else _any_of(tuple(parts))

    def _and(self) -> _Node:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _all_of(tuple(parts))

    def _not(self) -> _Node:
        if not self._take("not"):
            return self._compare()
        self._deeper()
        inner = self._not()
        self.depth -= 1
        return lambda scope: None if (truth := _truth(inner(scope))) is None else not truth

    def _compare(self) -> _Node:
        left = self._sum()
        sign = self._take("==", "!=", *_COMPARISONS)
        if not sign:
            return left
        right = self._sum()
        chained = self._next
        if self._take("==", "!=", *_COMPARISONS):
            raise ExpressionError("expression-chain", {"found": chained.text}, chained.column)
        if sign in _COMPARISONS:
            return _ordered(left, right, _COMPARISONS[sign])
        return _equal(left, right, wanted=sign == "==")

    def _sum(self) -> _Node:
        left = self._product()
        while sign := self._take("+", "-"):
            left = _arithmetic(left, self._product(), operator.add if sign == "+" else operator.sub)
        return left

    def _product(self) -> _Node:
        left = self._unary()
        while sign := self._take("*", "/"):
            left = _arithmetic(left, self._unary(), operator.mul if sign == "*" else operator.truediv)
        return left

    def _unary(self) -> _Node:
        if not self._take("-"):
            return self._primary()
        self._deeper()
        inner = self._unary()
        self.depth -= 1
        return _arithmetic(_constant(0), inner, operator.sub)

    def _primary(self) -> _Node:
        token = self._next
        self.at += 1
        match token.kind, token.text:
            case "number", text:
                return _constant(_number(text))
            case "string", text:
                return _constant(text[1:-1])
            case "sign", "(":
                inner = self._or()
                self._must(")")
                return inner
            case "name", "bit":
                return self._bit()
            case "name", "map":
                return self._map()
            case "name", name if name in _CONSTANTS:
                return _constant(_CONSTANTS[name])
            case "name", name if name in _VARIABLES:
                self.names.add(name)
                return _VARIABLES[name]
            case "name", name if name not in _WORDS:
                close = meant(name, _WORDS)
                code = "expression-name-meant" if close else "expression-name"
                raise ExpressionError(code, {"name": name, "meant": close}, token.column)
        self.at -= 1
        raise self._error("a value")

    def _bit(self) -> _Node:
        self._must("(")
        word = self._or()
        self._must(",")
        number = self._or()
        self._must(")")
        return lambda scope: _bit(word(scope), number(scope))

    def _map(self) -> _Node:
        self._must("(")
        subject = self._or()
        rows: list[tuple[Result, _Node]] = []
        otherwise = _constant(None)
        while self._take(","):
            if self._take("else"):
                self._must(":")
                otherwise = self._or()
                break
            key = self._key()
            self._must(":")
            rows.append((key, self._or()))
        self._must(")")
        return _mapped(subject, tuple(rows), otherwise)

    def _key(self) -> Result:
        negative = bool(self._take("-"))
        token = self._next
        self.at += 1
        match token.kind, token.text:
            case "number", text:
                number = _number(text)
                return -number if negative else number
            case "string", text if not negative:
                return text[1:-1]
            case "name", name if name in _CONSTANTS and not negative:
                return _CONSTANTS[name]
        self.at -= 1
        raise self._error("a number, a text in quotes, true or false")


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def _constant(value: Result) -> _Node:
    return lambda _: value


def _known(value: Value) -> Result:
    """A value as expressions have it: arrays, times and bytes are unknown, and so is what is not a number."""
    if isinstance(value, float):
        return value if value == value else None  # noqa: PLR0124  only NaN differs from itself
    return value if isinstance(value, bool | int | str) else None


def _truth(value: Result) -> bool | None:
    return None if value is None or isinstance(value, str) else bool(value)


def _any_of(parts: tuple[_Node, ...]) -> _Node:
    def evaluate(scope: Scope) -> Result:
        result: bool | None = False
        for part in parts:
            truth = _truth(part(scope))
            if truth:
                return True
            if truth is None:
                result = None
        return result

    return evaluate


def _all_of(parts: tuple[_Node, ...]) -> _Node:
    def evaluate(scope: Scope) -> Result:
        result: bool | None = True
        for part in parts:
            truth = _truth(part(scope))
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return evaluate


def _ordered(left: _Node, right: _Node, compare: Callable[[float, float], bool]) -> _Node:
    def evaluate(scope: Scope) -> Result:
        one, other = left(scope), right(scope)
        if one is None or other is None or isinstance(one, str) or isinstance(other, str):
            return None
        return compare(one, other)

    return evaluate


def _equal(left: _Node, right: _Node, *, wanted: bool) -> _Node:
    """Values of different kinds are not equal; a boolean counts as 0 or 1."""

    def evaluate(scope: Scope) -> Result:
        one, other = left(scope), right(scope)
        return None if one is None or other is None else (one == other) is wanted

    return evaluate


def _arithmetic(left: _Node, right: _Node, compute: Callable[[float, float], float]) -> _Node:
    def evaluate(scope: Scope) -> Result:
        one, other = left(scope), right(scope)
        if one is None or other is None or isinstance(one, str) or isinstance(other, str):
            return None
        try:
            return _known(compute(one, other))
        except (ZeroDivisionError, OverflowError):
            return None

    return evaluate


def _bit(word: Result, number: Result) -> Result:
    if isinstance(word, str) or isinstance(number, str) or word is None or number is None:
        return None
    if word % 1 != 0 or number % 1 != 0 or not 0 <= number <= 63:
        return None
    return bool(int(word) >> int(number) & 1)


def _mapped(subject: _Node, rows: tuple[tuple[Result, _Node], ...], otherwise: _Node) -> _Node:
    table: dict[Result, _Node] = {}
    for key, result in rows:
        table.setdefault(key, result)

    def evaluate(scope: Scope) -> Result:
        value = subject(scope)
        return None if value is None else table.get(value, otherwise)(scope)

    return evaluate
