"""The profile that fits a simulated pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vizclient.profiles.loading import parse_profile
from vizclient.redundancy.model import Server
from vizclient.resources import resource_path
from vizclient.simulator.demo import demo_options, demo_profile
from vizclient.simulator.options import PAGES
from vizclient.simulator.pair import Pair


@pytest.fixture
def pair() -> Pair:
    """A pair that nobody starts."""
    return Pair(demo_options("passive", 0))


def test_the_demo_names_servers_pages_web_visualization_and_web_manager(pair: Pair) -> None:
    with pair:
        profile = parse_profile(demo_profile(pair).encode(), Path("demo.toml"))
        assert [profile.main.url, profile.backup.url] == [pair.url("main"), pair.url("backup")]
        assert profile.bundle == str(resource_path("demo", "bundle"))
        assert profile.bundle_node == f"bms:{PAGES}"
        assert profile.web is not None
        assert profile.web.manager is not None
        for server in Server:
            assert profile.web.of(server) == pair.web_url(server)
            assert profile.web.manager.of(server) == pair.manager_url(server)
        assert (
            len({pair.web_url("main"), pair.web_url("backup"), pair.manager_url("main"), pair.manager_url("backup")})
            == 4
        )


def test_what_a_pair_does_not_have_is_not_in_its_profile() -> None:
    options = replace(demo_options("closed", 0), bundle="", main_web_port=-1, users={"operator": "secret"})
    with Pair(options) as pair:
        text = demo_profile(pair)
    profile = parse_profile(text.encode(), Path("demo.toml"))
    assert (profile.bundle_node, profile.web) == (None, None)
    assert profile.user is not None
    assert profile.user.name == "operator"
    assert "secret" not in text
