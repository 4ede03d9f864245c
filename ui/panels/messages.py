"""The message area: what the operator should know, in the window and in nobody's way. Never a box that must be answered.

It lies over the page's lower edge, so that no message moves what the operator is about to click.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ..icons import icon
from ..speaker import Tone
from ..theme import Theme
from ..words import Words
from .tones import paint_on, tone_colors

_MOST = 3
_MARGIN = 16
_WIDEST = 860


class Messages(QWidget):
    """A list of sentences, the newest first, each with a button to dismiss it. The same sentence stands there once."""

    def __init__(self, words: Words, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._theme = theme
        self._rows: dict[str, _Row] = {}
        self._more = QLabel(self)
        self._more.setContentsMargins(16, 2, 16, 4)
        self._more.setAutoFillBackground(True)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self._box.addWidget(self._more)
        self._arrange()

    def lie_over(self, page: QWidget) -> None:
        """Keep to the lower edge of `page`."""
        self.setParent(page)
        page.installEventFilter(self)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the page's size."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    @property
    def texts(self) -> list[str]:
        """What stands there, newest first."""
        return list(reversed(self._rows))

    def show_message(self, text: str, tone: Tone = Tone.NOTICE, key: str = "", seconds: float | None = None) -> None:
        """Say `text`, for good or for some `seconds`. `key`: what it is about; a later one about it takes its place."""
        for said, row in list(self._rows.items()):
            if said == text or (key and row.key == key):
                self._remove(said)
        row = _Row(text, tone, key, self._words, self._theme, self)
        row.dismiss.clicked.connect(lambda: self._remove(text))
        self._rows[text] = row
        self._box.insertWidget(0, row)
        if seconds is not None:
            QTimer.singleShot(round(seconds * 1000), row, lambda: self._remove(text))
        self._arrange()

    def withdraw(self, key: str) -> None:
        """What was said about `key` is over."""
        for said, row in list(self._rows.items()):
            if row.key == key:
                self._remove(said)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        for row in self._rows.values():
            row.set_theme(theme)

    def _remove(self, text: str) -> None:
        row = self._rows.pop(text, None)
        if row is not None:
            row.hide()
            self._box.removeWidget(row)
            row.deleteLater()
            self._arrange()

    def _arrange(self) -> None:
        for place, row in enumerate(reversed(self._rows.values())):
            row.setVisible(place < _MOST)
        hidden = len(self._rows) - _MOST
        self._more.setVisible(hidden > 0)
        if hidden > 0:
            self._more.setText(self._words.count("message.more", hidden))
        self.setVisible(bool(self._rows))
        self._place()

    def _place(self) -> None:
        page = self.parentWidget()
        if page is None or not self._rows:
            return
        width = min(_WIDEST, page.width() - 2 * _MARGIN)
        self._box.activate()
        height = self._box.totalHeightForWidth(width)
        self.setGeometry(_MARGIN, page.height() - _MARGIN - height, width, height)
        self.raise_()


class _Row(QFrame):
    def __init__(self, text: str, tone: Tone, key: str, words: Words, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.key = key
        self._tone = tone
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.Box)
        self._label = QLabel(text, self)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.dismiss = QToolButton(self)
        self.dismiss.setIcon(icon("close"))
        self.dismiss.setIconSize(QSize(16, 16))
        self.dismiss.setAutoRaise(True)
        self.dismiss.setToolTip(words("message.dismiss"))
        self.dismiss.setAccessibleName(words("message.dismiss"))
        self.dismiss.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 10, 6)
        row.addWidget(self._label, 1)
        row.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        colors = tone_colors(theme, self._tone)
        for widget in (self, self._label, self.dismiss):
            paint_on(widget, colors.ground, colors.ink)
