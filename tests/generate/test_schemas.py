"""A schema from a client is usable, or refused with what is wrong in it, whatever it is."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailo_vision.errors import InvalidSchema
from hailo_vision.generate.patterns import reading
from hailo_vision.generate.schemas import MAX_PATTERN_CHARS, MAX_SCHEMA_CHARS, check, compact, patterns, with_patterns
from hailo_vision.generate.validation import problems

# What pydantic makes of a model with a model inside, an optional, a date and a choice.
PYDANTIC = {
    "$defs": {
        "Colour": {"enum": ["red", "blue"], "title": "Colour", "type": "string"},
        "Part": {
            "properties": {"name": {"title": "Name", "type": "string"}, "colour": {"$ref": "#/$defs/Colour"}},
            "required": ["name", "colour"],
            "title": "Part",
            "type": "object",
        },
    },
    "additionalProperties": False,
    "properties": {
        "parts": {"items": {"$ref": "#/$defs/Part"}, "title": "Parts", "type": "array"},
        "seen": {"anyOf": [{"format": "date-time", "type": "string"}, {"type": "null"}], "default": None},
        "title": {"description": "What it is", "title": "Title", "type": "string"},
    },
    "required": ["parts", "title"],
    "title": "Found",
    "type": "object",
}
ZOD = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"pair": {"type": "array", "items": [{"type": "number"}, {"type": "string"}]}},
}
TREE = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}


@pytest.mark.parametrize("schema", [PYDANTIC, ZOD, TREE, {}, {"type": ["string", "null"]}, {"not": True}])
def test_what_clients_make_is_taken_as_it_is(schema: dict[str, Any]) -> None:
    assert check(copy.deepcopy(schema), "p") == schema


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        (True, "must be an object"),
        ({"type": "strng"}, "$.type must be one of string"),
        ({"type": []}, "$.type must be one of"),
        ({"type": {"a": 1}}, "$.type must be one of"),
        ({"properties": {"a": {"type": 5}}}, "$.properties.a.type"),
        ({"properties": []}, "$.properties must be an object of schemas"),
        ({"properties": {"a": 5}}, "$.properties.a must be a schema"),
        ({"items": 5}, "$.items must be a schema"),
        ({"items": [{}]}, "prefixItems"),
        ({"anyOf": []}, "$.anyOf must be an array of schemas"),
        ({"anyOf": {}}, "$.anyOf must be an array of schemas"),
        ({"required": "a"}, "$.required must be an array of strings"),
        ({"enum": []}, "$.enum must be"),
        ({"minLength": -1}, "$.minLength must be a whole number"),
        ({"minLength": 1e999}, "$.minLength must be a whole number"),
        ({"maximum": True}, "$.maximum must be a number"),
        ({"multipleOf": 0}, "$.multipleOf must be a number above 0"),
        ({"pattern": "a" * (MAX_PATTERN_CHARS + 1)}, "a pattern has more than"),
        ({"$ref": "https://example.com/schema.json"}, "nothing is fetched"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
        ({"$ref": "#/$defs/Missing"}, "names no schema in it"),
        ({"$ref": "#/x/y", "x": {"y": {"type": "strng"}}}, "names no schema in it"),
        ({"$ref": "#name"}, "names no schema in it"),
        ({"$ref": 5}, "$.$ref must be a string"),
        ({"$ref": "#"}, "without end"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "without end"),
        ({"$dynamicRef": "#a"}, "is not served"),
        ({"properties": {"a": {"$id": "https://example.com/"}}}, "is not served"),
        ({"$schema": ["x"]}, "$.$schema must be a string"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": True}, "must be a number"),
        ({"description": "a" * MAX_SCHEMA_CHARS}, "too many for the model's context"),
        (deep(65), "nested more than"),
        (deep(100_000), "nested more than"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_with_the_reason(schema: object, why: str) -> None:
    with pytest.raises(InvalidSchema) as error:
        check(schema, "response_format.json_schema.schema")
    assert error.value.param == "response_format.json_schema.schema"
    assert why in str(error.value)
    assert len(str(error.value)) < 400


def test_all_patterns_of_a_schema_are_found_once_wherever_they_stand() -> None:
    schema = {
        "$defs": {"a": {"pattern": "a"}, "b": {"items": {"pattern": "b"}}},
        "properties": {"pattern": {"type": "string", "pattern": "a"}},
        "patternProperties": {"c": {"not": {"pattern": "d"}}, "a": True},
        "default": {"pattern": "("},
    }
    assert sorted(patterns(check(schema, "p"))) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("pattern", ["(", "*", "(" * 500 + ")" * 500, "a{99999999999999999999}"])
def test_a_pattern_that_can_t_be_compiled_has_no_reading(pattern: str) -> None:
    assert reading(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("^a+$", "aa", "b"),
        (r"^(?<y>\d{4})$", "2026", "abc"),
        (r"^(?<a>x|y)-\k<a>$", "x-x", "x-y"),
        (r"^\p{L}+$", "Größe", "a1"),
        (r"^\p{Nd}{2}[(?<]$", "12<", "ab<"),
        (r"^(?<=)(?<!b)a$", "a", "b"),
        (
            r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$",
            "a@b.de",
            "a",
        ),
    ],
)
def test_a_pattern_of_javascript_is_read_as_python_has_it(pattern: str, fits: str, fits_not: str) -> None:
    read = reading(pattern)
    assert read is not None
    assert re.search(read, fits)
    assert not re.search(read, fits_not)


@pytest.mark.parametrize("pattern", [r"[\p{L}x]", r"\p{Script=Greek}", r"\P{L}", r"\u{1F600}"])
def test_what_python_has_no_word_for_has_no_reading(pattern: str) -> None:
    assert reading(pattern) is None


def test_a_pattern_without_a_reading_is_not_checked_and_the_rest_of_the_schema_is() -> None:
    schema = check(
        {
            "properties": {"a": {"type": "string", "pattern": "X"}, "b": {"pattern": "Y"}, "c": {"pattern": "c"}},
            "patternProperties": {"X": {"type": "string"}, "^z": {"type": "number"}},
            "additionalProperties": False,
            "enum": [{"pattern": "X"}],
        },
        "p",
    )
    assert with_patterns(schema, {"X": None, "Y": "y"}) == {
        "properties": {"a": {"type": "string"}, "b": {"pattern": "y"}, "c": {"pattern": "c"}},
        "patternProperties": {"^z": {"type": "number"}},
        "enum": [{"pattern": "X"}],
    }
    assert schema["properties"]["a"]["pattern"] == "X", "the original is as it was"
    assert with_patterns(schema, {"W": None}) is schema


def test_a_keyword_that_is_null_is_absent() -> None:
    schema = {
        "type": "object",
        "required": None,
        "description": None,
        "properties": {"a": {"properties": None, "items": None, "const": None, "default": None}},
        "anyOf": [{"enum": [None], "minimum": None}],
    }
    assert check(schema, "p") == {
        "type": "object",
        "properties": {"a": {"const": None, "default": None}},
        "anyOf": [{"enum": [None]}],
    }


def test_a_property_may_be_called_like_a_keyword() -> None:
    schema = {"properties": {name: {"type": "string"} for name in ("$ref", "pattern", "title", "items", "$id")}}
    assert check(schema, "p") == schema
    assert json.loads(compact(schema)) == schema


def test_titles_cost_no_tokens_and_descriptions_stay() -> None:
    told = json.loads(compact(PYDANTIC))
    assert told["properties"]["title"] == {"description": "What it is", "type": "string"}
    assert told["$defs"]["Part"]["properties"]["name"] == {"type": "string"}
    assert "title" not in told


KEYWORDS = """
    type properties items anyOf allOf not $ref $defs required enum const minimum maxLength pattern title format
    additionalProperties if then else prefixItems uniqueItems patternProperties multipleOf $id $schema
"""
keywords = st.sampled_from(KEYWORDS.split())
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from(["#", "#/$defs/a", "#/properties/a", "string", "object", "array", "(a+)+$", "a", "http://x/"])
)
schemas = st.dictionaries(
    keywords,
    st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(keywords, inner, max_size=3)
            | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
        ),
        max_leaves=12,
    ),
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schemas, st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_any_schema_is_refused_or_can_be_applied(schema: dict[str, Any], value: Any) -> None:
    try:
        schema = check(schema, "p")
    except InvalidSchema:
        return
    json.loads(compact(schema))
    if any(reading(pattern) is None for pattern in patterns(schema)):
        return
    try:
        assert all(isinstance(line, str) for line in problems(schema, value))
    except (RecursionError, OverflowError):
        assert "$ref" in json.dumps(schema) or "multipleOf" in json.dumps(schema)  # these go to the process apart
