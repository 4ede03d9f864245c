"""Reading a file that a server holds as a FileType object (OPC 10000-20, 4.2): Open, Read until its end, Close.

Knows nothing of what is in it. What was opened is closed again, however the reading ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from asyncua import ua

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.opcua.channel import Channel
from vizclient.opcua.errors import Undecodable
from vizclient.opcua.methods import call_method, find_parts
from vizclient.opcua.reading import Reader

_PARTS = ("Open", "Read", "Close", "Size", "LastModifiedTime")
_TO_READ = 1
"""The mode of Open in which nothing can be changed."""
_CHUNK = 32 * 1024
_CLOSE_WITHIN = 0.3


class FileMissing(Exception):
    """There is no such file, or it is no FileType object."""


class FileTooBig(Exception):
    """It is bigger than was asked for."""


class ServerFile:
    """The file at `node`. Every method raises SessionEnded, ServiceFault or Undecodable, as requests do."""

    def __init__(self, channel: Channel, reader: Reader, node: ua.NodeId, within: float) -> None:
        self._channel = channel
        self._reader = reader
        self._node = node
        self._within = within
        self._parts: dict[str, ua.NodeId] = {}

    async def stamp(self) -> str:
        """Size and time of the last change: another text when the file has changed, "" if the server tells neither.

        Raises FileMissing.
        """
        await self._find_parts()
        told = [self._parts[name] for name in ("Size", "LastModifiedTime") if name in self._parts]
        values = await self._reader.values(told, max_age=0.0) if told else []
        return " ".join(str(data.Value.Value) for data in values if data.Value is not None)

    async def read(self, most: int) -> bytes:
        """The content. Raises FileMissing, or FileTooBig if it is more than `most` bytes."""
        await self._find_parts()
        handle = (await self._call("Open", ua.Variant(_TO_READ, ua.VariantType.Byte)))[0]
        opened = ua.Variant(handle, ua.VariantType.UInt32)
        content = bytearray()
        try:
            while True:
                part = (await self._call("Read", opened, ua.Variant(_CHUNK, ua.VariantType.Int32)))[0]
                if not part:
                    return bytes(content)
                content += part
                if len(content) > most:
                    raise FileTooBig
        finally:
            with contextlib.suppress(SessionEnded, ServiceFault, Undecodable):
                await self._call("Close", opened, within=min(self._within, _CLOSE_WITHIN))

    async def _find_parts(self) -> None:
        if self._parts:
            return
        found = await find_parts(self._channel, self._node, _PARTS, self._within)
        if not found.keys() >= {"Open", "Read", "Close"}:
            raise FileMissing
        self._parts = found

    async def _call(self, method: str, *arguments: ua.Variant, within: float | None = None) -> Sequence[Any]:
        within = within or self._within
        outputs = await call_method(self._channel, self._node, self._parts[method], arguments, within)
        if method != "Close" and not outputs:
            raise Undecodable(f"{method} gave nothing back")
        return outputs
