"""The report of a drill: nothing of what servers or people say is markup, a formula or a broken line."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import Any

import pytest

from vizclient.headless.drill_page import html_of
from vizclient.headless.drill_report import COLUMNS, Report, Seen, as_json, csv_of
from vizclient.headless.drill_words import summary
from vizclient.items.freshness import Behaviour
from vizclient.redundancy.comparison import Comparison, Outcome
from vizclient.redundancy.drill import Agreed, Agreement, Course, ItemResult, Leg, Messages, Way
from vizclient.redundancy.model import Role, Server, Switchover
from vizclient.redundancy.readiness import Check, Light, Readiness, Subject, Verdict

EVIL = '<script>alert("x")</script>&\r\n"; DROP'
COUNTED = Comparison(4, 1, 0.13, unsynchronised=(("VingCard", 1),), missing=(("KNX", 1),), whole=True)


def item(name: str, **more: Any) -> ItemResult:
    whole = ItemResult(
        name, "KNX", Behaviour.SYNCHRONISED, Outcome.BACK, 0.1301, 0.02, 0.25, False, "°C", 21.5, 0, 21.5, 0,
        Agreed(Agreement.SAME),
    )  # fmt: skip
    return replace(whole, **more)


ITEMS = (
    item("bms:KNX/1", before=21.450000762939453, after=22.0, agreed=Agreed(Agreement.DIFFERS, 0.55, 0.2)),
    item(EVIL, interface=EVIL, unit=EVIL, before="=1+1", after="-x", agreed=Agreed(Agreement.DIFFERS)),
    item("bms:VingCard/1", interface="VingCard", behaviour=Behaviour.MAIN_ONLY, outcome=Outcome.UNSYNCHRONISED, outage=None,
         blackout=None, gap=None, before=True, after=False, agreed=Agreed(Agreement.NOT_COMPARED)),
    item("bms:KNX/2", outcome=Outcome.MISSING, outage=None, blackout=None, gap=None, before=-3, after=None, after_status=None,
         agreed=Agreed(Agreement.NOT_COMPARED)),
)  # fmt: skip
SWITCH = Switchover(1e9, Server.MAIN, Server.BACKUP, None, 10.0, 10.1, 10.1, 10.12, 10.14, comparison=COUNTED)
COURSE = Course(
    Server.MAIN, Server.BACKUP, (Leg(Way.METHOD, SWITCH, 9.5, ITEMS, "1.0"),), (Messages("Messenger", 3, 5, 2, 0),)
)
REPORT = Report(
    course=COURSE,
    site=EVIL,
    profile=f"/{EVIL}.toml",
    urls={Server.MAIN: "opc.tcp://a:1", Server.BACKUP: "opc.tcp://b:1"},
    began=1e9,
    ended=1e9 + 60,
    machine=EVIL,
    system=EVIL,
    user=EVIL,
    program="vizclient",
    versions={Server.MAIN: EVIL},
    readiness=Readiness(Light.RESTRICTED, Server.BACKUP, (Check(Subject.CLOCK, Verdict.RESTRICTED, "apart"),)),
    seen=(Seen(1e9, Server.MAIN, Role.ACTIVE, 255, 0), Seen(1e9, Server.BACKUP, Role.STANDBY, None, None)),
    items=4,
    pages=(EVIL,),
    observed=10.0,
    zone="Europe/Berlin",
)


@pytest.mark.parametrize("language", ["en", "de"])
def test_whatever_comes_from_elsewhere_is_escaped(language: str) -> None:
    page = html_of(REPORT, "table.csv", language)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 8
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert not re.search(r"[a-z]+\.[a-z]+\.[a-z-]+|\{[a-z_]+\}", re.sub(r"<style>.*?</style>", "", page, flags=re.S)), (
        "a code without words, or a field without argument"
    )


def test_the_operator_reads_first_how_it_went_and_how_the_pair_stands() -> None:
    said = summary(REPORT)
    assert said[0] == "Failed"
    assert said[1] == "Main → Backup: 1 of 4 items back after 0.13 s; 1 not synchronised: VingCard; 1 missing: KNX."
    assert "Messenger: 3 asked for, 5 sent; 2 too often, 0 not sent." in said
    assert any(line.startswith("Items missing on the other server: 1. Bring the configuration") for line in said)
    assert said[-1].startswith("The pair does not stand as it was found: the backup server serves")
    page = html_of(REPORT, "table.csv", "en")
    assert page.index("Failed") < page.index("does not stand as it was found") < page.index("Times")
    assert "2001-09-09 03:46:40 CEST (UTC+02:00)" in page
    assert "21.45 °C" in page
    assert "21,45 °C" in html_of(REPORT, "table.csv", "de")


def test_a_pair_that_nobody_reaches_and_a_drill_without_a_switch_are_reported_too() -> None:
    nothing = replace(REPORT, course=replace(COURSE, legs=(), stands=None, messages=()), pages=())
    page = html_of(nothing, "t.csv", "en")
    assert "Nobody knows how the pair stands" in page
    assert "The switch did not come" in page
    assert "No module of the pages counts what it sends." in page
    assert csv_of(nothing) == ",".join(COLUMNS) + "\r\n"


def test_the_table_has_a_line_for_each_item_that_any_reader_of_csv_takes_for_what_it_is() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_of(REPORT), newline="")))
    assert [row["item"] for row in rows] == [one.item for one in ITEMS]
    first, evil, without, gone = rows
    assert (first["leg"], first["from"], first["to"], first["outage_ms"]) == ("1", "main", "backup", "130.1")
    assert (first["agreement"], first["difference"], first["tolerance"]) == ("differs", "0.55", "0.2")
    assert (evil["interface"], evil["value_before"], evil["value_after"]) == (EVIL, "'=1+1", "'-x")
    assert (without["outcome"], without["outage_ms"], without["value_after"]) == ("unsynchronised", "", "false")
    assert (gone["value_before"], gone["value_after"], gone["status_after"]) == ("-3", "", "")
    assert all(set(row) == set(COLUMNS) for row in rows)


def test_scripts_get_it_as_data() -> None:
    told = as_json(REPORT, "a.html", "")
    assert (told["verdict"], told["stands"], told["report"], told["table"]) == ("failed", "backup", "a.html", None)
    assert told["faults"] == {"no-return": 1, "missing": 1, "differing": 2, "doubled": 2}
    (leg,) = told["legs"]
    assert (leg["noticed_ms"], leg["way"], leg["differing"]) == (500.0, "method", ["bms:KNX/1", EVIL])


def test_long_tables_of_exceptions_end_with_where_the_rest_is() -> None:
    many = tuple(item(f"i{n}", outcome=Outcome.MISSING) for n in range(310))
    (leg,) = COURSE.legs
    page = html_of(replace(REPORT, course=replace(COURSE, legs=(replace(leg, items=many),))), "table.csv", "en")
    assert "10 more are in the table of all items, table.csv." in page
