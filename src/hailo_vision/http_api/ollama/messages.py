"""Ollama's `messages` become turns. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hailo_vision.chat import ImageRef, Role, Text, ToolCall, ToolResult, Turn
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.messages import Part, content, conversation
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, an_object, invalid, unsupported

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
    """The conversation in order, all that is of the system first, and turns of one role in a row as one."""
    said = [_turn(an_object(item, f"messages[{index}]"), f"messages[{index}]") for index, item in enumerate(messages)]
    return _collated(led(_shown_by_users(said), system_prompt=system_prompt))


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
        raise RequestError(f"{param} has {len(items)} pictures, and at most {MAX_IMAGES} are read.", param=param)
    return [
        ImageRef(url=a_string(item, f"{param}[{index}]"), param=f"{param}[{index}]") for index, item in enumerate(items)
    ]


def _turn(message: JsonObject, param: str) -> Turn[ImageRef]:
    name = message.get("role")
    if not isinstance(name, str) or name not in _ROLES:
        raise invalid(f"{param}.role", f"one of {', '.join(_ROLES)}", name)
    if message.get("image"):
        raise unsupported(f"{param}.image", f"{param}.image is not read: pictures belong in {param}.images.")
    parts = _parts(message, param)
    match name:
        case "tool":
            text = "".join(part.text for part in parts if isinstance(part, Text))
            called = message.get("tool_name")
            result = ToolResult(call_id="" if called is None else a_string(called, f"{param}.tool_name"), text=text)
            parts = (result, *(part for part in parts if isinstance(part, ImageRef)))
        case "assistant":
            parts = (*parts, *_calls(message.get("tool_calls"), f"{param}.tool_calls"))
    return Turn(role=_ROLES[name], parts=parts)


def _shown_by_users(turns: list[Turn[ImageRef]]) -> list[Turn[ImageRef]]:
    """Ollama takes pictures in messages of any role, and models take them in turns of the user alone: others' pictures
    open the user's next turn, or end the last one.
    """
    shown: list[Turn[ImageRef]] = []
    seen: list[ImageRef] = []
    for turn in turns:
        if turn.role == "user":
            parts = (*turn.parts, *seen) if _has_results(turn) else (*seen, *turn.parts)
            shown.append(replace(turn, parts=parts))
            seen = []
        else:
            seen += [part for part in turn.parts if isinstance(part, ImageRef)]
            shown.append(replace(turn, parts=tuple(part for part in turn.parts if not isinstance(part, ImageRef))))
    if not seen:
        return shown
    for index in reversed(range(len(shown))):
        if shown[index].role == "user":
            return [*shown[:index], replace(shown[index], parts=(*shown[index].parts, *seen)), *shown[index + 1 :]]
    return [*shown, Turn(role="user", parts=tuple(seen))]


def _collated(turns: Sequence[Turn[ImageRef]]) -> tuple[Turn[ImageRef], ...]:
    """Turns of one role in a row become one with a blank line between them, as in Ollama's `collate`; results of tools
    stay apart. Templates refuse two turns of the assistant in a row.
    """
    collated: list[tuple[Turn[ImageRef], list[Part]]] = []  # each with its parts so far
    goes_on = False
    for turn in turns:
        has_results = _has_results(turn)
        if goes_on and not has_results and collated[-1][0].role == turn.role:
            parts = collated[-1][1]
            parts += [Text(text="\n\n"), *turn.parts] if parts and turn.parts else turn.parts
        else:
            collated.append((turn, list(turn.parts)))
            goes_on = not has_results
    return tuple(replace(turn, parts=tuple(parts)) for turn, parts in collated)


def _has_results(turn: Turn[ImageRef]) -> bool:
    return any(isinstance(part, ToolResult) for part in turn.parts)


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
