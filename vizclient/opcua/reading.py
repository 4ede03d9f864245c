"""The Read service: any number of attributes in as few requests as the server allows; every status code is kept.

A request that is too big for the server is halved, and the size that it took is remembered. A response that cannot be
decoded is halved too, until the one value that cannot be read stands alone, as Bad_DecodingError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from asyncua import ua

from vizclient.items.address import OPC_UA_NAMESPACE, Address
from vizclient.items.ports import Change, ServiceFault
from vizclient.opcua.bulk import changes_in, value_request
from vizclient.opcua.channel import Channel, after_header
from vizclient.opcua.convert import clean
from vizclient.opcua.errors import BAD_DECODING_ERROR, TOO_BIG, Undecodable

FROM_CACHE = 2_147_483_647.0
"""maxAge in milliseconds that lets a server answer from its cache (OPC 10000-4, 5.11.2.2)."""

_MOST_PER_READ = 1000
_Wanted = TypeVar("_Wanted")
_Found = TypeVar("_Found")


class Namespaces:
    """The NamespaceArray of one session: turns addresses into node ids that hold in this session only."""

    def __init__(self, uris: Sequence[str | None]) -> None:
        self.uris = tuple(uri or "" for uri in uris)
        self._index = {uri: index for index, uri in reversed(list(enumerate(self.uris)))}
        self._index[OPC_UA_NAMESPACE] = 0

    def node(self, address: Address) -> ua.NodeId | None:
        """The node id of `address`, None if this server does not have its namespace."""
        index = self._index.get(address.namespace)
        identifier = address.identifier
        if index is None:
            return None
        if isinstance(identifier, int):
            return ua.NodeId(identifier, index, ua.NodeIdType.Numeric)
        if not identifier.isascii() and clean(identifier) != identifier:
            return None  # cannot be sent, so no server has it
        return ua.NodeId(identifier, index, ua.NodeIdType.String)


class Reader:
    """Reads over one channel. `limit`: most nodes of one request, lowered when the server proves to take fewer."""

    def __init__(self, channel: Channel, timeout: float, limit: int = _MOST_PER_READ) -> None:
        self._channel = channel
        self._timeout = timeout
        self.limit = limit

    def restrict(self, limit: int) -> None:
        """Keep to MaxNodesPerRead, 0 for none."""
        if 0 < limit < self.limit:
            self.limit = limit

    async def values(self, nodes: Sequence[ua.NodeId], max_age: float = FROM_CACHE) -> list[ua.DataValue]:
        """The Value attribute of each node."""
        return await self.attributes([(node, ua.AttributeIds.Value) for node in nodes], max_age)

    async def attributes(
        self, wanted: Sequence[tuple[ua.NodeId, ua.AttributeIds]], max_age: float = FROM_CACHE
    ) -> list[ua.DataValue]:
        """One DataValue for each (node, attribute), in order."""
        undecodable = ua.DataValue(StatusCode=ua.StatusCode(BAD_DECODING_ERROR))
        return await self._all(wanted, partial(self._attributes, max_age=max_age), lambda _: undecodable)

    async def changes(self, items: Sequence[tuple[int, ua.NodeId]], max_age: float = FROM_CACHE) -> list[Change]:
        """The Value attribute of each (handle, node), decoded as quickly as can be."""
        return await self._all(
            items, partial(self._changes, max_age=max_age), lambda item: Change(item[0], None, BAD_DECODING_ERROR, None)
        )

    async def _all(
        self,
        wanted: Sequence[_Wanted],
        ask: Callable[[Sequence[_Wanted]], Awaitable[list[_Found]]],
        undecodable: Callable[[_Wanted], _Found],
    ) -> list[_Found]:
        found: list[_Found] = []
        while len(found) < len(wanted):
            found += await self._some(wanted[len(found) : len(found) + self.limit], ask, undecodable)
        return found

    async def _some(
        self,
        wanted: Sequence[_Wanted],
        ask: Callable[[Sequence[_Wanted]], Awaitable[list[_Found]]],
        undecodable: Callable[[_Wanted], _Found],
    ) -> list[_Found]:
        try:
            return await ask(wanted)
        except ServiceFault as fault:
            if fault.status not in TOO_BIG or len(wanted) == 1:
                raise
            self.limit = max(1, min(self.limit, len(wanted) // 2))
        except Undecodable:
            if len(wanted) == 1:
                return [undecodable(wanted[0])]
        half = len(wanted) // 2
        return await self._some(wanted[:half], ask, undecodable) + await self._some(wanted[half:], ask, undecodable)

    async def _changes(self, items: Sequence[tuple[int, ua.NodeId]], *, max_age: float) -> list[Change]:
        request = value_request([node for _, node in items], max_age)
        body = await self._channel.ask(request, self._timeout)
        return changes_in(after_header(body), [handle for handle, _ in items])

    async def _attributes(
        self, wanted: Sequence[tuple[ua.NodeId, ua.AttributeIds]], *, max_age: float
    ) -> list[ua.DataValue]:
        request = ua.ReadRequest()
        request.Parameters.MaxAge = max_age
        request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
        request.Parameters.NodesToRead = [_read_value(node, attribute) for node, attribute in wanted]
        response = await self._channel.request(request, ua.ReadResponse, self._timeout)
        results: list[Any] = list(response.Results or ())
        if len(results) != len(wanted):
            raise Undecodable(f"{len(results)} results for {len(wanted)} nodes")
        return results


def _read_value(node: ua.NodeId, attribute: ua.AttributeIds) -> ua.ReadValueId:
    value = ua.ReadValueId()
    value.NodeId = node
    value.AttributeId = attribute
    return value
