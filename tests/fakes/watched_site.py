"""A whole site (manager, feed, store, writer) on a fake pair, and what must hold of it at every moment.

`watched` looks at everything each time before the clock moves on, whenever something has happened or the time is over in
which a client cannot know better. Knows nothing of what happens to the pair, or why.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

from fakes.connecting import KEEP_ALIVE, FakeConnector
from fakes.laws import Laws
from fakes.pair import FakePair
from fakes.rows import rows
from fakes.truth import Truth
from fakes.virtual_time import VirtualClock, VirtualLoop
from vizclient.items.address import Address
from vizclient.items.freshness import Freshness, Standing, freshness
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.items.writing import ReadbackKind, WriteOrder, WriteOutcome, WriteState
from vizclient.link.site import Site
from vizclient.link.standing import StandingKeeper
from vizclient.redundancy import manager
from vizclient.redundancy.decide import decide
from vizclient.redundancy.effects import Effect
from vizclient.redundancy.events import Event, Lost, Probed
from vizclient.redundancy.model import Connection, ConnectionState, ProblemKind, Server, Switchover, Timing
from vizclient.redundancy.ports import Session
from vizclient.redundancy.state import State

TIMING = Timing(maintenance_pause=5.0, attention_retry=3.0)
LINGER = 2.0
FORGED = -1.0
"""A value that no server ever had."""
WATCHDOG = 0.5
_TCP_PACE, _SESSION_PACE = 21, 5
"""Attempts in any second on one server: every 50 ms; and those that met an open port: at once, then after 250 ms or more,
then after twice as long, and one by which the client was late. More only where something happened."""
_SECOND_TRY = 0.5
"""Seconds after which a subscription that was refused is asked for again."""
REST = 1.5
"""Seconds for which a client waits at the most between its requests for what is shown, where answers are slow."""
_CALM_PACE = 2
"""Attempts in any second on the standby while all is well: one an interval."""


class WatchedSite:
    """The site of the moment, what it says, and the books. `slowest`: the longest latency. A SiteListener."""

    def __init__(self, pair: FakePair, items: Mapping[int, Address], slowest: float) -> None:
        self.pair = pair
        self.clock = VirtualClock()
        self.rows: set[str] = set()
        self.switchovers = 0
        self.orders: dict[int, WriteOrder] = {}
        self.finals: dict[int, WriteState] = {}
        self.disturbances: deque[float] = deque(maxlen=100)
        """When something happened that a client may answer with a few more attempts; the last first."""
        self._slowest = slowest
        detection = WATCHDOG + max(WATCHDOG, 3 * 2 * slowest) + 2 * slowest
        delivery = 2 * TIMING.publishing + 6 * slowest
        self._bound = detection + delivery
        """Detection, publishing and sampling, latency: for so long a client cannot know better;"""
        self._prompt = delivery + _SECOND_TRY
        """and of a server that answers, for so long: what was read is not subscribed at once."""
        self._allowed: dict[object, tuple[float, float, float]] = {}
        self.truth = Truth(pair, items)
        self._refused: set[int] = set()
        self._violations: list[AssertionError] = []
        self._to_leave: list[tuple[Site, int]] = []
        self._changed = self._truth_changed = True
        self._moved: set[Address] = set()
        for server in pair.both:
            server.watcher, server.about_to_change = self.look_again, self._look

    @property
    def bound(self) -> float:
        """Seconds in which a client cannot know better, as things are."""
        return self._bound + max((more for more, _, until in self._allowed.values() if until > self.now), default=0.0)

    @property
    def prompt(self) -> float:
        """The same of a server that answers."""
        return self._prompt + max((more for _, more, until in self._allowed.values() if until > self.now), default=0.0)

    def allow(self, why: object, more: float, prompt: float, until: float) -> None:
        """Until then, and for `why`, a client cannot know so many seconds longer: so many while a server answers."""
        self._allowed[why] = (more, prompt, until)

    def stand_still(self, seconds: float) -> None:
        """Time goes by, and nobody notices: not the client, and no server."""
        before, _, until = self._allowed.get("standstill", (0.0, 0.0, 0.0))
        lately = seconds + (before if until > self.now else 0.0)
        self._loop.now += seconds
        self.allow("standstill", lately, lately + REST, self.now + 2 * (self._bound + lately))

    def must_leave_within(self, seconds: float) -> None:
        """What was connected must not be believed any more after so long."""
        self._loop.call_later(seconds + 0.01, self._to_leave.append, (self.site, self._data))

    def begin(self, random: Random, views: Mapping[str, Mapping[int, Address]], *, may_switch: bool) -> None:
        """A new site, which knows of nothing before it. The view `page` is shown, the others are only watched."""
        self.connector = FakeConnector(self.pair, deadline=max(1.0, 6 * self._slowest))
        self.connection: Connection | None = None
        self.standing = Standing()
        self._lost_at = 0.0
        self._standings = StandingKeeper()
        self._data = self._newest = 0
        self._laws = Laws()
        self.past: deque[Probed] = deque(maxlen=20)
        """Ends of probes that were told, the last ones."""
        self._attached = 0
        self._recorded: set[float] = set()
        self.site = _Site(self.connector, TIMING, self.clock, random, self, linger=LINGER, may_switch=may_switch)
        self.site.attached, self.site.detached = self.attached, self.detached
        self.views: dict[str, Mapping[int, Address]] = {}
        for view, items in views.items():
            self.show(view, items)
        self.site.start()
        self._changed = True

    def show(self, view: str, items: Mapping[int, Address]) -> None:
        """See `Site.show`."""
        self.views[view] = items
        self.site.show(view, items, shown=view == "page")
        self._changed = True

    def write(self, order: WriteOrder) -> None:
        """See `Site.write`."""
        self.orders[order.number] = order
        unsure = self.connection is None or not self.connection.sure
        self.site.write(order)
        if unsure:
            state = self.finals.get(order.number)
            assert state is not None, f"write {order.number} is begun without a server that surely serves"
            assert state.outcome is WriteOutcome.REFUSED, f"write {order.number} is no refusal: {state}"

    async def close(self) -> None:
        """End it; nothing may be left."""
        began = self.now
        await self.site.close()
        assert self.now - began < 0.6, f"closing took {self.now - began:.2f} s"
        assert self.connector.under_way == 0, "a probe goes on"
        assert self._data == 0
        assert self.pair.open_sockets() == 0, "sockets are left open"
        own = {task for task in asyncio.all_tasks() if not task.done()} - {asyncio.current_task()}
        assert not own, f"tasks are left: {sorted(task.get_name() for task in own)}"

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

        def noted(before: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
            after, effects = decide(before, event)
            self.rows |= rows(before, event, after, effects)
            with self._noting():
                self._laws.check(before, event, after, effects)
                self._check_event(event)
            return after, effects

        loop = self._loop
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
            self._loop.call_later(TIMING.hold + 1e-6, self._check_again)
        self.standing = self._standings.standing(connection, self.standing, TIMING.hold)
        self.connection = connection
        self._changed = True

    def switchover_recorded(self, switchover: Switchover) -> None:
        self.switchovers += switchover.adopted_at not in self._recorded
        self._recorded.add(switchover.adopted_at)
        with self._noting():
            assert switchover.lost_at <= switchover.active_at <= switchover.adopted_at, f"in no order: {switchover}"

    def write_moved(self, state: WriteState) -> None:
        with self._noting():
            assert state.number not in self.finals, f"write {state.number} went on after its end: {state}"
            if state.outcome is not WriteOutcome.PENDING:
                self.finals[state.number] = state
                self._check_write(state)

    # DataConsumer, as the manager uses the site

    def attached(self, session: Session) -> None:
        """The site got a data session."""
        with self._noting():
            assert self._data == 0, "two data sessions at once"
            assert session.generation > self._newest, "an older generation follows a newer"
        self._data = self._newest = session.generation
        self._attached += 1

    def detached(self, generation: int) -> None:
        """The site lost it."""
        with self._noting():
            assert self._data == generation, "a session was detached that was not attached"
        self._data = 0

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Who calls us goes on whatever we raise: what does not hold is raised before the clock moves on."""
        try:
            yield
        except AssertionError as error:
            self._violations.append(error)

    # What must hold when all is quiet

    def check_quiet(self, *, all_of_them: bool) -> None:
        """Everything that is wanted is subscribed, nothing else is, and what is shown is live and right."""
        assert self.connection is not None
        assert len(self._recorded) == self._attached - 1, (
            f"{self._attached} data sessions, {len(self._recorded)} switchovers"
        )
        (session,) = [one for one in self.connector.sessions if one.watched and not one.closed]
        server = self.pair[session.server]
        asked = _recent((at for at, _, _ in reversed(server.peer.attempts)), self.now) if server.peer else 0
        assert asked <= _CALM_PACE, f"{asked} attempts in a second on the other server, while all is well"
        wanted = {**self.views["page"], **self.views["beside"]}
        there = {handle for handle, address in wanted.items() if address not in server.missing}
        if not all_of_them:
            assert set(session.items.values()) <= set(wanted), "more is subscribed than is wanted"
            return
        assert set(session.items.values()) == there, (
            f"wanted {sorted(there)}, subscribed {sorted(session.items.values())}"
        )
        for handle in there & self.views["page"].keys():
            sample = self.site.store.samples[handle]
            found = freshness(sample, self.standing, self.now, 0.0)
            assert found is Freshness.LIVE, f"item {handle} is {found}: {sample}"

    def check_writes(self) -> None:
        """Each has had its one end, and nothing was done more than once, or after it was refused."""
        for number, order in self.orders.items():
            assert number in self.finals, f"write {number} never ended"
            assert self._applied(order) <= (0 if number in self._refused else 1), (
                f"write {number} was applied after all"
            )

    # What must always hold

    def look_again(self, addresses: Iterable[Address] = ()) -> None:
        """Something on a server may have changed."""
        self._truth_changed = True
        self._moved.update(addresses)

    def _look(self) -> None:
        if self._truth_changed:
            self._truth_changed = False
            moved, self._moved = self._moved, set()
            if self.truth.look(self.now, self.bound, moved):
                self._changed = True
                self._loop.call_later(self.prompt + 1e-6, self._check_again)
                self._loop.call_later(self.bound + 1e-6, self._check_again)

    def _settled(self) -> None:
        self._look()
        for site, generation in self._to_leave:
            with self._noting():
                assert site is not self.site or self._data == 0 or self._data != generation, "a sleep was not noticed"
        self._to_leave.clear()
        if self._changed:
            self._changed = False
            with self._noting():
                self._check()
        if self._violations:
            error = self._violations[0]
            error.add_note(f"at {self.now:.4f} s: {self.connection}")
            raise error

    def _check_again(self) -> None:
        self._changed = True

    def _check_event(self, event: Event) -> None:
        problem = (
            event.problem if isinstance(event, Lost) else event.report.problem if isinstance(event, Probed) else None
        )
        assert problem is None or problem.kind is not ProblemKind.LOCAL, f"this program's own fault: {problem}"
        if isinstance(event, Probed):
            self.past.append(event)

    def _check(self) -> None:
        now, connection = self.now, self.connection
        taken = self.site.store.take(1000)
        generation = self.site.store.generation
        assert all(sample.generation == generation for _, sample in taken), "an older generation reached the store"
        assert all(sample.value != FORGED for _, sample in taken), "a ghost reached the store"
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
            if shown is Freshness.HELD:
                assert now <= self._lost_at + TIMING.hold, f"item {handle} is held too long"
                was_on = Server(sample.server)
                assert sample.status or self._held_lately(was_on, handle, sample.value, self.bound + TIMING.hold), (
                    f"item {handle} is held with {sample.value!r}, which {was_on} did not hold for long"
                )
            if shown is not Freshness.LIVE:
                continue
            assert self.connection is not None
            server = self.connection.server
            assert server is not None, f"item {handle} is shown live without a connection"
            assert sample.server == server, f"{handle} is live, and of the other server"
            assert self.truth.was_entitled(server, now - self.bound), (
                f"item {handle} is shown live, in spite of its server"
            )
            assert self._held_lately(server, handle, sample.value, self.bound), (
                f"item {handle} is shown live with {sample.value!r}, which {server} did not hold for {self.bound:.2f} s; "
                f"it holds {self.truth.holds(server, handle)!r}"
            )

    def _held_lately(self, server: Server, handle: int, value: Value, bound: float) -> bool:
        if self.truth.served(server, self.now - bound):
            bound = min(bound, self.prompt + bound - self.bound)
        if self.truth.held(server, handle, value, self.now - bound):
            return True
        # lost notifications are noticed within a keep-alive; a server that falls silent meanwhile, only after that
        if self.now - self.pair[server].lost_notifications_at > bound + KEEP_ALIVE:
            return False
        self._loop.call_later(KEEP_ALIVE + 1e-6, self._check_again)
        return self.truth.held(server, handle, value, self.now - bound - KEEP_ALIVE)

    def _check_sessions(self, connection: Connection) -> None:
        watched = [session for session in self.connector.sessions if session.watched and not session.closed]
        assert len(watched) <= (1 if connection.server is not None else 2), "sessions that nobody needs"
        assert len({session.server for session in watched}) == len(watched), "two sessions on one server"
        for session in watched:
            assert connection.server is None or session.generation == connection.generation, "a kept session is left"
        if len(self.connector.sessions) > 20:
            self.connector.sessions[:] = [session for session in self.connector.sessions if not session.closed]
        assert self.connector.under_way <= len(Server), "probes pile up"

    def _check_pace(self, now: float) -> None:
        extra = 3 * _recent(self.disturbances, now)
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
            self._refused.add(state.number)

    def _applied(self, order: WriteOrder) -> int:
        for server in self.pair.both:
            by = server.written_by.get(order.value)
            assert by in (None, order.seen_generation), "a write was applied in another generation than was seen"
        return sum(server.writes[order.address, order.value] for server in self.pair.both)


class _Site(Site):
    """One that tells of its data sessions."""

    attached: Callable[[Session], None]
    detached: Callable[[int], None]

    def attach(self, session: Session) -> None:
        self.attached(session)
        super().attach(session)

    def detach(self, generation: int) -> None:
        self.detached(generation)
        super().detach(generation)


def _recent(times: Iterable[float], now: float) -> int:
    """How many of `times`, the last first, were less than a second ago."""
    found = 0
    for at in times:
        if at <= now - 1.0:
            break
        found += 1
    return found
