"""The canvas for people who do not see it: each element that shows or does something is a child with a name, role and value.

A value is only ever said with its freshness. Nothing is made before an assistive technology asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QWindow
from PySide6.QtWidgets import QAccessibleWidget

from ..symbols.contract import Words
from .canvas import Canvas

if TYPE_CHECKING:
    pass

_ROLES = {
    "text": QAccessible.Role.StaticText,
    "value": QAccessible.Role.StaticText,
    "indicator": QAccessible.Role.Indicator,
    "progress": QAccessible.Role.ProgressBar,
    "switch": QAccessible.Role.Switch,
    "button": QAccessible.Role.Button,
    "link": QAccessible.Role.Link,
    "graphic": QAccessible.Role.Graphic,
    "field": QAccessible.Role.SpinBox,
}


class CanvasInterface(QAccessibleWidget):
    """The canvas as a whole; its children are the elements that say something, in display order."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, QAccessible.Role.Canvas, canvas.accessibleName())
        self._canvas = canvas
        self._made: dict[str, ElementInterface] = {}

    def childCount(self) -> int:
        """How many elements say something."""
        return len(self._canvas.spoken())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """One of them; None beyond the last."""
        spoken = self._canvas.spoken()
        return self.element(spoken[index].id) if 0 <= index < len(spoken) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """Its place among them, -1 if it is none of them."""
        ids = [entry.id for entry in self._canvas.spoken()]
        return ids.index(child.id) if isinstance(child, ElementInterface) and child.id in ids else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """The element at a point of the screen."""
        found = self._canvas.element_at(self._canvas.mapFromGlobal(QRect(x, y, 1, 1).topLeft()).toPointF())
        return self.element(found) if found else None

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]
        """The element that has the keyboard focus."""
        focused = self._canvas.focused_element
        return self.element(focused) if focused and self._canvas.hasFocus() else None

    def element(self, element_id: str) -> ElementInterface:
        """The interface of one element, made when it is first asked for."""
        made = self._made.get(element_id)
        if made is None:
            made = self._made[element_id] = ElementInterface(self._canvas, self, element_id)
        return made

    def end(self) -> None:
        """Take the children out of Qt's list of interfaces."""
        for element in self._made.values():
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(element))
        self._made.clear()


class ElementInterface(QAccessibleInterface):
    """One element of the page. Invalid once the page has no such element."""

    def __init__(self, canvas: Canvas, parent: CanvasInterface, element_id: str) -> None:
        super().__init__()
        self._canvas = canvas
        self._parent = parent
        self.id = element_id

    def isValid(self) -> bool:
        """Whether the page still has it."""
        return self._canvas.describe(self.id) is not None

    def object(self) -> QObject | None:  # type: ignore[override]
        """There is no QObject for an element."""
        return None

    def window(self) -> QWindow | None:  # type: ignore[override]
        """The canvas's window."""
        return self._canvas.window().windowHandle()

    def parent(self) -> QAccessibleInterface:
        """The canvas."""
        return self._parent

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """It has none."""
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """It has none."""
        return None

    def childCount(self) -> int:
        """It has none."""
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """It has none."""
        return -1

    def rect(self) -> QRect:
        """Where it is on the screen."""
        rect = self._canvas.element_rect(self.id)
        return QRect(self._canvas.mapToGlobal(rect.topLeft()), rect.size())

    def role(self) -> QAccessible.Role:
        """What it is."""
        description = self._canvas.describe(self.id)
        return _ROLES[description.role] if description else QAccessible.Role.NoRole

    def state(self) -> QAccessible.State:
        """What can be done with it now."""
        state = QAccessible.State()
        entry = self._canvas.entry(self.id)
        description = self._canvas.describe(self.id)
        if entry is None or description is None:
            state.invalid = True
            return state
        if entry.commands:
            state.focusable = True
            state.disabled = "state.disabled" in description.states
        state.checkable = description.role == "switch"
        state.checked = "state.on" in description.states
        state.focused = self._canvas.hasFocus() and self._canvas.focused_element == self.id
        return state

    def text(self, kind: QAccessible.Text) -> str:
        """Name, value with freshness; as the description that value with what there is to say of its freshness."""
        description = self._canvas.describe(self.id)
        if description is None:
            return ""
        value = spoken_value(description.value, description.states, self._canvas.words)
        match kind:
            case QAccessible.Text.Name:
                return description.name
            case QAccessible.Text.Value:
                return value
            case QAccessible.Text.Description:
                remark = self._canvas.remark(self.id)
                return f"{value}. {remark}" if remark else value
        return ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Nothing can be typed into an element."""


def spoken_value(value: str, states: tuple[str, ...], words: Words) -> str:
    """A value with all that is to be said of it; only the states where there is none to say."""
    said = ", ".join(words(code) for code in states)
    if not said:
        return value
    return words("value.with-freshness", value=value or words("value.none"), freshness=said)


class Accessibility:
    """Makes the interfaces of canvases, and tells of their focus. One for a program; keep it as long as that runs."""

    def __init__(self) -> None:
        self._interfaces: dict[int, CanvasInterface] = {}
        QAccessible.installFactory(self._make)

    def watch(self, canvas: Canvas) -> None:
        """Tell assistive technologies where the focus goes within `canvas`, and what becomes of the value there."""
        canvas.focused.connect(lambda element: self._tell(canvas, element, QAccessible.Event.Focus))
        canvas.focused_changed.connect(lambda element: self._tell(canvas, element, QAccessible.Event.ValueChanged))

    def _make(self, _: str, watched: QObject | None) -> QAccessibleInterface | None:
        if not isinstance(watched, Canvas):
            return None
        interface = CanvasInterface(watched)
        key = id(watched)
        self._interfaces[key] = interface
        watched.destroyed.connect(lambda: self._gone(key))
        return interface

    def _gone(self, key: int) -> None:
        """Qt has ended the canvas's interface with it; those of its elements are ours to end."""
        interface = self._interfaces.pop(key, None)
        if interface is not None:
            interface.end()

    def _tell(self, canvas: Canvas, element: str, kind: QAccessible.Event) -> None:
        if not QAccessible.isActive() or not element:
            return
        ids = [entry.id for entry in canvas.spoken()]
        if element in ids:
            event = QAccessibleEvent(canvas, kind)
            event.setChild(ids.index(element))
            QAccessible.updateAccessibility(event)
