"""Windows on plain values, and what drives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from fakes.desk import NAMES, PAGES, SET_POINT, SWITCH, Desk, Present, write_bundle
from ui.numbers import Numbers
from ui.speaker import Speaker
from ui.style import dress
from ui.theme import load_fonts, load_theme
from ui.times import Times
from ui.words import Words
from vizclient.link.client import LinkClient
from vizclient.link.mirror import Mirror
from vizclient.pages.bundle import load_bundle


@pytest.fixture
def make_desk(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[[str], Desk]]:
    """A desk in one language."""
    load_fonts()
    theme = load_theme("light")
    dress(qapp, theme)
    desks: list[Desk] = []

    def make(language: str = "en") -> Desk:
        mirror, words = Mirror(), Words.of(language)
        mirror.heard_at = 1000.0
        locale = QLocale(words.language if words.language in ("en", "de") else "en")
        speaker = Speaker(words, Times(words, locale, "UTC"), NAMES)
        bundle = load_bundle(write_bundle(tmp_path / f"bundle-{len(desks)}", PAGES))
        desk = Desk(mirror, LinkClient("none", None, mirror), speaker, Numbers(locale), theme, Present(), bundle)
        for name, metadata in (("Set", SET_POINT), ("Sure", SET_POINT), ("Light", SWITCH)):
            mirror.take_metadata([(desk.handle(f"b:{name}"), metadata)])
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        for window in desk.windows:
            if window.controls.dialog is not None:
                window.controls.dialog.reject()
            if window.logins.dialog is not None:
                window.logins.dialog.reject()
            window.canvas.detach()
            window.close()
            window.deleteLater()


@pytest.fixture
def desk(make_desk: Callable[[str], Desk]) -> Desk:
    """A desk in English."""
    return make_desk("en")
