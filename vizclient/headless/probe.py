"""`vizclient probe`: what each server of the pair is, found out once, without staying connected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vizclient.exits import Exit
from vizclient.headless.account import advice, state_in_words, why
from vizclient.items.status import status_name
from vizclient.link.composition import connector
from vizclient.opcua.endpoint import Deadlines
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
    Source,
)
from vizclient.redundancy.ports import Connector, Deaf
from vizclient.redundancy.roles import beside_active, find_role, listed_level

_ACTIVE = (Role.ACTIVE, Role.INFERRED)
PATIENCE = Deadlines(step=2.0)
"""A person waits for the answer; a network with a round trip of 1.5 s still gets through."""


async def probe(profile: Profile, places: Places, *, as_json: bool) -> Exit:
    """Ask both servers side by side, and print what was found."""
    main, backup = await ask_both(connector(profile, places, PATIENCE))
    found = {Server.MAIN: judge(main, backup), Server.BACKUP: judge(backup, main)}
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
            group.create_task(asked.probe(server, number, Deaf(), session=True), name=f"probe-{server}")
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


async def ask(asked: Connector, servers: Iterable[Server]) -> dict[Server, Report]:
    """The report of each of them, asked side by side. Leaves no session behind."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(asked.probe(server, number, Deaf(), session=True), name=f"probe-{server}")
            for number, server in enumerate(servers, start=1)
        ]
    results = [task.result() for task in tasks]
    async with asyncio.TaskGroup() as group:
        for result in results:
            if result.session is not None:
                group.create_task(result.session.close(), name=f"close-{result.report.server}")
    return {result.report.server: result.report for result in results}


def verdict(findings: list[Finding]) -> Exit:
    """A server that needs a person counts first, because there is nowhere to go when the other one fails."""
    roles = [finding.role for finding in findings]
    if Role.ATTENTION in roles:
        return Exit.ATTENTION
    active = sum(role in _ACTIVE for role in roles)
    return {0: Exit.NO_ACTIVE, 1: Exit.DONE}.get(active, Exit.TWO_ACTIVE)


def judge(report: Report, peer: Report) -> tuple[Report, Finding]:
    """The role as a person sees it, and the report with the level that it was concluded from."""
    finding = find_role(report, peer)
    if find_role(peer, report).role in _ACTIVE:
        finding = beside_active(finding, report)
    if finding.source is Source.PEER_ARRAY:
        report = replace(report, level=listed_level(report.server_uri, peer))
    return report, finding


def _one_server(report: Report) -> Report:
    problem = Problem(ProblemKind.IDENTITY, report.layer, detail=report.server_uri, case="one-server")
    return replace(report, problem=problem)


def _row(profile: Profile, report: Report, finding: Finding) -> dict[str, Any]:
    problem = report.problem
    return {
        "url": profile.server(report.server).url,
        "reachable": report.layer >= Layer.TCP,
        "role": finding.role,
        "why": finding.source,
        "explanation": why(finding, report),
        "advice": advice(finding, report) or None,
        "service_level": report.level,
        "state": None if report.state is None else state_in_words(report.state),
        "shutdown_in_s": report.shutdown_in,
        "returns_in_s": _returns_in(report),
        "redundancy_support": report.support,
        "mode": report.mode,
        "role_item_active": report.custom_active,
        "server_uri": report.server_uri or None,
        "problem": None if problem is None else problem.kind,
        "status": None if problem is None or problem.status is None else status_name(problem.status),
        "took_ms": round(report.took * 1000, 1),
    }


def _returns_in(report: Report) -> float | None:
    """Seconds to the EstimatedReturnTime, while it lies ahead."""
    due = report.estimated_return
    return None if due is None or due <= report.at else round(due - report.at, 1)


def _line(profile: Profile, server: Server, report: Report, finding: Finding) -> str:
    parts = [
        f"{server:<7}{profile.server(server).url}",
        "reachable" if report.layer >= Layer.TCP else "not reachable",
        f"{phrase(f'role.{finding.role}', {})}: {why(finding, report)}",
    ]
    if report.level is not None:
        parts.append(f"service level {report.level}")
    if report.state is not None:
        parts.append(state_in_words(report.state))
    if report.shutdown_in is not None:
        parts.append(phrase("shutdown-in", {"seconds": f"{report.shutdown_in:.0f}"}))
    if (due := _returns_in(report)) is not None:
        parts.append(phrase("returns-in", {"seconds": f"{due:.0f}"}))
    parts.append(f"{report.took * 1000:.0f} ms")
    more = [advice(finding, report)]
    if profile.redundancy.role_item is not None and report.accepted and report.custom_active is None:
        more.append(phrase("role-item-unread", {"item": profile.redundancy.role_item}))
    return "\n".join(["  ".join(parts), *(f"{'':<7}{line}" for line in more if line)])
