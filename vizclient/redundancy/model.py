"""What is known of the two servers: reports, roles, problems and the connection. Frozen values, no behaviour in time.

All times are seconds of one local monotonic clock. Clause numbers are OPC 10000-4 v1.05 unless another part is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from vizclient.redundancy.comparison import Comparison


class Server(StrEnum):
    """One server of the pair, by its place in the profile."""

    MAIN = "main"
    BACKUP = "backup"

    @property
    def other(self) -> Server:
        """The peer."""
        return Server.BACKUP if self is Server.MAIN else Server.MAIN


class Layer(IntEnum):
    """How far a connection attempt came; a greater one includes the lesser."""

    NOTHING = 0
    TCP = 1
    HELLO = 2
    CHANNEL = 3
    SESSION = 4
    ACTIVATED = 5


class ServerState(IntEnum):
    """ServerState (OPC 10000-5, 12.6)."""

    RUNNING = 0
    FAILED = 1
    NO_CONFIGURATION = 2
    SUSPENDED = 3
    SHUTDOWN = 4
    TEST = 5
    COMMUNICATION_FAULT = 6
    UNKNOWN = 7


class RedundancySupport(IntEnum):
    """RedundancySupport (OPC 10000-5, 12.5)."""

    NONE = 0
    COLD = 1
    WARM = 2
    HOT = 3
    TRANSPARENT = 4
    HOT_AND_MIRRORED = 5


class Mode(IntEnum):
    """Mode of NonTransparentBackupRedundancyType (OPC 10000-5, 6.3.15)."""

    PRIMARY_WITH_BACKUP = 0
    PRIMARY_ONLY = 1
    BACKUP_READY = 2
    BACKUP_NOT_READY = 3


class ProblemKind(StrEnum):
    """Why an attempt or a session failed. The last four need a person: they are retried slowly."""

    UNRESOLVED = "unresolved"  # the host name has no address
    UNREACHABLE = "unreachable"  # refused, no route, or no answer at TCP
    NOT_OPC_UA = "not-opc-ua"  # something answers, but not OPC UA
    REFUSED = "refused"  # an OPC UA server that says no (hello, session, activation, a service)
    TIMED_OUT = "timed-out"  # no answer in time, above TCP
    LOST = "lost"  # an established connection was reset or closed
    UNDECODABLE = "undecodable"  # a response that cannot be read
    LOCAL = "local"  # this program's own fault: logged with a trace
    SECURITY = "security"  # no endpoint with the profile's policy and mode
    CERTIFICATE = "certificate"  # a certificate was refused, by us or by the server
    CREDENTIALS = "credentials"  # user or password refused
    IDENTITY = "identity"  # not the server it should be: both URLs reach one, or its URI changed

    @property
    def needs_attention(self) -> bool:
        """Whether only a person can mend it."""
        return self in _ATTENTION


_ATTENTION = frozenset({ProblemKind.SECURITY, ProblemKind.CERTIFICATE, ProblemKind.CREDENTIALS, ProblemKind.IDENTITY})


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as data. `status`: the StatusCode if a server sent one. `detail`: for the log, never for a decision.

    `case`, `arguments`: for words, where there is more to say than the kind: which case of it, and the sentence's fields.
    """

    kind: ProblemKind
    layer: Layer
    status: int | None = None
    detail: str = ""
    case: str = ""
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def code(self) -> str:
        """For words: the case if it is known, else the kind; `silent` if a port is open and nothing ever said a word of OPC UA."""
        silent = self.kind is ProblemKind.TIMED_OUT and self.layer is Layer.TCP
        return self.case or ("silent" if silent else self.kind.value)


@dataclass(frozen=True, slots=True)
class Report:
    """What one probe, or the open session, found out about one server at `at`.

    Fields are None where they could not be read. `custom_active`: the profile's role item says active or not.
    `estimated_return`: EstimatedReturnTime as local monotonic seconds, reckoned against the server's own CurrentTime.
    `shutdown_in`: SecondsTillShutdown. `took`: seconds. `round_trip`: seconds of the last request.
    `peer_levels`: (ServerUri, ServiceLevel) rows of RedundantServerArray. `channel_at`, `session_at`: when the attempt had
    its channel, and its session activated; None in what an open session tells.
    """

    server: Server
    at: float
    layer: Layer
    problem: Problem | None = None
    state: int | None = None
    level: int | None = None
    support: int | None = None
    mode: int | None = None
    custom_active: bool | None = None
    server_uri: str = ""
    estimated_return: float | None = None
    shutdown_in: float | None = None
    took: float = 0.0
    round_trip: float = 0.0
    peer_levels: tuple[tuple[str, int], ...] = ()
    channel_at: float | None = None
    session_at: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the server let a session be activated."""
        return self.layer is Layer.ACTIVATED and self.problem is None


class Role(StrEnum):
    """What is known of a server."""

    ACTIVE = "active"
    INFERRED = "active-inferred"
    DEGRADED = "degraded"
    STANDBY = "standby"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"
    DOWN = "down"
    ATTENTION = "needs-attention"


class Source(StrEnum):
    """What a role was concluded from: a code for words, together with the report's figures."""

    NONE = "none"  # nothing heard yet
    STATE = "server-state"
    MAINTENANCE_LEVEL = "service-level-0"
    ROLE_ITEM = "role-item"
    MODE = "mode"
    LEVEL = "service-level"
    REFUSAL = "refusal"
    PEER_REFUSES = "peer-refuses"
    BOTH_SILENT = "both-accept"  # both accept sessions and neither announces a role
    PEER_ARRAY = "redundant-server-array"
    PEER_MODE = "peer-mode"  # closed, and the active server's Mode says that a backup stands ready
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """A role and what it was concluded from."""

    role: Role
    source: Source


class ConnectionState(StrEnum):
    """The connection as a whole, as the strip says it."""

    CONNECTING = "connecting"  # since the start, nothing known yet
    CONNECTED = "connected"
    SWITCHING = "switching"  # was connected, searching
    NO_ACTIVE = "no-active-server"  # both were asked, neither is active
    ATTENTION = "needs-attention"  # nothing usable, and a person must act
    STOPPED = "stopped"


class Caution(StrEnum):
    """Conditions beside the state, shown in words."""

    TWO_ACTIVE = "two-active-servers"
    ROLE_UNSURE = "role-unsure"  # asks for a role_item
    DEGRADED = "degraded"
    PEER_ATTENTION = "peer-needs-attention"


@dataclass(frozen=True, slots=True)
class ServerView:
    """One server as a person sees it: the finding, the last report behind it, and since when the role holds."""

    finding: Finding
    report: Report | None
    since: float


@dataclass(frozen=True, slots=True)
class Connection:
    """The announced connection. `server` and `generation` (0: none) name the data session.

    `sure`: the role is not in doubt. `since`: when the state began. `lost_at`: when a data session was last lost or left.
    `left`: the server of the session before this one. `reason`: what the last loss or refusal was, None when well.
    """

    state: ConnectionState
    server: Server | None
    generation: int
    sure: bool
    since: float
    main: ServerView
    backup: ServerView
    lost_at: float | None = None
    left: Server | None = None
    reason: Problem | Source | None = None
    warnings: tuple[Caution, ...] = ()


class Noticed(StrEnum):
    """Who noticed that a server was to be left."""

    RESET = "reset"  # the connection itself: reset or closed
    ENDED = "session-ended"  # the server said that it knows the session no more
    WATCHDOG = "watchdog"
    UNDECODABLE = "undecodable"
    ROLE = "role"  # the server told another role, in its session
    PEER = "peer"  # a probe of the other one found it better
    OPERATOR = "operator"
    SLEEP = "sleep"  # the computer slept, or its clock jumped
    LOCAL = "local"  # this program's own fault


@dataclass(frozen=True, slots=True)
class Switchover:
    """One switchover or reconnection, for the record. Times monotonic seconds, `wall` unix seconds of `lost_at`.

    `active_at`: the new server was first found active. `channel_at`, `session_at`: the connection to it had a channel,
    and a session; before `active_at` if they stood ready. `adopted_at`: it was decided that its session takes the data.
    `first_value_at`, `all_values_at`: of the items on screen; None while that has not happened. `comparison`: what came
    back of them, counted where they are shown; None before anything has.
    """

    wall: float
    left: Server
    taken: Server
    cause: Problem | Source | None
    lost_at: float
    active_at: float
    adopted_at: float
    first_value_at: float | None = None
    all_values_at: float | None = None
    noticed: Noticed | None = None
    channel_at: float | None = None
    session_at: float | None = None
    comparison: Comparison | None = None

    @property
    def blackout(self) -> float | None:
        """Seconds from when the new server was found active to the last value of the page: detection is not part of it."""
        return None if self.all_values_at is None else max(0.0, self.all_values_at - self.active_at)

    @property
    def outage(self) -> float | None:
        """Seconds from the loss to the last value of the page."""
        return None if self.all_values_at is None else max(0.0, self.all_values_at - self.lost_at)


@dataclass(frozen=True, slots=True)
class Timing:
    """The settings of decisions, in seconds. Defaults are those of the profile."""

    probe_interval: float = 1.0
    watchdog: float = 0.5
    hold: float = 0.25
    min_dwell: float = 3.0
    publishing: float = 0.1
    tcp_retry: float = 0.05
    role_retry_first: float = 0.25
    role_retry_most: float = 2.0
    attention_retry: float = 30.0
    maintenance_pause: float = 300.0
