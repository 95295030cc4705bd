"""A generation becomes the body of a request for a chat completion. Pure."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, assert_never

from hailo_vision.chat import Frame, Generation, Role, Sampling, Text, ToolCall, ToolResult, Turn
from hailo_vision.engines.openai.endpoint import Dialect
from hailo_vision.special_tokens import SpecialTokens

Body = dict[str, Any]
ImageUrl = Callable[[Frame], str]

_RGB_OF_8_BITS = (8, 2, 0, 0, 0)  # depth, colour type, and the only compression, filter and order that matter here


def request_body(
    generation: Generation, model: str, dialect: Dialect, image_url: ImageUrl, special: SpecialTokens
) -> Body:
    """The body as an object; `image_url` gives the address under which the server sees a frame.

    All text of the client that can reach a prompt is free of special tokens: content, tool results, calls, tools and
    schemas. `stop` is compared with the answer, and `logit_bias` holds numbers.
    """
    body: Body = {
        "model": model,
        "messages": [message for turn in generation.turns for message in _messages(turn, image_url, special)],
        "max_tokens": generation.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(generation.sampling, dialect),
        **special.neutralise_json(_native_features(generation)),
    }
    if generation.stop:
        body["stop"] = list(generation.stop)
    if dialect == "llama":
        body["timings_per_token"] = True
    return body


def _messages(turn: Turn[Frame], image_url: ImageUrl, special: SpecialTokens) -> Iterator[Body]:
    """A turn is one message, but each result of a tool is a message of its own."""
    content: list[Body] = []
    calls: list[Body] = []
    for part in turn.parts:
        match part:
            case Text(text=text) if content and content[-1]["type"] == "text":
                content[-1]["text"] += text  # a template would join them too, `<|im_` and `end|>` to a special token
            case Text(text=text):
                content.append({"type": "text", "text": text})
            case Frame():
                content.append({"type": "image_url", "image_url": {"url": image_url(part)}})
            case ToolCall():
                calls.append(_call(part, special))
            case ToolResult():
                message = {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
                yield special.neutralise_json(message)
            case _:
                assert_never(part)
    if content or calls or not turn.parts:
        yield _message(turn.role, [_neutral(part, special) for part in content], calls)


def _neutral(part: Body, special: SpecialTokens) -> Body:
    return {"type": "text", "text": special.neutralise(part["text"])} if part["type"] == "text" else part


def _call(call: ToolCall, special: SpecialTokens) -> Body:
    function = {"name": special.neutralise(call.name), "arguments": _arguments(call.arguments, special)}
    return {"id": special.neutralise(call.id), "type": "function", "function": function}


def _arguments(arguments: str, special: SpecialTokens) -> str:
    """A template decodes the arguments, so `\\u003c|im_end|>` in their JSON is a special token too.

    Other servers read more as JSON than Python does (a byte order mark, what stands behind a NUL, deeper nesting) and
    keep another one of two fields of one name. They get nothing that could be read otherwise than it was here.
    """
    if not arguments.strip():
        return "{}"  # what some clients write for a function without parameters
    is_plain = special.neutralise(arguments) == arguments

    def once(pairs: list[tuple[str, Any]]) -> Body:
        nonlocal is_plain
        fields = dict(pairs)
        is_plain = is_plain and len(fields) == len(pairs)
        return fields

    def nothing(_: str) -> None:  # NaN and Infinity, which are no JSON
        nonlocal is_plain
        is_plain = False

    try:
        value = json.loads(arguments, parse_constant=nothing, object_pairs_hook=once)
        neutral = special.neutralise_json(value)
    except (ValueError, RecursionError):
        return json.dumps(special.neutralise(arguments), ensure_ascii=False)
    return arguments if is_plain and neutral == value else json.dumps(neutral, ensure_ascii=False)


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
