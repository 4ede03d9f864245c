from __future__ import annotations

from dataclasses import replace

import pytest

from vizclient.redundancy.backoff import after_failure, rest_until, while_connected
from vizclient.redundancy.model import Finding, Layer, Problem, ProblemKind, Report, Role, Server, Source, Timing

TIMING = Timing()
MAINTENANCE = Finding(Role.MAINTENANCE, Source.MAINTENANCE_LEVEL)
STANDBY = Finding(Role.STANDBY, Source.MODE)
ACTIVE = Finding(Role.ACTIVE, Source.MODE)
ACCEPTED = Report(Server.MAIN, 100.0, Layer.ACTIVATED)


def failed(kind: ProblemKind, layer: Layer) -> Report:
    return Report(Server.MAIN, 100.0, layer, Problem(kind, layer))


CLOSED = failed(ProblemKind.UNREACHABLE, Layer.NOTHING)
REFUSED = failed(ProblemKind.REFUSED, Layer.HELLO)


@pytest.mark.parametrize(
    ("finding", "report", "until"),
    [
        (MAINTENANCE, None, None),
        (MAINTENANCE, CLOSED, None),
        (MAINTENANCE, ACCEPTED, 400.0),
        (MAINTENANCE, replace(ACCEPTED, estimated_return=7000.0), 7000.0),
        (MAINTENANCE, replace(ACCEPTED, estimated_return=99.0), 130.0),
        (STANDBY, replace(ACCEPTED, estimated_return=7000.0), None),
        (STANDBY, replace(ACCEPTED, estimated_return=7000.0, state=4), 7000.0),
        (STANDBY, replace(ACCEPTED, estimated_return=99.0, state=4), None),
        (STANDBY, ACCEPTED, None),
    ],
)
def test_a_server_that_said_when_it_returns_is_left_alone_until_then(
    finding: Finding, report: Report | None, until: float | None
) -> None:
    assert rest_until(finding, report, TIMING) == until


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 0.25), (1, 0.25), (2, 0.5), (3, 1.0), (4, 2.0), (5, 2.0), (5000, 2.0)]
)
def test_role_probes_back_off_to_two_seconds(tries: int, seconds: float) -> None:
    assert after_failure(REFUSED, tries, 0.0, TIMING) == seconds
    assert after_failure(REFUSED, tries, 0.5, TIMING) == 1.5 * seconds


def test_a_closed_port_is_tried_again_after_fifty_milliseconds_for_ever() -> None:
    assert after_failure(CLOSED, 100, 0.9, TIMING) == 0.05


@pytest.mark.parametrize("kind", [ProblemKind.UNRESOLVED, ProblemKind.LOCAL])
def test_names_without_address_and_our_own_faults_are_not_repeated_at_that_pace(kind: ProblemKind) -> None:
    assert after_failure(failed(kind, Layer.NOTHING), 0, 0.0, TIMING) == 0.25


@pytest.mark.parametrize(
    ("finding", "report", "well", "seconds"),
    [
        (STANDBY, CLOSED, True, 1.0),
        (STANDBY, Report(Server.MAIN, 1.0, Layer.TCP), True, 1.0),
        (STANDBY, ACCEPTED, True, 5.0),
        (STANDBY, REFUSED, True, 5.0),
        (ACTIVE, ACCEPTED, True, 1.0),
        (STANDBY, failed(ProblemKind.UNRESOLVED, Layer.NOTHING), True, 5.0),
        (STANDBY, ACCEPTED, False, 0.25),
        (STANDBY, CLOSED, False, 1.0),
    ],
)
def test_the_peer_of_a_connected_server_is_asked_each_second_or_seldom_if_it_costs_a_session(
    finding: Finding, report: Report, well: bool, seconds: float
) -> None:
    assert while_connected(finding, report, 1, 0.0, well=well, timing=TIMING) == seconds


def test_the_peer_of_a_degraded_server_is_asked_at_least_each_second() -> None:
    assert while_connected(STANDBY, ACCEPTED, 9, 0.9, well=False, timing=TIMING) == 1.0
