"""The floor: what a client made of asyncua alone needs to connect, subscribe and receive, when it is told at once.

Run as a process of its own. Arguments: URL, namespace URI, one file with an identifier a line. It prints `ready`, waits
for a line, and prints one JSON object: `told`, `connected`, `received` in seconds of `time.perf_counter`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from asyncua import Client, ua


class Received:
    """Counts the items of which a value has come."""

    def __init__(self, expected: int) -> None:
        self._missing = expected
        self._seen: set[ua.NodeId] = set()
        self.all = asyncio.Event()

    def datachange_notification(self, node: object, value: object, data: object) -> None:
        """Called by asyncua, once a value."""
        self._seen.add(node.nodeid)  # type: ignore[attr-defined]
        if len(self._seen) == self._missing:
            self.all.set()


async def main(url: str, namespace: str, identifiers: list[str]) -> None:
    """Wait to be told, then be as quick as asyncua's own client is."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    told = time.perf_counter()
    async with Client(url) as client:
        connected = time.perf_counter()
        index = await client.get_namespace_index(namespace)
        received = Received(len(identifiers))
        subscription = await client.create_subscription(100, received)
        nodes = [client.get_node(ua.NodeId(identifier, index)) for identifier in identifiers]
        await subscription.subscribe_data_change(nodes)
        await asyncio.wait_for(received.all.wait(), 20)
        done = time.perf_counter()
        sys.stdout.write(json.dumps({"told": told, "connected": connected, "received": done}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text("utf-8").splitlines()))
