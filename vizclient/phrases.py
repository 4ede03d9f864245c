"""The English sentence of every code: templates with `{name}` fields. The window translates the same templates."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIELD = re.compile(r"\{([a-z_]+)\}")


def phrase(code: str, arguments: Mapping[str, object]) -> str:
    """The English sentence of `code`, its fields filled in. Never raises: what is unknown is shown as it is."""
    template = PHRASES.get(code)
    if template is None:
        return " ".join([code, *(str(argument) for argument in arguments.values())])
    return _FIELD.sub(lambda field: str(arguments.get(field[1], field[0])), template)


PROFILE: dict[str, str] = {
    "profile-no-file": "There is no file {path}.",
    "profile-no-name": "There is no profile {name} in {folder}. Give the path of a file, or put {name}.toml there.",
    "profile-no-name-meant": "There is no profile {name} in {folder}. Did you mean {meant}?",
    "profile-unreadable": "The profile cannot be read: {reason}.",
    "profile-too-big": "The profile is bigger than {limit} KB; that is not a profile.",
    "profile-not-utf8": "The profile is not UTF-8 text. Save it as UTF-8.",
    "profile-syntax": "This is not TOML: {reason}.",
    "profile-newer": "The profile has format {given}, this program knows up to {known}. Install a newer vizclient.",
    "profile-missing": "The key {key} is missing.",
    "profile-unknown-key": "There is no key {key}.",
    "profile-unknown-key-meant": "There is no key {key}. Did you mean {meant}?",
    "profile-choice": "{key} is {value}, which is not one of: {expected}.",
    "profile-type": "{key} must be {expected}.",
    "profile-too-small": "{key} is {value}; the least is {limit}.",
    "profile-too-large": "{key} is {value}; the most is {limit}.",
    "profile-empty": "{key} is empty.",
    "profile-too-long": "{key} is longer than {limit} characters.",
    "profile-too-many": "{key} has more than {limit} entries.",
    "profile-url": "{key}: {value} is not an address of the form opc.tcp://host:port.",
    "profile-url-scheme": "{key}: {value} does not begin with opc.tcp://.",
    "profile-url-port": "{key}: {value} has no port. OPC UA servers mostly use 4840: opc.tcp://host:4840.",
    "profile-same-url": "main and backup are the same server, {value}. Give the address of each.",
    "profile-security-missing": 'Security is not said. Add [security] with policy and mode; "None" for both if that is meant.',
    "profile-security-mix": "policy {policy} does not go with mode {mode}: both are None, or neither.",
    "profile-short-name": "{key}: a short name has letters, digits, _ and -, and begins with a letter.",
    "profile-namespace-uri": "{key}: {value} is not a namespace URI (it is empty, or has blanks or a semicolon).",
    "profile-role-active": '{key} must be a list of values that mean active: texts, whole numbers, true or false; as in ["active"].',
    "profile-role-active-missing": 'role_item needs role_active: the values that mean active, as in role_active = ["active"].',
    "profile-role-item-missing": "role_active needs role_item: the address of the item in which a server tells its role.",
    "profile-timezone": "{key}: {value} is not a time zone. They are called like Europe/Vienna.",
}
"""What can be wrong with a profile."""

BUNDLE: dict[str, str] = {
    "bundle-sealed": "Sealed: {files} files, {pages} pages; the first is {start}.",
    "bundle-unreadable": "It cannot be read: {reason}.",
    "bundle-not-zip": "This is neither a folder nor a zip file.",
    "bundle-no-file": "The bundle has no file {name}.",
    "bundle-nested": "{name} is not at the top of the zip. Zip the content of the bundle's folder, not the folder.",
    "bundle-name": "{name} is no name for a file of a bundle: letters, digits, _, -, blanks and dots, folders parted by /.",
    "bundle-outside": "{name} is a link, or differs in upper and lower case. A bundle holds its files itself.",
    "bundle-not-file": "{name} is not a file.",
    "bundle-files": "The zip has more than {limit} files.",
    "bundle-file-twice": "{name} is in the zip twice, or differs only in upper and lower case.",
    "bundle-compression": "{name} is encrypted, or packed in a way that bundles do not use.",
    "bundle-broken-entry": "The zip is damaged: {reason}.",
    "bundle-file-big": "It is bigger than {limit} MB.",
    "bundle-hash": "{file} is not as it was when the bundle was sealed. After editing: vizclient pages seal FOLDER.",
    "bundle-unlisted": "The page {name} has no SHA-256 under files. After adding files: vizclient pages seal FOLDER.",
    "bundle-not-utf8": "This is not UTF-8 text. Save it as UTF-8.",
    "bundle-syntax": "This is not JSON: {reason}.",
    "bundle-newer": "This has format {given}, this program knows up to {known}. Install a newer vizclient.",
    "bundle-missing": "{key} is missing.",
    "bundle-unknown-key": "There is no key {key}.",
    "bundle-unknown-key-meant": "There is no key {key}. Did you mean {meant}?",
    "bundle-choice": "{key} is {value}, which is not one of: {expected}.",
    "bundle-type": "{key} must be {expected}.",
    "bundle-type-unknown": "{key}: there is no type {value}. Types are: {expected}.",
    "bundle-type-missing": "{key} has no type.",
    "bundle-value": "{key} cannot have this value.",
    "bundle-too-small": "{key} is {value}; the least is {limit}.",
    "bundle-not-above": "{key} is {value}; it must be more than {limit}.",
    "bundle-too-large": "{key} is {value}; the most is {limit}.",
    "bundle-not-finite": "{key} is not a finite number.",
    "bundle-empty": "{key} is empty.",
    "bundle-too-long": "{key} is too long; the most is {limit}.",
    "bundle-too-many": "{key} has too many entries; the most is {limit}.",
    "bundle-too-few": "{key} has too few entries; the least is {limit}.",
    "bundle-characters": "{key}: {value} has characters that cannot stand there.",
    "bundle-id-twice": "Two elements have the id {id}.",
    "bundle-readback": "{key}: item belongs to kind item, and to no other.",
    "bundle-min-max": "{key}: min {min} is not less than max {max}.",
    "bundle-points": "{key}: a line, duct or pipe has at least two points, other shapes have none; this is a {shape}.",
    "bundle-page-twice": "The page {page} is also in {file}.",
    "bundle-no-page": "There is no page {page}.",
    "bundle-no-page-meant": "There is no page {page}. Did you mean {meant}?",
    "expression-long": "The expression is longer than {limit} characters.",
    "expression-deep": "The expression is nested more than {limit} deep.",
    "expression-string": "The text has no closing quote.",
    "expression-sign": "{found} has no meaning in an expression.",
    "expression-sign-meant": "{found} has no meaning in an expression. Did you mean {meant}?",
    "expression-name": "There is no {name} in expressions.",
    "expression-name-meant": "There is no {name} in expressions. Did you mean {meant}?",
    "expression-expected": "Here should be {expected}, not {found}.",
    "expression-chain": "Comparisons cannot be chained: join two with and.",
}
"""What can be wrong with a bundle, its pages and their expressions."""

ADDRESS: dict[str, str] = {
    "address-empty": "The address is empty.",
    "address-form": "{text} is not an address. Write short:identifier, short:i=123, or nsu=URI;s=identifier.",
    "address-number": "{text}: after i= comes a number from 0 to 4294967295.",
    "address-namespace": "There is no namespace {text}. There are: {known}.",
}
"""What can be wrong with the address of an item."""

SERVER: dict[str, str] = {
    "role.active": "active",
    "role.active-inferred": "active (inferred)",
    "role.degraded": "degraded",
    "role.standby": "standby",
    "role.maintenance": "maintenance",
    "role.unknown": "not known yet",
    "role.down": "down",
    "role.needs-attention": "needs attention",
    "source.none": "Nothing heard yet",
    "source.server-state": "Its ServerState says so: {state}",
    "source.service-level-0": "ServiceLevel 0: maintenance",
    "source.role-item": "The profile's role item says so",
    "source.mode": "Its redundancy mode says so: {mode}",
    "source.service-level": "ServiceLevel {level}",
    "source.refusal": "It refuses clients",
    "source.peer-refuses": "It serves, and the other one does not",
    "source.both-accept": "Both accept clients and neither announces a role",
    "source.redundant-server-array": "The active server lists it with ServiceLevel {level}",
    "source.peer-mode": "It refuses clients, and the active server says that the other one stands by",
    "source.problem": "{problem}",
    "server-state.0": "Running",
    "server-state.1": "Failed",
    "server-state.2": "No configuration",
    "server-state.3": "Suspended",
    "server-state.4": "Shutting down",
    "server-state.5": "Test",
    "server-state.6": "Communication fault",
    "server-state.7": "Unknown",
    "mode.0": "primary, with a backup",
    "mode.1": "primary, alone",
    "mode.2": "backup, ready",
    "mode.3": "backup, not ready",
    "reason.unresolved": "Its host name has no address",
    "reason.unreachable": "It cannot be reached",
    "reason.not-opc-ua": "What answers there is not an OPC UA server",
    "reason.refused": "It refuses clients",
    "reason.timed-out": "It did not answer in time",
    "reason.silent": "Its port is open, but nothing answers there. Is it an OPC UA server?",
    "reason.lost": "The connection broke off",
    "reason.undecodable": "Its answer could not be read",
    "reason.local": "This program failed; see the log",
    "reason.security": "It does not offer the security that the profile asks for",
    "reason.certificate": "A certificate was refused",
    "reason.credentials": "User or password was refused",
    "reason.identity": "It is not the server that it should be",
    "cause.none": "Asked for",
    "cause.server-state": "The server shut down",
    "cause.service-level-0": "The server went into maintenance",
    "cause.role-item": "The roles changed",
    "cause.mode": "The roles changed",
    "cause.service-level": "The service level changed",
    "cause.refusal": "It refuses clients",
    "cause.peer-refuses": "The other one serves",
    "cause.both-accept": "Both accept clients and neither announces a role",
    "cause.redundant-server-array": "The other one lists it as standby",
    "cause.peer-mode": "It stands by",
    "cause.problem": "It failed",
}
"""Roles, what they were concluded from, and why a server or a connection failed."""

WRITING: dict[str, str] = {
    "write-not-connected": "There is no connection to an active server.",
    "write-generation": "The connection changed since the value was shown. Look at it again, then decide.",
    "write-role-unsure": "The server's role is not sure, so nothing is written to it.",
    "write-under-way": "A write to this item is still under way.",
    "write-too-many": "Too many writes are under way.",
    "write-no-metadata": "The server did not say what kind of value this item holds.",
    "write-missing": "The item does not exist on this server.",
    "write-read-only": "This item cannot be written, or not by this user.",
    "write-array": "The item holds an {expected}.",
    "write-scalar": "The item holds a single value, not an array.",
    "write-type": "The item holds a {expected}, and this is a {given}.",
    "write-whole": "The item holds whole numbers, and {value} is none.",
    "write-range": "{value} is not between {low} and {high}.",
    "write-not-finite": "{value} is not a finite number.",
    "write-choice": "{value} is none of: {expected}.",
    "write-text": "The text has characters that cannot be sent.",
    "write-too-big": "The number is bigger than any type of OPC UA.",
    "write-parse": "{text} is not a {expected}.",
    "write-parse-array": "{text} is not an array. Write it as JSON: [1, 2, 3].",
    "write-refused": "The server refused it: {status}.",
    "write-device-unsure": "The server could not tell whether it took effect: {status}. Check the value, then decide.",
    "write-link-lost": "The connection was lost while it was under way. Check the value, then decide.",
    "write-no-answer": "The server did not answer in time. Check the value, then decide.",
    "write-link-died": "The link process ended while it was under way. Check the value, then decide.",
    "write-abandoned": "It was not waited for. Check the value, then decide.",
    "write-completes-later": "The server will complete it later, and nothing tells when. Check the value, then decide.",
    "write-unconfirmed": "The server accepted it, but the value could not be read back. Check it, then decide.",
    "write-mismatch": "The server accepted it but shows {read}.",
}
"""Why a write was refused, or is not known to be done."""

LINK: dict[str, str] = {
    "link-restarted": "The link to the servers ended and was started again (exit code {code}).",
    "link-not-started": "The link to the servers cannot be started: {reason}.",
    "link-version": "The link process is of another version ({given}, not {expected}). Close vizclient and start it anew.",
    "link-too-many-items": "The pages want more items than one site can have: {reason}.",
}
"""What can be wrong with the link process."""

STATE_FILES: dict[str, str] = {
    "state-file-broken": "The file cannot be read ({reason}). It was set aside as {kept}.",
    "state-file-newer": "The file is a newer vizclient's ({reason}). It was set aside as {kept}.",
    "state-file-older": "The file is an older vizclient's ({reason}). It was set aside as {kept}.",
    "state-file-unreadable": "The file cannot be read: {reason}.",
    "state-file-unwritten": "The file could not be written: {reason}.",
}
"""What became of a file in which the program keeps its own state."""

SUPPORT: dict[str, str] = {
    "agree-with-integrator": "Main and backup are possible, but must be agreed with the integrator of the hotel software.",
    "untested-with-vendor": "The driver knows main and backup; it has not been tried against the vendor's system.",
    "vendor-cannot": "The vendor's own software knows no main and backup.",
    "vendor-unclear": "Whether the vendor's software allows main and backup is not clear yet.",
    "foreign-backup-servers": "Besides, backup servers can be named for the OPC DA servers that it reads from.",
    "active-server-only": "The items exist on the active server only, and appear on the other when that becomes active.",
    "active-server-sends": "Only the active server sends messages.",
}
"""What there is to say about an interface that runs on main and backup."""

COMMANDS: dict[str, str] = {
    "no-active-server": "No active server was found. Ask both with: vizclient probe",
    "needs-attention": "Neither server can be used until a person acts. Ask both with: vizclient probe",
    "two-active": "Both servers say that they are active; this is about {server}.",
    "item-missing": "{item} does not exist on {server}.",
    "internal-error": "An internal error; this program is at fault. The log is {log}",
    "no-display": "There is no display to show the window on (DISPLAY and WAYLAND_DISPLAY name none that answers). Start it on "
    "a desktop; or see it without one: vizclient shot --profile F --page ID --out page.png makes a picture with live values.",
    "instance-silent": "The window of this profile is open already, but does not answer. End it first.",
    "trace-unwritable": "The display trace cannot be written: {reason}.",
    "no-bundle": "The profile names no bundle; give one with --bundle.",
    "picture-unwritable": "The picture cannot be written: {reason}.",
    "no-such-page": "There is no page {page} in the bundle. There are: {known}.",
    "demo-open": "The demo of this folder is open already; it was brought forward.",
    "demo-ended": "The simulated servers did not start: {reason}.",
    "no-window": "This command needs PySide6, which cannot be loaded: {reason}. Install it with: pip install vizclient",
}
"""What the commands say besides."""

PHRASES: dict[str, str] = {
    **SERVER,
    **WRITING,
    **LINK,
    **STATE_FILES,
    **SUPPORT,
    **COMMANDS,
    **PROFILE,
    **BUNDLE,
    **ADDRESS,
}
