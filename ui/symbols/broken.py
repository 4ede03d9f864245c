"""What stands where a symbol failed: nothing that could be taken for a value."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from ..theme import Theme


def paint_broken(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    """A crossed box."""
    inner = rect.adjusted(1, 1, -1, -1)
    painter.setPen(theme.pen("alarm-ink", 1.5, Qt.PenStyle.DashLine))
    painter.setBrush(theme.brush("surface"))
    painter.drawRect(inner)
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.bottomLeft(), inner.topRight())
