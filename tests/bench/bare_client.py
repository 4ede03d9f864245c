"""The floor: what a client made of asyncua alone needs to connect, subscribe and receive, when it is told at once.

Run as a process of its own. Arguments: namespace URI, one file with an identifier a line, and, if it is to be warm, a URL:
it connects there once before it is ready, as a client that was connected before a switchover has nothing to load or to
compile any more. It prints `ready`, and for each line, which is a URL, one JSON object: `told`, `connected`,
`received` in seconds of `time.perf_counter`.
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


async def follow(url: str, namespace: str, identifiers: list[str]) -> dict[str, float]:
    """Be as quick as asyncua's own client is."""
    told = time.perf_counter()
    async with Client(url) as client:
        connected = time.perf_counter()
        index = await client.get_namespace_index(namespace)
        received = Received(len(identifiers))
        subscription = await client.create_subscription(100, received)
        nodes = [client.get_node(ua.NodeId(identifier, index)) for identifier in identifiers]
        await subscription.subscribe_data_change(nodes)
        await asyncio.wait_for(received.all.wait(), 20)
        return {"told": told, "connected": connected, "received": time.perf_counter()}


async def main(namespace: str, identifiers: list[str], warm: str) -> None:
    """Wait to be told, again and again."""
    if warm:
        await follow(warm, namespace, identifiers)
    answer = "ready"
    while True:
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
        line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        answer = json.dumps(await follow(line.strip(), namespace, identifiers))


if __name__ == "__main__":
    uri, listing, *first = sys.argv[1:]
    asyncio.run(main(uri, Path(listing).read_text("utf-8").splitlines(), "".join(first)))
