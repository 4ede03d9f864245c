"""Runs the dialogues in `redundancy/*.toml`: what happens, what `decide` does about it, and what is announced.

A file has phases, each with `events` in order, then what is expected of the phase as a whole: `effects` (all of them but
wake-ups and announcements, in order), `wake` (the last wake-up), `announced` (some fields of the last announcement; false:
there was none). Reports are named: those of `reports.toml`, and a file's own.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from vizclient.redundancy.decide import decide
from vizclient.redundancy.effects import Adopt, Announce, Discard, Effect, Keep, Probe, WakeAt
from vizclient.redundancy.events import (
    Event,
    Lost,
    Probed,
    Reported,
    RetryAsked,
    Slept,
    Started,
    Stopped,
    SwitchAsked,
    Woke,
)
from vizclient.redundancy.model import Connection, Layer, Problem, ProblemKind, Report, Server, Timing
from vizclient.redundancy.state import State

FOLDER = Path(__file__).parent / "redundancy"
REPORTS = Path(__file__).parent / "reports.toml"
FILES = sorted(FOLDER.glob("*.toml"))


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    script = tomllib.loads(path.read_text(encoding="utf-8"))
    reports = tomllib.loads(REPORTS.read_text(encoding="utf-8")) | script.get("reports", {})
    state = State(Timing(**script.get("timing", {})), script.get("may_switch", False))
    dialogue: list[str] = []
    for phase in script["phases"]:
        dialogue.append(f"--- {phase['name']}")
        effects: list[Effect] = []
        for entry in phase["events"]:
            event = _event(entry, reports)
            dialogue.append(f"  > {entry}")
            state, made = decide(state, event)
            dialogue += [f"      {_words(effect)}" for effect in made]
            effects += made
        for failure in _failures(phase, effects):
            pytest.fail(f"{path.name}, phase “{phase['name']}”: {failure}\n" + "\n".join(dialogue), pytrace=False)


def _event(entry: dict[str, Any], reports: dict[str, Any]) -> Event:
    at, luck = float(entry["at"]), float(entry.get("luck", 0.0))
    match entry:
        case {"probed": generation, "server": server, "report": name}:
            report = _report(reports[name], at, Server(server))
            return Probed(at, generation, report, entry.get("held", report.accepted), luck)
        case {"reported": generation, "server": server, "report": name}:
            return Reported(at, generation, _report(reports[name], at, Server(server)), luck)
        case {"lost": generation, "kind": kind}:
            return Lost(at, generation, Problem(ProblemKind(kind), Layer.ACTIVATED), luck)
        case {"slept": gap}:
            return Slept(at, gap, luck)
        case {"switch": server}:
            return SwitchAsked(at, Server(server), luck)
        case {"retry": server}:
            return RetryAsked(at, luck, Server(server))
        case {"happens": what}:
            events: dict[str, type[Started | Woke | RetryAsked | Stopped]]
            events = {"started": Started, "woke": Woke, "retry": RetryAsked, "stopped": Stopped}
            return events[what](at, luck)
    raise ValueError(entry)


def _report(fields: dict[str, Any], at: float, server: Server) -> Report:
    fields = dict(fields)
    layer = Layer[fields.pop("layer", "ACTIVATED")]
    kind = fields.pop("problem", None)
    uri = fields.pop("uri", f"urn:{server}") if layer is Layer.ACTIVATED else ""
    peer_levels = tuple((row[0], row[1]) for row in fields.pop("peer_levels", ()))
    problem = None if kind is None else Problem(ProblemKind(kind), layer)
    return Report(server, at, layer, problem, server_uri=uri, peer_levels=peer_levels, **fields)


def _words(effect: Effect) -> str:
    match effect:
        case Probe():
            return f"probe {effect.server} {effect.generation}" + ("" if effect.session else " tcp")
        case Keep() | Adopt() | Discard():
            return f"{type(effect).__name__.lower()} {effect.generation}"
        case WakeAt():
            return f"wake {effect.at:g}"
        case Announce():
            return f"announce {_summary(effect.connection)}"


def _summary(connection: Connection) -> dict[str, Any]:
    reason = connection.reason
    return {
        "state": str(connection.state),
        "server": str(connection.server or ""),
        "generation": connection.generation,
        "sure": connection.sure,
        "main": str(connection.main.finding.role),
        "backup": str(connection.backup.finding.role),
        "main_source": str(connection.main.finding.source),
        "backup_source": str(connection.backup.finding.source),
        "left": str(connection.left or ""),
        "lost_at": connection.lost_at,
        "since": connection.since,
        "reason": str(reason.kind if isinstance(reason, Problem) else reason or ""),
        "warnings": [str(caution) for caution in connection.warnings],
    }


def _failures(phase: dict[str, Any], effects: list[Effect]) -> list[str]:
    failures = []
    done = [_words(effect) for effect in effects if not isinstance(effect, WakeAt | Announce)]
    if "effects" in phase and done != phase["effects"]:
        failures.append(f"expected {phase['effects']}, got {done}")
    wakes = [effect.at for effect in effects if isinstance(effect, WakeAt)]
    if "wake" in phase and (not wakes or wakes[-1] != pytest.approx(phase["wake"])):
        failures.append(f"expected to wake at {phase['wake']}, got {wakes}")
    told = [_summary(effect.connection) for effect in effects if isinstance(effect, Announce)]
    expected = phase.get("announced")
    if expected is False and told:
        failures.append(f"expected no announcement, got {told}")
    if isinstance(expected, dict):
        if not told:
            failures.append("nothing was announced")
        else:
            failures += [
                f"announced {key} {told[-1][key]!r}, not {value!r}"
                for key, value in expected.items()
                if told[-1][key] != value
            ]
    return failures
