"""JSON that fits, by the front door: what a client can and can't make of it."""

import json
from typing import Any

import pytest

from harness import Daemon, ask, photo

PHOTO = photo("launch-pad.jpg")


def form(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "found", "schema": schema}}


COLOUR = form({"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]})


@pytest.mark.parametrize("manner", ["", "Use a code fence.", "But explain first.", "Once by mistake."])
def test_however_the_model_says_it_the_answer_is_json_that_fits(daemon: Daemon, manner: str) -> None:
    status, answer = daemon.post(ask(f"What colours are in this photo? {manner}", PHOTO, response_format=COLOUR))
    assert status == 200, answer
    assert json.loads(answer["choices"][0]["message"]["content"])["colour"] in ("red", "blue")


def test_another_try_goes_on_from_what_the_chip_still_holds(start: Any) -> None:
    daemon = start().wait_until_ready()
    before = daemon.get("/health")[1]["tokens"]["cached"]
    status, answer = daemon.post(ask("What colours, by mistake?", PHOTO, response_format=COLOUR))
    assert status == 200, answer
    assert daemon.get("/health")[1]["tokens"]["cached"] - before > answer["usage"]["prompt_tokens"]


@pytest.mark.parametrize("pattern", [r"^\p{Script=Greek}+$", r"^(?<y>\d{4})$", "("])
def test_one_tool_with_a_pattern_that_python_does_not_know_takes_no_other_down(daemon: Daemon, pattern: str) -> None:
    odd = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}, "required": None}
    tools = [
        {"type": "function", "function": {"name": "odd", "parameters": odd}},
        {"type": "function", "function": {"name": "light", "parameters": {"type": "object", "properties": {}}}},
    ]
    choice = {"type": "function", "function": {"name": "light"}}
    status, answer = daemon.post(ask("Turn on the light.", tools=tools, tool_choice=choice))
    assert status == 200, answer
    assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "light"
    assert daemon.post(ask("Hello!", tools=tools))[0] == 200


def test_an_endless_pattern_costs_its_own_request_and_no_other(daemon: Daemon) -> None:
    schema = form({"type": "string", "pattern": "^([a-zA-Z ]+)+[0-9]$"})
    status, answer = daemon.post(ask("Hello there, who are you?", response_format=schema))
    assert (status, answer["error"]["code"]) == (500, "structured_output_failed")
    assert daemon.post(ask("Hello!"))[0] == 200


def test_a_schema_that_does_not_fit_the_context_is_refused_with_both_numbers(daemon: Daemon) -> None:
    schema = form({"type": "object", "properties": {f"a_long_name_{n}": {"type": "string"} for n in range(400)}})
    status, answer = daemon.post(ask("Hello!", response_format=schema))
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    assert answer["error"]["n_prompt_tokens"] > answer["error"]["n_ctx"] == 2048


def test_where_the_time_went_is_told(start: Any) -> None:
    daemon = start(simulator={"prefill_s": 0.2, "tokens_per_s": 100}).wait_until_ready()
    answer = daemon.post(ask("What colours?", PHOTO, n=2))[1]
    performance = answer["performance"]
    assert performance["prefill_ms"] >= 400
    assert performance["inference_time_ms"] >= performance["prefill_ms"] + performance["decode_ms"] - 1
    assert performance["tokens_per_second"] > 0
