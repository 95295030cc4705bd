"""The body of a request becomes a ChatRequest, or an error that names the field; nothing else can happen."""

import json
import math
import re
from typing import Any

import pytest
from bodies import FULL, anything, spoilt, words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailo_vision.chat import ChatRequest, ImageRef, JsonFormat, Priority, Sampling, Text, Tool, ToolCall, ToolResult
from hailo_vision.config.settings import Generation
from hailo_vision.errors import RequestError
from hailo_vision.generate.schemas import compact
from hailo_vision.http_api.openai.chat.parse import chat_request
from hailo_vision.http_api.openai.sampling import MAX_STOP_CHARS
from hailo_vision.http_api.web.body import json_object
from hailo_vision.http_api.web.http_errors import InvalidJson, UnsupportedField
from hailo_vision.http_api.web.parsed import priority
from hailo_vision.serving.served import Target

searching = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TARGET = Target(name="the-model", engine="hailo", generation=Generation(max_tokens=100, max_tokens_limit=300))

OPTIONAL = [name for name in FULL if name not in ("model", "messages")]


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "the-model", "messages": [{"role": "user", "content": "Hi"}], **fields}


def parsed(**fields: Any) -> ChatRequest:
    return chat_request(body(**fields), TARGET)


def function(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def allowed(*names: Any, mode: str = "auto") -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named(name) for name in names]}}


def at(value: Any, path: str) -> Any:
    """What stands at `messages[2].content[1].image_url.url`."""
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path.replace(".", " ")):
        value = value[name or int(index)]
    return value


def keeps_its_promises(request: ChatRequest, asked: Any) -> None:
    """What the rest of the house takes for granted."""
    roles = [turn.role for turn in request.turns]
    assert roles
    assert set(roles[:1]) <= {"system", "user", "assistant"}
    assert set(roles[1:]) <= {"user", "assistant"}
    for turn in request.turns:
        for part in turn.parts:
            match part:
                case Text(text=text):
                    assert isinstance(text, str)
                case ToolCall() | ToolResult():
                    assert turn.role == ("assistant" if isinstance(part, ToolCall) else "user")
                case ImageRef(url=url, param=param):
                    assert turn.role == "user"
                    assert isinstance(url, str)
                    assert at(asked, param) == url
    assert request.model == "the-model"
    assert type(request.max_tokens) is int
    assert 1 <= request.max_tokens <= TARGET.generation.max_tokens_limit
    assert len(request.stop) <= 4
    assert all(isinstance(text, str) and 1 <= len(text) <= MAX_STOP_CHARS for text in request.stop)
    assert 1 <= request.n <= 4
    assert len({tool.name for tool in request.tools}) == len(request.tools)
    assert request.tools or request.tool_choice != "required"
    assert type(request.parallel_tool_calls) is bool
    for schema in [*(tool.parameters for tool in request.tools), request.format and request.format.schema]:
        assert schema is None or compact(schema)
    assert type(request.stream) is type(request.include_usage) is bool
    has_sane_sampling(request.sampling)


def has_sane_sampling(sampling: Sampling) -> None:
    for value, least, most, kinds in (
        (sampling.temperature, 0, 2, (float,)),
        (sampling.top_p, 0, 1, (float,)),
        (sampling.repetition_penalty, 0.1, 10, (float,)),
        (sampling.top_k, 1, math.inf, (int,)),
        (sampling.seed, -math.inf, math.inf, (int,)),
    ):
        assert value is None or (type(value) in kinds and least <= value <= most)


def outcome(asked: dict[str, Any]) -> ChatRequest | RequestError:
    """Any other exception would be a 500, and fails the test."""
    try:
        return chat_request(asked, TARGET)
    except RequestError as error:
        return error


def taken_or_refused(asked: dict[str, Any]) -> None:
    result = outcome(asked)
    if isinstance(result, ChatRequest):
        keeps_its_promises(result, asked)
    else:
        field = re.split(r"[.\[]", result.param or "")[0]
        assert field in {*asked, "model", "messages"}
        assert str(result).isprintable()


@pytest.mark.slow
@searching
@given(st.dictionaries(words, anything, max_size=4), anything)
def test_any_json_is_a_request_or_refused_by_a_field(fields: dict[str, Any], messages: Any) -> None:
    taken_or_refused({"model": "the-model", "messages": messages, **fields})
    taken_or_refused(fields)


@pytest.mark.slow
@settings(searching, max_examples=500)
@given(st.data())
def test_a_full_request_with_something_wrong_is_a_request_or_refused_by_a_field(data: st.DataObject) -> None:
    asked = spoilt(FULL, data)
    if isinstance(asked, dict):
        taken_or_refused(asked)


@pytest.mark.parametrize("name", [*OPTIONAL, "model", "messages"])
def test_nothing_is_nested_too_deep_to_be_refused_or_ignored(name: str) -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    taken_or_refused(body(**{name: deep}))


@searching
@given(st.binary(max_size=60) | anything.map(json.dumps).map(str.encode))
def test_any_bytes_are_an_object_or_refused(content: bytes) -> None:
    try:
        value = json_object(content)
    except RequestError:
        return
    assert isinstance(value, dict)
    assert value == json.loads(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"model"',
        b"5",
        b'{"temperature": NaN}',
        b'{"temperature": Infinity}',
        b'{"temperature": -Infinity}',
        b'{"temperature": 1e999}',
        b'{"tools": [{"parameters": {"default": -1e999}}]}',
        b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a":' * 201 + b"0" + b"}" * 201,
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"seed": ' + b"9" * 10_000 + b"}",
        b'{"a": "\xff"}',
        b"model=the-model",
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidJson):
        json_object(content)


def test_what_is_nested_200_deep_is_read() -> None:
    content = b'{"a": ' + b"[" * 198 + b"1.5e300, {}" + b"]" * 198 + b"}"
    assert json_object(content) == json.loads(content)


def test_a_full_request_is_taken_field_by_field() -> None:
    request = chat_request(FULL, TARGET)
    keeps_its_promises(request, FULL)
    assert request == ChatRequest(
        model="the-model",
        turns=request.turns,
        sampling=Sampling(temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.1, seed=-9007199254740991),
        max_tokens=60,
        stop=("END", "\n\n"),
        stream=True,
        include_usage=True,
        n=2,
        tools=(
            Tool(
                name="look",
                description="Look again",
                parameters=FULL["tools"][0]["function"]["parameters"],
                strict=True,
            ),
        ),
        tool_choice="required",
        parallel_tool_calls=False,
        format=JsonFormat(schema=FULL["response_format"]["json_schema"]["schema"], name="found"),
    )
    assert priority(FULL) is Priority.BATCH
    assert [turn.role for turn in request.turns] == ["system", "user", "assistant", "user"]
    assert [len(turn.parts) for turn in request.turns] == [3, 3, 1, 1]


@pytest.mark.parametrize("tier", [None, "auto", "default", "priority", 5, ["flex"]])
def test_only_the_flexible_tier_waits_for_everybody_else(tier: object) -> None:
    assert priority(body(service_tier=tier)) is Priority.INTERACTIVE


@pytest.mark.parametrize("name", [*OPTIONAL, "functions", "function_call", "modalities"])
def test_null_is_the_same_as_absent(name: str) -> None:
    assert parsed(**{name: None}) == parsed()


def test_where_the_client_says_nothing_the_operator_has_the_word() -> None:
    defaults = Generation(
        max_tokens=7, temperature=0.3, top_p=0.4, top_k=5, repetition_penalty=1.5, seed=6, system_prompt="Be kind."
    )
    request = chat_request(body(), Target(name="the-model", generation=defaults))
    assert request.max_tokens == 7
    assert request.sampling == Sampling(temperature=0.3, top_p=0.4, top_k=5, repetition_penalty=1.5, seed=6)
    assert request.turns[0].parts == (Text(text="Be kind."),)
    assert (request.stop, request.stream, request.include_usage) == ((), False, False)


def test_where_the_client_says_zero_the_operator_has_no_word() -> None:
    defaults = Generation(temperature=0.3, top_p=0.4, seed=6)
    sampling = chat_request(
        body(temperature=0, top_p=0, seed=0), Target(name="the-model", generation=defaults)
    ).sampling
    assert (sampling.temperature, sampling.top_p, sampling.seed) == (0.0, 0.0, 0)


def test_a_number_is_of_its_kind_however_it_is_written() -> None:
    sampling = parsed(temperature=1, top_p=1, repetition_penalty=1, top_k=5.0, seed=7.0).sampling
    has_sane_sampling(sampling)
    assert sampling == Sampling(temperature=1.0, top_p=1.0, repetition_penalty=1.0, top_k=5, seed=7)


@pytest.mark.parametrize("name", ["the-model", "gpt-4o"])
def test_a_request_for_an_alias_is_for_the_model(name: str) -> None:
    assert parsed(model=name).model == "the-model"


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({}, 100),
        ({"max_tokens": 20}, 20),
        ({"max_completion_tokens": 20}, 20),
        ({"max_tokens": 30, "max_completion_tokens": 20}, 20),
        ({"max_tokens": 20, "max_completion_tokens": 30}, 30),
        ({"max_tokens": 20.0}, 20),
        ({"max_tokens": 4096}, 300),
        ({"max_tokens": -1}, 300),
        ({"max_tokens": 0}, 300),
        ({"max_completion_tokens": -1}, 300),
        ({"max_completion_tokens": 10**30}, 300),
    ],
)
def test_the_length_of_an_answer(fields: dict[str, Any], tokens: int) -> None:
    assert parsed(**fields).max_tokens == tokens


@pytest.mark.parametrize(
    ("stop", "stops"),
    [
        (None, ()),
        ("END", ("END",)),
        ("", ()),
        ([], ()),
        (["", "a", ""], ("a",)),
        (["a", "b", "c", "d"], ("a", "b", "c", "d")),
        ("x" * MAX_STOP_CHARS, ("x" * MAX_STOP_CHARS,)),
    ],
)
def test_stop_is_a_string_or_up_to_four(stop: object, stops: tuple[str, ...]) -> None:
    assert parsed(stop=stop).stop == stops


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 2),
        ("frequency_penalty", -2),
        ("presence_penalty", 2.0),
        ("repetition_penalty", 10),
        ("n", 4.0),
        ("n", 1),
        ("logit_bias", {"50256": 0, "11": 0.0}),
        ("tools", []),
        ("functions", []),
        ("function_call", "auto"),
        ("modalities", ["text"]),
        ("seed", 2**64),
        ("logprobs", False),
        ("top_logprobs", 0),
        ("logit_bias", {}),
        ("response_format", {"type": "text"}),
        ("stream_options", {}),
        ("tool_choice", "auto"),
        ("unheard_of", 1),
    ],
)
def test_what_changes_nothing_here_or_is_in_range_is_taken(name: str, value: object) -> None:
    parsed(**{name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "max_tokens": [-2, 1.5, "20", True, 1e999],
        "max_completion_tokens": [-2, 1.5, "20", False],
        "temperature": [-0.1, 2.1, "1", True, math.nan, math.inf, [], 10**400],
        "top_p": [-0.1, 1.1, "1", False, math.nan],
        "top_k": [0, -1, 1.5, "5", True],
        "repetition_penalty": [0, 0.05, 11, -1, "1", math.nan],
        "frequency_penalty": [-2.1, 2.1, "0", True],
        "presence_penalty": [-2.1, 2.1, "0", True],
        "seed": [1.5, "1", True, math.inf, math.nan],
        "n": [0, -1, 1.5, "1", True],
        "logprobs": [0, 1, "true"],
        "top_logprobs": [-1, "0", False],
        "stop": [5, {}, True, ["a"] * 17],
        "stream": [1, 0, "true", []],
        "tools": [{}, "look", [None] * 129],
        "tool_choice": [5, "any", "required", {}, {"type": "function"}, ["auto"]],
        "parallel_tool_calls": [0, "true"],
        "logit_bias": [5, [], True, {"5": 101}, {"5": True}],
        "stream_options": [True, [], "include_usage"],
        "response_format": ["text", ["text"], 5],
    }.items(),
)
def test_a_field_of_the_wrong_type_or_range_is_refused_by_its_name(name: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(RequestError) as error:
            parsed(**{name: value})
        assert error.value.param == name
        assert not isinstance(error.value, UnsupportedField)
        assert str(error.value).startswith(f"{name} must be ")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stop": ["a", 5]}, "stop[1]"),
        ({"stop": [None]}, "stop[0]"),
        ({"stop": ["x" * (MAX_STOP_CHARS + 1)]}, "stop[0]"),
        ({"response_format": {"type": "poem"}}, "response_format.type"),
        ({"response_format": {}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": 3}}}, "response_format.json_schema.name"),
        ({"response_format": {"type": "json_object", "schema": []}}, "response_format.schema"),
        ({"messages": [{"role": "user", "content": "a", "images": ["iVBOR"]}]}, "messages[0].images"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "data": "iV"}]}]}, "messages[0].content[0]"),
        ({"images": ["iVBOR"]}, "images"),
        ({"image": "iVBOR"}, "image"),
        ({"guided_json": {"type": "object"}}, "guided_json"),
        ({"grammar": "root ::= [0-9]"}, "grammar"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a" * 65}}},
            "response_format.json_schema.name",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": []}}},
            "response_format.json_schema.schema",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": 1}}},
            "response_format.json_schema.strict",
        ),
        ({"tools": [5]}, "tools[0]"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [function("look here")]}, "tools[0].function.name"),
        ({"tools": [function("a"), function("a")]}, "tools[1].function.name"),
        ({"tools": [function("a", parameters={"type": "strng"})]}, "tools[0].function.parameters"),
        ({"tools": [function("a", description=5)]}, "tools[0].function.description"),
        ({"tools": [function("a")], "tool_choice": named("b")}, "tool_choice.function.name"),
        ({"tools": [function("a")], "tool_choice": allowed("b")}, "tool_choice.allowed_tools.tools[0].function.name"),
        ({"tools": [function("a")], "tool_choice": allowed(5)}, "tool_choice.allowed_tools.tools[0]"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
    ],
)
def test_a_wrong_field_inside_another_is_refused_by_its_path(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as error:
        parsed(**fields)
    assert error.value.param == param


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 5),
        ("function_call", {"name": "f"}),
        ("functions", [{"name": "f"}]),
        ("modalities", ["text", "audio"]),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"50256": -100}),
    ],
)
def test_what_the_device_cannot_do_is_refused_and_not_left_out_in_silence(name: str, value: object) -> None:
    with pytest.raises(UnsupportedField) as error:
        parsed(**{name: value})
    assert error.value.param == name


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ("auto", ["a", "b"])),
        ("auto", ("auto", ["a", "b"])),
        ("none", ("none", ["a", "b"])),
        ("required", ("required", ["a", "b"])),
        (named("b"), ("required", ["b"])),
        (allowed("b"), ("auto", ["b"])),
        (allowed("a", mode="required"), ("required", ["a"])),
    ],
)
def test_a_choice_says_how_and_among_which_tools(choice: Any, expected: tuple[str, list[str]]) -> None:
    request = parsed(tools=[function("a"), function("b")], tool_choice=choice)
    assert (request.tool_choice, [tool.name for tool in request.tools]) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, JsonFormat(schema=None)),
        ({"type": "json_object", "schema": {"type": "object"}}, JsonFormat(schema={"type": "object"}, name="answer")),
        ({"type": "json_schema", "json_schema": {}}, JsonFormat(schema=None, name="answer")),
        ({"type": "json_schema", "json_schema": {"schema": {}}}, JsonFormat(schema={}, name="answer")),
        ({"type": "json_schema", "json_schema": {"name": "a"}}, JsonFormat(schema=None, name="a")),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}, JsonFormat(schema={}, name="a")),
    ],
)
def test_the_form_of_an_answer(value: dict[str, Any], expected: JsonFormat | None) -> None:
    assert parsed(response_format=value).format == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "not true."),
        ("warm", "not the string 'warm'."),
        ("", "not an empty string."),
        ([1], "not an array."),
        ({}, "not an object."),
        (3, "not 3."),
        (10**50, "not a number that large."),
        (math.nan, "not a number that is not finite."),
        ("x" * 1000, f"not the string {'x' * 40!r}."),
        ("a\nb\ud800", r"not the string 'a\nb\ud800'."),
    ],
)
def test_an_error_shows_what_was_sent_in_one_short_line(value: object, shown: str) -> None:
    with pytest.raises(RequestError) as error:
        parsed(temperature=value)
    assert str(error.value) == f"temperature must be a number from 0 to 2, {shown}"
