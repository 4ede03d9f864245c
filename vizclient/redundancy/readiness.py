"""Whether the other server would take the active one's place: what is known of that, and what is made of it. Frozen values.

`Facts` are gathered by whoever can ask; `assess` makes a `Readiness` of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vizclient.items.address import Address
from vizclient.redundancy.model import Problem, Report, Server

CLOSED, PENDING = "closed", "pending"
"""The case of what cannot be checked while the standby lets nobody in, and of what has not been looked at yet."""


class Light(StrEnum):
    """All of it in one word."""

    READY = "ready"
    RESTRICTED = "restricted"
    NOT_READY = "not-ready"
    UNKNOWN = "unknown"


class Subject(StrEnum):
    """What is checked, in the order in which it is said."""

    REACHABLE = "reachable"
    ROLE = "role"
    SYNCHRONISATION = "synchronisation"
    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    OWN_CERTIFICATE = "own-certificate"
    CREDENTIALS = "credentials"
    CLOCK = "clock"
    NAMESPACES = "namespaces"
    ITEMS = "items"
    INTERFACES = "interfaces"
    PAGES = "pages"


class Verdict(StrEnum):
    """What one check says, the gravest first."""

    BLOCKED = "blocked"  # it would not take over for this client
    RESTRICTED = "restricted"  # it would, and something would be wrong or lacking
    UNCHECKED = "unchecked"  # cannot be seen now, and no session has shown it lately
    DESIGNED = "by-design"  # so by the nature of the plant: to be known, not to be mended
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `case`: with the subject, the code of a sentence whose fields are `arguments`; `problem`: what it quotes.

    `server`: where. `learned`: when an earlier session showed it (unix seconds); None: it was seen just now.
    """

    subject: Subject
    verdict: Verdict
    case: str
    server: Server | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    problem: Problem | None = None
    learned: float | None = None

    @property
    def code(self) -> str:
        """For words: of what cannot be checked it is the same for every subject."""
        return self.case if self.case in (CLOSED, PENDING) else f"{self.subject}.{self.case}"


@dataclass(frozen=True, slots=True)
class Readiness:
    """The light, the server that would take over (None while no server is active), and every check."""

    light: Light
    standby: Server | None = None
    checks: tuple[Check, ...] = ()

    @property
    def gravest(self) -> tuple[Check, ...]:
        """The checks, the gravest first."""
        return tuple(sorted(self.checks, key=lambda check: _GRAVITY.index(check.verdict)))


_GRAVITY = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and when it is valid (unix seconds)."""

    thumbprint: str
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Certificates:
    """What is needed for a secure channel with one server. `needed`: False without security; None: there is none yet."""

    needed: bool = False
    own: Certificate | None = None
    trusted: Certificate | None = None


@dataclass(frozen=True, slots=True)
class PagesFile:
    """The file of pages that a server holds: its digest, or the fault: `missing`, `unreadable`, `too-big`, `broken`.

    `stamp` changes when the file does.
    """

    digest: str = ""
    fault: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one session showed of its server at `wall` (unix seconds).

    `namespaces`: without the server's own. `skew`: its clock minus this computer's, None if it does not tell the time.
    `items`: what was looked for; of these, `missing` do not exist there, and `unreadable` may not be read by this user.
    """

    server: Server
    wall: float
    uri: str = ""
    namespaces: tuple[str, ...] = ()
    skew: float | None = None
    items: frozenset[Address] = frozenset()
    missing: frozenset[Address] = frozenset()
    unreadable: frozenset[Address] = frozenset()
    pages: PagesFile | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the open pages need. `appearing`: of the items, those that exist on an active server only.

    `lacking`: interfaces whose values the standby would not carry over, with the number of their items.
    """

    items: tuple[Address, ...] = ()
    appearing: frozenset[Address] = frozenset()
    lacking: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known at `wall` (unix seconds).

    `active`: the server of the data session. `active_report`, `standby_report`: the last that says more than that a port is
    open. `known_uri`: who the standby was until now. `here`, `there`: what the sessions of now showed of the active server
    and of the standby; `before`: what an earlier one showed of the standby. `with_pages`: servers hold the pages, and
    `pages` is the digest of those shown here. `barred`: its user was refused there, and is not shown again. `looked`: False
    while the first look is still to come.
    """

    wall: float
    active: Server | None = None
    active_report: Report | None = None
    standby_report: Report | None = None
    known_uri: str = ""
    here: Inspection | None = None
    there: Inspection | None = None
    before: Inspection | None = None
    wanted: Wanted = Wanted()
    certificates: Certificates = Certificates()
    with_pages: bool = False
    pages: str = ""
    barred: bool = False
    looked: bool = True
