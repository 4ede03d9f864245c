"""Connector and session on fake servers, with the same promises as the real ones: bounded, cancellable, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from fakes.pair import FakePair, FakeServer, FakeSocket
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change, SessionEnded
from vizclient.items.value import Value
from vizclient.redundancy.model import Connection, Layer, Problem, ProblemKind, Report, Server
from vizclient.redundancy.ports import ProbeResult, Session, SessionListener
from vizclient.tasks import TaskSet

BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_NOT_WRITABLE = 0x803B0000

_LAYER_OF_TROUBLE = {
    ProblemKind.NOT_OPC_UA: Layer.TCP,
    ProblemKind.SECURITY: Layer.HELLO,
    ProblemKind.CERTIFICATE: Layer.HELLO,
    ProblemKind.CREDENTIALS: Layer.SESSION,
}


async def _exchange(socket: FakeSocket, deadline: float) -> None:
    """One request and its answer. TimeoutError, or ConnectionResetError once the other end is known to be gone."""
    server = socket.server
    async with asyncio.timeout(deadline):
        await asyncio.sleep(server.latency)
        while not server.serves or socket.gone:
            if socket.closed:
                raise ConnectionResetError
            await server.change()
        await asyncio.sleep(server.latency)
    if socket.closed:
        raise ConnectionResetError


class FakeConnector:
    """Probes fake servers. `deadline`: seconds for TCP, and for each request."""

    def __init__(self, pair: FakePair, deadline: float = 1.0) -> None:
        self._pair = pair
        self._deadline = deadline
        self.under_way = 0

    async def probe(self, server: Server, generation: int, listener: SessionListener, *, session: bool) -> ProbeResult:
        """See `Connector`."""
        fake, loop = self._pair[server], asyncio.get_running_loop()
        began = loop.time()
        fake.attempts.append((began, generation, Layer.ACTIVATED if session else Layer.TCP))
        attempt = _Attempt(fake, self._deadline)
        opened: FakeSession | None = None
        self.under_way += 1
        try:
            await attempt.connect()
            if session:
                opened = await attempt.open_session(generation, listener)
            report = replace(attempt.report, at=loop.time(), took=loop.time() - began)
        except _Failed as failure:
            now = loop.time()
            report = Report(server, now, attempt.layer, failure.problem, took=now - began)
        finally:
            self.under_way -= 1
            if opened is None:
                attempt.drop()
        return ProbeResult(report, opened)


class _Failed(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class _Attempt:
    """One probe as far as it came."""

    def __init__(self, server: FakeServer, deadline: float) -> None:
        self.server = server
        self.layer = Layer.NOTHING
        self.report = Report(server.name, 0.0, Layer.TCP)
        self._deadline = deadline
        self._socket: FakeSocket | None = None

    async def connect(self) -> None:
        if self.server.trouble is ProblemKind.UNRESOLVED:
            raise self._failure(ProblemKind.UNRESOLVED)
        try:
            async with asyncio.timeout(self._deadline):
                await asyncio.sleep(self.server.latency)
                while not self.server.reachable:
                    await self.server.change()
        except TimeoutError:
            raise self._failure(ProblemKind.UNREACHABLE) from None
        if not self.server.lets_in(Layer.TCP):
            raise self._failure(ProblemKind.UNREACHABLE)
        self._socket = FakeSocket(self.server)
        self.layer = Layer.TCP

    async def open_session(self, generation: int, listener: SessionListener) -> FakeSession:
        await self._step(Layer.HELLO)
        await self._step(Layer.CHANNEL)
        await self._step(Layer.SESSION)
        assert self._socket is not None
        if len(self.server.sessions) >= self.server.max_sessions:
            self.layer = Layer.CHANNEL
            raise self._failure(ProblemKind.REFUSED)
        session = FakeSession(generation, self._socket, listener, self._deadline)
        self.server.sessions[session] = self._socket
        if self.server.trouble is ProblemKind.CREDENTIALS:
            self.server.credentials_shown += 1
        await self._step(Layer.ACTIVATED)
        self.report = self.server.report(0.0)
        await self._step(Layer.ACTIVATED)
        self._socket.on_reset = session.was_reset
        return session

    def drop(self) -> None:
        if self._socket is not None:
            self._socket.close()

    async def _step(self, layer: Layer) -> None:
        assert self._socket is not None
        try:
            await _exchange(self._socket, self._deadline)
        except TimeoutError:
            raise self._failure(ProblemKind.TIMED_OUT) from None
        except ConnectionResetError:
            raise self._failure(ProblemKind.LOST) from None
        trouble = self.server.trouble
        if trouble is not None and layer > _LAYER_OF_TROUBLE.get(trouble, Layer.ACTIVATED):
            raise self._failure(trouble)
        if not self.server.lets_in(layer):
            raise self._failure(ProblemKind.REFUSED)
        self.layer = layer

    def _failure(self, kind: ProblemKind) -> _Failed:
        return _Failed(Problem(kind, self.layer))


class FakeSession:
    """A session on a fake server: `Session` and `DataSession`."""

    def __init__(self, generation: int, socket: FakeSocket, listener: SessionListener, deadline: float) -> None:
        self.generation = generation
        self.server = socket.server.name
        self.chunk = 200
        self.closed = False
        self.watched = False
        self._fake = socket.server
        self._socket = socket
        self._listener = listener
        self._deadline = deadline
        self._lost = False
        self._tasks = TaskSet(f"session-{generation}")
        self._items: dict[Address, int] = {}
        self._batch: Callable[[Sequence[Change]], None] | None = None
        self._told: Report | None = None

    async def watch(self) -> None:
        """See `Session`."""
        if self.watched or self.closed or self._lost:
            return
        self.watched = True
        self._tasks.start(self._watchdog(), name="watchdog")
        self.role_changed()

    async def close(self) -> None:
        """See `Session`."""
        if self.closed:
            return
        self.closed = True
        try:
            await self._tasks.close()
            if not self._lost:
                await _exchange(self._socket, 0.3)
        except (TimeoutError, ConnectionResetError):
            pass
        finally:
            self._socket.close()

    # What the server tells

    def role_changed(self) -> None:
        """The server pushes its role, if somebody watches."""
        if self.watched and not self.closed:
            asyncio.get_running_loop().call_later(self._fake.latency, self._deliver_role)

    def value_changed(self, address: Address) -> None:
        """The server publishes a value."""
        if address in self._items and self._batch is not None:
            asyncio.get_running_loop().call_later(self._fake.latency, self._deliver, self._batch, address)

    def was_reset(self) -> None:
        """The socket is gone."""
        self._fail(Problem(ProblemKind.LOST, Layer.ACTIVATED))

    # Values

    def receive(self, batch: Callable[[Sequence[Change]], None], gap: Callable[[], None]) -> None:
        """See `DataSession`; nothing is ever lost on the way here."""
        self._batch = batch

    async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
        """See `DataSession`."""
        await self._request()
        return [self._change(handle, address) for handle, address in items]

    async def subscribe(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        """See `DataSession`."""
        await self._request()
        changes = [self._change(handle, address) for handle, address in items]
        for (handle, address), change in zip(items, changes, strict=True):
            if change.status == 0:
                self._items[address] = handle
                self.value_changed(address)
        return [change.status for change in changes]

    async def unsubscribe(self, handles: Sequence[int]) -> None:
        """See `DataSession`."""
        await self._request()
        self._items = {address: handle for address, handle in self._items.items() if handle not in handles}

    async def read_metadata(self, items: Sequence[tuple[int, Address]]) -> list[Metadata | None]:
        """See `DataSession`."""
        await self._request()
        return [self._fake.metadata.get(address) for _, address in items]

    async def write(self, address: Address, value: Value, data_type: str) -> int:
        """See `DataSession`."""
        await self._request()
        if not self._fake.active:
            return BAD_NOT_WRITABLE
        self._fake.write(address, value)
        return 0

    # Behind it

    async def _request(self) -> None:
        if self.closed or self._lost:
            raise SessionEnded
        try:
            await _exchange(self._socket, self._deadline)
        except (TimeoutError, ConnectionResetError) as error:
            raise SessionEnded from error

    def _change(self, handle: int, address: Address) -> Change:
        now = asyncio.get_running_loop().time()
        try:
            return Change(handle, self._fake.value(address), 0, now)
        except KeyError:
            return Change(handle, None, BAD_NODE_ID_UNKNOWN, None)

    def _deliver(self, batch: Callable[[Sequence[Change]], None], address: Address) -> None:
        if self._hears() and address in self._items:
            batch([self._change(self._items[address], address)])

    def _deliver_role(self) -> None:
        if not self._hears():
            return
        report = self._fake.report(asyncio.get_running_loop().time())
        if self._told is None or replace(report, at=self._told.at) != self._told:
            self._told = report
            self._listener.session_reported(self.generation, report)

    def _hears(self) -> bool:
        return self._fake.serves and not self.closed and not self._lost and not self._socket.gone

    async def _watchdog(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            try:
                await _exchange(self._socket, max(0.5, 6 * self._fake.latency))
            except TimeoutError:
                self._fail(Problem(ProblemKind.TIMED_OUT, Layer.ACTIVATED))
                return
            except ConnectionResetError:
                return

    def _fail(self, problem: Problem) -> None:
        if not self.closed and not self._lost:
            self._lost = True
            self._listener.session_lost(self.generation, problem)


class FakeConsumer:
    """A `DataConsumer` that checks what it is given: one session at a time, of growing generations, detached in order."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.generations: list[int] = []

    def attach(self, session: Session) -> None:
        """See `DataConsumer`."""
        assert self.session is None, "two data sessions at once"
        assert not self.generations or session.generation > self.generations[-1], "an older generation follows a newer"
        self.session = session
        self.generations.append(session.generation)

    def detach(self, generation: int) -> None:
        """See `DataConsumer`."""
        assert self.session is not None
        assert self.session.generation == generation
        self.session = None


class FakeAnnouncer:
    """An `Announcer` that remembers."""

    def __init__(self) -> None:
        self.told: list[Connection] = []

    def announce(self, connection: Connection) -> None:
        """See `Announcer`."""
        self.told.append(connection)
