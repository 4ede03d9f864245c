"""How things look: colours by what they are for, and the one font. Light and dark have the same names.

Knows no widget. Everything is loaded from the shipped resources, so no picture depends on the fonts of a computer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontDatabase, QPalette, QPen

from vizclient.resources import resource_path

from .lettering import WEIGHTS, Lettering, Weight

FAMILY = "Inter"
THEMES = ("light", "dark")
_FACES = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")


class Theme:
    """Colours, pens, brushes and fonts by name. A colour that is asked for and does not exist is a KeyError."""

    def __init__(self, name: str, colors: Mapping[str, str]) -> None:
        self.name = name
        self.colors = {token: QColor(value) for token, value in colors.items()}
        self.letters = Lettering(self.font)
        self._pens: dict[tuple[str, float, Qt.PenStyle], QPen] = {}
        self._brushes: dict[str, QBrush] = {}
        self._fonts: dict[tuple[int, Weight], QFont] = {}

    @property
    def dark(self) -> bool:
        """Whether text is lighter than what it stands on."""
        return self.colors["page"].lightnessF() < 0.5

    def color(self, token: str) -> QColor:
        """The colour called `token`. Shared: do not change it."""
        return self.colors[token]

    def pen(self, token: str, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """A pen with flat caps and mitred joins. Shared: do not change it."""
        key = (token, width, style)
        pen = self._pens.get(key)
        if pen is None:
            pen = QPen(self.colors[token], width, style, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)
            self._pens[key] = pen
        return pen

    def brush(self, token: str) -> QBrush:
        """A solid brush. Shared: do not change it."""
        brush = self._brushes.get(token)
        if brush is None:
            brush = self._brushes[token] = QBrush(self.colors[token])
        return brush

    def font(self, size: int, weight: Weight = "regular") -> QFont:
        """The font at `size` logical pixels, with tabular figures."""
        font = self._fonts.get((size, weight))
        if font is None:
            font = QFont(FAMILY)
            font.setPixelSize(size)
            font.setWeight(WEIGHTS[weight])
            font.setFeature(QFont.Tag("tnum"), 1)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            font.setStyleStrategy(QFont.StyleStrategy.NoSubpixelAntialias)
            self._fonts[size, weight] = font
        return font

    def palette(self) -> QPalette:
        """The same colours for real widgets."""
        palette = QPalette()
        roles = QPalette.ColorRole
        for role, token in (
            (roles.Window, "surface"),
            (roles.WindowText, "ink"),
            (roles.Base, "raised"),
            (roles.AlternateBase, "surface"),
            (roles.Text, "ink"),
            (roles.PlaceholderText, "ink-muted"),
            (roles.Button, "raised"),
            (roles.ButtonText, "ink"),
            (roles.BrightText, "alarm-ink"),
            (roles.Highlight, "accent"),
            (roles.HighlightedText, "on-accent"),
            (roles.Accent, "accent"),
            (roles.Link, "accent"),
            (roles.LinkVisited, "accent"),
            (roles.ToolTipBase, "raised"),
            (roles.ToolTipText, "ink"),
            (roles.Light, "raised"),
            (roles.Midlight, "surface"),
            (roles.Mid, "line"),
            (roles.Dark, "line-strong"),
            (roles.Shadow, "line-strong"),
        ):
            palette.setColor(role, self.colors[token])
        for role in (roles.WindowText, roles.Text, roles.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.colors["ink-disabled"])
        return palette


def load_theme(name: str) -> Theme:
    """The shipped theme `name`. FileNotFoundError if there is none."""
    path = resource_path("theme", f"{name}.toml")
    return Theme(name, tomllib.loads(path.read_text(encoding="utf-8")))


def load_fonts() -> None:
    """Make the shipped font known to Qt; needs a QGuiApplication. Calling it again does nothing."""
    if FAMILY in QFontDatabase.families():
        return
    for face in _FACES:
        path = resource_path("fonts", face)
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise RuntimeError(f"the font cannot be loaded: {path}")
