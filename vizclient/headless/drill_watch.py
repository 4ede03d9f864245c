"""The site of a drill, watched: every item through every switch, and what was seen of both servers. Writes nothing, asks for nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vizclient.headless.drill_report import Seen
from vizclient.items.address import Address
from vizclient.items.freshness import Behaviour, Freshness, Standing, freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Sample, severity
from vizclient.items.writing import WriteState
from vizclient.link.comparer import Comparer
from vizclient.link.mirror import Mirror
from vizclient.link.site import Site, SiteListener
from vizclient.link.standing import StandingKeeper
from vizclient.redundancy.comparison import Comparison, Outcome
from vizclient.redundancy.drill import Agreed, Agreement, ItemResult, Leg, Movement, Way, compare
from vizclient.redundancy.model import Caution, Connection, Server, Switchover
from vizclient.redundancy.support import InterfaceTable

_TAKE = 10_000
_MARGIN = 0.002
_NOT_COMPARED = Agreed(Agreement.NOT_COMPARED)
_NOT_YET = (Freshness.NEVER, Freshness.STALE, Freshness.HELD)


@dataclass
class _Open:
    """A switch that happens: its record, what was known before (`trusted`: and was live), and what came after."""

    switchover: Switchover
    before: Mapping[int, Sample]
    received: Mapping[int, float]
    trusted: frozenset[int]
    after: dict[int, Sample] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    items: tuple[ItemResult, ...] = ()


class DrillWatch:
    """A SiteListener. `items` are what the drill is about; `beside`: further ones whose values are wanted.

    `until` is how to wait: what it depends on is looked at whenever the site has said something.
    """

    def __init__(
        self,
        compose_site: Callable[[SiteListener], Site],
        interfaces: InterfaceTable,
        items: Mapping[Address, str],
        beside: Sequence[Address] = (),
    ) -> None:
        self.connection: Connection | None = None
        self.seen: list[Seen] = []
        self.two_active = False
        self.mirror = Mirror(interfaces)
        self._texts = list(items.values())
        self._items = [self.mirror.handle(address) for address in items]
        self._beside = [self.mirror.handle(address) for address in beside]
        self._movements = {handle: Movement() for handle in self._items}
        self._watched_since: float | None = None
        self._received: dict[int, float] = {}
        self._switches: list[_Open] = []
        self._standings = StandingKeeper()
        self._stood = Standing()  # of the session before, while it was there
        self._comparer = Comparer(self.mirror, self._compared)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._taking = False
        self._ending = False
        self._changed = asyncio.Event()
        self.site = compose_site(self)

    def start(self) -> None:
        """Look for the active server, and watch. Once."""
        self.site.show("drill", {handle: self.mirror.addresses[handle] for handle in self._items})
        if beside := {handle: self.mirror.addresses[handle] for handle in self._beside if handle not in self._items}:
            self.site.show("beside", beside, shown=False)
        self.site.start()

    async def close(self) -> None:
        """End."""
        self._ending = True
        for timer in self._timers.values():
            timer.cancel()
        await self.site.close()

    async def until(self, holds: Callable[[], bool], within: float | None) -> bool:
        """Wait for this to hold; whether it did, `within` so many seconds."""
        try:
            async with asyncio.timeout(within):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    # What there is to know

    @property
    def active(self) -> Server | None:
        """The server of the data session, None without one."""
        connection = self.connection
        return connection.server if connection is not None and connection.generation else None

    @property
    def waiting(self) -> int:
        """Items for which no value of the server that serves has come, or none is known to be missing."""
        now = time.perf_counter()
        return sum(self.mirror.freshness(handle, now) in _NOT_YET for handle in self._items)

    @property
    def described(self) -> bool:
        """Whether what the server says of the items is known, of those that it has."""
        now, mirror = time.perf_counter(), self.mirror
        return all(
            mirror.metadata[handle] is not None or mirror.freshness(handle, now) is Freshness.MISSING
            for handle in self._items
        )

    @property
    def switches(self) -> Sequence[Switchover]:
        """Since the start, oldest first."""
        return [one.switchover for one in self._switches]

    def legs(self, ways: Mapping[int, tuple[Way, float | None]], versions: Mapping[Server, str]) -> tuple[Leg, ...]:
        """Every switch so far. `ways`: how some of them, by their place, came about, and when they were asked for."""
        found = []
        for place, one in enumerate(self._switches):
            way, asked_at = ways.get(place, (Way.ITSELF, None))
            version = versions.get(one.switchover.taken, "")
            found.append(Leg(way, one.switchover, asked_at, one.items, version))
        return tuple(found)

    def conclude(self) -> None:
        """Whatever has not come by now does not count as come."""
        self._comparer.end()

    def value(self, address: Address) -> Sample | None:
        """The last of an item."""
        return self.mirror.samples[self.mirror.handle(address)]

    def observe(self) -> None:
        """From now on it counts how items move by themselves; until the next switch."""
        self._watched_since = time.perf_counter()
        for handle, movement in self._movements.items():
            sample = self.mirror.samples[handle]
            if sample is not None:
                movement.note(sample.value)

    # SiteListener

    def samples_changed(self) -> None:
        """See `SiteListener`."""
        if not self._taking:
            self._taking = True
            asyncio.get_running_loop().call_soon(self._take)

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        """What an item is, is kept where the next server does not have it."""
        self.mirror.take_metadata([(handle, found) for handle, found in pairs if found is not None])
        self._changed.set()

    def items_dropped(self, handles: Sequence[int]) -> None:
        """Nothing is let go of here."""

    def connection_changed(self, connection: Connection) -> None:
        """See `SiteListener`."""
        if self._ending:
            return
        standing = self.mirror.standing
        if connection.generation != standing.generation:
            self._comparer.end()
            if standing.generation:
                self._stood = standing
        self.connection = connection
        self.two_active |= Caution.TWO_ACTIVE in connection.warnings
        self.mirror.take_standing(self._standings.standing(connection, standing, self.site.timing.hold))
        self._note_servers(connection)
        self._changed.set()

    def switchover_recorded(self, switchover: Switchover) -> None:
        """See `SiteListener`. A new one comes before the first value of the new server."""
        if self._switches and self._switches[-1].switchover.adopted_at == switchover.adopted_at:
            one = self._switches[-1]
            one.switchover = replace(switchover, comparison=one.switchover.comparison)
        else:
            self._begin(switchover)
        self._changed.set()

    def write_moved(self, state: WriteState) -> None:
        """Nothing is written here."""

    # Values

    def _take(self) -> None:
        self._taking = False
        if self._ending:
            return
        now, counted = time.perf_counter(), self._comparer.counted
        waited_for = set() if counted is None else set(counted.open)
        while changed := self.site.store.take(_TAKE):
            self.mirror.take_samples(changed)
            for handle, sample in changed:
                self._note(handle, sample, now)
        self._look(waited_for)
        if self.mirror.awaits:
            self._settle()
        self._changed.set()

    def _look(self, waited_for: set[int]) -> None:
        self._comparer.look()
        if self._switches and self._comparer.counted is not None:
            self._keep(self._switches[-1], waited_for - set(self._comparer.counted.open))

    def _keep(self, one: _Open, settled: set[int]) -> None:
        """The values with which items came."""
        for handle in settled:
            sample = self.mirror.samples[handle]
            if sample is not None:
                one.after[handle] = sample
        if settled and one.switchover.comparison is not None and one.switchover.comparison.whole:
            one.items = self._results(one)

    def _note(self, handle: int, sample: Sample, now: float) -> None:
        self._received[handle] = now
        if self._switches:
            self._switches[-1].first.setdefault(handle, now)
        elif self._watched_since is not None and handle in self._movements:
            self._movements[handle].note(sample.value)

    def _settle(self) -> None:
        """Give up, in time, on items that the active server has not made."""
        if self._ending:
            return
        until = self.mirror.settle()
        self._look(set())
        if until is not None:
            self._at("settle", until + _MARGIN, self._settle)
        self._changed.set()

    # A switch

    def _begin(self, switchover: Switchover) -> None:
        if self._watched_since is not None and not self._switches:
            for movement in self._movements.values():
                movement.seconds = switchover.lost_at - self._watched_since
        samples = self.mirror.samples
        before = {handle: sample for handle in self._items if (sample := samples[handle]) is not None}
        self._comparer.begin(self._items, switchover.lost_at)
        trusted = frozenset(handle for handle, sample in before.items() if self._was_live(handle, sample))
        self._switches.append(_Open(switchover, before, dict(self._received), trusted))
        if self._comparer.due is not None:
            self._at("compare", self._comparer.due, self._comparer.end)

    def _was_live(self, handle: int, sample: Sample) -> bool:
        """Whether a sample was live while its session was there."""
        interface = self.mirror.interfaces[handle]
        behaviour = Behaviour.SYNCHRONISED if interface is None else interface.behaviour
        return freshness(sample, self._stood, 0.0, 0.0, behaviour) is Freshness.LIVE

    def _compared(self, comparison: Comparison) -> None:
        one = self._switches[-1]
        one.switchover = replace(one.switchover, comparison=comparison)
        if comparison.whole:
            one.items = self._results(one)
        self._changed.set()

    def _results(self, one: _Open) -> tuple[ItemResult, ...]:
        """Item by item: those that were there before."""
        counted, switchover = self._comparer.counted, one.switchover
        assert counted is not None
        results = []
        for handle, text in zip(self._items, self._texts, strict=True):
            before = one.before.get(handle)
            if before is None or handle not in counted:
                continue
            outcome, at, late = counted.found(handle)
            back = outcome is Outcome.BACK and at is not None
            after, metadata, interface = (
                one.after.get(handle),
                self.mirror.metadata[handle],
                self.mirror.interfaces[handle],
            )
            outage = max(0.0, at - switchover.lost_at) if back and at is not None else None
            received, first = one.received.get(handle), one.first.get(handle)
            moves = self._movements[handle].changes and outcome is not Outcome.MISSING
            results.append(
                ItemResult(
                    text,
                    "" if interface is None else interface.name,
                    None if interface is None else interface.behaviour,
                    outcome,
                    outage,
                    max(0.0, at - switchover.active_at) if back and at is not None else None,
                    first - received if moves and received is not None and first is not None else None,
                    late,
                    "" if metadata is None else metadata.unit,
                    before.value,
                    before.status,
                    None if after is None else after.value,
                    None if after is None else after.status,
                    self._agreed(handle, before, after, outage) if handle in one.trusted else _NOT_COMPARED,
                )
            )
        return tuple(results)

    def _agreed(self, handle: int, before: Sample, after: Sample | None, outage: float | None) -> Agreed:
        if after is None or outage is None or severity(after.status):
            return _NOT_COMPARED
        return compare(before.value, after.value, self.mirror.metadata[handle], self._movements[handle], outage)

    # Servers

    def _note_servers(self, connection: Connection) -> None:
        for server, view in ((Server.MAIN, connection.main), (Server.BACKUP, connection.backup)):
            report = view.report
            level, mode = (None, None) if report is None else (report.level, report.mode)
            seen = Seen(time.time(), server, view.finding.role, level, mode)
            last = next((one for one in reversed(self.seen) if one.server is server), None)
            if last is None or replace(last, wall=seen.wall) != seen:
                self.seen.append(seen)

    def _at(self, name: str, when: float, call: Callable[[], None]) -> None:
        if (before := self._timers.pop(name, None)) is not None:
            before.cancel()
        pause = max(when - time.perf_counter(), 0.0)
        self._timers[name] = asyncio.get_running_loop().call_later(pause, call)
