"""What of a request an engine does by its own means, and what is left to the prompt and to validation. Pure."""

import json
from dataclasses import dataclass, replace
from typing import Any

from hailo_vision.chat import Capabilities, ChatRequest, Frame, Generation, JsonFormat, Text, Tool
from hailo_vision.generate.prompting import prompted_again
from hailo_vision.generate.requirements import Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What the engine is asked to do itself. `tools` come back as tool calls; `format` constrains every token.

    `prompted` are the requirements that have to be written into the prompt. An engine that `keeps_calls` gets the
    conversation with its tool calls and their results; any other one gets them as text.
    """

    tools: tuple[Tool, ...] = ()
    format: JsonFormat | None = None
    prompted: Requirements | None = None
    keeps_calls: bool = False


def delegate(requirements: Requirements | None, capabilities: Capabilities) -> Delegation:
    """Choose between the engine and the prompt, here and nowhere else.

    A grammar and tools at once are more than servers can do, so the prompt asks for those.
    """
    if requirements is None:
        return Delegation(keeps_calls=capabilities.tools)
    if requirements.tools and requirements.format is None and capabilities.tools:
        return Delegation(tools=requirements.offered, keeps_calls=True)
    if capabilities.grammar and requirements.must_call and _can_be_nested(requirements.offered):
        return Delegation(format=_call_format(requirements.offered), prompted=requirements)
    if capabilities.grammar and not requirements.tools:
        return Delegation(format=requirements.format, keeps_calls=capabilities.tools)
    return Delegation(prompted=requirements)


def with_delegation(
    generation: Generation, request: ChatRequest, delegation: Delegation, capabilities: Capabilities
) -> Generation:
    """The generation, and what of the request the engine is to do itself."""
    return replace(
        generation,
        format=delegation.format,
        tools=delegation.tools,
        tool_choice=request.tool_choice,
        parallel_tool_calls=request.parallel_tool_calls,
        logprobs=request.logprobs if capabilities.logprobs else None,
        penalties=request.penalties if capabilities.penalties else None,
    )


def with_other_tools(generation: Generation, requirements: Requirements) -> Generation:
    """A generation that has tools, natively or in its prompt, with those of other requirements in their place."""
    if generation.tools:
        return replace(generation, tools=requirements.offered)
    has_grammar = generation.format is not None and requirements.must_call
    return replace(
        generation,
        turns=prompted_again(generation.turns, requirements),
        format=_call_format(requirements.offered) if has_grammar else generation.format,
    )


def is_within(generation: Generation, capabilities: Capabilities) -> bool:
    """Whether an engine with these capabilities can do all that the generation asks of one."""
    parts = (part for turn in generation.turns for part in turn.parts)
    return (
        (generation.format is None or capabilities.grammar)
        and (not generation.tools or capabilities.tools)
        and (generation.logprobs is None or capabilities.logprobs)
        and (generation.penalties is None or capabilities.penalties)
        and (capabilities.tools or all(isinstance(part, Text | Frame) for part in parts))
    )


def _call_format(tools: tuple[Tool, ...]) -> JsonFormat:
    """The JSON Schema of one tool call in the form that `calls` parses, without its marks."""
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
    """A `$ref` counts from the root of its schema, and would lead nowhere inside another one."""
    return not any('"$ref"' in json.dumps(tool.parameters) for tool in tools)
