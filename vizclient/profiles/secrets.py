"""Passwords of the users that a profile names: where they are found, and where they are kept. The one importer of keyring.

Two places: the folder of credentials that systemd hands to a service (LoadCredential=), then the keyring of the person at
this computer. The folder comes first, because it exists only where somebody gave it to this very service, and a keyring may
ask somebody who is not there. In the keyring a password belongs to a user name at an address, so that no other profile,
whatever it is called, has it sent elsewhere.

All of it blocks, for as long as a keyring waits to be unlocked: never call it in an event loop. Nothing here tells a password
to a log or an error.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from vizclient.password import LONGEST, Password
from vizclient.profiles.model import Profile, User
from vizclient.redundancy.model import Server

SERVICE: Final = "vizclient"
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"

_PROTECTING: Final = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.macOS.Keyring",
    }
)
"""What keeps a password encrypted and for one user. Everything else is refused: others write it to a file, or nowhere."""

_ONE_AT_A_TIME: Final = threading.Lock()
"""A keyring is asked one thing at a time: two threads would have it ask its user to unlock it twice."""

_T = TypeVar("_T")


class SecretError(Exception):
    """There is no password to be had, or it cannot be kept. `code` and `arguments` are for words and never tell it."""

    def __init__(self, code: str, **arguments: object) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = {name: str(argument) for name, argument in arguments.items()}


class Keyring(Protocol):
    """What is used of a backend of keyring. Each may raise anything."""

    def get_password(self, service: str, username: str) -> str | None:
        """None if there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it, in place of the one before."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget it. An error if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A password, and the file that it was read from; None for the keyring."""

    password: Password
    file: Path | None = None


class Secrets:
    """The passwords of one profile. `keyring` opens the keyring, once it is needed."""

    def __init__(
        self,
        profile: Profile,
        *,
        environment: Mapping[str, str] = os.environ,
        keyring: Callable[[], Keyring] | None = None,
    ) -> None:
        self._profile = profile
        self._environment = environment
        self._open = keyring or protecting_keyring

    def user(self, server: Server) -> User | None:
        """Who logs in at `server`."""
        return self._profile.user_of(server)

    def find(self, server: Server) -> Found:
        """The password of the user of `server`, who must have one. Raises SecretError."""
        file = self.file(server)
        if file is not None:
            return Found(_read(file), file)
        account = self.account(server)
        text = _asked(lambda: self._open().get_password(SERVICE, account))
        if text is None:
            raise SecretError("password-missing")
        try:
            return Found(Password(text))
        except ValueError:
            raise SecretError("password-missing") from None

    def keep(self, server: Server, password: Password) -> None:
        """Keep it in the keyring. Raises SecretError; also where a file of the service would be found before it."""
        if (file := self.file(server)) is not None:
            raise SecretError("password-file-first", file=file)
        account = self.account(server)
        _asked(lambda: self._open().set_password(SERVICE, account, password.reveal()))

    def remove(self, server: Server) -> bool:
        """Take it out of the keyring; whether it was there. Raises SecretError."""
        account = self.account(server)

        def remove() -> bool:
            keyring = self._open()
            if keyring.get_password(SERVICE, account) is None:
                return False
            keyring.delete_password(SERVICE, account)
            return True

        return _asked(remove)

    def file(self, server: Server) -> Path | None:
        """The file among the service's credentials, if there is one: for `server`, else for both."""
        folder = self._environment.get(CREDENTIALS)
        if not folder:
            return None
        names = (f"{SERVICE}.{server}.password", f"{SERVICE}.password")
        return next((file for name in names if (file := Path(folder, name)).is_file()), None)

    def account(self, server: Server) -> str:
        """The user of `server`, who must have one, at its address: to that a password belongs."""
        user, there = self.user(server), self._profile.server(server)
        assert user is not None, "nobody logs in there"
        host = f"[{there.host}]" if ":" in there.host else there.host
        return f"{user.name}@{host}:{there.port}"


def protecting_keyring() -> Keyring:
    """The keyring of the person at this computer, as keyring is set up for it. Raises SecretError if it protects nothing."""
    from keyring import core  # noqa: PLC0415 - a tenth of a second, for those who have a user

    try:
        core.init_backend(limit=lambda backend: _name(backend) in _PROTECTING)
        found = core.get_keyring()
    except Exception:  # noqa: BLE001 - what a broken configuration names may fail in any way
        raise SecretError("keyring-none") from None
    if _name(found) == "keyring.backends.fail.Keyring":
        raise SecretError("keyring-none")
    if _name(found) not in _PROTECTING:
        raise SecretError("keyring-unsafe", backend=_name(found))
    keyring: Keyring = found
    return keyring


def _name(backend: object) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _asked(ask: Callable[[], _T]) -> _T:
    """What a keyring answers. Raises SecretError, whose reason holds nothing that was handed to the keyring."""
    from keyring.errors import KeyringError, KeyringLocked  # noqa: PLC0415 - as above

    with _ONE_AT_A_TIME:
        try:
            return ask()
        except SecretError:
            raise
        except KeyringLocked:
            raise SecretError("keyring-locked") from None
        except KeyringError as error:
            raise SecretError("keyring-failed", reason=str(error) or type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - a backend may raise anything
            raise SecretError("keyring-failed", reason=type(error).__name__) from None


def _read(file: Path) -> Password:
    """The password in `file`: one line of UTF-8, with or without its end."""
    try:
        with file.open("rb") as stream:
            content = stream.read(4 * LONGEST + 3)
    except OSError as error:
        raise SecretError("password-file-unreadable", file=file, reason=error.strerror or error) from None
    try:
        return Password(content.decode().removesuffix("\n").removesuffix("\r"))
    except ValueError:  # UnicodeDecodeError is one
        raise SecretError("password-file-text", file=file) from None
