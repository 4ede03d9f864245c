"""What a simulated pair can be started with: plain data that travels to the server processes as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

STANDBY_KINDS: Final = ("closed", "reject", "passive")
ANNOUNCEMENTS: Final = ("mode+level", "mode", "level", "item", "none")
SUPPORTS: Final = ("cold", "warm", "hot")
PORTS: Final = (
    "main_port", "backup_port", "link_port", "main_web_port", "backup_web_port", "main_manager_port", "backup_manager_port",
)  # fmt: skip
"""The options that are ports."""

PAGES: Final = "System/Pages"
"""The identifier of the file that holds the bundle on a server."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a pair. Times in milliseconds, ports 0 for free ones, empty paths for none.

    `standby`: what a standby server does with clients. `announce`: where a server tells its role, "item" being one of its
    own, `System/Role`. `alone_level`: the
    ServiceLevel of an active server whose peer cannot take over (the standard wants it below 200 then). `burst`: 0 spreads
    the plain items' changes, else they come all at once every so many milliseconds. `ghost`: a server that was frozen may
    still answer as active for a moment. `advertise`: a host name that endpoints return in place of the one asked for.
    `max_sessions`, `max_items`: most sessions at a time, and most monitored items of one call; 0 for any number.
    `users`: names with their passwords; nobody else gets in, and without any, everybody. `backup_users`: those of the backup, None
    for the same. `failover_users`: who may call Failover, None for everybody.
    `expired_certificate`: the servers whose certificate has expired. `bundle`: the pages, a folder or .vizbundle, that a server
    holds as a file; `backup_bundle`: other pages on the backup.
    `smtp`: HOST:PORT of the mail server that messages go to; nothing is sent without.
    `main_web_port` and the like: of the web visualization and of the Web Manager, -1 for none.
    `speaks_to_backup`: interfaces whose field system, which talks to one server alone, is pointed at the backup.
    `field_delay`: from the start of a server to when such a system talks to it. `metering_delay`: from when a server turns
    active to when the items of metering appear there. `main_clock`, `backup_clock`: seconds that its clock is ahead.
    """

    items: int = 0
    change_rate: float = -1.0
    burst: int = 0
    seed: int = 1
    standby: str = "closed"
    announce: str = "mode+level"
    support: str = "warm"
    alone_level: int = 255
    stay: bool = False
    ghost: bool = False
    heartbeat: int = 100
    dead_after: int = 300
    return_delay: int = 1000
    grace: int = 3000
    host: str = "127.0.0.1"
    main_port: int = 0
    backup_port: int = 0
    link_port: int = 0
    advertise: str = ""
    max_sessions: int = 0
    max_items: int = 0
    trust: str = ""
    reject_certificates: bool = False
    data_dir: str = ""
    audit: str = ""
    users: Mapping[str, str] = field(default_factory=dict)
    backup_users: Mapping[str, str] | None = None
    failover_users: tuple[str, ...] | None = None
    expired_certificate: tuple[str, ...] = ()
    bundle: str = ""
    backup_bundle: str = ""
    smtp: str = ""
    main_web_port: int = -1
    backup_web_port: int = -1
    main_manager_port: int = -1
    backup_manager_port: int = -1
    speaks_to_backup: tuple[str, ...] = ()
    field_delay: int = 2000
    metering_delay: int = 700
    main_clock: float = 0.0
    backup_clock: float = 0.0
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("speaks_to_backup", "failover_users", "expired_certificate"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else tuple(value))  # JSON has only lists
        for name, value, allowed in (
            ("standby", self.standby, STANDBY_KINDS),
            ("announce", self.announce, ANNOUNCEMENTS),
            ("support", self.support, SUPPORTS),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")
        if self.heartbeat <= 0 or self.dead_after <= self.heartbeat:
            raise ValueError("dead_after must be longer than heartbeat, and both positive")
        if self.smtp and not (self.smtp.rpartition(":")[0] and self.smtp.rpartition(":")[2].isdecimal()):
            raise ValueError(f"smtp is HOST:PORT, not {self.smtp!r}")
        if not 0 <= self.items <= 50_000:
            raise ValueError(f"items is 0 to 50000, not {self.items}")

    @property
    def changes_per_second(self) -> float:
        """Changes of plain items a second: a tenth of their number if not said otherwise."""
        return self.items / 10.0 if self.change_rate < 0 else self.change_rate

    def users_of(self, server: str) -> Mapping[str, str]:
        """The users of a server, with their passwords."""
        return self.users if server == "main" or self.backup_users is None else self.backup_users

    def to_json(self) -> str:
        """For the command line of a server process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Options:
        """What `to_json` wrote."""
        return cls(**json.loads(text))
