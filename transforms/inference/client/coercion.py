"""What a model meant: a value brought into the form that a schema asks for, where only one form can be meant.

A null or a bare value where a list is due, a number where a text is, a key or a choice in other letters; and the object
itself behind a key of its own, in a list, as JSON inside of a string, or put where a schema has its properties.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

DEEPEST = 3


class Written(float):
    """A number with the digits that it was written with: 3.50 as an answer is no 3.5."""

    digits: str

    def __new__(cls, digits: str) -> "Written":
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def unwrapped(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The objects that may be meant by a value: itself, and what is wrapped in it, outermost first."""
    if depth > DEEPEST:
        return
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value, strict=False, parse_float=Written)
        except (ValueError, RecursionError):
            return
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from unwrapped(inner, depth + 1)


def coerced(value: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """The value in the form of its JSON schema, as far as it can be meant so; the schema still has to be checked."""
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        schema = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
    kind = schema.get("type")
    if depth > 2 * DEEPEST:
        return value
    if kind == "object" and isinstance(value, dict):
        return _object(value, schema, definitions, depth)
    if kind == "array":
        return _array(value, schema.get("items", {}), definitions, depth)
    if kind == "string" or "enum" in schema:
        return _text(value, schema.get("enum"))
    return value


def _object(value: dict[str, Any], schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    by_letters = {_letters(name): name for name in properties}
    found: dict[str, Any] = {}
    for name, entry in value.items():
        meant = name if name in properties else by_letters.get(_letters(name), name)
        if meant != name and (meant in value or meant in found):
            meant = name
        entry_schema = properties.get(meant)
        if entry is None and entry_schema is not None and "default" in entry_schema:
            continue  # the default is what nothing means
        found[meant] = entry if entry_schema is None else coerced(entry, entry_schema, definitions, depth + 1)
    return found


def _array(value: Any, items: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        try:
            parsed = json.loads(value) if value.lstrip().startswith("[") else None
        except (ValueError, RecursionError):
            parsed = None
        value = parsed if isinstance(parsed, list) else [value] if value.strip() else []
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        value = [value]
    return [coerced(entry, items, definitions, depth + 1) for entry in value if entry is not None]


def _text(value: Any, choices: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Written):
        value = value.digits
    elif isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, int):
        value = str(value)
    if isinstance(value, str) and choices and value not in choices:
        same = [choice for choice in choices if isinstance(choice, str) and _letters(choice) == _letters(value)]
        return same[0] if len(same) == 1 else value
    return value


def _letters(name: str) -> str:
    """A name without case, spaces and hyphens."""
    return name.casefold().strip().replace(" ", "_").replace("-", "_")
