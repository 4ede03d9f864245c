"""Whether the standby could take over, as a light: its shape says as much as its colour, and nothing of it blinks.

Small in the strip, where it opens the servers panel; smaller still beside each finding there.
"""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from vizclient.redundancy.readiness import Light, Readiness, Verdict

from ..speaker import Moment, Speaker, Tone
from ..theme import Theme
from .tones import ToneColors, tone_colors

_SIDE = 22
_GAP = 8
_WIDEST = 380
_TOKENS = {Light.READY: "ok", Light.RESTRICTED: "warning", Light.NOT_READY: "alarm", Light.UNKNOWN: "muted"}
OF_VERDICT = {
    Verdict.BLOCKED: Light.NOT_READY,
    Verdict.RESTRICTED: Light.RESTRICTED,
    Verdict.UNCHECKED: Light.UNKNOWN,
    Verdict.DESIGNED: Light.READY,
    Verdict.FINE: Light.READY,
}
"""The light that one finding alone would make."""


def paint_light(painter: QPainter, box: QRectF, light: Light, theme: Theme, colors: ToneColors) -> None:
    """A disc with a tick, a triangle, an octagon with a cross, or a dotted ring with a question mark.

    On a loud ground it is drawn in that ground's ink: one alarm at a time.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    loud = colors.ground != theme.color("surface")
    fill = QColor(colors.ink if loud else theme.color(_TOKENS[light]))
    mark = QColor(colors.ground if loud else theme.color(f"on-{_TOKENS[light]}"))
    side, middle = box.width(), box.center()
    round_pen = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    line = QPen(mark, side / 9, *round_pen)

    def at(x: float, y: float) -> QPointF:
        return middle + QPointF(x, y) * side

    match light:
        case Light.READY:
            painter.drawEllipse(box)
            painter.setPen(line)
            painter.drawPolyline(QPolygonF([at(-0.22, 0.02), at(-0.06, 0.19), at(0.24, -0.17)]))
        case Light.RESTRICTED:
            painter.setPen(QPen(fill, side / 9, *round_pen))
            painter.drawPolygon(QPolygonF([at(0, -0.42), at(0.46, 0.4), at(-0.46, 0.4)]))
            painter.setPen(line)
            painter.drawLine(at(0, -0.14), at(0, 0.1))
            painter.drawPoint(at(0, 0.29))
        case Light.NOT_READY:
            near, far = 0.21, 0.5
            corners = [(near, -far), (far, -near), (far, near), (near, far)]
            painter.drawPolygon(QPolygonF([at(x, y) for x, y in (*corners, *((-x, -y) for x, y in corners))]))
            painter.setPen(line)
            painter.drawLine(at(-0.2, -0.2), at(0.2, 0.2))
            painter.drawLine(at(0.2, -0.2), at(-0.2, 0.2))
        case Light.UNKNOWN:
            ink = QColor(colors.muted)
            ring = QPen(ink, side / 11)
            ring.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(ring)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            inner = side / 18
            painter.drawEllipse(box.adjusted(inner, inner, -inner, -inner))
            painter.setPen(ink)
            painter.setFont(theme.font(max(8, round(side * 0.6)), "bold"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), "?")
    painter.restore()


class Spot(QWidget):
    """The light beside one finding."""

    def __init__(self, light: Light, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._light = light
        self._theme = theme
        self.setFixedSize(16, 16)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        paint_light(painter, box, self._light, self._theme, tone_colors(self._theme, Tone.QUIET))
        painter.end()


class TakeoverLight(QAbstractButton):
    """The light with its words, and under them the gravest finding. Keeps its place while there is nothing to say."""

    def __init__(self, speaker: Speaker, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("takeover")
        self._speaker = speaker
        self._theme = theme
        self._tone = Tone.QUIET
        self._light = Light.UNKNOWN
        self._head = self._below = ""
        self._readiness: Readiness | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.setVisible(False)

    @property
    def said(self) -> tuple[str, str]:
        """The words, and the gravest finding."""
        return self._head, self._below

    def show_readiness(self, readiness: Readiness | None, moment: Moment) -> None:
        """Take what is known; None, or without a server that could take over: there is nothing to say."""
        self._readiness = readiness
        if readiness is None or readiness.standby is None:
            self.setVisible(False)
            return
        self._light = readiness.light
        self._head = self._speaker.takeover(readiness)
        self._below = self._speaker.gravest(readiness, moment)
        self.setAccessibleName(f"{self._head}. {self._below}")
        self.setToolTip(f"{self._head}\n{self._below}")
        self.setVisible(True)
        self.updateGeometry()
        self.update()

    def show_tone(self, theme: Theme, tone: Tone) -> None:
        """Stand on the ground that the strip has now."""
        self._theme, self._tone = theme, tone
        self.update()

    def sizeHint(self) -> QSize:
        fonts = ((self._head, self._theme.font(15, "medium")), (self._below, self._theme.font(13)))
        widest = max(_width(text, font) for text, font in fonts)
        return QSize(_SIDE + _GAP + min(widest, _WIDEST) + 4, 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(_SIDE + _GAP + min(_width(self._head, self._theme.font(15, "medium")), _WIDEST) + 4, 44)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = tone_colors(self._theme, self._tone)
        half = self.height() // 2
        box = QRectF(2, (self.height() - _SIDE) / 2, _SIDE, _SIDE)
        paint_light(painter, box, self._light, self._theme, colors)
        left = _SIDE + _GAP + 2
        room = self.width() - left - 2
        for text, font, ink, top, place in (
            (self._head, self._theme.font(15, "medium"), colors.ink, 0, Qt.AlignmentFlag.AlignBottom),
            (self._below, self._theme.font(13), colors.muted, half, Qt.AlignmentFlag.AlignTop),
        ):
            painter.setFont(font)
            painter.setPen(ink)
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRect(left, top, room, half), int(place | Qt.AlignmentFlag.AlignLeft), shown)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("focus") if self._tone is Tone.QUIET else colors.ink, 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()


def _width(text: str, font: QFont) -> int:
    return ceil(QFontMetricsF(font).horizontalAdvance(text)) + 1
