"""What freshness needs to know of a connection, from its announcements. Pure; the same for the window and headless commands."""

from __future__ import annotations

from vizclient.items.freshness import Standing
from vizclient.redundancy.model import Connection, Server


class StandingKeeper:
    """Follows the announcements of one site: how often the data server was another than before."""

    def __init__(self) -> None:
        self._server: Server | None = None
        self._switches = 0

    def standing(self, connection: Connection, before: Standing, hold: float) -> Standing:
        """The standing after `connection`, `before` being the one until now; a new link process knows of no loss."""
        if connection.generation and connection.server is not None:
            self._switches += self._server is not None and connection.server is not self._server
            self._server = connection.server
        lost_at = connection.lost_at if connection.lost_at is not None else before.lost_at
        gone = before.generation not in (0, connection.generation)
        lost = before.generation if gone else before.lost
        return Standing(connection.generation, connection.sure, lost_at, hold, self._switches, lost)
