"""The strip says how things stand, in words, shape and colour."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from fakes.connections import connected, searching
from fakes.desk import Desk
from ui.panels.strip import Strip
from ui.panels.tones import tone_colors
from ui.speaker import Speaker, Tone
from ui.words import Words
from vizclient.redundancy.comparison import Comparison
from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Layer,
    Problem,
    ProblemKind,
    Server,
    Switchover,
)


def strip_of(desk: Desk, qtbot: QtBot, connection: Connection | None) -> Strip:
    strip = Strip(desk.speaker, desk.mirror, desk.theme, desk.now)
    qtbot.addWidget(strip)
    strip.resize(1280, 68)
    strip.set_connection(connection)
    strip.show()
    return strip


def texts(strip: Strip) -> set[str]:
    return {label.text() for label in strip.findChildren(QLabel) if label.isVisible()}


def test_when_all_is_well_it_is_quiet_and_names_server_host_peer_and_time(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot, connected(at=desk.now.monotonic - 60))
    assert {"MAIN", "Connected", "Backup: standby", "Link heard just now"} <= texts(strip)
    assert any(text.startswith("bms-main:4840 · Connected since ") for text in texts(strip))
    assert any(text.endswith("· UTC") for text in texts(strip))
    assert strip.saying.tone is Tone.QUIET


@pytest.mark.parametrize(
    ("connection", "tone", "state", "detail"),
    [
        (searching(), Tone.NOTICE, "Switching", "Main (bms-main:4840) lost: The connection broke off"),
        (searching(ConnectionState.NO_ACTIVE), Tone.ALARM, "No active server", "Values are as of"),
        (
            searching(ConnectionState.NO_ACTIVE, left=None),
            Tone.ALARM,
            "No active server",
            "Both are asked again and again",
        ),
        (
            searching(
                ConnectionState.ATTENTION,
                problem=Problem(ProblemKind.CERTIFICATE, Layer.CHANNEL),
                left=None,
                reason=None,
            ),
            Tone.ALARM,
            "Needs attention",
            "Main and backup: A certificate was refused",
        ),
        (connected(warnings=[Caution.TWO_ACTIVE]), Tone.NOTICE, "Two active servers", "the other one is active too"),
        (connected(warnings=[Caution.ROLE_UNSURE]), Tone.NOTICE, "Role not sure", "role_item"),
        (connected(warnings=[Caution.DEGRADED]), Tone.NOTICE, "Degraded", "Connected to Main"),
    ],
)
def test_what_is_not_well_is_said_loudly_and_in_words(
    desk: Desk, qtbot: QtBot, connection: Connection, tone: Tone, state: str, detail: str
) -> None:
    strip = strip_of(desk, qtbot, connection)
    assert strip.saying.tone is tone
    assert state in texts(strip)
    assert any(detail in text for text in texts(strip))
    ground = strip.grab().toImage().pixelColor(3, 3)
    assert ground == tone_colors(desk.theme, tone).ground


def test_for_a_minute_after_a_switchover_it_says_calmly_what_came_back(desk: Desk, qtbot: QtBot) -> None:
    at = desk.now.monotonic
    strip = strip_of(desk, qtbot, connected(Server.BACKUP, at=at))
    last = Switchover(at, Server.MAIN, Server.BACKUP, None, at - 0.2, at - 0.1, at)
    strip.set_switchover(last)
    assert "Connected since" in strip.saying.detail, "nothing is counted yet"
    counted = Comparison(410, 402, 0.13, unsynchronised=(("VingCard", 8),), whole=True)
    strip.set_switchover(replace(last, comparison=counted))
    said = "402 of 410 items back after 0.13 s; 8 not synchronised: VingCard"
    assert strip.saying.detail == f"bms-backup:4840 · {said}"
    assert strip.saying.tone is Tone.QUIET
    german = Speaker(Words.of("de"), desk.speaker.times, desk.speaker.names)
    assert german.comparison(counted) == "402 von 410 Datenpunkten nach 0,13 s zurück; 8 nicht synchronisiert: VingCard"
    desk.now.monotonic += 61
    desk.mirror.heard_at = desk.now.monotonic
    strip.refresh()
    assert "Connected since" in strip.saying.detail


def test_nobody_active_says_why_of_each(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot, searching(ConnectionState.NO_ACTIVE, left=None))
    assert "Main (bms-main:4840): It cannot be reached · Backup (bms-backup:4840): It" in strip.saying.detail


def test_a_silent_link_is_said_whatever_it_said_before(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot, connected())
    desk.now.monotonic += 0.6
    desk.mirror.take_standing(desk.mirror.standing)
    assert strip.saying.state == "No link"
    assert strip.saying.tone is Tone.ALARM
    assert not strip.saying.fresh


def test_before_the_first_word_of_the_link_it_is_starting(desk: Desk, qtbot: QtBot) -> None:
    desk.mirror.heard_at = None
    assert strip_of(desk, qtbot, None).saying.state == "Starting"


def test_the_clock_goes_by_the_second(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot, connected())
    before = texts(strip)
    desk.now.monotonic += 1.0
    desk.mirror.heard_at = desk.now.monotonic
    strip.refresh()
    assert len(texts(strip) - before) == 1


def test_listeners_hear_of_a_change_and_not_of_the_time(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot, connected())
    heard: list[str] = []
    strip.on_saying.append(lambda saying: heard.append(saying.server))
    desk.now.monotonic += 0.2
    strip.refresh()
    strip.set_connection(connected(Server.BACKUP, generation=2))
    assert heard == ["BACKUP"]


def test_its_whole_saying_is_its_accessible_name(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot, connected())
    assert strip.accessibleName().startswith("Connected. MAIN. bms-main:4840")
