"""The clock of a simulated server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vizclient.simulator.clock import Clock


def test_a_clock_may_be_ahead_and_may_be_set() -> None:
    moment = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
    clock = Clock(30.0)
    assert clock.shifted(moment) - moment == timedelta(seconds=30)
    clock.ahead = -1.5
    assert clock.shifted(moment) - moment == timedelta(seconds=-1.5)
    assert abs((clock.now() - datetime.now(UTC)).total_seconds() + 1.5) < 0.5
