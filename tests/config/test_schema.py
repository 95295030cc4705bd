"""The JSON Schema that is read off the settings."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from hailo_vision.config.schema import schema
from hailo_vision.config.settings import SECTIONS, ModelEntry, Settings

COMMITTED = Path(__file__).parents[2] / "etc" / "hailo-vision.schema.json"


ENTRY: dict[str, Any] = schema()["properties"]["models"]["items"]


def keys() -> Iterator[dict[str, Any]]:
    for name in SECTIONS:
        yield from schema()["properties"][name]["properties"].values()
    yield from (key for name, key in ENTRY["properties"].items() if name not in ENTRY["required"])


def numbers(schema: Any) -> Iterator[dict[str, Any]]:
    """All parts of a schema that are a number's, at whatever depth."""
    if isinstance(schema, dict):
        if {"integer", "number"} & {
            *([schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ()))
        }:
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from numbers(inner)


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_the_committed_schema_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "hailo_vision.config.schema"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    assert COMMITTED.read_text(encoding="utf-8") == printed
    assert json.loads(printed) == schema()


def test_every_key_has_a_description_and_a_default_that_is_valid() -> None:
    for key in keys():
        assert key["description"]
        Draft202012Validator(key).validate(key["default"])


def test_the_defaults_are_those_of_the_settings() -> None:
    defaults = json.loads(json.dumps(asdict(Settings())))
    sections = {name: schema()["properties"][name]["properties"] for name in SECTIONS}
    assert defaults == {"models": []} | {
        name: {key: about["default"] for key, about in section.items()} for name, section in sections.items()
    }


def test_a_model_needs_a_name_and_an_engine_and_has_defaults_for_the_rest() -> None:
    entry = ModelEntry(name="m", engine=("hailo",))
    defaults = json.loads(json.dumps(asdict(entry)))
    assert set(ENTRY["required"]) == {"name", "engine"}
    assert {"name": "m", "engine": ["hailo"]} | {
        name: key["default"] for name, key in ENTRY["properties"].items() if name not in ENTRY["required"]
    } == defaults


def test_what_a_model_says_of_generation_is_what_the_section_says() -> None:
    section = schema()["properties"]["generation"]["properties"]
    without_defaults = {name: {**key} for name, key in section.items()}
    for key in without_defaults.values():
        del key["default"]
    assert ENTRY["properties"]["generation"]["properties"] == without_defaults


def test_every_number_has_an_upper_limit() -> None:
    """Without one a number with hundreds of digits would pass, and fit into no float."""
    found = list(numbers(schema()))
    assert len(found) > 40
    for number in found:
        assert "maximum" in number, number
