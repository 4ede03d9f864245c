"""Every symbol says how far its value can be trusted, by shape: in colour, in grey, and to an eye that is not quite sharp."""

from __future__ import annotations

import argparse
import inspect
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtCore import QLocale, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from ui.numbers import Numbers
from ui.symbols.contract import Shown
from ui.symbols.sheet import CELL, SPECIMENS, STILL, Specimen, paint_specimen, run, sheet, shown
from ui.symbols.table import SYMBOLS
from ui.theme import Theme, load_fonts, load_theme
from ui.words import Words
from vizclient.items.freshness import Freshness
from vizclient.pages.document import Element

NUMBERS, WORDS = Numbers(QLocale("en")), Words.of("en")


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Theme:
    load_fonts()
    return load_theme(request.param)


def picture(specimen: Specimen, freshness: Freshness, theme: Theme, scale: float = 1.0) -> QImage:
    image = QImage(round(CELL[0] * scale), round(CELL[1] * scale), QImage.Format.Format_RGB32)
    image.fill(theme.color("page"))
    painter = QPainter(image)
    painter.scale(scale, scale)
    paint_specimen(painter, specimen, shown(specimen, freshness, NUMBERS, WORDS), theme)
    painter.end()
    return image


def blurred_grey(image: QImage) -> QImage:
    half = image.scaled(image.size() * 0.6, mode=Qt.TransformationMode.SmoothTransformation)
    return half.scaled(
        image.size(), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    ).convertToFormat(QImage.Format.Format_Grayscale8)


def different_pixels(one: QImage, other: QImage, threshold: int = 20) -> int:
    pairs = zip(grey_bytes(one), grey_bytes(other), strict=True)
    return sum(abs(a - b) > threshold for a, b in pairs)


def grey_bytes(image: QImage) -> bytes:
    lines = image.convertToFormat(QImage.Format.Format_Grayscale8)
    every = memoryview(lines.constBits()).tobytes()
    pitch, width = lines.bytesPerLine(), lines.width()
    return b"".join(every[row * pitch : row * pitch + width] for row in range(lines.height()))


def test_the_table_has_just_the_types_of_the_schema() -> None:
    types = {member.__struct_config__.tag for member in get_args(Element)}
    assert types == set(SYMBOLS)


def test_every_symbol_is_on_the_sheet() -> None:
    assert {specimen.properties["type"] for specimen in (*SPECIMENS, *STILL)} == set(SYMBOLS)


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.title)
def test_no_two_states_look_alike_even_in_blurred_grey(specimen: Specimen, theme: Theme) -> None:
    pictures = {freshness: blurred_grey(picture(specimen, freshness, theme)) for freshness in Freshness}
    for one, other in combinations(Freshness, 2):
        if {one, other} == {Freshness.LIVE, Freshness.HELD}:
            continue  # the frame of the page tells these two apart
        assert different_pixels(pictures[one], pictures[other]) >= 20, f"{one} and {other}"


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.title)
def test_held_leaves_the_symbol_plain(specimen: Specimen, theme: Theme) -> None:
    assert picture(specimen, Freshness.HELD, theme) == picture(specimen, Freshness.LIVE, theme)


@pytest.mark.parametrize("scale", [1.0, 1.37, 2.0])
@pytest.mark.parametrize("specimen", [*SPECIMENS, *STILL], ids=lambda specimen: specimen.title)
def test_a_symbol_stays_within_its_ink(specimen: Specimen, scale: float, theme: Theme) -> None:
    """The canvas clips to the ink: what is drawn beyond it would be cut."""
    element = specimen.element
    symbol = SYMBOLS[element.type]
    rect = QRectF(*element.rect)
    ink = symbol.ink(rect, element)
    for freshness in Freshness:
        image = QImage(round(CELL[0] * scale), round(CELL[1] * scale), QImage.Format.Format_RGB32)
        image.fill(theme.color("page"))
        painter = QPainter(image)
        painter.scale(scale, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=symbol.smooth)
        state = shown(specimen, freshness, NUMBERS, WORDS)
        symbol.paint(painter, rect, element, state, specimen.metadata, theme)
        painter.resetTransform()
        painter.fillRect(QRectF(ink.topLeft() * scale, ink.size() * scale).toAlignedRect(), theme.color("page"))
        painter.end()
        blank = QImage(image.size(), image.format())
        blank.fill(theme.color("page"))
        assert image == blank, freshness


@pytest.mark.parametrize("scale", [0.76, 1.0, 1.25, 1.5, 1.618, 3.0])
def test_the_quick_way_paints_what_the_slow_one_does_and_needs_no_clip(scale: float, theme: Theme) -> None:
    tight = Specimen("tight", SPECIMENS[0].properties | {"rect": (10.5, 30.5, 37.5, 9.5), "size": 8}, 21.5)
    low = Specimen("low", SPECIMENS[0].properties | {"rect": (10, 30, 60, 7), "size": 16, "align": "left"}, "Ägypten |")
    for specimen in (*SPECIMENS, tight, low):
        element = specimen.element
        quick = SYMBOLS[element.type].quick
        again = quick(QRectF(*element.rect), element, theme, scale, 0, 0) if quick else None
        if again is None:
            continue
        for freshness in (*Freshness, *Freshness):
            slow = picture(specimen, freshness, theme, scale)
            image = QImage(slow.size(), slow.format())
            image.fill(theme.color("page"))
            painter = QPainter(image)
            again.paint(painter, shown(specimen, freshness, NUMBERS, WORDS))
            painter.end()
            assert image == slow, (specimen.title, freshness)


def test_there_is_no_quick_way_where_a_symbol_is_too_small_for_it(theme: Theme) -> None:
    element = SPECIMENS[0].element
    quick = SYMBOLS["value"].quick
    assert quick is not None
    assert quick(QRectF(*element.rect), element, theme, 0.5, 0, 0) is None


def test_a_number_that_does_not_fit_is_never_cut(theme: Theme) -> None:
    """Of 12345 in too small a place, nothing may be left that reads as another number."""

    def narrow(value: float) -> QImage:
        properties = {"type": "value", "rect": (10, 20, 34, 20), "item": "a", "decimals": 0}
        return picture(Specimen("", properties, value), Freshness.LIVE, theme)

    assert narrow(123456.0) == narrow(987654.0)
    assert narrow(12.0) != narrow(13.0)


def test_a_value_comes_before_its_age_where_there_is_room_for_one(theme: Theme) -> None:
    specimen = Specimen("", {"type": "value", "rect": (10, 20, 60, 20), "item": "a", "decimals": 0}, 123456.0)
    state = shown(specimen, Freshness.STALE, NUMBERS, WORDS)

    def painted(state: Shown) -> QImage:
        image = QImage(128, 84, QImage.Format.Format_RGB32)
        image.fill(theme.color("page"))
        painter = QPainter(image)
        paint_specimen(painter, specimen, state, theme)
        painter.end()
        return image

    assert painted(state) == painted(state._replace(age=""))
    assert painted(state._replace(text="12")) != painted(state._replace(text="12", age=""))


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.title)
def test_a_description_never_gives_a_value_without_its_freshness(specimen: Specimen) -> None:
    element = specimen.element
    for freshness in Freshness:
        description = SYMBOLS[element.type].describe(element, shown(specimen, freshness, NUMBERS, WORDS))
        assert description.name
        assert f"freshness.{freshness.value}" in description.states
        assert all(WORDS.knows(code) for code in description.states), description.states


def test_symbols_know_no_widget_no_store_and_no_clock() -> None:
    for name in SYMBOLS:
        module = inspect.getmodule(SYMBOLS[name].paint)
        assert module is not None
        source = inspect.getsource(module)
        for banned in ("QtWidgets", "vizclient.link", "import time", "..canvas"):
            assert banned not in source, name


@pytest.mark.parametrize("grey", [False, True])
def test_the_contact_sheet_is_written(tmp_path: Path, qapp: QApplication, *, grey: bool) -> None:
    out = tmp_path / "sheet.png"
    assert run(argparse.Namespace(out=out, grey=grey, theme="dark", scale=1.0)) == 0
    image = QImage(str(out))
    assert image.isGrayscale() is grey


def test_a_sheet_at_half_more_is_half_larger(theme: Theme) -> None:
    assert sheet(theme, 1.5, grey=False).width() == round(sheet(theme, 1.0, grey=False).width() * 1.5)
