from __future__ import annotations

import pytest
from asyncua import ua

from vizclient.items.address import Address
from vizclient.items.value import Value
from vizclient.opcua.role import RoleItem, RoleNodes, Said, heard

NODE = ua.NodeId("Role", 2)
GOOD, UNCERTAIN, BAD = 0, 0x40000000, 0x80000000


def custom_active(value: object, active: tuple[Value, ...], status: int = GOOD) -> bool | None:
    item = RoleItem(Address("urn:x", "Role"), active)
    data = ua.DataValue(ua.Variant(value), ua.StatusCode(status))
    return heard(Said(), NODE, data, RoleNodes(custom=NODE), item, 0.0).custom_active


@pytest.mark.parametrize(
    ("value", "active", "found"),
    [
        ("active", ("active", "primary"), True),
        ("Active", ("active",), False),
        (True, (True,), True),
        (False, (True,), False),
        (3, (1, 3), True),
        (2, (1, 3), False),
        (1, ("1",), False),
    ],
)
def test_a_role_item_is_active_while_it_holds_one_of_its_values(
    value: object, active: tuple[Value, ...], found: bool
) -> None:
    assert custom_active(value, active) is found


def test_a_role_item_that_is_not_good_or_has_no_value_says_nothing() -> None:
    assert custom_active("active", ("active",), BAD) is None
    assert custom_active("active", ("active",), UNCERTAIN) is None
    assert custom_active(None, ("active",)) is None
