"""Writing one value once, and saying what became of it. Never queues, repeats or replays; knows no window and no page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

from vizclient.items.address import Address
from vizclient.items.freshness import BAD_NODE_ID_INVALID, BAD_NODE_ID_UNKNOWN
from vizclient.items.metadata import Metadata
from vizclient.items.ports import DataSession, ServiceFault, SessionEnded
from vizclient.items.status import status_name
from vizclient.items.typed import Limits, ValueRefused, fit, same
from vizclient.items.value import Value, severity
from vizclient.tasks import TaskSet

ANSWER_WITHIN = 5.0
"""Seconds for the server to answer a write or the read that checks it; after that what became of it is unknown."""
CONFIRM_WITHIN = 10.0
"""Seconds for a feedback item, or for a write that completes asynchronously, to show the value."""
MOST_UNDER_WAY = 64

GOOD_COMPLETES_ASYNCHRONOUSLY = 0x002E0000
_EFFECT_UNKNOWN = frozenset(
    {
        0x80010000,  # BadUnexpectedError
        0x80050000,  # BadCommunicationError: between the server and the device
        0x800A0000,  # BadTimeout
        0x80310000,  # BadNoCommunication
        0x80840000,  # BadRequestInterrupted
        0x80850000,  # BadRequestTimeout
    }
)


class WriteOutcome(StrEnum):
    """Where a write stands. All but `pending` are final."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


class ReadbackKind(StrEnum):
    """What makes a write done."""

    NONE = "none"  # Good is enough
    SAME = "same"  # the item reads back as written, after the settle time
    ITEM = "item"  # another item shows the value


@dataclass(frozen=True, slots=True)
class Readback:
    """How a write is checked. `tolerance` None: one step of the type. `settle` in seconds. `item`: the feedback item's handle."""

    kind: ReadbackKind = ReadbackKind.SAME
    tolerance: float | None = None
    settle: float = 0.3
    item: int | None = None


@dataclass(frozen=True, slots=True)
class WriteState:
    """One write, as it stands. `code` and `arguments` name the reason of what is not done; `read`: what a mismatch read."""

    number: int
    handle: int
    outcome: WriteOutcome
    code: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    read: Value = None


@dataclass(frozen=True, slots=True)
class WriteOrder:
    """What the operator asked for, `seen_generation` being that of the value shown when it was asked.

    `feedback`: address of the readback's item. `limits` stand in place of the item's EURange.
    """

    number: int
    handle: int
    address: Address
    value: Value
    seen_generation: int
    readback: Readback = Readback()
    feedback: Address | None = None
    limits: Limits | None = None


class Writer:
    """Carries out writes on the data session of the moment; every order ends in exactly one final state."""

    def __init__(
        self,
        session: Callable[[], DataSession | None],
        sure: Callable[[], bool],
        metadata: Callable[[int], Metadata | None],
        tell: Callable[[WriteState], None],
    ) -> None:
        self._session = session
        self._sure = sure
        self._metadata = metadata
        self._tell = tell
        self._tasks = TaskSet("writes")
        self._under_way: dict[int, asyncio.Task[WriteState]] = {}
        self._busy: set[int] = set()

    def begin(self, order: WriteOrder) -> None:
        """Start it; its states come through `tell`."""
        state = WriteState(order.number, order.handle, WriteOutcome.PENDING)
        session = self._session()
        code = ""
        if session is None:
            code = "write-not-connected"
        elif session.generation != order.seen_generation:
            code = "write-generation"
        elif not self._sure():
            code = "write-role-unsure"
        elif order.handle in self._busy:
            code = "write-under-way"
        elif len(self._busy) >= MOST_UNDER_WAY:
            code = "write-too-many"
        if session is None or code:
            self._tell(replace(state, outcome=WriteOutcome.REFUSED, code=code))
            return
        self._busy.add(order.handle)
        self._tell(state)
        task = self._tasks.start(self._carry_out(order, state, session), name=f"write-{order.number}")
        self._under_way[order.number] = task
        task.add_done_callback(partial(self._settle, order, state))  # also if it is cancelled before it has begun

    def cancel(self, number: int) -> None:
        """Stop waiting for it: it becomes `unknown`. It is not undone."""
        task = self._under_way.get(number)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """End all that is under way; each becomes `unknown`."""
        await self._tasks.close()

    def _settle(self, order: WriteOrder, state: WriteState, task: asyncio.Task[WriteState]) -> None:
        del self._under_way[order.number]
        self._busy.discard(order.handle)
        if task.cancelled() or task.exception() is not None:
            self._tell(replace(state, outcome=WriteOutcome.UNKNOWN, code="write-abandoned"))
        else:
            self._tell(task.result())

    async def _carry_out(self, order: WriteOrder, state: WriteState, session: DataSession) -> WriteState:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                metadata = self._metadata(order.handle) or await self._ask(order, session)
        except (SessionEnded, ServiceFault, TimeoutError) as error:
            status = error.status if isinstance(error, ServiceFault) else 0
            return replace(state, outcome=WriteOutcome.REFUSED, code="write-no-metadata", status=status)
        if metadata is None:
            return replace(state, outcome=WriteOutcome.REFUSED, code="write-missing", status=BAD_NODE_ID_UNKNOWN)
        if not metadata.writable:
            return replace(state, outcome=WriteOutcome.REFUSED, code="write-read-only")
        try:
            value = fit(order.value, metadata, order.limits)
        except ValueRefused as error:
            return replace(state, outcome=WriteOutcome.REFUSED, code=error.code, arguments=error.arguments)
        if self._session() is not session:  # it went while the metadata was read
            return replace(state, outcome=WriteOutcome.REFUSED, code="write-generation")
        if not self._sure():
            return replace(state, outcome=WriteOutcome.REFUSED, code="write-role-unsure")
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                status = await session.write(order.address, value, metadata.data_type)
        except SessionEnded:
            return replace(state, outcome=WriteOutcome.UNKNOWN, code="write-link-lost")
        except TimeoutError:
            return replace(state, outcome=WriteOutcome.UNKNOWN, code="write-no-answer")
        except ServiceFault as error:
            status = error.status
        if status in _EFFECT_UNKNOWN or severity(status) == 1:
            return _answered(state, WriteOutcome.UNKNOWN, "write-device-unsure", status)
        if severity(status) == 2:
            code = "write-missing" if status in (BAD_NODE_ID_UNKNOWN, BAD_NODE_ID_INVALID) else "write-refused"
            return _answered(state, WriteOutcome.REFUSED, code, status)
        later = status == GOOD_COMPLETES_ASYNCHRONOUSLY
        if later:
            state = replace(state, status=status)
            self._tell(state)
        return await self._confirm(order, state, session, value, metadata.data_type, patient=later)

    async def _ask(self, order: WriteOrder, session: DataSession) -> Metadata | None:
        return (await session.read_metadata([(order.handle, order.address)]))[0]

    async def _confirm(
        self, order: WriteOrder, state: WriteState, session: DataSession, value: Value, data_type: str, *, patient: bool
    ) -> WriteState:
        readback = order.readback
        if readback.kind is ReadbackKind.NONE:
            if patient:  # nothing will ever tell
                return replace(state, outcome=WriteOutcome.UNKNOWN, code="write-completes-later")
            return replace(state, outcome=WriteOutcome.DONE)
        item, feedback = (order.handle, order.address), False
        if readback.kind is ReadbackKind.ITEM and readback.item is not None and order.feedback is not None:
            item, feedback = (readback.item, order.feedback), True
        pause = max(readback.settle, 0.0)
        waited = 0.0
        while True:
            await asyncio.sleep(pause)
            waited += pause
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    change = (await session.read([item]))[0]
            except (SessionEnded, ServiceFault, TimeoutError):
                return replace(state, outcome=WriteOutcome.UNKNOWN, code="write-unconfirmed")
            readable = severity(change.status) < 2
            if readable and same(value, change.value, data_type, readback.tolerance):
                return replace(state, outcome=WriteOutcome.DONE)
            if not (patient or feedback) or waited >= CONFIRM_WITHIN:
                break
            pause = max(pause, 0.1)
        if not readable:
            return replace(state, outcome=WriteOutcome.UNKNOWN, code="write-unconfirmed", status=change.status)
        return replace(state, outcome=WriteOutcome.MISMATCH, code="write-mismatch", read=change.value)


def _answered(state: WriteState, outcome: WriteOutcome, code: str, status: int) -> WriteState:
    return replace(state, outcome=outcome, code=code, arguments={"status": status_name(status)}, status=status)
