"""Replies held against tests/schemas, which are written from the published specification's rules."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parent / "schemas"


def holds(name: str, value: Any) -> None:
    """Fails with all that is wrong with the value by tests/schemas/NAME.json."""
    registry: Registry[Any] = Registry()
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text())
        registry = registry.with_resource(schema.get("$id", path.stem), Resource.from_contents(schema))
    validator = Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()), registry=registry)
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    assert not wrong, "\n".join(wrong)


def chunks(stream: str) -> list[dict[str, Any]]:
    """The chunks of a whole stream of chat completions, each as published, up to [DONE]."""
    *events, done, rest = stream.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    found = [json.loads(event.removeprefix("data: ")) for event in events if not event.startswith(":")]
    for chunk in found:
        holds("chat_completion_chunk", chunk)
    assert len({(chunk["id"], chunk["created"]) for chunk in found}) == 1
    return found
