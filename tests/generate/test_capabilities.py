"""What an engine is asked to do by its own means, and what is written into the prompt."""

from typing import Any

import pytest

from hailo_vision.chat import Capabilities, ChatRequest, ImageRef, JsonFormat, Sampling, Text, Tool, Turn
from hailo_vision.generate.capabilities import delegate
from hailo_vision.generate.requirements import Requirements, requirements_of

TURN: Turn[ImageRef] = Turn(role="user", parts=(Text(text="Hi"),))
LOOK = Tool(name="look", description="", parameters={"type": "object"})
REFERS = Tool(
    name="refers", description="", parameters={"$defs": {"a": {}}, "properties": {"a": {"$ref": "#/$defs/a"}}}
)
FORM = JsonFormat(schema={"type": "object"})
ALL = Capabilities(grammar=True, tools=True, logprobs=True, penalties=True)
GRAMMAR = Capabilities(grammar=True)


def asking(**fields: Any) -> Requirements | None:
    return requirements_of(ChatRequest(model="one", turns=(TURN,), sampling=Sampling(), max_tokens=9, **fields))


@pytest.mark.parametrize(
    ("requirements", "capabilities", "has_tools", "has_format", "is_prompted"),
    [
        (asking(), ALL, False, False, False),
        (asking(format=FORM), Capabilities(), False, False, True),
        (asking(format=FORM), GRAMMAR, False, True, False),
        (asking(tools=(LOOK,)), Capabilities(), False, False, True),
        (asking(tools=(LOOK,)), GRAMMAR, False, False, True),
        (asking(tools=(LOOK,)), ALL, True, False, False),
        (asking(tools=(LOOK,), tool_choice="required"), GRAMMAR, False, True, True),
        (asking(tools=(REFERS,), tool_choice="required"), GRAMMAR, False, False, True),
        (asking(tools=(LOOK,), format=FORM), ALL, False, False, True),
        (asking(tools=(LOOK,), tool_choice="none"), ALL, False, False, False),
    ],
)
def test_each_requirement_goes_to_the_engine_or_into_the_prompt(
    requirements: Requirements | None, capabilities: Capabilities, has_tools: bool, has_format: bool, is_prompted: bool
) -> None:
    delegation = delegate(requirements, capabilities)
    assert (bool(delegation.tools), delegation.format is not None, delegation.prompted is not None) == (
        has_tools,
        has_format,
        is_prompted,
    )
