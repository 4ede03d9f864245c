"""The agent that HAProxy asks whether a server may have clients (`agent-check`, with `agent-send "main\\n"`).

It answers `ready up`, `ready down` or `maint`, and closes. While nothing is known yet it closes without a word, which
HAProxy takes for no change. Knows which server is active, and nothing of how that was found out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from vizclient.follow.serving import Board, Serving
from vizclient.redundancy.model import Role, Server
from vizclient.tasks import TaskSet

INTERLOCK = 0.3
"""Seconds at most for which the new server waits until an asker has heard that the old one is down: three of its rounds."""

_PATIENCE = 1.0
_LONGEST = 64
_MOST_ASKERS = 1000


class Agent:
    """Answers from `board`. Never tells one asker that both servers are up, not even for the time between two questions:

    at a swap the new server is `up` only after the old one was said to be down to whoever asks.
    """

    def __init__(self, board: Board, monotonic: Callable[[], float]) -> None:
        self._board = board
        self._monotonic = monotonic
        self._tasks = TaskSet("agent")
        self._server: asyncio.Server | None = None
        self._active = board.now.server
        self._changed_at = float("-inf")
        self._up: dict[str, Server] = {}
        """The server of which an asker, by its address, was last told that it is up."""
        board.listen(self._heard)

    async def start(self, host: str, port: int) -> int:
        """Listen; the port. OSError if that cannot be."""
        self._server = await asyncio.start_server(self._accept, host, port, limit=_LONGEST)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
        await self._tasks.close()

    def answer(self, question: str, asker: str) -> str:
        """The answer to one question; "" for none."""
        serving = self._board.now
        if not serving.known:
            return ""
        try:
            server = Server(question)
        except ValueError:
            return "down #ask for main or backup"
        if serving.server is server and self._free_for(server, asker):
            if len(self._up) >= _MOST_ASKERS:
                self._up.clear()
            self._up[asker] = server
            return "ready up"
        if self._up.get(asker) is server:
            del self._up[asker]
        if serving.server is server:
            return "ready down #switching"
        role = serving.of(server).role
        return "maint" if role is Role.MAINTENANCE else f"ready down #{role}"

    def _free_for(self, server: Server, asker: str) -> bool:
        told_up = self._up.get(asker, server)
        return told_up is server or self._monotonic() - self._changed_at >= INTERLOCK

    def _heard(self, serving: Serving) -> None:
        if serving.server is not self._active:
            self._active, self._changed_at = serving.server, self._monotonic()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._serve(reader, writer), name="answer")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                question = (await reader.readline()).decode("ascii", "replace").strip()
                answer = self.answer(question, str((writer.get_extra_info("peername") or ("",))[0]))
                if answer:
                    writer.write(f"{answer}\n".encode())
                    await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # whoever asks without listening asks again
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
