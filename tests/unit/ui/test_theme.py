"""Light and dark are the same names, and what is written can be read (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import tomllib

import pytest
from PySide6.QtGui import QColor

from ui.theme import THEMES
from vizclient.resources import resource_path


def colors(name: str) -> dict[str, str]:
    return tomllib.loads(resource_path("theme", f"{name}.toml").read_text(encoding="utf-8"))


def contrast(one: str, other: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    def luminance(text: str) -> float:
        color = QColor(text)
        return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF())

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("page", "surface", "raised")
TEXTS = (
    *[(ink, ground) for ground in GROUNDS for ink in ("ink", "ink-muted", "accent", "stale", "never")],
    *[(f"{style}-ink", ground) for ground in GROUNDS for style in ("ok", "warning", "alarm", "info")],
    *[(f"on-{style}", style) for style in ("accent", "ok", "muted", "warning", "alarm", "info", "body-on")],
)
MARKS = (
    *[(mark, ground) for ground in GROUNDS for mark in ("uncertain", "bad", "unsynchronised", "missing", "focus")],
    *[("line-strong", ground) for ground in GROUNDS],
    ("body-on", "page"),
    ("body-on", "sunken"),
)


def test_both_themes_have_the_same_names() -> None:
    light, *others = (colors(name).keys() for name in THEMES)
    assert all(other == light for other in others)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_text_stands_out(theme: str, ink: str, ground: str) -> None:
    assert contrast(colors(theme)[ink], colors(theme)[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_and_edges_stand_out(theme: str, mark: str, ground: str) -> None:
    assert contrast(colors(theme)[mark], colors(theme)[ground]) >= 3.0
