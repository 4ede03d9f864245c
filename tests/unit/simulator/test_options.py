"""Options of a pair."""

from __future__ import annotations

import pytest

from vizclient.simulator.options import Options


def test_options_survive_the_way_to_a_process() -> None:
    options = Options(
        items=100, standby="passive", burst=50, audit="a b", speaks_to_backup=("Kaba",), failover_users=("chief",)
    )
    assert Options.from_json(options.to_json()) == options


def test_plain_items_change_every_ten_seconds_if_not_said_otherwise() -> None:
    assert Options(items=500).changes_per_second == 50
    assert Options(items=500, change_rate=0).changes_per_second == 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"standby": "open"}, "closed, reject, passive"),
        ({"announce": "loudly"}, "mode"),
        ({"heartbeat": 300}, "dead_after"),
        ({"items": 50_001}, "50001"),
        ({"smtp": "mail"}, "HOST:PORT"),
    ],
)
def test_wrong_options_are_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Options(**wrong)  # type: ignore[arg-type]


def test_the_backup_may_have_other_users() -> None:
    options = Options(users={"operator": "a"}, backup_users={"operator": "b"})
    assert [options.users_of(server) for server in ("main", "backup")] == [{"operator": "a"}, {"operator": "b"}]
    assert Options(users={"operator": "a"}).users_of("backup") == {"operator": "a"}
