"""Wall times as the operator reads them: in the profile's zone, 24 hours, day and month in the operator's language."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale

from .words import Words


class Times:
    """Writes unix seconds as text. `zone`: an IANA name, None for this computer's own zone."""

    def __init__(self, words: Words, locale: QLocale, zone: str | None) -> None:
        self._words = words
        self._locale = locale
        self.zone_info: tzinfo | None = None if zone is None else ZoneInfo(zone)

    def time(self, wall: float) -> str:
        """Hours, minutes and seconds."""
        return f"{self._at(wall):%H:%M:%S}"

    def date(self, wall: float) -> str:
        """Weekday, day and month."""
        at = self._at(wall)
        short = QLocale.FormatType.ShortFormat
        return self._words(
            "date",
            weekday=self._locale.dayName(at.isoweekday(), short).rstrip("."),
            day=at.day,
            month=self._locale.standaloneMonthName(at.month, short).rstrip("."),
        )

    def zone(self, wall: float) -> str:
        """What the zone is called at that time: its short name, else its distance from UTC."""
        at = self._at(wall)
        name = at.tzname() or ""
        if 0 < len(name) <= 5 and name[0].isalpha():
            return name
        minutes = round((offset.total_seconds() if (offset := at.utcoffset()) else 0.0) / 60)
        sign, (hours, rest) = "−" if minutes < 0 else "+", divmod(abs(minutes), 60)
        return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")

    def same_day(self, one: float, other: float) -> bool:
        """Whether both fall on one day."""
        return self._at(one).date() == self._at(other).date()

    def _at(self, wall: float) -> datetime:
        return (
            datetime.fromtimestamp(wall, self.zone_info)
            if self.zone_info
            else datetime.fromtimestamp(wall).astimezone()
        )
