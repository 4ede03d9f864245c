"""What one run of a real pair and a real client through a kill and a planned swap showed of each interface and module.

`programs.row_run` makes the run. What it waited for in vain is left to the tests: they say what should have been seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from programs.pairs import Audit
from vizclient.items.freshness import Freshness
from vizclient.items.value import Value

ITEMS: Mapping[str, Sequence[str]] = {
    "KNX": ("KNX/F1/Office101/Setpoint", "KNX/F1/Office101/Illuminance"),
    "BACnet": ("BACnet/AHU1/SupplyAir/Setpoint", "BACnet/HC1/SupplyTemperature"),
    "Modbus": ("Modbus/Boiler1/Setpoint", "Modbus/PowerMeter1/Energy"),
    "Fidelio/Opera": ("Fidelio/Room401/WakeUp", "Fidelio/Room401/State"),
    "Protel": ("Protel/Room411/WakeUp", "Protel/Room411/State"),
    "VingCard": ("VingCard/Room401/Battery",),
    "Kaba": ("Kaba/Garage/Battery",),
    "Salto": ("Salto/Archive/Battery", "Entrance/North/Battery"),
    "GridVis": ("GridVis/Mains/Voltage", "GridVis/Mains/Frequency"),
    "OPC DA client": ("OPCDA/Source", "OPCDA/Compressor/Pressure", "OPCDA/Compressor/Setpoint"),
    "OPC UA client": ("OPCUA/Notice/Text", "OPCUA/Lift1/Trips"),
    "HTTP": ("HTTP/Weather/Pressure", "HTTP/Weather/Report"),
    "MQTT": ("MQTT/Parking/Total", "MQTT/Sensor01/Temperature"),
    "NexusRF": ("NexusRF/Sensor01/Battery",),
    "Infor": ("Infor/Room421/Minibar",),
    "CharPMS": ("CharPMS/Room431/Minibar",),
    "LaMPS": ("LaMPS/Lobby/Scene", *(f"LaMPS/Lobby/Luminaire{n}/Level" for n in (1, 2, 3, 4))),
    "Metering": ("Metering/Electricity/Total/Energy", "Metering/Gas/Boiler1/Volume"),
    "Messenger": ("Messenger/Recipient", *(f"Messenger/{what}" for what in ("Events", "Sent", "Pending", "Last/Subject"))),
    "Shutter Control": ("Shutter/F1/South/Position", "Shutter/F1/South/Setpoint"),
}  # fmt: skip
"""What is watched of each row."""

WRITTEN: Mapping[str, Sequence[Value]] = {
    "KNX/F1/Office101/Setpoint": (22.5, 19.5, 23.0, 20.0),
    "BACnet/AHU1/SupplyAir/Setpoint": (17.0, 21.5, 18.5, 22.0),
    "Modbus/Boiler1/Setpoint": (61.0, 72.0, 58.5, 66.0),
    "Fidelio/Room401/WakeUp": tuple(datetime(2025, 3, 6, hour, 15, tzinfo=UTC) for hour in (5, 6, 7, 8)),
    "Protel/Room411/WakeUp": tuple(datetime(2025, 3, 7, hour, 45, tzinfo=UTC) for hour in (4, 5, 6, 7)),
    "OPCDA/Compressor/Setpoint": (6.5, 7.5, 6.0, 8.0),
    "OPCUA/Notice/Text": ("Lift 1 is serviced", "Lift 1 runs again", "Closed at noon", "Open as usual"),
    "LaMPS/Lobby/Scene": (5, 4, 2, 1),
    "Messenger/Recipient": tuple(f"{who}@building.example" for who in ("night", "porter", "weekend", "duty")),
}
"""What a person writes before each of the four changes of server, on the one that is left."""
PLANT: Mapping[str, Sequence[float]] = {
    "HTTP/Weather/Pressure": (951.0, 1070.0, 960.0, 1061.0),
    "MQTT/Parking/Total": (71, 72, 73, 74),
}
"""The same for what nobody can write: it comes from the plant. Air pressure goes back to what it was within hours of the building."""

FIELD_SAID = (55.0, 44.0)
"""What the fields that talk to the main alone say there before the kill and before the swap."""
SHUTTER = "Shutter/F1/South"
SHUTTER_MOVES = (4.0, 3.0, 2.0, 5.0)
"""Where the shutter is moved to, on each server but the last."""
TO_ONE_SERVER = ("VingCard", "Kaba", "Salto", "NexusRF", "Infor", "CharPMS")
"""Whose field talks to one server alone."""


class Seen(NamedTuple):
    """What was shown of an item, and since when (perf_counter). `why` and `remark`: in the inspector's words. `held_by`, `source_time`,
    `status`: as the value says."""

    at: float
    freshness: Freshness
    value: Value
    status: int
    source_time: float | None
    held_by: str
    why: str
    remark: str


@dataclass
class Stay:
    """From the kill, the restart or the swap that led to `server` until the next. `began`, `ended`: perf_counter; `began_at`: unix
    seconds. `written`: by item, just before. `existing`: what a look at each server found of the node of a meter."""

    server: str
    began: float
    began_at: float
    ended: float = float("inf")
    written: dict[str, Value] = field(default_factory=dict)
    existing: dict[str, str] = field(default_factory=dict)


class Mail(NamedTuple):
    """An e-mail as it came to the mail server, which server was active then, and whether the mail server took it."""

    subject: str
    message_id: str
    text: str
    active: str
    taken: bool


class Run:
    """`stays`: main at the start, backup after the kill, main as it has returned, backup after the swap, main after the swap back.

    `shown`: by item, in order. `spoke_at`: when each field was pointed at the backup. `events`: the subjects of the messages that
    were due. `interface_of`, `says`: what the inspector says of an item's interface. `printed`: by `vizclient interfaces`.
    """

    def __init__(self) -> None:
        self.stays: list[Stay] = []
        self.shown: dict[str, list[Seen]] = {item: [] for items in ITEMS.values() for item in items}
        self.spoke_at: dict[str, float] = {}
        self.events: list[str] = []
        self.mails: list[Mail] = []
        self.interface_of: dict[str, str] = {}
        self.says: dict[str, str] = {}
        self.printed = ""
        self.audit: Audit

    @property
    def kill(self) -> Stay:
        """On the backup, because the main was killed."""
        return self.stays[1]

    @property
    def swap(self) -> Stay:
        """On the backup, because the roles were swapped."""
        return self.stays[3]

    def seen(self, item: str, stay: Stay) -> list[Seen]:
        """All that was shown of it from the beginning of the stay."""
        return [one for one in self.shown[item] if stay.began <= one.at < stay.ended]

    def there(self, item: str, stay: Stay) -> list[Seen]:
        """The same, of what came from the server of the stay. Never empty."""
        found = [one for one in self.seen(item, stay) if one.held_by == stay.server]
        assert found, f"nothing of {item} came from {stay.server}"
        return found

    def listed(self, row: str) -> list[str]:
        """What `vizclient interfaces` prints of a row: relevant, possible, at a switchover."""
        found = [line for line in self.printed.splitlines() if line.startswith(f"{row}  ")]
        assert len(found) == 1, self.printed
        return re.split(r" {2,}", found[0].strip())[1:4]
