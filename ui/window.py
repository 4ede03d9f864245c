"""The main window: strip, bar, messages, page and panels put together, and the way from page to page.

Its views, focus and dialogs belong to no connection: a switchover only changes what they are told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QMenu, QVBoxLayout, QWidget

from vizclient.faults import Fault
from vizclient.items.freshness import Freshness
from vizclient.items.writing import WriteState
from vizclient.link.client import LinkClient
from vizclient.link.drills import DrillRecord
from vizclient.link.mirror import Mirror
from vizclient.pages.bundle import Bundle
from vizclient.pages.document import Element
from vizclient.pages.view_state import ViewState
from vizclient.profiles.following import Web
from vizclient.redundancy.model import Connection, Server, Switchover
from vizclient.redundancy.readiness import Readiness

from .actions import Actions
from .canvas.canvas import Canvas
from .canvas.view import View
from .controls import Controls
from .logins import Logins
from .numbers import Numbers
from .panels.bar import Bar
from .panels.inspector import Inspector
from .panels.messages import Messages
from .panels.servers import ServersPanel, needs_person
from .panels.strip import Strip
from .speaker import Moment, Saying, Speaker, Tone
from .style import dress
from .symbols.contract import Command
from .symbols.table import SYMBOLS
from .theme import Theme, load_theme
from .web_pages import WebPages
from .window_state import WindowState
from .writing import loud

log = logging.getLogger(__name__)

_VIEW = "0"
_MOST_KEPT_CURRENT = 20_000
_LOOK_FOR_MISSING_MS = 2_000
_REFUSED_SECONDS = 12.0
_RESTARTED_SECONDS = 30.0


class Window(QMainWindow):
    """One window on one site. `closed` is emitted once, when it is closed; the link is not its to end.

    `may_switch`: a person may ask for the other server. `users`: who logs in where. `web`: the servers' web pages.
    `last_drill` is asked whenever the servers are shown.
    """

    closed = Signal()

    def __init__(
        self,
        site: str,
        bundle: Bundle | None,
        link: LinkClient,
        mirror: Mirror,
        canvas: Canvas,
        speaker: Speaker,
        numbers: Numbers,
        theme: Theme,
        now: Callable[[], Moment],
        state: WindowState,
        *,
        may_switch: bool = False,
        users: Mapping[Server, str] | None = None,
        web: Web | None = None,
        last_drill: Callable[[], DrillRecord | None] = lambda: None,
    ) -> None:
        super().__init__()
        words = speaker.words
        self.canvas = canvas
        self.views = list(state.views)
        self._site = site
        self._bundle = bundle
        self._link = link
        self._mirror = mirror
        self._speaker = speaker
        self.words = words
        self._now = now
        self.theme = theme
        self._theme_name = state.theme
        self._may_switch = may_switch
        self._last_drill = last_drill
        self.actions_ = Actions(self, words)
        self.actions_["web"].setVisible(web is not None)
        self.web_pages = None if web is None else WebPages(web, self._active_server, self._tell_of_server, self)
        self.strip = Strip(speaker, mirror, theme, now, self)
        self.bar = Bar(words, theme, self.actions_, self.go, self)
        self.messages = Messages(words, theme, self)
        self.servers: ServersPanel | None = None
        self.inspector: Inspector | None = None
        self._numbers = numbers
        self.controls = Controls(
            link, mirror, numbers, words, theme, now, self, mark=canvas.set_pending, tell=self._tell_write
        )
        self.logins = Logins(users or {}, link, speaker, theme, now, self, tell=self._tell_password)
        self._missing_said = ""
        self._no_page = QLabel(words("no-page.title"), self)
        self._missing = QTimer(self, singleShot=True, interval=_LOOK_FOR_MISSING_MS)
        self._missing.timeout.connect(self._look_for_missing)
        self._lay_out()
        self._connect()
        self._set_pages()
        if not state.geometry or not self.restoreGeometry(QByteArray.fromBase64(state.geometry.encode())):
            self._fill_screen()
        if state.servers:
            self._show_servers(visible=True)
        if state.inspector:
            self._show_inspector(visible=True)
        self._take_connection(link.connection)
        canvas.setFocus()

    # what it remembers

    @property
    def state(self) -> WindowState:
        """What is to be remembered."""
        self._keep_view()
        return WindowState(
            views=tuple(self.views),
            geometry=bytes(self.saveGeometry().toBase64().data()).decode(),
            theme=self._theme_name,
            servers=self.actions_["servers"].isChecked(),
            inspector=self.actions_["inspector"].isChecked(),
        )

    # pages

    def go(self, page: str) -> None:
        """Show another page of the bundle; says so where there is none of that name."""
        if self._bundle is None:
            return
        if page not in self._bundle.pages:
            self.messages.show_message(self.words("message.page-gone", page=page), key="page")
            return
        self._keep_view()
        self._show(self.views[0].navigate(page))

    def begin_with(self, page: str) -> None:
        """Show `page` as the one asked for at the start; says so where there is none of that name."""
        if self._bundle is not None and page not in self._bundle.pages:
            self.tell("message.page-unknown", page=page)
        else:
            self.go(page)

    def come_forward(self, page: str) -> None:
        """A second start asked for this window, with a page or without."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()
        if page:
            self.go(page)

    def add_panel(
        self,
        name: str,
        title: str,
        panel: QWidget,
        area: Qt.DockWidgetArea = Qt.DockWidgetArea.RightDockWidgetArea,
    ) -> QDockWidget:
        """Dock `panel` in `area`; it stays with the window."""
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(panel)
        self.addDockWidget(area, dock)
        return dock

    # messages

    def tell_fault(self, code: str, fault: Fault) -> None:
        """Say what is wrong with a file; `code` is the sentence around it, with the field `fault`."""
        self.messages.show_message(self.words(code, fault=self.words.fault(fault)), key=code)

    def tell(self, code: str, **arguments: object) -> None:
        """Say a sentence in the message area."""
        self.messages.show_message(self.words(code, **arguments), key=code)

    # looks

    def set_theme(self, theme: Theme) -> None:
        """Other colours for everything."""
        self.theme = theme
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        dress(application, theme)
        self.strip.set_theme(theme)
        self.messages.set_theme(theme)
        self.controls.set_theme(theme)
        if self.servers is not None:
            self.servers.readiness.set_theme(theme)
        self.logins.set_theme(theme)
        self.canvas.set_theme(theme)
        self.actions_["theme"].setChecked(theme.dark)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The zoom of a page that is shown whole follows the size of its canvas."""
        if watched is self.canvas and event.type() == QEvent.Type.Resize:
            self.bar.set_zoom(self.canvas.zoom)
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is the end of the program; whatever state it is in, the window goes at once."""
        event.accept()
        self.closed.emit()

    # private

    def _lay_out(self) -> None:
        self._no_page.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._no_page.setFont(self.theme.font(22))
        whole = QWidget(self)
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.canvas, 1)
        box.addWidget(self._no_page, 1)
        self.setCentralWidget(whole)
        self.messages.lie_over(whole)
        top = QWidget(self)
        above = QVBoxLayout(top)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(0)
        above.addWidget(self.strip)
        above.addWidget(self.bar)
        self.setMenuWidget(top)  # over all the width, beside no panel
        self.bar.set_site(self._site)
        self.actions_["theme"].setChecked(self.theme.dark)

    def _fill_screen(self) -> None:
        """The first start: maximised, and large when it is not."""
        room = self.screen().availableGeometry()
        self.setGeometry(room.adjusted(*(round(side * room.width() / 30) for side in (1, 1, -1, -1))))
        self.setWindowState(Qt.WindowState.WindowMaximized)

    def _connect(self) -> None:
        actions = self.actions_
        actions.connect("back", lambda: self._move(ViewState.back))
        actions.connect("forward", lambda: self._move(ViewState.forward))
        actions.connect("home", lambda: self.go(self._bundle.start if self._bundle else ""))
        actions.connect("fit", lambda: self._look(View()))
        actions.connect("zoom-in", lambda: self.canvas.zoom_by(1.25))
        actions.connect("zoom-out", lambda: self.canvas.zoom_by(1 / 1.25))
        actions.connect("zoom-full", lambda: self.canvas.zoom_by(1 / self.canvas.zoom))
        actions.connect("retry", self._link.retry)
        actions.connect("password", self.logins.ask)
        if self.web_pages is not None:
            actions.connect("web", self.web_pages.open_visualization)
        actions.connect("theme", self._toggle_theme)
        actions.connect("full-screen", self._toggle_full_screen)
        actions["quit"].triggered.connect(self.close)
        actions["servers"].toggled.connect(lambda checked: self._show_servers(visible=checked))
        actions["inspector"].toggled.connect(lambda checked: self._show_inspector(visible=checked))
        self.canvas.installEventFilter(self)
        self.canvas.commanded.connect(self._commanded)
        self.canvas.refused.connect(self._refused)
        self.canvas.context_menu_wanted.connect(self._context_menu)
        self.canvas.view_changed.connect(self._view_changed)
        self.canvas.focused.connect(self._inspect)
        self.strip.on_saying.append(self._said)
        self._link.on_connection.append(self._take_connection)
        self._link.on_switchover.append(self._take_switchover)
        self._link.on_readiness.append(self._take_readiness)
        self.strip.takeover.clicked.connect(lambda: self._show_servers(visible=True))
        self._link.on_write.append(self._take_write)
        self._link.on_trouble.append(self._take_trouble)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def _set_pages(self) -> None:
        bundle = self._bundle
        self.canvas.setVisible(bundle is not None)
        self._no_page.setVisible(bundle is None)
        for name in ("home", "fit", "zoom-in", "zoom-out", "zoom-full"):
            self.actions_[name].setEnabled(bundle is not None)
        if bundle is None:
            self.bar.set_page("", self.words("no-page.title"))
            self.bar.set_pages([])
            self._name_window()
            self._enable_ways()
            return
        self.bar.set_pages([(page, self.words.text(bundle.pages[page].title)) for page in bundle.pages])
        self.views = [view.within(bundle.pages, bundle.start) for view in self.views] or [ViewState.at(bundle.start)]
        self._link.bundle_shown(bundle.digest)
        everything = dict.fromkeys(
            self._mirror.handle(address) for page in bundle.pages for address in bundle.addresses(page).values()
        )
        if len(everything) <= _MOST_KEPT_CURRENT:
            self._link.watch("bundle", list(everything))  # so that a page is live from its first moment
        self._show(self.views[0])

    def _show(self, view: ViewState) -> None:
        bundle = self._bundle
        assert bundle is not None
        page = bundle.pages[view.page]
        self.views[0] = view
        handles = {item: self._mirror.handle(address) for item, address in bundle.addresses(view.page).items()}
        self.canvas.set_page(page, handles)
        if self.inspector is not None:
            self.inspector.clear()
        self.canvas.view = View(view.visit.centre, view.visit.zoom)
        self.canvas.focus_element(view.visit.selection or "")
        self._link.show(_VIEW, list(handles.values()))
        self.bar.set_page(view.page, self.words.text(page.title))
        self.bar.set_zoom(self.canvas.zoom)
        self._missing_said = ""
        self.messages.withdraw("missing")
        self._missing.start()
        self._enable_ways()
        self._name_window()

    def _keep_view(self) -> None:
        """Take the canvas's view into the view's state."""
        if self._bundle is None:
            return
        view = self.canvas.view
        state = self.views[0].select(self.canvas.focused_element or None)
        if view.zoom is None or view.centre is None:
            self.views[0] = state.fit()
        else:
            self.views[0] = state.zoom_to(view.zoom, view.centre)

    def _move(self, way: Callable[[ViewState], ViewState]) -> None:
        if self._bundle is None:
            return
        self._keep_view()
        moved = way(self.views[0])
        if moved != self.views[0]:
            self._show(moved)

    def _look(self, view: View) -> None:
        self.canvas.view = view
        self._view_changed()

    def _view_changed(self) -> None:
        self._keep_view()
        self.bar.set_zoom(self.canvas.zoom)

    def _enable_ways(self) -> None:
        self.actions_["back"].setEnabled(bool(self.views) and self.views[0].can_go_back)
        self.actions_["forward"].setEnabled(bool(self.views) and self.views[0].can_go_forward)

    def _commanded(self, element: str, command: Command) -> None:
        if self._bundle is None:
            return
        if command.kind == "open":
            self.go(command.page)
            return
        found = self._element(element)
        if found is not None:
            self.controls.use(found, self._bundle)

    def _refused(self, element: str, reason: str) -> None:
        """A control that cannot be used now was: say why."""
        found = self._element(element)
        if found is not None and self._bundle is not None:
            self.controls.explain(found, reason, self._bundle)

    def _element(self, element: str) -> Element | None:
        if self._bundle is None:
            return None
        elements = self._bundle.pages[self.views[0].page].elements
        return next((found for found in elements if found.id == element), None)

    def _context_menu(self, element: str, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        found = self._element(element)
        for command in () if found is None else SYMBOLS[found.type].commands(found):
            text = self.words("action.open" if command.kind == "open" else "action.write")
            action = QAction(text, menu)
            action.triggered.connect(lambda _checked=False, command=command: self._commanded(element, command))
            menu.addAction(action)
        if found is not None and found.item is not None and (description := self.canvas.describe(element)):
            freshness = ", ".join(map(self.words, description.states))
            value = description.value or self.words("value.none")
            text = self.words("value.with-freshness", value=value, freshness=freshness)
            if remark := self.canvas.remark(element):
                text = f"{text}. {remark}"
            inspect = QAction(self.words("action.inspect"), menu)
            inspect.triggered.connect(lambda: self._look_into(element))
            menu.addAction(inspect)
            copy = QAction(self.words("action.copy"), menu)
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(text))
            menu.addAction(copy)
        menu.addSeparator()
        menu.addActions([self.actions_["fit"], self.actions_["zoom-full"]])
        menu.popup(place)

    def _take_connection(self, connection: Connection | None) -> None:
        self.strip.set_connection(connection)
        if self.servers is not None:
            self.servers.set_connection(connection)
        self.controls.set_connection(connection)
        self.logins.set_connection(connection)
        self.actions_["password"].setEnabled(bool(self.logins.lacking))
        self.actions_["retry"].setEnabled(needs_person(connection, self._link.readiness))
        self._missing.start()

    def _take_switchover(self, switchover: Switchover) -> None:
        self.strip.set_switchover(switchover)
        if self.servers is not None:
            self.servers.set_switchovers(self._link.switchovers)

    def _take_readiness(self, readiness: Readiness | None) -> None:
        self.strip.set_readiness(readiness)
        self.actions_["password"].setEnabled(bool(self.logins.lacking))
        self.actions_["retry"].setEnabled(needs_person(self._link.connection, readiness))
        if self.servers is not None:
            self.servers.set_readiness(readiness)

    def _active_server(self) -> Server | None:
        connection = self._link.connection
        return connection.server if connection is not None and connection.sure else None

    def _tell_of_server(self, code: str, **arguments: str) -> None:
        if "server" in arguments:
            arguments["server"] = self.words(f"server.{arguments['server']}")
        self.messages.show_message(self.words(code, **arguments), key="web")

    def _take_write(self, state: WriteState) -> None:
        self.controls.set_write_state(state)

    def _take_trouble(self, code: str, arguments: Mapping[str, str]) -> None:
        seconds = _RESTARTED_SECONDS if code == "link-restarted" else None
        self.messages.show_message(self.words(code, **arguments), key=code, seconds=seconds)

    def _tell_write(self, text: str, key: str) -> None:
        if text:
            self.messages.show_message(text, key=key, seconds=_REFUSED_SECONDS)
        else:
            self.messages.withdraw(key)

    def _tell_password(self, text: str) -> None:
        self.messages.show_message(text, key="password", seconds=_REFUSED_SECONDS)

    def _said(self, saying: Saying) -> None:
        self._name_window(saying)

    def _name_window(self, saying: Saying | None = None) -> None:
        saying = saying or self.strip.saying
        state = f"{saying.server} {saying.state}".strip() if saying.tone is Tone.QUIET else saying.state
        page = ""
        if self._bundle is not None and self.views:
            page = self.words.text(self._bundle.pages[self.views[0].page].title)
        code = "window.title" if page else "window.title.no-page"
        title = self.words(code, page=page, profile=self._site, state=state)
        if title != self.windowTitle():
            self.setWindowTitle(title)

    def _look_for_missing(self) -> None:
        """Items of the page that the server does not have: said once, at the top; each also shows it in its place."""
        connection = self._link.connection
        if self._bundle is None or connection is None or connection.server is None or not connection.generation:
            return
        view = self.views[0]
        now = self._now().monotonic
        missing = [
            item
            for item, address in self._bundle.addresses(view.page).items()
            if self._mirror.freshness(self._mirror.handle(address), now) is Freshness.MISSING
        ]
        if not missing:
            self._missing_said = ""
            self.messages.withdraw("missing")
            if self._mirror.awaits:
                self._missing.start()
            return
        page = self.words.text(self._bundle.pages[view.page].title)
        server = loud(self.words, connection.server)
        text = self.words.count("message.items-missing", len(missing), page=page, server=server, item=missing[0])
        if text != self._missing_said:  # once dismissed it does not come back
            self._missing_said = text
            self.messages.show_message(text, key="missing")
        self._missing.start()

    def _show_servers(self, *, visible: bool) -> None:
        """Show or hide the servers panel; it is made when it is first wanted."""
        if self.servers is None:
            if not visible:
                return
            self.servers = ServersPanel(
                self._speaker,
                self.theme,
                self._now,
                self.actions_["retry"],
                self,
                ask_switch=self._link.ask_switch if self._may_switch else None,
                give_password=self.logins.ask,
                open_manager=self.web_pages.open_manager if self.web_pages and self.web_pages.has_manager else None,
            )
            self.servers.set_connection(self._link.connection)
            self.servers.set_switchovers(self._link.switchovers)
            self.servers.set_readiness(self._link.readiness)
            self._servers_dock = self.add_panel("servers-dock", self.words("servers.title"), self.servers)
            self._servers_dock.setMinimumWidth(400)
            self._servers_dock.visibilityChanged.connect(
                lambda _: self.actions_["servers"].setChecked(not self._servers_dock.isHidden())
            )
        if visible:
            self.servers.set_drill(self._last_drill())
        self._servers_dock.setVisible(visible)
        self.actions_["servers"].setChecked(visible)

    def _show_inspector(self, *, visible: bool) -> None:
        """Show or hide the inspector; it is made when it is first wanted, and begins with what has the focus."""
        if self.inspector is None:
            if not visible:
                return
            self.inspector = Inspector(self.canvas, self._mirror, self._speaker, self._numbers, self._now, self)
            self.inspector.inspect(self.canvas.focused_element)
            self._inspector_dock = self.add_panel("inspector-dock", self.words("inspector.title"), self.inspector)
            self._inspector_dock.setMinimumWidth(360)
            self._inspector_dock.visibilityChanged.connect(
                lambda _: self.actions_["inspector"].setChecked(not self._inspector_dock.isHidden())
            )
        self._inspector_dock.setVisible(visible)
        self.actions_["inspector"].setChecked(visible)

    def _look_into(self, element: str) -> None:
        self.canvas.focus_element(element)
        self._show_inspector(visible=True)

    def _inspect(self, element: str) -> None:
        if self.inspector is not None:
            self.inspector.inspect(element)

    def _toggle_theme(self) -> None:
        self._theme_name = "light" if self.theme.dark else "dark"
        self.set_theme(load_theme(self._theme_name))

    def _follow_system(self, scheme: Qt.ColorScheme) -> None:
        if not self._theme_name:
            self.set_theme(load_theme("dark" if scheme is Qt.ColorScheme.Dark else "light"))

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
