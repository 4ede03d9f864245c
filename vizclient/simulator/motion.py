"""What everything that moves in the building is made of: its values, responses, chance and time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Values = dict[str, Any]
"""The raw value of every item by its identifier, and hidden ones whose names begin with a dot."""

_MIDNIGHT: Final = datetime(2025, 3, 3, tzinfo=UTC)


def clamp(value: float, low: float, high: float) -> float:
    """`value`, or the limit that it passed."""
    return low if value < low else high if value > high else value


def toward(value: float, target: float, dt: float, tau: float) -> float:
    """A first-order response with time constant `tau` over a step of `dt` seconds."""
    return value + (target - value) * min(1.0, dt / tau)


def date(v: Values) -> datetime:
    """The building's own time, in whole minutes."""
    return _MIDNIGHT + timedelta(minutes=int(v[".clock"] // 60))


class Chance(random.Random):
    """Chance, the same for the same seed."""

    def noise(self, size: float) -> float:
        """Anything up to `size` more or less."""
        return self.uniform(-size, size)

    def happens(self, dt: float, mean: float) -> bool:
        """Whether what happens every `mean` seconds happens in the next `dt`."""
        return self.random() < dt / mean
