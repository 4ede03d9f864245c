"""The messenger module: which messages there are, and whose turn it is to send them. Pure; time comes in.

A message begins with a fault that comes, or with a test that a person asks for. It waits in the outbox, which both servers
keep: it is on its way to the other one before anything is sent. Before a server sends it, it says that it does, and
afterwards that it did. What a server was sending when it died is sent by the other one, with the same Message-ID: whether the
first attempt arrived, nobody but the mail server knows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from vizclient.simulator.motion import Values

_AT: Final = "Messenger"
_OFF, _READY, _SENDING, _FAILING = range(4)
_REMEMBERED: Final = 200
_MOST_WAITING: Final = 500
_RETRY: Final = (2.0, 4.0, 8.0, 15.0, 30.0)


class Outcome(StrEnum):
    """What became of an attempt: taken by the mail server, refused for good, not possible now, or nobody knows."""

    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Message:
    """`by`: the server that is sending it, "" while it waits. `again`: whether an earlier attempt may have arrived."""

    key: str
    subject: str
    text: str
    recipient: str
    by: str = ""
    again: bool = False


class Messenger:
    """One server's side of the outbox. `run`: makes the keys of its messages its own. `on`: whether anything is sent."""

    def __init__(self, server: str, run: str, *, on: bool) -> None:
        self._server, self._run, self._on = server, run, on
        self._waiting: OrderedDict[str, Message] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._under_way: str | None = None
        self._attempts = 0
        self._not_before = 0.0
        self._sent = self._failures = 0
        self._last: tuple[str, str, float] | None = None

    def notice(self, v: Values, alarms: Iterable[str], hour: datetime) -> bool:
        """Make messages of what has come since the last time; True if there are any. For the active server alone."""
        known = v[".Messenger/alarms"]
        now = tuple(alarm for alarm in alarms if v[alarm])
        v[".Messenger/alarms"] = now
        found = [
            (f"{alarm.rpartition('/')[0]}: {alarm.rpartition('/')[2].lower()}", alarm)
            for alarm in now
            if alarm not in known
        ]
        if v[f"{_AT}/Test"]:
            v[f"{_AT}/Test"] = False
            found.append(("Test message", "A person asked for it"))
        if not v[f"{_AT}/Enabled"]:
            return False
        for subject, about in found:
            v[f"{_AT}/Events"] += 1
            key = f"{self._run}.{v[f'{_AT}/Events']}"
            text = f"{about}\n{hour:%d %b %H:%M} in the building"
            if self._on and len(self._waiting) < _MOST_WAITING:
                self._waiting[key] = Message(key, subject, text, v[f"{_AT}/Recipient"])
        return bool(found)

    def due(self, now: float, *, peer_alive: bool) -> Message | None:
        """The message to send now, marked as this server's; what the other one is sending is left to it while it lives."""
        if self._under_way is not None or now < self._not_before:
            return None
        for message in self._waiting.values():
            if message.by and message.by != self._server and peer_alive:
                continue
            self._under_way = message.key
            taken = replace(message, by=self._server, again=message.again or bool(message.by))
            self._waiting[message.key] = taken
            return taken
        return None

    def ended(self, key: str, outcome: Outcome, by: str, now: float, at: float) -> None:
        """An attempt of server `by` has ended, at the unix time `at`. Whatever is said twice counts once."""
        if by == self._server and key == self._under_way:
            self._under_way = None
        message = self._waiting.get(key)
        if outcome in (Outcome.FAILED, Outcome.DOUBTFUL):
            if message is not None and message.by == by:
                self._waiting[key] = replace(message, by="", again=message.again or outcome is Outcome.DOUBTFUL)
                self._not_before = now + _RETRY[min(self._attempts, len(_RETRY) - 1)]
                self._attempts += 1
                self._failures += 1
            return
        self._remember(key)
        if message is None:
            return
        del self._waiting[key]
        self._attempts, self._not_before = 0, 0.0
        if outcome is Outcome.SENT:
            self._sent += 1
            self._last = (message.subject, message.recipient, at)
        else:
            self._failures += 1

    def show(self, v: Values, when: Any) -> None:
        """Bring the items in line. `when` makes a date of a unix time."""
        sending = any(message.by for message in self._waiting.values())
        failing = self._attempts > 0
        v[f"{_AT}/State"] = _OFF if not self._on else _FAILING if failing else _SENDING if sending else _READY
        v[f"{_AT}/Pending"], v[f"{_AT}/Sent"], v[f"{_AT}/Failures"] = len(self._waiting), self._sent, self._failures
        v[f"{_AT}/Outbox"] = tuple(message.subject for message in self._waiting.values())
        if self._last is not None:
            v[f"{_AT}/Last/Subject"], v[f"{_AT}/Last/Recipient"], at = self._last
            v[f"{_AT}/Last/SentAt"] = when(at)

    def state(self) -> dict[str, Any]:
        """What the other server needs to go on."""
        return {
            "waiting": [astuple(message) for message in self._waiting.values()],
            "ended": list(self._ended),
            "counts": (self._sent, self._failures),
            "last": self._last,
        }

    def take(self, state: dict[str, Any]) -> None:
        """Go on from the active server's state; what ended meanwhile stays ended."""
        for key in state["ended"]:
            self._remember(key)
        messages = (Message(*fields) for fields in state["waiting"])
        self._waiting = OrderedDict((message.key, message) for message in messages if message.key not in self._ended)
        sent, failures = state["counts"]
        if sent >= self._sent and state["last"] is not None:
            self._last = _last(state["last"])
        self._sent, self._failures = max(self._sent, sent), max(self._failures, failures)

    def _remember(self, key: str) -> None:
        self._ended[key] = None
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)


def _last(fields: Sequence[Any]) -> tuple[str, str, float]:
    subject, recipient, at = fields
    return str(subject), str(recipient), float(at)
