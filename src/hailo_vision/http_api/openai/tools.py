"""Tools, which of them to call, and the form of an answer become types, or an error that names the field. Pure.

`tool` and `json_format` take the object that holds the facts, wherever a dialect puts it.
"""

import re
from collections.abc import Iterable
from typing import Any

from hailo_vision.chat import JsonFormat, Tool, ToolChoice
from hailo_vision.generate.schemas import check
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, an_object, boolean, invalid, unsupported

MAX_TOOLS = 128
MAX_NAME_CHARS = 64
DEFAULT_NAME = "answer"  # of a form that has none, as in llama.cpp and vLLM

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


def tools(value: object) -> tuple[Tool, ...]:
    """OpenAI's `tools`: functions, each with a name of its own."""
    if value is None:
        return ()
    items = a_list(value, "tools")
    check_number(items, "tools")
    by_name: dict[str, Tool] = {}
    for index, item in enumerate(items):
        place = f"tools[{index}]"
        kind = an_object(item, place).get("type")
        if kind != "function":
            raise unsupported(f"{place}.type", f"{place}.type must be function: no other kind of tool is served here.")
        new = tool(an_object(item.get("function"), f"{place}.function"), f"{place}.function")
        if new.name in by_name:
            raise invalid(f"{place}.function.name", "a name that no other tool has", new.name)
        by_name[new.name] = new
    return tuple(by_name.values())


def check_number(items: list[Any], param: str) -> None:
    """Raise RequestError where a list names more tools than there may be."""
    if len(items) > MAX_TOOLS:
        raise invalid(param, f"at most {MAX_TOOLS} tools", len(items))


def tool(function: JsonObject, param: str) -> Tool:
    """One function: its `name`, `description`, `parameters` and `strict`."""
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid(f"{param}.name", f"1 to {MAX_NAME_CHARS} letters, digits, _ or -", name)
    parameters = function.get("parameters")
    return Tool(
        name=name,
        description=_text(function, "description", param),
        parameters=_NO_PARAMETERS if parameters is None else check(parameters, f"{param}.parameters"),
        strict=boolean(function, "strict", within=f"{param}."),
        param=f"{param}.parameters",
    )


def tool_choice(value: object, offered: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    """How to choose, and among which tools: a named one is the only one, and must be called."""
    match value:
        case None | "auto":
            return "auto", offered
        case "none":
            return "none", offered
        case "required":
            if not offered:
                raise invalid("tool_choice", "auto or none where there are no tools", value)
            return "required", offered
        case {"type": "function", "function": {"name": str(name)}}:
            return "required", (_named(name, offered, "tool_choice.function.name"),)
        case {"type": "allowed_tools", "allowed_tools": {"mode": "auto" | "required" as mode, "tools": list(allowed)}}:
            check_number(allowed, "tool_choice.allowed_tools.tools")
            if among := once(_allowed(item, offered, index) for index, item in enumerate(allowed)):
                return mode, among
    raise invalid("tool_choice", "none, auto, required or a function of tools by its name", value)


def once(tools: Iterable[Tool]) -> tuple[Tool, ...]:
    """Each tool once, however often a list names it: a hundred times a large one would be megabytes of prompt."""
    return tuple({tool.name: tool for tool in tools}.values())


def _allowed(value: object, offered: tuple[Tool, ...], index: int) -> Tool:
    place = f"tool_choice.allowed_tools.tools[{index}]"
    match value:
        case {"type": "function", "function": {"name": str(name)}}:
            return _named(name, offered, f"{place}.function.name")
    raise invalid(place, "a function of tools by its name", value)


def _named(name: str, offered: tuple[Tool, ...], param: str) -> Tool:
    for tool in offered:
        if tool.name == name:
            return tool
    raise invalid(param, "the name of one of the tools", name)


def response_format(value: object) -> JsonFormat | None:
    """OpenAI's `response_format`; None is text."""
    if value is None:
        return None
    form = an_object(value, "response_format")
    match form.get("type"):
        case "text":
            return None
        case "json_object" if form.get("schema") is not None:  # as in llama.cpp and others
            return json_format({"schema": form["schema"]}, "response_format")
        case "json_object":
            return JsonFormat(schema=None)
        case "json_schema":
            place = "response_format.json_schema"
            return json_format(an_object(form.get("json_schema"), place), place)
        case kind:
            raise invalid("response_format.type", "text, json_object or json_schema", kind)


def json_format(facts: JsonObject, param: str) -> JsonFormat:
    """A form with its `name` and `schema`. Without a schema any JSON object fits; `strict` changes nothing here."""
    name = a_string(facts.get("name") or DEFAULT_NAME, f"{param}.name")
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise invalid(f"{param}.name", f"1 to {MAX_NAME_CHARS} characters", name)
    boolean(facts, "strict", within=f"{param}.")
    _text(facts, "description", param)
    schema = facts.get("schema")
    place = f"{param}.schema"
    return JsonFormat(schema=None if schema is None else check(schema, place), name=name, param=place)


def _text(facts: JsonObject, name: str, param: str) -> str:
    value = facts.get(name)
    return "" if value is None else a_string(value, f"{param}.{name}")
