"""Tools are made fewer where the context can't hold them all, and never without need."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offered_tools import TOOL_SETS, tools_of

from generate.test_ranking import MODEL
from hailo_vision.chat import ChatRequest, ImageRef, Sampling, Text, ToolCall, Turn
from hailo_vision.generate.requirements import Requirements, requirements_of
from hailo_vision.generate.signatures import Detail
from hailo_vision.generate.token_estimate import estimated_tokens
from hailo_vision.generate.tool_budget import ToolBudget, tool_budget
from hailo_vision.simulator import tokenizer

WEBUI = tools_of(TOOL_SETS["open_webui"])


def budget_for(
    *turns: Turn[ImageRef], context_tokens: int = 2048, is_native: bool = False, **fields: Any
) -> tuple[ToolBudget, Requirements]:
    user: Turn[ImageRef] = Turn(role="user", parts=(Text(text="Find my note about the wifi password"),))
    request = ChatRequest(model="m", turns=(*turns, user), sampling=Sampling(), max_tokens=512, tools=WEBUI, **fields)
    requirements = requirements_of(request)
    assert requirements is not None
    model = replace(MODEL, context_tokens=context_tokens)
    return tool_budget(request, requirements, model, is_native=is_native), requirements


def fitted(*turns: Turn[ImageRef], **fields: Any) -> Requirements:
    budget, requirements = budget_for(*turns, **fields)
    return budget.fitted(requirements)


def names(requirements: Requirements) -> list[str]:
    return [tool.name for tool in requirements.offered]


def test_a_large_context_has_every_tool_with_its_notes() -> None:
    found = fitted(context_tokens=8192)
    assert (found.offered, found.detail) == (WEBUI, Detail.NOTED)
    assert str(found.count) == "28/28"


def test_notes_go_before_any_tool_goes() -> None:
    found = fitted()
    assert (found.offered, found.detail) == (WEBUI, Detail.BRIEF)


def test_the_likeliest_tools_stay_in_the_client_s_order() -> None:
    found = fitted(context_tokens=1024)
    assert "search_notes" in names(found)
    assert 1 < len(found.offered) < 28
    assert names(found) == [tool.name for tool in WEBUI if tool.name in names(found)]
    assert found.tools == WEBUI


def test_a_tool_that_was_called_before_is_always_shown() -> None:
    called: Turn[ImageRef] = Turn(role="assistant", parts=(ToolCall(id="a", name="create_skill", arguments="{}"),))
    for context_tokens in (256, 1024):
        shown = names(fitted(called, context_tokens=context_tokens))
        assert {"create_skill", "search_notes"} <= set(shown)


def test_the_likeliest_tool_is_shown_even_where_it_does_not_fit() -> None:
    found = fitted(context_tokens=100)
    assert names(found) == ["search_notes"]


def test_no_tool_is_left_out_where_another_engine_has_more_room() -> None:
    budget, requirements = budget_for(context_tokens=512)
    assert budget.fitted(requirements, keeps_all=True).offered == WEBUI


def test_an_engine_with_tools_gets_fewer_schemas() -> None:
    found = fitted(is_native=True)
    assert 1 < len(found.offered) < 28
    assert fitted(is_native=True, context_tokens=8192).offered == WEBUI


def test_after_a_refusal_with_a_count_the_estimate_is_put_right() -> None:
    budget, requirements = budget_for(context_tokens=1024)
    first = budget.fitted(requirements)
    second = budget.refitted(first, 1300)
    assert second is not None
    assert 1 <= len(second.offered) < len(first.offered)


def test_after_a_refusal_without_a_count_there_are_fewer_tools_too() -> None:
    budget, requirements = budget_for(context_tokens=1024)
    first = budget.fitted(requirements)
    second = budget.refitted(first, None)
    assert second is not None
    assert len(second.offered) < len(first.offered)


def test_where_one_tool_is_left_nothing_can_be_made_fewer() -> None:
    budget, requirements = budget_for(context_tokens=100)
    assert budget.refitted(budget.fitted(requirements), 2000) is None


@pytest.mark.parametrize(
    "text",
    [
        "Is the light in the hall on? If it is, turn it off and tell me what else is running.",
        "Bitte schalte das Licht im Wohnzimmer aus und stelle die Heizung auf einundzwanzig Grad.",
        '{"name": "HassTurnOn", "arguments": {"area": "Kitchen", "domain": ["light"]}}',
        "search_chats(query: string, count?: integer, start_timestamp?: integer) // Searches former chats.",
    ],
)
def test_an_estimate_is_near_the_simulator_s_count(text: str) -> None:
    assert 0.8 <= estimated_tokens(text) / len(tokenizer.encode(text)) <= 1.6


@given(st.text())
def test_any_text_has_an_estimate(text: str) -> None:
    assert estimated_tokens(text) >= (1 if text.strip() else 0)


def test_a_long_text_is_estimated_by_its_beginning() -> None:
    words = "word " * 5000
    assert estimated_tokens(words * 10) == pytest.approx(10 * estimated_tokens(words), rel=0.01)
