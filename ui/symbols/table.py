"""The one table of symbols, by the type's name in a page."""

from __future__ import annotations

from . import shape, text, value
from .contract import AnySymbol

SYMBOLS: dict[str, AnySymbol] = {
    "shape": shape.SYMBOL,
    "text": text.SYMBOL,
    "value": value.SYMBOL,
}
