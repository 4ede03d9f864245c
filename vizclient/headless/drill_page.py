"""The report of a drill as a page: HTML that needs nothing but itself, no script and no other file.

Whatever came from servers, files or people is escaped.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from vizclient.headless.drill_report import Report
from vizclient.headless.drill_words import DrillWords, ends_of
from vizclient.headless.history import steps
from vizclient.items.status import status_name
from vizclient.items.value import Value
from vizclient.redundancy.comparison import Outcome
from vizclient.redundancy.drill import Course, Leg, by_interface, exceptions, verdict
from vizclient.redundancy.readiness import Verdict
from vizclient.resources import resource_path

_MOST_SHOWN = 300
"""Items in a table of exceptions; the CSV has all."""
_OUTCOMES = (Outcome.UNSYNCHRONISED, Outcome.WORSE, Outcome.MISSING, Outcome.WAITING)


def html_of(report: Report, table: str, language: str) -> str:
    """The page. `table`: the file name of the CSV beside it."""
    words, course = DrillWords(language), report.course
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


def _header(kind: str, site: str, when: str) -> str:
    return f"<header><p class=kind>{_h(kind)}</p><h1>{_h(site)}</h1><p class=when>{_h(when)}</p></header>"


def _operator(words: DrillWords, report: Report) -> str:
    course = report.course
    said = []
    for leg in course.legs:
        ends = ends_of(words, leg)
        way = words("drill.leg", **ends)
        said.append(f"<p><b>{_h(way)}</b><br>{_h(words.comparison(leg.comparison))}</p>")
    said += map(_p, words.nature(course))
    kind = "moved" if course.moved else "stands"
    said.append(f"<p class={kind}>{_h(words.stands(course))}</p>")
    return "".join(said)


def _faults(words: DrillWords, course: Course) -> str:
    found = words.faults(course)
    if not found:
        return _p(words("drill.faults.none"))
    return "<ul>" + "".join(f"<li><b>{_h(what)}.</b> {_h(to_do)}</li>" for what, to_do in found) + "</ul>"


def _times(words: DrillWords, course: Course, zone: tzinfo | None) -> str:
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
    heads = ["", *(words("drill.leg", **ends_of(words, leg)) for leg in course.legs)]
    return _table(heads, [[name, *cells] for name, cells in rows], numbers=range(1, len(heads))) + _p(
        words("drill.times.note"), "note"
    )


def _interfaces(words: DrillWords, leg: Leg) -> str:
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
    caption = words("drill.leg", **ends_of(words, leg))
    return _table([words(f"drill.col.{head}") for head in heads], rows, range(2, len(heads)), caption, "shares")


def _exceptions(words: DrillWords, course: Course, table: str) -> str:
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
        caption = words("drill.leg", **ends_of(words, leg))
        said.append(_table([words(f"drill.col.{head}") for head in heads], rows, range(3, 7), caption, "items"))
        if len(odd) > _MOST_SHOWN:
            said.append(_p(words("drill.exceptions.more", number=len(odd) - _MOST_SHOWN, file=table)))
    return "".join(said or [_p(words("drill.exceptions.none"))]) + _p(words("drill.tolerance.note"), "note")


def _seen(words: DrillWords, report: Report, zone: tzinfo | None) -> str:
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


def _conditions(words: DrillWords, report: Report, table: str, zone: tzinfo | None) -> str:
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


def _count(words: DrillWords, number: int) -> str:
    """A number in a table in which most are none."""
    return str(number) if number else words("drill.none")


def _shown(words: DrillWords, value: Value, status: int, unit: str) -> str:
    said = words.value(value, unit)
    return said if not status else f"{said} ({status_name(status)})"


def _spread(words: DrillWords, spans: Sequence[float]) -> str:
    if not spans:
        return words("drill.none")
    return " / ".join(words.seconds(one, 3) for one in (min(spans), statistics.median(spans), max(spans)))


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
