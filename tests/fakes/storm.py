"""One seed: a whole site (manager, feed, store, writer) on a fake pair that does its worst, and what must hold throughout.

`weather` makes bursts of trouble with calm in between; `_Watch` looks at everything each time before the clock moves on,
whenever something has happened or the time in which a client cannot know better is over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from random import Random
from unittest.mock import patch

from fakes.connecting import FakeConnector, FakeSession
from fakes.pair import Announces, FakePair, FakeServer, Refuses
from fakes.rows import rows
from fakes.truth import Truth, entitled
from fakes.virtual_time import VirtualClock, VirtualLoop, run
from vizclient.items.address import Address
from vizclient.items.freshness import Freshness, Standing, freshness
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change
from vizclient.items.value import Value
from vizclient.items.writing import Readback, ReadbackKind, WriteOrder, WriteOutcome, WriteState
from vizclient.link.site import Site
from vizclient.link.standing import StandingKeeper
from vizclient.redundancy import manager
from vizclient.redundancy.decide import decide
from vizclient.redundancy.effects import Effect
from vizclient.redundancy.events import Event
from vizclient.redundancy.model import (
    Connection,
    ConnectionState,
    Layer,
    Problem,
    ProblemKind,
    RedundancySupport,
    Report,
    Server,
    Switchover,
    Timing,
)
from vizclient.redundancy.ports import Session
from vizclient.redundancy.state import State

LASTS = 60.0
"""Virtual seconds of one seed, at least."""
FAULTS = 10
"""That a seed has, at least."""
LINGER = 2.0

_ITEMS = {handle: Address("urn:fake", f"KNX/item-{handle}") for handle in range(9)}
_PAGE = {handle: _ITEMS[handle] for handle in range(6)}
_BESIDE = {handle: _ITEMS[handle] for handle in range(6, 9)}
_TIMING = Timing(maintenance_pause=5.0, attention_retry=3.0)
_KEEP_ALIVE = 1.0
_RECOVERY = 9.0
"""The longest back-off, a probe under way that must time out, the dwell, and bringing up."""
_TCP_PACE, _SESSION_PACE = 24, 9
_FORGED = -1.0


@dataclass
class Outcome:
    """What one seed has shown."""

    seed: int
    faults: int
    switchovers: int
    writes: int
    rows: set[str] = field(default_factory=set)


class _Theme(Enum):
    """What a seed has more of than others; in turn, so that some dozen seeds meet everything."""

    ANYTHING = 0
    DEGRADED = 1
    BOTH_ACTIVE = 2
    SILENT = 3


def play(seed: int) -> Outcome:
    """Run one seed. AssertionError says which invariant did not hold, and when."""
    try:
        return run(_play(seed))
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise


async def _play(seed: int) -> Outcome:
    storm = Storm(seed)
    with storm.watched():
        await storm.weather()
        await storm.clear_up()
        await storm.end()
    return storm.outcome


class Storm:
    """The site, the pair, and the books. A SiteListener."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.outcome = Outcome(seed, 0, 0, 0)
        self.pair = FakePair({address: float(handle) for handle, address in _ITEMS.items()})
        self.clock = VirtualClock()
        self._latest = 100.0
        theme = _Theme(seed % len(_Theme))
        slow = random.random() < 0.1
        latencies = [0.15, 0.3] if slow else [0.0005, 0.002, 0.01, 0.03]
        refuses = random.choice([*Refuses, Refuses.NOTHING, Refuses.NOTHING])
        announces = random.choice([Announces.MODE, *Announces])
        support = random.choice([RedundancySupport.WARM, RedundancySupport.WARM, RedundancySupport.HOT])
        if theme is _Theme.DEGRADED:
            announces, refuses, support = Announces.LEVEL, Refuses.NOTHING, RedundancySupport.WARM
        if theme is _Theme.BOTH_ACTIVE:
            announces = random.choice([Announces.MODE, Announces.LEVEL, Announces.ROLE_ITEM])
        if theme is _Theme.SILENT:
            announces, refuses = Announces.NOTHING, random.choice([Refuses.SESSION, Refuses.NOTHING])
        for server in self.pair.both:
            server.metadata = dict.fromkeys(_ITEMS.values(), Metadata("Double", writable=True))
            server.refuses, server.announces, server.support = refuses, announces, support
            server.latency = random.choice(latencies)
            server.publishing = _TIMING.publishing
            server.active = server.name is Server.MAIN
            server.max_sessions = random.choice([2, 100, 100])
            server.watcher = self._look_again
        if theme is _Theme.BOTH_ACTIVE:
            self.pair.backup.active = True
            self.pair.main.latency, self.pair.backup.latency = 0.01, 0.0005  # the main answers last
        self._theme = theme
        self._slowest = max(latencies)
        answers = max(0.5, 3 * 2 * self._slowest) + 2 * self._slowest
        self.bound = max(0.5 + answers, _KEEP_ALIVE) + _TIMING.hold + 2 * _TIMING.publishing + 6 * self._slowest
        self.truth = Truth(self.pair, _ITEMS)
        self.follows_role = not (announces is Announces.NOTHING and refuses is Refuses.NOTHING)
        self.plausible = random.random() < 0.8 and theme is not _Theme.BOTH_ACTIVE
        """Whether the pair itself sees to it that one is active."""
        self.parted = False
        self._arbitration: asyncio.TimerHandle | None = None
        self._to_come: list[asyncio.TimerHandle] = []
        self._begin_site()
        self.orders: dict[int, WriteOrder] = {}
        self.finals: dict[int, WriteState] = {}
        self._refused_at_once: set[int] = set()
        self._faults: deque[float] = deque(maxlen=100)
        self._last_fault = 0.0
        self._rests_until = 0.0
        self._found_nodes_at = 0.0
        self._changed = self._truth_changed = True
        self._moved: set[Address] = set()

    def _begin_site(self) -> None:
        self.connector = FakeConnector(self.pair, deadline=max(1.0, 6 * self._slowest))
        self.connection: Connection | None = None
        self.standing = Standing()
        self._lost_at = 0.0
        self._standings = StandingKeeper()
        self._data: int = 0
        self._newest = 0
        self.may_switch = self.random.random() < 0.5 or self._theme is _Theme.BOTH_ACTIVE
        self.site = _WatchedSite(
            self.connector,
            _TIMING,
            self.clock,
            Random(self.random.random()),
            self,
            linger=LINGER,
            may_switch=self.may_switch,
        )
        self.site.storm = self
        self.views = {"page": dict(_PAGE), "beside": dict(_BESIDE)}
        self.site.show("page", self.views["page"])
        self.site.show("beside", self.views["beside"], shown=False)
        self.site.start()

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self._loop.now

    @property
    def _loop(self) -> VirtualLoop:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at everything each time before the clock moves on; note the rows that `decide` goes through."""
        found, loop = self.outcome.rows, self._loop

        def noted(before: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
            after, effects = decide(before, event)
            found.update(rows(before, event, after, effects))
            return after, effects

        loop.settled = self._settled
        with patch.object(manager, "decide", noted):
            yield
        loop.settled = None

    # SiteListener

    def samples_changed(self) -> None:
        self._changed = True

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None:
        pass

    def items_dropped(self, handles: Sequence[int]) -> None:
        pass

    def connection_changed(self, connection: Connection) -> None:
        if self.connection is not None and self.connection.generation not in (0, connection.generation):
            self._lost_at = self.now
            self._loop.call_later(_TIMING.hold + 1e-6, self._check_again)
        self.standing = self._standings.standing(connection, self.standing, _TIMING.hold)
        self.connection = connection
        self._changed = True

    def switchover_recorded(self, switchover: Switchover) -> None:
        self.outcome.switchovers += switchover.first_value_at is None
        assert switchover.lost_at <= switchover.active_at <= switchover.adopted_at

    def write_moved(self, state: WriteState) -> None:
        assert state.number not in self.finals, f"write {state.number} went on after its end: {state}"
        if state.outcome is not WriteOutcome.PENDING:
            self.finals[state.number] = state
            self._check_write(state)

    # DataConsumer, as the manager uses the site

    def attached(self, session: Session) -> None:
        """The site got a data session."""
        assert self._data == 0, "two data sessions at once"
        assert session.generation > self._newest, "an older generation follows a newer"
        self._data = self._newest = session.generation

    def detached(self, generation: int) -> None:
        """The site lost it."""
        assert self._data == generation, "a session was detached that was not attached"
        self._data = 0

    # What must hold

    def _look_again(self, addresses: Iterable[Address]) -> None:
        self._truth_changed = True
        self._moved.update(addresses)

    def _settled(self) -> None:
        if self._truth_changed:
            self._truth_changed = False
            moved, self._moved = self._moved, set()
            if self.truth.look(self.now, self.bound, moved):
                self._changed = True
                self._loop.call_later(self.bound + 1e-6, self._check_again)
        if self._changed:
            self._changed = False
            try:
                self._check()
            except AssertionError as error:
                error.add_note(f"at {self.now:.4f} s: {self.connection}")
                raise

    def _check_again(self) -> None:
        self._changed = True

    def _check(self) -> None:
        now, connection = self.now, self.connection
        taken = self.site.store.take(1000)
        generation = self.site.store.generation
        assert all(sample.generation == generation for _, sample in taken), "an older generation reached the store"
        assert all(sample.value != _FORGED for _, sample in taken), "a ghost reached the store"
        self._check_pace(now)
        if connection is None:
            return
        assert connection.generation == self._data, "what is announced is not what is there"
        self._check_sessions(connection)
        if connection.server is None:
            assert connection.state is not ConnectionState.CONNECTED
            assert not connection.sure
        else:
            assert self.truth.was_usable(connection.server, now - self.bound), (
                f"on {connection.server} for more than {self.bound:.2f} s, which says that it does not serve"
            )
            assert generation == connection.generation
        self._check_values(now)

    def _check_values(self, now: float) -> None:
        standing, samples = self.standing, self.site.store.samples
        for handle in self.views["page"]:
            sample = samples.get(handle)
            if sample is None:
                continue
            shown = freshness(sample, standing, now, 0.0)
            assert shown is not Freshness.HELD or now <= self._lost_at + _TIMING.hold, f"item {handle} is held too long"
            if shown is not Freshness.LIVE:
                continue
            assert self.connection is not None
            server = self.connection.server
            assert server is not None, f"item {handle} is shown live without a connection"
            assert sample.server == server, f"{handle} is live, and of the other server"
            assert self.truth.was_entitled(server, now - self.bound), (
                f"item {handle} is shown live, in spite of its server"
            )
            assert self._held_lately(server, handle, sample.value), (
                f"item {handle} is shown live with {sample.value!r}, which {server} did not hold for {self.bound:.2f} s; "
                f"it holds {self.truth.holds(server, handle)!r}"
            )

    def _held_lately(self, server: Server, handle: int, value: Value) -> bool:
        if self.truth.held(server, handle, value, self.now - self.bound):
            return True
        # lost notifications are noticed within a keep-alive; a server that falls silent meanwhile, only after that
        if self.now - self.pair[server].lost_notifications_at > self.bound + _KEEP_ALIVE:
            return False
        self._loop.call_later(_KEEP_ALIVE + 1e-6, self._check_again)
        return self.truth.held(server, handle, value, self.now - self.bound - _KEEP_ALIVE)

    def _check_sessions(self, connection: Connection) -> None:
        watched = [session for session in self.connector.sessions if session.watched and not session.closed]
        assert len(watched) <= (1 if connection.server is not None else 2), "sessions that nobody needs"
        assert len({session.server for session in watched}) == len(watched), "two sessions on one server"
        for session in watched:
            assert connection.server is None or session.generation == connection.generation, "a kept session is left"
        if len(self.connector.sessions) > 20:
            self.connector.sessions[:] = [session for session in self.connector.sessions if not session.closed]
        assert self.connector.under_way <= 2 + len(self.connector.sessions), "probes pile up"

    def _check_pace(self, now: float) -> None:
        extra = 3 * _recent(self._faults, now)
        for server in self.pair.both:
            attempts = _recent((at for at, _, _ in reversed(server.attempts)), now)
            assert attempts <= _TCP_PACE + extra, f"{attempts} attempts in a second on {server.name}"
            accepted = _recent(reversed(server.accepted), now)
            assert accepted <= _SESSION_PACE + extra, f"{accepted} connections in a second on {server.name}"

    def _check_write(self, state: WriteState) -> None:
        order = self.orders[state.number]
        applied = self._applied(order)
        assert applied <= 1, f"write {state.number} was applied {applied} times"
        if state.outcome is WriteOutcome.DONE:
            assert applied == 1, f"write {state.number} is said to be done"
            ignored = any(order.value in server.ignored for server in self.pair.both)
            assert not ignored or order.readback.kind is ReadbackKind.NONE, f"write {state.number} changed nothing"
        if state.outcome is WriteOutcome.REFUSED:
            assert applied == 0, f"write {state.number} was applied, and is said to be refused"
            self._refused_at_once.add(state.number)

    def _applied(self, order: WriteOrder) -> int:
        for server in self.pair.both:
            by = server.written_by.get(order.value)
            assert by in (None, order.seen_generation), "a write was applied in another generation than was seen"
        return sum(server.writes[order.address, order.value] for server in self.pair.both)

    # Trouble

    async def weather(self) -> None:
        """Bursts of trouble, with calm between them."""
        end = self.now + LASTS
        while self.now < end or self.outcome.faults < FAULTS:
            for _ in range(self.random.randint(2, 8)):
                self._cause_trouble()
                await self._pass(0.001 + self.random.choice([0.0, 0.002, 0.05, 0.4, 1.2, 2.5]) * self.random.random())
            if self.random.random() < 0.1:
                await self._restart_client()
            if self.random.random() < 0.6:
                self._mend_some()
            calm = self.random.choice([0.5, 3.0, _RECOVERY + 4.0])
            await self._pass(calm if any(map(self._is_well, self.pair.both)) else min(calm, 2.0))
            self._check_recovered()

    async def _pass(self, seconds: float) -> None:
        """Time goes by: values move, and people do what people do."""
        end = self.now + seconds
        while self.now < end:
            await asyncio.sleep(min(end - self.now, 0.7 * self.random.random()))
            self._live()

    def _live(self) -> None:
        handle = self.random.randrange(len(_ITEMS))
        self._latest += 1.0
        self.pair.move(_ITEMS[handle], self._latest)
        match self.random.randrange(16):
            case 0 | 1 | 2:
                self._write()
            case 3:
                if self.orders:
                    self.site.cancel_write(len(self.orders) - self.random.randrange(2))
            case 4:
                page = dict(self.random.sample(sorted(_ITEMS.items()), self.random.randint(3, 8)))
                self.views["page"] = page
                self.site.show("page", page)
                self._changed = True
                self._disturbed()
            case 5:
                self._ghost()

    def _write(self) -> None:
        self._latest += 1.0
        number = len(self.orders) + 1
        handle = self.random.randrange(len(_ITEMS))
        generation = self.standing.generation or 1
        seen = generation if self.random.random() < 0.8 else max(1, generation - self.random.randint(1, 3))
        readback = Readback(self.random.choice([ReadbackKind.NONE, ReadbackKind.SAME, ReadbackKind.SAME]))
        self.orders[number] = order = WriteOrder(number, handle, _ITEMS[handle], self._latest, seen, readback)
        self.outcome.writes += 1
        self.site.write(order)

    def _ghost(self) -> None:
        """What bears an older generation turns up: a report, a loss told twice, values of a session that was left."""
        over = [session for session in self.connector.sessions if session.closed]
        if not over:
            return
        session = self.random.choice(over)
        assert isinstance(session, FakeSession)
        now = self.now
        match self.random.randrange(3):
            case 0:
                report = Report(session.server, now, Layer.ACTIVATED, state=0, level=255, mode=0, custom_active=True)
                self.site._manager.session_reported(session.generation, report)
            case 1:
                self.site._manager.session_lost(session.generation, Problem(ProblemKind.LOST, Layer.ACTIVATED))
            case _:
                if session._batch is not None:
                    session._batch([Change(handle, _FORGED, 0, now) for handle in _ITEMS])

    def _cause_trouble(self) -> None:
        pair, random = self.pair, self.random
        active = next((server for server in pair.both if server.active and server.up), random.choice(pair.both))
        server: FakeServer = active if random.random() < 0.6 else random.choice(pair.both)
        name = server.name
        returns = self.now + random.choice([1.0, 4.0, 8.0])
        happenings: list[Callable[[], None]] = [
            server.crash,
            server.crash,
            lambda: server.start(empty=random.random() < 0.3),
            server.freeze,
            lambda: self._freeze_a_moment(server),
            server.thaw,
            server.cut,
            server.mend,
            server.drop_connections,
            pair.swap,
            pair.swap,
            lambda: server.become(active=True),
            lambda: server.become(active=False),
            self._part_servers,
            self._join_servers,
            lambda: server.say(level=random.choice([None, 0, 1, 100, 100, 199, 210])),
            lambda: server.say(level=100),
            lambda: server.say(level=0, estimated_return=returns),
            lambda: server.say(state=4, estimated_return=random.choice([None, returns])),
            server.say,
            lambda: server.lose_nodes(random.sample(sorted(_ITEMS.values(), key=str), 2)),
            self._find_nodes,
            server.lose_notifications,
            lambda: server.faults.append(0x80100000),
            lambda: setattr(server, "deaf_to_writes", not server.deaf_to_writes),
            lambda: setattr(server, "trouble", random.choice([None, ProblemKind.CERTIFICATE, ProblemKind.CREDENTIALS])),
            lambda: setattr(self.clock, "wall_offset", self.clock.wall_offset + 100.0),
            lambda: self.site.ask_switch(name),
            lambda: self.site.ask_switch(name.other),
            self.site.retry,
        ]
        if self._theme is _Theme.DEGRADED:
            happenings += 2 * [lambda: server.say(level=100), lambda: server.say(level=210), pair.swap]
            happenings += 2 * [lambda: self._degrade_in_turn(server)]
        if self._theme is _Theme.ANYTHING:
            happenings += 2 * [lambda: self._nobody_serves(server)]
        if self._theme is _Theme.BOTH_ACTIVE:
            happenings += 2 * [lambda: self.site.ask_switch(name.other), lambda: server.become(active=True)]
        random.choice(happenings)()
        self.outcome.faults += 1
        self._disturbed()
        if server.level == 0 or server.state:
            self._rests_until = max(
                self._rests_until, server.estimated_return or self.now + _TIMING.maintenance_pause, self.now
            )
        if self.plausible:
            self._arbitrate_soon()

    def _disturbed(self) -> None:
        self._faults.appendleft(self.now)
        self._last_fault = self.now

    def _freeze_a_moment(self, server: FakeServer) -> None:
        server.freeze()
        self._later(self.random.choice([0.3, 0.6, 0.9, 1.3]), server.thaw)

    def _degrade_in_turn(self, server: FakeServer) -> None:
        """The one, and soon after the other, while the first is well again."""
        assert server.peer is not None
        for wait, one, other in ((0.0, server, server.peer), (1.5 + self.random.random(), server.peer, server)):
            self._later(wait, partial(one.say, level=100))
            self._later(wait, partial(other.say, level=255))

    def _nobody_serves(self, server: FakeServer) -> None:
        """Both are standbys for a while, and one of them drops its connections."""
        for one in self.pair.both:
            one.become(active=False)
        self._later(0.15 + 0.3 * self.random.random(), server.drop_connections)

    def _later(self, seconds: float, happening: Callable[[], None]) -> None:
        def happen() -> None:
            happening()
            self._disturbed()

        self._to_come.append(self._loop.call_later(seconds, happen))

    def _part_servers(self) -> None:
        """Neither sees the other: the standby takes over, and the active one says that its peer is gone."""
        self.parted = True
        for server, peer in (self.pair.both, self.pair.both[::-1]):
            server.has_backup = False
            server.peer_levels = ((peer.uri, 0),)
        self._arbitrate_soon()

    def _join_servers(self) -> None:
        self.parted = False
        for server in self.pair.both:
            server.has_backup = True
            server.peer_levels = ()
        self._arbitrate_soon()

    def _arbitrate_soon(self) -> None:
        if self._arbitration is not None:
            self._arbitration.cancel()
        self._arbitration = self._loop.call_later(0.2 + 0.8 * self.random.random(), self._arbitrate)

    def _arbitrate(self) -> None:
        """What the pair does of itself: a living standby takes over; of two that see each other, one gives way."""
        alive = [server for server in self.pair.both if server.up and not server.frozen]
        active = [server for server in alive if server.active]
        if self.parted:
            for server in alive:
                server.become(active=True)
        elif not active and alive:
            alive[0].become(active=True)
        elif not alive and self.random.random() < 0.7:
            self.random.choice(self.pair.both).start()
            self._arbitrate_soon()
        elif len(active) == 2:
            active[1].become(active=False)
        self._disturbed()

    def _find_nodes(self) -> None:
        for server in self.pair.both:
            server.find_nodes()
        self._found_nodes_at = self.now

    def _mend_some(self) -> None:
        for server in self.pair.both:
            if self.random.random() < 0.7:
                self._mend(server)
        if self.random.random() < 0.7:
            self._join_servers()
        self._arbitrate()

    def _mend(self, server: FakeServer) -> None:
        server.trouble, server.max_sessions = None, 100
        server.deaf_to_writes = False
        server.faults.clear()
        server.mend()
        server.thaw()
        server.start()
        server.say()
        self.site.retry()
        self._disturbed()

    # Recovery

    def _check_recovered(self) -> None:
        """Some time after the last trouble, if there is a server that is well, all is as it should be."""
        since = max(self._last_fault, self._rests_until, self._arbitrated_at())
        well = [server for server in self.pair.both if self._is_well(server)]
        if not well or not self.follows_role or self.now < since + _RECOVERY:
            return
        if well[0].announces is Announces.NOTHING and self.pair.main.up and self.pair.backup.up:
            return  # both may let clients in, and nobody says who is active
        connection = self.connection
        assert connection is not None
        names = [server.name for server in well]
        if connection.server is not None and connection.server not in names and entitled(self.pair[connection.server]):
            return  # it says that it is active: who could know better
        assert connection.server in names, f"{names} served for {self.now - since:.1f} s: {connection}"
        assert connection.sure
        self._check_quiet(all_of_them=False)

    def _arbitrated_at(self) -> float:
        due = self._arbitration
        return 0.0 if due is None or due.cancelled() else due.when()

    def _is_well(self, server: FakeServer) -> bool:
        return (
            server.serves
            and server.active
            and server.trouble is None
            and server.max_sessions > 2
            and (server.level, server.state, server.estimated_return) == (None, 0, None)
        )

    def _check_quiet(self, *, all_of_them: bool) -> None:
        """Everything that is wanted is subscribed, nothing else is, and what is shown is live and right."""
        assert self.connection is not None
        (session,) = [one for one in self.connector.sessions if one.watched and not one.closed]
        server = self.pair[session.server]
        wanted = self.views["page"] | self.views["beside"]
        there = {handle for handle, address in wanted.items() if address not in server.missing}
        if not all_of_them and (server.missing or self.now < self._found_nodes_at + 32.0):
            assert set(session.items.values()) <= set(wanted), "more is subscribed than is wanted"
            return
        assert set(session.items.values()) == there, (
            f"wanted {sorted(there)}, subscribed {sorted(session.items.values())}"
        )
        for handle in there & self.views["page"].keys():
            sample = self.site.store.samples[handle]
            found = freshness(sample, self.standing, self.now, 0.0)
            assert found is Freshness.LIVE, f"item {handle} is {found}: {sample}"

    async def clear_up(self) -> None:
        """One server is well: it is found. The other is gone, or a standby."""
        self._join_servers()
        for server in self.pair.both:
            self._mend(server)
        taken, other = self.random.sample(self.pair.both, 2)
        self._find_nodes()
        if self.random.random() < 0.5 or not self.follows_role:
            other.crash()
        else:
            other.become(active=False)
        taken.become(active=True)
        for handle in self._to_come:
            handle.cancel()
        if self._arbitration is not None:
            self._arbitration.cancel()
            self._arbitration = None
        self._disturbed()
        await asyncio.sleep(max(_RECOVERY, self._rests_until + _RECOVERY - self.now))
        connection = self.connection
        assert connection is not None
        assert (connection.server, connection.sure) == (taken.name, True), f"{taken.name} is well: {connection}"
        waits = self.site._feed._attempts
        if any(waits.values()):
            await asyncio.sleep(32.0)
        self._check_quiet(all_of_them=True)

    async def end(self) -> None:
        """The site closes; nothing is left anywhere, and each write has had its one end."""
        await self._close()
        for number, order in self.orders.items():
            assert number in self.finals, f"write {number} never ended"
            applied = self._applied(order)
            assert applied <= 1
            if number in self._refused_at_once:
                assert applied == 0, f"write {number} was refused, and applied later"
        for server in self.pair.both:
            server.mend()
            server.thaw()
        await asyncio.sleep(1.5)
        assert self.pair.open_sockets() == 0, "sockets are left open"
        assert self.pair.open_sessions() == 0, "sessions are left on the servers"

    async def _close(self) -> None:
        began = self.now
        await self.site.close()
        assert self.now - began < 0.6, f"closing took {self.now - began:.2f} s"
        assert self.connector.under_way == 0, "a probe goes on"
        assert self._data == 0
        assert self.pair.open_sockets() == 0, "sockets are left open"
        own = {task for task in asyncio.all_tasks() if not task.done()} - {asyncio.current_task()}
        assert not own, f"tasks are left: {sorted(task.get_name() for task in own)}"

    async def _restart_client(self) -> None:
        await self._close()
        self._begin_site()
        self._disturbed()
        self._changed = True


class _WatchedSite(Site):
    """A Site whose data sessions are counted."""

    storm: Storm

    def attach(self, session: Session) -> None:
        self.storm.attached(session)
        super().attach(session)

    def detach(self, generation: int) -> None:
        self.storm.detached(generation)
        super().detach(generation)


def _recent(times: Iterable[float], now: float) -> int:
    """How many of `times`, the last first, were less than a second ago."""
    found = 0
    for at in times:
        if at <= now - 1.0:
            break
        found += 1
    return found
