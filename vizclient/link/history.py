"""The switchovers of one profile, kept across restarts: the last `MOST` of them in a state file.

One writer for each profile: the window, of which there is one; it outlives link processes. Anybody may read. The times in
a record are of the clock of the start that made it: only their differences mean anything later, and `wall`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vizclient.faults import Fault
from vizclient.places import Places
from vizclient.redundancy.model import Switchover
from vizclient.state_files import StateFile

FORMAT = 1
MOST = 200


@dataclass(frozen=True, slots=True)
class Past:
    """What the file holds: oldest first."""

    switchovers: tuple[Switchover, ...] = ()


class History:
    """Loads and saves. Knows nothing of how a switchover comes about."""

    def __init__(self, places: Places, profile: Path) -> None:
        name = hashlib.sha256(str(profile.resolve()).encode()).hexdigest()[:12]
        self._file = StateFile(places.state / f"history-{profile.stem}-{name}.json", FORMAT, Past)

    def load(self) -> tuple[list[Switchover], Fault | None]:
        """The switchovers so far, oldest first; the fault if there is a file that cannot be used, which is set aside."""
        past, fault = self._file.load()
        return ([] if past is None else list(past.switchovers)), fault

    def save(self, switchovers: Sequence[Switchover]) -> Fault | None:
        """Keep the last `MOST` of these in place of all that was kept. The fault if that failed."""
        return self._file.save(Past(tuple(switchovers[-MOST:])))
