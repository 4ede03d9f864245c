"""Scenarios 15, 16, 18, 19 and 21 of the design page: items that do not come as they should, and writes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import ua

from fakes.door import KEEP, SWALLOW, Answered, Message, Refused
from programs.linked import fresh, linked
from programs.pairs import BUSY, DETECTION_AND_HOLD, never_claims_more_than_the_servers_held
from programs.stage import ITEMS, LIVELY, Stage, staged
from vizclient.items.freshness import Freshness
from vizclient.items.writing import Readback, WriteOutcome

pytestmark = pytest.mark.e2e

QUIET = replace(LIVELY, change_rate=0)
SET_POINT = "bms:Plain/000/00009"


def test_15_a_subscription_that_fails_once_and_too_many_operations_cost_nobody_a_value(tmp_path: Path) -> None:
    failed: list[str] = []

    def rule(message: Message) -> object:
        if not message.up:
            return None
        if message.kind == "CreateSubscription" and "subscription" not in failed and "items" in failed:
            failed.append("subscription")
            return Refused(ua.StatusCodes.BadTooManySubscriptions)
        if message.kind == "CreateMonitoredItems" and len(message.decoded().Parameters.ItemsToCreate) > 2:
            failed.append("items")
            return Refused(ua.StatusCodes.BadTooManyOperations)
        return None

    with staged(tmp_path, LIVELY) as stage:
        stage.main.rule = stage.backup.rule = rule
        with stage.watching() as watching:
            watching.wait_live("main")
            failed.append("items")  # whichever subscription comes first on the backup fails
            failed[:] = [what for what in failed if what != "subscription"]
            killed = time.time()
            stage.pair.kill("main")
            watching.wait_live("backup", since=killed)
            assert {"subscription", "items"} <= set(failed)
            published = time.time()
            watching.wait(
                "changes of every item by subscription",
                lambda _: all(len({line["value"] for line in watching.since(published, item)}) > 2 for item in ITEMS),
            )
    never_claims_more_than_the_servers_held(watching, tmp_path)


def test_16_five_thousand_items_in_calls_of_a_hundred_all_have_their_first_value(tmp_path: Path) -> None:
    items = [f"bms:Plain/{n // 100:03}/{n:05}" for n in range(5000)]
    calls: list[int] = []

    def count(message: Message) -> object:
        if message.up and message.kind == "CreateMonitoredItems":
            calls.append(len(message.decoded().Parameters.ItemsToCreate))
        return None

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, items) as (_, mirror, heard, handles):
            assert max(calls) <= 100
            assert sum(calls) >= 5000
            calls.clear()
            stage.pair.kill("main")
            await heard.until(
                lambda: (
                    all(sample is not None and sample.server == "backup" for sample in mirror.samples)
                    and fresh(mirror, handles) == {Freshness.LIVE}
                    and sum(calls) >= 5000
                )
            )
            assert max(calls) <= 100

    with staged(tmp_path, replace(QUIET, items=5000, max_items=100)) as stage:
        stage.main.rule = stage.backup.rule = count
        asyncio.run(play(stage))


def test_18_nodes_missing_on_the_backup_are_said_to_be_and_come_when_they_are_there(tmp_path: Path) -> None:
    items = [f"bms:Plain/000/{n:05}" for n in range(20)]
    gone = [items[3], items[12]]
    with staged(tmp_path, LIVELY) as stage, stage.watching(items) as watching:
        watching.wait_live("main")
        names = [item.removeprefix("bms:") for item in gone]
        stage.pair.wait_done(stage.pair.set("backup", missing=names))
        killed = time.time()
        stage.pair.kill("main")
        watching.wait(
            "eighteen live items and two missing ones",
            lambda _: all(
                (said := watching.since(killed, item)) != []
                and (said[-1]["freshness"], said[-1]["server"]) == ("missing" if item in gone else "live", "backup")
                for item in items
            ),
        )
        back = time.time()
        stage.pair.wait_done(stage.pair.set("backup", missing=[]))
        watching.wait("the missing ones", lambda _: _all_live(watching.since, gone, back))
        deleted = time.time()
        stage.pair.wait_done(stage.pair.set("backup", missing=names))
        watching.wait(
            "them to be missing again", lambda _: {_last(watching.since, i, deleted) for i in gone} == {"missing"}
        )
        again = time.time()
        stage.pair.wait_done(stage.pair.set("backup", missing=None))
        watching.wait("them to be there again", lambda _: _all_live(watching.since, gone, again))


def _last(since: Callable[..., list[dict[str, object]]], item: str, at: float) -> object:
    said = since(at, item)
    return said[-1]["freshness"] if said else None


def _all_live(since: Callable[..., list[dict[str, object]]], items: list[str], at: float) -> bool:
    return {_last(since, item, at) for item in items} == {"live"}


class _Failing:
    """A rule: what becomes of publishing for the items once `on`."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.on = False
        self.subscriptions: list[int] = []
        self.done = 0

    def __call__(self, message: Message) -> object:
        if message.kind == "CreateSubscription" and not message.up and not message.fault:
            self.subscriptions.append(message.decoded().Parameters.SubscriptionId)
        if message.kind != "Publish" or not self.on:
            return None
        if message.up and self.how == "starves":
            self.done += 1
            return SWALLOW
        if message.up and self.how == "is forgotten" and not self.done:
            self.done += 1
            return Refused(ua.StatusCodes.BadNoSubscription)
        if message.up and self.how == "ends" and self.done < len(self.subscriptions):
            self.done += 1
            return Answered(self._ended(self.subscriptions[self.done - 1]))
        if not message.up and self.how == "skips" and not self.done and _has_data(message):
            self.done += 1
            return SWALLOW
        return None

    def _ended(self, subscription: int) -> ua.PublishResponse:
        change = ua.StatusChangeNotification()
        change.Status = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadTimeout))
        response = ua.PublishResponse()
        response.Parameters.SubscriptionId = subscription
        response.Parameters.NotificationMessage.SequenceNumber = 2
        response.Parameters.NotificationMessage.NotificationData = [change]
        return response


def _has_data(message: Message) -> bool:
    return not message.fault and bool(message.decoded().Parameters.NotificationMessage.NotificationData)


@pytest.mark.parametrize("how", ["skips", "ends", "is forgotten", "starves"])
def test_19_a_subscription_that_fails_while_reads_work_leaves_no_old_value_live(tmp_path: Path, how: str) -> None:
    failing = _Failing(how)
    with staged(tmp_path, QUIET) as stage:
        stage.main.rule = failing
        with stage.watching() as watching:
            watching.wait_live("main")
            stage.main.wait_for("Publish")
            stage.main.wait("two subscriptions", lambda: len(failing.subscriptions) >= 2)
            for round_ in range(2):
                failing.done, failing.on = 0, True
                if how == "starves":  # all that is outstanding must have gone
                    stage.main.wait("starved subscriptions", lambda: failing.done >= 4)
                for number, item in enumerate(ITEMS):
                    value = 9000 + 10 * round_ + number
                    stage.pair.wait_done(stage.pair.write_item("main", item.removeprefix("bms:"), value))
                changed = time.time()
                watching.wait(
                    "the new values",
                    lambda _, base=9000 + 10 * round_: all(  # type: ignore[misc]
                        [line["value"] for line in watching.values(item)][-1] == base + number
                        for number, item in enumerate(ITEMS)
                    ),
                )
                last = max(watching.values(item)[-1]["t"] for item in ITEMS)
                assert last - changed < DETECTION_AND_HOLD + BUSY
                assert {watching.values(item)[-1]["freshness"] for item in ITEMS} == {"live"}
                failing.on = False
                again = time.perf_counter()
                stage.main.wait_for("Publish", since=again)
            assert watching.states() == ["connecting", "connected"]  # the session was good enough all the time


@pytest.mark.parametrize("applied", [True, False])
def test_21_a_write_under_way_at_the_kill_is_unknown_and_never_replayed(tmp_path: Path, *, applied: bool) -> None:
    def rule(message: Message) -> object:
        if message.kind != "Write":
            return None
        if message.up:
            return None if applied else SWALLOW
        return KEEP

    async def play(stage: Stage) -> None:
        async with linked(tmp_path, stage.profile, [*ITEMS, SET_POINT]) as (client, mirror, heard, handles):
            set_point = handles[-1]
            before = mirror.samples[set_point]
            assert before is not None
            stage.main.rule = rule
            client.write(set_point, 25.5, before.generation, Readback())
            await asyncio.to_thread(stage.main.wait_for, "Write")
            await heard.until(lambda: bool(heard.writes))
            if applied:
                await heard.until(lambda: (mirror.samples[set_point] or before).value == 25.5)
            assert [state.outcome for state in heard.writes] == [WriteOutcome.PENDING]
            stage.pair.kill("main")
            await heard.until(lambda: len(heard.writes) > 1)
            assert heard.writes[-1].outcome is WriteOutcome.UNKNOWN
            await heard.until(
                lambda: (
                    fresh(mirror, handles) == {Freshness.LIVE}
                    and (mirror.samples[set_point] or before).server == "backup"
                )
            )
            after = mirror.samples[set_point]
            assert after is not None
            assert after.value == (25.5 if applied else before.value)
            assert len(heard.writes) == 2

    with staged(tmp_path, QUIET) as stage:
        asyncio.run(play(stage))
        assert len(stage.main.entries("Write")) == 1
        assert stage.backup.entries("Write") == []
    rows = [json.loads(line) for line in (tmp_path / "audit" / "main.jsonl").read_text("utf-8").splitlines()]
    written = [row["value"] for row in rows if row["kind"] == "value" and f"bms:{row['item']}" == SET_POINT]
    assert written.count(25.5) == (1 if applied else 0)
