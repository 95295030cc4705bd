"""The simulator gives JSON and calls where a prompt asks for them, as true of the picture as its words are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.simulator.structured import structured_answer
from hailo_vision.simulator.turns import ContextTurn

WORDS = "The main colours of the image are 78% blue and 10% grey."
TOOLS = """<tools>
{"type":"function","function":{"name":"get_weather","parameters":{"properties":{"city":{"type":"string"}},"type":"object"}}}
{"type":"function","function":{"name":"switchLight","parameters":{"properties":{"on":{"type":"boolean"}},"type":"object"}}}
</tools>"""
SIGNATURES = """<tools>
get_weather(city: string /* as on a map */) // Says what the weather is.
switchLight(on?: boolean)
</tools>"""


def said(system: str, *user: str) -> str | None:
    asked = [ContextTurn(role="user", text=text, pictures=()) for text in user]
    return structured_answer([ContextTurn(role="system", text=system, pictures=()), *asked], WORDS)


def form(schema: object, *user: str) -> str:
    text = said(f"Be kind.\nJSON Schema: {json.dumps(schema)}", *(user or ("Describe it.",)))
    assert text is not None
    return text


def test_without_a_form_in_the_prompt_words_will_do() -> None:
    assert said("Be kind.", "What is the weather?") is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, WORDS),
        ({"type": "string", "maxLength": 8}, "The main"),
        ({"enum": ["red", "blue"]}, "blue"),
        ({"const": 5}, 5),
        ({"type": "integer", "maximum": 50}, 10),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["integer", "null"]}, 78),
        ({"type": "array", "items": {"enum": ["blue"]}, "minItems": 2}, ["blue", "blue"]),
        ({"anyOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"enum": ["grey"]}}}, "grey"),
        ({"type": "object", "properties": {"a": {"const": 1}}, "required": ["a", "b"]}, {"a": 1, "b": WORDS}),
    ],
)
def test_a_value_fits_its_schema_and_says_what_the_words_say(schema: object, value: object) -> None:
    assert json.loads(form(schema)) == value


def test_any_object_has_an_answer_in_it() -> None:
    assert json.loads(said("Answer with one JSON object.", "Describe it.") or "") == {"answer": WORDS}


def test_a_question_can_ask_for_the_mistakes_of_small_models() -> None:
    assert form({"const": 1}, "Describe it in a code fence.") == "```json\n1\n```"
    assert form({"const": 1}, "Describe it, but explain first.").startswith("Let me see")
    wrong = form({"type": "object", "properties": {"a": {"const": 1}}}, "Describe it by mistake.")
    assert json.loads(wrong) == [WORDS]
    corrected = ("Describe it by mistake.", "That does not fit: it is an array.")
    assert json.loads(form({"type": "object", "properties": {"a": {"const": 1}}}, *corrected)) == {"a": 1}


@pytest.mark.parametrize("tools", [TOOLS, SIGNATURES])
@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("What is the weather in Paris?", [("get_weather", {"city": "Paris"})]),
        ("Is there a light?", [("switchLight", {"on": True})]),
        ("Weather in Oslo and light?", [("get_weather", {"city": "Oslo"}), ("switchLight", {"on": True})]),
    ],
)
def test_functions_that_a_question_names_are_called(question: str, calls: list[tuple[str, object]], tools: str) -> None:
    blocks = (said(tools, question) or "").split("<tool_call>")[1:]
    found = [json.loads(block.replace("</tool_call>", "")) for block in blocks]
    assert [(call["name"], call["arguments"]) for call in found] == calls


def test_others_are_not_called_unless_they_must_be() -> None:
    assert said(TOOLS, "Hello!") is None
    assert "get_weather" in (said(f"{TOOLS}\nYou must call one of them.", "Hello!") or "")


def test_what_a_function_gave_back_is_told() -> None:
    assert said(TOOLS, "Weather?", "<tool_response>\nrain\n</tool_response>") == "The answer is rain."


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "properties", "items", "enum", "$ref", "required", "minimum"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_a_schema_that_is_none_confuses_it_and_does_not_end_it(schema: object) -> None:
    said(f"JSON Schema: {json.dumps(schema)}", "Describe it.")
    said(f'<tools>\n{{"function": {{"name": "f", "parameters": {json.dumps(schema)}}}}}\n</tools>', "Call f now.")
