"""The inspector: where the value comes from that was clicked last, how far it can be trusted, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from vizclient.items.freshness import Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.status import status_name
from vizclient.link.mirror import Mirror
from vizclient.redundancy.support import Interface, Kind

from ..canvas.canvas import Canvas
from ..numbers import Numbers
from ..reasons import reason
from ..speaker import Moment, Speaker

ROWS = (
    "why",
    "to-do",
    "interface",
    "switchover",
    "possible",
    "note",
    "item",
    "server",
    "status",
    "time",
    "type",
    "range",
    "access",
    "description",
)
_SENTENCES = ("why", "to-do")
"""As wide as the panel, under their names."""
_LOOK_AGAIN_MS = 250


class Inspector(QWidget):
    """Follows one element of the canvas, renewed four times a second while it is seen."""

    def __init__(
        self,
        canvas: Canvas,
        mirror: Mirror,
        speaker: Speaker,
        numbers: Numbers,
        now: Callable[[], Moment],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._mirror = mirror
        self._speaker = speaker
        self._numbers = numbers
        self._now = now
        self._element = ""
        self._name = self._label(20, "DemiBold")
        self._value = self._label(17, "Medium")
        self._names: dict[str, QLabel] = {}
        self._cells: dict[str, QLabel] = {}
        self._lay_out()
        self._again = QTimer(self, interval=_LOOK_AGAIN_MS)
        self._again.timeout.connect(self.refresh)

    def inspect(self, element: str) -> None:
        """Look at another element; one that shows no item, or "", is passed over."""
        entry = self._canvas.entry(element)
        if entry is not None and entry.handle is not None:
            self._element = element
            self.refresh()

    def clear(self) -> None:
        """Look at nothing: another page is shown."""
        self._element = ""
        self.refresh()

    def cell(self, row: str) -> str:
        """What is said in a row of `ROWS`, "" where there is nothing to say."""
        return self._cells[row].text()

    @property
    def heading(self) -> tuple[str, str]:
        """What the element is called, and its value with its freshness."""
        return self._name.text(), self._value.text()

    def refresh(self) -> None:
        """Say what holds now."""
        words = self._speaker.words
        entry = self._canvas.entry(self._element)
        description = None if entry is None else self._canvas.describe(self._element)
        freshness = self._canvas.freshness(self._element)
        if entry is None or entry.handle is None or description is None or freshness is None:
            _put(self._name, "")
            _put(self._value, words("inspector.nothing"))
            said: dict[str, str] = {}
        else:
            states = ", ".join(map(words, description.states))
            value = description.value or words("value.none")
            called = "" if entry.label or entry.metadata is None else entry.metadata.display_name
            _put(self._name, (called or description.name).replace("\n", " "))
            _put(self._value, words("value.with-freshness", value=value, freshness=states))
            said = {"item": entry.item}
            if entry.handle >= 0:
                said |= self._rows(entry.handle, freshness)
        self._name.setVisible(bool(self._name.text()))
        for row in ROWS:
            text = said.get(row, "")
            _put(self._cells[row], text)
            for label in (self._names[row], self._cells[row]):
                label.setVisible(bool(text))

    def showEvent(self, event: QShowEvent) -> None:
        """Follow what is seen only."""
        super().showEvent(event)
        self._again.start()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """See `showEvent`."""
        super().hideEvent(event)
        self._again.stop()

    def _rows(self, handle: int, freshness: Freshness) -> dict[str, str]:
        words, mirror = self._speaker.words, self._mirror
        sample, metadata = mirror.samples[handle], mirror.metadata[handle]
        why = reason(mirror, handle, freshness, words)
        said = {"why": why.why, "to-do": why.to_do}
        interface = mirror.interfaces[handle]
        if interface is None:
            said["interface"] = words("inspector.interface.none")
        else:
            said |= self._interface(interface)
        if sample is not None:
            said["server"] = words(f"server.{sample.server}")
            said["status"] = f"{status_name(sample.status)} (0x{sample.status:08X})"
            if sample.source_time is not None:
                said["time"] = self._time(sample.source_time)
        if metadata is not None:
            said |= self._metadata(metadata)
        return said

    def _interface(self, interface: Interface) -> dict[str, str]:
        words = self._speaker.words
        possible = words(f"possible.{interface.possible}")
        return {
            "interface": words("module", name=interface.name) if interface.kind is Kind.MODULE else interface.name,
            "switchover": words(f"says.{interface.behaviour}"),
            "possible": possible if interface.relevant else words("inspector.possible.not-needed"),
            "note": words.text(interface.note),
        }

    def _metadata(self, metadata: Metadata) -> dict[str, str]:
        words = self._speaker.words
        low, high = metadata.low, metadata.high
        limits = ""
        if low is not None and high is not None:
            span = {"low": self._numbers.format(low), "high": self._numbers.format(high, None, metadata.unit)}
            limits = words("write.range.both", **span)
        return {
            "type": metadata.data_type + "[]" * (metadata.value_rank >= 0),
            "range": limits,
            "access": words("inspector.access.write" if metadata.writable else "inspector.access.read"),
            "description": metadata.description,
        }

    def _time(self, wall: float) -> str:
        times = self._speaker.times
        try:
            time = times.time(wall)
            return time if times.same_day(wall, self._now().wall) else f"{times.date(wall)}, {time}"
        except (ValueError, OverflowError, OSError):  # a server may send a time that no calendar here has
            return self._speaker.words("value.none")

    def _label(self, pixels: int, weight: str) -> QLabel:
        label = QLabel(self)
        font = label.font()
        font.setPixelSize(pixels)
        font.setWeight(getattr(font.Weight, weight))
        label.setFont(font)
        return _readable(label)

    def _lay_out(self) -> None:
        words = self._speaker.words
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, row in enumerate(ROWS):
            name = QLabel(words(f"inspector.{row}"), self)
            name.setForegroundRole(name.palette().ColorRole.PlaceholderText)
            cell = _readable(QLabel(self))
            cell.setAccessibleName(words(f"inspector.{row}"))
            if row in _SENTENCES:
                grid.addWidget(name, 2 * line, 0, 1, 2)
                grid.addWidget(cell, 2 * line + 1, 0, 1, 2)
            else:
                grid.addWidget(name, 2 * line, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(cell, 2 * line, 1, Qt.AlignmentFlag.AlignTop)
            self._names[row], self._cells[row] = name, cell
        inside = QWidget(self)
        box = QVBoxLayout(inside)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(10)
        box.addWidget(self._name)
        box.addWidget(self._value)
        box.addSpacing(4)
        box.addLayout(grid)
        box.addStretch(1)
        area = QScrollArea(self)
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)


def _readable(label: QLabel) -> QLabel:
    """Wrapped, to be selected and copied, as wide as there is room."""
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _put(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
