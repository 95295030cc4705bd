"""Functions as a prompt offers them, one a line: JSON, as Qwen's template writes it, or a signature in the manner of
TypeScript. A model reads both.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

_SIGNATURE: Final = re.compile(r"(?P<name>[\w.:-]+)\((?P<rest>.*)")
_TOKEN: Final = re.compile(r'/\*.*?\*/|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[\w$]+|[^\s\w]')
_PRIMITIVES: Final = frozenset(("string", "integer", "number", "boolean", "object", "array", "null"))

Schema = dict[str, Any]


def function_in(line: str) -> dict[str, Any] | None:
    """The function of one line, with its `name` and the JSON Schema of its `parameters`; None where there is none."""
    try:
        function = json.loads(line)["function"] if line.startswith("{") else _signature(line)
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return function if isinstance(function, dict) and isinstance(function.get("name"), str) else None


def _signature(line: str) -> dict[str, Any] | None:
    match = _SIGNATURE.fullmatch(line.strip())
    if match is None:
        return None
    tokens = [token for token in _TOKEN.findall(match["rest"]) if not token.startswith("/*")]
    parameters, _ = _fields(tokens, 0, ")")
    return {"name": match["name"], "parameters": parameters}


def _fields(tokens: Sequence[str], at: int, end: str) -> tuple[Schema, int]:
    """The fields up to `end` as an object's schema, and where it goes on behind."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    while tokens[at] != end:
        name = json.loads(tokens[at]) if tokens[at].startswith('"') else tokens[at]
        is_optional = tokens[at + 1] == "?"
        properties[name], at = _type(tokens, at + 2 + is_optional)
        if not is_optional:
            required.append(name)
        at += tokens[at] == ","
    return {"type": "object", "properties": properties, "required": required}, at + 1


def _type(tokens: Sequence[str], at: int) -> tuple[Schema, int]:
    """Alternatives divided by |. Literals are an enum."""
    schema, at = _one(tokens, at)
    schemas = [schema]
    while tokens[at] == "|":
        schema, at = _one(tokens, at + 1)
        schemas.append(schema)
    if all("enum" in one for one in schemas):
        return {"enum": [value for one in schemas for value in one["enum"]]}, at
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}, at


def _one(tokens: Sequence[str], at: int) -> tuple[Schema, int]:
    """One type with the brackets behind it, each of which makes it a list."""
    schema: Schema
    match tokens[at]:
        case "(":
            schema, at = _type(tokens, at + 1)
            at += 1
        case "{":
            schema, at = _fields(tokens, at + 1, "}")
        case word:
            schema, at = _word(word), at + 1
    while tokens[at : at + 2] == ["[", "]"]:
        schema, at = {"type": "array", "items": schema}, at + 2
    return schema, at


def _word(word: str) -> Schema:
    if word in _PRIMITIVES:
        return {"type": word}
    return {} if word == "any" else {"enum": [json.loads(word)]}
