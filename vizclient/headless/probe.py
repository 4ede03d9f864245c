"""`vizclient probe`: what each server of the pair is, found out once, without staying connected."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from vizclient.exits import Exit
from vizclient.items.status import status_name
from vizclient.link.composition import connector
from vizclient.phrases import phrase
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import (
    Finding,
    Layer,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    ServerState,
    Source,
)
from vizclient.redundancy.ports import Connector
from vizclient.redundancy.roles import find_role, listed_level

_ACTIVE = (Role.ACTIVE, Role.INFERRED)


class _Deaf:
    """A listener for sessions that are closed again at once."""

    def session_reported(self, generation: int, report: Report) -> None: ...

    def session_lost(self, generation: int, problem: Problem) -> None: ...


async def probe(profile: Profile, places: Places, *, as_json: bool) -> Exit:
    """Ask both servers side by side, and print what was found."""
    main, backup = await ask_both(connector(profile, places))
    found = {Server.MAIN: _judge(main, backup), Server.BACKUP: _judge(backup, main)}
    if as_json:
        print(json.dumps({server: _row(profile, *found[server]) for server in Server}, indent=2))
    else:
        for server in Server:
            print(_line(profile, server, *found[server]))
    return verdict([finding for _, finding in found.values()])


async def ask_both(asked: Connector) -> tuple[Report, Report]:
    """The reports of main and backup. Leaves no session behind."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(asked.probe(server, number, _Deaf(), session=True), name=f"probe-{server}")
            for number, server in enumerate(Server, start=1)
        ]
    results = [task.result() for task in tasks]
    async with asyncio.TaskGroup() as group:
        for result in results:
            if result.session is not None:
                group.create_task(result.session.close(), name=f"close-{result.report.server}")
    main, backup = (result.report for result in results)
    if main.accepted and backup.accepted and main.server_uri and main.server_uri == backup.server_uri:
        return _one_server(main), _one_server(backup)
    return main, backup


def verdict(findings: list[Finding]) -> Exit:
    """A server that needs a person counts first, because there is nowhere to go when the other one fails."""
    roles = [finding.role for finding in findings]
    if Role.ATTENTION in roles:
        return Exit.ATTENTION
    active = sum(role in _ACTIVE for role in roles)
    return {0: Exit.NO_ACTIVE, 1: Exit.DONE}.get(active, Exit.TWO_ACTIVE)


def why(finding: Finding, report: Report) -> str:
    """What the role was concluded from, in words."""
    problem = report.problem
    arguments: dict[str, object] = {
        "state": "" if report.state is None else phrase(f"server-state.{report.state}", {}),
        "mode": "" if report.mode is None else phrase(f"mode.{report.mode}", {}),
        "level": "?" if report.level is None else report.level,
        "problem": "" if problem is None else phrase(f"reason.{problem.code}", {}),
    }
    if problem is not None and finding.source in (Source.PROBLEM, Source.REFUSAL):
        said = str(arguments["problem"])
    else:
        said = phrase(f"source.{finding.source}", arguments)
        said = said if problem is None else f"{said} ({arguments['problem']})"
    if problem is not None and problem.status is not None:
        said = f"{said} [{status_name(problem.status)}]"
    return said


def _judge(report: Report, peer: Report) -> tuple[Report, Finding]:
    """The role, and the report with the level that it was concluded from."""
    finding = find_role(report, peer)
    if finding.source is Source.PEER_ARRAY:
        report = replace(report, level=listed_level(report.server_uri, peer))
    return report, finding


def _one_server(report: Report) -> Report:
    return replace(report, problem=Problem(ProblemKind.IDENTITY, report.layer, detail=report.server_uri))


def _row(profile: Profile, report: Report, finding: Finding) -> dict[str, Any]:
    problem = report.problem
    return {
        "url": profile.server(report.server).url,
        "reachable": report.layer >= Layer.TCP,
        "role": finding.role,
        "why": finding.source,
        "explanation": why(finding, report),
        "service_level": report.level,
        "state": None if report.state is None else _state(report.state),
        "mode": report.mode,
        "server_uri": report.server_uri or None,
        "problem": None if problem is None else problem.kind,
        "status": None if problem is None or problem.status is None else status_name(problem.status),
        "took_ms": round(report.took * 1000, 1),
    }


def _line(profile: Profile, server: Server, report: Report, finding: Finding) -> str:
    parts = [
        f"{server:<7}{profile.server(server).url}",
        "reachable" if report.layer >= Layer.TCP else "not reachable",
        f"{phrase(f'role.{finding.role}', {})}: {why(finding, report)}",
    ]
    if report.level is not None:
        parts.append(f"service level {report.level}")
    if report.state is not None:
        parts.append(_state(report.state))
    parts.append(f"{report.took * 1000:.0f} ms")
    return "  ".join(parts)


def _state(state: int) -> str:
    return phrase(f"server-state.{state}", {}) if state in ServerState.__members__.values() else str(state)
