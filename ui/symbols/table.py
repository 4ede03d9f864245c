"""The one table of symbols, by the type's name in a page."""

from __future__ import annotations

from . import bar, button, fan, lamp, link, multi_state, pump, set_point, shape, switch, text, value, valve
from .contract import AnySymbol

SYMBOLS: dict[str, AnySymbol] = {
    "bar": bar.SYMBOL,
    "button": button.SYMBOL,
    "fan": fan.SYMBOL,
    "lamp": lamp.SYMBOL,
    "link": link.SYMBOL,
    "multi-state": multi_state.SYMBOL,
    "pump": pump.SYMBOL,
    "set-point": set_point.SYMBOL,
    "shape": shape.SYMBOL,
    "switch": switch.SYMBOL,
    "text": text.SYMBOL,
    "value": value.SYMBOL,
    "valve": valve.SYMBOL,
}
