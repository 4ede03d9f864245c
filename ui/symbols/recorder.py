"""Takes down marks that are made of pictures, to paint them again and again without working them out."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QBrush, QImage, QPainter, QTransform


class Recorder:
    """Stands where a painter would, for marks that only copy pictures and fill whole pixels. `steps`: what was done."""

    __slots__ = ("_origin", "_transform", "steps")

    def __init__(self, transform: QTransform) -> None:
        self._transform = transform
        self._origin = (0, 0)
        self.steps: list[tuple[int, int, QImage | None, QRect, QBrush]] = []

    def replay(self, painter: QPainter) -> None:
        """Do it all on `painter`, whose world transform is off."""
        for x, y, picture, rect, brush in self.steps:
            if picture is not None:
                painter.drawImage(x, y, picture)
            else:
                painter.setBrushOrigin(x, y)
                painter.fillRect(rect, brush)

    def worldTransform(self) -> QTransform:
        """From page units to device pixels."""
        return self._transform

    def setWorldMatrixEnabled(self, enabled: bool, /) -> None:
        """Steps are in device pixels anyway."""

    def setBrushOrigin(self, x: int, y: int, /) -> None:
        """For the fills that follow."""
        self._origin = (x, y)

    def drawImage(self, x: int, y: int, picture: QImage, /) -> None:
        """Copy a picture."""
        self.steps.append((x, y, picture, _NOWHERE, _NOTHING))

    def fillRect(self, rect: QRect, brush: QBrush, /) -> None:
        """Fill whole pixels."""
        self.steps.append((*self._origin, None, rect, brush))


_NOWHERE, _NOTHING = QRect(), QBrush()
