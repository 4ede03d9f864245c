"""What a server says about items besides their values, for many items in few round trips.

For each chunk: one Read of the attributes, one Browse for the properties, one Read of those that exist. What belongs to data types (base type, enumeration texts) is found out once a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from vizclient.items.metadata import Metadata
from vizclient.items.ports import ServiceFault
from vizclient.opcua.channel import Channel
from vizclient.opcua.convert import text_of
from vizclient.opcua.errors import BAD_ATTRIBUTE_ID_INVALID, MISSING, TOO_BIG, Undecodable
from vizclient.opcua.reading import Reader

_ATTRIBUTES = (
    ua.AttributeIds.DataType,
    ua.AttributeIds.ValueRank,
    ua.AttributeIds.UserAccessLevel,
    ua.AttributeIds.DisplayName,
    ua.AttributeIds.Description,
)
_PROPERTIES = frozenset({"EngineeringUnits", "EURange", "EnumStrings", "EnumValues", "TrueState", "FalseState"})
_HAS_PROPERTY = ua.NodeId(ua.ObjectIds.HasProperty)
_HAS_SUBTYPE = ua.NodeId(ua.ObjectIds.HasSubtype)
_ABSTRACT = frozenset({24, 26, 27, 28})  # BaseDataType, Number, Integer, UInteger
_ENUMERATION = 29
_STRUCTURE = 22
_DEEPEST = 20
_NO_TIME = datetime(1601, 1, 1, tzinfo=UTC)

_Properties = dict[str, ua.NodeId]


class MetadataReader:
    """Reads metadata over one session; remembers data types. `interface_property`: the BrowseName of the property that names a
    node's interface or module; its namespace does not matter.
    """

    def __init__(
        self, channel: Channel, reader: Reader, timeout: float, max_browse: int, interface_property: str
    ) -> None:
        self._channel = channel
        self._reader = reader
        self._timeout = timeout
        self._most = max_browse or 1000
        self._interface_property = interface_property
        self._wanted = _PROPERTIES | {interface_property}
        self._built_in: dict[ua.NodeId, str] = {}
        self._labels: dict[ua.NodeId, tuple[tuple[int, str], ...]] = {}

    async def read(self, nodes: Sequence[ua.NodeId]) -> list[Metadata | None]:
        """Metadata of each node, None where there is no such Variable. Raises SessionEnded, ServiceFault, Undecodable."""
        if not nodes:
            return []
        wanted = [(node, attribute) for node in nodes for attribute in _ATTRIBUTES]
        data = await self._reader.attributes(wanted)
        rows = [data[start : start + len(_ATTRIBUTES)] for start in range(0, len(data), len(_ATTRIBUTES))]
        there = [index for index, row in enumerate(rows) if not _missing(row)]
        types = {index: _data_type(rows[index]) for index in there}
        await self._learn_types({kind for kind in types.values() if kind is not None})
        properties = dict(zip(there, await self._properties([nodes[index] for index in there]), strict=True))
        values = await self._values(properties.values())
        abstract = [index for index in there if self._name(types[index]) == ""]
        actual = dict(zip(abstract, await self._actual([nodes[index] for index in abstract]), strict=True))
        found: list[Metadata | None] = [None] * len(nodes)
        for index in there:
            own = {name: values[node] for name, node in properties[index].items()}
            kind = types[index]
            labels = _labels(own) or (self._labels.get(kind, ()) if kind is not None else ())
            interface = text_of(own.get(self._interface_property))
            found[index] = _metadata(rows[index], own, self._name(kind) or actual.get(index, ""), labels, interface)
        return found

    def _name(self, data_type: ua.NodeId | None) -> str:
        return self._built_in.get(data_type, "") if data_type is not None else ""

    async def _actual(self, nodes: Sequence[ua.NodeId]) -> list[str]:
        """The types of the values that are there now: all that is known where the declared type is abstract."""
        if not nodes:
            return []
        return [
            "" if value.Value is None or value.Value.Value is None else value.Value.VariantType.name
            for value in await self._reader.values(nodes)
        ]

    async def _values(self, properties: Iterable[_Properties]) -> dict[ua.NodeId, Any]:
        nodes = list(dict.fromkeys(node for one in properties for node in one.values()))
        if not nodes:
            return {}
        return {node: _value(data) for node, data in zip(nodes, await self._reader.values(nodes), strict=True)}

    async def _properties(self, nodes: Sequence[ua.NodeId]) -> list[_Properties]:
        """The properties of each node that metadata is made of."""
        wishes = [_browse(node, _HAS_PROPERTY, ua.BrowseDirection.Forward) for node in nodes]
        return [
            {
                reference.BrowseName.Name: _local(reference.NodeId)
                for reference in references
                if reference.BrowseName.Name in self._wanted
            }
            for references in await self._browse(wishes)
        ]

    # -- data types ---------------------------------------------------------------------------------------------------

    async def _learn_types(self, kinds: set[ua.NodeId]) -> None:
        """The built-in type behind each data type, and the texts of enumerations."""
        fresh = [kind for kind in kinds if kind not in self._built_in]
        if not fresh:
            return
        ancestors = {kind: kind for kind in fresh}
        for _ in range(_DEEPEST):
            open_ = [kind for kind, ancestor in ancestors.items() if _built_in(ancestor) is None]
            if not open_:
                break
            wishes = [_browse(ancestors[kind], _HAS_SUBTYPE, ua.BrowseDirection.Inverse) for kind in open_]
            for kind, references in zip(open_, await self._browse(wishes), strict=True):
                ancestors[kind] = _local(references[0].NodeId) if references else ua.NodeId(_STRUCTURE)
        for kind, ancestor in ancestors.items():
            self._built_in[kind] = _built_in(ancestor) or ""
        enumerations = [kind for kind in fresh if ancestors[kind] == ua.NodeId(_ENUMERATION)]
        properties = await self._properties(enumerations) if enumerations else []
        values = await self._values(properties)
        for kind, own in zip(enumerations, properties, strict=True):
            self._labels[kind] = _labels({name: values[node] for name, node in own.items()})

    # -- browsing -----------------------------------------------------------------------------------------------------

    async def _browse(self, wishes: Sequence[ua.BrowseDescription]) -> list[list[Any]]:
        """The references that each wish finds, all of them; none where the server refuses that one."""
        found: list[list[Any]] = []
        while len(found) < len(wishes):
            part = wishes[len(found) : len(found) + self._most]
            request = ua.BrowseRequest()
            request.Parameters.View.Timestamp = _NO_TIME
            request.Parameters.NodesToBrowse = list(part)
            try:
                response = await self._channel.request(request, ua.BrowseResponse, self._timeout)
            except ServiceFault as fault:
                if fault.status not in TOO_BIG or len(part) == 1:
                    raise
                self._most = len(part) // 2
                continue
            results = response.Results or []
            if len(results) != len(part):
                raise Undecodable(f"{len(results)} results for {len(part)} nodes")
            found += [list(result.References or ()) for result in results]
            base = len(found) - len(part)
            await self._browse_on({base + index: one.ContinuationPoint for index, one in enumerate(results)}, found)
        return found

    async def _browse_on(self, points: dict[int, bytes | None], found: list[list[Any]]) -> None:
        """Follow continuation points until there are none."""
        while points := {index: point for index, point in points.items() if point}:
            request = ua.BrowseNextRequest()
            request.Parameters.ReleaseContinuationPoints = False
            request.Parameters.ContinuationPoints = list(points.values())
            response = await self._channel.request(request, ua.BrowseNextResponse, self._timeout)
            following: dict[int, bytes | None] = {}
            for index, result in zip(points, response.Parameters.Results or (), strict=False):
                found[index] += result.References or ()
                following[index] = result.ContinuationPoint
            points = following


def _browse(node: ua.NodeId, reference: ua.NodeId, direction: ua.BrowseDirection) -> ua.BrowseDescription:
    wish = ua.BrowseDescription()
    wish.NodeId = node
    wish.BrowseDirection = direction
    wish.ReferenceTypeId = reference
    wish.IncludeSubtypes = True
    wish.NodeClassMask = 0
    wish.ResultMask = ua.BrowseResultMask.BrowseName
    return wish


def _local(node: Any) -> ua.NodeId:
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)


def _built_in(data_type: ua.NodeId) -> str | None:
    """Name of a built-in type, "" for an abstract one, None for one that is only derived from them."""
    if data_type.NamespaceIndex != 0 or not isinstance(data_type.Identifier, int):
        return None
    if data_type.Identifier in _ABSTRACT:
        return ""
    if data_type.Identifier == _ENUMERATION:
        return "Int32"
    if 1 <= data_type.Identifier <= 25:
        return str(ua.VariantType(data_type.Identifier).name)
    return None


def _missing(row: Sequence[ua.DataValue]) -> bool:
    """Whether the node is not there, or no Variable: its DataType cannot be read."""
    status = row[0].StatusCode
    if status is None or not status.is_bad():
        return False
    return status.value in MISSING or status.value == BAD_ATTRIBUTE_ID_INVALID


def _data_type(row: Sequence[ua.DataValue]) -> ua.NodeId | None:
    value = _value(row[0])
    return value if isinstance(value, ua.NodeId) else None


def _value(data: ua.DataValue) -> Any:
    if data.StatusCode is not None and data.StatusCode.is_bad():
        return None
    return data.Value.Value if data.Value is not None else None


def _labels(properties: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    values = properties.get("EnumValues")
    if isinstance(values, list):
        return tuple((int(v.Value), text_of(v.DisplayName)) for v in values if isinstance(v, ua.EnumValueType))
    texts = properties.get("EnumStrings")
    if isinstance(texts, list):
        return tuple((number, text_of(text)) for number, text in enumerate(texts))
    return ()


def _metadata(
    row: Sequence[ua.DataValue],
    properties: dict[str, Any],
    data_type: str,
    labels: tuple[tuple[int, str], ...],
    interface: str,
) -> Metadata:
    rank, access = _value(row[1]), _value(row[2])
    unit, limits = properties.get("EngineeringUnits"), properties.get("EURange")
    low, high = (limits.Low, limits.High) if isinstance(limits, ua.Range) else (0.0, 0.0)
    return Metadata(
        data_type=data_type,
        value_rank=int(rank) if isinstance(rank, int) else -1,
        readable=bool(access & 1) if isinstance(access, int) else True,
        writable=bool(access & 2) if isinstance(access, int) else False,
        display_name=text_of(_value(row[3])),
        description=text_of(_value(row[4])),
        unit=text_of(unit.DisplayName) if isinstance(unit, ua.EUInformation) else "",
        low=float(low) if low < high else None,
        high=float(high) if low < high else None,
        labels=labels,
        true_label=text_of(properties.get("TrueState")),
        false_label=text_of(properties.get("FalseState")),
        interface=interface,
    )
