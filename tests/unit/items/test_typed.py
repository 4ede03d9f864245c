"""Values made to fit a data type, or refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.metadata import Metadata
from vizclient.items.typed import INTEGERS, ValueRefused, fit, same
from vizclient.items.value import Value

_NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value", "fitted"),
    [
        ("Boolean", True, True),
        ("Int16", -5, -5),
        ("Int16", 21.0, 21),
        ("UInt64", 2**64 - 1, 2**64 - 1),
        ("Int64", -(2**63), -(2**63)),
        ("Double", 5, 5.0),
        ("Float", 21.3, 21.3),
        ("String", "täglich", "täglich"),
        ("ByteString", b"\x00\xff", b"\x00\xff"),
        ("DateTime", _NOON.astimezone(timezone(timedelta(hours=2))), _NOON),
    ],
)
def test_a_value_becomes_what_the_type_holds(kind: str, value: Value, fitted: Value) -> None:
    found = fit(value, Metadata(kind))
    assert found == fitted
    assert type(found) is type(fitted)


@pytest.mark.parametrize(
    ("metadata", "value", "code"),
    [
        (Metadata("Boolean"), 1, "write-type"),
        (Metadata("Double"), True, "write-type"),
        (Metadata("Double"), "21", "write-type"),
        (Metadata("Int32"), True, "write-type"),
        (Metadata("Int32"), 21.5, "write-whole"),
        (Metadata("Int32"), math.nan, "write-type"),
        (Metadata("Byte"), 256, "write-range"),
        (Metadata("SByte"), -129, "write-range"),
        (Metadata("UInt32"), -1, "write-range"),
        (Metadata("Float"), 1e39, "write-range"),
        (Metadata("Double"), math.inf, "write-not-finite"),
        (Metadata("Double"), math.nan, "write-not-finite"),
        (Metadata("Double"), 10**400, "write-not-finite"),
        (Metadata("Double", low=5.0, high=30.0), 30.001, "write-range"),
        (Metadata("Double", low=5.0), 4, "write-range"),
        (Metadata("Int32", labels=((0, "Off"), (1, "Auto"))), 2, "write-choice"),
        (Metadata("String"), b"x", "write-type"),
        (Metadata("String"), "\ud800", "write-text"),
        (Metadata("ByteString"), "x", "write-type"),
        (Metadata("DateTime"), datetime(2024, 6, 1), "write-type"),  # noqa: DTZ001 - that is what must be refused
        (Metadata("Double"), None, "write-type"),
        (Metadata("Double"), (1.0,), "write-scalar"),
        (Metadata("Double", value_rank=1), 1.0, "write-array"),
        (Metadata("Double", value_rank=1), ((1.0,),), "write-array"),
        (Metadata("Double", value_rank=1), (1.0, "x"), "write-type"),
        (Metadata("Guid"), "x", "write-type"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(metadata: Metadata, value: Value, code: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        fit(value, metadata)
    assert refused.value.code == code


def test_arrays_fit_by_their_elements() -> None:
    assert fit((1, 2.5), Metadata("Double", value_rank=1)) == (1.0, 2.5)
    assert fit((), Metadata("Double", value_rank=1)) == ()
    assert fit(((1, 2), (3, 4)), Metadata("Int16", value_rank=2)) == ((1, 2), (3, 4))


def test_limits_of_the_control_stand_in_place_of_the_range() -> None:
    metadata = Metadata("Double", low=5.0, high=30.0)
    assert fit(40, metadata, (0.0, 50.0)) == 40.0
    with pytest.raises(ValueRefused):
        fit(20, metadata, (None, 19.0))


def test_a_refused_range_says_its_figures_plainly() -> None:
    with pytest.raises(ValueRefused) as refused:
        fit(31, Metadata("Double", low=5.0, high=30.5))
    assert refused.value.arguments == {"value": "31", "low": "5", "high": "30.5"}


@given(st.sampled_from(sorted(INTEGERS)), st.integers())
def test_an_integer_is_written_as_it_is_or_not_at_all(kind: str, value: int) -> None:
    low, high = INTEGERS[kind]
    if low <= value <= high:
        assert fit(value, Metadata(kind)) == value
    else:
        with pytest.raises(ValueRefused):
            fit(value, Metadata(kind))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_float_reads_back_as_the_nearest_single(value: float) -> None:
    assert same(value, value, "Float", None)
    assert same(value * (1 + 1e-8), value, "Float", None) or abs(value) > 3.4e38


@pytest.mark.parametrize(
    ("written", "read", "kind", "tolerance", "is_same"),
    [
        (21.3, 21.299999237060547, "Float", None, True),
        (21.3, 21.31, "Float", None, False),
        (21.3, 21.299999237060547, "Double", None, False),
        (21.3, 21.4, "Double", 0.2, True),
        (21, 22, "Int32", None, False),
        (21, 22, "Int32", 1.0, True),
        (True, 1, "Boolean", None, False),
        (True, True, "Boolean", None, True),
        (math.nan, math.nan, "Double", None, True),
        ("a", "a", "String", None, True),
        (1.0, "1.0", "Double", None, False),
        ((1.0, 2.0), (1.0, 2.0), "Double", None, True),
        ((1.0, 2.0), (1.0,), "Double", None, False),
        (_NOON, _NOON, "DateTime", None, True),
        (_NOON, _NOON + timedelta(seconds=1), "DateTime", None, False),
        (5.0, None, "Double", None, False),
    ],
)
def test_reading_back_compares_as_the_type_does(
    written: Value, read: Value, kind: str, tolerance: float | None, is_same: bool
) -> None:
    assert same(written, read, kind, tolerance) is is_same
