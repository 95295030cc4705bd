"""Bodies of POST /v1/responses: what they ask, what is refused and by which name, what the response repeats."""

from dataclasses import replace
from typing import Any

import pytest

from hailo_vision.chat import (
    Capabilities,
    ChatRequest,
    ImageRef,
    JsonFormat,
    Penalties,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from hailo_vision.config.settings import Generation
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.responses.parse import responses
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import Target

LIGHT = {"type": "function", "name": "light", "parameters": {"type": "object"}, "strict": True, "description": "On."}
DOOR = {"type": "function", "name": "door"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def parse(defaults: Generation | None = None, **body: Any) -> Parsed[Any]:
    target = Target(name="the-model", engine="hailo", generation=defaults or Generation())
    return responses({"model": "the-model", "input": "Hello", **body}, target)


def asked(**body: Any) -> ChatRequest:
    (request,) = parse(**body).requests
    return request


def turns(*items: Any) -> list[Turn[ImageRef]]:
    return list(asked(input=list(items)).turns)


def user(*parts: Any) -> Turn[ImageRef]:
    return Turn(role="user", parts=parts)


def text(words: str) -> Text:
    return Text(text=words)


# What is asked


def test_a_string_is_what_the_user_says() -> None:
    assert asked().turns == (user(text("Hello")),)


def test_instructions_lead_and_other_words_for_the_system_follow_them() -> None:
    found = asked(
        instructions="Be brief.",
        input=[{"role": "user", "content": "Hi"}, {"type": "message", "role": "developer", "content": "Be kind."}],
    ).turns
    assert found[0] == Turn(role="system", parts=(text("Be brief."), text("\n\n"), text("Be kind.")))
    assert found[1:] == (user(text("Hi")),)


def test_the_operators_system_prompt_leads_what_brings_none() -> None:
    defaults = Generation(system_prompt="You are a camera.")
    assert parse(defaults).requests[0].turns[0].parts == (text("You are a camera."),)
    assert parse(defaults, instructions="Be brief.").requests[0].turns[0].parts == (text("Be brief."),)


def test_parts_keep_their_order() -> None:
    content = [
        {"type": "input_text", "text": "What is"},
        {"type": "input_image", "image_url": "data:,", "detail": "low"},
        {"type": "input_text", "text": "this?"},
    ]
    image = ImageRef(url="data:,", param="input[0].content[1].image_url", detail="low")
    assert turns({"role": "user", "content": content}) == [user(text("What is"), image, text("this?"))]


def test_what_was_answered_before_is_the_assistants_turn() -> None:
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "A cat.", "annotations": [], "logprobs": []}],
    }
    found = turns({"role": "user", "content": "What?"}, {"type": "reasoning", "id": "rs_1", "summary": []}, answer)
    assert found[1] == Turn(role="assistant", parts=(text("A cat."),))


def test_words_and_calls_are_one_turn_and_their_results_are_one() -> None:
    found = turns(
        {"role": "user", "content": "Lights!"},
        {"role": "assistant", "content": "One moment."},
        {"type": "function_call", "call_id": "c1", "name": "light", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "door", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "done"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "open"}, {"type": "input_image", "image_url": "data:,"}],
        },
        {"role": "user", "content": "Thanks"},
    )
    calls = [ToolCall(id="c1", name="light", arguments="{}"), ToolCall(id="c2", name="door", arguments='{"a":1}')]
    assert found[1] == Turn(role="assistant", parts=(text("One moment."), *calls))
    picture = ImageRef(url="data:,", param="input[5].output[1].image_url")
    assert found[2] == user(ToolResult(call_id="c1", text="done"), ToolResult(call_id="c2", text="open"), picture)
    assert found[3] == user(text("Thanks"))


@pytest.mark.parametrize(("asked_for", "given"), [(None, 200), (5, 5), (1, 1), (4096, 512)])
def test_the_answers_length_is_the_clients_within_the_operators_limit(asked_for: int | None, given: int) -> None:
    assert asked(max_output_tokens=asked_for).max_tokens == given


def test_sampling_is_the_clients_and_the_response_repeats_it() -> None:
    found = parse(temperature=0.5, top_p=0.9)
    assert (found.requests[0].sampling.temperature, found.requests[0].sampling.top_p) == (0.5, 0.9)
    assert (found.rest["temperature"], found.rest["top_p"]) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("text_format", "expected"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, JsonFormat(schema=None)),
        (
            {"type": "json_schema", "name": "thing", "schema": SCHEMA, "strict": True},
            JsonFormat(schema=SCHEMA, name="thing"),
        ),
    ],
)
def test_a_form_of_the_answer_stands_flat_in_text(text_format: Any, expected: JsonFormat | None) -> None:
    found = parse(text={"format": text_format, "verbosity": "low"})
    assert found.requests[0].format == expected
    assert found.rest["text"]["format"]["type"] == (text_format or {"type": "text"})["type"]


@pytest.mark.parametrize(
    ("choice", "word", "names"),
    [
        (None, "auto", ["light", "door"]),
        ("none", "none", ["light", "door"]),
        ("required", "required", ["light", "door"]),
        ({"type": "function", "name": "door"}, "required", ["door"]),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "light"}] * 3},
            "auto",
            ["light"],
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "light"}]},
            "required",
            ["light"],
        ),
    ],
)
def test_tools_are_offered_as_the_choice_says(choice: Any, word: str, names: list[str]) -> None:
    found = parse(tools=[LIGHT, DOOR], tool_choice=choice)
    assert found.requests[0].tool_choice == word
    assert [tool.name for tool in found.requests[0].tools] == names
    assert [tool["name"] for tool in found.rest["tools"]] == ["light", "door"]
    assert found.rest["tool_choice"] == (choice or "auto")


def test_a_tools_facts_stand_flat_in_it() -> None:
    light, door = asked(tools=[LIGHT, DOOR]).tools
    assert light == Tool(name="light", description="On.", parameters={"type": "object"}, strict=True)
    assert door == Tool(name="door", description="", parameters={"type": "object", "properties": {}})


@pytest.mark.parametrize(("sent", "expected"), [(None, True), (True, True), (False, False)])
def test_calls_may_come_together_unless_the_client_says_no(sent: bool | None, expected: bool) -> None:
    found = parse(parallel_tool_calls=sent)
    assert found.requests[0].parallel_tool_calls is found.rest["parallel_tool_calls"] is expected


@pytest.mark.parametrize(
    "ignored",
    [
        {"store": True},
        {"store": False},
        {"user": "me"},
        {"include": ["reasoning.encrypted_content"]},
        {"reasoning": {"effort": "low"}},
        {"truncation": "auto"},
        {"prompt_cache_key": 1, "prompt_cache_retention": "24h"},
        {"stream_options": {"include_obfuscation": False}},
        {"max_tool_calls": "many"},
        {"background": False},
        {"previous_response_id": None, "conversation": None, "prompt": None, "instructions": None, "tools": None},
        {"of_tomorrow": [1]},
    ],
)
def test_what_changes_no_answer_is_ignored(ignored: dict[str, Any]) -> None:
    assert parse(**ignored) == parse()


@pytest.mark.parametrize("field", [{"prompt_cache_key": "k"}, {"safety_identifier": "me"}, {"max_tool_calls": 3}])
def test_what_changes_nothing_here_is_repeated_as_the_specification_says(field: dict[str, Any]) -> None:
    assert parse(**field) == replace(parse(), rest={**parse().rest, **field})


def test_what_is_in_force_is_told_where_the_request_names_nothing() -> None:
    """Open Responses has numbers there, not null."""
    rest = parse().rest
    assert (rest["temperature"], rest["top_p"]) == (0.0, 1.0)
    assert (rest["presence_penalty"], rest["frequency_penalty"], rest["top_logprobs"]) == (0.0, 0.0, 0)


def test_a_form_without_description_is_repeated_without_one() -> None:
    form = {"type": "json_schema", "name": "a", "schema": {}}
    assert parse(text={"format": form}).rest["text"]["format"] == {**form, "strict": False}
    described = {**form, "description": "d", "strict": True}
    assert parse(text={"format": described}).rest["text"]["format"] == described


def test_metadata_is_repeated() -> None:
    assert parse(metadata={"a": "b"}).rest["metadata"] == {"a": "b"}


# What is refused

FILE = {"type": "input_image", "file_id": "file-1"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": 3}, "input"),
        ({"input": ["Hello"]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": ["user"], "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "file_search_call"}]}, "input[0].type"),
        ({"input": [{"type": ["message"]}]}, "input[0].type"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type"),
        ({"input": [{"type": "function_call", "name": "a", "arguments": "{}"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call", "call_id": "c", "arguments": "{}"}]}, "input[0].name"),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "a", "arguments": {}}]}, "input[0].arguments"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output"),
        ({"input": [{"role": "user", "content": [FILE]}]}, "input[0].content[0].file_id"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "x"}]}]},
            "input[0].content[0].type",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": 3}]}]},
            "input[0].content[0].image_url",
        ),
        (
            {"input": [{"role": "system", "content": [{"type": "input_image", "image_url": "data:,"}]}]},
            "input[0].content",
        ),
        ({"instructions": 3}, "instructions"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"background": True}, "background"),
        ({"background": "yes"}, "background"),
        ({"store": "yes"}, "store"),
        ({"stream": 1}, "stream"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": True}, "top_p"),
        ({"max_output_tokens": -2}, "max_output_tokens"),
        ({"max_output_tokens": "9"}, "max_output_tokens"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"include": "all"}, "include"),
        ({"text": "json"}, "text"),
        ({"text": {"format": "json"}}, "text.format"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": 3, "schema": {}}}}, "text.format.name"),
        ({"images": ["iVBOR"]}, "images"),
        ({"image": "iVBOR"}, "image"),
        ({"text": {"format": {"type": "json_schema", "name": "a", "schema": []}}}, "text.format.schema"),
        ({"tools": {}}, "tools"),
        ({"tools": [3]}, "tools[0]"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": ""}]}, "tools[0].name"),
        ({"tools": [{**LIGHT, "parameters": 3}]}, "tools[0].parameters"),
        ({"tools": [{**LIGHT, "strict": 3}]}, "tools[0].strict"),
        ({"tools": [LIGHT, LIGHT]}, "tools[1].name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "always"}, "tool_choice"),
        ({"tool_choice": ["auto"]}, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "light"}}, "tool_choice.name"),
        ({"tools": [LIGHT], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"tools": [LIGHT], "tool_choice": {"type": "allowed_tools", "tools": []}}, "tool_choice.mode"),
        ({"tools": [LIGHT], "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": []}}, "tool_choice"),
        (
            {"tools": [LIGHT], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"name": "x"}]}},
            "tool_choice.tools[0].name",
        ),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
        ({"metadata": "a"}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a"),
        ({"metadata": {"a" * 65: "b"}}, "metadata"),
        ({"metadata": {str(n): "b" for n in range(17)}}, "metadata"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse(**body)
    assert refused.value.param == param


def test_the_tier_of_work_that_can_wait_is_said_back() -> None:
    assert parse(service_tier="flex").rest["service_tier"] == "flex"
    assert parse(service_tier="auto").rest["service_tier"] == "default"


def test_log_probabilities_are_asked_of_an_engine_that_gives_them() -> None:
    target = Target(name="the-model", engine="llama", capabilities=Capabilities(logprobs=True, penalties=True))
    body = {"input": "Hello", "include": ["message.output_text.logprobs"], "top_logprobs": 2, "presence_penalty": 0.5}
    (request,) = responses(body, target).requests
    assert request.logprobs == 2
    assert request.penalties == Penalties(presence=0.5)
