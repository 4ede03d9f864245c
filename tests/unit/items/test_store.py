"""The store: what beats what, what is dirty, and what is confirmed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.ports import Change
from vizclient.items.store import Store
from vizclient.items.value import Sample


class _Calls:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def _store(*handles: int, shown: tuple[int, ...] = ()) -> Store:
    store = Store(_Calls())
    store.want(handles, shown)
    store.begin(1, "main")
    return store


def _value(store: Store, handle: int) -> object:
    sample = store.samples[handle]
    return None if sample is None else sample.value


def test_what_was_published_beats_what_is_read_later() -> None:
    store = _store(1)
    store.publish(1, [Change(1, "published", 0, 5.0)])
    store.take_read(1, [Change(1, "read", 0, 9.0)])
    assert _value(store, 1) == "published"


def test_what_was_read_is_replaced_by_what_is_published_whatever_the_timestamps_say() -> None:
    store = _store(1)
    store.take_read(1, [Change(1, "read", 0, 9.0)])
    store.publish(1, [Change(1, "published", 0, 5.0)])
    assert _value(store, 1) == "published"


def test_after_a_gap_what_is_read_beats_what_was_published_before_it() -> None:
    store = _store(1)
    store.publish(1, [Change(1, "before", 0, None)])
    store.gap()
    store.take_read(1, [Change(1, "read", 0, None)])
    assert _value(store, 1) == "read"


def test_a_newer_generation_beats_all_and_an_older_one_is_dropped() -> None:
    store = _store(1)
    store.publish(1, [Change(1, "old", 0, 99.0)])
    store.begin(2, "backup")
    store.take_read(2, [Change(1, "new", 0, 1.0)])
    store.publish(1, [Change(1, "ghost", 0, 100.0)])
    store.take_read(1, [Change(1, "ghost", 0, 100.0)])
    assert store.samples[1] == Sample("new", 0, 1.0, 2, "backup")


def test_a_read_under_way_at_the_change_of_generation_does_not_count() -> None:
    store = _store(1)
    store.begin(2, "main")
    store.fail(1, 1, 0x80340000)
    assert store.samples[1] is None


def test_what_is_not_wanted_is_passed_over() -> None:
    store = _store(1)
    store.publish(1, [Change(7, 1.0, 0, None)])
    store.drop([1])
    store.publish(1, [Change(1, 1.0, 0, None)])
    assert store.samples == {}
    assert store.clean


def test_a_failed_item_does_not_keep_a_value_that_looks_current() -> None:
    store = _store(1)
    store.publish(1, [Change(1, 20.0, 0, None)])
    store.fail(1, 1, 0x80DB0000)
    assert store.samples[1] == Sample(None, 0x80DB0000, None, 1, "main")


def test_shown_items_are_taken_first_and_a_taken_one_is_clean() -> None:
    store = _store(1, 2, 3, 4, shown=(3, 4))
    store.publish(1, [Change(handle, handle, 0, None) for handle in (1, 2, 3, 4)])
    assert [handle for handle, _ in store.take(3)] == [3, 4, 1]
    assert [handle for handle, _ in store.take(3)] == [2]
    assert store.take(3) == []


def test_an_item_that_comes_into_view_while_it_is_dirty_moves_to_the_front() -> None:
    store = _store(1, 2)
    store.publish(1, [Change(1, 1, 0, None), Change(2, 2, 0, None)])
    store.want([], {2})
    assert [handle for handle, _ in store.take(1)] == [2]


def test_many_changes_of_one_item_are_taken_as_the_last_one() -> None:
    store = _store(1)
    store.publish(1, [Change(1, number, 0, None) for number in range(100)])
    assert [sample.value for _, sample in store.take(10)] == [99]


def test_the_store_says_once_that_it_has_become_dirty() -> None:
    calls = _Calls()
    store = Store(calls)
    store.want([1, 2], [])
    store.begin(1, "main")
    store.publish(1, [Change(1, 1, 0, None)])
    store.publish(1, [Change(2, 1, 0, None)])
    assert calls.count == 1
    store.take(10)
    store.take_read(1, [Change(2, 1, 0, None)])  # was published: nothing changes
    assert calls.count == 1


def test_changes_of_the_last_generation_are_not_sent_any_more_once_a_new_one_began() -> None:
    store = _store(1)
    store.publish(1, [Change(1, 1, 0, None)])
    store.begin(2, "main")
    assert store.take(10) == []


def _confirmed(store: Store, handle: int = 1) -> bool:
    sample = store.samples[handle]
    assert sample is not None
    return sample.confirmed


def test_an_item_is_confirmed_by_a_later_notification_with_a_newer_timestamp_that_is_not_bad_only() -> None:
    store = _store(1)
    store.publish(1, [Change(1, 1, 0, 10.0)])
    assert not _confirmed(store)
    store.publish(1, [Change(1, 2, 0, 10.0)])
    assert not _confirmed(store)
    store.publish(1, [Change(1, 3, 0, 9.0)])
    assert not _confirmed(store)
    store.publish(1, [Change(1, 3, 0, None)])
    assert not _confirmed(store)
    store.publish(1, [Change(1, None, 0x80050000, 10.4)])
    assert not _confirmed(store)
    store.publish(1, [Change(1, 3, 0, 10.5)])
    assert _confirmed(store)
    store.publish(1, [Change(1, 3, 0, 1.0)])
    assert _confirmed(store)


def test_what_the_field_confirmed_stays_so_while_nobody_looks_and_the_server_is_the_same() -> None:
    store = _store(1)
    store.publish(1, [Change(1, 1, 0, 10.0), Change(1, 1, 0, 11.0)])
    store.drop([1])
    store.want([1], [1])
    store.take_read(1, [Change(1, 1, 0, 11.0)])
    assert _confirmed(store)
    store.drop([1])
    store.begin(2, "backup")
    store.want([1], [1])
    store.take_read(2, [Change(1, 1, 0, 11.0)])
    assert not _confirmed(store)


def test_a_new_session_on_the_same_server_keeps_what_was_confirmed_and_another_server_does_not() -> None:
    store = _store(1)
    store.publish(1, [Change(1, 1, 0, 10.0), Change(1, 1, 0, 11.0)])
    store.begin(2, "main")
    store.take_read(2, [Change(1, 1, 0, 11.0)])
    assert _confirmed(store)
    store.begin(3, "backup")
    store.take_read(3, [Change(1, 1, 0, 11.0)])
    assert not _confirmed(store)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("publish"), st.integers(0, 4)),
            st.tuples(st.just("read"), st.integers(0, 4)),
            st.tuples(st.just("take"), st.integers(1, 3)),
        ),
        max_size=40,
    )
)
def test_whoever_takes_all_always_ends_up_with_what_the_store_holds(steps: list[tuple[str, int]]) -> None:
    store = _store(*range(5), shown=(1, 3))
    mirror: dict[int, Sample] = {}
    for number, (kind, argument) in enumerate(steps):
        match kind:
            case "publish":
                store.publish(1, [Change(argument, number, 0, None)])
            case "read":
                store.take_read(1, [Change(argument, -number, 0, None)])
            case _:
                mirror.update(store.take(argument))
    mirror.update(store.take(100))
    assert mirror == {handle: sample for handle, sample in store.samples.items() if sample is not None}
