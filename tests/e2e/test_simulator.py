"""The simulated pair as its clients and its users see it: real processes, real connections."""

from __future__ import annotations

import asyncio
import json
import math
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from fakes.guest import Guest, read, status_of, swap, visit, wait_until
from programs.pairs import UNHURRIED, all_running, began
from vizclient.profiles.loading import load_profile
from vizclient.redundancy.model import Mode, Server
from vizclient.simulator.building import NAMESPACE, building_items
from vizclient.simulator.certificates import own_certificate
from vizclient.simulator.interfaces import MAIN_ONLY
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair, PairError
from vizclient.simulator.replication import Wire
from vizclient.simulator.station import Station

pytestmark = pytest.mark.e2e

SETPOINT = "KNX/F1/Office102/Setpoint"


METERING_DELAY = 1500


def settle(pair: Pair, kind: str) -> None:
    """Both run, the main is active, the backup ready and of the wanted kind."""
    all_running(pair)
    pair.heal_link()
    wait_until(lambda: pair.status()["main"].role == "active" and pair.status()["main"].peer_ready)
    for server in pair.status():
        pair.wait_done(pair.set(server, standby=kind, level=None, reject_certificates=False))


def can_connect(pair: Pair, server: str) -> bool:
    port = pair.options.main_port if server == "main" else pair.options.backup_port
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    audit = tmp_path_factory.mktemp("audit")
    options = Options(
        items=100, return_delay=400, dead_after=UNHURRIED, metering_delay=METERING_DELAY, audit=str(audit)
    )
    with Pair(options) as pair:
        yield pair.start()


@pytest.fixture
def closed(running: Pair) -> Pair:
    settle(running, "closed")
    return running


@pytest.fixture
def passive(running: Pair) -> Pair:
    settle(running, "passive")
    return running


def test_at_first_the_main_is_active_and_a_closed_standby_refuses_connections(closed: Pair) -> None:
    assert visit(closed, "main", lambda guest: guest.system("Server_ServiceLevel").read_value()) == 255
    assert not can_connect(closed, "backup")


def test_every_item_can_be_read_as_the_type_that_it_says(closed: Pair) -> None:
    items = building_items()
    last_told = next(item.identifier for item in items if item.interface == MAIN_ONLY[-1])
    wait_until(lambda: status_of(closed, "main", last_told) == "Good")

    async def look(guest: Guest) -> list[ua.DataValue]:
        nodes = [guest.item(item.identifier) for item in items]
        found: list[ua.DataValue] = await guest.read_attributes(nodes)
        return found

    for item, held in zip(items, visit(closed, "main", look), strict=True):
        assert held.StatusCode.value == item.status, item.identifier
        if held.StatusCode.value >> 30 < 2:
            assert held.Value.VariantType.name == item.data_type, item.identifier
            assert held.Value.is_array == isinstance(item.initial, tuple), item.identifier


def test_a_plain_client_finds_units_ranges_and_texts(closed: Pair) -> None:
    async def look(guest: Guest) -> dict[str, Any]:
        found = {}
        for name in (SETPOINT, "KNX/F1/Office102/Mode", "OPCUA/Lift1/Floor", "KNX/F1/Office102/Light"):
            for node in await guest.item(name).get_properties():
                found[f"{name} {(await node.read_browse_name()).Name}"] = await node.read_value()
        found["display"] = (await guest.item(SETPOINT).read_display_name()).Text
        found["access"] = await guest.item(SETPOINT).get_user_access_level()
        found["fixed"] = await guest.item("KNX/F1/Office102/Temperature").get_user_access_level()
        return found

    found = visit(closed, "main", look)
    assert (found[f"{SETPOINT} EURange"].Low, found[f"{SETPOINT} EURange"].High) == (15, 30)
    assert found[f"{SETPOINT} EngineeringUnits"].UnitId == 4408652
    assert found[f"{SETPOINT} EngineeringUnits"].DisplayName.Text == "°C"
    assert found["KNX/F1/Office102/Mode EnumStrings"][0].Text == "Comfort"
    assert [value.Value for value in found["OPCUA/Lift1/Floor EnumValues"]] == [-1, 1, 2, 3]
    assert found["OPCUA/Lift1/Floor ValueAsText"].Text
    assert found["KNX/F1/Office102/Light TrueState"].Text == "On"
    assert found["display"] == "Office 102 set-point"
    assert ua.AccessLevel.CurrentWrite in found["access"]
    assert ua.AccessLevel.CurrentWrite not in found["fixed"]


def test_all_items_are_found_by_browsing(closed: Pair) -> None:
    async def look(guest: Guest) -> int:
        count, folders = 0, [guest.nodes.objects]
        while folders:
            for found in await folders.pop().get_children_descriptions(refs=ua.ObjectIds.Organizes):
                if found.NodeClass == ua.NodeClass.Variable:
                    count += 1
                elif found.NodeId.NamespaceIndex:
                    folders.append(guest.get_node(found.NodeId))
        return count

    assert visit(closed, "main", look) == len(building_items()) + 100


def test_a_killed_main_is_replaced_and_takes_over_again_with_what_was_written_meanwhile(closed: Pair) -> None:
    visit(closed, "main", lambda guest: guest.write(SETPOINT, 19.5, "Float"))
    killed = time.perf_counter()
    closed.kill("main")
    closed.wait_for("exited", "main", since=killed)
    took_over = closed.wait_for_role("backup", "active", since=killed)
    assert took_over["p"] - killed > 0.15  # it is missed first
    assert read(closed, "backup", SETPOINT) == 19.5
    visit(closed, "backup", lambda guest: guest.write(SETPOINT, 24.5, "Float"))
    restarted = time.perf_counter()
    closed.restart("main")
    closed.wait_for_role("main", "active", since=restarted, timeout=30)
    assert read(closed, "main", SETPOINT) == 24.5
    assert not can_connect(closed, "backup")


def test_what_was_answered_good_survives_a_kill_in_the_same_moment(closed: Pair) -> None:
    async def write_and_kill(guest: Guest) -> None:
        await guest.write(SETPOINT, 26.25, "Float")
        closed.kill("main")

    since = time.perf_counter()
    with pytest.raises((ConnectionError, TimeoutError, asyncio.CancelledError, ua.UaError)):
        visit(closed, "main", _then_fail(write_and_kill))
    closed.wait_for("exited", "main", since=since)
    closed.wait_for_role("backup", "active", since=since)
    assert read(closed, "backup", SETPOINT) == 26.25


def _then_fail(work: Callable[[Guest], Awaitable[None]]) -> Callable[[Guest], Awaitable[None]]:
    async def both(guest: Guest) -> None:
        await work(guest)
        await guest.item(SETPOINT).read_value()

    return both


def ask(pair: Pair, work: Callable[[Guest], Awaitable[Any]]) -> Any:
    """What `work` finds out in a session with the main that waits long for answers."""

    async def run() -> Any:
        async with Guest(pair.url("main"), timeout=30) as guest:
            return await work(guest)

    return asyncio.run(run())


def test_a_main_that_thaws_while_the_backup_is_active_answers_nothing(closed: Pair) -> None:
    async def ask_the_frozen(guest: Guest) -> None:
        closed.freeze("main")
        question = asyncio.get_running_loop().create_task(guest.item(SETPOINT).read_value(), name="question")
        await asyncio.to_thread(closed.wait_for_role, "backup", "active", since=frozen)
        assert not question.done()
        closed.thaw("main")
        await question

    frozen = time.perf_counter()
    with pytest.raises((ConnectionError, TimeoutError, asyncio.CancelledError, ua.UaError)):
        ask(closed, ask_the_frozen)
    stepped_down = closed.wait_for_role("main", "standby", since=frozen)
    assert stepped_down["reason"] == "was stopped"
    closed.wait_for_role("main", "active", since=stepped_down["p"])


def test_a_frozen_backup_that_thaws_stays_on_standby(closed: Pair) -> None:
    closed.freeze("backup")
    since = time.perf_counter()
    wait_until(lambda: not closed.status()["main"].peer)
    closed.thaw("backup")
    wait_until(lambda: closed.status()["main"].peer_ready)
    assert [e for e in closed.events() if e["event"] == "role" and e["p"] > since] == []


def test_roles_are_swapped_and_what_is_not_synchronised_stays_behind(closed: Pair) -> None:
    visit(closed, "main", lambda guest: guest.write(SETPOINT, 18.0, "Float"))
    visit(closed, "main", lambda guest: guest.write("Shutter/F2/West/Setpoint", 33.0, "Double"))
    assert swap(closed) == "backup"
    assert read(closed, "backup", SETPOINT) == 18.0
    assert read(closed, "backup", "Shutter/F2/West/Setpoint") == 0.0
    assert swap(closed) == "main"
    assert read(closed, "main", "Shutter/F2/West/Setpoint") == 33.0


def test_a_cut_link_makes_two_active_and_the_main_wins_when_it_heals(closed: Pair) -> None:
    since = time.perf_counter()
    closed.cut_link()
    closed.wait_for_role("backup", "active", since=since)
    for server in ("main", "backup"):
        assert visit(closed, server, lambda guest: guest.system("Server_ServiceLevel").read_value()) == 255
    visit(closed, "backup", lambda guest: guest.write(SETPOINT, 29.0, "Float"))
    closed.heal_link()
    closed.wait_for_role("backup", "standby", since=since)
    assert closed.active() == "main"
    assert read(closed, "main", SETPOINT) != 29.0


def test_a_shutdown_is_announced_and_handed_over(closed: Pair) -> None:
    async def watch(guest: Guest) -> int:
        asked = time.perf_counter()
        await asyncio.to_thread(closed.wait_done, closed.stop_gracefully("main", 5.0))
        state = await guest.system("Server_ServerStatus_State").read_value()
        left = await guest.system("Server_ServerStatus_SecondsTillShutdown").read_value()
        assert asked + 5.0 - time.perf_counter() - 0.5 <= left <= 5, "whole seconds, counted down"
        with pytest.raises(ua.UaStatusCodeError):
            await guest.write(SETPOINT, 20.0, "Float")
        return int(state)

    since = time.perf_counter()
    assert visit(closed, "main", watch) == 4
    taken = closed.wait_for_role("backup", "active", since=since)
    ended = closed.wait_for("exited", "main", since=since)
    assert (taken["p"] < ended["p"], ended["code"]) == (True, 0)


def test_a_rejecting_standby_refuses_sessions_and_ends_those_there_are(closed: Pair) -> None:
    settle(closed, "reject")
    assert can_connect(closed, "backup")
    with pytest.raises(ua.UaStatusCodeError) as refused:
        read(closed, "backup", SETPOINT)
    assert refused.value.code == ua.StatusCodes.BadServerHalted

    async def see_the_end(guest: Guest) -> None:
        await asyncio.to_thread(swap, closed)
        await guest.item(SETPOINT).read_value()

    with pytest.raises((ConnectionError, TimeoutError, asyncio.CancelledError, ua.UaError)):
        visit(closed, "main", see_the_end)
    swap(closed)


def test_a_passive_standby_takes_sessions_and_serves_nothing_fresh(passive: Pair) -> None:
    async def look(guest: Guest) -> tuple[Any, ...]:
        redundancy = guest.system("Server_ServerRedundancy")
        before = await guest.item("HTTP/Weather/TimeOfDay").read_value()
        await asyncio.sleep(1.2)
        return (
            await guest.system("Server_ServiceLevel").read_value(),
            await guest.system("Server_ServerStatus_State").read_value(),
            await (await redundancy.get_child("0:Mode")).read_value(),
            await (await redundancy.get_child("0:RedundancySupport")).read_value(),
            await guest.item("HTTP/Weather/TimeOfDay").read_value() == before,
        )

    assert visit(passive, "backup", look) == (100, 0, Mode.BACKUP_READY, 2, True)
    with pytest.raises(ua.UaStatusCodeError) as refused:
        visit(passive, "backup", lambda guest: guest.write(SETPOINT, 20.0, "Float"))
    assert refused.value.code == ua.StatusCodes.BadInvalidState


def test_metering_is_there_on_the_active_server_only(passive: Pair) -> None:
    meter = "Metering/Electricity/Total/Power"
    wait_until(lambda: status_of(passive, "main", meter) == "Good")
    assert status_of(passive, "backup", meter) == "BadNodeIdUnknown"
    swap(passive)
    early = status_of(passive, "backup", meter)
    assert early == "BadNodeIdUnknown" or time.perf_counter() > began(passive, "backup") + METERING_DELAY / 1000
    assert status_of(passive, "main", meter) == "BadNodeIdUnknown"
    wait_until(lambda: status_of(passive, "backup", meter) == "Good")
    swap(passive)


def test_the_two_have_other_namespace_orders_and_names_of_their_own(passive: Pair) -> None:
    async def look(guest: Guest) -> tuple[list[str], str]:
        (endpoint, *_) = await guest.get_endpoints()
        return guest.namespaces, endpoint.Server.ApplicationUri

    main, backup = (visit(passive, server, look) for server in ("main", "backup"))
    assert sorted(main[0][2:]) == sorted(backup[0][2:])
    assert main[0].index(NAMESPACE) != backup[0].index(NAMESPACE)
    assert (main[1], backup[1]) == ("urn:vizclient:demo:server:main", "urn:vizclient:demo:server:backup")


def test_a_session_on_a_passive_pair_is_told_of_the_swap_by_push_and_can_ask_for_one(passive: Pair) -> None:
    async def fail_over(guest: Guest) -> tuple[set[Any], set[Any]]:
        seen: asyncio.Queue[Any] = asyncio.Queue()
        redundancy = guest.system("Server_ServerRedundancy")
        mode = await redundancy.get_child("0:Mode")
        subscription = await guest.create_subscription(50, _Pushed(seen))
        await subscription.subscribe_data_change([guest.system("Server_ServiceLevel"), mode])
        before = {await seen.get(), await seen.get()}
        await redundancy.call_method("0:Failover")
        after: set[Any] = set()
        while not after >= {100, Mode.BACKUP_READY}:
            after.add(await asyncio.wait_for(seen.get(), timeout=5))
        return before, after

    since = time.perf_counter()
    before, _ = visit(passive, "main", fail_over)
    assert before == {255, Mode.PRIMARY_WITH_BACKUP}
    passive.wait_for_role("backup", "active", since=since)
    swap(passive)


class _Pushed:
    """asyncua's form of a listener."""

    def __init__(self, seen: asyncio.Queue[Any]) -> None:
        self._seen = seen

    def datachange_notification(self, _node: Any, value: Any, _data: Any) -> None:
        self._seen.put_nowait(value)


def test_the_server_set_is_described(passive: Pair) -> None:
    async def look(guest: Guest) -> tuple[Any, ...]:
        redundancy = guest.system("Server_ServerRedundancy")
        kind = await redundancy.read_type_definition()
        rows = await (await redundancy.get_child("0:RedundantServerArray")).read_value()
        uris = await (await redundancy.get_child("0:ServerUriArray")).read_value()
        return kind.Identifier, [(row.ServerId, row.ServiceLevel) for row in rows], uris

    uris = ["urn:vizclient:demo:server:main", "urn:vizclient:demo:server:backup"]
    kind, rows, listed = visit(passive, "main", look)
    assert kind == ua.ObjectIds.NonTransparentBackupRedundancyType
    assert rows == [(uris[0], 255), (uris[1], 100)]
    assert listed == uris


def test_a_test_can_make_a_server_say_other_things(passive: Pair) -> None:
    passive.wait_done(passive.set("main", level=0, estimated_return=60))

    async def look(guest: Guest) -> tuple[Any, float]:
        returns = await guest.system("Server_EstimatedReturnTime").read_value()
        now = await guest.system("Server_ServerStatus_CurrentTime").read_value()
        return await guest.system("Server_ServiceLevel").read_value(), (returns - now).total_seconds()

    level, away = visit(passive, "main", look)
    assert level == 0
    assert 55 < away < 65
    passive.wait_done(passive.write_item("main", "KNX/F3/Office301/Temperature", status=0x808C0000))
    assert status_of(passive, "main", "KNX/F3/Office301/Temperature") == "BadSensorFailure"
    passive.wait_done(passive.write_item("main", "KNX/F3/Office301/Temperature", 33.0, status=0))
    assert status_of(passive, "main", "KNX/F3/Office301/Temperature") == "Good"
    with pytest.raises(PairError, match="no item"):
        passive.wait_done(passive.write_item("main", "KNX/Nowhere", 1))
    with pytest.raises(PairError, match="cannot set"):
        passive.wait_done(passive.set("main", colour="red"))


def test_the_audit_log_has_every_value_that_a_client_saw(passive: Pair) -> None:
    name = "Modbus/PowerMeter1/Frequency"

    async def watch(guest: Guest) -> set[float]:
        seen = set()
        for _ in range(10):
            seen.add(await guest.item(name).read_value())
            await asyncio.sleep(0.05)
        return seen

    seen = visit(passive, "main", watch)
    lines = (Path(passive.options.audit) / "main.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    held = {entry["value"] for entry in entries if entry.get("item") == name}
    assert all(any(math.isclose(value, logged, rel_tol=1e-6) for logged in held) for value in seen)
    roles = [entry for entry in entries if entry["kind"] == "role"]
    said = [event for event in passive.events() if event["event"] == "role" and event["server"] == "main"]
    assert roles[-1]["p"] == pytest.approx(said[-1]["p"], abs=1e-6)


def test_a_minute_passes_in_the_building_with_every_second_on_the_wall(passive: Pair) -> None:
    file = Path(passive.options.audit) / "main.jsonl"

    def uptimes() -> list[tuple[float, int]]:
        entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        active = max(entry["p"] for entry in entries if entry["kind"] == "role")
        return [(e["p"], e["value"]) for e in entries if e.get("item") == "OPCUA/Service/Uptime" and e["p"] > active]

    def rate() -> float:
        """Building seconds a second over the last three; 0 before. A server that was held up loses time, and does not make it good."""
        found = uptimes()
        earlier = [entry for entry in found if entry[0] < found[-1][0] - 3.0]
        return (found[-1][1] - earlier[-1][1]) / (found[-1][0] - earlier[-1][0]) if earlier else 0.0

    wait_until(lambda: rate() == pytest.approx(60.0, rel=0.05), timeout=60)


def test_an_encrypted_session_works_unless_its_certificate_is_refused(passive: Pair, tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, "client", "urn:test:client", "127.0.0.1")

    async def connect() -> Any:
        guest = Guest(passive.url("main"), timeout=4)
        guest.application_uri = "urn:test:client"
        await guest.set_security(
            SecurityPolicyBasic256Sha256, str(certificate), str(key), mode=ua.MessageSecurityMode.SignAndEncrypt
        )
        async with guest:
            await guest.write(SETPOINT, 23.0, "Float")
            return await guest.item(SETPOINT).read_value()

    assert asyncio.run(connect()) == 23.0
    passive.wait_done(passive.set("main", reject_certificates=True))
    with pytest.raises((ConnectionError, TimeoutError, ua.UaError)):
        asyncio.run(connect())
    assert read(passive, "main", SETPOINT) == 23.0


def test_with_stay_the_backup_keeps_the_role_and_certificates_outlive_a_restart(tmp_path: Path) -> None:
    options = Options(
        stay=True, return_delay=100, grace=300, dead_after=UNHURRIED, data_dir=str(tmp_path), announce="none"
    )
    with Pair(options) as pair:
        pair.start("backup")
        assert pair.active() == "backup"
        before = {file.name: file.read_bytes() for file in tmp_path.glob("backup.*") if file.suffix != ".log"}
        started = time.perf_counter()
        pair.launch("main")
        pair.wait_for("ready", "main", since=started, timeout=30)
        wait_until(lambda: pair.status()["backup"].peer_ready)
        with pytest.raises(PairError):
            pair.wait_for_role("main", "active", since=started, timeout=0.5)

        async def look(guest: Guest) -> ua.DataValue:
            level: ua.DataValue = await guest.system("Server_ServiceLevel").read_data_value(raise_on_bad_status=False)
            return level

        assert visit(pair, "backup", look).StatusCode.is_bad()
        pair.restart("backup")
        pair.wait_for_role("main", "active", since=started)
        assert len(before) == 2
        assert before == {file.name: file.read_bytes() for file in tmp_path.glob("backup.*") if file.suffix != ".log"}


def test_a_ghost_answers_for_a_moment_after_the_thaw() -> None:
    with Pair(Options(ghost=True, dead_after=UNHURRIED)) as pair:
        pair.start()
        wait_until(lambda: pair.status()["main"].peer_ready)

        async def ask_the_frozen(guest: Guest) -> Any:
            since = time.perf_counter()
            pair.freeze("main")
            question = asyncio.get_running_loop().create_task(guest.item(SETPOINT).read_value(), name="question")
            await asyncio.to_thread(pair.wait_for_role, "backup", "active", since=since)
            pair.thaw("main")
            answer = await question
            await asyncio.to_thread(pair.wait_for_role, "main", "standby", since=since)
            return answer

        assert ask(pair, ask_the_frozen) > 0


def test_a_server_says_how_it_stands_from_its_first_heartbeat_on(tmp_path: Path) -> None:
    with Pair(Options(data_dir=str(tmp_path))) as pair:
        options = pair.options
    heard: queue.Queue[tuple[str, Any]] = queue.Queue()
    peer = Wire(
        listen=False, port=options.link_port, heartbeat=0.05, limit=60.0, receive=lambda _, *said: heard.put(said)
    )

    async def first() -> tuple[str, Any]:
        station = Station(Server.MAIN, options, lambda *_: None)
        await station.start()  # it does not act yet, as if it were held up
        peer.start()
        try:
            return await asyncio.to_thread(heard.get, timeout=20)
        finally:
            peer.close()
            await station.close()

    assert asyncio.run(first()) == ("word", ["standby", False, "main", 0])


def test_closing_ends_processes_in_any_state() -> None:
    pair = Pair()
    pair.launch()
    pair.wait_for("started", "main", since=0.0)
    pair.wait_for("started", "backup", since=0.0)
    pair.freeze("main")
    pair.close()
    assert not any(status.running for status in pair.status().values())
    assert not Path(pair.options.data_dir).exists()


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PairError, match="main server did not start"):
        Pair(Options(main_port=taken.getsockname()[1])).start()


def test_the_servers_end_with_a_parent_that_is_killed() -> None:
    program = (
        "import sys\n"
        "from vizclient.simulator.pair import Pair\n"
        "from vizclient.simulator.options import Options\n"
        f"pair = Pair(Options(dead_after={UNHURRIED})).start()\n"
        "print(pair.options.main_port, flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        parent.kill()
    wait_until(lambda: not _open(port))


def _open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def test_the_command_writes_a_profile_and_obeys_typed_controls(tmp_path: Path) -> None:
    profile = tmp_path / "pair.toml"
    command = [
        sys.executable,
        "-P",
        "-m",
        "vizclient",
        "sim",
        "--data-dir",
        str(tmp_path),
        "--write-profile",
        str(profile),
    ]
    typed = "status\nlevel m 7\nlevel m 999\nwrite b KNX/F1/Office101/Window true\nnonsense\nhelp\nquit\n"
    done = subprocess.run(command, input=typed, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert load_profile(profile, tmp_path).main.url in done.stdout
    assert "active" in done.stdout
    assert "not understood: level main 999" in done.stdout
    assert "not understood: nonsense" in done.stdout
    assert "freeze SERVER" in done.stdout
