"""What clients cost the servers, each, while nothing happens and in trouble; 25 that come to a new server at once; and what a
look at the readiness of the standby costs it.

Real sites, each with its manager and feed, on the simulated pair, in this one process; what passes is counted by a relay.
Server time is the processes' own, less what they take without clients. Per client; bytes and messages both ways together.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from random import Random

from fakes.wire import Relay
from programs.sites import identifiers
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.writing import WriteState
from vizclient.link.composition import SystemClock, connector
from vizclient.link.readiness import EVERY
from vizclient.link.site import Site
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.session import OpcUaSession
from vizclient.places import Places
from vizclient.profiles.loading import parse_profile
from vizclient.redundancy.model import Connection, Server, Switchover
from vizclient.redundancy.ports import Connector, Deaf, ProbeResult, SessionListener
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

NAMESPACE = "urn:vizclient:demo:bms"
CLIENTS = 20
SECONDS = 10.0
SETTLE = 3.0
LONG = 600_000
"""Milliseconds that a backup that is alone waits for its main: longer than it is measured."""
LOOKS, LOOKED_FOR = 100, 400
STORM, ON_PAGE, BEHIND = 25, 100, 500
STORM_WITHIN = 60.0
CALM = Options(
    standby="passive", items=(ON_PAGE + BEHIND) * 10 // 9 + 20, change_rate=100, heartbeat=500, dead_after=5000
)
"""So busy, a simulated server is late with its heartbeats, and would take that for a reason to step down."""


def measure() -> dict[str, float]:
    """Each kind of standby, all well and in trouble, and the storm after a kill."""
    figures: dict[str, float] = {}
    for kind in ("closed", "reject", "passive"):
        with started(Options(standby=kind)) as pair:
            figures |= asyncio.run(_all_well(pair, kind))
        with alone(Options(standby=kind, grace=LONG)) as pair:
            figures |= asyncio.run(_in_trouble(pair, kind))
    with started(CALM) as pair:
        figures |= asyncio.run(_storm(pair))
    with started(CALM) as pair:
        for name, security in (("plain", "None"), ("encrypted", "Basic256Sha256")):
            figures |= {f"look_{name}_{key}": value for key, value in asyncio.run(_looks(pair, security)).items()}
    return figures


class _Counted:
    """A `Connector` that counts its probes by server, and those that want a session."""

    def __init__(self, real: Connector, count: dict[tuple[Server, bool], int]) -> None:
        self._real, self._count = real, count

    async def probe(self, server: Server, generation: int, listener: SessionListener, *, session: bool) -> ProbeResult:
        key = (server, session)
        self._count[key] = self._count.get(key, 0) + 1
        return await self._real.probe(server, generation, listener, session=session)


class _Client:
    """A site, and when its page was whole on each server. A SiteListener."""

    def __init__(
        self, number: int, urls: Mapping[str, str], folder: Path, count: dict[tuple[Server, bool], int]
    ) -> None:
        text = (
            f'format = 1\nname = "{number}"\nmain.url = "{urls["main"]}"\nbackup.url = "{urls["backup"]}"\n'
            '[security]\npolicy = "None"\nmode = "None"\n'
        )
        profile = parse_profile(text.encode(), folder / "site.toml")
        asked = _Counted(connector(profile, Places.of(folder)), count)
        self.site = Site(asked, profile.timing(), SystemClock(), Random(number), self)
        self.switchovers: list[Switchover] = []

    def samples_changed(self) -> None:
        asyncio.get_running_loop().call_soon(self.site.store.take, 100_000)

    def metadata_read(self, pairs: Sequence[tuple[int, Metadata | None]]) -> None: ...

    def items_dropped(self, handles: Sequence[int]) -> None: ...

    def connection_changed(self, connection: Connection) -> None: ...

    def write_moved(self, state: WriteState) -> None: ...

    def switchover_recorded(self, switchover: Switchover) -> None:
        self.switchovers = [known for known in self.switchovers if known.adopted_at != switchover.adopted_at]
        self.switchovers.append(switchover)


@asynccontextmanager
async def _clients(
    number: int, urls: Mapping[str, str], items: Sequence[str], behind: Sequence[str] = ()
) -> AsyncIterator[tuple[list[_Client], dict[tuple[Server, bool], int]]]:
    """So many started sites that show `items`, and the count of their probes."""
    count: dict[tuple[Server, bool], int] = {}
    with tempfile.TemporaryDirectory() as folder:
        clients = [_Client(one, urls, Path(folder), count) for one in range(number)]
        everything = {handle: Address(NAMESPACE, name) for handle, name in enumerate([*items, *behind])}
        try:
            for client in clients:
                client.site.show("page", {handle: everything[handle] for handle in range(len(items))})
                client.site.show("behind", everything, shown=False)
                client.site.start()
            yield clients, count
        finally:
            await asyncio.gather(*(client.site.close() for client in clients))


class _Meter:
    """Relays before the open ports of a pair, and what passed."""

    def __init__(self, pair: Pair, servers: Sequence[Server]) -> None:
        self.urls = dict(pair.urls)
        self.bytes = dict.fromkeys(Server, 0)
        self.messages = dict.fromkeys(Server, 0)
        self._relays = {server: Relay(int(pair.url(server).rpartition(":")[2])) for server in servers}

    async def __aenter__(self) -> _Meter:
        for server, relay in self._relays.items():
            await relay.start()
            relay.upward = relay.downward = partial(self._count, server)
            self.urls[server] = relay.url.removesuffix("/test")
        return self

    async def __aexit__(self, *_: object) -> None:
        for relay in self._relays.values():
            await relay.close()

    def _count(self, server: Server, data: bytes) -> bytes:
        self.bytes[server] += len(data)
        self.messages[server] += 1
        return data


async def _all_well(pair: Pair, kind: str) -> dict[str, float]:
    """The main active, the backup its standby, nothing happens."""
    open_ports = [Server.MAIN] if kind == "closed" else list(Server)
    idle = await _idle(pair, Server)
    async with (
        _Meter(pair, open_ports) as meter,
        _clients(CLIENTS, meter.urls, identifiers_of_the_demo()) as (_, count),
    ):
        await asyncio.sleep(SETTLE)
        spent = await _during(pair, meter, count, Server)
    figures = {f"well_{kind}_active_{name}": value for name, value in _each(spent, idle, Server.MAIN).items()}
    return figures | {f"well_{kind}_standby_{name}": value for name, value in _each(spent, idle, Server.BACKUP).items()}


async def _in_trouble(pair: Pair, kind: str) -> dict[str, float]:
    """The main is gone, and the backup does not take over yet."""
    only = [Server.BACKUP]
    idle = await _idle(pair, only)
    async with (
        _Meter(pair, [] if kind == "closed" else only) as meter,
        _clients(CLIENTS, meter.urls, identifiers_of_the_demo()) as (_, count),
    ):
        await asyncio.sleep(SETTLE)
        spent = await _during(pair, meter, count, only)
    return {f"trouble_{kind}_standby_{name}": value for name, value in _each(spent, idle, Server.BACKUP).items()}


async def _storm(pair: Pair) -> dict[str, float]:
    """All are on the main, which is killed: when each page was whole on the backup, from when that was active."""
    names = identifiers(ON_PAGE + BEHIND)
    async with _clients(STORM, pair.urls, names[:ON_PAGE], names[ON_PAGE:]) as (clients, _):
        await _until(lambda: all(_complete(client) for client in clients))
        since = time.perf_counter()
        pair.kill("main")
        await _until(lambda: all(client.switchovers and client.switchovers[-1].all_values_at for client in clients))
        active = (await asyncio.to_thread(pair.wait_for_role, "backup", "active", since=since))["p"]
        whole = sorted((client.switchovers[-1].all_values_at or 0.0) - active for client in clients)
        await _until(lambda: all(_complete(client) for client in clients))
        everything = time.perf_counter() - active
        lost = sum(len(client.switchovers) - 1 for client in clients)
    return {
        "storm_clients": float(STORM),
        "storm_page_median_ms": whole[len(whole) // 2] * 1000,
        "storm_page_last_ms": whole[-1] * 1000,
        "storm_everything_s": everything,
        "storm_sessions_lost_again": float(lost),
    }


async def _looks(pair: Pair, policy: str) -> dict[str, float]:
    """What one look costs the standby whose readiness is looked at, and 500 clients that look as often as they do."""
    mode = "None" if policy == "None" else "SignAndEncrypt"
    idle = await _idle(pair, [Server.BACKUP])
    async with _Meter(pair, [Server.BACKUP]) as meter:
        with tempfile.TemporaryDirectory() as folder:
            text = (
                f'format = 1\nname = "Looks"\nmain.url = "{meter.urls["main"]}"\nbackup.url = "{meter.urls["backup"]}"\n'
                f'[security]\npolicy = "{policy}"\nmode = "{mode}"\n'
            )
            asked = connector(parse_profile(text.encode(), Path(folder) / "site.toml"), Places.of(Path(folder)))
            items = [Address(NAMESPACE, name) for name in identifiers(ON_PAGE + BEHIND)[:LOOKED_FOR]]
            await _look(asked, items)  # the first meets a server that it does not know
            before = (
                _processor_seconds(pair, Server.BACKUP),
                meter.bytes[Server.BACKUP],
                meter.messages[Server.BACKUP],
            )
            began = time.perf_counter()
            for _ in range(LOOKS):
                await _look(asked, items)
            took = time.perf_counter() - began
            after = (_processor_seconds(pair, Server.BACKUP), meter.bytes[Server.BACKUP], meter.messages[Server.BACKUP])
    spent, sent, messages = (now - then for now, then in zip(after, before, strict=True))
    server = max(0.0, spent - idle[Server.BACKUP] * took / SECONDS) / LOOKS
    return {
        "items": float(LOOKED_FOR),
        "messages": messages / LOOKS,
        "bytes": sent / LOOKS,
        "took_ms": took / LOOKS * 1000,
        "server_ms": server * 1000,
        "standby_of_500_clients_percent": 500 / EVERY * server * 100,
    }


async def _look(asked: OpcUaConnector, items: Sequence[Address]) -> None:
    result = await asked.probe(Server.BACKUP, 0, Deaf(), session=True)
    assert isinstance(result.session, OpcUaSession), result.report
    try:
        found = await result.session.inspect(items)
        assert not found.missing
    finally:
        await result.session.close()


def _complete(client: _Client) -> bool:
    samples = client.site.store.samples
    return len(samples) == ON_PAGE + BEHIND and all(
        sample is not None and sample.generation == client.site.store.generation for sample in samples.values()
    )


async def _until(come: Callable[[], object]) -> None:
    deadline = time.perf_counter() + STORM_WITHIN
    while not come():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not all within {STORM_WITHIN} s")
        await asyncio.sleep(0.05)


_Spent = dict[Server, dict[str, float]]


async def _idle(pair: Pair, servers: Sequence[Server] | type[Server]) -> dict[Server, float]:
    """Processor seconds that the servers take without clients, in `SECONDS`."""
    await asyncio.sleep(1.0)
    before = {server: _processor_seconds(pair, server) for server in servers}
    await asyncio.sleep(SECONDS)
    return {server: _processor_seconds(pair, server) - before[server] for server in servers}


async def _during(
    pair: Pair, meter: _Meter, count: dict[tuple[Server, bool], int], servers: Sequence[Server] | type[Server]
) -> _Spent:
    """What was spent in `SECONDS`."""

    def now() -> _Spent:
        return {
            server: {
                "processor": _processor_seconds(pair, server),
                "bytes": float(meter.bytes[server]),
                "messages": float(meter.messages[server]),
                "knocks": float(count.get((server, False), 0)),
                "session_probes": float(count.get((server, True), 0)),
            }
            for server in servers
        }

    before = now()
    await asyncio.sleep(SECONDS)
    after = now()
    return {server: {name: after[server][name] - before[server][name] for name in after[server]} for server in servers}


def _each(spent: _Spent, idle: dict[Server, float], server: Server) -> dict[str, float]:
    """For one client: a second's traffic, and the server's processor time of an hour."""
    of = spent[server]
    second = SECONDS * CLIENTS
    return {
        "tcp_connections_per_s": (of["knocks"] + of["session_probes"]) / second,
        "session_probes_per_s": of["session_probes"] / second,
        "messages_per_s": of["messages"] / second,
        "bytes_per_s": of["bytes"] / second,
        "server_s_per_hour": max(0.0, of["processor"] - idle[server]) / second * 3600,
    }


def _processor_seconds(pair: Pair, server: Server) -> float:
    """Of the server's process. Reads /proc: these figures are made on Linux."""
    fields = Path(f"/proc/{pair.status()[server].pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def identifiers_of_the_demo() -> list[str]:
    """A page of the demo, more or less."""
    return [f"KNX/F{floor}/Office{floor}0{room}/Temperature" for floor in (1, 2) for room in (1, 2, 3)]


@contextmanager
def started(options: Options) -> Iterator[Pair]:
    """A pair of which the main is active."""
    with Pair(options) as pair:
        yield pair.start()


@contextmanager
def alone(options: Options) -> Iterator[Pair]:
    """A backup that waits for its main."""
    with Pair(options) as pair:
        since = time.perf_counter()
        pair.launch("backup")
        pair.wait_for("ready", "backup", since=since, timeout=30)
        yield pair
