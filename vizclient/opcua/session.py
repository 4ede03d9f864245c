"""An activated session: its watchdog, its channel's renewal, the server's role in it, and the items' requests.

Implements `redundancy.ports.Session` and `items.ports.DataSession`. The end of a session, whatever the reason, is told
once; from then on every request raises SessionEnded. Nothing is reconnected or repeated behind anybody's back, but for a
subscription that fell silent in a session that lives: it is made anew and counts as a gap.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from asyncua import ua

from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change, ServiceFault, SessionEnded
from vizclient.items.value import Value
from vizclient.opcua import role
from vizclient.opcua.channel import Channel, decode
from vizclient.opcua.convert import change_of
from vizclient.opcua.endpoint import Deadlines
from vizclient.opcua.errors import (
    BAD_DECODING_ERROR,
    BAD_NODE_ID_UNKNOWN,
    BAD_TIMEOUT,
    SESSION_GONE,
    AnswerLate,
    ChannelLost,
    Undecodable,
    name_of,
    problem_of,
)
from vizclient.opcua.failover import fail_over, failover_offer
from vizclient.opcua.files import ServerFile
from vizclient.opcua.inspection import inspect, pages_file
from vizclient.opcua.login import close_session
from vizclient.opcua.metadata import MetadataReader
from vizclient.opcua.patience import Waiting
from vizclient.opcua.reading import Reader
from vizclient.opcua.subscription import Publisher, Subscription
from vizclient.opcua.writing import write_value
from vizclient.redundancy.model import Layer, Problem, ProblemKind, Server, Timing
from vizclient.redundancy.ports import Offer, SessionListener
from vizclient.redundancy.readiness import Inspection, PagesFile
from vizclient.tasks import TaskSet

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_CHUNK = 200
_GAP_PAUSE = 0.5
_RETRY = 5.0
_STANDSTILL = 5.0
_ROLE_INTERVAL = 0.02  # half of it, on average, is part of every planned switchover
_ROLE_KEEP_ALIVE = 1.0  # the watchdog asks for what it brings all the same


class OpcUaSession:
    """One session on one server; see the module."""

    def __init__(
        self,
        channel: Channel,
        server: Server,
        generation: int,
        listener: SessionListener,
        learned: role.Learned,
        reader: Reader,
        role_item: role.RoleItem | None,
        timing: Timing,
        deadlines: Deadlines,
        interface_property: str,
    ) -> None:
        self._channel = channel
        self._server = server
        self._generation = generation
        self._listener = listener
        self._watchdog = timing.watchdog
        self._deadlines = deadlines
        self._learned = learned
        self._said = learned.said
        self._told = False  # what is heard first is told even if nothing changed: the role, verified in this session
        self._clock = learned.clock
        self._role_item = role_item
        self._smoothed = learned.round_trip
        self._opened_at = time.perf_counter()
        chunk = min(_CHUNK, learned.max_items or _CHUNK)
        self._reader = reader
        self._metadata = MetadataReader(channel, reader, deadlines.request, learned.max_browse, interface_property)
        self._publisher = Publisher(channel, self._session_gone)
        self._tasks = TaskSet(f"session {generation} {server}")
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closed = False
        self._watching = False
        self._role_nodes = list(role.watched(learned))
        self._vital = [role.STATE, role.LEVEL, *role.deciding(learned.nodes)]  # asked for although they are pushed
        self._polled = self._role_nodes  # whatever is not pushed
        self._roles = Subscription(
            channel,
            min(timing.publishing, _ROLE_INTERVAL),
            deadlines.request,
            self._role_changed,
            _nothing,
            most=chunk,
            keep_alive=_ROLE_KEEP_ALIVE,
            priority=255,
        )
        self._items = Subscription(
            channel,
            timing.publishing,
            deadlines.request,
            self._items_changed,
            self._gap,
            most=chunk,
            keep_alive=deadlines.keep_alive,
        )
        self._creating: asyncio.Task[None] | None = None
        self._batch: Callable[[Sequence[Change]], None] = _drop
        self._on_gap: Callable[[], None] = _nothing
        self._gap_at = float("-inf")
        self._gap_timer: asyncio.TimerHandle | None = None
        channel.on_lost = self._channel_lost

    # -- redundancy.ports.Session -------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def server(self) -> Server:
        return self._server

    async def watch(self) -> None:
        if self._watching or self._over.done():
            return
        self._watching = True
        self._tasks.start(self._beat(), name="watchdog")
        self._tasks.start(self._mind_silence(), name="silence")
        self._tasks.start(self._renew_channel(), name="channel renewal")
        self._tasks.start(self._follow(), name="role")

    async def close(self) -> None:
        self._closed = True
        self._finish()
        try:
            await self._tasks.close()
        finally:
            await close_session(self._channel, self._deadlines.close)
            self._let_go()

    # -- items.ports.DataSession --------------------------------------------------------------------------------------

    @property
    def chunk(self) -> int:
        return self._items.most

    def receive(self, batch: Callable[[Sequence[Change]], None], gap: Callable[[], None]) -> None:
        """See the port. The subscription is created at once, so that it is there when the first items come."""
        self._batch = batch
        self._on_gap = gap
        if self._creating is None and not self._over.done():
            self._creating = self._tasks.start(self._create_items(), name="subscription")

    async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
        known, missing = [], []
        for handle, address in items:
            node = self._learned.namespaces.node(address)
            if node is None:
                missing.append(Change(handle, None, BAD_NODE_ID_UNKNOWN, None))
            else:
                known.append((handle, node))
        return await self._asked(self._reader.changes(known)) + missing

    async def subscribe(self, items: Sequence[tuple[int, Address]]) -> list[int]:
        nodes = [self._learned.namespaces.node(address) for _, address in items]
        known = [(handle, node) for (handle, _), node in zip(items, nodes, strict=True) if node is not None]
        if not self._items.id:
            await self._subscription()
        statuses = iter(await self._asked(self._items.add(known)))
        return [BAD_NODE_ID_UNKNOWN if node is None else next(statuses) for node in nodes]

    async def unsubscribe(self, handles: Sequence[int]) -> None:
        await self._asked(self._items.remove(handles))

    async def read_metadata(self, items: Sequence[tuple[int, Address]]) -> list[Metadata | None]:
        nodes = [self._learned.namespaces.node(address) for _, address in items]
        found = iter(await self._asked(self._metadata.read([node for node in nodes if node is not None])))
        return [None if node is None else next(found) for node in nodes]

    async def inspect(self, items: Sequence[Address]) -> Inspection:
        return await self._asked(inspect(self._reader, self._server, items))

    async def read_pages(self, file: Address, known: PagesFile | None, digest: Callable[[bytes], str]) -> PagesFile:
        node = self._learned.namespaces.node(file)
        within = self._deadlines.request
        found = None if node is None else ServerFile(self._channel, self._reader, node, within)
        return await self._asked(pages_file(found, known, digest))

    async def failover_offer(self) -> Offer:
        return await self._asked(failover_offer(self._channel, self._reader, self._deadlines.request))

    async def fail_over(self) -> None:
        self._alive()
        try:
            await fail_over(self._channel, self._deadlines.request)
        except ServiceFault as fault:
            self._look_at(fault)
            raise

    async def write(self, address: Address, value: Value, data_type: str) -> int:
        node = self._learned.namespaces.node(address)
        if node is None:
            return BAD_NODE_ID_UNKNOWN
        self._alive()
        try:
            return await write_value(self._channel, node, value, data_type, self._deadlines.request)
        except ServiceFault as fault:
            self._look_at(fault)
            raise

    # -- requests -----------------------------------------------------------------------------------------------------

    def _alive(self) -> None:
        if self._over.done():
            raise self._channel.lost or SessionEnded("closed")

    async def _asked(self, request: Coroutine[Any, Any, _T]) -> _T:
        """The outcome of a request that may be repeated: a late or unreadable answer is a ServiceFault then."""
        try:
            self._alive()
        except SessionEnded:
            request.close()
            raise
        try:
            return await request
        except AnswerLate:
            self._alive()
            raise ServiceFault(BAD_TIMEOUT) from None
        except Undecodable as error:
            _log.warning("%s", error)
            raise ServiceFault(BAD_DECODING_ERROR) from error
        except ServiceFault as fault:
            self._look_at(fault)
            raise

    def _look_at(self, fault: ServiceFault) -> None:
        if fault.status in SESSION_GONE:
            self._session_gone(fault.status)
            raise SessionEnded(name_of(fault.status)) from fault

    async def _subscription(self) -> None:
        """Wait for the data subscription; try again where the first attempt failed."""
        self._alive()
        if self._creating is not None and not self._creating.done():
            await asyncio.wait({self._creating})
        if not self._items.id:
            await self._asked(self._items.create(self._publisher))

    async def _create_items(self) -> None:
        try:
            await self._items.create(self._publisher)
        except (SessionEnded, ServiceFault, Undecodable) as error:
            _log.info("data subscription not created: %s", error)  # `subscribe` tries again and tells

    # -- what is pushed -----------------------------------------------------------------------------------------------

    def _items_changed(self, items: Sequence[ua.MonitoredItemNotification]) -> None:
        if self._over.done():
            return
        wanted = self._items
        self._batch([change_of(item.ClientHandle, item.Value) for item in items if item.ClientHandle in wanted])

    def _gap(self) -> None:
        """Tell of a gap, at most every `_GAP_PAUSE`: whoever reads again must not be asked faster than it can."""
        if self._over.done() or self._gap_timer is not None:
            return
        loop = asyncio.get_running_loop()
        self._gap_timer = loop.call_at(max(loop.time(), self._gap_at + _GAP_PAUSE), self._tell_gap)

    def _tell_gap(self) -> None:
        self._gap_timer = None
        if not self._over.done():
            self._gap_at = asyncio.get_running_loop().time()
            self._on_gap()

    def _role_changed(self, items: Sequence[ua.MonitoredItemNotification]) -> None:
        self._hear([(self._role_nodes[item.ClientHandle], item.Value) for item in items])

    def _hear(self, values: Sequence[tuple[ua.NodeId, ua.DataValue]]) -> None:
        said = self._said
        for node, value in values:
            said = role.heard(said, node, value, self._learned.nodes, self._role_item, self._clock)
        if (said != self._said or not self._told) and not self._over.done():
            self._said = said
            self._told = True
            now = time.perf_counter()
            report = role.report_of(said, self._server, now, now - self._opened_at, self._smoothed)
            self._listener.session_reported(self._generation, report)

    # -- the end ------------------------------------------------------------------------------------------------------

    def _channel_lost(self, lost: ChannelLost) -> None:
        problem = problem_of(lost, Layer.ACTIVATED)
        if problem.kind is ProblemKind.REFUSED:  # an error message in the midst of it
            problem = replace(problem, kind=ProblemKind.LOST)
        self._lose(problem)

    def _session_gone(self, status: int) -> None:
        self._lose(Problem(ProblemKind.LOST, Layer.ACTIVATED, status, name_of(status)))

    def _lose(self, problem: Problem) -> None:
        if self._over.done():
            return
        self._finish()
        self._channel.abort()
        if not self._closed:
            self._listener.session_lost(self._generation, problem)

    def _let_go(self) -> None:
        """Of whatever refers back to this session: its memory is free at once, and the garbage collector has no work."""
        self._channel.on_lost = None
        self._batch, self._on_gap = _drop, _nothing
        for told in (self._roles, self._items, self._publisher):
            told.let_go()

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)
        if self._gap_timer is not None:
            self._gap_timer.cancel()
            self._gap_timer = None

    # -- tasks; each ends by itself when the session is over ----------------------------------------------------------

    async def _pause(self, seconds: float) -> bool:
        """Wait; whether the session is still there."""
        if not self._over.done() and seconds > 0:
            await asyncio.wait({self._over}, timeout=seconds)
        return not self._over.done()

    async def _beat(self) -> None:
        """Read the server's state every interval. Any byte that comes is a sign of life; none for too long is the end."""
        sent = time.perf_counter()
        self._channel.patience = self._watchdog + self._deadline + _STANDSTILL
        while await self._pause(sent + self._watchdog - time.perf_counter()):
            nodes = list(dict.fromkeys([role.CURRENT_TIME, *self._vital, *self._polled]))
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            sent = time.perf_counter()
            try:
                self._channel.send(_read_request(nodes), answer.set_result, self._deadlines.request)
            except ChannelLost:
                return
            if not await self._answered(answer, sent):
                return
            self._take_beat(answer.result(), nodes, sent)

    async def _mind_silence(self) -> None:
        """Make a subscription anew that the server has ended, or that is silent although reads are answered."""
        subscriptions = (self._roles, self._items)
        wait = self._deadlines.keep_alive
        while await self._pause(wait):
            now = time.perf_counter()
            late = self._deadline - self._watchdog  # as patient as the watchdog is
            wait = self._deadlines.keep_alive
            for subscription in subscriptions:
                if subscription.renewing:
                    continue
                left = subscription.silent_at + late - now
                if subscription.dead or left <= 0:
                    self._tasks.start(self._renew_subscription(subscription), name="subscription renewal")
                else:
                    wait = min(wait, left)

    @property
    def _deadline(self) -> float:
        """Of an answer to the watchdog."""
        return max(self._watchdog, 3 * self._smoothed)

    async def _answered(self, answer: asyncio.Future[Any], sent: float) -> bool:
        deadline = self._deadline
        waiting = Waiting(sent, deadline)
        while not answer.done():
            step = waiting.step(time.perf_counter(), self._channel.heard_at)
            if step <= 0:
                detail = f"nothing heard for {deadline * 1000:.0f} ms"
                self._lose(Problem(ProblemKind.TIMED_OUT, Layer.ACTIVATED, detail=detail))
                return False
            await asyncio.wait({answer, self._over}, timeout=step, return_when=asyncio.FIRST_COMPLETED)
            if self._over.done():
                return False
        return True

    def _take_beat(self, answer: Any, nodes: Sequence[ua.NodeId], sent: float) -> None:
        now = time.perf_counter()
        self._smoothed += (now - sent - self._smoothed) / 8
        self._channel.patience = self._watchdog + self._deadline + _STANDSTILL
        try:
            if isinstance(answer, Exception):
                raise answer
            results = decode(answer, ua.ReadResponse).Results
        except ServiceFault as fault:
            if fault.status in SESSION_GONE:
                self._session_gone(fault.status)
            return  # it refuses, but it is there
        except ChannelLost:
            return
        except Undecodable as error:
            self._lose(Problem(ProblemKind.UNDECODABLE, Layer.ACTIVATED, detail=str(error)))
            return
        values = dict(zip(nodes, results or (), strict=False))
        current = values.pop(role.CURRENT_TIME, None)
        if current is not None:
            self._clock = role.clock_of(current, (sent + now) / 2, self._clock)
        self._hear(list(values.items()))

    async def _renew_channel(self) -> None:
        """A new token after three quarters of the old one's lifetime (OPC 10000-4, 5.6.2)."""
        wait = 0.75 * self._channel.lifetime
        while await self._pause(wait):
            try:
                await self._channel.open(self._deadlines.request, self._deadlines.token, renew=True)
                wait = 0.75 * self._channel.lifetime
            except (AnswerLate, ServiceFault, Undecodable) as error:
                _log.warning("secure channel not renewed: %s", error)
                wait = min(_RETRY, 0.05 * self._channel.lifetime)
            except SessionEnded:
                return

    async def _follow(self) -> None:
        """Let the server push whatever its role shows in; until it does, the watchdog reads it."""
        while self._role_nodes:
            try:
                await self._roles.create(self._publisher)
                statuses = await self._roles.add(list(enumerate(self._role_nodes)))
                self._polled = [node for node, status in zip(self._role_nodes, statuses, strict=True) if status]
                return
            except (AnswerLate, ServiceFault, Undecodable) as error:
                _log.warning("role not monitored: %s", error)
            except SessionEnded:
                return
            if not await self._pause(_RETRY):
                return

    async def _renew_subscription(self, subscription: Subscription) -> None:
        _log.warning("subscription %d %s: made anew", subscription.id, "ended" if subscription.dead else "fell silent")
        try:
            await subscription.renew(self._publisher)
        except ServiceFault as fault:
            # A session in which values stand still and look live is worth nothing.
            self._lose(Problem(ProblemKind.LOST, Layer.ACTIVATED, fault.status, name_of(fault.status)))
        except Undecodable as error:
            self._lose(Problem(ProblemKind.UNDECODABLE, Layer.ACTIVATED, detail=str(error)))
        except AnswerLate as error:
            self._lose(Problem(ProblemKind.TIMED_OUT, Layer.ACTIVATED, detail=str(error)))
        except SessionEnded:
            return


def _read_request(nodes: Sequence[ua.NodeId]) -> ua.ReadRequest:
    request = ua.ReadRequest()
    request.Parameters.MaxAge = 0.0
    for node in nodes:
        value = ua.ReadValueId()
        value.NodeId = node
        value.AttributeId = ua.AttributeIds.Value
        request.Parameters.NodesToRead.append(value)
    return request


def _nothing() -> None:
    pass


def _drop(changes: Sequence[Change]) -> None:
    pass
