"""Tool calls are told from text, whole or as they come, and none gets through that can't be made."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.chat import Tool
from hailo_vision.generate.calls import OPEN, Gate, InvalidCall, parse_call, split_text_calls

LOOK = Tool(name="look", description="", parameters={"type": "object"})
ADD = Tool(name="add", description="", parameters={"type": "object"})
TOOLS = (LOOK, ADD)


@pytest.mark.parametrize(
    ("text", "before", "calls"),
    [
        ("Hello.", "Hello.", 0),
        ('<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>', "", 1),
        ('Let me see.\n<tool_call>{"name": "look"}</tool_call>', "Let me see.\n", 1),
        ('<tool_call>{"name": "look"}</tool_call>\n<tool_call>{"name": "add"}</tool_call>', "", 2),
        ('<tool_call>{"name": "look"}', "", 1),
        ('<tool_call>{"name": "look"}</tool_call><tool_response>It is sunny.</tool_response>', "", 1),
        ('{"name": "look", "arguments": {}}', "", 1),
        ('```json\n{"name": "add", "parameters": {}}\n```', "", 1),
        ('{"name": "jump", "arguments": {}}', '{"name": "jump", "arguments": {}}', 0),
        ('{"name": "look"}', '{"name": "look"}', 0),
        ('A call: {"name": "look", "arguments": {}}', 'A call: {"name": "look", "arguments": {}}', 0),
    ],
)
def test_words_and_calls_are_told_apart(text: str, before: str, calls: int) -> None:
    answer = split_text_calls(text, TOOLS)
    assert (answer.text, len(answer.calls)) == (before, calls)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ('{"name": "look", "arguments": {"x": 1}}', {"x": 1}),
        ('{"name": "look", "parameters": {"x": 1}}', {"x": 1}),
        ('{"name": "look", "arguments": "{\\"x\\": 1}"}', {"x": 1}),
        ('{"name": "look"}', {}),
        ('```json\n{"name": "look", "arguments": null}\n```', {}),
    ],
)
def test_a_call_is_read_as_small_models_write_it(call: str, arguments: object) -> None:
    assert parse_call(call, TOOLS, TOOLS) == (LOOK, arguments)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("look", "can't be read"),
        ("[]", "must be a JSON object"),
        ('{"name": "jump"}', "there is no function 'jump', there is look, add"),
        ('{"arguments": {}}', "there is no function 'None'"),
        ('{"name": "look", "arguments": [1]}', "must be a JSON object"),
        ('{"name": "look", "arguments": "x"}', "the arguments can't be read"),
    ],
)
def test_a_call_that_cannot_be_made_says_why(call: str, why: str) -> None:
    with pytest.raises(InvalidCall) as error:
        parse_call(call, TOOLS, TOOLS)
    assert why in str(error.value)


def sent(pieces: list[str], *, is_open: bool = True) -> str:
    gate = Gate(is_open=is_open)
    out = "".join(gate.take(piece) for piece in pieces)
    assert out == gate.sent
    return out


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("Hello.", "Hello."),
        ("1 < 2", "1 < 2"),
        ("Hello <tool", "Hello "),
        ("Hello <tool_bar>", "Hello <tool_bar>"),
        ("Hello <tool_call>{}</tool_call> and more", "Hello "),
        ('{"name": "look"', ""),
        ("```json", ""),
        ("  \n", ""),
        ("\n<tool_call>", ""),
        ("\nA", "\nA"),
    ],
)
def test_words_pass_at_once_and_what_may_become_a_call_does_not(text: str, out: str) -> None:
    assert sent([text]) == sent(list(text)) == out


@given(st.lists(st.sampled_from([OPEN, "<tool", "_call>", "<", "a", "{", " ", "\n", "```"]), max_size=8), st.data())
def test_however_it_is_cut_what_passes_is_the_beginning_of_the_words(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    out = sent(pieces)
    assert split_text_calls(text, TOOLS).text.startswith(out)
    assert OPEN not in out
    assert sent(pieces, is_open=False) == ""


def test_json_in_words_is_no_call_without_its_mark() -> None:
    text = json.dumps({"name": "look", "arguments": {}})
    assert split_text_calls(f"I would say {text}", TOOLS).calls == ()


def test_a_tool_that_the_model_was_not_shown_may_be_called_and_is_not_named() -> None:
    hidden = Tool(name="hidden", description="", parameters={})
    assert parse_call('{"name": "hidden", "arguments": {}}', (*TOOLS, hidden), TOOLS) == (hidden, {})
    with pytest.raises(InvalidCall, match="there is no function 'other'") as caught:
        parse_call('{"name": "other", "arguments": {}}', (*TOOLS, hidden), TOOLS)
    assert "hidden" not in str(caught.value)
