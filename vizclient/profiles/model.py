"""What a profile says. A closed schema: unknown keys are errors, and nothing changes after loading.

Knows nothing of files, of TOML or of how the words of an error are put.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from vizclient.items.address import Address, AddressError, parse_address
from vizclient.redundancy.model import Server, Timing

FORMAT = 1
MOST_ROLE_VALUES = 50

_HOST = re.compile(r"[\w.\-]{1,253}|[0-9A-Fa-f:.]+(%[\w.\-]+)?")


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise PydanticCustomError("profile-url", "{value}", {"value": url}) from None
    if parts.scheme != "opc.tcp":
        raise PydanticCustomError("profile-url-scheme", "{value}", {"value": url})
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or parts.username is not None or parts.query or parts.fragment or url != url.strip():
        raise PydanticCustomError("profile-url", "{value}", {"value": url})
    if not port:
        raise PydanticCustomError("profile-url-port", "{value}", {"value": url})
    return url


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise PydanticCustomError("profile-timezone", "{value}", {"value": name}) from None
    return name


def _role_values(given: Any) -> Any:
    """A list of values, each of a type that an item can hold and TOML can spell."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_ROLE_VALUES:
        raise PydanticCustomError("profile-role-active", "")
    if not all(isinstance(value, bool | int | str) for value in given):
        raise PydanticCustomError("profile-role-active", "")
    return tuple(given)


Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_endpoint)]
ShortName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_\-]{0,49}$")]
NamespaceUri = Annotated[str, StringConstraints(pattern=r"^[^\s;]{1,1000}$")]


class Closed(BaseModel):
    """Base of everything in a profile. Strict, because TOML has types of its own: `"100"` is not 100."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Security(Closed):
    """Policy and mode of the secure channel. There is no default: `None` is written by whoever wants it."""

    policy: Literal["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
    mode: Literal["None", "Sign", "SignAndEncrypt"]

    @model_validator(mode="after")
    def _policy_fits_mode(self) -> Self:
        if (self.policy == "None") != (self.mode == "None"):
            raise PydanticCustomError("profile-security-mix", "", {"policy": self.policy, "mode": self.mode})
        return self


class ServerProfile(Closed):
    """One server of the pair. `security` replaces the profile's where it is given."""

    url: Url
    security: Security | None = None

    @property
    def host(self) -> str:
        """Host name or IP address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port, 1 to 65535."""
        return urlsplit(self.url).port or 0


class Redundancy(Closed):
    """How often, how long, how soon, in milliseconds; where a server tells its role; and what a person may do.

    `role_item`: an address; a server is active while that item holds one of `role_active`. `operator_switch`: whether a
    person may ask for the other server.
    """

    probe_interval_ms: Annotated[int, Field(ge=100, le=60_000)] = 1000
    watchdog_ms: Annotated[int, Field(ge=100, le=10_000)] = 500
    hold_ms: Annotated[int, Field(ge=0, le=1000)] = 250
    min_dwell_ms: Annotated[int, Field(ge=0, le=60_000)] = 3000
    publishing_ms: Annotated[int, Field(ge=10, le=10_000)] = 100
    role_item: Annotated[str, StringConstraints(max_length=5000)] | None = None
    role_active: Annotated[tuple[bool | int | str, ...], BeforeValidator(_role_values)] | None = None
    operator_switch: bool = False


class Profile(Closed):
    """One site: a pair of servers. Validate with `context={"file": Path}` to say where it came from."""

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)]
    name: Name
    main: ServerProfile
    backup: ServerProfile
    security: Security | None = None
    bundle: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    redundancy: Redundancy = Redundancy()
    namespaces: Annotated[dict[ShortName, NamespaceUri], Field(max_length=200)] = {}

    _file: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any, /) -> None:
        """Keep the file that it was read from."""
        if context is not None:
            self._file = context["file"]

    @model_validator(mode="after")
    def _security_is_said(self) -> Self:
        for server in Server:
            if self.server(server).security is None and self.security is None:
                raise PydanticCustomError("profile-security-missing", "")
        return self

    @model_validator(mode="after")
    def _two_servers(self) -> Self:
        if (self.main.host, self.main.port) == (self.backup.host, self.backup.port):
            raise PydanticCustomError("profile-same-url", "{value}", {"value": self.backup.url})
        return self

    @model_validator(mode="after")
    def _role_item_is_whole(self) -> Self:
        item, active = self.redundancy.role_item, self.redundancy.role_active
        if item is None and active is not None:
            raise PydanticCustomError("profile-role-item-missing", "")
        if item is None:
            return self
        try:
            parse_address(item, self.namespaces)
        except AddressError as error:
            wrong = {"code": error.code, "text": error.text, "known": ", ".join(error.known) or "–"}
            raise PydanticCustomError("profile-role-item", "", wrong) from None
        if active is None:
            raise PydanticCustomError("profile-role-active-missing", "")
        return self

    @property
    def role_address(self) -> Address | None:
        """The item in which a server tells its role, if the profile names one."""
        item = self.redundancy.role_item
        return None if item is None else parse_address(item, self.namespaces)

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
