"""What is better said in code than as a dialogue; the dialogues are in `tests/scenarios`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vizclient.redundancy.decide import decide
from vizclient.redundancy.effects import Adopt, Announce, Discard, Effect, Keep, Probe, WakeAt
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
    Connection,
    ConnectionState,
    Finding,
    Layer,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    Source,
)
from vizclient.redundancy.state import State

ACTIVE = Report(
    Server.MAIN, 0.0, Layer.ACTIVATED, state=0, level=255, server_uri="urn:main", round_trip=0.01, took=0.02
)
CLOSED = Report(Server.BACKUP, 0.0, Layer.NOTHING, Problem(ProblemKind.UNREACHABLE, Layer.NOTHING, detail="port 50001"))


def play(state: State, *events: Event) -> tuple[State, list[Effect]]:
    effects: list[Effect] = []
    for event in events:
        state, made = decide(state, event)
        effects += made
    return state, effects


def told(effects: list[Effect]) -> list[Connection]:
    return [effect.connection for effect in effects if isinstance(effect, Announce)]


def connected() -> State:
    state, _ = play(State(), Started(0.0), Probed(0.0, 1, ACTIVE, held=True), Probed(0.0, 2, CLOSED, held=False))
    return state


@pytest.mark.parametrize(
    "event",
    [
        Woke(1.0),
        Slept(1.0, 5.0),
        RetryAsked(1.0),
        SwitchAsked(1.0, Server.BACKUP),
        Stopped(1.0),
        Lost(1.0, 0, Problem(ProblemKind.LOST, Layer.ACTIVATED)),
        Reported(1.0, 0, ACTIVE),
        Probed(1.0, 0, ACTIVE, held=False),
    ],
)
def test_nothing_happens_before_the_start(event: Event) -> None:
    assert decide(State(), event) == (State(), ())


def test_a_session_that_nobody_asked_for_is_closed_even_before_the_start() -> None:
    assert decide(State(), Probed(1.0, 7, ACTIVE, held=True)) == (State(), (Discard(7),))


def test_a_second_completion_of_the_adopted_probe_does_not_close_the_session() -> None:
    state = connected()
    assert decide(state, Probed(1.0, 1, ACTIVE, held=True)) == (state, ())


def test_a_second_start_changes_nothing() -> None:
    state = connected()
    assert decide(state, Started(0.5)) == (state, ())


def test_the_main_has_its_quarter_of_a_second_whenever_the_start_is() -> None:
    backup = replace(ACTIVE, server=Server.BACKUP, server_uri="urn:backup")
    state, effects = play(State(), Started(100.0), Probed(100.01, 2, backup, held=True))
    assert Keep(2) in effects
    assert state.wake_at == 100.25


def test_a_cloned_pair_of_one_uri_is_connected_to_where_it_is_active() -> None:
    standby = replace(ACTIVE, server=Server.BACKUP, level=1)
    state, effects = play(
        State(), Started(0.0), Probed(0.01, 2, standby, held=True), Probed(0.02, 1, ACTIVE, held=True)
    )
    assert Adopt(1) in effects
    assert state.backup.finding.role is Role.STANDBY
    state, _ = play(state, Woke(9.0), Probed(9.1, 3, standby, held=True))
    assert state.backup.finding.role is Role.ATTENTION


def test_sleep_after_sessions_that_died_young_asks_at_once_since_nothing_is_known_any_more() -> None:
    gone = Problem(ProblemKind.LOST, Layer.ACTIVATED)
    state, _ = play(connected(), Lost(0.01, 1, gone), Probed(0.02, 3, ACTIVE, held=True), Lost(0.03, 3, gone))
    assert state.main.probe == 0
    _, effects = play(state, Slept(0.04, 60.0))
    assert Probe(Server.MAIN, 5) in effects


@pytest.mark.parametrize(
    "backup",
    [
        replace(CLOSED, problem=Problem(ProblemKind.CERTIFICATE, Layer.HELLO), layer=Layer.HELLO),
        replace(ACTIVE, server=Server.BACKUP, server_uri="", level=0),
        None,
    ],
    ids=["needs a person", "in maintenance", "being asked already"],
)
def test_a_degraded_server_does_not_hurry_a_peer_that_must_not_be_asked_now(backup: Report | None) -> None:
    state, _ = play(State(), Started(0.0), Probed(0.0, 1, ACTIVE, held=True))
    if backup is not None:
        state, _ = play(state, Probed(0.0, 2, backup, held=backup.accepted))
    _, effects = play(state, Reported(0.5, 1, replace(ACTIVE, level=100)))
    assert [effect for effect in effects if isinstance(effect, Probe | Discard)] == []


def test_who_is_woken_a_little_early_asks_to_be_woken_again() -> None:
    state = connected()
    assert state.wake_at == 1.0
    _, effects = decide(state, Woke(0.999))
    assert effects == (WakeAt(1.0),)


def test_a_probe_that_found_the_same_again_is_told_when_a_second_has_passed() -> None:
    state = connected()
    state, effects = play(state, RetryAsked(0.9), Probed(0.9, 3, replace(CLOSED, at=0.9), held=False))
    assert told(effects) == []
    state, effects = play(state, Woke(2.0), Probed(2.0, 4, replace(CLOSED, at=2.0), held=False))
    (connection,) = told(effects)
    assert connection.backup.report is not None
    assert connection.backup.report.at == 2.0
    assert connection.since == 0.0


@pytest.mark.parametrize(
    "same",
    [
        replace(ACTIVE, at=0.5, took=0.7, round_trip=0.5),
        replace(ACTIVE, at=0.5),
    ],
)
def test_times_of_measuring_are_no_news(same: Report) -> None:
    _, effects = play(connected(), Reported(0.5, 1, same))
    assert told(effects) == []


def test_details_for_the_log_are_no_news() -> None:
    other_port = replace(CLOSED, at=0.9, problem=Problem(ProblemKind.UNREACHABLE, Layer.NOTHING, detail="port 50002"))
    _, effects = play(connected(), RetryAsked(0.9), Probed(0.9, 3, other_port, held=False))
    assert told(effects) == []


@pytest.mark.parametrize(
    "news",
    [
        replace(ACTIVE, at=0.5, level=254),
        replace(ACTIVE, at=0.5, mode=0),
        replace(ACTIVE, at=0.5, estimated_return=100.0),
        replace(ACTIVE, at=0.5, shutdown_in=20.0),
    ],
)
def test_what_the_server_says_of_itself_is_news(news: Report) -> None:
    _, effects = play(connected(), Reported(0.5, 1, news))
    assert len(told(effects)) == 1


def test_a_time_of_return_that_is_reckoned_a_little_differently_is_no_news() -> None:
    state, _ = play(connected(), Reported(0.5, 1, replace(ACTIVE, estimated_return=100.4, shutdown_in=20.5)))
    _, effects = play(state, Reported(0.6, 1, replace(ACTIVE, estimated_return=100.6, shutdown_in=20.4)))
    assert told(effects) == []


def test_the_state_began_when_it_began_and_not_at_the_last_announcement() -> None:
    state, effects = play(connected(), Reported(5.0, 1, replace(ACTIVE, at=5.0, level=210)))
    assert told(effects)[-1].since == 0.0
    _, effects = play(state, Lost(6.0, 1, Problem(ProblemKind.LOST, Layer.ACTIVATED)))
    assert told(effects)[-1].since == 6.0
    assert told(effects)[-1].state is ConnectionState.SWITCHING


def test_a_retry_asked_while_connected_asks_the_peer_at_once_and_leaves_the_session_alone() -> None:
    state, effects = play(connected(), RetryAsked(0.1))
    assert effects == [Probe(Server.BACKUP, 3)]
    assert state.session == 1


STANDBY = replace(ACTIVE, server=Server.BACKUP, server_uri="urn:backup", level=1)
OPEN = Report(Server.BACKUP, 0.0, Layer.TCP)


def connected_beside(backup: Report, main: Report = ACTIVE) -> State:
    start = State(may_switch=True)
    events = Started(0.0), Probed(0.0, 1, main, held=True), Probed(0.0, 2, backup, held=backup.accepted)
    return play(start, *events)[0]


def asked(effects: list[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, Probe)]


def test_a_wish_does_not_show_refused_credentials_again_nor_disturb_maintenance() -> None:
    refused = replace(CLOSED, layer=Layer.SESSION, problem=Problem(ProblemKind.CREDENTIALS, Layer.SESSION))
    assert asked(play(connected_beside(refused), SwitchAsked(1.0, Server.BACKUP))[1]) == []
    away = connected_beside(replace(STANDBY, level=0, estimated_return=5.0))
    assert asked(play(away, SwitchAsked(4.9, Server.BACKUP))[1]) == []
    assert asked(play(away, SwitchAsked(5.0, Server.BACKUP))[1]) == [Probe(Server.BACKUP, 3)]


def test_a_wish_is_forgotten_with_the_connection() -> None:
    state = connected_beside(STANDBY)
    state, _ = play(state, SwitchAsked(1.0, Server.BACKUP), Lost(1.0, 1, Problem(ProblemKind.LOST, Layer.ACTIVATED)))
    state, _ = play(state, Probed(1.1, 4, ACTIVE, held=True))
    assert (state.server, state.wanted) == (Server.MAIN, None)


def test_a_wish_needs_a_session_even_where_the_standby_is_listed() -> None:
    lists = replace(ACTIVE, peer_levels=(("urn:backup", 1),))
    state = connected_beside(STANDBY, lists)
    _, effects = play(state, Woke(9.0))
    assert asked(effects) == [Probe(Server.BACKUP, 3, session=False)]
    _, effects = play(state, SwitchAsked(1.0, Server.BACKUP))
    assert asked(effects) == [Probe(Server.BACKUP, 3)]


def test_a_server_that_is_closed_now_is_still_found_in_the_list_by_its_uri() -> None:
    lists = replace(ACTIVE, peer_levels=(("urn:other", 255), ("urn:backup", 1), ("urn:main", 255)))
    state, _ = play(connected_beside(STANDBY, lists), Woke(9.0), Probed(9.1, 3, CLOSED, held=False))
    assert state.backup.finding == Finding(Role.STANDBY, Source.PEER_ARRAY)
    state, _ = play(state, Woke(20.0), Probed(20.1, 4, OPEN, held=False))
    assert state.backup.report is not None
    assert state.backup.report.layer is Layer.TCP


def test_servers_that_tell_no_uri_are_not_taken_for_one() -> None:
    nameless = replace(ACTIVE, server_uri="")
    state = connected_beside(replace(nameless, server=Server.BACKUP, level=1), nameless)
    assert state.backup.finding.role is Role.STANDBY


def test_who_says_that_it_stands_by_has_answered_and_need_not_be_waited_for() -> None:
    state, _ = play(connected_beside(STANDBY), Reported(5.0, 1, replace(ACTIVE, level=1)))
    state, effects = play(state, Probed(5.1, 3, replace(STANDBY, level=100), held=True))
    assert Adopt(3) in effects
    assert state.server is Server.BACKUP


def test_who_says_that_it_stands_by_is_asked_again_when_its_peer_has_had_time_to_be_reached() -> None:
    state, effects = play(connected_beside(STANDBY), Reported(5.0, 1, replace(ACTIVE, level=1)))
    assert [effect.server for effect in effects if isinstance(effect, Probe)] == [Server.BACKUP]
    assert state.main.ask_at == 5.0 + state.timing.role_retry_first


def test_who_has_nothing_to_do_does_nothing() -> None:
    state = connected_beside(STANDBY)
    assert play(state, Reported(0.5, 1, ACTIVE)) == (state, [])


def test_a_kept_session_keeps_the_identity_of_its_server_when_a_person_asks_for_another_attempt() -> None:
    state, _ = play(State(), Started(0.0), Probed(0.0, 2, STANDBY, held=True), RetryAsked(0.1))
    state, _ = play(state, Reported(0.2, 2, replace(STANDBY, server_uri="urn:somebody-else")))
    assert state.backup.finding.role is Role.ATTENTION
