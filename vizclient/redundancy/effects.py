"""What to do: imperatives. The only output of `decide` besides the state; even a timer is one."""

from __future__ import annotations

from dataclasses import dataclass

from vizclient.redundancy.model import Connection, Server


@dataclass(frozen=True, slots=True)
class Probe:
    """Find out about `server`; the attempt is numbered `generation`. Ends in exactly one `Probed`.

    `session`: whether the probe may open a session (False: TCP only).
    """

    server: Server
    generation: int
    session: bool = True


@dataclass(frozen=True, slots=True)
class Keep:
    """Hold the probe's session open without data and watch the server's role in it, while searching."""

    generation: int


@dataclass(frozen=True, slots=True)
class Adopt:
    """Make the held session `generation` the data session."""

    generation: int


@dataclass(frozen=True, slots=True)
class Discard:
    """Close whatever bears `generation`: a held, kept or data session, also a lost one, or a probe under way (no `Probed` follows).

    Every session that was adopted or kept ends with this, exactly once.
    """

    generation: int


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send `Woke` at this time; replaces an earlier wish."""

    at: float


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell everybody about the connection: a person would see a difference to what was announced before."""

    connection: Connection


Effect = Probe | Keep | Adopt | Discard | WakeAt | Announce
