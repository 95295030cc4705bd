"""The tools of two real applications in words of our own, and the recordings of the applications themselves."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hailo_vision.chat import Tool

HERE = Path(__file__).resolve().parent.parent / "generate"
RECORDINGS = HERE.parent.parent.parent / "shared" / "recordings"

TOOL_SETS: dict[str, list[dict[str, Any]]] = json.loads((HERE / "tool_sets.json").read_text())
COMMANDS: list[dict[str, str]] = json.loads((HERE / "tool_commands.json").read_text())
# Written after the table of topics, which has not been changed for them since.
UNSEEN_COMMANDS: list[dict[str, str]] = json.loads((HERE / "tool_commands_unseen.json").read_text())

has_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings here: ../shared/recordings")

_CUT = re.compile(r"(?s)(.*)\.\.\.\[(\d+)\]")


def tools_of(functions: list[dict[str, Any]]) -> tuple[Tool, ...]:
    """OpenAI's JSON of tools as the daemon has them."""
    return tuple(
        Tool(name=each["name"], description=each.get("description", ""), parameters=each["parameters"])
        for each in (function["function"] for function in functions)
    )


def recorded(name: str, recordings: Path = RECORDINGS) -> dict[str, Any]:
    """The body of a recorded request, with each cut string at its true length again and no picture's bytes."""
    body: dict[str, Any] = json.loads((recordings / f"{name}.json").read_text())["body"]
    for message in body["messages"]:
        message.pop("images", None)
    filled: dict[str, Any] = _filled(body)
    return filled


def _filled(value: Any) -> Any:
    match value:
        case dict():
            return {key: _filled(part) for key, part in value.items()}
        case list():
            return [_filled(part) for part in value]
        case str() if cut := _CUT.fullmatch(value):
            filler = " and so on, word by word, as the original goes on"
            return (cut[1] + filler * (1 + int(cut[2]) // len(filler)))[: int(cut[2])]
    return value
