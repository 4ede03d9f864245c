"""From the bytes of a JSON file to a checked model, or to everything that is wrong with them, each with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vizclient.faults import Fault, meant, shown
from vizclient.pages.document import FORMAT
from vizclient.pages.json_positions import JsonPath, Positions

Model = TypeVar("Model", bound=BaseModel)

_SYNTAX_PLACE = re.compile(r"^(?:Invalid JSON: )?(.*?)(?: at line (\d+) column (\d+))?$", re.DOTALL)
_CODES = {
    "missing": "bundle-missing",
    "extra_forbidden": "bundle-unknown-key",
    "literal_error": "bundle-choice",
    "enum": "bundle-choice",
    "union_tag_invalid": "bundle-type-unknown",
    "union_tag_not_found": "bundle-type-missing",
    "greater_than_equal": "bundle-too-small",
    "greater_than": "bundle-not-above",
    "less_than_equal": "bundle-too-large",
    "string_too_short": "bundle-empty",
    "string_too_long": "bundle-too-long",
    "too_long": "bundle-too-many",
    "too_short": "bundle-too-few",
    "string_pattern_mismatch": "bundle-characters",
    "finite_number": "bundle-not-finite",
}
_EXPECTED = {
    "string_type": "a text",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def read_json(model: type[Model], content: bytes, file: str, namespaces: Mapping[str, str]) -> Model | list[Fault]:
    """The model in `content`, or what is wrong with it (at least one). `namespaces`: those that item texts may use."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [Fault("bundle-not-utf8", {}, file, content.count(b"\n", 0, error.start) + 1)]
    try:
        return model.model_validate_json(text, strict=True, context={"namespaces": namespaces})
    except ValidationError as error:
        details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid":
        return [_syntax_fault(str(details[0].get("ctx", {}).get("error", "")), file)]
    positions = Positions(text)
    for detail in details:
        given = detail["input"]
        if detail["loc"] == ("format",) and isinstance(given, int) and given > FORMAT:
            line, column = positions.of_value(("format",))
            return [Fault("bundle-newer", {"given": str(given), "known": str(FORMAT)}, file, line, column)]
    faults: dict[JsonPath, Fault] = {}
    for detail in details:
        path = _path(detail, positions)
        fault = _fault(detail, path, model, file, positions)
        if path in faults and faults[path].code != fault.code:
            fault = Fault("bundle-value", {"key": _dotted(path)}, file, fault.line, fault.column)
        faults[path] = fault
    return sorted(faults.values(), key=lambda fault: (fault.line or 0, fault.column or 0))


def _syntax_fault(message: str, file: str) -> Fault:
    found = _SYNTAX_PLACE.match(message)
    assert found is not None, "it matches everything"
    line, column = (int(found[2]), int(found[3])) if found[2] else (None, None)
    return Fault("bundle-syntax", {"reason": found[1]}, file, line, column)


def _path(detail: ErrorDetails, positions: Positions) -> JsonPath:
    """Where the error is in the text; for a key that is missing, the path that it would have."""
    context: dict[str, Any] = detail.get("ctx", {})
    if "at" in context:  # found by a check of the whole
        return tuple(context["at"])
    location = detail["loc"]
    if location[:1] == ("elements",) and len(location) > 2:
        location = (*location[:2], *location[3:])  # the third is the type, as the schema tells its branches apart
    path = positions.real(location)
    return (*path, location[-1]) if detail["type"] == "missing" else path


def _fault(detail: ErrorDetails, path: JsonPath, model: type[BaseModel], file: str, positions: Positions) -> Fault:
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    arguments = {"key": _dotted(path), "value": shown(detail["input"])}
    code = _CODES.get(kind, kind if kind.startswith("bundle-") else "bundle-type")
    line, column = positions.of_key(path) if kind == "extra_forbidden" else positions.of_value(path)
    match kind:
        case "extra_forbidden":
            arguments["meant"] = meant(str(path[-1]), _known_keys(model, detail["loc"]))
            code = "bundle-unknown-key-meant" if arguments["meant"] else code
        case "literal_error":
            arguments["expected"] = str(context["expected"])
        case "union_tag_invalid":
            arguments["value"] = str(context["tag"])
            arguments["expected"] = str(context["expected_tags"]).replace("'", "")
            line, column = positions.of_value((*path, "type"))
        case "expression" | "address":
            code = context["code"]
            column += context.get("column", 0)
            arguments |= {name: str(value) for name, value in context.items() if name != "code"}
        case "greater_than_equal" | "greater_than" | "less_than_equal":
            arguments["limit"] = str(next(iter(context.values())))
        case "string_too_long" | "too_long" | "string_too_short" | "too_short":
            arguments["limit"] = str(context.get("max_length", context.get("min_length")))
        case _ if code == "bundle-type":
            arguments["expected"] = _EXPECTED.get(kind, "something else")
        case _:
            arguments |= {name: str(value) for name, value in context.items() if name != "at"}
    return Fault(code, arguments, file, line, column)


def _known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where an unknown one was found: followed through the schema as the error went."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    here: Any = schema
    for part in location[:-1]:
        here = _resolved(here, definitions)
        if isinstance(part, int):
            here = here.get("items", {})
        elif part in here.get("properties", {}):
            here = here["properties"][part]
        elif part in here.get("discriminator", {}).get("mapping", {}):
            here = {"$ref": here["discriminator"]["mapping"][part]}
    return list(_resolved(here, definitions).get("properties", {}))


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    while "$ref" in schema:
        schema = definitions[str(schema["$ref"]).rpartition("/")[2]]
    return schema


def _dotted(path: JsonPath) -> str:
    return ".".join(map(str, path))
