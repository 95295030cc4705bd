"""The settings as a JSON Schema (draft 2020-12). `python -m hailo_vision.config.schema` prints it.

The printed schema is committed as etc/hailo-vision.schema.json.
"""

import json
import sys
from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hailo_vision.config.settings import Settings

Schema = dict[str, Any]

RELOAD = "[reload]"  # stands where a running daemon takes up a new value on SIGHUP
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_LIMITS = {
    "minimum": "minimum",
    "exclusive_minimum": "exclusiveMinimum",
    "maximum": "maximum",
    "min_length": "minLength",
}


def schema() -> Schema:
    """The whole file: every section and every key optional, none unknown, `$schema` allowed for editors."""
    sections = get_type_hints(Settings)
    return {
        "$schema": DRAFT,
        "title": "Hailo Vision settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "$schema": {"description": "where this schema is, for editors", "type": "string"},
            **{name: _section(section) for name, section in sections.items()},
        },
    }


def _section(section: type[Any]) -> Schema:
    # null is a section whose lines are all commented out.
    hints = get_type_hints(section)
    return {
        "description": section.__doc__,
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {key.name: _key(key, hints[key.name]) for key in fields(section)},
    }


def _key(key: Field[Any], hint: Any) -> Schema:
    assert key.default is not MISSING, f"{key.name} has no default"
    limits = {word: key.metadata[ours] for ours, word in _LIMITS.items() if ours in key.metadata}
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    about = key.metadata["about"] + (f" {RELOAD}" if key.metadata.get("reload") else "")
    return {"description": about, **_type(hint), **limits, "default": default}


def _type(hint: Any) -> Schema:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        items = {"type": "string", "minLength": 1} if arguments[0] is str else _type(arguments[0])
        return {"type": "array", "items": items}
    if origin is UnionType:
        (alone,) = (argument for argument in arguments if argument is not NoneType)
        return {"type": [_TYPES[alone], "null"]}
    return {"type": _TYPES[hint]}


def main() -> None:
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
