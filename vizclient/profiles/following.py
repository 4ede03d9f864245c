"""What a profile says about other programs that follow the active server: browsers, and clients by way of HAProxy."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from vizclient.redundancy.model import Server
from vizclient.schema.closed import Closed, ShortName, Wrong

HEALTH = "127.0.0.1:14840"
AGENT = "127.0.0.1:14841"
LANDING = "127.0.0.1:14880"
"""Where `vizclient follow` listens if nothing else is said; below the ports that systems hand out by themselves."""

_HOST = re.compile(r"[\w.\-]{1,253}|\[[0-9A-Fa-f:.]+(%[\w.\-]+)?\]")
_SCHEMES = {"http": 80, "https": 443}

HostPort = Annotated[str, Meta(min_length=1, max_length=300)]
WebUrl = Annotated[str, Meta(min_length=1, max_length=1000)]
_Text = Annotated[str, Meta(min_length=1, max_length=1000)]


class Manager(Closed, frozen=True, kw_only=True):
    """The Web Manager of each server. Both can be reached at any time; the standby's is read-only."""

    main: WebUrl
    backup: WebUrl

    def __post_init__(self) -> None:
        for server in Server:
            _check_web(self.of(server), server)

    def of(self, server: Server) -> str:
        """The address on one server."""
        return self.main if server is Server.MAIN else self.backup


class Web(Closed, frozen=True, kw_only=True):
    """The web visualization of each server, and where the page is served that holds the active one's.

    `main` and `backup` end in the same path: the page that both begin with. `ca`: a file of certificates (PEM) that are
    trusted for https besides the system's. `manager`: see there.
    """

    main: WebUrl
    backup: WebUrl
    listen: HostPort = LANDING
    ca: _Text | None = None
    manager: Manager | None = None

    def __post_init__(self) -> None:
        for server in Server:
            _check_web(self.of(server), server)
        if urlsplit(self.main).path.strip("/") != urlsplit(self.backup).path.strip("/"):
            raise Wrong("profile-web-path", {"main": self.main, "backup": self.backup}, ("backup",))
        if origin(self.main) == origin(self.backup):
            raise Wrong("profile-same-url", {"value": self.backup}, ("backup",))
        _check_host_port(self.listen, "listen")

    def of(self, server: Server) -> str:
        """The address on one server."""
        return self.main if server is Server.MAIN else self.backup

    @property
    def landing(self) -> str:
        """The address of the page, for a browser on this machine."""
        host, port = reached(self.listen)
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class Port(Closed, frozen=True, kw_only=True):
    """One port that HAProxy is to offer, and where it leads while the one or the other server is active."""

    name: ShortName
    listen: HostPort
    main: HostPort
    backup: HostPort
    kind: Literal["tcp", "http"] = "tcp"

    def __post_init__(self) -> None:
        for key in ("listen", "main", "backup"):
            _check_host_port(getattr(self, key), key)
        if self.main == self.backup:
            raise Wrong("profile-same-url", {"value": self.backup}, ("backup",))

    def of(self, server: Server) -> tuple[str, int]:
        """Host and port on one server."""
        return host_port(self.main if server is Server.MAIN else self.backup)


class Follow(Closed, frozen=True, kw_only=True):
    """What `vizclient follow` offers, and what it runs at each switchover.

    `health`: HTTP. `agent`: HAProxy's agent-check. `hook`: a program and its arguments; it has `hook_seconds` to end.
    """

    health: HostPort = HEALTH
    agent: HostPort = AGENT
    hook: Annotated[tuple[_Text, ...], Meta(max_length=100)] = ()
    hook_seconds: Annotated[int, Meta(ge=1, le=600)] = 10
    port: Annotated[tuple[Port, ...], Meta(max_length=100)] = ()

    def __post_init__(self) -> None:
        for key in ("health", "agent"):
            _check_host_port(getattr(self, key), key)
        if self.health == self.agent:
            raise Wrong("profile-listen-twice", {"value": self.agent}, ("agent",))
        for kind, values in (
            ("name", [port.name for port in self.port]),
            ("listen", [port.listen for port in self.port]),
        ):
            for index, value in enumerate(values):
                if value in values[:index]:
                    raise Wrong("profile-port-twice", {"value": value}, ("port", index, kind))


def host_port(text: str) -> tuple[str, int]:
    """Host, without brackets, and port of a text that was checked."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a web address that was checked: what browsers call its origin."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _SCHEMES[parts.scheme]


def reached(listen: str) -> tuple[str, int]:
    """Host and port by which what listens there is reached on this machine: all addresses are also the loopback's."""
    host, port = host_port(listen)
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - nothing is bound here


def _check_host_port(text: str, key: str) -> None:
    host, separator, port = text.rpartition(":")
    if not separator or not _HOST.fullmatch(host) or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Wrong("profile-host-port", {"value": text}, (key,))


def _check_web(url: str, key: str) -> None:
    try:
        parts: SplitResult | None = urlsplit(url)
        port = parts.port if parts is not None else None
    except ValueError:
        parts, port = None, None
    if parts is not None and "@" in parts.netloc:
        raise Wrong("profile-web-user", at=(key,))
    host = "" if parts is None else parts.netloc.removesuffix(f":{port}")
    if parts is None or parts.scheme not in _SCHEMES or port == 0 or not _HOST.fullmatch(host):
        raise Wrong("profile-web-url", {"value": url}, (key,))
    if parts.query or parts.fragment or url != url.strip() or any(ord(sign) < 33 for sign in url):
        raise Wrong("profile-web-url", {"value": url}, (key,))
