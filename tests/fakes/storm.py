"""One seed: a whole site on a fake pair that does its worst. Bursts of trouble with calm between them, then all is mended.

What must hold meanwhile is looked after by `watched_site`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from random import Random

from fakes.connecting import KEEP_ALIVE
from fakes.pair import Announces, FakePair, FakeServer, Refuses
from fakes.truth import entitled
from fakes.virtual_time import run
from fakes.watched_site import FORGED, REST, TIMING, WatchedSite
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change
from vizclient.items.writing import Readback, ReadbackKind, WriteOrder
from vizclient.redundancy.manager import TICK
from vizclient.redundancy.model import Layer, Problem, ProblemKind, RedundancySupport, Report, Server

LASTS = 60.0
"""Virtual seconds of one seed, at least."""
FAULTS = 10
"""That a seed has, at least."""

_ITEMS = {handle: Address("urn:fake", f"KNX/item-{handle}") for handle in range(9)}
_PAGE = {handle: _ITEMS[handle] for handle in range(6)}
_BESIDE = {handle: _ITEMS[handle] for handle in range(6, 9)}
_DEADLINE = 1.0
"""Of a request; longer where latency is."""
_RECOVERY = 2 * TIMING.role_retry_most + _DEADLINE + TIMING.min_dwell + 1.0
"""The longest back-off with all its jitter, a probe under way that must time out, the dwell, and bringing up."""
_REQUESTS = 30
"""That bringing everything up may need, one after the other, where a server has taken one item at a time only."""
_JITTER = 0.5
"""Of the latency, at most, each way: what was asked for first is not always answered first."""
_SLEEP = 5.0
_FORGOTTEN = 20.0
"""Seconds in which round trips that were long weigh no more: so many answers of the watchdog."""
_RETRY_MOST = 32.0
"""The longest pause before an item that was missing is tried again."""


@dataclass
class Outcome:
    """What one seed has shown. `rows`: of the decision table."""

    seed: int
    faults: int
    switchovers: int
    writes: int
    rows: set[str]


class _Theme(Enum):
    """What a seed has more of than others; in turn, so that some dozen seeds meet everything."""

    ANYTHING = 0
    DEGRADED = 1
    BOTH_ACTIVE = 2
    SILENT = 3
    SLOW = 4


def play(seed: int) -> Outcome:
    """Run one seed. AssertionError says which invariant did not hold, and when."""
    try:
        return run(_play(seed))
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise


async def _play(seed: int) -> Outcome:
    storm = Storm(seed)
    with storm.watch.watched():
        await storm.weather()
        await storm.clear_up()
        await storm.end()
    return Outcome(seed, storm.faults, storm.watch.switchovers, len(storm.watch.orders), storm.watch.rows)


class Storm:
    """What happens to the pair, to the people, and to the site, all of it drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.faults = 0
        self.pair = FakePair({address: float(handle) for handle, address in _ITEMS.items()})
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
            self._answer_promptly(server)
            server.publishing = TIMING.publishing
            server.active = server.name is Server.MAIN
            server.max_sessions = random.choice([2, 100, 100])
        if theme is _Theme.BOTH_ACTIVE:
            self.pair.backup.active = True
            self.pair.main.latency, self.pair.backup.latency = 0.01, 0.0005  # the main answers last
        self._theme = theme
        slowest = (1 + _JITTER) * max(latencies)
        self.watch = WatchedSite(self.pair, _ITEMS, slowest)
        self._bringing_up = _REQUESTS * 2 * slowest
        self.follows_role = not (announces is Announces.NOTHING and refuses is Refuses.NOTHING)
        self.plausible = random.random() < 0.8 and theme is not _Theme.BOTH_ACTIVE
        """Whether the pair itself sees to it that one is active."""
        self.parted = False
        self._locked_out: set[Server] = set()
        self._slow: set[Server] = set()
        self._arbitration: asyncio.TimerHandle | None = None
        self._to_come: list[asyncio.TimerHandle] = []
        self._begin_site()
        self._last_fault = 0.0
        self._rests_until = 0.0
        self._found_nodes_at = 0.0

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self.watch.now

    # Trouble

    async def weather(self) -> None:
        """Bursts of trouble, with calm between them."""
        end = self.now + LASTS
        while self.now < end or self.faults < FAULTS:
            for _ in range(self.random.randint(2, 8)):
                self._cause_trouble()
                if self.random.random() < 0.02:
                    await self._restart_client()
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
        self._move()
        match self.random.randrange(16):
            case 0 | 1 | 2:
                self._write()
            case 3:
                if self.watch.orders:
                    self.watch.site.cancel_write(len(self.watch.orders) - self.random.randrange(2))
            case 4:
                self.watch.show("page", dict(self.random.sample(sorted(_ITEMS.items()), self.random.randint(3, 8))))
                self._disturbed()
            case 5:
                self._ghost()

    def _move(self) -> None:
        self._latest += 1.0
        self.pair.move(_ITEMS[self.random.randrange(len(_ITEMS))], self._latest)

    def _write(self) -> None:
        self._latest += 1.0
        number = len(self.watch.orders) + 1
        handle = self.random.randrange(len(_ITEMS))
        generation = self.watch.standing.generation or 1
        seen = generation if self.random.random() < 0.8 else max(1, generation - self.random.randint(1, 3))
        readback = Readback(self.random.choice([ReadbackKind.NONE, ReadbackKind.SAME, ReadbackKind.SAME]))
        self.watch.write(WriteOrder(number, handle, _ITEMS[handle], self._latest, seen, readback))

    def _ghost(self) -> None:
        """What bears an older generation turns up: a report, a loss or the end of a probe told twice, values of a session that
        was left."""
        over = [session for session in self.watch.connector.sessions if session.closed]
        if not over:
            return
        session, site, now = self.random.choice(over), self.watch.site, self.now
        match self.random.randrange(4):
            case 0:
                report = Report(session.server, now, Layer.ACTIVATED, state=0, level=255, mode=0, custom_active=True)
                site._manager.session_reported(session.generation, report)
            case 1:
                site._manager.session_lost(session.generation, Problem(ProblemKind.LOST, Layer.ACTIVATED))
            case 2:
                if self.watch.past:
                    site._manager._feed(replace(self.random.choice(self.watch.past), at=now))
            case _:
                if session._batch is not None:
                    session._batch([Change(handle, FORGED, 0, now) for handle in _ITEMS])

    def _cause_trouble(self) -> None:
        pair, random, site = self.pair, self.random, self.watch.site
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
            lambda: self._lose_notifications(server),
            lambda: server.faults.append(0x80100000),
            lambda: setattr(server, "deaf_to_writes", not server.deaf_to_writes),
            lambda: self._trouble(server),
            self._set_the_clock,
            self._stand_still,
            lambda: site.ask_switch(name),
            lambda: site.ask_switch(name.other),
            self._retry,
            lambda: self._retry(server),
        ]
        if self._theme is _Theme.DEGRADED:
            happenings += 2 * [lambda: server.say(level=100), lambda: server.say(level=210), pair.swap]
            happenings += 2 * [lambda: self._degrade_in_turn(server)]
        if self._theme is _Theme.ANYTHING:
            happenings += 2 * [lambda: self._nobody_serves(server)]
        if self._theme is _Theme.BOTH_ACTIVE:
            happenings += 4 * [lambda: site.ask_switch(name.other), lambda: server.become(active=True)]
            happenings += 4 * [self._both_serve]
        if self._theme is _Theme.SLOW:
            happenings += 4 * [lambda: self._answer_slowly(server)]
        random.choice(happenings)()
        self.faults += 1
        self._disturbed()
        if server.level == 0 or server.state:
            self._rests_until = max(
                self._rests_until, server.estimated_return or self.now + TIMING.maintenance_pause, self.now
            )
        if self.plausible:
            self._arbitrate_soon()

    def _disturbed(self) -> None:
        self.watch.disturbances.appendleft(self.now)
        self._last_fault = self.now

    def _freeze_a_moment(self, server: FakeServer) -> None:
        server.freeze()
        self._later(self.random.choice([0.3, 0.6, 0.9, 1.3]), server.thaw)

    def _lose_notifications(self, server: FakeServer) -> None:
        """While values move quickly, until all has been read again that may have been lost."""
        server.lose_notifications()
        loop = asyncio.get_running_loop()
        for number in range(60):
            self._to_come.append(loop.call_later((KEEP_ALIVE + 0.5) * number / 60, self._move))

    def _answer_promptly(self, server: FakeServer) -> None:
        random = Random(self.random.random())
        server.slow = lambda: _JITTER * server.latency * random.random()

    def _answer_slowly(self, server: FakeServer) -> None:
        """Each request takes its time on the way, and each answer: some overtake others, some come too late."""
        random, slow = Random(self.random.random()), self.random.choice([0.05, 0.4, 2.0])
        server.slow = lambda: slow * random.random()
        self._slow.add(server.name)
        self._allow_for(server, min(2 * slow, _DEADLINE), float("inf"))

    def _end_slowness(self, server: FakeServer) -> None:
        if server.name in self._slow:
            self._slow.discard(server.name)
            self._answer_promptly(server)
            self._allow_for(server, _DEADLINE, self.now + _FORGOTTEN)

    def _allow_for(self, server: FakeServer, late: float, until: float) -> None:
        """Answers may come so late. What is read is old by then, and is kept current only after another two of them; and a
        client that measures longer round trips waits longer for an answer that will not come."""
        self.watch.allow(server.name, (3 + 3) * late, 3 * late + REST, until)

    def _set_the_clock(self) -> None:
        """As after a sleep that the monotonic clock did not see: nothing from before it may look live for long."""
        clock, watch = self.watch.clock, self.watch
        clock.wall_offset += self.random.choice([-250.0, 3.0, 100.0])
        watch.must_leave_within(TICK)

    def _stand_still(self) -> None:
        """The machine stands still for a while, network, servers and all; for long enough that is a sleep."""
        seconds = self.random.choice([0.2, 0.7, 2.0, 2.0, _SLEEP + 1.5])
        self.watch.stand_still(seconds)
        if seconds > _SLEEP:
            self.watch.must_leave_within(0.0)

    def _trouble(self, server: FakeServer) -> None:
        server.trouble = self.random.choice([None, ProblemKind.CERTIFICATE, ProblemKind.CREDENTIALS])
        if server.trouble is ProblemKind.CREDENTIALS:
            self._locked_out.add(server.name)

    def _retry(self, server: FakeServer | None = None) -> None:
        """A person asks for another try: only then are credentials shown again to who refused them."""
        asked = server.name if server is not None else None
        tried = [one for one in self.pair.both if asked in (None, one.name)]
        self._locked_out -= {one.name for one in tried if one.trouble is not ProblemKind.CREDENTIALS}
        self.watch.site._manager.retry(asked)

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

    def _both_serve(self) -> None:
        """Both claim to be active, and after a while all connections are dropped."""
        for server in self.pair.both:
            server.start()
            server.become(active=True)
            server.say()
            self._later(1.0 + self.random.random(), server.drop_connections)

    def _later(self, seconds: float, happening: Callable[[], None]) -> None:
        def happen() -> None:
            happening()
            self._disturbed()

        self._to_come.append(asyncio.get_running_loop().call_later(seconds, happen))

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
        self._arbitration = asyncio.get_running_loop().call_later(0.2 + 0.8 * self.random.random(), self._arbitrate)

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
        self._end_slowness(server)
        server.faults.clear()
        server.mend()
        server.thaw()
        server.start()
        server.say()
        if server.name in self._locked_out:  # whatever else there was is found to be mended without anybody's help
            self._retry(server)
        self._disturbed()

    def _begin_site(self) -> None:
        may_switch = self.random.random() < 0.5 or self._theme is _Theme.BOTH_ACTIVE
        self.watch.begin(Random(self.random.random()), {"page": _PAGE, "beside": _BESIDE}, may_switch=may_switch)

    async def _restart_client(self) -> None:
        await self.watch.close()
        self._begin_site()
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
        connection = self.watch.connection
        assert connection is not None
        names = [server.name for server in well]
        if connection.server is not None and connection.server not in names and entitled(self.pair[connection.server]):
            return  # it says that it is active: who could know better
        assert connection.server in names, f"{names} served for {self.now - since:.1f} s: {connection}"
        assert connection.sure
        if self.now < since + _RECOVERY + self._bringing_up:
            return
        all_found = not any(one.missing for one in well) and self.now >= self._found_nodes_at + _RETRY_MOST
        self.watch.check_quiet(all_of_them=all_found)

    def _arbitrated_at(self) -> float:
        due = self._arbitration
        return 0.0 if due is None or due.cancelled() else due.when()

    def _is_well(self, server: FakeServer) -> bool:
        return (
            server.serves
            and server.active
            and server.trouble is None
            and server.name not in self._locked_out
            and server.name not in self._slow
            and server.max_sessions > 2
            and (server.level, server.state, server.estimated_return) == (None, 0, None)
        )

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
        connection = self.watch.connection
        assert connection is not None
        assert (connection.server, connection.sure) == (taken.name, True), f"{taken.name} is well: {connection}"
        waits = self.watch.site._feed._attempts
        await asyncio.sleep(self._bringing_up + (_RETRY_MOST if any(waits.values()) else 0.0))
        self.watch.check_quiet(all_of_them=True)

    async def end(self) -> None:
        """The site closes; nothing is left anywhere, and each write has had its one end."""
        await self.watch.close()
        self.watch.check_writes()
        for server in self.pair.both:
            server.mend()
            server.thaw()
        await asyncio.sleep(1.5)
        assert self.pair.open_sockets() == 0, "sockets are left open"
        assert self.pair.open_sessions() == 0, "sessions are left on the servers"
