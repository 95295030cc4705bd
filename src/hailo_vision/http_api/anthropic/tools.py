"""Anthropic's `tools` and `tool_choice` become types, or an error that names the field. Pure."""

import re
from dataclasses import dataclass

from hailo_vision.chat import Tool, ToolChoice
from hailo_vision.generate.schemas import check
from hailo_vision.http_api.openai.tools import check_number
from hailo_vision.http_api.web.fields import JsonObject, a_list, a_string, an_object, boolean, invalid, unsupported

MAX_NAME_CHARS = 128  # as Anthropic has it: the names of MCP servers' tools begin with the server's
_NAME = re.compile(rf"[A-Za-z0-9_.:-]{{1,{MAX_NAME_CHARS}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The tools that the model may call, whether it may, may not or must, and whether several at once."""

    tools: tuple[Tool, ...]
    choice: ToolChoice
    is_parallel: bool


def offer(tools: object, tool_choice: object) -> Offer:
    """What a request offers: a tool that `tool_choice` names is the only one, and must be called."""
    all_tools = _tools(tools)
    choice = {"type": "auto"} if tool_choice is None else an_object(tool_choice, "tool_choice")
    is_parallel = not boolean(choice, "disable_parallel_tool_use", within="tool_choice.")
    match choice.get("type"):
        case "auto":
            return Offer(tools=all_tools, choice="auto", is_parallel=is_parallel)
        case "none":
            return Offer(tools=all_tools, choice="none", is_parallel=is_parallel)
        case "any" if all_tools:
            return Offer(tools=all_tools, choice="required", is_parallel=is_parallel)
        case "any":
            raise invalid("tool_choice.type", "auto or none where there are no tools", "any")
        case "tool":
            name = a_string(choice.get("name"), "tool_choice.name")
            return Offer(tools=(_named(name, all_tools),), choice="required", is_parallel=is_parallel)
        case other:
            raise invalid("tool_choice.type", "auto, any, tool or none", other)


def _tools(value: object) -> tuple[Tool, ...]:
    items = [] if value is None else a_list(value, "tools")
    check_number(items, "tools")
    by_name: dict[str, Tool] = {}
    for index, item in enumerate(items):
        tool = _tool(an_object(item, f"tools[{index}]"), f"tools[{index}]")
        if tool.name in by_name:
            raise invalid(f"tools[{index}].name", "a name that no other tool has", tool.name)
        by_name[tool.name] = tool
    return tuple(by_name.values())


def _tool(item: JsonObject, param: str) -> Tool:
    """A tool of the client's. Those that Anthropic's servers or clients bring with them have a `type` of their own."""
    if item.get("type") not in (None, "custom"):
        message = f"This server has no tools of its own: {param}.type must be custom, with an input_schema."
        raise unsupported(f"{param}.type", message)
    name = item.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid(f"{param}.name", f"1 to {MAX_NAME_CHARS} letters, digits, _ or -", name)
    description = item.get("description")
    return Tool(
        name=name,
        description="" if description is None else a_string(description, f"{param}.description"),
        parameters=check(item.get("input_schema"), f"{param}.input_schema"),
        strict=boolean(item, "strict", within=f"{param}."),
        param=f"{param}.input_schema",
    )


def _named(name: str, tools: tuple[Tool, ...]) -> Tool:
    for tool in tools:
        if tool.name == name:
            return tool
    raise invalid("tool_choice.name", "the name of one of the tools", name)
