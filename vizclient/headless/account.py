"""What is to be said of a server on the command line: why it has its role, and what a person can do about it."""

from __future__ import annotations

import sys

from vizclient.items.status import status_name
from vizclient.phrases import PHRASES, phrase
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Connection, Finding, Report, Server, ServerState, Source


def why(finding: Finding, report: Report | None) -> str:
    """What the role was concluded from, in words."""
    if report is None:
        return phrase(f"source.{finding.source}", {})
    problem = report.problem
    reason = "" if problem is None else phrase(f"reason.{problem.code}", dict(problem.arguments))
    arguments: dict[str, object] = {
        "state": "" if report.state is None else state_in_words(report.state),
        "mode": "" if report.mode is None else phrase(f"mode.{report.mode}", {}),
        "level": "?" if report.level is None else report.level,
        "problem": reason,
    }
    if problem is None:
        return phrase(f"source.{finding.source}", arguments)
    is_the_reason = finding.source in (Source.PROBLEM, Source.REFUSAL)
    said = reason if is_the_reason else f"{phrase(f'source.{finding.source}', arguments)} ({reason})"
    if problem.status is not None:
        said = f"{said} [{status_name(problem.status)}]"
    return said


def advice(finding: Finding, report: Report | None) -> str:
    """What a person can do about it; "" where there is nothing to say."""
    if report is None or report.problem is None or finding.source not in (Source.PROBLEM, Source.REFUSAL):
        return ""
    code = f"advice.{report.problem.code}"
    return phrase(code, dict(report.problem.arguments)) if code in PHRASES else ""


def state_in_words(state: int) -> str:
    """ServerState."""
    return phrase(f"server-state.{state}", {}) if state in ServerState.__members__.values() else str(state)


def complain_of_servers(profile: Profile, code: str, connection: Connection | None) -> None:
    """One message on standard error: what is wrong, and of each server why and what to do."""
    lines = [f"vizclient: {phrase(code, {})}"]
    views = {} if connection is None else {Server.MAIN: connection.main, Server.BACKUP: connection.backup}
    for server, view in views.items():
        if connection is not None and server is connection.server:
            continue
        said = why(view.finding, view.report)
        if to_do := advice(view.finding, view.report):
            said = f"{said}. {to_do}"
        url = profile.server(server).url
        lines.append(f"  {phrase('server-account', {'server': server, 'url': url, 'what': said})}")
    print("\n".join(lines), file=sys.stderr)
