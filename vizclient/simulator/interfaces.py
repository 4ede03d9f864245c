"""What the simulated servers do with the items of each interface and module at a switchover. Plain data.

This is how the servers are, not what a client believes of them: it is never read from what ships for clients.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Carrying(StrEnum):
    """Where the values of an interface are.

    `OWN`: each server goes on from what it last knew itself. `MAIN_ONLY`: the vendor's system talks to one server, the
    main unless a person points it elsewhere. `BOTH`: each server reads the field by itself. `ACTIVE_ONLY`: the nodes exist
    on the active server alone.
    """

    SYNCHRONISED = "synchronised"
    OWN = "own"
    MAIN_ONLY = "main-only"
    BOTH = "both"
    ACTIVE_ONLY = "active-only"


INTERFACES: Final = {
    "KNX": Carrying.SYNCHRONISED,
    "BACnet": Carrying.SYNCHRONISED,
    "Modbus": Carrying.SYNCHRONISED,
    "Fidelio": Carrying.SYNCHRONISED,
    "Protel": Carrying.SYNCHRONISED,
    "VingCard": Carrying.MAIN_ONLY,
    "Kaba": Carrying.MAIN_ONLY,
    "Salto": Carrying.MAIN_ONLY,
    "GridVis": Carrying.BOTH,
    "OPCDA": Carrying.SYNCHRONISED,
    "OPCUA": Carrying.SYNCHRONISED,
    "HTTP": Carrying.SYNCHRONISED,
    "MQTT": Carrying.SYNCHRONISED,
    "NexusRF": Carrying.MAIN_ONLY,
    "Infor": Carrying.MAIN_ONLY,
    "CharPMS": Carrying.MAIN_ONLY,
    "LaMPS": Carrying.SYNCHRONISED,
    "Metering": Carrying.ACTIVE_ONLY,
    "Messenger": Carrying.SYNCHRONISED,
    "Shutter": Carrying.OWN,
}
"""All interfaces and modules of the building, in the order in which their items are listed."""

MAIN_ONLY: Final = tuple(name for name, carrying in INTERFACES.items() if carrying is Carrying.MAIN_ONLY)
BOTH: Final = tuple(name for name, carrying in INTERFACES.items() if carrying is Carrying.BOTH)
ACTIVE_ONLY: Final = frozenset(name for name, carrying in INTERFACES.items() if carrying is Carrying.ACTIVE_ONLY)
