"""Answers in OpenAI's JSON, key by key as the specification has them, and as its own SDK reads them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loaded_models import QWEN2_VL
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from hailo_vision.chat import Finish, FinishReason, Timings, ToolCall, Usage
from hailo_vision.http_api.openai.chat.reply import Choice, Reply
from hailo_vision.http_api.openai.usage import finish_word, performance_json
from hailo_vision.http_api.web.sse import DONE
from hailo_vision.http_api.web.surface import fingerprint

USAGE = Usage(prompt_tokens=168, completion_tokens=9, image_tokens=144)
USAGE_JSON = {
    "prompt_tokens": 168,
    "completion_tokens": 9,
    "total_tokens": 177,
    "prompt_tokens_details": {"cached_tokens": 0, "image_tokens": 144, "text_tokens": 24},
    "completion_tokens_details": {
        "text_tokens": 9,
        "reasoning_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
TIMINGS = Timings(image_s=0.05, queue_s=0.1, prefill_s=0.9, decode_s=2.0)
PERFORMANCE = {
    "image_ms": 50,
    "queue_ms": 100,
    "prefill_ms": 900,
    "decode_ms": 2000,
    "inference_time_ms": 2900,
    "tokens_per_second": 4.0,
}
FINISH = Finish(reason=FinishReason.STOP, usage=USAGE, timings=TIMINGS)
CALL = ToolCall(id="call_1", name="look", arguments='{"where": "left"}')
CALL_JSON = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"where": "left"}'}}
LOADED = replace(QWEN2_VL, runtime_version="5.1.1", max_images=5)
HEAD = {
    "id": "chatcmpl-X",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "the-model",
    "system_fingerprint": "fp",
}


def answer(*, shows_usage: bool = False) -> Reply:
    return Reply(id="chatcmpl-X", created=1_700_000_000, model="the-model", fingerprint="fp", shows_usage=shows_usage)


def stream(*texts: str, shows_usage: bool) -> bytes:
    """A whole stream, as the handler sends it."""
    sent = answer(shows_usage=shows_usage)
    pieces = [sent.first_chunk(), *map(sent.text_chunk, texts), sent.last_chunk(FinishReason.STOP)]
    return b"".join([*pieces, *([sent.usage_chunk(FINISH)] if shows_usage else []), DONE])


def events(content: bytes) -> list[str]:
    """The data of each server-sent event."""
    *whole, rest = content.decode().split("\n\n")
    assert rest == ""
    assert all(len(one.splitlines()) == 1 and one.startswith("data: ") for one in whole)
    return [one.removeprefix("data: ") for one in whole]


def chunk(delta: dict[str, Any], finish_reason: str | None, **usage: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {**HEAD, "choices": [choice], **usage}


def unknown(value: Any) -> dict[str, Any]:
    """Keys that the SDK's models do not know: it would keep any without a word."""
    found = {}
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, BaseModel):
            found |= part.model_extra or {}
            for _, inner in part:
                found |= unknown(inner)
    return found


ROLE = {"role": "assistant", "content": "", "refusal": None}


def test_a_stream_with_usage_is_the_golden_one() -> None:
    *chunks, done = events(stream("A", shows_usage=True))
    assert [json.loads(one) for one in chunks] == [
        chunk(ROLE, None, usage=None),
        chunk({"content": "A"}, None, usage=None),
        chunk({}, "stop", usage=None),
        {**HEAD, "choices": [], "usage": USAGE_JSON, "performance": PERFORMANCE},
    ]
    assert done == "[DONE]"


def test_a_stream_without_usage_has_no_key_for_it() -> None:
    *chunks, done = events(stream("A", shows_usage=False))
    assert [json.loads(one) for one in chunks] == [
        chunk(ROLE, None),
        chunk({"content": "A"}, None),
        chunk({}, "stop"),
    ]
    assert done == "[DONE]"


def test_an_answer_without_a_word_has_its_role_and_its_reason() -> None:
    role, last, _ = events(stream(shows_usage=False))
    assert json.loads(role)["choices"][0]["delta"]["role"] == "assistant"
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"


def whole(*choices: Choice) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(answer().whole(choices, FINISH)))
    return value


def choice(text: str = "A rocket.", *calls: ToolCall, reason: FinishReason = FinishReason.STOP) -> Choice:
    return Choice(text=text, calls=calls, reason=reason)


@pytest.mark.parametrize("reason", FinishReason)
def test_a_whole_answer_has_every_key_that_the_specification_asks_for(reason: FinishReason) -> None:
    message = {"role": "assistant", "content": "A rocket.", "refusal": None, "annotations": []}
    assert whole(choice(reason=reason)) == {
        **HEAD,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_word(reason)}],
        "usage": USAGE_JSON,
        "performance": PERFORMANCE,
    }


@pytest.mark.parametrize("reason", FinishReason)
def test_the_sdks_model_of_an_answer_is_content_with_it(reason: FinishReason) -> None:
    completion = ChatCompletion.model_validate(whole(choice(reason=reason), choice("", CALL)))
    assert completion.choices[0].finish_reason == finish_word(reason)
    assert completion.usage is not None
    assert completion.usage.total_tokens == 177
    assert unknown(completion) == {"performance": PERFORMANCE}


@pytest.mark.parametrize("reason", FinishReason)
def test_a_reason_is_one_that_clients_know(reason: FinishReason) -> None:
    assert finish_word(reason) in ("stop", "length", "tool_calls")


def test_calls_stand_beside_the_words_and_without_any_the_content_is_null() -> None:
    (only, both) = whole(choice("", CALL), choice("Let me see.", CALL))["choices"]
    assert (only["message"]["content"], only["message"]["tool_calls"]) == (None, [CALL_JSON])
    assert (both["message"]["content"], both["message"]["tool_calls"]) == ("Let me see.", [CALL_JSON])
    assert [only["index"], both["index"]] == [0, 1]


def test_a_call_in_a_stream_comes_whole_with_its_index() -> None:
    (data,) = events(answer().call_chunk(1, CALL))
    assert json.loads(data)["choices"][0]["delta"] == {"tool_calls": [{"index": 1, **CALL_JSON}]}


def test_a_speed_that_nobody_can_know_is_null() -> None:
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    finish = Finish(reason=FinishReason.STOP, usage=usage, timings=Timings())
    assert performance_json(finish)["tokens_per_second"] is None


def test_the_sdks_model_of_a_chunk_is_content_with_each_of_them() -> None:
    *chunks, _ = events(stream("A", "B", shows_usage=True))
    for one in chunks:
        assert unknown(ChatCompletionChunk.model_validate_json(one)).keys() <= {"performance"}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=10), max_size=4), st.booleans())
def test_the_sdk_puts_a_stream_together_again(texts: list[str], shows_usage: bool) -> None:
    state = ChatCompletionStreamState()
    *chunks, _ = events(stream(*texts, shows_usage=shows_usage))
    for one in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate_json(one))
    completion = state.get_final_completion()
    assert completion.choices[0].message.content == "".join(texts)
    assert completion.choices[0].finish_reason == "stop"
    assert (completion.usage is not None) is shows_usage


@settings(max_examples=300, deadline=None)
@given(st.text() | st.sampled_from(["\n\n", "\r", "\u2028", "data: [DONE]\n\n", "\x85", "\ud800", '"', "\x00"]))
def test_no_text_can_end_the_event_that_carries_it(text: str) -> None:
    (data,) = events(answer().text_chunk(text))
    assert json.loads(data)["choices"][0]["delta"] == {"content": text}


def test_a_fingerprint_says_what_made_the_answer() -> None:
    assert fingerprint("1.2.3", LOADED) == "hailo-vision-1.2.3-simulated-5.1.1"


def test_a_chunk_of_text_is_the_same_json_whatever_the_text_and_the_names_in_it_hold() -> None:
    hostile = '"delta":{"content":""}'
    reply = Reply(id=hostile, created=1, model=hostile, fingerprint="f", shows_usage=True)
    for choice in (0, 3, 0):
        for text in ("word", hostile, 'a "quote" \\ \n\x00 \u2028 \U0001f600', ""):
            chunk = json.loads(reply.text_chunk(text, choice).removeprefix(b"data: "))
            assert chunk["choices"] == [
                {"index": choice, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
            ]
            assert (chunk["id"], chunk["model"], chunk["usage"]) == (hostile, hostile, None)
