"""Values as text and back, in one locale: the only formatter and the only parser of the window.

What is typed is never guessed at: only the locale's own decimal mark is a decimal mark, and everything that could be a group
separator is refused, so that 1.234 typed in German can never become 1234. Knows no widget and no words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from PySide6.QtCore import QLocale

from vizclient.items.value import Value

NBSP = "\u00a0"
"""Stands between a number and its unit."""

MINUS = "−"

Code = Literal[
    "empty",  # nothing typed
    "not-a-number",  # not a number at all
    "group",  # something that may be a group separator, or the other decimal mark; `point` is the right one
    "not-whole",  # a fraction, where the type is whole
    "out-of-range",  # beyond what the type can hold: `low`, `high`
    "not-a-date",  # not YYYY-MM-DD HH:MM[:SS]
    "no-such-time",  # skipped when the clocks went forward
    "two-times",  # happened twice when the clocks went back: needs the distance from UTC
    "not-a-choice",  # neither word of a boolean
]

_INTEGERS: dict[str, tuple[int, int]] = {
    "SByte": (-(2**7), 2**7 - 1),
    "Byte": (0, 2**8 - 1),
    "Int16": (-(2**15), 2**15 - 1),
    "UInt16": (0, 2**16 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "UInt32": (0, 2**32 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt64": (0, 2**64 - 1),
}
_FLOAT_MOST = 3.4028234663852886e38
_GROUPS = frozenset(" \u00a0\u202f\u2009'’_.,·٬")
_LONG_ARRAY = 3


class NumberError(ValueError):
    """A text that is not taken. `code` says why; `arguments` are texts for its sentence."""

    def __init__(self, code: Code, **arguments: str) -> None:
        super().__init__(f"{code} {arguments}")
        self.code: Code = code
        self.arguments = arguments


class Numbers:
    """One locale and time zone. `booleans` are the words for false and true."""

    def __init__(self, locale: QLocale, zone: tzinfo | None = None, booleans: tuple[str, str] = ("Off", "On")) -> None:
        self.locale = locale
        self.point = locale.decimalPoint()
        self.zone = zone or datetime.now().astimezone().tzinfo or UTC
        self.booleans = booleans
        self._formatters: dict[tuple[object, ...], Callable[[Value], str]] = {}

    def format(self, value: Value, decimals: int | None = None, unit: str = "") -> str:
        """`value` as text; see `formatter`."""
        return self.formatter(decimals, unit)(value)

    def formatter(
        self, decimals: int | None = None, unit: str = "", booleans: tuple[str, str] | None = None
    ) -> Callable[[Value], str]:
        """What formats values in one way.

        Floats get `decimals` places, all they need if None. Integers are exact. Empty for None. DateTime is in the zone,
        with its distance from UTC only where the local time happens twice.
        """
        key = (decimals, unit, booleans)
        found = self._formatters.get(key)
        if found is None:
            found = self._formatters[key] = self._make(decimals, unit, booleans or self.booleans)
        return found

    def _make(self, decimals: int | None, unit: str, booleans: tuple[str, str]) -> Callable[[Value], str]:
        tail = NBSP + unit if unit else ""
        point = self.point
        shape = "" if decimals is None else f".{decimals}f"
        off, on = booleans

        def text(value: Value) -> str:
            if type(value) is float:
                if not math.isfinite(value):
                    return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞") + tail
                if not shape or value >= 1e15 or value <= -1e15:
                    said = repr(value)
                    said = said.removesuffix(".0")
                else:
                    said = format(value, shape)
                    if said[0] == "-" and not said.strip("-0."):
                        said = said[1:]  # no minus zero
                return (said if point == "." else said.replace(".", point)) + tail
            if value is True:
                return on
            if value is False:
                return off
            if value is None:
                return ""
            if isinstance(value, int):
                return str(value) + tail
            if isinstance(value, str):
                return value
            if isinstance(value, datetime):
                return self._date(value)
            if isinstance(value, bytes):
                return (value[:8].hex(" ") + (" …" if len(value) > 8 else "")).upper()
            if isinstance(value, tuple):
                said = "; ".join(bare(part) for part in value[:_LONG_ARRAY])
                return f"[{said}{'; …' if len(value) > _LONG_ARRAY else ''}] ({len(value)})" + tail
            return str(value)

        bare = text if not tail else self.formatter(decimals, "", booleans)
        return text

    def parse(self, text: str, data_type: str) -> Value:
        """What a person typed, as a value of the built-in type `data_type`. Raises NumberError; never guesses."""
        text = text.strip()
        if data_type == "String":
            return text
        if not text:
            raise NumberError("empty")
        if data_type == "Boolean":
            return self._boolean(text)
        if data_type in ("DateTime", "UtcTime"):
            return self._moment(text)
        number = self._canonical(text)
        if data_type in _INTEGERS:
            return self._integer(number, text, *_INTEGERS[data_type])
        value = float(number)
        most = _FLOAT_MOST if data_type == "Float" else 1.7976931348623157e308
        if not abs(value) <= most:
            raise NumberError("out-of-range", text=text, low=self.format(-most), high=self.format(most))
        return value

    def _canonical(self, text: str) -> str:
        number = text.replace(MINUS, "-")
        sign = number[:1] if number[:1] in ("-", "+") else ""
        mantissa, mark, exponent = number[len(sign) :].lower().partition("e")
        whole, point, fraction = mantissa.partition(self.point)
        if any(character in _GROUPS for character in whole + fraction) and not (
            set(whole + fraction) - _GROUPS - set("0123456789")
        ):
            raise NumberError("group", text=text, point=self.point)
        if not _digits(whole + fraction) or (point and not (whole and fraction)):
            raise NumberError("not-a-number", text=text)
        if mark and not _digits(exponent.removeprefix("-") if exponent[:1] == "-" else exponent.removeprefix("+")):
            raise NumberError("not-a-number", text=text)
        return f"{sign}{whole}.{fraction or 0}" + (f"e{exponent}" if mark else "")

    def _integer(self, number: str, text: str, low: int, high: int) -> int:
        mantissa, mark, exponent = number.partition("e")
        whole, _, fraction = mantissa.partition(".")
        if fraction.strip("0") or (mark and len(exponent) > 3):
            raise NumberError("not-whole", text=text)
        if mark:
            if exponent.startswith("-"):
                raise NumberError("not-whole", text=text)
            value = int(whole + "0" * int(exponent))
        else:
            value = int(whole)
        if not low <= value <= high:
            raise NumberError("out-of-range", text=text, low=str(low), high=str(high))
        return value

    def _boolean(self, text: str) -> bool:
        folded = text.casefold()
        off, on = (word.casefold() for word in self.booleans)
        if folded in (on, "true", "1"):
            return True
        if folded in (off, "false", "0"):
            return False
        raise NumberError("not-a-choice", text=text)

    def _date(self, value: datetime) -> str:
        local = value.astimezone(self.zone)
        said = f"{local:%Y-%m-%d %H:%M:%S}".zfill(19)
        if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
            return said
        offset = f"{local:%z}"
        return f"{said} {offset[:3]}:{offset[3:5]}"

    def _moment(self, text: str) -> datetime:
        shape = "YYYY-MM-DD HH:MM:SS"
        if not text.isascii() or not text[:4].isdigit() or "W" in text:
            raise NumberError("not-a-date", text=text, shape=shape)
        try:
            date, _, rest = text.partition(" ")
            typed = datetime.fromisoformat(f"{date}T{rest.strip().replace(' ', '')}" if rest else date)
        except ValueError:
            raise NumberError("not-a-date", text=text, shape=shape) from None
        try:
            if typed.tzinfo is not None:
                return typed.astimezone(UTC)
            first, second = typed.replace(tzinfo=self.zone, fold=0), typed.replace(tzinfo=self.zone, fold=1)
            moment = first.astimezone(UTC)
            back = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
        except OverflowError:
            raise NumberError("not-a-date", text=text, shape=shape) from None
        if first.utcoffset() != second.utcoffset():
            gone = back != typed
            raise NumberError("no-such-time" if gone else "two-times", text=text, example=_with_offset(first))
        return moment


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _with_offset(moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    return f"{moment:%Y-%m-%d %H:%M:%S} {'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
