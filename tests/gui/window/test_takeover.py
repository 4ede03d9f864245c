"""Whether the standby could take over: a light in the strip, and the findings in the servers panel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from fakes.connections import connected, searching
from fakes.desk import WALL, Desk
from ui.panels.readiness import ReadinessPart
from ui.panels.strip import Strip
from ui.theme import load_theme
from ui.words import ENGLISH
from vizclient.redundancy.model import ConnectionState, Layer, Problem, ProblemKind, Server
from vizclient.redundancy.readiness import Check, Light, Readiness, Subject, Verdict

BRING = "Bring its configuration in line with that of the active server."
FINE = tuple(Check(subject, Verdict.FINE, "ready", Server.BACKUP) for subject in (Subject.ROLE, Subject.CLOCK))
CLOCK = Check(Subject.CLOCK, Verdict.RESTRICTED, "apart", Server.BACKUP, (("seconds", "+30"),))
ALONE = Check(Subject.SYNCHRONISATION, Verdict.BLOCKED, "alone", Server.MAIN)
REFUSED = Check(
    Subject.CERTIFICATE,
    Verdict.BLOCKED,
    "failed",
    Server.BACKUP,
    problem=Problem(
        ProblemKind.CERTIFICATE, Layer.CHANNEL, case="certificate-changed", arguments=(("file", "/x.der"),)
    ),
)
ITEMS = Check(
    Subject.ITEMS,
    Verdict.RESTRICTED,
    "missing",
    Server.BACKUP,
    (("number", "1"), ("names", "KNX/1"), ("of", "9")),
    learned=WALL + 1000.0 - 7200,
)
CLOSED = tuple(
    Check(subject, Verdict.UNCHECKED, "closed", Server.BACKUP) for subject in (Subject.IDENTITY, Subject.CREDENTIALS)
)


def readiness(light: Light, *checks: Check) -> Readiness:
    return Readiness(light, Server.BACKUP, (*checks, *FINE))


def strip_of(desk: Desk, qtbot: QtBot) -> Strip:
    strip = Strip(desk.speaker, desk.mirror, desk.theme, desk.now)
    qtbot.addWidget(strip)
    strip.resize(1280, 68)
    strip.set_connection(connected())
    strip.show()
    return strip


def part_of(desk: Desk, qtbot: QtBot, known: Readiness | None) -> ReadinessPart:
    part = ReadinessPart(desk.speaker, desk.theme, desk.now)
    qtbot.addWidget(part)
    part.resize(400, 300)
    part.set_readiness(known)
    return part


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (readiness(Light.READY), ("Takeover: ready", "All checks are in order")),
        (
            readiness(Light.RESTRICTED, CLOCK),
            ("Takeover: restricted", "Its clock differs from that of the active server by +30 s"),
        ),
        (
            readiness(Light.NOT_READY, CLOCK, ALONE),
            ("Takeover: not ready", "The active server says that no backup stands ready"),
        ),
        (
            readiness(Light.UNKNOWN, *CLOSED),
            ("Takeover: not known", "Identity, Login: cannot be checked while it lets nobody in"),
        ),
    ],
)
def test_the_strip_says_the_light_and_what_counts_most(
    desk: Desk, qtbot: QtBot, known: Readiness, said: tuple[str, str]
) -> None:
    strip = strip_of(desk, qtbot)
    strip.set_readiness(known)
    head, below = strip.takeover.said
    assert head == said[0]
    assert below.startswith(said[1])
    assert strip.takeover.isVisible()
    assert strip.takeover.accessibleName() == f"{head}. {below}"


def test_nothing_is_said_while_no_server_is_active_and_nothing_moves(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot)
    assert not strip.takeover.isVisible()
    strip.set_readiness(readiness(Light.READY))
    strip.layout().activate()  # type: ignore[union-attr]
    place = strip.takeover.geometry()
    strip.set_readiness(Readiness(Light.UNKNOWN))
    assert not strip.takeover.isVisible()
    strip.set_readiness(readiness(Light.READY))
    strip.layout().activate()  # type: ignore[union-attr]
    assert strip.takeover.geometry() == place
    strip.set_readiness(None)
    assert not strip.takeover.isVisible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_light_has_a_shape_of_its_own_without_colour_too(desk: Desk, qtbot: QtBot, theme: str) -> None:
    strip = strip_of(desk, qtbot)
    strip.set_theme(load_theme(theme))
    seen = set()
    for light in Light:
        strip.set_readiness(readiness(light))
        picture = strip.takeover.grab(strip.takeover.rect().adjusted(0, 0, 28 - strip.takeover.width(), 0)).toImage()
        grey = picture.convertToFormat(QImage.Format.Format_Grayscale8)
        around = [grey.pixelColor(x, y).lightness() // 64 for y in range(8, 36, 2) for x in range(0, 26, 2)]
        seen.add(tuple(around))
    assert len(seen) == len(Light)


def test_on_a_loud_strip_the_light_has_no_colour_of_its_own(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot)
    strip.set_readiness(readiness(Light.NOT_READY, ALONE))
    red = desk.theme.color("alarm")

    def reds() -> int:
        picture = strip.takeover.grab().toImage()
        return sum(picture.pixelColor(x, y) == red for x in range(26) for y in range(picture.height()))

    assert reds() > 20
    strip.set_connection(searching(ConnectionState.SWITCHING))
    assert reds() == 0


def test_nothing_of_it_moves_by_itself(desk: Desk, qtbot: QtBot) -> None:
    strip = strip_of(desk, qtbot)
    strip.set_readiness(readiness(Light.NOT_READY, ALONE))
    strip.takeover.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    before = strip.takeover.grab().toImage()
    qtbot.wait(300)
    assert strip.takeover.grab().toImage() == before


def test_the_panel_says_what_where_and_what_to_do_the_gravest_first(desk: Desk, qtbot: QtBot) -> None:
    part = part_of(desk, qtbot, readiness(Light.NOT_READY, ITEMS, *CLOSED, REFUSED))
    assert part.lines == [
        "Takeover by Backup: not ready",
        f"Backup · Its certificate is not the one trusted before. {ENGLISH['advice.certificate-changed']}".replace(
            "{file}", "/x.der"
        ),
        f"Backup · 1 of 9 items of the pages does not exist there: KNX/1 (seen 2 h ago). {BRING}",
        f"Backup · Identity, Login: {ENGLISH['ready.closed']}. The next switchover shows it.",
        "In order: Role, Clock",
    ]


def test_ages_are_brought_up_to_date(desk: Desk, qtbot: QtBot) -> None:
    part = part_of(desk, qtbot, readiness(Light.RESTRICTED, ITEMS))
    desk.now.monotonic += 3600
    part.refresh()
    assert "seen 3 h ago" in part.lines[1]


def test_the_panel_has_no_such_part_while_nothing_is_known(desk: Desk, qtbot: QtBot) -> None:
    part = part_of(desk, qtbot, readiness(Light.READY))
    assert not part.isHidden()
    part.set_readiness(None)
    assert part.isHidden()
    part.set_readiness(Readiness(Light.UNKNOWN))
    assert part.isHidden()


def test_a_click_on_the_light_opens_the_servers_panel(desk: Desk, qtbot: QtBot) -> None:
    window = desk.window()
    qtbot.addWidget(window)
    window.show()
    known = readiness(Light.RESTRICTED, CLOCK)
    desk.link.readiness = known
    for told in desk.link.on_readiness:
        told(known)
    qtbot.mouseClick(window.strip.takeover, Qt.MouseButton.LeftButton)  # type: ignore[no-untyped-call]
    assert window.servers is not None
    assert window.servers.isVisible()
    assert window.servers.readiness.lines[0] == "Takeover by Backup: ready, with restrictions"
    assert not window.actions_["retry"].isEnabled()


def test_what_only_a_look_has_found_can_be_tried_again_by_a_person(desk: Desk, qtbot: QtBot) -> None:
    window = desk.window()
    qtbot.addWidget(window)
    desk.link.connection = connected()
    for known, enabled in ((readiness(Light.NOT_READY, REFUSED), True), (readiness(Light.RESTRICTED, CLOCK), False)):
        desk.link.readiness = known
        for told in desk.link.on_readiness:
            told(known)
        assert window.actions_["retry"].isEnabled() is enabled


def test_it_is_said_in_german_and_nothing_is_clipped(make_desk: Callable[[str], Desk], qtbot: QtBot) -> None:
    desk = make_desk("de")
    strip = strip_of(desk, qtbot)
    strip.set_readiness(readiness(Light.RESTRICTED, CLOCK))
    assert strip.takeover.said[0] == "Übernahme: eingeschränkt"
    strip.layout().activate()  # type: ignore[union-attr]
    assert strip.takeover.width() >= strip.takeover.minimumSizeHint().width()
    assert strip.takeover.geometry().right() < strip.width()
