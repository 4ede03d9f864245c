"""What one server tells of itself and of the pair that it belongs to: GetEndpoints, FindServers, and, in a short session
that only reads, its server set and namespaces (OPC 10000-4, 5.5 and 6.6.2).

Only the server asked is connected to. Leaves nothing behind, on either side.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncua import ua

from vizclient.items.ports import ServiceFault
from vizclient.opcua import role
from vizclient.opcua.channel import Channel
from vizclient.opcua.convert import text_of
from vizclient.opcua.endpoint import Deadlines, Target, open_channel
from vizclient.opcua.errors import Undecodable, problem_of
from vizclient.opcua.login import activate_session, close_session, create_session
from vizclient.opcua.names import Resolver
from vizclient.opcua.reading import Reader
from vizclient.opcua.trust import Identity, Security, TrustedServers, own_identity
from vizclient.redundancy.model import Layer, Problem

_log = logging.getLogger(__name__)

_URIS_OF_SET = ua.NodeId(ua.ObjectIds.Server_ServerRedundancy_ServerUriArray)
_BEST_FIRST = tuple(
    Security(policy, mode)
    for mode in ("SignAndEncrypt", "Sign")
    for policy in ("Aes256_Sha256_RsaPss", "Aes128_Sha256_RsaOaep", "Basic256Sha256")
)
NO_SECURITY = Security()


@dataclass(frozen=True, slots=True)
class Application:
    """A server as FindServers lists it. `urls`: of OPC UA over TCP only."""

    uri: str
    name: str
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """What a session showed. `set_uris`: ServerUriArray; `said`: what the role is read from."""

    namespaces: tuple[str, ...]
    set_uris: tuple[str, ...]
    said: role.Said


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found out. `offers`: securities that this program knows too, best first, NO_SECURITY last.

    `inside` is None if no session was let in; `refused`: why the first of the securities that were tried did not do.
    """

    own: Application
    offers: tuple[Security, ...]
    others: tuple[Application, ...]
    inside: Inside | None
    refused: Problem | None = None

    @property
    def peer_uris(self) -> tuple[str, ...]:
        """The other servers of the set: of ServerUriArray, else of RedundantServerArray."""
        if self.inside is None:
            return ()
        listed = self.inside.set_uris or tuple(uri for uri, _ in self.inside.said.peer_levels)
        own = {self.own.uri, self.inside.said.server_uri}
        return tuple(dict.fromkeys(uri for uri in listed if uri and uri not in own))


class NotDiscovered(Exception):
    """The server could not even be asked what it offers."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass
class _Reached:
    layer: Layer = Layer.NOTHING

    def __call__(self, layer: Layer) -> None:
        self.layer = max(self.layer, layer)


@dataclass
class _Asking:
    """One server, and what is needed to ask it."""

    url: str
    own: Path
    deadlines: Deadlines
    resolver: Resolver = field(default_factory=Resolver)
    identity: Identity | None = None


async def discover(
    url: str, own: Path, choose: Callable[[Sequence[Security]], Security], deadlines: Deadlines | None = None
) -> Discovered:
    """Ask the server at `url`. Raises NotDiscovered.

    `own`: directory of our certificate. `choose` picks the security for the session out of what is offered; where that
    does not let us in, none at all is tried, if it is offered.
    """
    asking = _Asking(url, own, deadlines or Deadlines())
    reached = _Reached()
    try:
        endpoints, applications = await _ask_openly(asking, reached)
    except Exception as error:
        problem = problem_of(error, reached.layer)
        _log.info("%s: %s", url, problem)
        raise NotDiscovered(problem) from error
    known = [_application(application) for application in applications]
    own_uri = next((text_of(e.Server.ApplicationUri) for e in endpoints if e.Server is not None), "")
    own_name = next((text_of(e.Server.ApplicationName) for e in endpoints if e.Server is not None), "")
    offers = tuple(offer for offer in (*_BEST_FIRST, NO_SECURITY) if any(offer.matches(e) for e in endpoints))
    others = tuple(application for application in known if application.uri != own_uri and application.urls)
    inside, refused = None, None
    chosen = choose(offers) if offers else NO_SECURITY
    for security in dict.fromkeys([chosen, *(offer for offer in offers if not offer.secured)]):
        attempt = _Reached()
        try:
            inside = await _look_inside(asking, security, attempt)
        except Exception as error:  # noqa: BLE001 whatever it is, the rest is worth having
            refused = refused or problem_of(error, attempt.layer)
            _log.info("%s with %s: %s", url, security, refused)
            continue
        break
    return Discovered(Application(own_uri, own_name, (url,)), offers, others, inside, refused)


async def _ask_openly(asking: _Asking, reached: _Reached) -> tuple[list[Any], list[Any]]:
    """GetEndpoints and FindServers, which need no security (OPC 10000-4, 5.5.2 and 5.5.4)."""
    channel = await _open(asking, NO_SECURITY, reached)
    try:
        endpoints_wanted = ua.GetEndpointsRequest()
        endpoints_wanted.Parameters.EndpointUrl = asking.url
        response = await channel.request(endpoints_wanted, ua.GetEndpointsResponse, asking.deadlines.step)
        servers_wanted = ua.FindServersRequest()
        servers_wanted.Parameters.EndpointUrl = asking.url
        try:
            found = await channel.request(servers_wanted, ua.FindServersResponse, asking.deadlines.step)
            servers = list(found.Servers or [])
        except (ServiceFault, Undecodable) as error:
            _log.info("%s: FindServers: %s", asking.url, error)
            servers = []
    finally:
        channel.close()
        await channel.ended()
    return list(response.Endpoints or []), servers


async def _look_inside(asking: _Asking, security: Security, reached: _Reached) -> Inside:
    deadlines = asking.deadlines
    target = Target(asking.url, security)
    if security.secured and asking.identity is None:
        asking.identity = await asyncio.to_thread(own_identity, asking.own)
    identity = asking.identity if security.secured else None
    channel = await _open(asking, security, reached)
    try:
        created = await create_session(channel, target, identity, deadlines.step, deadlines.session)
        reached(Layer.SESSION)
        await activate_session(channel, target, created, None, deadlines.step, ("en",))
        reached(Layer.ACTIVATED)
        reader = Reader(channel, deadlines.step)
        learned = await role.learn(channel, reader, None, role.RoleNodes())
        (uris,) = await reader.values([_URIS_OF_SET])
    finally:
        await close_session(channel, deadlines.close)
    listed = uris.Value.Value if uris.Value is not None and uris.StatusCode.is_good() else None
    set_uris = tuple(text_of(uri) for uri in listed) if isinstance(listed, list) else ()
    return Inside(learned.namespaces.uris, set_uris, learned.said)


async def _open(asking: _Asking, security: Security, reached: _Reached) -> Channel:
    with tempfile.TemporaryDirectory(prefix="vizclient-") as folder:  # nothing is trusted for later by having asked
        trusted = TrustedServers(Path(folder))
        identity, target = asking.identity, Target(asking.url, security)
        return await open_channel("asked", target, identity, trusted, asking.resolver, asking.deadlines, reached)


def _application(described: Any) -> Application:
    urls = [text_of(url) for url in described.DiscoveryUrls or []]
    return Application(
        text_of(described.ApplicationUri),
        text_of(described.ApplicationName),
        tuple(dict.fromkeys(url for url in urls if url.lower().startswith("opc.tcp://"))),
    )
