"""The events of a Messages stream: in their order, with the message that they add up to, and errors in their shape."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.chat import Finish, FinishReason, Piece, Timings, ToolCall, Usage
from hailo_vision.errors import ContextLengthExceeded, HailoVisionError, QueueFull, WorkerDied
from hailo_vision.http_api.anthropic.events import EventEncoder, failed, frames
from hailo_vision.http_api.anthropic.reply import Reply, RequestFacts, error
from hailo_vision.http_api.web import http_errors
from hailo_vision.http_api.web.faults import Fault, bug, fault

USAGE = Usage(prompt_tokens=168, completion_tokens=9, image_tokens=144, cached_tokens=12)
COUNTS = {
    "input_tokens": 156,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 12,
    "output_tokens": 9,
    "output_tokens_details": None,
    "server_tool_use": None,
}


def finish(reason: FinishReason = FinishReason.STOP, stop: str | None = None) -> Finish:
    return Finish(reason=reason, usage=USAGE, timings=Timings(), stop=stop)


def call(number: int) -> ToolCall:
    return ToolCall(id=f"call_{number}", name="light", arguments='{"on": true}')


def told(*said: Piece | ToolCall | Finish) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The events of an answer, and the message at its end."""
    encoder = EventEncoder(Reply(id="X", model="the-model", request=RequestFacts(stop_sequences=("END",))))
    events = [*encoder.begin(), *(event for part in said for event in encoder.encode(part))]
    return events, encoder.message


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def added_up(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The message as Anthropic's SDKs put it together."""
    message: dict[str, Any] = {}
    inputs: dict[int, str] = {}
    for event in events:
        match event:
            case {"type": "message_start"}:
                message = json.loads(json.dumps(event["message"]))
            case {"type": "content_block_start"}:
                assert event["index"] == len(message["content"])
                message["content"].append(dict(event["content_block"]))
            case {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}:
                message["content"][index]["text"] += text
            case {"type": "content_block_delta", "index": index, "delta": {"partial_json": part}}:
                inputs[index] = inputs.get(index, "") + part
            case {"type": "content_block_stop", "index": index} if index in inputs:
                message["content"][index]["input"] = json.loads(inputs[index])
            case {"type": "message_delta"}:
                message |= event["delta"]
                message["usage"] |= event["usage"]
    return message


BLOCK = ["content_block_start", "content_block_delta", "content_block_stop"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], []),
        ([Piece(text="")], []),
        ([Piece(text="A"), Piece(text=""), Piece(text="B")], [BLOCK[0], BLOCK[1], BLOCK[1], BLOCK[2]]),
        ([call(1)], BLOCK),
        ([Piece(text="A"), call(1), call(2)], [*BLOCK, *BLOCK, *BLOCK]),
    ],
)
def test_the_events_come_in_anthropics_order(said: list[Piece | ToolCall], expected: list[str]) -> None:
    events, _ = told(*said, finish())
    assert kinds(events) == ["message_start", *expected, "message_delta", "message_stop"]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.builds(lambda text: Piece(text=text), st.text(max_size=3)), max_size=5),
    st.lists(st.integers(0, 9), max_size=3, unique=True),
    st.sampled_from(FinishReason),
)
def test_a_stream_adds_up_to_what_a_whole_answer_says(
    pieces: list[Piece], calls: list[int], reason: FinishReason
) -> None:
    events, message = told(*pieces, *map(call, calls), finish(reason))
    assert added_up(events) == message
    text = "".join(block["text"] for block in message["content"] if block["type"] == "text")
    assert text == "".join(piece.text for piece in pieces)
    assert [block["id"] for block in message["content"] if block["type"] == "tool_use"] == [f"call_{n}" for n in calls]


def test_a_message_has_all_that_anthropics_has() -> None:
    _, message = told(Piece(text="Hello"), call(1), finish(FinishReason.TOOL_CALLS))
    assert message == {
        "id": "msg_X",
        "type": "message",
        "role": "assistant",
        "model": "the-model",
        "content": [
            {"type": "text", "text": "Hello", "citations": []},
            {
                "type": "tool_use",
                "id": "call_1",
                "name": "light",
                "input": {"on": True},
                "caller": {"type": "direct"},
            },
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": {**COUNTS, "cache_creation": None, "inference_geo": None, "service_tier": "standard"},
    }


def test_usage_is_told_at_the_end_of_a_stream_where_it_is_known() -> None:
    events, _ = told(Piece(text="A"), finish())
    assert events[0]["message"]["usage"]["input_tokens"] == 0
    assert events[-2]["usage"] == COUNTS


@pytest.mark.parametrize(
    ("ended", "reason", "sequence"),
    [
        (finish(), "end_turn", None),
        (finish(stop="END"), "stop_sequence", "END"),
        (finish(stop="</tool_call>"), "end_turn", None),  # the house's own, which the client never sent
        (finish(FinishReason.TOOL_CALLS, stop="END"), "tool_use", None),
        (finish(FinishReason.LENGTH), "max_tokens", None),
        (finish(FinishReason.DEADLINE), "max_tokens", None),
    ],
)
def test_each_end_has_anthropics_word(ended: Finish, reason: str, sequence: str | None) -> None:
    events, message = told(Piece(text="A"), ended)
    assert (message["stop_reason"], message["stop_sequence"]) == (reason, sequence)
    assert events[-2]["delta"] == {"stop_reason": reason, "stop_sequence": sequence}


@pytest.mark.parametrize(
    ("what", "status", "type_"),
    [
        (http_errors.InvalidJson("no JSON"), 400, "invalid_request_error"),
        (http_errors.InvalidKey(was_sent=True), 401, "authentication_error"),
        (http_errors.Forbidden(http_errors.Permission.HOST, "no"), 403, "permission_error"),
        (http_errors.UnknownPath("/v1/messages/x", "y"), 404, "not_found_error"),
        (http_errors.WrongMethod("GET", "/v1/messages", "POST"), 405, "invalid_request_error"),
        (http_errors.BodyTooLarge(1), 413, "request_too_large"),
        (QueueFull(depth=1, retry_after_s=1), 429, "rate_limit_error"),
        (WorkerDied(1), 503, "overloaded_error"),
    ],
)
def test_each_status_has_anthropics_type_of_error(what: HailoVisionError, status: int, type_: str) -> None:
    found = fault(what)
    body = error(found)
    assert (found.status, body["type"], body["error"]["type"]) == (status, "error", type_)
    assert body["error"]["message"] == found.message


def test_what_is_no_fault_of_the_clients_is_an_api_error() -> None:
    assert error(bug())["error"]["type"] == "api_error"


def test_a_prompt_that_is_too_long_says_so_in_the_words_that_clients_look_for() -> None:
    message = error(fault(ContextLengthExceeded(prompt_tokens=3000, context_tokens=2048)))["error"]["message"]
    assert message.startswith("prompt is too long: ")
    assert "3000" in message


def test_an_error_in_a_stream_is_an_event_with_the_id_of_the_request() -> None:
    what = Fault(status=503, type="server_error", message="Gone.", request_id="X")
    name, data, *rest = failed(what).decode().split("\n")
    assert (name, rest) == ("event: error", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Gone."},
        "request_id": "X",
    }


def test_every_event_is_named_and_stands_on_one_line() -> None:
    (frame, rest) = frames([{"type": "message_stop", "a": "ä\n"}]).decode("ascii").split("\n\n")
    assert rest == ""
    name, data = frame.split("\n")
    assert name == "event: message_stop"
    assert json.loads(data.removeprefix("data: "))["a"] == "ä\n"
