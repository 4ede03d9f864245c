"""Free TCP ports of the loopback address."""

from __future__ import annotations

import random
import socket

_RANGE = range(12_000, 20_000)
"""Below what systems hand out by themselves, and beside what simulated servers take."""


def free_ports(count: int) -> list[int]:
    """Different ones that nobody listens on."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_RANGE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
