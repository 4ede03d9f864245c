"""Part of the servers panel: whether the standby could take over, finding by finding: what, where, and what to do.

What is in order stands together in one line, so that what is not is seen.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from vizclient.redundancy.readiness import Readiness, Verdict

from ..speaker import Moment, Speaker
from ..theme import Theme
from .light import OF_VERDICT, Spot


class ReadinessPart(QWidget):
    """Shows the last readiness; hidden while there is none. `refresh` brings the ages up to date."""

    def __init__(
        self, speaker: Speaker, theme: Theme, now: Callable[[], Moment], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._speaker = speaker
        self._theme = theme
        self._now = now
        self._readiness: Readiness | None = None
        self._head = self._label()
        font = self._head.font()
        font.setPixelSize(15)
        font.setWeight(font.Weight.DemiBold)
        self._head.setFont(font)
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(10)
        self._rows.setVerticalSpacing(6)
        self._rows.setColumnStretch(1, 1)
        self._found: list[QLabel] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addWidget(self._head)
        box.addLayout(self._rows)
        self.setVisible(False)

    @property
    def lines(self) -> list[str]:
        """What is said: the head, then each line."""
        return [self._head.text(), *(label.text() for label in self._found)]

    def set_readiness(self, readiness: Readiness | None) -> None:
        """What is known now."""
        self._readiness = readiness
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self._fill()

    def refresh(self) -> None:
        """Say the ages anew."""
        if self._readiness is not None and any(check.learned is not None for check in self._readiness.checks):
            for label, (_, text) in zip(self._found, self._speaker.findings(self._readiness, self._now()), strict=True):
                if label.text() != text:
                    label.setText(text)

    def _fill(self) -> None:
        for place in reversed(range(self._rows.count())):
            item = self._rows.takeAt(place)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self._found = []
        readiness = self._readiness
        self.setVisible(readiness is not None and readiness.standby is not None)
        if readiness is None or readiness.standby is None:
            return
        words = self._speaker.words
        server, light = words(f"server.{readiness.standby}"), words(f"ready.light.{readiness.light}")
        self._head.setText(words("ready-head", server=server, light=light))
        for row, (verdict, text) in enumerate(self._speaker.findings(readiness, self._now())):
            spot = Spot(OF_VERDICT[verdict], self._theme, self)
            label = self._label()
            label.setText(text)
            label.setAccessibleName(f"{words(f'ready.verdict.{verdict}')}: {text}")
            if verdict in (Verdict.FINE, Verdict.DESIGNED):
                label.setForegroundRole(label.palette().ColorRole.PlaceholderText)
            self._rows.addWidget(spot, row, 0, Qt.AlignmentFlag.AlignTop)
            self._rows.addWidget(label, row, 1)
            self._found.append(label)

    def _label(self) -> QLabel:
        label = QLabel(self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return label
