"""What happened: nouns, past. The only input of `decide` besides the state.

Each bears `at` (monotonic seconds) and `luck` (0 ≤ luck < 1, drawn by the shell: `decide` has no randomness of its own).
"""

from __future__ import annotations

from dataclasses import dataclass

from vizclient.redundancy.model import Problem, Report, Server


@dataclass(frozen=True, slots=True)
class Started:
    """The program wants a connection."""

    at: float
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class Probed:
    """The probe `generation` ended. `held`: its session is open, to be adopted, kept or discarded."""

    at: float
    generation: int
    report: Report
    held: bool
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class Reported:
    """An open session, adopted or kept, learned something new about its server."""

    at: float
    generation: int
    report: Report
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class Lost:
    """An open session ended without our doing, or its watchdog gave up."""

    at: float
    generation: int
    problem: Problem
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class Woke:
    """The time asked for by `WakeAt` has come."""

    at: float
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class Slept:
    """The computer slept, or its clock jumped, for `gap` seconds: whatever was known is old."""

    at: float
    gap: float
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class SwitchAsked:
    """A person asks for `server`."""

    at: float
    server: Server
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """What needed attention has been mended, at `server` or wherever it may have been: try at once, credentials included."""

    at: float
    luck: float = 0.0
    server: Server | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The program ends."""

    at: float
    luck: float = 0.0


Event = Started | Probed | Reported | Lost | Woke | Slept | SwitchAsked | RetryAsked | Stopped
