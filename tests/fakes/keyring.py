"""A keyring that is only a dict: it can be locked, broken, or wait for somebody to unlock it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FakeKeyring(KeyringBackend):
    """Holds passwords by (service, user name). `fails`: raised by everything. `unlocked`: everything waits for it."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}
        self.fails: Exception | None = None
        self.unlocked = threading.Event()
        self.unlocked.set()
        self.on_kept: Callable[[], None] = lambda: None
        """Called from whichever thread has had a password kept, or removed."""
        self.asked: list[str] = []
        """The user names that somebody wanted to know the password of."""

    def lock(self) -> None:
        """It is locked, and whoever is asked to unlock it does not want to."""
        self.fails = KeyringLocked("Failed to unlock the collection!")

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        self._answer()
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._answer()
        self.passwords[service, username] = password
        self.on_kept()

    def delete_password(self, service: str, username: str) -> None:
        self._answer()
        if (service, username) not in self.passwords:
            raise PasswordDeleteError("No such password!")
        del self.passwords[service, username]
        self.on_kept()

    def _answer(self) -> None:
        assert self.unlocked.wait(20), "nobody unlocked it"
        if self.fails is not None:
            raise self.fails
