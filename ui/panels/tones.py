"""The colours of what is said quietly, as a notice, or as an alarm."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from ..speaker import Tone
from ..theme import Theme


class ToneColors(NamedTuple):
    """What it stands on, what it is written in, and what is written beside it."""

    ground: QColor
    ink: QColor
    muted: QColor


def tone_colors(theme: Theme, tone: Tone) -> ToneColors:
    """The colours of `tone` in `theme`."""
    match tone:
        case Tone.QUIET:
            ground, ink, muted = "surface", "ink", "ink-muted"
        case Tone.NOTICE:
            ground, ink, muted = "warning", "on-warning", "on-warning"
        case Tone.ALARM:
            ground, ink, muted = "alarm", "on-alarm", "on-alarm"
    return ToneColors(theme.color(ground), theme.color(ink), theme.color(muted))


def paint_on(widget: QWidget, ground: QColor, ink: QColor) -> None:
    """Give a widget these colours. Its children need them too: under a style sheet they inherit none."""
    palette = QPalette(widget.palette())
    palette.setColor(QPalette.ColorRole.Window, ground)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(role, ink)
    widget.setPalette(palette)
