"""What may be written, and why not: pure functions of what is known."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale

from fakes.connections import connected, searching
from ui.numbers import Numbers
from ui.writing import Complaint, Target, check, obstacle, read_typed, value_in_words
from vizclient.items.address import Address
from vizclient.items.freshness import Standing
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample, Value
from vizclient.link.mirror import Mirror
from vizclient.redundancy.model import Connection

NUMBERS = Numbers(QLocale("en"))
DOUBLE = Metadata("Double", writable=True, unit="°C", low=15.0, high=28.0)
TARGET = Target("e", 0, "Set-point", decimals=1)


def mirror_of(metadata: Metadata | None, sample: Sample | None = None, generation: int = 1) -> Mirror:
    mirror = Mirror()
    mirror.handle(Address("urn:b", "x"))
    mirror.take_metadata([(0, metadata)])
    mirror.take_standing(Standing(generation))
    mirror.heard_at = 100.0
    if sample is not None:
        mirror.take_samples([(0, sample)])
    return mirror


@pytest.mark.parametrize(
    ("metadata", "sample", "connection", "now", "code"),
    [
        (DOUBLE, Sample(20.0, 0, None, 1, "main"), connected(), 100.0, None),
        (DOUBLE, None, None, 100.0, "write.not-connected"),
        (DOUBLE, None, searching(), 100.0, "write.not-connected"),
        (DOUBLE, None, connected(), 100.6, "write.link-lost"),
        (DOUBLE, None, connected(sure=False), 100.0, "write.unsure"),
        (DOUBLE, Sample(None, 0x80340000, None, 1, "main"), connected(), 100.0, "write.missing"),
        (None, None, connected(), 100.0, "write.no-metadata"),
        (Metadata("Double"), None, connected(), 100.0, "write.not-writable"),
        (Metadata("ByteString", writable=True), None, connected(), 100.0, "write.kind"),
        (Metadata("Double", 1, writable=True), None, connected(), 100.0, "write.kind"),
    ],
)
def test_what_keeps_an_item_from_being_written(
    metadata: Metadata | None, sample: Sample | None, connection: Connection | None, now: float, code: str | None
) -> None:
    found = obstacle(TARGET, mirror_of(metadata, sample), connection, now)
    assert (None if found is None else found.code) == code


@pytest.mark.parametrize(
    ("text", "metadata", "expected"),
    [
        ("21.5", DOUBLE, 21.5),
        ("28.5", DOUBLE, "write.too-high"),
        ("14", DOUBLE, "write.too-low"),
        ("1 000", DOUBLE, "number.group"),
        ("7", Metadata("Int16", writable=True), 7),
        ("7.5", Metadata("Int16", writable=True), "number.not-whole"),
        ("on", Metadata("Boolean", writable=True), True),
        ("some text", Metadata("LocalizedText", writable=True), "some text"),
        ("9", Metadata("Int32", writable=True, labels=((1, "Heat"),)), "write-choice"),
    ],
)
def test_what_is_typed_becomes_a_value_or_a_complaint(text: str, metadata: Metadata, expected: Value) -> None:
    found = read_typed(text, TARGET, metadata, NUMBERS)
    assert (found.code if isinstance(found, Complaint) else found) == expected


def test_limits_of_the_page_stand_before_those_of_the_item_each_for_itself() -> None:
    target = Target("e", 0, "x", low=18.0)
    assert target.limits(DOUBLE) == (18.0, 28.0)
    found = check(16.0, target, DOUBLE, NUMBERS)
    assert isinstance(found, Complaint)
    assert found.arguments == {"low": "18\u00a0°C"}


@pytest.mark.parametrize(
    ("value", "metadata", "said"),
    [
        (21.0, DOUBLE, "21.0\u00a0°C"),
        (21.25, DOUBLE, "21.25\u00a0°C"),
        (2, Metadata("Int32", labels=((2, "Cool"),)), "Cool (2)"),
        (True, Metadata("Boolean", true_label="Open"), "Open"),
        (False, Metadata("Boolean"), "Off"),
        (1, Metadata("Int32", labels=((2, "Cool"),)), "1"),
    ],
)
def test_a_value_is_said_exactly_as_it_will_be_written(value: Value, metadata: Metadata, said: str) -> None:
    assert value_in_words(value, TARGET, metadata, NUMBERS) == said
