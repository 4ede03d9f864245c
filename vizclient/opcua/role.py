"""What a server says about itself: read once right after activation, then watched.

One Read request asks for everything: ServerState, ServiceLevel, RedundancySupport, Mode and the custom role item, the
times around a shutdown, RedundantServerArray, ServerArray, NamespaceArray and the operation limits. The Mode node is not at a fixed
id, so a TranslateBrowsePaths request goes out together with the Read; its answer costs no round trip of its own. Only
at the first contact with a server, or when the ids have moved, a second Read follows for Mode and a role item.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from asyncua import ua

from vizclient.items.address import Address
from vizclient.items.ports import ServiceFault
from vizclient.items.value import Value
from vizclient.opcua.channel import Channel, decode
from vizclient.opcua.convert import aware, text_of, value_of
from vizclient.opcua.errors import Undecodable
from vizclient.opcua.reading import Namespaces, Reader
from vizclient.redundancy.model import Layer, Report, Server, ServerState

STATE = ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)
LEVEL = ua.NodeId(ua.ObjectIds.Server_ServiceLevel)
SUPPORT = ua.NodeId(ua.ObjectIds.Server_ServerRedundancy_RedundancySupport)
RETURN_TIME = ua.NodeId(ua.ObjectIds.Server_EstimatedReturnTime)
SHUTDOWN_IN = ua.NodeId(ua.ObjectIds.Server_ServerStatus_SecondsTillShutdown)
CURRENT_TIME = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
PEERS = ua.NodeId(ua.ObjectIds.Server_ServerRedundancy_RedundantServerArray)
SERVER_URIS = ua.NodeId(ua.ObjectIds.Server_ServerArray)
NAMESPACES = ua.NodeId(ua.ObjectIds.Server_NamespaceArray)
_REDUNDANCY = ua.NodeId(ua.ObjectIds.Server_ServerRedundancy)
_LIMITS = "Server_ServerCapabilities_OperationLimits_"
_MAX_READ = ua.NodeId(getattr(ua.ObjectIds, f"{_LIMITS}MaxNodesPerRead"))
_MAX_ITEMS = ua.NodeId(getattr(ua.ObjectIds, f"{_LIMITS}MaxMonitoredItemsPerCall"))
_MAX_BROWSE = ua.NodeId(getattr(ua.ObjectIds, f"{_LIMITS}MaxNodesPerBrowse"))

_ALWAYS = (
    STATE,
    LEVEL,
    SUPPORT,
    RETURN_TIME,
    SHUTDOWN_IN,
    CURRENT_TIME,
    PEERS,
    SERVER_URIS,
    NAMESPACES,
    _MAX_READ,
    _MAX_ITEMS,
    _MAX_BROWSE,
)


@dataclass(frozen=True, slots=True)
class RoleItem:
    """The profile's own role item: the server is active while `address` holds one of `active`."""

    address: Address
    active: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class RoleNodes:
    """Where Mode and the role item are, in the namespaces `uris` of one session. None: not there."""

    mode: ua.NodeId | None = None
    custom: ua.NodeId | None = None
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a server said about itself, as far as it could be read. Times are local monotonic seconds.

    `shutdown_in` is SecondsTillShutdown as it is: it means something only while the state is Shutdown.
    """

    state: int | None = None
    level: int | None = None
    support: int | None = None
    mode: int | None = None
    custom_active: bool | None = None
    server_uri: str = ""
    estimated_return: float | None = None
    shutdown_in: float | None = None
    peer_levels: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """The outcome of the first Read of a session. `readable`: nodes that can be watched. `clock`: server's unix time
    minus local monotonic time. Limits are 0 for none. `round_trip`: seconds of the Read."""

    said: Said
    namespaces: Namespaces
    nodes: RoleNodes
    readable: frozenset[ua.NodeId]
    clock: float
    round_trip: float
    max_items: int = 0
    max_browse: int = 0
    max_read: int = 0


async def learn(channel: Channel, reader: Reader, role_item: RoleItem | None, guess: RoleNodes) -> Learned:
    """Ask for everything at once. `guess`: the nodes of an earlier session with this server, checked before use.

    Mode is looked for beside the Read only where an earlier session knew of none. Raises ServiceFault if not even NamespaceArray may be read: such a server refuses node by node, as a standby may.
    """
    begun = time.perf_counter()
    finding = _look_for_mode(channel) if guess.mode is None else None
    nodes_read = [*_ALWAYS, *(node for node in (guess.mode, guess.custom) if node is not None)]
    wanted = [(node, ua.AttributeIds.Value) for node in nodes_read]
    if guess.mode is not None:
        wanted.append((guess.mode, ua.AttributeIds.BrowseName))
    results = await reader.attributes(wanted, max_age=0.0)
    data = dict(zip(nodes_read, results, strict=False))
    round_trip = time.perf_counter() - begun
    if data[NAMESPACES].StatusCode is not None and data[NAMESPACES].StatusCode.is_bad():
        raise ServiceFault(int(data[NAMESPACES].StatusCode.value))
    namespaces = Namespaces(_good(data[NAMESPACES]) or ())
    custom = namespaces.node(role_item.address) if role_item is not None else None
    if guess.mode is not None and (namespaces.uris != guess.uris or not _is_mode(results[-1])):
        del data[guess.mode]
        finding = _look_for_mode(channel)
    mode = guess.mode
    if finding is not None:
        # The answer to what was asked first is there by now, or the server answers out of order and it is on its way.
        await asyncio.wait({finding}, timeout=max(1.0, 3 * round_trip))
        mode = _translated(finding.result()) if finding.done() else None
    nodes = RoleNodes(mode, custom, namespaces.uris)
    missing = [node for node in (nodes.mode, nodes.custom) if node is not None and node not in data]
    if missing:
        data |= dict(zip(missing, await reader.values(missing, max_age=0.0), strict=True))
    readable = frozenset(
        node for node, value in data.items() if value.StatusCode is None or not value.StatusCode.is_bad()
    )
    middle = begun + round_trip / 2
    clock = clock_of(data[CURRENT_TIME], middle, time.time() - time.perf_counter())
    said = Said()
    for node, value in data.items():
        said = heard(said, node, value, nodes, role_item, clock)
    uris = _good(data[SERVER_URIS]) or ()
    return Learned(
        replace(said, server_uri=text_of(uris[0]) if uris else ""),
        namespaces,
        nodes,
        readable,
        clock,
        round_trip,
        max_items=_number(data[_MAX_ITEMS]) or 0,
        max_browse=_number(data[_MAX_BROWSE]) or 0,
        max_read=_number(data[_MAX_READ]) or 0,
    )


def clock_of(current: ua.DataValue, at: float, otherwise: float) -> float:
    """The server's unix time minus local monotonic time, from its CurrentTime as it was at `at`."""
    stamp = _good(current)
    return aware(stamp).timestamp() - at if isinstance(stamp, datetime) else otherwise


def heard(
    said: Said, node: ua.NodeId, data: ua.DataValue, nodes: RoleNodes, role_item: RoleItem | None, clock: float
) -> Said:
    """`said`, brought up to date with one value. `clock`: server's unix time minus local monotonic time."""
    match node:
        case _ if node == STATE:
            return replace(said, state=_number(data))
        case _ if node == LEVEL:
            return replace(said, level=_number(data))
        case _ if node == SUPPORT:
            return replace(said, support=_number(data))
        case _ if node == RETURN_TIME:
            stamp = _good(data)
            known = isinstance(stamp, datetime) and stamp.year > 1601  # 0 stands for not known
            return replace(said, estimated_return=aware(stamp).timestamp() - clock if known else None)
        case _ if node == SHUTDOWN_IN:
            seconds = _number(data)
            return replace(said, shutdown_in=float(seconds) if seconds is not None else None)
        case _ if node == PEERS:
            return replace(said, peer_levels=_peers(_good(data)))
        case _ if nodes.mode is not None and node == nodes.mode:
            said = replace(said, mode=_number(data))
    if role_item is not None and nodes.custom is not None and node == nodes.custom:
        bad = data.StatusCode is not None and not data.StatusCode.is_good()
        value = value_of(data.Value.Value) if data.Value is not None else None
        unknown = bad or value is None  # a value that is not there says nothing
        return replace(said, custom_active=None if unknown else value in role_item.active)
    return said


def report_of(said: Said, server: Server, at: float, took: float, round_trip: float) -> Report:
    """The report of a server that let a session be activated."""
    return Report(
        server,
        at,
        Layer.ACTIVATED,
        state=said.state,
        level=said.level,
        support=said.support,
        mode=said.mode,
        custom_active=said.custom_active,
        server_uri=said.server_uri,
        estimated_return=said.estimated_return,
        shutdown_in=said.shutdown_in if said.state == ServerState.SHUTDOWN else None,
        took=took,
        round_trip=round_trip,
        peer_levels=said.peer_levels,
    )


def watched(learned: Learned) -> Sequence[ua.NodeId]:
    """What to monitor: whatever of it this server lets be read; the role item always, for it may come with the role."""
    wanted = (STATE, LEVEL, RETURN_TIME, SHUTDOWN_IN, PEERS, learned.nodes.mode)
    found = [node for node in wanted if node is not None and node in learned.readable]
    return found if learned.nodes.custom is None else [*found, learned.nodes.custom]


def deciding(nodes: RoleNodes) -> Sequence[ua.NodeId]:
    """What is believed before ServiceLevel: Mode and the role item, as far as there are such."""
    return [node for node in (nodes.mode, nodes.custom) if node is not None]


def _look_for_mode(channel: Channel) -> asyncio.Future[Any]:
    """Ask where the server has its Mode; the answer, or the exception that came instead."""
    finding: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    channel.send(_translate(), lambda answer: None if finding.done() else finding.set_result(answer))
    return finding


def _is_mode(data: ua.DataValue) -> bool:
    """Whether this BrowseName is that of Mode: an address space may have been built anew."""
    name = _good(data)
    return isinstance(name, ua.QualifiedName) and name.Name == "Mode"


def _translate() -> ua.TranslateBrowsePathsToNodeIdsRequest:
    element = ua.RelativePathElement()
    element.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
    element.IsInverse = False  # asyncua's structures have every Boolean true unless told otherwise
    element.IncludeSubtypes = True
    element.TargetName = ua.QualifiedName("Mode", 0)
    path = ua.BrowsePath()
    path.StartingNode = _REDUNDANCY
    path.RelativePath.Elements = [element]
    request = ua.TranslateBrowsePathsToNodeIdsRequest()
    request.Parameters.BrowsePaths = [path]
    return request


def _translated(answer: Any) -> ua.NodeId | None:
    if isinstance(answer, Exception):
        return None
    try:
        results = decode(answer, ua.TranslateBrowsePathsToNodeIdsResponse).Results
    except (ServiceFault, Undecodable):
        return None
    if not results or results[0].StatusCode.is_bad() or not results[0].Targets:
        return None
    target = results[0].Targets[0].TargetId
    return ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)


def _good(data: ua.DataValue) -> Any:
    if data.StatusCode is not None and data.StatusCode.is_bad():
        return None
    return data.Value.Value if data.Value is not None else None


def _number(data: ua.DataValue) -> int | None:
    value = _good(data)
    return int(value) if isinstance(value, int) else None


def _peers(value: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        (text_of(peer.ServerId), int(peer.ServiceLevel))
        for peer in value
        if isinstance(peer, ua.RedundantServerDataType)
    )
