"""OpenAI's messages become turns: every form that clients send, and an error that names the place for the rest."""

from typing import Any

import pytest

from hailo_vision.chat import ImageRef, Text, ToolCall, ToolResult
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.messages import turns

DATA = "data:image/png;base64,AAAA"


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def system(content: Any) -> dict[str, Any]:
    return {"role": "system", "content": content}


def parsed(*messages: Any, system_prompt: str | None = None) -> list[tuple[str, list[str]]]:
    """Turns in short: the role, then texts as they are and pictures in angle brackets."""
    return [
        (turn.role, [f"<{part.url}>" if isinstance(part, ImageRef) else part.text for part in turn.parts])
        for turn in turns(list(messages), system_prompt=system_prompt)
    ]


def refused(*messages: Any) -> RequestError:
    with pytest.raises(RequestError) as error:
        turns(list(messages), system_prompt=None)
    return error.value


def test_a_string_is_one_text() -> None:
    assert parsed(user("Hi")) == [("user", ["Hi"])]


def test_parts_keep_their_order() -> None:
    picture = {"type": "image_url", "image_url": {"url": DATA, "detail": "low"}}
    content = [{"type": "text", "text": "a"}, picture, {"type": "text", "text": "b"}]
    assert parsed(user(content)) == [("user", ["a", f"<{DATA}>", "b"])]


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "image_url", "image_url": {"url": DATA}}, "messages[1].content[0].image_url.url"),
        ({"type": "image_url", "image_url": DATA}, "messages[1].content[0].image_url"),
        ({"type": "input_image", "image_url": DATA}, "messages[1].content[0].image_url"),
    ],
)
def test_a_picture_knows_where_in_the_request_it_stood(part: dict[str, Any], param: str) -> None:
    assert turns([user("Hi"), user([part])], system_prompt=None)[1].parts == (ImageRef(url=DATA, param=param),)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": "a"},
        {"type": "input_text", "text": "a"},
        {"type": "output_text", "text": "a"},
        {"type": "refusal", "refusal": "a"},
    ],
)
def test_texts_of_all_kinds_are_texts(part: dict[str, Any]) -> None:
    assert parsed({"role": "assistant", "content": [part]}) == [("assistant", ["a"])]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_role_is_kept(role: str) -> None:
    assert parsed({"role": role, "content": "a"}) == [(role, ["a"])]


def test_several_turns_of_one_role_stay_several() -> None:
    assert parsed(user("a"), user("b")) == [("user", ["a"]), ("user", ["b"])]


def test_system_and_developer_messages_are_one_turn_in_front() -> None:
    developer = {"role": "developer", "content": [{"type": "text", "text": "two"}]}
    assert parsed(user("a"), system("one"), user("b"), developer) == [
        ("system", ["one", "\n\n", "two"]),
        ("user", ["a"]),
        ("user", ["b"]),
    ]


def test_the_operators_system_prompt_leads_a_conversation_that_has_none() -> None:
    assert parsed(user("a"), system_prompt="Be kind.") == [("system", ["Be kind."]), ("user", ["a"])]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_clients_system_prompt_takes_the_place_of_the_operators(role: str) -> None:
    message = {"role": role, "content": "Be brief."}
    assert parsed(message, user("a"), system_prompt="Be kind.")[0] == ("system", ["Be brief."])


@pytest.mark.parametrize("system_prompt", [None, ""])
def test_without_any_system_prompt_there_is_no_system_turn(system_prompt: str | None) -> None:
    assert parsed(user("a"), system_prompt=system_prompt) == [("user", ["a"])]


@pytest.mark.parametrize("blank", ["", "  ", []])
def test_a_system_message_without_words_does_not_put_the_operators_aside(blank: object) -> None:
    assert parsed(system(blank), user("a"), system_prompt="Be kind.")[0] == ("system", ["Be kind."])


@pytest.mark.parametrize(
    ("message", "result"),
    [
        ({"role": "tool", "tool_call_id": "call_1", "content": "42"}, ToolResult(call_id="call_1", text="42")),
        ({"role": "function", "name": "add", "content": "42"}, ToolResult(call_id="add", text="42")),
        ({"role": "tool", "content": None}, ToolResult(call_id="", text="")),
        (
            {
                "role": "tool",
                "tool_call_id": "c",
                "content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}],
            },
            ToolResult(call_id="c", text="42"),
        ),
    ],
)
def test_the_result_of_a_tool_stands_in_a_turn_of_the_user(message: dict[str, Any], result: ToolResult) -> None:
    (turn,) = turns([message], system_prompt=None)
    assert (turn.role, turn.parts) == ("user", (result,))


def test_a_tool_can_answer_with_a_picture() -> None:
    part = {"type": "image_url", "image_url": {"url": DATA}}
    (turn,) = turns([{"role": "tool", "tool_call_id": "c", "content": [part]}], system_prompt=None)
    assert turn.parts == (
        ToolResult(call_id="c", text=""),
        ImageRef(url=DATA, param="messages[0].content[0].image_url.url"),
    )


def test_an_assistant_says_words_and_calls_tools() -> None:
    message = {
        "role": "assistant",
        "content": "Let me see.",
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": None}},
        ],
        "function_call": {"name": "h", "arguments": ""},
    }
    (turn,) = turns([message], system_prompt=None)
    assert turn.role == "assistant"
    assert turn.parts == (
        Text(text="Let me see."),
        ToolCall(id="a", name="f", arguments='{"x": 1}'),
        ToolCall(id="b", name="g", arguments="{}"),
        ToolCall(id="", name="h", arguments="{}"),
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tool_calls": "f"}, ".tool_calls"),
        ({"tool_calls": ["f"]}, ".tool_calls[0]"),
        ({"tool_calls": [{"id": "a"}]}, ".tool_calls[0].function"),
        ({"tool_calls": [{"function": {}}]}, ".tool_calls[0].function.name"),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {}}}]}, ".tool_calls[0].function.arguments"),
        ({"tool_calls": [{"id": 5, "function": {"name": "f"}}]}, ".tool_calls[0].id"),
        ({"function_call": {"name": None}}, ".function_call.name"),
    ],
)
def test_a_call_that_is_none_is_refused_by_the_path_of_what_is_wrong(fields: dict[str, Any], path: str) -> None:
    assert refused(user("fine"), {"role": "assistant", "content": None, **fields}).param == f"messages[1]{path}"


@pytest.mark.parametrize("part", [{"type": "image", "image": DATA}, {"type": "image", "image_url": DATA}])
def test_a_picture_by_its_other_names_is_a_picture(part: dict[str, Any]) -> None:
    (image,) = turns([user([part])], system_prompt=None)[0].parts
    assert isinstance(image, ImageRef)
    assert image.url == DATA


@pytest.mark.parametrize("value", [None, [], {}, "Hi", 5])
def test_a_request_without_messages_is_refused(value: object) -> None:
    with pytest.raises(RequestError) as error:
        turns(value, system_prompt="Be kind.")
    assert error.value.param == "messages"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("Hi", ""),
        (None, ""),
        ({"content": "Hi"}, ".role"),
        ({"role": "wizard", "content": "Hi"}, ".role"),
        ({"role": ["user"], "content": "Hi"}, ".role"),
        ({"role": "user"}, ".content"),
        ({"role": "system", "content": None}, ".content"),
        (user(5), ".content"),
        (user({"type": "text", "text": "Hi"}), ".content"),
        (user(["Hi"]), ".content[0]"),
        (user([{"type": "text", "text": "a"}, {"type": "text"}]), ".content[1].text"),
        (user([{"type": "text", "text": 5}]), ".content[0].text"),
        (user([{"type": "refusal"}]), ".content[0].refusal"),
        (user([{}]), ".content[0].type"),
        (user([{"type": "input_audio"}]), ".content[0].type"),
        (user([{"type": ["text"]}]), ".content[0].type"),
        (user([{"type": "image_url"}]), ".content[0].image_url"),
        (user([{"type": "image_url", "image_url": [DATA]}]), ".content[0].image_url"),
        (user([{"type": "image_url", "image_url": {}}]), ".content[0].image_url.url"),
        (user([{"type": "image_url", "image_url": {"url": 5}}]), ".content[0].image_url.url"),
        (system([{"type": "image_url", "image_url": DATA}]), ".content"),
        ({"role": "assistant", "content": [{"type": "image_url", "image_url": DATA}]}, ".content"),
    ],
)
def test_a_wrong_message_is_refused_by_the_path_of_what_is_wrong(message: object, path: str) -> None:
    error = refused(user("fine"), message)
    assert error.param == f"messages[1]{path}"
    assert str(error).startswith("messages[1]")


def test_an_unknown_part_is_told_what_this_server_reads() -> None:
    message = str(refused(user([{"type": "input_audio"}])))
    assert "text or image_url" in message
    assert "input_audio" in message


def test_a_text_of_any_depth_is_no_type_of_a_part() -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert refused(user([{"type": deep}])).param == "messages[0].content[0].type"


@pytest.mark.parametrize("detail", ["auto", "low", "high", None])
@pytest.mark.parametrize("fit", ["pad", "stretch", "crop", None])
def test_a_picture_has_its_detail_and_fit(detail: str | None, fit: str | None) -> None:
    for part in (
        {"type": "image_url", "image_url": {"url": DATA, "detail": detail, "fit": fit}},
        {"type": "input_image", "image_url": DATA, "detail": detail, "fit": fit},
    ):
        (image,) = turns([user([part])], system_prompt=None)[0].parts
        assert isinstance(image, ImageRef)
        assert (image.detail, image.fit) == (detail or "auto", fit)


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "image_url", "image_url": {"url": DATA, "detail": "ultra"}}, "image_url.detail"),
        ({"type": "image_url", "image_url": {"url": DATA, "detail": 1}}, "image_url.detail"),
        ({"type": "image_url", "image_url": {"url": DATA, "fit": ["pad"]}}, "image_url.fit"),
        ({"type": "input_image", "image_url": DATA, "detail": "ultra"}, "detail"),
    ],
)
def test_a_detail_or_fit_that_nobody_knows_is_refused_by_name(part: dict[str, Any], param: str) -> None:
    error = refused(user([part]))
    assert error.param == f"messages[0].content[0].{param}"
    assert "must be one of " in str(error)
