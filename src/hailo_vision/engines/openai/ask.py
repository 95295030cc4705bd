"""A generation becomes the body of a chat completion. Pure."""

import json
from collections.abc import Callable, Iterator
from typing import Any, assert_never

from hailo_vision.chat import Frame, Generation, Role, Sampling, Text, ToolCall, ToolResult, Turn
from hailo_vision.engines.openai.endpoint import Dialect

Body = dict[str, Any]
Show = Callable[[Frame], str]


def body(generation: Generation, model: str, dialect: Dialect, show: Show) -> Body:
    """`show` gives the address under which a server sees a frame."""
    asked: Body = {
        "model": model,
        "messages": [message for turn in generation.turns for message in _messages(turn, show)],
        "max_tokens": generation.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(generation.sampling, dialect),
        **_natively(generation),
    }
    if generation.stop:
        asked["stop"] = list(generation.stop)
    if dialect == "llama":
        asked |= {"timings_per_token": True, "cache_prompt": True}
    return asked


def _messages(turn: Turn[Frame], show: Show) -> Iterator[Body]:
    """A turn is a message, but each result of a tool is one of its own."""
    content: list[Body] = []
    calls: list[Body] = []
    for part in turn.parts:
        match part:
            case Text(text=text):
                content.append({"type": "text", "text": text})
            case Frame():
                content.append({"type": "image_url", "image_url": {"url": show(part)}})
            case ToolCall():
                function = {"name": part.name, "arguments": part.arguments}
                calls.append({"id": part.id, "type": "function", "function": function})
            case ToolResult():
                yield {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
            case _:
                assert_never(part)
    if content or calls or not turn.parts:
        yield _message(turn.role, content, calls)


def _message(role: Role, content: list[Body], calls: list[Body]) -> Body:
    """Words alone go as text: not every template takes a list."""
    words = all(part["type"] == "text" for part in content)
    said: Any = "".join(part["text"] for part in content) if words else content
    if calls:
        return {"role": role, "content": said or None, "tool_calls": calls}
    return {"role": role, "content": said}


def _sampling(sampling: Sampling, dialect: Dialect) -> Body:
    """What the client did not name is left to the server; but our engines are greedy then, llama.cpp would not be."""
    named: dict[str, int | float | None] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "top_k": sampling.top_k,
    }
    if dialect == "llama":
        named["temperature"] = sampling.temperature or 0.0
        named["seed"] = None if sampling.seed is None else sampling.seed % 0xFFFF_FFFF  # the last one is "any"
        named["repeat_penalty"] = sampling.repetition_penalty
    else:
        named["repetition_penalty"] = sampling.repetition_penalty
    return {name: value for name, value in named.items() if value is not None}


def _natively(generation: Generation) -> Body:
    """What the engine was asked to do by its own means."""
    asked: Body = {}
    if generation.format is not None:
        asked["response_format"] = _response_format(generation)
    if generation.tools:
        asked["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in generation.tools
        ]
        asked["tool_choice"] = generation.tool_choice
        asked["parallel_tool_calls"] = generation.parallel_tool_calls
    if (penalties := generation.penalties) is not None:
        asked |= {"frequency_penalty": penalties.frequency, "presence_penalty": penalties.presence}
        if penalties.logit_bias:
            asked["logit_bias"] = {str(token): bias for token, bias in penalties.logit_bias}
    if generation.logprobs is not None:
        asked |= {"logprobs": True, "top_logprobs": max(generation.logprobs, 1)}
    return asked


def _response_format(generation: Generation) -> Body:
    assert generation.format is not None
    if generation.format.schema is None:
        return {"type": "json_object"}
    name = generation.format.name or "answer"
    return {"type": "json_schema", "json_schema": {"name": name, "schema": generation.format.schema, "strict": True}}


def encoded(asked: Body) -> bytes:
    """A lone half of a surrogate pair becomes a question mark: it is no text that a server could read."""
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace")
