"""What a model without tools and grammar of its own is told: tools, calls, results and forms become words. Pure.

The marks are those of Qwen's family. Qwen2-VL was not trained on them as later models were, so all that it says in
return is checked.
"""

import json
from collections.abc import Sequence
from itertools import groupby

from hailo_vision.chat import ImageRef, JsonFormat, Text, Tool, ToolCall, ToolResult, Turn
from hailo_vision.generate.calls import CLOSE, OPEN
from hailo_vision.generate.requirements import Demands
from hailo_vision.generate.schemas import compact

# What the model's own template says where there is no system turn; with one of ours it would be lost.
DEFAULT_SYSTEM = "You are a helpful assistant."

_RESULT_OPEN, _RESULT_CLOSE = "<tool_response>", "</tool_response>"


def in_words(turns: Sequence[Turn[ImageRef]], wanted: Demands | None) -> tuple[Turn[ImageRef], ...]:
    """The conversation with words for all that is not words or pictures, led by what is demanded."""
    spoken = _results_together(turns)
    if wanted is None:
        return spoken
    lead: tuple[Text | ToolCall | ToolResult | ImageRef, ...] = (Text(text=DEFAULT_SYSTEM),)
    if spoken and spoken[0].role == "system":
        lead, spoken = spoken[0].parts, spoken[1:]
    return (Turn(role="system", parts=(*lead, Text(text="\n\n" + _told(wanted)))), *spoken)


def again(wanted: Demands, problem: str) -> str:
    """What the model is told after an answer that missed."""
    if wanted.format is None and not wanted.must_call:
        return f"That call can't be made: {problem}. Call again with that put right, or answer in words."
    if wanted.tools and wanted.must_call:
        return f"That is no valid call: {problem}. {_must(wanted.tools)}"
    return f"That does not fit: {problem}. Answer again, with the corrected JSON alone."


def _told(wanted: Demands) -> str:
    told: list[str] = []
    if wanted.tools:
        told += [_tools(wanted.tools), "" if wanted.many_calls else "Make one call at most."]
    if wanted.must_call:
        told.append(_must(wanted.tools))
    if wanted.format is not None:
        told.append(_format(wanted.format, has_tools=bool(wanted.tools)))
    return "\n".join(part for part in told if part)


def _tools(tools: Sequence[Tool]) -> str:
    offered = "\n".join(_tool(tool) for tool in tools)
    return (
        f"# Tools\n\nYou may call functions to help the user. They are in <tools></tools>:\n"
        f"<tools>\n{offered}\n</tools>\n"
        f"To call one, write a JSON object with its name and its arguments:\n"
        f'{OPEN}\n{{"name": <name>, "arguments": <JSON object>}}\n{CLOSE}'
    )


def _tool(tool: Tool) -> str:
    name, description = json.dumps(tool.name), json.dumps(tool.description, ensure_ascii=False)
    about = f',"description":{description}' if tool.description else ""
    return f'{{"type":"function","function":{{"name":{name}{about},"parameters":{compact(tool.parameters)}}}}}'


def _must(tools: Sequence[Tool]) -> str:
    names = ", ".join(tool.name for tool in tools)
    return f"You must call {'the function' if len(tools) == 1 else 'one of the functions'} {names}."


def _format(wanted: JsonFormat, *, has_tools: bool) -> str:
    when = "If you call no function, answer" if has_tools else "Answer"
    alone = "and nothing else: no Markdown, no words around it."
    if wanted.schema is None:
        return f"{when} with one JSON object, {alone}"
    return f"{when} with JSON that fits this schema, {alone}\nJSON Schema: {compact(wanted.schema)}"


def _results_together(turns: Sequence[Turn[ImageRef]]) -> tuple[Turn[ImageRef], ...]:
    """Words for calls and results; results that follow each other are one turn, as the model family has it."""
    spoken: list[Turn[ImageRef]] = []
    for has_results, group in groupby(turns, _has_results):
        if has_results:
            spoken.append(Turn(role="user", parts=tuple(_spoken(part) for turn in group for part in turn.parts)))
        else:
            spoken += [Turn(role=turn.role, parts=tuple(map(_spoken, turn.parts))) for turn in group]
    return tuple(spoken)


def _has_results(turn: Turn[ImageRef]) -> bool:
    return any(isinstance(part, ToolResult) for part in turn.parts)


def _spoken(part: Text | ToolCall | ToolResult | ImageRef) -> Text | ImageRef:
    match part:
        case ToolCall():
            name = json.dumps(part.name, ensure_ascii=False)
            return Text(text=f'\n{OPEN}\n{{"name": {name}, "arguments": {_as_json(part.arguments)}}}\n{CLOSE}')
        case ToolResult():
            # A result is not ours: it must not be able to end itself and speak on as somebody else.
            text = part.text.replace(_RESULT_CLOSE, "</ tool_response>")
            return Text(text=f"{_RESULT_OPEN}\n{text}\n{_RESULT_CLOSE}\n")
    return part


def _as_json(arguments: str) -> str:
    """Arguments as they came from the client; what is no JSON becomes a string."""
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    except (ValueError, RecursionError):
        return json.dumps(arguments, ensure_ascii=False)
