"""If the active server failed now, would the other one take its place for this client? The facts, judged.

Pure: facts come in; what was checked comes out, one finding for each subject, and one light above them. A standby that
lets nobody in cannot be asked: what an earlier session there showed counts then, with its age, for a while; what was never
seen is said to be unknown. What is so by design, and for nobody to mend, does not dim the light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from vizclient.items.address import OPC_UA_NAMESPACE, Address
from vizclient.items.freshness import Behaviour
from vizclient.redundancy.model import Layer, Mode, Problem, ProblemKind, Report, Role, Server, Source
from vizclient.redundancy.readiness import (
    CLOSED,
    PENDING,
    Certificate,
    Check,
    Facts,
    Light,
    Readiness,
    Subject,
    Verdict,
    Wanted,
)
from vizclient.redundancy.roles import MAINTENANCE, NO_DATA, beside_active, find_role, is_hot, listed_level

DAY = 86_400.0
REMEMBERED = 30 * DAY
"""Seconds for which what an earlier session showed still counts."""
EXPIRES_SOON = 30 * DAY
"""Seconds before its end at which a certificate is said to end."""
CLOCKS_APART = 5.0
"""Seconds by which the servers' clocks may differ; many servers bring their CurrentTime up to date once a second."""
CLOCK_WRONG = 60.0
"""Seconds by which this computer's clock may differ from the active server's."""
TOO_MANY_SESSIONS = 0x80560000
_FEW = 3


class Serves(Protocol):
    """A row of the table of interfaces, as far as it matters here."""

    @property
    def name(self) -> str: ...

    @property
    def behaviour(self) -> Behaviour: ...


def needs(items: Iterable[Address], find: Callable[[Address], Serves | None], standby: Server) -> Wanted:
    """What pages with these items need of `standby`. `find`: the interface of an item."""
    wanted = tuple(dict.fromkeys(items))
    appearing: set[Address] = set()
    lacking: dict[str, int] = {}
    for item in wanted:
        interface = find(item)
        if interface is None:
            continue
        if interface.behaviour is Behaviour.ACTIVE_ONLY:
            appearing.add(item)
        waits_there = interface.behaviour is Behaviour.MAIN_ONLY and standby is Server.BACKUP
        if interface.behaviour is Behaviour.UNSYNCHRONISED or waits_there:
            lacking[interface.name] = lacking.get(interface.name, 0) + 1
    return Wanted(wanted, frozenset(appearing), tuple(lacking.items()))


def assess(facts: Facts) -> Readiness:
    """Judge the facts. Total; the same facts always give the same."""
    if facts.active is None:
        return Readiness(Light.UNKNOWN)
    standby = facts.active.other
    checks = tuple(replace(check, server=check.server or standby) for check in _Judge(facts).checks())
    if not facts.looked:
        checks = tuple(replace(one, case=PENDING) if one.verdict is Verdict.UNCHECKED else one for one in checks)
    return Readiness(_light(checks), standby, checks)


def _light(checks: Iterable[Check]) -> Light:
    verdicts = {check.verdict for check in checks}
    for verdict, light in (
        (Verdict.BLOCKED, Light.NOT_READY),
        (Verdict.RESTRICTED, Light.RESTRICTED),
        (Verdict.UNCHECKED, Light.UNKNOWN),
    ):
        if verdict in verdicts:
            return light
    return Light.READY


class _Judge:
    """The checks of one set of facts. `seen`: what is known from a session on the standby, of now or of earlier."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        assert facts.active is not None
        self.active = facts.active
        self.report = facts.standby_report
        self.problem = None if self.report is None else self.report.problem
        self.finding = beside_active(find_role(self.report, facts.active_report), self.report)
        before = facts.before
        if facts.there is not None or before is None or not 0 <= facts.wall - before.wall <= REMEMBERED:
            before = None
        self.seen = facts.there or before
        self.learned = None if before is None else before.wall

    def checks(self) -> Iterable[Check]:
        yield self._reachable()
        yield self._role()
        yield self._synchronisation()
        yield self._identity()
        yield self._certificate()
        yield self._own_certificate()
        yield self._credentials()
        yield self._clock()
        yield self._namespaces()
        yield self._items()
        yield self._interfaces()
        yield self._pages()

    # Is it there, and would it take over?

    def _reachable(self) -> Check:
        subject, report, problem = Subject.REACHABLE, self.report, self.problem
        if report is None:
            return Check(subject, Verdict.UNCHECKED, "not-asked")
        match None if problem is None else problem.kind:
            case ProblemKind.UNREACHABLE:
                return self._unreachable()
            case ProblemKind.TIMED_OUT:
                return Check(subject, Verdict.BLOCKED, "frozen")
            case ProblemKind.NOT_OPC_UA | ProblemKind.UNDECODABLE | ProblemKind.UNRESOLVED:
                return Check(subject, Verdict.BLOCKED, "failed", problem=problem)
            case ProblemKind.LOCAL:
                return Check(subject, Verdict.UNCHECKED, "failed", problem=problem)
        return Check(subject, Verdict.FINE, "open")

    def _unreachable(self) -> Check:
        subject, problem, active = Subject.REACHABLE, self.problem, self.facts.active_report
        assert problem is not None
        closed = problem.case != "host-silent"
        if self.finding.role is Role.STANDBY:
            return Check(subject, Verdict.FINE, "shut") if closed else Check(subject, Verdict.RESTRICTED, "no-way")
        silent = active is None or (active.mode is None and not active.peer_levels)
        if closed and silent:
            return Check(subject, Verdict.UNCHECKED, "closed-or-down")
        return Check(subject, Verdict.BLOCKED, "failed", problem=problem)

    def _role(self) -> Check:
        subject = Subject.ROLE
        match self.finding.role:
            case Role.STANDBY:
                return Check(subject, Verdict.FINE, "standby")
            case Role.ACTIVE if self.report is not None and is_hot(self.report):
                return Check(subject, Verdict.FINE, "hot")
            case Role.ACTIVE | Role.INFERRED:
                return Check(subject, Verdict.RESTRICTED, "two-active")
            case Role.DEGRADED:
                return Check(subject, Verdict.RESTRICTED, "degraded")
            case Role.MAINTENANCE:
                return Check(subject, Verdict.BLOCKED, "maintenance")
            case Role.UNKNOWN if self.finding.source is Source.BOTH_SILENT:
                return Check(subject, Verdict.RESTRICTED, "unsure")
            case Role.DOWN if self.finding.source is Source.STATE and self.report is not None:
                return Check(subject, Verdict.BLOCKED, "state", arguments=(("state", str(self.report.state)),))
        return Check(subject, Verdict.UNCHECKED, "not-known")

    def _synchronisation(self) -> Check:
        subject, report, active = Subject.SYNCHRONISATION, self.report, self.facts.active_report
        own = report if report is not None and report.accepted else None
        if active is not None and active.mode == Mode.PRIMARY_ONLY:
            return Check(subject, Verdict.BLOCKED, "alone", self.active)
        if own is not None and own.mode == Mode.BACKUP_NOT_READY:
            return Check(subject, Verdict.BLOCKED, "not-ready")
        if own is not None and own.mode == Mode.BACKUP_READY:
            return Check(subject, Verdict.FINE, "ready")
        if active is not None and active.mode == Mode.PRIMARY_WITH_BACKUP:
            return Check(subject, Verdict.FINE, "told", self.active)
        uri = "" if report is None else report.server_uri or self.facts.known_uri
        level = own.level if own is not None and own.level is not None else listed_level(uri, active)
        if level is None:
            return Check(subject, Verdict.UNCHECKED, "not-said")
        arguments = (("level", str(level)),)
        if level in (MAINTENANCE, NO_DATA):
            return Check(subject, Verdict.BLOCKED, "level-low", arguments=arguments)
        return Check(subject, Verdict.FINE, "level", arguments=arguments)

    # Is it the right one, and does it let us in?

    def _identity(self) -> Check:
        subject, report, active = Subject.IDENTITY, self.report, self.facts.active_report
        if self.problem is not None and self.problem.kind is ProblemKind.IDENTITY:
            return Check(subject, Verdict.BLOCKED, "failed", problem=self.problem)
        if report is None or not report.accepted:
            return self._from_before(subject, "same")
        uri = report.server_uri
        if active is not None and uri and uri == active.server_uri:
            return self._not_itself(report, "one-server")
        if self.facts.known_uri and uri and uri != self.facts.known_uri:
            return self._not_itself(report, "other-server")
        listed = () if active is None else tuple(listed for listed, _ in active.peer_levels)
        if listed and uri and uri not in listed:
            return Check(subject, Verdict.RESTRICTED, "stranger", arguments=(("uri", uri),))
        return Check(subject, Verdict.FINE, "same")

    @staticmethod
    def _not_itself(report: Report, case: str) -> Check:
        arguments = (("uri", report.server_uri),)
        problem = Problem(ProblemKind.IDENTITY, report.layer, detail=report.server_uri, case=case, arguments=arguments)
        return Check(Subject.IDENTITY, Verdict.BLOCKED, "failed", problem=problem)

    def _certificate(self) -> Check:
        subject, problem = Subject.CERTIFICATE, self.problem
        trusted = self.facts.certificates.trusted
        if problem is not None and problem.kind in (ProblemKind.CERTIFICATE, ProblemKind.SECURITY):
            return Check(subject, Verdict.BLOCKED, "failed", problem=problem)
        if not self.facts.certificates.needed:
            return Check(subject, Verdict.FINE, "none")
        if trusted is None:
            return Check(subject, Verdict.UNCHECKED, CLOSED)
        if (checked := self._validity(subject, trusted)) is not None:
            return checked
        if self.report is not None and self.report.layer >= Layer.CHANNEL:
            return Check(subject, Verdict.FINE, "valid", arguments=self._days(trusted.ends))
        return self._from_before(subject, "valid", self._days(trusted.ends))

    def _own_certificate(self) -> Check:
        subject, own = Subject.OWN_CERTIFICATE, self.facts.certificates.own
        if not self.facts.certificates.needed or own is None:
            return Check(subject, Verdict.FINE, "none")
        return self._validity(subject, own) or Check(subject, Verdict.FINE, "valid", arguments=self._days(own.ends))

    def _validity(self, subject: Subject, certificate: Certificate) -> Check | None:
        """What is wrong with the time for which a certificate is valid."""
        wall = self.facts.wall
        if certificate.ends <= wall:
            return Check(subject, Verdict.RESTRICTED, "expired", arguments=self._days(certificate.ends))
        if certificate.begins > wall:
            return Check(subject, Verdict.RESTRICTED, "not-yet", arguments=self._days(certificate.begins))
        if certificate.ends <= wall + EXPIRES_SOON:
            return Check(subject, Verdict.RESTRICTED, "soon", arguments=self._days(certificate.ends))
        return None

    def _days(self, when: float) -> tuple[tuple[str, str], ...]:
        return (("days", str(int(abs(when - self.facts.wall) // DAY))),)

    def _credentials(self) -> Check:
        subject, problem = Subject.CREDENTIALS, self.problem
        if problem is not None and problem.kind is ProblemKind.CREDENTIALS:
            return Check(subject, Verdict.BLOCKED, "failed", problem=problem)
        if self.facts.barred:
            return Check(subject, Verdict.BLOCKED, "barred")
        if self.report is not None and self.report.accepted:
            return Check(subject, Verdict.FINE, "accepted")
        if problem is not None and problem.status == TOO_MANY_SESSIONS:
            return Check(subject, Verdict.RESTRICTED, "full")
        return self._from_before(subject, "accepted")

    # Would the pages look the same?

    def _clock(self) -> Check:
        subject, here, there = Subject.CLOCK, self.facts.here, self.seen
        if here is not None and here.skew is not None and abs(here.skew) > CLOCK_WRONG:
            return Check(subject, Verdict.RESTRICTED, "computer", self.active, _ahead(-here.skew))
        if here is None or here.skew is None or there is None or there.skew is None:
            return Check(subject, Verdict.UNCHECKED, CLOSED)
        apart = there.skew - here.skew
        if abs(apart) > CLOCKS_APART:
            return Check(subject, Verdict.RESTRICTED, "apart", arguments=_ahead(apart), learned=self.learned)
        return Check(subject, Verdict.FINE, "same", learned=self.learned)

    def _namespaces(self) -> Check:
        subject, here, there = Subject.NAMESPACES, self.facts.here, self.seen
        if here is None or there is None:
            return Check(subject, Verdict.UNCHECKED, CLOSED)
        lacks = [uri for uri in here.namespaces if uri not in {*there.namespaces, OPC_UA_NAMESPACE}]
        if lacks:
            return Check(subject, Verdict.RESTRICTED, "missing", arguments=_some(lacks), learned=self.learned)
        return Check(subject, Verdict.FINE, "same", learned=self.learned)

    def _items(self) -> Check:
        """What the active server lacks too is not lost by a switchover; what appears with the active role will be there."""
        subject, here, there, wanted = Subject.ITEMS, self.facts.here, self.seen, self.facts.wanted
        if not wanted.items:
            return Check(subject, Verdict.FINE, "none")
        if there is None:
            return Check(subject, Verdict.UNCHECKED, CLOSED)
        gone_here = frozenset() if here is None else here.missing
        asked = [item for item in wanted.items if item not in gone_here and item not in wanted.appearing]
        for lost, case in ((there.missing, "missing"), (there.unreadable, "unreadable")):
            lacks = [str(item.identifier) for item in asked if item in lost]
            if lacks:
                verdict = Verdict.BLOCKED if len(lacks) == len(asked) else Verdict.RESTRICTED
                arguments = (*_some(lacks), ("of", str(len(asked))))
                return Check(subject, verdict, case, arguments=arguments, learned=self.learned)
        new = [str(item.identifier) for item in asked if item not in there.items]
        if new:
            return Check(subject, Verdict.UNCHECKED, "new", arguments=_some(new), learned=self.learned)
        return Check(subject, Verdict.FINE, "there", arguments=(("number", str(len(asked))),), learned=self.learned)

    def _interfaces(self) -> Check:
        subject, lacking = Subject.INTERFACES, self.facts.wanted.lacking
        if not lacking:
            return Check(subject, Verdict.FINE, "carried-over")
        number = sum(count for _, count in lacking)
        arguments = (("number", str(number)), ("names", ", ".join(name for name, _ in lacking)))
        return Check(subject, Verdict.DESIGNED, "not-carried-over", arguments=arguments)

    def _pages(self) -> Check:
        subject, own = Subject.PAGES, self.facts.pages
        if not self.facts.with_pages:
            return Check(subject, Verdict.FINE, "local")
        here = None if self.facts.here is None else self.facts.here.pages
        there = None if self.seen is None else self.seen.pages
        if there is not None and there.fault:
            return Check(subject, Verdict.RESTRICTED, there.fault, learned=self.learned)
        if here is not None and here.fault:
            return Check(subject, Verdict.RESTRICTED, here.fault, self.active)
        if here is None or there is None:
            return Check(subject, Verdict.UNCHECKED, CLOSED)
        if here.digest != there.digest:
            return Check(subject, Verdict.RESTRICTED, "differ", learned=self.learned)
        if own and own != here.digest:
            return Check(subject, Verdict.RESTRICTED, "local-differ")
        return Check(subject, Verdict.FINE, "same", learned=self.learned)

    def _from_before(self, subject: Subject, case: str, arguments: tuple[tuple[str, str], ...] = ()) -> Check:
        """Fine if an earlier session saw it so, else it cannot be checked while the standby lets nobody in."""
        if self.learned is None:
            return Check(subject, Verdict.UNCHECKED, CLOSED)
        return Check(subject, Verdict.FINE, case, arguments=arguments, learned=self.learned)


def _ahead(seconds: float) -> tuple[tuple[str, str], ...]:
    """A clock that is so many seconds ahead; negative: behind."""
    return (("seconds", f"{round(seconds):+d}".replace("-", "−")),)


def _some(names: list[str]) -> tuple[tuple[str, str], ...]:
    """How many, and the first few."""
    more = " …" if len(names) > _FEW else ""
    return (("number", str(len(names))), ("names", ", ".join(names[:_FEW]) + more))
