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
    ("floor-1", "Floor 1"),
    ("floor-2", "Floor 2"),
    ("floor-3", "Floor 3"),
    ("ahu-1", "AHU 1"),
    ("ahu-2", "AHU 2"),
    ("plant", "Heating and cooling"),
    ("metering", "Metering"),
    ("interfaces", "Interfaces"),
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
        self.text("title", LEFT, 24, 340, 44, title, size=TITLE, weight="bold")
        widths = [56 + 8 * len(name) for _, name in PAGES]
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

    def head(self, element: str, right: float, y: float, text: str) -> None:
        """What a column of values is called; `right` is the right end of the values."""
        self.label(element, right - 160, y, 156, text, align="right")

    def bar(
        self, element: str, x: float, y: float, w: float, item: str, most: float, marks: Sequence[float] = ()
    ) -> None:
        """A bar 12 high that begins at 0, without figures of its own."""
        self.add(element, "bar", x, y - 4, w, 20, item=f"bms:{item}", min=0, max=most, marks=marks, show_value=False)

    def modes(self, element: str, x: float, y: float, w: float, item: str, modes: Sequence[str]) -> None:
        """A row of buttons, one for each value from 0 on; that of the item's value looks pushed in."""
        width = (w - 4 * (len(modes) - 1)) / len(modes)
        for index, mode in enumerate(modes):
            self.add(f"{element}/{mode.lower()}", "button", x + index * (width + 4), y, width, 36, item=f"bms:{item}",
                     text=mode, value=index, states=[{"when": f"value == {index}", "style": "accent"}],
                     write={"confirm": mode == "Off", "readback": {"kind": "same"}})  # fmt: skip

    def value(self, element: str, x: float, y: float, w: float, item: str, h: float = 28, **more: Any) -> None:
        self.add(element, "value", x, y, w, h, item=f"bms:{item}", **{"size": VALUE, **more})

    def shape(self, element: str, shape: str, x: float, y: float, w: float, h: float, **more: Any) -> None:
        self.add(element, "shape", x, y, w, h, shape=shape, **more)

    def line(self, element: str, points: Sequence[Point], shape: str = "line", **more: Any) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        rect = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        self.shape(element, shape, *rect, points=[[x - rect[0], y - rect[1]] for x, y in points], **more)

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
    x, w = 1152, RIGHT - 1152
    inner, wide = x + 20, w - 40
    end = inner + wide

    sheet.card("weather", x, TOP, w, 160, "Outdoors")
    sheet.value("weather/temperature", inner - 4, TOP + 52, 160, "HTTP/Weather/Temperature", 48, size=32, align="left",
                decimals=1)  # fmt: skip
    sheet.add("weather/condition", "multi-state", inner, TOP + 112, 140, 28, item="bms:HTTP/Weather/Condition")
    for index, (name, label, item, decimals) in enumerate((
        ("humidity", "Humidity", "Humidity", 0), ("wind", "Wind", "WindSpeed", 1), ("sun", "Sun", "Radiation", 0),
    )):  # fmt: skip
        sheet.row(f"weather/{name}", inner + 188, TOP + 48 + 32 * index, wide - 188, label, f"HTTP/Weather/{item}",
                  wide=110, decimals=decimals)  # fmt: skip

    y = TOP + 176
    sheet.card("plants", x, y, w, 304, "Plants")
    sheet.label("plants/state", inner + 156, y + 20, 80, "State")
    sheet.head("plants/supply", end, y + 20, "Supply")
    for index, (page, name, state, temperature, fault) in enumerate((
        ("ahu-1", "AHU 1", "BACnet/AHU1/State", "BACnet/AHU1/SupplyAir/Temperature", 3),
        ("ahu-2", "AHU 2", "BACnet/AHU2/State", "BACnet/AHU2/SupplyAir/Temperature", 3),
        ("plant", "Boiler 1", "Modbus/Boiler1/State", "Modbus/Boiler1/SupplyTemperature", 4),
        ("plant", "Chiller 1", "Modbus/Chiller1/State", "Modbus/Chiller1/SupplyTemperature", 4),
    )):  # fmt: skip
        at = y + 52 + 48 * index
        name_of = name.lower().replace(" ", "-")
        sheet.add(f"plants/{name_of}", "link", inner, at, 140, 36, page=page, text=name)
        sheet.add(f"plants/{name_of}/state", "multi-state", inner + 156, at + 4, 104, 28, item=f"bms:{state}",
                  states=[{"when": f"value == {fault}", "style": "alarm"}])  # fmt: skip
        sheet.value(f"plants/{name_of}/supply", end - 96, at + 4, 96, temperature, decimals=1)
    sheet.text("plants/lift/label", inner, y + 256, 60, 28, "Lift", size=14, style="muted")
    sheet.value("plants/lift", inner + 40, y + 256, 100, "OPCUA/Lift1/Floor", align="left")
    sheet.row("plants/parking", inner + 156, y + 256, wide - 156, "Free parking places", "MQTT/Parking/Free", wide=60)

    y = TOP + 496
    sheet.card("power", x, y, w, 268, "Electrical power")
    for index, meter in enumerate(("Total", "Offices", "Lighting", "Ventilation", "Cooling")):
        at = y + 56 + 40 * index
        name = meter.lower()
        sheet.text(f"power/{name}/label", inner, at, 100, 28, meter, size=14,
                   **({"weight": "medium"} if index == 0 else {"style": "muted"}))  # fmt: skip
        sheet.bar(f"power/{name}/bar", inner + 92, at + 8, wide - 92 - 112, f"Metering/Electricity/{meter}/Power", 60)
        sheet.value(f"power/{name}", end - 108, at, 108, f"Metering/Electricity/{meter}/Power", decimals=1)
    return sheet


ROOM_W, ROOM_H, CORRIDOR_H = 272, 136, 64
PLAN_W = 4 * ROOM_W


def _floor(sheet: Sheet, floor: int, y: float) -> None:
    """A floor with four offices on either side of its corridor."""
    at = f"floor-{floor}"
    sheet.text(f"{at}/title", LEFT, y, 200, 28, f"Floor {floor}", size=SECTION, weight="medium")
    top = y + 36
    middle, bottom = top + ROOM_H, top + ROOM_H + CORRIDOR_H
    end = bottom + ROOM_H
    for side, edge in (("north", top), ("south", bottom)):
        sheet.shape(f"{at}/rooms/{side}", "area", LEFT, edge, PLAN_W, ROOM_H, role="surface")
    for number in range(1, 9):
        office = 100 * floor + number
        x = LEFT + (number - 1) % 4 * ROOM_W
        _office(sheet, floor, office, x, top if number <= 4 else bottom, above=number <= 4)
    _walls(sheet, at, ROOM_W, (top, middle, bottom, end), 28, 124)
    y = middle + 16
    sheet.label(f"{at}/corridor/label", LEFT + 20, y + 6, 80, "Corridor", size=14)
    sheet.value(f"{at}/corridor/temperature", LEFT + 92, y + 2, 112, f"KNX/F{floor}/Corridor/Temperature", decimals=1,
                align="left")  # fmt: skip
    sheet.add(f"{at}/corridor/light", "switch", LEFT + 20 + ROOM_W, y, 160, 32,
              item=f"bms:KNX/F{floor}/Corridor/Light", label="Light")  # fmt: skip
    sheet.add(f"{at}/corridor/presence", "lamp", LEFT + 20 + 2 * ROOM_W, y + 4, 124, 24,
              item=f"bms:KNX/F{floor}/Corridor/Presence", label="Presence", on="normal")  # fmt: skip


def _office(sheet: Sheet, floor: int, office: int, x: float, y: float, *, above: bool) -> None:
    """An office; on the far side of the corridor its door is above what it shows."""
    at, knx = f"office-{office}", f"KNX/F{floor}/Office{office}"
    y += 10 if above else 20
    sheet.text(f"{at}/name", x + 20, y, 60, 24, f"{office}", size=14, weight="medium", style="muted")
    sheet.value(f"{at}/temperature", x + 16, y + 24, 124, f"{knx}/Temperature", 36, size=24, decimals=1, align="left",
                states=list(TOO_WARM))  # fmt: skip
    sheet.label(f"{at}/setpoint/label", x + 144, y + 2, 108, "Set-point")
    sheet.set_point(f"{at}/setpoint", x + 144, y + 26, 108, f"{knx}/Setpoint", min=15, max=30, step=0.5, decimals=1)
    for name, label, left, width, on in (
        ("Occupancy", "Occupied", 18, 90, "normal"), ("Light", "Light", 114, 64, "normal"),
        ("Window", "Window", 184, 80, "info"),
    ):  # fmt: skip
        sheet.add(f"{at}/{name.lower()}", "lamp", x + left, y + 76, width, 22, item=f"bms:{knx}/{name}", label=label,
                  on=on)  # fmt: skip


def _walls(
    sheet: Sheet, at: str, room: float, levels: tuple[float, float, float, float], door: float, hinge: float
) -> None:
    """Outer walls with windows, walls between offices, and corridor walls with a door to each office.

    `levels`: the heights of the outer and corridor walls from the top down. Doors are `door` wide and hung `hinge` from the
    left of their office, on its far side.
    """
    top, middle, bottom, end = levels
    left, right = LEFT, LEFT + 4 * room
    middle_x = (left + right) / 2
    for side, y in (("north", middle), ("south", bottom)):
        starts = [left, *(left + number * room + hinge for number in range(4))]
        ends = [*(left + number * room + hinge - door for number in range(4)), right]
        for number, (start, stop) in enumerate(zip(starts, ends, strict=True)):
            sheet.line(f"{at}/wall/{side}-{number}", [(start, y), (stop, y)], role="wall", width=3)
        for number in range(4):
            x = left + number * room + hinge - door
            sheet.shape(f"{at}/door/{side}-{number}", "door", x, y - door if side == "north" else y, door, door,
                        role="outline", width=1, direction="left" if side == "north" else "right")  # fmt: skip
    for number in range(1, 4):
        x = left + number * room
        sheet.line(f"{at}/wall/top-{number}", [(x, top), (x, middle)], role="wall", width=3)
        sheet.line(f"{at}/wall/bottom-{number}", [(x, bottom), (x, end)], role="wall", width=3)
    sheet.line(
        f"{at}/wall/outer", [(middle_x, top), (right, top), (right, end), (left, end), (left, top), (middle_x, top)],
        role="wall", width=5,
    )  # fmt: skip
    for number in range(4):
        x = left + number * room
        for side, y in (("north", top), ("south", end)):
            sheet.line(
                f"{at}/window/{side}-{number}", [(x + room / 4, y), (x + room * 3 / 4, y)], role="glass", width=5
            )


def floor_page(floor: int) -> Sheet:
    """One floor at large, with everything that its offices have."""
    sheet = Sheet(f"floor-{floor}", f"Floor {floor}")
    width, height, corridor = 380, 332, 100
    top = TOP
    middle, bottom = top + height, top + height + corridor
    end = bottom + height
    at = f"floor-{floor}"
    for side, edge in (("north", top), ("south", bottom)):
        sheet.shape(f"{at}/rooms/{side}", "area", LEFT, edge, 4 * width, height, role="surface")
    for number in range(1, 9):
        office = 100 * floor + number
        knx = f"KNX/F{floor}/Office{office}"
        x = LEFT + (number - 1) % 4 * width + 24
        y = (top if number <= 4 else bottom) + 20
        name = f"office-{office}"
        sheet.text(f"{name}/name", x, y, 110, 28, f"Office {office}", size=SECTION, weight="medium")
        sheet.add(f"{name}/occupancy", "lamp", x + 196, y + 2, 136, 24, item=f"bms:{knx}/Occupancy", label="Occupied",
                  on="normal")  # fmt: skip
        sheet.value(f"{name}/temperature", x - 4, y + 52, 176, f"{knx}/Temperature", 44, size=32, decimals=1,
                    align="left", states=list(TOO_WARM))  # fmt: skip
        sheet.label(f"{name}/setpoint/label", x + 196, y + 36, 136, "Set-point")
        sheet.set_point(f"{name}/setpoint", x + 196, y + 58, 136, f"{knx}/Setpoint", min=15, max=30, step=0.5,
                        decimals=1)  # fmt: skip
        sheet.row(f"{name}/mode", x, y + 108, 148, "Mode", f"{knx}/Mode", wide=100)
        sheet.add(f"{name}/window", "lamp", x + 196, y + 110, 136, 24, item=f"bms:{knx}/Window", label="Window open",
                  on="info")  # fmt: skip
        sheet.row(f"{name}/co2", x, y + 140, 148, "CO₂", f"{knx}/CO2", wide=112, decimals=0,
                  states=[{"when": "value > 1400", "style": "warning"}])  # fmt: skip
        sheet.row(f"{name}/valve", x, y + 172, 148, "Valve", f"{knx}/Valve", wide=100, decimals=0)
        sheet.row(f"{name}/illuminance", x + 196, y + 140, 136, "Brightness", f"{knx}/Illuminance", wide=80, decimals=0)
        sheet.label(f"{name}/dimming/label", x + 196, y + 192, 136, "Dimming")
        sheet.add(f"{name}/light", "switch", x - 2, y + 214, 148, 32, item=f"bms:{knx}/Light", label="Light")
        sheet.set_point(f"{name}/dimming", x + 196, y + 214, 136, f"{knx}/Dimming", min=0, max=100, step=1, decimals=0)
    _walls(sheet, at, width, (top, middle, bottom, end), 44, 204)
    y = middle + 34
    sheet.text(f"{at}/corridor/label", LEFT + 24, y, 100, 32, "Corridor", size=SECTION, weight="medium")
    sheet.value(f"{at}/corridor/temperature", LEFT + 116, y, 100, f"KNX/F{floor}/Corridor/Temperature", 32, decimals=1,
                align="left", size=LARGE)  # fmt: skip
    sheet.add(f"{at}/corridor/light", "switch", LEFT + width + 22, y, 120, 32, item=f"bms:KNX/F{floor}/Corridor/Light",
              label="Light")  # fmt: skip
    sheet.add(f"{at}/corridor/presence", "lamp", LEFT + width + 220, y + 4, 120, 24,
              item=f"bms:KNX/F{floor}/Corridor/Presence", label="Presence", on="normal")  # fmt: skip
    for index, side in enumerate(("South", "West")):
        x, shutter = LEFT + (2 + index) * width + 24, f"Shutter/F{floor}/{side}"
        sheet.text(
            f"{at}/shutter-{side.lower()}/label", x, y, 140, 32, f"Shutters {side.lower()}", size=14, style="muted"
        )
        sheet.value(f"{at}/shutter-{side.lower()}/position", x + 116, y, 68, f"{shutter}/Position", 32, decimals=0)
        sheet.set_point(f"{at}/shutter-{side.lower()}/setpoint", x + 196, y, 136, f"{shutter}/Setpoint", min=0, max=100,
                        step=1, decimals=0)  # fmt: skip
    return sheet


DUCT = 88


def air_handling(unit: int) -> Sheet:
    sheet = Sheet(f"ahu-{unit}", f"Air handling unit {unit}")
    at = f"BACnet/AHU{unit}"
    extract, supply = 216.0, 456.0
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
    sheet.label("recovery/label", wheel + 40, extract + 92, 120, "Heat recovery")
    sheet.value("recovery/speed", wheel + 36, extract + 110, 90, f"{at}/HeatRecovery/Speed", decimals=0, align="left")
    sheet.add("recovery/running", "lamp", wheel + 40, extract + 142, 110, 24, item=f"bms:{at}/HeatRecovery/Running",
              label="Running", on="normal")  # fmt: skip

    mix = 640.0
    sheet.line("recirculation/duct", [(mix, extract + DUCT / 2 - 1), (mix, supply - DUCT / 2 + 1)], "duct",
               role="extract", width=56)  # fmt: skip
    sheet.shape("recirculation/damper", "damper", mix - 28, extract + 96, 56, 48, direction="down")
    sheet.label("recirculation/label", mix + 40, extract + 96, 120, "Recirculation")
    sheet.value("recirculation/position", mix + 36, extract + 114, 90, f"{at}/RecirculationDamper/Position", decimals=0,
                align="left")  # fmt: skip

    for name, x, kind, role in (("Heating", 776, "heating-coil", "warm"), ("Cooling", 984, "cooling-coil", "cold")):
        key = name.lower()
        for pipe in (-12, 12):
            sheet.line(f"{key}/pipe{'a' if pipe < 0 else 'b'}",
                       [(x + pipe, supply + DUCT / 2), (x + pipe, supply + 172)], "pipe", role=role, width=4)  # fmt: skip
        sheet.shape(f"{key}/coil", kind, x - 28, supply - DUCT / 2, 56, DUCT)
        sheet.add(f"{key}/valve", "valve", x - 12 - 20, supply + 84, 40, 40, item=f"bms:{at}/{name}Coil/Valve", decimals=0,
                  direction="up")  # fmt: skip
        sheet.label(f"{key}/position/label", x - 96, supply + 86, 56, "Valve", align="right")
        sheet.value(f"{key}/position", x - 100, supply + 104, 64, f"{at}/{name}Coil/Valve", decimals=0)
        sheet.measured(f"{key}/water", x + 24, supply + 126, 80, "Water", f"{at}/{name}Coil/WaterTemperature", decimals=1,
                       size=VALUE)  # fmt: skip
    sheet.add(
        "heating/frost", "lamp", 804, supply + 56, 80, 24, item=f"bms:{at}/HeatingCoil/Frost", label="Frost", on="alarm"
    )

    for name, x, y, way in (("Extract", 984, extract, "left"), ("Supply", 1128, supply, "right")):
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
    sheet.modes("operation/mode", x, y + 52, 360, f"{at}/Mode", ("Off", "Auto", "Day", "Night", "Purge"))
    sheet.text("operation/state/label", x, y + 112, 60, 28, "State", size=14, style="muted")
    sheet.add("operation/state", "multi-state", x + 73, y + 112, 142, 28, item=f"bms:{at}/State",
              states=[{"when": "value == 3", "style": "alarm"}])  # fmt: skip
    sheet.add(
        "operation/alarm", "lamp", x + 240, y + 114, 120, 24, item=f"bms:{at}/Alarm", label="Common alarm", on="alarm"
    )
    sheet.text("operation/firmware/label", x, y + 148, 80, 28, "Controller", size=14, style="muted")
    sheet.value("operation/firmware", x + 69, y + 148, 160, f"{at}/Controller/Firmware", align="left", size=14)

    x = 456
    sheet.card("setpoints", x, y, 256, height, "Supply air")
    sheet.text("setpoints/supply/label", x + 20, y + 52, 100, 32, "Set-point", size=14, style="muted")
    sheet.set_point("setpoints/supply", x + 120, y + 52, 116, f"{at}/SupplyAir/Setpoint", min=14, max=28, step=0.5,
                    decimals=1)  # fmt: skip
    sheet.row("setpoints/actual", x + 20, y + 96, 216, "Temperature", f"{at}/SupplyAir/Temperature", decimals=1)
    sheet.row("setpoints/humidity", x + 20, y + 136, 216, "Humidity", f"{at}/SupplyAir/Humidity", decimals=0)

    x = 728
    sheet.card("fans", x, y, 544, height, "Fans")
    sheet.label("fans/command", x + 110, y + 36, 100, "Command")
    sheet.label("fans/speed", x + 224, y + 36, 116, "Speed set-point")
    sheet.head("fans/power", x + 432, y + 36, "Power")
    sheet.head("fans/hours", x + 524, y + 36, "Running for")
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
        sheet.value(f"condition/{name}", x + 24 + width - 80, row - 4, 80, f"{at}/{item}", decimals=0)
        sheet.bar(f"condition/{name}/bar", x + 20, row + 24, width, f"{at}/{item}", most, marks)


FLOW, RETURN = 208.0, 800.0


def plant() -> Sheet:
    sheet = Sheet("plant", "Heating and cooling")
    sheet.text("heating/title", LEFT, TOP, 300, 28, "Heating", size=SECTION, weight="medium")
    for name, level, role in (("flow", FLOW, "warm"), ("return", RETURN, "cold")):
        sheet.line(f"heating/{name}", [(280, level), (914.5, level)], "pipe", role=role, width=6)
    _boiler(sheet, TOP + 36)
    for circuit, (x, serves) in enumerate(
        ((352, "Radiators north"), (632, "Radiators south"), (912, "Air handling")), 1
    ):
        _circuit(sheet, circuit, x, serves)
    _chiller(sheet, 1192)
    return sheet


def _boiler(sheet: Sheet, y: float) -> None:
    at = "Modbus/Boiler1"
    sheet.shape("boiler/body", "box", LEFT, y, 240, 728, role="surface", width=1.5)
    x = LEFT + 20
    sheet.text("boiler/name", x, y + 12, 120, 28, "Boiler 1", size=SECTION, weight="medium")
    sheet.row("boiler/supply", x, FLOW - 14, 200, "Supply", f"{at}/SupplyTemperature", decimals=1, size=LARGE)
    sheet.text("boiler/setpoint/label", x, y + 108, 90, 32, "Set-point", size=14, style="muted")
    sheet.set_point("boiler/setpoint", x + 92, y + 108, 108, f"{at}/Setpoint", min=40, max=85, step=0.5, decimals=1)
    sheet.text("boiler/state/label", x, y + 164, 80, 28, "State", size=14, style="muted")
    sheet.add("boiler/state", "multi-state", x + 92, y + 164, 108, 28, item=f"bms:{at}/State",
              states=[{"when": "value == 4", "style": "alarm"}])  # fmt: skip
    sheet.add("boiler/enable", "switch", x - 2, y + 212, 130, 32, item=f"bms:{at}/Enable", write={"confirm": True})
    sheet.add("boiler/fault", "lamp", x + 132, y + 216, 68, 24, item=f"bms:{at}/Fault", label="Fault", on="alarm")
    sheet.row("boiler/modulation", x, y + 276, 200, "Modulation", f"{at}/Modulation", decimals=0)
    sheet.bar("boiler/modulation/bar", x, y + 308, 200, f"{at}/Modulation", 100)
    for index, (name, label, item, decimals) in enumerate((
        ("power", "Heat output", f"{at}/Power", 1), ("flue", "Flue gas", f"{at}/FlueGasTemperature", 0),
        ("starts", "Burner starts", f"{at}/BurnerStarts", 0), ("gas", "Gas meter", "Metering/Gas/Boiler1/Volume", 0),
    )):  # fmt: skip
        sheet.row(f"boiler/{name}", x, y + 344 + 40 * index, 200, label, item, decimals=decimals, wide=110)
    sheet.row("boiler/return", x, RETURN - 14, 200, "Return", f"{at}/ReturnTemperature", decimals=1, size=LARGE)


def _circuit(sheet: Sheet, circuit: int, x: float, serves: str) -> None:
    """A heating circuit from the flow above to the return below: mixing valve, pump, consumers, and back into the valve."""
    at, key = f"BACnet/HC{circuit}", f"hc-{circuit}"
    card, top, w, height = x - 32, 436.0, 240, 264
    bottom, around, mixer = top + height, card + w + 16, 276.0
    sheet.line(f"{key}/flow", [(x, FLOW), (x, top)], "pipe", role="warm", width=5)
    sheet.line(f"{key}/return", [(x, bottom), (x, RETURN)], "pipe", role="cold", width=5)
    sheet.line(f"{key}/bypass", [(x, 752), (around, 752), (around, mixer), (x, mixer)], "pipe", role="cold", width=4)
    sheet.add(f"{key}/mixer", "valve", x - 22, mixer - 22, 44, 44, item=f"bms:{at}/Mixer/Position", ways=3, decimals=0,
              direction="up")  # fmt: skip
    sheet.motor(f"{key}/pump", "pump", x - 24, 340, 48, f"{at}/Pump", f"Pump {circuit}", direction="down")
    sheet.label(f"{key}/position/label", x + 36, mixer - 46, 70, "Mixer")
    sheet.value(f"{key}/position", x + 32, mixer - 30, 80, f"{at}/Mixer/Position", 24, decimals=0, align="left")
    sheet.label(f"{key}/speed/label", x + 36, 300, 70, "Pump")
    sheet.value(f"{key}/speed", x + 32, 318, 80, f"{at}/Pump/Speed", decimals=0, align="left")
    sheet.add(f"{key}/command", "switch", x + 34, 348, 120, 32, item=f"bms:{at}/Pump/Command", write={"confirm": True})
    sheet.label(f"{key}/supply/label", x + 14, 394, 60, "Supply")
    sheet.value(f"{key}/supply", x + 66, 390, 110, f"{at}/SupplyTemperature", decimals=1, align="left", size=LARGE)
    sheet.label(f"{key}/backflow/label", x + 14, 712, 60, "Return")
    sheet.value(f"{key}/backflow", x + 66, 708, 110, f"{at}/ReturnTemperature", decimals=1, align="left", size=LARGE)

    sheet.card(key, card, top, w, height, serves)
    inner, wide = card + 16, w - 32
    sheet.modes(f"{key}/mode", inner, top + 52, wide, f"{at}/Mode", ("Off", "Auto", "Day", "Night"))
    sheet.text(f"{key}/setpoint/label", inner, top + 104, 100, 32, "Set-point", size=14, style="muted")
    sheet.set_point(f"{key}/setpoint", inner + wide - 108, top + 104, 108, f"{at}/SupplySetpoint", min=20, max=80,
                    step=0.5, decimals=1)  # fmt: skip
    sheet.text(f"{key}/slope/label", inner, top + 144, 100, 32, "Curve slope", size=14, style="muted")
    sheet.set_point(f"{key}/slope", inner + wide - 108, top + 144, 108, f"{at}/CurveSlope", min=0.2, max=3,
                    step=0.05, decimals=2)  # fmt: skip
    sheet.row(f"{key}/power", inner, top + 186, wide, "Heat", f"Metering/Heat/HC{circuit}/Power", decimals=1)
    sheet.row(f"{key}/pressure", inner, top + 222, wide, "Pressure", f"{at}/Pressure", decimals=2,
              states=[{"when": "value < 0.8", "style": "warning"}])  # fmt: skip


def _chiller(sheet: Sheet, x: float) -> None:
    at, y, w = "Modbus/Chiller1", TOP, RIGHT - x
    sheet.text("cooling/title", x, y, 300, 28, "Cooling", size=SECTION, weight="medium")
    y += 36
    sheet.shape("chiller/body", "box", x, y, w, 496, role="surface", width=1.5)
    inner, width = x + 20, w - 40
    sheet.text("chiller/name", inner, y + 12, 120, 28, "Chiller 1", size=SECTION, weight="medium")
    sheet.row("chiller/supply", inner, y + 54, width, "Chilled water supply", f"{at}/SupplyTemperature", decimals=1,
              size=LARGE)  # fmt: skip
    sheet.text("chiller/setpoint/label", inner, y + 108, 100, 32, "Set-point", size=14, style="muted")
    sheet.set_point("chiller/setpoint", inner + width - 108, y + 108, 108, f"{at}/Setpoint", min=4, max=15, step=0.5,
                    decimals=1)  # fmt: skip
    sheet.text("chiller/state/label", inner, y + 164, 80, 28, "State", size=14, style="muted")
    sheet.add("chiller/state", "multi-state", inner + width - 108, y + 164, 108, 28, item=f"bms:{at}/State",
              states=[{"when": "value == 4", "style": "alarm"}])  # fmt: skip
    sheet.add("chiller/enable", "switch", inner - 2, y + 212, 140, 32, item=f"bms:{at}/Enable", write={"confirm": True})
    sheet.add("chiller/running", "lamp", inner + width - 180, y + 216, 92, 24, item=f"bms:{at}/Running",
              label="Running", on="normal")  # fmt: skip
    sheet.add("chiller/fault", "lamp", inner + width - 76, y + 216, 76, 24, item=f"bms:{at}/Fault", label="Fault",
              on="alarm")  # fmt: skip
    sheet.row("chiller/load", inner, y + 276, width, "Load", f"{at}/Load", decimals=0)
    sheet.bar("chiller/load/bar", inner, y + 308, width, f"{at}/Load", 100)
    for index, (name, label, item, decimals) in enumerate((
        ("power", "Electrical power", "Power", 1), ("cop", "Coefficient of performance", "COP", 2),
        ("hours", "Compressor hours", "CompressorHours", 0),
    )):  # fmt: skip
        sheet.row(f"chiller/{name}", inner, y + 336 + 36 * index, width, label, f"{at}/{item}", decimals=decimals)
    sheet.row("chiller/return", inner, y + 448, width, "Chilled water return", f"{at}/ReturnTemperature", decimals=1,
              size=LARGE)  # fmt: skip

    y = 656
    sheet.card("sensors", x, y, w, 212, "Sensors")
    for index, (name, label, item) in enumerate((
        ("roof", "Roof", "OPCUA/Service/RoofSensor"), ("cellar", "Cellar", "OPCUA/Service/CellarSensor"),
        ("flow-meter", "Flow meter", "OPCUA/Service/FlowMeter"), ("plant-room", "Plant room", "MQTT/Sensor01/Temperature"),
    )):  # fmt: skip
        sheet.row(f"sensors/{name}", inner, y + 52 + 36 * index, width, label, item, decimals=1, wide=120)


def metering() -> Sheet:
    sheet = Sheet("metering", "Metering")
    y, w = TOP, 936
    sheet.card("electricity", LEFT, y, w, 352, "Electricity")
    x = LEFT + 20
    columns = (("Power", 456, 110), ("Today", 588, 130), ("Meter reading", 736, 160))
    for label, offset, width in columns:
        sheet.head(f"electricity/{label.split()[0].lower()}", x + offset + width, y + 44, label)
    for index, meter in enumerate(("Offices", "Lighting", "Ventilation", "Cooling", "Total")):
        row, key = y + 72 + 52 * index, f"electricity/{meter.lower()}"
        total = meter == "Total"
        sheet.line(f"{key}/rule", [(x, row), (x + w - 40, row)], role="outline" if total else "faint", width=1)
        row += 12
        at = f"Metering/Electricity/{meter}"
        weight = {"weight": "bold"} if total else {}
        sheet.text(f"{key}/label", x, row, 140, 28, meter, size=VALUE, **weight)
        sheet.bar(f"{key}/bar", x + 136, row + 8, 320, f"{at}/Power", 60)
        size = LARGE if total else VALUE
        for item, (_, offset, width), decimals in zip(("Power", "Today", "Energy"), columns, (1, 1, 0), strict=True):
            sheet.value(f"{key}/{item.lower()}", x + offset, row, width, f"{at}/{item}", decimals=decimals, size=size)

    y = TOP + 368
    sheet.card("water", LEFT, y, 460, 192, "Water")
    for label, right in (("Flow", 192), ("Today", 292), ("Meter reading", 420)):
        sheet.head(f"water/{label.split()[0].lower()}", x + right, y + 44, label)
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
    for label, right in (("Power", 276), ("Meter reading", 420)):
        sheet.head(f"heat/{label.split()[0].lower()}", x + right, y + 44, label)
    for circuit, serves in ((1, "Radiators north"), (2, "Radiators south"), (3, "Air handling")):
        row, key, at = y + 72 + 104 * (circuit - 1), f"heat/hc-{circuit}", f"Metering/Heat/HC{circuit}"
        sheet.line(f"{key}/rule", [(x, row), (x + 420, row)], role="faint", width=1)
        row += 16
        sheet.text(f"{key}/label", x, row, 160, 28, serves, size=VALUE)
        sheet.value(f"{key}/power", x + 160, row, 116, f"{at}/Power", decimals=1)
        sheet.value(f"{key}/energy", x + 288, row, 132, f"{at}/Energy", decimals=1, unit="MWh")
        sheet.bar(f"{key}/bar", x, row + 44, 420, f"{at}/Power", 80)

    x, y, w = 992, TOP, RIGHT - 992
    sheet.card("network", x, y, w, 764, "Power meters")
    inner = x + 20
    meters = (("Incoming supply", 280), ("Plant room", 404), ("Offices", w - 40))
    for number, (label, right) in enumerate(meters, 1):
        sheet.head(f"network/meter-{number}", inner + right, y + 44, label)
    quantities: Iterable[tuple[str, str, int]] = (
        ("Voltage L1", "L1/Voltage", 1), ("Voltage L2", "L2/Voltage", 1), ("Voltage L3", "L3/Voltage", 1),
        ("Current L1", "L1/Current", 1), ("Current L2", "L2/Current", 1), ("Current L3", "L3/Current", 1),
        ("Active power", "ActivePower", 1), ("Reactive power", "ReactivePower", 1), ("Power factor", "PowerFactor", 2),
        ("Frequency", "Frequency", 2),
    )  # fmt: skip
    pitch = 52
    for index, (label, item, decimals) in enumerate(quantities):
        row, quantity = y + 72 + pitch * index, item.lower().replace("/", "-")
        sheet.line(f"network/{quantity}/rule", [(inner, row), (inner + w - 40, row)], role="faint", width=1)
        sheet.text(f"network/{quantity}/label", inner, row + 12, 124, 28, label, size=14, style="muted")
        for number, (_, right) in enumerate(meters, 1):
            attention: Json = {}
            if "Voltage" in item:
                attention["states"] = [{"when": "value < 207 or value > 253", "style": "warning"}]
            sheet.value(f"network/{quantity}-{number}", inner + right - 120, row + 12, 120,
                        f"Modbus/PowerMeter{number}/{item}", decimals=decimals, **attention)  # fmt: skip
    row = y + 72 + pitch * 10
    sheet.line("network/energy/rule", [(inner, row), (inner + w - 40, row)], role="outline", width=1)
    for number, (label, _) in enumerate(meters, 1):
        line = row + 16 + 48 * (number - 1)
        sheet.row(f"network/energy-{number}", inner, line, w - 40, f"Energy, {label.lower()}",
                  f"Modbus/PowerMeter{number}/Energy", wide=240, unit="Wh", decimals=0)  # fmt: skip
    return sheet


CARRIED, FROM_MAIN, ACTIVE_ONLY = "carried over", "talks to the main alone", "on the active server"
INTERFACES: tuple[tuple[str, str, tuple[tuple[str, str, int | None], ...]], ...] = (
    ("KNX", CARRIED, (("Office 101", "KNX/F1/Office101/Temperature", 1), ("Set-point", "KNX/F1/Office101/Setpoint", 1),
                      ("Light", "KNX/F1/Office101/Light", None))),
    ("BACnet", CARRIED, (("AHU 1", "BACnet/AHU1/State", None), ("Supply air", "BACnet/AHU1/SupplyAir/Temperature", 1),
                         ("Supply fan", "BACnet/AHU1/SupplyFan/Speed", 0))),
    ("Modbus", CARRIED, (("Boiler 1", "Modbus/Boiler1/SupplyTemperature", 1), ("Chiller 1", "Modbus/Chiller1/Load", 0),
                         ("Incoming supply", "Modbus/PowerMeter1/ActivePower", 1))),
    ("HTTP", CARRIED, (("Outdoors", "HTTP/Weather/Temperature", 1), ("Weather", "HTTP/Weather/Condition", None),
                       ("Wind", "HTTP/Weather/WindSpeed", 1))),
    ("MQTT", CARRIED, (("Sensor 01", "MQTT/Sensor01/Temperature", 1), ("Humidity", "MQTT/Sensor01/Humidity", 1),
                       ("Free parking places", "MQTT/Parking/Free", None))),
    ("OPC UA client", CARRIED, (("Lift", "OPCUA/Lift1/Floor", None), ("Door", "OPCUA/Lift1/Door", None),
                                ("Trips", "OPCUA/Lift1/Trips", 0))),
    ("OPC DA client", "its servers have a backup", (("Served by", "OPCDA/Source", None),
                                                    ("Compressed air", "OPCDA/Compressor/Pressure", 2),
                                                    ("Cold store", "OPCDA/ColdStore/Temperature", 1))),
    ("GridVis", "each server reads it", (("Mains voltage", "GridVis/Mains/Voltage", 1), ("Distortion", "GridVis/Mains/THD", 2),
                                         ("Frequency", "GridVis/Mains/Frequency", 3))),
    ("Fidelio / Opera", CARRIED, (("Room 401", "Fidelio/Room401/State", None), ("Guest", "Fidelio/Room401/Guest", None),
                                  ("Wake-up call", "Fidelio/Room401/WakeUp", None))),
    ("Protel", "carried over, untested", (("Room 411", "Protel/Room411/State", None), ("Guest", "Protel/Room411/Guest", None),
                                          ("Wake-up call", "Protel/Room411/WakeUp", None))),
    ("Infor", FROM_MAIN, (("Room 421", "Infor/Room421/State", None), ("Guest", "Infor/Room421/Guest", None),
                          ("Wake-up call", "Infor/Room421/WakeUp", None))),
    ("CharPMS", FROM_MAIN, (("Room 431", "CharPMS/Room431/State", None), ("Guest", "CharPMS/Room431/Guest", None),
                            ("Wake-up call", "CharPMS/Room431/WakeUp", None))),
    ("VingCard", FROM_MAIN, (("Room 401", "VingCard/Room401/Locked", None), ("Last card", "VingCard/Room401/LastCard", None),
                             ("Battery", "VingCard/Room401/Battery", 0))),
    ("Kaba", FROM_MAIN, (("Server room", "Kaba/ServerRoom/Locked", None), ("Last card", "Kaba/ServerRoom/LastCard", None),
                         ("Battery", "Kaba/ServerRoom/Battery", 0))),
    ("Salto", FROM_MAIN, (("North entrance", "Entrance/North/Locked", None), ("Last card", "Entrance/North/LastCard", None),
                          ("Battery", "Entrance/North/Battery", 0))),
    ("NexusRF", FROM_MAIN, (("Sensor 01", "NexusRF/Sensor01/Temperature", 1), ("Humidity", "NexusRF/Sensor01/Humidity", 1),
                            ("Battery", "NexusRF/Sensor01/Battery", 0))),
    ("LaMPS", CARRIED, (("Lobby scene", "LaMPS/Lobby/Scene", None), ("Luminaire 1", "LaMPS/Lobby/Luminaire1/Output", 0),
                        ("Power", "LaMPS/Lobby/Power", 0))),
    ("Metering", ACTIVE_ONLY, (("Electricity", "Metering/Electricity/Total/Power", 1),
                               ("Today", "Metering/Electricity/Total/Today", 1), ("Cold water", "Metering/Water/Cold/Flow", 1))),
    ("Messenger", "the active server sends", (("State", "Messenger/State", None), ("Sent", "Messenger/Sent", None),
                                              ("Waiting", "Messenger/Pending", None))),
    ("Shutter Control", "not carried over", (("Floor 1 south", "Shutter/F1/South/Position", 0),
                                             ("Slat", "Shutter/F1/South/Slat", 0))),
)  # fmt: skip
"""Every interface and module: its name, what becomes of its values at a switchover, and some of them."""


def interfaces() -> Sheet:
    """A card for each interface and module, field interfaces first."""
    sheet = Sheet("interfaces", "Interfaces")
    columns, gap, height = 4, 16, 140
    width = (RIGHT - LEFT - (columns - 1) * gap) / columns
    for number, (name, becomes, values) in enumerate(INTERFACES):
        x = LEFT + number % columns * (width + gap)
        y = TOP + number // columns * (height + gap)
        key = name.lower().replace(" / ", "-").replace(" ", "-")
        sheet.shape(f"{key}/card", "box", x, y, width, height, role="surface", width=1)
        sheet.text(f"{key}/title", x + 20, y + 8, 160, 28, name, size=SECTION, weight="medium")
        sheet.label(f"{key}/becomes", x + 160, y + 14, width - 184, becomes, align="right")
        for row, (label, item, decimals) in enumerate(values):
            more: Json = {} if decimals is None else {"decimals": decimals}
            wide = 232 if item.endswith("/WakeUp") else 176  # with room for the sign that says it is not live
            sheet.row(f"{key}/{row}", x + 20, y + 44 + 30 * row, width - 40, label, item, wide=wide, **more)
    x, y = LEFT + 3 * (width + gap), TOP + 4 * (height + gap)
    sheet.text("shutter-control/2/label", x + 20, y + 104, 160, 28, "Set-point", size=14, style="muted")
    sheet.set_point("shutter-control/2", x + width - 156, y + 99, 136, "Shutter/F1/South/Setpoint", min=0, max=100, step=1,
                    decimals=0)  # fmt: skip
    return sheet


def sheets() -> list[Sheet]:
    """All pages, in the order of the links."""
    return [
        overview(),
        floor_page(1),
        floor_page(2),
        floor_page(3),
        air_handling(1),
        air_handling(2),
        plant(),
        metering(),
        interfaces(),
    ]


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
