"""From a server's address in the profile to an open secure channel with it, and with nobody else.

Only the host of the profile is ever connected to: endpoint URLs that a server returns are not followed. Raises what
`errors.problem_of` knows, and leaves no socket behind, however it ends. Round trips: TCP, Hello, OpenSecureChannel; with
security and a server whose certificate is not yet known, the same once more before, with GetEndpoints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.crypto.security_policies import SecurityPolicy

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.opcua.channel import Channel
from vizclient.opcua.errors import Misfit, Undecodable, Unresolved
from vizclient.opcua.names import Resolver
from vizclient.opcua.trust import Identity, Security, TrustedServers, leaf
from vizclient.redundancy.model import Layer, ProblemKind
from vizclient.tasks import TaskSet

_DEFAULT_PORT = 4840
_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Target:
    """How to reach one server, from the profile. `user` "" is anonymous; `allow_plain`: its password may be sent unencrypted.

    ValueError if `url` is not of OPC UA over TCP.
    """

    url: str
    security: Security = field(default_factory=Security)
    user: str = ""
    allow_plain: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "opc.tcp" or not parts.hostname:
            raise ValueError(f"not an opc.tcp URL: {self.url}")
        _ = parts.port

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or _DEFAULT_PORT


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. `tcp`: name resolution, and again TCP. `step`: each answer until the session is open. `request`: each answer
    in a session. `close`: a polite end. `token`, `session`: lifetimes wished for the channel's token and the session.
    `keep_alive`: between signs of life of a quiet subscription of items; one that is silent for three of them counts as
    dead, so that no value of it looks live for longer than a lost one may.
    """

    tcp: float = 2.0
    step: float = 4.0
    request: float = 5.0
    close: float = 0.3
    token: float = 3600.0
    session: float = 15.0
    keep_alive: float = 0.33


Reached = Callable[[Layer], None]


async def open_tcp(target: Target, resolver: Resolver, policy: SecurityPolicy, deadlines: Deadlines) -> Channel:
    """A TCP connection to `target`; several addresses of one name are raced. Raises Unresolved, OSError, TimeoutError."""
    try:
        async with asyncio.timeout(deadlines.tcp):
            addresses = await resolver.resolve(target.host, target.port)
    except TimeoutError:
        raise Unresolved(f"{target.host}: no answer from name resolution", late=True) from None
    try:
        async with asyncio.timeout(deadlines.tcp):
            return await _race(addresses[:_MOST_ADDRESSES], target.port, policy)
    except TimeoutError:
        resolver.doubt(target.host, target.port)
        raise TimeoutError(f"{target.host}:{target.port} did not answer") from None
    except OSError:
        resolver.doubt(target.host, target.port)
        raise


async def open_channel(
    server: str,
    target: Target,
    own: Identity | None,
    trusted: TrustedServers,
    resolver: Resolver,
    deadlines: Deadlines,
    reached: Reached,
) -> Channel:
    """An open secure channel to `target`, its server's certificate trusted. `reached` is told each layer."""
    certificate: bytes | None = None
    known = None
    if target.security.secured:
        known = trusted.certificate(server)
        certificate = known or await _presented(target, resolver, deadlines, reached)
        trusted.check(server, certificate)
    came = Layer.NOTHING

    def reaches(layer: Layer) -> None:
        nonlocal came
        came = layer
        reached(layer)

    try:
        return await _open(target, own, certificate, resolver, deadlines, reaches)
    except (SessionEnded, ServiceFault, Undecodable):
        if known is None or came is not Layer.HELLO:
            raise
        # Perhaps it no longer has the key that goes with the certificate we know: then say that, with both thumbprints.
        trusted.check(server, await _presented(target, resolver, deadlines, reached))
        raise


async def _open(
    target: Target,
    own: Identity | None,
    certificate: bytes | None,
    resolver: Resolver,
    deadlines: Deadlines,
    reached: Reached,
) -> Channel:
    policy = target.security.build(own, certificate)
    channel = await open_tcp(target, resolver, policy, deadlines)
    try:
        reached(Layer.TCP)
        await channel.hello(target.url, deadlines.step)
        reached(Layer.HELLO)
        await channel.open(deadlines.step, deadlines.token)
        reached(Layer.CHANNEL)
    except BaseException:
        channel.abort()
        await channel.ended()
        raise
    return channel


async def _presented(target: Target, resolver: Resolver, deadlines: Deadlines, reached: Reached) -> bytes:
    """The certificate that the server presents for the wanted security, asked over an unsecured channel."""
    plain = Target(target.url)
    channel = await _open(plain, None, None, resolver, deadlines, reached)
    try:
        request = ua.GetEndpointsRequest()
        request.Parameters.EndpointUrl = target.url
        response = await channel.request(request, ua.GetEndpointsResponse, deadlines.step)
    finally:
        channel.close()
        await channel.ended()
    endpoints = response.Endpoints or []
    for endpoint in endpoints:
        if target.security.matches(endpoint) and (certificate := leaf(endpoint.ServerCertificate)):
            return certificate
    offered = sorted(
        {f"{str(e.SecurityPolicyUri).rpartition('#')[2]}/{e.SecurityMode.name.strip('_')}" for e in endpoints}
    )
    wanted = f"{target.security.policy}/{target.security.mode}"
    listed = ", ".join(offered) or "–"
    raise Misfit(
        ProblemKind.SECURITY, f"wanted {wanted}, offered {listed}", "security-offer", wanted=wanted, offered=listed
    )


async def _race(addresses: list[str], port: int, policy: SecurityPolicy) -> Channel:
    if len(addresses) == 1:
        return await _connect(addresses[0], port, policy)
    tasks = TaskSet("tcp")
    winner: Channel | None = None
    failure: OSError = OSError("no address")
    made: list[Channel] = []

    async def run(address: str) -> Channel | OSError:
        try:
            channel = await _connect(address, port, policy)
        except OSError as error:
            return error
        made.append(channel)
        return channel

    try:
        running = {tasks.start(run(address), name=address) for address in addresses}
        while running and winner is None:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                outcome = task.result()
                if isinstance(outcome, OSError):
                    failure = outcome
                else:
                    winner = winner or outcome
        if winner is None:
            raise failure
        return winner
    finally:
        await tasks.close()
        for channel in made:
            if channel is not winner:
                channel.abort()
                await channel.ended()


async def _connect(address: str, port: int, policy: SecurityPolicy) -> Channel:
    channel = Channel(policy)
    try:
        await channel.connect(address, port)
    except BaseException:
        channel.abort()
        await channel.ended()
        raise
    return channel
