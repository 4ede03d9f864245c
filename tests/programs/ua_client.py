"""An ordinary OPC UA client that knows one address and nothing of main and backup: connects, reads, and connects again.

Run as a process of its own. Argument: URL. For each answer it prints a JSON object: `t` (seconds of `time.perf_counter`),
`server` (what the server calls itself), `level`, `connection` (the how manieth it is, from 1).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import sys
import time

from asyncua import Client, ua

PAUSE = 0.03
_SERVER_ARRAY, _SERVICE_LEVEL = ua.NodeId(2254), ua.NodeId(2267)


async def read(url: str, connection: int) -> None:
    """Until the connection breaks; then there is nobody left to say goodbye to."""
    client = Client(url, timeout=5)  # who leads it elsewhere ends its connection, and a server may be slow
    await client.connect()
    try:
        server = (await client.get_node(_SERVER_ARRAY).read_value())[0]
        level = client.get_node(_SERVICE_LEVEL)
        while True:
            row = {"level": await level.read_value(), "server": server, "connection": connection}
            row["t"] = time.perf_counter()
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
            await asyncio.sleep(PAUSE)
    finally:
        client.disconnect_socket()


async def main(url: str) -> None:
    """Again and again."""
    for connection in itertools.count(1):
        try:
            await read(url, connection)
        except Exception:  # noqa: BLE001 - whatever it is, this client tries again
            await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1]))
