"""Every text that a person reads in the window: a code and arguments become a sentence in the operator's language.

English stands here, and in `vizclient.phrases` where a command says the same; the other languages in `resources/translations/LANGUAGE.json`, code by
code. Arguments come already formatted. Knows no widget and no locale of numbers.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Self

from vizclient.faults import Fault
from vizclient.phrases import (
    ADDRESS,
    BUNDLE,
    COMPARISON,
    DRILL,
    INTERFACE,
    LANDING,
    LINK,
    READINESS,
    SERVER,
    STATE_FILES,
    WRITING,
)
from vizclient.resources import resource_path

log = logging.getLogger(__name__)

LANGUAGES = ("en", "de")
PSEUDO = "x-pseudo"
"""English made 40 % longer and marked with accents: shows what would be clipped, and what was never translated."""

_FIELD = re.compile(r"(\{[a-z_]+\})")
_ACCENTS = str.maketrans("AEIOUaeiouyn", "ÀÉÎÖÛàéîöûýñ")


class Words:
    """The words of one language. What a language lacks is said in English; an unknown code is logged and shown as it is."""

    def __init__(self, language: str, templates: Mapping[str, str]) -> None:
        self.language = language
        self._templates = templates

    @classmethod
    def of(cls, language: str) -> Self:
        """The words of `language` ("de", "de-AT", `PSEUDO`); English where there are none."""
        english = ENGLISH
        if language == PSEUDO:
            return cls(language, {code: pseudo(template) for code, template in english.items()})
        short = language.replace("_", "-").partition("-")[0].lower()
        if short == "en" or short not in LANGUAGES:
            return cls("en", english)
        return cls(short, english | translation(short))

    def __call__(self, code: str, /, **arguments: object) -> str:
        """The sentence of `code` with its `{fields}` filled in. Never raises: a field without argument stays."""
        template = self._templates.get(code)
        if template is None:
            log.error("no words for %s %s", code, arguments)
            return " ".join([code, *(str(argument) for argument in arguments.values())])
        return _FIELD.sub(lambda field: str(arguments.get(field[1][1:-1], field[1])), template)

    def count(self, code: str, number: int, /, **arguments: object) -> str:
        """The sentence of `code` about so many: `code.one` for a single one, with the field `number`."""
        return self(f"{code}.one" if number == 1 else code, number=number, **arguments)

    def knows(self, code: str) -> bool:
        """Whether there is a sentence for `code`."""
        return code in self._templates

    def text(self, text: str | Mapping[str, str]) -> str:
        """The operator's language out of a text of a page: that language, else English, else the first there is."""
        if isinstance(text, str):
            return text
        for wanted in (self.language, "en"):
            for language, said in text.items():
                if language.partition("-")[0] == wanted:
                    return said
        return next(iter(text.values()), "")

    def fault(self, fault: Fault) -> str:
        """What is wrong with a file, with its place."""
        sentence = self(fault.code, **fault.arguments)
        return f"{fault.place}: {sentence}" if fault.place else sentence

    def ago(self, seconds: float) -> str:
        """How long ago, in coarse steps."""
        if seconds < 2:
            return self("ago.now")
        unit, number = _coarse(seconds)
        return self(f"ago.{unit}", number=number)

    def duration(self, seconds: float) -> str:
        """A span of time: milliseconds below ten seconds, then coarser."""
        if seconds < 10:
            return self("span.milliseconds", number=round(seconds * 1000))
        unit, number = _coarse(seconds)
        return self(f"span.{unit}", number=number)


def translation(language: str) -> dict[str, str]:
    """What `resources/translations` holds for `language`, code by code."""
    found: dict[str, str] = json.loads(resource_path("translations", f"{language}.json").read_text(encoding="utf-8"))
    return found


def pseudo(template: str) -> str:
    """`template` about 40 % longer and accented, its fields untouched."""
    parts = _FIELD.split(template)
    said = [part if index % 2 else part.translate(_ACCENTS) for index, part in enumerate(parts)]
    letters = sum(len(part) for part in parts[::2])
    return "".join(said) + "~" * max(1, round(0.4 * letters)) if letters else template


def _coarse(seconds: float) -> tuple[str, int]:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size or (unit == "minutes" and seconds >= size):
            return unit, int(seconds // size)
    return "seconds", int(seconds)


ENGLISH: dict[str, str] = {
    **SERVER,
    **COMPARISON,
    **DRILL,
    **READINESS,
    **WRITING,
    **LINK,
    **STATE_FILES,
    **BUNDLE,
    **ADDRESS,
    **INTERFACE,
    **LANDING,
    # time
    "ago.now": "just now",
    "ago.seconds": "{number} s ago",
    "ago.minutes": "{number} min ago",
    "ago.hours": "{number} h ago",
    "ago.days": "{number} d ago",
    "span.milliseconds": "{number} ms",
    "span.seconds": "{number} s",
    "span.minutes": "{number} min",
    "span.hours": "{number} h",
    "span.days": "{number} d",
    "date": "{weekday} {day} {month}",
    # the two servers
    "server.main": "Main",
    "server.backup": "Backup",
    "server.both": "Main and backup",
    "server.main.loud": "MAIN",
    "server.backup.loud": "BACKUP",
    # the strip
    "strip.connecting": "Connecting",
    "strip.connecting.detail": "Looking for the active server",
    "strip.connected": "Connected",
    "strip.connected.since": "Connected since {time}",
    "strip.connected.since-day": "Connected since {date}, {time}",
    "strip.switching": "Switching",
    "strip.switching.detail": "{server} lost: {reason}",
    "strip.no-active-server": "No active server",
    "strip.no-active-server.detail": "Values are as of {time}. Both servers are asked again and again",
    "strip.no-active-server.never": "Both are asked again and again",
    "strip.needs-attention": "Needs attention",
    "strip.needs-attention.detail": "{server}: {reason}",
    "strip.stopped": "Stopped",
    "strip.stopped.detail": "The link to the servers has been ended",
    "strip.link-lost": "No link",
    "strip.link-lost.detail": "Nothing heard for {duration}: values are old. The link is being started again",
    "strip.nothing-yet": "Starting",
    "strip.nothing-yet.detail": "The link to the servers is being started",
    "strip.two-active-servers": "Two active servers",
    "strip.two-active-servers.detail": "Connected to {server}; the other one is active too",
    "strip.role-unsure": "Role not sure",
    "strip.role-unsure.detail": "Neither server announces its role: set role_item in the profile",
    "strip.degraded": "Degraded",
    "strip.degraded.detail": "Connected to {server}, which reports a problem of its own",
    "strip.give-password": "{keys}: give the password",
    "strip.peer-needs-attention": "{server} needs attention",
    "strip.peer": "{server}: {role}",
    "strip.heard": "Link heard {ago}",
    "strip.heard.never": "Link not heard yet",
    "strip.takeover.ready": "Takeover: ready",
    "strip.takeover.restricted": "Takeover: restricted",
    "strip.takeover.not-ready": "Takeover: not ready",
    "strip.takeover.unknown": "Takeover: not known",
    "strip.takeover.fine": "All checks are in order",
    "strip.accessible": "{state}. {server}. {detail}. {peer}. {heard}",
    # actions
    "action.back": "Back",
    "action.forward": "Forward",
    "action.home": "Start page",
    "action.fit": "Fit page",
    "action.zoom-in": "Zoom in",
    "action.zoom-out": "Zoom out",
    "action.zoom-full": "100 %",
    "action.servers": "Servers",
    "action.inspector": "Inspector",
    "action.web": "Web visualization",
    "action.inspect": "Where does this come from?",
    "action.theme": "Dark colours",
    "action.full-screen": "Full screen",
    "action.retry": "Retry now",
    "action.password": "Give the password …",
    "action.open": "Open page",
    "action.write": "Set value …",
    "action.copy": "Copy value",
    "action.quit": "Quit",
    "action.menu": "Menu",
    "action.pages": "Pages",
    "action.with-keys": "{action} ({keys})",
    "zoom": "{percent} %",
    "window.title": "{page} – {profile} – {state}",
    "window.title.no-page": "{profile} – {state}",
    # messages of the window
    "message.dismiss": "Dismiss",
    "message.more.one": "1 more",
    "message.more": "{number} more",
    "message.bundle": "The pages cannot be shown. {fault}",
    "message.bundle-none": "The profile names no bundle: there are no pages to show",
    "message.page-unknown": "There is no page “{page}” in the bundle; the start page is shown",
    "message.page-gone": "There is no page “{page}” in the bundle",
    "message.web-itself": "{server}: its own web page was opened, and does not move at a switchover. The one that does is served by vizclient follow, which does not answer at {address}",
    "message.web-nobody": "No server is active, and vizclient follow does not answer at {address}: there is no web page to open",
    "message.web-browser": "No browser could be started. The address is {url}",
    "message.items-missing.one": "“{page}”: 1 item does not exist on {server}: {item}",
    "message.items-missing": "“{page}”: {number} items do not exist on {server}. First: {item}",
    "message.history": "The switchovers so far cannot be shown. {fault}",
    "message.state": "What the window remembered cannot be used. {fault}",
    "message.unclean-end": "vizclient did not end cleanly last time. Its log: {file}",
    "message.no-log": "{folder} cannot be written: there is no log, and what the window remembers is lost when it is closed",
    "message.write-failed": "{item}: {outcome}",
    "no-page.title": "No page to show",
    # writing
    "write.title": "Set {item}",
    "write.now": "Now",
    "write.range": "Range",
    "write.range.both": "{low} to {high}",
    "write.range.low": "from {low}",
    "write.range.high": "up to {high}",
    "write.new": "New value",
    "write.ok": "Set",
    "write.ok.confirm": "Yes, set it",
    "write.back": "Change it",
    "write.cancel": "Cancel",
    "write.close": "Close",
    "write.will": "Will write {value} to {item} on {server}",
    "write.sure": "Write {value} to {item} on {server}?",
    "number.empty": "Type a value",
    "number.not-a-number": "“{text}” is not a number",
    "number.group": "“{text}” could be misread: leave out group separators; the decimal mark is “{point}”",
    "number.not-whole": "“{text}”: whole numbers only",
    "number.out-of-range": "“{text}” is beyond what the item can hold: {low} to {high}",
    "number.not-a-date": "“{text}” is not a date and time: {shape}",
    "number.no-such-time": "“{text}” does not exist: the clocks went forward. Say it as {example}",
    "number.two-times": "“{text}” happened twice: the clocks went back. Say it as {example}",
    "number.not-a-choice": "“{text}”: neither on nor off",
    "write.too-low": "Lowest value: {low}",
    "write.too-high": "Highest value: {high}",
    "write.kept": "{reason}. Your text is kept",
    "write.not-connected": "Not connected to a server",
    "write.link-lost": "The link to the servers is silent",
    "write.missing": "This item does not exist on this server",
    "write.no-value": "What it is set to now is not known yet",
    "write.no-metadata": "What kind of value this is, is not known yet",
    "write.not-writable": "The server does not let you write this item",
    "write.unsure": "The server's role is not sure: writing is disabled",
    "write.kind": "Values of type {type} cannot be written here",
    "write.distrust": "What is shown now is not to be trusted: {interface} is not carried over between main and backup, and {server} has heard "
    "nothing from the field yet.",
    "write.distrust.main-only": "What is shown now is not to be trusted, and what you write may not arrive: {interface} talks to the main server "
    "alone, and {server} has taken over.",
    "write.state.pending": "being written",
    "write.state.refused": "write refused",
    "write.state.mismatch": "shows another value than was written",
    "write.state.unknown": "not known whether it was written",
    "outcome.pending": "Writing {value} …",
    "outcome.done": "{value} is set",
    "outcome.refused": "{value} was not written. {reason}",
    "outcome.mismatch": "{server} accepted {value} but shows {read}",
    "outcome.unknown": "Not known whether {value} was written: check the value, then decide",
    "state.on": "on",
    "state.off": "off",
    "state.running": "running",
    "state.standing": "standing still",
    "state.fault": "fault",
    "state.disabled": "cannot be used now",
    "style.warning": "warning",
    "style.alarm": "alarm",
    "value.with-freshness": "{value} ({freshness})",
    "value.none": "–",
    "value.true": "On",
    "value.false": "Off",
    # the password dialog
    "password.title": "Password",
    "password.field": "Password",
    "password.both": "The same for {server}",
    "password.kept": "Once accepted, it is kept in the keyring of this computer, if one runs.",
    "password.ok": "Log in",
    "password.trying": "Being tried …",
    "password.silent": "No answer so far; it will be seen under “Servers”",
    "password.look": "{server} is being asked with it. What it says is seen under “Takeover”, in the strip",
    "password.later": "{server}: {reason}. The password is tried when it answers",
    # freshness
    "freshness.live": "live",
    "freshness.uncertain": "uncertain",
    "freshness.bad": "bad",
    "freshness.held": "held",
    "freshness.stale": "stale",
    "freshness.unsynchronised": "not yet confirmed by this server",
    "freshness.missing": "does not exist on this server",
    "freshness.never": "nothing received yet",
    # why a value has its freshness, and what to do
    "why.live": "It has come from {server}, which serves",
    "why.uncertain": "{server} itself is not sure of it: {status}",
    "why.unsure": "It is not sure that {server} is the active server",
    "why.bad": "{server} has no good value for it: {status}",
    "why.held": "The connection was lost a moment ago; the last value is held",
    "why.stale": "It is the last value that came from {server}; nothing keeps it current now",
    "why.never": "No value has come yet",
    "why.missing": "{server} has no such item",
    "why.missing.do": "Check its address on the page, and the configuration of {server}",
    "why.unsynchronised": "{interface} is not carried over between main and backup, and since {server} took over nothing has come from the field: "
    "this is what {server} knew before",
    "why.unsynchronised.do": "Look at the device itself before you rely on it. It counts again with the next value from the field",
    "why.main-only": "{interface} talks to the main server alone, and {server} has heard nothing of it since it took over: this is what {server} "
    "knew before",
    "why.main-only.do": "Look at the device itself before you rely on it. It counts again as soon as {interface} speaks to {server}, or the main "
    "serves again",
    "why.active-only": "Items of {interface} exist on the active server only, and {server} has not made this one",
    "why.active-only.do": "Check whether {interface} runs on {server}",
    "why.awaited": "Items of {interface} exist on the active server only. {server} has just taken over and is still making this one; the value is "
    "from before",
    "why.awaited.do": "Wait a few seconds: it comes by itself",
    "why.caution": "{interface} has been taken over. {note}",
    # the inspector
    "inspector.title": "Inspector",
    "inspector.nothing": "Click a value on the page to see where it comes from, and how far it can be trusted",
    "inspector.why": "Why",
    "inspector.to-do": "What to do",
    "inspector.interface": "Interface",
    "inspector.interface.none": "Not known. The profile can name one, under [[interfaces]]",
    "inspector.switchover": "At a switchover",
    "inspector.possible": "Main/backup",
    "inspector.possible.not-needed": "not needed",
    "inspector.note": "Note",
    "inspector.item": "Item",
    "inspector.server": "Server",
    "inspector.status": "Status",
    "inspector.time": "Source time",
    "inspector.type": "Type",
    "inspector.range": "Range",
    "inspector.access": "Access",
    "inspector.access.write": "can be written",
    "inspector.access.read": "read only",
    "inspector.description": "Description",
    "module": "{name} (module)",
    "says.synchronised": "Values are carried over: the servers keep each other in step",
    "says.unsynchronised": "Values are not carried over: each server knows only what the field told it",
    "says.main-only": "The field talks to the main server alone; the backup hears nothing of it",
    "says.independent": "Each server reads the field by itself; there is nothing to carry over",
    "says.foreign-backup": "Values are carried over. Foreign servers have a backup of their own, which is used when they fail",
    "says.active-only": "The items exist on the active server only; the other one makes them when it takes over",
    "says.active-sends": "The state is carried over; only the active server sends",
    # the servers panel
    "servers.title": "Servers",
    "servers.role": "Role",
    "servers.why": "Why",
    "servers.level": "Service level",
    "servers.state": "State",
    "servers.address": "Address",
    "servers.since": "Since",
    "servers.probe": "Last asked",
    "servers.probe.took": "{ago}, took {took}",
    "servers.probe.session": "All the time, by its session",
    "servers.session": "Session",
    "servers.session.yes": "Open, no. {generation}",
    "servers.session.no": "None",
    "servers.ready.line": "{server} · {what}",
    "servers.past": "Past switchovers",
    "servers.past.none": "None so far",
    "servers.past.time": "Time",
    "servers.past.way": "From → to",
    "servers.past.cause": "Cause",
    "servers.past.outage": "Not live",
    "servers.past.outage.tip": "How long values were not live: from the loss to the last value of the page",
    "servers.past.blackout": "Blackout",
    "servers.past.blackout.tip": "From the moment an active server was found to the last value of the page",
    "servers.past.way.value": "{left} → {taken}",
    "servers.past.open": "going on",
    "servers.past.lost": "Lost at {time}: {noticed}",
    "servers.past.step": "{step}: {after}",
    "servers.past.before": "stood ready",
    "servers.past.told": "{time}: {cause}",
    "servers.past.drill": "Last drill: {time}, {verdict}",
    "servers.past.drill.tip": "The report is {file}",
    "servers.past.missing.one": "1 item did not come back: {items}",
    "servers.past.missing": "{number} items did not come back: {items}",
    "servers.state.ends": "{state}, ends in {number} s",
    "servers.state.returns": "{state}; back at {time}",
    "servers.manager": "Web Manager",
    "servers.manager.open": "Open",
    "servers.manager.read-only": "Read-only",
    "servers.manager.tip": "On a standby the Web Manager can be looked at, but changes nothing",
    "servers.use": "Use this server",
    "servers.use.tip": "Only a server that is active, or whose role is not known, can be asked for; the other one is then left",
    # the demo panel
    "demo.title": "Demo",
    "demo.about": "Two server processes on this computer. Take one away and watch the page",
    "demo.failed": "The servers did not start: {reason}",
    "demo.kill": "Kill",
    "demo.freeze": "Freeze",
    "demo.thaw": "Thaw",
    "demo.restart": "Restart",
    "demo.swap": "Swap roles",
    "demo.cut": "Cut the link between them",
    "demo.heal": "Heal the link between them",
    "demo.standby": "Standby: {kind}",
    "demo.standby.closed": "port closed",
    "demo.standby.reject": "refuses sessions",
    "demo.standby.passive": "accepts sessions, serves nothing fresh",
    "demo.state.active": "active",
    "demo.state.standby": "standby",
    "demo.state.frozen": "frozen",
    "demo.state.dead": "not running",
    "demo.state.starting": "starting",
}
