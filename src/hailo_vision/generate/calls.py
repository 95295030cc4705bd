"""Tool calls in a model's text, in the form of its family: JSON between <tool_call> and </tool_call>. Pure."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import Tool, ToolCall
from hailo_vision.generate.documents import NoDocument, document, dumped

OPEN = "<tool_call>"
CLOSE = "</tool_call>"


class InvalidCall(Exception):
    """A tool call that can't be made; the message says why, for the model to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitAnswer:
    """The text before the first tool call, and the JSON text of each call, which is not parsed yet."""

    text: str
    calls: tuple[str, ...]


def split_text_calls(text: str, tools: Sequence[Tool]) -> SplitAnswer:
    """Text and tool calls, told apart. What follows a call and is none is the model talking to itself, and dropped."""
    before, mark, rest = text.partition(OPEN)
    if mark:
        return SplitAnswer(text=before, calls=tuple(call.partition(CLOSE)[0] for call in rest.split(OPEN)))
    if tools and _is_bare_call(text, tools):
        return SplitAnswer(text="", calls=(text,))
    return SplitAnswer(text=text, calls=())


def split_engine_calls(text: str, calls: Sequence[ToolCall]) -> SplitAnswer:
    """Tool calls that an engine has told apart itself: their content is trusted no more than that of a text."""
    return SplitAnswer(
        text=text, calls=tuple(json.dumps({"name": call.name, "arguments": call.arguments}) for call in calls)
    )


def parse_call(text: str, tools: Sequence[Tool], offered: Sequence[Tool]) -> tuple[Tool, dict[str, Any]]:
    """The tool of a call, and its arguments: an object that is not validated yet.

    Raises InvalidCall, which names the tools that were `offered` to the model where the call's is none of all `tools`.
    """
    try:
        value = document(text)
    except NoDocument as error:
        raise InvalidCall(f"the call can't be read: {error}") from None
    if not isinstance(value, dict):
        raise InvalidCall("a call must be a JSON object with name and arguments")
    tool = next((tool for tool in tools if tool.name == value.get("name")), None)
    if tool is None:
        names = ", ".join(tool.name for tool in offered)
        raise InvalidCall(f"there is no function {str(value.get('name'))[:64]!r}, there is {names}")
    return tool, _arguments(value)


def new_call(tool: Tool, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall(id=f"call_{uuid.uuid4().hex[:24]}", name=tool.name, arguments=dumped(arguments))


def _arguments(value: dict[str, Any]) -> dict[str, Any]:
    """They may be called parameters, be JSON in a string, or be left out: small models do all of that."""
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, str):
        try:
            arguments = document(arguments)
        except NoDocument as error:
            raise InvalidCall(f"the arguments can't be read: {error}") from None
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise InvalidCall("the arguments of a call must be a JSON object")
    return arguments


def _is_bare_call(text: str, tools: Sequence[Tool]) -> bool:
    """Whether the text is a call without its marks."""
    if not text.lstrip().startswith(("{", "```")):
        return False
    try:
        value = document(text)
    except NoDocument:
        return False
    has_arguments = isinstance(value, dict) and ("arguments" in value or "parameters" in value)
    return has_arguments and any(tool.name == value.get("name") for tool in tools)


class Gate:
    """Lets text through while it comes, but not what may be the beginning of a tool call.

    `sent` is all that was let through.
    """

    def __init__(self, *, is_open: bool) -> None:
        self.sent = ""
        self._is_open = is_open
        self._text = ""

    def take(self, text: str) -> str:
        """Take more of the text, and give what can be sent now."""
        self._text += text
        if not self._is_open:
            return ""
        begin = self._text.lstrip()
        if not begin or begin.startswith(("{", "`")):
            return ""
        safe = self._text[: self._end()]
        if not safe.strip():
            return ""
        new = safe[len(self.sent) :]
        self.sent = safe
        return new

    def _end(self) -> int:
        """Where a call begins, or could."""
        start = max(0, len(self.sent) - len(OPEN))
        mark = self._text.find(OPEN, start)
        if mark >= 0:
            return mark
        tails = (len(self._text) - size for size in range(len(OPEN) - 1, 0, -1))
        return next((tail for tail in tails if tail >= 0 and OPEN.startswith(self._text[tail:])), len(self._text))
