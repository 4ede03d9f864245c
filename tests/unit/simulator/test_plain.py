"""Plain items: any number, moving by a count alone."""

from __future__ import annotations

from vizclient.simulator.plain import PlainItems


def test_items_stand_in_folders_of_a_hundred() -> None:
    items = PlainItems(250).items
    assert items[0].identifier == "Plain/000/00000"
    assert items[249].identifier == "Plain/002/00249"


def test_types_and_units_are_mixed() -> None:
    items = PlainItems(100).items
    assert {"Double", "Float", "Boolean", "UInt16", "Int16", "UInt32"} <= {item.data_type for item in items}
    assert len({item.unit for item in items}) > 5


def test_every_change_is_one() -> None:
    plain = PlainItems(40)
    held = {index: plain.value(index) for index in range(40)}
    for index, value in plain.advance(40 * 300):
        assert held[index] != value
        held[index] = value
    assert held == {index: plain.value(index) for index in range(40)}


def test_all_moving_ones_take_their_turn() -> None:
    plain = PlainItems(20)
    assert [index for index, _ in plain.advance(18)] == [i for i in range(20) if i % 10 != 9]


def test_a_peer_with_the_same_count_has_the_same_values() -> None:
    here, there = PlainItems(100), PlainItems(100)
    here.advance(12_345)
    there.changed = here.changed
    assert [here.value(i) for i in range(100)] == [there.value(i) for i in range(100)]


def test_what_was_written_stays() -> None:
    plain = PlainItems(10)
    assert plain.items[9].writable
    plain.written[9] = 17.5
    plain.advance(1000)
    assert plain.value(9) == 17.5


def test_no_items_means_no_changes() -> None:
    assert PlainItems(0).advance(100) == []
