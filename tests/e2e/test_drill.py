"""`vizclient drill` on real pairs: what it reports is what others saw; what a person is told; how the pair is left."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fakes.guest import read, swap, visit, wait_until
from fakes.mail_sink import mail_sink
from programs.pairs import BUNDLE, Audit, all_running, running_pair, write_profile
from programs.terminals import open_terminal
from vizclient.exits import Exit
from vizclient.pages.bundle import load_bundle
from vizclient.simulator.building import building_items
from vizclient.simulator.interfaces import INTERFACES, Carrying
from vizclient.simulator.options import Options
from vizclient.simulator.pair import Pair

pytestmark = pytest.mark.e2e

MISSING = ["KNX/F1/Office101/Temperature", "KNX/F1/Office101/Setpoint", "Modbus/Boiler1/Power"]
CALM = Options(return_delay=400, dead_after=3000)
"""A pair that does not take each other for dead because this machine is busy."""
METERING_DELAY = 2.5
"""Seconds until the meters are there: long enough for a test to do something during a drill."""
AT_ONCE = 4.0
"""Seconds that a busy machine may take for what is done at once."""
_PATIENCE = 90


@dataclass
class Site:
    """A pair with its profile; drills as a user plays them."""

    pair: Pair
    folder: Path
    profile: Path

    def command(self, name: str, *arguments: str) -> list[str]:
        start = [sys.executable, "-P", "-m", "vizclient", "--data-dir", str(self.folder / "data"), name]
        return [*start, "--profile", str(self.profile), *arguments]

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command("drill", "--observe", "1.5", *arguments),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )

    def drill(self, *arguments: str) -> Played:
        """A drill from beginning to end."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=_PATIENCE)
        finally:
            process.kill()
        return Played(process.returncode, out, err)

    def history(self) -> list[dict[str, Any]]:
        told = subprocess.run(self.command("history", "--json"), check=True, capture_output=True, timeout=30)
        found: list[dict[str, Any]] = json.loads(told.stdout)
        return found


@dataclass
class Played:
    """What came of a drill."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def rows(self, leg: int) -> dict[str, dict[str, str]]:
        """The lines of the CSV about one switch, by item."""
        text = Path(self.told["table"]).read_bytes().decode("utf-8")
        assert "\n" not in text.replace("\r\n", ""), "RFC 4180"
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        found = {row["item"].removeprefix("bms:"): row for row in rows if row["leg"] == str(leg)}
        assert len(found) == sum(row["leg"] == str(leg) for row in rows), "one line an item"
        return found


def interface_of(name: str) -> str:
    """The interface that the simulator itself says, by the property of the node or by the first segment."""
    item = next(item for item in building_items() if item.identifier == name)
    return item.interface or name.partition("/")[0]


def carrying(name: str) -> Carrying:
    return INTERFACES[interface_of(name)]


def roles(pair: Pair, since: float) -> dict[tuple[str, str], float]:
    """When each server began to take each role, in unix seconds: by the servers' own account."""
    wall = time.time() - time.perf_counter()
    return {
        (e["server"], e["role"]): wall + (e["p"] - e["took"] if e["role"] == "active" else e["p"])
        for e in pair.events()
        if e["event"] == "role" and e["t"] >= since
    }


@pytest.fixture(scope="module")
def items() -> set[str]:
    """Those of all pages, without the namespace."""
    bundle = load_bundle(BUNDLE, {"bms": "urn:vizclient:demo:bms"})
    return {str(address.identifier) for page in bundle.pages for address in bundle.addresses(page).values()}


@contextmanager
def site_of(folder: Path, options: Options) -> Iterator[Site]:
    with running_pair(folder, options) as pair:
        wait_until(lambda: any(status.peer_ready for status in pair.status().values()))
        yield Site(pair, folder, write_profile(folder, pair))


@pytest.fixture(scope="module")
def passive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with mail_sink() as sink:
        smtp, delay = f"127.0.0.1:{sink.port}", round(METERING_DELAY * 1000)
        options = replace(CALM, standby="passive", smtp=smtp, metering_delay=delay)
        with site_of(tmp_path_factory.mktemp("passive"), options) as site:
            yield site


@pytest.fixture
def home(passive: Site) -> Iterator[Site]:
    """The main is active, before and after, and nothing is planted."""
    yield passive
    pair = passive.pair
    all_running(pair)
    pair.wait_done(pair.set("main", failover_users=None))
    pair.wait_done(pair.set("backup", failover_users=None, missing=[]))
    wait_until(lambda: any(status.peer_ready for status in pair.status().values()), timeout=30)
    if pair.active() == "backup":
        swap(pair)
    wait_until(lambda: pair.status()["main"].peer_ready)


def test_its_figures_are_those_that_the_servers_themselves_tell(home: Site, items: set[str]) -> None:
    home.pair.wait_done(home.pair.set("backup", missing=MISSING))
    since = time.time()
    played = home.drill("--yes", "--json")
    told, took = played.told, roles(home.pair, since)
    lost = set(MISSING) & items
    assert len(lost) == 3
    assert (played.code, told["verdict"], told["home"], told["stands"]) == (
        Exit.RESTRICTED,
        "restricted",
        "main",
        "main",
    )
    assert told["faults"].get("missing") == len(lost)
    assert told["items"] == len(items)
    there, back = told["legs"]
    assert [(leg["from"], leg["to"], leg["way"]) for leg in (there, back)] == [
        ("main", "backup", "method"),
        ("backup", "main", "method"),
    ]

    first = played.rows(1)
    outcomes = {name: row["outcome"] for name, row in first.items()}
    assert {name for name, outcome in outcomes.items() if outcome == "missing"} == lost
    not_carried = {name for name in items if carrying(name) in (Carrying.OWN, Carrying.MAIN_ONLY)}
    assert {name for name, outcome in outcomes.items() if outcome == "unsynchronised"} == not_carried
    meters = {name for name in items if carrying(name) is Carrying.ACTIVE_ONLY}
    assert {name for name, row in first.items() if row["made_late"] == "1" and row["outcome"] == "back"} == meters
    assert there["compared"]["late"] == len(meters)
    assert there["compared"]["back"] == len(items - not_carried - lost) == Counter(outcomes.values())["back"]
    second = played.rows(2)
    by_main_alone = [second[name] for name in items if carrying(name) is Carrying.MAIN_ONLY]
    assert {(row["outcome"], row["agreement"]) for row in by_main_alone} == {("back", "not-compared")}
    only_there = {name for name in items if carrying(name) is Carrying.OWN}
    assert {name for name, row in second.items() if row["outcome"] == "unsynchronised"} == only_there

    # times: the client cannot have seen a role before the server took it; nor much later, or it is another figure
    for leg, server in ((there, "backup"), (back, "main")):
        taken, left = took[server, "active"], took[{"backup": "main", "main": "backup"}[server], "standby"]
        row = next(one for one in home.history()[-1]["switches"] if one["to"] == server)
        assert left - 0.005 <= row["t"] <= left + AT_ONCE
        found_active = row["t"] + leg["steps_ms"]["active"] / 1000
        assert taken - 0.005 <= found_active <= taken + AT_ONCE
        made = taken + METERING_DELAY - row["t"]  # and the client asks for them again after 0.5, 1.5 and 3.5 s
        assert made - 0.1 <= leg["compared"]["late_after_ms"] / 1000 <= made + 2.0 + AT_ONCE
        assert 0 < leg["blackout_ms"] <= leg["outage_ms"]
    for row in first.values():
        if row["outcome"] == "back":
            assert 0 <= float(row["blackout_ms"]) <= float(row["outage_ms"])

    # values: what the servers held then
    audit, lost_at = Audit(home.folder), home.history()[-1]["switches"][0]["t"]
    checked = 0
    for name, row in first.items():
        if row["outcome"] != "back" or row["agreement"] not in ("same", "within", "differs"):
            continue
        came_at = lost_at + float(row["outage_ms"]) / 1000
        for server, at, said in (("main", lost_at, row["value_before"]), ("backup", came_at, row["value_after"])):
            values = audit.held(server, name, at, 5.0)
            assert any(says(said, value) for value in values), (row, values)
        checked += 1
    assert checked > 20


def says(text: str, value: Any) -> bool:
    """Whether `text`, in the table, is `value`, in the audit log; of a Float one of them has more digits."""
    if value is None:
        return text == "NaN"
    if isinstance(value, float):
        return float(text) == pytest.approx(value, rel=1e-6)
    return text == (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def test_a_message_sent_twice_is_told(home: Site) -> None:
    """The module's own count says one more than was asked for."""
    pair = home.pair
    pair.wait_done(pair.set("backup", failover_users=["chief"]))  # the way back waits for a person: for this test
    since = time.perf_counter()
    process = home.start("--yes", "--json")
    try:
        pair.wait_for_role("backup", "active", since=since, timeout=_PATIENCE)
        events, sent = read(pair, "backup", "Messenger/Events"), read(pair, "backup", "Messenger/Sent")
        visit(pair, "backup", lambda guest: guest.write("Messenger/Test", True, "Boolean"))
        wait_until(lambda: read(pair, "backup", "Messenger/Sent") == sent + 1)
        pair.wait_done(pair.write_item("backup", "Messenger/Events", events))
        assert process.stderr is not None
        for line in process.stderr:
            if "Switch over to main by the servers' own means now" in line:
                break
        swap(pair)
        out, err = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    told = Played(process.returncode, out, err).told
    assert told["messages"] == [{"interface": "Messenger", "events": 0, "sent": 1, "doubled": 1, "unsent": 0}]
    assert (process.returncode, told["faults"]["doubled"]) == (Exit.RESTRICTED, 1)


def test_where_the_method_may_not_be_called_a_person_switches_and_is_told_that_the_pair_is_left_otherwise(
    home: Site,
) -> None:
    home.pair.wait_done(home.pair.set("main", failover_users=["chief"]))
    process = home.start("--yes", "--no-return")
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Switch over to backup by the servers' own means now" in line:
                break
        swap(home.pair)
        out, err = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    assert process.returncode in (Exit.DONE, Exit.RESTRICTED), out
    assert "ATTENTION: the pair does not stand as it was found. backup serves" in err
    (leg,) = home.history()[-1]["switches"]
    assert (leg["from"], leg["to"]) == ("main", "backup")


def test_a_switch_that_does_not_come_is_a_failure(home: Site) -> None:
    home.pair.wait_done(home.pair.set("main", failover_users=["chief"]))
    played = home.drill("--yes", "--json", "--wait", "0.5")
    assert (played.code, played.told["faults"], played.told["stands"]) == (Exit.FAILED, {"no-switch": 1}, "main")


def test_ctrl_c_ends_it_and_says_how_the_pair_stands(home: Site) -> None:
    home.pair.wait_done(home.pair.set("backup", failover_users=["chief"]))
    process = home.start("--yes")
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Switch over to main by the servers' own means now" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    assert process.returncode == Exit.UNKNOWN
    assert "Broken off" in out
    assert "ATTENTION: the pair does not stand as it was found. backup serves, before the drill it was main." in err
    assert home.history()[-1]["verdict"] == "broken-off"


def test_ctrl_c_before_the_pair_was_touched_says_that(home: Site) -> None:
    since = time.time()
    process = home.start("--yes", "--observe", "60")
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Watching" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, "The pair was not touched" in out) == (Exit.UNKNOWN, True)
    assert roles(home.pair, since) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("answer", ["n\n", "\n", "perhaps\n"])
def test_it_asks_first_and_takes_nothing_but_yes(home: Site, answer: str) -> None:
    since = time.time()
    ours, theirs = open_terminal()
    process = home.start(stdin=theirs)
    try:
        os.write(ours, answer.encode())
        out, err = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
        os.close(ours)
        os.close(theirs)
    assert process.returncode == Exit.REFUSED
    assert "main is asked, by its method Failover, to hand over to backup" in out
    assert "Shutter Control" in out
    assert "Begin the drill of Test?" in out
    assert "Nothing was done" in err
    assert roles(home.pair, since) == {}


def test_without_a_terminal_it_wants_to_be_told_that_it_may(home: Site) -> None:
    played = home.drill()
    assert (played.code, "--yes" in played.err) == (Exit.USAGE, True)


def test_a_pair_that_is_not_ready_is_left_alone(home: Site) -> None:
    home.pair.kill("backup")
    wait_until(lambda: not home.pair.status()["main"].peer)
    since = time.time()
    played = home.drill("--yes", "--wait", "1")
    assert played.code == Exit.NOT_READY
    assert "backup is not ready to take over" in played.err
    assert roles(home.pair, since) == {}


class _Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_closed_standby_is_drilled_as_well_and_the_report_needs_nothing_but_itself(tmp_path: Path) -> None:
    with site_of(tmp_path, replace(CALM, standby="closed")) as site:
        since = time.time()
        out = tmp_path / "reports"
        first = site.drill("--yes", "--json", "--language", "de", "--out", str(out), "--page", "floor-1")
        took = roles(site.pair, since)
        assert set(took) == {("main", "standby"), ("backup", "active"), ("backup", "standby"), ("main", "active")}
        assert site.pair.active() == "main"
        (entry,) = site.history()
    faults = first.told["faults"]
    assert set(faults) <= {"differing"}, first.out  # the building goes on, and was watched for a moment only
    outcome = (Exit.RESTRICTED, "restricted") if faults else (Exit.DONE, "passed")
    assert (first.code, entry["kind"], entry["verdict"], entry["stands"]) == (outcome[0], "drill", outcome[1], "main")
    html = Path(entry["report"])
    assert html.parent == out
    page = _Page()
    page.feed(html.read_text("utf-8"))
    assert page.links == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "svg"}
    assert not re.search(r"@import|url\(|https?://", html.read_text("utf-8"))
    assert "Umschaltprobe" in page.text
    assert "Das Paar steht, wie es vorgefunden wurde: Der Hauptserver bedient." in page.text
    assert f"{entry['switches'][0]['compared']['back']} von {entry['switches'][0]['compared']['items']}" in page.text
