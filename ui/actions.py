"""Every command of the window, once: its words, keys and icon. What a command does is the window's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from .icons import icon
from .speaker import PASSWORD_KEY
from .words import Words


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table. `keys` in Qt's portable form, the first is shown; `code` of its words is `action.<name>`."""

    name: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False


COMMANDS = (
    Command("back", ("Alt+Left", "Back"), "back"),
    Command("forward", ("Alt+Right", "Forward"), "forward"),
    Command("home", ("Alt+Home",), "home"),
    Command("fit", ("Ctrl+0",), "fit"),
    Command("zoom-in", ("Ctrl++", "Ctrl+="), "plus"),
    Command("zoom-out", ("Ctrl+-",), "minus"),
    Command("zoom-full", ("Ctrl+1",)),
    Command("inspector", ("F7",), "inspector", checkable=True),
    Command("servers", ("F8",), "servers", checkable=True),
    Command("web", (), "web"),
    Command("retry", ("F5",)),
    Command("password", (PASSWORD_KEY,)),
    Command("theme", ("F9",), checkable=True),
    Command("full-screen", ("F11",), checkable=True),
    Command("quit", ("Ctrl+Q",)),
)


class Actions:
    """One QAction for each command, made for `parent`, with its shortcut alive in the whole window."""

    def __init__(self, parent: QWidget, words: Words) -> None:
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            action = QAction(words(f"action.{command.name}"), parent)
            action.setObjectName(command.name)
            action.setShortcuts([QKeySequence(keys) for keys in command.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.setCheckable(command.checkable)
            if command.icon:
                action.setIcon(icon(command.icon))
            if command.keys:
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                action.setToolTip(words("action.with-keys", action=action.text(), keys=keys))
            parent.addAction(action)
            self._actions[command.name] = action

    def __getitem__(self, name: str) -> QAction:
        """The action `name`. KeyError if the table has none."""
        return self._actions[name]

    def connect(self, name: str, slot: Callable[[], None]) -> None:
        """Call `slot` when the command is given."""
        self._actions[name].triggered.connect(lambda _checked=False: slot())
