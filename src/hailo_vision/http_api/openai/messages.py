"""OpenAI's `messages` become turns. Pure.

All system and developer messages are merged into one leading system turn: the device takes one on a fresh context
alone. Calls of tools stand in the assistant's turns, and their results in turns of the user.
"""

from collections.abc import Iterator
from typing import Any, get_args

from hailo_vision.chat import Detail, Fit, ImageRef, Role, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, an_object, invalid, unsupported

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
    "function": "user",
}

PICTURES_BESIDE = ("images", "image")  # where other dialects have pictures

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
    """The turns of a request that brings these, whatever its dialect."""
    if system_prompt and not any(isinstance(part, Text) and part.text.strip() for part in system):
        system = [Text(text=system_prompt)]
    lead: list[Turn[ImageRef]] = [Turn(role="system", parts=tuple(system))] if system else []
    return (*lead, *said)


def refuse_pictures_beside(body: JsonObject, conversation: str | None) -> None:
    """Raise UnsupportedField for pictures where other dialects have them: without them the model would invent some."""
    for name in PICTURES_BESIDE:
        if body.get(name):
            instead = "send it to POST /v1/chat/completions" if conversation is None else f"put it into {conversation}"
            raise unsupported(name, f"No picture is read in {name}: {instead} as a content part of the type image_url.")


def _turn(message: JsonObject, param: str) -> Turn[ImageRef]:
    if message.get("images"):
        instead = "send each picture in content, as a part of the type image_url"
        raise unsupported(f"{param}.images", f"Pictures are not read in {param}.images: {instead}.")
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise invalid(f"{param}.role", f"one of {', '.join(_ROLES)}", name)
    role = _ROLES[name]
    parts = content(message.get("content"), f"{param}.content", may_be_null=role != "system" and name != "user")
    if role != "user" and any(isinstance(part, ImageRef) for part in parts):
        raise RequestError(f"{param}: pictures belong in messages of the role user.", param=f"{param}.content")
    match name:
        case "tool":
            parts = _result(parts, _word_or_nothing(message, "tool_call_id", param))
        case "function":
            parts = _result(parts, _word_or_nothing(message, "name", param))
        case "assistant":
            parts = (*parts, *_calls(message, param))
    return Turn(role=role, parts=parts)


def _result(parts: tuple[Part, ...], call_id: str) -> tuple[Part, ...]:
    """What a tool gave back; pictures among it follow its words."""
    text = "".join(part.text for part in parts if isinstance(part, Text))
    return (ToolResult(call_id=call_id, text=text), *(part for part in parts if isinstance(part, ImageRef)))


def _calls(message: JsonObject, param: str) -> Iterator[ToolCall]:
    """`tool_calls`, and `function_call` as it was before there were tools."""
    calls = message.get("tool_calls")
    for index, item in enumerate([] if calls is None else a_list(calls, f"{param}.tool_calls")):
        place = f"{param}.tool_calls[{index}]"
        function = an_object(an_object(item, place).get("function"), f"{place}.function")
        yield _call(function, _word_or_nothing(item, "id", place), f"{place}.function")
    if message.get("function_call") is not None:
        place = f"{param}.function_call"
        yield _call(an_object(message["function_call"], place), "", place)


def _call(function: JsonObject, call_id: str, param: str) -> ToolCall:
    arguments = _word_or_nothing(function, "arguments", param)
    return ToolCall(id=call_id, name=a_string(function.get("name"), f"{param}.name"), arguments=arguments or "{}")


def _word_or_nothing(value: JsonObject, name: str, param: str) -> str:
    return "" if value.get(name) is None else a_string(value[name], f"{param}.{name}")


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
        case "image" if part.get("source") is not None or part.get("data") is not None:
            form = '{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,..."}}'
            raise unsupported(param, f"{param} has a picture in another protocol's form. Send it as {form}.")
        case "image" if part.get("image_url") is None:  # the form of Qwen's own tools
            return ImageRef(url=a_string(part.get("image"), f"{param}.image"), param=f"{param}.image")
        case "image_url" | "input_image" | "image":
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
