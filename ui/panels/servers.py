"""The servers panel: both servers side by side, and the switchovers so far. Says what the connection says; decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vizclient.link.drills import DrillRecord
from vizclient.redundancy.comparison import number_of
from vizclient.redundancy.model import Connection, ConnectionState, Role, Server, ServerView, Switchover
from vizclient.redundancy.readiness import Readiness

from ..speaker import Moment, Speaker, needs_password, refused_in_look
from ..theme import Theme
from .readiness import ReadinessPart

_PAST = ("time", "way", "cause", "outage", "blackout")
_PAST_HEIGHT = 140
_ROWS = ("role", "why", "level", "state", "since", "probe", "session", "address")


class ServersPanel(QWidget):
    """Shows the last connection announced and the record of switchovers; ages are renewed each second while it is seen.

    `ask_switch` is called when a person wants a server; None where the profile does not allow it. `give_password` is called
    when a person wants to give the password of a server's user, `open_manager` when one wants a server's Web Manager; None
    where the profile names none.
    """

    def __init__(
        self,
        speaker: Speaker,
        theme: Theme,
        now: Callable[[], Moment],
        retry: QAction,
        parent: QWidget | None = None,
        *,
        ask_switch: Callable[[Server], None] | None = None,
        give_password: Callable[[Server], None],
        open_manager: Callable[[Server], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._speaker = speaker
        self._now = now
        self._connection: Connection | None = None
        self._readiness: Readiness | None = None
        self._switchovers: tuple[Switchover, ...] = ()
        self._cells: dict[tuple[Server, str], QLabel] = {}
        self._ask_switch = ask_switch
        self._uses: dict[Server, QPushButton] = {}
        self._give_password = give_password
        self._passwords: dict[Server, QPushButton] = {}
        self._open_manager = open_manager
        self._managers: dict[Server, QPushButton] = {}
        self.readiness = ReadinessPart(speaker, theme, now, self)
        self._told = QLabel(self)
        self._told.setWordWrap(True)
        self._told.setTextFormat(Qt.TextFormat.PlainText)
        self._told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._drill = QLabel(self)
        self._drill.setWordWrap(True)
        self._drill.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._drill.setTextFormat(Qt.TextFormat.PlainText)
        self._drill.setVisible(False)
        self._past = QTreeWidget(self)
        self._none_yet = QLabel(speaker.words("servers.past.none"), self)
        self._retry = QToolButton(self)
        self._retry.setDefaultAction(retry)
        self._retry.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._lay_out()
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._refresh)
        self._refresh()

    def set_connection(self, connection: Connection | None) -> None:
        """The connection as it was announced; None while no link speaks."""
        self._connection = connection
        self._retry.setVisible(needs_person(connection, self._readiness))
        self._refresh()

    def set_readiness(self, readiness: Readiness | None) -> None:
        """Whether the standby could take over; None while no link speaks."""
        self._readiness = readiness
        self._retry.setVisible(needs_person(self._connection, readiness))
        self.readiness.set_readiness(readiness)
        self._refresh()

    def set_switchovers(self, switchovers: Sequence[Switchover]) -> None:
        """All switchovers of this run, oldest first. Shown newest first; the one that was looked at stays looked at."""
        if tuple(switchovers) == self._switchovers:
            return
        self._switchovers = tuple(switchovers)
        self._none_yet.setVisible(not switchovers)
        self._past.setVisible(bool(switchovers))
        missing = len(switchovers) - self._past.topLevelItemCount()
        if missing < 0:
            self._past.clear()
            missing = len(switchovers)
        for _ in range(missing):
            self._past.insertTopLevelItem(0, QTreeWidgetItem())
        for row, switchover in enumerate(reversed(self._switchovers)):
            item = self._past.topLevelItem(row)
            assert item is not None
            self._fill(item, switchover)
        self._tell_one()

    def set_drill(self, drill: DrillRecord | None) -> None:
        """The last drill of the pair, None if there was none."""
        self._drill.setVisible(drill is not None)
        if drill is None:
            return
        words, times = self._speaker.words, self._speaker.times
        time = f"{times.date(drill.wall)}, {times.time(drill.wall)}"
        verdict = words(f"drill.verdict.{drill.verdict}")
        self._drill.setText(words("servers.past.drill", time=time, verdict=verdict))
        self._drill.setToolTip(words("servers.past.drill.tip", file=drill.report) if drill.report else "")

    def cell(self, server: Server, row: str) -> str:
        """What is said of `server` in `row` ("role", "why", "level", "state", "since", "probe", "session", "address")."""
        return self._cells[server, row].text()

    def past(self, row: int) -> tuple[str, ...]:
        """What is said of a switchover, newest first: time, way, cause, how long values were not live, blackout."""
        item = self._past.topLevelItem(row)
        return () if item is None else tuple(item.text(column) for column in range(len(_PAST)))

    @property
    def told(self) -> str:
        """What is said in full of the switchover that is looked at, the last one if none is: its cause, and what came back."""
        return self._told.text()

    def details(self, row: int) -> list[str]:
        """The lines of a switchover's tool tip, newest first."""
        item = self._past.topLevelItem(row)
        return [] if item is None else item.toolTip(0).splitlines()

    def use_button(self, server: Server) -> QPushButton | None:
        """The button with which a person asks for `server`, if that is allowed."""
        return self._uses.get(server)

    def password_button(self, server: Server) -> QPushButton:
        """The button with which a person gives the password of the user of `server`; visible while that is needed."""
        return self._passwords[server]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._second.start()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._second.stop()

    def _refresh(self) -> None:
        connection = self._connection
        self.readiness.refresh()
        for server in Server:
            view = None
            if connection is not None:
                view = connection.main if server is Server.MAIN else connection.backup
            for row in _ROWS:
                cell = self._cells[server, row]
                text = self._say(server, view, row)
                if cell.text() != text:
                    cell.setText(text)
            lacks = refused_in_look(server, self._readiness) or (view is not None and needs_password(view))
            self._passwords[server].setVisible(bool(lacks))
            if (manager := self._managers.get(server)) is not None:
                reads = view is not None and view.finding.role is Role.STANDBY
                manager.setText(self._speaker.words("servers.manager.read-only" if reads else "servers.manager.open"))
            if (button := self._uses.get(server)) is not None:
                button.setEnabled(view is not None and connection is not None and can_be_asked_for(server, connection))

    def _say(self, server: Server, view: ServerView | None, row: str) -> str:
        speaker, words = self._speaker, self._speaker.words
        if row == "address":
            return speaker.names[server]
        if view is None or self._connection is None:
            return words("value.none")
        moment, report = self._now(), view.report
        match row:
            case "role":
                return speaker.role(view)
            case "why":
                said, to_do = speaker.why(view.finding, report), speaker.advice(view)
                return f"{said}. {to_do}" if to_do else said
            case "level":
                return words("value.none") if report is None or report.level is None else str(report.level)
            case "state":
                return speaker.state(report, moment)
            case "since":
                wall = moment.wall_of(view.since)
                time = speaker.times.time(wall)
                return time if speaker.times.same_day(wall, moment.wall) else f"{speaker.times.date(wall)}, {time}"
            case "probe":
                if self._connection.generation and self._connection.server is server:
                    return words("servers.probe.session")
                if report is None:
                    return words("value.none")
                ago = words.ago(max(0.0, moment.monotonic - report.at))
                return words("servers.probe.took", ago=ago, took=words.duration(report.took)) if report.took else ago
            case _:
                mine = self._connection.generation and self._connection.server is server
                if not mine:
                    return words("servers.session.no")
                return words("servers.session.yes", generation=self._connection.generation)

    def _fill(self, item: QTreeWidgetItem, switchover: Switchover) -> None:
        speaker, words = self._speaker, self._speaker.words
        moment = self._now()
        time = speaker.times.time(switchover.wall)
        if not speaker.times.same_day(switchover.wall, moment.wall):
            time = f"{speaker.times.date(switchover.wall)}, {time}"
        left, taken = (words(f"server.{server}") for server in (switchover.left, switchover.taken))
        item.setText(0, time)
        item.setText(1, words("servers.past.way.value", left=left, taken=taken))
        item.setText(2, speaker.cause(switchover.cause))
        item.setText(3, self._span(switchover.outage))
        item.setText(4, self._span(switchover.blackout))
        for column in (3, 4):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tip = self._steps(switchover, time)
        for column in range(item.columnCount()):
            item.setToolTip(column, tip)

    def _tell_one(self) -> None:
        current = self._past.currentItem()
        row = 0 if current is None else self._past.indexOfTopLevelItem(current)
        self._told.setVisible(bool(self._switchovers))
        if not self._switchovers:
            return
        switchover, speaker = self._switchovers[-1 - row], self._speaker
        time = speaker.times.time(switchover.wall)
        said = speaker.words("servers.past.told", time=time, cause=speaker.cause(switchover.cause))
        if switchover.comparison is not None:
            said = f"{said}. {speaker.comparison(switchover.comparison)}"
        self._told.setText(said)

    def _span(self, seconds: float | None) -> str:
        return self._speaker.words("servers.past.open") if seconds is None else self._speaker.words.duration(seconds)

    def _steps(self, switchover: Switchover, time: str) -> str:
        """All that the record says, a line each: who noticed, when each step was taken, what did not come back."""
        words = self._speaker.words
        noticed = words("value.none") if switchover.noticed is None else words(f"noticed.{switchover.noticed}")
        lines = [words("servers.past.lost", time=time, noticed=noticed)]
        steps = {
            "channel": switchover.channel_at,
            "session": switchover.session_at,
            "active": switchover.active_at,
            "decided": switchover.adopted_at,
            "first_value": switchover.first_value_at,
            "all_values": switchover.all_values_at,
        }
        for name, at in sorted(steps.items(), key=lambda step: math.inf if step[1] is None else step[1]):
            if at is not None and at < switchover.lost_at:
                after = words("servers.past.before")
            elif at is not None:
                after = words.duration(at - switchover.lost_at)
            elif name in ("first_value", "all_values"):
                after = words("servers.past.open")
            else:
                continue
            lines.append(words("servers.past.step", step=words(f"step.{name}"), after=after))
        if switchover.comparison is not None and (missing := number_of(switchover.comparison.missing)):
            few = ", ".join(item.partition(";s=")[2] or item for item in switchover.comparison.missing_items)
            lines.append(words.count("servers.past.missing", missing, items=few))
        return "\n".join(lines)

    def _use(self, server: Server, _checked: bool = False) -> None:
        if self._ask_switch is not None:
            self._ask_switch(server)

    def _password(self, server: Server, _checked: bool = False) -> None:
        self._give_password(server)

    def manager_button(self, server: Server) -> QPushButton | None:
        """The button that opens the Web Manager of `server`, if the profile names one."""
        return self._managers.get(server)

    def _manage(self, server: Server, _checked: bool = False) -> None:
        if self._open_manager is not None:
            self._open_manager(server)

    def _lay_out(self) -> None:
        words = self._speaker.words
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        for column, server in enumerate(Server, start=1):
            head = QLabel(words(f"server.{server}"), self)
            font = head.font()
            font.setPixelSize(17)
            font.setWeight(font.Weight.DemiBold)
            head.setFont(font)
            grid.addWidget(head, 0, column)
        for line, row in enumerate(_ROWS, start=1):
            name = QLabel(words(f"servers.{row}"), self)
            name.setForegroundRole(name.palette().ColorRole.PlaceholderText)
            grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignTop)
            for column, server in enumerate(Server, start=1):
                cell = QLabel(self)
                cell.setTextFormat(Qt.TextFormat.PlainText)
                cell.setWordWrap(True)
                cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
                cell.setAccessibleName(f"{words(f'server.{server}')}, {words(f'servers.{row}')}")
                grid.addWidget(cell, line, column, Qt.AlignmentFlag.AlignTop)
                self._cells[server, row] = cell
        for column, server in enumerate(Server, start=1):
            if self._ask_switch is not None:
                button = QPushButton(words("servers.use"), self)
                button.setAccessibleName(f"{words(f'server.{server}')}: {words('servers.use')}")
                button.setToolTip(words("servers.use.tip"))
                button.clicked.connect(partial(self._use, server))
                grid.addWidget(button, len(_ROWS) + 1, column, Qt.AlignmentFlag.AlignLeft)
                self._uses[server] = button
            give = QPushButton(words("action.password"), self)
            give.setAccessibleName(f"{words(f'server.{server}')}: {words('action.password')}")
            give.clicked.connect(partial(self._password, server))
            give.setVisible(False)
            grid.addWidget(give, len(_ROWS) + 2, column, Qt.AlignmentFlag.AlignLeft)
            self._passwords[server] = give
        if self._open_manager is not None:
            self._lay_out_managers(grid)
        past = QLabel(words("servers.past"), self)
        font = past.font()
        font.setPixelSize(15)
        font.setWeight(font.Weight.DemiBold)
        past.setFont(font)
        self._past.setHeaderLabels([words(f"servers.past.{name}") for name in _PAST])
        self._past.setRootIsDecorated(False)
        self._past.setWordWrap(True)
        self._past.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._past.setFrameShape(QTreeWidget.Shape.NoFrame)
        self._past.setMinimumHeight(_PAST_HEIGHT)
        self._past.setVisible(False)
        self._past.currentItemChanged.connect(self._tell_one)
        header = self._past.header()
        header.setStretchLastSection(False)
        heads = self._past.headerItem()
        for column, span in ((3, "outage"), (4, "blackout")):
            heads.setToolTip(column, words(f"servers.past.{span}.tip"))
            heads.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column in (0, 1, 4):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self._past.hideColumn(_PAST.index("cause"))  # it is said in full, of the one that is looked at
        self._retry.setVisible(False)
        inside = QWidget(self)
        scroll = QScrollArea(self)
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        box = QVBoxLayout(inside)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(12)
        box.addLayout(grid)
        box.addWidget(self._retry, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self.readiness)
        box.addSpacing(8)
        box.addWidget(past)
        box.addWidget(self._none_yet)
        box.addWidget(self._told)
        box.addWidget(self._past, 1)
        box.addWidget(self._drill)
        box.addStretch(0)

    def _lay_out_managers(self, grid: QGridLayout) -> None:
        words = self._speaker.words
        line = len(_ROWS) + 3
        name = QLabel(words("servers.manager"), self)
        name.setForegroundRole(name.palette().ColorRole.PlaceholderText)
        grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignVCenter)
        for column, server in enumerate(Server, start=1):
            button = QPushButton(words("servers.manager.open"), self)
            button.setAccessibleName(f"{words(f'server.{server}')}: {words('servers.manager')}")
            button.setToolTip(words("servers.manager.tip"))
            button.clicked.connect(partial(self._manage, server))
            grid.addWidget(button, line, column, Qt.AlignmentFlag.AlignLeft)
            self._managers[server] = button


def can_be_asked_for(server: Server, connection: Connection) -> bool:
    """Whether a person who asks for `server` may get it: the other one is connected, and it is not known to be a standby."""
    view = connection.main if server is Server.MAIN else connection.backup
    return connection.server is server.other and view.finding.role in (Role.ACTIVE, Role.INFERRED, Role.UNKNOWN)


def needs_person(connection: Connection | None, readiness: Readiness | None) -> bool:
    """Whether something waits for a person, so that trying at once is worth offering."""
    if connection is None:
        return False
    found = () if readiness is None else readiness.checks
    return (
        connection.state is ConnectionState.ATTENTION
        or any(view.finding.role is Role.ATTENTION for view in (connection.main, connection.backup))
        or any(check.problem is not None and check.problem.kind.needs_attention for check in found)
    )
