"""A generation becomes the body that a server is sent."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from hailo_vision.chat import Frame, Generation, JsonFormat, Penalties, Sampling, Text, Tool, ToolCall, ToolResult, Turn
from hailo_vision.engines.openai.endpoint import Dialect
from hailo_vision.engines.openai.request import encode, png, request_body

FRAME = Frame(width_px=3, height_px=2, pixels=bytes(range(18)))
QUESTION = Generation(turns=(Turn(role="user", parts=(Text(text="Hi"),)),), sampling=Sampling(), max_tokens=7)


def body(generation: Generation, dialect: Dialect = "openai") -> dict[str, Any]:
    return request_body(generation, "one", dialect, lambda frame: f"{frame.width_px}x{frame.height_px}")


@pytest.mark.parametrize("level", [0, 1, 9])
def test_a_frame_is_the_same_picture_as_png(level: int) -> None:
    picture = Image.open(io.BytesIO(png(FRAME, level=level)))
    picture.load()
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (3, 2))
    assert picture.tobytes() == FRAME.pixels


def test_words_alone_are_text_and_pictures_stand_where_they_stood() -> None:
    assert body(QUESTION)["messages"] == [{"role": "user", "content": "Hi"}]
    turn = Turn(role="user", parts=(Text(text="a"), FRAME, Text(text="b")))
    (message,) = body(replace(QUESTION, turns=(turn,)))["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url", "text"]
    assert message["content"][1] == {"type": "image_url", "image_url": {"url": "3x2"}}


def test_calls_and_results_are_messages_of_their_own() -> None:
    turns: tuple[Turn[Frame], ...] = (
        Turn(role="assistant", parts=(Text(text=""), ToolCall(id="c1", name="look", arguments="{}"))),
        Turn(role="user", parts=(ToolResult(call_id="c1", text="a cat"), Text(text="and?"))),
    )
    assistant, result, user = body(replace(QUESTION, turns=turns))["messages"]
    assert assistant["content"] is None
    assert assistant["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert result == {"role": "tool", "tool_call_id": "c1", "content": "a cat"}
    assert user == {"role": "user", "content": "and?"}


def test_what_nobody_named_is_left_to_a_server_but_llama_is_greedy_as_we_are() -> None:
    assert "temperature" not in body(QUESTION)
    assert body(QUESTION, "llama")["temperature"] == 0.0


def test_a_penalty_has_the_name_that_its_server_knows() -> None:
    wanted = replace(QUESTION, sampling=Sampling(repetition_penalty=1.2, top_k=5, seed=-1))
    assert body(wanted)["repetition_penalty"] == 1.2
    assert body(wanted, "llama")["repeat_penalty"] == 1.2
    assert 0 <= body(wanted, "llama")["seed"] < 0xFFFF_FFFF


def test_what_it_is_to_do_by_its_own_means_is_asked_for() -> None:
    tool = Tool(name="look", description="", parameters={"type": "object"})
    wanted = replace(
        QUESTION,
        format=JsonFormat(schema={"type": "object"}, name="form"),
        tools=(tool,),
        tool_choice="required",
        logprobs=0,
        penalties=Penalties(frequency=1, logit_bias=((5, -100.0),)),
        stop=("x",),
    )
    asked = body(wanted)
    assert asked["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert asked["tools"][0]["function"]["name"] == "look"
    assert asked["tool_choice"] == "required"
    assert (asked["logprobs"], asked["top_logprobs"]) == (True, 1)
    assert (asked["frequency_penalty"], asked["logit_bias"]) == (1, {"5": -100.0})
    assert asked["stop"] == ["x"]


def test_half_a_character_does_not_break_the_body() -> None:
    turn = Turn(role="user", parts=(Text(text="\ud800 and 世"),))
    sent = json.loads(encode(body(replace(QUESTION, turns=(turn,)))))
    assert sent["messages"][0]["content"] == "? and 世"
