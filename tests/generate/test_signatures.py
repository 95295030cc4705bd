"""A tool's schema becomes one short line that keeps what a model needs to call it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.chat import Tool
from hailo_vision.generate.schemas import check
from hailo_vision.generate.signatures import MAX_DESCRIPTION_CHARS, Detail, first_sentences, signature
from hailo_vision.simulator.signatures import function_in


def typed(schema: Any, **root: Any) -> str:
    parameters = {"type": "object", "properties": {"x": schema}, "required": ["x"], **root}
    return signature(Tool(name="f", description="", parameters=parameters)).removeprefix("f(x: ").removesuffix(")")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "title": "X", "default": "y", "minLength": 3, "format": "date"}, "string"),
        ({"enum": ["red", "dark blue", 1, None]}, '"red"|"dark blue"|1|null'),
        ({"const": "on"}, '"on"'),
        ({"type": "array", "items": {"type": "integer"}}, "integer[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a"|"b")[]'),
        ({"items": {}}, "any[]"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"type": "null"}, "null"),
        ({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "string|string[]"),
        ({"type": "object"}, "object"),
        ({"properties": {"a": {"type": "string"}, "b c": {}}, "required": ["a"]}, '{a: string, "b c"?: any}'),
        ({}, "any"),
        (True, "any"),
    ],
)
def test_a_type_is_named_as_typescript_names_it(schema: Any, kind: str) -> None:
    assert typed(schema) == kind


def test_a_reference_is_followed_and_a_circle_ends() -> None:
    place = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Place"}, "name": {"type": "string"}}}
    assert typed({"$ref": "#/$defs/Name"}, **{"$defs": {"Name": {"enum": ["a"]}}}) == '"a"'
    assert typed({"$ref": "#/$defs/Place"}, **{"$defs": {"Place": place}}).startswith("{next?: {next?: {")


REFERRING: dict[str, dict[str, Any]] = {
    "to itself": {"properties": {f"a{number}": {"$ref": "#"} for number in range(600)}},
    "to a long enum": {
        "properties": {f"a{number}": {"$ref": "#/$defs/a"} for number in range(250)},
        "$defs": {
            "a": {"properties": {f"b{number}": {"$ref": "#/$defs/b"} for number in range(100)}},
            "b": {"enum": ["c" * 5000]},
        },
    },
    "by many types": {"properties": {"a": {"type": ["object"] * 900, "properties": {"b": {"type": ["object"] * 300}}}}},
}


@pytest.mark.parametrize("parameters", REFERRING.values(), ids=REFERRING)
def test_a_signature_stays_short_whatever_its_references_multiply(parameters: dict[str, Any]) -> None:
    tool = Tool(name="f", description="", parameters=check(parameters, "p"))
    for detail in Detail:
        assert len(signature(tool, detail)) < 100_000


def test_a_schema_as_large_as_may_be_is_told_whole() -> None:
    properties = {f"a{number:03}": {"type": "integer"} for number in range(560)}
    line = signature(Tool(name="f", description="", parameters=check({"properties": properties}, "p")))
    assert line.count(": integer") == 560


def test_every_value_of_a_long_enum_is_kept() -> None:
    names = [f"light.room_{number}" for number in range(200)]
    assert typed({"enum": names}).count("light.room_") == 200


def test_a_description_is_one_line_of_whole_sentences() -> None:
    assert first_sentences("Turns on.\n  Use it for lights.", 40) == "Turns on. Use it for lights."
    assert first_sentences("Turns on. Use it for lights, locks and so on.", 30) == "Turns on."
    assert first_sentences("Sets e.g. the colour of a very long light", 20) == "Sets e.g. the colour…"
    assert first_sentences("Use it: 1. Look at it.", 14) == "Use it: 1.…"


@given(st.text(), st.integers(1, 200))
def test_a_description_is_never_longer_than_it_may_be_by_more_than_its_ellipsis(text: str, max_chars: int) -> None:
    line = first_sentences(text, max_chars)
    assert len(line) <= max_chars + 1
    assert "\n" not in line


LIGHT = Tool(
    name="light_set",
    description="Sets a light. " + "More of it. " * 40,
    parameters={
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "The name of the light"},
            "level": {"type": "integer", "description": "0 is dark, 100 is bright (default: 50). Say more."},
        },
        "required": ["name"],
    },
)


def test_the_line_has_name_parameters_and_description() -> None:
    line = signature(LIGHT)
    head, _, description = line.partition(" // ")
    assert head == "light_set(name: string, level?: integer /* 0 is dark, 100 is bright. Say more */)"
    assert description.startswith("Sets a light. More of it.")
    assert len(description) <= MAX_DESCRIPTION_CHARS


def test_the_brief_line_has_no_notes() -> None:
    assert signature(LIGHT, Detail.BRIEF).startswith("light_set(name: string, level?: integer) // Sets")


SCHEMAS = st.recursive(
    st.one_of(
        st.sampled_from([{"type": kind} for kind in ("string", "integer", "number", "boolean")]),
        st.lists(st.text(min_size=1), min_size=1, max_size=3, unique=True).map(lambda values: {"enum": values}),
    ),
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.dictionaries(st.text(min_size=1), inner, min_size=1, max_size=3).map(
            lambda fields: {"type": "object", "properties": fields, "required": list(fields)}
        ),
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.text(min_size=1), SCHEMAS, max_size=3), st.text())
def test_a_reader_of_the_line_finds_the_schema_again(properties: dict[str, Any], description: str) -> None:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    line = signature(Tool(name="f", description=description, parameters=parameters))
    assert "\n" not in line
    assert function_in(line) == {"name": "f", "parameters": json.loads(json.dumps(parameters))}
