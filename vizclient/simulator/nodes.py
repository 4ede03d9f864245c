"""Items as nodes of asyncua's address space, put into it directly: fast enough for 50,000 of them.

What is the same for many nodes is one object that they share: attributes that never change, and the properties for units,
ranges and texts (a property may belong to many variables). Knows nothing of roles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue, NodeData

from vizclient.items.value import Value, severity
from vizclient.simulator.interfaces import ACTIVE_ONLY
from vizclient.simulator.item import Item

_IDS: Final = ua.ObjectIds
_ORGANIZES: Final = ua.NodeId(_IDS.Organizes)
_HAS_PROPERTY: Final = ua.NodeId(_IDS.HasProperty)
_HAS_COMPONENT: Final = ua.NodeId(_IDS.HasComponent)
_HAS_TYPE: Final = ua.NodeId(_IDS.HasTypeDefinition)
_OBJECTS: Final = ua.NodeId(_IDS.ObjectsFolder)
_PROPERTY_TYPE: Final = ua.NodeId(_IDS.PropertyType)
_READ: Final = 1
_READ_WRITE: Final = 3
_PROPERTY_KINDS: Final = {_IDS.LocalizedText: ua.VariantType.LocalizedText, _IDS.String: ua.VariantType.String}
_UNECE: Final = "http://www.opcfoundation.org/UA/units/un/cefact"

MODE: Final = "Redundancy/Mode"
FAILOVER: Final = "Redundancy/Failover"


class ItemNodes:
    """The nodes of all items, with the values, SourceTimestamps and statuses that they begin with. `put` gives one a value and tells its
    subscribers; the index is the place in `items`."""

    def __init__(
        self, space: AddressSpace, namespace: int, items: Sequence[Item],
        values: Sequence[Value], stamps: Sequence[datetime], statuses: Sequence[int],
    ) -> None:  # fmt: skip
        self._space, self._ns = space, namespace
        self._constants: dict[Any, AttributeValue] = {}
        self._properties: dict[Any, ua.ReferenceDescription] = {}
        self._folders: dict[str, NodeData] = {}
        self._away: list[NodeData] = []
        self._missing: list[NodeData] = []
        self.items = items
        self.statuses = [ua.StatusCode(status) for status in statuses]
        self._types = [ua.VariantType[item.data_type] for item in items]
        self._is_array = [isinstance(item.initial, tuple) for item in items]
        self._null = ua.Variant(None, ua.VariantType.Null)
        self._values = [
            self._add_item(index, item, value, stamp)
            for index, (item, value, stamp) in enumerate(zip(items, values, stamps, strict=True))
        ]
        self.index = {ua.NodeId(item.identifier, namespace): index for index, item in enumerate(items)}

    def value(self, index: int) -> Any:
        """What the node holds."""
        held = self._values[index].value
        return None if held is None or held.Value is None else held.Value.Value

    async def put(self, index: int, value: Value, stamp: datetime) -> None:
        """Give the item a value, with its status, and queue it for its subscribers."""
        held = self._data_value(index, value, stamp)
        attribute = self._values[index]
        attribute.value = held
        for handle, callback in attribute.datachange_callbacks.items():
            await callback(handle, held)

    async def remove_active_only(self) -> None:
        """Take the nodes away that exist on the active server only; their subscribers are told."""
        self._away += [await self._remove(node) for _, node in self._active_only()]
        self._objects().references[:] = [
            reference
            for reference in self._objects().references
            if reference.NodeId.NamespaceIndex != self._ns or reference.NodeId.Identifier not in ACTIVE_ONLY
        ]

    def restore_active_only(self) -> None:
        """Bring them back."""
        for node in self._away:
            self._space[node.nodeid] = node
            if node.nodeid.Identifier in ACTIVE_ONLY:
                self._objects().references.append(
                    reference_to(node, _ORGANIZES, ua.NodeClass.Object, ua.NodeId(_IDS.FolderType))
                )
        self._away.clear()

    async def miss(self, identifiers: Sequence[str]) -> None:
        """Let the nodes of these items, and no others, be missing; their subscribers are told. KeyError if there is no such item."""
        for node in self._missing:
            self._space[node.nodeid] = node
        self._missing.clear()
        for identifier in identifiers:
            self._missing.append(await self._remove(self._space[ua.NodeId(identifier, self._ns)]))

    def _data_value(self, index: int, value: Value, stamp: datetime) -> ua.DataValue:
        status, variant = self.statuses[index], self._null
        if severity(status.value) < 2:
            content = list(value) if isinstance(value, tuple) else value
            variant = ua.Variant(content, self._types[index], None, self._is_array[index])
        return ua.DataValue(variant, status, stamp, stamp)

    async def _remove(self, node: NodeData) -> NodeData:
        attribute = node.attributes.get(ua.AttributeIds.Value)
        if attribute is not None:
            gone = ua.DataValue(self._null, ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown))
            for handle, callback in list(attribute.datachange_callbacks.items()):
                await callback(handle, gone)
                self._space.delete_datachange_callback(handle)
        del self._space[node.nodeid]
        return node

    def _active_only(self) -> list[tuple[ua.NodeId, NodeData]]:
        names = [item.identifier for item in self.items if item.interface in ACTIVE_ONLY]
        names += [path for path in self._folders if path.partition("/")[0] in ACTIVE_ONLY]
        nodes = [ua.NodeId(name, self._ns) for name in names]
        return [(node, self._space[node]) for node in nodes if node in self._space]

    def _objects(self) -> NodeData:
        return self._space[_OBJECTS]

    def _add_item(self, index: int, item: Item, value: Value, stamp: datetime) -> AttributeValue:
        path, _, name = item.identifier.rpartition("/")
        folder = self._folder(path)
        node = NodeData(ua.NodeId(item.identifier, self._ns))
        held = AttributeValue(self._data_value(index, value, stamp))
        access = _READ_WRITE if item.writable else _READ
        kind = _type_definition(item)
        self._variable(node, name, self._ns, item.display_name, item.description, held, item.data_type, access,
                       array=self._is_array[index])  # fmt: skip
        node.references.append(self._constant_reference(kind))
        node.references.append(self._constant_reference(folder, inverse=True))
        node.references.extend(self._item_properties(item))
        if kind.Identifier == _IDS.MultiStateValueDiscreteType:
            node.references.append(self._value_as_text(item, held))
        folder.references.append(reference_to(node, _ORGANIZES, ua.NodeClass.Variable, kind))
        self._space[node.nodeid] = node
        return held

    def _variable(
        self, node: NodeData, name: str, name_ns: int, display: str, description: str, held: AttributeValue,
        data_type: str | ua.NodeId, access: int, *, array: bool = False,
    ) -> None:  # fmt: skip
        attributes, types, ids = node.attributes, ua.VariantType, ua.AttributeIds
        if isinstance(data_type, str):
            data_type = ua.NodeId(getattr(_IDS, data_type))
        attributes[ids.NodeId] = attribute_of(node.nodeid, types.NodeId)
        attributes[ids.NodeClass] = self._constant(ua.NodeClass.Variable, types.Int32)
        attributes[ids.BrowseName] = attribute_of(ua.QualifiedName(name, name_ns), types.QualifiedName)
        attributes[ids.DisplayName] = attribute_of(ua.LocalizedText(display), types.LocalizedText)
        attributes[ids.Description] = self._constant(ua.LocalizedText(description), types.LocalizedText, description)
        attributes[ids.WriteMask] = attributes[ids.UserWriteMask] = self._constant(0, types.UInt32)
        attributes[ids.Value] = held
        attributes[ids.DataType] = self._constant(data_type, types.NodeId)
        attributes[ids.ValueRank] = self._constant(1 if array else -1, types.Int32)
        if array:
            attributes[ids.ArrayDimensions] = self._constant([0], types.UInt32, "one dimension")
        attributes[ids.AccessLevel] = attributes[ids.UserAccessLevel] = self._constant(access, types.Byte)
        attributes[ids.MinimumSamplingInterval] = self._constant(0.0, types.Double)
        attributes[ids.Historizing] = self._constant(value=False, kind=types.Boolean)

    def _item_properties(self, item: Item) -> list[ua.ReferenceDescription]:
        found = []
        if item.low is not None and item.high is not None:
            found.append(
                self._property(
                    "EURange",
                    (item.low, item.high),
                    _IDS.Range,
                    lambda: ua.Range(float(item.low or 0), float(item.high or 0)),
                )
            )
        if item.unit is not None:
            unit = item.unit
            found.append(
                self._property(
                    "EngineeringUnits",
                    unit.code,
                    _IDS.EUInformation,
                    lambda: ua.EUInformation(
                        _UNECE, unit.unit_id, ua.LocalizedText(unit.name), ua.LocalizedText(unit.description)
                    ),
                )
            )
        texts = [ua.LocalizedText(text) for _, text in item.labels]
        if _is_enumeration(item):
            found.append(self._property("EnumStrings", item.labels, _IDS.LocalizedText, lambda: texts, array=True))
        elif texts:
            values = [ua.EnumValueType(number, ua.LocalizedText(text)) for number, text in item.labels]
            found.append(self._property("EnumValues", item.labels, _IDS.EnumValueType, lambda: values, array=True))
        if item.told_interface:
            told = item.told_interface
            found.append(self._property("Interface", told, _IDS.String, lambda: told))
        for name, text in (("FalseState", item.false_label), ("TrueState", item.true_label)):
            if text:
                found.append(self._property(name, text, _IDS.LocalizedText, partial(ua.LocalizedText, text)))
        return found

    def _property(
        self, name: str, key: Any, data_type: int, value: Callable[[], Any], *, array: bool = False
    ) -> ua.ReferenceDescription:
        found = self._properties.get((name, key))
        if found is None:
            node = NodeData(ua.NodeId(f"@{name}/{len(self._properties)}", self._ns))
            kind = _PROPERTY_KINDS.get(data_type, ua.VariantType.ExtensionObject)
            held = AttributeValue(ua.DataValue(ua.Variant(value(), kind, None, array)))
            name_ns = (
                self._ns if data_type == _IDS.String else 0
            )  # a property of this server's own, not of the standard
            self._variable(node, name, name_ns, name, "", held, ua.NodeId(data_type), _READ, array=array)
            node.references.append(self._constant_reference(_PROPERTY_TYPE))
            self._space[node.nodeid] = node
            found = reference_to(node, _HAS_PROPERTY, ua.NodeClass.Variable, _PROPERTY_TYPE)
            self._properties[name, key] = found
        return found

    def _value_as_text(self, item: Item, held: AttributeValue) -> ua.ReferenceDescription:
        texts = dict(item.labels)

        def read(_node: ua.NodeId, _attribute: ua.AttributeIds) -> ua.DataValue:
            now = held.value
            text = texts.get(now.Value.Value, "") if now is not None and now.Value is not None else ""
            return ua.DataValue(ua.Variant(ua.LocalizedText(text), ua.VariantType.LocalizedText))

        reference = self._property("ValueAsText", item.identifier, _IDS.LocalizedText, lambda: ua.LocalizedText(""))
        self._space[reference.NodeId].attributes[ua.AttributeIds.Value].value_callback = read
        return reference

    def _folder(self, path: str) -> NodeData:
        node = self._folders.get(path)
        if node is not None:
            return node
        above, _, name = path.rpartition("/")
        parent = self._folder(above) if above else self._objects()
        node = self._folders[path] = NodeData(ua.NodeId(path, self._ns))
        types, ids = ua.VariantType, ua.AttributeIds
        node.attributes[ids.NodeId] = attribute_of(node.nodeid, types.NodeId)
        node.attributes[ids.NodeClass] = self._constant(ua.NodeClass.Object, types.Int32)
        node.attributes[ids.BrowseName] = attribute_of(ua.QualifiedName(name, self._ns), types.QualifiedName)
        node.attributes[ids.DisplayName] = attribute_of(ua.LocalizedText(name), types.LocalizedText)
        node.attributes[ids.Description] = self._constant(ua.LocalizedText(""), types.LocalizedText, "")
        node.attributes[ids.WriteMask] = node.attributes[ids.UserWriteMask] = self._constant(0, types.UInt32)
        node.attributes[ids.EventNotifier] = self._constant(0, types.Byte)
        folder_type = ua.NodeId(_IDS.FolderType)
        node.references.append(self._constant_reference(folder_type))
        node.references.append(self._constant_reference(parent, inverse=True))
        parent.references.append(reference_to(node, _ORGANIZES, ua.NodeClass.Object, folder_type))
        self._space[node.nodeid] = node
        return node

    def _constant(self, value: Any, kind: ua.VariantType, key: Any = None) -> AttributeValue:
        key = (value if key is None else key, kind)
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = attribute_of(value, kind)
        return found

    def _constant_reference(self, target: ua.NodeId | NodeData, *, inverse: bool = False) -> ua.ReferenceDescription:
        """To a type definition, or back to a folder: the same for all nodes of the type, or in the folder."""
        node = self._space[target] if isinstance(target, ua.NodeId) else target
        key = ("reference", node.nodeid)
        found = self._properties.get(key)
        if found is None:
            node_class = node.attributes[ua.AttributeIds.NodeClass].value
            assert node_class is not None
            assert node_class.Value is not None
            found = reference_to(node, _ORGANIZES if inverse else _HAS_TYPE, node_class.Value.Value, ua.NodeId())
            found.IsForward = not inverse
            self._properties[key] = found
        return found


def add_redundancy_nodes(space: AddressSpace, namespace: int, *, mode: bool) -> None:
    """Make the ServerRedundancy object a non-transparent set, with Mode and Failover if `mode` (OPC 10000-5, 6.3.15)."""
    redundancy = space[ua.NodeId(_IDS.Server_ServerRedundancy)]
    kind = ua.NodeId(_IDS.NonTransparentBackupRedundancyType if mode else _IDS.NonTransparentRedundancyType)
    redundancy.references[:] = [r for r in redundancy.references if r.ReferenceTypeId != _HAS_TYPE]
    redundancy.references.append(reference_to(space[kind], _HAS_TYPE, ua.NodeClass.ObjectType, ua.NodeId()))
    uris = space[ua.NodeId(_IDS.Server_ServerRedundancy_ServerUriArray)]
    redundancy.references.append(reference_to(uris, _HAS_PROPERTY, ua.NodeClass.Variable, _PROPERTY_TYPE))
    if not mode:
        return
    for identifier, template, reference, node_class in (
        (MODE, _IDS.NonTransparentBackupRedundancyType_Mode, _HAS_PROPERTY, ua.NodeClass.Variable),
        (FAILOVER, _IDS.NonTransparentBackupRedundancyType_Failover, _HAS_COMPONENT, ua.NodeClass.Method),
    ):
        node = NodeData(ua.NodeId(identifier, namespace))
        for attribute, held in space[ua.NodeId(template)].attributes.items():
            node.attributes[attribute] = AttributeValue(held.value) if held.value is not None else held
        node.attributes[ua.AttributeIds.NodeId] = attribute_of(node.nodeid, ua.VariantType.NodeId)
        definition = ua.NodeId()
        if node_class is ua.NodeClass.Variable:
            definition = _PROPERTY_TYPE
            node.references.append(reference_to(space[definition], _HAS_TYPE, ua.NodeClass.VariableType, ua.NodeId()))
        space[node.nodeid] = node
        redundancy.references.append(reference_to(node, reference, node_class, definition))


def attribute_of(value: Any, kind: ua.VariantType) -> AttributeValue:
    """An attribute of a node, with this value."""
    return AttributeValue(ua.DataValue(ua.Variant(value, kind)))


def reference_to(
    node: NodeData, kind: ua.NodeId, node_class: ua.NodeClass, definition: ua.NodeId
) -> ua.ReferenceDescription:
    """A reference of this kind to `node`."""
    names = [node.attributes[a].value for a in (ua.AttributeIds.BrowseName, ua.AttributeIds.DisplayName)]
    browse_name, display_name = (held.Value.Value for held in names if held is not None and held.Value is not None)
    return ua.ReferenceDescription(
        ReferenceTypeId=kind,
        IsForward=True,
        NodeId=node.nodeid,
        BrowseName=browse_name,
        DisplayName=display_name,
        NodeClass=node_class,
        TypeDefinition=definition,
    )


def _is_enumeration(item: Item) -> bool:
    return bool(item.labels) and [number for number, _ in item.labels] == list(range(len(item.labels)))


def _type_definition(item: Item) -> ua.NodeId:
    if item.true_label:
        return ua.NodeId(_IDS.TwoStateDiscreteType)
    if _is_enumeration(item):
        return ua.NodeId(_IDS.MultiStateDiscreteType)
    if item.labels:
        return ua.NodeId(_IDS.MultiStateValueDiscreteType)
    if item.low is not None:
        return ua.NodeId(_IDS.AnalogItemType)
    if item.unit is not None:
        return ua.NodeId(_IDS.AnalogUnitType)
    return ua.NodeId(_IDS.BaseDataVariableType)
