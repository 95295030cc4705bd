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
from hailo_vision.config.settings import SECTIONS, Settings

COMMITTED = Path(__file__).parents[2] / "etc" / "hailo-vision.schema.json"


def keys() -> Iterator[dict[str, Any]]:
    for name in SECTIONS:
        yield from schema()["properties"][name]["properties"].values()


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
    assert defaults == {
        name: {key: about["default"] for key, about in section.items()} for name, section in sections.items()
    }


def test_every_number_has_an_upper_limit() -> None:
    """Without one a number with hundreds of digits would pass, and fit into no float."""
    for key in keys():
        types = key.get("type", "enum")
        if "integer" in types or "number" in types:
            assert "maximum" in key, key
