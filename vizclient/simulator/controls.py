"""The controls of a running pair, as typed lines: what they are called, and what they do."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Final

from vizclient.redundancy.model import Server
from vizclient.simulator.pair import Pair, PairError

CONTROLS: Final = """controls, typed while it runs (m and b stand for main and backup):
  kill SERVER             end its process as a power cut would
  restart SERVER          start it again
  freeze SERVER           stop it where it is; thaw SERVER lets it go on
  stop SERVER [SECONDS]   shut it down in order: announced, handed over, ended
  swap                    swap the roles
  cut, heal               the link between the two: cut, both are active
  level SERVER N          make it say ServiceLevel N; "level SERVER" alone: the truth again
  write SERVER ITEM VALUE give an item a value, as the plant would
  speak SERVER INTERFACE… point the field systems of these interfaces, which talk to one server alone, at SERVER
  fail NAME, mend NAME    a foreign OPC DA server: PLANT-DA1 or PLANT-DA2
  clock SERVER SECONDS    put its clock ahead
  status                  how both stand
  help, quit"""


def obey(pair: Pair, line: str) -> str | None:
    """Carry out one typed line; the answer, or None for the end."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        return str(error)
    match words:
        case []:
            return ""
        case ["quit" | "exit" | "q"]:
            return None
        case ["help" | "?"]:
            return CONTROLS
        case ["status"]:
            return _status(pair)
        case ["swap"]:
            return _done(pair, pair.swap)
        case ["cut"]:
            pair.cut_link()
        case ["heal"]:
            pair.heal_link()
        case ["fail" | "mend" as action, name]:
            return _done(pair, lambda: pair.foreign(name, failed=action == "fail"))
        case [action, name, *rest] if (server := _server(name)) is not None:
            return _obey_for(pair, action, server, rest)
        case _:
            return f"not understood: {line.strip()} (type help)"
    return "done"


def _obey_for(pair: Pair, action: str, server: Server, rest: list[str]) -> str:
    match action, rest:
        case "kill", []:
            pair.kill(server)
        case "restart", []:
            pair.restart(server)
        case "freeze", []:
            pair.freeze(server)
        case "thaw", []:
            pair.thaw(server)
        case "stop", [] | [_]:
            seconds = _number(rest[0]) if rest else 1.0
            return "not a number" if seconds is None else _done(pair, lambda: pair.stop_gracefully(server, seconds))
        case "level", []:
            return _done(pair, lambda: pair.set(server, level=None))
        case "level", [text] if text.isdecimal() and int(text) <= 255:
            return _done(pair, lambda: pair.set(server, level=int(text)))
        case "speak", [_, *_]:
            return _done(pair, lambda: pair.speak(server, *rest))
        case "clock", [text] if (ahead := _number(text)) is not None:
            return _done(pair, lambda: pair.set(server, clock=ahead))
        case "write", [item, text]:
            return _done(pair, lambda: pair.write_item(server, item, _value(text)))
        case _:
            return f"not understood: {' '.join([action, server, *rest])} (type help)"
    return "done"


def _done(pair: Pair, command: Callable[[], int]) -> str:
    try:
        pair.wait_done(command(), timeout=3.0)
    except PairError as error:
        return str(error).partition("\n")[0]
    return "done"


def _server(name: str) -> Server | None:
    return {"m": Server.MAIN, "b": Server.BACKUP, "main": Server.MAIN, "backup": Server.BACKUP}.get(name)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _value(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    number = _number(text)
    if number is None:
        return text
    return int(text) if text.lstrip("-").isdecimal() else number


def _status(pair: Pair) -> str:
    lines = []
    for server, status in pair.status().items():
        if not status.running:
            state = "not running"
        elif status.frozen:
            state = "frozen"
        elif not status.ready:
            state = "starting"
        else:
            peer = (
                "link cut"
                if status.cut
                else "peer ready"
                if status.peer_ready
                else "peer heard"
                if status.peer
                else "alone"
            )
            sessions = "1 session" if status.sessions == 1 else f"{status.sessions} sessions"
            state = f"{status.role}, ServiceLevel {status.level}, {peer}, {sessions}"
        lines.append(f"{server:<7}{pair.url(server)}  {state}")
    return "\n".join(lines)
