"""Anthropic's dialect at the door of the real daemon: what a client of it gets, with the bytes on the wire."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from event_stream import named_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from end_to_end.test_surfaces import DOT, VALUES, mutations
from harness import MODEL, PHOTOS, Daemon
from sockets import send

Start = Callable[..., Daemon]
PATH = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "of a city", "input_schema": SCHEMA}
PHOTO = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/jpeg",
        "data": base64.b64encode((PHOTOS / "launch-pad.jpg").read_bytes()).decode(),
    },
}
DOT_BLOCK = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/gif", "data": DOT.partition(",")[2]},
}
VALID: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 2,
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "What?"}, DOT_BLOCK]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "A dot."},
                {"type": "tool_use", "id": "a", "name": "get_weather", "input": {"city": "Oslo"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "18"}]},
                {"type": "text", "text": "And?"},
            ],
        },
    ],
    "tools": [WEATHER],
    "tool_choice": {"type": "none"},
    "stop_sequences": ["x"],
    "temperature": 0.5,
    "stream": False,
}


def asking(content: Any, **fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 60, "messages": [{"role": "user", "content": content}], **fields}


def events(daemon: Daemon, body: dict[str, Any]) -> list[dict[str, Any]]:
    return named_events(daemon, body, PATH)


def test_a_picture_is_looked_at_and_the_stream_says_the_same(daemon: Daemon) -> None:
    body = asking([PHOTO, {"type": "text", "text": "What colours are in this photo?"}], system="Be brief.")
    status, answer = daemon.post(body, PATH)
    assert status == 200
    (block,) = answer["content"]
    assert "blue" in block["text"]
    assert answer["stop_reason"] == "end_turn"
    told = events(daemon, body)
    deltas = [event["delta"]["text"] for event in told if event["type"] == "content_block_delta"]
    assert "".join(deltas) == block["text"]
    assert len(deltas) > 5
    assert {**told[0]["message"]["usage"], **told[-2]["usage"]} == answer["usage"]


def test_a_call_and_its_result_go_round(daemon: Daemon) -> None:
    question = asking("What is the weather in Paris?", tools=[WEATHER])
    _, first = daemon.post(question, PATH)
    assert first["stop_reason"] == "tool_use"
    call = first["content"][-1]
    assert (call["type"], call["name"], call["input"]) == ("tool_use", "get_weather", {"city": "Paris"})
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "18 degrees"}
    back = [
        *question["messages"],
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    _, second = daemon.post({**question, "messages": back}, PATH)
    assert second["stop_reason"] == "end_turn"
    assert "18 degrees" in second["content"][0]["text"]


def test_a_conversation_that_goes_on_is_read_from_the_devices_context(daemon: Daemon) -> None:
    question = asking([PHOTO, {"type": "text", "text": "What colours are in this photo?"}])
    _, first = daemon.post(question, PATH)
    more = [
        *question["messages"],
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": "Are you sure?"},
    ]
    body = {"model": MODEL, "max_tokens": 60, "messages": more}
    _, second = daemon.post(body, PATH)
    usage = second["usage"]
    assert usage["cache_read_input_tokens"] > first["usage"]["input_tokens"]
    assert daemon.post(body, COUNT)[1]["input_tokens"] == usage["input_tokens"] + usage["cache_read_input_tokens"]


def test_a_form_of_the_answer_is_kept(daemon: Daemon) -> None:
    form = {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "boolean"}}}}
    _, answer = daemon.post(asking("Describe it.", output_config={"format": form}), PATH)
    assert isinstance(json.loads(answer["content"][0]["text"]), dict)


def test_the_stop_sequence_that_ended_an_answer_is_named(daemon: Daemon) -> None:
    _, answer = daemon.post(asking("Hello", stop_sequences=["never said", "image"]), PATH)
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "image")
    assert "image" not in answer["content"][0]["text"]
    _, answer = daemon.post(asking("Hello", stop_sequences=["never said"]), PATH)
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("end_turn", None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tools": [WEATHER]},
        {"tools": [WEATHER], "tool_choice": {"type": "any"}},
        {"system": "Be brief."},
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ],
)
def test_a_count_is_what_usage_says_of_the_same_prompt(daemon: Daemon, fields: dict[str, Any]) -> None:
    body = asking([PHOTO, {"type": "text", "text": "What is the weather in Paris?"}], **fields)
    _, counted = daemon.post({name: value for name, value in body.items() if name != "max_tokens"}, COUNT)
    _, answer = daemon.post(body, PATH)
    assert counted == {"input_tokens": answer["usage"]["input_tokens"] + answer["usage"]["cache_read_input_tokens"]}


def test_a_prompt_that_is_too_long_is_counted_and_refused_by_the_words_that_clients_know(daemon: Daemon) -> None:
    body = asking("word " * 3000)
    status, counted = daemon.post(body, COUNT)
    assert status == 200
    assert counted["input_tokens"] > 3000
    status, answer = daemon.post(body, PATH)
    assert status == 400
    assert answer["error"]["message"].startswith("prompt is too long: ")


def test_an_error_has_the_id_of_its_request_which_is_in_the_header_and_the_log_too(daemon: Daemon) -> None:
    status, headers, answer = daemon.request("POST", PATH, asking("Hi", model="no-such-model"))
    assert (status, answer["type"], answer["error"]["type"]) == (404, "error", "not_found_error")
    assert answer["request_id"] == headers["request-id"] == headers["x-request-id"]
    daemon.wait_for(lambda: f"request_id={answer['request_id']}" in daemon.log)


@pytest.mark.parametrize(
    ("method", "path", "status", "type_"),
    [
        ("GET", PATH, 405, "invalid_request_error"),
        ("POST", f"{PATH}/batches", 404, "not_found_error"),
        ("GET", f"{PATH}/batches/msgbatch_1/results", 404, "not_found_error"),
        ("POST", "/messages/nothing", 404, "not_found_error"),
    ],
)
def test_what_is_not_served_there_is_told_in_this_dialect(
    daemon: Daemon, method: str, path: str, status: int, type_: str
) -> None:
    answer = send(daemon, method, path, body=b"{}" if method == "POST" else b"")
    assert answer.status == status
    assert json.loads(answer.body)["error"]["type"] == type_


def test_the_key_comes_as_anthropics_clients_send_it(start: Start, tmp_path: Any) -> None:
    keys = tmp_path / "keys"
    keys.write_text("home 0123456789abcdef0123456789abcdef\n")
    keys.chmod(0o600)
    daemon = start(server={"api_keys_file": str(keys)}).wait_until_ready()
    body = json.dumps(asking("Hi", max_tokens=1)).encode()
    version = "anthropic-version: 2023-06-01"
    refused = send(daemon, "POST", PATH, "x-api-key: another", version, body=body)
    assert (refused.status, json.loads(refused.body)["error"]["type"]) == (401, "authentication_error")
    assert send(daemon, "POST", PATH, "x-api-key: 0123456789abcdef0123456789abcdef", version, body=body).status == 200


def test_a_device_that_fails_in_mid_stream_ends_it_with_an_error(start: Start) -> None:
    daemon = start(simulator={"fault": "failed_in_decode"}).wait_until_ready()
    told = events(daemon, asking("Hello"))
    assert told[0]["type"] == "message_start"
    assert (told[-1]["type"], told[-1]["error"]["type"]) == ("error", "api_error")
    assert "message_stop" not in [event["type"] for event in told]


def test_the_models_are_listed_as_anthropics_clients_read_them_too(daemon: Daemon) -> None:
    _, listed = daemon.get("/v1/models")
    entry = listed["data"][0]
    assert (entry["type"], entry["id"], entry["display_name"]) == ("model", MODEL, MODEL)
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (MODEL, MODEL, False)


@pytest.mark.parametrize("path", [PATH, COUNT])
def test_the_body_that_is_mutated_is_valid(daemon: Daemon, path: str) -> None:
    status, answer = daemon.post(VALID, path)
    assert status == 200, answer


def is_answered_or_refused(daemon: Daemon, path: str, body: Any) -> None:
    answer = send(daemon, "POST", path, body=json.dumps(body).encode())
    assert answer.status == 200 or 400 <= answer.status < 500 or b"did not give" in answer.body, answer
    if answer.status != 200:
        told = json.loads(answer.body)
        assert told.keys() == {"type", "error", "request_id"}
        assert told["error"]["message"]


@pytest.mark.parametrize("path", [PATH, COUNT])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mutation_of_a_valid_body_is_answered_or_refused(daemon: Daemon, path: str, data: st.DataObject) -> None:
    is_answered_or_refused(daemon, path, data.draw(mutations(VALID)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_any_json_is_answered_or_refused(daemon: Daemon, value: Any) -> None:
    is_answered_or_refused(daemon, PATH, value)
