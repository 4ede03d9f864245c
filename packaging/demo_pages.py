"""Draws the pages of the demo bundle: `python packaging/demo_pages.py` writes resources/demo/bundle, always the same.

Here is the layout; what an element may say is `vizclient.pages.document`, and the items are those of the simulated building.
Every page is 1600 by 900 on a grid of 8, has its title and the links to the others in the same place, and no colour of its own:
grey while all is well. Sizes: title 28, section 18, values 16 to 20, labels 13 to 14.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vizclient.pages.manifest import seal
from vizclient.simulator.building import NAMESPACE

BUNDLE = Path(__file__).parent.parent / "resources" / "demo" / "bundle"
WIDTH, HEIGHT = 1600, 900
LEFT, RIGHT, TOP = 40, WIDTH - 40, 104
PAGES = (
    ("overview", "Overview"),
    ("floor-3", "Floor 3"),
    ("ahu-1", "AHU 1"),
    ("ahu-2", "AHU 2"),
    ("plant", "Heating and cooling"),
    ("metering", "Metering"),
)
LABEL, VALUE, LARGE, SECTION, TITLE = 13, 16, 20, 18, 28

Json = dict[str, Any]
Point = tuple[float, float]

TOO_WARM = ({"when": "value > 27", "style": "warning"}, {"when": "value < 16", "style": "warning"})
FAULT = ({"when": "value", "style": "alarm"},)


class Sheet:
    """One page being drawn. Methods add one element each, in drawing order; `x, y` is its top left corner."""

    def __init__(self, page: str, title: str) -> None:
        self.page = page
        self.elements: list[Json] = []
        self.document: Json = {"format": 1, "id": page, "title": title, "size": [WIDTH, HEIGHT], "background": "page"}
        self.text("title", LEFT, 24, 600, 44, title, size=TITLE, weight="bold")
        widths = [sum((64, *(8 for _ in name))) for _, name in PAGES]
        x = RIGHT - sum(widths) - 8 * (len(PAGES) - 1)
        for (target, name), width in zip(PAGES, widths, strict=True):
            if target == page:
                self.shape("nav/here", "box", x, 24, width, 44, role="raised")
                self.text("nav/here-text", x, 24, width, 44, name, size=14, weight="bold", align="center")
            else:
                self.add(f"nav/{target}", "link", x, 24, width, 44, page=target, text=name)
            x += width + 8
        self.line("nav/rule", [(LEFT, 84), (RIGHT, 84)], role="faint", width=1)

    def add(self, element: str, kind: str, x: float, y: float, w: float, h: float, **more: Any) -> None:
        self.elements.append({"id": element, "type": kind, "rect": [x, y, w, h], **more})

    def text(self, element: str, x: float, y: float, w: float, h: float, text: str, **more: Any) -> None:
        self.add(element, "text", x, y, w, h, text=text, **more)

    def label(self, element: str, x: float, y: float, w: float, text: str, **more: Any) -> None:
        self.text(element, x, y, w, 20, text, **{"size": LABEL, "style": "muted", **more})

    def value(self, element: str, x: float, y: float, w: float, item: str, h: float = 28, **more: Any) -> None:
        self.add(element, "value", x, y, w, h, item=f"bms:{item}", **{"size": VALUE, **more})

    def shape(self, element: str, shape: str, x: float, y: float, w: float, h: float, **more: Any) -> None:
        self.add(element, "shape", x, y, w, h, shape=shape, **more)

    def line(self, element: str, points: Sequence[Point], shape: str = "line", **more: Any) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        rect = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        self.shape(element, shape, *rect, points=[list(point) for point in points], **more)

    def card(self, element: str, x: float, y: float, w: float, h: float, title: str) -> None:
        self.shape(f"{element}/card", "box", x, y, w, h, role="surface", width=1)
        self.text(f"{element}/title", x + 20, y + 12, w - 40, 28, title, size=SECTION, weight="medium")

    def set_point(self, element: str, x: float, y: float, w: float, item: str, **more: Any) -> None:
        write: Json = {key: more.pop(key) for key in ("min", "max", "step", "confirm") if key in more}
        tolerance = write.get("step", 1) / 2
        write["readback"] = {"kind": "same", "tolerance": tolerance}
        self.add(element, "set-point", x, y, w, 32, item=f"bms:{item}", write=write, **more)

    def measured(self, element: str, x: float, y: float, w: float, label: str, item: str, **more: Any) -> None:
        """A label with its value below, both to the left."""
        self.label(f"{element}/label", x, y, w, label)
        self.value(element, x - 4, y + 18, w, item, **{"align": "left", "size": 18, **more})

    def row(self, element: str, x: float, y: float, w: float, label: str, item: str, **more: Any) -> None:
        """A label and its value on one line, the value to the right."""
        self.text(f"{element}/label", x, y, w, 28, label, size=14, style="muted")
        wide = more.pop("wide", 120)
        self.value(element, x + w - wide, y, wide, item, **more)

    def motor(self, element: str, kind: str, x: float, y: float, size: float, at: str, label: str, **more: Any) -> None:
        self.add(
            element, kind, x, y, size, size, item=f"bms:{at}/Running", fault=f"bms:{at}/Fault", label=label, **more
        )


def overview() -> Sheet:
    sheet = Sheet("overview", "Overview")
    for floor, y in ((2, TOP), (1, TOP + 392)):
        _floor(sheet, floor, y)
    x, w = 1144, RIGHT - 1144
    inner, wide = x + 20, w - 40

    sheet.card("weather", x, TOP, w, 176, "Outdoors")
    sheet.value("weather/temperature", inner - 4, TOP + 48, 180, "HTTP/Weather/Temperature", 48, size=32, align="left")
    sheet.add("weather/condition", "multi-state", inner, TOP + 104, 140, 28, item="bms:HTTP/Weather/Condition")
    sheet.value("weather/report", inner - 4, TOP + 138, wide, "HTTP/Weather/Report", align="left", size=14)
    for index, (name, label, item) in enumerate((
        ("humidity", "Humidity", "Humidity"), ("wind", "Wind", "WindSpeed"), ("radiation", "Sun", "Radiation"),
    )):  # fmt: skip
        sheet.row(f"weather/{name}", inner + 188, TOP + 44 + 32 * index, wide - 188, label, f"HTTP/Weather/{item}",
                  wide=110, decimals=1 if name == "wind" else 0)  # fmt: skip

    y = TOP + 192
    sheet.card("plants", x, y, w, 300, "Plants")
    for column, text in ((inner + 196, "State"), (inner + wide - 80, "Supply")):
        sheet.label(f"plants/{text.lower()}", column, y + 18, 80, text, align="left" if text == "State" else "right")
    for index, (page, name, state, temperature, fault) in enumerate((
        ("ahu-1", "AHU 1", "BACnet/AHU1/State", "BACnet/AHU1/SupplyAir/Temperature", 3),
        ("ahu-2", "AHU 2", "BACnet/AHU2/State", "BACnet/AHU2/SupplyAir/Temperature", 3),
        ("plant", "Boiler 1", "Modbus/Boiler1/State", "Modbus/Boiler1/SupplyTemperature", 4),
        ("plant", "Chiller 1", "Modbus/Chiller1/State", "Modbus/Chiller1/SupplyTemperature", 4),
    )):  # fmt: skip
        at = y + 52 + 48 * index
        name_of = name.lower().replace(" ", "-")
        sheet.add(f"plants/{name_of}", "link", inner, at, 140, 36, page=page, text=name)
        sheet.add(f"plants/{name_of}/state", "multi-state", inner + 156, at + 4, 120, 28, item=f"bms:{state}",
                  states=[{"when": f"value == {fault}", "style": "alarm"}])  # fmt: skip
        sheet.value(f"plants/{name_of}/supply", inner + wide - 100, at + 4, 100, temperature, decimals=1)
    sheet.row("plants/lift", inner, y + 252, wide - 168, "Lift 1", "OPCUA/Lift1/Floor", wide=130)
    sheet.row("plants/parking", inner + 224, y + 252, wide - 224, "Parking free", "MQTT/Parking/Free", wide=50)

    y = TOP + 508
    sheet.card("power", x, y, w, 268, "Electrical power")
    for index, meter in enumerate(("Total", "Offices", "Lighting", "Ventilation", "Cooling")):
        at = y + 52 + 40 * index
        name = meter.lower()
        sheet.text(f"power/{name}/label", inner, at, 100, 28, meter, size=14,
                   **({"weight": "medium"} if index == 0 else {"style": "muted"}))  # fmt: skip
        sheet.add(f"power/{name}/bar", "bar", inner + 104, at + 6, wide - 104 - 108, 16,
                  item=f"bms:Metering/Electricity/{meter}/Power", min=0, max=60)  # fmt: skip
        sheet.value(f"power/{name}", inner + wide - 100, at, 100, f"Metering/Electricity/{meter}/Power", decimals=1)
    return sheet


ROOM_W, ROOM_H, CORRIDOR_H = 264, 136, 64
PLAN_W = 4 * ROOM_W


def _floor(sheet: Sheet, floor: int, y: float) -> None:
    """A floor with four offices on either side of its corridor."""
    at = f"floor-{floor}"
    sheet.text(f"{at}/title", LEFT, y, 200, 28, f"Floor {floor}", size=SECTION, weight="medium")
    top = y + 36
    middle, bottom = top + ROOM_H, top + ROOM_H + CORRIDOR_H
    end = bottom + ROOM_H
    right = LEFT + PLAN_W
    sheet.shape(f"{at}/rooms", "area", LEFT, top, PLAN_W, end - top, role="surface")
    sheet.shape(f"{at}/corridor", "area", LEFT, middle, PLAN_W, CORRIDOR_H, role="sunken")
    for number in range(1, 9):
        office = 100 * floor + number
        x = LEFT + (number - 1) % 4 * ROOM_W
        _office(sheet, floor, office, x, top if number <= 4 else bottom, above=number <= 4)
    _walls(sheet, at, LEFT, right, top, middle, bottom, end)
    y = middle + 18
    sheet.label(f"{at}/corridor/label", LEFT + 16, y + 4, 80, "Corridor", size=14)
    sheet.value(f"{at}/corridor/temperature", LEFT + 96, y, 90, f"KNX/F{floor}/Corridor/Temperature", decimals=1,
                align="left")  # fmt: skip
    sheet.add(f"{at}/corridor/light", "switch", LEFT + 2 * ROOM_W - 60, y - 2, 120, 32,
              item=f"bms:KNX/F{floor}/Corridor/Light", label="Light")  # fmt: skip
    sheet.add(f"{at}/corridor/presence", "lamp", right - 140, y + 2, 124, 24,
              item=f"bms:KNX/F{floor}/Corridor/Presence", label="Presence", on="normal")  # fmt: skip


def _office(sheet: Sheet, floor: int, office: int, x: float, y: float, *, above: bool) -> None:
    at, knx = f"office-{office}", f"KNX/F{floor}/Office{office}"
    y += 8 if above else 16
    sheet.text(f"{at}/name", x + 20, y, 110, 24, f"{office}", size=14, weight="medium", style="muted")
    sheet.value(f"{at}/temperature", x + 16, y + 28, 112, f"{knx}/Temperature", 36, size=24, decimals=1, align="left",
                states=list(TOO_WARM))  # fmt: skip
    sheet.label(f"{at}/setpoint/label", x + 136, y + 6, 108, "Set-point")
    sheet.set_point(f"{at}/setpoint", x + 136, y + 30, 108, f"{knx}/Setpoint", min=15, max=30, step=0.5, decimals=1)
    for index, (name, label, on) in enumerate((
        ("Occupancy", "Occupied", "normal"), ("Light", "Light", "normal"), ("Window", "Window", "info"),
    )):  # fmt: skip
        sheet.add(f"{at}/{name.lower()}", "lamp", x + 20 + 78 * index, y + 78, 74, 22, item=f"bms:{knx}/{name}",
                  label=label, on=on)  # fmt: skip


def _walls(
    sheet: Sheet, at: str, left: float, right: float, top: float, middle: float, bottom: float, end: float
) -> None:
    """Outer walls with windows, walls between offices, corridor walls with a door to each office."""
    door = 36
    for side, y in (("north", middle), ("south", bottom)):
        for number in range(4):
            x = left + number * ROOM_W
            hinge = x + ROOM_W - 48
            start = x if number == 0 else x - 1.5
            sheet.line(f"{at}/wall/{side}-{number}a", [(start, y), (hinge - door, y)], role="wall", width=3)
            sheet.line(f"{at}/wall/{side}-{number}b", [(hinge, y), (x + ROOM_W, y)], role="wall", width=3)
            box = (hinge - door, y - door) if side == "north" else (hinge - door, y)
            sheet.shape(f"{at}/door/{side}-{number}", "door", *box, door, door, role="faint",
                        direction="left" if side == "north" else "down")  # fmt: skip
    for number in range(1, 4):
        x = left + number * ROOM_W
        sheet.line(f"{at}/wall/top-{number}", [(x, top), (x, middle)], role="wall", width=3)
        sheet.line(f"{at}/wall/bottom-{number}", [(x, bottom), (x, end)], role="wall", width=3)
    sheet.line(
        f"{at}/wall/outer", [(left, top), (right, top), (right, end), (left, end), (left, top - 2.5)],
        role="wall", width=5,
    )  # fmt: skip
    for number in range(4):
        x = left + number * ROOM_W
        for side, y in (("north", top), ("south", end)):
            sheet.line(f"{at}/window/{side}-{number}", [(x + 56, y), (x + ROOM_W - 56, y)], role="glass", width=5)


def floor_page(floor: int) -> Sheet:
    """One floor at large, with everything that its offices have."""
    sheet = Sheet(f"floor-{floor}", f"Floor {floor}")
    width, height, corridor = 380, 304, 88
    top = TOP
    middle, bottom = top + height, top + height + corridor
    end = bottom + height
    at = f"floor-{floor}"
    sheet.shape(f"{at}/rooms", "area", LEFT, top, 4 * width, end - top, role="surface")
    sheet.shape(f"{at}/corridor", "area", LEFT, middle, 4 * width, corridor, role="sunken")
    for number in range(1, 9):
        office = 100 * floor + number
        knx = f"KNX/F{floor}/Office{office}"
        x = LEFT + (number - 1) % 4 * width + 24
        y = (top if number <= 4 else bottom) + 20
        name = f"office-{office}"
        sheet.text(f"{name}/name", x, y, 160, 28, f"Office {office}", size=SECTION, weight="medium")
        sheet.add(f"{name}/occupancy", "lamp", x + 216, y + 2, 116, 24, item=f"bms:{knx}/Occupancy", label="Occupied",
                  on="normal")  # fmt: skip
        sheet.value(f"{name}/temperature", x - 4, y + 40, 150, f"{knx}/Temperature", 44, size=32, decimals=1,
                    align="left", states=list(TOO_WARM))  # fmt: skip
        sheet.label(f"{name}/setpoint/label", x + 196, y + 32, 136, "Set-point")
        sheet.set_point(f"{name}/setpoint", x + 196, y + 52, 136, f"{knx}/Setpoint", min=15, max=30, step=0.5,
                        decimals=1)  # fmt: skip
        sheet.row(f"{name}/mode", x, y + 104, 332, "Mode", f"{knx}/Mode", wide=140)
        sheet.row(f"{name}/co2", x, y + 136, 156, "CO₂", f"{knx}/CO2", wide=100, decimals=0,
                  states=[{"when": "value > 1400", "style": "warning"}])  # fmt: skip
        sheet.row(f"{name}/illuminance", x + 180, y + 136, 152, "Light", f"{knx}/Illuminance", wide=100, decimals=0)
        sheet.row(f"{name}/valve", x, y + 168, 156, "Valve", f"{knx}/Valve", wide=100, decimals=0)
        sheet.add(f"{name}/window", "lamp", x + 180, y + 170, 152, 24, item=f"bms:{knx}/Window", label="Window",
                  on="info")  # fmt: skip
        sheet.add(f"{name}/light", "switch", x, y + 212, 148, 36, item=f"bms:{knx}/Light", label="Light")
        sheet.set_point(f"{name}/dimming", x + 196, y + 214, 136, f"{knx}/Dimming", min=0, max=100, step=1, decimals=0)
    for number in range(1, 4):
        x = LEFT + number * width
        sheet.line(f"{at}/wall/top-{number}", [(x, top), (x, middle)], role="wall", width=3)
        sheet.line(f"{at}/wall/bottom-{number}", [(x, bottom), (x, end)], role="wall", width=3)
    for side, y in (("north", middle), ("south", bottom)):
        for number in range(4):
            x = LEFT + number * width
            hinge, door = x + width - 24, 44
            sheet.line(f"{at}/wall/{side}-{number}a", [(x, y), (hinge - door, y)], role="wall", width=3)
            sheet.line(f"{at}/wall/{side}-{number}b", [(hinge, y), (x + width, y)], role="wall", width=3)
            swing = y if side == "north" else y - door
            sheet.shape(f"{at}/door/{side}-{number}", "door", hinge - door, swing, door, door, role="faint",
                        direction="down" if side == "north" else "left")  # fmt: skip
    right = LEFT + 4 * width
    sheet.line(
        f"{at}/wall/outer", [(LEFT, top), (right, top), (right, end), (LEFT, end), (LEFT, top - 2.5)],
        role="wall", width=5,
    )  # fmt: skip
    for number in range(4):
        x = LEFT + number * width
        for side, y in (("north", top), ("south", end)):
            sheet.line(f"{at}/window/{side}-{number}", [(x + 80, y), (x + width - 80, y)], role="glass", width=5)
    y = middle + 30
    sheet.text(f"{at}/corridor/label", LEFT + 24, y, 100, 28, "Corridor", size=SECTION, weight="medium")
    sheet.value(f"{at}/corridor/temperature", LEFT + 128, y, 100, f"KNX/F{floor}/Corridor/Temperature", decimals=1,
                align="left", size=LARGE)  # fmt: skip
    sheet.add(f"{at}/corridor/light", "switch", LEFT + 440, y - 4, 148, 36, item=f"bms:KNX/F{floor}/Corridor/Light",
              label="Light")  # fmt: skip
    sheet.add(f"{at}/corridor/presence", "lamp", LEFT + 700, y + 2, 140, 24,
              item=f"bms:KNX/F{floor}/Corridor/Presence", label="Presence", on="normal")  # fmt: skip
    return sheet


DUCT = 88


def air_handling(unit: int) -> Sheet:
    sheet = Sheet(f"ahu-{unit}", f"Air handling unit {unit}")
    at = f"BACnet/AHU{unit}"
    extract, supply = 232.0, 464.0
    left, right, wheel = 144.0, 1456.0, 416.0
    _ducts(sheet, left, right, wheel, extract, supply)

    sheet.text("exhaust/name", LEFT, extract - 44, 100, 24, "Exhaust air", size=14, weight="medium")
    sheet.text("outdoor/name", LEFT, supply - 44, 100, 24, "Outdoor air", size=14, weight="medium")
    sheet.text("extract/name", right + 8, extract - 44, 100, 24, "Extract air", size=14, weight="medium")
    sheet.text("supply/name", right + 8, supply - 44, 100, 24, "Supply air", size=14, weight="medium")
    for name, x, y in (("exhaust", LEFT, extract), ("outdoor", LEFT, supply), ("extract", right + 8, extract),
                       ("supply", right + 8, supply)):  # fmt: skip
        sheet.value(f"{name}/temperature", x - 4, y - 18, 100, f"{at}/{name.title()}Air/Temperature", 36, size=LARGE,
                    decimals=1, align="left")  # fmt: skip

    for name, x, y, way in (("Exhaust", 216, extract, "left"), ("Outdoor", 216, supply, "right")):
        sheet.shape(f"damper/{name.lower()}", "damper", x - 24, y - DUCT / 2, 48, DUCT, direction=way)
        _below(sheet, f"damper/{name.lower()}/position", x, y, "Damper", f"{at}/{name}Damper/Position", decimals=0)
    for name, x, y, way in (("Supply", 312, supply, "right"), ("Extract", 1128, extract, "left")):
        key = name.lower()
        sheet.shape(f"filter/{key}", "filter", x - 24, y - DUCT / 2, 48, DUCT, direction=way)
        _below(sheet, f"filter/{key}/pressure", x, y, "Filter", f"{at}/{name}Filter/Pressure", decimals=0,
               states=[{"when": "value > 250", "style": "warning"}])  # fmt: skip

    sheet.shape(
        "recovery/wheel", "heat-recovery", wheel - 28, extract - DUCT / 2 - 12, 56, supply - extract + DUCT + 24
    )
    sheet.label("recovery/label", wheel + 40, 320, 120, "Heat recovery")
    sheet.value("recovery/speed", wheel + 36, 338, 90, f"{at}/HeatRecovery/Speed", decimals=0, align="left")
    sheet.add("recovery/running", "lamp", wheel + 40, 370, 110, 24, item=f"bms:{at}/HeatRecovery/Running",
              label="Running", on="normal")  # fmt: skip

    mix = 640.0
    sheet.line("recirculation/duct", [(mix, extract + DUCT / 2 - 1), (mix, supply - DUCT / 2 + 1)], "duct",
               role="extract", width=56)  # fmt: skip
    sheet.shape("recirculation/damper", "damper", mix - 28, 324, 56, 48, direction="down")
    sheet.label("recirculation/label", mix + 40, 324, 120, "Recirculation")
    sheet.value("recirculation/position", mix + 36, 342, 90, f"{at}/RecirculationDamper/Position", decimals=0,
                align="left")  # fmt: skip

    for name, x, kind, role in (("Heating", 800, "heating-coil", "warm"), ("Cooling", 928, "cooling-coil", "cold")):
        key = name.lower()
        for pipe in (-12, 12):
            sheet.line(f"{key}/pipe{'a' if pipe < 0 else 'b'}",
                       [(x + pipe, supply + DUCT / 2), (x + pipe, 632)], "pipe", role=role, width=4)  # fmt: skip
        sheet.shape(f"{key}/coil", kind, x - 28, supply - DUCT / 2, 56, DUCT, role=role)
        sheet.add(f"{key}/valve", "valve", x - 12 - 20, 548, 40, 40, item=f"bms:{at}/{name}Coil/Valve", decimals=0,
                  direction="up")  # fmt: skip
        sheet.measured(f"{key}/water", x + 24, 596, 80, "Water", f"{at}/{name}Coil/WaterTemperature", decimals=1,
                       size=VALUE)  # fmt: skip
    sheet.add("heating/frost", "lamp", 824, 524, 96, 24, item=f"bms:{at}/HeatingCoil/Frost", label="Frost", on="alarm")

    for name, x, y, way in (("Extract", 960, extract, "left"), ("Supply", 1128, supply, "right")):
        key = name.lower()
        sheet.motor(f"fan/{key}", "fan", x - 36, y - 36, 72, f"{at}/{name}Fan", f"{name} fan", direction=way)
        _below(sheet, f"fan/{key}/speed", x, y, "Speed", f"{at}/{name}Fan/Speed", decimals=0)
    for name, y, points in (
        ("Extract", extract, (("Humidity", "Humidity", 0), ("Flow", "Flow", 0), ("CO2", "CO₂", 0))),
        ("Supply", supply, (("Humidity", "Humidity", 0), ("Flow", "Flow", 0), ("Pressure", "Pressure", 0))),
    ):
        for index, (item, label, decimals) in enumerate(points):
            x = 1200 + 108 * index
            sheet.label(f"{name.lower()}/{item.lower()}/label", x, y + DUCT / 2 + 8, 104, label)
            sheet.value(f"{name.lower()}/{item.lower()}", x - 4, y + DUCT / 2 + 26, 108, f"{at}/{name}Air/{item}",
                        decimals=decimals, align="left")  # fmt: skip
    _operation(sheet, at)
    return sheet


def _below(sheet: Sheet, element: str, x: float, duct: float, label: str, item: str, **more: Any) -> None:
    """A label and a value centred below a device in a duct."""
    sheet.label(f"{element}/label", x - 48, duct + DUCT / 2 + 8, 96, label, align="center")
    sheet.value(element, x - 48, duct + DUCT / 2 + 26, 96, item, align="center", **more)


def _ducts(sheet: Sheet, left: float, right: float, wheel: float, extract: float, supply: float) -> None:
    for name, y, start, end, role in (
        ("exhaust", extract, left, wheel, "exhaust"), ("extract", extract, wheel, right, "extract"),
        ("outdoor", supply, left, wheel, "outdoor"), ("supply", supply, wheel, right, "supply"),
    ):  # fmt: skip
        sheet.line(f"duct/{name}", [(start, y), (end, y)], "duct", role=role, width=DUCT)
    for name, x, y, way in (
        ("exhaust", left + 20, extract, "left"), ("outdoor", left + 20, supply, "right"),
        ("extract", right - 40, extract, "left"), ("supply", right - 40, supply, "right"),
    ):  # fmt: skip
        sheet.shape(f"duct/{name}/arrow", "arrow", x - 12, y - 12, 32, 24, direction=way, role="outline")


def _operation(sheet: Sheet, at: str) -> None:
    """The cards below the schematic."""
    y, height = 676, 192
    sheet.card("operation", LEFT, y, 400, height, "Operation")
    x = LEFT + 20
    for index, mode in enumerate(("Off", "Auto", "Day", "Night", "Purge")):
        sheet.add(f"operation/mode-{mode.lower()}", "button", x + 72 * index, y + 52, 68, 40, item=f"bms:{at}/Mode",
                  text=mode, value=index, write={"confirm": mode == "Off", "readback": {"kind": "same"}})  # fmt: skip
    sheet.measured("operation/mode", x, y + 108, 110, "Mode", f"{at}/Mode")
    sheet.label("operation/state/label", x + 124, y + 108, 110, "State")
    sheet.add("operation/state", "multi-state", x + 124, y + 128, 108, 28, item=f"bms:{at}/State",
              states=[{"when": "value == 3", "style": "alarm"}])  # fmt: skip
    sheet.add("operation/alarm", "lamp", x + 252, y + 130, 108, 24, item=f"bms:{at}/Alarm", label="Alarm", on="alarm")

    x = 456
    sheet.card("setpoints", x, y, 256, height, "Supply air")
    sheet.text("setpoints/supply/label", x + 20, y + 52, 100, 32, "Set-point", size=14, style="muted")
    sheet.set_point("setpoints/supply", x + 120, y + 52, 116, f"{at}/SupplyAir/Setpoint", min=14, max=28, step=0.5,
                    decimals=1)  # fmt: skip
    sheet.row("setpoints/actual", x + 20, y + 96, 216, "Temperature", f"{at}/SupplyAir/Temperature", decimals=1)
    sheet.row("setpoints/extract", x + 20, y + 136, 216, "Extract air", f"{at}/ExtractAir/Temperature", decimals=1)

    x = 728
    sheet.card("fans", x, y, 544, height, "Fans")
    columns = (("Command", 108, 100, "left"), ("Speed set-point", 224, 116, "left"), ("Power", 344, 88, "right"),
               ("Hours", 428, 96, "right"))  # fmt: skip
    for label, offset, width, align in columns:
        sheet.label(f"fans/{label.split()[0].lower()}", x + offset, y + 36, width, label, align=align)
    for index, name in enumerate(("Supply", "Extract")):
        row, key = y + 64 + 56 * index, f"fans/{name.lower()}"
        sheet.text(f"{key}/label", x + 20, row, 90, 36, name, size=14, weight="medium")
        sheet.add(f"{key}/command", "switch", x + 108, row, 100, 36, item=f"bms:{at}/{name}Fan/Command",
                  write={"confirm": True})  # fmt: skip
        sheet.set_point(f"{key}/setpoint", x + 224, row + 2, 108, f"{at}/{name}Fan/SpeedSetpoint", min=20, max=100,
                        step=1, decimals=0)  # fmt: skip
        sheet.value(f"{key}/power", x + 336, row + 4, 96, f"{at}/{name}Fan/Power", decimals=2)
        sheet.value(f"{key}/hours", x + 428, row + 4, 96, f"{at}/{name}Fan/Hours", decimals=0)

    x = 1288
    sheet.card("condition", x, y, RIGHT - x, height, "Condition")
    width = RIGHT - x - 40
    for index, (name, label, item, marks, most) in enumerate((
        ("supply-filter", "Supply filter", "SupplyFilter/Pressure", [250], 500),
        ("extract-filter", "Extract filter", "ExtractFilter/Pressure", [250], 500),
        ("efficiency", "Heat recovery", "HeatRecovery/Efficiency", [], 100),
    )):  # fmt: skip
        row = y + 48 + 46 * index
        sheet.label(f"condition/{name}/label", x + 20, row, 120, label)
        sheet.value(f"condition/{name}", x + 20 + width - 80, row - 4, 80, f"{at}/{item}", decimals=0, size=14)
        sheet.add(f"condition/{name}/bar", "bar", x + 20, row + 22, width, 12, item=f"bms:{at}/{item}", min=0,
                  max=most, marks=marks)  # fmt: skip


def plant() -> Sheet:
    sheet = Sheet("plant", "Heating and cooling")
    y = TOP
    sheet.text("heating/title", LEFT, y, 300, 28, "Heating", size=SECTION, weight="medium")
    flow, back = 208.0, 560.0
    for name, level, role in (("flow", flow, "warm"), ("return", back, "cold")):
        sheet.line(f"heating/{name}", [(280, level), (1144, level)], "pipe", role=role, width=6)
    _boiler(sheet, y + 36)
    for circuit, (x, serves) in enumerate(
        ((352, "Radiators north"), (624, "Radiators south"), (896, "Air handling")), 1
    ):
        _circuit(sheet, circuit, x, serves, flow, back)
    _chiller(sheet, 1184)
    return sheet


def _boiler(sheet: Sheet, y: float) -> None:
    at = "Modbus/Boiler1"
    sheet.shape("boiler/body", "box", LEFT, y, 240, 496, role="surface", width=2)
    x = LEFT + 20
    sheet.text("boiler/name", x, y + 12, 120, 28, "Boiler 1", size=VALUE, weight="medium")
    sheet.add("boiler/state", "multi-state", x + 96, y + 12, 104, 28, item=f"bms:{at}/State",
              states=[{"when": "value == 4", "style": "alarm"}])  # fmt: skip
    sheet.row("boiler/supply", x, y + 54, 200, "Supply", f"{at}/SupplyTemperature", decimals=1, size=LARGE)
    sheet.text("boiler/setpoint/label", x, y + 98, 90, 32, "Set-point", size=14, style="muted")
    sheet.set_point("boiler/setpoint", x + 92, y + 98, 108, f"{at}/Setpoint", min=40, max=85, step=0.5, decimals=1)
    sheet.label("boiler/modulation/label", x, y + 148, 120, "Modulation")
    sheet.value("boiler/modulation", x + 110, y + 144, 90, f"{at}/Modulation", decimals=0)
    sheet.add("boiler/modulation/bar", "bar", x, y + 172, 200, 12, item=f"bms:{at}/Modulation", min=0, max=100)
    sheet.row("boiler/power", x, y + 200, 200, "Output", f"{at}/Power", decimals=1)
    sheet.row("boiler/flue", x, y + 236, 200, "Flue gas", f"{at}/FlueGasTemperature", decimals=0)
    sheet.row("boiler/starts", x, y + 272, 200, "Starts", f"{at}/BurnerStarts", decimals=0)
    sheet.row("boiler/gas", x, y + 308, 200, "Gas", "Metering/Gas/Boiler1/Volume", decimals=0)
    sheet.add("boiler/enable", "switch", x, y + 352, 120, 36, item=f"bms:{at}/Enable", label="Enable",
              write={"confirm": True})  # fmt: skip
    sheet.add("boiler/fault", "lamp", x + 128, y + 358, 72, 24, item=f"bms:{at}/Fault", label="Fault", on="alarm")
    sheet.row("boiler/return", x, y + 406, 200, "Return", f"{at}/ReturnTemperature", decimals=1, size=LARGE)


def _circuit(sheet: Sheet, circuit: int, x: float, serves: str, flow: float, back: float) -> None:
    """A heating circuit: mixing valve and pump in the flow, its consumers below, the return beside."""
    at, key = f"BACnet/HC{circuit}", f"hc-{circuit}"
    up, down = x, x + 176
    sheet.line(f"{key}/flow", [(up, flow), (up, 620)], "pipe", role="warm", width=5)
    sheet.line(f"{key}/return", [(down, 620), (down, back)], "pipe", role="cold", width=5)
    sheet.line(f"{key}/bypass", [(down, 276), (up, 276)], "pipe", role="cold", width=4)
    sheet.line(f"{key}/bypass-up", [(down, back), (down, 274)], "pipe", role="cold", width=4)
    sheet.add(f"{key}/mixer", "valve", up - 22, 254, 44, 44, item=f"bms:{at}/Mixer/Position", ways=3, decimals=0,
              direction="down")  # fmt: skip
    sheet.motor(f"{key}/pump", "pump", up - 24, 340, 48, f"{at}/Pump", f"Pump {circuit}", direction="down")
    sheet.label(f"{key}/mixer/label", up + 34, 284, 70, "Mixer")
    sheet.value(f"{key}/mixer/position", up + 30, 302, 80, f"{at}/Mixer/Position", decimals=0, align="left")
    sheet.label(f"{key}/speed/label", up + 34, 340, 70, "Pump")
    sheet.value(f"{key}/speed", up + 30, 358, 80, f"{at}/Pump/Speed", decimals=0, align="left")
    sheet.label(f"{key}/supply/label", up + 14, 424, 100, "Supply")
    sheet.value(f"{key}/supply", up + 10, 442, 100, f"{at}/SupplyTemperature", decimals=1, align="left", size=LARGE)
    sheet.label(f"{key}/backflow/label", up + 14, 492, 100, "Return")
    sheet.value(f"{key}/backflow", up + 10, 510, 100, f"{at}/ReturnTemperature", decimals=1, align="left", size=LARGE)

    card, y, w = x - 32, 620, 256
    sheet.card(key, card, y, w, 248, serves)
    inner = card + 20
    sheet.text(f"{key}/mode/label", inner, y + 48, 60, 28, "Mode", size=14, style="muted")
    sheet.value(f"{key}/mode", inner + 116, y + 48, 100, f"{at}/Mode")
    for index, mode in enumerate(("Off", "Auto", "Day", "Night")):
        sheet.add(f"{key}/mode-{mode.lower()}", "button", inner + 55 * index, y + 80, 51, 36, item=f"bms:{at}/Mode",
                  text=mode, value=index, write={"confirm": mode == "Off", "readback": {"kind": "same"}})  # fmt: skip
    sheet.text(f"{key}/setpoint/label", inner, y + 128, 100, 32, "Set-point", size=14, style="muted")
    sheet.set_point(f"{key}/setpoint", inner + 108, y + 128, 108, f"{at}/SupplySetpoint", min=20, max=80, step=0.5,
                    decimals=1)  # fmt: skip
    sheet.row(f"{key}/power", inner, y + 168, 216, "Heat", f"Metering/Heat/HC{circuit}/Power", decimals=1)
    sheet.row(f"{key}/pressure", inner, y + 204, 216, "Pressure", f"{at}/Pressure", decimals=2,
              states=[{"when": "value < 0.8", "style": "warning"}])  # fmt: skip


def _chiller(sheet: Sheet, x: float) -> None:
    at, y, w = "Modbus/Chiller1", TOP, RIGHT - x
    sheet.text("cooling/title", x, y, 300, 28, "Cooling", size=SECTION, weight="medium")
    y += 36
    sheet.shape("chiller/body", "box", x, y, w, 496, role="surface", width=2)
    inner, width = x + 24, w - 48
    sheet.text("chiller/name", inner, y + 12, 120, 28, "Chiller 1", size=VALUE, weight="medium")
    sheet.add("chiller/state", "multi-state", inner + width - 112, y + 12, 112, 28, item=f"bms:{at}/State",
              states=[{"when": "value == 4", "style": "alarm"}])  # fmt: skip
    sheet.row("chiller/supply", inner, y + 54, width, "Chilled water supply", f"{at}/SupplyTemperature", decimals=1,
              size=LARGE)  # fmt: skip
    sheet.row("chiller/return", inner, y + 94, width, "Chilled water return", f"{at}/ReturnTemperature", decimals=1,
              size=LARGE)  # fmt: skip
    sheet.text("chiller/setpoint/label", inner, y + 138, 100, 32, "Set-point", size=14, style="muted")
    sheet.set_point("chiller/setpoint", inner + width - 112, y + 138, 112, f"{at}/Setpoint", min=4, max=15, step=0.5,
                    decimals=1)  # fmt: skip
    sheet.label("chiller/load/label", inner, y + 192, 120, "Load")
    sheet.value("chiller/load", inner + width - 90, y + 188, 90, f"{at}/Load", decimals=0)
    sheet.add("chiller/load/bar", "bar", inner, y + 216, width, 12, item=f"bms:{at}/Load", min=0, max=100)
    sheet.row("chiller/power", inner, y + 244, width, "Electrical power", f"{at}/Power", decimals=1)
    sheet.row("chiller/cop", inner, y + 280, width, "Coefficient of performance", f"{at}/COP", decimals=2)
    sheet.row("chiller/hours", inner, y + 316, width, "Compressor hours", f"{at}/CompressorHours", decimals=0)
    sheet.add("chiller/enable", "switch", inner, y + 372, 140, 36, item=f"bms:{at}/Enable", label="Enable",
              write={"confirm": True})  # fmt: skip
    sheet.add("chiller/fault", "lamp", inner + width - 84, y + 378, 84, 24, item=f"bms:{at}/Fault", label="Fault",
              on="alarm")  # fmt: skip
    sheet.add("chiller/running", "lamp", inner + width - 188, y + 378, 96, 24, item=f"bms:{at}/Running",
              label="Running", on="normal")  # fmt: skip

    y = 656
    sheet.card("sensors", x, y, w, 212, "Sensors")
    for index, (label, item) in enumerate((
        ("Roof", "OPCUA/Service/RoofSensor"), ("Cellar", "OPCUA/Service/CellarSensor"),
        ("Flow meter", "OPCUA/Service/FlowMeter"), ("Plant room", "MQTT/Sensor01/Temperature"),
    )):  # fmt: skip
        sheet.row(f"sensors/{item.rpartition('/')[0].rpartition('/')[2].lower()}-{index}", inner, y + 52 + 36 * index,
                  width, label, item, decimals=1, wide=140)  # fmt: skip


def metering() -> Sheet:
    sheet = Sheet("metering", "Metering")
    y, w = TOP, 936
    sheet.card("electricity", LEFT, y, w, 352, "Electricity")
    x = LEFT + 20
    columns = (("Power", 456, 110), ("Today", 588, 130), ("Meter reading", 736, 160))
    for label, offset, width in columns:
        sheet.label(f"electricity/{label.split()[0].lower()}", x + offset, y + 44, width, label, align="right")
    for index, meter in enumerate(("Offices", "Lighting", "Ventilation", "Cooling", "Total")):
        row, key = y + 72 + 52 * index, f"electricity/{meter.lower()}"
        total = meter == "Total"
        sheet.line(f"{key}/rule", [(x, row), (x + w - 40, row)], role="outline" if total else "faint", width=1)
        row += 12
        at = f"Metering/Electricity/{meter}"
        weight = {"weight": "bold"} if total else {}
        sheet.text(f"{key}/label", x, row, 140, 28, meter, size=VALUE, **weight)
        sheet.add(f"{key}/bar", "bar", x + 144, row + 6, 296, 16, item=f"bms:{at}/Power", min=0, max=60)
        size = LARGE if total else VALUE
        for item, (_, offset, width), decimals in zip(("Power", "Today", "Energy"), columns, (1, 1, 0), strict=True):
            sheet.value(f"{key}/{item.lower()}", x + offset, row, width, f"{at}/{item}", decimals=decimals, size=size)

    y = TOP + 368
    sheet.card("water", LEFT, y, 460, 192, "Water")
    for label, offset, width in (("Flow", 88, 104), ("Today", 196, 96), ("Meter reading", 296, 124)):
        sheet.label(f"water/{label.split()[0].lower()}", x + offset, y + 44, width, label, align="right")
    for index, meter in enumerate(("Cold", "Hot")):
        row, key, at = y + 72 + 52 * index, f"water/{meter.lower()}", f"Metering/Water/{meter}"
        sheet.line(f"{key}/rule", [(x, row), (x + 420, row)], role="faint", width=1)
        row += 12
        sheet.text(f"{key}/label", x, row, 80, 28, meter, size=VALUE)
        for item, offset, width, decimals in (("Flow", 80, 112, 1), ("Today", 196, 96, 2), ("Volume", 296, 124, 1)):
            sheet.value(f"{key}/{item.lower()}", x + offset, row, width, f"{at}/{item}", decimals=decimals)
    y += 208
    sheet.card("gas", LEFT, y, 460, 188, "Gas and heat production")
    sheet.row("gas/volume", x, y + 56, 420, "Boiler 1, gas meter", "Metering/Gas/Boiler1/Volume", decimals=1, wide=160)
    sheet.row("gas/output", x, y + 96, 420, "Boiler 1, heat output", "Modbus/Boiler1/Power", decimals=1, wide=160)
    sheet.row("gas/cop", x, y + 136, 420, "Chiller 1, electrical power", "Modbus/Chiller1/Power", decimals=1, wide=160)

    y, left = TOP + 368, 516
    x = left + 20
    sheet.card("heat", left, y, 460, 396, "Heat")
    for label, offset, width in (("Power", 160, 116), ("Meter reading", 288, 132)):
        sheet.label(f"heat/{label.split()[0].lower()}", x + offset, y + 44, width, label, align="right")
    for circuit, serves in ((1, "Radiators north"), (2, "Radiators south"), (3, "Air handling")):
        row, key, at = y + 72 + 104 * (circuit - 1), f"heat/hc-{circuit}", f"Metering/Heat/HC{circuit}"
        sheet.line(f"{key}/rule", [(x, row), (x + 420, row)], role="faint", width=1)
        row += 16
        sheet.text(f"{key}/label", x, row, 160, 28, serves, size=VALUE)
        sheet.value(f"{key}/power", x + 160, row, 116, f"{at}/Power", decimals=1)
        sheet.value(f"{key}/energy", x + 288, row, 132, f"{at}/Energy", decimals=1)
        sheet.add(f"{key}/bar", "bar", x, row + 42, 420, 16, item=f"bms:{at}/Power", min=0, max=80)

    x, y, w = 992, TOP, RIGHT - 992
    sheet.card("network", x, y, w, 764, "Power meters")
    inner = x + 20
    heads = (("Incoming", 164), ("Plant room", 296), ("Offices", 420))
    for label, offset in heads:
        sheet.label(f"network/{label.split()[0].lower()}", inner + offset - 40, y + 44, 148, label, align="right")
    rows: Iterable[tuple[str, str, int]] = (
        ("Voltage L1", "L1/Voltage", 1), ("Voltage L2", "L2/Voltage", 1), ("Voltage L3", "L3/Voltage", 1),
        ("Current L1", "L1/Current", 1), ("Current L2", "L2/Current", 1), ("Current L3", "L3/Current", 1),
        ("Active power", "ActivePower", 1), ("Reactive power", "ReactivePower", 1), ("Power factor", "PowerFactor", 2),
        ("Frequency", "Frequency", 2), ("Energy", "Energy", 0),
    )  # fmt: skip
    for index, (label, item, decimals) in enumerate(rows):
        row, quantity = y + 72 + 60 * index, item.lower().replace("/", "-")
        sheet.line(f"network/{quantity}/rule", [(inner, row), (inner + w - 40, row)], role="faint", width=1)
        sheet.text(f"network/{quantity}/label", inner, row + 16, 124, 28, label, size=14, style="muted")
        for meter, (_, offset) in enumerate(heads, 1):
            attention: Json = {}
            if "Voltage" in item:
                attention["states"] = [{"when": "value < 207 or value > 253", "style": "warning"}]
            sheet.value(f"network/{quantity}-{meter}", inner + offset - 40, row + 16, 148, f"Modbus/PowerMeter{meter}/{item}",
                        decimals=decimals, **attention)  # fmt: skip
    return sheet


def sheets() -> list[Sheet]:
    """All pages, in the order of the links."""
    return [overview(), floor_page(3), air_handling(1), air_handling(2), plant(), metering()]


def written(document: Json, elements: Sequence[Json]) -> str:
    """JSON with one element a line, so that a change of one is a change of one line."""
    head = json.dumps(document, ensure_ascii=False)[:-1]
    lines = ",\n    ".join(json.dumps(element, ensure_ascii=False) for element in elements)
    return f'{head},\n  "elements": [\n    {lines}\n  ]}}\n'


def write(folder: Path) -> None:
    """Write the bundle into `folder`."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    for sheet in sheets():
        (folder / "pages" / f"{sheet.page}.json").write_text(written(sheet.document, sheet.elements), encoding="utf-8")
    manifest = {
        "format": 1,
        "name": "Demo building",
        "version": "1.0",
        "start": "overview",
        "namespaces": {"bms": NAMESPACE},
        "pages": [f"pages/{page}.json" for page, _ in PAGES],
        "files": {},
    }
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    seal(folder)


if __name__ == "__main__":
    write(BUNDLE)
