"""The method Failover of NonTransparentBackupRedundancyType (OPC 10000-5, 6.3.15): whether it may be called, and calling it once."""

from __future__ import annotations

from asyncua import ua

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.opcua.channel import Channel
from vizclient.opcua.errors import BAD_NODE_ID_UNKNOWN, Undecodable
from vizclient.opcua.methods import call_method, find_parts
from vizclient.opcua.reading import Reader
from vizclient.redundancy.ports import Offer

_REDUNDANCY = ua.NodeId(ua.ObjectIds.Server_ServerRedundancy)
_NAME = "Failover"


async def failover_offer(channel: Channel, reader: Reader, within: float) -> Offer:
    """Whether the server has the method, and lets this user call it. Raises as requests do."""
    method = (await find_parts(channel, _REDUNDANCY, [_NAME], within)).get(_NAME)
    if method is None:
        return Offer.NONE
    wanted = (ua.AttributeIds.Executable, ua.AttributeIds.UserExecutable)
    told = await reader.attributes([(method, attribute) for attribute in wanted], max_age=0.0)
    values = [None if data.Value is None else data.Value.Value for data in told]
    return Offer.FORBIDDEN if False in values else Offer.OFFERED  # what cannot be read forbids nothing


async def fail_over(channel: Channel, within: float) -> None:
    """Call it, once. Raises ServiceFault if it was refused, SessionEnded if nothing is known about its effect."""
    method = (await find_parts(channel, _REDUNDANCY, [_NAME], within)).get(_NAME)
    if method is None:
        raise ServiceFault(BAD_NODE_ID_UNKNOWN)
    try:
        await call_method(channel, _REDUNDANCY, method, (), within)
    except Undecodable as error:
        raise SessionEnded(str(error)) from error
