"""What a server says of itself: state, ServiceLevel, Mode and the server set in the standard's own nodes, or one item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from asyncua import ua

from vizclient.redundancy.model import Mode, RedundancySupport, Server, ServerState
from vizclient.simulator.arbitration import Role, Rules, State, peer_alive, peer_ready
from vizclient.simulator.clock import Clock
from vizclient.simulator.gate import DemoServer
from vizclient.simulator.nodes import FAILOVER, MODE, add_redundancy_nodes
from vizclient.simulator.options import Options
from vizclient.simulator.sessions import Admission

_IDS: Final = ua.ObjectIds
_STANDBY_LEVEL: Final = 100

ROLE: Final = "System/Role"
"""The item of a server that tells its role in a way of its own: "active" or "standby"."""

Failover = Callable[[ua.NodeId], Awaitable[ua.StatusCode]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to say. `seconds_left`: till the shutdown. `peer_level`: 0 for a peer that is not heard."""

    role: str
    state: int
    seconds_left: int
    level: int
    mode: int
    support: int
    peer_level: int


def standing(rules: Rules, state: State, options: Options, now: float, *, seconds_left: int) -> Standing:
    """What a server in this state has to say."""
    ready, alive = peer_ready(rules, state, now), peer_alive(rules, state, now)
    if state.role is Role.ACTIVE:
        mode, level = (Mode.PRIMARY_WITH_BACKUP, 255) if ready else (Mode.PRIMARY_ONLY, options.alone_level)
    else:
        mode = Mode.BACKUP_READY if state.updated_at is not None and alive else Mode.BACKUP_NOT_READY
        level = _STANDBY_LEVEL
    peer = 0
    if alive and state.word is not None:
        peer = 255 if state.word.role is Role.ACTIVE else _STANDBY_LEVEL
    return Standing(
        role=state.role,
        state=ServerState.SHUTDOWN if state.leaving else ServerState.RUNNING,
        seconds_left=seconds_left,
        level=level,
        mode=mode,
        support=RedundancySupport[options.support.upper()],
        peer_level=peer,
    )


def server_uri(server: Server) -> str:
    """The ApplicationUri, and so the ServerUri, of a server."""
    return f"urn:vizclient:demo:server:{server}"


class Announcement:
    """Writes what changed, and only where the server is to announce it. `claims`: what it says instead, None for the truth.

    `announce` is the option: where the role is told. `namespace`: of the nodes Mode and Failover; `items`: of the items.
    """

    def __init__(
        self, demo: DemoServer, server: Server, clock: Clock, announce: str, namespace: int, items: int
    ) -> None:
        self._demo, self._internal, self._clock = demo, demo.iserver, clock
        self._server, self._announce, self._namespace = server, announce, namespace
        self._silent = announce in ("item", "none")  # in the standard's nodes
        self._role_node = ua.NodeId(ROLE, items) if announce == "item" else None
        self._mode_node = ua.NodeId(MODE, namespace) if "mode" in announce else None
        self._shown: Standing | None = None
        self.claims: dict[str, Any] = {}

    @property
    def level(self) -> int | None:
        """The ServiceLevel that is announced."""
        return None if self._shown is None else self._shown.level

    async def prepare(self, failover: Failover, max_items: int) -> None:
        """Make the nodes. `failover` is what the method of that name calls; `max_items`: MaxMonitoredItemsPerCall."""
        space = self._internal.aspace
        limit = _IDS.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
        await self._put_system(limit, max_items, ua.VariantType.UInt32)
        await self._put_system(_IDS.Server_ServerArray, [server_uri(s) for s in (self._server, self._server.other)])
        if self._role_node is not None:
            index = self._role_node.NamespaceIndex
            folder = await self._demo.nodes.objects.add_object(ua.NodeId("System", index), f"{index}:System")
            await folder.add_variable(self._role_node, f"{index}:Role", "standby")
        if not self._silent:
            add_redundancy_nodes(space, self._namespace, mode=self._mode_node is not None)
            await self._put_system(_IDS.Server_ServerRedundancy_ServerUriArray, [server_uri(s) for s in Server])
        if self._mode_node is not None:
            for method in self._failover_methods():
                space.add_method_callback(method, failover)

    def let_fail_over(self, admission: Admission, users: Sequence[str] | None) -> None:
        """Let these users call the method Failover, and nobody else; None for everybody."""
        for method in self._failover_methods():
            if users is None:
                admission.guarded.pop(method, None)
            else:
                admission.guarded[method] = frozenset(users)

    def name_peer(self, url: str) -> None:
        """Let FindServers tell where the peer is."""
        uri = server_uri(self._server.other)
        self._internal.peer = ua.ApplicationDescription(
            ApplicationUri=uri,
            ProductUri=self._demo.product_uri,
            ApplicationName=ua.LocalizedText(f"vizclient simulator {self._server.other}"),
            ApplicationType=ua.ApplicationType.Server,
            DiscoveryUrls=[url],
        )

    async def promise(self, seconds: float | None) -> None:
        """Set EstimatedReturnTime so many seconds from now, or to nothing."""
        due = None if seconds is None else self._clock.now() + timedelta(seconds=seconds)
        await self._put_system(_IDS.Server_EstimatedReturnTime, due, ua.VariantType.DateTime)

    async def tell_time(self) -> None:
        """Let CurrentTime be now."""
        now = self._clock.now()
        await self._put_status(CurrentTime=now)
        await self._put_system(_IDS.Server_ServerStatus_CurrentTime, now, ua.VariantType.DateTime)

    async def show(self, wanted: Standing) -> None:
        """Say this."""
        if "level" not in self._announce:
            wanted = replace(wanted, level=255)
        if self._silent:
            wanted = replace(wanted, support=RedundancySupport.NONE)
        wanted = replace(wanted, **{name: value for name, value in self.claims.items() if value is not None})
        before, self._shown = self._shown, wanted
        if before == wanted:
            return
        if before is None or (before.state, before.seconds_left) != (wanted.state, wanted.seconds_left):
            await self._put_status(State=ua.ServerState(wanted.state), SecondsTillShutdown=wanted.seconds_left)
            await self._put_system(_IDS.Server_ServerStatus_State, int(wanted.state), ua.VariantType.Int32)
            await self._put_system(
                _IDS.Server_ServerStatus_SecondsTillShutdown, wanted.seconds_left, ua.VariantType.UInt32
            )
        if before is None or before.support != wanted.support:
            await self._put_system(
                _IDS.Server_ServerRedundancy_RedundancySupport, int(wanted.support), ua.VariantType.Int32
            )
        if before is None or before.level != wanted.level:
            await self._put_level(wanted.level)
        if self._mode_node is not None and (before is None or before.mode != wanted.mode):
            await self._put(self._mode_node, ua.Variant(int(wanted.mode), ua.VariantType.Int32))
        if not self._silent:
            await self._put_set(wanted)
        if self._role_node is not None and (before is None or before.role != wanted.role):
            await self._put(self._role_node, ua.Variant(wanted.role))

    def _failover_methods(self) -> tuple[ua.NodeId, ...]:
        return (
            ua.NodeId(FAILOVER, self._namespace),
            ua.NodeId(_IDS.NonTransparentBackupRedundancyType_Failover),
        )

    async def _put_level(self, level: int) -> None:
        if self._silent:
            nothing = ua.DataValue(ua.Variant(None), ua.StatusCode(ua.StatusCodes.BadNotSupported))
            await self._internal.write_attribute_value(ua.NodeId(_IDS.Server_ServiceLevel), nothing)
        else:
            await self._put_system(_IDS.Server_ServiceLevel, level, ua.VariantType.Byte)

    async def _put_set(self, standing: Standing) -> None:
        peer = standing.peer_level
        rows = [
            ua.RedundantServerDataType(server_uri(self._server), standing.level, ua.ServerState(standing.state)),
            ua.RedundantServerDataType(
                server_uri(self._server.other),
                peer,
                ua.ServerState(ServerState.RUNNING if peer else ServerState.UNKNOWN),
            ),
        ]
        await self._put_system(_IDS.Server_ServerRedundancy_RedundantServerArray, rows, ua.VariantType.ExtensionObject)

    async def _put_status(self, **fields: Any) -> None:
        node = ua.NodeId(_IDS.Server_ServerStatus)
        held = self._internal.read_attribute_value(node).Value.Value
        await self._put(node, ua.Variant(replace(held, **fields), ua.VariantType.ExtensionObject))

    async def _put_system(self, identifier: int, value: Any, kind: ua.VariantType | None = None) -> None:
        await self._put(ua.NodeId(identifier), ua.Variant(value, kind))

    async def _put(self, node: ua.NodeId, variant: ua.Variant) -> None:
        now = self._clock.now()
        await self._internal.write_attribute_value(node, ua.DataValue(variant, ua.StatusCode(0), now, now))
