"""One window for each desktop session and profile: a second start asks the first to come forward, and ends.

Knows nothing of windows: it hands over one line of text, the page that was asked for.
"""

from __future__ import annotations

import getpass
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vizclient import machine

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

_PATIENCE = 2.0
_TAKEN = b"taken\n"
_SESSION_VARIABLES = ("WAYLAND_DISPLAY", "DISPLAY", "XDG_SESSION_ID", "SESSIONNAME")


def instance_name(profile: Path) -> str:
    """The same for the same user, desktop session and profile file; nothing else about them can be read from it."""
    session = next((value for name in _SESSION_VARIABLES if (value := os.environ.get(name))), "")
    said = "\0".join((getpass.getuser(), session, str(profile.resolve())))
    return f"vizclient-{hashlib.sha256(said.encode()).hexdigest()[:20]}"


class SingleInstance:
    """Claims a name for this process until `release`. `on_asked` hear the page a second start wants, or ""."""

    def __init__(self, name: str) -> None:
        self.on_asked: list[Callable[[str], None]] = []
        self._name = name
        self._lock: int | None = None
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """Whether this process is the first. False: another one holds the name, see `ask`. Needs nothing of Qt."""
        try:
            lock = os.open(Path(tempfile.gettempdir(), f"{self._name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            log.warning("a second window would not be noticed: %s", error)
            return True
        if not machine.lock(lock):
            os.close(lock)
            return False
        self._lock = lock
        return True

    def listen(self) -> None:
        """Hear the ones that come later; needs a running event loop."""
        from PySide6.QtNetwork import QLocalServer  # noqa: PLC0415 - not needed before the first frame

        QLocalServer.removeServer(self._name)
        self._server = QLocalServer()
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        self._server.listen(self._name)

    def ask(self, page: str) -> bool:
        """Ask the first process to come forward with `page`; whether it answered within two seconds."""
        from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - as above

        until = time.perf_counter() + _PATIENCE
        while time.perf_counter() < until:
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(200):
                socket.write(f"{page}\n".encode())
                left = round((until - time.perf_counter()) * 1000)
                return socket.waitForReadyRead(max(1, left)) and bytes(socket.readAll().data()) == _TAKEN
            time.sleep(0.05)  # the first one may be about to listen
        return False

    def release(self) -> None:
        """Let the name go. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _welcome(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda socket=socket: self._hear(socket))
            if socket.canReadLine():
                self._hear(socket)

    def _hear(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            return
        page = bytes(socket.readLine(200).data()).decode("utf-8", "replace").strip()
        socket.write(_TAKEN)
        socket.flush()
        for listener in self.on_asked:
            listener(page)
