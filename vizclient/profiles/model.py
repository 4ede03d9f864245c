"""What a profile says. A closed schema: unknown keys are errors, and nothing changes after loading.

Knows nothing of files, of TOML or of how the words of an error are put.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from vizclient.items.address import Address, AddressError, parse_address
from vizclient.profiles.following import Follow, Web
from vizclient.redundancy.model import Server, Timing
from vizclient.redundancy.support import MOST_ROWS, InterfaceRow, InterfaceTable, table_with
from vizclient.schema.closed import Closed, KeyPath, NamespaceUri, ShortName, Wrong

FORMAT = 1
MOST_ROLE_VALUES = 50

_WITH_USER = re.compile(r"[^/]*//[^/]*@")
_HOST = re.compile(r"[\w.\-]{1,253}|[0-9A-Fa-f:.]+(%[\w.\-]+)?")


Name = Annotated[str, Meta(min_length=1, max_length=200)]
Url = Annotated[str, Meta(min_length=1, max_length=1000)]


class Security(Closed, frozen=True, kw_only=True):
    """Policy and mode of the secure channel. There is no default: `None` is written by whoever wants it."""

    policy: Literal["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
    mode: Literal["None", "Sign", "SignAndEncrypt"]

    def __post_init__(self) -> None:
        if (self.policy == "None") != (self.mode == "None"):
            raise Wrong("profile-security-mix", {"policy": self.policy, "mode": self.mode})


class User(Closed, frozen=True, kw_only=True):
    """Who logs in. The password is no part of a profile: see `secrets`.

    `allow_plain`: a server that wants the password unencrypted gets it even over a connection that is not encrypted.
    """

    name: Name
    allow_plain: bool = False


class ServerProfile(Closed, frozen=True, kw_only=True):
    """One server of the pair. `security` and `user` replace the profile's where they are given."""

    url: Url
    security: Security | None = None
    user: User | None = None

    def __post_init__(self) -> None:
        if _WITH_USER.match(self.url):
            raise Wrong("profile-url-user", at=("url",))
        if fault := _url_fault(self.url):
            raise Wrong(fault, {"value": self.url}, ("url",))

    @property
    def host(self) -> str:
        """Host name or IP address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port, 1 to 65535."""
        return urlsplit(self.url).port or 0


class Redundancy(Closed, frozen=True, kw_only=True):
    """How often, how long, how soon, in milliseconds; where a server tells its role; and what a person may do.

    `role_item`: an address; a server is active while that item holds one of `role_active`. `operator_switch`: whether a
    person may ask for the other server. `interface_property`: the property of a node that names its interface or module.
    """

    probe_interval_ms: Annotated[int, Meta(ge=100, le=60_000)] = 1000
    watchdog_ms: Annotated[int, Meta(ge=100, le=10_000)] = 500
    hold_ms: Annotated[int, Meta(ge=0, le=1000)] = 250
    min_dwell_ms: Annotated[int, Meta(ge=0, le=60_000)] = 3000
    publishing_ms: Annotated[int, Meta(ge=10, le=10_000)] = 100
    role_item: Annotated[str, Meta(max_length=5000)] | None = None
    role_active: Annotated[tuple[bool | int | str, ...], Meta(min_length=1, max_length=MOST_ROLE_VALUES)] | None = None
    operator_switch: bool = False
    interface_property: Annotated[str, Meta(min_length=1, max_length=200)] = "Interface"


class Profile(Closed, frozen=True, kw_only=True, dict=True):
    """One site: a pair of servers. `bundle_node`: the address of a file on both servers that holds the bundle, zipped."""

    format: Literal[1]
    name: Name
    main: ServerProfile
    backup: ServerProfile
    security: Security | None = None
    user: User | None = None
    bundle: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    bundle_node: Annotated[str, Meta(max_length=5000)] | None = None
    timezone: str | None = None
    redundancy: Redundancy = Redundancy()
    web: Web | None = None
    follow: Follow = Follow()
    namespaces: Annotated[dict[ShortName, NamespaceUri], Meta(max_length=200)] = msgspec.field(default_factory=dict)
    interfaces: Annotated[tuple[InterfaceRow, ...], Meta(max_length=MOST_ROWS)] = ()

    _file = Path()  # set by `from_file`; no key of the profile

    def __post_init__(self) -> None:
        if self.timezone is not None and not _is_zone(self.timezone):
            raise Wrong("profile-timezone", {"value": self.timezone}, ("timezone",))
        if self.security is None and (self.main.security is None or self.backup.security is None):
            raise Wrong("profile-security-missing")
        if (self.main.host, self.main.port) == (self.backup.host, self.backup.port):
            raise Wrong("profile-same-url", {"value": self.backup.url}, ("backup", "url"))
        self._check_role_item()
        if self.bundle_node is not None:
            self._check_address(self.bundle_node, ("bundle_node",))
        if self.interfaces:
            try:
                table_with(self.interfaces, self.namespaces)
            except Wrong as wrong:
                raise Wrong(wrong.code, wrong.arguments, ("interfaces", *wrong.at)) from None

    def _check_role_item(self) -> None:
        item, active = self.redundancy.role_item, self.redundancy.role_active
        if item is None:
            if active is not None:
                raise Wrong("profile-role-item-missing", at=("redundancy", "role_active"))
            return
        at = ("redundancy", "role_item")
        self._check_address(item, at)
        if active is None:
            raise Wrong("profile-role-active-missing", at=at)

    def _check_address(self, text: str, at: KeyPath) -> None:
        try:
            parse_address(text, self.namespaces)
        except AddressError as error:
            raise Wrong(error.code, {"text": error.text, "known": ", ".join(error.known) or "–"}, at) from None

    def from_file(self, file: Path) -> Self:
        """This profile, which now says where it was read from."""
        msgspec.structs.force_setattr(self, "_file", file)
        return self

    @property
    def interface_table(self) -> InterfaceTable:
        """What is known of interfaces and modules here: the rows that ship, and those of this profile."""
        return table_with(self.interfaces, self.namespaces)

    @property
    def role_address(self) -> Address | None:
        """The item in which a server tells its role, if the profile names one."""
        item = self.redundancy.role_item
        return None if item is None else parse_address(item, self.namespaces)

    @property
    def bundle_address(self) -> Address | None:
        """The file in which both servers hold the bundle, if the profile names one."""
        return None if self.bundle_node is None else parse_address(self.bundle_node, self.namespaces)

    @property
    def file(self) -> Path:
        """The file that it was read from."""
        return self._file

    @property
    def bundle_path(self) -> Path | None:
        """Folder or .vizbundle; relative ones are meant from the profile's own folder."""
        return None if self.bundle is None else self._file.parent / Path(self.bundle).expanduser()

    def server(self, server: Server) -> ServerProfile:
        """What is said of one server of the pair."""
        return self.main if server is Server.MAIN else self.backup

    def security_of(self, server: Server) -> Security:
        """The security that holds for `server`: its own, else the profile's."""
        found = self.server(server).security or self.security
        assert found is not None, "checked when it was loaded"
        return found

    def user_of(self, server: Server) -> User | None:
        """Who logs in at `server`; None for nobody in particular."""
        return self.server(server).user or self.user

    def timing(self) -> Timing:
        """The settings of decisions, in seconds."""
        given = self.redundancy
        return Timing(
            probe_interval=given.probe_interval_ms / 1000,
            watchdog=given.watchdog_ms / 1000,
            hold=given.hold_ms / 1000,
            min_dwell=given.min_dwell_ms / 1000,
            publishing=given.publishing_ms / 1000,
        )


def _url_fault(url: str) -> str:
    """The code of what is wrong with the address of an endpoint, or ""."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "profile-url"
    if parts.scheme != "opc.tcp":
        return "profile-url-scheme"
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or parts.query or parts.fragment or url != url.strip():
        return "profile-url"
    return "" if port else "profile-url-port"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
