"""What each element of a page is to show, worked out from the mirror's values and what its freshness depends on.

Knows no pixels and no widget. Times come in, as seconds of one local monotonic clock.
"""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterable, Iterator
from typing import Literal

from vizclient.items.freshness import LINK_SILENCE, Freshness
from vizclient.items.value import Sample, Value
from vizclient.link.mirror import Mirror
from vizclient.pages.document import Style
from vizclient.pages.expressions import Scope

from ..numbers import Numbers
from ..reasons import remark
from ..symbols.contract import Shown, Words
from .ages import age_text, next_step
from .display_list import UNADDRESSED, DisplayList, Entry

log = logging.getLogger(__name__)

State = Literal["live", "held", "stale"]
"""The page as a whole. `held`: the connection is lost, and `hold` not yet over."""

_SILENT_CHECK = 0.1
_TIP_WIDTH = 80
_LIVE, _HELD, _STALE, _MISSING = Freshness.LIVE, Freshness.HELD, Freshness.STALE, Freshness.MISSING
_UNKNOWN = frozenset({Freshness.MISSING, Freshness.NEVER})
_KNOWN = frozenset(Freshness) - _UNKNOWN - {Freshness.STALE}
_WORST = (
    Freshness.MISSING,
    Freshness.NEVER,
    Freshness.STALE,
    Freshness.BAD,
    Freshness.UNCERTAIN,
    Freshness.UNSYNCHRONISED,
    Freshness.HELD,
    Freshness.LIVE,
)


class Looks:
    """The looks of one display list at a time."""

    def __init__(self, mirror: Mirror, numbers: Numbers, words: Words) -> None:
        self.state: State = "live"
        self.words = words
        self._mirror = mirror
        self._numbers = numbers
        self._age = ""
        self._seen: tuple[object, ...] = ()
        self._list: DisplayList | None = None
        self._arrivals: dict[int, float] = {}
        self._overdue: set[Entry] = set()

    def set_language(self, numbers: Numbers, words: Words) -> None:
        """Another language or locale, for pages set from now on."""
        self._numbers, self.words = numbers, words

    def set_list(self, display: DisplayList | None) -> None:
        """Another page."""
        self._list = display
        self._seen = ()
        self._arrivals.clear()
        self._overdue.clear()
        if display is not None:
            self.bind(display.entries)

    def bind(self, entries: Iterable[Entry]) -> None:
        """Make entries ready for values as the mirror's metadata describes them; they are due then."""
        for entry in entries:
            metadata = self._mirror.metadata[entry.handle] if entry.handle is not None and entry.handle >= 0 else None
            try:
                entry.bind(metadata, self._numbers, self.words)
            except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
                fail(entry)

    def arrived(self, entry: Entry, handle: int, now: float) -> None:
        """A sample came for an entry that wants one every so often."""
        self._arrivals[handle] = now
        self._overdue.discard(entry)

    def update(self, entry: Entry, now: float) -> bool:
        """Work out what an entry shows; whether it has to be painted for that."""
        entry.due = False
        shown = self.look(entry, now)
        if shown == entry.shown and not entry.anew:
            return False
        entry.shown = shown
        entry.anew = False
        return True

    def look(self, entry: Entry, now: float) -> Shown | None:
        """What an entry is to show; None: it is not visible."""
        handle, mirror = entry.handle, self._mirror
        sample: Sample | None = None
        age = ""
        fault: Value = None
        if handle is None:
            freshness = _LIVE
        elif handle == UNADDRESSED:
            freshness = _MISSING
        else:
            sample = mirror.samples[handle]
            freshness = mirror.freshness(handle, now)
            if entry.fault is not None:
                freshness, fault = self._with_fault(entry.fault, freshness, now)
            if freshness is _HELD:
                if entry.shown is not None:
                    return entry.shown._replace(pending=entry.pending)
                freshness = _STALE
            if self._overdue and entry in self._overdue and freshness in _KNOWN:
                freshness = _STALE
                age = age_text(now - self._arrivals[handle], self.words)
            elif freshness is _STALE:
                age = self._age
        style: Style = "normal"
        said = None
        if entry.conditions or entry.visible is not None:
            scope = Scope.of(sample, self._seconds_old(entry, freshness, now))
            if entry.visible is not None and entry.visible.truth(scope) is False:
                return None
            for condition, state in entry.conditions:
                if condition.truth(scope):
                    style = state.style
                    said = None if state.text is None else self.words.text(state.text)
                    break
        text, level = "", None
        known = handle is None or entry.symbol.spoken or (sample is not None and freshness not in _UNKNOWN)
        if known and entry.reading is not None:
            try:
                text, level = entry.reading(sample.value if sample is not None else None, fault)
            except Exception:  # noqa: BLE001 -- one symbol that fails must not stop the page
                fail(entry)
        enabled = not entry.is_control or self._usable(entry, freshness)
        return Shown(said or text, level, freshness, age, style, entry.pending, enabled, entry.label)

    def _usable(self, entry: Entry, freshness: Freshness) -> bool:
        standing, metadata = self._mirror.standing, entry.metadata
        connected = standing.generation != 0 and standing.sure
        return connected and freshness in _KNOWN and metadata is not None and metadata.writable

    def _with_fault(self, handle: int, freshness: Freshness, now: float) -> tuple[Freshness, Value]:
        other = Freshness.MISSING if handle == UNADDRESSED else self._mirror.freshness(handle, now)
        sample = self._mirror.samples[handle] if handle >= 0 else None
        return min(freshness, other, key=_WORST.index), sample.value if sample else None

    def _seconds_old(self, entry: Entry, freshness: Freshness, now: float) -> float | None:
        if freshness in _KNOWN:
            return 0.0
        if entry.handle is not None and entry in self._overdue:
            return now - self._arrivals[entry.handle]
        since = self._mirror.standing.lost_at
        return None if since is None or freshness is Freshness.NEVER else now - since

    def read_clock(self, now: float) -> tuple[list[Entry], list[float]]:
        """See what time or another standing has changed: the entries that may look different, and when to look again."""
        standing, heard_at = self._mirror.standing, self._mirror.heard_at
        silent = heard_at is not None and now - heard_at >= LINK_SILENCE
        held_until = None if standing.lost_at is None else standing.lost_at + standing.hold
        wakes: list[float] = []
        if held_until is not None and now < held_until:
            wakes.append(held_until)
        if silent:
            wakes.append(now + _SILENT_CHECK)
        elif heard_at is not None:
            wakes.append(heard_at + LINK_SILENCE)
        if silent or (not standing.generation and (held_until is None or now >= held_until)):
            self.state = "stale"
        else:
            holding = held_until is not None and now < held_until and self._holds(now)
            self.state = "held" if holding else "live"
        since = heard_at if silent else standing.lost_at
        self._age = "" if since is None else age_text(now - since, self.words)
        step = None if since is None else next_step(now - since)
        if since is not None and step is not None:
            wakes.append(since + step)
        seen = (self.state, standing, silent, self._age)
        moved: list[Entry] = []
        if self._list is not None:
            if self.state != "held" and seen != self._seen:
                moved.extend(entry for entry in self._list.live if self._moved(entry, now))
            moved.extend(self._overdue_now(now))
            wakes.extend(self._next_overdue(now))
        self._seen = seen
        return moved, wakes

    def why_not(self, entry: Entry) -> str:
        """The code of the reason why a control cannot be used now; "" if it can."""
        shown, standing = entry.shown, self._mirror.standing
        if entry.handle is None:
            return ""
        if self.state != "live" or not standing.generation:
            return "write.not-connected"
        if not standing.sure:
            return "write.unsure"
        if shown is None or shown.freshness is Freshness.MISSING:
            return "write.missing"
        if shown.freshness not in _KNOWN:
            return "write.no-value"
        if entry.metadata is None:
            return "write.no-metadata"
        return "" if entry.metadata.writable else "write.not-writable"

    def tip(self, entry: Entry) -> str:
        """All there is to say of an entry, in lines; its value only with its freshness."""
        said, shown, words = [], entry.shown, self.words
        if shown is None:
            return ""
        if entry.label:
            said.append(entry.label)
        if entry.handle is not None:
            freshness = words(f"freshness.{shown.freshness.value}")
            if shown.age:
                freshness = f"{freshness}, {shown.age}"
            said.append(words("value.with-freshness", value=shown.text or words("value.none"), freshness=freshness))
            if remark := self.remark(entry, shown):
                said.append(textwrap.fill(remark, _TIP_WIDTH))
            if entry.metadata is not None and entry.metadata.description:
                said.append(entry.metadata.description)
            said.append(entry.item)
        if entry.pending:
            said.append(words(f"write.state.{entry.pending}"))
        if entry.is_control and (reason := self.why_not(entry)):
            said.append(words(reason))
        return "\n".join(said)

    def remark(self, entry: Entry, shown: Shown) -> str:
        """What the interface of an entry's item adds to its freshness; "" where that is nothing."""
        if entry.handle is None or entry.handle < 0:
            return ""
        return remark(self._mirror, entry.handle, shown.freshness, self.words)

    def _holds(self, now: float) -> bool:
        """Whether anything shown is still of the session that was lost."""
        if not self._mirror.standing.generation:
            return True
        handles = () if self._list is None else self._list.by_handle
        return any(handle >= 0 and self._mirror.freshness(handle, now) is _HELD for handle in handles)

    def _moved(self, entry: Entry, now: float) -> bool:
        handle, shown = entry.handle, entry.shown
        if handle is None or handle < 0:
            return False
        if shown is None or entry.fault is not None or entry.is_control:
            return True
        if shown.freshness is Freshness.STALE and shown.age != self._age:
            return True
        return self._mirror.freshness(handle, now) is not shown.freshness

    def _wanting(self) -> Iterator[tuple[Entry, float, float]]:
        """Entries with a greatest age, when their last sample came, and when the next is overdue."""
        if self._list is not None:
            for handle, arrived in self._arrivals.items():
                for entry in self._list.by_handle[handle]:
                    if entry.max_age is not None:
                        yield entry, arrived, arrived + entry.max_age

    def _overdue_now(self, now: float) -> list[Entry]:
        overdue = [entry for entry, _, due in self._wanting() if now >= due]
        self._overdue.update(overdue)
        return overdue

    def _next_overdue(self, now: float) -> Iterator[float]:
        for _, arrived, due in self._wanting():
            step = due if now < due else next_step(now - arrived)
            if step is not None:
                yield step if now < due else arrived + step


def fail(entry: Entry) -> None:
    """Called where the symbol of an entry raised: it is broken from now on, and that is logged once."""
    if not entry.broken:
        entry.broken = True
        log.exception("the symbol %s of type %s failed and is shown as broken", entry.id, entry.element.type)
