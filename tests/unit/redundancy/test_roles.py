from __future__ import annotations

from dataclasses import replace

import pytest

from vizclient.redundancy.model import Finding, Layer, Mode, Problem, ProblemKind, Report, Role, Server, Source
from vizclient.redundancy.roles import beside_active, find_role, listed_level, refuses, surely_serves


def accepted(server: Server = Server.MAIN, **fields: object) -> Report:
    return replace(Report(server, 1.0, Layer.ACTIVATED, server_uri=f"urn:{server}"), **fields)  # type: ignore[arg-type]


def failed(kind: ProblemKind, layer: Layer = Layer.TCP, server: Server = Server.MAIN) -> Report:
    return Report(server, 1.0, layer, Problem(kind, layer), server_uri=f"urn:{server}")


OPEN = Report(Server.MAIN, 1.0, Layer.TCP)
CLOSED = failed(ProblemKind.UNREACHABLE, Layer.NOTHING)
SILENT = accepted(state=0)
ACTIVE_PEER = accepted(Server.BACKUP, state=0, level=255)


@pytest.mark.parametrize(
    ("report", "role", "source"),
    [
        (None, Role.UNKNOWN, Source.NONE),
        (accepted(state=4, level=255, mode=0, custom_active=True), Role.DOWN, Source.STATE),
        (accepted(state=1, level=255), Role.DOWN, Source.STATE),
        (accepted(state=0, level=0, mode=0, custom_active=True), Role.MAINTENANCE, Source.MAINTENANCE_LEVEL),
        (accepted(level=1, mode=2, custom_active=True), Role.ACTIVE, Source.ROLE_ITEM),
        (accepted(level=255, mode=0, custom_active=False), Role.STANDBY, Source.ROLE_ITEM),
        (accepted(level=100, mode=Mode.PRIMARY_ONLY), Role.ACTIVE, Source.MODE),
        (accepted(level=255, mode=Mode.PRIMARY_WITH_BACKUP), Role.ACTIVE, Source.MODE),
        (accepted(level=255, mode=Mode.BACKUP_READY), Role.STANDBY, Source.MODE),
        (accepted(level=255, mode=Mode.BACKUP_NOT_READY), Role.STANDBY, Source.MODE),
        (accepted(level=255, mode=42), Role.ACTIVE, Source.LEVEL),
        (accepted(level=200), Role.ACTIVE, Source.LEVEL),
        (accepted(level=199), Role.DEGRADED, Source.LEVEL),
        (accepted(level=2), Role.DEGRADED, Source.LEVEL),
        (accepted(level=1), Role.STANDBY, Source.LEVEL),
        (SILENT, Role.UNKNOWN, Source.NONE),
        (OPEN, Role.UNKNOWN, Source.NONE),
        (CLOSED, Role.DOWN, Source.REFUSAL),
        (failed(ProblemKind.REFUSED), Role.STANDBY, Source.REFUSAL),
        (failed(ProblemKind.REFUSED, Layer.SESSION), Role.STANDBY, Source.REFUSAL),
        (failed(ProblemKind.LOST, Layer.HELLO), Role.STANDBY, Source.REFUSAL),
        (failed(ProblemKind.LOST, Layer.ACTIVATED), Role.DOWN, Source.PROBLEM),
        (failed(ProblemKind.UNDECODABLE, Layer.ACTIVATED), Role.DOWN, Source.PROBLEM),
        (failed(ProblemKind.TIMED_OUT), Role.DOWN, Source.PROBLEM),
        (failed(ProblemKind.UNRESOLVED, Layer.NOTHING), Role.DOWN, Source.PROBLEM),
        (failed(ProblemKind.NOT_OPC_UA), Role.DOWN, Source.PROBLEM),
        (failed(ProblemKind.LOCAL), Role.UNKNOWN, Source.PROBLEM),
        (failed(ProblemKind.SECURITY), Role.ATTENTION, Source.PROBLEM),
        (failed(ProblemKind.CERTIFICATE), Role.ATTENTION, Source.PROBLEM),
        (failed(ProblemKind.CREDENTIALS), Role.ATTENTION, Source.PROBLEM),
        (failed(ProblemKind.IDENTITY), Role.ATTENTION, Source.PROBLEM),
    ],
)
def test_the_best_source_wins_after_the_vetoes(report: Report | None, role: Role, source: Source) -> None:
    assert find_role(report, None) == Finding(role, source)


@pytest.mark.parametrize(
    ("peer", "role", "source"),
    [
        (None, Role.UNKNOWN, Source.NONE),
        (CLOSED, Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.UNRESOLVED, Layer.NOTHING), Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.REFUSED), Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.TIMED_OUT), Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.NOT_OPC_UA), Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.LOST, Layer.CHANNEL), Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.IDENTITY, Layer.ACTIVATED), Role.INFERRED, Source.PEER_REFUSES),
        (failed(ProblemKind.LOST, Layer.ACTIVATED), Role.UNKNOWN, Source.NONE),
        (failed(ProblemKind.CREDENTIALS), Role.UNKNOWN, Source.NONE),
        (failed(ProblemKind.LOCAL), Role.UNKNOWN, Source.NONE),
        (OPEN, Role.UNKNOWN, Source.NONE),
        (accepted(level=1), Role.INFERRED, Source.PEER_REFUSES),
        (accepted(level=0), Role.INFERRED, Source.PEER_REFUSES),
        (accepted(state=4), Role.INFERRED, Source.PEER_REFUSES),
        (accepted(level=255), Role.UNKNOWN, Source.NONE),
        (accepted(level=100), Role.UNKNOWN, Source.NONE),
        (SILENT, Role.UNKNOWN, Source.BOTH_SILENT),
    ],
)
def test_a_server_that_announces_nothing_is_judged_by_its_peer(peer: Report | None, role: Role, source: Source) -> None:
    assert find_role(SILENT, peer) == Finding(role, source)


@pytest.mark.parametrize(
    ("report", "level", "role", "source"),
    [
        (CLOSED, 1, Role.STANDBY, Source.PEER_ARRAY),
        (CLOSED, 100, Role.STANDBY, Source.PEER_ARRAY),
        (CLOSED, 0, Role.DOWN, Source.PEER_ARRAY),
        (CLOSED, 199, Role.STANDBY, Source.PEER_ARRAY),
        (CLOSED, 200, Role.DOWN, Source.REFUSAL),
        (OPEN, 1, Role.STANDBY, Source.PEER_ARRAY),
        (OPEN, 100, Role.STANDBY, Source.PEER_ARRAY),
        (OPEN, 255, Role.ACTIVE, Source.PEER_ARRAY),
        (OPEN, 0, Role.DOWN, Source.PEER_ARRAY),
        (failed(ProblemKind.TIMED_OUT), 1, Role.DOWN, Source.PROBLEM),
        (failed(ProblemKind.REFUSED), 255, Role.STANDBY, Source.REFUSAL),
        (accepted(level=255), 1, Role.ACTIVE, Source.LEVEL),
    ],
)
def test_the_array_of_the_active_server_speaks_for_a_peer_that_does_not(
    report: Report, level: int, role: Role, source: Source
) -> None:
    peer = replace(ACTIVE_PEER, peer_levels=(("urn:backup", 255), ("urn:main", level)))
    assert find_role(replace(report, server_uri="urn:main"), peer) == Finding(role, source)


def test_degraded_beside_an_active_server_is_a_standby_but_for_a_hot_set() -> None:
    hot_peer = replace(ACTIVE_PEER, support=3, peer_levels=(("urn:main", 100),))
    assert find_role(replace(OPEN, server_uri="urn:main"), hot_peer).role is Role.DEGRADED
    degraded, active = Finding(Role.DEGRADED, Source.LEVEL), Finding(Role.ACTIVE, Source.LEVEL)
    assert beside_active(degraded, accepted(support=2)) == Finding(Role.STANDBY, Source.LEVEL)
    assert beside_active(degraded, accepted(support=3)) == degraded
    assert beside_active(degraded, None) == degraded
    listed = Finding(Role.DEGRADED, Source.PEER_ARRAY)
    assert beside_active(listed, OPEN) == listed, "its peer has already said so, and knows whether the set is hot"
    assert beside_active(active, accepted(support=2)) == active


def test_only_an_active_server_is_believed_about_its_peer() -> None:
    rows = (("urn:main", 1),)
    assert listed_level("urn:main", replace(ACTIVE_PEER, peer_levels=rows)) == 1
    assert listed_level("urn:main", replace(ACTIVE_PEER, peer_levels=rows, level=100)) is None
    assert listed_level("urn:main", None) is None
    assert listed_level("urn:main", failed(ProblemKind.LOST)) is None


def test_a_server_of_unknown_uri_is_the_one_row_that_is_not_the_peer_itself() -> None:
    two, three = (("urn:backup", 255), ("urn:x", 1)), (("urn:backup", 255), ("urn:x", 1), ("urn:y", 2))
    assert listed_level("", replace(ACTIVE_PEER, peer_levels=two)) == 1
    assert listed_level("", replace(ACTIVE_PEER, peer_levels=three)) is None
    assert listed_level("", replace(ACTIVE_PEER, peer_levels=two[1:], server_uri="")) is None
    assert listed_level("urn:y", replace(ACTIVE_PEER, peer_levels=two)) is None


def test_a_closed_port_is_a_standby_when_the_active_server_says_that_it_has_a_backup() -> None:
    with_backup = replace(ACTIVE_PEER, mode=Mode.PRIMARY_WITH_BACKUP)
    assert find_role(CLOSED, with_backup) == Finding(Role.STANDBY, Source.PEER_MODE)
    assert find_role(CLOSED, replace(with_backup, mode=Mode.PRIMARY_ONLY)).role is Role.DOWN
    assert find_role(CLOSED, replace(with_backup, state=4)).role is Role.DOWN
    assert find_role(OPEN, with_backup).role is Role.UNKNOWN
    assert find_role(failed(ProblemKind.TIMED_OUT), with_backup).role is Role.DOWN


@pytest.mark.parametrize(
    ("role", "support", "sure"),
    [
        (Role.ACTIVE, None, True),
        (Role.INFERRED, None, True),
        (Role.DEGRADED, 1, False),
        (Role.DEGRADED, 2, False),
        (Role.DEGRADED, None, False),
        (Role.DEGRADED, 3, True),
        (Role.DEGRADED, 5, True),
        (Role.UNKNOWN, 3, False),
        (Role.STANDBY, 3, False),
    ],
)
def test_values_of_a_degraded_server_are_in_doubt_but_for_a_hot_set(
    role: Role, support: int | None, sure: bool
) -> None:
    assert surely_serves(Finding(role, Source.LEVEL), accepted(support=support)) is sure


def test_nothing_is_sure_of_a_server_that_was_never_asked() -> None:
    assert not surely_serves(Finding(Role.DEGRADED, Source.LEVEL), None)


def test_an_accepted_session_is_no_refusal() -> None:
    assert not refuses(SILENT)
    assert refuses(CLOSED)
