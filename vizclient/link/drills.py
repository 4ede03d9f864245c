"""The drills of one profile, kept across restarts: the last `MOST` of them in a state file, and the reports beside it.

Whoever plays a drill writes it; anybody may read. The times in a record mean something by their differences alone, and `wall`.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from vizclient.faults import Fault
from vizclient.places import Places
from vizclient.redundancy.drill import Verdict
from vizclient.redundancy.model import Server, Switchover
from vizclient.state_files import StateFile

FORMAT = 1
MOST = 50


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """One drill at `wall` (unix seconds). `home`, `stands`: the server that served before and after; `switches`: what happened.

    `report`, `table`: where its HTML and its CSV are; "" if they could not be written.
    """

    wall: float
    verdict: Verdict
    home: Server
    stands: Server | None
    switches: tuple[Switchover, ...] = ()
    report: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True)
class PastDrills:
    """What the file holds: oldest first."""

    drills: tuple[DrillRecord, ...] = ()


class Drills:
    """Loads and saves. Knows nothing of how a drill is played."""

    def __init__(self, places: Places, profile: Path) -> None:
        name = f"{profile.stem}-{hashlib.sha256(str(profile.resolve()).encode()).hexdigest()[:12]}"
        self.folder = places.state / f"drills-{name}"
        """For reports that are kept as long as their drill is."""
        self._file = StateFile(places.state / f"drills-{name}.json", FORMAT, PastDrills)

    def load(self) -> tuple[list[DrillRecord], Fault | None]:
        """The drills so far, oldest first; the fault if there is a file that cannot be used, which is set aside."""
        past, fault = self._file.load()
        return ([] if past is None else list(past.drills)), fault

    def last(self) -> DrillRecord | None:
        """The last drill; None if there was none, or none that can be read."""
        drills, _ = self.load()
        return drills[-1] if drills else None

    def add(self, drill: DrillRecord) -> Fault | None:
        """Keep one more, and forget the oldest with its report, if it lies in `folder`. The fault if that failed."""
        drills, _ = self.load()
        drills.append(drill)
        for gone in drills[:-MOST]:
            for file in (Path(gone.report), Path(gone.table)):
                if file.parent == self.folder:
                    with contextlib.suppress(OSError):
                        file.unlink(missing_ok=True)
        return self._file.save(PastDrills(tuple(drills[-MOST:])))
