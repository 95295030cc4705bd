"""The events of a Responses stream: in order, counted, as the specification has them, and as its own SDK reads them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from shapes import fits

from hailo_vision.chat import Finish, FinishReason, Piece, Timings, ToolCall, Usage
from hailo_vision.errors import WorkerDied
from hailo_vision.http_api.openai.responses.events import EventEncoder, last_frames
from hailo_vision.http_api.openai.responses.reply import Reply
from hailo_vision.http_api.web.faults import fault

USAGE = Usage(prompt_tokens=168, completion_tokens=9, image_tokens=144, cached_tokens=12)
ECHO = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": 0.0,
    "top_logprobs": 0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "max_tool_calls": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
}


def encoder() -> EventEncoder:
    return EventEncoder(Reply(id="X", created_at=1_700_000_000, model="the-model", echo=ECHO))


def finish(reason: FinishReason = FinishReason.STOP) -> Finish:
    return Finish(reason=reason, usage=USAGE, timings=Timings())


def call(number: int) -> ToolCall:
    return ToolCall(id=f"call_{number}", name="light", arguments='{"on": true}')


def told(*said: Piece | ToolCall | Finish) -> list[dict[str, Any]]:
    one = encoder()
    return [*one.begin(), *(event for part in said for event in one.encode(part))]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


MESSAGE = ["output_item.added", "content_part.added"]
MESSAGE_END = ["output_text.done", "content_part.done", "output_item.done"]
CALL = ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"]
BEGIN = ["created", "in_progress"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([Piece(text="A"), Piece(text=""), Piece(text="B")], [*MESSAGE, *["output_text.delta"] * 2, *MESSAGE_END]),
        ([], [*MESSAGE, *MESSAGE_END]),
        ([Piece(text="")], [*MESSAGE, *MESSAGE_END]),
        ([call(1)], CALL),
        ([Piece(text="A"), call(1), call(2)], [*MESSAGE, "output_text.delta", *MESSAGE_END, *CALL, *CALL]),
    ],
)
def test_the_events_come_in_the_order_of_the_specification(said: list[Piece | ToolCall], expected: list[str]) -> None:
    assert kinds(told(*said, finish())) == [*BEGIN, *expected, "completed"]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.builds(lambda text: Piece(text=text), st.text(max_size=3)), max_size=5),
    st.lists(st.integers(0, 9), max_size=3, unique=True),
    st.sampled_from([FinishReason.STOP, FinishReason.LENGTH, FinishReason.TOOL_CALLS]),
)
def test_any_answer_is_a_stream_that_the_specification_and_the_sdk_take(
    pieces: list[Piece], calls: list[int], reason: FinishReason
) -> None:
    events = told(*pieces, *map(call, calls), finish(reason))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert all(fits("response_event", event) for event in events)
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in events:
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=event))
    response = events[-1]["response"]
    assert [item["type"] for item in response["output"] if item["type"] == "function_call"] == ["function_call"] * len(
        calls
    )
    texts = [item["content"][0]["text"] for item in response["output"] if item["type"] == "message"]
    assert "".join(texts) == "".join(piece.text for piece in pieces)
    assert fits("response", response)
    added = [event["item"]["id"] for event in events if event["type"] == "response.output_item.added"]
    assert added == [item["id"] for item in response["output"]]


def test_the_deltas_add_up_and_every_event_of_an_item_names_it() -> None:
    events = told(Piece(text="Hel"), Piece(text="lo"), finish())
    assert [event["delta"] for event in events if "delta" in event] == ["Hel", "lo"]
    assert {event["item_id"] for event in events if "item_id" in event} == {"msg_X_0"}
    assert {event["output_index"] for event in events if "output_index" in event} == {0}


def test_usage_is_told_in_the_words_of_this_dialect() -> None:
    assert told(finish())[-1]["response"]["usage"] == {
        "input_tokens": 168,
        "input_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 0, "image_tokens": 144},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 177,
    }


def test_an_answer_that_was_cut_is_incomplete_and_says_why() -> None:
    *_, done, last = told(Piece(text="A"), finish(FinishReason.LENGTH))
    assert last["type"] == "response.incomplete"
    assert last["response"]["status"] == done["item"]["status"] == "incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_failure_under_way_is_an_error_and_a_failed_response_with_what_was_said() -> None:
    one = encoder()
    before = [*one.begin(), *one.encode(Piece(text="Hel"))]
    error, failed = one.fail(fault(WorkerDied(-9)))
    assert [error["sequence_number"], failed["sequence_number"]] == [len(before), len(before) + 1]
    assert fits("response_event", error)
    assert fits("response_event", failed)
    assert error["code"] == "device_unavailable"
    assert "signal 9" in error["message"]
    assert failed["response"]["error"] == {"code": "server_error", "message": error["message"]}
    (item,) = failed["response"]["output"]
    assert item["status"] == "incomplete"
    assert item["content"][0]["text"] == "Hel"


def test_a_failure_before_anything_was_said_has_its_beginning_too() -> None:
    events = encoder().fail(fault(WorkerDied(-9)))
    assert kinds(events) == [*BEGIN, "error", "failed"]
    assert [event["sequence_number"] for event in events] == [0, 1, 2, 3]


def test_a_frame_has_its_event_named() -> None:
    (frame, rest) = last_frames([{"type": "response.created", "a": "ä\n"}]).decode("ascii").split("\n\n")
    assert rest == ""
    name, data = frame.split("\n")
    assert name == "event: response.created"
    assert json.loads(data.removeprefix("data: ")) == {"type": "response.created", "a": "ä\n"}
