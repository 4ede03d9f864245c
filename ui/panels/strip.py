"""The strip: which server is active, how it stands, when it was last heard, and the time. Always visible.

Quiet when all is well; loud by colour, shape and words when not. Says what `speaker` gives it; decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from vizclient.link.mirror import Mirror
from vizclient.redundancy.model import Connection, Switchover
from vizclient.redundancy.readiness import Readiness

from ..speaker import Moment, Saying, Speaker, Tone
from ..theme import Theme
from .elided import ElidedLabel
from .light import TakeoverLight
from .tones import paint_on, tone_colors

_HEIGHT = 68


class Strip(QFrame):
    """Shows `connection` and the time; looks at the clock each second, at the link whenever the mirror's standing changes.

    `now` gives the present on both clocks. `on_saying` is called with what is said whenever it changed in more than time.
    """

    def __init__(
        self, speaker: Speaker, mirror: Mirror, theme: Theme, now: Callable[[], Moment], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setAutoFillBackground(True)
        self.setFixedHeight(_HEIGHT)
        self.on_saying: list[Callable[[Saying], None]] = []
        self._speaker = speaker
        self._mirror = mirror
        self._theme = theme
        self._now = now
        self._connection: Connection | None = None
        self._last: Switchover | None = None
        self._said: Saying | None = None
        self._mark = _Mark(self)
        right = Qt.AlignmentFlag.AlignRight
        self._server = _label(self, theme.font(28, "bold"))
        self._state = _label(self, theme.font(28))
        self._detail = ElidedLabel(self)
        self._detail.setFont(theme.font(14))
        self._peer = _label(self, theme.font(15, "medium"), right)
        self._heard = _label(self, theme.font(13), right)
        self.takeover = TakeoverLight(speaker, theme, self)
        self._clock = _label(self, theme.font(28), right)
        self._date = _label(self, theme.font(13), right)
        self._lay_out()
        self._second = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._second.timeout.connect(self._tick)
        mirror.on_standing.append(self.refresh)
        self._tick()

    @property
    def saying(self) -> Saying:
        """What is said now."""
        assert self._said is not None
        return self._said

    def set_connection(self, connection: Connection | None) -> None:
        """The connection as it was announced; None while no link speaks."""
        self._connection = connection
        self.refresh()

    def set_switchover(self, last: Switchover) -> None:
        """The last switchover, as far as it is known by now."""
        self._last = last
        self.refresh()

    def set_readiness(self, readiness: Readiness | None) -> None:
        """Whether the standby could take over; None while no link speaks."""
        self.takeover.show_readiness(readiness, self._now())

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self._colour(self.saying.tone)

    def refresh(self) -> None:
        """Say it anew, as of now."""
        moment = self._now()
        saying = self._speaker.strip(self._connection, self._mirror.heard_at, moment, self._last)
        times = self._speaker.times
        _put(self._clock, times.time(moment.wall))
        _put(self._date, f"{times.date(moment.wall)} · {times.zone(moment.wall)}")
        before, self._said = self._said, saying
        if saying == before:
            return
        _put(self._server, saying.server)
        self._server.setVisible(bool(saying.server))
        _put(self._state, saying.state)
        self._detail.setText(saying.detail)
        _put(self._peer, saying.peer.replace("\n", "   "))
        _put(self._heard, saying.heard)
        if before is None or saying.tone is not before.tone or saying.fresh != before.fresh:
            self._colour(saying.tone)
        self.setAccessibleName(
            self._speaker.words(
                "strip.accessible",
                state=saying.state,
                server=saying.server,
                detail=saying.detail,
                peer=saying.peer.replace("\n", ", "),
                heard=saying.heard,
            )
        )
        for listener in self.on_saying:
            listener(saying)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.color("line"))
        painter.end()

    def _tick(self) -> None:
        self.refresh()
        self._second.start(1000 - int(self._now().wall * 1000) % 1000)

    def _colour(self, tone: Tone) -> None:
        ground, ink, muted = tone_colors(self._theme, tone)
        for label in (self, self._server, self._state, self._clock):
            paint_on(label, ground, ink)
        for label in (self._detail, self._peer, self._heard, self._date):
            paint_on(label, ground, muted)
        self.takeover.show_tone(self._theme, tone)
        self._mark.show_tone(tone, fresh=self.saying.fresh, ground=ground, ink=ink)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 6, 16, 6)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._mark, 0, 0, 2, 1)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._server)
        head.addWidget(self._state)
        head.addStretch(1)
        grid.addLayout(head, 0, 1)
        grid.addWidget(self._detail, 1, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.takeover, 0, 2, 2, 1)
        grid.setColumnMinimumWidth(3, 4)
        grid.addWidget(self._peer, 0, 4)
        grid.addWidget(self._heard, 1, 4)
        grid.setColumnMinimumWidth(5, 12)
        grid.addWidget(self._clock, 0, 6)
        grid.addWidget(self._date, 1, 6)


class _Mark(QWidget):
    """The state as a shape: a ring with a core when values are fresh, a triangle or a barred disc when they need a look."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._tone = Tone.QUIET
        self._fresh = False
        self._ground = QColor()
        self._ink = QColor()

    def sizeHint(self) -> QSize:
        return QSize(40, 40)

    def show_tone(self, tone: Tone, *, fresh: bool, ground: QColor, ink: QColor) -> None:
        """Take the shape for `tone`."""
        self._tone, self._fresh, self._ground, self._ink = tone, fresh, ground, ink
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._ink, 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        box = QRectF(self.rect()).adjusted(5, 5, -5, -5)
        middle = box.center()
        match self._tone:
            case Tone.QUIET if self._fresh:
                painter.drawEllipse(box)
                painter.setBrush(self._ink)
                painter.drawEllipse(middle, 6, 6)
            case Tone.QUIET:
                pen = painter.pen()
                pen.setStyle(Qt.PenStyle.DotLine)
                painter.setPen(pen)
                painter.drawEllipse(box)
            case Tone.NOTICE:
                painter.drawPolygon(QPolygonF([QPointF(middle.x(), box.top()), box.bottomRight(), box.bottomLeft()]))
                self._exclaim(painter, middle + QPointF(0, 4), 6)
            case Tone.ALARM:
                painter.setBrush(self._ink)
                painter.drawEllipse(box)
                painter.setPen(QPen(self._ground, 4))
                painter.drawLine(middle + QPointF(-6, -6), middle + QPointF(6, 6))
                painter.drawLine(middle + QPointF(6, -6), middle + QPointF(-6, 6))
        painter.end()

    @staticmethod
    def _exclaim(painter: QPainter, middle: QPointF, half: float) -> None:
        painter.drawLine(middle + QPointF(0, -half), middle + QPointF(0, half / 3))
        painter.drawPoint(middle + QPointF(0, half))


def _label(parent: QWidget, font: QFont, align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setFont(font)
    label.setAlignment(align | Qt.AlignmentFlag.AlignVCenter)
    return label


def _put(label: QLabel, text: str) -> None:
    """Set a label's text only where it changed: setting it lays out anew."""
    if label.text() != text:
        label.setText(text)
