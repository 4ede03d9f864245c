"""asyncua's own HaClient with all its timers at one second, for comparison.

Run as a process of its own. Arguments: the active server's URL and its index of the items' namespace, the same of the
other, and a file with an identifier a line. It prints `ready` when every item has a value from the first. As soon as
every item has one from the other it prints one JSON object: `received` in seconds of `time.perf_counter`.

It has to be told the indexes: it knows no namespaces by their URI, and cannot ask a standby that is closed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

from asyncua import ua
from asyncua.client.ha.ha_client import HaClient, HaConfig, HaMode


class Received:
    """Which items have come from which server, told apart by the namespace index, which differs on purpose."""

    def __init__(self, indexes: dict[str, int], expected: int) -> None:
        self._expected = expected
        self._url_of = {index: url for url, index in indexes.items()}
        self._seen: dict[str, set[object]] = {url: set() for url in indexes}
        self.all = {url: asyncio.Event() for url in indexes}

    def datachange_notification(self, node: object, value: object, data: object) -> None:
        """Called by asyncua, once a value."""
        node_id = node.nodeid  # type: ignore[attr-defined]
        url = self._url_of[node_id.NamespaceIndex]
        self._seen[url].add(node_id)
        if len(self._seen[url]) == self._expected:
            self.all[url].set()


async def main(indexes: dict[str, int], identifiers: list[str]) -> None:
    """Subscribe through HaClient on both servers and wait for the values of each."""
    logging.disable(logging.CRITICAL)
    first, other = indexes
    if len(set(indexes.values())) != 2:
        raise SystemExit("the two servers must differ in the order of their namespaces")
    received = Received(indexes, len(identifiers))
    client = HaClient(
        HaConfig(
            HaMode.WARM,
            keepalive_timer=1,
            manager_timer=1,
            reconciliator_timer=1,
            request_timeout=1,
            urls=[first, other],
        )
    )
    await client.start()
    name = await client.create_subscription(100, received)
    for url, index in indexes.items():
        nodes = [ua.NodeId(identifier, index).to_string() for identifier in identifiers]
        client.ideal_map[url][name].subscribe_data_change(nodes, ua.AttributeIds.Value, 1)
    try:
        await asyncio.wait_for(received.all[first].wait(), 30)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.wait_for(received.all[other].wait(), 60)
        sys.stdout.write(json.dumps({"received": time.perf_counter()}) + "\n")
        sys.stdout.flush()
    finally:
        await client.stop()


if __name__ == "__main__":
    url, index, other_url, other_index, listing = sys.argv[1:]
    both = {url: int(index), other_url: int(other_index)}
    asyncio.run(main(both, Path(listing).read_text("utf-8").splitlines()))
