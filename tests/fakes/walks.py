"""Random walks of `decide` alone: a world in books, without a loop, that carries effects out and answers at random.

Plain and quick, so that it goes through millions; `tests/property/test_decide.py` lets hypothesis draw, so that a walk that
fails is made short.
"""

from __future__ import annotations

from random import Random

from fakes.laws import USABLE, Laws
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

_SERVERS = tuple(Server)
_KINDS = tuple(ProblemKind)
_FAILED_AT = tuple(layer for layer in Layer if layer is not Layer.ACTIVATED)
_STATES = (None, *[ServerState.RUNNING] * 8, ServerState.SHUTDOWN, ServerState.FAILED)
_LEVELS = (None, 0, 1, 100, 199, 200, 255, 255)
_SUPPORTS = (None, 1, 2, 3, 5)
_MODES = (None, None, None, 0, 1, 2, 3, 17)
_CUSTOM = (None, None, None, None, True, False)
_URIS = ("", "urn:a", "urn:b")
_ROWS = ((), (), (("urn:a", 255),), (("urn:b", 100),), (("urn:a", 0), ("urn:b", 1)))
_STEPS = (0.0, 0.001, 0.05, 0.1, 0.25, 0.5, 1.0, 1.7, 3.0, 30.0, 301.0)
_TIMINGS = (Timing(), Timing(min_dwell=0.0))


def walk(seed: int, steps: int) -> int:
    """One walk of so many steps; how many events `decide` saw. AssertionError if something does not hold."""
    walker = Walker(Random(seed))
    try:
        for _ in range(steps):
            walker.step()
    except BaseException as error:
        error.add_note(f"walk {seed} of {steps} steps")
        raise
    return walker.events


class Walker:
    """A manager without a loop: it carries the effects out in its books, and complains about those that make no sense."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 100.0
        self.state = State(random.choice(_TIMINGS), random.random() < 0.5)
        self.events = 0
        self.probes: dict[int, Probe] = {}
        self.fresh: dict[int, Server] = {}
        self.kept: dict[int, Server] = {}
        self.data = 0
        self.on: Server | None = None
        self.newest = self.newest_data = 0
        self.laws = Laws()
        self.wake_at: float | None = None
        self.told: Connection | None = None
        self.stopped = False
        self.feed(Started(self.now))

    def step(self) -> None:
        """One thing happens: mostly what is under way goes on."""
        luck = self.random.random()
        if luck < 0.45 and self.probes:
            self.probe_ends()
        elif luck < 0.60 and (self.kept or self.data):
            self.feed(Reported(self.now, *self.news(), self.random.random()))
        elif luck < 0.66 and (self.kept or self.data):
            self.session_is_lost()
        elif luck < 0.72:
            self.something_old_arrives()
        elif luck < 0.90:
            self.time_passes()
        else:
            self.something_rare()

    # What happens

    def probe_ends(self) -> None:
        random = self.random
        generation = random.choice(list(self.probes))
        probe = self.probes.pop(generation)
        server = probe.server
        if not probe.session:
            report = (
                Report(server, self.now, Layer.TCP) if random.random() < 0.7 else self.failed(server, Layer.NOTHING)
            )
        elif random.random() < 0.7:
            report = self.accepted(server)
            self.fresh[generation] = server
        else:
            report = self.failed(server, random.choice(_FAILED_AT))
        self.feed(Probed(self.now, generation, report, report.accepted, random.random()))
        assert generation not in self.fresh, "an open session was neither adopted, kept nor discarded"

    def news(self) -> tuple[int, Report]:
        sessions = self.open_sessions()
        generation = self.random.choice(list(sessions))
        return generation, self.accepted(sessions[generation])

    def session_is_lost(self) -> None:
        generation = self.random.choice(list(self.open_sessions()))
        problem = Problem(self.random.choice(_KINDS), Layer.ACTIVATED)
        self.feed(Lost(self.now, generation, problem, self.random.random()))
        assert generation not in self.open_sessions(), "a lost session is still in use"

    def something_old_arrives(self) -> None:
        random = self.random
        generation, server = self.newest + 1 - random.randrange(6), random.choice(_SERVERS)
        if generation in self.probes or generation in self.open_sessions():
            return
        before, report = self.state, self.accepted(server)
        self.feed(Reported(self.now, generation, report))
        self.feed(Lost(self.now, generation, Problem(ProblemKind.LOST, Layer.ACTIVATED)))
        held = random.random() < 0.5
        if held:
            self.fresh[generation] = server
        self.feed(Probed(self.now, generation, report, held))
        assert generation not in self.fresh, "an open session of an older generation was not closed"
        assert self.state is before, "what bears an older generation changed something"

    def time_passes(self) -> None:
        self.now += self.random.choice(_STEPS) if self.wake_at is None or self.random.random() < 0.4 else 0.0
        if self.wake_at is not None and self.random.random() < 0.6:
            self.now = max(self.now, self.wake_at)
        if self.wake_at is not None and self.now >= self.wake_at:
            self.wake_at = None
        self.feed(Woke(self.now, self.random.random()))

    def something_rare(self) -> None:
        random = self.random
        match random.randrange(8):
            case 0 | 1 | 2 | 3:
                self.feed(SwitchAsked(self.now, random.choice(_SERVERS)))
            case 4 | 5:
                self.feed(RetryAsked(self.now, random.random(), random.choice((None, *_SERVERS))))
            case 6:
                self.feed(Slept(self.now, 1000.0 * random.random(), random.random()))
                assert self.stopped or not self.open_sessions()
            case _:
                if random.random() < 0.1:
                    self.stopped = True
                    self.feed(Stopped(self.now))
                    assert not self.probes
                    assert not self.open_sessions()

    def accepted(self, server: Server) -> Report:
        choice = self.random.choice
        returns = self.now + 400.0 * self.random.random() - 10.0 if self.random.random() < 0.3 else None
        return Report(
            server,
            self.now,
            Layer.ACTIVATED,
            state=choice(_STATES),
            level=choice(_LEVELS),
            support=choice(_SUPPORTS),
            mode=choice(_MODES),
            custom_active=choice(_CUSTOM),
            server_uri=choice(_URIS) if self.random.random() < 0.2 else f"urn:{server}",
            estimated_return=returns,
            peer_levels=choice(_ROWS),
        )

    def failed(self, server: Server, layer: Layer) -> Report:
        return Report(server, self.now, layer, Problem(self.random.choice(_KINDS), layer))

    # What must hold

    def open_sessions(self) -> dict[int, Server]:
        return self.kept if self.on is None else {**self.kept, self.data: self.on}

    def feed(self, event: Event) -> None:
        self.events += 1
        before = self.state
        self.state, effects = decide(before, event)
        self.laws.check(before, event, self.state, effects)
        for effect in effects:
            match effect:
                case Probe():
                    self.check_probe(effect)
                case Keep():
                    assert self.on is None, "a session is kept while connected"
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
        self.check_state()

    def check_probe(self, probe: Probe) -> None:
        assert probe.generation > self.newest, "generations must grow"
        assert probe.server not in self.open_sessions().values(), "a server is asked on which a session is open"
        assert all(other.server is not probe.server for other in self.probes.values()), "two probes ask one server"
        self.newest = probe.generation
        self.probes[probe.generation] = probe

    def check_adopted(self, generation: int) -> None:
        assert self.on is None, "two data sessions"
        assert generation > self.newest_data, "an older generation follows a newer"
        server = self.fresh.pop(generation, None) or self.kept.pop(generation)
        self.on, self.data, self.newest_data = server, generation, generation

    def forget(self, generation: int) -> None:
        if self.on is not None and self.data == generation:
            self.on, self.data = None, 0
            return
        found = [books.pop(generation, None) for books in (self.probes, self.fresh, self.kept)]
        assert any(one is not None for one in found), "something unknown is discarded"

    def check_state(self) -> None:
        state, told = self.state, self.told
        if told is None:
            return
        on = self.on
        assert (told.server, told.generation) == (on, self.data), "what is announced is not what is there"
        assert (told.state is ConnectionState.CONNECTED) == (on is not None)
        assert (told.state is ConnectionState.STOPPED) == self.stopped
        if self.stopped:
            return
        waiting = []
        for server in _SERVERS:
            known = state.known(server)
            conditions = (known.probe != 0) + (known.held != 0) + (known.ask_at is not None) + (state.server is server)
            assert conditions == 1, f"{server}: {known}"
            if known.ask_at is not None:
                waiting.append(known.ask_at)
        if waiting:
            assert self.wake_at is not None, "a server waits to be asked, and nothing will wake us"
            assert self.wake_at <= min(waiting)
        if on is None:
            assert not told.sure
            assert not told.warnings
            return
        assert not self.kept, "a session is kept while connected"
        view, peer = (told.main, told.backup) if on is Server.MAIN else (told.backup, told.main)
        role = view.finding.role
        assert role in USABLE, f"connected to {role}"
        assert view.finding == find_role(state.known(on).report, state.known(on.other).report)
        assert not (told.sure and role is Role.UNKNOWN)
        assert (Caution.ROLE_UNSURE in told.warnings) == (role is Role.UNKNOWN)
        if Caution.TWO_ACTIVE in told.warnings:
            assert role is peer.finding.role is Role.ACTIVE
