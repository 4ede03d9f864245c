"""The demo bundle against the simulated building, and against what draws it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from vizclient.items.address import Address
from vizclient.pages.bundle import Bundle, load_bundle
from vizclient.pages.document import (
    BarElement,
    ButtonElement,
    Element,
    FanElement,
    LampElement,
    LinkElement,
    MultiStateElement,
    Page,
    PumpElement,
    SetPointElement,
    SwitchElement,
    ValveElement,
)
from vizclient.profiles.loading import parse_profile
from vizclient.resources import resource_path
from vizclient.simulator.building import NAMESPACE, building_items
from vizclient.simulator.item import Item

ROOT = Path(__file__).parents[3]
NUMBERS = frozenset({"SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double"})
ITEMS = {item.identifier: item for item in building_items()}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(resource_path("demo", "bundle"))


def everything(bundle: Bundle) -> Iterator[tuple[Page, Element]]:
    for page in bundle.pages.values():
        for element in page.elements:
            yield page, element


def item_of(bundle: Bundle, text: str) -> Item:
    address = bundle.address(text)
    assert address.namespace == NAMESPACE
    return ITEMS[str(address.identifier)]


def demo_pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_pages", ROOT / "packaging" / "demo_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_pages_are_what_the_drawing_says(tmp_path: Path) -> None:
    demo_pages().write(tmp_path)
    made = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.json")}
    shipped = resource_path("demo", "bundle")
    assert made == {file.relative_to(shipped): file.read_bytes() for file in shipped.rglob("*.json")}


def test_every_item_of_the_demo_exists_in_the_building(bundle: Bundle) -> None:
    addresses = [address for page in bundle.pages for address in bundle.addresses(page).values()]
    assert len(addresses) > 300
    assert {address for address in addresses if address not in {Address(NAMESPACE, name) for name in ITEMS}} == set()


def test_every_element_shows_an_item_of_a_type_that_suits_it(bundle: Bundle) -> None:
    for page, element in everything(bundle):
        match element:
            case BarElement() | SetPointElement() | ValveElement():
                wanted = NUMBERS
            case LampElement() | SwitchElement() | PumpElement() | FanElement():
                wanted = frozenset({"Boolean"})
            case MultiStateElement():
                wanted = NUMBERS | {"Boolean"}
            case _:
                continue
        item = item_of(bundle, element.item)
        assert item.data_type in wanted, (page.id, element.id)
        if isinstance(element, PumpElement | FanElement) and element.fault is not None:
            assert item_of(bundle, element.fault).data_type == "Boolean"
        if isinstance(element, MultiStateElement):
            assert item.labels or item.true_label or element.choices, (page.id, element.id)


def test_controls_write_only_what_can_be_written_and_within_its_range(bundle: Bundle) -> None:
    controls = [
        (element, item_of(bundle, element.item))
        for _, element in everything(bundle)
        if isinstance(element, SwitchElement | SetPointElement | ButtonElement)
    ]
    assert len(controls) > 60
    for element, item in controls:
        assert item.writable, element.id
        if isinstance(element, SetPointElement):
            assert item.low is not None
            assert item.high is not None
            assert element.write.min is None or element.write.min >= item.low, element.id
            assert element.write.max is None or element.write.max <= item.high, element.id
        if isinstance(element, ButtonElement):
            assert element.value in dict(item.labels), element.id


def test_every_page_links_to_every_other_in_the_same_place(bundle: Bundle) -> None:
    places: dict[str, set[tuple[float, ...]]] = {}
    for page in bundle.pages.values():
        navigation = {e.page: e.rect for e in page.elements if isinstance(e, LinkElement) and e.id.startswith("nav/")}
        assert set(navigation) == set(bundle.pages) - {page.id}
        for target, rect in navigation.items():
            places.setdefault(target, set()).add(rect)
    assert {len(rects) for rects in places.values()} == {1}


def test_everything_stands_within_its_page(bundle: Bundle) -> None:
    for page, element in everything(bundle):
        x, y, width, height = element.rect
        assert 0 <= x <= x + width <= page.size[0], (page.id, element.id)
        assert 0 <= y <= y + height <= page.size[1], (page.id, element.id)


def test_no_control_overlaps_another(bundle: Bundle) -> None:
    for page in bundle.pages.values():
        controls = [
            e for e in page.elements if isinstance(e, SwitchElement | SetPointElement | ButtonElement | LinkElement)
        ]
        for number, one in enumerate(controls):
            for other in controls[:number]:
                x, y, w, h = one.rect
                a, b, c, d = other.rect
                assert x + w <= a or a + c <= x or y + h <= b or b + d <= y, (page.id, one.id, other.id)


def test_the_profile_of_the_demo_is_sound_once_it_is_filled_in() -> None:
    text = resource_path("demo", "profile.toml").read_text(encoding="utf-8")
    for field, value in (
        ("bundle", r"C:\demo"),
        ("main", "opc.tcp://127.0.0.1:1"),
        ("backup", "opc.tcp://127.0.0.1:2"),
    ):
        text = text.replace(f"{{{field}}}", value)
    profile = parse_profile(text.encode(), Path("demo.toml"))
    assert profile.namespaces["bms"] == NAMESPACE
    assert profile.bundle == r"C:\demo"
