"""`vizclient history`: the switchovers that the window of a profile has seen, and its drills. Reads files, and asks no server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vizclient.exits import Exit
from vizclient.faults import FaultError
from vizclient.headless.running import complain_of
from vizclient.items.address import AddressError, parse_address
from vizclient.link.drills import DrillRecord, Drills
from vizclient.link.history import History
from vizclient.phrases import counted, phrase
from vizclient.places import Places
from vizclient.profiles.loading import ProfileError, load_profile
from vizclient.redundancy.comparison import Comparison, number_of, remarks
from vizclient.redundancy.model import Problem, Switchover

STEPS = ("channel", "session", "active", "decided", "first_value", "all_values")
"""Of a record, in the order in which they mostly come; times after the loss."""


def history(profile: str, data_dir: Path | None, *, as_json: bool) -> Exit:
    """Print what is kept, oldest first."""
    places = Places.of(data_dir)
    try:
        loaded = load_profile(profile, places.config / "profiles")
    except ProfileError as error:
        complain_of(error)
        return Exit.USAGE
    switchovers, broken = History(places, loaded.file).load()
    drills, broken_too = Drills(places, loaded.file).load()
    for fault in (broken, broken_too):
        if fault is not None:
            complain_of(FaultError([fault]))
    past: list[Switchover | DrillRecord] = sorted([*switchovers, *drills], key=lambda one: one.wall)
    if as_json:
        print(json.dumps([_object(one, loaded.namespaces) for one in past], indent=2))
    elif not past:
        print(phrase("history-none", {}))
    else:
        for one in past:
            said = drill_lines(one) if isinstance(one, DrillRecord) else lines(one, loaded.namespaces)
            print("\n".join(said))
    return Exit.DONE


def _object(one: Switchover | DrillRecord, namespaces: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(one, Switchover):
        return {"kind": "switchover", **row(one, namespaces)}
    return {
        "kind": "drill",
        "t": round(one.wall, 3),
        "verdict": one.verdict,
        "home": one.home,
        "stands": one.stands,
        "switches": [row(switchover, namespaces) for switchover in one.switches],
        "report": one.report or None,
        "table": one.table or None,
    }


def drill_lines(drill: DrillRecord) -> list[str]:
    """One drill for a person: how it went, what came back at each switch, and where its report is."""
    said = [
        f"{_time(drill.wall)}  {phrase('history-drill', {'verdict': phrase(f'drill.verdict.{drill.verdict}', {})})}"
    ]
    for one in drill.switches:
        what = "–" if one.comparison is None else in_words(one.comparison)
        said.append(f"    {phrase('drill-came', {'server': one.left, 'other': one.taken, 'what': what})}")
    return [*said, f"    {drill.report}"] if drill.report else said


def _time(wall: float) -> str:
    return datetime.fromtimestamp(wall).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def steps(switchover: Switchover) -> dict[str, float | None]:
    """Seconds from the loss to each step; None for one that has not come, or is not known."""
    times = (
        switchover.channel_at,
        switchover.session_at,
        switchover.active_at,
        switchover.adopted_at,
        switchover.first_value_at,
        switchover.all_values_at,
    )
    lost = switchover.lost_at
    return {name: None if at is None else at - lost for name, at in zip(STEPS, times, strict=True)}


def row(switchover: Switchover, namespaces: Mapping[str, str]) -> dict[str, Any]:
    """One switchover as JSON holds it. A step before the loss, which stood ready, is negative."""
    cause = switchover.cause
    return {
        "t": round(switchover.wall, 3),
        "from": switchover.left,
        "to": switchover.taken,
        "cause": cause.code if isinstance(cause, Problem) else cause,
        "noticed": switchover.noticed,
        "steps_ms": {name: _ms(after) for name, after in steps(switchover).items()},
        "outage_ms": _ms(switchover.outage),
        "blackout_ms": _ms(switchover.blackout),
        "compared": None if switchover.comparison is None else compared(switchover.comparison, namespaces),
    }


def compared(comparison: Comparison, namespaces: Mapping[str, str]) -> dict[str, Any]:
    """What came back, as JSON holds it; by interface, "" for items of none that is known."""
    return {
        "items": comparison.items,
        "back": comparison.back,
        "after_ms": _ms(comparison.after),
        "late": comparison.late,
        "late_after_ms": _ms(comparison.late_after),
        "unsynchronised": dict(comparison.unsynchronised),
        "worse": comparison.worse,
        "missing": dict(comparison.missing),
        "missing_items": [short_item(item, namespaces) for item in comparison.missing_items],
        "awaited": dict(comparison.awaited),
        "waiting": comparison.waiting,
        "whole": comparison.whole,
    }


def in_words(comparison: Comparison) -> str:
    """What came back, in a sentence."""
    said = []
    for remark in remarks(comparison):
        arguments = {
            "of": remark.of,
            "after": _seconds(remark.after),
            "late": remark.late,
            "late_after": _seconds(remark.late_after),
            "names": ", ".join(remark.names),
        }
        said.append(phrase(f"compared.{remark.code}", {**arguments, "number": remark.number}))
    return "; ".join(said)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    whole, _, part = f"{seconds:.2f}".partition(".")
    return phrase("compared.seconds", {"whole": whole, "part": part})


def lines(switchover: Switchover, namespaces: Mapping[str, str]) -> list[str]:
    """One switchover for a person, on two to four lines."""
    time = _time(switchover.wall)
    cause = switchover.cause
    if isinstance(cause, Problem):
        why = phrase(f"reason.{cause.code}", dict(cause.arguments))
    else:
        why = phrase(f"cause.{cause or 'none'}", {})
    noticed = "" if switchover.noticed is None else f" ({phrase(f'noticed.{switchover.noticed}', {})})"
    spans = "".join(
        f"  {phrase(f'history-{name}', {})} {'–' if span is None else f'{span * 1000:.0f} ms'}"
        for name, span in (("outage", switchover.outage), ("blackout", switchover.blackout))
    )
    said = [f"{time}  {switchover.left} → {switchover.taken}  {why}{noticed}{spans}"]
    taken = [
        f"{phrase(f'step.{name}', {})} {after * 1000:.0f} ms"
        for name, after in sorted(steps(switchover).items(), key=lambda step: step[1] or 0.0)
        if after is not None
    ]
    said.append(f"    {', '.join(taken)}")
    if switchover.comparison is not None:
        said.append(f"    {in_words(switchover.comparison)}")
        missing = number_of(switchover.comparison.missing)
        if missing:
            few = ", ".join(short_item(item, namespaces) for item in switchover.comparison.missing_items)
            said.append(f"    {counted('history-missing', missing, {'items': few})}")
    return said


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def short_item(item: str, namespaces: Mapping[str, str]) -> str:
    """An address as the profile's short names write it."""
    try:
        address = parse_address(item, {})
    except AddressError:
        return item
    names: Sequence[str] = [name for name, uri in namespaces.items() if uri == address.namespace]
    if not names:
        return item
    return f"{names[0]}:{'i=' if isinstance(address.identifier, int) else ''}{address.identifier}"
