"""What pumps, fans and valves have in common: how a device that runs, stands or is broken is coloured. No symbol itself."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen

from vizclient.items.value import Value
from vizclient.pages.document import Style

from ..theme import Theme
from . import marks
from .contract import Level, Shown

_ALERTS: dict[Style, str] = {"warning": "warning", "alarm": "alarm"}


class Look(NamedTuple):
    """Pens and brushes of one device: `edge` around it, `body` its casing, `inner` what moves in it."""

    edge: QPen
    body: QBrush
    inner: QBrush
    inner_edge: QPen


def device_look(running: bool | None, style: Style, theme: Theme, *, fault: bool = False) -> Look:
    """A device that runs is solid, one that stands is hollow, one of which nothing is known is drawn with dashes."""
    alert = "alarm" if fault else _ALERTS.get(style)
    edge = QPen(theme.color(f"{alert}-ink" if alert else "line-strong"), 2.4 if alert else 1.6)
    edge.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if running is None:
        edge.setDashPattern([3.0, 2.5])
        nothing = QBrush(Qt.BrushStyle.NoBrush)
        return Look(edge, nothing, nothing, edge)
    if running:
        solid = theme.brush(alert or "body-on")
        light = f"on-{alert}" if alert else "on-body-on"
        return Look(edge, solid, theme.brush(light), QPen(theme.color(light), 1.2))
    thin = QPen(edge)
    thin.setWidthF(1.6)
    return Look(edge, theme.brush("body"), QBrush(Qt.BrushStyle.NoBrush), thin)


def device_level(value: Value, fault: Value) -> Level:
    """Whether it runs (None: not known) and whether it is broken."""
    running = bool(value) if isinstance(value, bool | int | float) else None
    return (running, fault is True or (isinstance(fault, int) and fault != 0))


def run_and_fault(shown: Shown) -> tuple[bool | None, bool]:
    """The two parts of `device_level`; nothing known without a value."""
    if isinstance(shown.level, tuple):
        running, fault = shown.level
        return (None if running is None else bool(running)), bool(fault)
    return None, False


def run_states(shown: Shown) -> tuple[str, ...]:
    """The codes of what a device does."""
    running, fault = run_and_fault(shown)
    said = () if running is None else ("state.running" if running else "state.standing",)
    return (*said, "state.fault") if fault else said


def fault_mark(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    """A diamond at the lower right: the device is broken, whatever its colour."""
    side = min(16.0, rect.width() * 0.42)
    marks.alert(painter, "alarm", rect.right() - side, rect.bottom() - side, side, theme, plate=True)


def square(rect: QRectF) -> QRectF:
    """The largest square in the middle of `rect`."""
    side = min(rect.width(), rect.height())
    return QRectF(rect.center().x() - side / 2, rect.center().y() - side / 2, side, side)
