"""The write dialog: a value typed, said back, checked, confirmed where the page wants it, and what became of it.

Belongs to no connection: a switchover changes what may be written and what is said, never the text, cursor, selection
or focus. It asks for a write by a signal and is told the outcome; it knows no link.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from vizclient.items.freshness import Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.items.writing import WriteOutcome, WriteState
from vizclient.link.mirror import Mirror
from vizclient.redundancy.model import Connection, Server

from ..numbers import NumberError, Numbers
from ..panels.tones import paint_on, tone_colors
from ..reasons import distrust
from ..speaker import Moment, Tone
from ..theme import Theme
from ..words import Words
from ..writing import (
    Complaint,
    Target,
    check,
    loud,
    obstacle,
    outcome_in_words,
    range_in_words,
    read_typed,
    value_in_words,
)

_LOOK_AGAIN_MS = 250
_CLOSE_AFTER_MS = 900


class _Step(Enum):
    TYPING = auto()
    CONFIRMING = auto()
    WRITING = auto()
    DONE = auto()


_LEAVE = {
    _Step.TYPING: "write.cancel",
    _Step.CONFIRMING: "write.back",
    _Step.WRITING: "write.close",
    _Step.DONE: "write.close",
}


class WriteDialog(QDialog):
    """Sets one item. `wanted` bears the value and the generation of the connection that the operator saw.

    With a `fixed` value nothing is typed: it only asks whether that is meant.
    """

    wanted = Signal(object, int)

    def __init__(
        self,
        target: Target,
        connection: Connection | None,
        mirror: Mirror,
        numbers: Numbers,
        words: Words,
        theme: Theme,
        now: Callable[[], Moment],
        parent: QWidget | None = None,
        *,
        fixed: Value = None,
    ) -> None:
        super().__init__(parent)
        self.target = target
        self._mirror = mirror
        self._numbers = numbers
        self._words = words
        self._theme = theme
        self._now = now
        self._connection = connection
        self._fixed = fixed
        self._step = _Step.TYPING if fixed is None else _Step.CONFIRMING
        self._value: Value = None
        self._server = Server.MAIN
        self._generation = 0
        self._outcome = ""
        self._current = QLabel(self)
        self._range = QLabel(self)
        self._unit = QLabel(self)
        self.field = QLineEdit(self)
        self.caution = QLabel(self)
        self.echo = QLabel(self)
        self.reason = QLabel(self)
        self.ok = QPushButton(self)
        self.cancel = QPushButton(self)
        self._lay_out()
        self.field.setText(self._current_plain())
        self.field.selectAll()
        self.field.textEdited.connect(self._typed)
        self.field.installEventFilter(self)
        self.ok.clicked.connect(self._accepted)
        self.cancel.clicked.connect(self._cancelled)
        self._again = QTimer(self, interval=_LOOK_AGAIN_MS)
        self._again.timeout.connect(self.refresh)
        self._again.start()
        self._closing = QTimer(self, singleShot=True, interval=_CLOSE_AFTER_MS)
        self._closing.timeout.connect(self.accept)
        mirror.on_samples.append(self._changed)
        mirror.on_metadata.append(self._changed)
        mirror.on_standing.append(self.refresh)
        self.finished.connect(self._leave)
        self.field.setFocus()
        self.refresh()

    @property
    def is_untouched(self) -> bool:
        """Whether nothing would be lost by closing it."""
        return (self._step is _Step.TYPING and not self.field.isModified()) or self._step is _Step.DONE

    def set_connection(self, connection: Connection | None) -> None:
        """The connection as it was announced. A confirmation is asked for anew when the server is another one."""
        self._connection = connection
        if self._step is _Step.CONFIRMING and (connection is None or connection.generation != self._generation):
            self._step = _Step.TYPING
        self.refresh()

    def set_write_state(self, state: WriteState) -> None:
        """How the write that was asked for stands."""
        read = value_in_words(state.read, self.target, self._metadata, self._numbers)
        value = self._said(self._value)
        self._outcome = outcome_in_words(state, value, read, self._server, self._words)
        match state.outcome:
            case WriteOutcome.PENDING:
                self._step = _Step.WRITING
            case WriteOutcome.DONE:
                self._step = _Step.DONE
                self._closing.start()
            case _:
                self._step = _Step.TYPING
        self.refresh()

    def refresh(self) -> None:
        """Say and offer what holds now; the text and where one stands in it are left alone."""
        metadata = self._metadata
        words = self._words
        self._put(self._current, self._current_text())
        freshness = self._mirror.freshness(self.target.handle, self._now().monotonic)
        unconfirmed = freshness is Freshness.UNSYNCHRONISED
        self._put(self.caution, distrust(self._mirror, self.target.handle, words) if unconfirmed else "")
        self.caution.setVisible(unconfirmed)
        self._put(self._range, range_in_words(self.target, metadata, self._numbers, words) or words("value.none"))
        self._put(self._unit, self.target.unit_of(metadata))
        stop = obstacle(self.target, self._mirror, self._connection, self._now().monotonic)
        if stop is not None and self._step is _Step.CONFIRMING:
            self._step = _Step.TYPING
        complaint = stop
        if complaint is None and metadata is not None and self._step in (_Step.TYPING, _Step.CONFIRMING):
            typed = (
                read_typed(self.field.text(), self.target, metadata, self._numbers)
                if self._fixed is None
                else check(self._fixed, self.target, metadata, self._numbers)
            )
            if isinstance(typed, Complaint):
                complaint = typed
            else:
                self._value = typed
        may = complaint is None and self._step in (_Step.TYPING, _Step.CONFIRMING)
        if may and self._connection is not None and self._connection.server is not None:
            self._server, self._generation = self._connection.server, self._connection.generation
        self._put(self.echo, self._echo() if may else "")
        said = [self._outcome] if self._outcome else []
        if complaint is not None and self._step is _Step.TYPING:
            sentence = complaint.say(words)
            said.append(words("write.kept", reason=sentence) if stop is not None and self._fixed is None else sentence)
        self._put(self.reason, "\n".join(said))
        self.field.setReadOnly(self._step is not _Step.TYPING)
        self.ok.setEnabled(may)
        self.ok.setText(words("write.ok.confirm" if self._step is _Step.CONFIRMING else "write.ok"))
        leave = "write.cancel" if self._fixed is not None and self._step is _Step.CONFIRMING else _LEAVE[self._step]
        self.cancel.setText(words(leave))

    def _echo(self) -> str:
        code = "write.sure" if self._step is _Step.CONFIRMING else "write.will"
        server = loud(self._words, self._server)
        return self._words(code, value=self._said(self._value), item=self.target.name, server=server)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down change the number by the page's step."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            way = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
            if way is not None and self._step is _Step.TYPING:
                self._step_by(way)
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter does what OK does, wherever the focus is but on Cancel; Escape goes one step back."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.cancel.hasFocus():
                self._cancelled()
            elif self._step is _Step.DONE:
                self.accept()
            elif self.ok.isEnabled():
                self._accepted()
        elif event.key() == Qt.Key.Key_Escape:
            self._cancelled()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is cancelling; a write that is under way goes on, and its outcome is told in the window."""
        event.accept()
        self.reject()

    @property
    def _metadata(self) -> Metadata | None:
        return self._mirror.metadata[self.target.handle]

    def _typed(self, _text: str) -> None:
        self._outcome = ""
        self.refresh()

    def _accepted(self) -> None:
        self.refresh()
        if not self.ok.isEnabled():
            return
        if self.target.confirm and self._step is _Step.TYPING:
            self._step = _Step.CONFIRMING
            self._outcome = ""
            self.refresh()
            return
        self._step = _Step.WRITING
        self._outcome = self._words("outcome.pending", value=self._said(self._value))
        self.refresh()
        self.wanted.emit(self._value, self._generation)

    def _cancelled(self) -> None:
        if self._step is _Step.CONFIRMING and self._fixed is None:
            self._step = _Step.TYPING
            self.refresh()
            self.field.setFocus()
        else:
            self.reject()

    def _step_by(self, way: int) -> None:
        metadata = self._metadata
        try:
            number = self._numbers.parse(self.field.text(), "Double")
        except NumberError:
            return
        if metadata is None or not isinstance(number, int | float):
            return
        step = self.target.step or 10.0 ** -(self.target.decimals or 0)
        low, high = self.target.limits(metadata)
        number = round(number + way * step, 9)
        if low is not None:
            number = max(number, low)
        if high is not None:
            number = min(number, high)
        self.field.setText(self._numbers.format(float(number), self.target.decimals))
        self.field.selectAll()
        self._typed("")

    def _changed(self, handles: Sequence[int]) -> None:
        if self.target.handle in handles:
            self.refresh()

    def _leave(self) -> None:
        self._again.stop()
        self._closing.stop()
        self._mirror.on_samples.remove(self._changed)
        self._mirror.on_metadata.remove(self._changed)
        self._mirror.on_standing.remove(self.refresh)

    def _said(self, value: Value) -> str:
        return value_in_words(value, self.target, self._metadata, self._numbers)

    def _current_text(self) -> str:
        sample = self._mirror.samples[self.target.handle]
        freshness = self._mirror.freshness(self.target.handle, self._now().monotonic)
        if sample is None or freshness is Freshness.MISSING:
            return self._words(f"freshness.{freshness}")
        text = self._said(sample.value) or self._words("value.none")
        if freshness is Freshness.LIVE:
            return text
        return self._words("value.with-freshness", value=text, freshness=self._words(f"freshness.{freshness}"))

    def _current_plain(self) -> str:
        sample = self._mirror.samples[self.target.handle]
        if sample is None or isinstance(sample.value, tuple | bytes) or sample.value != sample.value:
            return ""
        return self._numbers.format(sample.value, self.target.decimals)

    @staticmethod
    def _put(label: QLabel, text: str) -> None:
        if label.text() != text:
            label.setText(text)

    def _lay_out(self) -> None:
        words, theme = self._words, self._theme
        self.setWindowTitle(words("write.title", item=self.target.name))
        self.setMinimumWidth(500)
        title = QLabel(self.target.name, self)
        title.setFont(theme.font(20, "bold"))
        title.setWordWrap(True)
        self._current.setFont(theme.font(16, "medium"))
        self._current.setWordWrap(True)
        self._unit.setFont(theme.font(18))
        self.field.setFont(theme.font(20, "medium"))
        self.field.setMinimumHeight(42)
        self.field.setMaxLength(1000)
        self.field.setAccessibleName(words("write.new"))
        for label in (title, self._current, self._range, self._unit, self.caution, self.echo, self.reason):
            label.setTextFormat(Qt.TextFormat.PlainText)
        form = QFormLayout()
        form.setHorizontalSpacing(20)
        form.setVerticalSpacing(12)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.addRow(words("write.now"), self._current)
        if self._fixed is None:
            form.addRow(words("write.range"), self._range)
            form.addRow(words("write.new"), self._input_line())
        else:
            for hidden in (self._range, self._unit, self.field):
                hidden.hide()
        for label in (self.caution, self.echo, self.reason):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.caution.setFont(theme.font(14))
        self.caution.setMargin(8)
        notice = tone_colors(theme, Tone.NOTICE)
        self.caution.setAutoFillBackground(True)
        paint_on(self.caution, notice.ground, notice.ink)
        self.echo.setFont(theme.font(15, "medium"))
        self.reason.setFont(theme.font(14))
        self.echo.setMinimumHeight(40)
        self.reason.setMinimumHeight(40)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.cancel, self.ok):
            button.setMinimumSize(QSize(110, 38))
            button.setAutoDefault(False)
            buttons.addWidget(button)
        self.ok.setDefault(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 20, 24, 20)
        box.setSpacing(14)
        box.addWidget(title)
        box.addWidget(self.caution)
        box.addLayout(form)
        box.addWidget(self.echo)
        box.addWidget(self.reason)
        box.addStretch(1)
        box.addLayout(buttons)

    def _input_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.field, 1)
        line.addWidget(self._unit)
        return line
