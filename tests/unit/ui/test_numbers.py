"""Values as text and back: never guessed, never off by a factor of a thousand."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale

from ui.numbers import NBSP, NumberError, Numbers

LOCALES = ("en_GB", "de_DE", "fr_FR", "de_CH", "sv_SE", "pl_PL", "C")
locales = st.sampled_from([Numbers(QLocale(name), ZoneInfo("Europe/Berlin")) for name in LOCALES])
english, german = Numbers(QLocale("en_GB"), UTC), Numbers(QLocale("de_DE"), ZoneInfo("Europe/Berlin"))


def refusal(numbers: Numbers, text: str, data_type: str = "Double") -> str:
    with pytest.raises(NumberError) as caught:
        numbers.parse(text, data_type)
    return caught.value.code


@given(locales, st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_exactly(numbers: Numbers, value: float) -> None:
    assert numbers.parse(numbers.format(value), "Double") == value


@given(locales, st.floats(min_value=-1e14, max_value=1e14), st.integers(0, 9))
def test_fixed_decimals_come_back_as_they_were_shown(numbers: Numbers, value: float, decimals: int) -> None:
    assert numbers.parse(numbers.format(value, decimals), "Double") == float(f"{value:.{decimals}f}")


@given(locales, st.integers(-(2**63), 2**63 - 1))
def test_a_64_bit_integer_comes_back_exactly(numbers: Numbers, value: int) -> None:
    assert numbers.parse(numbers.format(value), "Int64") == value


@given(
    locales,
    st.integers(600_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_a_moment_comes_back_whatever_the_clocks_did(numbers: Numbers, value: datetime) -> None:
    assert numbers.parse(numbers.format(value), "DateTime") == value


@given(locales, st.booleans())
def test_a_boolean_comes_back_by_its_word(numbers: Numbers, value: bool) -> None:
    assert numbers.parse(numbers.format(value), "Boolean") is value


@given(locales, st.text(alphabet="0123456789., '’\u00a0\u202f", min_size=1, max_size=8))
def test_what_is_taken_means_just_its_figures(numbers: Numbers, text: str) -> None:
    """Nothing with a separator in it is taken but the one decimal mark between figures."""
    try:
        value = numbers.parse(text, "Double")
    except NumberError:
        return
    whole, mark, fraction = text.strip().partition(numbers.point)
    assert whole.isdigit()
    assert fraction.isdigit() if mark else not fraction
    assert value == float(f"{whole}.{fraction or 0}")


@pytest.mark.parametrize("text", ["1.234", "1.5", "1.234,5", "1 234", "1'234", "1\u00a0234", "1\u202f234"])
def test_german_refuses_everything_that_may_be_a_group(text: str) -> None:
    assert refusal(german, text) == "group"


@pytest.mark.parametrize("text", ["1,234", "1,5", "1,234.5", "1.234.5", "12 000"])
def test_english_refuses_everything_that_may_be_a_group(text: str) -> None:
    assert refusal(english, text) == "group"


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_typed_is_not_zero(text: str) -> None:
    assert refusal(english, text) == "empty"


@pytest.mark.parametrize(
    "text", ["abc", "1.", ".5", "-", "+-1", "1e", "1e+", "1e5.0", "0x10", "١٢", "1_000", "NaN", "inf", "∞", "12 °C"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert refusal(english, text) in ("not-a-number", "group")


def test_signs_and_exponents_are_understood() -> None:
    assert german.parse("-1,5", "Double") == -1.5
    assert german.parse("−1,5", "Double") == -1.5  # the typographic minus
    assert german.parse(" +2 ", "Double") == 2.0
    assert german.parse("1,5e3", "Float") == 1500.0


@pytest.mark.parametrize(
    ("text", "data_type", "code"),
    [
        ("1.5", "Int32", "not-whole"),
        ("1e-3", "Int32", "not-whole"),
        ("256", "Byte", "out-of-range"),
        ("-1", "UInt16", "out-of-range"),
        ("9223372036854775808", "Int64", "out-of-range"),
        ("1e400", "Double", "out-of-range"),
        ("1e39", "Float", "out-of-range"),
        ("perhaps", "Boolean", "not-a-choice"),
        ("2025-02-30 10:00", "DateTime", "not-a-date"),
        ("yesterday", "DateTime", "not-a-date"),
    ],
)
def test_what_the_type_cannot_hold_is_refused(text: str, data_type: str, code: str) -> None:
    assert refusal(english, text, data_type) == code


def test_a_whole_number_may_be_written_with_an_empty_fraction() -> None:
    assert english.parse("5.0", "Int16") == 5
    assert english.parse("2e3", "Int16") == 2000


def test_a_local_time_that_never_was_or_was_twice_is_refused() -> None:
    assert refusal(german, "2025-03-30 02:30", "DateTime") == "no-such-time"
    assert refusal(german, "2025-10-26 02:30", "DateTime") == "two-times"
    assert german.parse("2025-10-26 02:30 +01:00", "DateTime") == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


def test_a_refusal_names_the_right_decimal_mark() -> None:
    with pytest.raises(NumberError) as caught:
        german.parse("1.234", "Double")
    assert caught.value.arguments == {"text": "1.234", "point": ","}


def test_values_are_written_as_the_locale_does() -> None:
    assert german.format(21.46, 1, "°C") == f"21,5{NBSP}°C"
    assert english.format(-0.04, 1) == "0.0"  # no minus zero
    assert english.format(2**63 - 1) == "9223372036854775807"
    assert english.format(math.nan, 1, "°C") == "NaN"
    assert english.format(-math.inf) == "-∞"
    assert english.format(None) == ""
    assert english.format(True) == "On"
    assert german.format((1.5, 2.25, 3.0, 4.0), 1, "kW") == f"[1,5; 2,2; 3,0; …] (4){NBSP}kW"
    assert english.format(b"\x01\xff") == "01 FF"
    assert english.format("as it is") == "as it is"


def test_a_time_says_its_distance_from_utc_only_where_it_happens_twice() -> None:
    assert german.format(datetime(2025, 7, 1, 12, 0, 5, tzinfo=UTC)) == "2025-07-01 14:00:05"
    assert german.format(datetime(2025, 10, 26, 1, 30, tzinfo=UTC)) == "2025-10-26 02:30:00 +01:00"
