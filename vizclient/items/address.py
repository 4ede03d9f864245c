"""Item addresses: a namespace URI and an identifier. A namespace index never appears here: it belongs to a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OPC_UA_NAMESPACE = "http://opcfoundation.org/UA/"


class AddressError(ValueError):
    """An address that cannot be read. `code` and `text` name the reason; `known` lists the short names that exist."""

    def __init__(self, code: str, text: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.known = known


@dataclass(frozen=True, slots=True)
class Address:
    """One node: `namespace` is a URI, `identifier` a string or a number (OPC 10000-6, 5.2.2.9 and 5.3.1.10)."""

    namespace: str
    identifier: str | int

    def __str__(self) -> str:
        kind = "i" if isinstance(self.identifier, int) else "s"
        return f"nsu={self.namespace};{kind}={self.identifier}"


def parse_address(text: str, namespaces: Mapping[str, str]) -> Address:
    """Read `short:identifier`, `short:i=123` or `nsu=URI;s=…` / `nsu=URI;i=…`.

    `namespaces` maps short names to URIs. Raises AddressError with code `address-empty`, `address-form`,
    `address-number` or `address-namespace`.
    """
    text = text.strip()
    if not text:
        raise AddressError("address-empty", text)
    if text.startswith("nsu="):
        uri, separator, identifier = text[4:].partition(";")
        if not uri or not separator or identifier[:2] not in ("s=", "i="):
            raise AddressError("address-form", text)
        return _build(uri, identifier, text)
    short, separator, identifier = text.partition(":")
    if not separator or not short or not identifier:
        raise AddressError("address-form", text)
    if short not in namespaces:
        raise AddressError("address-namespace", short, tuple(namespaces))
    if identifier[:2] not in ("s=", "i="):
        identifier = f"s={identifier}"
    return _build(namespaces[short], identifier, text)


def _build(uri: str, identifier: str, text: str) -> Address:
    kind, rest = identifier[0], identifier[2:]
    if not rest:
        raise AddressError("address-form", text)
    if kind == "s":
        return Address(uri, rest)
    if not (rest.isascii() and rest.isdigit()) or int(rest) > 0xFFFF_FFFF:
        raise AddressError("address-number", text)
    return Address(uri, int(rest))
