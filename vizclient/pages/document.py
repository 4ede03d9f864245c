"""A page's closed schema. Unknown keys are errors; sizes and counts are capped; nothing in it can run.

Units are floats, one logical pixel at 100 %, origin top left; the order of `elements` is the drawing order.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from vizclient.items.address import AddressError, parse_address
from vizclient.pages.expressions import MAX_LENGTH, ExpressionError, parse_expression

FORMAT = 1
MAX_ELEMENTS = 20_000


def _item(text: str, info: ValidationInfo) -> str:
    """An item text, read with the namespaces of the validation's context; without a context it is not read."""
    if info.context is not None:
        try:
            parse_address(text, info.context["namespaces"])
        except AddressError as error:
            arguments = {"text": error.text, "known": ", ".join(error.known)}
            raise PydanticCustomError("address", "{text}", {"code": error.code, **arguments}) from None
    return text


def _expression(text: str) -> str:
    try:
        parse_expression(text)
    except ExpressionError as error:
        arguments = {"code": error.code, "column": error.column, **error.arguments}
        raise PydanticCustomError("expression", "{code}", arguments) from None
    return text


def _one_or_many(value: Any) -> str:
    return "languages" if isinstance(value, dict) else "text"


Identifier = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.\-/]+$")]
ItemText = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_item)]
Condition = Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(_expression)]
"""The text of an expression: `expressions.parse_expression` reads it."""
Plain = Annotated[str, Field(max_length=2_000)]
Text = Annotated[
    Annotated[Plain, Tag("text")]
    | Annotated[dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], Plain], Tag("languages")],
    Discriminator(_one_or_many),
]
"""A text, or {language: text}."""
Coordinate = Annotated[float, Field(ge=-100_000, le=100_000)]
Extent = Annotated[float, Field(ge=0, le=100_000)]
Rect = tuple[Coordinate, Coordinate, Extent, Extent]
Style = Literal["normal", "muted", "accent", "ok", "warning", "alarm", "info"]
"""What a state looks like: a name that the theme knows, never a colour."""


class Closed(BaseModel):
    """Base of everything in a bundle: unknown keys are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class State(Closed):
    """One row of `states`: the first whose `when` holds gives the style, and the text if it has one."""

    when: Condition
    style: Style = "normal"
    text: Text | None = None


class Choice(Closed):
    """One value of a multi-state and how it is called."""

    value: int | bool | float | Annotated[str, Field(max_length=200)]
    text: Text
    style: Style = "normal"


class Readback(Closed):
    """What makes a write `done`: `none` (Good is enough), `same` (read back within `tolerance`), or another item."""

    kind: Literal["none", "same", "item"] = "same"
    item: ItemText | None = None
    tolerance: Annotated[float, Field(ge=0)] | None = None
    settle_ms: Annotated[int, Field(ge=0, le=60_000)] = 300

    @model_validator(mode="after")
    def _item_is_named(self) -> Self:
        if (self.kind == "item") != (self.item is not None):
            raise PydanticCustomError("bundle-readback", "")
        return self


class Write(Closed):
    """What a control may write. Limits that are left out come from the item's EURange."""

    min: float | None = None
    max: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    confirm: bool = False
    readback: Readback = Readback()

    @model_validator(mode="after")
    def _min_is_less(self) -> Self:
        if self.min is not None and self.max is not None and not self.min < self.max:
            raise PydanticCustomError("bundle-min-max", "", {"min": self.min, "max": self.max})
        return self


class Base(Closed):
    """What every element has."""

    id: Identifier
    rect: Rect
    label: Text | None = None
    item: ItemText | None = None
    max_age: Annotated[float, Field(gt=0)] | None = None
    visible: Condition | None = None
    states: Annotated[tuple[State, ...], Field(max_length=50)] = ()


Align = Literal["left", "center", "right"]
Direction = Literal["right", "down", "left", "up"]


class TextElement(Base):
    """A text that no item drives."""

    type: Literal["text"]
    text: Text
    size: Annotated[float, Field(ge=4, le=200)] = 14
    weight: Literal["regular", "medium", "bold"] = "regular"
    align: Align = "left"
    style: Style = "normal"


class Numeric(Base):
    """An element that shows a number."""

    item: ItemText
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None


class ValueElement(Numeric):
    """A value with its unit; not only numbers."""

    type: Literal["value"]
    size: Annotated[float, Field(ge=4, le=200)] = 14
    align: Align = "right"


class MultiStateElement(Base):
    """A discrete value in words."""

    type: Literal["multi-state"]
    item: ItemText
    choices: Annotated[tuple[Choice, ...], Field(max_length=100)] = ()


class LampElement(Base):
    """On or off, by shape and fill."""

    type: Literal["lamp"]
    item: ItemText
    on: Style = "ok"
    off: Style = "muted"


class BarElement(Numeric):
    """A number along a scale; limits from the item's EURange if left out. `show_value`: in figures too, if there is room."""

    type: Literal["bar"]
    min: float | None = None
    max: float | None = None
    orientation: Literal["horizontal", "vertical"] = "horizontal"
    marks: Annotated[tuple[float, ...], Field(max_length=20)] = ()
    show_value: bool = True


class SwitchElement(Base):
    """Turns something on and off, and shows which it is."""

    type: Literal["switch"]
    item: ItemText
    write: Write = Write()


class SetPointElement(Numeric):
    """A number that the operator sets."""

    type: Literal["set-point"]
    write: Write = Write()


class ButtonElement(Base):
    """Writes one value when pushed. It never writes a second one when it is let go."""

    type: Literal["button"]
    item: ItemText
    text: Text
    value: bool | int | float | Annotated[str, Field(max_length=200)]
    write: Write = Write(readback=Readback(kind="none"))


class ValveElement(Numeric):
    """A valve with its position in per cent, or open and closed. `ways`: 2 or 3."""

    type: Literal["valve"]
    ways: Literal[2, 3] = 2
    direction: Direction = "right"


class PumpElement(Base):
    """A pump that runs or stands; `fault` is an item that is true when it is broken."""

    type: Literal["pump"]
    item: ItemText
    fault: ItemText | None = None
    direction: Direction = "right"


class FanElement(Base):
    """A fan that runs or stands; `fault` is an item that is true when it is broken."""

    type: Literal["fan"]
    item: ItemText
    fault: ItemText | None = None
    direction: Direction = "right"


class LinkElement(Base):
    """Goes to another page of the bundle."""

    type: Literal["link"]
    page: Identifier
    text: Text


class ShapeElement(Base):
    """A part of the background that no item drives: what a plan or a plant is drawn with.

    `box` (filled, with an edge), `area` (filled) and the devices fill `rect`. `line`, `duct` (with edges) and `pipe` run
    `width` wide along `points`, in page units from the top left corner of `rect`. `direction`: where an arrow points,
    which way air passes through a device; for a door the corner of its hinge: right means hinge top left, opening to
    the right and down, and each further one is turned clockwise by a quarter.
    """

    type: Literal["shape"]
    shape: Literal[
        "box", "area", "line", "duct", "pipe",
        "arrow", "door", "filter", "damper", "heating-coil", "cooling-coil", "heat-recovery",
    ]  # fmt: skip
    points: Annotated[tuple[tuple[Coordinate, Coordinate], ...], Field(max_length=500)] = ()
    role: Literal[
        "outline", "faint", "wall", "glass", "surface", "raised", "sunken",
        "supply", "extract", "outdoor", "exhaust", "warm", "cold",
    ] = "outline"  # fmt: skip
    width: Annotated[float, Field(gt=0, le=200)] = 1.5
    direction: Direction = "right"

    @model_validator(mode="after")
    def _points_suit(self) -> Self:
        if len(self.points) < 2 if self.shape in ("line", "duct", "pipe") else self.points:
            raise PydanticCustomError("bundle-points", "", {"shape": self.shape})
        return self


Element = Annotated[
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
    | ShapeElement,
    Field(discriminator="type"),
]


class Page(Closed):
    """One page of a bundle."""

    format: Literal[1] = 1
    id: Identifier
    title: Text
    size: tuple[Annotated[float, Field(gt=0, le=20_000)], Annotated[float, Field(gt=0, le=20_000)]]
    background: Literal["page", "surface"] = "page"
    elements: Annotated[tuple[Element, ...], Field(max_length=MAX_ELEMENTS)] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for index, element in enumerate(self.elements):
            if element.id in seen:
                raise PydanticCustomError(
                    "bundle-id-twice", "{id}", {"id": element.id, "at": ("elements", index, "id")}
                )
            seen.add(element.id)
        return self
