"""What a symbol is, and what it is handed. A symbol has no widget, no store and no clock.

The canvas works out what is to be shown (`Shown`) and paints a symbol again only where that differs from what stands on
the screen. So everything that a symbol draws must come from its properties, its metadata and `Shown`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from vizclient.items.freshness import Freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.pages.document import Base, Style
from vizclient.schema.closed import Text

from ..numbers import Numbers
from ..theme import Theme

E = TypeVar("E", bound=Base)

Level = float | int | bool | str | tuple["Level", ...] | None
"""What of a value is drawn besides its text: the filled part of a bar, whether a pump runs. None: nothing."""

Pending = Literal["", "pending", "refused", "mismatch", "unknown"]
"""What is to be said of the last write; "" when there is nothing to say (never written, or done)."""


class Shown(NamedTuple):
    """What an element shows; two that are equal look the same.

    `text`: the value in words and figures with its unit, "" if none is known. `age`: coarse, only when stale. `style`: of the
    first state that holds. `enabled`: whether a control may be used now. `label`: in the operator's language.
    """

    text: str
    level: Level
    freshness: Freshness
    age: str
    style: Style
    pending: Pending
    enabled: bool
    label: str


class Command(NamedTuple):
    """What an element can be asked to do: `toggle` or `set` its item, `push` (write its one value), `open` a page."""

    kind: Literal["toggle", "set", "push", "open"]
    page: str = ""


class Description(NamedTuple):
    """An element in codes, for people who do not see it: `role` as in accessibility, `states` are codes for words."""

    role: Literal["text", "value", "indicator", "progress", "switch", "button", "link", "graphic", "field"]
    name: str
    value: str
    states: tuple[str, ...]


class Words(Protocol):
    """The words of the operator's language; `ui.words.Words` is it."""

    def __call__(self, code: str, /, **arguments: object) -> str:
        """The text of a code."""
        ...

    def text(self, text: Text, /) -> str:
        """The operator's language out of a text of a page."""
        ...


Reading = Callable[[Value, Value], tuple[str, Level]]
"""From the item's value (and that of `fault`, None without one) to `Shown.text` and `Shown.level`."""


def whole(rect: QRectF, _: Base) -> QRectF:
    """The ink of a symbol that stays within its rectangle."""
    return rect


def nothing(_: Base) -> tuple[Command, ...]:
    """The commands of a symbol that only shows."""
    return ()


class Quick(Protocol):
    """What paints one element in one view, without a transform."""

    def paint(self, painter: QPainter, shown: Shown, /) -> None:
        """Paint in device pixels, the painter's world transform being off."""
        ...


@dataclass(frozen=True, slots=True)
class Symbol(Generic[E]):
    """One kind of element.

    `paint(painter, rect, properties, shown, metadata, theme)`: the painter's transform is from page units to device
    pixels, scale and translation only; it comes clipped to `ink`, with antialiasing on; any state may be left in it but
    transform and clip.
    `reading(properties, metadata, numbers, words)`: made once for an element and its metadata, called for each value.
    `ink(rect, properties)`: all that it may touch. `describe(properties, shown)`. `still`: nothing but the
    page changes it. `spoken`: its text comes from the page, and is known without a value. `smooth`: it needs antialiasing; one that
    does not gets none, and copies pictures and fills whole pixels only.
    `quick(rect, properties, theme, scale, dx, dy)`: made once for a view; what it gives paints just what `paint` does, and
    keeps to the pixels of `ink` without being clipped. None where that cannot be had.
    """

    paint: Callable[[QPainter, QRectF, E, Shown, Metadata | None, Theme], None]
    reading: Callable[[E, Metadata | None, Numbers, Words], Reading]
    describe: Callable[[E, Shown], Description]
    ink: Callable[[QRectF, E], QRectF] = field(default=whole)
    commands: Callable[[E], tuple[Command, ...]] = field(default=nothing)
    still: bool = False
    smooth: bool = True
    spoken: bool = False
    quick: Callable[[QRectF, E, Theme, float, float, float], Quick | None] | None = None


AnySymbol = Symbol[Any]


def states(shown: Shown, *more: str) -> tuple[str, ...]:
    """The codes of all that a symbol says besides its value."""
    found = [f"freshness.{shown.freshness.value}", *more]
    if shown.style in ("warning", "alarm"):
        found.append(f"style.{shown.style}")
    if shown.pending:
        found.append(f"write.state.{shown.pending}")
    return tuple(found)
