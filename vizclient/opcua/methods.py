"""Methods of an object, found by their names and called (OPC 10000-4, 5.9.4 and 5.12.2). Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncua import ua

from vizclient.items.ports import ServiceFault
from vizclient.opcua.channel import Channel
from vizclient.opcua.errors import Undecodable


async def find_parts(channel: Channel, node: ua.NodeId, names: Sequence[str], within: float) -> dict[str, ua.NodeId]:
    """The children of `node` that have these names of the standard's namespace, by name; those that are not there are left out.

    Raises SessionEnded, ServiceFault or Undecodable, as requests do.
    """
    request = ua.TranslateBrowsePathsToNodeIdsRequest()
    request.Parameters.BrowsePaths = [_path(node, name) for name in names]
    response = await channel.request(request, ua.TranslateBrowsePathsToNodeIdsResponse, within)
    found: dict[str, ua.NodeId] = {}
    for name, result in zip(names, response.Results or (), strict=False):
        if not result.StatusCode.is_bad() and result.Targets:
            target = result.Targets[0].TargetId
            found[name] = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
    return found


async def call_method(
    channel: Channel, node: ua.NodeId, method: ua.NodeId, arguments: Sequence[ua.Variant], within: float
) -> Sequence[Any]:
    """Call `method` of `node` once; what it gives back. Raises as above; a bad status of the method is a ServiceFault."""
    call = ua.CallMethodRequest()
    call.ObjectId = node
    call.MethodId = method
    call.InputArguments = list(arguments)
    request = ua.CallRequest()
    request.Parameters.MethodsToCall = [call]
    response = await channel.request(request, ua.CallResponse, within)
    if not response.Results:
        raise Undecodable("no result of a method")
    result = response.Results[0]
    if result.StatusCode.is_bad():
        raise ServiceFault(int(result.StatusCode.value))
    return [output.Value for output in result.OutputArguments or ()]


def _path(start: ua.NodeId, name: str) -> ua.BrowsePath:
    element = ua.RelativePathElement()
    element.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
    element.IsInverse = False
    element.IncludeSubtypes = True
    element.TargetName = ua.QualifiedName(name, 0)
    path = ua.BrowsePath()
    path.StartingNode = start
    path.RelativePath.Elements = [element]
    return path
