"""`vizclient ready`: if the active server failed now, would the other one take its place? Asked once, for people and monitoring.

Both servers are asked side by side, each in one short session that changes nothing. A monitoring that runs each minute locks
nobody out: what a server refused is held back by `link.logins`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from vizclient.exits import Exit
from vizclient.headless.account import advice, state_in_words, why
from vizclient.headless.probe import PATIENCE
from vizclient.headless.running import complain_of
from vizclient.items.address import Address
from vizclient.items.ports import DataSession, ServiceFault, SessionEnded
from vizclient.link.composition import connector, logins
from vizclient.link.memory import Learned, Memory, with_inspection
from vizclient.pages.bundle import Bundle, BundleError, digest_of, load_bundle
from vizclient.phrases import PHRASES, counted, phrase
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.redundancy.assess import assess, needs
from vizclient.redundancy.model import Layer, Problem, ProblemKind, Report, Role, Server
from vizclient.redundancy.ports import Deaf, InspectedSession, Inspector, ProbeResult
from vizclient.redundancy.readiness import Check, Facts, Inspection, Light, Readiness, Verdict
from vizclient.redundancy.roles import find_role

_ACTIVE = (Role.ACTIVE, Role.INFERRED)
_WITHIN = 20.0
"""Seconds for a look at one server, its file of pages included."""
_EXITS = {
    Light.READY: Exit.DONE,
    Light.RESTRICTED: Exit.RESTRICTED,
    Light.NOT_READY: Exit.NOT_READY,
    Light.UNKNOWN: Exit.UNKNOWN,
}

_log = logging.getLogger(__name__)


async def ready(profile: Profile, places: Places, *, again: bool, as_json: bool) -> Exit:
    """Ask both servers and print what was found. `again`: a person says that a refused password may be shown once more."""
    try:
        bundle = None if profile.bundle_path is None else load_bundle(profile.bundle_path, profile.namespaces)
    except BundleError as error:
        complain_of(error)
        return Exit.USAGE
    look, readiness = await look_at(profile, places, bundle, again=again)
    if as_json:
        print(json.dumps(row(readiness), indent=2, ensure_ascii=False))
    elif readiness.standby is not None:
        print("\n".join(lines(readiness)))
    else:
        print("\n".join([phrase("ready-none", {}), *(f"  {said}" for said in look.why_none())]))
    return Exit.NO_ACTIVE if readiness.standby is None else _EXITS[readiness.light]


async def look_at(
    profile: Profile, places: Places, bundle: Bundle | None, *, again: bool = False
) -> tuple[Look, Readiness]:
    """Ask both servers once, with what earlier looks have learned; what this one learns is kept."""
    memory, passwords = Memory(places, profile.file), logins(profile, places)
    if again:
        passwords.ask_again()
    look = Look(profile, connector(profile, places, PATIENCE, passwords), bundle, await memory.load(), again=again)
    readiness = await look.judge()
    await memory.save(look.learned)
    return look, readiness


class Look:
    """One look at both servers, and what was learned by it. `again`: what an earlier one found does not count against them."""

    def __init__(
        self, profile: Profile, inspector: Inspector, bundle: Bundle | None, learned: Learned, *, again: bool
    ) -> None:
        self.learned = learned
        self._again = again
        self._reports: tuple[Report, Report] | None = None
        self._profile = profile
        self._inspector = inspector
        self._bundle = bundle
        pages = () if bundle is None else bundle.pages
        self._items: Sequence[Address] = list(
            dict.fromkeys(address for page in pages for address in bundle.addresses(page).values())
            if bundle is not None
            else ()
        )

    async def judge(self) -> Readiness:
        """Ask, close what was opened, and judge."""
        async with AsyncExitStack() as opened:
            async with asyncio.TaskGroup() as group:
                asking = [group.create_task(self._probe(server, opened), name=f"probe-{server}") for server in Server]
            main, backup = (asked.result() for asked in asking)
            self._reports = main.report, backup.report
            active = _active(main.report, backup.report)
            if active is None:
                return assess(Facts(time.time()))
            here, there = (main, backup) if active is Server.MAIN else (backup, main)
            before = self.learned.of(active.other)
            same = there.report.accepted and there.report.server_uri == here.report.server_uri != ""
            seen_here, (seen_there, report) = await asyncio.gather(
                self._inspect(here), (_nothing(there.report) if same else self._inspect(there))
            )
            said = {} if seen_here[0] is None else await self._interfaces(here)
        known_uri = "" if before is None or self._again else before.uri
        for one in (seen_here[0], seen_there):
            if one is not None and (one is not seen_there or known_uri in ("", one.uri)):
                self.learned = with_inspection(self.learned, one)
        return assess(
            Facts(
                wall=time.time(),
                active=active,
                active_report=seen_here[1],
                standby_report=report,
                known_uri=known_uri,
                here=seen_here[0],
                there=seen_there,
                before=before,
                wanted=needs(
                    self._items, lambda item: self._profile.interface_table.find(item, said.get(item, "")), active.other
                ),
                certificates=self._inspector.certificates(active.other),
                with_pages=self._profile.bundle_node is not None,
                pages="" if self._bundle is None else self._bundle.digest,
            )
        )

    def why_none(self) -> list[str]:
        """What either server is, where none is active."""
        assert self._reports is not None
        said = []
        for report, peer in (self._reports, self._reports[::-1]):
            finding = find_role(report, peer)
            parts = [f"{report.server}: {why(finding, report)}", advice(finding, report)]
            said.append(". ".join(part for part in parts if part))
        return said

    async def _probe(self, server: Server, opened: AsyncExitStack) -> ProbeResult:
        result = await self._inspector.probe(server, 0, Deaf(), session=True)
        if result.session is not None:
            opened.push_async_callback(result.session.close)
        return result

    async def _inspect(self, asked: ProbeResult) -> tuple[Inspection | None, Report]:
        """What the session shows; the report says if it broke off."""
        if asked.session is None:
            return None, asked.report
        session = cast(InspectedSession, asked.session)
        try:
            async with asyncio.timeout(_WITHIN):
                found = await session.inspect(self._items)
                if self._profile.bundle_address is not None:
                    pages = await session.read_pages(self._profile.bundle_address, None, digest_of)
                    found = replace(found, pages=pages)
        except (SessionEnded, ServiceFault, TimeoutError) as error:
            _log.info("the look at %s broke off: %r", asked.report.server, error)
            late = isinstance(error, TimeoutError)
            kind = ProblemKind.TIMED_OUT if late else ProblemKind.LOST
            return None, replace(asked.report, problem=Problem(kind, Layer.ACTIVATED, detail=repr(error)))
        return found, asked.report

    async def _interfaces(self, asked: ProbeResult) -> dict[Address, str]:
        """What the nodes of the items say of their interface; nothing of those of which the server does not tell it."""
        session = cast(DataSession, asked.session)
        said: dict[Address, str] = {}
        try:
            async with asyncio.timeout(_WITHIN):
                for start in range(0, len(self._items), session.chunk):
                    chunk = self._items[start : start + session.chunk]
                    found = await session.read_metadata(list(enumerate(chunk)))
                    said.update({item: known.interface for item, known in zip(chunk, found, strict=True) if known})
        except (SessionEnded, ServiceFault, TimeoutError) as error:
            _log.info("what the nodes say of their interfaces was not read to the end: %r", error)
        return said


async def _nothing(report: Report) -> tuple[None, Report]:
    return None, report


def _active(main: Report, backup: Report) -> Server | None:
    """The server that serves, the main if both do; of two addresses of one server, the main's."""
    for report, peer in ((main, backup), (backup, main)):
        if report.accepted and find_role(report, peer).role in _ACTIVE:
            return report.server
    return None


def row(readiness: Readiness) -> dict[str, Any]:
    """The readiness as JSON holds it. Names and values are stable; `what` and `to_do` are for people."""
    standby = readiness.standby
    return {
        "light": readiness.light,
        "active": None if standby is None else standby.other,
        "standby": standby,
        "checks": [
            {
                "check": check.subject,
                "verdict": check.verdict,
                "case": _case(check),
                "server": check.server,
                "what": what(check),
                "to_do": to_do(check) or None,
                "details": dict(check.arguments),
                "seen": None if check.learned is None else round(check.learned, 3),
            }
            for check in readiness.checks
        ],
    }


def lines(readiness: Readiness) -> list[str]:
    """The readiness for a person: the light, then one line for each check, the gravest first."""
    light = phrase(f"ready.light.{readiness.light}", {})
    said = [phrase("ready-head", {"server": readiness.standby, "light": light})]
    width = max(len(phrase(f"ready.verdict.{verdict}", {})) for verdict in Verdict)
    for check in readiness.gravest:
        verdict = phrase(f"ready.verdict.{check.verdict}", {})
        text = ". ".join(part for part in (_with_age(check), to_do(check)) if part)
        said.append(
            f"  {verdict:<{width}}  {check.server or '':<6}  {phrase(f'ready.subject.{check.subject}', {})}: {text}"
        )
    return said


def what(check: Check) -> str:
    """What was found, in words."""
    arguments: dict[str, object] = dict(check.arguments)
    if check.problem is not None:
        arguments["reason"] = phrase(f"reason.{check.problem.code}", dict(check.problem.arguments))
    if "state" in arguments:
        arguments["state"] = state_in_words(int(str(arguments["state"])))
    number = arguments.pop("number", None)
    if number is not None and f"ready.{check.code}.one" in PHRASES:
        return counted(f"ready.{check.code}", int(str(number)), arguments)
    return phrase(f"ready.{check.code}", arguments)


def to_do(check: Check) -> str:
    """What a person can do about it; "" where there is nothing to say."""
    code = f"ready-advice.{check.code}"
    if check.problem is not None:
        code = f"advice.{check.problem.code}"
        return phrase(code, dict(check.problem.arguments)) if code in PHRASES else ""
    return phrase(code, {}) if code in PHRASES else ""


def _case(check: Check) -> str:
    return check.problem.code if check.problem is not None else check.case


def _with_age(check: Check) -> str:
    if check.learned is None:
        return what(check)
    seen = datetime.fromtimestamp(check.learned).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"{what(check)} ({phrase('ready-seen', {'time': seen})})"
