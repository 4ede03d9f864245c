"""Item addresses as people write them in profiles, pages and on the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizclient.items.address import Address, AddressError, parse_address

NAMESPACES = {"bms": "urn:example:bms"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bms:KNX/1/Temp", Address("urn:example:bms", "KNX/1/Temp")),
        ("bms:s=i=5", Address("urn:example:bms", "i=5")),
        ("bms:i=123", Address("urn:example:bms", 123)),
        ("bms:a:b;c=d", Address("urn:example:bms", "a:b;c=d")),
        ("nsu=urn:other:server;s=Plant.Pump 1", Address("urn:other:server", "Plant.Pump 1")),
        ("nsu=http://opcfoundation.org/UA/;i=2259", Address("http://opcfoundation.org/UA/", 2259)),
        ("  bms:Temp\n", Address("urn:example:bms", "Temp")),
    ],
)
def test_every_written_form_names_one_node(text: str, expected: Address) -> None:
    assert parse_address(text, NAMESPACES) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "address-empty"),
        ("   ", "address-empty"),
        ("Temp", "address-form"),
        (":Temp", "address-form"),
        ("bms:", "address-form"),
        ("bms:s=", "address-form"),
        ("nsu=urn:x", "address-form"),
        ("nsu=;s=a", "address-form"),
        ("nsu=urn:x;a", "address-form"),
        ("bms:i=-1", "address-number"),
        ("bms:i=4294967296", "address-number"),
        ("bms:i=١", "address-number"),
        ("bsm:Temp", "address-namespace"),
    ],
)
def test_what_cannot_be_an_address_says_why(text: str, code: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text, NAMESPACES)
    assert caught.value.code == code


def test_an_unknown_short_name_lists_those_that_exist() -> None:
    with pytest.raises(AddressError) as caught:
        parse_address("bsm:Temp", NAMESPACES)
    assert caught.value.text == "bsm"
    assert caught.value.known == ("bms",)


@given(
    st.builds(
        Address,
        st.text(st.characters(exclude_characters=";", exclude_categories=["Z", "C"]), min_size=1),
        st.integers(0, 0xFFFF_FFFF) | st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1),
    )
)
def test_the_full_form_reads_back_as_the_same_node(address: Address) -> None:
    assert parse_address(str(address), {}) == address


@given(st.text())
def test_any_text_is_an_address_or_an_address_error(text: str) -> None:
    try:
        parse_address(text, NAMESPACES)
    except AddressError:
        return
