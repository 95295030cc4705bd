"""The tools of a Responses request, whose functions stand flat in their objects. Pure."""

from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import Tool, ToolChoice
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.tools import check_number, once, tool
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, an_object, invalid, unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The tools that the model may call, and whether it may, may not or must."""

    tools: tuple[Tool, ...]
    choice: ToolChoice


def tools(value: object) -> tuple[Tool, ...]:
    if value is None:
        return ()
    items = a_list(value, "tools")
    check_number(items, "tools")
    places = [f"tools[{index}]" for index in range(len(items))]
    all_tools = tuple(_tool(an_object(item, place), place) for item, place in zip(items, places, strict=True))
    names = [tool.name for tool in all_tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise RequestError(f"Two tools have the name {name[:64]!r}.", param=f"tools[{index}].name")
    return all_tools


def offer(tools: tuple[Tool, ...], choice: Any) -> Offer:
    """What `tool_choice` makes of the tools: a named one is required, and the others are not offered."""
    match choice:
        case None | "auto":
            return Offer(tools=tools, choice="auto")
        case "none":
            return Offer(tools=tools, choice="none")
        case "required":
            return _required(tools)
        case {"type": "function"}:
            return _required((_named(tools, choice, "tool_choice"),))
        case {"type": "allowed_tools"}:
            return _allowed(tools, choice)
    raise invalid("tool_choice", 'none, auto, required or {"type": "function", "name": ...}', choice)


def _tool(item: JsonObject, param: str) -> Tool:
    if item.get("type") != "function":
        message = "This server has no tools of its own: it can offer functions (type: function) alone."
        raise unsupported(f"{param}.type", message)
    return tool(item, param)


def _required(offered: tuple[Tool, ...]) -> Offer:
    if not offered:
        raise RequestError("tool_choice asks for a tool, and there is none.", param="tool_choice")
    return Offer(tools=offered, choice="required")


def _allowed(tools: tuple[Tool, ...], choice: JsonObject) -> Offer:
    mode = choice.get("mode")
    if mode not in ("auto", "required"):
        raise invalid("tool_choice.mode", "auto or required", mode)
    listed = a_list(choice.get("tools"), "tool_choice.tools")
    check_number(listed, "tool_choice.tools")
    params = [f"tool_choice.tools[{index}]" for index in range(len(listed))]
    offered = once(_named(tools, an_object(item, param), param) for item, param in zip(listed, params, strict=True))
    return _required(offered) if mode == "required" else Offer(tools=offered, choice="auto")


def _named(tools: tuple[Tool, ...], choice: JsonObject, param: str) -> Tool:
    name = a_string(choice.get("name"), f"{param}.name")
    for each in tools:
        if each.name == name:
            return each
    raise RequestError(f"tools has no function of the name {name[:64]!r}.", param=f"{param}.name")
