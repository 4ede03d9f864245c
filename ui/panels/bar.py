"""The bar under the strip: where one is, and the ways to elsewhere. Every button is an action of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from ..actions import Actions
from ..icons import icon
from ..theme import Theme
from ..words import Words
from .elided import ElidedLabel

_BUTTON = QSize(36, 36)
_ICON = QSize(20, 20)


class Bar(QFrame):
    """Back, forward, start page; the page's title, which opens the list of pages; zoom; servers; the menu."""

    def __init__(
        self, words: Words, theme: Theme, actions: Actions, go: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._words = words
        self._go = go
        self.pages = QMenu(self)
        self.menu = QMenu(self)
        for name in ("web", "full-screen", "theme", "retry", "password", "quit"):
            if name == "quit":
                self.menu.addSeparator()
            self.menu.addAction(actions[name])
        self._title = QToolButton(self)
        self._title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._title.setIcon(icon("down"))
        self._title.setIconSize(QSize(14, 14))
        self._title.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self._title.setFont(theme.font(18, "medium"))
        self._title.setAutoRaise(True)
        self._title.setToolTip(words("action.pages"))
        self._title.clicked.connect(lambda: self._popup(self.pages, self._title))
        self._site = ElidedLabel(self)
        self._site.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._site.setForegroundRole(self._site.palette().ColorRole.PlaceholderText)
        self._zoom = QLabel(self)
        self._zoom.setMinimumWidth(self._zoom.fontMetrics().horizontalAdvance("1000 %"))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        menu = self._button(None)
        menu.setIcon(icon("menu"))
        menu.setToolTip(words("action.menu"))
        menu.setAccessibleName(words("action.menu"))
        menu.clicked.connect(lambda: self._popup(self.menu, menu))
        names = [name for name in ("web", "inspector", "servers") if actions[name].isVisible()]
        panels = [self._button(actions[name]) for name in names]
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(4)
        for name in ("back", "forward", "home"):
            row.addWidget(self._button(actions[name]))
        row.addSpacing(8)
        row.addWidget(self._title)
        row.addWidget(self._site, 1)
        row.addSpacing(16)
        row.addWidget(self._button(actions["zoom-out"]))
        row.addWidget(self._zoom)
        row.addWidget(self._button(actions["zoom-in"]))
        row.addWidget(self._button(actions["fit"]))
        row.addSpacing(8)
        for panel in panels:
            panel.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            row.addWidget(panel)
        row.addWidget(menu)

    def set_site(self, name: str) -> None:
        """What the profile calls the site."""
        self._site.setText(name)

    def set_pages(self, pages: Sequence[tuple[str, str]]) -> None:
        """The pages of the bundle as (id, title)."""
        self.pages.clear()
        for page, title in pages:
            action = QAction(title.replace("&", "&&"), self.pages)
            action.setData(page)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, page=page: self._go(page))
            self.pages.addAction(action)
        self._title.setEnabled(bool(pages))

    def set_page(self, page: str, title: str) -> None:
        """Where one is."""
        self._title.setText(title.replace("&", "&&"))
        for action in self.pages.actions():
            action.setChecked(action.data() == page)

    def set_zoom(self, zoom: float) -> None:
        """How large the page is shown; 1 is one logical pixel a unit."""
        self._zoom.setText(self._words("zoom", percent=round(100 * zoom)))

    def _button(self, action: QAction | None) -> QToolButton:
        button = QToolButton(self)
        if action is not None:
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
        button.setIconSize(_ICON)
        button.setMinimumSize(_BUTTON)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    @staticmethod
    def _popup(menu: QMenu, under: QToolButton) -> None:
        place = under.mapToGlobal(QPoint(0, under.height()))
        if place.x() + menu.sizeHint().width() > under.window().frameGeometry().right():
            place.setX(place.x() + under.width() - menu.sizeHint().width())
        menu.popup(place)
