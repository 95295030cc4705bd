"""What is asked of an engine by its own means, and what is told to it in words."""

from typing import Any

import pytest

from hailo_vision.chat import Capabilities, ChatRequest, ImageRef, JsonFormat, Sampling, Text, Tool, Turn
from hailo_vision.generate.capabilities import chosen
from hailo_vision.generate.requirements import demands

TURN: Turn[ImageRef] = Turn(role="user", parts=(Text(text="Hi"),))
LOOK = Tool(name="look", description="", parameters={"type": "object"})
REFERS = Tool(
    name="refers", description="", parameters={"$defs": {"a": {}}, "properties": {"a": {"$ref": "#/$defs/a"}}}
)
FORM = JsonFormat(schema={"type": "object"})
ALL = Capabilities(grammar=True, tools=True, logprobs=True, penalties=True)
GRAMMAR = Capabilities(grammar=True)


def asked(**wanted: Any) -> ChatRequest:
    return ChatRequest(model="one", turns=(TURN,), sampling=Sampling(), max_tokens=9, **wanted)


@pytest.mark.parametrize(
    ("request_", "can", "has_tools", "has_format", "is_told"),
    [
        (asked(), ALL, False, False, False),
        (asked(format=FORM), Capabilities(), False, False, True),
        (asked(format=FORM), GRAMMAR, False, True, False),
        (asked(tools=(LOOK,)), Capabilities(), False, False, True),
        (asked(tools=(LOOK,)), GRAMMAR, False, False, True),
        (asked(tools=(LOOK,)), ALL, True, False, False),
        (asked(tools=(LOOK,), tool_choice="required"), GRAMMAR, False, True, True),
        (asked(tools=(REFERS,), tool_choice="required"), GRAMMAR, False, False, True),
        (asked(tools=(LOOK,), format=FORM), ALL, False, False, True),
        (asked(tools=(LOOK,), tool_choice="none"), ALL, False, False, False),
    ],
)
def test_each_demand_goes_the_engines_way_or_in_words(
    request_: ChatRequest, can: Capabilities, has_tools: bool, has_format: bool, is_told: bool
) -> None:
    native = chosen(request_, demands(request_), can)
    assert (bool(native.tools), native.format is not None, native.told is not None) == (has_tools, has_format, is_told)
