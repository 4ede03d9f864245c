"""Writes: once, and an honest word about what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from fakes.data_session import ScriptedSession
from fakes.virtual_time import run
from vizclient.items.address import Address
from vizclient.items.metadata import Metadata
from vizclient.items.value import Value
from vizclient.items.writing import Readback, ReadbackKind, WriteOrder, WriteOutcome, Writer, WriteState
from vizclient.phrases import PHRASES

_ITEM = Address("urn:test", "set-point")
_FEEDBACK = Address("urn:test", "position")
_NONE = Readback(ReadbackKind.NONE)


class _Bench:
    def __init__(self) -> None:
        self.session: ScriptedSession | None = ScriptedSession(generation=3)
        self.sure = True
        self.metadata: dict[int, Metadata] = {1: Metadata("Double", writable=True, low=0.0, high=100.0)}
        self.states: list[WriteState] = []
        self.writer = Writer(lambda: self.session, lambda: self.sure, self.metadata.get, self.states.append)

    def order(self, value: Value = 21.5, readback: Readback = _NONE, number: int = 1) -> WriteOrder:
        return WriteOrder(number, 1, _ITEM, value, 3, readback, _FEEDBACK)

    async def write(self, order: WriteOrder, within: float = 60.0) -> WriteState:
        """The final state."""
        self.writer.begin(order)
        await asyncio.sleep(within)
        finals = [
            state for state in self.states if state.number == order.number and state.outcome is not WriteOutcome.PENDING
        ]
        assert len(finals) == 1, self.states
        assert not finals[0].code or finals[0].code in PHRASES
        return finals[0]

    def outcome(self) -> WriteOutcome:
        """Of what was said last."""
        return self.states[-1].outcome

    @property
    def live(self) -> ScriptedSession:
        assert self.session is not None
        return self.session


def _play(scene: Callable[[_Bench], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        bench = _Bench()
        try:
            await scene(bench)
        finally:
            await bench.writer.close()

    run(whole())


def test_a_good_answer_is_done_where_nothing_is_read_back() -> None:
    async def scene(bench: _Bench) -> None:
        final = await bench.write(bench.order())
        assert final.outcome is WriteOutcome.DONE
        assert [state.outcome for state in bench.states] == [WriteOutcome.PENDING, WriteOutcome.DONE]
        assert bench.live.written == [(_ITEM, 21.5, "Double")]

    _play(scene)


def test_a_value_that_reads_back_after_the_settle_time_is_done() -> None:
    async def scene(bench: _Bench) -> None:
        bench.writer.begin(bench.order(readback=Readback(settle=0.3)))
        await asyncio.sleep(0.29)
        assert bench.outcome() is WriteOutcome.PENDING
        await asyncio.sleep(0.1)
        assert bench.outcome() is WriteOutcome.DONE

    _play(scene)


def test_a_value_that_the_server_corrected_is_a_mismatch_and_says_what_it_is() -> None:
    async def scene(bench: _Bench) -> None:
        bench.writer.begin(bench.order(readback=Readback(settle=0.3)))
        await asyncio.sleep(0.1)
        bench.live.values[_ITEM] = 19.0
        await asyncio.sleep(1)
        assert bench.states[-1] == WriteState(1, 1, WriteOutcome.MISMATCH, "write-mismatch", read=19.0)

    _play(scene)


def test_a_feedback_item_may_take_its_time() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.values[_FEEDBACK] = 0.0
        bench.writer.begin(bench.order(50.0, Readback(ReadbackKind.ITEM, tolerance=1.0, item=9)))
        await asyncio.sleep(4)
        assert bench.outcome() is WriteOutcome.PENDING
        bench.live.values[_FEEDBACK] = 49.5
        await asyncio.sleep(1)
        assert bench.outcome() is WriteOutcome.DONE
        assert set(bench.live.handles("read")) == {9}

    _play(scene)


def test_a_feedback_item_that_never_follows_is_a_mismatch() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.values[_FEEDBACK] = 3.0
        final = await bench.write(bench.order(50.0, Readback(ReadbackKind.ITEM, item=9)))
        assert (final.outcome, final.read) == (WriteOutcome.MISMATCH, 3.0)

    _play(scene)


def test_a_refusal_of_the_server_bears_its_status() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.write_status = 0x803B0000
        final = await bench.write(bench.order())
        assert (final.outcome, final.code, final.status) == (WriteOutcome.REFUSED, "write-refused", 0x803B0000)
        assert final.arguments == {"status": "Bad_NotWritable"}

    _play(scene)


def test_a_whole_request_that_is_refused_is_refused() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.faults = {"write": [0x801F0000]}
        assert (await bench.write(bench.order())).outcome is WriteOutcome.REFUSED

    _play(scene)


@pytest.mark.parametrize("status", [0x800A0000, 0x80050000, 0x80310000, 0x40000000])
def test_a_server_that_could_not_tell_leaves_it_unknown(status: int) -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.write_status = status
        final = await bench.write(bench.order())
        assert (final.outcome, final.code) == (WriteOutcome.UNKNOWN, "write-device-unsure")

    _play(scene)


def test_no_answer_in_time_is_unknown_even_though_the_link_is_up() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.never_answers = {"write"}
        final = await bench.write(bench.order(), within=5.1)
        assert (final.outcome, final.code) == (WriteOutcome.UNKNOWN, "write-no-answer")

    _play(scene)


def test_a_session_lost_while_it_is_under_way_makes_it_unknown_and_it_is_not_sent_again() -> None:
    async def scene(bench: _Bench) -> None:
        lost = bench.live
        bench.writer.begin(bench.order())
        await asyncio.sleep(0.005)
        lost.ended = True
        bench.session = ScriptedSession(generation=4)
        await asyncio.sleep(60)
        assert bench.states[-1].code == "write-link-lost"
        assert bench.outcome() is WriteOutcome.UNKNOWN
        assert lost.kinds().count("write") == 1
        assert bench.live.requests == []

    _play(scene)


def test_a_session_lost_before_the_value_was_read_back_makes_it_unknown() -> None:
    async def scene(bench: _Bench) -> None:
        bench.writer.begin(bench.order(readback=Readback()))
        await asyncio.sleep(0.1)
        bench.live.ended = True
        await asyncio.sleep(1)
        assert (bench.states[-1].outcome, bench.states[-1].code) == (WriteOutcome.UNKNOWN, "write-unconfirmed")

    _play(scene)


def test_a_generation_that_has_passed_is_refused_and_nothing_is_sent() -> None:
    async def scene(bench: _Bench) -> None:
        final = await bench.write(replace(bench.order(), seen_generation=2))
        assert (final.outcome, final.code) == (WriteOutcome.REFUSED, "write-generation")
        assert bench.live.requests == []

    _play(scene)


def test_a_session_that_changes_while_metadata_is_asked_for_is_not_written_to() -> None:
    async def scene(bench: _Bench) -> None:
        bench.metadata.clear()
        first = bench.live
        bench.writer.begin(bench.order())
        await asyncio.sleep(0.005)
        bench.session = ScriptedSession(generation=4)
        await asyncio.sleep(1)
        assert bench.states[-1].code == "write-generation"
        assert "write" not in first.kinds() + bench.live.kinds()

    _play(scene)


def test_a_server_that_turns_out_not_to_be_surely_active_while_metadata_is_asked_for_is_not_written_to() -> None:
    async def scene(bench: _Bench) -> None:
        bench.metadata.clear()
        bench.writer.begin(bench.order())
        await asyncio.sleep(0.005)
        bench.sure = False
        await asyncio.sleep(1)
        assert bench.states[-1].code == "write-role-unsure"
        assert "write" not in bench.live.kinds()

    _play(scene)


def test_without_a_connection_or_with_a_doubtful_role_nothing_is_written() -> None:
    async def scene(bench: _Bench) -> None:
        bench.sure = False
        assert (await bench.write(bench.order())).code == "write-role-unsure"
        session, bench.session = bench.session, None
        assert (await bench.write(bench.order(number=2))).code == "write-not-connected"
        assert session is not None
        assert session.requests == []

    _play(scene)


@pytest.mark.parametrize(
    ("metadata", "value", "code"),
    [
        (Metadata("Double", writable=True, low=0.0, high=30.0), 31.0, "write-range"),
        (Metadata("Double", writable=True), "warm", "write-type"),
        (Metadata("Double", writable=False), 21.0, "write-read-only"),
    ],
)
def test_what_cannot_be_right_is_refused_without_asking_the_server(metadata: Metadata, value: Value, code: str) -> None:
    async def scene(bench: _Bench) -> None:
        bench.metadata[1] = metadata
        final = await bench.write(bench.order(value))
        assert (final.outcome, final.code) == (WriteOutcome.REFUSED, code)
        assert bench.live.requests == []

    _play(scene)


def test_metadata_that_is_not_there_yet_is_asked_for() -> None:
    async def scene(bench: _Bench) -> None:
        bench.metadata.clear()
        bench.live.metadata = {_ITEM: Metadata("Int16", writable=True)}
        assert (await bench.write(bench.order(21.0))).outcome is WriteOutcome.DONE
        assert bench.live.written == [(_ITEM, 21, "Int16")]

    _play(scene)


def test_an_item_that_does_not_exist_is_refused() -> None:
    async def scene(bench: _Bench) -> None:
        bench.metadata.clear()
        bench.live.missing = {_ITEM}
        assert (await bench.write(bench.order())).code == "write-missing"

    _play(scene)


def test_a_write_that_completes_later_is_pending_until_it_reads_back() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.write_status = 0x002E0000
        bench.writer.begin(bench.order(readback=Readback(settle=0.3)))
        await asyncio.sleep(0.1)
        bench.live.values[_ITEM] = 0.0  # the device has not followed yet
        assert bench.states[-1] == WriteState(1, 1, WriteOutcome.PENDING, status=0x002E0000)
        await asyncio.sleep(3)
        assert bench.outcome() is WriteOutcome.PENDING
        bench.live.values[_ITEM] = 21.5
        await asyncio.sleep(1)
        assert bench.outcome() is WriteOutcome.DONE

    _play(scene)


def test_a_write_that_completes_later_and_is_not_read_back_stays_unknown() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.write_status = 0x002E0000
        assert (await bench.write(bench.order())).code == "write-completes-later"

    _play(scene)


def test_a_second_write_to_the_same_item_waits_for_nobody_and_is_refused() -> None:
    async def scene(bench: _Bench) -> None:
        bench.writer.begin(bench.order(20.0))
        bench.writer.begin(bench.order(21.0, number=2))
        await asyncio.sleep(1)
        assert {state.number: (state.outcome, state.code) for state in bench.states} == {
            1: (WriteOutcome.DONE, ""),
            2: (WriteOutcome.REFUSED, "write-under-way"),
        }
        assert (await bench.write(bench.order(22.0, number=3))).outcome is WriteOutcome.DONE

    _play(scene)


def test_a_write_that_is_not_waited_for_any_more_becomes_unknown() -> None:
    async def scene(bench: _Bench) -> None:
        bench.live.never_answers = {"write"}
        bench.writer.begin(bench.order())
        await asyncio.sleep(0.1)
        bench.writer.cancel(1)
        bench.writer.cancel(77)
        await asyncio.sleep(0.1)
        assert (bench.states[-1].outcome, bench.states[-1].code) == (WriteOutcome.UNKNOWN, "write-abandoned")

    _play(scene)


def test_a_write_that_is_called_off_before_it_has_begun_is_unknown_too_and_its_item_can_be_written_again() -> None:
    async def scene(bench: _Bench) -> None:
        bench.writer.begin(bench.order())
        bench.writer.cancel(1)
        await asyncio.sleep(0.1)
        assert (bench.states[-1].outcome, bench.states[-1].code) == (WriteOutcome.UNKNOWN, "write-abandoned")
        assert bench.live.written == []
        assert (await bench.write(bench.order(22.0, number=2))).outcome is WriteOutcome.DONE

    _play(scene)
