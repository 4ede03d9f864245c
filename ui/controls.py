"""What happens when an operator uses a control: a dialog, or a write at once; and what became of it, where it belongs.

One write is asked for once. Knows the link only as something that writes; knows no page layout and no painting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

from vizclient.items import writing
from vizclient.items.freshness import Freshness
from vizclient.items.typed import Limits
from vizclient.items.value import Value
from vizclient.items.writing import WriteOutcome, WriteState
from vizclient.link.mirror import Mirror
from vizclient.pages.bundle import Bundle
from vizclient.pages.document import ButtonElement, Element, SetPointElement, SwitchElement
from vizclient.redundancy.model import Connection, Server

from .numbers import Numbers
from .speaker import Moment
from .symbols.contract import Pending
from .theme import Theme
from .words import Words
from .writing import Complaint, Target, check, obstacle, outcome_in_words, value_in_words

if TYPE_CHECKING:
    from .dialogs.write import WriteDialog

log = logging.getLogger(__name__)

Control = SetPointElement | SwitchElement | ButtonElement
_PENDING: dict[WriteOutcome, Pending] = {
    WriteOutcome.PENDING: "pending",
    WriteOutcome.DONE: "",
    WriteOutcome.REFUSED: "refused",
    WriteOutcome.MISMATCH: "mismatch",
    WriteOutcome.UNKNOWN: "unknown",
}


class Link(Protocol):
    """The part of the link's client that writes; `vizclient.link.client.LinkClient` is it."""

    @property
    def connection(self) -> Connection | None:
        """As it was announced last."""
        ...

    def write(
        self,
        handle: int,
        value: Value,
        seen_generation: int,
        readback: writing.Readback | None = None,
        limits: Limits | None = None,
    ) -> int:
        """Write once; the number under which its states come."""
        ...


@dataclass(slots=True)
class _Write:
    target: Target
    value: Value
    server: Server
    dialog: WriteDialog | None


class Controls:
    """The writes of one window. `mark(element, pending)` shows a state at the element; `tell(text, key)` says it in the
    window, an empty text withdraws it."""

    def __init__(
        self,
        link: Link,
        mirror: Mirror,
        numbers: Numbers,
        words: Words,
        theme: Theme,
        now: Callable[[], Moment],
        parent: QWidget,
        *,
        mark: Callable[[str, Pending], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self.dialog: WriteDialog | None = None
        self._link = link
        self._mirror = mirror
        self._numbers = numbers
        self._words = words
        self._theme = theme
        self._now = now
        self._parent = parent
        self._mark = mark
        self._tell = tell
        self._writes: dict[int, _Write] = {}

    def use(self, element: Element, bundle: Bundle) -> None:
        """Do what a control is for: a dialog where something is typed or confirmed, else a write."""
        if not isinstance(element, Control):
            return
        if self.dialog is not None:
            if self.dialog.target.element == element.id or not self.dialog.is_untouched:
                self.dialog.raise_()
                self.dialog.activateWindow()
                return
            self.dialog.reject()
        target = self.target(element, bundle)
        match element:
            case SetPointElement():
                self._open(target, None)
            case SwitchElement():
                self._direct(target, None)
            case ButtonElement():
                self._direct(target, element.value)

    def explain(self, element: Element, reason: str, bundle: Bundle) -> None:
        """Say why a control cannot be used now; `reason` is a code."""
        if isinstance(element, Control):
            self._complain(self.target(element, bundle), Complaint(reason))

    def target(self, element: Control, bundle: Bundle) -> Target:
        """What a control writes to."""
        handle = self._mirror.handle(bundle.address(element.item))
        metadata = self._mirror.metadata[handle]
        name = self._words.text(element.label) if element.label else ""
        if not name and isinstance(element, ButtonElement):
            name = self._words.text(element.text)
        if not name:
            name = metadata.display_name if metadata is not None and metadata.display_name else element.item
        readback = element.write.readback
        feedback = None if readback.item is None else self._mirror.handle(bundle.address(readback.item))
        return Target(
            element=element.id,
            handle=handle,
            name=name.replace("\n", " "),
            low=element.write.min,
            high=element.write.max,
            step=element.write.step,
            decimals=getattr(element, "decimals", None),
            unit=getattr(element, "unit", None),
            confirm=element.write.confirm,
            readback=writing.Readback(
                writing.ReadbackKind(readback.kind), readback.tolerance, readback.settle_ms / 1000, feedback
            ),
        )

    def set_theme(self, theme: Theme) -> None:
        """For dialogs to come."""
        self._theme = theme

    def set_connection(self, connection: Connection | None) -> None:
        """The connection as it was announced."""
        if self.dialog is not None:
            self.dialog.set_connection(connection)

    def set_write_state(self, state: WriteState) -> None:
        """How a write stands: in its dialog while that is open, at its element, and in the window if it went wrong."""
        write = self._writes.get(state.number)
        if write is None:
            return
        log.info("write %d to %s: %s %s", state.number, self._mirror.addresses[state.handle], state.outcome, state.code)
        self._mark(write.target.element, _PENDING[state.outcome])
        if state.outcome is not WriteOutcome.PENDING:
            del self._writes[state.number]
        if write.dialog is not None and write.dialog is self.dialog:
            write.dialog.set_write_state(state)
            return
        if state.outcome in (WriteOutcome.PENDING, WriteOutcome.DONE):
            self._tell("", _key(write.target))
            return
        metadata = self._mirror.metadata[state.handle]
        value, read = (
            value_in_words(each, write.target, metadata, self._numbers) for each in (write.value, state.read)
        )
        outcome = outcome_in_words(state, value, read, write.server, self._words)
        self._tell(self._words("message.write-failed", item=write.target.name, outcome=outcome), _key(write.target))

    def _direct(self, target: Target, value: Value) -> None:
        """Write `value`, or for None the opposite of what the item has, at once or after a confirmation."""
        connection = self._link.connection
        complaint = obstacle(target, self._mirror, connection, self._now().monotonic)
        metadata = self._mirror.metadata[target.handle]
        sample = self._mirror.samples[target.handle]
        generation = 0 if connection is None else connection.generation
        switching = value is None
        if complaint is None and metadata is not None:
            if value is None and sample is not None and sample.generation == generation:
                value = _opposite(sample.value)
            if value is None:
                complaint = Complaint("write.no-value")
            else:
                checked = check(value, target, metadata, self._numbers)
                if isinstance(checked, Complaint):
                    complaint = checked
                else:
                    value = checked
        if complaint is not None:
            self._complain(target, complaint)
        elif target.confirm or (switching and self._is_unconfirmed(target)):
            self._open(target, value)  # what is unconfirmed may be the opposite already: the dialog says so
        else:
            self._write(target, value, generation, None)

    def _is_unconfirmed(self, target: Target) -> bool:
        return self._mirror.freshness(target.handle, self._now().monotonic) is Freshness.UNSYNCHRONISED

    def _complain(self, target: Target, complaint: Complaint) -> None:
        text = self._words("message.write-failed", item=target.name, outcome=complaint.say(self._words))
        self._tell(text, _key(target))

    def _open(self, target: Target, fixed: Value) -> None:
        from .dialogs.write import WriteDialog  # noqa: PLC0415 - not needed before the first frame

        dialog = WriteDialog(
            target,
            self._link.connection,
            self._mirror,
            self._numbers,
            self._words,
            self._theme,
            self._now,
            self._parent,
            fixed=fixed,
        )
        self.dialog = dialog
        dialog.wanted.connect(lambda value, generation: self._write(target, value, generation, dialog))
        dialog.finished.connect(self._dialog_closed)
        dialog.show()  # not modal: the page stays in the operator's hands
        dialog.activateWindow()

    def _dialog_closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _write(self, target: Target, value: Value, generation: int, dialog: WriteDialog | None) -> None:
        connection = self._link.connection
        server = connection.server if connection is not None and connection.server is not None else Server.MAIN
        self._tell("", _key(target))
        limits = target.limits(self._mirror.metadata[target.handle])
        number = self._link.write(target.handle, value, generation, target.readback, limits)
        self._writes[number] = _Write(target, value, server, dialog)
        self._mark(target.element, "pending")


def _opposite(value: Value) -> Value:
    """What a switch writes next; None where that cannot be said."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float) and value == value:  # noqa: PLR0124 - not NaN
        return 0 if value else 1
    return None


def _key(target: Target) -> str:
    return f"write {target.element}"
