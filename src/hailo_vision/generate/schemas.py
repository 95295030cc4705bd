"""JSON Schemas that clients send: checked before any work is done for them, and made small for the prompt. Pure.

The check is our own: with jsonschema's, 16 kB of schema hold the event loop for a second. Patterns are not compiled by
it, as one of 1,000 characters can take a second: `patterns` says which there are, and `validator` has them compiled in
a process of their own.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from hailo_vision.errors import InvalidSchema
from hailo_vision.generate.validation import draft

MAX_SCHEMA_CHARS = 16_384  # more than 2,048 tokens of context hold
MAX_DEPTH = 64  # of objects and arrays inside each other
MAX_PATTERN_CHARS = 1000
_MAX_PATH_CHARS = 100  # of a place inside a schema, as an error names it

# Keywords whose value is a schema, a list of schemas, or an object with a schema for each name.
_SCHEMA = frozenset(
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
_SCHEMA_LIST = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_SCHEMA_MAP = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
# Those that apply a schema to the very same value: validation by a cycle of them would never end.
_IN_PLACE = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"))
_LEADS_ON = _IN_PLACE | {"$ref"}
_HOLDS_SCHEMAS = _SCHEMA | _SCHEMA_LIST | _SCHEMA_MAP
_MAY_BE_NULL = frozenset(("const", "default"))
_UNSUPPORTED = frozenset(("$dynamicRef", "$recursiveRef", "dependencies"))

# What tells a model nothing that is not said elsewhere.
_NOISE = frozenset(("$schema", "$id", "$comment", "title", "examples", "readOnly", "writeOnly", "deprecated"))

_COUNTS = frozenset(
    ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"]
)
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")

Schema = dict[str, Any]


class _Wrong(Exception):
    """What is wrong with a schema, and where."""


def check(schema: object, param: str) -> Schema:
    """The schema, if it is one that can be used here; else InvalidSchema, which names `param`. Patterns come later."""
    try:
        if not isinstance(schema, dict):
            raise _Wrong("it must be an object")
        text = _check_size(schema)
        if ":null" in text:
            schema = _without_nulls(json.loads(text))
        parts = list(_walk(schema))
        has_tuples = draft(schema) is not Draft202012Validator
        for path, part in parts:
            _check_part(path, part, schema, has_tuples=has_tuples)
        _check_references([part for _, part in parts], schema)
    except _Wrong as error:
        raise invalid_schema(str(error), param) from None
    return schema


def patterns(schema: Schema) -> list[str]:
    """All patterns in a schema that was checked, each once."""
    names: dict[str, None] = {}
    for _, part in _walk(schema):
        if "pattern" in part:
            names[part["pattern"]] = None
        names.update(dict.fromkeys(part.get("patternProperties", ())))
    return list(names)


def with_patterns(schema: Schema, changed: Mapping[str, str | None]) -> Schema:
    """A copy with other patterns, and without those whose change is None: what they say is not checked then."""
    if changed.keys().isdisjoint(patterns(schema)):
        return schema
    copy: Schema = json.loads(json.dumps(schema))
    for part in [part for _, part in _walk(copy)]:
        if part.get("pattern") in changed and (reading := changed[part.pop("pattern")]) is not None:
            part["pattern"] = reading
        names = part.get("patternProperties")
        if names is None or changed.keys().isdisjoint(names):
            continue
        read = {changed.get(name, name): value for name, value in names.items()}
        if None in read:  # which names they are for is not known, so no name is one too many
            for keyword in ("additionalProperties", "unevaluatedProperties"):
                part.pop(keyword, None)
        part["patternProperties"] = {name: value for name, value in read.items() if name is not None}
    return copy


def invalid_schema(reason: str, param: str) -> InvalidSchema:
    """The error for a schema; the reason may quote from it."""
    return InvalidSchema("".join(letter if letter.isprintable() else "?" for letter in reason), param=param)


def compact(schema: object) -> str:
    """The schema in few tokens."""
    return json.dumps(_without_noise(schema), separators=(",", ":"), ensure_ascii=False)


def _check_size(schema: Schema) -> str:
    """Raise where a schema is too large or too deep; returns its JSON."""
    level: list[Any] = [schema]
    for _ in range(MAX_DEPTH):
        children = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for among in children for child in among if isinstance(child, (dict, list))]
    if level:
        raise _Wrong(f"it is nested more than {MAX_DEPTH} deep")
    text = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
    if len(text) > MAX_SCHEMA_CHARS:
        raise _Wrong(f"it has more than {MAX_SCHEMA_CHARS} characters, too many for the model's context")
    return text


def _without_nulls(schema: Schema) -> Schema:
    """The same schema, changed in place: a keyword that is null is absent, as Go's clients write empty ones."""
    waiting: list[object] = [schema]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        for keyword in [name for name, value in part.items() if value is None and name not in _MAY_BE_NULL]:
            del part[keyword]
        for keyword, value in part.items():
            if keyword in _SCHEMA_MAP and isinstance(value, dict):
                waiting += value.values()
            elif keyword in _HOLDS_SCHEMAS:
                waiting += value if isinstance(value, list) else [value]
    return schema


def _walk(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """All schemas inside a schema, itself included, each with its path. Raises where one should be and is not."""
    waiting: list[tuple[str, object]] = [("$", schema)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, dict):
            yield path, part
            for keyword, value in part.items():
                if keyword in _HOLDS_SCHEMAS:
                    waiting += _inside(f"{path}.{keyword}", keyword, value)
        elif not isinstance(part, bool):
            raise _Wrong(f"{path} must be a schema")


def _inside(path: str, keyword: str, value: object) -> list[tuple[str, object]]:
    """The schemas that the value of a keyword holds, each with its path."""
    path = path[:_MAX_PATH_CHARS]
    if keyword in _SCHEMA_LIST or (keyword == "items" and isinstance(value, list)):
        if not isinstance(value, list) or not value:
            raise _Wrong(f"{path} must be an array of schemas")
        return [(f"{path}[{index}]", each) for index, each in enumerate(value)]
    if keyword in _SCHEMA_MAP:
        if not isinstance(value, dict):
            raise _Wrong(f"{path} must be an object of schemas")
        return [(f"{path}.{name[:_MAX_PATH_CHARS]}", each) for name, each in value.items()]
    return [(path, value)] if keyword in _SCHEMA else []


def _check_part(path: str, part: Schema, schema: Schema, *, has_tuples: bool) -> None:
    path = path[:_MAX_PATH_CHARS]
    for keyword, value in part.items():
        if expected := _expected(keyword, value, has_tuples=has_tuples):
            raise _Wrong(f"{path}.{keyword} must be {expected}")
        if keyword in _UNSUPPORTED or (keyword == "$id" and part is not schema):
            raise _Wrong(f"{path}.{keyword[:40]} is not served here")
        if keyword in ("pattern", "patternProperties"):
            for pattern in [value] if keyword == "pattern" else value:
                if len(pattern) > MAX_PATTERN_CHARS:
                    raise _Wrong(f"a pattern has more than {MAX_PATTERN_CHARS} characters")


def _check_references(parts: list[Schema], schema: Schema) -> None:
    """Raise where a `$ref` leads to nothing, or back to where it came from before anything inside the value is met.

    Without one there is no way back: JSON has no rings.
    """
    references = dict.fromkeys(part["$ref"] for part in parts if "$ref" in part)
    if not references:
        return
    targets = {reference: _target(reference, schema) for reference in references}
    schemas = {id(part) for part in parts}
    for reference, target in targets.items():
        if not isinstance(target, bool) and id(target) not in schemas:
            raise _Wrong(
                f"$ref {reference[:80]!r} names no schema in it, and nothing is fetched; use one such as #/$defs/Name"
            )
    if _has_cycle(parts, targets):
        raise _Wrong("it refers to itself without end")


def _expected(keyword: str, value: object, *, has_tuples: bool) -> str | None:
    """What the value of a keyword has to be; None where it is that."""
    if keyword == "items" and isinstance(value, list) and not has_tuples:
        return "a schema; a list of them is prefixItems"
    if keyword not in _VALUES:
        return None
    is_right, expected = _VALUES[keyword]
    return None if is_right(value) else expected


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_filled_list(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _are_types(value: object) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(name in _TYPES for name in names)


def _are_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _are_lists_of_strings(value: object) -> bool:
    return isinstance(value, dict) and all(map(_are_strings, value.values()))


# Whether a keyword's value is right, and what it has to be; a keyword that is not here may have any value.
_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "type": (_are_types, f"one of {', '.join(_TYPES)}"),
    "enum": (_is_filled_list, "an array with at least one value"),
    "required": (_are_strings, "an array of strings"),
    "dependentRequired": (_are_lists_of_strings, "an object of arrays of strings"),
    "uniqueItems": (_is_boolean, "true or false"),
    "multipleOf": (_is_positive, "a number above 0"),
    **dict.fromkeys(("pattern", "$ref", "format", "$schema", "$id"), (_is_string, "a string")),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (_is_number, "a number")),
    **dict.fromkeys(_COUNTS, (_is_count, "a whole number of at least 0")),
}


def _target(reference: str, schema: Schema) -> object:
    """What a `$ref` such as `#/$defs/Name` points to; None where that is nothing."""
    if reference == "#":
        return schema
    target: object = schema if reference.startswith("#/") else None
    for token in unquote(reference[2:]).split("/"):
        key = token.replace("~1", "/").replace("~0", "~") if "~" in token else token
        if isinstance(target, dict):
            target = target.get(key)
        elif isinstance(target, list) and key.isdecimal() and len(key) < 6 and int(key) < len(target):
            target = target[int(key)]
        else:
            return None
    return target


def _has_cycle(parts: list[Schema], targets: dict[str, object]) -> bool:
    """Whether some value would meet the same part of the schema again before anything inside the value does."""
    done: set[int] = set()
    for start in parts:
        if id(start) in done or _LEADS_ON.isdisjoint(start):
            continue
        path = [(start, iter(_applied(start, targets)))]
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
            elif id(following) not in done and not _LEADS_ON.isdisjoint(following):
                above.add(id(following))
                path.append((following, iter(_applied(following, targets))))
    return False


def _applied(part: Schema, targets: dict[str, object]) -> list[Schema]:
    """The other parts of the schema that apply to the same value as this one."""
    others: list[object] = []
    for name, value in part.items():
        if name in _IN_PLACE:
            others += value if isinstance(value, list) else value.values() if name in _SCHEMA_MAP else [value]
    if "$ref" in part:
        others.append(targets[part["$ref"]])
    return [each for each in others if isinstance(each, dict)]


def _without_noise(schema: object) -> object:
    if not isinstance(schema, dict):
        return schema
    return {keyword: _cleaned(keyword, value) for keyword, value in schema.items() if keyword not in _NOISE}


def _cleaned(keyword: str, value: Any) -> object:
    if keyword in _SCHEMA_MAP:
        return {name: _without_noise(each) for name, each in value.items()}
    if isinstance(value, list) and (keyword in _SCHEMA_LIST or keyword == "items"):
        return [_without_noise(each) for each in value]
    return _without_noise(value) if keyword in _SCHEMA else value
