"""Connector and session on fake servers, with the same promises as the real ones: bounded, cancellable, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from fakes.pair import RESET, FakePair, FakeServer, FakeSocket
from fakes.virtual_time import EPOCH
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change, ServiceFault, SessionEnded
from vizclient.items.value import Value
from vizclient.opcua.patience import Waiting
from vizclient.redundancy.model import Connection, Layer, Problem, ProblemKind, Report, Server
from vizclient.redundancy.ports import ProbeResult, Session, SessionListener
from vizclient.redundancy.readiness import Certificates, Inspection, PagesFile
from vizclient.tasks import TaskSet

BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_NOT_WRITABLE = 0x803B0000
BAD_TIMEOUT = 0x800A0000

_WATCHDOG = 0.5
KEEP_ALIVE = 1.0
"""Seconds after which a subscription that has nothing to say shows that it is there, and which number comes next."""

_T = TypeVar("_T")

_LAYER_OF_TROUBLE = {
    ProblemKind.NOT_OPC_UA: Layer.TCP,
    ProblemKind.SECURITY: Layer.HELLO,
    ProblemKind.CERTIFICATE: Layer.HELLO,
    ProblemKind.CREDENTIALS: Layer.SESSION,
}


class _Exchange:
    """One request and its answer, on their way: also when nobody waits for the answer any more.

    `answer`: what the server made of the request, or RESET once the client knows that the other end is gone.
    """

    def __init__(self, socket: FakeSocket, carry_out: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[object] = loop.create_future()
        self._socket = socket
        self._server = socket.server
        self._carry_out = carry_out
        self._arrived = False
        if socket.closed:
            self.answer.set_result(RESET)
        else:
            socket.waiting.add(self.answer)
            self.answer.add_done_callback(socket.waiting.discard)
            self._after(self._arrive)

    def _after(self, step: Callable[[], None]) -> None:
        server = self._server
        asyncio.get_running_loop().call_later(server.latency + server.slow(), step)

    def _arrive(self) -> None:
        if self._socket.gone or not self._server.up:
            return
        if self._server.reachable:
            self._server.take_in(self._be_carried_out)
        elif not self._socket.closed:
            self._server.change().add_done_callback(lambda _: self._arrive())

    def _be_carried_out(self) -> None:
        if not self._arrived:
            self._arrived = True
            answer = self._carry_out()
            self._after(lambda: self._come_back(answer))

    def _come_back(self, answer: object) -> None:
        if self.answer.done() or self._socket.gone:
            return
        if self._server.reachable:
            self._socket.heard_at = asyncio.get_running_loop().time()
            self.answer.set_result(answer)
        else:
            self._server.change().add_done_callback(lambda _: self._come_back(answer))


async def _exchange(socket: FakeSocket, deadline: float, carry_out: Callable[[], _T]) -> _T:
    """The answer to one request. TimeoutError, or ConnectionResetError once the other end is known to be gone."""
    async with asyncio.timeout(deadline):
        answer = await _Exchange(socket, carry_out).answer
    if answer is RESET:
        raise ConnectionResetError
    return cast(_T, answer)


def _nothing() -> None:
    """What is asked does not matter."""


class FakeConnector:
    """Probes fake servers. `deadline`: seconds for TCP, and for each request."""

    def __init__(self, pair: FakePair, deadline: float = 1.0) -> None:
        self._pair = pair
        self._deadline = deadline
        self.under_way = 0
        self.sessions: list[FakeSession] = []
        """All that were opened."""

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
                self.sessions.append(opened)
            now, reached = loop.time(), attempt.reached
            report = replace(
                attempt.report,
                at=now,
                took=now - began,
                channel_at=reached.get(Layer.CHANNEL),
                session_at=reached.get(Layer.ACTIVATED),
            )
        except _Failed as failure:
            now = loop.time()
            report = Report(server, now, attempt.layer, failure.problem, took=now - began)
        finally:
            self.under_way -= 1
            if opened is None:
                attempt.drop()
        return ProbeResult(report, opened)

    def certificates(self, server: Server) -> Certificates:
        """See `Inspector`: there is no security here."""
        return Certificates()


class _Failed(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class _Attempt:
    """One probe as far as it came."""

    def __init__(self, server: FakeServer, deadline: float) -> None:
        self.server = server
        self.layer = Layer.NOTHING
        self.reached: dict[Layer, float] = {}
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
            await _exchange(self._socket, self._deadline, _nothing)
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
        self.reached.setdefault(layer, asyncio.get_running_loop().time())

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
        self.items: dict[Address, int] = {}
        self._made: dict[Address, int] = {}
        """How many monitored items were made for a node."""
        self._fake = socket.server
        self._socket = socket
        self._listener = listener
        self._deadline = deadline
        self._lost = False
        self._tasks = TaskSet(f"session-{generation}")
        self._batch: Callable[[Sequence[Change]], None] | None = None
        self._gap: Callable[[], None] = _nothing
        self._told: Report | None = None
        self._round_trip = 2 * self._fake.latency
        self._changed: dict[Address, None] = {}
        self._publishes = False
        self._published_at = 0.0
        self._loses = False

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
                await _exchange(self._socket, 0.3, _nothing)
        except (TimeoutError, ConnectionResetError):
            pass
        finally:
            self._socket.close()

    # What the server tells

    def role_changed(self) -> None:
        """The server pushes its role, if somebody watches, and goes on publishing."""
        self._report_role()
        self._publish_soon()

    def value_changed(self, address: Address) -> None:
        """The server publishes a value."""
        if address in self.items:
            self._changed[address] = None
            self._publish_soon()

    def lose_notifications(self) -> None:
        """What is published next does not arrive."""
        self._loses = True

    def was_reset(self) -> None:
        """The socket is gone."""
        self._fail(Problem(ProblemKind.LOST, Layer.ACTIVATED))

    # Values

    def receive(self, batch: Callable[[Sequence[Change]], None], gap: Callable[[], None]) -> None:
        """See `DataSession`."""
        self._batch, self._gap = batch, gap

    async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
        """See `DataSession`."""
        return await self._request(lambda: [self._change(handle, address) for handle, address in items])

    async def subscribe(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        """See `DataSession`."""
        return await self._request(lambda: self._create(items))

    async def unsubscribe(self, handles: Sequence[int]) -> None:
        """See `DataSession`."""
        meant = {address: self._made[address] for address, handle in self.items.items() if handle in handles}
        await self._request(lambda: self._delete(meant))

    async def read_metadata(self, items: Sequence[tuple[int, Address]]) -> list[Metadata | None]:
        """See `DataSession`."""
        missing = self._fake.missing
        return await self._request(
            lambda: [None if address in missing else self._fake.metadata.get(address) for _, address in items]
        )

    async def inspect(self, items: Sequence[Address]) -> Inspection:
        """See `InspectedSession`."""
        return await self._request(lambda: self._look(items))

    async def read_pages(self, file: Address, known: PagesFile | None, digest: Callable[[bytes], str]) -> PagesFile:
        """See `InspectedSession`."""
        return await self._request(lambda: self._fake.pages)

    async def write(self, address: Address, value: Value, data_type: str) -> int:
        """See `DataSession`. Whether a write without an answer was carried out is not known."""
        try:
            return await self._ask(lambda: self._carry_out(address, value))
        except TimeoutError as error:
            raise SessionEnded from error

    # Behind it

    async def _request(self, carry_out: Callable[[], _T]) -> _T:
        """One that may be repeated: a late answer is a fault of its own."""
        try:
            return await self._ask(carry_out)
        except TimeoutError as error:
            if self.closed or self._lost:
                raise SessionEnded from error
            raise ServiceFault(BAD_TIMEOUT) from error

    async def _ask(self, carry_out: Callable[[], _T]) -> _T:
        if self.closed or self._lost:
            raise SessionEnded

        def answer() -> _T | ServiceFault:
            try:
                return carry_out()
            except ServiceFault as fault:
                return fault

        try:
            answered = await _exchange(self._socket, self._deadline, answer)
        except ConnectionResetError as error:
            raise SessionEnded from error
        if isinstance(answered, ServiceFault):
            raise answered
        return answered

    # On the server

    def _look(self, items: Sequence[Address]) -> Inspection:
        fake, asked = self._fake, frozenset(items)
        fake.inspected += 1
        wall = EPOCH + asyncio.get_running_loop().time()
        return Inspection(
            fake.name, wall, fake.uri, fake.namespaces, fake.skew, items=asked, missing=asked & fake.missing
        )

    def _change(self, handle: int, address: Address) -> Change:
        try:
            return Change(handle, self._fake.value(address), 0, asyncio.get_running_loop().time())
        except KeyError:
            return Change(handle, None, BAD_NODE_ID_UNKNOWN, None)

    def _create(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        if self._fake.faults:
            raise ServiceFault(self._fake.faults.pop(0))
        changes = [self._change(handle, address) for handle, address in items]
        for (handle, address), change in zip(items, changes, strict=True):
            if change.status == 0:
                self.items[address] = handle
                self._made[address] = self._made.get(address, 0) + 1
                self.value_changed(address)
        return [change.status for change in changes]

    def _delete(self, meant: Mapping[Address, int]) -> None:
        """These monitored items, but not those that were made for the same nodes since then."""
        for address, number in meant.items():
            if self._made[address] == number:
                self.items.pop(address, None)

    def _carry_out(self, address: Address, value: Value) -> int:
        if not self._fake.active:
            return BAD_NOT_WRITABLE
        if address in self._fake.missing:
            return BAD_NODE_ID_UNKNOWN
        self._fake.write(address, value, self.generation)
        return 0

    def _publish_soon(self) -> None:
        if not self._hears():
            self._loses = False  # what waits to be sent is not lost
        elif self._changed and not self._publishes:
            self._publishes = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._published_at + self._fake.publishing), self._publish)

    def _publish(self) -> None:
        self._publishes = False
        if not self._hears():
            return
        loop = asyncio.get_running_loop()
        self._published_at = loop.time()
        changes = [self._change(self.items[address], address) for address in self._changed if address in self.items]
        self._changed.clear()
        if self._loses:
            self._loses = False
            self._fake.lost_notifications_at = loop.time()
            loop.call_later(KEEP_ALIVE, self._deliver_gap)
        else:
            loop.call_later(self._fake.latency, self._deliver, changes)

    # On our side

    def _deliver(self, changes: Sequence[Change]) -> None:
        if not self._arrives():
            self._changed.update(dict.fromkeys(address for address, handle in self.items.items()))
            return
        self._socket.heard_at = asyncio.get_running_loop().time()
        if self._batch is not None:
            held = set(self.items.values())
            self._batch([change for change in changes if change.handle in held])

    def _deliver_gap(self) -> None:
        if self._hears():
            self._gap()
        elif not self.closed and not self._lost:
            asyncio.get_running_loop().call_later(0.1, self._deliver_gap)

    def _report_role(self) -> None:
        if self.watched and self._hears():
            loop = asyncio.get_running_loop()
            loop.call_later(self._fake.latency, self._deliver_role, self._fake.report(loop.time()))

    def _deliver_role(self, report: Report) -> None:
        if not self._arrives():
            return
        self._socket.heard_at = asyncio.get_running_loop().time()
        if self._told is None or replace(report, at=self._told.at) != self._told:
            self._told = report
            self._listener.session_reported(self.generation, report)

    def _hears(self) -> bool:
        return self._fake.serves and self._arrives()

    def _arrives(self) -> bool:
        return self._fake.reachable and not self.closed and not self._lost and not self._socket.gone

    async def _watchdog(self) -> None:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        while True:
            await asyncio.sleep(max(0.0, asked_at + _WATCHDOG - loop.time()))
            asked_at = loop.time()
            answer = _Exchange(self._socket, _nothing).answer
            waiting = Waiting(asked_at, max(_WATCHDOG, 3 * self._round_trip))
            while not answer.done():
                step = waiting.step(loop.time(), self._socket.heard_at)
                if step <= 0:
                    self._fail(Problem(ProblemKind.TIMED_OUT, Layer.ACTIVATED))
                    return
                await asyncio.wait({answer}, timeout=step)
            if answer.result() is RESET:
                return
            self._round_trip += (loop.time() - asked_at - self._round_trip) / 8
            self._report_role()

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
