"""The feed: what is brought up in which order, and what happens when a server does not play along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest

from fakes.data_session import MISSING, ScriptedSession
from fakes.virtual_time import run
from vizclient.items.address import Address
from vizclient.items.feed import Feed
from vizclient.items.metadata import Metadata
from vizclient.items.ports import Change
from vizclient.items.store import Store


def _address(handle: int) -> Address:
    return Address("urn:test", f"item-{handle}")


def _items(*handles: int) -> dict[int, Address]:
    return {handle: _address(handle) for handle in handles}


class _Bench:
    """A feed with everything that it says written down. Make it inside the virtual loop."""

    def __init__(self, linger: float = 10.0) -> None:
        self.described: dict[int, Metadata | None] = {}
        self.dropped: list[int] = []
        self.progress: list[tuple[int, float, float | None]] = []
        self.failed: list[BaseException] = []
        self.looks_at_the_clock = 0
        self.store = Store(lambda: None)
        self.feed = Feed(
            self.store,
            monotonic=self._now,
            described=self.described.update,
            dropped=self.dropped.extend,
            progress=lambda *said: self.progress.append(said),
            failed=lambda _, error: self.failed.append(error),
            random=lambda: 0.5,
            linger=linger,
        )

    def _now(self) -> float:
        self.looks_at_the_clock += 1
        return asyncio.get_running_loop().time()

    def times(self) -> list[tuple[float, float | None]]:
        """What was said of the first and the last first value."""
        assert {generation for generation, _, _ in self.progress} == {1}
        return [(round(first, 6), None if last is None else round(last, 6)) for _, first, last in self.progress]

    def value(self, handle: int) -> object:
        sample = self.store.samples.get(handle)
        return None if sample is None else sample.value

    def status(self, handle: int) -> int | None:
        sample = self.store.samples[handle]
        return None if sample is None else sample.status


def _play(scene: Callable[[_Bench], Coroutine[None, None, None]], linger: float = 10.0) -> None:
    async def whole() -> None:
        bench = _Bench(linger)
        try:
            await scene(bench)
        finally:
            await bench.feed.close()
        assert not bench.failed, bench.failed

    run(whole())


def test_shown_items_are_read_then_subscribed_then_described_before_anything_else() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(chunk=2)
        bench.feed.show("background", _items(1, 2, 3, 4, 5), shown=False)
        bench.feed.show("page", _items(10, 11, 4))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        assert set(session.requests[0][1]) == {10, 11, 4}
        assert session.kinds() == [
            *("read", "subscribe", "subscribe", "metadata", "metadata"),
            *("subscribe", "subscribe", "metadata", "metadata"),
        ]
        assert set(session.handles("subscribe")[:3]) == set(session.handles("metadata")[:3]) == {10, 11, 4}
        assert session.subscribed == {1, 2, 3, 4, 5, 10, 11}
        assert set(bench.described) == session.subscribed

    _play(scene)


def test_the_values_on_screen_are_there_after_one_answer() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(latency=0.01)
        session.values = {_address(handle): float(handle) for handle in range(500)}
        bench.feed.show("page", _items(*range(500)))
        bench.feed.show("background", _items(*range(1000, 4000)), shown=False)
        bench.feed.attach(session)
        await asyncio.sleep(0.011)
        assert [bench.value(handle) for handle in range(500)] == [float(handle) for handle in range(500)]
        assert bench.times() == [(0.01, 0.01)]

    _play(scene)


def test_progress_tells_the_first_value_before_the_last_one() -> None:
    async def scene(bench: _Bench) -> None:
        bench.feed.show("page", _items(*range(1200)))
        bench.feed.attach(ScriptedSession(latency=0.01))
        await asyncio.sleep(1)
        assert bench.times() == [(0.01, None), (0.01, None), (0.01, 0.03)]

    _play(scene)


def test_no_request_has_more_than_a_chunk_and_every_one_of_five_thousand_items_arrives() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(chunk=100, latency=0.001)
        bench.feed.show("page", _items(*range(5000)))
        bench.feed.attach(session)
        await asyncio.sleep(5)
        assert len(session.subscribed) == len(bench.described) == 5000
        assert None not in bench.store.samples.values()

    _play(scene)


def test_too_many_operations_halves_the_chunk_and_loses_nothing() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(chunk=200)
        session.most_items = 60
        bench.feed.show("page", _items(*range(300)))
        bench.feed.attach(session)
        await asyncio.sleep(5)
        assert session.subscribed == set(range(300))
        assert all(status == 0 for status in map(bench.status, range(300)))

    _play(scene)


def test_a_missing_item_says_so_while_the_others_live_and_appears_when_it_does() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        session.missing = {_address(2)}
        bench.feed.show("page", _items(1, 2))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        assert (bench.status(1), bench.status(2)) == (0, MISSING)
        assert set(bench.described) == {1}
        await asyncio.sleep(60)
        asked = session.handles("subscribe").count(2)
        assert 4 <= asked <= 9, "retried, but ever more seldom"
        session.missing.clear()
        await asyncio.sleep(31)
        assert 2 in session.subscribed
        session.publish([Change(2, 7.0, 0, None)])
        assert bench.value(2) == 7.0
        assert 2 in bench.described

    _play(scene)


def test_a_node_that_is_deleted_is_watched_anew_when_it_returns() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        session.missing = {_address(1)}
        session.publish([Change(1, None, MISSING, None)])
        await asyncio.sleep(1)
        assert session.subscribed == set()
        session.missing.clear()
        await asyncio.sleep(5)
        assert session.subscribed == {1}

    _play(scene)


def test_a_refused_subscription_is_tried_again_and_only_a_second_refusal_shows() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        session.faults = {"subscribe": [0x80770000, 0x80770000]}
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(0.4)
        assert bench.status(1) == 0
        await asyncio.sleep(0.4)
        assert bench.status(1) == 0x80770000, "read, but not kept current: must not look live"
        await asyncio.sleep(2)
        assert session.subscribed == {1}

    _play(scene)


def test_what_is_shown_and_cannot_be_subscribed_yet_is_read_again_meanwhile() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(chunk=1, latency=0.2)
        session.faults = {"subscribe": [0x80770000] * 5}
        bench.feed.show("page", _items(1, 2, 3, 4, 5))
        bench.feed.attach(session)
        await asyncio.sleep(0.5)
        session.values = {_address(handle): 7.0 for handle in (1, 2, 3, 4, 5)}
        await asyncio.sleep(1.0)
        assert [bench.value(handle) for handle in (1, 2, 3, 4, 5)] == [7.0] * 5
        assert session.subscribed == set()
        reads = [handles for kind, handles in session.requests if kind == "read"]
        assert len(reads) == 2, "not more often than a slow server can bear"

    _play(scene)


def test_what_says_why_it_is_not_current_is_not_made_to_look_so_by_reading_it_again() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        session.faults = {"subscribe": [0x80770000] * 3}
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(0.7)
        bench.feed.show("dialog", _items(2))  # is read, so that something is read again
        for _ in range(20):
            assert bench.status(1) == 0x80770000
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        assert session.subscribed == {1, 2}

    _play(scene)


def test_once_all_is_subscribed_nothing_is_read_again() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("page", _items(1, 2))
        bench.feed.attach(session)
        await asyncio.sleep(30)
        assert [kind for kind, _ in session.requests].count("read") == 1

    _play(scene)


def test_failing_reads_do_not_hold_up_subscriptions_and_are_tried_again() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        session.faults = {"read": [0x80020000], "metadata": [0x80020000]}
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(0.1)
        assert session.subscribed == {1}
        await asyncio.sleep(5)
        assert bench.value(1) == 0.0
        assert set(bench.described) == {1}

    _play(scene)


def test_while_a_part_of_the_page_cannot_be_read_the_feed_sleeps() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("page", _items(*range(600)))
        bench.feed.attach(session)
        await asyncio.sleep(0.011)
        session.faults = {"read": [0x80020000] * 6}
        await asyncio.sleep(1.4)
        assert (bench.times()[-1][1], session.kinds().count("read")) == (None, 7)
        assert bench.looks_at_the_clock < 200
        await asyncio.sleep(1)
        assert bench.times()[-1][1] is not None

    _play(scene)


def test_after_a_gap_everything_is_read_again_shown_items_first() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("background", _items(1), shown=False)
        bench.feed.show("page", _items(2))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        session.publish([Change(1, "old", 0, None), Change(2, "old", 0, None)])
        session.values = {_address(1): "new", _address(2): "new"}
        session.requests.clear()
        session.gap()
        await asyncio.sleep(1)
        assert session.requests == [("read", (2,)), ("read", (1,))]
        assert (bench.value(1), bench.value(2)) == ("new", "new")

    _play(scene)


def test_an_item_that_comes_into_view_is_read_and_subscribed_before_the_rest() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(chunk=10, latency=0.05)
        bench.feed.show("background", _items(*range(1000)), shown=False)
        bench.feed.attach(session)
        await asyncio.sleep(0.12)
        session.requests.clear()
        bench.feed.show("page", _items(990, 991))
        await asyncio.sleep(0.2)
        assert [kind for kind, handles in session.requests if set(handles) == {990, 991}][:2] == ["read", "subscribe"]
        assert session.kinds().index("read") <= 1
        await asyncio.sleep(60)
        assert session.subscribed == set(range(1000)), "and none of them twice"

    _play(scene)


def test_what_no_view_wants_is_let_go_of_after_a_while_and_told_so() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("page", _items(1, 2))
        bench.feed.show("other", _items(2))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        bench.feed.show("page", {})
        await asyncio.sleep(9.5)
        assert session.subscribed == {1, 2}, "the operator may come back"
        await asyncio.sleep(1)
        assert session.subscribed == {2}
        assert bench.dropped == [1]
        assert 1 not in bench.store.samples

    _play(scene)


def test_coming_back_in_time_costs_no_request() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        bench.feed.show("page", {})
        await asyncio.sleep(5)
        session.requests.clear()
        bench.feed.show("page", _items(1))
        await asyncio.sleep(20)
        assert session.requests == []
        assert bench.dropped == []

    _play(scene)


def test_an_item_that_is_wanted_again_while_it_is_being_let_go_of_is_read_and_subscribed_anew() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(latency=0.1)
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        bench.feed.show("page", {})
        await asyncio.sleep(1.05)  # the request that ends its subscription is under way
        assert session.kinds()[-1] == "unsubscribe"
        bench.feed.show("page", _items(1))
        await asyncio.sleep(2)
        assert session.subscribed == {1}
        assert bench.value(1) == 0.0
        assert 1 in bench.feed.metadata

    _play(scene, linger=1.0)


def test_an_item_that_is_wanted_again_before_its_subscription_was_ended_is_not_subscribed_twice() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession(latency=0.1, chunk=10)
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        await asyncio.sleep(1)
        bench.feed.show("background", _items(*range(100, 1000)), shown=False)
        bench.feed.show("page", {})
        await asyncio.sleep(1.5)
        assert bench.dropped == [1]
        assert "unsubscribe" not in session.kinds(), "there is more urgent work"
        bench.feed.show("page", _items(1))
        await asyncio.sleep(60)
        assert session.subscribed == {1, *range(100, 1000)}

    _play(scene, linger=1.0)


def test_a_new_session_starts_from_nothing_and_answers_of_the_old_one_do_not_count() -> None:
    async def scene(bench: _Bench) -> None:
        old, new = ScriptedSession(1, "main", latency=1.0), ScriptedSession(2, "backup")
        new.values = {_address(1): "new"}
        bench.feed.show("page", _items(1))
        bench.feed.attach(old)
        await asyncio.sleep(0.5)
        bench.feed.detach()
        bench.feed.attach(new)
        old.publish([Change(1, "ghost", 0, None)])
        old.gap()
        await asyncio.sleep(1)
        old.publish([Change(1, None, MISSING, None)])
        await asyncio.sleep(5)
        assert bench.value(1) == "new"
        assert old.requests == [("read", (1,))]
        assert new.kinds() == ["read", "subscribe", "metadata"]

    _play(scene)


def test_metadata_is_read_anew_in_each_generation() -> None:
    async def scene(bench: _Bench) -> None:
        bench.feed.show("page", _items(1))
        bench.feed.attach(ScriptedSession(1))
        await asyncio.sleep(1)
        session = ScriptedSession(2)
        session.metadata = {_address(1): Metadata("Int32")}
        bench.feed.attach(session)
        assert bench.feed.metadata == {}
        await asyncio.sleep(1)
        assert bench.described[1] == Metadata("Int32")

    _play(scene)


def test_a_session_that_ends_under_the_feed_is_left_in_peace() -> None:
    async def scene(bench: _Bench) -> None:
        session = ScriptedSession()
        bench.feed.show("page", _items(1))
        bench.feed.attach(session)
        session.ended = True
        await asyncio.sleep(60)
        assert len(session.requests) <= 1

    _play(scene)


def test_a_fault_of_this_program_is_reported_because_nothing_more_would_come() -> None:
    class Broken(ScriptedSession):
        async def read(self, items: Sequence[tuple[int, Address]]) -> list[Change]:
            raise RuntimeError("a bug")

    async def whole() -> None:
        bench = _Bench()
        bench.feed.show("page", _items(1))
        bench.feed.attach(Broken())
        await asyncio.sleep(1)
        assert [str(error) for error in bench.failed] == ["a bug"]
        await bench.feed.close()

    run(whole())


def test_more_items_than_a_site_can_have_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vizclient.items.feed.MOST_ITEMS", 3)

    async def scene(bench: _Bench) -> None:
        with pytest.raises(ValueError, match="more than 3"):
            bench.feed.show("page", _items(1, 2, 3, 4))
        bench.feed.show("page", _items(1, 2, 3))
        assert set(bench.feed.addresses) == {1, 2, 3}

    _play(scene)
