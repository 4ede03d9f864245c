"""Opening the servers' web pages in the desktop's browser: the visualization that follows, and each server's Web Manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from vizclient.profiles.following import Web, reached
from vizclient.redundancy.model import Server

if TYPE_CHECKING:
    from PySide6.QtNetwork import QTcpSocket

PATIENCE_MS = 500
"""So long whoever serves the page that follows has to let us in."""

Tell = Callable[..., None]
"""Says a sentence: its code and arguments."""


class WebPages(QObject):
    """Opens what `web` names. `active`: the server that is active now. `tell`: where something is to be said.

    The page that follows is served by `vizclient follow`. Where that does not answer, the active server's own page is opened,
    and it is said that it will not move.
    """

    def __init__(
        self, web: Web, active: Callable[[], Server | None], tell: Tell, parent: QObject, patience_ms: int = PATIENCE_MS
    ) -> None:
        super().__init__(parent)
        self._web = web
        self._active = active
        self._tell = tell
        self._asking: QTcpSocket | None = None
        self._patience = QTimer(self, singleShot=True, interval=patience_ms)
        self._patience.timeout.connect(self._refused)

    @property
    def has_manager(self) -> bool:
        """Whether the Web Managers' addresses are known."""
        return self._web.manager is not None

    def open_visualization(self) -> None:
        """Open the page that follows the active server; returns at once."""
        from PySide6.QtNetwork import QTcpSocket  # noqa: PLC0415 - not needed before

        if self._asking is not None:
            return
        self._asking = QTcpSocket(self)
        self._asking.connected.connect(self._answered)
        self._asking.errorOccurred.connect(lambda _error: self._refused())
        self._patience.start()
        self._asking.connectToHost(*reached(self._web.listen))

    def open_manager(self, server: Server) -> None:
        """Open the Web Manager of one server."""
        if self._web.manager is not None:
            self._open(self._web.manager.of(server))

    def _answered(self) -> None:
        if self._done():
            self._open(self._web.landing)

    def _refused(self) -> None:
        if not self._done():
            return
        server = self._active()
        if server is None:
            self._tell("message.web-nobody", address=self._web.landing)
            return
        self._tell("message.web-itself", address=self._web.landing, server=server)
        self._open(self._web.of(server))

    def _done(self) -> bool:
        """The asking is over; False if it was already."""
        socket, self._asking = self._asking, None
        self._patience.stop()
        if socket is None:
            return False
        socket.abort()
        socket.deleteLater()
        return True

    def _open(self, url: str) -> None:
        if not QDesktopServices.openUrl(QUrl(url)):
            self._tell("message.web-browser", url=url)
