"""OpenAI's `messages` become turns. Pure.

All system and developer messages are merged into one leading system turn: the device takes one on a fresh context
alone. Results of tools and functions arrive as words of the user, as the model has no role for them.
"""

from typing import Any, get_args

from hailo_vision.chat import Detail, Fit, ImageRef, Role, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.fields import JsonObject, a_string, an_object, invalid

# The longest token of the model's vocabulary has 128 characters, so more than this is more than 2,048 tokens.
MAX_TEXT_CHARS = 128 * 2048
MAX_TURNS = 2048  # an empty one has a token or more as well

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
    "function": "user",
}

Part = Text | ToolCall | ToolResult | ImageRef


def turns(value: object, *, system_prompt: str | None) -> tuple[Turn[ImageRef], ...]:
    """The conversation in order, the system turn first; `system_prompt` leads one that brings none of its own."""
    if not isinstance(value, list) or not value:
        raise invalid("messages", "an array with at least one message", value)
    system: list[Part] = []
    said: list[Turn[ImageRef]] = []
    for index, item in enumerate(value):
        turn = _turn(an_object(item, f"messages[{index}]"), f"messages[{index}]")
        if turn.role == "system":
            system.extend([Text(text="\n\n"), *turn.parts] if system else turn.parts)
        else:
            said.append(turn)
    return conversation(system, said, system_prompt=system_prompt)


def conversation(
    system: list[Part], said: list[Turn[ImageRef]], *, system_prompt: str | None
) -> tuple[Turn[ImageRef], ...]:
    """The turns of a request that brings these, whatever its dialect. Raises RequestError for more than can fit."""
    if not system and system_prompt:
        system.append(Text(text=system_prompt))
    lead: list[Turn[ImageRef]] = [Turn(role="system", parts=tuple(system))] if system else []
    _check_length([*lead, *said])
    return (*lead, *said)


def _turn(message: JsonObject, param: str) -> Turn[ImageRef]:
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise invalid(f"{param}.role", f"one of {', '.join(_ROLES)}", name)
    role = _ROLES[name]
    parts = content(message.get("content"), f"{param}.content", may_be_null=role != "system" and name != "user")
    if role != "user" and any(isinstance(part, ImageRef) for part in parts):
        raise RequestError(f"{param}: pictures belong in messages of the role user.", param=f"{param}.content")
    if name in ("tool", "function"):
        source = message.get("tool_call_id") or message.get("name")
        label = f" ({source})" if isinstance(source, str) else ""
        parts = (Text(text=f"Tool result{label}: "), *parts)
    return Turn(role=role, parts=parts)


def content(value: object, param: str, *, may_be_null: bool = False) -> tuple[Part, ...]:
    """What a message says: a string, or a list of parts."""
    match value:
        case str():
            return (Text(text=value),)
        case list():
            return tuple(_part(an_object(item, f"{param}[{i}]"), f"{param}[{i}]") for i, item in enumerate(value))
        case None if may_be_null:
            return ()
    raise invalid(param, "a string or an array of content parts", value)


def _part(part: JsonObject, param: str) -> Part:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return Text(text=a_string(part.get("text"), f"{param}.text"))
        case "refusal":
            return Text(text=a_string(part.get("refusal"), f"{param}.refusal"))
        case "image_url" | "input_image":
            return image(part, f"{param}.image_url")
        case other:
            raise invalid(f"{param}.type", "text or image_url", other)


def image(part: JsonObject, param: str) -> ImageRef:
    """A picture: OpenAI's object with a `url`, or the bare string that other servers' clients send.

    `detail` stands in the object, or beside a bare string as in the Responses API; `fit` is an extension of ours.
    """
    value = part.get("image_url")
    if isinstance(value, str):
        options, url, place, within = part, value, param, param.rpartition(".")[0]
    else:
        options = an_object(value, param)
        url, place, within = a_string(options.get("url"), f"{param}.url"), f"{param}.url", param
    detail: Detail = _word(options, "detail", get_args(Detail), within) or "auto"
    return ImageRef(url=url, param=place, detail=detail, fit=_word(options, "fit", get_args(Fit), within))


def _word(options: JsonObject, name: str, known: tuple[Any, ...], within: str) -> Any:
    """One of the `known` words; None where there is none."""
    value = options.get(name)
    if value is not None and value not in known:
        raise invalid(f"{within}.{name}", f"one of {', '.join(known)}", value)
    return value


def _check_length(conversation: list[Turn[ImageRef]]) -> None:
    length = sum(len(part.text) for turn in conversation for part in turn.parts if isinstance(part, Text))
    if length > MAX_TEXT_CHARS:
        raise _too_long(f"{length} characters")
    if len(conversation) > MAX_TURNS:
        raise _too_long(f"{len(conversation)} messages")


def _too_long(what: str) -> RequestError:
    return RequestError(
        f"The conversation has {what}, more than the model's context can hold in any way. Shorten it.",
        param="messages",
        code="context_length_exceeded",
    )
