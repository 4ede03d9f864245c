"""The dialog in which the password of a server's user is typed, and that says whether it was accepted.

Belongs to no connection: what is typed stays, whatever the servers do. It asks by a signal and is told by announcements.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from vizclient.password import LONGEST, Password
from vizclient.redundancy.model import Connection, Problem, Server

from ..speaker import Moment, Speaker, needs_password
from ..theme import Theme

_ANSWER_WITHIN_MS = 8_000


class PasswordDialog(QDialog):
    """Takes the password of `user` at `server`. `wanted` bears the servers that it is for, and the `Password`.

    `both`: the other server lacks that of the same user. `looked`: what a look at the server has found, which stands by.
    `deferred`, with the reason in words, is emitted when it was taken, but what comes of it is not known yet.
    """

    wanted = Signal(object, object)
    deferred = Signal(str)

    def __init__(
        self,
        server: Server,
        user: str,
        connection: Connection,
        speaker: Speaker,
        theme: Theme,
        now: Callable[[], Moment],
        parent: QWidget | None = None,
        *,
        both: bool = False,
        looked: Problem | None = None,
    ) -> None:
        super().__init__(parent)
        self.server = server
        self._user = user
        self._speaker = speaker
        self._theme = theme
        self._now = now
        self._given_at: float | None = None
        self._looked = looked
        self.reason = QLabel(self)
        self.field = QLineEdit(self)
        self.both = QCheckBox(speaker.words("password.both", server=speaker.name(server.other)), self)
        self.both.setChecked(both)
        self.both.setVisible(both)
        self.ok = QPushButton(speaker.words("password.ok"), self)
        self.cancel = QPushButton(speaker.words("write.cancel"), self)
        self._lay_out()
        self._late = QTimer(self, singleShot=True, interval=_ANSWER_WITHIN_MS)
        self._late.timeout.connect(self._unanswered)
        self.field.textChanged.connect(self._typed)
        self.ok.clicked.connect(self._accepted)
        self.cancel.clicked.connect(self.reject)
        self.set_connection(connection)
        self._typed()
        self.field.setFocus()

    def set_connection(self, connection: Connection) -> None:
        """The connection as it was announced: what is wrong, and what came of the password that was given."""
        view = connection.main if self.server is Server.MAIN else connection.backup
        report, given_at = view.report, self._given_at
        if given_at is None:
            if report is not None and report.problem is not None and needs_password(view):
                self._looked = None
                self._say(self._speaker.problem(report.problem))
            elif self._looked is not None:
                self._say(self._speaker.problem(self._looked))
            return
        if report is None or report.at < given_at:
            return
        self._late.stop()
        if needs_password(view) and report.problem is not None:
            self._again(self._speaker.problem(report.problem))
            return
        if report.problem is not None:
            server, reason = self._speaker.name(self.server), self._speaker.problem(report.problem)
            self.deferred.emit(self._speaker.words("password.later", server=server, reason=reason))
        self.accept()

    def _accepted(self) -> None:
        if not self.ok.isEnabled():
            return
        self._given_at = self._now().monotonic
        self._say(self._speaker.words("password.trying"))
        self.field.setReadOnly(True)
        self.ok.setEnabled(False)
        self._late.start()
        servers = (self.server, self.server.other) if self.both.isChecked() else (self.server,)
        self.wanted.emit(servers, Password(self.field.text()))
        if self._looked is not None:  # who serves meanwhile is the other one: the window goes on, and a look will tell
            self.deferred.emit(self._speaker.words("password.look", server=self._speaker.name(self.server)))
            self.accept()

    def _unanswered(self) -> None:
        self._again(self._speaker.words("password.silent"))

    def _again(self, why: str) -> None:
        """Let it be typed anew."""
        self._given_at = None
        self._say(why)
        self.field.setReadOnly(False)
        self.field.selectAll()
        self.field.setFocus()
        self._typed()

    def _typed(self) -> None:
        try:
            Password(self.field.text())
        except ValueError:
            self.ok.setEnabled(False)
        else:
            self.ok.setEnabled(self._given_at is None)

    def _say(self, text: str) -> None:
        self.reason.setText(text)
        self.field.setAccessibleDescription(text)

    def _lay_out(self) -> None:
        words, theme = self._speaker.words, self._theme
        self.setWindowTitle(words("password.title"))
        self.setMinimumWidth(460)
        title = QLabel(self._user, self)
        title.setFont(theme.font(20, "bold"))
        where = QLabel(self._speaker.name(self.server), self)
        kept = QLabel(words("password.kept"), self)
        kept.setForegroundRole(kept.palette().ColorRole.PlaceholderText)
        for label in (title, where, self.reason, kept):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.reason.setFont(theme.font(15, "medium"))
        self.reason.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.reason.setMinimumHeight(40)
        name = QLabel(words("password.field"), self)
        name.setBuddy(self.field)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setMaxLength(LONGEST)
        self.field.setFont(theme.font(18))
        self.field.setMinimumHeight(42)
        self.field.setAccessibleName(words("password.field"))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.cancel, self.ok):
            button.setMinimumSize(QSize(110, 38))
            button.setAutoDefault(False)
            buttons.addWidget(button)
        self.ok.setDefault(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 20, 24, 20)
        box.setSpacing(12)
        box.addWidget(title)
        box.addWidget(where)
        box.addWidget(self.reason)
        box.addWidget(name)
        box.addWidget(self.field)
        box.addWidget(self.both)
        box.addWidget(kept)
        box.addStretch(1)
        box.addLayout(buttons)
