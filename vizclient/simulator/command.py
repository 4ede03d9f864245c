"""`vizclient sim`: the pair in the foreground, with its controls on standard input."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final, TextIO

from vizclient.exits import Exit
from vizclient.places import Places
from vizclient.redundancy.model import Server
from vizclient.resources import resource_path
from vizclient.simulator.controls import CONTROLS, obey
from vizclient.simulator.demo import demo_profile
from vizclient.simulator.interfaces import MAIN_ONLY
from vizclient.simulator.options import ANNOUNCEMENTS, STANDBY_KINDS, SUPPORTS, Options
from vizclient.simulator.pair import Pair, PairError
from vizclient.simulator.server_process import Event

_FORMAT: Final = argparse.RawDescriptionHelpFormatter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `vizclient sim`."""
    parser.formatter_class = _FORMAT
    parser.epilog = f"{CONTROLS}\n\n{parser.epilog or ''}".rstrip()
    default = Options()
    what = parser.add_argument_group("what there is")
    what.add_argument("--items", metavar="N", type=int, default=0, help="so many plain items more, up to 50000")
    what.add_argument(
        "--change-rate", metavar="N", type=float, default=-1.0,
        help="changes of plain items a second (default: a tenth of their number)",
    )  # fmt: skip
    what.add_argument("--burst", metavar="MS", type=int, default=0, help="make those changes all at once, every MS")
    what.add_argument("--seed", metavar="N", type=int, default=default.seed, help="of what chance does (default: 1)")
    roles = parser.add_argument_group("roles")
    roles.add_argument(
        "--standby", choices=STANDBY_KINDS, default=default.standby,
        help="closed: its port is shut; reject: it refuses sessions; passive: it takes them and shows frozen values",
    )  # fmt: skip
    roles.add_argument(
        "--announce", choices=ANNOUNCEMENTS, default=default.announce,
        help="where a server tells its role: Mode of its ServerRedundancy object, ServiceLevel, both, the item System/Role, "
        "or nowhere",
    )  # fmt: skip
    roles.add_argument("--support", choices=SUPPORTS, default=default.support, help="RedundancySupport (default: warm)")
    roles.add_argument(
        "--alone-level", metavar="N", type=int, default=default.alone_level,
        help="ServiceLevel of an active server whose peer cannot take over (default: 255; the standard: below 200)",
    )  # fmt: skip
    roles.add_argument("--stay", action="store_true", help="no way back to the main by itself")
    roles.add_argument("--ghost", action="store_true", help="a server that was frozen still answers for a moment")
    roles.add_argument("--heartbeat", metavar="MS", type=int, default=default.heartbeat, help="(default: 100)")
    roles.add_argument(
        "--dead-after",
        metavar="MS",
        type=int,
        default=default.dead_after,
        help="silence that means dead (default: 300)",
    )
    roles.add_argument(
        "--return-delay", metavar="MS", type=int, default=default.return_delay,
        help="from when the main is up to date to when it takes over again (default: 1000)",
    )  # fmt: skip
    roles.add_argument(
        "--grace", metavar="MS", type=int, default=default.grace,
        help="how long a backup that starts alone waits for the main (default: 3000)",
    )  # fmt: skip
    net = parser.add_argument_group("network and security")
    net.add_argument("--host", default=default.host, help="address to listen on (default: 127.0.0.1)")
    for name in ("main", "backup", "link"):
        net.add_argument(f"--{name}-port", metavar="PORT", type=int, default=0, help="(default: a free one)")
    for name, what_of in (("web", "web visualization"), ("manager", "Web Manager")):
        for server in Server:
            net.add_argument(
                f"--{server}-{name}-port", metavar="PORT", type=int, default=0,
                help=f"of its {what_of}; -1 for none (default: a free one)",
            )  # fmt: skip
    net.add_argument("--advertise", metavar="HOST", default="", help="a host name for endpoints to return")
    for name, what_of in (("sessions", "sessions at a time"), ("items", "monitored items of one call")):
        net.add_argument(
            f"--max-{name}", metavar="N", type=int, default=0, help=f"most {what_of} (default: any number)"
        )
    net.add_argument("--trust", metavar="DIR", default="", help="take only the client certificates in DIR")
    net.add_argument("--reject-certificates", action="store_true", help="refuse every client certificate")
    net.add_argument(
        "--user", dest="users", metavar="NAME:PASSWORD", action="append", type=_user, default=[],
        help="let only users in; may be given several times",
    )  # fmt: skip
    net.add_argument(
        "--backup-user", dest="backup_users", metavar="NAME:PASSWORD", action="append", type=_user,
        help="the backup has these users instead",
    )  # fmt: skip
    net.add_argument(
        "--failover-user", dest="failover_users", metavar="NAME", action="append",
        help="only these users may call the method Failover",
    )  # fmt: skip
    for name in ("main", "backup"):
        net.add_argument(
            f"--{name}-clock",
            metavar="SECONDS",
            type=float,
            default=0.0,
            help=f"the clock of the {name} is ahead by this",
        )
    net.add_argument(
        "--expired-certificate", metavar="SERVER", action="append", default=[], choices=[server.value for server in Server],
        help="the certificate of this server, main or backup, has expired",
    )  # fmt: skip
    pages = str(resource_path("demo", "bundle"))
    what.add_argument(
        "--bundle", metavar="PATH", default=pages, help="the pages that the servers hold (default: the demo's)"
    )
    what.add_argument("--backup-bundle", metavar="PATH", default="", help="other pages on the backup")
    fields = parser.add_argument_group("fields")
    fields.add_argument(
        "--speaks-to-backup", metavar="INTERFACE", action="append", default=[], choices=MAIN_ONLY,
        help=f"point the field system of an interface at the backup: {', '.join(MAIN_ONLY)}",
    )  # fmt: skip
    fields.add_argument(
        "--field-delay", metavar="MS", type=int, default=default.field_delay,
        help="from the start of a server to when such a system talks to it (default: 2000)",
    )  # fmt: skip
    fields.add_argument(
        "--metering-delay", metavar="MS", type=int, default=default.metering_delay,
        help="from when a server turns active to when metering appears there (default: 700)",
    )  # fmt: skip
    fields.add_argument(
        "--smtp", metavar="HOST:PORT", default="", help="send messages to this mail server (default: none are sent)"
    )
    files = parser.add_argument_group("files")
    files.add_argument("--write-profile", metavar="FILE", type=Path, help="write a profile for this pair")
    files.add_argument("--audit", metavar="DIR", default="", help="log there what each server held and when")
    files.add_argument("--verbose", action="store_true", help="more in the servers' own logs")


def run(arguments: argparse.Namespace) -> int:
    """Run the pair until `quit`, Ctrl-C or SIGTERM."""
    data_dir = Places.of(arguments.data_dir).state / "simulator"
    names = {name for name in Options.__dataclass_fields__ if name != "data_dir"}
    for name in ("users", "backup_users"):
        if (given := getattr(arguments, name)) is not None:
            setattr(arguments, name, dict(given))
    try:
        options = Options(
            **{name: value for name, value in vars(arguments).items() if name in names}, data_dir=str(data_dir)
        )
    except ValueError as error:
        _say(f"vizclient sim: {error}", sys.stderr)
        return Exit.USAGE
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Pair(options, on_event=_report) as pair:
            pair.start()
            for server, url in pair.urls.items():
                _say(f"{server:<7}{url}")
                for name, address in (
                    ("web visualization", pair.web_url(server)),
                    ("Web Manager", pair.manager_url(server)),
                ):
                    if address is not None:
                        _say(f"       {name} {address}")
            if arguments.write_profile is not None:
                arguments.write_profile.write_text(demo_profile(pair), encoding="utf-8")
                _say(f"profile {arguments.write_profile}")
            _say("type help for the controls, quit to end")
            _obey_lines(pair)
    except KeyboardInterrupt:
        return Exit.DONE
    except (PairError, OSError) as error:
        _say(f"vizclient sim: {error}", sys.stderr)
        return Exit.INTERNAL
    return Exit.DONE


def _obey_lines(pair: Pair) -> None:
    for line in sys.stdin:
        answer = obey(pair, line)
        if answer is None:
            return
        if answer:
            _say(answer)
    threading.Event().wait()  # started without a terminal: until a signal


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:PASSWORD")
    return name, password


def _report(event: Event) -> None:
    match event["event"]:
        case "role":
            text = f"is {event['role']} ({event['reason']})"
        case "exited":
            text = f"has ended (code {event['code']})"
        case "ready":
            text = "runs"
        case _:
            return
    clock = time.strftime("%H:%M:%S", time.localtime(event["t"])) + f".{int(event['t'] % 1 * 1000):03}"
    _say(f"{clock} {event['server']} {text}")


_speaking = threading.Lock()


def _say(text: str, out: TextIO | None = None) -> None:
    with _speaking:
        out = out or sys.stdout
        out.write(text + "\n")
        out.flush()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
