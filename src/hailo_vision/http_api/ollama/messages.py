"""Ollama's `messages` become turns. Pure."""

import json
from collections.abc import Iterator

from hailo_vision.chat import ImageRef, Role, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.messages import Part, content, conversation
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, an_object, invalid

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "user",
}
MAX_IMAGES = 64  # in one message, as a bound of what is read; how many a request may have is a setting
MARK = "[img]"  # where in its text a picture belongs, in Ollama's language


def turns(messages: list[object], *, system_prompt: str | None) -> tuple[Turn[ImageRef], ...]:
    """The conversation in order, all that is of the system first."""
    return led(
        [_turn(an_object(item, f"messages[{index}]"), f"messages[{index}]") for index, item in enumerate(messages)],
        system_prompt=system_prompt,
    )


def led(all_turns: list[Turn[ImageRef]], *, system_prompt: str | None) -> tuple[Turn[ImageRef], ...]:
    """The same turns with one of the system's in front, as the device takes one on a fresh context alone."""
    lead: list[Part] = []
    for turn in all_turns:
        if turn.role == "system":
            lead.extend([Text(text="\n\n"), *turn.parts] if lead else turn.parts)
    return conversation(lead, [turn for turn in all_turns if turn.role != "system"], system_prompt=system_prompt)


def system(text: str) -> list[Turn[ImageRef]]:
    """A turn of the system's with these words, if there are any."""
    return [Turn(role="system", parts=(Text(text=text),))] if text else []


def shown(text: str, pictures: list[ImageRef]) -> tuple[Text | ImageRef, ...]:
    """A text and its pictures: the first ones stand where `[img]` does, those that are left lead."""
    before, *others = text.split(MARK, len(pictures))
    marked, rest = pictures[: len(others)], pictures[len(others) :]
    parts: list[Text | ImageRef] = [*rest, Text(text=before)]
    for picture, following in zip(marked, others, strict=True):
        parts += [picture, Text(text=following)]
    return tuple(part for part in parts if isinstance(part, ImageRef) or part.text)


def pictures(value: object, param: str) -> list[ImageRef]:
    """`images`: base64, as files of any format that is read here."""
    items = [] if value is None else a_list(value, param)
    if len(items) > MAX_IMAGES:
        raise invalid(param, f"at most {MAX_IMAGES} pictures", items)
    return [
        ImageRef(url=a_string(item, f"{param}[{index}]"), param=f"{param}[{index}]") for index, item in enumerate(items)
    ]


def _turn(message: JsonObject, param: str) -> Turn[ImageRef]:
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise invalid(f"{param}.role", f"one of {', '.join(_ROLES)}", name)
    parts = _parts(message, param)
    if _ROLES[name] != "user" and any(isinstance(part, ImageRef) for part in parts):
        raise RequestError(f"{param}: pictures belong in messages of the role user.", param=f"{param}.images")
    match name:
        case "tool":
            text = "".join(part.text for part in parts if isinstance(part, Text))
            called = message.get("tool_name")
            result = ToolResult(call_id="" if called is None else a_string(called, f"{param}.tool_name"), text=text)
            parts = (result, *(part for part in parts if isinstance(part, ImageRef)))
        case "assistant":
            parts = (*parts, *_calls(message.get("tool_calls"), f"{param}.tool_calls"))
    return Turn(role=_ROLES[name], parts=parts)


def _parts(message: JsonObject, param: str) -> tuple[Part, ...]:
    """Ollama has a text and pictures beside it; OpenAI's list of parts is taken too."""
    said, seen = message.get("content"), pictures(message.get("images"), f"{param}.images")
    if isinstance(said, str):
        return shown(said, seen)
    return (*seen, *content(said, f"{param}.content", may_be_null=True))


def _calls(value: object, param: str) -> Iterator[ToolCall]:
    for index, item in enumerate([] if value is None else a_list(value, param)):
        place = f"{param}[{index}].function"
        function = an_object(an_object(item, f"{param}[{index}]").get("function"), place)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps({} if arguments is None else an_object(arguments, f"{place}.arguments"))
        yield ToolCall(id="", name=a_string(function.get("name"), f"{place}.name"), arguments=arguments)
