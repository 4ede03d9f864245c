"""What must hold of `decide` whatever happens, in whatever order: hypothesis plays the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from vizclient.redundancy.decide import decide
from vizclient.redundancy.effects import Adopt, Announce, Discard, Keep, Probe, WakeAt
from vizclient.redundancy.events import (
    Event,
    Lost,
    Probed,
    Reported,
    RetryAsked,
    Slept,
    Started,
    Stopped,
    SwitchAsked,
    Woke,
)
from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Layer,
    Mode,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    ServerState,
    Timing,
)
from vizclient.redundancy.roles import find_role
from vizclient.redundancy.state import State

SERVERS = st.sampled_from(Server)
LUCK = st.floats(0.0, 1.0, exclude_max=True)
STEPS = st.floats(0.0, 3.0) | st.sampled_from([0.0, 0.05, 0.25, 1.0, 30.0, 301.0])
URIS = st.sampled_from(["", "urn:a", "urn:b"])

ACCEPTED = st.builds(
    lambda state, level, support, mode, custom, uri, returns, rows: {
        "layer": Layer.ACTIVATED,
        "state": state,
        "level": level,
        "support": support,
        "mode": mode,
        "custom_active": custom,
        "server_uri": uri,
        "estimated_return": returns,
        "peer_levels": rows,
    },
    st.sampled_from([None, *[0] * 6, ServerState.SHUTDOWN, ServerState.FAILED]),
    st.sampled_from([None, 0, 1, 100, 199, 200, 255]),
    st.sampled_from([None, *range(6)]),
    st.sampled_from([None, None, None, *Mode, 17]),
    st.sampled_from([None, None, None, True, False]),
    URIS,
    st.none() | st.floats(-10.0, 400.0),
    st.lists(st.tuples(URIS, st.sampled_from([0, 1, 100, 255])), max_size=2).map(tuple),
)
FAILED = st.builds(
    lambda layer, kind: {"layer": layer, "problem": Problem(kind, layer)},
    st.sampled_from([layer for layer in Layer if layer is not Layer.ACTIVATED]),
    st.sampled_from(ProblemKind),
)
DOOR = st.just({"layer": Layer.TCP})


class World(RuleBasedStateMachine):
    """A manager without a loop: it carries the effects out in its books, and complains about those that make no sense."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.now = 100.0
        self.probes: dict[int, Probe] = {}
        self.kept: dict[int, Server] = {}
        self.fresh: dict[int, Server] = {}
        self.data: tuple[int, Server] | None = None
        self.reports: dict[Server, Report] = {}
        self.newest = 0
        self.newest_data = 0
        self.resting: dict[Server, float] = {}
        self.barred: dict[Server, bool] = {}
        self.wake_at: float | None = None
        self.told: Connection | None = None
        self.stopped = False

    # The world

    @initialize(may_switch=st.booleans(), dwell=st.sampled_from([0.0, 3.0]))
    def begin(self, may_switch: bool, dwell: float) -> None:
        self.state = State(Timing(min_dwell=dwell), may_switch)
        self.feed(Started(self.now))

    @rule(seconds=STEPS)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        if self.wake_at is not None and self.now >= self.wake_at:
            self.wake_at = None
            self.feed(Woke(self.now))

    @rule(luck=LUCK)
    def woke_for_no_reason(self, luck: float) -> None:
        self.feed(Woke(self.now, luck))

    @precondition(lambda self: self.wake_at is not None)
    @rule(luck=LUCK)
    def alarm(self, luck: float) -> None:
        assert self.wake_at is not None
        self.now, self.wake_at = max(self.now, self.wake_at), None
        self.feed(Woke(self.now, luck))

    @precondition(lambda self: self.probes)
    @rule(data=st.data(), luck=LUCK)
    def probe_ends(self, data: st.DataObject, luck: float) -> None:
        probe = self.probes.pop(data.draw(st.sampled_from(sorted(self.probes))))
        fields = data.draw(ACCEPTED | FAILED if probe.session else DOOR | FAILED)
        report = self.report(probe.server, fields)
        if not probe.session and report.layer > Layer.TCP:
            report = replace(report, layer=Layer.TCP)
        if report.accepted:
            self.fresh[probe.generation] = probe.server
        if report.problem is not None and report.problem.kind is ProblemKind.CREDENTIALS:
            self.barred[probe.server] = True
        elif report.layer is Layer.NOTHING:
            self.barred[probe.server] = False
        self.feed(Probed(self.now, probe.generation, report, report.accepted, luck))
        assert probe.generation not in self.fresh, "an open session was neither adopted, kept nor discarded"

    @precondition(lambda self: self.kept or self.data)
    @rule(data=st.data(), fields=ACCEPTED, luck=LUCK)
    def session_reports(self, data: st.DataObject, fields: dict[str, Any], luck: float) -> None:
        generation, server = data.draw(st.sampled_from(sorted(self.open_sessions().items())))
        self.feed(Reported(self.now, generation, self.report(server, fields), luck))

    @precondition(lambda self: self.kept or self.data)
    @rule(data=st.data(), kind=st.sampled_from(ProblemKind), luck=LUCK)
    def session_is_lost(self, data: st.DataObject, kind: ProblemKind, luck: float) -> None:
        generation = data.draw(st.sampled_from(sorted(self.open_sessions())))
        self.feed(Lost(self.now, generation, Problem(kind, Layer.ACTIVATED), luck))
        assert generation not in self.open_sessions(), "a lost session is still in use"

    @rule(server=SERVERS, fields=ACCEPTED | FAILED, age=st.integers(0, 5), held=st.booleans())
    def something_old_arrives(self, server: Server, fields: dict[str, Any], age: int, held: bool) -> None:
        generation = self.newest + 1 - age
        if generation in self.probes or generation in self.open_sessions():
            return
        before = self.state
        report = self.report(server, fields)
        self.feed(Reported(self.now, generation, report))
        self.feed(Lost(self.now, generation, Problem(ProblemKind.LOST, Layer.ACTIVATED)))
        if held:
            self.fresh[generation] = server
        self.feed(Probed(self.now, generation, report, held))
        assert generation not in self.fresh, "an open session of an older generation was not closed"
        assert self.state is before, "what bears an older generation changed something"

    @rule(gap=st.floats(0.0, 1e6), luck=LUCK)
    def slept(self, gap: float, luck: float) -> None:
        self.resting.clear()
        self.feed(Slept(self.now, gap, luck))
        assert self.stopped or (self.data is None and not self.kept)

    @rule(server=SERVERS)
    def switch_asked(self, server: Server) -> None:
        self.feed(SwitchAsked(self.now, server))

    @rule()
    def retry_asked(self) -> None:
        self.resting.clear()
        self.barred.clear()
        self.feed(RetryAsked(self.now))

    @rule(chance=st.integers(0, 30))
    def stopped_perhaps(self, chance: int) -> None:
        if chance == 0:
            self.feed(Stopped(self.now))
            self.stopped = True
            assert not self.probes
            assert not self.open_sessions()

    # What must hold

    @invariant()
    def each_server_is_in_one_condition(self) -> None:
        if self.stopped or self.told is None:
            return
        for server in Server:
            known = self.state.known(server)
            conditions = [known.probe, known.held, known.ask_at is not None, self.state.server is server]
            assert sum(map(bool, conditions)) == 1, f"{server}: {known}"

    @invariant()
    def somebody_will_act(self) -> None:
        waiting = [known.ask_at for known in (self.state.main, self.state.backup) if known.ask_at is not None]
        if waiting and not self.stopped:
            assert self.wake_at is not None, "a server waits to be asked, and nothing will wake us"
            assert self.wake_at <= min(waiting)

    @invariant()
    def the_connection_is_told_as_it_is(self) -> None:
        if self.told is None:
            return
        told, data = self.told, self.data
        assert (told.generation, told.server) == ((0, None) if data is None else data)
        assert (told.state is ConnectionState.CONNECTED) == (data is not None)
        assert (told.state is ConnectionState.STOPPED) == self.stopped
        if data is None:
            assert not told.sure
            assert not told.warnings
            return
        view, peer = (told.main, told.backup) if data[1] is Server.MAIN else (told.backup, told.main)
        assert view.finding == find_role(self.state.known(data[1]).report, self.state.known(data[1].other).report)
        assert view.finding.role in (Role.ACTIVE, Role.INFERRED, Role.DEGRADED, Role.UNKNOWN), "connected to a standby"
        assert not told.sure or view.finding.role is not Role.UNKNOWN
        assert (Caution.ROLE_UNSURE in told.warnings) == (view.finding.role is Role.UNKNOWN)
        if Caution.TWO_ACTIVE in told.warnings:
            assert view.finding.role is peer.finding.role is Role.ACTIVE

    @invariant()
    def no_two_probes_ask_one_server(self) -> None:
        servers = [probe.server for probe in self.probes.values()]
        assert len(servers) == len(set(servers))

    # Behind it

    def report(self, server: Server, fields: dict[str, Any]) -> Report:
        report = Report(server, self.now, **fields)
        if report.estimated_return is not None:
            report = replace(report, estimated_return=report.estimated_return + self.now)
        return report

    def open_sessions(self) -> dict[int, Server]:
        return self.kept | ({} if self.data is None else {self.data[0]: self.data[1]})

    def feed(self, event: Event) -> None:
        before = self.state
        self.state, effects = decide(before, event)
        hash(self.state)
        for effect in effects:
            match effect:
                case Probe():
                    self.check_probe(effect)
                case Keep():
                    assert self.data is None, "a session is kept while connected"
                    self.kept[effect.generation] = self.fresh.pop(effect.generation)
                    assert len(set(self.kept.values())) == len(self.kept), "two sessions are kept on one server"
                case Adopt():
                    self.check_adopted(effect.generation)
                case Discard():
                    self.forget(effect.generation)
                case WakeAt():
                    self.wake_at = effect.at
                case Announce():
                    self.told = effect.connection
        if self.data is not None:
            assert not self.kept, "a session is kept while connected"
        if isinstance(event, Probed | Reported) and self.state is not before:
            self.note_rest(event.report.server)

    def check_probe(self, probe: Probe) -> None:
        assert probe.generation > self.newest, "generations must grow"
        assert probe.server not in self.open_sessions().values(), "a server is asked on which a session is open"
        assert self.now >= self.resting.get(probe.server, 0.0), "asked before its time of return"
        assert not (probe.session and self.barred.get(probe.server)), "refused credentials are shown again"
        self.newest = probe.generation
        self.probes[probe.generation] = probe

    def check_adopted(self, generation: int) -> None:
        assert self.data is None, "two data sessions"
        assert generation > self.newest_data, "an older generation follows a newer"
        server = self.fresh.pop(generation, None) or self.kept.pop(generation)
        role = self.state.known(server).finding.role
        assert role in (Role.ACTIVE, Role.INFERRED, Role.DEGRADED, Role.UNKNOWN), f"{role} was adopted"
        self.data, self.newest_data = (generation, server), generation

    def forget(self, generation: int) -> None:
        known: list[Callable[[], object]] = [
            lambda: self.probes.pop(generation, None),
            lambda: self.fresh.pop(generation, None),
            lambda: self.kept.pop(generation, None),
        ]
        if self.data is not None and self.data[0] == generation:
            self.data = None
            return
        assert any([forget() is not None for forget in known]), "something unknown is discarded"  # noqa: C419 all are called

    def note_rest(self, server: Server) -> None:
        """What was promised about maintenance by the report that is now known."""
        known = self.state.known(server)
        self.resting.pop(server, None)
        report = known.report
        if report is not None and known.finding.role is Role.MAINTENANCE and report.estimated_return is not None:
            self.resting[server] = report.estimated_return


World.TestCase.settings = settings(max_examples=150, stateful_step_count=60)
TestDecide = World.TestCase
