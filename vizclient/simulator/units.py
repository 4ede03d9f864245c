"""Units of measure, with their UNECE common codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure. `code`: its UNECE common code (OPC 10000-8, 5.6.3)."""

    name: str
    code: str
    description: str

    @property
    def unit_id(self) -> int:
        """The UnitId that the UNECE code gives: its characters as the bytes of a number, the last one lowest."""
        return int.from_bytes(self.code.encode("ascii"), "big")


CELSIUS: Final = Unit("°C", "CEL", "degree Celsius")
PERCENT: Final = Unit("%", "P1", "percent")
PPM: Final = Unit("ppm", "59", "part per million")
LUX: Final = Unit("lx", "LUX", "lux")
PASCAL: Final = Unit("Pa", "PAL", "pascal")
HECTOPASCAL: Final = Unit("hPa", "A97", "hectopascal")
BAR: Final = Unit("bar", "BAR", "bar")
WATT: Final = Unit("W", "WTT", "watt")
KILOWATT: Final = Unit("kW", "KWT", "kilowatt")
KILOVAR: Final = Unit("kvar", "KVR", "kilovar")
KILOWATT_HOUR: Final = Unit("kWh", "KWH", "kilowatt hour")
WATT_HOUR: Final = Unit("W·h", "WHR", "watt hour")
MEGAWATT_HOUR: Final = Unit("MW·h", "MWH", "megawatt hour")
VOLT: Final = Unit("V", "VLT", "volt")
AMPERE: Final = Unit("A", "AMP", "ampere")
HERTZ: Final = Unit("Hz", "HTZ", "hertz")
CUBIC_METRE: Final = Unit("m³", "MTQ", "cubic metre")
CUBIC_METRE_PER_HOUR: Final = Unit("m³/h", "MQH", "cubic metre per hour")
LITRE_PER_MINUTE: Final = Unit("l/min", "L2", "litre per minute")
METRE_PER_SECOND: Final = Unit("m/s", "MTS", "metre per second")
DEGREE: Final = Unit("°", "DD", "degree [unit of angle]")
WATT_PER_SQUARE_METRE: Final = Unit("W/m²", "D54", "watt per square metre")
HOUR: Final = Unit("h", "HUR", "hour")
KILOGRAM: Final = Unit("kg", "KGM", "kilogram")
