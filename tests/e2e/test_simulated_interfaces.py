"""What becomes of the items of each interface and module when the simulated servers change roles."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from fakes.guest import Guest, can_swap, held, read, status_of, swap, visit, wait_until
from fakes.mail_sink import MailSink, mail_sink
from programs.pairs import UNHURRIED, all_running, began
from vizclient.simulator.building import building_items
from vizclient.simulator.interfaces import MAIN_ONLY
from vizclient.simulator.networks import FOREIGN
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair, PairError

pytestmark = pytest.mark.e2e

ONE_OF = {item.interface: item.identifier for item in building_items()}
LOCK = "VingCard/Room401"
METERING_DELAY = 1500
WAITING = 0x80320000  # Bad_WaitingForInitialData


@pytest.fixture(scope="module")
def sink() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def running(sink: MailSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    options = Options(
        standby="passive", dead_after=UNHURRIED, return_delay=400, field_delay=1500, metering_delay=METERING_DELAY,
        smtp=f"127.0.0.1:{sink.port}", audit=str(tmp_path_factory.mktemp("audit")),
        main_web_port=0, backup_web_port=0, main_manager_port=0, backup_manager_port=0,
    )  # fmt: skip
    with Pair(options) as pair:
        yield pair.start()


@pytest.fixture
def pair(running: Pair) -> Pair:
    """Both run and the main is active, as it was at the start."""
    all_running(running)
    running.wait_done(running.speak("main", *MAIN_ONLY))
    while not main_is_active(running):  # one that was started anew takes its role back by itself, at any moment
        swap(running)
    wait_until(lambda: status_of(running, "main", f"{LOCK}/Battery") == "Good")
    return running


def main_is_active(pair: Pair) -> bool:
    """Whether it is the main that is active and not the backup, as soon as one is, and the other one could be."""
    wait_until(lambda: can_swap(pair), timeout=30)
    main = pair.status()["main"]
    return main.role == "active" and main.peer_ready


def stamp(pair: Pair, server: str, name: str) -> datetime:
    """The SourceTimestamp that a node holds."""
    found: datetime | None = held(pair, server, name)[0].SourceTimestamp
    assert found is not None
    return found


def kill_main(pair: Pair) -> None:
    since = time.perf_counter()
    pair.kill("main")
    pair.wait_for("exited", "main", since=since)
    pair.wait_for_role("backup", "active", since=since)


@pytest.mark.parametrize(
    ("item", "value", "kind"),
    [
        ("Fidelio/Room401/WakeUp", datetime(2025, 3, 5, 6, 45, tzinfo=UTC), "DateTime"),
        ("Protel/Room411/State", 3, "UInt32"),
        ("OPCDA/Compressor/Setpoint", 6.5, "Double"),
        ("LaMPS/Lobby/Scene", 5, "UInt32"),
        ("Messenger/Recipient", "night@building.example", "String"),
    ],
)
def test_what_was_written_is_carried_over(pair: Pair, item: str, value: Any, kind: str) -> None:
    if "/Room" in item:  # out of order and empty: nobody comes and changes it meanwhile
        room = item.rpartition("/")[0]
        for name, to in (("State", 3), ("Guest", False), ("State", 3)):
            pair.wait_done(pair.write_item("main", f"{room}/{name}", to))
    visit(pair, "main", lambda guest: guest.write(item, value, kind))
    swap(pair)
    assert read(pair, "backup", item) == value
    if item == "LaMPS/Lobby/Scene":
        assert [read(pair, "backup", f"LaMPS/Lobby/Luminaire{n}/Level") for n in (1, 2, 3, 4)] == [5, 0, 0, 5]


@pytest.mark.parametrize("interface", MAIN_ONLY)
def test_a_field_that_talks_to_the_main_alone_leaves_old_values_on_the_backup(pair: Pair, interface: str) -> None:
    name = ONE_OF[interface]
    swap(pair)
    old = stamp(pair, "backup", name)
    assert status_of(pair, "backup", name) == "Good"
    assert stamp(pair, "main", name) - old > timedelta(minutes=50)
    writable = next((i for i in building_items() if i.interface == interface and i.writable), None)
    if writable is not None:
        with pytest.raises(ua.UaStatusCodeError) as refused:
            visit(pair, "backup", lambda guest: guest.write(writable.identifier, writable.initial, writable.data_type))
        assert refused.value.code == ua.StatusCodes.BadNoCommunication
    pointed = datetime.now(UTC)
    pair.wait_done(pair.speak("backup", interface))
    wait_until(lambda: stamp(pair, "backup", name) >= pointed)


def test_a_lock_system_goes_on_telling_the_main_while_it_is_on_standby(pair: Pair) -> None:
    doors = [f"VingCard/Room{room}/LastEntry" for room in (401, 402, 403, 404)]
    swap(pair)
    before = [value.SourceTimestamp for value in held(pair, "main", *doors)]
    on_backup = [value.SourceTimestamp for value in held(pair, "backup", *doors)]
    wait_until(lambda: [value.SourceTimestamp for value in held(pair, "main", *doors)] != before, timeout=60)
    assert [value.SourceTimestamp for value in held(pair, "backup", *doors)] == on_backup


def test_a_restarted_main_waits_for_the_fields_that_talk_to_it(pair: Pair) -> None:
    kill_main(pair)
    since = time.perf_counter()
    pair.restart("main")
    pair.wait_for("ready", "main", since=since, timeout=30)
    early = status_of(pair, "main", f"{LOCK}/Battery")
    log = Path(pair.options.audit) / "main.jsonl"

    def had() -> list[int]:
        """What was said of it, from the start on."""
        rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        return [row["status"] for row in rows if row.get("item") == f"{LOCK}/Battery" and row["p"] > since]

    assert early == "BadWaitingForInitialData" or had()[:2] == [WAITING, 0], "it waits, unless its field was quicker"
    wait_until(lambda: status_of(pair, "main", f"{LOCK}/Battery") == "Good")
    assert had()[:2] == [WAITING, 0]


def test_a_field_that_a_person_points_at_the_backup_stays_there_over_restarts(pair: Pair) -> None:
    pair.wait_done(pair.speak("backup", "Kaba"))
    kill_main(pair)
    since = time.perf_counter()
    pair.restart("main")
    pair.wait_for_role("main", "active", since=since, timeout=30)
    assert stamp(pair, "backup", "Kaba/Garage/Battery") > stamp(pair, "main", "Kaba/Garage/Battery")
    with pytest.raises(PairError, match="cannot be pointed"):
        pair.wait_done(pair.speak("backup", "KNX"))


def test_a_door_is_unlocked_for_a_while_where_its_system_is_heard(pair: Pair) -> None:
    async def unlock(guest: Guest) -> bool:
        await guest.write(f"{LOCK}/Unlock", True, "Boolean")
        return bool(await guest.item(f"{LOCK}/Locked").read_value())

    assert visit(pair, "main", unlock) is False
    wait_until(lambda: read(pair, "main", f"{LOCK}/Locked") is True)
    assert read(pair, "main", f"{LOCK}/Unlock") is False


def test_each_server_reads_power_quality_by_itself(pair: Pair) -> None:
    name = "GridVis/Mains/Voltage"
    first = {server: stamp(pair, server, name) for server in ("main", "backup")}
    assert first["main"] != first["backup"]
    for server, before in first.items():
        wait_until(lambda server=server, before=before: stamp(pair, server, name) > before)  # type: ignore[misc]
    main, backup = (read(pair, server, name) for server in ("main", "backup"))
    assert main == pytest.approx(backup, abs=2.0)


def test_a_shutter_tells_nothing_on_the_new_server_until_it_moves_and_then_everything(pair: Pair) -> None:
    at = "Shutter/F3/West"
    names = [f"{at}/{name}" for name in ("Position", "Setpoint", "Slat", "Command")]
    visit(pair, "main", lambda guest: guest.write(f"{at}/Setpoint", 2.0, "Double"))
    wait_until(lambda: read(pair, "main", f"{at}/Position") == 2.0)
    swap(pair)
    before = held(pair, "backup", *names)
    assert before[0].Value is not None
    assert before[0].Value.Value == 0.0
    assert {value.SourceTimestamp for value in before} == {
        value.SourceTimestamp for value in held(pair, "backup", *names)
    }
    visit(pair, "backup", lambda guest: guest.write(f"{at}/Setpoint", 1.0, "Double"))
    for old, new in zip(before, held(pair, "backup", *names), strict=True):
        assert old.SourceTimestamp is not None
        assert new.SourceTimestamp is not None
        assert new.SourceTimestamp - old.SourceTimestamp > timedelta(minutes=50)


def test_a_foreign_server_that_fails_is_replaced_by_its_own_backup(pair: Pair) -> None:
    name = "OPCDA/Compressor/Pressure"
    pair.wait_done(pair.foreign(FOREIGN[0], failed=True))
    wait_until(lambda: read(pair, "main", "OPCDA/Source") == FOREIGN[1])
    kill_main(pair)
    wait_until(lambda: read(pair, "backup", "OPCDA/Source") == FOREIGN[1])
    old = stamp(pair, "backup", name)
    wait_until(lambda: stamp(pair, "backup", name) > old)
    pair.wait_done(pair.foreign(FOREIGN[1], failed=True))
    wait_until(lambda: status_of(pair, "backup", name) == "UncertainLastUsableValue")
    assert (read(pair, "backup", "OPCDA/Source"), status_of(pair, "backup", "OPCDA/Source")) == ("none", "Good")
    pair.wait_done(pair.foreign(FOREIGN[0], failed=False))
    wait_until(lambda: read(pair, "backup", "OPCDA/Source") == FOREIGN[0])
    assert status_of(pair, "backup", name) == "Good"
    pair.wait_done(pair.foreign(FOREIGN[1], failed=False))


def test_metering_appears_a_little_after_the_takeover_with_fresh_values(pair: Pair) -> None:
    name = "Metering/Electricity/Total/Energy"
    swap(pair)
    early = status_of(pair, "backup", name)
    assert early == "BadNodeIdUnknown" or time.perf_counter() > began(pair, "backup") + METERING_DELAY / 1000
    assert status_of(pair, "main", name) == "BadNodeIdUnknown"
    wait_until(lambda: status_of(pair, "backup", name) == "Good")


def test_the_entrances_belong_to_an_interface_that_only_a_property_tells(pair: Pair) -> None:
    async def look(guest: Guest) -> list[Any]:
        found = []
        for name in ("Entrance/North/Locked", f"{LOCK}/Locked"):
            properties = {
                (await node.read_browse_name()).Name: node for node in await guest.item(name).get_properties()
            }
            found.append(await properties["Interface"].read_value() if "Interface" in properties else None)
        return found

    assert visit(pair, "main", look) == ["Salto", None]


def trip(pair: Pair, server: str, fan: str) -> str:
    """A fan trips; the subject of the message about it."""
    pair.wait_done(pair.write_item(server, f"BACnet/{fan}/Fault", value=True))
    return f"BACnet/{fan}: fault"


def mend(pair: Pair, *fans: str) -> None:
    for fan in fans:
        pair.wait_done(pair.write_item(pair.active() or "main", f"BACnet/{fan}/Fault", value=False))


def test_a_fault_is_one_message_however_often_the_roles_change(pair: Pair, sink: MailSink) -> None:
    before = len(sink.messages)
    subject = trip(pair, "main", "AHU1/SupplyFan")
    sink.wait_for(before + 1)
    swap(pair)
    swap(pair)
    visit(pair, "main", lambda guest: guest.write("Messenger/Test", True, "Boolean"))
    assert sink.wait_for(before + 2)[before:] == [subject, "Test message"]
    wait_until(lambda: read(pair, "main", "Messenger/Pending") == 0)
    assert sink.messages[-1][1]["To"] == read(pair, "main", "Messenger/Last/Recipient")
    mend(pair, "AHU1/SupplyFan")


def test_a_message_that_waits_for_the_mail_server_is_sent_by_whoever_is_active_then(pair: Pair, sink: MailSink) -> None:
    before = len(sink.messages)
    sink.answer = "451 later"
    subject = trip(pair, "main", "AHU2/SupplyFan")
    wait_until(lambda: read(pair, "main", "Messenger/State") == 3)
    kill_main(pair)
    sink.answer = "250 taken"
    assert sink.wait_for(before + 1)[before:] == [subject]
    assert "backup server" in sink.messages[-1][1].get_content()
    wait_until(lambda: read(pair, "backup", "Messenger/Pending") == 0)
    mend(pair, "AHU2/SupplyFan")


def test_what_is_being_sent_during_a_swap_is_finished_by_who_began(pair: Pair, sink: MailSink) -> None:
    before = len(sink.messages)
    swapped = threading.Event()
    sink.before_answer = lambda: swapped.wait(8)  # whoever sends gives up after ten seconds
    try:
        subject = trip(pair, "main", "AHU1/ExtractFan")
        sink.wait_for(before + 1)
        swap(pair)
        swapped.set()
        wait_until(lambda: read(pair, "backup", "Messenger/Pending") == 0)
    finally:
        sink.before_answer = None
    assert sink.subjects[before:] == [subject]
    assert "main server" in sink.messages[-1][1].get_content()
    mend(pair, "AHU1/ExtractFan")


def test_killed_before_the_mail_server_answers_the_message_comes_again_under_its_name(
    pair: Pair, sink: MailSink
) -> None:
    before, since = len(sink.messages), time.perf_counter()
    sink.before_answer = lambda: pair.kill("main") if len(sink.messages) == before + 1 else None
    try:
        subject = trip(pair, "main", "AHU2/ExtractFan")
        assert sink.wait_for(before + 2)[before:] == [subject, subject]
    finally:
        sink.before_answer = None
    pair.wait_for("exited", "main", since=since)
    (_, first), (_, second) = sink.messages[before:]
    assert first["Message-ID"] == second["Message-ID"]
    assert "may have been sent before" in second.get_content()
    wait_until(lambda: read(pair, "backup", "Messenger/Pending") == 0)
    mend(pair, "AHU2/ExtractFan")


def test_browsers_find_the_web_visualization_on_the_active_server_and_a_web_manager_on_both(pair: Pair) -> None:
    def get(address: str | None, data: bytes | None = None) -> tuple[int, str]:
        assert address is not None
        try:
            with urllib.request.urlopen(address, data, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except urllib.error.URLError:
            return 0, ""

    sites = {server: pair.web_url(server) for server in ("main", "backup")}
    managers = {server: pair.manager_url(server) for server in ("main", "backup")}
    assert [get(site)[0] for site in sites.values()] == [200, 0]
    assert get(f"{managers['main']}/notice", b"text=Closed+today")[0] == 200
    assert get(f"{managers['backup']}/notice", b"text=Open")[0] == 403
    swap(pair)
    wait_until(lambda: get(sites["main"])[0] == 0)
    assert get(sites["backup"])[0] == 200
    assert "Closed today" in get(f"{sites['backup']}/interface/OPCUA")[1]
    assert ["read-only" in get(manager)[1] for manager in managers.values()] == [True, False]
