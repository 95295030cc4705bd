"""Anthropic's `system` and `messages` become turns. Pure.

Messages of one role that follow each other are one turn, as in Anthropic's API. Results of tools stand in turns of the
user, with the pictures that came with them.
"""

import json
from collections.abc import Iterator

from hailo_vision.chat import ImageRef, Role, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.anthropic.blocks import document, image
from hailo_vision.http_api.openai.messages import Part, conversation
from hailo_vision.http_api.web.fields import JsonObject, a_string, an_object, boolean, invalid, unsupported

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_THINKING = ("thinking", "redacted_thinking")
_GAP = Text(text="\n\n")
_ERROR = "Error: "  # how a model reads that a tool has failed


def turns(system: object, messages: object, *, system_prompt: str | None) -> tuple[Turn[ImageRef], ...]:
    """The conversation in order; `system` leads it, and `system_prompt` one that brings no such words."""
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "an array with at least one message", messages)
    lead: list[Part] = []
    for words in _system(system):
        _append(lead, [words])
    said: list[tuple[Role, list[Part]]] = []
    for index, item in enumerate(messages):
        param = f"messages[{index}]"
        role, parts = _message(an_object(item, param), param)
        if role == "system":
            _append(lead, parts)
        elif said and said[-1][0] == role:
            _append(said[-1][1], parts)
        else:
            said.append((role, parts))
    if not said or said[-1][0] == "assistant":
        message = (
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
        raise unsupported("messages", message)
    joined = [Turn(role=role, parts=tuple(parts)) for role, parts in said]
    return conversation(lead, joined, system_prompt=system_prompt)


def _system(value: object) -> Iterator[Text]:
    match value:
        case None:
            return
        case str():
            yield Text(text=value)
        case list():
            for index, item in enumerate(value):
                param = f"system[{index}]"
                block = an_object(item, param)
                if block.get("type") != "text":
                    raise invalid(f"{param}.type", "text", block.get("type"))
                yield Text(text=a_string(block.get("text"), f"{param}.text"))
        case _:
            raise invalid("system", "a string or an array of text blocks", value)


def _append(parts: list[Part], others: list[Part]) -> None:
    """Add the parts of another message: an empty line parts words that would run into each other."""
    if parts and others and isinstance(parts[-1], Text) and isinstance(others[0], Text):
        parts.append(_GAP)
    parts += others


def _message(message: JsonObject, param: str) -> tuple[Role, list[Part]]:
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise invalid(f"{param}.role", f"one of {', '.join(_ROLES)}", name)
    role, place = _ROLES[name], f"{param}.content"
    parts = list(_content(message.get("content"), place))
    if role != "user" and any(isinstance(part, ImageRef | ToolResult) for part in parts):
        raise RequestError(f"{param}: pictures and results of tools belong in messages of the role user.", param=place)
    if role != "assistant" and any(isinstance(part, ToolCall) for part in parts):
        raise RequestError(f"{param}: calls of tools belong in messages of the role assistant.", param=place)
    return role, parts


def _content(value: object, param: str) -> Iterator[Part]:
    match value:
        case str():
            yield Text(text=value)
        case list():
            for index, item in enumerate(value):
                yield from _block(an_object(item, f"{param}[{index}]"), f"{param}[{index}]")
        case _:
            raise invalid(param, "a string or an array of content blocks", value)


def _block(block: JsonObject, param: str) -> Iterator[Part]:
    match block.get("type"):
        case "text":
            yield Text(text=a_string(block.get("text"), f"{param}.text"))
        case "image":
            yield image(block, param)
        case "document":
            yield document(block, param)
        case "tool_use":
            yield _call(block, param)
        case "tool_result":
            yield from _result(block, param)
        case kind if kind in _THINKING:
            return  # another model's, which no other can read
        case str() as kind:
            raise unsupported(f"{param}.type", f"{param}: blocks of the type {kind[:64]!r} are not served here.")
        case kind:
            raise invalid(f"{param}.type", "the type of a content block, such as text", kind)


def _call(block: JsonObject, param: str) -> ToolCall:
    arguments = an_object(block.get("input"), f"{param}.input")
    return ToolCall(
        id=a_string(block.get("id"), f"{param}.id"),
        name=a_string(block.get("name"), f"{param}.name"),
        arguments=json.dumps(arguments, ensure_ascii=False),
    )


def _result(block: JsonObject, param: str) -> Iterator[Part]:
    """What a tool gave back; pictures in it follow its words."""
    call_id = a_string(block.get("tool_use_id"), f"{param}.tool_use_id")
    said = block.get("content")
    parts = [] if said is None else list(_content(said, f"{param}.content"))
    if any(isinstance(part, ToolCall | ToolResult) for part in parts):
        raise RequestError(f"{param}: the result of a tool holds text and pictures alone.", param=f"{param}.content")
    text = "".join(part.text for part in parts if isinstance(part, Text))
    has_failed = boolean(block, "is_error", within=f"{param}.")
    yield ToolResult(call_id=call_id, text=f"{_ERROR}{text}" if has_failed else text)
    yield from (part for part in parts if isinstance(part, ImageRef))
