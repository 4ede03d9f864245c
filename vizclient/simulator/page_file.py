"""The page bundle as a file of the server: a FileType object (OPC 10000-20, 4.2) that can be read by anybody.

A handle belongs to the session that opened it, and goes with it.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData

from vizclient.simulator.nodes import attribute_of, reference_to
from vizclient.simulator.options import PAGES
from vizclient.simulator.sessions import Calls

_IDS: Final = ua.ObjectIds
_HAS_TYPE: Final = ua.NodeId(_IDS.HasTypeDefinition)
_HAS_PROPERTY: Final = ua.NodeId(_IDS.HasProperty)
_HAS_COMPONENT: Final = ua.NodeId(_IDS.HasComponent)
_ORGANIZES: Final = ua.NodeId(_IDS.Organizes)
_MOST: Final = 256 * 1024
"""Bytes of one answer: a client that asks for more gets no more."""
_MOST_OPEN: Final = 100
_FOR_READING: Final = 1
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def bundle_bytes(path: Path) -> bytes:
    """A .vizbundle as it is, or a folder zipped: the same bytes for the same files. Raises OSError."""
    if not path.is_dir():
        return path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(file.relative_to(path).as_posix(), _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
    return packed.getvalue()


@dataclass(slots=True)
class _Opened:
    session: ua.NodeId | None
    position: int = 0


class PageFile:
    """The object, its properties and its methods. `content` may be replaced; who has it open reads on in the new one."""

    def __init__(self, space: AddressSpace, namespace: int, calls: Calls, content: bytes, changed: datetime) -> None:
        self._space, self._namespace, self._calls = space, namespace, calls
        self._opened: dict[int, _Opened] = {}
        self._number = 0
        self._content = content
        self._changed = changed
        calls.forget.append(self._forget)
        self._make()

    def replace(self, content: bytes, changed: datetime) -> None:
        """Hold another content from now on."""
        self._content, self._changed = content, changed

    def _make(self) -> None:
        space, kind = self._space, ua.NodeId(_IDS.FileType)
        node = NodeData(ua.NodeId(PAGES, self._namespace))
        for name, value, variant in (
            ("NodeId", node.nodeid, ua.VariantType.NodeId),
            ("NodeClass", ua.NodeClass.Object, ua.VariantType.Int32),
            ("BrowseName", ua.QualifiedName("Pages", self._namespace), ua.VariantType.QualifiedName),
            ("DisplayName", ua.LocalizedText("Pages"), ua.VariantType.LocalizedText),
            ("Description", ua.LocalizedText("The pages of this building, zipped"), ua.VariantType.LocalizedText),
            ("WriteMask", 0, ua.VariantType.UInt32),
            ("UserWriteMask", 0, ua.VariantType.UInt32),
            ("EventNotifier", 0, ua.VariantType.Byte),
        ):
            node.attributes[getattr(ua.AttributeIds, name)] = attribute_of(value, variant)
        node.references.append(reference_to(space[kind], _HAS_TYPE, ua.NodeClass.ObjectType, ua.NodeId()))
        space[node.nodeid] = node
        objects = space[ua.NodeId(_IDS.ObjectsFolder)]
        objects.references.append(reference_to(node, _ORGANIZES, ua.NodeClass.Object, kind))
        types = ua.VariantType
        self._property(node, "Size", _IDS.FileType_Size, types.UInt64, lambda: len(self._content))
        self._property(node, "Writable", _IDS.FileType_Writable, types.Boolean, lambda: False)
        self._property(node, "UserWritable", _IDS.FileType_UserWritable, types.Boolean, lambda: False)
        self._property(node, "OpenCount", _IDS.FileType_OpenCount, types.UInt16, lambda: len(self._opened))
        self._property(node, "MimeType", _IDS.FileType_MimeType, types.String, lambda: "application/zip")
        self._property(node, "LastModifiedTime", _IDS.FileType_LastModifiedTime, types.DateTime, lambda: self._changed)
        self._property(node, "MaxByteStringLength", _IDS.FileType_MaxByteStringLength, types.UInt32, lambda: _MOST)
        for name, template, call in (
            ("Open", _IDS.FileType_Open, self._open),
            ("Close", _IDS.FileType_Close, self._close),
            ("Read", _IDS.FileType_Read, self._read),
            ("Write", _IDS.FileType_Write, self._write),
            ("GetPosition", _IDS.FileType_GetPosition, self._get_position),
            ("SetPosition", _IDS.FileType_SetPosition, self._set_position),
        ):
            method = self._copy(node, name, template, _HAS_COMPONENT, ua.NodeClass.Method)
            method.references += [
                r for r in space[ua.NodeId(template)].references if r.ReferenceTypeId == _HAS_PROPERTY
            ]
            method.call = call

    def _property(self, node: NodeData, name: str, template: int, variant: ua.VariantType, value: Any) -> None:
        held = self._copy(node, name, template, _HAS_PROPERTY, ua.NodeClass.Variable)
        kind = self._space[ua.NodeId(_IDS.PropertyType)]
        held.references.append(reference_to(kind, _HAS_TYPE, ua.NodeClass.VariableType, ua.NodeId()))
        shown = held.attributes[ua.AttributeIds.Value] = attribute_of(value(), variant)
        shown.value_callback = lambda _node, _attribute: ua.DataValue(ua.Variant(value(), variant))

    def _copy(self, node: NodeData, name: str, template: int, kind: ua.NodeId, node_class: ua.NodeClass) -> NodeData:
        made = NodeData(ua.NodeId(f"{PAGES}/{name}", self._namespace))
        made.attributes |= self._space[ua.NodeId(template)].attributes
        made.attributes[ua.AttributeIds.NodeId] = attribute_of(made.nodeid, ua.VariantType.NodeId)
        definition = ua.NodeId(_IDS.PropertyType) if node_class is ua.NodeClass.Variable else ua.NodeId()
        node.references.append(reference_to(made, kind, node_class, definition))
        self._space[made.nodeid] = made
        return made

    def _forget(self, session: ua.NodeId) -> None:
        self._opened = {handle: opened for handle, opened in self._opened.items() if opened.session != session}

    def _of(self, handle: ua.Variant) -> _Opened | None:
        opened = self._opened.get(handle.Value)
        return opened if opened is not None and opened.session == self._calls.session else None

    async def _open(self, _parent: ua.NodeId, mode: ua.Variant) -> Any:
        if mode.Value != _FOR_READING:
            codes = ua.StatusCodes
            return ua.StatusCode(
                codes.BadNotWritable if mode.Value in (2, 3, 6, 7, 10, 11) else codes.BadInvalidArgument
            )
        if len(self._opened) >= _MOST_OPEN:
            return ua.StatusCode(ua.StatusCodes.BadTooManyOperations)
        self._number += 1
        self._opened[self._number] = _Opened(self._calls.session)
        return [ua.Variant(self._number, ua.VariantType.UInt32)]

    async def _close(self, _parent: ua.NodeId, handle: ua.Variant) -> Any:
        if self._of(handle) is None:
            return ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
        del self._opened[handle.Value]
        return []

    async def _read(self, _parent: ua.NodeId, handle: ua.Variant, length: ua.Variant) -> Any:
        opened = self._of(handle)
        if opened is None or length.Value <= 0:
            return ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
        part = self._content[opened.position : opened.position + min(length.Value, _MOST)]
        opened.position += len(part)
        return [ua.Variant(part, ua.VariantType.ByteString)]

    async def _write(self, _parent: ua.NodeId, _handle: ua.Variant, _content: ua.Variant) -> Any:
        return ua.StatusCode(ua.StatusCodes.BadNotWritable)

    async def _get_position(self, _parent: ua.NodeId, handle: ua.Variant) -> Any:
        opened = self._of(handle)
        if opened is None:
            return ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
        return [ua.Variant(opened.position, ua.VariantType.UInt64)]

    async def _set_position(self, _parent: ua.NodeId, handle: ua.Variant, position: ua.Variant) -> Any:
        opened = self._of(handle)
        if opened is None:
            return ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
        opened.position = min(position.Value, len(self._content))
        return []
