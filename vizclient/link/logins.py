"""The passwords of a site as it runs: found in a thread of their own, known for the rest of the run, and, where a person
gave one here, kept in the keyring once a server has accepted it.

A keyring may wait for a person to unlock it. That holds up neither the event loop nor the end of the program, and when it
is unlocked the server is tried at once. Knows where passwords come from only through `Secrets`. Whoever connects asks here, so
that what a server refused is held back from all of them: see `refusals`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from vizclient.link.refusals import Refusal, RefusedLogins
from vizclient.opcua.errors import Misfit
from vizclient.password import Password
from vizclient.profiles.secrets import Found, SecretError, Secrets
from vizclient.redundancy.model import ProblemKind, Server

PATIENCE: Final = 3.0
"""Seconds that a connection attempt waits for a password, or for what is remembered of it."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Passwords:
    """`opcua.login.Passwords` out of `Secrets`. Used from one event loop.

    `on_late(server)`: the password that an attempt waited for in vain is there. `on_trouble(code, arguments)`: something that
    a person should know.
    """

    def __init__(self, secrets: Secrets, remembered: RefusedLogins) -> None:
        self.on_late: Callable[[Server], None] = _nobody
        self.on_trouble: Callable[[str, Mapping[str, str]], None] = _nobody
        self._secrets = secrets
        self._remembered = remembered
        self._permitted: set[Server] = set()
        self._suspects: set[Server] = set()
        self._found: dict[Server, Password] = {}
        self._given: dict[Server, Password] = {}
        self._kept: set[Server] = set()
        self._accepted: set[Server] = set()
        self._looking: dict[Server, asyncio.Future[Found | SecretError]] = {}
        self._late: set[Server] = set()
        self._locked: SecretError | None = None

    async def password(self, server: Server) -> Password:
        """See `opcua.login.Passwords`."""
        password, account = await self._any(server), self._secrets.account(server)
        permitted = server in self._permitted
        self._permitted.discard(server)

        def look() -> Refusal | None:
            if permitted:
                self._remembered.permit(account)
            return self._remembered.find(account, password)

        refusal = await self._memory(f"refusals of {server}", look)
        if refusal is not None:
            raise self._held_back(server, refusal)
        return password

    async def _any(self, server: Server) -> Password:
        """The password, refused or not."""
        known = self._given.get(server) or self._found.get(server)
        if known is not None:
            return known
        if self._locked is not None:
            raise self._misfit(server, self._locked)
        looking = self._looking.get(server)
        if looking is None:
            looking = _in_thread(f"password of {server}", lambda: self._secrets.find(server))
            looking.add_done_callback(lambda done: self._looked(server, done.result()))
            self._looking[server] = looking
        done, _ = await asyncio.wait({looking}, timeout=PATIENCE)
        if not done:
            self._late.add(server)
            raise self._misfit(server, SecretError("keyring-silent"))
        outcome = looking.result()
        if isinstance(outcome, SecretError):
            raise self._misfit(server, outcome)
        return outcome.password

    def ask_again(self) -> None:
        """A person wants another try: a keyring that was not unlocked may ask for it once more, and what was refused is shown once."""
        self._locked = None
        self._permitted.update(Server)

    def give(self, server: Server, password: Password) -> None:
        """A person says that this is the one."""
        self._given[server] = password
        self._permitted.add(server)
        self._kept.discard(server)
        self._accepted.discard(server)

    async def showing(self, server: Server, password: Password) -> None:
        """See `opcua.login.Passwords`."""
        account = self._secrets.account(server)
        outcome = await self._memory(f"showing to {server}", lambda: self._remembered.show(account, password))
        suspect, refusal = outcome or (False, None)
        if refusal is not None:
            raise self._held_back(server, refusal)
        (self._suspects.add if suspect else self._suspects.discard)(server)

    async def accepted(self, server: Server, password: Password) -> None:
        """Keep what was given, for the other server too if the same was given for the same user there: its port may stay closed
        until it is needed. If it then refuses that, it is kept no more."""
        self._accepted.add(server)
        if server in self._suspects:
            self._suspects.discard(server)
            account = self._secrets.account(server)
            await self._memory(f"accepted by {server}", lambda: self._remembered.accepted(account, password))
        given, user = self._given.get(server), self._secrets.user(server)
        if given != password or user is None:
            return
        for each in (server, server.other):
            other = self._secrets.user(each)
            same = other is not None and other.name == user.name and self._given.get(each) == given
            if same and each not in self._kept:
                self._kept.add(each)
                self._keep(each, password)

    async def refused(self, server: Server, password: Password) -> None:
        """Whoever mends it may do so elsewhere: the next time it is looked up anew, unless a person gave it here."""
        self._found.pop(server, None)
        account = self._secrets.account(server)
        await self._memory(f"refused by {server}", lambda: self._remembered.refused(account, password))
        if server in self._kept - self._accepted:
            self._kept.discard(server)
            _in_thread(f"remove password of {server}", lambda: self._secrets.remove(server))

    def _looked(self, server: Server, outcome: Found | SecretError) -> None:
        del self._looking[server]
        if isinstance(outcome, Found):
            self._found[server] = outcome.password
        elif outcome.code == "keyring-locked":
            self._locked = outcome  # asked again and again, it would ask its user again and again
        if server in self._late:
            self._late.discard(server)
            self.on_late(server)

    def _keep(self, server: Server, password: Password) -> None:
        def kept(keeping: asyncio.Future[SecretError | None]) -> None:
            if (error := keeping.result()) is not None:
                _log.warning("the password for %s is not kept: %s %s", server, error.code, error.arguments)
                self.on_trouble("password-not-kept", {})

        _in_thread(f"keep password of {server}", lambda: self._secrets.keep(server, password)).add_done_callback(kept)

    async def _memory(self, name: str, work: Callable[[], _T]) -> _T | None:
        """What `work` came to; None if a disk that hangs must not hold up the connection any longer."""
        working = _in_thread(name, work)
        done, _ = await asyncio.wait({working}, timeout=PATIENCE)
        if not done:
            _log.warning("%s: no answer from the disk", name)
            return None
        outcome = working.result()
        return None if isinstance(outcome, SecretError) else outcome

    def _held_back(self, server: Server, refusal: Refusal) -> Misfit:
        refused, due = (datetime.fromtimestamp(at).astimezone().strftime("%H:%M") for at in (refusal.at, refusal.due))
        return self._misfit(server, SecretError("password-held", refused=refused, due=due))

    def _misfit(self, server: Server, error: SecretError) -> Misfit:
        user = self._secrets.user(server)
        arguments = {"user": "" if user is None else user.name, **error.arguments}
        return Misfit(ProblemKind.CREDENTIALS, error.code, error.code, **arguments)


def _in_thread(name: str, work: Callable[[], _T]) -> asyncio.Future[_T | SecretError]:
    """What `work` came to, or the SecretError that it raised. The thread may hang: it is left behind when the program ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T | SecretError] = loop.create_future()

    def run() -> None:
        outcome: _T | SecretError
        try:
            outcome = work()
        except SecretError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            _log.exception("%s", name)
            outcome = SecretError("keyring-failed", reason=type(error).__name__)
        try:
            loop.call_soon_threadsafe(future.set_result, outcome)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def _nobody(*_: object) -> None:
    pass
