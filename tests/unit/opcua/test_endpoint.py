from __future__ import annotations

import pytest

from vizclient.items.address import Address
from vizclient.opcua.endpoint import Target
from vizclient.opcua.reading import Namespaces


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("opc.tcp://bms-main", "bms-main", 4840),
        ("opc.tcp://10.0.0.1:4841/path", "10.0.0.1", 4841),
        ("opc.tcp://[::1]:4842", "::1", 4842),
    ],
)
def test_host_and_port_come_from_the_url(url: str, host: str, port: int) -> None:
    assert (Target(url).host, Target(url).port) == (host, port)


@pytest.mark.parametrize("url", ["http://x", "opc.tcp://", "x", "opc.tcp://x:99999"])
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"Port|opc.tcp"):
        Target(url)


def test_an_address_is_found_by_its_namespace_and_not_by_an_index() -> None:
    one = Namespaces(["http://opcfoundation.org/UA/", "urn:server", "urn:a"]).node(Address("urn:a", "X"))
    other = Namespaces(["http://opcfoundation.org/UA/", "urn:a"]).node(Address("urn:a", "X"))
    assert one is not None
    assert other is not None
    assert (one.NamespaceIndex, other.NamespaceIndex) == (2, 1)
    assert Namespaces([]).node(Address("urn:a", "X")) is None


def test_a_number_is_a_numeric_node_id_whatever_its_size() -> None:
    for number in (1, 300, 2**32 - 1):
        node = Namespaces([]).node(Address("http://opcfoundation.org/UA/", number))
        assert node is not None
        assert node.to_string() == f"i={number}"


def test_an_identifier_that_cannot_be_sent_is_on_no_server() -> None:
    assert Namespaces([None, "urn:a"]).node(Address("urn:a", "\ud800")) is None
