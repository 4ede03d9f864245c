"""What `probe` makes of two reports."""

from __future__ import annotations

from vizclient.headless.probe import judge
from vizclient.redundancy.model import Layer, RedundancySupport, Report, Role, Server

ACTIVE = Report(Server.MAIN, 0.0, Layer.ACTIVATED, state=0, level=255, support=RedundancySupport.WARM)
WARM = Report(Server.BACKUP, 0.0, Layer.ACTIVATED, state=0, level=100, support=RedundancySupport.WARM)
HOT = Report(Server.BACKUP, 0.0, Layer.ACTIVATED, state=0, level=100, support=RedundancySupport.HOT)


def test_beside_an_active_server_a_degraded_one_of_a_warm_set_is_its_standby() -> None:
    assert judge(WARM, ACTIVE)[1].role is Role.STANDBY
    assert judge(HOT, ACTIVE)[1].role is Role.DEGRADED
    assert judge(WARM, WARM)[1].role is Role.DEGRADED
