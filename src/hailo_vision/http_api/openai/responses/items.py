"""The `input` of a Responses request becomes turns. Pure.

Clients send back all that they were given, so what the model said and the calls it made are one turn again, as are the
results of those calls.
"""

from hailo_vision.chat import ImageRef, Role, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.messages import Part, content, conversation
from hailo_vision.http_api.web.fields import JsonObject, a_string, an_object, invalid, unsupported

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_KINDS = "message, function_call or function_call_output"


def turns(value: object, *, instructions: str | None, system_prompt: str | None) -> tuple[Turn[ImageRef], ...]:
    """The conversation in order; `instructions` lead it, and `system_prompt` one that brings no such words."""
    system: list[Part] = [Text(text=instructions)] if instructions else []
    said: list[tuple[Role, list[Part]]] = []
    for turn in _turns(value):
        if turn.role == "system":
            system.extend([Text(text="\n\n"), *turn.parts] if system else turn.parts)
        elif said and _belongs_to(turn, *said[-1]):
            said[-1][1].extend(turn.parts)
        else:
            said.append((turn.role, list(turn.parts)))
    joined = [Turn(role=role, parts=tuple(parts)) for role, parts in said]
    return conversation(system, joined, system_prompt=system_prompt)


def _turns(value: object) -> list[Turn[ImageRef]]:
    if isinstance(value, str):
        return [Turn(role="user", parts=(Text(text=value),))]
    if not isinstance(value, list) or not value:
        raise invalid("input", "a string or an array with at least one item", value)
    turns = (_turn(an_object(item, f"input[{i}]"), f"input[{i}]") for i, item in enumerate(value))
    return [turn for turn in turns if turn is not None]


def _turn(item: JsonObject, param: str) -> Turn[ImageRef] | None:
    match item.get("type"):
        case None | "message":
            return _message(item, param)
        case "function_call":
            return Turn(role="assistant", parts=(_call(item, param),))
        case "function_call_output":
            return Turn(role="user", parts=_result(item, param))
        case "reasoning":
            return None  # another model's, which no other can read
        case "item_reference":
            raise unsupported(f"{param}.type", "Nothing is stored here, so nothing can be referred to: send the item.")
        case other:
            raise invalid(f"{param}.type", _KINDS, other)


def _message(item: JsonObject, param: str) -> Turn[ImageRef]:
    name = item.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise invalid(f"{param}.role", f"one of {', '.join(_ROLES)}", name)
    role = _ROLES[name]
    parts = _content(item.get("content"), f"{param}.content", may_be_null=role == "assistant")
    if role != "user" and any(isinstance(part, ImageRef) for part in parts):
        raise RequestError(f"{param}: pictures belong in messages of the role user.", param=f"{param}.content")
    return Turn(role=role, parts=parts)


def _content(value: object, param: str, *, may_be_null: bool = False) -> tuple[Part, ...]:
    """A string or parts, of which the ones that name a file that was uploaded elsewhere are refused by that name."""
    if isinstance(value, list):
        for index, part in enumerate(value):
            if isinstance(part, dict) and part.get("file_id") is not None:
                message = "No files are stored here: send the picture itself as image_url."
                raise unsupported(f"{param}[{index}].file_id", message)
    return content(value, param, may_be_null=may_be_null)


def _call(item: JsonObject, param: str) -> ToolCall:
    return ToolCall(
        id=a_string(item.get("call_id"), f"{param}.call_id"),
        name=a_string(item.get("name"), f"{param}.name"),
        arguments=a_string(item.get("arguments"), f"{param}.arguments"),
    )


def _result(item: JsonObject, param: str) -> tuple[Part, ...]:
    """What a tool gave back; pictures in it follow it in the user's turn."""
    call_id = a_string(item.get("call_id"), f"{param}.call_id")
    parts = _content(item.get("output"), f"{param}.output")
    text = "".join(part.text for part in parts if isinstance(part, Text))
    return (ToolResult(call_id=call_id, text=text), *(part for part in parts if isinstance(part, ImageRef)))


def _belongs_to(turn: Turn[ImageRef], role: Role, parts: list[Part]) -> bool:
    """Whether an item is a part of the turn before it, of this role and these parts: what the model said and called at
    once, or the results of that.
    """
    match turn:
        case Turn(role="assistant", parts=(ToolCall(), *_)):
            return role == "assistant"
        case Turn(role="user", parts=(ToolResult(), *_)):
            return bool(parts) and isinstance(parts[0], ToolResult)
    return False
