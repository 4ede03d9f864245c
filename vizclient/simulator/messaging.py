"""The messenger at work in one server: its outbox, the mail server, and the other server, which has to know of both."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vizclient.redundancy.model import Server
from vizclient.simulator.clock import Clock
from vizclient.simulator.messenger import Messenger, Outcome
from vizclient.simulator.motion import Values, date
from vizclient.simulator.replication import Wire

if TYPE_CHECKING:
    from vizclient.simulator.mail import Mailer

_ALARMS = ("/Fault", "/Frost")


class Messaging:
    """`smtp`: host and port of the mail server, or "". `values`: those of the building. `post`: has `ended` called with what it
    is given, in the server's own task."""

    def __init__(
        self, server: Server, smtp: str, clock: Clock, wire: Wire, values: Values, post: Callable[[Any], None]
    ) -> None:
        self._server, self._clock, self._wire, self._values, self._post = server, clock, wire, values, post
        self._messenger = Messenger(server.value, uuid.uuid4().hex[:12], on=bool(smtp))
        self._alarms = tuple(name for name in values if name.endswith(_ALARMS) and not name.startswith("."))
        self._mailer = _mailer(smtp, self._tell) if smtp else None
        self._breaks = 0

    def notice(self) -> bool:
        """Look for new messages; True if there are any. The active server's alone."""
        return self._messenger.notice(self._values, self._alarms, date(self._values))

    def step(self, now: float, *, peer_alive: bool, replicate: Callable[[], None]) -> None:
        """Send what is due, having called `replicate`, and `show`. The active server's alone."""
        message = None if self._mailer is None else self._messenger.due(now, peer_alive=peer_alive)
        if message is not None and self._mailer is not None:
            replicate()
            breaks = self._breaks
            self._mailer.start(
                message, self._clock.now(), self._server,
                lambda: self._breaks == breaks and not self._wire.pulse.stopped(),
            )  # fmt: skip
        self.show()

    def show(self) -> None:
        """Bring the items in line with the outbox, which gets to the other server sooner than they do."""
        self._messenger.show(self._values, lambda at: self._clock.shifted(datetime.fromtimestamp(at, UTC)))

    def ended(self, told: Any) -> None:
        """An attempt of this server or of the other one has ended."""
        key, outcome, at, by = told
        self._messenger.ended(key, Outcome(outcome), by, time.perf_counter(), at)

    def thawed(self) -> None:
        """This process was stopped: what it was sending is the other server's business now."""
        self._breaks += 1

    def state(self) -> Any:
        """What the other server needs to go on."""
        return self._messenger.state()

    def take(self, state: Any) -> None:
        """Go on from the active server's state."""
        self._messenger.take(state)

    def close(self) -> None:
        """Give what is under way a moment."""
        if self._mailer is not None:
            self._mailer.close()

    def _tell(self, key: str, outcome: Outcome, at: float) -> None:
        """In the thread: the other server first, for this one may be gone in the next moment."""
        told = (key, outcome.value, at, self._server.value)
        self._wire.send("mail", told)
        self._post(told)


def _mailer(smtp: str, tell: Callable[[str, Outcome, float], None]) -> Mailer:
    from vizclient.simulator.mail import Mailer  # noqa: PLC0415 - takes its time, and few send any

    host, _, port = smtp.rpartition(":")
    return Mailer(host.strip("[]"), int(port), tell)
