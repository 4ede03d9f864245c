"""The configuration of an HAProxy, as text; HAProxy's own opinion of it is asked end to end."""

from __future__ import annotations

from pathlib import Path

from vizclient.follow.haproxy import haproxy_configuration
from vizclient.profiles.loading import parse_profile

PROFILE = """\
format = 1
name = "Building\\nA"
main = {url = "opc.tcp://a:4840"}
backup = {url = "opc.tcp://b:4840"}
security = {policy = "None", mode = "None"}
[follow]
health = "0.0.0.0:1000"
agent = "[::]:1001"
[[follow.port]]
name = "opcua"
listen = "0.0.0.0:4841"
main = "bms-main:4840"
backup = "10.0.0.2:4840"
[[follow.port]]
name = "web"
kind = "http"
listen = "[::1]:80"
main = "bms-main:8080"
backup = "[fe80::2]:8080"
"""


def resolve(host: str, port: int) -> str:
    address = {"bms-main": "10.0.0.1"}.get(host, host)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def sections() -> dict[str, list[str]]:
    profile = parse_profile(PROFILE.encode(), Path("a.toml"))
    found: dict[str, list[str]] = {}
    for line in haproxy_configuration(profile, resolve).splitlines():
        if line and not line.startswith((" ", "#")):
            found[line] = []
        elif line.startswith("    ") and not line.strip().startswith("#"):
            found[list(found)[-1]].append(line.strip())
    return found


def test_each_port_leads_to_both_servers_and_follows_the_one_answer() -> None:
    found = sections()
    assert list(found) == ["global", "defaults", "backend vizclient.follow", "listen opcua", "listen web"]
    opcua, web = found["listen opcua"], found["listen web"]
    assert opcua[-2:] == [
        "server main 10.0.0.1:4840 track vizclient.follow/main  # bms-main",
        "server backup 10.0.0.2:4840 track vizclient.follow/backup",
    ]
    assert web[-1] == "server backup [fe80::2]:8080 track vizclient.follow/backup"
    for section in (opcua, web):
        assert "default-server on-marked-down shutdown-sessions" in section
        assert "tcp-request inspect-delay 250ms" in section
    assert "tcp-request content accept if { nbsrv(opcua) gt 0 }" in opcua
    assert ("bind 0.0.0.0:4841" in opcua, "mode tcp" in opcua) == (True, True)
    assert ("bind [::1]:80" in web, "mode http" in web) == (True, True)


def test_the_agent_and_the_service_are_asked_on_this_machine_and_no_server_is_used_before_an_answer() -> None:
    section = sections()["backend vizclient.follow"]
    [asked] = [line for line in section if line.startswith("default-server")]
    for words in ("agent-check agent-addr ::1 agent-port 1001 agent-inter 100ms", "fall 3", " disabled"):
        assert words in asked
    assert section[-2:] == [
        'server main 127.0.0.1:1000 agent-send "main\\n"',
        'server backup 127.0.0.1:1000 agent-send "backup\\n"',
    ]


def test_the_name_of_a_site_stays_in_its_comment() -> None:
    profile = parse_profile(PROFILE.encode(), Path("a.toml"))
    assert haproxy_configuration(profile, resolve).startswith("# HAProxy for Building A: leads")
