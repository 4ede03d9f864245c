"""Finding, reading and checking a profile. All that is wrong with a file is said at once, each with its line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from vizclient.faults import Fault, FaultError, meant
from vizclient.profiles.model import FORMAT, Profile
from vizclient.schema.closed import KeyPath

MAX_BYTES = 256 * 1024
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class ProfileError(FaultError):
    """A profile that cannot be used. `faults` has everything that is wrong; `code`, `arguments`, `file`, `line` are the first's."""

    @property
    def code(self) -> str:
        """Key of the phrase that says it."""
        return self.faults[0].code

    @property
    def arguments(self) -> Mapping[str, str]:
        """What the phrase's fields are filled with."""
        return self.faults[0].arguments

    @property
    def file(self) -> str:
        """The file meant, or what was looked for."""
        return self.faults[0].file

    @property
    def line(self) -> int | None:
        """From 1; None where there is no place to point at."""
        return self.faults[0].line


def load_profile(path_or_name: str | Path, folder: Path | None = None) -> Profile:
    """Read the profile at a path, or the one called NAME: `folder/NAME.toml`. Raises ProfileError, nothing else."""
    path = find_profile(path_or_name, folder)
    return parse_profile(_read(path), path)


def find_profile(path_or_name: str | Path, folder: Path | None = None) -> Path:
    """The absolute path of the profile meant. An existing file is a path; so is whatever looks like one."""
    path = Path(path_or_name).expanduser()
    text = str(path_or_name)
    if isinstance(path_or_name, Path) or path.is_file() or text.endswith(".toml") or _has_separator(text):
        if not path.exists():
            raise ProfileError([Fault("profile-no-file", {"path": text}, file=text)])
        return path.absolute()
    names = sorted(file.stem for file in folder.glob("*.toml")) if folder is not None else []
    if folder is not None and text in names:
        return (folder / f"{text}.toml").absolute()
    arguments = {"name": text, "folder": str(folder or ""), "meant": meant(text, names)}
    if arguments["meant"]:
        raise ProfileError([Fault("profile-no-name-meant", arguments)])
    raise ProfileError([Fault("profile-no-name", arguments)])


def parse_profile(content: bytes, file: Path) -> Profile:
    """Read a profile from the bytes of `file`. Raises ProfileError, nothing else."""
    name = str(file)
    text = _decode(content, name)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError([_syntax_fault(str(error), text, name)]) from None
    except (RecursionError, ValueError):  # nesting without end; a number or a date that Python cannot hold
        raise ProfileError(
            [Fault("profile-syntax", {"reason": "Nested too deeply, or a number out of range"}, name)]
        ) from None
    try:
        return msgspec.convert(raw, Profile).from_file(file)
    except msgspec.ValidationError as error:
        # If nothing is found that says it better, msgspec's own words do.
        raise ProfileError(
            _faults(raw, text, name) or [Fault("profile-syntax", {"reason": str(error)}, name)]
        ) from None


def _has_separator(text: str) -> bool:
    return any(separator in text for separator in (os.sep, os.altsep, "/") if separator)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProfileError([Fault("profile-unreadable", {"reason": reason}, str(path))]) from None
    if len(content) > MAX_BYTES:
        raise ProfileError([Fault("profile-too-big", {"limit": str(MAX_BYTES // 1024)}, str(path))])
    return content


def _decode(content: bytes, name: str) -> str:
    """Text of UTF-8, with or without the mark that some Windows editors put first."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProfileError([Fault("profile-not-utf8", {}, name, line)]) from None


def _syntax_fault(message: str, text: str, name: str) -> Fault:
    place = _TOML_PLACE.search(message)
    reason = message[: place.start()] if place else message
    line, column = (int(place[1]), int(place[2])) if place and place[1] else (text.count("\n") + 1, None)
    return Fault("profile-syntax", {"reason": reason}, name, line, column)


_ROLE_ACTIVE: KeyPath = ("redundancy", "role_active")
_EXPECTED = {"a text": "text in quotes", "an object": "a table"}
"""What TOML calls differently."""
_PASSWORD = re.compile(r"pass(word|phrase|wd|code)?|pw|pwd|pin|secret|kennwort|passwort", re.IGNORECASE)


def _faults(raw: dict[str, Any], text: str, name: str) -> list[Fault]:
    """Everything that is wrong, at the line of its key or of the nearest table around it."""
    from vizclient.profiles.positions import key_lines  # noqa: PLC0415 - only when something is wrong
    from vizclient.schema.findings import Finding, findings  # noqa: PLC0415

    lines = key_lines(text)
    given = raw.get("format")
    if isinstance(given, int) and not isinstance(given, bool) and given > FORMAT:
        arguments = {"given": str(given), "known": str(FORMAT)}
        return [Fault("profile-newer", arguments, name, lines.get(("format",)))]

    def fault(finding: Finding) -> Fault:
        code, path, arguments = finding.code, finding.path, dict(finding.arguments)
        match code:
            case "unknown-key" if _PASSWORD.fullmatch(str(path[-1])):
                code, arguments["profile"] = "password", name
            case "unknown-key":
                arguments["meant"] = _place_meant(path, str(path[-1]))
                code = "unknown-key-meant" if arguments["meant"] else code
            case "characters":
                code = "short-name" if finding.is_key or path[0] == "follow" else "namespace-uri"
            case "type":
                arguments["expected"] = _EXPECTED.get(arguments["expected"], arguments["expected"])
        if path[:2] == _ROLE_ACTIVE and not code.startswith("profile-"):
            code, arguments["key"] = "role-active", ".".join(map(str, _ROLE_ACTIVE))
        code = code if code.startswith(("profile-", "address-")) else f"profile-{code}"
        if code in (
            "profile-password",
            "profile-unknown-key",
            "profile-unknown-key-meant",
            "profile-url-user",
            "profile-web-user",
        ):
            del arguments["value"]  # it may be a password, and what is wrong is said in logs too
        return Fault(code, arguments, name, _line(path, lines))

    return sorted(map(fault, findings(Profile, raw)), key=lambda fault: fault.line or 0)


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _place_meant(path: KeyPath, word: str) -> str:
    """The key that an unknown one was meant to be: a like one in its own table, else the same one in another."""
    from vizclient.schema.findings import key_paths  # noqa: PLC0415 - as above

    known = list(dict.fromkeys(key_paths(Profile)))
    table = path[:-1]
    names = tuple(part for part in table if isinstance(part, str))
    close = meant(word, [key[-1] for key in known if key[:-1] == names])
    if close:
        return ".".join((*map(str, table), close))
    return next((".".join(key) for key in known if key[-1] == word), "")
