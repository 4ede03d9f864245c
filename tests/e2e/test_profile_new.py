"""A profile made by asking one server of the real pair, and used."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.pairs import UNHURRIED, main_serves
from programs.watching import vizclient
from vizclient.exits import Exit
from vizclient.profiles.loading import load_profile
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(Options(dead_after=UNHURRIED)).start() as running:
        main_serves(running)
        yield running


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        vizclient(*arguments, data_dir=folder), capture_output=True, encoding="utf-8", timeout=30, check=False
    )


def test_the_profile_of_a_pair_can_be_used_at_once_and_by_its_name(pair: Pair, tmp_path: Path) -> None:
    made = run(tmp_path, "profile", "new", "--from", pair.url("main"), "--name", "Demo")
    assert (made.returncode, made.stderr) == (Exit.DONE, "")
    profile = load_profile("demo", tmp_path / "config" / "profiles")
    assert [profile.main.url, profile.backup.url] == list(pair.urls.values())
    assert profile.name == "Demo"
    assert profile.security is not None
    assert profile.security.policy == "Basic256Sha256"
    assert profile.namespaces["bms"] == "urn:vizclient:demo:bms"
    probed = run(tmp_path, "probe", "--profile", "demo")
    assert probed.returncode == Exit.DONE, probed
    again = run(tmp_path, "profile", "new", "--from", pair.url("main"), "--name", "Demo")
    assert again.returncode == Exit.USAGE
    assert "nothing is overwritten" in again.stderr


def test_without_security_if_that_is_wanted(pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "open.toml"
    made = run(tmp_path, "profile", "new", "--from", pair.url("main"), "--out", file, "--insecure")
    assert made.returncode == Exit.DONE
    profile = load_profile(file)
    assert profile.security is not None
    assert profile.security.policy == "None"


def test_a_server_that_is_not_there_is_named_with_what_to_do(pair: Pair, tmp_path: Path) -> None:
    asked = run(tmp_path, "profile", "new", "--from", pair.url("backup"))
    assert asked.returncode == Exit.NO_ACTIVE
    assert "could not be asked" in asked.stderr
    assert not list(tmp_path.rglob("*.toml"))


def test_a_server_that_distrusts_our_certificate_still_tells_who_its_peer_is(tmp_path: Path) -> None:
    with Pair(Options(dead_after=UNHURRIED, reject_certificates=True)).start() as pair:
        main_serves(pair)
        file = tmp_path / "site.toml"
        made = run(tmp_path, "profile", "new", "--from", pair.url("main"), "--out", file)
        assert made.returncode == Exit.DONE, made
        assert load_profile(file).backup.url == pair.url("backup")
        text = file.read_text("utf-8")
        assert "It did not let a session in with that" in text
        assert "must trust this client's certificate" in text
