"""Whose passwords are lacking, and the dialog that asks for them: one at a time, and only when a person wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

from vizclient.password import Password
from vizclient.redundancy.model import Connection, Server
from vizclient.redundancy.readiness import Readiness

from .speaker import Moment, Speaker, needs_password, refused_in_look
from .theme import Theme

if TYPE_CHECKING:
    from .dialogs.password import PasswordDialog


class Link(Protocol):
    """The part of the link's client that takes passwords; `vizclient.link.client.LinkClient` is it."""

    @property
    def connection(self) -> Connection | None:
        """As it was announced last."""
        ...

    @property
    def readiness(self) -> Readiness | None:
        """As it was told last."""
        ...

    def give_password(self, server: Server, password: Password) -> None:
        """A person has typed it."""
        ...


class Logins:
    """`users`: the names of those who log in. `tell(text)`: says in the window what became of a password."""

    def __init__(
        self,
        users: Mapping[Server, str],
        link: Link,
        speaker: Speaker,
        theme: Theme,
        now: Callable[[], Moment],
        parent: QWidget,
        *,
        tell: Callable[[str], None],
    ) -> None:
        self.dialog: PasswordDialog | None = None
        self._users = users
        self._link = link
        self._speaker = speaker
        self._theme = theme
        self._now = now
        self._parent = parent
        self._tell = tell

    @property
    def lacking(self) -> list[Server]:
        """The servers that need a password; of one that stands by, a look has found it."""
        connection = self._link.connection
        if connection is None:
            return []
        views = {Server.MAIN: connection.main, Server.BACKUP: connection.backup}
        return [
            server
            for server, view in views.items()
            if server in self._users and (needs_password(view) or refused_in_look(server, self._link.readiness))
        ]

    def ask(self, server: Server | None = None) -> None:
        """Open the dialog for `server`, else for the first one that needs it."""
        lacking, connection = self.lacking, self._link.connection
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        if connection is None or not lacking or (server is not None and server not in lacking):
            return
        from .dialogs.password import PasswordDialog  # noqa: PLC0415 - not needed before the first frame

        server = server or lacking[0]
        user = self._users[server]
        both = server.other in lacking and self._users[server.other] == user
        dialog = PasswordDialog(
            server,
            user,
            connection,
            self._speaker,
            self._theme,
            self._now,
            self._parent,
            both=both,
            looked=refused_in_look(server, self._link.readiness),
        )
        self.dialog = dialog
        dialog.wanted.connect(self._give)
        dialog.deferred.connect(self._tell)
        dialog.finished.connect(self._closed)
        dialog.show()  # not modal: the page stays in the operator's hands
        dialog.activateWindow()

    def set_theme(self, theme: Theme) -> None:
        """For dialogs to come."""
        self._theme = theme

    def set_connection(self, connection: Connection | None) -> None:
        """As it was announced."""
        if self.dialog is not None and connection is not None:
            self.dialog.set_connection(connection)

    def _give(self, servers: tuple[Server, ...], password: Password) -> None:
        for server in servers:
            self._link.give_password(server, password)

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
