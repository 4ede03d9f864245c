"""A page's closed schema. Unknown keys are errors; sizes and counts are capped; nothing in it can run.

Units are floats, one logical pixel at 100 %, origin top left; the order of `elements` is the drawing order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import Meta

from vizclient.items.address import AddressError, parse_address
from vizclient.pages.expressions import MAX_LENGTH, ExpressionError, parse_expression
from vizclient.schema.closed import Closed, KeyPath, Text, Wrong

FORMAT = 1
MAX_ELEMENTS = 20_000


def _item(text: str, namespaces: Mapping[str, str]) -> None:
    """Check an item text; needs the namespaces that hold for the page, which the page itself does not know."""
    try:
        parse_address(text, namespaces)
    except AddressError as error:
        raise Wrong(error.code, {"text": error.text, "known": ", ".join(error.known)}) from None


def _check_expression(text: str, at: KeyPath) -> None:
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise Wrong(error.code, error.arguments, at, error.column) from None


Identifier = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.\-/]+$(?!\n)")]
ItemText = Annotated[str, Meta(min_length=1, max_length=500, extra={"check": _item})]
Condition = Annotated[str, Meta(max_length=MAX_LENGTH)]
"""The text of an expression: `expressions.parse_expression` reads it."""
Coordinate = Annotated[float, Meta(ge=-100_000, le=100_000)]
Extent = Annotated[float, Meta(ge=0, le=100_000)]
Rect = tuple[Coordinate, Coordinate, Extent, Extent]
Size = Annotated[float, Meta(ge=4, le=200)]
Side = Annotated[float, Meta(gt=0, le=20_000)]
Style = Literal["normal", "muted", "accent", "ok", "warning", "alarm", "info"]
"""What a state looks like: a name that the theme knows, never a colour."""


class State(Closed, frozen=True, kw_only=True):
    """One row of `states`: the first whose `when` holds gives the style, and the text if it has one."""

    when: Condition
    style: Style = "normal"
    text: Text | None = None

    def __post_init__(self) -> None:
        _check_expression(self.when, ("when",))


class Choice(Closed, frozen=True, kw_only=True):
    """One value of a multi-state and how it is called."""

    value: int | bool | float | Annotated[str, Meta(max_length=200)]
    text: Text
    style: Style = "normal"


class Readback(Closed, frozen=True, kw_only=True):
    """What makes a write `done`: `none` (Good is enough), `same` (read back within `tolerance`), or another item."""

    kind: Literal["none", "same", "item"] = "same"
    item: ItemText | None = None
    tolerance: Annotated[float, Meta(ge=0)] | None = None
    settle_ms: Annotated[int, Meta(ge=0, le=60_000)] = 300

    def __post_init__(self) -> None:
        if (self.kind == "item") != (self.item is not None):
            raise Wrong("bundle-readback")


class Write(Closed, frozen=True, kw_only=True):
    """What a control may write. Limits that are left out come from the item's EURange."""

    min: float | None = None
    max: float | None = None
    step: Annotated[float, Meta(gt=0)] | None = None
    confirm: bool = False
    readback: Readback = Readback()

    def __post_init__(self) -> None:
        if self.min is not None and self.max is not None and not self.min < self.max:
            raise Wrong("bundle-min-max", {"min": str(self.min), "max": str(self.max)})


class Base(Closed, frozen=True, kw_only=True, tag_field="type"):
    """What every element has."""

    id: Identifier
    rect: Rect
    label: Text | None = None
    item: ItemText | None = None
    max_age: Annotated[float, Meta(gt=0)] | None = None
    visible: Condition | None = None
    states: Annotated[tuple[State, ...], Meta(max_length=50)] = ()

    def __post_init__(self) -> None:
        if self.visible is not None:
            _check_expression(self.visible, ("visible",))

    @property
    def type(self) -> str:
        """What kind of element it is: the name that its symbol has in the table."""
        return str(self.__struct_config__.tag)


Align = Literal["left", "center", "right"]
Direction = Literal["right", "down", "left", "up"]


class TextElement(Base, frozen=True, kw_only=True, tag="text"):
    """A text that no item drives."""

    text: Text
    size: Size = 14
    weight: Literal["regular", "medium", "bold"] = "regular"
    align: Align = "left"
    style: Style = "normal"


class Numeric(Base, frozen=True, kw_only=True):
    """An element that shows a number."""

    item: ItemText
    decimals: Annotated[int, Meta(ge=0, le=9)] | None = None
    unit: Annotated[str, Meta(max_length=20)] | None = None


class ValueElement(Numeric, frozen=True, kw_only=True, tag="value"):
    """A value with its unit; not only numbers."""

    size: Size = 14
    align: Align = "right"


class MultiStateElement(Base, frozen=True, kw_only=True, tag="multi-state"):
    """A discrete value in words."""

    item: ItemText
    choices: Annotated[tuple[Choice, ...], Meta(max_length=100)] = ()


class LampElement(Base, frozen=True, kw_only=True, tag="lamp"):
    """On or off, by shape and fill."""

    item: ItemText
    on: Style = "ok"
    off: Style = "muted"


class BarElement(Numeric, frozen=True, kw_only=True, tag="bar"):
    """A number along a scale; limits from the item's EURange if left out. `show_value`: in figures too, if there is room."""

    min: float | None = None
    max: float | None = None
    orientation: Literal["horizontal", "vertical"] = "horizontal"
    marks: Annotated[tuple[float, ...], Meta(max_length=20)] = ()
    show_value: bool = True


class SwitchElement(Base, frozen=True, kw_only=True, tag="switch"):
    """Turns something on and off, and shows which it is."""

    item: ItemText
    write: Write = Write()


class SetPointElement(Numeric, frozen=True, kw_only=True, tag="set-point"):
    """A number that the operator sets."""

    write: Write = Write()


class ButtonElement(Base, frozen=True, kw_only=True, tag="button"):
    """Writes one value when pushed. It never writes a second one when it is let go."""

    item: ItemText
    text: Text
    value: bool | int | float | Annotated[str, Meta(max_length=200)]
    write: Write = Write(readback=Readback(kind="none"))


class ValveElement(Numeric, frozen=True, kw_only=True, tag="valve"):
    """A valve with its position in per cent, or open and closed. `ways`: 2 or 3."""

    ways: Literal[2, 3] = 2
    direction: Direction = "right"


class PumpElement(Base, frozen=True, kw_only=True, tag="pump"):
    """A pump that runs or stands; `fault` is an item that is true when it is broken."""

    item: ItemText
    fault: ItemText | None = None
    direction: Direction = "right"


class FanElement(Base, frozen=True, kw_only=True, tag="fan"):
    """A fan that runs or stands; `fault` is an item that is true when it is broken."""

    item: ItemText
    fault: ItemText | None = None
    direction: Direction = "right"


class LinkElement(Base, frozen=True, kw_only=True, tag="link"):
    """Goes to another page of the bundle."""

    page: Identifier
    text: Text


class ShapeElement(Base, frozen=True, kw_only=True, tag="shape"):
    """A part of the background that no item drives: what a plan or a plant is drawn with.

    `box` (filled, with an edge), `area` (filled) and the devices fill `rect`. `line`, `duct` (with edges) and `pipe` run
    `width` wide along `points`, in page units from the top left corner of `rect`. `direction`: where an arrow points,
    which way air passes through a device; for a door the corner of its hinge: right means hinge top left, opening to
    the right and down, and each further one is turned clockwise by a quarter.
    """

    shape: Literal[
        "box", "area", "line", "duct", "pipe",
        "arrow", "door", "filter", "damper", "heating-coil", "cooling-coil", "heat-recovery",
    ]  # fmt: skip
    points: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Meta(max_length=500)] = ()
    role: Literal[
        "outline", "faint", "wall", "glass", "surface", "raised", "sunken",
        "supply", "extract", "outdoor", "exhaust", "warm", "cold",
    ] = "outline"  # fmt: skip
    width: Annotated[float, Meta(gt=0, le=200)] = 1.5
    direction: Direction = "right"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.points) < 2 if self.shape in ("line", "duct", "pipe") else self.points:
            raise Wrong("bundle-points", {"shape": self.shape})


Element = (
    TextElement
    | ValueElement
    | MultiStateElement
    | LampElement
    | BarElement
    | SwitchElement
    | SetPointElement
    | ButtonElement
    | ValveElement
    | PumpElement
    | FanElement
    | LinkElement
    | ShapeElement
)


class Page(Closed, frozen=True, kw_only=True):
    """One page of a bundle."""

    format: Literal[1] = 1
    id: Identifier
    title: Text
    size: tuple[Side, Side]
    background: Literal["page", "surface"] = "page"
    elements: Annotated[tuple[Element, ...], Meta(max_length=MAX_ELEMENTS)] = ()

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """A page out of plain data; its item texts are not read. Raises msgspec.ValidationError."""
        return msgspec.convert(content, cls)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for index, element in enumerate(self.elements):
            if element.id in seen:
                raise Wrong("bundle-id-twice", {"id": element.id}, ("elements", index, "id"))
            seen.add(element.id)


def element_items(element: Element) -> Iterator[str]:
    """The item texts of one element: its own, and those of its fault and its feedback."""
    if element.item is not None:
        yield element.item
    fault = getattr(element, "fault", None)
    if fault is not None:
        yield fault
    write = getattr(element, "write", None)
    if write is not None and write.readback.item is not None:
        yield write.readback.item
