"""The prompt of a model without tools and grammar of its own: tools, calls, results and schemas become text. Pure.

The marks are those of Qwen's family. Qwen2-VL was not trained on them as later models were, so each answer of it is
validated.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from hailo_vision.chat import Frame, ImageRef, JsonFormat, Text, Tool, ToolCall, ToolResult, Turn
from hailo_vision.generate.calls import CLOSE, OPEN
from hailo_vision.generate.requirements import Requirements
from hailo_vision.generate.schemas import compact
from hailo_vision.generate.signatures import signature

# What the model's own template says where there is no system turn; with one of ours it would be lost.
DEFAULT_SYSTEM = "You are a helpful assistant."

_RESULT_OPEN, _RESULT_CLOSE = "<tool_response>", "</tool_response>"


def prompted_turns(turns: Sequence[Turn[ImageRef]], requirements: Requirements | None) -> tuple[Turn[ImageRef], ...]:
    """The conversation with text for all that is neither text nor picture; the system turn states the requirements."""
    rest = _as_text(turns)
    if requirements is None:
        return rest
    lead: tuple[Text | ToolCall | ToolResult | ImageRef, ...] = (Text(text=DEFAULT_SYSTEM),)
    if rest and rest[0].role == "system":
        lead, rest = rest[0].parts, rest[1:]
    return (Turn(role="system", parts=(*lead, _demand(requirements))), *rest)


def prompted_again(turns: Sequence[Turn[Frame]], requirements: Requirements) -> tuple[Turn[Frame], ...]:
    """Turns that have been prompted, with other requirements in the place of theirs."""
    system = turns[0]
    return (replace(system, parts=(*system.parts[:-1], _demand(requirements))), *turns[1:])


def _demand(requirements: Requirements) -> Text:
    return Text(text="\n\n" + _instructions(requirements))


def retry_prompt(requirements: Requirements, problem: str) -> str:
    """What the model is told after an answer that was rejected."""
    if requirements.format is None and not requirements.must_call:
        return f"That call can't be made: {problem}. Call again with that put right, or answer in words."
    if requirements.tools and requirements.must_call:
        return f"That is no valid call: {problem}. {_must_call(requirements.offered)}"
    return f"That does not fit: {problem}. Answer again, with the corrected JSON alone."


def _instructions(requirements: Requirements) -> str:
    lines: list[str] = []
    if requirements.tools:
        lines += [_offer(requirements), "" if requirements.many_calls else "Make one call at most."]
    if requirements.must_call:
        lines.append(_must_call(requirements.offered))
    if requirements.format is not None:
        lines.append(_must_fit(requirements.format, has_tools=bool(requirements.tools)))
    return "\n".join(line for line in lines if line)


def _offer(requirements: Requirements) -> str:
    offered = "\n".join(signature(tool, requirements.detail) for tool in requirements.offered)
    return (
        "# Tools\n\nYou may call functions to help the user. Their signatures are in <tools></tools>; "
        f"what has a ? may be left out:\n<tools>\n{offered}\n</tools>\n"
        "To call one, write a JSON object with its name and its arguments:\n"
        f'{OPEN}\n{{"name": <name>, "arguments": <JSON object>}}\n{CLOSE}'
    )


def _must_call(tools: Sequence[Tool]) -> str:
    names = ", ".join(tool.name for tool in tools)
    return f"You must call {'the function' if len(tools) == 1 else 'one of the functions'} {names}."


def _must_fit(form: JsonFormat, *, has_tools: bool) -> str:
    when = "If you call no function, answer" if has_tools else "Answer"
    alone = "and nothing else: no Markdown, no words around it."
    if form.schema is None:
        return f"{when} with one JSON object, {alone}"
    return f"{when} with JSON that fits this schema, {alone}\nJSON Schema: {compact(form.schema)}"


def _as_text(turns: Sequence[Turn[ImageRef]]) -> tuple[Turn[ImageRef], ...]:
    """Text for calls and results; results that follow each other are one turn, as the model family has it."""
    texts: list[Turn[ImageRef]] = []
    for has_results, group in groupby(turns, _has_results):
        if has_results:
            texts.append(Turn(role="user", parts=tuple(_part_as_text(part) for turn in group for part in turn.parts)))
        else:
            texts += [Turn(role=turn.role, parts=tuple(map(_part_as_text, turn.parts))) for turn in group]
    return tuple(texts)


def _has_results(turn: Turn[ImageRef]) -> bool:
    return any(isinstance(part, ToolResult) for part in turn.parts)


def _part_as_text(part: Text | ToolCall | ToolResult | ImageRef) -> Text | ImageRef:
    match part:
        case ToolCall():
            name = json.dumps(part.name, ensure_ascii=False)
            return Text(text=f'\n{OPEN}\n{{"name": {name}, "arguments": {_as_json(part.arguments)}}}\n{CLOSE}')
        case ToolResult():
            # A result is not ours: it must not be able to end itself and go on in another role.
            text = part.text.replace(_RESULT_CLOSE, "</ tool_response>")
            return Text(text=f"{_RESULT_OPEN}\n{text}\n{_RESULT_CLOSE}\n")
    return part


def _as_json(arguments: str) -> str:
    """Arguments as they came from the client; what is no JSON becomes a string."""
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    except (ValueError, RecursionError):
        return json.dumps(arguments, ensure_ascii=False)
