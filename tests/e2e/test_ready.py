"""Whether the standby could take over: defects planted on a real pair are found before the switchover, and named."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fakes.ua_server import ua_server
from programs.linked import linked
from programs.pairs import BUNDLE, UNHURRIED, main_serves, write_profile
from vizclient.exits import Exit
from vizclient.pages.manifest import seal
from vizclient.redundancy.readiness import Light, Subject, Verdict
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

PASSWORD = "right"
ENCRYPTED = {"policy": "Basic256Sha256", "mode": "SignAndEncrypt"}
WELL = Options(standby="passive", dead_after=UNHURRIED, users={"operator": PASSWORD}, bundle=str(BUNDLE))
MISSING = ["KNX/F1/Office101/Temperature", "KNX/F1/Office101/Setpoint"]
Plant = Callable[["Site"], None]


@dataclass
class Site:
    """A profile of the pair, and a folder of data of its own."""

    pair: Pair
    folder: Path
    profile: Path

    @classmethod
    def of(cls, pair: Pair, folder: Path, more: str = "", **replaced: str) -> Site:
        """With the user, and with the file of pages that the servers hold."""
        profile = write_profile(folder, pair, **(ENCRYPTED | replaced))
        head, text = 'bundle_node = "bms:System/Pages"\n', profile.read_text("utf-8")
        profile.write_text(f'{head}{text}[user]\nname = "operator"\n{more}', "utf-8")
        return cls(pair, folder, profile)

    def ready(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`vizclient ready` as a user runs it."""
        start = [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(self.folder / "data"), "ready"]
        return subprocess.run(
            [*start, "--profile", str(self.profile), *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def look(self, *arguments: str) -> Look:
        """The same, for monitoring."""
        done = self.ready("--json", *arguments)
        assert not done.stderr, done.stderr
        return Look(done.returncode, json.loads(done.stdout))

    def set(self, **values: Any) -> None:
        """Make the backup otherwise."""
        self.pair.wait_done(self.pair.set("backup", **values))

    @property
    def trusted(self) -> Path:
        """The certificate that is trusted as the backup's."""
        return self.folder / "data" / "pki" / "trusted" / "site" / "backup.der"


@dataclass
class Look:
    """What one run of the command told."""

    code: int
    said: dict[str, Any]

    def check(self, subject: str) -> dict[str, Any]:
        (found,) = [check for check in self.said["checks"] if check["check"] == subject]
        return dict(found)

    @property
    def trouble(self) -> list[str]:
        """What is not as it should be, without what cannot be seen while that is so."""
        good = (Verdict.FINE, Verdict.DESIGNED, Verdict.UNCHECKED)
        return [f"{check['check']}.{check['case']}" for check in self.said["checks"] if check["verdict"] not in good]


@pytest.fixture(scope="module", autouse=True)
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's password, where a service has it."""
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "vizclient.password").write_text(PASSWORD, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDENTIALS_DIRECTORY", str(folder))
        yield


def until_synchronised(pair: Pair, since: float = 0.0) -> None:
    """Wait until the main serves, and the backup has been updated and says so."""
    main_serves(pair)
    pair.wait_for("state", "backup", since=since, timeout=30, updated=True)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(WELL).start() as running:
        until_synchronised(running)
        yield running


@pytest.fixture(scope="module")
def site(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site.of(pair, tmp_path_factory.mktemp("site"))
    first = site.look()
    assert (first.code, first.said["light"], first.trouble) == (Exit.DONE, Light.READY, [])
    return site


@pytest.fixture
def well(site: Site) -> Iterator[Site]:
    """The pair without fault, before and after; what other tests have seen is forgotten."""
    shutil.rmtree(site.folder / "data" / "state", ignore_errors=True)
    yield site
    site.set(users=WELL.users, missing=[], mode=None, clock=0.0, bundle=WELL.bundle, reject_certificates=False)


def other_pages(folder: Path) -> Path:
    """The demo's pages with another name."""
    changed = folder / "other"
    shutil.copytree(BUNDLE, changed)
    manifest = json.loads((changed / "bundle.json").read_text("utf-8"))
    (changed / "bundle.json").write_text(json.dumps({**manifest, "name": "Other"}), "utf-8")
    seal(changed)
    return changed


def test_a_pair_without_fault_is_ready_for_people_and_for_monitoring(site: Site) -> None:
    look = site.look()
    assert (look.code, look.said["light"], look.said["active"], look.said["standby"]) == (0, "ready", "main", "backup")
    assert [check["check"] for check in look.said["checks"]] == list(Subject)
    assert look.check("pages")["case"] == "same"
    assert look.check("items")["details"].keys() == {"number"}
    waiting = {
        "Shutter Control",
        "VingCard",
        "Kaba",
        "Salto",
        "NexusRF",
        "Infor",
        "CharPMS",
    }  # of one, its nodes tell it
    assert set(look.check("interfaces")["details"]["names"].split(", ")) == waiting
    assert all(check["seen"] is None for check in look.said["checks"])
    told = site.ready()
    assert told.returncode == Exit.DONE
    lines = told.stdout.splitlines()
    assert lines[0] == "Takeover by backup: ready"
    assert len(lines) == 1 + len(Subject), "one line a finding"


@pytest.mark.parametrize(
    ("defect", "code", "trouble"),
    [
        ({"missing": MISSING}, Exit.RESTRICTED, "items.missing"),
        ({"clock": 30.0}, Exit.RESTRICTED, "clock.apart"),
        ({"mode": 3}, Exit.NOT_READY, "synchronisation.not-ready"),
        ({"reject_certificates": True}, Exit.NOT_READY, "certificate.certificate-refused"),
    ],
    ids=["missing nodes", "30 s clock skew", "not updated", "our certificate refused"],
)
def test_a_defect_of_the_backup_is_found_and_named(
    well: Site, defect: dict[str, Any], code: Exit, trouble: str
) -> None:
    well.set(**defect)
    look = well.look()
    assert (look.trouble, look.code) == ([trouble], code)
    check = look.check(trouble.partition(".")[0])
    assert check["server"] == "backup"
    assert check["to_do"], "it says what to do"
    if trouble == "items.missing":
        assert check["details"]["number"] == "2"
        assert all(item in check["what"] for item in MISSING)
    if trouble == "clock.apart":
        assert 28 <= int(check["details"]["seconds"]) <= 32


def test_other_pages_on_the_backup_are_found(well: Site, tmp_path: Path) -> None:
    well.set(bundle=str(other_pages(tmp_path)))
    look = well.look()
    assert (look.trouble, look.code) == (["pages.differ"], Exit.RESTRICTED)


def test_a_wrong_password_on_the_backup_is_found_and_shown_to_it_once(well: Site) -> None:
    well.set(users={"operator": "another"})
    first = well.look()
    assert (first.trouble, first.code) == (["credentials.password-refused"], Exit.NOT_READY)
    well.set(users={"operator": PASSWORD})
    second = well.look()
    assert (second.trouble, second.code) == (["credentials.password-held"], Exit.NOT_READY), (
        "not even shown: nobody is locked out"
    )
    third = well.look("--again")
    assert (third.trouble, third.code) == ([], Exit.DONE)
    refused = [event["refused_logins"] for event in well.pair.events() if event["event"] == "load"]
    assert max(refused) == 1, "nobody is locked out"


def test_a_certificate_that_is_not_the_trusted_one_is_found(well: Site) -> None:
    real = well.trusted.read_bytes()
    well.trusted.write_bytes((well.trusted.parent / "main.der").read_bytes())
    try:
        look = well.look()
    finally:
        well.trusted.write_bytes(real)
    assert (look.trouble, look.code) == (["certificate.certificate-changed"], Exit.NOT_READY)


def test_one_server_behind_both_addresses_is_found(pair: Pair, tmp_path: Path) -> None:
    port = pair.options.main_port
    look = Site.of(pair, tmp_path, backup=f"opc.tcp://localhost:{port}").look()
    assert "identity.one-server" in look.trouble
    assert look.code == Exit.NOT_READY


def test_a_server_of_another_pair_without_the_namespace_is_found(pair: Pair, tmp_path: Path) -> None:
    with ua_server() as stranger:
        site = Site.of(pair, tmp_path, backup=stranger.url, policy="None", mode="None")
        text = site.profile.read_text("utf-8")
        site.profile.write_text(text.replace('[user]\nname = "operator"\n', ""), "utf-8")
        pair.wait_done(pair.set("main", users={}))
        try:
            look = site.look()
        finally:
            pair.wait_done(pair.set("main", users=WELL.users))
    assert {"identity.stranger", "namespaces.missing", "items.missing"} <= set(look.trouble)
    assert look.code == Exit.NOT_READY, "not one item of the pages is there"


def test_an_expired_certificate_is_found(tmp_path: Path) -> None:
    with Pair(replace(WELL, expired_certificate=("backup",))) as pair:
        pair.start()
        until_synchronised(pair)
        site = Site.of(pair, tmp_path)
        look = site.look()
        assert (look.trouble, look.code) == (["certificate.certificate-expired"], Exit.NOT_READY)
        assert not site.trusted.exists()
        (site.trusted.parent / "refused" / "backup.der").rename(site.trusted)
        again = site.look()
        assert (again.trouble, again.code) == (["certificate.expired"], Exit.RESTRICTED), "trusted before it ended"


def test_a_standby_that_hangs_or_is_down_is_found(well: Site) -> None:
    began = time.perf_counter()
    try:
        well.pair.freeze("backup")
        well.pair.wait_for("state", "main", since=began, peer=False)
        frozen = well.look()
        well.pair.kill("backup")
        well.pair.wait_for("exited", "backup", since=began)
        down = well.look()
    finally:
        restarted = time.perf_counter()
        well.pair.restart("backup")
        until_synchronised(well.pair, restarted)
    assert (frozen.trouble, frozen.code) == (["reachable.frozen", "synchronisation.alone"], Exit.NOT_READY)
    assert (down.trouble, down.code) == (["reachable.port-closed", "synchronisation.alone"], Exit.NOT_READY)


def test_of_a_closed_standby_nothing_is_claimed_and_after_a_switchover_it_is_judged_by_its_last_session(
    tmp_path: Path,
) -> None:
    with Pair(replace(WELL, standby="closed")).start() as pair:
        until_synchronised(pair)
        site = Site.of(pair, tmp_path)
        first = site.look()
        assert (first.code, first.said["light"], first.trouble) == (Exit.UNKNOWN, "unknown", [])
        assert first.check("reachable")["case"] == "shut"
        assert first.check("credentials")["verdict"] == Verdict.UNCHECKED
        swapped = time.perf_counter()
        pair.wait_done(pair.swap())
        pair.wait_for_role("backup", "active", since=swapped)
        pair.wait_for("state", "backup", since=swapped, peer_ready=True)
        second = site.look()
        assert (second.code, second.said["light"], second.said["standby"]) == (Exit.DONE, "ready", "main")
        seen = second.check("items")["seen"]
        assert seen is not None
        assert 0 < time.time() - seen < 60
        assert "seen" in site.ready().stdout


def test_without_an_active_server_it_is_said_why(tmp_path: Path, pair: Pair) -> None:
    site = Site.of(pair, tmp_path, main="opc.tcp://127.0.0.1:1", backup="opc.tcp://127.0.0.1:2")
    told = site.ready()
    assert told.returncode == Exit.NO_ACTIVE
    assert told.stdout.count("Nothing listens at its port") == 2


def test_the_link_of_a_window_looks_by_itself_and_tells_what_changes(well: Site, tmp_path: Path) -> None:
    heard: list[tuple[Light, set[str]]] = []

    async def run() -> None:
        async with linked(tmp_path, well.profile, [f"bms:{name}" for name in MISSING]) as (client, _mirror, until, _):
            client.on_readiness.append(
                lambda known: (
                    heard.append(
                        (known.light, {check.code for check in known.checks if check.verdict is Verdict.BLOCKED})
                    )
                    if known is not None
                    else None
                )
            )
            await until.until(lambda: client.readiness is not None and client.readiness.light is Light.READY)
            well.set(mode=3)
            well.pair.wait_done(well.pair.set("main", mode=1))
            # what the backup says may be known first, and is another finding
            await until.until(lambda: heard[-1:] == [(Light.NOT_READY, {"synchronisation.alone"})])

    try:
        asyncio.run(run())
    finally:
        well.pair.wait_done(well.pair.set("main", mode=None))
