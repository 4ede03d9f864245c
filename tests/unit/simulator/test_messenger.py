"""The outbox of the messenger: each message is sent once, as far as that can be had."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vizclient.simulator.messenger import Message, Messenger, Outcome
from vizclient.simulator.physics import Model

FAULT = "BACnet/AHU1/SupplyFan/Fault"
HOUR = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)


class Side:
    """One server: its building and its outbox."""

    def __init__(self, server: str, *, on: bool = True) -> None:
        self.model = Model()
        self.v = self.model.values
        self.server = server
        self.messenger = Messenger(server, f"run of {server}", on=on)

    def notice(self) -> bool:
        return self.messenger.notice(self.v, (FAULT,), HOUR)

    def due(self, now: float = 0.0, *, peer_alive: bool = True) -> Message | None:
        return self.messenger.due(now, peer_alive=peer_alive)

    def end(self, message: Message, outcome: Outcome, now: float = 0.0) -> None:
        self.messenger.ended(message.key, outcome, message.by, now, 1_000.0)

    def shown(self) -> dict[str, Any]:
        self.messenger.show(self.v, lambda at: datetime.fromtimestamp(at, UTC))
        return {name.removeprefix("Messenger/"): self.v[name] for name in self.v if name.startswith("Messenger/")}

    def goes_on_from(self, other: Side) -> None:
        self.model.restore(other.model.state())
        self.messenger.take(other.messenger.state())


@pytest.fixture
def main() -> Side:
    return Side("main")


@pytest.fixture
def backup() -> Side:
    return Side("backup")


def with_fault(side: Side) -> Message:
    """A fan has tripped, and the message about it is being sent."""
    side.v[FAULT] = True
    assert side.notice()
    message = side.due()
    assert message is not None
    return message


def test_a_fault_that_comes_is_one_message_until_it_has_gone(main: Side) -> None:
    message = with_fault(main)
    assert message.subject == "BACnet/AHU1/SupplyFan: fault"
    assert message.recipient == "duty@building.example"
    assert not main.notice()
    main.v[FAULT] = False
    assert not main.notice()
    main.v[FAULT] = True
    assert main.notice()
    assert main.shown()["Events"] == 2


def test_a_test_is_sent_once_and_its_request_is_taken_back(main: Side) -> None:
    main.v["Messenger/Test"] = True
    assert main.notice()
    assert not main.notice()
    assert main.v["Messenger/Test"] is False
    assert main.shown()["Outbox"] == ("Test message",)


def test_nothing_is_sent_while_messages_are_disabled_or_there_is_no_mail_server(main: Side) -> None:
    main.v["Messenger/Enabled"] = False
    main.v[FAULT] = True
    assert not main.notice()
    off = Side("main", on=False)
    off.v[FAULT] = True
    assert off.notice()
    assert off.due() is None
    assert (off.shown()["State"], off.shown()["Events"], off.shown()["Pending"]) == (0, 1, 0)


def test_one_message_is_sent_at_a_time_and_counted(main: Side) -> None:
    message = with_fault(main)
    main.v["Messenger/Test"] = True
    main.notice()
    assert main.due() is None
    assert main.shown()["State"] == 2
    main.end(message, Outcome.SENT)
    shown = main.shown()
    assert (shown["Sent"], shown["Pending"], shown["Last/Subject"]) == (1, 1, message.subject)
    assert shown["Last/SentAt"] == datetime.fromtimestamp(1_000.0, UTC)
    second = main.due()
    assert second is not None
    assert second.subject == "Test message"


def test_a_message_that_waits_goes_with_the_role(main: Side, backup: Side) -> None:
    main.v[FAULT] = True
    main.notice()
    backup.goes_on_from(main)
    assert not backup.notice()  # the fault is known there
    message = backup.due()
    assert message is not None
    assert (message.by, message.again) == ("backup", False)


def test_what_the_other_server_is_sending_is_left_to_it_while_it_lives(main: Side, backup: Side) -> None:
    message = with_fault(main)
    backup.goes_on_from(main)
    assert backup.due(peer_alive=True) is None
    backup.end(message, Outcome.SENT)
    assert backup.due(peer_alive=False) is None
    assert backup.shown()["Sent"] == 1


def test_what_a_dead_server_was_sending_is_sent_again_under_its_key_and_says_so(main: Side, backup: Side) -> None:
    message = with_fault(main)
    backup.goes_on_from(main)
    resent = backup.due(peer_alive=False)
    assert resent is not None
    assert (resent.key, resent.by, resent.again) == (message.key, "backup", True)


def test_what_was_said_to_be_sent_is_not_sent_again_whatever_an_older_state_says(main: Side, backup: Side) -> None:
    message = with_fault(main)
    old = main.messenger.state()
    backup.end(message, Outcome.SENT)
    backup.messenger.take(old)
    assert backup.due(peer_alive=False) is None


def test_the_end_of_an_attempt_of_the_other_server_ends_none_of_this_one(main: Side, backup: Side) -> None:
    message = with_fault(main)
    backup.goes_on_from(main)
    backup.due(peer_alive=False)
    backup.end(message, Outcome.FAILED)  # of the main, which has thawed
    assert backup.due(peer_alive=True) is None


def test_a_failed_attempt_is_repeated_later_and_later(main: Side) -> None:
    message = with_fault(main)
    waits = []
    now = 0.0
    for _ in range(6):
        main.end(message, Outcome.FAILED, now)
        assert main.shown()["State"] == 3
        before = now
        while (again := main.due(now)) is None:
            now += 1.0
        waits.append(now - before)
        message = again
        assert not message.again
    assert waits == [2.0, 4.0, 8.0, 15.0, 30.0, 30.0]
    main.end(message, Outcome.SENT)
    assert (main.shown()["Failures"], main.shown()["State"]) == (6, 1)


def test_an_attempt_that_may_have_arrived_says_so_when_it_is_repeated(main: Side) -> None:
    main.end(with_fault(main), Outcome.DOUBTFUL)
    again = main.due(10.0)
    assert again is not None
    assert again.again


def test_a_message_that_is_refused_for_good_is_given_up(main: Side) -> None:
    main.end(with_fault(main), Outcome.REFUSED)
    assert main.due(100.0) is None
    assert (main.shown()["Failures"], main.shown()["Pending"], main.shown()["Sent"]) == (1, 0, 0)
