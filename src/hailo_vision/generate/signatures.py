"""The signature of a tool: its JSON Schema as one short line for the prompt, in the manner of TypeScript. Pure.

    light_set(name: string, color?: "red"|"blue", level?: integer /* 0 is off and 100 is bright */) // Sets a light.

Names, types, enums and the beginning of each description stay; titles, defaults, bounds, formats and patterns are left
out. A model reads this form well, and it costs a third of the schema's tokens. The arguments of a call are validated
against the full schema, so what is left out here is caught there, and the model is told.
"""

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Any
from urllib.parse import unquote

from hailo_vision.chat import Tool

MAX_DESCRIPTION_CHARS = 160
MAX_NOTE_CHARS = 60  # of a parameter's description
_MAX_READ_CHARS = 1000  # of a description
_MAX_DEPTH = 4  # of objects, arrays and references inside each other
# References can be followed from each of hundreds of properties, and again at each depth: a few kilobytes of schema
# would become gigabytes. After so much of it types are `any`; a schema without references ends before that.
_MAX_READ_SCHEMA_CHARS = 32_768
_FIELD_CHARS = 6  # what a field has besides its name, at the least: "":{},
_WIDEST = 8  # alternatives of an `anyOf`

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SENTENCE_END = re.compile(r"(?<=[^\s\d][.!?])\s+(?=[A-Z])")  # but not the number of an item, as in `1. Do`
_ASIDE = re.compile(r" ?\((?:optional|default)\b[^()]*\)", re.IGNORECASE)
_NOT_WORD = re.compile(r"[^a-z0-9]+")
# What a description says only because a form asks for one, as `The ID of the note` for `note_id`.
_FILLERS = frozenset(
    (
        "a",
        "an",
        "and",
        "for",
        "id",
        "if",
        "in",
        "is",
        "new",
        "of",
        "on",
        "optional",
        "or",
        "target",
        "the",
        "to",
        "with",
    )
)

Schema = dict[str, Any]


class Detail(Enum):
    """How much of a tool's schema the signature keeps: `BRIEF` leaves the parameters' descriptions out."""

    NOTED = "noted"
    BRIEF = "brief"


def signature(tool: Tool, detail: Detail = Detail.NOTED) -> str:
    """The tool in one line: its name, its parameters with their types, and the beginning of its description."""
    writer = _Writer(root=tool.parameters, is_noted=detail is Detail.NOTED, tool_name=tool.name)
    line = f"{tool.name}({writer.fields(tool.parameters, 0)})"
    description = first_sentences(tool.description, MAX_DESCRIPTION_CHARS)
    return f"{line} // {description}" if description else line


def first_sentences(text: str, max_chars: int) -> str:
    """As many whole sentences as `max_chars` hold; a first sentence that is longer is cut between two words."""
    kept, *rest = _SENTENCE_END.split(_one_line(text))
    for sentence in rest:
        if len(kept) + 1 + len(sentence) > max_chars:
            break
        kept = f"{kept} {sentence}"
    if len(kept) <= max_chars:
        return kept
    return (
        kept[: max_chars + 1].rpartition(" ")[0].rstrip(" ,;:(-") + "…" if " " in kept[:max_chars] else kept[:max_chars]
    )


def _one_line(text: str) -> str:
    """The beginning of a text, without line ends. More of it is not looked at: it may be megabytes."""
    return " ".join(text[:_MAX_READ_CHARS].split())


class _Writer:
    """Writes the types of one tool's parameters, up to a bound of what it reads for that.

    `root` is the schema from which references are followed.
    """

    def __init__(self, *, root: Schema, is_noted: bool, tool_name: str) -> None:
        self._root = root
        self._is_noted = is_noted
        self._known = set(_words(tool_name))
        self._left_chars = _MAX_READ_SCHEMA_CHARS

    def fields(self, schema: Schema, depth: int) -> str:
        """The properties of an object schema, with a question mark behind the name of each optional one."""
        schema = self._resolved(schema)
        required = frozenset(schema.get("required") or ())
        self._left_chars -= len(required)
        properties = schema.get("properties") or {}
        return ", ".join(
            self._field(name, part, depth, is_required=name in required) for name, part in properties.items()
        )

    def _field(self, name: str, schema: Any, depth: int, *, is_required: bool) -> str:
        key = name if _IDENTIFIER.fullmatch(name) else json.dumps(name, ensure_ascii=False)
        note = self._note(name, schema) if self._is_noted else ""
        self._left_chars -= _FIELD_CHARS + len(key) + len(note)
        return f"{key}{'' if is_required else '?'}: {self._type(schema, depth)}{f' /* {note} */' if note else ''}"

    def _note(self, name: str, schema: Any) -> str:
        """The description's first sentence where it says more than the names do."""
        description = schema.get("description") if isinstance(schema, dict) else None
        if not isinstance(description, str):
            return ""
        note = first_sentences(_ASIDE.sub("", _one_line(description)), MAX_NOTE_CHARS).replace("*/", "").rstrip(".")
        return note if set(_words(note)) - self._known - set(_words(name)) - _FILLERS else ""

    def _type(self, schema: Any, depth: int) -> str:
        if not isinstance(schema, dict) or depth > _MAX_DEPTH or self._left_chars < 0:
            return "any"
        schema = self._resolved(schema)
        self._left_chars -= 2 + len(schema)
        if "const" in schema:
            return self._literals([schema["const"]])
        if isinstance(values := schema.get("enum"), list) and values:
            return self._literals(values)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if isinstance(parts := schema.get(keyword), list) and parts:
                return self._union([self._type(part, depth + 1) for part in parts[:_WIDEST]])
        match _kind(schema):
            case list() as kinds:
                return self._union([self._type({**schema, "type": kind}, depth + 1) for kind in kinds])
            case "array":
                return self._array(schema, depth)
            case "object" if schema.get("properties"):
                return f"{{{self.fields(schema, depth + 1)}}}"
            case str(kind):
                return kind
        return "any"

    def _literals(self, values: Sequence[Any]) -> str:
        text = "|".join(map(_literal, values))
        self._left_chars -= len(text)
        return text

    def _array(self, schema: Schema, depth: int) -> str:
        items = self._type(schema.get("items", {}), depth + 1)
        return f"({items})[]" if "|" in items and not items.startswith("{") else f"{items}[]"

    def _union(self, kinds: list[str]) -> str:
        """Each type once; null says no more than that a value may be left out."""
        return "|".join(dict.fromkeys(kind for kind in kinds if kind != "null")) or "null"

    def _resolved(self, schema: Schema) -> Schema:
        """The schema that a local `$ref` leads to, with what stands beside the reference."""
        for _ in range(_MAX_DEPTH):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            schema = {**self._at(reference), **{key: value for key, value in schema.items() if key != "$ref"}}
        return schema

    def _at(self, reference: str) -> Schema:
        self._left_chars -= len(reference)
        node: Any = self._root
        for key in unquote(reference.removeprefix("#")).strip("/").split("/"):
            if key:
                node = node.get(key.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, dict) else {}
        return node if isinstance(node, dict) else {}


def _kind(schema: Schema) -> Any:
    """The type, or the one that the other keywords imply."""
    if schema.get("type") is not None:
        return schema["type"]
    return "object" if "properties" in schema else "array" if "items" in schema else "any"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _words(text: str) -> list[str]:
    """The lower-case words of a name or a text, with each plural as its singular."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).lower()
    return [word.removesuffix("s") for word in _NOT_WORD.split(parted) if word]
