"""The window: pages and views, and that nothing of them belongs to the connection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from fakes.connections import connected, searching
from fakes.desk import Desk
from ui.canvas.view import View
from ui.symbols.contract import Command
from ui.window import Window
from ui.window_state import WindowState, window_state_file
from vizclient.items.value import Sample
from vizclient.items.writing import WriteOutcome, WriteState
from vizclient.link.drills import DrillRecord
from vizclient.pages.view_state import ViewState
from vizclient.places import Places
from vizclient.redundancy.comparison import Comparison
from vizclient.redundancy.drill import Verdict
from vizclient.redundancy.model import (
    Connection,
    ConnectionState,
    Finding,
    Layer,
    Noticed,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    Source,
    Switchover,
)


def shown(desk: Desk, qtbot: QtBot, state: WindowState | None = None) -> Window:
    window = desk.window(state)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    return window


def click(window: Window, element: str) -> None:
    window.canvas.grab()  # what is clicked has been painted
    QTest.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=window.canvas.element_rect(element).center())


def test_a_link_leads_to_its_page_and_back_leads_back_as_it_was_left(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    window.canvas.zoom_by(1.5, QPointF(0, 0))
    left = window.canvas.view
    click(window, "go")
    assert window.views[0].page == "two"
    assert window.canvas.view == View()
    assert not window.actions_["forward"].isEnabled()
    window.actions_["back"].trigger()
    assert window.views[0].page == "one"
    assert window.canvas.view == left
    window.actions_["forward"].trigger()
    assert window.views[0].page == "two"
    window.actions_["home"].trigger()
    assert window.views[0].page == "one"


def test_page_zoom_selection_and_half_typed_text_survive_a_switchover(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected())
    desk.values(Set=21.4, Sure=60.0, Light=False)
    window.canvas.zoom_by(1.5, QPointF(0, 0))
    before = window.canvas.view
    click(window, "set")
    dialog = window.controls.dialog
    assert dialog is not None
    QTest.keyClicks(dialog.field, "23.4")
    dialog.field.setCursorPosition(2)
    desk.connect(searching(at=desk.now.monotonic))
    desk.now.monotonic += 1.0
    desk.connect(connected(Server.BACKUP, generation=2, at=desk.now.monotonic))
    desk.values(generation=2, server="backup", Set=21.4, Sure=60.0, Light=False)
    assert window.canvas.view == before
    assert window.canvas.focused_element == "set"
    assert window.controls.dialog is dialog
    assert (dialog.field.text(), dialog.field.cursorPosition()) == ("23.4", 2)
    assert window.windowTitle() == "One – Building A – BACKUP Connected"


def test_another_control_takes_an_untouched_dialogs_place_but_not_a_half_typed_ones(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected())
    desk.values(Set=21.4, Sure=20.0, Light=False)
    click(window, "set")
    click(window, "sure")
    dialog = window.controls.dialog
    assert dialog is not None
    assert dialog.target.name == "Boiler"
    QTest.keyClicks(dialog.field, "2")
    click(window, "set")
    assert window.controls.dialog is dialog


def test_a_switch_writes_the_opposite_of_what_it_shows_at_once(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected())
    desk.values(Set=21.4, Sure=20.0, Light=False)
    click(window, "light")
    assert window.controls.dialog is None
    found = window.canvas.shown("light")
    assert found is not None
    desk.tell_write(WriteState(1, desk.handle("b:Light"), WriteOutcome.REFUSED, "write-under-way"))
    assert window.messages.texts == ["Light: On was not written. A write to this item is still under way."]


def test_a_control_that_cannot_be_used_says_why(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected())
    desk.values(Set=21.4, Sure=20.0, Light=False)
    desk.now.monotonic += 1
    desk.connect(searching(at=desk.now.monotonic - 1))
    click(window, "light")
    assert window.messages.texts == ["Light: Not connected to a server"]


def test_items_that_do_not_exist_are_said_once_and_no_more_when_dismissed(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected())
    desk.mirror.take_samples([(desk.handle("b:Set"), Sample(None, 0x80340000, None, 1, "main"))])
    window._look_for_missing()
    assert window.messages.texts == ["“One”: 1 item does not exist on MAIN: b:Set"]
    window.messages.withdraw("missing")
    window._look_for_missing()
    assert window.messages.texts == []


def test_retry_is_offered_only_where_a_person_is_needed(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected())
    assert not window.actions_["retry"].isEnabled()
    certificate = Problem(ProblemKind.CERTIFICATE, Layer.CHANNEL)
    desk.connect(searching(ConnectionState.ATTENTION, problem=certificate))
    assert window.actions_["retry"].isEnabled()


def test_the_servers_panel_shows_both_and_the_switchovers(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    desk.connect(connected(Server.BACKUP, generation=3, at=desk.now.monotonic))
    window.actions_["servers"].trigger()
    panel = window.servers
    assert panel is not None
    assert panel.isVisible()
    assert panel.cell(Server.BACKUP, "role") == "active"
    assert panel.cell(Server.BACKUP, "why") == "Its redundancy mode says so: primary, with a backup"
    assert panel.cell(Server.BACKUP, "session") == "Open, no. 3"
    assert panel.cell(Server.MAIN, "role") == "standby"
    assert panel.cell(Server.MAIN, "probe") == "just now, took 11 ms"
    assert panel.cell(Server.MAIN, "address") == "bms-main:4840"
    lost = Problem(ProblemKind.LOST, Layer.ACTIVATED)
    desk.link.switchovers.append(
        Switchover(1_790_000_000.0, Server.MAIN, Server.BACKUP, lost, 10.0, 10.4, 10.41, 10.415, 10.425)
    )
    for listener in desk.link.on_switchover:
        listener(desk.link.switchovers[-1])
    row = panel.past(0)
    assert row[1:] == ("Main → Backup", "The connection broke off", "425 ms", "25 ms")
    assert panel.use_button(Server.MAIN) is None, "the profile does not allow it"
    window.actions_["servers"].trigger()
    assert not panel.isVisible()


def test_the_servers_panel_says_what_a_person_can_do(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    window.actions_["servers"].trigger()
    assert window.servers is not None
    offer = Problem(
        ProblemKind.SECURITY,
        Layer.CHANNEL,
        case="security-offer",
        arguments=(("wanted", "A/Sign"), ("offered", "None/None")),
    )
    desk.connect(searching(ConnectionState.ATTENTION, problem=offer))
    said = window.servers.cell(Server.MAIN, "why")
    assert said == "It does not offer A/Sign, but None/None. Change the security in the profile, or at the server."


def test_the_servers_panel_tells_of_the_last_drill(desk: Desk, qtbot: QtBot) -> None:
    drill = DrillRecord(1_790_000_000.0, Verdict.RESTRICTED, Server.MAIN, Server.MAIN, report="/x/drill.html")
    window = desk.window(last_drill=drill)
    window.show()
    qtbot.waitExposed(window)
    window.actions_["servers"].trigger()
    assert window.servers is not None
    (said,) = [label for label in window.servers.findChildren(QLabel) if label.text().startswith("Last drill: ")]
    assert said.text().endswith(", Passed, with restrictions")
    assert said.isVisible()
    assert said.toolTip() == "The report is /x/drill.html"


def test_the_servers_panel_says_when_a_server_ends_and_when_it_is_back(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    window.actions_["servers"].trigger()
    assert window.servers is not None
    now, whole = desk.now.monotonic, connected()
    ending = Report(Server.BACKUP, now - 1.0, Layer.ACTIVATED, state=4, shutdown_in=6.0, estimated_return=now + 300.0)
    desk.connect(replace(whole, backup=replace(whole.backup, report=ending)))
    back = desk.speaker.times.time(desk.now().wall_of(now + 300.0))
    assert window.servers.cell(Server.BACKUP, "state") == f"Shutting down, ends in 5 s; back at {back}"


def test_the_tool_tip_of_a_switchover_says_who_noticed_when_each_step_was_taken_and_what_is_missing(
    desk: Desk, qtbot: QtBot
) -> None:
    window = shown(desk, qtbot)
    lost = Problem(ProblemKind.LOST, Layer.ACTIVATED)
    switchover = Switchover(1_790_000_000.0, Server.MAIN, Server.BACKUP, lost, 10.0, 10.4, 10.41, noticed=Noticed.RESET)
    desk.link.switchovers.append(switchover)
    window.actions_["servers"].trigger()
    panel = window.servers
    assert panel is not None
    assert panel.details(0)[1:] == [
        "found active: 400 ms",
        "decided: 410 ms",
        "first value: going on",
        "all values: going on",
    ]
    assert panel.told.endswith(": The connection broke off")
    desk.link.switchovers[-1] = replace(
        switchover,
        channel_at=9.9,
        session_at=10.39,
        first_value_at=10.42,
        all_values_at=10.43,
        comparison=Comparison(
            410,
            395,
            0.13,
            unsynchronised=(("VingCard", 8),),
            missing=(("Metering", 7),),
            missing_items=("nsu=urn:b;s=Metering/1", "nsu=urn:b;i=5"),
            whole=True,
        ),
    )
    for listener in desk.link.on_switchover:
        listener(desk.link.switchovers[-1])
    said = panel.details(0)
    assert said[0].endswith(": its connection ended")
    assert said[1:] == [
        "channel: stood ready",
        "session: 390 ms",
        "found active: 400 ms",
        "decided: 410 ms",
        "first value: 420 ms",
        "all values: 430 ms",
        "7 items did not come back: Metering/1, nsu=urn:b;i=5",
    ]
    came = "395 of 410 items back after 0.13 s; 8 not synchronised: VingCard; 7 missing: Metering"
    assert panel.told.endswith(f": The connection broke off. {came}")


def test_a_person_can_ask_for_the_other_server_only_where_that_is_allowed_and_never_for_a_standby(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Server] = []
    monkeypatch.setattr(desk.link, "ask_switch", asked.append)
    window = desk.window(may_switch=True)
    qtbot.addWidget(window)
    window.show()
    window.actions_["servers"].trigger()
    assert window.servers is not None
    main, backup = (window.servers.use_button(server) for server in Server)
    assert main is not None
    assert backup is not None
    desk.connect(connected())
    assert not main.isEnabled()
    assert not backup.isEnabled(), "it is a standby"
    both = connected()
    desk.connect(replace(both, backup=replace(both.backup, finding=Finding(Role.ACTIVE, Source.MODE))))
    assert backup.isEnabled()
    backup.click()
    assert asked == [Server.BACKUP]


def test_what_it_remembers_is_shown_again_and_a_page_that_is_gone_is_left_out(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    window = shown(desk, qtbot)
    window.go("two")
    window.canvas.zoom_by(2.0)
    window.actions_["theme"].trigger()
    file = window_state_file(Places.of(tmp_path), tmp_path / "a.toml")
    window.close()
    assert file.save(window.state) is None
    loaded, fault = file.load()
    assert fault is None
    assert loaded is not None
    again = shown(desk, qtbot, loaded)
    assert again.views == window.views
    assert again.canvas.view == window.canvas.view
    assert again.state.theme == "dark"
    gone = shown(desk, qtbot, WindowState((ViewState.at("no-more"),)))
    assert gone.views[0].page == "one"


def test_an_unknown_page_is_said_and_changes_nothing(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    window.begin_with("nowhere")
    assert window.views[0].page == "one"
    assert window.messages.texts == ["There is no page “nowhere” in the bundle; the start page is shown"]


def test_a_command_for_an_element_that_is_gone_does_nothing(desk: Desk, qtbot: QtBot) -> None:
    window = shown(desk, qtbot)
    window.canvas.commanded.emit("no-such-element", Command("set"))
    assert window.controls.dialog is None


def test_closing_says_so_once_in_any_state(desk: Desk, qtbot: QtBot) -> None:
    states: list[Connection | None] = [None, connected(), searching()]
    for connection in states:
        window = shown(desk, qtbot)
        desk.announce(connection)
        with qtbot.waitSignal(window.closed, timeout=1000):
            window.close()
