"""A drill as data: all that there is to report of it, as CSV and as JSON. Measures and judges nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vizclient.headless.forms import json_value, text_value
from vizclient.headless.history import compared, steps
from vizclient.items.status import status_name
from vizclient.items.value import Value
from vizclient.redundancy.drill import Course, ItemResult, faults, verdict
from vizclient.redundancy.model import Role, Server
from vizclient.redundancy.readiness import Readiness

COLUMNS = (
    "leg",
    "from",
    "to",
    "item",
    "interface",
    "behaviour",
    "outcome",
    "outage_ms",
    "blackout_ms",
    "gap_ms",
    "made_late",
    "value_before",
    "status_before",
    "value_after",
    "status_after",
    "unit",
    "agreement",
    "difference",
    "tolerance",
)
"""Of the CSV. Stable: new ones come at the end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one server at `wall` (unix seconds): its role, ServiceLevel and Mode."""

    wall: float
    server: Server
    role: Role
    level: int | None
    mode: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """All that there is to tell. Times unix seconds; `zone`: an IANA name, None for this computer's."""

    course: Course
    site: str
    profile: str
    urls: Mapping[Server, str]
    began: float
    ended: float
    machine: str
    system: str
    user: str
    program: str
    versions: Mapping[Server, str]
    readiness: Readiness
    seen: tuple[Seen, ...]
    items: int
    pages: tuple[str, ...]
    observed: float
    zone: str | None = None


def csv_of(report: Report) -> str:
    """Each item of each switch, a line; RFC 4180."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, leg in enumerate(report.course.legs, start=1):
        for item in leg.items:
            writer.writerow([number, leg.switchover.left, leg.switchover.taken, *_cells(item)])
    return text.getvalue()


def as_json(report: Report, html: str, table: str) -> dict[str, Any]:
    """The drill for scripts."""
    course = report.course
    return {
        "verdict": verdict(course),
        "t": round(report.began, 3),
        "until": round(report.ended, 3),
        "home": course.home,
        "stands": course.stands,
        "items": report.items,
        "faults": {fault.value: number for fault, number in faults(course).items()},
        "legs": [
            {
                "from": leg.switchover.left,
                "to": leg.switchover.taken,
                "way": leg.way,
                "noticed_ms": _ms(leg.noticed_after),
                "steps_ms": {name: _ms(after) for name, after in steps(leg.switchover).items()},
                "outage_ms": _ms(leg.switchover.outage),
                "blackout_ms": _ms(leg.switchover.blackout),
                "compared": compared(leg.comparison, {}),
                "differing": [item.item for item in leg.differing],
            }
            for leg in course.legs
        ],
        "messages": [
            {
                "interface": one.interface,
                "events": one.events,
                "sent": one.sent,
                "doubled": one.doubled,
                "unsent": one.unsent,
            }
            for one in course.messages
        ],
        "report": html or None,
        "table": table or None,
    }


def _cells(item: ItemResult) -> list[str]:
    agreed = item.agreed
    return [
        _plain(item.item),
        _plain(item.interface),
        item.behaviour or "",
        item.outcome,
        *("" if span is None else f"{span * 1000:.1f}" for span in (item.outage, item.blackout, item.gap)),
        "1" if item.late else "0",
        _plain(item.before),
        status_name(item.before_status),
        "" if item.after_status is None else _plain(item.after),
        "" if item.after_status is None else status_name(item.after_status),
        _plain(item.unit),
        agreed.agreement,
        "" if agreed.difference is None else repr(agreed.difference),
        "" if agreed.tolerance is None else repr(agreed.tolerance),
    ]


def _plain(value: Value) -> str:
    """A value as CSV holds it. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    form = json_value(value)
    if form is None:
        return ""
    if isinstance(form, str):
        return f"'{form}" if form[:1] in ("=", "+", "-", "@", "\t", "\r") else form
    return text_value(value)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
