from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vizclient.items.address import Address
from vizclient.items.freshness import Behaviour
from vizclient.phrases import PHRASES
from vizclient.redundancy.assess import DAY, TOO_MANY_SESSIONS, assess, needs
from vizclient.redundancy.model import Layer, Mode, Problem, ProblemKind, RedundancySupport, Report, Server
from vizclient.redundancy.readiness import (
    Certificate,
    Certificates,
    Check,
    Facts,
    Inspection,
    Light,
    PagesFile,
    Readiness,
    Subject,
    Verdict,
    Wanted,
)
from vizclient.redundancy.support import Interface

NOW = 1_000_000_000.0
TEMPERATURE, LAMP, METER = (Address("urn:bms", name) for name in ("Temperature", "Lamp", "Meter"))
PAGES = PagesFile("d1", "", "s1")
MAIN = Report(
    Server.MAIN,
    10.0,
    Layer.ACTIVATED,
    state=0,
    level=255,
    support=RedundancySupport.WARM,
    mode=Mode.PRIMARY_WITH_BACKUP,
    server_uri="urn:main",
)
BACKUP = replace(MAIN, server=Server.BACKUP, level=100, mode=Mode.BACKUP_READY, server_uri="urn:backup")
CLOSED = Report(
    Server.BACKUP,
    11.0,
    Layer.NOTHING,
    Problem(ProblemKind.UNREACHABLE, Layer.NOTHING, case="port-closed"),
    server_uri="urn:backup",
)
HERE = Inspection(Server.MAIN, NOW, "urn:main", ("urn:bms", "urn:more"), 0.1, pages=PAGES)
THERE = replace(HERE, server=Server.BACKUP, uri="urn:backup", items=frozenset({TEMPERATURE, LAMP}))
CERTIFICATE = Certificate("AB", NOW - DAY, NOW + 400 * DAY)
WELL = Facts(
    NOW,
    Server.MAIN,
    MAIN,
    BACKUP,
    "urn:backup",
    HERE,
    THERE,
    wanted=Wanted((TEMPERATURE, LAMP)),
    certificates=Certificates(needed=True, own=CERTIFICATE, trusted=CERTIFICATE),
    with_pages=True,
    pages="d1",
)


def facts(**changes: Any) -> Facts:
    return replace(WELL, **changes)


def failed(kind: ProblemKind, layer: Layer = Layer.CHANNEL, **more: Any) -> Report:
    return Report(Server.BACKUP, 11.0, layer, Problem(kind, layer, **more), server_uri="urn:backup")


def closed(**changes: Any) -> Facts:
    """A standby that keeps its port closed, and was seen in a session a day ago."""
    return facts(**{"standby_report": CLOSED, "there": None, "before": replace(THERE, wall=NOW - DAY), **changes})


def find(readiness: Readiness, subject: Subject) -> Check:
    (found,) = [check for check in readiness.checks if check.subject is subject]
    return found


def only_trouble(given: Facts) -> Check:
    """The one check that is not as it should be."""
    (found,) = [check for check in assess(given).checks if check.verdict is not Verdict.FINE]
    return found


def test_a_pair_without_fault_is_ready_and_says_what_was_checked() -> None:
    readiness = assess(WELL)
    assert (readiness.light, readiness.standby) == (Light.READY, Server.BACKUP)
    assert [check.subject for check in readiness.checks] == list(Subject), "each subject once, in order"
    assert {check.verdict for check in readiness.checks} == {Verdict.FINE}
    assert all(check.learned is None for check in readiness.checks), "all of it was seen just now"


def test_without_an_active_server_there_is_nothing_to_judge() -> None:
    assert assess(facts(active=None)) == Readiness(Light.UNKNOWN)


def test_on_the_backup_it_is_the_main_that_would_take_over() -> None:
    readiness = assess(
        facts(
            active=Server.BACKUP,
            active_report=replace(BACKUP, mode=Mode.PRIMARY_WITH_BACKUP),
            standby_report=replace(MAIN, mode=Mode.BACKUP_NOT_READY),
            known_uri="urn:main",
        )
    )
    assert readiness.standby is Server.MAIN
    assert find(readiness, Subject.SYNCHRONISATION).server is Server.MAIN


@pytest.mark.parametrize(
    ("changes", "code", "verdict"),
    [
        ({"standby_report": failed(ProblemKind.TIMED_OUT, Layer.TCP)}, "reachable.frozen", Verdict.BLOCKED),
        ({"standby_report": failed(ProblemKind.UNRESOLVED, Layer.NOTHING)}, "reachable.failed", Verdict.BLOCKED),
        ({"standby_report": failed(ProblemKind.NOT_OPC_UA, Layer.TCP)}, "reachable.failed", Verdict.BLOCKED),
        ({"standby_report": failed(ProblemKind.LOCAL, Layer.TCP)}, "reachable.failed", Verdict.UNCHECKED),
        ({"standby_report": None}, "reachable.not-asked", Verdict.UNCHECKED),
        ({"standby_report": CLOSED}, "reachable.shut", Verdict.FINE),
        (
            {"standby_report": failed(ProblemKind.UNREACHABLE, Layer.NOTHING, case="host-silent")},
            "reachable.no-way",
            Verdict.RESTRICTED,
        ),
        (
            {"standby_report": CLOSED, "active_report": replace(MAIN, mode=None)},
            "reachable.closed-or-down",
            Verdict.UNCHECKED,
        ),
        (
            {"standby_report": CLOSED, "active_report": replace(MAIN, mode=Mode.PRIMARY_ONLY)},
            "reachable.failed",
            Verdict.BLOCKED,
        ),
        ({"standby_report": CLOSED, "active_report": None}, "reachable.closed-or-down", Verdict.UNCHECKED),
        (
            {
                "standby_report": failed(ProblemKind.UNREACHABLE, Layer.NOTHING, case="host-silent"),
                "active_report": replace(MAIN, mode=None),
            },
            "reachable.failed",
            Verdict.BLOCKED,
        ),
        ({"standby_report": failed(ProblemKind.REFUSED)}, "reachable.open", Verdict.FINE),
        ({"standby_report": replace(BACKUP, mode=Mode.PRIMARY_ONLY)}, "role.two-active", Verdict.RESTRICTED),
        (
            {"standby_report": replace(BACKUP, mode=None, level=255, support=RedundancySupport.HOT)},
            "role.hot",
            Verdict.FINE,
        ),
        (
            {"standby_report": replace(BACKUP, mode=None, level=150, support=RedundancySupport.HOT)},
            "role.degraded",
            Verdict.RESTRICTED,
        ),
        ({"standby_report": replace(BACKUP, mode=None, level=150)}, "role.standby", Verdict.FINE),
        ({"standby_report": replace(BACKUP, level=0)}, "role.maintenance", Verdict.BLOCKED),
        (
            {
                "standby_report": replace(BACKUP, mode=None, level=None),
                "active_report": replace(MAIN, mode=None, level=None),
            },
            "role.unsure",
            Verdict.RESTRICTED,
        ),
        ({"standby_report": replace(BACKUP, state=4)}, "role.state", Verdict.BLOCKED),
        ({"standby_report": failed(ProblemKind.CREDENTIALS)}, "role.not-known", Verdict.UNCHECKED),
        ({"active_report": replace(MAIN, mode=Mode.PRIMARY_ONLY)}, "synchronisation.alone", Verdict.BLOCKED),
        ({"standby_report": replace(BACKUP, mode=Mode.BACKUP_NOT_READY)}, "synchronisation.not-ready", Verdict.BLOCKED),
        ({"standby_report": BACKUP}, "synchronisation.ready", Verdict.FINE),
        ({"standby_report": CLOSED}, "synchronisation.told", Verdict.FINE),
        (
            {"standby_report": CLOSED, "active_report": replace(MAIN, mode=None, peer_levels=(("urn:backup", 100),))},
            "synchronisation.level",
            Verdict.FINE,
        ),
        (
            {"standby_report": CLOSED, "active_report": replace(MAIN, mode=None, peer_levels=(("urn:backup", 1),))},
            "synchronisation.level-low",
            Verdict.BLOCKED,
        ),
        (
            {"standby_report": replace(BACKUP, mode=None, level=1), "active_report": replace(MAIN, mode=None)},
            "synchronisation.level-low",
            Verdict.BLOCKED,
        ),
        (
            {"standby_report": None, "active_report": replace(MAIN, mode=None)},
            "synchronisation.not-said",
            Verdict.UNCHECKED,
        ),
        ({"standby_report": failed(ProblemKind.IDENTITY, case="one-server")}, "identity.failed", Verdict.BLOCKED),
        ({"standby_report": replace(BACKUP, server_uri="urn:main")}, "identity.failed", Verdict.BLOCKED),
        ({"standby_report": replace(BACKUP, server_uri="urn:new")}, "identity.failed", Verdict.BLOCKED),
        (
            {"active_report": replace(MAIN, peer_levels=(("urn:main", 255), ("urn:other", 100)))},
            "identity.stranger",
            Verdict.RESTRICTED,
        ),
        (
            {"active_report": replace(MAIN, peer_levels=(("urn:main", 255), ("urn:backup", 100)))},
            "identity.same",
            Verdict.FINE,
        ),
        ({"active_report": None}, "identity.same", Verdict.FINE),
        (
            {"standby_report": failed(ProblemKind.CERTIFICATE, case="certificate-changed")},
            "certificate.failed",
            Verdict.BLOCKED,
        ),
        ({"standby_report": failed(ProblemKind.SECURITY)}, "certificate.failed", Verdict.BLOCKED),
        ({"certificates": Certificates()}, "certificate.none", Verdict.FINE),
        ({"certificates": Certificates(needed=True, own=CERTIFICATE)}, "certificate.closed", Verdict.UNCHECKED),
        ({"certificates": Certificates()}, "own-certificate.none", Verdict.FINE),
        ({"standby_report": failed(ProblemKind.CREDENTIALS)}, "credentials.failed", Verdict.BLOCKED),
        ({"standby_report": replace(BACKUP, layer=Layer.TCP), "barred": True}, "credentials.barred", Verdict.BLOCKED),
        (
            {"standby_report": failed(ProblemKind.REFUSED, status=TOO_MANY_SESSIONS)},
            "credentials.full",
            Verdict.RESTRICTED,
        ),
        ({"here": replace(HERE, skew=-90.0)}, "clock.computer", Verdict.RESTRICTED),
        ({"here": replace(HERE, skew=None)}, "clock.closed", Verdict.UNCHECKED),
        ({"there": replace(THERE, skew=None)}, "clock.closed", Verdict.UNCHECKED),
        ({"there": replace(THERE, skew=-29.9)}, "clock.apart", Verdict.RESTRICTED),
        ({"here": None}, "namespaces.closed", Verdict.UNCHECKED),
        ({"there": replace(THERE, namespaces=("urn:bms",))}, "namespaces.missing", Verdict.RESTRICTED),
        ({"there": replace(THERE, namespaces=("urn:more", "urn:bms"))}, "namespaces.same", Verdict.FINE),
        ({"wanted": Wanted()}, "items.none", Verdict.FINE),
        ({"there": replace(THERE, missing=frozenset({LAMP}))}, "items.missing", Verdict.RESTRICTED),
        ({"there": replace(THERE, missing=frozenset({LAMP, TEMPERATURE}))}, "items.missing", Verdict.BLOCKED),
        ({"there": replace(THERE, unreadable=frozenset({LAMP}))}, "items.unreadable", Verdict.RESTRICTED),
        ({"wanted": Wanted((TEMPERATURE, METER))}, "items.new", Verdict.UNCHECKED),
        (
            {"here": None, "there": replace(THERE, missing=frozenset({LAMP}))},
            "items.missing",
            Verdict.RESTRICTED,
        ),
        ({"wanted": Wanted((LAMP,), lacking=(("Salto", 2),))}, "interfaces.not-carried-over", Verdict.DESIGNED),
        ({"with_pages": False}, "pages.local", Verdict.FINE),
        ({"there": replace(THERE, pages=PagesFile(fault="missing"))}, "pages.missing", Verdict.RESTRICTED),
        ({"here": replace(HERE, pages=PagesFile(fault="broken"))}, "pages.broken", Verdict.RESTRICTED),
        ({"there": replace(THERE, pages=PagesFile("d2"))}, "pages.differ", Verdict.RESTRICTED),
        ({"here": replace(HERE, pages=None)}, "pages.closed", Verdict.UNCHECKED),
        ({"there": replace(THERE, pages=None)}, "pages.closed", Verdict.UNCHECKED),
        ({"pages": "d3"}, "pages.local-differ", Verdict.RESTRICTED),
        ({"pages": ""}, "pages.same", Verdict.FINE),
    ],
)
def test_each_finding_has_its_verdict(changes: dict[str, Any], code: str, verdict: Verdict) -> None:
    readiness = assess(facts(**changes))
    subject, _, case = code.partition(".")
    check = find(readiness, Subject(subject))
    assert (check.case, check.verdict) == (case, verdict)
    assert check.code == (case if case == "closed" else code)
    has_words = [
        f"ready.{one.code}" in PHRASES and f"ready.subject.{one.subject}" in PHRASES for one in readiness.checks
    ]
    assert all(has_words)
    if verdict in (Verdict.BLOCKED, Verdict.RESTRICTED) and case != "failed":
        assert f"ready-advice.{check.code}" in PHRASES, "whoever reads it wants to know what to do"
    lights = {
        Verdict.BLOCKED: Light.NOT_READY,
        Verdict.RESTRICTED: Light.RESTRICTED,
        Verdict.UNCHECKED: Light.UNKNOWN,
    }
    verdicts = {check.verdict for check in readiness.checks}
    worst = next((verdict for verdict in Verdict if verdict in verdicts and verdict in lights), None)
    assert readiness.light is (Light.READY if worst is None else lights[worst])


@pytest.mark.parametrize(
    ("ends_in", "code", "days"),
    [(-3, "expired", "3"), (12, "soon", "12"), (31, "valid", "31")],
)
def test_a_certificate_is_said_to_end_before_it_does(ends_in: int, code: str, days: str) -> None:
    ending = replace(CERTIFICATE, ends=NOW + ends_in * DAY)
    theirs = assess(facts(certificates=Certificates(needed=True, own=CERTIFICATE, trusted=ending)))
    ours = assess(facts(certificates=Certificates(needed=True, own=ending, trusted=CERTIFICATE)))
    for check in (find(theirs, Subject.CERTIFICATE), find(ours, Subject.OWN_CERTIFICATE)):
        assert (check.case, check.arguments) == (code, (("days", days),))


def test_a_certificate_whose_time_has_not_come_is_said() -> None:
    early = replace(CERTIFICATE, begins=NOW + 2 * DAY)
    check = only_trouble(facts(certificates=Certificates(needed=True, own=CERTIFICATE, trusted=early)))
    assert (check.code, check.verdict) == ("certificate.not-yet", Verdict.RESTRICTED)


def test_what_blocks_is_said_first_and_what_is_well_last() -> None:
    readiness = assess(
        facts(
            standby_report=replace(BACKUP, mode=Mode.BACKUP_NOT_READY),
            there=replace(THERE, skew=30.1),
            here=replace(HERE, pages=None),
        )
    )
    first = [check.code for check in readiness.gravest[:3]]
    assert first == ["synchronisation.not-ready", "clock.apart", "closed"]
    assert readiness.gravest[-1].verdict is Verdict.FINE


def test_a_clock_that_differs_is_told_in_seconds_with_its_sign() -> None:
    assert only_trouble(facts(there=replace(THERE, skew=30.1))).arguments == (("seconds", "+30"),)
    assert only_trouble(facts(there=replace(THERE, skew=-29.9))).arguments == (("seconds", "−30"),)
    own = only_trouble(facts(here=replace(HERE, skew=-90.0), there=replace(THERE, skew=-90.0)))
    assert (own.code, own.server, own.arguments) == ("clock.computer", Server.MAIN, (("seconds", "+90"),))


def test_few_of_many_names_are_told() -> None:
    items = tuple(Address("urn:bms", f"I{n}") for n in range(6))
    given = facts(wanted=Wanted(items), there=replace(THERE, items=frozenset(items), missing=frozenset(items[:5])))
    assert dict(only_trouble(given).arguments) == {"number": "5", "names": "I0, I1, I2 …", "of": "6"}


def test_what_the_active_server_lacks_too_or_what_comes_with_the_active_role_is_not_lost() -> None:
    there = replace(THERE, missing=frozenset({LAMP, METER}), items=frozenset({TEMPERATURE, LAMP, METER}))
    wanted = Wanted((TEMPERATURE, LAMP, METER), appearing=frozenset({METER}))
    readiness = assess(facts(there=there, here=replace(HERE, missing=frozenset({LAMP})), wanted=wanted))
    assert readiness.light is Light.READY
    assert find(readiness, Subject.ITEMS).arguments == (("number", "1"),)


def test_what_is_so_by_design_is_said_and_leaves_the_light_green() -> None:
    given = facts(wanted=Wanted((TEMPERATURE, LAMP), lacking=(("VingCard", 6), ("Salto", 2))))
    assert assess(given).light is Light.READY
    assert dict(only_trouble(given).arguments) == {"number": "8", "names": "VingCard, Salto"}


def test_a_closed_standby_is_judged_by_what_an_earlier_session_showed_with_its_age() -> None:
    readiness = assess(closed())
    assert readiness.light is Light.READY
    remembered = {check.subject for check in readiness.checks if check.learned is not None}
    assert remembered == {
        Subject.IDENTITY,
        Subject.CERTIFICATE,
        Subject.CREDENTIALS,
        Subject.CLOCK,
        Subject.NAMESPACES,
        Subject.ITEMS,
        Subject.PAGES,
    }
    assert {check.learned for check in readiness.checks} == {None, NOW - DAY}


@pytest.mark.parametrize("age", [None, 31 * DAY, -1.0])
def test_a_closed_standby_that_no_session_has_shown_lately_is_neither_green_nor_red(age: float | None) -> None:
    readiness = assess(closed(before=None if age is None else replace(THERE, wall=NOW - age)))
    assert readiness.light is Light.UNKNOWN
    unchecked = {check.subject for check in readiness.checks if check.verdict is Verdict.UNCHECKED}
    assert Subject.CREDENTIALS in unchecked
    assert Subject.ITEMS in unchecked
    assert find(readiness, Subject.REACHABLE).verdict is Verdict.FINE


def test_a_closed_standby_keeps_the_faults_that_an_earlier_session_showed() -> None:
    before = replace(THERE, wall=NOW - DAY, missing=frozenset({LAMP}))
    check = only_trouble(closed(before=before))
    assert (check.code, check.learned) == ("items.missing", NOW - DAY)


def test_the_certificate_of_a_closed_standby_ends_as_soon_as_any_other() -> None:
    ended = replace(CERTIFICATE, ends=NOW - DAY)
    check = only_trouble(closed(certificates=Certificates(needed=True, own=CERTIFICATE, trusted=ended)))
    assert check.code == "certificate.expired"


def test_what_the_session_of_now_shows_counts_more_than_an_earlier_one() -> None:
    given = facts(before=replace(THERE, missing=frozenset({LAMP}), wall=NOW - DAY))
    assert assess(given) == assess(WELL)


def test_what_pages_need_of_the_standby_comes_from_the_table_of_interfaces() -> None:
    rows = {
        "Salto/1": Interface("Salto", Behaviour.MAIN_ONLY),
        "Salto/2": Interface("Salto", Behaviour.MAIN_ONLY),
        "Shutter/1": Interface("Shutter Control", Behaviour.UNSYNCHRONISED),
        "Meter/1": Interface("Metering", Behaviour.ACTIVE_ONLY),
        "KNX/1": Interface("KNX", Behaviour.SYNCHRONISED),
    }
    items = [Address("urn:bms", name) for name in (*rows, "Other/1", "Salto/1")]
    on_backup = needs(items, lambda item: rows.get(str(item.identifier)), Server.BACKUP)
    assert on_backup == Wanted(tuple(items[:-1]), frozenset({items[3]}), (("Salto", 2), ("Shutter Control", 1))), (
        "each item once"
    )
    on_main = needs(items, lambda item: rows.get(str(item.identifier)), Server.MAIN)
    assert on_main.lacking == (("Shutter Control", 1),), "the field talks to the main"


def test_before_the_first_look_what_is_not_known_is_not_blamed_on_the_standby() -> None:
    readiness = assess(facts(looked=False, there=None, here=None, standby_report=replace(BACKUP, layer=Layer.TCP)))
    assert readiness.light is Light.UNKNOWN
    assert {check.code for check in readiness.checks if check.verdict is Verdict.UNCHECKED} == {"pending"}
    alone = assess(facts(looked=False, active_report=replace(MAIN, mode=Mode.PRIMARY_ONLY)))
    assert alone.light is Light.NOT_READY, "what is known already is said"
