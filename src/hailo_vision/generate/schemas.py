"""JSON Schemas that clients send: checked before any work is done for them, and made small for the prompt. Pure.

The check is our own: with jsonschema's, 16 kB of schema hold the event loop for a second.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from hailo_vision.errors import RequestError
from hailo_vision.generate.validation import draft

MAX_SCHEMA_CHARS = 16_384  # more than 2,048 tokens of context hold
MAX_DEPTH = 64  # of brackets
MAX_PATTERN_CHARS = 1000

# What stands behind a keyword: a schema, a list of them, or names with one each.
_ONE = frozenset(
    [
        "not",
        "if",
        "then",
        "else",
        "items",
        "additionalItems",
        "additionalProperties",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
_SOME = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
# Those that hold a schema against the very same value: a ring of them would never end.
_IN_PLACE = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"))

_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_COUNTS = frozenset(
    ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"]
)
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_UNSERVED = frozenset(("$dynamicRef", "$recursiveRef", "dependencies"))

# What tells a model nothing that is not said elsewhere.
_NOISE = frozenset(("$schema", "$id", "$comment", "title", "examples", "readOnly", "writeOnly", "deprecated"))

Schema = dict[str, Any]


class _Wrong(Exception):
    """What is wrong with a schema, and where."""


def check(schema: object, param: str) -> Schema:
    """The schema, if it is one that can be used here; else RequestError, which names `param`."""
    try:
        if not isinstance(schema, dict):
            raise _Wrong("it must be an object")
        _check_size(schema)
        parts = list(_walk(schema))
        schemas = {id(part) for _, part in parts}
        for path, part in parts:
            _check_part(path, part, schema, has_tuples=draft(schema) is not Draft202012Validator)
            if "$ref" in part and not (isinstance(to := _target(part["$ref"], schema), bool) or id(to) in schemas):
                found = repr(part["$ref"][:80])
                raise _Wrong(
                    f"$ref {found} names no schema in it, and nothing is fetched; use one such as #/$defs/Name"
                )
        if _turns_round(schema):
            raise _Wrong("it refers to itself without end")
    except _Wrong as error:
        why = "".join(letter if letter.isprintable() else "?" for letter in str(error))
        message = f"{param} can't be used as a JSON Schema: {why}."
        raise RequestError(message, param=param, code="invalid_json_schema") from None
    return schema


def compact(schema: object) -> str:
    """The schema in few tokens."""
    return json.dumps(_without_noise(schema), separators=(",", ":"), ensure_ascii=False)


def _check_size(schema: Schema) -> None:
    level: list[object] = [schema]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
    if level:
        raise _Wrong(f"it is nested more than {MAX_DEPTH} deep")
    if len(json.dumps(schema, separators=(",", ":"), ensure_ascii=False)) > MAX_SCHEMA_CHARS:
        raise _Wrong(f"it has more than {MAX_SCHEMA_CHARS} characters, too many for the model's context")


def _children(value: object) -> list[object]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
    return []


def _walk(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """All schemas inside a schema, itself included, each with its place. Raises _Wrong where one should be."""
    waiting: list[tuple[str, object]] = [("$", schema)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, dict):
            yield path, part
            for keyword, value in part.items():
                waiting += _inside(f"{path}.{keyword}", keyword, value)
        elif not isinstance(part, bool):
            raise _Wrong(f"{path[:100]} must be a schema")


def _inside(path: str, keyword: str, value: object) -> list[tuple[str, object]]:
    if keyword in _SOME or (keyword == "items" and isinstance(value, list)):
        if not isinstance(value, list) or not value:
            raise _Wrong(f"{path[:100]} must be an array of schemas")
        return [(f"{path}[{index}]", each) for index, each in enumerate(value)]
    if keyword in _NAMED:
        if not isinstance(value, dict):
            raise _Wrong(f"{path[:100]} must be an object of schemas")
        return [(f"{path}.{name}", each) for name, each in value.items()]
    return [(path, value)] if keyword in _ONE else []


def _check_part(path: str, part: Schema, schema: Schema, *, has_tuples: bool) -> None:
    for keyword, value in part.items():
        if wanted := _wanted(keyword, value, has_tuples=has_tuples):
            raise _Wrong(f"{path[:100]}.{keyword} must be {wanted}")
        if keyword in _UNSERVED or (keyword == "$id" and part is not schema):
            raise _Wrong(f"{path[:100]}.{keyword[:40]} is not served here")
        if keyword in ("pattern", "patternProperties"):
            for pattern in [value] if keyword == "pattern" else value:
                _check_pattern(pattern)


def _wanted(keyword: str, value: object, *, has_tuples: bool) -> str | None:
    """What should stand behind a keyword; None where that is what does."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
    match keyword:
        case "type":
            names = value if isinstance(value, list) else [value]
            return None if names and all(name in _TYPES for name in names) else f"one of {', '.join(_TYPES)}"
        case "enum":
            return None if isinstance(value, list) and value else "an array with at least one value"
        case "required":
            return None if _are_strings(value) else "an array of strings"
        case "dependentRequired":
            is_right = isinstance(value, dict) and all(map(_are_strings, value.values()))
            return None if is_right else "an object of arrays of strings"
        case "pattern" | "$ref" | "format" | "$schema" | "$id":
            return None if isinstance(value, str) else "a string"
        case "uniqueItems":
            return None if isinstance(value, bool) else "true or false"
        case "multipleOf":
            return None if is_number and value > 0 else "a number above 0"  # type: ignore[operator]
        case "items" if isinstance(value, list) and not has_tuples:
            return "a schema; a list of them is prefixItems"
    if keyword in _NUMBERS:
        return None if is_number else "a number"
    if keyword in _COUNTS:
        return None if is_number and value >= 0 and value == int(value) else "a whole number of at least 0"  # type: ignore[operator, call-overload]
    return None


def _are_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _target(reference: str, schema: Schema) -> object:
    """What a reference such as `#/$defs/Name` points to; None where that is nothing."""
    if reference == "#":
        return schema
    found: object = schema if reference.startswith("#/") else None
    for word in unquote(reference[2:]).split("/"):
        key = word.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and len(key) < 6 and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def _check_pattern(pattern: str) -> None:
    """Whether Python's expressions know it. What it costs is bounded where it is used."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise _Wrong(f"a pattern has more than {MAX_PATTERN_CHARS} characters")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        raise _Wrong(f"the pattern {pattern[:80]!r} is not known here") from None


def _turns_round(schema: Schema) -> bool:
    """Whether some value would be held against the same part again before anything inside the value is looked at."""
    done: set[int] = set()
    for _, start in _walk(schema):
        path = [(start, iter(_applied(start, schema)))] if id(start) not in done else []
        above = {id(start)}
        while path:
            part, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                above.discard(id(part))
                done.add(id(part))
            elif id(following) in above:
                return True
            elif id(following) not in done:
                above.add(id(following))
                path.append((following, iter(_applied(following, schema))))
    return False


def _applied(part: Schema, schema: Schema) -> list[Schema]:
    """What else the value of a part is held against."""
    found = [each for name, value in part.items() if name in _IN_PLACE for _, each in _inside("", name, value)]
    if "$ref" in part:
        found.append(_target(part["$ref"], schema))
    return [each for each in found if isinstance(each, dict)]


def _without_noise(schema: object) -> object:
    if not isinstance(schema, dict):
        return schema
    return {keyword: _cleaned(keyword, value) for keyword, value in schema.items() if keyword not in _NOISE}


def _cleaned(keyword: str, value: Any) -> object:
    if keyword in _NAMED:
        return {name: _without_noise(each) for name, each in value.items()}
    if isinstance(value, list) and keyword in (*_SOME, "items"):
        return [_without_noise(each) for each in value]
    return _without_noise(value) if keyword in _ONE else value
