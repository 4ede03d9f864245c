"""The demo's controls: how each simulated server really stands, and ways to take one away. Not part of `vizclient run`."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QWidget

from vizclient.redundancy.model import Server
from vizclient.simulator.pair import Pair
from vizclient.simulator.server_process import Event, ServerStatus

from .theme import Theme
from .words import Words


class DemoPanel(QWidget):
    """A row for each server, and what concerns both. `heard` may be called from any thread."""

    _came = Signal(object)

    def __init__(self, pair: Pair, words: Words, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pair = pair
        self._words = words
        self._states: dict[Server, QLabel] = {}
        self._buttons: dict[tuple[Server, str], QPushButton] = {}
        self._swap = self._button("demo.swap", pair.swap)
        self._cut = self._button("demo.cut", self._cut_or_heal)
        self._note = QLabel(self)
        self._note.setWordWrap(True)
        self._lay_out(theme)
        self._came.connect(self._take)
        self.refresh()

    def heard(self, event: Event) -> None:
        """Something happened to a server."""
        self._came.emit(event)

    def refresh(self) -> None:
        """Show how the servers stand now."""
        status = self._pair.status()
        for server in Server:
            self._show(server, status[server])
        both = all(each.ready and not each.frozen for each in status.values())
        cut = any(each.cut for each in status.values())
        self._swap.setEnabled(both and not cut)
        self._cut.setEnabled(both)
        self._cut.setText(self._words("demo.heal" if cut else "demo.cut"))

    def _show(self, server: Server, status: ServerStatus) -> None:
        if not status.running:
            state = "dead"
        elif status.frozen:
            state = "frozen"
        elif not status.ready:
            state = "starting"
        else:
            state = "active" if status.role == "active" else "standby"
        self._states[server].setText(self._words(f"demo.state.{state}"))
        self._buttons[server, "kill"].setEnabled(status.running)
        freeze = self._buttons[server, "freeze"]
        freeze.setEnabled(status.ready)
        freeze.setText(self._words("demo.thaw" if status.frozen else "demo.freeze"))
        self._buttons[server, "restart"].setEnabled(not status.running or status.ready)

    def _take(self, event: Event) -> None:
        if event["event"] == "failed":
            self._note.setText(self._words("demo.failed", reason=event.get("error", "")))
        self.refresh()

    def _freeze_or_thaw(self, server: Server) -> None:
        if self._pair.status()[server].frozen:
            self._pair.thaw(server)
        else:
            self._pair.freeze(server)

    def _cut_or_heal(self) -> None:
        if any(status.cut for status in self._pair.status().values()):
            self._pair.heal_link()
        else:
            self._pair.cut_link()

    def _button(self, code: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(self._words(code), self)
        button.setAutoDefault(False)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus with the page
        button.clicked.connect(lambda _checked=False: do())
        button.clicked.connect(self.refresh)
        return button

    def _lay_out(self, theme: Theme) -> None:
        words = self._words
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 10, 16, 10)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        for row, server in enumerate(Server):
            name = QLabel(words(f"server.{server}"), self)
            name.setFont(theme.font(15, "bold"))
            state = QLabel(self)
            state.setMinimumWidth(
                max(
                    state.fontMetrics().horizontalAdvance(words(f"demo.state.{state_name}"))
                    for state_name in ("active", "standby", "frozen", "dead", "starting")
                )
                + 8
            )
            self._states[server] = state
            grid.addWidget(name, row, 0)
            grid.addWidget(state, row, 1)
            for column, (action, do) in enumerate(
                (
                    ("kill", lambda server=server: self._pair.kill(server)),
                    ("freeze", lambda server=server: self._freeze_or_thaw(server)),
                    ("restart", lambda server=server: self._pair.restart(server)),
                ),
                start=2,
            ):
                button = self._button(f"demo.{action}", do)
                button.setAccessibleName(f"{words(f'demo.{action}')}: {words(f'server.{server}')}")
                button.setMinimumWidth(96)
                self._buttons[server, action] = button
                grid.addWidget(button, row, column)
        rule = QFrame(self)
        rule.setFrameShape(QFrame.Shape.VLine)
        rule.setForegroundRole(rule.palette().ColorRole.Mid)
        grid.addWidget(rule, 0, 5, 2, 1)
        grid.addWidget(self._swap, 0, 6)
        grid.addWidget(self._cut, 1, 6)
        kind = words(f"demo.standby.{self._pair.options.standby}")
        standby = QLabel(words("demo.standby", kind=kind), self)
        standby.setForegroundRole(standby.palette().ColorRole.PlaceholderText)
        self._note.setText(words("demo.about"))
        self._note.setForegroundRole(self._note.palette().ColorRole.PlaceholderText)
        grid.setColumnMinimumWidth(7, 12)
        grid.addWidget(self._note, 0, 8)
        grid.addWidget(standby, 1, 8)
        grid.setColumnStretch(8, 1)
