"""How long an answer may be where the client names no length: the same rule in every dialect."""

from collections.abc import Callable
from typing import Any

import pytest

from hailo_vision.chat import ChatRequest
from hailo_vision.config.settings import Generation
from hailo_vision.http_api.ollama import parse as ollama
from hailo_vision.http_api.openai.chat.parse import chat_request
from hailo_vision.http_api.openai.completions.parse import completions
from hailo_vision.http_api.openai.responses.parse import responses
from hailo_vision.serving.served import Target

DEFAULT, LIMIT = 100, 300
TARGET = Target(name="m", engine="hailo", generation=Generation(max_tokens=DEFAULT, max_tokens_limit=LIMIT))

FLAT = {"name": "look", "parameters": {"type": "object"}}
TOOLS = [{"type": "function", "function": FLAT}]
FLAT_TOOLS = [{"type": "function", **FLAT}]
SCHEMA = {"type": "object"}
HI = [{"role": "user", "content": "Hi"}]


def chat(**fields: Any) -> ChatRequest:
    return chat_request({"model": "m", "messages": HI, **fields}, TARGET)


def response(**fields: Any) -> ChatRequest:
    return responses({"model": "m", "input": "Hi", **fields}, TARGET).requests[0]


def completion(**fields: Any) -> ChatRequest:
    return completions({"model": "m", "prompt": "Hi", **fields}, TARGET).requests[0]


def ollama_chat(**fields: Any) -> ChatRequest:
    return ollama.chat({"model": "m", "messages": HI, **fields}, TARGET).requests[0]


def ollama_prompt(**fields: Any) -> ChatRequest:
    return ollama.generate({"model": "m", "prompt": "Hi", **fields}, TARGET).requests[0]


@pytest.mark.parametrize(
    ("ask", "fields", "max_tokens"),
    [
        (chat, {}, DEFAULT),
        (chat, {"tools": TOOLS, "tool_choice": "none"}, DEFAULT),
        (chat, {"response_format": {"type": "text"}}, DEFAULT),
        (response, {}, DEFAULT),
        (response, {"tools": FLAT_TOOLS, "tool_choice": "none"}, DEFAULT),
        (completion, {}, 16),
    ],
)
def test_prose_has_the_operator_s_default(
    ask: Callable[..., ChatRequest], fields: dict[str, Any], max_tokens: int
) -> None:
    assert ask(**fields).max_tokens == max_tokens


@pytest.mark.parametrize(
    ("ask", "fields"),
    [
        (chat, {"response_format": {"type": "json_object"}}),
        (chat, {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}}),
        (chat, {"tools": TOOLS}),
        (chat, {"tools": TOOLS, "tool_choice": "required"}),
        (response, {"text": {"format": {"type": "json_object"}}}),
        (response, {"text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}}}),
        (response, {"tools": FLAT_TOOLS}),
        (ollama_chat, {}),
        (ollama_chat, {"format": "json"}),
        (ollama_chat, {"tools": TOOLS}),
        (ollama_prompt, {}),
        (ollama_prompt, {"format": SCHEMA, "options": {"num_predict": -1}}),
    ],
)
def test_json_tool_calls_and_ollama_s_clients_have_the_limit(
    ask: Callable[..., ChatRequest], fields: dict[str, Any]
) -> None:
    assert ask(**fields).max_tokens == LIMIT


@pytest.mark.parametrize(("asked", "got"), [(7, 7), (9999, LIMIT)])
def test_a_length_that_the_client_names_is_kept_up_to_the_limit(asked: int, got: int) -> None:
    form = {"response_format": {"type": "json_object"}}
    assert chat(max_tokens=asked, **form).max_tokens == got
    assert response(max_output_tokens=asked, text={"format": {"type": "json_object"}}).max_tokens == got
    assert ollama_chat(options={"num_predict": asked}, format="json").max_tokens == got
    assert completion(max_tokens=asked).max_tokens == got
