"""The English sentence of every code: templates with `{name}` fields. The window translates the same templates."""

from __future__ import annotations

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
    "profile-timezone": "{key}: {value} is not a time zone. They are called like Europe/Vienna.",
}
"""What can be wrong with a profile."""

PHRASES: dict[str, str] = {
    **PROFILE,
}
