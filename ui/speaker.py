"""What there is to say about the servers and the connection: states and codes put into words. No widget, no clock.

Times come in: monotonic seconds, and `Moment`, which ties them to wall time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vizclient.items.freshness import LINK_SILENCE
from vizclient.redundancy.comparison import Comparison, remarks
from vizclient.redundancy.model import (
    Caution,
    Connection,
    ConnectionState,
    Finding,
    Problem,
    ProblemKind,
    Report,
    Role,
    Server,
    ServerView,
    Source,
    Switchover,
)
from vizclient.redundancy.readiness import Check, Readiness, Verdict

from .times import Times
from .words import Words


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both clocks."""

    monotonic: float
    wall: float

    def wall_of(self, monotonic: float) -> float:
        """The wall time of another monotonic time."""
        return self.wall - (self.monotonic - monotonic)


PASSWORD_KEY = "F6"  # noqa: S105 - a key to press
"""What is pressed to give a password."""
_SAID_FOR = 60.0
"""Seconds for which the strip says what came back after a switchover."""


class Tone(StrEnum):
    """How loud a saying is."""

    QUIET = "quiet"
    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Saying:
    """What the strip says. `server` is empty while there is none; `fresh` is whether values are being received."""

    tone: Tone
    state: str
    server: str
    detail: str
    peer: str
    heard: str
    fresh: bool


class Speaker:
    """Says connections, findings and problems in one language. `names`: host and port of each server."""

    def __init__(self, words: Words, times: Times, names: Mapping[Server, str]) -> None:
        self.words = words
        self.times = times
        self.names = names

    def strip(
        self, connection: Connection | None, heard_at: float | None, moment: Moment, last: Switchover | None = None
    ) -> Saying:
        """What the strip says of `connection` when the link was last heard at `heard_at` (monotonic).

        `last`: the last switchover of this run; for a while it is said what came back.
        """
        words = self.words
        heard = words("strip.heard.never")
        silence = 0.0
        if heard_at is not None:
            silence = max(0.0, moment.monotonic - heard_at)
            heard = words("strip.heard", ago=words.ago(silence))
        if heard_at is not None and (connection is None or silence >= LINK_SILENCE):
            detail = words("strip.link-lost.detail", duration=words.duration(silence))
            return self._plain(Tone.ALARM, "strip.link-lost", detail, "", heard)
        if connection is None:
            return self._plain(Tone.QUIET, "strip.nothing-yet", words("strip.nothing-yet.detail"), "", heard)
        peer = self._peers(connection)
        match connection.state:
            case ConnectionState.CONNECTED if connection.server is not None:
                return self._connected(connection, connection.server, peer, heard, moment, last)
            case ConnectionState.CONNECTING | ConnectionState.CONNECTED:
                return self._plain(Tone.QUIET, "strip.connecting", words("strip.connecting.detail"), peer, heard)
            case ConnectionState.SWITCHING:
                left = self.name(connection.left) if connection.left else words("strip.connecting")
                reason = self.cause(connection.reason)
                detail = words("strip.switching.detail", server=left, reason=reason)
                return self._plain(Tone.NOTICE, "strip.switching", detail, peer, heard)
            case ConnectionState.NO_ACTIVE:
                detail = " · ".join((*self._reasons(connection), words("strip.no-active-server.never")))
                if connection.lost_at is not None:
                    time = self.times.time(moment.wall_of(connection.lost_at))
                    detail = words("strip.no-active-server.detail", time=time)
                return self._plain(Tone.ALARM, "strip.no-active-server", detail, peer, heard)
            case ConnectionState.ATTENTION:
                detail = " · ".join(self._complaints(connection)) or self.cause(connection.reason)
                return self._plain(Tone.ALARM, "strip.needs-attention", detail, peer, heard)
            case ConnectionState.STOPPED:
                return self._plain(Tone.NOTICE, "strip.stopped", words("strip.stopped.detail"), peer, heard)

    def name(self, server: Server | None) -> str:
        """A server with its address."""
        if server is None:
            return self.words("value.none")
        return f"{self.words(f'server.{server}')} ({self.names[server]})"

    def role(self, view: ServerView) -> str:
        """The role in a word or two."""
        return self.words(f"role.{view.finding.role}")

    def why(self, finding: Finding, report: Report | None) -> str:
        """What the role was concluded from, with the report's figures."""
        words = self.words
        state = mode = level = "?"
        problem = words("source.none")
        if report is not None:
            state = self.server_state(report.state)
            mode = words("value.none") if report.mode is None else words(f"mode.{report.mode}")
            level = words("value.none") if report.level is None else str(report.level)
            if report.problem is not None:
                problem = self.problem(report.problem)
        if finding.source is Source.REFUSAL and report is not None and report.problem is not None:
            return problem
        return words(f"source.{finding.source}", state=state, mode=mode, level=level, problem=problem)

    def problem(self, problem: Problem) -> str:
        """Why an attempt failed."""
        return self.words(f"reason.{problem.code}", **dict(problem.arguments))

    def advice(self, view: ServerView) -> str:
        """What a person can do about a server; "" where there is nothing to say."""
        problem = None if view.report is None else view.report.problem
        if problem is None or view.finding.source not in (Source.PROBLEM, Source.REFUSAL):
            return ""
        code = f"advice.{problem.code}"
        return self.words(code, **dict(problem.arguments)) if self.words.knows(code) else ""

    def cause(self, cause: Problem | Source | None) -> str:
        """Why a server was left."""
        if isinstance(cause, Problem):
            return self.problem(cause)
        code = f"cause.{cause}"
        return self.words(code if cause is not None and self.words.knows(code) else "cause.none")

    def server_state(self, state: int | None) -> str:
        """ServerState in words."""
        if state is None:
            return self.words("value.none")
        code = f"server-state.{state}"
        return self.words(code) if self.words.knows(code) else str(state)

    def state(self, report: Report | None, moment: Moment) -> str:
        """ServerState with what the server said of its end, or of its return."""
        words = self.words
        said = self.server_state(None if report is None else report.state)
        if report is not None and report.shutdown_in is not None:
            left = max(0.0, report.at + report.shutdown_in - moment.monotonic)
            said = words("servers.state.ends", state=said, number=round(left))
        if report is not None and report.estimated_return is not None and report.estimated_return > moment.monotonic:
            time = self.times.time(moment.wall_of(report.estimated_return))
            said = words("servers.state.returns", state=said, time=time)
        return said

    def comparison(self, comparison: Comparison) -> str:
        """What came back of the items on the screen, in a sentence."""
        said = []
        for remark in remarks(comparison):
            arguments = {"of": remark.of, "late": remark.late, "names": ", ".join(remark.names)}
            spans = {"after": self._seconds(remark.after), "late_after": self._seconds(remark.late_after)}
            said.append(self.words(f"compared.{remark.code}", number=remark.number, **arguments, **spans))
        return "; ".join(said)

    def _seconds(self, seconds: float | None) -> str:
        if seconds is None:
            return self.words("value.none")
        whole, _, part = f"{seconds:.2f}".partition(".")
        return self.words("compared.seconds", whole=whole, part=part)

    def takeover(self, readiness: Readiness) -> str:
        """Whether the standby could take over, in a few words."""
        return self.words(f"strip.takeover.{readiness.light}")

    def gravest(self, readiness: Readiness, moment: Moment) -> str:
        """The finding that counts most; that all is in order, if it is."""
        first = readiness.gravest[0]
        if first.verdict is Verdict.FINE:
            return self.words("strip.takeover.fine")
        return self._found([check for check in readiness.gravest if check.code == first.code], moment)

    def findings(self, readiness: Readiness, moment: Moment) -> list[tuple[Verdict, str]]:
        """A line for each finding, the gravest first: where, what, and what to do. One for all that cannot be checked for
        the same reason, and one for all that is in order.
        """
        words = self.words
        alike: dict[tuple[str, Server | None], list[Check]] = {}
        for check in readiness.gravest:
            if check.verdict is not Verdict.FINE:
                alike.setdefault((check.code, check.server), []).append(check)
        lines = []
        for (_, server), checks in alike.items():
            said, to_do = self._found(checks, moment), self._to_do(checks[0])
            what = f"{said}. {to_do}" if to_do else said
            where = "" if server is None else words(f"server.{server}")
            lines.append((checks[0].verdict, words("servers.ready.line", server=where, what=what)))
        fine = [words(f"ready.subject.{one.subject}") for one in readiness.checks if one.verdict is Verdict.FINE]
        if fine:
            lines.append((Verdict.FINE, words("ready-fine", subjects=", ".join(fine))))
        return lines

    def _found(self, checks: Sequence[Check], moment: Moment) -> str:
        """What was found, alike by all of these checks."""
        words, check = self.words, checks[0]
        arguments: dict[str, object] = dict(check.arguments)
        if check.problem is not None:
            arguments["reason"] = self.problem(check.problem)
        if "state" in arguments:
            arguments["state"] = self.server_state(int(str(arguments["state"])))
        code = f"ready.{check.code}"
        number = int(str(arguments.pop("number", 0)))
        code = f"{code}.one" if number == 1 and words.knows(f"{code}.one") else code
        said = words(code, number=number, **arguments)
        if check.learned is not None:
            said = f"{said} ({words('ready-seen', time=words.ago(max(0.0, moment.wall - check.learned)))})"
        if check.code != check.case:
            return said
        subjects = ", ".join(words(f"ready.subject.{one.subject}") for one in checks)
        return words("ready-about", subject=subjects, what=said)

    def _to_do(self, check: Check) -> str:
        if check.problem is not None:
            code = f"advice.{check.problem.code}"
            return self.words(code, **dict(check.problem.arguments)) if self.words.knows(code) else ""
        code = f"ready-advice.{check.code}"
        return self.words(code) if self.words.knows(code) else ""

    def _connected(
        self,
        connection: Connection,
        server: Server,
        peer: str,
        heard: str,
        moment: Moment,
        last: Switchover | None,
    ) -> Saying:
        words = self.words
        loud = words(f"server.{server}.loud")
        for caution in (Caution.TWO_ACTIVE, Caution.ROLE_UNSURE, Caution.DEGRADED, Caution.PEER_ATTENTION):
            if caution not in connection.warnings:
                continue
            if caution is Caution.PEER_ATTENTION:
                state = words("strip.peer-needs-attention", server=words(f"server.{server.other}"))
                detail = " · ".join(self._complaints(connection))
            else:
                state = words(f"strip.{caution}")
                detail = words(f"strip.{caution}.detail", server=self.name(server))
            return Saying(Tone.NOTICE, state, loud, detail, peer, heard, fresh=True)
        since = moment.wall_of(connection.since)
        code = "strip.connected.since" + ("" if self.times.same_day(since, moment.wall) else "-day")
        said = words(code, time=self.times.time(since), date=self.times.date(since))
        if last is not None and last.comparison is not None and moment.monotonic - last.adopted_at < _SAID_FOR:
            said = self.comparison(last.comparison)
        detail = f"{self.names[server]} · {said}"
        return Saying(Tone.QUIET, words("strip.connected"), loud, detail, peer, heard, fresh=True)

    def _plain(self, tone: Tone, code: str, detail: str, peer: str, heard: str) -> Saying:
        return Saying(tone, self.words(code), "", detail, peer, heard, fresh=False)

    def _peers(self, connection: Connection) -> str:
        """The roles of the servers that are not the active one."""
        views = {Server.MAIN: connection.main, Server.BACKUP: connection.backup}
        return "\n".join(
            self.words("strip.peer", server=self.words(f"server.{server}"), role=self.role(view))
            for server, view in views.items()
            if connection.state is not ConnectionState.CONNECTED or server is not connection.server
        )

    def _reasons(self, connection: Connection) -> list[str]:
        """Why neither server serves."""
        return [
            self.words(
                "strip.needs-attention.detail",
                server=self.name(server),
                reason=self.why(view.finding, view.report),
            )
            for server, view in ((Server.MAIN, connection.main), (Server.BACKUP, connection.backup))
        ]

    def _complaints(self, connection: Connection) -> list[str]:
        """What needs a person, server by server."""
        views = {Server.MAIN: connection.main, Server.BACKUP: connection.backup}
        lacks = {server: view for server, view in views.items() if view.finding.role is Role.ATTENTION}
        reasons = {
            server: self.problem(view.report.problem)
            for server, view in lacks.items()
            if view.report is not None and view.report.problem is not None
        }
        said = []
        if any(map(needs_password, lacks.values())):
            said.append(self.words("strip.give-password", keys=PASSWORD_KEY))  # first: the rest may be too long
        if len(reasons) == 2 and len(set(reasons.values())) == 1:
            both, reason = self.words("server.both"), reasons[Server.MAIN]
            return [*said, self.words("strip.needs-attention.detail", server=both, reason=reason)]
        for server, reason in reasons.items():
            said.append(self.words("strip.needs-attention.detail", server=self.name(server), reason=reason))
        return said


def needs_password(view: ServerView) -> bool:
    """Whether giving the password of its user may be what mends it."""
    return view.finding.role is Role.ATTENTION and _of_password(None if view.report is None else view.report.problem)


def refused_in_look(server: Server, readiness: Readiness | None) -> Problem | None:
    """What a look found that logged in at `server` while that stood by, if giving the password may be what mends it."""
    checks = () if readiness is None or readiness.standby is not server else readiness.checks
    return next((check.problem for check in checks if _of_password(check.problem)), None)


def _of_password(problem: Problem | None) -> bool:
    return problem is not None and problem.kind is ProblemKind.CREDENTIALS and problem.code != "anonymous-refused"
