"""The tables [web] and [follow] of a profile."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from vizclient.phrases import PHRASES
from vizclient.profiles.following import AGENT, HEALTH, LANDING, host_port, origin
from vizclient.profiles.loading import ProfileError, parse_profile
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Server

HEAD = """\
format = 1
name = "A"
main = {url = "opc.tcp://a:4840"}
backup = {url = "opc.tcp://b:4840"}
security = {policy = "None", mode = "None"}
"""
WHOLE = """\
[web]
main = "http://bms-main:8080/vision"
backup = "https://[fe80::1]/vision/"
listen = "0.0.0.0:8000"
ca = "pair.pem"
[web.manager]
main = "https://bms-main/"
backup = "https://bms-backup/admin"
[follow]
health = "127.0.0.1:1000"
agent = "[::1]:1001"
hook = ["/usr/bin/move", "--to"]
hook_seconds = 5
[[follow.port]]
name = "opcua"
listen = "127.0.0.1:4841"
main = "bms-main:4840"
backup = "bms-backup:4840"
[[follow.port]]
name = "web"
kind = "http"
listen = "0.0.0.0:80"
main = "bms-main:8080"
backup = "bms-backup:8080"
"""
PORT = '[[follow.port]]\nname = "a"\nlisten = "l:1"\nmain = "m:1"\nbackup = "b:1"\n'


def parse(text: str) -> Profile:
    return parse_profile((HEAD + text).encode(), Path("site/a.toml"))


def test_all_that_can_be_said_is_read() -> None:
    profile = parse(WHOLE)
    assert profile.web is not None
    assert profile.web.of(Server.BACKUP) == "https://[fe80::1]/vision/"
    assert profile.web.landing == "http://127.0.0.1:8000/"
    assert profile.web.manager is not None
    assert profile.web.manager.of(Server.MAIN) == "https://bms-main/"
    assert (profile.follow.hook, profile.follow.hook_seconds) == (("/usr/bin/move", "--to"), 5)
    first, second = profile.follow.port
    assert (first.kind, first.of(Server.MAIN), second.kind) == ("tcp", ("bms-main", 4840), "http")


def test_nothing_needs_to_be_said() -> None:
    profile = parse("")
    assert profile.web is None
    assert (profile.follow.health, profile.follow.agent, profile.follow.port) == (HEALTH, AGENT, ())
    found = parse('[web]\nmain = "http://a"\nbackup = "http://b"\n').web
    assert found is not None
    assert (found.listen, found.manager) == (LANDING, None)


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ('[web]\nmain = "a:80"\nbackup = "http://b"\n', 2, "profile-web-url"),
        ('[web]\nmain = "ftp://a"\nbackup = "http://b"\n', 2, "profile-web-url"),
        ('[web]\nmain = "http://a"\nbackup = "http://b:0/"\n', 3, "profile-web-url"),
        ('[web]\nmain = "http://a"\nbackup = "http://b:x/"\n', 3, "profile-web-url"),
        ('[web]\nmain = "http://a"\nbackup = "http://u:p@b/"\n', 3, "profile-web-user"),
        ('[web]\nmain = "http://a"\nbackup = "http://b/?x=1"\n', 3, "profile-web-url"),
        ('[web]\nmain = "http://a"\nbackup = "http://b/x y"\n', 3, "profile-web-url"),
        ('[web]\nmain = "http://a/one"\nbackup = "http://b/two"\n', 3, "profile-web-path"),
        ('[web]\nmain = "http://a/one"\nbackup = "http://A:80/one/"\n', 3, "profile-same-url"),
        ('[web]\nmain = "http://a"\nbackup = "http://b"\nlisten = "8000"\n', 4, "profile-host-port"),
        ('[web]\nmain = "http://a"\nbackup = "http://b"\n[web.manager]\nmain = "http://a"\n', 4, "profile-missing"),
        ('[follow]\nhealth = "localhost"\n', 2, "profile-host-port"),
        ('[follow]\nhealth = "localhost:70000"\n', 2, "profile-host-port"),
        ('[follow]\nagent = "::1:80"\n', 2, "profile-host-port"),
        (f'[follow]\nhealth = "{AGENT}"\n', 1, "profile-listen-twice"),
        ('[follow]\nhook = "move"\n', 2, "profile-type"),
        (PORT.replace('"a"', '"not a name"'), 2, "profile-short-name"),
        (PORT.replace("b:1", "b"), 5, "profile-host-port"),
        (PORT.replace("b:1", "m:1"), 5, "profile-same-url"),
        (PORT + PORT.replace("l:1", "l:2"), 7, "profile-port-twice"),
        (PORT + PORT.replace('"a"', '"b"'), 8, "profile-port-twice"),
        (PORT + 'kind = "udp"\n', 6, "profile-choice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, code: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse(text)
    fault = next(fault for fault in caught.value.faults if fault.code == code)
    assert fault.line == HEAD.count("\n") + line
    assert "u:p@" not in str(fault)
    assert {name for _, name, _, _ in Formatter().parse(PHRASES[fault.code]) if name} <= set(fault.arguments)


def test_addresses_come_apart() -> None:
    assert host_port("[::1]:80") == ("::1", 80)
    assert origin("http://A/x") == ("http", "a", 80)
    assert origin("https://a:444/") == ("https", "a", 444)
