"""Which passwords a server has refused, kept across restarts: nothing unattended may show one until its account is locked.

A password that was refused is held back: for ten minutes, and twice as long each time that it is shown in vain, up to a day;
or until a person acts, which lets it be shown once. Each further showing is counted before it happens, so that it counts even
if the connection breaks before the answer, the process ends, or several come at once. Every profile and every process of one
user shares the file, which holds no password but a slow, salted hash. Blocks, for some tenths of a second where a hash is
needed: never call it in an event loop. Nothing that goes wrong with the file is worth more than a line in the log.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from vizclient import machine
from vizclient.faults import Fault
from vizclient.password import Password
from vizclient.places import Places
from vizclient.state_files import StateFile

FORMAT = 1
FIRST: Final = 600.0
"""Seconds for which a password is held back after it was refused."""
LONGEST: Final = 86_400.0
MOST: Final = 32
"""Refusals that are remembered; the oldest goes first."""
HARD = 2**14
"""Cost of a hash: 16 MiB, and some tenths of a second, for each password that somebody might try."""

_LOCKED_WITHIN = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One password for one account, refused at wall time `at`. `shown`: how often, since a person acted."""

    account: str
    fingerprint: str
    shown: int
    at: float

    @property
    def due(self) -> float:
        """The wall time from which it may be shown again."""
        return self.at + self._wait

    def holds(self, now: float) -> bool:
        """Whether it may not be shown; a clock that was set back by more than the wait holds nothing up."""
        return abs(now - self.at) < self._wait

    @property
    def _wait(self) -> float:
        return 0.0 if self.shown == 0 else min(FIRST * 2.0 ** min(self.shown - 1, 16), LONGEST)


@dataclass(frozen=True, slots=True)
class Refusals:
    """What the file holds, the latest refusal last."""

    salt: str = ""
    refused: tuple[Refusal, ...] = ()


class RefusedLogins:
    """The refusals in the state of `places`. An `account` is a user at an address: `Secrets.account`."""

    def __init__(self, places: Places, wall: Callable[[], float] = time.time) -> None:
        self._file = StateFile(places.state / "refused-logins.json", FORMAT, Refusals)
        self._wall = wall
        self._last = Refusals()
        self._unsaved = False
        self._fault: Fault | None = None
        self._fingerprints: dict[tuple[str, str, Password], str] = {}

    def find(self, account: str, password: Password) -> Refusal | None:
        """The refusal that holds `password` back now."""
        known = self._find(self._load(), account, password)
        return known if known is not None and known.holds(self._wall()) else None

    def show(self, account: str, password: Password) -> tuple[bool, Refusal | None]:
        """`password` is about to be shown: whether it was refused before, and the refusal that holds it back now."""
        if not _concerned(self._load(), account):
            return False, None
        with self._locked():
            refusals = self._load()
            known = self._find(refusals, account, password)
            if known is None:
                return False, None
            if known.holds(self._wall()):
                return True, known
            self._save(_with(refusals, known, replace(known, shown=known.shown + 1, at=self._wall())))
            return True, None

    def refused(self, account: str, password: Password) -> None:
        """The server did not take it. One that was refused before was counted when it was shown."""
        with self._locked():
            refusals = self._load()
            if not refusals.salt:
                refusals = replace(refusals, salt=secrets.token_hex(16))
            if self._find(refusals, account, password) is None:
                fingerprint = self._fingerprint(refusals.salt, account, password)
                self._save(_with(refusals, None, Refusal(account, fingerprint, 1, self._wall())))

    def accepted(self, account: str, password: Password) -> None:
        """The server took it, although it was refused before."""
        with self._locked():
            refusals = self._load()
            if (known := self._find(refusals, account, password)) is not None:
                self._save(_with(refusals, known, None))

    def permit(self, account: str) -> None:
        """A person acted: whatever was refused may be shown once."""
        if not _concerned(self._load(), account):
            return
        with self._locked():
            refusals = self._load()
            permitted = (replace(one, shown=0) if one.account == account else one for one in refusals.refused)
            self._save(replace(refusals, refused=tuple(permitted)))

    def _find(self, refusals: Refusals, account: str, password: Password) -> Refusal | None:
        if not _concerned(refusals, account):
            return None
        fingerprint = self._fingerprint(refusals.salt, account, password)
        found = (one for one in refusals.refused if one.account == account)
        return next((one for one in found if secrets.compare_digest(one.fingerprint, fingerprint)), None)

    def _fingerprint(self, salt: str, account: str, password: Password) -> str:
        key = salt, account, password
        if key not in self._fingerprints:
            text, salted = password.reveal().encode(), f"{salt} {account}".encode()
            found = hashlib.scrypt(text, salt=salted, n=HARD, r=8, p=5, maxmem=2**26, dklen=32)
            if len(self._fingerprints) >= MOST:
                self._fingerprints.clear()
            self._fingerprints[key] = found.hex()
        return self._fingerprints[key]

    def _load(self) -> Refusals:
        """What the file holds; while it cannot be read or written, what this process knows."""
        if self._unsaved:
            return self._last
        loaded, fault = self._file.load()
        self._tell(fault)
        if fault is None:
            self._last = loaded or Refusals()
        return self._last

    def _save(self, refusals: Refusals) -> None:
        self._last = refusals
        fault = self._file.save(refusals)
        self._unsaved = fault is not None
        self._tell(fault)

    def _tell(self, fault: Fault | None) -> None:
        if fault is not None and fault != self._fault:
            _log.warning("%s: %s %s", fault.place, fault.code, dict(fault.arguments))
        self._fault = fault

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """No other thread or process changes the file meanwhile. Whoever holds it for too long is not waited for."""
        path = self._file.path.with_suffix(".lock")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield  # nor can the file be written: that is told
            return
        try:
            end = time.perf_counter() + _LOCKED_WITHIN
            while not _lock(descriptor) and time.perf_counter() < end:
                time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        return machine.lock(descriptor)
    except OSError:
        return False  # a file system that knows no locks


def _concerned(refusals: Refusals, account: str) -> bool:
    return any(one.account == account for one in refusals.refused)


def _with(refusals: Refusals, old: Refusal | None, new: Refusal | None) -> Refusals:
    kept = [one for one in refusals.refused if one is not old]
    return replace(refusals, refused=tuple(kept if new is None else [*kept, new])[-MOST:])
