"""Looks now and then whether the standby could take over, and says so whenever that has changed for good.

What the open session and the probes of the manager tell is judged at once. Beside that, about once a minute, one more probe asks the
standby in a session of its own, which is closed again: more seldom than anything else that a client does, and never while
its port is known to be closed. A look is called off at once when the connection moves, and nobody counts how it ends:
the search knows nothing of it. A user that was refused is not shown again until a person acts or the server was away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Protocol, cast

from vizclient.items.address import Address
from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.link.memory import Learned, with_inspection
from vizclient.redundancy.assess import Serves, assess, needs
from vizclient.redundancy.model import Connection, Layer, Problem, ProblemKind, Report, Role, Server, ServerView
from vizclient.redundancy.ports import Clock, Deaf, InspectedSession, Inspector, Session
from vizclient.redundancy.readiness import Certificates, Facts, Inspection, Light, PagesFile, Readiness, Wanted
from vizclient.tasks import TaskSet

EVERY = 60.0
"""Seconds between two looks, on average."""
SOON = 5.0
"""Seconds until a look after something has changed, and as much again by chance: hundreds of clients see it change at once."""
AT_LEAST = 10.0
"""Seconds between two looks, whatever changes."""
WITHIN = 20.0
"""Seconds that a look may take: a standby that hangs answers later than any other."""
PAGES_AGAIN = 600.0
"""Seconds after which the servers' files of pages are read again, though they say that they have not changed."""
SETTLES = 2.0
"""Seconds for which a change must last before it is told: what a takeover shows in passing is nothing to look at."""
MOST_ITEMS = 2_000
"""Items of the open pages that are looked for on the standby."""
MOST_REMEMBERED = 10_000

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Keeps what was learned: `link.memory.Memory` is it."""

    async def load(self) -> Learned: ...

    async def save(self, learned: Learned) -> None: ...


class Items(Protocol):
    """What the site knows of its items."""

    def shown(self) -> Sequence[tuple[Address, str]]:
        """Those of the open pages, each with what its node says of its interface, "" if it says nothing."""
        ...

    def found(self) -> tuple[Sequence[Address], Sequence[Address]]:
        """All that the data session has asked for, those of the open pages first; and what of them does not exist there."""
        ...


class ReadinessWatch:
    """See the module. `find`: the interface of an item, by its address and what its node says. `on_change` hears of each new readiness.

    `pages`: the address of the file in which servers hold the pages, None if they do not; `digest`: of such a file.
    """

    def __init__(
        self,
        inspector: Inspector,
        clock: Clock,
        random: Random,
        memory: Keeper,
        find: Callable[[Address, str], Serves | None],
        digest: Callable[[bytes], str],
        *,
        pages: Address | None = None,
    ) -> None:
        self.on_change: Callable[[Readiness], None] = lambda readiness: None
        self._inspector = inspector
        self._clock = clock
        self._random = random
        self._memory = memory
        self._find = find
        self._pages = pages
        self._digest = digest
        self._items: Items | None = None
        self._tasks = TaskSet("readiness")
        self._wake = asyncio.Event()
        self._due = float("inf")
        self._began = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._session: InspectedSession | None = None
        self._learned = Learned()
        self._own_pages = ""
        self._pages_read: dict[Server, tuple[float, PagesFile]] = {}
        self._uris: dict[Server, str] = {}
        self._barred: set[Server] = set()
        self._here: Inspection | None = None
        self._there: Inspection | None = None
        self._report: Report | None = None  # of the last look at the standby
        self._certificates = Certificates()
        self._wanted = Wanted()
        self._looked = False
        self._told: Readiness | None = None
        self._next: Readiness | None = None
        self._settling: asyncio.TimerHandle | None = None

    def start(self, items: Items) -> None:
        """Begin. Once."""
        self._items = items
        self._tasks.start(self._run(), name="looks")

    async def close(self) -> None:
        """End, whatever is under way."""
        if self._settling is not None:
            self._settling.cancel()
        await self._tasks.close()

    # What happens

    def attach(self, session: Session) -> None:
        """`session` is the data session."""
        self._session = cast(InspectedSession, session)

    def detach(self) -> None:
        """There is none any more: whatever is being looked at, it ends now."""
        self._session = None
        self._call_off()

    def connection_changed(self, connection: Connection) -> None:
        """See `Announcer`."""
        before, self._connection = self._connection, connection
        if before is None or before.generation != connection.generation:
            self._forget()
            if connection.server is not None:
                self._certificates = self._inspector.certificates(connection.server.other)
                self._want()
                self._hasten()
        if connection.server is None:
            self._say(assess(Facts(self._clock.wall())), at_once=True)
            return
        standby, view = connection.server.other, _view(connection, connection.server.other)
        problem = None if view.report is None else view.report.problem
        if problem is not None and problem.kind is ProblemKind.UNREACHABLE:
            self._barred.discard(standby)
        if before is not None and before.server is connection.server and _differs(before, connection):
            self._hasten()
        self._judge()

    def pages_changed(self) -> None:
        """Other items are shown than before, or more is known of them."""
        before = self._wanted.items
        self._want()
        if self._wanted.items != before and not self._covered.issuperset(self._wanted.items):
            self._hasten()
        self._judge()

    def bundle_shown(self, digest: str) -> None:
        """The pages shown here have this digest."""
        self._own_pages = digest
        self._judge()

    def person_acted(self) -> None:
        """Whatever needed a person may be mended."""
        self._barred.clear()
        self._uris.clear()
        self._hasten(delay=0.0)

    def _forget(self) -> None:
        """What was seen belongs to a session that is no more."""
        self._call_off()
        self._here = self._there = self._report = None
        self._looked = False
        self._due = float("inf")

    # Looking

    async def _run(self) -> None:
        self._learned = await self._memory.load()
        self._judge()
        while True:
            wait = self._due - self._clock.monotonic()
            if wait > 0:
                self._wake.clear()
                try:
                    async with asyncio.timeout(None if wait == float("inf") else wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            self._began = self._clock.monotonic()
            self._due = self._began + EVERY * (0.75 + 0.5 * self._random.random())
            self._looking = self._tasks.start(self._look(), name="look")
            await asyncio.wait({self._looking})
            self._looking = None

    def _hasten(self, delay: float = SOON) -> None:
        """Look soon, but no two looks close together."""
        soon = self._clock.monotonic() + delay * (1.0 + self._random.random())
        self._due = min(self._due, max(soon, self._began + AT_LEAST))
        self._wake.set()

    def _call_off(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        connection, session = self._connection, self._session
        if connection is None or connection.server is None or session is None:
            return
        try:
            async with asyncio.timeout(WITHIN):
                await self._look_here(connection.server, session)
                await self._look_there(connection.server.other, _view(connection, connection.server.other))
        except (SessionEnded, ServiceFault, TimeoutError) as error:
            _log.info("readiness could not be looked at: %s", error)
        except Exception:  # noqa: BLE001 the site goes on whatever it is
            _log.exception("readiness could not be looked at, by this program's own fault")
        self._looked = True
        self._judge()
        await self._memory.save(self._learned)

    async def _look_here(self, active: Server, session: InspectedSession) -> None:
        """The active server, in the session that is open anyway; its items are known already."""
        assert self._items is not None
        inspection = await session.inspect(())
        asked, missing = self._items.found()
        kept = frozenset(asked[:MOST_REMEMBERED])
        inspection = replace(inspection, items=kept, missing=frozenset(missing) & kept)
        self._here = await self._with_pages(inspection, session)
        self._learn(self._here)
        self._uris[active] = self._here.uri
        self._barred.discard(active)

    async def _look_there(self, standby: Server, view: ServerView) -> None:
        if standby in self._barred or not _may_be_asked(view, self._clock.monotonic()):
            self._certificates = self._inspector.certificates(standby)
            return
        result = await self._inspector.probe(standby, 0, Deaf(), session=True)
        opened = result.session
        try:
            self._report = report = result.report
            problem = report.problem
            if problem is not None and problem.kind is ProblemKind.CREDENTIALS and problem.layer >= Layer.SESSION:
                self._barred.add(standby)  # the server itself refused it, or would not have taken it
            self._certificates = self._inspector.certificates(standby)  # known only now, at the first contact
            if opened is None or not self._is_itself(standby, report):
                self._there = None
                return
            inspected = cast(InspectedSession, opened)
            try:
                found = await inspected.inspect(self._wanted.items[:MOST_ITEMS])
                self._there = await self._with_pages(found, inspected)
            except (SessionEnded, ServiceFault) as error:
                lost = Problem(ProblemKind.LOST, Layer.ACTIVATED, detail=str(error))
                self._report, self._there = replace(report, problem=lost), None
                return
            self._learn(self._there)
        finally:
            if opened is not None:
                await opened.close()

    def _is_itself(self, standby: Server, report: Report) -> bool:
        """Whether it is neither the active server once more nor another than before; it is kept in mind."""
        other = None if self._here is None else self._here.uri
        known = self._uris.setdefault(standby, report.server_uri)
        return not report.server_uri or (report.server_uri != other and report.server_uri == known)

    async def _with_pages(self, inspection: Inspection, session: InspectedSession) -> Inspection:
        if self._pages is None:
            return inspection
        now = self._clock.monotonic()
        read_at, known = self._pages_read.get(inspection.server, (0.0, None))
        recent = known is not None and now - read_at < PAGES_AGAIN
        found = await session.read_pages(self._pages, known if recent else None, self._digest)
        if not recent or found != known:
            self._pages_read[inspection.server] = (now, found)
        return replace(inspection, pages=found)

    def _learn(self, inspection: Inspection) -> None:
        before = self._learned.of(inspection.server)
        if before is not None and before.uri == inspection.uri and inspection.server is not self._active():
            # The open pages alone were looked for: what was seen of the others still counts.
            rest = before.items - inspection.items
            kept = replace(
                inspection,
                items=inspection.items | rest,
                missing=inspection.missing | (before.missing & rest),
                unreadable=inspection.unreadable | (before.unreadable & rest),
            )
            inspection = kept if len(kept.items) <= MOST_REMEMBERED else inspection
        self._learned = with_inspection(self._learned, inspection)

    # Judging

    def _active(self) -> Server | None:
        return None if self._connection is None else self._connection.server

    @property
    def _covered(self) -> frozenset[Address]:
        """Items of which it is known whether the standby has them."""
        return frozenset() if self._there is None else self._there.items

    def _want(self) -> None:
        active = self._active()
        if self._items is None or active is None:
            return
        said = dict(self._items.shown())
        self._wanted = needs(said, lambda item: self._find(item, said[item]), active.other)

    def _judge(self) -> None:
        connection = self._connection
        if connection is None or connection.server is None or self._items is None:
            return
        active = connection.server
        view = _view(connection, active.other)
        report = _deeper(view.report, self._report)
        if report is not self._report and report is not None and report.problem is not None:
            self._report = self._there = None  # the manager has found it otherwise since
        self._say(
            assess(
                Facts(
                    wall=self._clock.wall(),
                    active=active,
                    active_report=_view(connection, active).report,
                    standby_report=report,
                    known_uri=self._uris.get(active.other, ""),
                    here=self._here,
                    there=self._there,
                    before=self._learned.of(active.other),
                    wanted=self._wanted,
                    certificates=self._certificates,
                    with_pages=self._pages is not None,
                    pages=self._own_pages,
                    barred=active.other in self._barred,
                    looked=self._looked,
                )
            )
        )

    def _say(self, readiness: Readiness, *, at_once: bool = False) -> None:
        if readiness == self._next:
            return
        self._next = readiness
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        nothing_known = self._told is None or self._told.standby is None
        if at_once or (nothing_known and readiness.light is not Light.NOT_READY):
            self._tell_next()
        elif readiness != self._told:
            self._settling = asyncio.get_running_loop().call_later(SETTLES, self._tell_next)

    def _tell_next(self) -> None:
        self._settling = None
        if self._next is not None and self._next != self._told:
            self._told = self._next
            self.on_change(self._told)


def _view(connection: Connection, server: Server) -> ServerView:
    return connection.main if server is Server.MAIN else connection.backup


def _may_be_asked(view: ServerView, now: float) -> bool:
    """Whether a session is worth trying: not while its port is closed, or it rests, or the manager has found what needs a person."""
    report = view.report
    if report is None:
        return True
    problem = report.problem
    if problem is not None:
        return problem.kind is not ProblemKind.UNREACHABLE and not problem.kind.needs_attention
    resting = report.estimated_return is not None and report.estimated_return > now
    return not (resting and view.finding.role is Role.MAINTENANCE)


def _deeper(manager: Report | None, look: Report | None) -> Report | None:
    """The report that says more: the later one, but for one that found no more than an open port."""
    if look is None or manager is None:
        return look or manager
    door_only = manager.problem is None and manager.layer < Layer.ACTIVATED
    return look if door_only or manager.at <= look.at else manager


def _differs(before: Connection, after: Connection) -> bool:
    """Whether a person would look again: another role, another Mode, another problem."""

    def shape(view: ServerView) -> tuple[object, ...]:
        report = view.report
        problem = None if report is None or report.problem is None else report.problem.kind
        return view.finding.role, None if report is None else report.mode, problem

    return shape(before.main) != shape(after.main) or shape(before.backup) != shape(after.backup)
