"""What an open session shows of its server, looked at with a view to a switchover: a few reads, nothing changed.

Knows nothing of roles, and does not judge.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from asyncua import ua

from vizclient.items.address import OPC_UA_NAMESPACE, Address
from vizclient.items.ports import ServiceFault
from vizclient.opcua.convert import aware, text_of
from vizclient.opcua.errors import MISSING, Misfit, Undecodable
from vizclient.opcua.files import FileMissing, FileTooBig, ServerFile
from vizclient.opcua.reading import Namespaces, Reader
from vizclient.opcua.role import CURRENT_TIME, NAMESPACES, SERVER_URIS
from vizclient.opcua.trust import thumbprint, validity
from vizclient.redundancy.model import Server
from vizclient.redundancy.readiness import Certificate, Inspection, PagesFile

_log = logging.getLogger(__name__)

MOST_BYTES = 128 * 1024 * 1024
"""Of a file of pages: what a bundle may be."""

_OWN_NAMESPACE = 1
"""The index at which each server has a namespace of its own (OPC 10000-5, 6.3.1)."""
_CHUNK = 500


async def inspect(reader: Reader, server: Server, items: Sequence[Address]) -> Inspection:
    """Read who the server is, its clock, its namespaces, and whether `items` are there and may be read by this user.

    Whether an item is there is asked by its UserAccessLevel, for which no server has to ask the field.
    Raises SessionEnded, ServiceFault or Undecodable.
    """
    begun, wall = time.perf_counter(), time.time()
    current, uris, arrays = await reader.values([CURRENT_TIME, SERVER_URIS, NAMESPACES], max_age=0.0)
    middle = wall + (time.perf_counter() - begun) / 2
    stamp = _good(current)
    own = _texts(uris)[:1]
    names = _texts(arrays)
    namespaces = Namespaces(names)
    missing, unreadable = set(), set()
    for start in range(0, len(items), _CHUNK):
        part = items[start : start + _CHUNK]
        nodes = [namespaces.node(address) for address in part]
        asked = [(node, ua.AttributeIds.UserAccessLevel) for node in nodes if node is not None]
        found = iter(await reader.attributes(asked))
        for address, node in zip(part, nodes, strict=True):
            data = None if node is None else next(found)
            status = None if data is None else data.StatusCode
            if data is None or (status is not None and status.value in MISSING):
                missing.add(address)
            elif isinstance(level := _good(data), int) and not level & 1:
                unreadable.add(address)
    return Inspection(
        server,
        wall,
        uri=own[0] if own else "",
        namespaces=tuple(
            uri
            for index, uri in enumerate(names)
            if index != _OWN_NAMESPACE and uri not in {"", OPC_UA_NAMESPACE, *own}
        ),
        skew=aware(stamp).timestamp() - middle if isinstance(stamp, datetime) else None,
        items=frozenset(items),
        missing=frozenset(missing),
        unreadable=frozenset(unreadable),
    )


async def pages_file(file: ServerFile | None, known: PagesFile | None, digest: Callable[[bytes], str]) -> PagesFile:
    """What the server's file of pages is; None: it has not even its namespace. Raises SessionEnded.

    `known`: what it was before; it is not read again while its stamp is the same. `digest` gives "" for what is no bundle,
    and may take its time: it is called in a thread.
    """
    try:
        if file is None:
            raise FileMissing
        stamp = await file.stamp()
        if known is not None and known.digest and stamp == known.stamp:
            return known
        found = await asyncio.to_thread(digest, await file.read(MOST_BYTES))
    except FileMissing:
        return PagesFile(fault="missing")
    except FileTooBig:
        return PagesFile(fault="too-big")
    except (ServiceFault, Undecodable) as error:
        _log.info("the file of pages cannot be read: %s", error)
        missing = isinstance(error, ServiceFault) and error.status in MISSING
        return PagesFile(fault="missing" if missing else "unreadable")
    return PagesFile(found, "" if found else "broken", stamp)


def certificate_of(der: bytes | None) -> Certificate | None:
    """When a certificate is valid; None where there is none that can be read."""
    if der is None:
        return None
    try:
        valid = validity(der)
    except Misfit:
        return None
    return Certificate(thumbprint(der), valid.not_before.timestamp(), valid.not_after.timestamp())


def certificate_in(file: Path) -> Certificate | None:
    """The same, out of a file."""
    try:
        return certificate_of(file.read_bytes())
    except OSError:
        return None


def _good(data: ua.DataValue) -> Any:
    bad = data.StatusCode is not None and data.StatusCode.is_bad()
    return None if bad or data.Value is None else data.Value.Value


def _texts(data: ua.DataValue) -> list[str]:
    listed = _good(data)
    return [text_of(text) for text in listed] if isinstance(listed, list) else []
