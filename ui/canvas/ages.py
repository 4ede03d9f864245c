"""The age of what is stale, in coarse steps: what changes seldom is painted seldom. Pure."""

from __future__ import annotations

from bisect import bisect_right

from ..symbols.contract import Words

STEPS = (5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 2 * 86_400, 7 * 86_400)
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


def age_text(seconds: float, words: Words) -> str:
    """The last step that was passed, or that the first has not been yet."""
    passed = bisect_right(STEPS, seconds)
    step = STEPS[max(0, passed - 1)]
    unit, size = next(unit for unit in _UNITS if step >= unit[1])
    said = words(f"span.{unit}", number=step // size)
    return said if passed else f"< {said}"


def next_step(seconds: float) -> float | None:
    """The age at which the text changes next; None: never."""
    passed = bisect_right(STEPS, seconds)
    return float(STEPS[passed]) if passed < len(STEPS) else None
