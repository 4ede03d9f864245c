"""Who is active: tables of what happens and what comes of it, and two servers played against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from vizclient.redundancy.model import Server
from vizclient.simulator.arbitration import (
    Ask,
    Asked,
    Become,
    Effect,
    Event,
    Grant,
    Granted,
    Heard,
    Leaving,
    Role,
    Rules,
    State,
    SwapAsked,
    Thawed,
    Ticked,
    Updated,
    Word,
    arbitrate,
    begin,
    peer_alive,
    peer_ready,
    word_of,
)

MAIN, BACKUP = Server.MAIN, Server.BACKUP
ACTIVE, STANDBY = Role.ACTIVE, Role.STANDBY
ACTIVE_WORD = Word(ACTIVE, favourite=MAIN)
STANDBY_WORD = Word(STANDBY, favourite=MAIN)
READY_WORD = Word(STANDBY, ready=True, favourite=MAIN)


def state(role: Role, **fields: object) -> State:
    known = {"since": 0.0, "patience": 0.9, "favourite": MAIN, **fields}
    return State(role, **known)  # type: ignore[arg-type]


CASES: list[tuple[str, Server, State, Event, Role, tuple[Effect, ...]]] = [
    ("a main that has just started waits a little", MAIN, state(STANDBY), Ticked(0.8), STANDBY, ()),
    ("a main that hears nobody acts alone", MAIN, state(STANDBY), Ticked(1.0), ACTIVE, (Become(ACTIVE, "alone"),)),
    ("a backup waits longer for the main", BACKUP, state(STANDBY, patience=3.0), Ticked(2.9), STANDBY, ()),
    (
        "the main acts when both are on standby",
        MAIN, state(STANDBY), Heard(0.1, STANDBY_WORD), ACTIVE, (Become(ACTIVE, "nobody active"),),
    ),
    ("the backup leaves that to the main", BACKUP, state(STANDBY), Heard(0.1, STANDBY_WORD), STANDBY, ()),
    ("silence within bounds changes nothing", BACKUP, state(STANDBY, heard_at=1.0, word=ACTIVE_WORD), Ticked(1.29), STANDBY, ()),
    (
        "a silent peer is dead",
        BACKUP, state(STANDBY, heard_at=1.0, word=ACTIVE_WORD), Ticked(1.31), ACTIVE, (Become(ACTIVE, "peer dead"),),
    ),
    ("the main stays when both are active", MAIN, state(ACTIVE), Heard(5.0, ACTIVE_WORD), ACTIVE, ()),
    (
        "the backup gives way when both are active",
        BACKUP, state(ACTIVE), Heard(5.0, ACTIVE_WORD), STANDBY, (Become(STANDBY, "both active"),),
    ),
    (
        "a returned main does not ask before it is updated",
        MAIN, state(STANDBY, heard_at=1.0, word=ACTIVE_WORD), Ticked(1.2), STANDBY, (),
    ),
    (
        "an updated main asks after the delay",
        MAIN, state(STANDBY, heard_at=1.9, word=ACTIVE_WORD, updated_at=1.0), Ticked(2.0), STANDBY, (Ask(),),
    ),
    (
        "it does not ask again at once",
        MAIN, state(STANDBY, heard_at=1.9, word=ACTIVE_WORD, updated_at=0.5, asked_at=1.9), Ticked(2.0), STANDBY, (),
    ),
    (
        "with nobody as favourite nobody asks",
        MAIN, state(STANDBY, heard_at=1.9, word=Word(ACTIVE), updated_at=0.0, favourite=None), Ticked(2.0), STANDBY, (),
    ),
    ("who is asked steps down first, then hands over", BACKUP, state(ACTIVE), Asked(1.0), STANDBY,
     (Become(STANDBY, "asked"), Grant())),
    ("a standby that is asked has nothing to give", BACKUP, state(STANDBY), Asked(1.0), STANDBY, ()),
    ("who is granted the role acts", MAIN, state(STANDBY), Granted(1.0), ACTIVE, (Become(ACTIVE, "granted"),)),
    ("who was stopped steps down", MAIN, state(ACTIVE, heard_at=1.0, word=READY_WORD), Thawed(9.0), STANDBY,
     (Become(STANDBY, "was stopped"),)),
    ("a stopped standby does not take the silence for death", BACKUP,
     state(STANDBY, heard_at=1.0, word=ACTIVE_WORD), Thawed(9.0), STANDBY, ()),
    ("a swap needs a peer that is ready", MAIN, state(ACTIVE, heard_at=1.0, word=STANDBY_WORD), SwapAsked(1.1), ACTIVE, ()),
    ("a swap hands over", MAIN, state(ACTIVE, heard_at=1.0, word=READY_WORD), SwapAsked(1.1), STANDBY,
     (Become(STANDBY, "swap"), Grant())),
    ("a standby asked to swap asks the active one", BACKUP,
     state(STANDBY, heard_at=1.0, word=ACTIVE_WORD, updated_at=0.5), SwapAsked(1.1), STANDBY, (Ask(),)),
    ("who leaves hands over", MAIN, state(ACTIVE, heard_at=1.0, word=READY_WORD), Leaving(1.1), STANDBY,
     (Become(STANDBY, "shut down"), Grant())),
    ("who leaves alone steps down", MAIN, state(ACTIVE), Leaving(1.1), STANDBY, (Become(STANDBY, "shut down"),)),
    ("who leaves never acts again", MAIN, state(STANDBY, leaving=True), Ticked(99.0), STANDBY, ()),
    ("not even when it is granted the role", MAIN, state(STANDBY, leaving=True), Granted(1.0), STANDBY, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("server", "before", "event", "role", "effects"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_arbitration(server: Server, before: State, event: Event, role: Role, effects: tuple[Effect, ...]) -> None:
    after, done = arbitrate(Rules(server), before, event)
    assert (after.role, done) == (role, effects)


def test_an_active_server_that_loses_its_peer_forgets_what_a_person_wished() -> None:
    before = state(ACTIVE, favourite=BACKUP, heard_at=1.0, word=READY_WORD)
    after, _ = arbitrate(Rules(BACKUP), before, Ticked(2.0))
    assert after.favourite is MAIN


def test_a_standby_that_was_stopped_acts_only_after_it_waited_in_vain() -> None:
    rules = Rules(BACKUP)
    thawed, _ = arbitrate(rules, state(STANDBY, heard_at=1.0, word=ACTIVE_WORD), Thawed(9.0))
    assert arbitrate(rules, thawed, Ticked(9.5))[0].role is STANDBY
    assert arbitrate(rules, thawed, Ticked(9.7))[0].role is ACTIVE


def test_who_has_just_handed_over_is_not_ready_before_it_says_so() -> None:
    known = state(
        STANDBY, heard_at=1.0, word=READY_WORD, updated_at=0.5
    )  # the other one's last word is older than its role
    granted, effects = arbitrate(Rules(BACKUP), known, Granted(1.05))
    assert (granted.role, effects) == (ACTIVE, (Become(ACTIVE, "granted"),))
    assert not peer_ready(Rules(BACKUP), granted, 1.06)
    told, _ = arbitrate(Rules(BACKUP), granted, Heard(1.1, READY_WORD))
    assert peer_ready(Rules(BACKUP), told, 1.11)


def test_what_a_server_says_of_itself() -> None:
    assert word_of(state(ACTIVE)) == Word(ACTIVE, favourite=MAIN)
    assert word_of(state(STANDBY, updated_at=1.0)).ready
    assert not word_of(state(STANDBY, updated_at=1.0, leaving=True)).ready


def test_a_peer_is_ready_only_while_it_is_heard() -> None:
    rules, known = Rules(MAIN), state(ACTIVE, heard_at=1.0, word=READY_WORD)
    assert peer_ready(rules, known, 1.2)
    assert peer_alive(rules, known, 1.29)
    assert not peer_ready(rules, known, 1.4)


@dataclass
class Side:
    """One server in the play below. Frozen, it does nothing; dead, it is not there."""

    rules: Rules
    state: State
    frozen: bool = False
    dead: bool = False


class Play:
    """Two servers and a link, 10 ms a step, every message delivered in the next step."""

    def __init__(self, *, stay: bool = False) -> None:
        favourite = None if stay else MAIN
        self.now = 0.0
        self.cut = False
        self.sides = {server: self._side(server, favourite) for server in Server}
        self.both_active = 0.0
        self.log: list[tuple[float, Server, Effect]] = []
        self._mail: list[tuple[Server, Event | str]] = []

    def _side(self, server: Server, favourite: Server | None) -> Side:
        rules = Rules(server, favourite)
        return Side(rules, begin(rules, self.now))

    def tell(self, server: Server, event: Event) -> None:
        side = self.sides[server]
        side.state, effects = arbitrate(side.rules, side.state, event)
        for effect in effects:
            self.log.append((self.now, server, effect))
            if isinstance(effect, Ask) and not self.cut:
                self._mail.append((server.other, Asked(self.now)))
            if isinstance(effect, Grant) and not self.cut:
                self._mail.append((server.other, Granted(self.now)))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.now = round(self.now + 0.01, 2)
            mail, self._mail = self._mail, []
            for server, event in mail:
                if not self.sides[server].dead and not self.sides[server].frozen and not isinstance(event, str):
                    self.tell(server, replace(event, at=self.now))
            for server, side in self.sides.items():
                if side.dead or side.frozen:
                    continue
                self.tell(server, Ticked(self.now))
                if round(self.now * 100) % 10 == 0 and not self.cut:
                    self._mail.append((server.other, Heard(self.now, word_of(side.state))))
                    if side.state.role is ACTIVE:
                        self._mail.append((server.other, Updated(self.now)))
            if self.active() == [MAIN, BACKUP]:
                self.both_active += 0.01

    def active(self) -> list[Server]:
        return [
            server
            for server, side in self.sides.items()
            if side.state.role is ACTIVE and not side.dead and not side.frozen
        ]

    def kill(self, server: Server) -> None:
        self.sides[server].dead = True

    def restart(self, server: Server) -> None:
        self.sides[server] = self._side(server, self.sides[server].rules.favourite)

    def freeze(self, server: Server) -> None:
        self.sides[server].frozen = True

    def thaw(self, server: Server) -> None:
        self.sides[server].frozen = False
        self._mail = [(to, event) for to, event in self._mail if to is not server]
        self.tell(server, Thawed(self.now))


def test_from_the_start_the_main_is_active() -> None:
    play = Play()
    play.run(1)
    assert play.active() == [MAIN]
    assert play.both_active == 0


def test_the_backup_takes_over_from_a_dead_main_and_gives_the_role_back() -> None:
    play = Play()
    play.run(1)
    play.kill(MAIN)
    play.run(0.45)
    assert play.active() == [BACKUP]
    play.restart(MAIN)
    play.run(1.0)
    assert play.active() == [BACKUP]
    play.run(1.0)
    assert play.active() == [MAIN]
    assert play.both_active == 0


def test_with_stay_the_backup_keeps_the_role() -> None:
    play = Play(stay=True)
    play.run(1)
    play.kill(MAIN)
    play.run(1)
    play.restart(MAIN)
    play.run(5)
    assert play.active() == [BACKUP]
    play.kill(BACKUP)
    play.run(0.5)
    assert play.active() == [MAIN]


def test_a_frozen_main_that_thaws_never_acts_beside_the_backup() -> None:
    play = Play()
    play.run(1)
    play.freeze(MAIN)
    play.run(1)
    assert play.active() == [BACKUP]
    play.thaw(MAIN)
    play.run(0.5)
    assert play.active() == [BACKUP]
    play.run(2)
    assert play.active() == [MAIN]
    assert play.both_active == 0


def test_a_server_frozen_alone_acts_again_after_the_thaw() -> None:
    play = Play()
    play.kill(BACKUP)
    play.run(2)
    play.freeze(MAIN)
    play.run(1)
    play.thaw(MAIN)
    assert play.active() == []
    play.run(1)
    assert play.active() == [MAIN]


@pytest.mark.parametrize("stay", [False, True])
def test_swapped_roles_last_until_a_server_is_lost(stay: bool) -> None:
    play = Play(stay=stay)
    play.run(1)
    play.tell(MAIN, SwapAsked(play.now))
    play.run(10)
    assert play.active() == [BACKUP]
    play.kill(BACKUP)
    play.run(1)
    play.restart(BACKUP)
    play.run(5)
    assert play.active() == [MAIN]
    assert play.both_active == 0


def test_a_swap_asked_of_the_standby_works_too() -> None:
    play = Play()
    play.run(1)
    play.tell(BACKUP, SwapAsked(play.now))
    play.run(1)
    assert play.active() == [BACKUP]


def test_a_cut_link_makes_two_active_until_it_heals() -> None:
    play = Play()
    play.run(1)
    play.cut = True
    play.run(1)
    assert play.active() == [MAIN, BACKUP]
    play.cut = False
    play.run(0.3)
    assert play.active() == [MAIN]


def test_a_main_shut_down_in_order_hands_over_at_once() -> None:
    play = Play()
    play.run(1)
    play.tell(MAIN, Leaving(play.now))
    play.run(0.05)
    assert play.active() == [BACKUP]
    play.run(5)
    assert play.active() == [BACKUP]
