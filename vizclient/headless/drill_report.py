"""The report of a drill: HTML for people, CSV and JSON for programs. Text in, text out; measures and judges nothing.

The HTML needs nothing but itself: no script, no other file. Whatever came from servers, files or people is escaped.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from vizclient.follow.wording import say
from vizclient.headless.forms import json_value, text_value
from vizclient.headless.history import compared, steps
from vizclient.items.status import status_name
from vizclient.items.value import Value
from vizclient.redundancy.comparison import Comparison, Outcome, remarks
from vizclient.redundancy.drill import (
    Course,
    ItemResult,
    Leg,
    by_interface,
    exceptions,
    faults,
    verdict,
)
from vizclient.redundancy.model import Role, Server
from vizclient.redundancy.readiness import Readiness, Verdict
from vizclient.resources import resource_path

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
_MOST_SHOWN = 300
"""Items in a table of exceptions; the CSV has all."""
_OUTCOMES = (Outcome.UNSYNCHRONISED, Outcome.WORSE, Outcome.MISSING, Outcome.WAITING)


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


def summary(report: Report, language: str = "en") -> list[str]:
    """What the operator is to know, a line each."""
    course, words = report.course, _Words(language)
    said = [words(f"drill.verdict.{verdict(course)}")]
    for leg in course.legs:
        said.append(words("drill.said", **_ends(words, leg), what=words.comparison(leg.comparison)))
    said += words.nature(course)
    said += words.messages(course)
    said += [f"{what}. {to_do}" for what, to_do in words.faults(course)]
    said.append(words.stands(course))
    return said


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


def html_of(report: Report, table: str, language: str) -> str:
    """The page. `table`: the file name of the CSV beside it."""
    words, course = _Words(language), report.course
    zone = None if report.zone is None else ZoneInfo(report.zone)
    found = verdict(course)
    title = f"{words('drill.title')}: {report.site}"
    parts = [
        _header(words("drill.title"), report.site, _moment(report.began, zone)),
        f'<section class="verdict {found}"><h2>{_h(words(f"drill.verdict.{found}"))}</h2>{_operator(words, report)}</section>',
        _section(words("drill.h.faults"), _faults(words, course)),
    ]
    if course.legs:
        parts.append(_section(words("drill.h.times"), _times(words, course, zone)))
        parts.append(_section(words("drill.h.interfaces"), "".join(_interfaces(words, leg) for leg in course.legs)))
        parts.append(_section(words("drill.h.exceptions"), _exceptions(words, course, table)))
    parts.append(
        _section(
            words("drill.h.messages"),
            "".join(map(_p, words.messages(course))) or _p(words("drill.messages.none")),
        )
    )
    parts.append(_section(words("drill.h.seen"), _seen(words, report, zone)))
    parts.append(_section(words("drill.h.conditions"), _conditions(words, report, table, zone)))
    style = resource_path("drill.css").read_text("utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_h(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


class _Words:
    """Sentences of one language, and what is put together of them."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, code: str, **arguments: object) -> str:
        return say(self.language, code, **arguments)

    def comparison(self, comparison: Comparison) -> str:
        """What came back."""
        said = []
        for one in remarks(comparison):
            spans = {"after": self.seconds(one.after), "late_after": self.seconds(one.late_after)}
            names = ", ".join(one.names)
            said.append(self(f"compared.{one.code}", number=one.number, of=one.of, late=one.late, names=names, **spans))
        return "; ".join(said)

    def seconds(self, seconds: float | None, places: int = 2) -> str:
        """A time."""
        if seconds is None:
            return self("drill.none")
        whole, _, part = f"{seconds:.{places}f}".partition(".")
        return self("compared.seconds", whole=whole, part=part)

    def faults(self, course: Course) -> list[tuple[str, str]]:
        """What is wrong, and what to do."""
        return [
            (self(f"drill.fault.{fault}", number=number), self(f"drill.do.{fault}"))
            for fault, number in faults(course).items()
        ]

    def nature(self, course: Course) -> list[str]:
        """What is so by the nature of the plant, and what of it is not to be trusted now."""
        now = [name for name, _ in course.legs[-1].comparison.unsynchronised] if course.legs else []
        server = "" if course.stands is None else self(f"drill.{course.stands}")
        told = (("drill.lacks", _lacking(course)), ("drill.lacks.now", now), ("drill.late", _late(course)))
        return [self(code, names=", ".join(names), server=server) for code, names in told if names]

    def stands(self, course: Course) -> str:
        """How the pair stands."""
        home = self(f"drill.{course.home}")
        if course.stands is None:
            return self("drill.stands.unknown", home=home)
        return self(
            f"drill.stands.{'moved' if course.moved else 'as-found'}", server=self(f"drill.{course.stands}"), home=home
        )

    def messages(self, course: Course) -> list[str]:
        """A line for each module that sends."""
        return [
            self(
                "drill.messages.counted" if one.events or one.sent else "drill.messages.idle",
                name=one.interface,
                events=one.events,
                sent=one.sent,
                doubled=one.doubled,
                unsent=one.unsent,
            )
            for one in course.messages
        ]

    def number(self, number: float | None) -> str:
        """A number as it is read, with no more digits than mean something."""
        if number is None:
            return self("drill.none")
        text = f"{number:.6g}" if abs(number) < 1e6 else f"{number:.0f}"
        return text.replace(".", ",") if self.language == "de" else text

    def value(self, value: Value, unit: str) -> str:
        """A value with its unit."""
        if isinstance(value, float):
            return f"{self.number(value)} {unit}".rstrip()
        return f"{text_value(value)} {unit if isinstance(value, int) and not isinstance(value, bool) else ''}".rstrip()


def _header(kind: str, site: str, when: str) -> str:
    return f"<header><p class=kind>{_h(kind)}</p><h1>{_h(site)}</h1><p class=when>{_h(when)}</p></header>"


def _operator(words: _Words, report: Report) -> str:
    course = report.course
    said = []
    for leg in course.legs:
        ends = _ends(words, leg)
        way = words("drill.leg", **ends)
        said.append(f"<p><b>{_h(way)}</b><br>{_h(words.comparison(leg.comparison))}</p>")
    said += map(_p, words.nature(course))
    kind = "moved" if course.moved else "stands"
    said.append(f"<p class={kind}>{_h(words.stands(course))}</p>")
    return "".join(said)


def _faults(words: _Words, course: Course) -> str:
    found = words.faults(course)
    if not found:
        return _p(words("drill.faults.none"))
    return "<ul>" + "".join(f"<li><b>{_h(what)}.</b> {_h(to_do)}</li>" for what, to_do in found) + "</ul>"


def _times(words: _Words, course: Course, zone: tzinfo | None) -> str:
    rows: list[tuple[str, list[str]]] = [
        (words("drill.times.way"), [words(f"drill.times.way.{leg.way}") for leg in course.legs]),
        (words("drill.times.began"), [f"{_at(leg.switchover.wall, zone):%H:%M:%S.%f}"[:-3] for leg in course.legs]),
        (words("drill.times.noticed-after"), [words.seconds(leg.noticed_after, 3) for leg in course.legs]),
    ]
    taken = [steps(leg.switchover) for leg in course.legs]
    for name in taken[0]:
        rows.append(
            (words("drill.times.step", step=words(f"step.{name}")), [words.seconds(one[name], 3) for one in taken])
        )
    rows.append((words("drill.times.outage"), [words.seconds(leg.switchover.outage, 3) for leg in course.legs]))
    rows.append((words("drill.times.blackout"), [words.seconds(leg.switchover.blackout, 3) for leg in course.legs]))
    for name in ("outage", "blackout", "gap"):
        spans = [[getattr(item, name) for item in leg.items if getattr(item, name) is not None] for leg in course.legs]
        rows.append((words(f"drill.times.item-{name}"), [_spread(words, one) for one in spans]))
    heads = ["", *(words("drill.leg", **_ends(words, leg)) for leg in course.legs)]
    return _table(heads, [[name, *cells] for name, cells in rows], numbers=range(1, len(heads))) + _p(
        words("drill.times.note"), "note"
    )


def _interfaces(words: _Words, leg: Leg) -> str:
    shares = by_interface(leg.items)
    shown = [one for one in _OUTCOMES if any(share.outcomes[one] for share in shares)]
    late, differing = any(share.late for share in shares), any(share.differing for share in shares)
    heads = ["interface", "behaviour", "items", "back", *(["late"] if late else []), *shown]
    heads += [*(["differing"] if differing else []), "worst"]
    rows = []
    for share in shares:
        behaviour = words("drill.none") if share.behaviour is None else words(f"drill.behaviour.{share.behaviour}")
        row = [
            share.interface or words("drill.no-interface"),
            behaviour,
            str(share.items),
            _count(words, share.outcomes[Outcome.BACK]),
        ]
        row += [_count(words, share.late)] if late else []
        row += [_count(words, share.outcomes[one]) for one in shown]
        row += [_count(words, share.differing)] if differing else []
        rows.append([*row, words.seconds(share.worst, 3)])
    caption = words("drill.leg", **_ends(words, leg))
    return _table([words(f"drill.col.{head}") for head in heads], rows, range(2, len(heads)), caption, "shares")


def _exceptions(words: _Words, course: Course, table: str) -> str:
    said = []
    for leg in course.legs:
        odd = exceptions(leg.items)
        if not odd:
            continue
        rows = []
        for item in odd[:_MOST_SHOWN]:
            rows.append(
                [
                    item.item,
                    item.interface or words("drill.none"),
                    words(f"drill.found.{item.outcome}"),
                    _shown(words, item.before, item.before_status, item.unit),
                    words("drill.none")
                    if item.after_status is None
                    else _shown(words, item.after, item.after_status, item.unit),
                    words.number(item.agreed.difference),
                    words.number(item.agreed.tolerance),
                ]
            )
        heads = ("item", "interface", "what", "before", "after", "difference", "tolerance")
        caption = words("drill.leg", **_ends(words, leg))
        said.append(_table([words(f"drill.col.{head}") for head in heads], rows, range(3, 7), caption, "items"))
        if len(odd) > _MOST_SHOWN:
            said.append(_p(words("drill.exceptions.more", number=len(odd) - _MOST_SHOWN, file=table)))
    return "".join(said or [_p(words("drill.exceptions.none"))]) + _p(words("drill.tolerance.note"), "note")


def _seen(words: _Words, report: Report, zone: tzinfo | None) -> str:
    rows = [
        [
            f"{_at(one.wall, zone):%H:%M:%S.%f}"[:-3],
            words(f"drill.{one.server}.name"),
            words(f"role.{one.role}"),
            words("drill.none") if one.level is None else str(one.level),
            words("drill.none") if one.mode is None else words(f"mode.{one.mode}"),
        ]
        for one in report.seen
    ]
    return _table([words(f"drill.col.{head}") for head in ("time", "server", "role", "level", "mode")], rows, (3,))


def _conditions(words: _Words, report: Report, table: str, zone: tzinfo | None) -> str:
    light = words(f"ready.light.{report.readiness.light}")
    odd = [one for one in report.readiness.gravest if one.verdict not in (Verdict.FINE, Verdict.DESIGNED)]
    if odd:
        subjects = ", ".join(dict.fromkeys(words(f"ready.subject.{one.subject}") for one in odd))
        light = words("drill.where.readiness.about", light=light, subjects=subjects)
    of = "pages" if report.pages else "all"
    rows = [
        (words("drill.where.profile"), report.profile),
        (words("drill.where.began"), _moment(report.began, zone)),
        (words("drill.where.ended"), _moment(report.ended, zone)),
        *(
            (
                words("drill.where.server", server=words(f"drill.{server}")),
                ", ".join(filter(None, (url, report.versions.get(server)))),
            )
            for server, url in report.urls.items()
        ),
        (words("drill.where.readiness"), light),
        (
            words("drill.where.items"),
            words(f"drill.where.items.{of}", number=report.items, pages=", ".join(report.pages)),
        ),
        (words("drill.where.observed"), words("drill.where.observed.value", seconds=words.number(report.observed))),
        (words("drill.where.machine"), f"{report.machine}, {report.system}"),
        (words("drill.where.user"), report.user or words("drill.none")),
        (words("drill.where.program"), report.program),
        (words("drill.where.table"), table),
    ]
    cells = "".join(f"<tr><th scope=row>{_h(name)}</th><td>{_h(what)}</td></tr>" for name, what in rows)
    return f"<table class=facts><tbody>{cells}</tbody></table>"


def _count(words: _Words, number: int) -> str:
    """A number in a table in which most are none."""
    return str(number) if number else words("drill.none")


def _shown(words: _Words, value: Value, status: int, unit: str) -> str:
    said = words.value(value, unit)
    return said if not status else f"{said} ({status_name(status)})"


def _ends(words: _Words, leg: Leg) -> dict[str, str]:
    left, taken = leg.switchover.left, leg.switchover.taken
    return {"left": words(f"drill.{left}.name"), "taken": words(f"drill.{taken}.name")}


def _lacking(course: Course) -> list[str]:
    """Interfaces whose items were not carried over."""
    return list(dict.fromkeys(name for leg in course.legs for name, _ in leg.comparison.unsynchronised))


def _late(course: Course) -> list[str]:
    """Interfaces whose items the new server made first."""
    late = [item for leg in course.legs for item in leg.items if item.late and item.outcome is Outcome.BACK]
    return list(dict.fromkeys(item.interface for item in late if item.interface))


def _spread(words: _Words, spans: Sequence[float]) -> str:
    if not spans:
        return words("drill.none")
    return " / ".join(words.seconds(one, 3) for one in (min(spans), statistics.median(spans), max(spans)))


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


def _at(wall: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(wall, zone) if zone else datetime.fromtimestamp(wall).astimezone()


def _moment(wall: float, zone: tzinfo | None) -> str:
    """Date and time with the zone's name and its distance from UTC."""
    at = _at(wall, zone)
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname()} (UTC{offset[:3]}:{offset[3:5]})"


def _h(text: str) -> str:
    return escape(text)


def _p(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{_h(text)}</p>' if kind else f"<p>{_h(text)}</p>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_h(title)}</h2>{content}</section>"


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int], caption: str = "", kind: str = ""
) -> str:
    """`numbers`: the columns that are aligned to the right. `kind`: its class."""
    right = set(numbers)

    def row(cells: Sequence[str], kind: str, scope: str) -> str:
        return (
            "<tr>"
            + "".join(
                f"<{kind}{scope}{' class=n' if place in right else ''}>{_h(cell)}</{kind}>"
                for place, cell in enumerate(cells)
            )
            + "</tr>"
        )

    body = "".join(row(cells, "td", "") for cells in rows)
    named = f"<caption>{_h(caption)}</caption>" if caption else ""
    of = f" class={kind}" if kind else ""
    return f"<table{of}>{named}<thead>{row(heads, 'th', ' scope=col')}</thead><tbody>{body}</tbody></table>"
