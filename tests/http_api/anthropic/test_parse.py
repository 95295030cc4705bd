"""The body of a Messages request becomes a ChatRequest, or an error that names the field; nothing else can happen."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from bodies import anything, spoilt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailo_vision.chat import ChatRequest, ImageRef, JsonFormat, Priority, Text, Tool, ToolCall, ToolResult, Turn
from hailo_vision.config.settings import Generation
from hailo_vision.errors import RequestError
from hailo_vision.http_api.anthropic.parse import counted, messages
from hailo_vision.http_api.anthropic.reply import RequestFacts
from hailo_vision.http_api.web.http_errors import UnsupportedField
from hailo_vision.http_api.web.parsed import priority
from hailo_vision.images.source import Inline, Remote, read_source
from hailo_vision.serving.served import Target

DEFAULTS = Generation(max_tokens=100, max_tokens_limit=300, system_prompt="Be kind.")
TARGET = Target(name="the-model", engine="hailo", generation=DEFAULTS)
JPEG = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMC"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"name": "weather", "description": "of a city", "input_schema": SCHEMA}
CACHED = {"cache_control": {"type": "ephemeral"}}
FULL: dict[str, Any] = {
    "model": "the-model",
    "max_tokens": 20,
    "system": [{"type": "text", "text": "Be brief.", **CACHED}, {"type": "text", "text": "Be exact."}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": JPEG}, **CACHED},
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                {
                    "type": "document",
                    "title": "Notes",
                    "source": {"type": "text", "media_type": "text/plain", "data": "It rains."},
                    "citations": {"enabled": False},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                {"type": "text", "text": "I look.", "citations": None},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Köln"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "is_error": False,
                    "content": [
                        {"type": "text", "text": "18 degrees"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": JPEG}},
                    ],
                },
                {"type": "text", "text": "And now?"},
            ],
        },
    ],
    "tools": [{**WEATHER, **CACHED, "type": "custom"}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "stop_sequences": ["END", ""],
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 5,
    "stream": True,
    "metadata": {"user_id": "someone"},
    "service_tier": "auto",
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"effort": "low"},
    "context_management": {"edits": []},
    "mcp_servers": [],
    "a_field_of_next_year": 1,
}
HELLO = [{"role": "user", "content": "Hi"}]


def parsed(**fields: Any) -> ChatRequest:
    (request,) = messages({"model": "the-model", "max_tokens": 20, "messages": HELLO, **fields}, TARGET).requests
    return request


def said(*content: Any, role: str = "user") -> ChatRequest:
    """The request of one message with these blocks, and of an answer to it where that is the assistant's."""
    return parsed(messages=[{"role": role, "content": list(content)}, *(HELLO if role == "assistant" else [])])


def words(turn: Turn[ImageRef]) -> str:
    return "".join(part.text for part in turn.parts if isinstance(part, Text))


def test_all_that_a_request_may_have_is_read() -> None:
    found = messages(FULL, TARGET)
    (request,) = found.requests
    system, asked, answered, back = request.turns
    assert words(system) == "Be brief.\n\nBe exact."
    assert [type(part) for part in asked.parts] == [Text, ImageRef, ImageRef, Text]
    assert words(asked) == "What is this?Notes\nIt rains.\n"
    assert answered.parts == (
        Text(text="I look."),
        ToolCall(id="toolu_1", name="weather", arguments='{"city": "Köln"}'),
    )
    assert back.parts == (
        ToolResult(call_id="toolu_1", text="18 degrees"),
        ImageRef(url=JPEG, param="messages[2].content[0].content[1].source.data"),
        Text(text="And now?"),
    )
    assert request.tools == (
        Tool(name="weather", description="of a city", parameters=SCHEMA, param="tools[0].input_schema"),
    )
    assert (request.tool_choice, request.parallel_tool_calls) == ("auto", False)
    assert (request.max_tokens, request.stop, request.stream) == (20, ("END",), True)
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (0.5, 0.9, 5)
    assert found.rest == RequestFacts(tier="standard", stop_sequences=("END",))


def test_a_count_is_of_the_same_prompt_and_needs_no_length() -> None:
    (request,) = counted({name: value for name, value in FULL.items() if name != "max_tokens"}, TARGET).requests
    (answered,) = messages(FULL, TARGET).requests
    assert (request.turns, request.tools, request.max_tokens) == (answered.turns, answered.tools, 1)


def test_more_than_the_servers_longest_answer_is_cut_to_that() -> None:
    assert parsed(max_tokens=32_000).max_tokens == 300


@pytest.mark.parametrize("system", [None, "", [], [{"type": "text", "text": " "}]])
def test_the_operators_system_prompt_leads_what_brings_none(system: object) -> None:
    assert words(parsed(system=system).turns[0]) == "Be kind."


def test_messages_of_the_system_among_the_others_lead_too() -> None:
    request = parsed(system="A", messages=[*HELLO, {"role": "system", "content": "B"}])
    assert [(turn.role, words(turn)) for turn in request.turns] == [("system", "A\n\nB"), ("user", "Hi")]


def test_messages_of_one_role_that_follow_each_other_are_one_turn() -> None:
    answer = {"role": "assistant", "content": "Yes."}
    request = parsed(messages=[*HELLO, *HELLO, answer, answer, *HELLO])
    turns = [(turn.role, words(turn)) for turn in request.turns[1:]]
    assert turns == [("user", "Hi\n\nHi"), ("assistant", "Yes.\n\nYes."), ("user", "Hi")]


def test_a_tool_that_has_failed_is_told_to_the_model() -> None:
    block = {"type": "tool_result", "tool_use_id": "a", "content": "no such city", "is_error": True}
    assert said(block).turns[-1].parts == (ToolResult(call_id="a", text="Error: no such city"),)


def test_a_tool_may_give_nothing_back() -> None:
    assert said({"type": "tool_result", "tool_use_id": "a"}).turns[-1].parts == (ToolResult(call_id="a", text=""),)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (JPEG, Inline),
        ("SUkqAAgAAAA=", Inline),
        ("http://127.0.0.1/a.jpg", Inline),
        ("/etc/passwd", Inline),
        (f"data:image/jpeg;base64,{JPEG}", Inline),
    ],
)
def test_what_is_said_to_be_base64_is_never_an_address(data: str, kind: type) -> None:
    request = said({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})
    (picture,) = request.turns[-1].parts
    assert isinstance(picture, ImageRef)
    assert isinstance(read_source(picture.url), kind)


def test_an_address_is_one() -> None:
    (picture,) = said({"type": "image", "source": {"type": "url", "url": "https://a.b/c"}}).turns[-1].parts
    assert isinstance(picture, ImageRef)
    assert isinstance(read_source(picture.url), Remote)


@pytest.mark.parametrize(
    ("choice", "how", "tools"),
    [
        (None, "auto", 2),
        ({"type": "auto"}, "auto", 2),
        ({"type": "none"}, "none", 2),
        ({"type": "any"}, "required", 2),
        ({"type": "tool", "name": "light"}, "required", 1),
    ],
)
def test_each_choice_of_tools_has_its_meaning(choice: object, how: str, tools: int) -> None:
    light = {"name": "light", "input_schema": {"type": "object"}}
    request = parsed(tools=[WEATHER, light], tool_choice=choice)
    assert (request.tool_choice, len(request.tools), request.parallel_tool_calls) == (how, tools, True)


@pytest.mark.parametrize(
    ("field", "param"),
    [
        ({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "output_config.format.schema"),
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, "output_format.schema"),
    ],
)
def test_a_form_of_the_answer_is_a_schema(field: dict[str, Any], param: str) -> None:
    assert parsed(**field).format == JsonFormat(schema=SCHEMA, param=param)


@pytest.mark.parametrize("kind", ["enabled", "disabled", "adaptive", "between_tools"])
def test_thinking_is_taken_and_changes_nothing(kind: str) -> None:
    assert parsed(thinking={"type": kind}) == parsed()


def test_work_that_can_wait_is_batch_and_says_so() -> None:
    body = {"model": "m", "max_tokens": 1, "messages": HELLO, "service_tier": "flex"}
    assert priority(body) is Priority.BATCH
    assert messages(body, TARGET).rest.tier == "batch"


TOOL_USE = {"type": "tool_use", "id": "a", "name": "weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "18"}
IMAGE = {"type": "image", "source": {"type": "url", "url": "https://a.b/c"}}


def one(**block: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [block]}]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["a"]}]}, "messages[0].content[0]"),
        (one(type="text"), "messages[0].content[0].text"),
        (one(), "messages[0].content[0].type"),
        (one(type="image"), "messages[0].content[0].source"),
        (one(type="image", source={"type": "gopher"}), "messages[0].content[0].source.type"),
        (one(type="image", source={"type": "base64", "data": 7}), "messages[0].content[0].source.data"),
        (one(**TOOL_USE), "messages[0].content"),
        (one(**{**RESULT, "tool_use_id": None}), "messages[0].content[0].tool_use_id"),
        (one(**{**RESULT, "content": [RESULT]}), "messages[0].content[0].content"),
        ({"messages": [{"role": "assistant", "content": [IMAGE]}, *HELLO]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "content": [RESULT]}, *HELLO]}, "messages[0].content"),
        (
            {"messages": [{"role": "assistant", "content": [{**TOOL_USE, "input": "{}"}]}]},
            "messages[0].content[0].input",
        ),
        ({"system": [{"type": "image"}]}, "system[0].type"),
        ({"system": 7}, "system"),
        ({"tools": [{"name": "a b", "input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "a"}]}, "tools[0].input_schema"),
        ({"tools": [WEATHER, WEATHER]}, "tools[1].name"),
        ({"tools": [WEATHER] * 129}, "tools"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "any"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool", "name": "nose"}, "tools": [WEATHER]}, "tool_choice.name"),
        ({"tool_choice": {"type": "some"}, "tools": [WEATHER]}, "tool_choice.type"),
        ({"stop_sequences": ["a"] * 17}, "stop_sequences"),
        ({"stop_sequences": [7]}, "stop_sequences[0]"),
        ({"temperature": 9}, "temperature"),
        ({"thinking": True}, "thinking"),
        ({"thinking": {}}, "thinking.type"),
        ({"metadata": "me"}, "metadata"),
        ({"metadata": {"user_id": 7}}, "metadata.user_id"),
        ({"output_config": {"format": {"type": "text"}}}, "output_config.format.type"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "nose"}}}},
            "output_config.format.schema",
        ),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as error:
        parsed(**fields)
    assert error.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": [*HELLO, {"role": "assistant", "content": "The answer is ("}]}, "messages"),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages"),
        (one(type="image", source={"type": "file", "file_id": "f"}), "messages[0].content[0].source.type"),
        (one(type="document", source={"type": "base64", "data": "JVBERi0="}), "messages[0].content[0].source.type"),
        (
            one(type="document", source={"type": "text", "data": "a"}, citations={"enabled": True}),
            "messages[0].content[0].citations",
        ),
        (one(type="server_tool_use"), "messages[0].content[0].type"),
        (one(type="container_upload"), "messages[0].content[0].type"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"mcp_servers": [{"type": "url", "url": "https://a.b"}]}, "mcp_servers"),
        ({"container": "c"}, "container"),
    ],
)
def test_what_would_change_the_answer_and_can_not_be_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedField) as error:
        parsed(**fields)
    assert error.value.param == param


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_body_becomes_a_request_or_a_request_error(data: st.DataObject) -> None:
    body = spoilt(copy.deepcopy(FULL), data)
    if not isinstance(body, dict):
        return
    with suppress(RequestError):
        (request,) = messages(body, TARGET).requests
        assert request.turns[-1].role == "user"
        json.dumps([tool.parameters for tool in request.tools])


@settings(max_examples=100, deadline=None)
@given(anything)
def test_any_conversation_is_read_or_refused_by_the_name_of_its_field(value: object) -> None:
    try:
        parsed(messages=value)
        param = "messages"
    except RequestError as error:
        param = error.param or ""
    assert param.startswith("messages")
