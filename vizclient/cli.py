"""The commands. Each is imported only when it is chosen; the window's only where PySide6 is."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vizclient import __version__, machine
from vizclient.exits import HELP, Exit
from vizclient.phrases import phrase

_Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code (see `exits`)."""
    machine.ensure_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    parsed = _parser(with_sim="sim" in given).parse_args(given)
    command: _Command = parsed.command
    try:
        return int(command(parsed))
    except KeyboardInterrupt:
        return Exit.UNKNOWN
    except Exception as error:  # noqa: BLE001 - whatever it is, it is logged and said where
        return _internal_error(error, parsed.data_dir)


def _internal_error(error: Exception, data_dir: Path | None) -> Exit:
    from vizclient.logs import Log  # noqa: PLC0415 - only when it is needed
    from vizclient.places import Places  # noqa: PLC0415

    places = Places.of(data_dir)
    with Log("command", places.logs) as log:
        logging.getLogger(__name__).error("the command failed", exc_info=error)
        print(f"vizclient: {phrase('internal-error', {'log': log.path or places.logs})}", file=sys.stderr)
    return Exit.INTERNAL


def _parser(*, with_sim: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vizclient",
        description="Visualization for building management servers that run as a main/backup pair (OPC UA).",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vizclient {__version__}")
    _add_data_dir(parser, None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _add(commands, "run", "open the window on a pair of servers", _run)
    _add_profile(run)
    run.add_argument("--bundle", metavar="B", type=Path, help="folder or .vizbundle, in place of the profile's")
    run.add_argument("--page", metavar="ID", help="the page to begin with, in place of the last or the start page")
    _add_trace(run)
    _add_theme(run)

    shot = _add(commands, "shot", "make a picture of a page with live values, without a display", _shot)
    _add_profile(shot)
    shot.add_argument("--bundle", metavar="B", type=Path, help="folder or .vizbundle, in place of the profile's")
    shot.add_argument("--page", metavar="ID", required=True, help="the page")
    shot.add_argument("--out", metavar="FILE.png", type=Path, required=True, help="the picture")
    shot.add_argument(
        "--after", metavar="S", type=_seconds, help="take it after so many seconds (default: when all values are there)"
    )
    shot.add_argument("--size", metavar="WxH", type=_size, help="in logical pixels (default: the page's own)")
    shot.add_argument("--scale", metavar="X", type=_scale, default=1.0, help="device pixels per logical pixel (1)")
    _add_theme(shot)

    demo = _add(commands, "demo", "a simulated building on a main/backup pair, and the window on it", _demo)
    demo.add_argument(
        "--standby", choices=("closed", "reject", "passive"), default="closed", help="how the standby treats clients"
    )
    demo.add_argument("--items", metavar="N", type=int, default=0, help="so many plain items more, up to 50000")
    _add_trace(demo)
    _add_theme(demo)

    probe = _add(commands, "probe", "ask both servers what they are", _probe)
    _add_profile(probe)
    probe.add_argument("--json", action="store_true", help="one JSON object: main and backup")

    ready = _add(
        commands, "ready", "say whether the standby could take over if the active server failed now", _ready, READY_HELP
    )
    _add_profile(ready)
    ready.add_argument("--json", action="store_true", help="one JSON object, see below")
    ready.add_argument(
        "--again",
        action="store_true",
        help="show a password that was refused once more; another server than before is meant",
    )

    watch = _add(commands, "watch", "print items as they change", _watch, WATCH_HELP)
    _add_profile(watch)
    watch.add_argument(
        "items", metavar="ITEM", nargs="+", help="short:identifier, short:i=123, or nsu=URI;s=identifier"
    )
    watch.add_argument("--json", action="store_true", help="one JSON object a line, see below")
    watch.add_argument("--seconds", metavar="N", type=_seconds, help="end after so many (default: at Ctrl-C)")

    write = _add(commands, "write", "write one value, once, and say what became of it", _write, WRITE_HELP)
    _add_profile(write)
    write.add_argument("item", metavar="ITEM", help="short:identifier, short:i=123, or nsu=URI;s=identifier")
    write.add_argument("value", metavar="VALUE", help="as the item's data type wants it, see below")
    write.add_argument(
        "--readback",
        choices=("same", "none"),
        default="same",
        help="same: done when the item reads back as written; none: when the server says Good (default: same)",
    )

    follow = _add(commands, "follow", "tell browsers and other clients which server is active", _follow, FOLLOW_HELP)
    _add_profile(follow)
    follow.add_argument(
        "--haproxy-config", action="store_true", help="print a configuration for the ports of the profile, and end"
    )

    drill = _add(commands, "drill", "a planned switchover and the way back, measured item by item", _drill, DRILL_HELP)
    _add_profile(drill)
    drill.add_argument("--out", metavar="DIR", type=Path, help="the folder of the report (default: beside the history)")
    drill.add_argument("--yes", action="store_true", help="do not ask: a drill disturbs the building")
    drill.add_argument(
        "--return", dest="with_return", action=argparse.BooleanOptionalAction, default=True, help="switch back again"
    )
    drill.add_argument(
        "--page", dest="pages", metavar="ID", action="append", help="items of this page, and of others named so (all)"
    )
    drill.add_argument(
        "--observe",
        metavar="S",
        type=_seconds,
        default=10.0,
        help="watch the items for so long before, to see how they move by themselves (10)",
    )
    drill.add_argument(
        "--wait",
        metavar="S",
        type=_seconds,
        default=600.0,
        help="for a person to switch over, where that is needed (600)",
    )
    drill.add_argument("--language", choices=("en", "de"), help="of the report (default: this computer's)")
    drill.add_argument("--json", action="store_true", help="one JSON object, see below")

    history = _add(
        commands,
        "history",
        "the switchovers that the window of a profile has seen, and its drills",
        _history,
        HISTORY_HELP,
    )
    _add_profile(history)
    history.add_argument("--json", action="store_true", help="one JSON array, oldest first, see below")

    interfaces = _add(
        commands, "interfaces", "what a switchover means for each interface and module", _interfaces, INTERFACES_HELP
    )
    interfaces.add_argument(
        "--profile",
        metavar="F",
        help="with the rows of this profile and the items of its pages; as for the other commands",
    )
    interfaces.add_argument("--json", action="store_true", help="one JSON object, see below")

    secret = _add(commands, "secret", "the passwords of the users that a profile names", _secret, SECRET_HELP)
    verbs = secret.add_subparsers(title="commands", metavar="VERB", required=True)
    for verb, what in (
        ("set", "ask for a password, and keep it in the keyring"),
        ("check", "find the password, and show it to its server once"),
        ("remove", "take the password out of the keyring"),
    ):
        one = _add(verbs, verb, what, _secret, SECRET_HELP)
        one.set_defaults(verb=verb)
        _add_profile(one)
        one.add_argument("--server", choices=("main", "backup"), help="of this server alone (default: of both)")

    profile = _add(commands, "profile", "work on profiles", _profile_new)
    verbs = profile.add_subparsers(title="commands", metavar="VERB", required=True)
    new = _add(
        verbs, "new", "ask a server about itself and its pair, and write a profile", _profile_new, PROFILE_NEW_HELP
    )
    new.add_argument(
        "--from", dest="server", metavar="URL", required=True, help="opc.tcp://host:port of a server, best the main one"
    )
    new.add_argument("--out", metavar="FILE", type=Path, help="the file (default: NAME.toml among the configuration's)")
    new.add_argument("--name", metavar="NAME", help="what the site is called (default: what the server is called)")
    new.add_argument("--insecure", action="store_true", help="without security, if the server offers that")

    sheet = _add(commands, "contact-sheet", "a picture of all symbols in all states of freshness", _contact_sheet)
    sheet.add_argument("--out", metavar="FILE.png", type=Path, required=True, help="the picture")
    sheet.add_argument("--grey", action="store_true", help="without colour")
    sheet.add_argument("--scale", metavar="X", type=_scale, default=1.0, help="device pixels per logical pixel (1)")
    _add_theme(sheet)

    pages = _add(commands, "pages", "work on bundles of pages", _seal)
    verbs = pages.add_subparsers(title="commands", metavar="VERB", required=True)
    sealing = _add(verbs, "seal", "write the hashes of an edited bundle anew, and check that it can be used", _seal)
    sealing.add_argument("folder", metavar="FOLDER", type=Path, help="the bundle, unpacked")

    sim = _add(commands, "sim", "a main/backup pair of simulated servers", _sim)
    if with_sim:
        from vizclient.simulator.command import add_arguments  # noqa: PLC0415

        add_arguments(sim)
    return parser


WATCH_HELP = (
    """JSON lines:
  {"t", "kind": "value", "item", "value", "status", "freshness", "server", "source_t"}
      for each change of value or freshness; t and source_t in unix seconds, status by its
      standard name, server "main" or "backup", item as it was given
  {"t", "kind": "connection", "state", "server", "reason"}
      for each change of the connection
freshness: live, uncertain, bad, held, stale, unsynchronised, missing, never
values: numbers as numbers, Int64 and UInt64 too; a Float with no more digits than tell it from
  the next; NaN, Infinity and -Infinity as strings;
  ByteString as {"base64": "..."}; DateTime as a string, ISO 8601 in UTC with Z; arrays as
  arrays; no value as null

"""
    + HELP
)
FOLLOW_HELP = (
    """Runs until it is ended, without a window, as a service too. What the profile says is served:
  [follow] health   HTTP: /main, /backup, /active answer 200 or 503, with an account in JSON
  [follow] agent    HAProxy's agent-check, asked with agent-send "main\\n" or "backup\\n"
  [follow] hook     a program and its arguments, run whenever another server has become active;
                    in its environment VIZCLIENT_NEW, _OLD (main or backup; at the start there is
                    no old one), _CAUSE, and _NEW_URL, _NEW_HOST, _NEW_WEB, the same with _OLD_
  [web]             a page that holds the active server's web visualization and moves with it

"""
    + HELP
)
READY_HELP = (
    """Exits with 0 (ready), 10 (ready, with restrictions), 11 (not ready), 7 (not known: it cannot be checked
all, and no session has shown the rest in the last 30 days) or 3 (no server is active).
JSON:
  {"light", "active", "standby", "checks": [{"check", "verdict", "case", "server", "what", "to_do",
   "details", "seen"}]}
      light: ready, restricted, not-ready, unknown; check: reachable, role, synchronisation, identity,
      certificate, own-certificate, credentials, clock, namespaces, items, interfaces, pages, each
      once; verdict: fine, by-design, unchecked, restricted, blocked; what and to_do are for people;
      seen: when an earlier session showed it (unix seconds), null: just now
Each server is asked in one short session. A password that was refused is held back for ten minutes,
then ever longer, up to a day; a person says --again when it was mended.

"""
    + HELP
)
DRILL_HELP = (
    """Asks whether it may begin, having said what will happen. The active server is asked by its method Failover,
where it has one and the profile's user may call it; else a person switches over by the servers' own means. A pair that
is not ready to take over is left alone (11). Nothing is written to any item. Ctrl-C ends it, and says how the pair stands.
Measured for each item: how long it was not live, its value before and after, what became of it. Messages are counted
where a module that only the active server sends by has items Events, Sent and Pending.
Exits with 0 (passed), 10 (passed, with restrictions), 12 (failed: no switch, no way back, nothing back) or 7 (broken off).
JSON:
  {"verdict", "t", "until", "home", "stands", "items", "faults": {FAULT: number}, "legs": [{"from", "to", "way",
   "noticed_ms", "steps_ms", "outage_ms", "blackout_ms", "compared", "differing": [item]}], "messages":
   [{"interface", "events", "sent", "doubled", "unsent"}], "report", "table"}
      home, stands: the server that served before and at the end; way: method, person, itself; steps_ms to
      compared: as in history; report, table: the files of the HTML and of the CSV
CSV (RFC 4180), a line for each item of each switch: leg, from, to, item, interface, behaviour, outcome (back,
  unsynchronised, worse, missing, waiting), outage_ms (loss to first trustworthy value), blackout_ms (the same, from
  found active), gap_ms (last value received before to first after), made_late (1: the new server had to make it),
  value_before, status_before, value_after, status_after, unit, agreement (same, within, moving, differs,
  not-compared), difference, tolerance

"""
    + HELP
)
HISTORY_HELP = (
    """JSON, an object for each switchover or reconnection that the window saw, and for each drill, "kind" says which;
oldest first. "kind": "switchover":
  "t" (unix seconds of the loss), "from" and "to" ("main" or "backup"), "cause", "noticed" (by
  reset, session-ended, watchdog, undecodable, role, peer, operator, sleep, local),
  "steps_ms" after the loss: channel, session, active, decided, first_value, all_values (negative
  for what stood ready before), "outage_ms" (loss to all values of the page), "blackout_ms" (found
  active to all values), "compared" (null before it is known): of the items on screen that were
  there before: "items", of these "back" as trustworthy as before, "after_ms" of the loss, "late"
  of them made first by the new server, "late_after_ms"; by interface "unsynchronised", "missing"
  (with the first few "missing_items") and "awaited"; "worse" (bad or uncertain, unlike before),
  "waiting" (nothing has come), "whole" (no more is counted)
"kind": "drill":
  "t", "verdict" (passed, restricted, failed, broken-off), "home", "stands" (the server that served
  before and at the end), "switches" (as above), "report" and "table" (files)
The last 200 switchovers and 50 drills are kept.

"""
    + HELP
)
INTERFACES_HELP = (
    """JSON:
  {"interfaces": [{"name", "relevant", "possible", "behaviour", "note", "items"}]}
      relevant: whether keeping main and backup in step makes sense; possible: yes, no, untested,
      planned, on-request; items: those of the profile's pages, as they are written there
behaviour: synchronised (values are carried over), unsynchronised (they are not), main-only (the
  field talks to the main server alone), independent (each server reads the field), foreign-backup
  (carried over, and foreign servers have a backup), active-only (items exist on the active server
  alone), active-sends (carried over, only the active server sends)
An item belongs to the first row with a pattern that fits it, the profile's rows first. No server is
asked: that a node itself names its interface is seen by the window, not here.

"""
    + HELP
)
SECRET_HELP = (
    """A password is typed without being shown, or comes through a pipe as one line; never in an argument,
which others can see. It is kept in the keyring of the desktop (Secret Service, KWallet, Windows,
macOS), for its user at the address of its server. A service has it from systemd instead, which is
looked at first: LoadCredential=vizclient.password:FILE, or vizclient.main.password and
vizclient.backup.password. A password that a server refuses is held back for
ten minutes, then ever longer, up to a day; check shows it at once.

"""
    + HELP
)
PROFILE_NEW_HELP = (
    """The server is asked what it offers, which other server belongs to it, and for its namespaces;
no other is connected to. An existing file is never overwritten. 8 means that the peer's address
was not found: the file says what to fill in.

"""
    + HELP
)
WRITE_HELP = (
    """VALUE, whatever the language of this machine:
  Boolean true, false, 1, 0, on, off; integers 12, -7, 0x1F or the name of an enumeration's
  value; Float and Double 21.5, 1e3; String as it is; ByteString in base64; DateTime as
  ISO 8601 with Z or an offset; arrays as JSON: [1, 2, 3]
The value must be within the item's EURange. Nothing is repeated: 7 means check, then decide.

"""
    + HELP
)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    command: _Command,
    epilog: str = HELP,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=command)
    _add_data_dir(parser, argparse.SUPPRESS)
    return parser


def _add_data_dir(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        default=default,
        help="keep configuration, state, cache, logs and certificates below DIR",
    )


def _add_profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", metavar="F", required=True, help="a file, or the name of one in the configuration")


def _add_theme(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--theme", choices=("light", "dark"), help="(default: light)")


def _add_trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trace-display", metavar="FILE", type=Path, help="append a JSON line for every symbol painted differently"
    )
    parser.add_argument(
        "--trace-resources",
        metavar="FILE",
        type=Path,
        help="append a JSON line, four a second, of what the window and its link process hold of the machine",
    )


def _seconds(text: str) -> float:
    return _number(text, 0, 1e9, "seconds, 0 or more")


def _scale(text: str) -> float:
    return _number(text, 0.25, 8, "a number from 0.25 to 8")


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text} is not {what}")
    return number


def _size(text: str) -> tuple[int, int]:
    width, separator, height = text.lower().partition("x")
    if not separator or not width.isdecimal() or not height.isdecimal():
        raise argparse.ArgumentTypeError("WIDTHxHEIGHT, as in 1920x1080")
    size = int(width), int(height)
    if not all(16 <= length <= 16_384 for length in size):
        raise argparse.ArgumentTypeError("from 16x16 to 16384x16384")
    return size


def _probe(arguments: argparse.Namespace) -> int:
    from vizclient.headless.probe import probe  # noqa: PLC0415
    from vizclient.headless.running import run_headless  # noqa: PLC0415

    return run_headless(
        "probe",
        arguments.profile,
        arguments.data_dir,
        lambda profile, places: probe(profile, places, as_json=arguments.json),
        stopped=Exit.UNKNOWN,
    )


def _ready(arguments: argparse.Namespace) -> int:
    from vizclient.headless.ready import ready  # noqa: PLC0415
    from vizclient.headless.running import run_headless  # noqa: PLC0415

    return run_headless(
        "ready",
        arguments.profile,
        arguments.data_dir,
        lambda profile, places: ready(profile, places, again=arguments.again, as_json=arguments.json),
        stopped=Exit.UNKNOWN,
    )


def _watch(arguments: argparse.Namespace) -> int:
    from vizclient.headless.running import run_headless  # noqa: PLC0415
    from vizclient.headless.watch import watch  # noqa: PLC0415

    return run_headless(
        "watch",
        arguments.profile,
        arguments.data_dir,
        lambda profile, places: watch(
            profile, places, arguments.items, as_json=arguments.json, seconds=arguments.seconds
        ),
        stopped=Exit.DONE,
    )


def _write(arguments: argparse.Namespace) -> int:
    from vizclient.headless.running import run_headless  # noqa: PLC0415
    from vizclient.headless.write import write  # noqa: PLC0415
    from vizclient.items.writing import Readback, ReadbackKind  # noqa: PLC0415

    readback = Readback(ReadbackKind(arguments.readback))
    return run_headless(
        "write",
        arguments.profile,
        arguments.data_dir,
        lambda profile, places: write(profile, places, arguments.item, arguments.value, readback=readback),
        stopped=Exit.UNKNOWN,
    )


def _follow(arguments: argparse.Namespace) -> int:
    from vizclient.headless.follow import follow, haproxy_config  # noqa: PLC0415
    from vizclient.headless.running import run_headless  # noqa: PLC0415

    if arguments.haproxy_config:
        return haproxy_config(arguments.profile, arguments.data_dir)
    return run_headless("follow", arguments.profile, arguments.data_dir, follow, stopped=Exit.DONE)


def _drill(arguments: argparse.Namespace) -> int:
    from vizclient.headless.drill import Wish, drill, usual_language  # noqa: PLC0415
    from vizclient.headless.running import run_headless  # noqa: PLC0415

    wish = Wish(
        out=arguments.out,
        yes=arguments.yes,
        with_return=arguments.with_return,
        as_json=arguments.json,
        pages=tuple(arguments.pages or ()),
        observe=arguments.observe,
        wait=arguments.wait,
        language=arguments.language or usual_language(),
    )
    return run_headless(
        "drill",
        arguments.profile,
        arguments.data_dir,
        lambda profile, places: drill(profile, places, wish),
        stopped=Exit.UNKNOWN,
    )


def _history(arguments: argparse.Namespace) -> int:
    from vizclient.headless.history import history  # noqa: PLC0415

    return history(arguments.profile, arguments.data_dir, as_json=arguments.json)


def _interfaces(arguments: argparse.Namespace) -> int:
    from vizclient.headless.interfaces import interfaces  # noqa: PLC0415

    return interfaces(arguments.profile, arguments.data_dir, as_json=arguments.json)


def _secret(arguments: argparse.Namespace) -> int:
    from vizclient.headless.secret import check_password, remove_password, set_password  # noqa: PLC0415
    from vizclient.redundancy.model import Server  # noqa: PLC0415

    server = None if arguments.server is None else Server(arguments.server)
    act = {"set": set_password, "check": check_password, "remove": remove_password}[arguments.verb]
    return act(arguments.profile, arguments.data_dir, server)


def _profile_new(arguments: argparse.Namespace) -> int:
    from vizclient.headless.profile_new import new_profile  # noqa: PLC0415

    return new_profile(
        arguments.server,
        arguments.data_dir,
        out=arguments.out,
        name=arguments.name,
        insecure=arguments.insecure,
    )


def _seal(arguments: argparse.Namespace) -> int:
    from vizclient.headless.seal import seal_bundle  # noqa: PLC0415

    return seal_bundle(arguments.folder)


def _sim(arguments: argparse.Namespace) -> int:
    from vizclient.simulator.command import run  # noqa: PLC0415

    return int(run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    return _window("ui.start", arguments)


def _shot(arguments: argparse.Namespace) -> int:
    return _window("ui.shot", arguments)


def _demo(arguments: argparse.Namespace) -> int:
    return _window("ui.demo", arguments)


def _contact_sheet(arguments: argparse.Namespace) -> int:
    return _window("ui.symbols.sheet", arguments)


def _window(module: str, arguments: argparse.Namespace) -> int:
    """Run a command of the wing with a screen, which may not be installed."""
    try:
        command: _Command = importlib.import_module(module).run
        return command(arguments)
    except ImportError as error:
        if not _is_about_qt(error):
            raise
        print(f"vizclient: {phrase('no-window', {'reason': error})}", file=sys.stderr)
        return Exit.USAGE


def _is_about_qt(error: ImportError) -> bool:
    """PySide6 is not there, or a library of the system that it needs."""
    package = (error.name or "").partition(".")[0]
    return package in ("PySide6", "shiboken6", "qasync") or "PySide6" in (error.path or "") or ".so" in error.msg
