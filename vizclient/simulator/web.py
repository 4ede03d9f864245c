"""What browsers see of one server: the web visualization while it is active, and the Web Manager always."""

from __future__ import annotations

from vizclient.redundancy.model import Server
from vizclient.simulator.http_port import HttpPort
from vizclient.simulator.options import Options
from vizclient.simulator.web_manager import WebManager
from vizclient.simulator.website import Website


class Web:
    """Each port is there if the options name one."""

    def __init__(self, server: Server, options: Options, website: Website, manager: WebManager) -> None:
        main = server is Server.MAIN
        port, manager_port = (
            (options.main_web_port, options.main_manager_port)
            if main
            else (options.backup_web_port, options.backup_manager_port)
        )
        self._website = HttpPort(options.host, port, website.answer) if port >= 0 else None
        self._manager = HttpPort(options.host, manager_port, manager.answer) if manager_port >= 0 else None

    async def start(self) -> None:
        """Open the Web Manager."""
        if self._manager is not None:
            await self._manager.open()

    async def become_active(self) -> None:
        """Open the web visualization."""
        if self._website is not None:
            await self._website.open()

    def become_standby(self) -> None:
        """Shut it, and drop who looks at it."""
        if self._website is not None:
            self._website.shut()

    async def close(self) -> None:
        """Let go of the ports."""
        for port in (self._website, self._manager):
            if port is not None:
                await port.close()
