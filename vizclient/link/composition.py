"""From a profile to a running site: the one place that puts OPC UA and the ports together."""

from __future__ import annotations

import time
from random import Random

from vizclient.link.logins import Passwords
from vizclient.link.memory import Memory
from vizclient.link.readiness import ReadinessWatch
from vizclient.link.refusals import RefusedLogins
from vizclient.link.site import Site, SiteListener
from vizclient.opcua.connector import OpcUaConnector
from vizclient.opcua.endpoint import Deadlines, Target
from vizclient.opcua.role import RoleItem
from vizclient.opcua.trust import Security
from vizclient.pages.bundle import digest_of
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.profiles.secrets import Secrets
from vizclient.redundancy.model import Server


class SystemClock:
    """The clocks of this machine."""

    def monotonic(self) -> float:
        """See `Clock`."""
        return time.perf_counter()

    def wall(self) -> float:
        """See `Clock`."""
        return time.time()


def compose(profile: Profile, places: Places, listener: SiteListener, *, with_readiness: bool = False) -> Site:
    """The site of `profile`, not started yet. `with_readiness`: it looks now and then whether the standby could take over."""
    passwords = logins(profile, places)
    asked = connector(profile, places, passwords=passwords)
    clock, random = SystemClock(), Random()  # noqa: S311 - jitter
    return Site(
        asked,
        profile.timing(),
        clock,
        random,
        listener,
        may_switch=profile.redundancy.operator_switch,
        passwords=passwords,
        readiness=_readiness(profile, places, asked, clock, random) if with_readiness else None,
    )


def _readiness(
    profile: Profile, places: Places, asked: OpcUaConnector, clock: SystemClock, random: Random
) -> ReadinessWatch:
    table = profile.interface_table
    memory = Memory(places, profile.file)
    return ReadinessWatch(asked, clock, random, memory, table.find, digest_of, pages=profile.bundle_address)


def logins(profile: Profile, places: Places) -> Passwords:
    """The passwords of the users of `profile`."""
    return Passwords(Secrets(profile), RefusedLogins(places))


def connector(
    profile: Profile, places: Places, deadlines: Deadlines | None = None, passwords: Passwords | None = None
) -> OpcUaConnector:
    """What opens connections to the pair of `profile`. Trusted certificates are kept for each profile."""
    return OpcUaConnector(
        {server: _target(profile, server) for server in Server},
        own=places.pki / "own",
        trusted=places.pki / "trusted" / (profile.file.stem or "profile"),
        timing=profile.timing(),
        role_item=_role_item(profile),
        interface_property=profile.redundancy.interface_property,
        passwords=passwords or logins(profile, places),
        deadlines=deadlines,
    )


def _role_item(profile: Profile) -> RoleItem | None:
    address, active = profile.role_address, profile.redundancy.role_active
    return None if address is None or active is None else RoleItem(address, active)


def _target(profile: Profile, server: Server) -> Target:
    security, user = profile.security_of(server), profile.user_of(server)
    return Target(
        profile.server(server).url,
        Security(security.policy, security.mode),
        "" if user is None else user.name,
        allow_plain=user is not None and user.allow_plain,
    )
