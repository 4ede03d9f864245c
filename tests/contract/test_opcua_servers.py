"""The OPC UA adapter against servers: real ones with good and bad days, and strangers that are none."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from fakes.ua_server import NAMESPACE, UaServer, ua_server
from fakes.wire import Stranger, free_port, relay
from vizclient.items.address import Address
from vizclient.items.ports import Change, ServiceFault, SessionEnded
from vizclient.items.value import Value
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Deadlines, Target
from vizclient.opcua.errors import BAD_DECODING_ERROR
from vizclient.opcua.names import Resolver
from vizclient.opcua.role import RoleItem
from vizclient.opcua.session import OpcUaSession
from vizclient.opcua.trust import Security, own_identity, thumbprint
from vizclient.redundancy.model import Layer, Problem, ProblemKind, Report, Server, Timing

DEADLINES = Deadlines(tcp=5.0, step=5.0, request=5.0)
SHORT = Deadlines(tcp=0.6, step=0.6, request=2.0)
"""For what is waited for in vain."""
FAST = Timing(publishing=0.02)
Make = Callable[..., OpcUaConnector]


class Heard:
    """A listener that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.lost: list[Problem] = []
        self.changes: dict[int, Change] = {}
        self.gaps = 0
        self._changed = asyncio.Event()

    def session_reported(self, generation: int, report: Report) -> None:
        self.reports.append(report)
        self._changed.set()

    def session_lost(self, generation: int, problem: Problem) -> None:
        self.lost.append(problem)
        self._changed.set()

    def batch(self, changes: Sequence[Change]) -> None:
        self.changes.update({change.handle: change for change in changes})
        self._changed.set()

    def gap(self) -> None:
        self.gaps += 1
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A connector for one URL or Target."""

    def connector(target: str | Target, **options: Any) -> OpcUaConnector:
        chosen: dict[str, Any] = {"timing": FAST, "deadlines": DEADLINES} | options
        where = Target(target) if isinstance(target, str) else target
        return OpcUaConnector({Server.MAIN: where}, own=tmp_path / "own", trusted=tmp_path / "trusted", **chosen)

    return connector


@pytest.fixture(scope="module")
def plant_server() -> Iterator[UaServer]:
    with ua_server() as server:
        yield server


@pytest.fixture
def plant(plant_server: UaServer) -> UaServer:
    """Nobody is there any more whom an earlier test had there."""
    assert plant_server.left() == (0, 0)
    return plant_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate and key of a secured server."""
    folder = tmp_path_factory.mktemp("server")
    own_identity(folder)
    return folder / "vizclient.der", folder / "vizclient.pem"


@pytest.fixture(scope="module")
def secured(certificate: tuple[Path, Path]) -> Iterator[UaServer]:
    with ua_server(certificate=certificate) as server:
        yield server


async def _fails(connector: OpcUaConnector, *, session: bool = True) -> tuple[Layer, Problem]:
    result = await connector.probe(Server.MAIN, 1, Heard(), session=session)
    assert result.session is None
    assert result.report.problem is not None, result.report
    assert result.report.problem.layer is result.report.layer
    return result.report.layer, result.report.problem


@contextlib.asynccontextmanager
async def _session(connector: OpcUaConnector, heard: Heard | None = None) -> AsyncIterator[OpcUaSession]:
    result = await connector.probe(Server.MAIN, 1, heard or Heard(), session=True)
    assert isinstance(result.session, OpcUaSession), result.report
    try:
        yield result.session
    finally:
        await result.session.close()


def item(identifier: str | int) -> Address:
    return Address(NAMESPACE, identifier)


# -- strangers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stranger", "kind"),
    [
        ({"answer": None}, ProblemKind.TIMED_OUT),
        ({"answer": None, "hang_up": True}, ProblemKind.REFUSED),
        ({"answer": None, "reset": True}, ProblemKind.REFUSED),
        ({"answer": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, ProblemKind.NOT_OPC_UA),
        ({"answer": b"ACK"}, ProblemKind.TIMED_OUT),
        ({"answer": b"ACKF\xff\xff\xff\xff"}, ProblemKind.UNDECODABLE),
        ({"answer": b"ACKF\x08\x00\x00\x00"}, ProblemKind.UNDECODABLE),
        ({"answer": b"ERRF\x10\x00\x00\x00\x00\x00\x7d\x80\xff\xff\xff\xff"}, ProblemKind.REFUSED),
    ],
    ids=["silent", "hangs up", "resets", "http", "half a word", "endless", "empty", "error"],
)
def test_a_stranger_is_named_for_what_it_does_and_keeps_no_connection(
    make: Make, stranger: dict[str, Any], kind: ProblemKind
) -> None:
    async def run() -> None:
        async with Stranger(**stranger) as other:
            deadlines = replace(DEADLINES, step=SHORT.step) if kind is ProblemKind.TIMED_OUT else DEADLINES
            layer, problem = await _fails(make(other.url, deadlines=deadlines))
            assert (layer, problem.kind) == (Layer.TCP, kind)
            assert await other.settled() == 0

    asyncio.run(run())


def test_the_status_of_a_refused_hello_is_reported(make: Make) -> None:
    async def run() -> None:
        async with Stranger(b"ERRF\x10\x00\x00\x00\x00\x00\x7d\x80\xff\xff\xff\xff") as other:
            _, problem = await _fails(make(other.url))
            assert problem.status == 0x807D0000  # Bad_TcpServerTooBusy

    asyncio.run(run())


def test_a_port_that_nobody_listens_on_never_answers_itself(make: Make) -> None:
    # Linux gives a connecting socket any free port of its own end: now and then the one it connects to.
    async def run() -> None:
        connector = make(f"opc.tcp://127.0.0.1:{free_port()}")
        for _ in range(50):
            layer, problem = await _fails(connector, session=False)
            assert (layer, problem.kind) == (Layer.NOTHING, ProblemKind.UNREACHABLE)

    asyncio.run(run())


# -- names ------------------------------------------------------------------------------------------------------------


def test_an_unknown_host_is_unresolved(make: Make) -> None:
    def lookup(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    layer, problem = asyncio.run(_fails(make("opc.tcp://nowhere.invalid:4840", resolver=Resolver(lookup))))
    assert (layer, problem.kind) == (Layer.NOTHING, ProblemKind.UNRESOLVED)
    assert "nowhere.invalid" in problem.detail


def test_a_stuck_resolver_is_unresolved_in_time_asked_once_and_does_not_hold_up_the_end(make: Make) -> None:
    stuck, asked = threading.Event(), []

    def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        stuck.wait(30)
        return ["127.0.0.1"]

    connector_of = make

    async def run() -> None:
        connector = connector_of("opc.tcp://slow.invalid:4840", resolver=Resolver(lookup), deadlines=SHORT)
        for _ in range(2):
            _, problem = await _fails(connector)
            assert problem.kind is ProblemKind.UNRESOLVED

    begun = time.perf_counter()
    asyncio.run(run())
    assert time.perf_counter() - begun < 25  # it was stuck for longer
    assert asked == ["slow.invalid"]
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("resolve"))
    stuck.set()


def test_several_addresses_are_raced_and_the_losers_dropped(make: Make, plant: UaServer) -> None:
    async def run() -> None:
        lookups = Resolver(lambda host, port: ["127.0.0.9", "127.0.0.1", "::1"])
        connector = make(f"opc.tcp://both.invalid:{plant.port}", resolver=lookups)
        async with _session(connector) as session:
            assert (await session.read([(1, item("none"))]))[0].status == 0x80340000

    asyncio.run(run())


def test_a_name_is_looked_up_anew_only_after_a_failure_and_nobody_waits_for_the_answer(
    make: Make, plant: UaServer
) -> None:
    asked: list[str] = []
    stuck = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        if len(asked) > 1:
            stuck.wait(60)
        return ["127.0.0.1"]

    async def run() -> None:
        async with relay(plant.port) as wire:
            connector = make(f"opc.tcp://name.invalid:{wire.port}", resolver=Resolver(lookup))
            for _ in range(3):
                async with _session(connector):
                    pass
            assert len(asked) == 1
            await wire.stop_listening()
            for _ in range(2):
                await _fails(connector)
            await wire.start()
            async with _session(connector):
                pass
            async with asyncio.timeout(20):
                while len(asked) < 2:  # noqa: ASYNC110 - it is asked in a thread
                    await asyncio.sleep(0.01)
            async with _session(connector):
                pass
            assert len(asked) == 2

    asyncio.run(run())
    stuck.set()


# -- what is left behind ----------------------------------------------------------------------------------------------


def test_a_probe_cancelled_at_any_moment_leaves_no_session_on_the_server(make: Make, plant: UaServer) -> None:
    async def run() -> None:
        connector = make(plant.url)
        async with _session(connector):
            pass
        for tenths in range(0, 60, 2):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(tenths / 10_000):
                    result = await connector.probe(Server.MAIN, 1, Heard(), session=True)
                    if result.session is not None:
                        await result.session.close()
        left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert left == []

    asyncio.run(run())
    assert plant.left() == (0, 0)


def test_a_probe_cancelled_while_its_session_is_created_closes_it_all_the_same(make: Make, plant: UaServer) -> None:
    create, close = b"\x01\x00\xcd\x01", b"\x01\x00\xd9\x01"  # the requests' type ids

    async def run() -> None:
        async with relay(plant.port) as wire:
            sent: list[bytes] = []
            creating = asyncio.Event()

            def upward(data: bytes) -> bytes:
                sent.append(data)
                if create in data:
                    creating.set()
                return data

            wire.upward = upward
            async with asyncio.TaskGroup() as group:
                probe = group.create_task(make(wire.url).probe(Server.MAIN, 1, Heard(), session=True), name="probe")
                await creating.wait()
                probe.cancel()
            assert await wire.settled() == 0
            assert any(close in data for data in sent)

    asyncio.run(run())


# -- the watchdog -----------------------------------------------------------------------------------------------------


def test_a_server_that_is_slow_but_talking_is_not_lost(make: Make, plant: UaServer) -> None:
    async def run() -> None:
        async with relay(plant.port) as wire:
            heard = Heard()
            async with _session(make(wire.url, timing=replace(FAST, watchdog=1.0)), heard) as session:
                wire.drip = (4, 0.5)
                await session.watch()
                begun = time.perf_counter()
                await heard.until(lambda: bool(heard.reports or heard.lost))
                assert time.perf_counter() - begun > 1.8
                wire.drip = None
            assert heard.lost == []

    asyncio.run(run())


# -- security ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        ("Basic256Sha256", "Sign"),
        ("Basic256Sha256", "SignAndEncrypt"),
        ("Aes128_Sha256_RsaOaep", "SignAndEncrypt"),
        ("Aes256_Sha256_RsaPss", "SignAndEncrypt"),
    ],
)
def test_secured_sessions_work_and_need_no_second_look_at_the_endpoints(
    make: Make, secured: UaServer, policy: str, mode: str
) -> None:
    async def run() -> None:
        connector = make(Target(secured.url, Security(policy, mode)))
        for _ in range(2):
            async with _session(connector) as session:
                assert (await session.read([(1, item("none"))]))[0].status == 0x80340000

    asyncio.run(run())


def test_a_changed_server_certificate_needs_a_person_and_both_thumbprints_are_told(
    make: Make, secured: UaServer, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    async def run() -> None:
        connector = make(Target(secured.url, Security("Basic256Sha256", "SignAndEncrypt")))
        async with _session(connector):
            pass
        trusted = tmp_path / "trusted" / "main.der"
        real = trusted.read_bytes()
        assert real == certificate[0].read_bytes()
        own_identity(tmp_path / "another")
        trusted.write_bytes((tmp_path / "another" / "vizclient.der").read_bytes())
        _, problem = await _fails(connector)
        assert problem.kind is ProblemKind.CERTIFICATE
        assert thumbprint(real) in problem.detail
        assert thumbprint(trusted.read_bytes()) in problem.detail
        trusted.unlink()  # a person's decision
        async with _session(connector):
            pass

    asyncio.run(run())


def test_security_that_the_server_does_not_offer_is_said_with_what_it_offers(make: Make, plant: UaServer) -> None:
    _, problem = asyncio.run(_fails(make(Target(plant.url, Security("Basic256Sha256", "SignAndEncrypt")))))
    assert problem.kind is ProblemKind.SECURITY
    assert "None/None" in problem.detail


def test_a_channel_is_renewed_before_its_token_expires(make: Make, secured: UaServer) -> None:
    async def run() -> None:
        heard = Heard()
        connector = make(
            Target(secured.url, Security("Basic256Sha256", "SignAndEncrypt")), deadlines=replace(DEADLINES, token=0.4)
        )
        async with _session(connector, heard) as session:
            await session.watch()
            session.receive(heard.batch, heard.gap)
            begun = time.perf_counter()
            while time.perf_counter() - begun < 1.3:  # three tokens
                assert (await session.read([(1, item("none"))]))[0].status == 0x80340000
                await asyncio.sleep(0.02)
        assert heard.lost == []

    asyncio.run(run())


# -- the role ---------------------------------------------------------------------------------------------------------


def test_mode_and_role_item_are_read_with_the_rest_and_pushed_when_they_change(make: Make) -> None:
    with ua_server(namespaces=("urn:other",)) as server:
        redundancy = server.node(ua.ObjectIds.Server_ServerRedundancy)
        mode = server.run(redundancy.add_property(0, "Mode", ua.Variant(1, ua.VariantType.Int32)))
        role = server.add("Role", "primary", ua.VariantType.String)

        async def run() -> None:
            heard = Heard()
            connector = make(server.url, role_item=RoleItem(item("Role"), ("primary", "master")))
            known = await connector.probe(Server.MAIN, 1, heard, session=True)
            assert (known.report.mode, known.report.custom_active) == (1, True)
            assert known.session is not None
            await known.session.close()
            result = await connector.probe(Server.MAIN, 2, heard, session=True)
            session = result.session
            assert session is not None
            assert (result.report.mode, result.report.custom_active) == (1, True)
            await session.watch()
            server.set(mode, 2, ua.VariantType.Int32)
            server.set(role, "secondary", ua.VariantType.String)
            await heard.until(
                lambda: bool(heard.reports) and (heard.reports[-1].mode, heard.reports[-1].custom_active) == (2, False)
            )
            await session.close()

        asyncio.run(run())


def test_mode_is_found_anew_where_the_address_space_was_built_anew(make: Make) -> None:
    async def modes(connector: OpcUaConnector) -> int | None:
        result = await connector.probe(Server.MAIN, 1, Heard(), session=True)
        assert result.session is not None
        await result.session.close()
        return result.report.mode

    with ua_server() as server:
        redundancy = server.node(ua.ObjectIds.Server_ServerRedundancy)
        numbers = [ua.NodeId(f"mode-{n}", server.index) for n in range(2)]
        server.run(redundancy.add_property(numbers[0], "0:Mode", ua.Variant(1, ua.VariantType.Int32)))

        async def run() -> None:
            connector = make(server.url)
            assert await modes(connector) == 1
            await asyncio.to_thread(server.run, server.server.delete_nodes([server.server.get_node(numbers[0])]))
            add = redundancy.add_property(numbers[1], "0:Mode", ua.Variant(2, ua.VariantType.Int32))
            await asyncio.to_thread(server.run, add)
            add = redundancy.add_property(numbers[0], "0:Season", ua.Variant(0, ua.VariantType.Int32))
            await asyncio.to_thread(server.run, add)
            assert [await modes(connector) for _ in range(2)] == [2, 2]

        asyncio.run(run())


def test_a_role_item_that_comes_with_the_role_is_noticed_in_the_open_session(make: Make) -> None:
    with ua_server() as server:

        async def run() -> None:
            heard = Heard()
            connector = make(server.url, role_item=RoleItem(item("Role"), ("primary",)))
            result = await connector.probe(Server.MAIN, 1, heard, session=True)
            assert result.session is not None
            assert result.report.custom_active is None
            await result.session.watch()
            await asyncio.to_thread(server.add, "Role", "primary", ua.VariantType.String)
            await heard.until(lambda: bool(heard.reports) and heard.reports[-1].custom_active is True)
            await result.session.close()

        asyncio.run(run())


def test_the_estimated_return_is_reckoned_against_the_servers_own_clock(make: Make, plant: UaServer) -> None:
    known = time.perf_counter()
    now = plant.run(plant.node(ua.ObjectIds.Server_ServerStatus_CurrentTime).read_value())
    server_now = now if now.tzinfo else now.replace(tzinfo=UTC)
    node = plant.node(ua.ObjectIds.Server_EstimatedReturnTime)
    plant.set(node, server_now + timedelta(seconds=90), ua.VariantType.DateTime)

    async def run() -> None:
        result = await make(plant.url).probe(Server.MAIN, 1, Heard(), session=True)
        assert result.session is not None
        await result.session.close()
        assert result.report.estimated_return is not None
        assert result.report.estimated_return - known == pytest.approx(90, abs=5)

    asyncio.run(run())
    plant.set(node, datetime(1601, 1, 1, tzinfo=UTC), ua.VariantType.DateTime)


def test_the_peers_service_level_is_read_from_the_active_server(make: Make, plant: UaServer) -> None:
    node = plant.node(ua.ObjectIds.Server_ServerRedundancy_RedundantServerArray)
    with contextlib.suppress(ua.UaStatusCodeError):
        plant.run(node.read_data_type())
        peers = [ua.RedundantServerDataType("urn:a", 255, 0), ua.RedundantServerDataType("urn:b", 100, 0)]
        plant.set(node, peers, ua.VariantType.ExtensionObject)

        async def run() -> None:
            result = await make(plant.url).probe(Server.MAIN, 1, Heard(), session=True)
            assert result.session is not None
            await result.session.close()
            assert result.report.peer_levels == (("urn:a", 255), ("urn:b", 100))

        asyncio.run(run())


# -- values -----------------------------------------------------------------------------------------------------------


def test_addresses_hold_whatever_the_order_of_namespaces(make: Make) -> None:
    async def run(server: UaServer) -> Value:
        async with _session(make(server.url)) as session:
            known, unknown = await session.read([(1, item("X")), (2, Address("urn:nowhere", "X"))])
            assert unknown.status == 0x80340000
            return known.value

    found = []
    for namespaces in ((), ("urn:one", "urn:two")):
        with ua_server(namespaces) as server:
            server.add("X", float(server.index), ua.VariantType.Double)
            found.append(asyncio.run(run(server)))
    assert found == [2.0, 4.0]


def test_values_of_every_kind_arrive_as_values(make: Make, plant: UaServer) -> None:
    stamp = datetime(2024, 2, 29, 12, 0, 0, 125_000, tzinfo=UTC)
    wanted: dict[str, tuple[Any, ua.VariantType, Value]] = {
        "Int64": (-(2**63), ua.VariantType.Int64, -(2**63)),
        "Text": ("grün", ua.VariantType.String, "grün"),
        "NotText": ("a\udcffb", ua.VariantType.String, "a\ufffdb"),
        "Time": (stamp, ua.VariantType.DateTime, stamp),
        "Array": ([1, 2, 3], ua.VariantType.Int32, (1, 2, 3)),
        "Matrix": ([[1, 2], [3, 4]], ua.VariantType.Int32, ((1, 2), (3, 4))),
        "Bytes": (b"\x00\xff", ua.VariantType.ByteString, b"\x00\xff"),
        "Localized": (ua.LocalizedText("Raum", "de"), ua.VariantType.LocalizedText, "Raum"),
        "Null": (None, ua.VariantType.String, None),
        "Unit": (ua.EUInformation(DisplayName=ua.LocalizedText("°C")), ua.VariantType.ExtensionObject, "°C"),
    }
    for name, (raw, kind, _) in wanted.items():
        plant.add(name, raw, kind)
    plant.add("NaN", math.nan, ua.VariantType.Double)

    async def run() -> None:
        async with _session(make(plant.url)) as session:
            read = await session.read([(index, item(name)) for index, name in enumerate(wanted)])
            assert {name: change.value for name, change in zip(wanted, read, strict=True)} == {
                name: value for name, (_, _, value) in wanted.items()
            }
            (nan,) = await session.read([(1, item("NaN"))])
            assert isinstance(nan.value, float)
            assert math.isnan(nan.value)

    asyncio.run(run())


def test_one_value_that_cannot_be_decoded_costs_only_itself(make: Make, plant: UaServer) -> None:
    body = ua.ExtensionObject(ua.NodeId(ua.ObjectIds.Range_Encoding_DefaultBinary), b"\x01")
    odd = plant.add("Odd", ua.Range(0.0, 1.0), ua.VariantType.ExtensionObject)
    fine = [plant.add(f"Fine{number}", number, ua.VariantType.Int32) for number in range(6)]

    async def run() -> None:
        heard = Heard()
        async with _session(make(plant.url), heard) as session:
            items = [(number, item(f"Fine{number}")) for number in range(6)] + [(9, item("Odd"))]
            session.receive(heard.batch, heard.gap)
            await session.subscribe(items)
            await heard.until(lambda: len(heard.changes) == 7)
            plant.set_data(odd, ua.DataValue(ua.Variant(body, ua.VariantType.ExtensionObject)))
            await heard.until(lambda: heard.gaps == 1)
            read = await session.read(items)
            assert [change.value for change in read] == [0, 1, 2, 3, 4, 5, None]
            assert read[-1].status == BAD_DECODING_ERROR
            plant.set(fine[0], 100, ua.VariantType.Int32)
            await heard.until(lambda: heard.changes[0].value == 100)
        assert heard.lost == []

    asyncio.run(run())


def test_a_skipped_sequence_number_is_a_gap(make: Make, plant: UaServer) -> None:
    node = plant.add("Skipped", 0, ua.VariantType.Int32)

    async def run() -> None:
        heard = Heard()
        async with _session(make(plant.url), heard) as session:
            session.receive(heard.batch, heard.gap)
            await session.subscribe([(1, item("Skipped"))])
            await heard.until(lambda: 1 in heard.changes)
            (subscription,) = plant.subscriptions.values()
            subscription._notification_seq += 1
            plant.set(node, 1, ua.VariantType.Int32)
            await heard.until(lambda: heard.gaps == 1)
            assert heard.changes[1].value == 1

    asyncio.run(run())


def test_a_subscription_that_the_server_forgets_is_made_anew_with_its_items(make: Make, plant: UaServer) -> None:
    node = plant.add("Forgotten", 0, ua.VariantType.Int32)

    async def run() -> None:
        heard = Heard()
        connector = make(plant.url, deadlines=replace(DEADLINES, keep_alive=0.1))
        async with _session(connector, heard) as session:
            await session.watch()
            session.receive(heard.batch, heard.gap)
            assert await session.subscribe([(1, item("Forgotten"))]) == [0]
            await heard.until(lambda: 1 in heard.changes)
            service = plant.server.iserver.subscription_service
            plant.run(service.delete_subscriptions(list(plant.subscriptions)))
            await heard.until(lambda: heard.gaps > 0)
            plant.set(node, 5, ua.VariantType.Int32)
            await heard.until(lambda: heard.changes[1].value == 5)
        assert heard.lost == []

    asyncio.run(run())


def test_what_cannot_be_monitored_any_more_when_a_subscription_is_made_anew_is_told(
    make: Make, plant: UaServer
) -> None:
    plant.add("Lasting", 1, ua.VariantType.Int32)
    doomed = plant.add("Doomed", 2, ua.VariantType.Int32)

    async def run() -> None:
        heard = Heard()
        connector = make(plant.url, deadlines=replace(DEADLINES, keep_alive=0.1))
        async with _session(connector, heard) as session:
            await session.watch()
            session.receive(heard.batch, heard.gap)
            assert await session.subscribe([(1, item("Lasting")), (2, item("Doomed"))]) == [0, 0]
            await heard.until(lambda: len(heard.changes) == 2)
            service = plant.server.iserver.subscription_service
            plant.run(service.delete_subscriptions(list(plant.subscriptions)))
            plant.run(plant.server.delete_nodes([doomed]))
            await heard.until(lambda: heard.changes[2].status == 0x80340000)
            assert heard.changes[1].status == 0
        assert heard.lost == []

    asyncio.run(run())


def test_a_server_that_lets_no_node_be_read_refuses(
    make: Make, plant: UaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyncua.server.internal_session import InternalSession

    async def read(self: Any, parameters: Any) -> Any:
        return [ua.DataValue(StatusCode=ua.StatusCode(ua.StatusCodes.BadNotReadable)) for _ in parameters.NodesToRead]

    monkeypatch.setattr(InternalSession, "read", read)
    layer, problem = asyncio.run(_fails(make(plant.url)))
    assert (layer, problem.kind, problem.status) == (Layer.ACTIVATED, ProblemKind.REFUSED, 0x803A0000)
    assert plant.left() == (0, 0)


def test_a_server_that_takes_few_operations_at_a_time_still_gives_everything(
    make: Make, plant: UaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyncua.common.utils import ServiceError
    from asyncua.server.internal_session import InternalSession

    for number in range(40):
        plant.add(f"Many{number}", number, ua.VariantType.Int32)
    original = {name: getattr(InternalSession, name) for name in ("read", "create_monitored_items")}

    def limited(name: str, field: str, most: int) -> Any:
        async def call(self: Any, parameters: Any, *rest: Any) -> Any:
            if len(getattr(parameters, field)) > most:
                raise ServiceError(ua.StatusCodes.BadTooManyOperations)
            return await original[name](self, parameters, *rest)

        return call

    monkeypatch.setattr(InternalSession, "read", limited("read", "NodesToRead", 5))
    monkeypatch.setattr(
        InternalSession, "create_monitored_items", limited("create_monitored_items", "ItemsToCreate", 7)
    )

    async def run() -> None:
        heard = Heard()
        items = [(number, item(f"Many{number}")) for number in range(40)]
        async with _session(make(plant.url), heard) as session:
            assert [change.value for change in await session.read(items)] == list(range(40))
            session.receive(heard.batch, heard.gap)
            assert await session.subscribe(items) == [0] * 40
            assert session.chunk <= 7
            await heard.until(lambda: len(heard.changes) == 40)

    asyncio.run(run())


def test_a_session_that_the_server_has_ended_is_lost(
    make: Make, plant: UaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyncua.common.utils import ServiceError
    from asyncua.server.internal_session import InternalSession

    async def refuse(self: Any, parameters: Any) -> Any:
        raise ServiceError(ua.StatusCodes.BadSessionIdInvalid)

    async def run() -> None:
        heard = Heard()
        async with _session(make(plant.url), heard) as session:
            monkeypatch.setattr(InternalSession, "read", refuse)
            with pytest.raises(SessionEnded):
                await session.read([(1, item("X"))])
            assert [(problem.kind, problem.status) for problem in heard.lost] == [(ProblemKind.LOST, 0x80250000)]

    asyncio.run(run())


# -- metadata and writing ---------------------------------------------------------------------------------------------


def test_metadata_tells_type_access_unit_range_and_texts(make: Make, plant: UaServer) -> None:
    level = plant.add("Level", 20.5, ua.VariantType.Double, writable=True)
    unit = ua.EUInformation(DisplayName=ua.LocalizedText("°C"), Description=ua.LocalizedText("degree Celsius"))
    plant.run(level.add_property(0, "EngineeringUnits", ua.Variant(unit, ua.VariantType.ExtensionObject)))
    plant.run(level.add_property(0, "EURange", ua.Variant(ua.Range(-10.0, 50.0), ua.VariantType.ExtensionObject)))
    stage = plant.add("Stage", 0, ua.VariantType.Int32)
    texts = [ua.LocalizedText("off"), ua.LocalizedText("low")]
    plant.run(stage.add_property(0, "EnumStrings", ua.Variant(texts, ua.VariantType.LocalizedText)))
    lamp = plant.add("Lamp", False, ua.VariantType.Boolean)
    for name, text in (("TrueState", "on"), ("FalseState", "off")):
        plant.run(lamp.add_property(0, name, ua.Variant(ua.LocalizedText(text), ua.VariantType.LocalizedText)))

    async def run() -> None:
        async with _session(make(plant.url)) as session:
            names = ("Level", "Gone", "Stage", "Lamp")
            found = await session.read_metadata([(index, item(name)) for index, name in enumerate(names)])
            analog, gone, multi, two = found
            assert gone is None
            assert analog is not None
            assert multi is not None
            assert two is not None
            assert (analog.data_type, analog.value_rank, analog.writable) == ("Double", -1, True)
            assert (analog.unit, analog.low, analog.high, analog.display_name) == ("°C", -10.0, 50.0, "Level")
            assert (multi.labels, multi.writable) == (((0, "off"), (1, "low")), False)
            assert (two.data_type, two.true_label, two.false_label) == ("Boolean", "on", "off")

    asyncio.run(run())


def test_metadata_tells_what_a_property_of_the_profiles_choice_says_of_the_interface(
    make: Make, plant: UaServer
) -> None:
    nodes = {name: plant.add(name, 1, ua.VariantType.Int32) for name in ("Door", "Gate", "Number", "Plain")}
    for name, of, value in (
        ("Interface", "Door", ua.Variant("Kaba", ua.VariantType.String)),
        ("Origin", "Gate", ua.Variant(ua.LocalizedText("Salto"), ua.VariantType.LocalizedText)),
        ("Interface", "Number", ua.Variant(7, ua.VariantType.Int32)),
    ):
        plant.run(nodes[of].add_property(plant.index, name, value))

    async def told(connector: OpcUaConnector) -> list[str]:
        async with _session(connector) as session:
            found = await session.read_metadata([(index, item(name)) for index, name in enumerate(nodes)])
            return ["" if metadata is None else metadata.interface for metadata in found]

    assert asyncio.run(told(make(plant.url))) == ["Kaba", "", "", ""]
    assert asyncio.run(told(make(plant.url, interface_property="Origin"))) == ["", "Salto", "", ""]


def test_a_subtype_is_known_by_its_built_in_type_and_an_enumeration_by_its_texts(make: Make, plant: UaServer) -> None:
    async def run() -> None:
        async with _session(make(plant.url)) as session:
            standard = [
                Address("http://opcfoundation.org/UA/", int(number))
                for number in (ua.ObjectIds.Server_ServerStatus_State, ua.ObjectIds.Server_ServerStatus_StartTime)
            ]
            state, start = await session.read_metadata(list(enumerate(standard)))
            assert state is not None
            assert start is not None
            assert state.data_type == "Int32"
            assert state.labels[0] == (0, "Running")
            assert start.data_type == "DateTime"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "before", "written", "after"),
    [
        ("Int64", 0, 2**40, 2**40),
        ("Byte", 0, 255, 255),
        ("Float", 0.0, 1.5, 1.5),
        ("Boolean", False, True, True),
        ("String", "", "grün", "grün"),
        ("Int32", 0, 3.0, 3),
    ],
)
def test_a_write_has_exactly_the_type_of_the_item(
    make: Make, plant: UaServer, kind: str, before: Any, written: Value, after: Any
) -> None:
    node = plant.add(f"Write{kind}", before, ua.VariantType[kind], writable=True)

    async def run() -> None:
        async with _session(make(plant.url)) as session:
            assert await session.write(item(f"Write{kind}"), written, kind) == 0

    asyncio.run(run())
    data = plant.run(node.read_data_value())
    assert (data.Value.Value, data.Value.VariantType) == (after, ua.VariantType[kind])


def test_a_write_that_the_type_cannot_hold_is_refused_without_asking(make: Make, plant: UaServer) -> None:
    async def run() -> None:
        async with _session(make(plant.url)) as session:
            assert await session.write(item("WriteByte"), 256, "Byte") == 0x803C0000
            assert await session.write(item("WriteByte"), "x", "Byte") == 0x80740000
            assert await session.write(item("WriteByte"), 1, "Bite") == 0x80740000
            assert await session.write(Address("urn:nowhere", "X"), 1, "Byte") == 0x80340000

    asyncio.run(run())


def test_a_late_answer_to_a_read_is_a_fault_and_the_session_lives_on(
    make: Make, plant: UaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asyncua.server.internal_session import InternalSession

    original = InternalSession.read
    held, told = threading.Event(), threading.Event()

    async def read(self: Any, parameters: Any) -> Any:
        if len(parameters.NodesToRead) == 1 and not held.is_set():
            held.set()
            await asyncio.to_thread(told.wait, 20)
        return await original(self, parameters)

    monkeypatch.setattr(InternalSession, "read", read)

    async def run() -> None:
        connector = make(plant.url, deadlines=replace(DEADLINES, step=2.0, request=2.0))
        async with _session(connector) as session:
            with pytest.raises(ServiceFault) as late:
                await session.read([(1, item("X"))])
            assert late.value.status == 0x800A0000
            told.set()  # the late answer comes now, and is nobody's
            assert (await session.read([(1, item("none"))]))[0].status == 0x80340000

    asyncio.run(run())
