"""A whole site that looks whether its standby could take over, in virtual time, on a fake pair of servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from fakes.connecting import FakeConnector, FakeSession
from fakes.pair import FakePair, Refuses
from fakes.virtual_time import EPOCH, VirtualClock, run
from vizclient.items.address import Address
from vizclient.items.freshness import Behaviour
from vizclient.items.metadata import Metadata
from vizclient.items.writing import WriteState
from vizclient.link.memory import Learned
from vizclient.link.readiness import AT_LEAST, EVERY, SETTLES, SOON, ReadinessWatch
from vizclient.link.site import Site
from vizclient.redundancy.model import Connection, ProblemKind, Server, Switchover, Timing
from vizclient.redundancy.readiness import Check, Inspection, Light, PagesFile, Readiness, Subject, Verdict
from vizclient.redundancy.support import Interface

_ITEMS = {handle: Address("urn:fake", f"item-{handle}") for handle in range(10)}
_PAGES = Address("urn:fake", "pages")
_LOOKED = 2 * SOON + SETTLES + 1
"""Seconds after which the first look is over, and told."""


class _Memory:
    """A Keeper."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned

    async def load(self) -> Learned:
        return self.learned

    async def save(self, learned: Learned) -> None:
        self.learned = learned


class _Bench:
    """A site, its watch, and what was told. A SiteListener. Make it inside the virtual loop."""

    def __init__(self, learned: Learned | None = None, *, pages: Address | None = None) -> None:
        self.pair = FakePair({address: float(handle) for handle, address in _ITEMS.items()})
        for server in self.pair.both:
            server.metadata = dict.fromkeys(_ITEMS.values(), Metadata("Double"))
        self.memory = _Memory(learned or Learned())
        self.connector = FakeConnector(self.pair)
        clock = VirtualClock()
        self.rows: dict[Address, Interface] = {}
        find = lambda item, said: Interface(said, Behaviour.UNSYNCHRONISED) if said else self.rows.get(item)  # noqa: E731
        self.watch = ReadinessWatch(self.connector, clock, Random(0), self.memory, find, str, pages=pages)
        self.site = Site(self.connector, Timing(), clock, Random(0), self, readiness=self.watch)
        self.site.on_readiness = self.heard
        self.told: list[tuple[float, Readiness]] = []

    def samples_changed(self) -> None: ...

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None: ...

    def items_dropped(self, handles: Sequence[int]) -> None: ...

    def connection_changed(self, connection: Connection) -> None: ...

    def switchover_recorded(self, switchover: Switchover) -> None: ...

    def write_moved(self, state: WriteState) -> None: ...

    def heard(self, readiness: Readiness) -> None:
        self.told.append((asyncio.get_running_loop().time(), readiness))

    @property
    def now(self) -> Readiness:
        """What was told last."""
        return self.told[-1][1]

    def light(self) -> Light:
        """What was told last, in one word."""
        return self.now.light

    def check(self, subject: Subject) -> Check:
        (found,) = [check for check in self.now.checks if check.subject is subject]
        return found

    def trouble(self) -> list[str]:
        """The codes of what is not as it should be."""
        return [check.code for check in self.now.gravest if check.verdict is not Verdict.FINE]

    def looks(self, server: Server) -> int:
        """Sessions that looks have opened."""
        return sum(generation == 0 for _, generation, _ in self.pair[server].attempts)


def _play(
    scene: Callable[[_Bench], Coroutine[None, None, None]],
    setting: Callable[[_Bench], None] = lambda bench: None,
    **more: Any,
) -> None:
    async def whole() -> None:
        bench = _Bench(**more)
        setting(bench)
        bench.site.show("page", _ITEMS)
        bench.site.start()
        try:
            await scene(bench)
        finally:
            await bench.site.close()
        assert bench.pair.open_sockets() == 0, "a look leaves nothing behind"

    run(whole())


def _inspection(server: Server, **more: Any) -> Inspection:
    return replace(
        Inspection(server, EPOCH - 3600, f"urn:fake:{server}", ("urn:fake",), 0.0, frozenset(_ITEMS.values())), **more
    )


def test_a_pair_without_fault_is_ready_soon_and_is_then_looked_at_gently() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(1)
        assert bench.light() is Light.UNKNOWN
        assert set(bench.trouble()) == {"pending"}, "it has not been looked at yet"
        await asyncio.sleep(_LOOKED)
        assert bench.light() is Light.READY, bench.trouble()
        before, told = bench.looks(Server.BACKUP), len(bench.told)
        await asyncio.sleep(20 * EVERY)
        assert 13 <= bench.looks(Server.BACKUP) - before <= 27
        assert len(bench.told) == told, "nothing is told twice"

    _play(scene)


def test_the_active_server_is_looked_at_in_the_session_that_is_open_anyway() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED + 3 * EVERY)
        assert bench.looks(Server.MAIN) == 0
        assert bench.pair.main.inspected >= 2

    _play(scene)


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        (lambda pair: pair.backup.lose_nodes([_ITEMS[3]]), "items.missing"),
        (lambda pair: setattr(pair.backup, "skew", 30.0), "clock.apart"),
        (lambda pair: setattr(pair.backup, "namespaces", ()), "namespaces.missing"),
        (lambda pair: setattr(pair.backup, "uri", pair.main.uri), "identity.failed"),
        (lambda pair: setattr(pair.backup, "trouble", ProblemKind.CREDENTIALS), "credentials.failed"),
        (lambda pair: setattr(pair.backup, "trouble", ProblemKind.CERTIFICATE), "certificate.failed"),
        (lambda pair: pair.backup.freeze(), "reachable.frozen"),
        (lambda pair: setattr(pair.main, "has_backup", False), "synchronisation.alone"),
    ],
)
def test_a_planted_defect_is_found_and_named(plant: Callable[[FakePair], None], code: str) -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED + 10)
        assert code == bench.trouble()[0]

    def setting(bench: _Bench) -> None:
        plant(bench.pair)
        if code != "synchronisation.alone":  # else the manager would look by itself
            for server in bench.pair.both:
                server.peer_levels = (("urn:fake:main", 255), ("urn:fake:backup", 100))

    _play(scene, setting)


def test_pages_that_differ_are_found() -> None:
    def setting(bench: _Bench) -> None:
        bench.pair.main.pages, bench.pair.backup.pages = PagesFile("one"), PagesFile("two")

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        assert bench.trouble() == ["pages.differ"]
        bench.pair.backup.pages = PagesFile("one")
        bench.site.bundle_shown("three")
        await asyncio.sleep(1.25 * EVERY + SETTLES)
        assert bench.trouble() == ["pages.local-differ"]
        bench.site.bundle_shown("one")
        await asyncio.sleep(SETTLES + 0.1)
        assert bench.light() is Light.READY

    _play(scene, setting, pages=_PAGES)


def test_a_standby_that_goes_down_is_told_at_once_but_not_what_passes_in_a_moment() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        told = len(bench.told)
        bench.pair.main.has_backup = False
        bench.pair.main.notice()
        await asyncio.sleep(SETTLES / 2)
        bench.pair.main.has_backup = True
        bench.pair.main.notice()
        await asyncio.sleep(3)
        assert len(bench.told) == told, "nothing flickers"
        bench.pair.backup.crash()
        bench.pair.main.has_backup = False
        bench.pair.main.notice()
        await asyncio.sleep(SETTLES + 5.5)
        assert bench.light() is Light.NOT_READY
        assert set(bench.trouble()[:2]) == {"reachable.failed", "synchronisation.alone"}

    _play(scene)


def test_a_closed_standby_is_never_knocked_at_for_a_look_and_judged_by_what_was_learned() -> None:
    def setting(bench: _Bench) -> None:
        bench.pair.backup.refuses = Refuses.TCP

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        assert bench.looks(Server.BACKUP) == 0
        assert bench.light() is Light.READY, bench.trouble()
        assert bench.check(Subject.CREDENTIALS).learned == EPOCH - 3600

    _play(scene, setting, learned=Learned(backup=_inspection(Server.BACKUP)))


def test_a_closed_standby_that_was_never_seen_is_not_checkable() -> None:
    def setting(bench: _Bench) -> None:
        bench.pair.backup.refuses = Refuses.TCP

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        assert bench.light() is Light.UNKNOWN
        assert set(bench.trouble()) == {"closed"}

    _play(scene, setting)


def test_after_a_switchover_the_server_that_was_left_is_judged_by_its_last_session() -> None:
    def setting(bench: _Bench) -> None:
        for server in bench.pair.both:
            server.refuses = Refuses.TCP

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        bench.pair.swap()
        await asyncio.sleep(1)
        assert bench.now.standby is Server.MAIN
        assert bench.check(Subject.CLOCK).code == "pending", "nothing of before counts for now"
        await asyncio.sleep(_LOOKED)
        assert bench.light() is Light.READY, bench.trouble()
        assert bench.check(Subject.ITEMS).learned is not None
        assert bench.memory.learned.main is not None
        assert bench.memory.learned.main.items == frozenset(_ITEMS.values())

    _play(scene, setting)


@pytest.mark.parametrize("passing", [True, False])
def test_that_the_server_that_was_left_is_not_ready_yet_is_told_only_if_it_lasts(passing: bool) -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        since = len(bench.told)
        bench.pair.backup.has_backup = (
            False  # it says so when it has just taken over, until the other one has its state
        )
        bench.pair.swap()
        await asyncio.sleep(0.5)
        assert (bench.now.standby, bench.light()) == (None, Light.UNKNOWN)
        if passing:
            bench.pair.backup.has_backup = True
        await asyncio.sleep(_LOOKED)
        told = [readiness.light for _, readiness in bench.told[since:]]
        assert (Light.NOT_READY in told) is not passing
        assert told[-1] is (Light.READY if passing else Light.NOT_READY)

    _play(scene)


def test_without_an_active_server_nothing_is_judged() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        for server in bench.pair.both:
            server.crash()
        await asyncio.sleep(1.0)
        assert bench.now == Readiness(Light.UNKNOWN)

    _play(scene)


def test_a_look_is_called_off_when_the_connection_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the session that it had opened is closed at once, however long its answer would take."""
    real, opened = FakeSession.inspect, asyncio.Event()

    async def inspect(session: FakeSession, items: Sequence[Address]) -> Inspection:
        if session.generation == 0:
            opened.set()
            await asyncio.Event().wait()
        return await real(session, items)

    async def scene(bench: _Bench) -> None:
        await opened.wait()
        bench.pair.main.crash()
        await asyncio.sleep(0.1)
        (looked,) = [session for session in bench.connector.sessions if session.generation == 0]
        assert looked.closed
        bench.pair.backup.become(active=True)
        await asyncio.sleep(3)
        assert bench.site.connection is not None
        assert bench.site.connection.server is Server.BACKUP

    monkeypatch.setattr(FakeSession, "inspect", inspect)
    _play(scene)


def test_a_refused_user_is_shown_once_and_again_only_when_a_person_acts_or_the_server_was_away() -> None:
    def setting(bench: _Bench) -> None:
        levels = (("urn:fake:main", 255), ("urn:fake:backup", 100))
        bench.pair.main.peer_levels = bench.pair.backup.peer_levels = levels

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(1)  # the search has been let in, and only knocks from now on
        bench.pair.backup.trouble = ProblemKind.CREDENTIALS
        await asyncio.sleep(10 * EVERY)
        assert "credentials.failed" in bench.trouble()
        assert bench.looks(Server.BACKUP) == bench.pair.backup.credentials_shown == 1
        bench.site.retry()
        await asyncio.sleep(10 * EVERY)
        assert bench.looks(Server.BACKUP) == bench.pair.backup.credentials_shown == 2
        bench.pair.backup.crash()
        await asyncio.sleep(5)
        bench.pair.backup.start()
        await asyncio.sleep(10 * EVERY)
        assert bench.looks(Server.BACKUP) == bench.pair.backup.credentials_shown == 3
        bench.pair.backup.trouble = None
        bench.site.retry()
        await asyncio.sleep(_LOOKED)
        assert bench.light() is Light.READY, bench.trouble()

    _play(scene, setting)


def test_where_the_search_has_been_refused_no_look_shows_the_user_again() -> None:
    def setting(bench: _Bench) -> None:
        bench.pair.backup.trouble = ProblemKind.CREDENTIALS

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(10 * EVERY)
        assert bench.looks(Server.BACKUP) == 0
        assert bench.pair.backup.credentials_shown == 1
        assert "credentials.failed" in bench.trouble()

    _play(scene, setting)


def test_a_person_who_is_impatient_does_not_make_it_look_all_the_time() -> None:
    async def scene(bench: _Bench) -> None:
        for _ in range(60):
            bench.site.retry()
            await asyncio.sleep(1)
        assert 3 <= bench.looks(Server.BACKUP) <= 60 / AT_LEAST + 1

    _play(scene)


def test_what_another_server_showed_is_not_taken_for_the_standby() -> None:
    def setting(bench: _Bench) -> None:
        bench.pair.main.peer_levels = (("urn:fake:main", 255), ("urn:fake:backup", 100))

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(1)  # the search has seen the real one, and only knocks from now on
        bench.pair.backup.uri = bench.pair.main.uri
        await asyncio.sleep(_LOOKED + 2 * EVERY)
        assert "identity.failed" in bench.trouble()
        assert bench.memory.learned.main is not None
        assert bench.memory.learned.backup is None

    _play(scene, setting)


def test_a_standby_that_was_away_is_not_judged_as_if_it_had_been_looked_at_since() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        assert bench.check(Subject.ITEMS).learned is None
        bench.pair.backup.crash()
        await asyncio.sleep(6)
        bench.pair.backup.start()
        await asyncio.sleep(SETTLES + 0.5)
        assert bench.check(Subject.ITEMS).learned is not None, "seen before it was away"
        await asyncio.sleep(_LOOKED)
        assert bench.check(Subject.ITEMS).learned is None

    _play(scene)


def test_other_pages_are_looked_for_soon_but_looks_do_not_follow_each_page() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        before = bench.looks(Server.BACKUP)
        for page in range(20):
            bench.site.show("page", {page + 100: Address("urn:fake", f"item-{page % 10}-{page}")})
            await asyncio.sleep(1)
        await asyncio.sleep(2 * SOON)
        assert 1 <= bench.looks(Server.BACKUP) - before <= 20 / AT_LEAST + 2
        await asyncio.sleep(_LOOKED)
        assert bench.check(Subject.ITEMS).code in ("items.there", "items.missing")

    _play(scene)


def test_what_a_node_says_of_its_interface_counts() -> None:
    def setting(bench: _Bench) -> None:
        for server in bench.pair.both:
            server.metadata[_ITEMS[0]] = Metadata("Double", interface="Salto")

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        assert bench.light() is Light.READY
        assert dict(bench.check(Subject.INTERFACES).arguments) == {"number": "1", "names": "Salto"}

    _play(scene, setting)


def test_a_session_that_breaks_off_in_the_midst_of_a_look_is_no_failure_of_the_search() -> None:
    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(1)
        bench.pair.backup.latency = 0.3
        bench.site.retry()
        async with asyncio.timeout(60):
            while not any(session.generation == 0 for session in bench.connector.sessions):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        generation = bench.site.connection.generation if bench.site.connection else 0
        bench.pair.backup.drop_connections()
        await asyncio.sleep(SETTLES + 1)
        assert bench.site.connection is not None
        assert bench.site.connection.generation == generation
        assert bench.light() is not Light.READY
        bench.pair.backup.latency = 0.001
        await asyncio.sleep(1.3 * EVERY + SETTLES)
        assert bench.light() is Light.READY, bench.trouble()

    _play(scene)


def test_a_fault_of_this_program_ends_a_look_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> Inspection:
        raise RuntimeError("a bug")

    async def scene(bench: _Bench) -> None:
        await asyncio.sleep(_LOOKED)
        assert bench.light() is Light.UNKNOWN
        assert bench.site.connection is not None
        assert bench.site.connection.generation

    monkeypatch.setattr(FakeSession, "inspect", broken)
    _play(scene)


def test_hundreds_of_clients_do_not_look_at_the_same_moment() -> None:
    """What they see change together they look at one after the other."""

    async def first_look(number: int) -> float:
        bench = _Bench()
        bench.watch._random = Random(number)
        bench.site.show("page", _ITEMS)
        bench.site.start()
        await asyncio.sleep(2 * SOON + 1)
        times = [at for at, generation, layer in bench.pair.backup.attempts if generation == 0]
        await bench.site.close()
        return times[0]

    async def whole() -> None:
        times = sorted([await first_look(number) for number in range(30)])
        spread = [time % (2 * SOON + 1) for time in times]
        assert max(spread) - min(spread) > 0.6 * SOON

    run(whole())
