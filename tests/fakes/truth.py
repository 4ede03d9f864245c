"""What the fake servers really hold and say, and since when: what a client may show is measured against it.

Knows nothing of the client. Every question is asked with a bound: the seconds in which a client cannot know better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar, cast

from fakes.pair import Announces, FakePair, FakeServer
from vizclient.items.address import Address
from vizclient.items.value import Value
from vizclient.redundancy.model import RedundancySupport, Server

_HOT = (RedundancySupport.HOT, RedundancySupport.HOT_AND_MIRRORED)
_KEPT = 60
_T = TypeVar("_T")


class Nothing:
    """Stands for no value: the node is missing, or the server does not answer."""


_Held = Value | type[Nothing]


class Truth:
    """Follows a pair. `look` is called after whatever may have changed something."""

    def __init__(self, pair: FakePair, items: Mapping[int, Address]) -> None:
        self._pair = pair
        self._handles = {address: handle for handle, address in items.items()}
        self._held: dict[tuple[Server, int], list[tuple[float, _Held]]] = {
            (server, handle): [(float("-inf"), Nothing)] for server in Server for handle in items
        }
        self._entitled: dict[Server, list[tuple[float, bool]]] = {server: [(float("-inf"), False)] for server in Server}
        self._usable: dict[Server, list[tuple[float, bool]]] = {server: [(float("-inf"), False)] for server in Server}
        self._away_since: dict[Server, float] = {}
        self._back_since: dict[Server, float] = dict.fromkeys(Server, float("-inf"))
        self._served: dict[Server, tuple[bool, bool]] = {}

    def look(self, now: float, bound: float, moved: Iterable[Address]) -> bool:
        """Write down what is different from before, `moved` being the values that may be; whether anything is."""
        changed = False
        for server in self._pair.both:
            name = server.name
            if not server.serves:
                self._away_since.setdefault(name, now)
            elif name in self._away_since:
                self._back_since[name] = now
            # who answers again after a moment goes on where it was: what it has to say now is as if it happened now
            resumes = server.serves and now - self._away_since.pop(name, float("-inf")) <= bound
            changed |= _note(self._usable[name], now, usable(server), resumes=resumes)
            changed |= _note(self._entitled[name], now, entitled(server), resumes=resumes)
            serves, self._served[name] = self._served.get(name), (server.serves, server.active)
            for address in self._handles if resumes or serves != self._served[name] else moved:
                handle, held = self._handles[address], cast(_Held, Nothing)
                if server.serves:
                    with suppress(KeyError):
                        held = server.value(address)
                history = self._held[name, handle]
                if resumes or history[-1][1] != held:
                    changed |= _note(history, now, held, resumes=resumes)
        return changed

    def served(self, server: Server, since: float) -> bool:
        """Whether `server` has answered all the time from `since` on."""
        return server not in self._away_since and self._back_since[server] <= since

    def held(self, server: Server, handle: int, value: Value, since: float) -> bool:
        """Whether `server` held `value` at some time from `since` on."""
        return _within(self._held[server, handle], value, since)

    def holds(self, server: Server, handle: int) -> _Held:
        """What it holds now."""
        return self._held[server, handle][-1][1]

    def was_entitled(self, server: Server, since: float) -> bool:
        """Whether values of `server` could be shown as live at some time from `since` on."""
        return _within(self._entitled[server], True, since)

    def was_usable(self, server: Server, since: float) -> bool:
        """Whether a client may have been on `server` for good reason at some time from `since` on."""
        return _within(self._usable[server], True, since)


def entitled(server: FakeServer) -> bool:
    """Whether values that this server sends now may be shown as live."""
    if not server.serves or server.state != 0 or server.level == 0:
        return False
    if server.announces in (Announces.MODE, Announces.ROLE_ITEM):
        return server.active
    return _level(server) >= 200 or (_level(server) > 1 and server.support in _HOT)


def usable(server: FakeServer) -> bool:
    """Whether this server does not say that it is no place to be."""
    if not server.serves or server.state != 0 or server.level == 0:
        return False
    if server.announces in (Announces.MODE, Announces.ROLE_ITEM):
        return server.active
    return _level(server) > 1


def _level(server: FakeServer) -> int:
    if server.level is not None:
        return server.level
    if server.announces is Announces.LEVEL:
        return 255 if server.active else 100
    return 200  # it announces nothing, and that it serves can be inferred


def _note(history: list[tuple[float, _T]], now: float, value: _T, *, resumes: bool) -> bool:
    last = history[-1][1]
    if resumes and len(history) > 1:
        history.append((now, history[-2][1]))
        history.append((now, value))
    elif last == value and type(last) is type(value):
        return False
    else:
        history.append((now, value))
    if len(history) > 2 * _KEPT:
        del history[:_KEPT]
    return True


def _within(history: Sequence[tuple[float, object]], value: object, since: float) -> bool:
    for began, held in reversed(history):
        if held == value and held is not Nothing:
            return True
        if began < since:
            return False
    return False
