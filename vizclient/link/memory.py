"""What sessions have shown of the servers of one profile, kept across restarts: a standby that lets nobody in is judged by it.

The link process writes it, and `vizclient ready`; whoever comes last counts, and either has seen the truth.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from vizclient.faults import Fault
from vizclient.places import Places
from vizclient.redundancy.model import Server
from vizclient.redundancy.readiness import Inspection
from vizclient.state_files import StateFile

FORMAT = 1
SAME_FOR = 3600.0
"""Seconds after which what has not changed is written anew, because its age counts."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learned:
    """The last inspection of each server."""

    main: Inspection | None = None
    backup: Inspection | None = None

    def of(self, server: Server) -> Inspection | None:
        """The last inspection of `server`."""
        return self.main if server is Server.MAIN else self.backup


class Memory:
    """Loads and saves, in a thread. Nothing that goes wrong here is worth more than a line in the log."""

    def __init__(self, places: Places, profile: Path) -> None:
        name = hashlib.sha256(str(profile.resolve()).encode()).hexdigest()[:12]
        self._file = StateFile(places.state / f"readiness-{profile.stem}-{name}.json", FORMAT, Learned)
        self._saved = Learned()

    async def load(self) -> Learned:
        """What is remembered; nothing, if it cannot be read."""
        learned, fault = await asyncio.to_thread(self._file.load)
        _tell(fault)
        self._saved = learned or Learned()
        return self._saved

    async def save(self, learned: Learned) -> None:
        """Remember this, if it is worth a write."""
        if _same(self._saved, learned):
            return
        self._saved = learned
        _tell(await asyncio.to_thread(self._file.save, learned))


def _same(old: Learned, new: Learned) -> bool:
    def shape(inspection: Inspection | None) -> Inspection | None:
        """Without what differs each time."""
        return None if inspection is None else replace(inspection, wall=0.0, skew=None)

    young = all(
        then is None or now is None or 0 <= now.wall - then.wall < SAME_FOR
        for then, now in ((old.main, new.main), (old.backup, new.backup))
    )
    before, after = ([shape(one.main), shape(one.backup)] for one in (old, new))
    return young and before == after


def _tell(fault: Fault | None) -> None:
    if fault is not None:
        _log.warning("%s: %s %s", fault.place, fault.code, dict(fault.arguments))


def with_inspection(learned: Learned, inspection: Inspection) -> Learned:
    """`learned`, brought up to date."""
    if inspection.server is Server.MAIN:
        return replace(learned, main=inspection)
    return replace(learned, backup=inspection)
