"""Calls of tools in what a model says, in the form of its family: JSON between <tool_call> and </tool_call>. Pure."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hailo_vision.chat import Tool, ToolCall
from hailo_vision.generate.documents import NoDocument, document, dumped

OPEN = "<tool_call>"
CLOSE = "</tool_call>"


class BadCall(Exception):
    """A call that can't be made; the message says why, for the model to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The words before the first call, and what stands in each call."""

    words: str
    blocks: tuple[str, ...]


def heard(text: str, tools: Sequence[Tool]) -> Heard:
    """Words and calls, told apart. What follows a call and is none is the model talking to itself, and dropped."""
    words, mark, rest = text.partition(OPEN)
    if mark:
        return Heard(words=words, blocks=tuple(block.partition(CLOSE)[0] for block in rest.split(OPEN)))
    if tools and _is_bare_call(text, tools):
        return Heard(words="", blocks=(text,))
    return Heard(words=text, blocks=())


def made(text: str, calls: Sequence[ToolCall]) -> Heard:
    """Calls that an engine has told apart itself: what stands in them is believed no more than in words."""
    return Heard(words=text, blocks=tuple(json.dumps({"name": one.name, "arguments": one.arguments}) for one in calls))


def read(block: str, tools: Sequence[Tool]) -> tuple[Tool, dict[str, Any]]:
    """Which tool is called, and its arguments, which are an object but not held against its schema. Raises BadCall."""
    try:
        value = document(block)
    except NoDocument as error:
        raise BadCall(f"the call can't be read: {error}") from None
    if not isinstance(value, dict):
        raise BadCall("a call must be a JSON object with name and arguments")
    tool = next((tool for tool in tools if tool.name == value.get("name")), None)
    if tool is None:
        names = ", ".join(tool.name for tool in tools)
        raise BadCall(f"there is no function {str(value.get('name'))[:64]!r}, there is {names}")
    return tool, _arguments(value)


def call(tool: Tool, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall(id=f"call_{uuid.uuid4().hex[:24]}", name=tool.name, arguments=dumped(arguments))


def _arguments(value: dict[str, Any]) -> dict[str, Any]:
    """They may be called parameters, be JSON in a string, or be left out: small models do all of that."""
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, str):
        try:
            arguments = document(arguments)
        except NoDocument as error:
            raise BadCall(f"the arguments can't be read: {error}") from None
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise BadCall("the arguments of a call must be a JSON object")
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
    """Lets words through while they come, but not what may be the beginning of a call."""

    def __init__(self, *, is_open: bool) -> None:
        self.said = ""
        self._is_open = is_open
        self._text = ""

    def take(self, text: str) -> str:
        """More of the text; gives what can be said now."""
        self._text += text
        if not self._is_open:
            return ""
        begin = self._text.lstrip()
        if not begin or begin.startswith(("{", "`")):
            return ""
        safe = self._text[: self._end()]
        if not safe.strip():
            return ""
        new = safe[len(self.said) :]
        self.said = safe
        return new

    def _end(self) -> int:
        """Where a call begins, or could."""
        start = max(0, len(self.said) - len(OPEN))
        found = self._text.find(OPEN, start)
        if found >= 0:
            return found
        tails = (len(self._text) - size for size in range(len(OPEN) - 1, 0, -1))
        return next((tail for tail in tails if tail >= 0 and OPEN.startswith(self._text[tail:])), len(self._text))
