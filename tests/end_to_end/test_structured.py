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
