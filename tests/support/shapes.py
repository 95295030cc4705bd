"""JSON Schemas of what is answered, written from the published rules; tests/schemas has one a file."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parent / "schemas"


def fits(name: str, value: Any) -> bool:
    """True, or an AssertionError that tells all that is wrong with the value."""
    wrong = [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(value)]
    assert not wrong, "\n".join(wrong)
    return True


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
