"""Roles told in an item of the profile, or not at all: followed with real processes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from programs.pairs import UNHURRIED, running_pair, write_profile
from programs.watching import Watching
from vizclient.simulator.options import Options

pytestmark = pytest.mark.e2e

ITEMS = ["bms:Plain/000/00000", "bms:Plain/000/00001"]
ROLE_ITEM = '[redundancy]\nrole_item = "bms:System/Role"\nrole_active = ["active"]\n'


def test_a_role_item_alone_is_followed_through_swap_kill_and_return(tmp_path: Path) -> None:
    options = Options(items=20, change_rate=100, dead_after=UNHURRIED, grace=500, standby="passive", announce="item")
    with running_pair(tmp_path, options) as pair:
        profile = write_profile(tmp_path, pair)
        profile.write_text(profile.read_text("utf-8") + ROLE_ITEM, "utf-8")
        with Watching(profile, ITEMS) as watching:
            watching.wait_live("main")
            swapped = time.time()
            pair.wait_done(pair.swap())
            left = watching.wait_connection("switching", since=swapped)
            assert left["reason"] == "role-item", "the standby of now says so in the open session"
            watching.wait_connection("connected", "backup", since=swapped)
            watching.wait_live("backup", since=swapped)
            killed = time.time()
            pair.kill("backup")
            watching.wait_live("main", since=killed)


def test_without_any_announcement_the_values_are_uncertain_and_the_role_item_mends_it(tmp_path: Path) -> None:
    options = Options(items=20, change_rate=100, dead_after=UNHURRIED, grace=500, standby="passive", announce="item")
    with running_pair(tmp_path, options) as pair:
        profile = write_profile(tmp_path, pair)
        with Watching(profile, ITEMS) as watching:
            watching.wait(
                "uncertain values",
                lambda lines: any(line["kind"] == "value" and line["freshness"] == "uncertain" for line in lines),
            )
            assert not [line for line in watching.lines if line.get("freshness") == "live"]
        profile.write_text(profile.read_text("utf-8") + ROLE_ITEM, "utf-8")
        with Watching(profile, ITEMS) as watching:
            watching.wait_live("main")
