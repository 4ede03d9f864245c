"""What a switchover has left of the items that were there before: item by item, and in one figure.

Pure; times come in. How far a value can be trusted is not decided here: that is `items.freshness`, the same for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from vizclient.items.freshness import Freshness
from vizclient.items.value import severity

_FEW = 5

Share = tuple[str, int]
"""An interface, "" for items of none that is known, and a number of its items."""


class Outcome(StrEnum):
    """What became of one item."""

    BACK = "back"  # as trustworthy as before
    UNSYNCHRONISED = "unsynchronised"  # there, but not carried over, and the field has not spoken yet
    WORSE = "worse"  # there, but bad or uncertain, which it was not before
    MISSING = "missing"  # the new server does not have it
    WAITING = "waiting"  # nothing has come for it yet


def outcome(before: int, now: Freshness, status: int) -> Outcome:
    """What became of an item with the StatusCode `before`, that is `now` as fresh as that, with the StatusCode `status`."""
    match now:
        case Freshness.LIVE:
            return Outcome.BACK
        case Freshness.BAD | Freshness.UNCERTAIN:  # with a good status of its own it is the server that is not sure
            return Outcome.BACK if 0 < severity(status) <= severity(before) else Outcome.WORSE
        case Freshness.UNSYNCHRONISED:
            return Outcome.UNSYNCHRONISED
        case Freshness.MISSING:
            return Outcome.MISSING
    return Outcome.WAITING


@dataclass(frozen=True, slots=True)
class Comparison:
    """The items on the screen before and after a switchover.

    `items`: those that were there before. `back`: of these, as trustworthy as before; `after`: the seconds from the loss to the
    last of those that came at once. `late`: of those that are back, how many the new server had to make first, and `late_after` the
    seconds to the last of them. `unsynchronised`, `missing`: by interface; `missing_items`: the first few addresses. `awaited`: by
    interface, items that the new server may still be making. `waiting`: nothing has come for them. `whole`: no more will be counted.
    """

    items: int
    back: int = 0
    after: float | None = None
    late: int = 0
    late_after: float | None = None
    unsynchronised: tuple[Share, ...] = ()
    worse: int = 0
    missing: tuple[Share, ...] = ()
    missing_items: tuple[str, ...] = ()
    awaited: tuple[Share, ...] = ()
    waiting: int = 0
    whole: bool = False


class Remark(NamedTuple):
    """One clause of what there is to say: the code `compared.CODE` and its fields. Times in seconds after the loss."""

    code: str
    number: int
    names: tuple[str, ...] = ()
    of: int = 0
    after: float | None = None
    late: int = 0
    late_after: float | None = None


def remarks(comparison: Comparison) -> tuple[Remark, ...]:
    """What there is to say, clause by clause; the first is about what came back."""
    one = comparison
    back = Remark("back", one.back, of=one.items, after=one.after)
    if not one.back:
        back = back._replace(code="none")
    elif one.after is None:
        back = back._replace(after=one.late_after)
    elif one.late:
        back = back._replace(code="back-late", late=one.late, late_after=one.late_after)
    said = [back]
    awaited = "not-come" if one.whole else "awaited"
    for code, shares in (("unsynchronised", one.unsynchronised), ("missing", one.missing), (awaited, one.awaited)):
        if number := number_of(shares):
            names = tuple(name for name, _ in shares if name)
            said.append(Remark(code if names else "missing-unnamed", number, names))
    for code, number in (("worse", one.worse), ("waiting", one.waiting)):
        if number:
            said.append(Remark(code, number))
    return tuple(said)


def number_of(shares: Iterable[Share]) -> int:
    """How many items in all."""
    return sum(count for _, count in shares)


@dataclass(frozen=True, slots=True)
class Before:
    """An item as it was before: its address, the name of its interface ("" if it is not known), its StatusCode."""

    address: str
    interface: str
    status: int


class Count:
    """Counts the items of one switchover, each where it was found first; one that is missing or waited for may still come.

    `lost_at`: monotonic seconds, as all times here.
    """

    def __init__(self, items: Mapping[int, Before], lost_at: float) -> None:
        self._items = dict(items)
        self._open = dict(items)
        self._lost_at = lost_at
        self._found: dict[int, tuple[Outcome, float]] = {}
        self._absent: set[int] = set()

    def __contains__(self, handle: object) -> bool:
        """Whether an item is counted: it was there before."""
        return handle in self._items

    @property
    def open(self) -> Mapping[int, Before]:
        """Items of which more may become known."""
        return self._open

    def found(self, handle: int) -> tuple[Outcome, float | None, bool]:
        """What became of an item, when that was seen, and whether the new server had to make it first."""
        outcome, at = self._found.get(handle, (Outcome.WAITING, None))
        return outcome, at, handle in self._absent

    def nothing_due(self) -> bool:
        """Whether everything is there but for what the new server does not have, or not yet."""
        return self._open.keys() <= self._absent

    def note(self, handle: int, found: Outcome, at: float, *, absent: bool) -> None:
        """What is found of an open item. `absent`: the server has said that it does not exist there."""
        if absent or found is Outcome.MISSING:
            self._absent.add(handle)
        self._found[handle] = found, at
        if found not in (Outcome.MISSING, Outcome.WAITING):
            del self._open[handle]

    def drop(self, handles: Iterable[int]) -> None:
        """Nobody wants these any more: they do not count."""
        for handle in handles:
            self._items.pop(handle, None)
            self._open.pop(handle, None)

    def comparison(self, *, whole: bool = False) -> Comparison:
        """The figure by now."""
        by_outcome: dict[Outcome, list[int]] = {one: [] for one in Outcome}
        for handle in self._items:
            by_outcome[self.found(handle)[0]].append(handle)
        back, missing, waiting = (by_outcome[one] for one in (Outcome.BACK, Outcome.MISSING, Outcome.WAITING))
        late = [handle for handle in back if handle in self._absent]
        awaited = [handle for handle in waiting if handle in self._absent]
        return Comparison(
            items=len(self._items),
            back=len(back),
            after=self._last_of(handle for handle in back if handle not in self._absent),
            late=len(late),
            late_after=self._last_of(late),
            unsynchronised=self._by_interface(by_outcome[Outcome.UNSYNCHRONISED]),
            worse=len(by_outcome[Outcome.WORSE]),
            missing=self._by_interface(missing),
            missing_items=tuple(self._items[handle].address for handle in missing[:_FEW]),
            awaited=self._by_interface(awaited),
            waiting=len(waiting) - len(awaited),
            whole=whole or not self._open,
        )

    def _last_of(self, handles: Iterable[int]) -> float | None:
        """Seconds from the loss to the last of these."""
        last = max((self._found[handle][1] for handle in handles), default=None)
        return None if last is None else max(0.0, last - self._lost_at)

    def _by_interface(self, handles: Iterable[int]) -> tuple[Share, ...]:
        counts = Counter(self._items[handle].interface for handle in handles)
        return tuple(sorted(counts.items(), key=lambda share: (-share[1], share[0])))
