"""`vizclient drill`: a planned switchover and the way back, measured item by item. A person wants it: it disturbs a building.

The active server is asked by its method Failover, where it has one and the user may call it; else a person switches over by
the server's own means. No item is written. How the pair stands is said at the end, however that comes.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import locale
import logging
import os
import platform
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from vizclient import __version__
from vizclient.exits import Exit
from vizclient.follow.wording import language_of
from vizclient.headless import ready
from vizclient.headless.drill_page import html_of
from vizclient.headless.drill_report import Report, as_json, csv_of
from vizclient.headless.drill_watch import DrillWatch
from vizclient.headless.drill_words import summary
from vizclient.headless.history import in_words
from vizclient.headless.running import complain, complain_of
from vizclient.items.address import OPC_UA_NAMESPACE, Address
from vizclient.items.freshness import Behaviour
from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.items.status import status_name
from vizclient.link.comparer import WITHIN
from vizclient.link.composition import compose
from vizclient.link.drills import DrillRecord, Drills
from vizclient.pages.bundle import Bundle, BundleError, load_bundle
from vizclient.phrases import counted, phrase
from vizclient.places import Places
from vizclient.profiles.model import Profile
from vizclient.redundancy.drill import Counters, Course, Messages, Verdict, Way, judge_messages, verdict
from vizclient.redundancy.model import Server
from vizclient.redundancy.ports import FailoverSession, Offer
from vizclient.redundancy.readiness import Light, Readiness

_CONNECTS_WITHIN = 30.0
_COMES_WITHIN = 60.0
"""Seconds for a server that was asked to hand over, and for the other one to be ready for the way back."""
_SETTLES_WITHIN = 10.0
"""Seconds for messages that wait at the end of a drill."""
_KNOWN_WITHIN = 5.0
"""Seconds for a switch under way to be over, when the drill is broken off."""
_LOOK_AGAIN = 2.0
_COUNTERS = ("Events", "Sent", "Pending")
_VERSION = [Address(OPC_UA_NAMESPACE, number) for number in (2261, 2264, 2265)]
"""ProductName, SoftwareVersion and BuildNumber of BuildInfo (OPC 10000-5, 12.4)."""
_EXITS = {Verdict.PASSED: Exit.DONE, Verdict.RESTRICTED: Exit.RESTRICTED, Verdict.FAILED: Exit.FAILED}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person has asked for. `out`: where the report goes, None: beside the history. `yes`: nobody is to be asked.

    `pages`: ids, none: all. `observe`: seconds for which items are watched before the switch. `wait`: seconds for a person to
    switch over. `language`: of the report.
    """

    out: Path | None = None
    yes: bool = False
    with_return: bool = True
    as_json: bool = False
    pages: tuple[str, ...] = ()
    observe: float = 10.0
    wait: float = 600.0
    language: str = "en"


async def drill(profile: Profile, places: Places, wish: Wish) -> Exit:
    """Play a drill, and report."""
    if profile.bundle_path is None:
        complain("drill-no-bundle", {})
        return Exit.USAGE
    try:
        bundle = load_bundle(profile.bundle_path, profile.namespaces)
    except BundleError as error:
        complain_of(error)
        return Exit.USAGE
    for page in wish.pages:
        if page not in bundle.pages:
            complain("no-such-page", {"page": page, "known": ", ".join(bundle.pages)})
            return Exit.USAGE
    if not wish.yes and not sys.stdin.isatty():
        complain("drill-no-terminal", {})
        return Exit.USAGE
    return await _Drill(profile, places, wish, bundle).play()


class _Drill:
    """One drill from the first look to the report."""

    def __init__(self, profile: Profile, places: Places, wish: Wish, bundle: Bundle) -> None:
        self._profile = profile
        self._places = places
        self._wish = wish
        self._bundle = bundle
        self._out = sys.stderr if wish.as_json else sys.stdout
        self._items: dict[Address, str] = {}
        for page in wish.pages or tuple(bundle.pages):
            for item, address in bundle.addresses(page).items():
                self._items.setdefault(address, item)
        table = profile.interface_table
        self._senders = {
            (interface.name, _folder(address)): address.namespace
            for address in self._items
            if (interface := table.find(address)) is not None and interface.behaviour is Behaviour.ACTIVE_SENDS
        }
        beside = [address for key in self._senders for address in self._counters_of(*key)]
        self._watch = DrillWatch(partial(compose, profile, places), table, self._items, beside)
        self._home: Server | None = None
        self._began: float | None = None  # unix seconds; None until the pair was touched
        self._readiness = Readiness(Light.UNKNOWN)
        self._ways: dict[int, tuple[Way, float | None]] = {}
        self._under_way = False
        self._versions: dict[Server, str] = {}
        self._counted: dict[str, Counters] = {}
        self._messages: tuple[Messages, ...] = ()

    async def play(self) -> Exit:
        _, readiness = await ready.look_at(self._profile, self._places, self._bundle)
        self._readiness = readiness
        if readiness.standby is None:
            complain("no-active-server", {})
            return Exit.NO_ACTIVE
        print("\n".join(ready.lines(readiness)), file=self._out)
        if readiness.light is Light.NOT_READY:
            complain("drill-not-ready", {"server": readiness.standby})
            return Exit.NOT_READY
        self._watch.start()
        try:
            return await self._connected()
        except asyncio.CancelledError:
            await self._break_off()
            raise
        finally:
            await self._watch.close()

    async def _connected(self) -> Exit:
        watch = self._watch
        if not await watch.until(lambda: watch.active is not None, _CONNECTS_WITHIN):
            complain("no-active-server", {})
            return Exit.NO_ACTIVE
        await watch.until(lambda: not watch.waiting and watch.described, _CONNECTS_WITHIN)
        home = watch.active
        if home is None:
            complain("no-active-server", {})
            return Exit.NO_ACTIVE
        offer = await self._offer()
        self._versions[home] = await self._version()
        if not self._wish.yes and not await self._agreed(home, offer):
            complain("drill-refused", {})
            return Exit.REFUSED
        self._home = home
        self._say("drill-observing", number=len(self._items), seconds=f"{self._wish.observe:g}")
        watch.observe()
        await asyncio.sleep(self._wish.observe)
        self._counted = self._count()
        self._began = time.time()
        if await self._switch(home.other) and self._wish.with_return:
            await self._return(home)
        await self._settle_messages()
        return self._finish(broken_off=False)

    async def _agreed(self, home: Server, offer: Offer) -> bool:
        """Ask the person, having said what is going to happen."""
        lacking = {
            interface.name: None
            for interface in map(self._profile.interface_table.find, self._items)
            if interface is not None and interface.behaviour in (Behaviour.UNSYNCHRONISED, Behaviour.MAIN_ONLY)
        }
        said = [phrase(f"drill-will.{offer}", {"server": home, "other": home.other})]
        said.append(
            phrase(
                "drill-will-return" if self._wish.with_return else "drill-will-stay",
                {"server": home, "other": home.other},
            )
        )
        said.append(phrase("drill-will-disturb", {}))
        if lacking:
            said.append(phrase("drill-will-lack", {"names": ", ".join(lacking)}))
        if self._readiness.light is not Light.READY:
            light = phrase(f"ready.light.{self._readiness.light}", {})
            said.append(phrase("drill-will-restricted", {"light": light}))
        print("\n" + "\n".join(f"- {line}" for line in said), file=self._out)
        print(f"{phrase('drill-ask', {'site': self._profile.name})} ", end="", file=self._out, flush=True)
        return (await _line()).strip().casefold() in ("y", "yes")

    # There and back

    async def _switch(self, target: Server) -> bool:
        """Have the pair switch to `target`, and wait until all that comes has come."""
        watch, before = self._watch, len(self._watch.switches)
        way: Way = Way.ITSELF
        asked_at: float | None = None
        await watch.until(lambda: watch.active is not None, _CONNECTS_WITHIN)
        if watch.active is not target:
            self._under_way = True
            way, asked_at = await self._ask_for(target)
            limit = self._wish.wait if way is Way.PERSON else _COMES_WITHIN
            if not await watch.until(lambda: any(one.taken is target for one in watch.switches[before:]), limit):
                self._say("drill-not-come", other=target, seconds=f"{limit:g}")
                return False
        place = max(place for place, one in enumerate(watch.switches) if one.taken is target)
        self._ways[place] = way, asked_at
        self._under_way = False

        def compared() -> bool:
            comparison = watch.switches[place].comparison
            return comparison is not None and comparison.whole

        await watch.until(lambda: compared() or len(watch.switches) > place + 1, WITHIN + 1.0)
        comparison = watch.switches[place].comparison
        what = "–" if comparison is None else in_words(comparison)
        self._say("drill-came", server=target.other, other=target, what=what)
        self._versions[target] = await self._version()
        return True

    async def _ask_for(self, target: Server) -> tuple[Way, float | None]:
        """By the method where that can be, else a person is asked."""
        asked_at = time.perf_counter()
        session = self._watch.site.session
        offer = await self._offer()
        if session is not None and offer is Offer.OFFERED:
            self._say("drill-asks", server=target.other)
            asked_at = time.perf_counter()
            try:
                await cast(FailoverSession, session).fail_over()
            except SessionEnded:
                return Way.METHOD, asked_at  # it went before it answered, as a server may that hands over
            except ServiceFault as fault:
                self._say("drill-method-refused", server=target.other, status=status_name(fault.status))
            else:
                return Way.METHOD, asked_at
        self._say(f"drill-by-hand.{offer}", server=target.other, other=target, seconds=f"{self._wish.wait:g}")
        return Way.PERSON, None

    async def _return(self, home: Server) -> None:
        """The way back, as soon as the server that served before is ready for it."""
        deadline = time.perf_counter() + _COMES_WITHIN
        while self._watch.active is not home:
            _, readiness = await ready.look_at(self._profile, self._places, self._bundle)
            if readiness.standby is home and readiness.light is not Light.NOT_READY:
                break
            if time.perf_counter() >= deadline:
                print("\n".join(ready.lines(readiness)), file=self._out)
                self._say("drill-no-return", other=home)
                return
            await asyncio.sleep(_LOOK_AGAIN)
        await self._switch(home)

    async def _offer(self) -> Offer:
        session = self._watch.site.session
        try:
            return Offer.NONE if session is None else await cast(FailoverSession, session).failover_offer()
        except (SessionEnded, ServiceFault) as error:
            _log.info("whether the server can be asked to fail over is not known: %r", error)
            return Offer.NONE

    async def _version(self) -> str:
        """What the server of the data session says it is."""
        session = self._watch.site.session
        try:
            told = [] if session is None else await session.read(list(enumerate(_VERSION)))
        except (SessionEnded, ServiceFault):
            told = []
        return " ".join(str(one.value) for one in told if isinstance(one.value, str) and one.value)

    # Messages

    def _counters_of(self, interface: str, folder: str) -> list[Address]:
        namespace = self._senders[interface, folder]
        return [Address(namespace, f"{folder}{name}") for name in _COUNTERS]

    def _count(self) -> dict[str, Counters]:
        """What each module that sends has counted by now; those are left out that do not count."""
        found = {}
        for interface, folder in self._senders:
            samples = [self._watch.value(address) for address in self._counters_of(interface, folder)]
            numbers = [None if one is None or one.status else one.value for one in samples]
            if all(isinstance(number, int) for number in numbers):
                found[interface] = Counters(*cast(list[int], numbers))
        return found

    async def _settle_messages(self) -> None:
        before = self._counted
        await self._watch.until(
            lambda: all(
                after.pending <= before[name].pending for name, after in self._count().items() if name in before
            ),
            _SETTLES_WITHIN,
        )
        after = self._count()
        self._messages = tuple(judge_messages(name, before[name], after[name]) for name in before if name in after)

    # The end

    async def _break_off(self) -> None:
        """A person has ended it: where the pair stands is said all the same."""
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()  # else asyncio.timeout works no more in Python 3.11.2 (Debian 12)
        if self._home is None or self._began is None:
            self._say("drill-untouched")
            return
        if self._under_way:
            count = len(self._watch.switches)
            await self._watch.until(lambda: len(self._watch.switches) > count, _KNOWN_WITHIN)
        self._finish(broken_off=True)

    def _finish(self, *, broken_off: bool) -> Exit:
        watch, wish, home = self._watch, self._wish, self._home
        assert home is not None
        assert self._began is not None
        watch.conclude()
        course = Course(
            home,
            watch.active,
            watch.legs(self._ways, self._versions),
            self._messages,
            wish.with_return,
            watch.two_active,
            broken_off,
        )
        report = Report(
            course=course,
            site=self._profile.name,
            profile=str(self._profile.file),
            urls={server: self._profile.server(server).url for server in Server},
            began=self._began,
            ended=time.time(),
            machine=platform.node(),
            system=platform.platform(),
            user=_user(),
            program=f"vizclient {__version__}, Python {platform.python_version()}",
            versions=self._versions,
            readiness=self._readiness,
            seen=tuple(watch.seen),
            items=len(self._items),
            pages=wish.pages,
            observed=wish.observe,
            zone=self._profile.timezone,
        )
        html, table = self._write(report)
        if wish.as_json:
            print(json.dumps(as_json(report, html, table), indent=2, ensure_ascii=False))
        else:
            print("\n".join(summary(report)))
            if html:
                print(phrase("drill-report", {"html": html, "csv": table}))
        if course.moved:
            stands = "drill-stands-unknown" if course.stands is None else "drill-stands"
            complain(stands, {"server": course.stands or "", "home": home})
        elif broken_off:
            self._say("drill-stands-home", server=home)
        return _EXITS.get(verdict(course), Exit.UNKNOWN)

    def _write(self, report: Report) -> tuple[str, str]:
        """Where the report and the table are; "" and a complaint if they could not be written."""
        drills = Drills(self._places, self._profile.file)
        folder = drills.folder if self._wish.out is None else self._wish.out.absolute()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(report.began))
        html, table = (folder / f"drill-{self._profile.file.stem}-{stamp}.{kind}" for kind in ("html", "csv"))
        written = str(html), str(table)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            html.write_text(html_of(report, table.name, self._wish.language), "utf-8")
            table.write_text(csv_of(report), "utf-8", newline="")
        except OSError as error:
            complain("drill-unwritable", {"reason": error})
            written = "", ""
        course = report.course
        switches = tuple(leg.switchover for leg in course.legs)
        record = DrillRecord(report.began, verdict(course), course.home, course.stands, switches, *written)
        if (fault := drills.add(record)) is not None:
            complain(fault.code, fault.arguments)
        return written

    def _say(self, code: str, **arguments: object) -> None:
        number = arguments.pop("number", None)
        said = phrase(code, arguments) if number is None else counted(code, int(str(number)), arguments)
        print(f"{time.strftime('%H:%M:%S')}  {said}", file=self._out, flush=True)


def usual_language() -> str:
    """The language of this computer, if there are words for it, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if said := os.environ.get(name):
            return language_of(said.replace("_", "-"))
    return language_of((locale.getlocale()[0] or "").replace("_", "-"))


def _folder(address: Address) -> str:
    """The identifier up to its last slash."""
    head, slash, _ = str(address.identifier).rpartition("/")
    return head + slash


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # nobody who is known to the system
        return ""


async def _line() -> str:
    """A line of standard input, read in a thread that holds up neither the loop nor the end of the program."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def take(text: str) -> None:
        if not answer.done():
            answer.set_result(text)

    def read() -> None:
        text = os.read(sys.stdin.fileno(), 1024).decode("utf-8", "replace")
        if not loop.is_closed():
            loop.call_soon_threadsafe(take, text)

    threading.Thread(target=read, name="answer", daemon=True).start()
    return await answer
