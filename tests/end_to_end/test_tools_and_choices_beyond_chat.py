"""Tools, structured answers and several choices of the dialects other than chat, over HTTP."""

import json
from typing import Any

import pytest
from pydantic import BaseModel
from shapes import fits

from end_to_end.test_responses import events
from harness import MODEL, Daemon

LIGHT = {
    "type": "function",
    "name": "set_light",
    "description": "Switches a light.",
    "parameters": {
        "type": "object",
        "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Scene(BaseModel):
    colour: str
    count: int


def test_a_required_tool_is_called_and_its_result_goes_back(daemon: Daemon) -> None:
    client = daemon.client
    question: list[Any] = [{"role": "user", "content": "Switch the light in the kitchen on."}]
    first = client.responses.create(model=MODEL, input=question, tools=[LIGHT], tool_choice="required")
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert call.name == "set_light"
    assert json.loads(call.arguments).keys() == {"room", "on"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "done"}
    back = [*question, *(item.model_dump(exclude_none=True) for item in first.output), result]
    second = client.responses.create(model=MODEL, input=back, tools=[LIGHT])
    assert second.status == "completed"


def test_a_call_is_streamed_in_its_events(daemon: Daemon) -> None:
    body = {
        "model": MODEL,
        "input": "Light!",
        "tools": [LIGHT],
        "tool_choice": {"type": "function", "name": "set_light"},
    }
    found = events(daemon, body)
    assert all(fits("response_event", event) for event in found)
    kinds = [event["type"] for event in found]
    assert "response.function_call_arguments.done" in kinds
    (item,) = [item for item in found[-1]["response"]["output"] if item["type"] == "function_call"]
    deltas = [event["delta"] for event in found if event["type"] == "response.function_call_arguments.delta"]
    assert "".join(deltas) == item["arguments"]


def test_parse_gives_what_the_schema_says(daemon: Daemon) -> None:
    response = daemon.client.responses.parse(
        model=MODEL, input="What colour, and how many?", text_format=Scene, max_output_tokens=400
    )
    assert isinstance(response.output_parsed, Scene)


@pytest.mark.parametrize("stream", [True, False])
def test_several_completions_are_counted_through(daemon: Daemon, stream: bool) -> None:
    body: dict[str, Any] = {
        "model": MODEL,
        "prompt": ["Is there a zebra?", "Is there a lion?"],
        "n": 2,
        "max_tokens": 9,
    }
    if stream:
        chunks = daemon.client.completions.create(**body, stream=True)
        indices = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    else:
        indices = [choice.index for choice in daemon.client.completions.create(**body).choices]
    assert indices == [0, 1, 2, 3]


def test_the_document_of_all_routes_has_these(daemon: Daemon) -> None:
    paths = daemon.get("/openapi.json")[1]["paths"]
    assert {"/v1/responses", "/v1/completions", "/v1/vision/analyze", "/v1/vision/vqa"} <= paths.keys()
