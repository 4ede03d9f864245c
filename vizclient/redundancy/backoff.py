"""When a server is asked again: pacing as pure functions. Knows no clock and no randomness; both come as arguments."""

from __future__ import annotations

from vizclient.redundancy.model import Finding, Layer, ProblemKind, Report, Role, ServerState, Timing

SESSION_SPARING = 5
"""While all is well, a standby that takes a session to be asked is asked so many times less often."""


def rest_until(finding: Finding, report: Report | None, timing: Timing) -> float | None:
    """Until when a server that announced its return is left alone; None if it does not rest (6.6.2.4.2).

    One in maintenance that is late, or named no time, is asked slowly.
    """
    if report is None or report.problem is not None:
        return None
    if report.estimated_return is not None and report.estimated_return > report.at:
        shutting_down = report.state == ServerState.SHUTDOWN
        return report.estimated_return if shutting_down or finding.role is Role.MAINTENANCE else None
    if finding.role is not Role.MAINTENANCE:
        return None
    late = report.estimated_return is not None
    return report.at + (timing.attention_retry if late else timing.maintenance_pause)


def after_failure(report: Report, tries: int, luck: float, timing: Timing) -> float:
    """Seconds to the next attempt while searching; `tries` role probes in a row have met an open port."""
    found_closed = report.layer is Layer.NOTHING and not _is(report, ProblemKind.UNRESOLVED, ProblemKind.LOCAL)
    if found_closed:
        return timing.tcp_retry
    doublings = min(max(tries - 1, 0), 16)
    return min(timing.role_retry_first * 2.0**doublings, timing.role_retry_most) * (1.0 + luck)


def while_connected(finding: Finding, report: Report, tries: int, luck: float, *, well: bool, timing: Timing) -> float:
    """Seconds to the next probe of the peer of the connected server; not `well`: that one is degraded, a better one is awaited."""
    took_more = report.layer > Layer.TCP or _is(report, ProblemKind.UNRESOLVED, ProblemKind.LOCAL)
    if not took_more:
        return timing.probe_interval
    if not well:
        return min(after_failure(report, tries, luck, timing), timing.probe_interval)
    return timing.probe_interval * (1 if finding.role is Role.ACTIVE else SESSION_SPARING)


def _is(report: Report, *kinds: ProblemKind) -> bool:
    return report.problem is not None and report.problem.kind in kinds
