"""A generation becomes the body of a request for a chat completion. Pure."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, assert_never

from hailo_vision.chat import Frame, Generation, Role, Sampling, Text, ToolCall, ToolResult, Turn
from hailo_vision.engines.openai.endpoint import Dialect

Body = dict[str, Any]
ImageUrl = Callable[[Frame], str]

_RGB_OF_8_BITS = (8, 2, 0, 0, 0)  # depth, colour type, and the only compression, filter and order that matter here


def request_body(generation: Generation, model: str, dialect: Dialect, image_url: ImageUrl) -> Body:
    """The body as an object; `image_url` gives the address under which the server sees a frame."""
    body: Body = {
        "model": model,
        "messages": [message for turn in generation.turns for message in _messages(turn, image_url)],
        "max_tokens": generation.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(generation.sampling, dialect),
        **_native_features(generation),
    }
    if generation.stop:
        body["stop"] = list(generation.stop)
    if dialect == "llama":
        body |= {"timings_per_token": True, "cache_prompt": True}
    return body


def _messages(turn: Turn[Frame], image_url: ImageUrl) -> Iterator[Body]:
    """A turn is one message, but each result of a tool is a message of its own."""
    content: list[Body] = []
    calls: list[Body] = []
    for part in turn.parts:
        match part:
            case Text(text=text):
                content.append({"type": "text", "text": text})
            case Frame():
                content.append({"type": "image_url", "image_url": {"url": image_url(part)}})
            case ToolCall():
                function = {"name": part.name, "arguments": part.arguments}
                calls.append({"id": part.id, "type": "function", "function": function})
            case ToolResult():
                yield {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
            case _:
                assert_never(part)
    if content or calls or not turn.parts:
        yield _message(turn.role, content, calls)


def _message(role: Role, parts: list[Body], calls: list[Body]) -> Body:
    """Text alone is sent as a string, as not every chat template takes a list of parts."""
    is_text = all(part["type"] == "text" for part in parts)
    content: Any = "".join(part["text"] for part in parts) if is_text else parts
    if calls:
        return {"role": role, "content": content or None, "tool_calls": calls}
    return {"role": role, "content": content}


def _sampling(sampling: Sampling, dialect: Dialect) -> Body:
    """The client's sampling parameters. Those left out are the server's choice, but llama.cpp is made greedy."""
    parameters: dict[str, int | float | None] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "top_k": sampling.top_k,
    }
    if dialect == "llama":
        parameters["temperature"] = sampling.temperature or 0.0
        parameters["seed"] = None if sampling.seed is None else sampling.seed % 0xFFFF_FFFF  # the last one is "any"
        parameters["repeat_penalty"] = sampling.repetition_penalty
    else:
        parameters["repetition_penalty"] = sampling.repetition_penalty
    return {name: value for name, value in parameters.items() if value is not None}


def _native_features(generation: Generation) -> Body:
    """The fields for grammar, tools, penalties and logprobs, which only an engine with these Capabilities gets."""
    fields: Body = {}
    if generation.format is not None:
        fields["response_format"] = _response_format(generation)
    if generation.tools:
        fields["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in generation.tools
        ]
        fields["tool_choice"] = generation.tool_choice
        fields["parallel_tool_calls"] = generation.parallel_tool_calls
    if (penalties := generation.penalties) is not None:
        fields |= {"frequency_penalty": penalties.frequency, "presence_penalty": penalties.presence}
        if penalties.logit_bias:
            fields["logit_bias"] = {str(token): bias for token, bias in penalties.logit_bias}
    if generation.logprobs is not None:
        fields |= {"logprobs": True, "top_logprobs": max(generation.logprobs, 1)}
    return fields


def _response_format(generation: Generation) -> Body:
    assert generation.format is not None
    if generation.format.schema is None:
        return {"type": "json_object"}
    name = generation.format.name or "answer"
    return {"type": "json_schema", "json_schema": {"name": name, "schema": generation.format.schema, "strict": True}}


def encode(body: Body) -> bytes:
    """The body as JSON. A lone surrogate becomes a question mark, as no server could read it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace")


def data_uri(frame: Frame, *, level: int) -> str:
    """The frame as a PNG in a data URI.

    `level` is zlib's compression level: 0 for a server on this machine, where smaller bytes would only cost time.
    """
    return "data:image/png;base64," + base64.b64encode(png(frame, level=level)).decode()


def png(frame: Frame, *, level: int) -> bytes:
    row_bytes = frame.width_px * 3
    starts = range(0, len(frame.pixels), row_bytes)
    rows = b"".join(b"\0" + frame.pixels[start : start + row_bytes] for start in starts)  # 0: no filter
    header = struct.pack(">II5B", frame.width_px, frame.height_px, *_RGB_OF_8_BITS)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, level)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, data) for name, data in chunks)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
