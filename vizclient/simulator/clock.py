"""The clock of a simulated server, which may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """`ahead`: seconds that it is ahead of the true time."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        """What this server takes for the time."""
        return self.shifted(datetime.now(UTC))

    def shifted(self, moment: datetime) -> datetime:
        """What this server takes the moment for."""
        return moment + timedelta(seconds=self.ahead) if self.ahead else moment
