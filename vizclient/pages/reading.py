"""From the bytes of a JSON file to a checked model, or to everything that is wrong with them, each with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from vizclient.faults import Fault, meant
from vizclient.items.address import AddressError, parse_address
from vizclient.pages.document import FORMAT, Page, element_items
from vizclient.pages.json_positions import Positions
from vizclient.schema.closed import Closed

Model = TypeVar("Model", bound=Closed)


def read_json(model: type[Model], content: bytes, file: str, namespaces: Mapping[str, str]) -> Model | list[Fault]:
    """The model in `content`, or what is wrong with it (at least one). `namespaces`: those that item texts may use."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [Fault("bundle-not-utf8", {}, file, content.count(b"\n", 0, error.start) + 1)]
    try:
        found = msgspec.json.decode(text, type=model)
        if isinstance(found, Page):
            for element in found.elements:
                for item in element_items(element):
                    parse_address(item, namespaces)
    except (msgspec.DecodeError, AddressError, RecursionError) as error:
        # Whatever refused it: if nothing is found that says it better, this does.
        return _faults(model, text, file, namespaces) or [Fault("bundle-syntax", {"reason": str(error)}, file)]
    return found


def _faults(model: type[Closed], text: str, file: str, namespaces: Mapping[str, str]) -> list[Fault]:
    from vizclient.schema.findings import Finding, findings  # noqa: PLC0415 - only when something is wrong

    try:
        raw: Any = json.loads(text)
    except json.JSONDecodeError as error:
        return [Fault("bundle-syntax", {"reason": error.msg}, file, error.lineno, error.colno)]
    except (RecursionError, ValueError):  # nesting without end; a number that Python does not read
        return [Fault("bundle-syntax", {"reason": "Nested too deeply, or a number out of range"}, file)]
    positions = Positions(text)
    given = raw.get("format") if isinstance(raw, dict) else None
    if isinstance(given, int) and given > FORMAT:
        line, column = positions.of_value(("format",))
        return [Fault("bundle-newer", {"given": str(given), "known": str(FORMAT)}, file, line, column)]

    def fault(finding: Finding) -> Fault:
        place = positions.of_key(finding.path) if finding.is_key else positions.of_value(finding.path)
        code, arguments = finding.code, dict(finding.arguments)
        if code == "unknown-key":
            arguments["meant"] = meant(str(finding.path[-1]), finding.known)
            code = "unknown-key-meant" if arguments["meant"] else code
        code = code if code.startswith(_WHOLE) else f"bundle-{code}"
        return Fault(code, arguments, file, place.line, place.column + finding.column)

    faults = map(fault, findings(model, raw, namespaces))
    return sorted(faults, key=lambda fault: (fault.line or 0, fault.column or 0))


_WHOLE = ("bundle-", "expression-", "address-")
"""Codes that are phrases already begin like this."""
