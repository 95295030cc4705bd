"""What of a request an engine does by its own means, and what is left to be told to it in words. Pure."""

import json
from dataclasses import dataclass, replace
from typing import Any

from hailo_vision.chat import Capabilities, ChatRequest, Frame, Generation, JsonFormat, Text, Tool
from hailo_vision.generate.requirements import Demands


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """`tools` go with the request and come back as calls; `format` binds every token.

    With tools of its own the conversation keeps its calls and results; `told` are the demands that need words.
    """

    tools: tuple[Tool, ...] = ()
    format: JsonFormat | None = None
    told: Demands | None = None
    keeps_calls: bool = False


def chosen(asked: ChatRequest, wanted: Demands | None, can: Capabilities) -> Native:
    """The one place where it is chosen. A grammar and tools at once are more than servers can do: words it is."""
    if wanted is None:
        return Native(keeps_calls=can.tools)
    if wanted.tools and wanted.format is None and can.tools:
        return Native(tools=wanted.tools, keeps_calls=True)
    if can.grammar and wanted.must_call and _can_be_nested(wanted.tools):
        return Native(format=_a_call(wanted.tools), told=wanted)
    if can.grammar and not wanted.tools:
        return Native(format=wanted.format, keeps_calls=can.tools)
    return Native(told=wanted)


def with_means(generation: Generation, asked: ChatRequest, native: Native, can: Capabilities) -> Generation:
    """The generation, and what of the request the engine is to do itself."""
    return replace(
        generation,
        format=native.format,
        tools=native.tools,
        tool_choice=asked.tool_choice,
        parallel_tool_calls=asked.parallel_tool_calls,
        logprobs=asked.logprobs if can.logprobs else None,
        penalties=asked.penalties if can.penalties else None,
    )


def is_within(generation: Generation, can: Capabilities) -> bool:
    """Whether another engine can do what this generation asks of one."""
    return (
        (generation.format is None or can.grammar)
        and (not generation.tools or can.tools)
        and (generation.logprobs is None or can.logprobs)
        and (generation.penalties is None or can.penalties)
        and all(isinstance(part, Text | Frame) or can.tools for turn in generation.turns for part in turn.parts)
    )


def _a_call(tools: tuple[Tool, ...]) -> JsonFormat:
    """One call as `calls` reads it, though without its marks."""
    calls: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": {"name": {"const": tool.name}, "arguments": tool.parameters},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    return JsonFormat(schema=calls[0] if len(calls) == 1 else {"anyOf": calls}, name="call")


def _can_be_nested(tools: tuple[Tool, ...]) -> bool:
    """A reference in a schema counts from its root, and would lead nowhere inside of another one."""
    return not any('"$ref"' in json.dumps(tool.parameters) for tool in tools)
