"""Bringing the wanted items up on a session, and keeping them: what is shown first, then what is only watched.

On a new session: the shown items by Read, their monitored items, their metadata, then the same for everything else.
One request of at most `session.chunk` items is under way at a time, so that the watchdog and the operator's writes
are never stuck behind it. Where answers come slowly, because hundreds of clients came at once, whatever is not a
value for the screen waits, the longer the slower they are: so the pages of all come before the rest of any.
What is shown and not subscribed yet is read again meanwhile, so that no value on the screen is older than the server is slow.
Knows the session only as a Protocol, and neither windows nor roles.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from itertools import islice

from vizclient.items.address import Address
from vizclient.items.freshness import NODE_MISSING
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change, DataSession, ServiceFault, SessionEnded
from vizclient.items.store import Store
from vizclient.tasks import TaskSet

LINGER = 10.0
"""Seconds that an item stays subscribed after the last view that wanted it let go of it."""
MOST_ITEMS = 200_000
"""Items that one site may want at once."""
_READ_AT_ONCE = 500
PAINTING = 0.03
"""Seconds that everything else waits once the page has been read: on a small computer it would be in the way of painting it."""
_READ_AGAIN = 0.5
"""Seconds after which what is shown and not subscribed yet is read again; as long as reading took, if that is more."""
_RETRY_FIRST, _RETRY_MOST = 0.5, 30.0
_FAULT_PAUSE = 0.25
_SWIFT = 0.1
"""Seconds in which an answer comes from a server that is not overloaded; more where its network is far away."""
_STEP, _WHOLE = 10, 10_000
"""Items of the first request that is no read of the page; each quick answer adds as many to the next."""
_SHOWN_REST, _OTHERS_REST = 1.0, 10.0
"""Most seconds, on average, that subscriptions and metadata wait between two slow answers."""

_TOO_MUCH = frozenset(
    {
        0x80080000,  # BadEncodingLimitsExceeded
        0x80100000,  # BadTooManyOperations
        0x80B80000,  # BadRequestTooLarge
        0x80B90000,  # BadResponseTooLarge
    }
)

_log = logging.getLogger(__name__)


class _Work(Enum):
    READ = auto()
    SUBSCRIBE = auto()
    DESCRIBE = auto()


class _Queue:
    """Handles waiting for one kind of work, in order; those of shown items apart."""

    def __init__(self) -> None:
        self.shown: dict[int, None] = {}
        self.others: dict[int, None] = {}

    def discard(self, handle: int) -> None:
        self.shown.pop(handle, None)
        self.others.pop(handle, None)


class Feed:
    """Keeps `store` and `metadata` current for whatever the views want.

    `described(pairs)`: metadata has been read. `dropped(handles)`: these items are watched no more. `progress(generation,
    first, last)`: when the shown items had their first and their last first value in this generation.
    `failed(generation, error)`: this program's own fault; nothing more comes over that session.
    """

    def __init__(
        self,
        store: Store,
        *,
        monotonic: Callable[[], float],
        described: Callable[[Sequence[tuple[int, Metadata | None]]], None],
        dropped: Callable[[Sequence[int]], None],
        progress: Callable[[int, float, float | None], None],
        failed: Callable[[int, BaseException], None],
        random: Callable[[], float],
        linger: float = LINGER,
    ) -> None:
        self.metadata: dict[int, Metadata | None] = {}
        self._store = store
        self._monotonic = monotonic
        self._described = described
        self._dropped = dropped
        self._progress = progress
        self._failed = failed
        self._random = random
        self._swiftest: dict[_Work, float] = {}  # the quickest answer ever, by any server
        self._linger = linger
        self._addresses: dict[int, Address] = {}
        self._views: dict[str, tuple[frozenset[int], bool]] = {}
        self._wanted: dict[int, int] = {}  # handle → number of views
        self._shown: dict[int, int] = {}
        self._lingering: dict[int, float] = {}  # handle → when to let go of it, in that order
        self._session: DataSession | None = None
        self._tasks = TaskSet("feed")
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._forget_session()

    @property
    def session(self) -> DataSession | None:
        """The data session of the moment."""
        return self._session

    @property
    def addresses(self) -> Mapping[int, Address]:
        """What is kept current, by handle."""
        return self._addresses

    @property
    def shown(self) -> Mapping[int, Address]:
        """What is on the screen, by handle."""
        return {handle: self._addresses[handle] for handle in self._shown}

    def show(self, view: str, items: Mapping[int, Address], *, shown: bool = True) -> None:
        """`view` wants exactly these items from now on; `shown=False`: keep them current, after all that is shown.

        Raises ValueError if more than MOST_ITEMS would be wanted.
        """
        new = frozenset(items)
        if len(self._addresses.keys() | new) > MOST_ITEMS:
            raise ValueError(f"more than {MOST_ITEMS} items")
        old, was_shown = self._views.get(view, (frozenset(), shown))
        if new:
            self._views[view] = (new, shown)
        else:
            self._views.pop(view, None)
        fresh = [handle for handle in items if handle not in self._addresses]
        for handle in new:
            self._addresses.setdefault(handle, items[handle])
            self._lingering.pop(handle, None)
        came = [handle for handle in items if shown and handle not in self._shown]
        _count(self._wanted, new, old)
        _count(self._shown, new if shown else frozenset(), old if was_shown else frozenset())
        self._store.want(fresh, self._shown)
        let_go = self._monotonic() + self._linger
        for handle in old:
            if handle not in self._wanted:
                self._lingering[handle] = let_go
        if self._session is None:
            self._let_go(all_of_them=True)
        else:
            self._enqueue(fresh, came)
        self._wake.set()

    def attach(self, session: DataSession) -> None:
        """Bring everything up on this session, from nothing."""
        self.detach()
        self._let_go(all_of_them=True)
        self._forget_session()
        self._session = session
        self._chunk = session.chunk
        self._store.begin(session.generation, session.server)
        self.metadata.clear()
        self._enqueue(list(self._addresses), list(self._shown))
        self._bringing_up = bool(self._shown)

        def receive(batch: Sequence[Change]) -> None:
            if self._session is session:
                self._take_published(session, batch)

        def gap() -> None:
            if self._session is session:
                self._reread(session)

        self._task = self._tasks.start(self._run(session), name=f"session-{session.generation}")
        session.receive(receive, gap)  # second, so that what it asks of the server comes after the first Read
        self._task.add_done_callback(partial(self._ended, session.generation))

    def detach(self) -> None:
        """The session is no more; nothing of it is used from now on."""
        self._session = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """End all work."""
        self.detach()
        await self._tasks.close()

    def _forget_session(self) -> None:
        self._queues = {work: _Queue() for work in _Work}
        self._subscribed: set[int] = set()
        self._unsubscribe: dict[int, None] = {}
        self._attempts: dict[int, int] = {}
        self._retries: list[tuple[float, int]] = []  # a heap of (when, handle) to subscribe again
        self._refused: set[int] = set()  # what waits there with a value that says why it is not current
        self._read_again_at = float("inf")
        far = bool(self._swiftest) and min(self._swiftest.values()) > _SWIFT  # there small steps would take long
        self._pace = _WHOLE if far else _STEP
        self._shown_rests_until = 0.0
        self._others_rest_until = 0.0
        self._reading_paused_until = 0.0
        self._describing_paused_until = 0.0
        self._bringing_up = False
        self._first_value_at: float | None = None
        self._chunk = 200

    def _enqueue(self, fresh: Sequence[int], came: Sequence[int]) -> None:
        """Line up new items, and bring those that have come into view to the front."""
        subscribing, describing = self._queues[_Work.SUBSCRIBE], self._queues[_Work.DESCRIBE]
        for handle in came:
            if handle in self._subscribed:
                if handle in describing.others:
                    del describing.others[handle]
                    describing.shown[handle] = None
                continue
            self._queues[_Work.READ].shown[handle] = None
            subscribing.others.pop(handle, None)
            subscribing.shown[handle] = None
        for handle in fresh:
            if handle not in subscribing.shown:
                subscribing.others[handle] = None

    async def _run(self, session: DataSession) -> None:
        """Ends by being cancelled when the session is: no answer to it is used after that."""
        try:
            while True:
                self._wake.clear()
                now = self._monotonic()
                self._take_retries(now)
                self._take_unwatched(now)
                self._let_go()
                step = self._next_step(session, now)
                if step is not None:
                    await step
                    await asyncio.sleep(0)  # what came is sent on before anything else is asked for
                    continue
                try:
                    async with asyncio.timeout(self._until_next(now)):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        except SessionEnded:
            _log.info("session %d ended under the feed", session.generation)

    def _next_step(self, session: DataSession, now: float) -> Awaitable[None] | None:
        reading, subscribing, describing = self._queues.values()
        may_read, may_describe = now >= self._reading_paused_until, now >= self._describing_paused_until
        if reading.shown and may_read:
            return self._read(session, reading.shown)
        if now < self._shown_rests_until:
            return None
        if subscribing.shown:
            return self._subscribe(session, subscribing.shown)
        if describing.shown and may_describe:
            return self._describe(session, describing.shown)
        if now < self._others_rest_until:
            return None
        if reading.others and may_read:
            return self._read(session, reading.others)
        if subscribing.others:
            return self._subscribe(session, subscribing.others)
        if describing.others and may_describe:
            return self._describe(session, describing.others)
        if self._unsubscribe:
            return self._end_subscriptions(session, list(islice(self._unsubscribe, self._chunk)))
        return None

    def _until_next(self, now: float) -> float | None:
        """Seconds until something falls due that nobody will wake us for; None: nothing will."""
        waits = self._bringing_up or self._read_again_at == float("inf")
        due = [] if waits else [self._read_again_at]
        if self._retries:
            due.append(self._retries[0][0])
        if self._lingering:
            due.append(next(iter(self._lingering.values())))
        reading, subscribing, describing = self._queues.values()
        shown_from, others_from = self._shown_rests_until, max(self._shown_rests_until, self._others_rest_until)
        read_from, describe_from = self._reading_paused_until, self._describing_paused_until
        for waiting, since in (
            (reading.shown, read_from),
            (subscribing.shown, shown_from),
            (describing.shown, max(describe_from, shown_from)),
            (reading.others, max(read_from, others_from)),
            (subscribing.others, others_from),
            (describing.others, max(describe_from, others_from)),
            (self._unsubscribe, others_from),
        ):
            if waiting:
                due.append(since)
        return max(0.0, min(due) - now) + 0.001 if due else None

    async def _read(self, session: DataSession, queue: dict[int, None]) -> None:
        chunk = self._take(queue, _READ_AT_ONCE)
        began = self._monotonic()
        try:
            changes = await session.read(chunk)
        except ServiceFault as fault:
            _log.warning("reading %d items: %s", len(chunk), fault)
            now = self._monotonic()
            self._reading_paused_until = now + _FAULT_PAUSE + (now - began) * self._random()
            self._put_back(queue, chunk)
            return
        self._rest(_Work.READ, began)
        self._store.take_read(session.generation, changes)
        now = self._monotonic()
        self._read_again_at = min(self._read_again_at, now + max(_READ_AGAIN, now - began))
        if self._bringing_up:
            if self._first_value_at is None:
                self._first_value_at = now
            all_read = not self._queues[_Work.READ].shown
            if all_read:
                self._bringing_up = False
                self._shown_rests_until = max(self._shown_rests_until, now + PAINTING)
            self._progress(session.generation, self._first_value_at, now if all_read else None)

    async def _subscribe(self, session: DataSession, queue: dict[int, None]) -> None:
        chunk = self._take(queue, min(self._chunk, self._pace))
        anew = [handle for handle, _ in chunk if handle in self._unsubscribe]
        if anew:
            await self._end_subscriptions(session, anew)
        began = self._monotonic()
        try:
            statuses = await session.subscribe(chunk)
        except ServiceFault as fault:
            if fault.status in _TOO_MUCH and len(chunk) > 1:
                self._chunk = len(chunk) // 2
                self._put_back(queue, chunk)
                return
            _log.warning("subscribing %d items: %s", len(chunk), fault)
            for handle, _ in chunk:
                # the first failure of a whole request may pass at once: what was read is shown a moment longer
                self._retry(session, handle, fault.status if self._attempts.get(handle) else None)
            return
        self._rest(_Work.SUBSCRIBE, began)
        subscribing = self._queues[_Work.SUBSCRIBE]
        for (handle, _), status in zip(chunk, statuses, strict=True):
            if status >= 0x80000000:
                self._retry(session, handle, status)
                if status in NODE_MISSING:
                    continue
            elif handle not in self._addresses or handle in subscribing.shown or handle in subscribing.others:
                self._unsubscribe[handle] = None  # let go of while the request was under way, perhaps wanted anew
                continue
            else:
                self._subscribed.add(handle)
                self._attempts.pop(handle, None)
                self._refused.discard(handle)
            if handle in self._addresses and handle not in self.metadata:
                describing = self._queues[_Work.DESCRIBE]
                (describing.shown if handle in self._shown else describing.others)[handle] = None

    async def _describe(self, session: DataSession, queue: dict[int, None]) -> None:
        chunk = self._take(queue, min(self._chunk, self._pace))
        began = self._monotonic()
        try:
            found = await session.read_metadata(chunk)
        except ServiceFault as fault:
            self._put_back(queue, chunk)
            if fault.status in _TOO_MUCH and len(chunk) > 1:
                self._chunk = len(chunk) // 2
            else:
                _log.warning("metadata of %d items: %s", len(chunk), fault)
                self._describing_paused_until = self._monotonic() + 10 * _FAULT_PAUSE
            return
        self._rest(_Work.DESCRIBE, began)
        pairs = [(handle, metadata) for (handle, _), metadata in zip(chunk, found, strict=True)]
        self.metadata.update(pairs)
        self._described(pairs)

    def _rest(self, work: _Work, began: float) -> None:
        """After a slow answer: the wait grows with its square, so that many clients together take what the server can give."""
        now = self._monotonic()
        took = now - began
        swiftest = self._swiftest[work] = min(took, self._swiftest.get(work, took))
        usual = max(_SWIFT, 3 * swiftest)
        if took <= usual:
            self._pace = min(self._pace + _STEP, _WHOLE)
        else:
            rest, luck = took * took / usual, 0.5 + self._random()
            self._shown_rests_until = now + min(rest, _SHOWN_REST) * luck
            self._others_rest_until = now + min(rest, _OTHERS_REST) * luck

    async def _end_subscriptions(self, session: DataSession, handles: Sequence[int]) -> None:
        for handle in handles:
            del self._unsubscribe[handle]
        try:
            await session.unsubscribe(handles)
        except ServiceFault as fault:
            _log.warning("unsubscribing %d items: %s", len(handles), fault)

    def _take(self, queue: dict[int, None], most: int) -> list[tuple[int, Address]]:
        handles = list(islice(queue, most))
        for handle in handles:
            del queue[handle]
        return [(handle, self._addresses[handle]) for handle in handles]

    def _put_back(self, queue: dict[int, None], chunk: Sequence[tuple[int, Address]]) -> None:
        """At the front, in the same order; without those that were let go of meanwhile."""
        rest = list(queue)
        queue.clear()
        queue.update(dict.fromkeys(handle for handle, _ in chunk if handle in self._addresses))
        queue.update(dict.fromkeys(rest))

    def _retry(self, session: DataSession, handle: int, status: int | None) -> None:
        """Subscribe it again after a back-off; with a status, its value says until then why it is not current."""
        if handle not in self._addresses:
            return
        if status is not None:
            self._refused.add(handle)
            self._store.fail(session.generation, handle, status)
        attempts = self._attempts.get(handle, 0)
        self._attempts[handle] = attempts + 1
        pause = min(_RETRY_MOST, _RETRY_FIRST * 2.0 ** min(attempts, 10))
        heapq.heappush(self._retries, (self._monotonic() + pause, handle))

    def _take_retries(self, now: float) -> None:
        subscribing = self._queues[_Work.SUBSCRIBE]
        while self._retries and self._retries[0][0] <= now:
            _, handle = heapq.heappop(self._retries)
            if handle in self._addresses and handle not in self._subscribed:
                (subscribing.shown if handle in self._shown else subscribing.others)[handle] = None

    def _take_unwatched(self, now: float) -> None:
        """Line up for reading what is shown, was read, and nobody watches yet: on a slow or full server its value would grow old."""
        if now < self._read_again_at or self._bringing_up:
            return
        self._read_again_at = float("inf")
        waiting = (*self._queues[_Work.SUBSCRIBE].shown, *(handle for _, handle in self._retries))
        reading = self._queues[_Work.READ].shown
        for handle in waiting:
            if handle in self._shown and handle not in self._subscribed and handle not in self._refused:
                reading[handle] = None

    def _let_go(self, *, all_of_them: bool = False) -> None:
        """Forget the items whose time is up; the window is told, because what it has of them is not current any more."""
        now = self._monotonic()
        over = [handle for handle, due in self._lingering.items() if all_of_them or due <= now]
        if not over:
            return
        for handle in over:
            del self._lingering[handle]
            del self._addresses[handle]
            self.metadata.pop(handle, None)
            self._attempts.pop(handle, None)
            self._refused.discard(handle)
            for queue in self._queues.values():
                queue.discard(handle)
            if handle in self._subscribed:
                self._subscribed.discard(handle)
                self._unsubscribe[handle] = None
        self._store.drop(over)
        self._dropped(over)

    def _take_published(self, session: DataSession, batch: Sequence[Change]) -> None:
        self._store.publish(session.generation, batch)
        for change in batch:
            if change.status in NODE_MISSING and change.handle in self._subscribed:
                # its node was deleted: whether this monitored item would ever see a new one is up to the server
                self._unsubscribe[change.handle] = None
                self._subscribed.discard(change.handle)
                self._retry(session, change.handle, None)
                self._refused.add(change.handle)
                self._wake.set()

    def _reread(self, session: DataSession) -> None:
        _log.warning("notifications of session %d were lost: reading everything again", session.generation)
        self._store.gap()
        reading = self._queues[_Work.READ]
        for handle in self._subscribed:
            if handle in self._addresses:
                (reading.shown if handle in self._shown else reading.others)[handle] = None
        self._wake.set()

    def _ended(self, generation: int, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(generation, error)


def _count(counts: dict[int, int], new: frozenset[int], old: frozenset[int]) -> None:
    """One more for what is new, one less for what is not any more."""
    for handle in new - old:
        counts[handle] = counts.get(handle, 0) + 1
    for handle in old - new:
        if counts[handle] == 1:
            del counts[handle]
        else:
            counts[handle] -= 1
