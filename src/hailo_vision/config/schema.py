"""The settings as a JSON Schema (draft 2020-12). `python -m hailo_vision.config.schema` prints it.

The printed schema is committed as etc/hailo-vision.schema.json.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hailo_vision.config.settings import NAME_A_MODEL, SECTIONS, ModelEntry, Settings

Schema = dict[str, Any]

RELOAD = "[reload]"  # stands where a running daemon takes up a new value on SIGHUP
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_LIMITS = {
    "minimum": "minimum",
    "exclusive_minimum": "exclusiveMinimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "min_items": "minItems",
}


def schema() -> Schema:
    """The whole file: every section and every key optional, none unknown, `$schema` allowed for editors."""
    (models,) = (key for key in fields(Settings) if key.name == "models")
    return {
        "$schema": DRAFT,
        "title": "Hailo Vision settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "$schema": {"description": "where this schema is, for editors", "type": "string"},
            **{name: _section(section) for name, section in SECTIONS.items()},
            "models": {
                "description": f"{models.metadata['about']}: {', '.join(NAME_A_MODEL)}",
                "type": ["array", "null"],
                "items": {"description": ModelEntry.__doc__, "type": "object", **_object(ModelEntry)},
            },
        },
    }


def _section(section: type[Any]) -> Schema:
    # null is a section whose lines are all commented out.
    return {"description": section.__doc__, "type": ["object", "null"], **_object(section)}


def _object(of: type[Any]) -> Schema:
    hints = get_type_hints(of)
    required = [key.name for key in fields(of) if key.default is MISSING and key.default_factory is MISSING]
    return {
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {key.name: _key(key, hints[key.name]) for key in fields(of)},
    }


def _key(key: Field[Any], hint: Any) -> Schema:
    about = key.metadata["about"] + (f" {RELOAD}" if key.metadata.get("reload") else "")
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    return {
        "description": about,
        **_type(hint, key.metadata),
        **({} if key.default is MISSING else {"default": default}),
    }


def _type(hint: Any, metadata: Mapping[str, Any]) -> Schema:
    """The limits stand where they hold: with the numbers or the text of a type that allows other things too."""
    arguments = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return _union(arguments, metadata)
    limits = {word: metadata[ours] for ours, word in _LIMITS.items() if ours in metadata}
    if get_origin(hint) is Literal:
        return {"enum": list(arguments)}
    if get_origin(hint) is tuple:
        return _list(arguments[0], metadata, limits)
    if isinstance(hint, type) and is_dataclass(hint):
        return {"type": "object", **_without_defaults(_object(hint))}
    return {"type": _TYPES[hint], **limits}


def _list(of: Any, metadata: Mapping[str, Any], limits: Schema) -> Schema:
    item = {"type": "string", "minLength": 1} if of is str else _type(of, {})
    several = {"type": "array", "items": item, **limits}
    return {"anyOf": [item, several]} if metadata.get("or_one") else several


def _union(arguments: tuple[Any, ...], metadata: Mapping[str, Any]) -> Schema:
    """null joins the type of the first; what else there may be stands beside it."""
    first, *others = (_type(argument, metadata) for argument in arguments if argument is not NoneType)
    if NoneType in arguments:
        first = {**first, "type": [first["type"], "null"]}
    return {"anyOf": [first, *others]} if others else first


def _without_defaults(schema: Schema) -> Schema:
    """What a part of a model does not name is taken from the section, so it has no default of its own."""
    properties = {
        name: {word: value for word, value in key.items() if word != "default"}
        for name, key in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def main() -> None:
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
