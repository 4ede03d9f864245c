"""Host names to addresses, in a way that can hold up neither a probe nor the end of the program.

The system's resolver may block for many seconds and cannot be interrupted. So it runs in a daemon thread, one for each
name at a time, which whoever asks again joins; the default executor's threads would be waited for at exit.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable

from vizclient.opcua.errors import Unresolved

Lookup = Callable[[str, int], list[str]]


def system_lookup(host: str, port: int) -> list[str]:
    """Addresses of `host` as the system orders them. Blocks. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Looks names up and remembers them; those in `doubt` until there is another answer. Used from one event loop."""

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._known: dict[tuple[str, int], list[str]] = {}
        self._waiting: dict[tuple[str, int], list[asyncio.Future[list[str]]]] = {}

    async def resolve(self, host: str, port: int) -> list[str]:
        """Numeric addresses of `host`, at least one. Raises Unresolved. Returns only when the resolver does: bound it."""
        if _is_numeric(host):
            return [host]
        key = (host, port)
        if key in self._known:
            return self._known[key]
        future: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._ask(key).append(future)
        return await future

    def doubt(self, host: str, port: int) -> None:
        """The addresses did not serve: the system is asked anew. Until it answers they are all there is, and cost no time."""
        if (host, port) in self._known:
            self._ask((host, port))

    def _ask(self, key: tuple[str, int]) -> list[asyncio.Future[list[str]]]:
        """Who waits for the answer."""
        if key not in self._waiting:
            self._waiting[key] = []
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._look, args=(key, loop), name=f"resolve {key[0]}", daemon=True).start()
        return self._waiting[key]

    def _look(self, key: tuple[str, int], loop: asyncio.AbstractEventLoop) -> None:
        found: list[str] = []
        failure = "no address"
        try:
            found = self._lookup(*key)
        except (OSError, UnicodeError) as error:
            failure = getattr(error, "strerror", None) or str(error)
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(self._found, key, found, failure)
            except RuntimeError:
                return  # the loop was closed in this moment: nobody waits any more

    def _found(self, key: tuple[str, int], addresses: list[str], failure: str) -> None:
        self._known.pop(key, None)
        if addresses:
            self._known[key] = addresses
        for future in self._waiting.pop(key, []):
            if future.done():
                continue
            if addresses:
                future.set_result(addresses)
            else:
                future.set_exception(Unresolved(f"{key[0]}: {failure}"))


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
