"""How long an answer is waited for, if this process cannot always look for it. Pure.

While the process stood still, or the whole machine did, nothing could be heard, and perhaps nothing be answered; and a process
that was stopped runs its timers before it reads what waits in its sockets. No server is blamed for that. Whoever waits does so in
steps, and asks again after each.
"""

from __future__ import annotations

STEP = 0.1
"""Seconds of one step at most, so that a standstill shows wherever it falls."""

_LATE = 0.05
"""Seconds by which a step may last too long without that being a standstill."""


class Waiting:
    """For one answer, asked for at `asked`, of which `deadline` seconds of silence are the end. Monotonic seconds.

    After a standstill there are as many seconds more as it took, but in all no more than one deadline.
    """

    __slots__ = ("_deadline", "_due", "_end", "_heard_at", "_left_to_make_good")

    def __init__(self, asked: float, deadline: float) -> None:
        self._deadline = self._left_to_make_good = deadline
        self._heard_at = self._due = asked
        self._end = asked + deadline

    def step(self, now: float, heard_at: float) -> float:
        """How long to wait until this is asked again; 0 if the time is over. `heard_at`: when anything was heard last."""
        late = now - self._due
        if heard_at > self._heard_at:
            self._heard_at, self._end = heard_at, heard_at + self._deadline
            self._left_to_make_good = self._deadline
        elif late > _LATE:
            more = min(late, self._left_to_make_good)
            self._left_to_make_good -= more
            self._end = max(self._end, now) + more
        step = min(max(self._end - now, 0.0), STEP)
        self._due = now + step
        return step
