"""Values as text and JSON: what is written down comes back as it was."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest

from vizclient.headless.forms import json_value, parse_value, text_value
from vizclient.items.metadata import Metadata
from vizclient.items.typed import ValueRefused
from vizclient.items.value import Value
from vizclient.phrases import phrase

_LABELS = ((0, "Off"), (1, "Auto"), (2, "Heating"))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (b"\x00\xff", {"base64": "AP8="}),
        (datetime(2026, 2, 3, 4, 5, 6, 500_000, tzinfo=UTC), "2026-02-03T04:05:06.500000Z"),
        ((1, (2.5, None)), [1, [2.5, None]]),
        (True, True),
        (2**63, 2**63),
    ],
)
def test_each_type_has_its_json_form(value: Value, form: object) -> None:
    assert json_value(value) == form
    assert json.loads(json.dumps(json_value(value), allow_nan=False)) == form


@pytest.mark.parametrize(
    ("text", "metadata", "value"),
    [
        ("ON", Metadata("Boolean"), True),
        ("0", Metadata("Boolean"), False),
        ("open", Metadata("Boolean", true_label="Open", false_label="Closed"), True),
        ("-7", Metadata("Int16"), -7),
        ("0x1F", Metadata("Byte"), 31),
        ("heating", Metadata("Int32", labels=_LABELS), 2),
        ("1", Metadata("Int32", labels=_LABELS), 1),
        ("21.5", Metadata("Double"), 21.5),
        ("-1e3", Metadata("Float"), -1000.0),
        (" x ", Metadata("String"), " x "),
        ("AP8=", Metadata("ByteString"), b"\x00\xff"),
        ("2026-02-03T05:05:06+01:00", Metadata("DateTime"), datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("[1, 2.5]", Metadata("Double", value_rank=1), (1.0, 2.5)),
        ("[[1, 2], [3, 4]]", Metadata("Int32", value_rank=2), ((1, 2), (3, 4))),
        ('["a", "1"]', Metadata("String", value_rank=1), ("a", "1")),
        ("[true, false]", Metadata("Boolean", value_rank=1), (True, False)),
        ('[{"base64": "AP8="}]', Metadata("ByteString", value_rank=1), (b"\x00\xff",)),
    ],
)
def test_an_argument_is_read_as_the_item_wants_it(text: str, metadata: Metadata, value: Value) -> None:
    found = parse_value(text, metadata)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "metadata"),
    [
        ("yes!", Metadata("Boolean")),
        ("1.5", Metadata("Int32")),
        ("1_000", Metadata("Double")),
        ("1.234,5", Metadata("Double")),
        ("", Metadata("Double")),
        ("Cooling", Metadata("Int32", labels=_LABELS)),
        ("***", Metadata("ByteString")),
        ("2026-02-03T05:05:06", Metadata("DateTime")),
        ("1, 2", Metadata("Double", value_rank=1)),
        ("5", Metadata("Double", value_rank=1)),
        ("[1, x]", Metadata("Double", value_rank=1)),
        ("x", Metadata("Guid")),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, metadata: Metadata) -> None:
    with pytest.raises(ValueRefused):
        parse_value(text, metadata)


def test_a_value_is_shown_with_its_unit() -> None:
    assert text_value(21.3, Metadata("Float", unit="°C")) == "21.3 °C"
    assert text_value(None, Metadata("Float", unit="°C")) == "–"
    assert text_value("text", Metadata("String")) == "text"
    assert text_value((1, 2)) == "[1, 2]"


@pytest.mark.parametrize(
    ("text", "metadata", "code"),
    [
        ("21,5", Metadata("Float"), "write-parse-number"),
        ("1.234,5", Metadata("Double"), "write-parse-number"),
        ("x", Metadata("Byte"), "write-parse-whole"),
        ("Cooling", Metadata("Int32", labels=_LABELS), "write-parse-name"),
        ("2", Metadata("Boolean"), "write-parse-boolean"),
        ("tomorrow", Metadata("DateTime"), "write-parse-time"),
        ("/w", Metadata("ByteString"), "write-parse-bytes"),
        ("x", Metadata("Guid"), "write-type"),
    ],
)
def test_what_cannot_be_read_says_how_it_would_be_written(text: str, metadata: Metadata, code: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        parse_value(text, metadata)
    assert refused.value.code == code
    assert "{" not in phrase(code, refused.value.arguments)
