"""The configuration of an HAProxy that follows the active server, as text. Knows no network: addresses are handed in."""

from __future__ import annotations

from collections.abc import Callable

from vizclient.profiles.following import Port, reached
from vizclient.profiles.model import Profile
from vizclient.redundancy.model import Server

Resolve = Callable[[str, int], str]
"""The address, `a.b.c.d:port` or `[…]:port`, of a host and a port."""

STATE = "vizclient.follow"
"""The backend whose two servers stand for the two of the pair; no port of a profile can be called so."""

_HEAD = """\
# HAProxy for {name}: leads to whichever of the two servers is active, as `vizclient follow` tells it.
# Written by `vizclient follow --haproxy-config`. Names were resolved then: write it anew when an address changes.

global
    log stdout format raw local0
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    maxconn 4000
    # After a reload the old process hears of no switchover any more: it may not keep connections for long.
    hard-stop-after 10s

defaults
    log global
    option dontlognull
    option dontlog-normal
    # Who comes in the moment between a server's end and its being known is not turned away, but led to the other one then.
    timeout connect 400ms
    retries 5
    option redispatch 1
    timeout check 1s
    timeout client 10m
    timeout server 10m
    # Ends of clients and servers that vanished without a word are found, however long a connection may be idle.
    option clitcpka
    clitcpka-idle 30s
    clitcpka-intvl 10s
    clitcpka-cnt 3
    option srvtcpka
    srvtcpka-idle 30s
    srvtcpka-intvl 10s
    srvtcpka-cnt 3

# Who is active. Asked ten times a second; a server is out of use until the first answer, so that none is used by guess.
# The check is for `vizclient follow` itself: if that is silent for three seconds, nobody is led anywhere any more.
backend {state}
    mode http
    option httpchk
    http-check send meth GET uri / ver HTTP/1.1 hdr Host vizclient
    default-server check inter 1s fall 3 rise 1 agent-check agent-addr {agent_host} agent-port {agent_port} agent-inter 100ms disabled
    server main {health} agent-send "main\\n"
    server backup {health} agent-send "backup\\n"
"""

_TCP = """\
    mode tcp
    option tcplog
    # OPC UA and MQTT keep their connections for days, and say little: keep-alive sees to what is dead.
    timeout client 7d
    timeout server 7d
"""
_HTTP = """\
    mode http
    option httplog
    option forwardfor
    timeout http-request 10s
    timeout http-keep-alive 60s
    # WebSockets
    timeout tunnel 7d
"""
_BODIES = {"tcp": _TCP, "http": _HTTP}


def haproxy_configuration(profile: Profile, resolve: Resolve) -> str:
    """Complete, for HAProxy 2.6 and later. Raises what `resolve` raises."""
    agent_host, agent_port = reached(profile.follow.agent)
    health_host, health_port = reached(profile.follow.health)
    head = _HEAD.format(
        name=" ".join(profile.name.split()),
        state=STATE,
        agent_host=resolve(agent_host, agent_port).rpartition(":")[0].strip("[]"),
        agent_port=agent_port,
        health=resolve(health_host, health_port),
    )
    return "\n".join([head, *(_section(port, resolve) for port in profile.follow.port)])


def _section(port: Port, resolve: Resolve) -> str:
    lines = [
        f"listen {port.name}\n    bind {port.listen}\n{_BODIES[port.kind]}",
        "    # Who comes while the roles change waits a moment for the new server, instead of being turned away.\n",
        "    tcp-request inspect-delay 250ms\n",
        f"    tcp-request content accept if {{ nbsrv({port.name}) gt 0 }}\n",
        "    tcp-request content accept if WAIT_END\n",
        "    # Who is on a server that is no longer the active one is disconnected, and comes back to the other.\n",
        "    default-server on-marked-down shutdown-sessions\n",
    ]
    for server in Server:
        host, number = port.of(server)
        address = resolve(host, number)
        comment = "" if address.rpartition(":")[0].strip("[]") == host else f"  # {host}"
        lines.append(f"    server {server} {address} track {STATE}/{server}{comment}\n")
    return "".join(lines)
