"""The bodies of /api/chat and /api/generate, field by field."""

from contextlib import suppress
from typing import Any

import pytest
from bodies import anything, spoilt
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.chat import ChatRequest, ImageRef, Text, ToolCall, ToolResult
from hailo_vision.errors import RequestError
from hailo_vision.http_api.ollama.parse import Wish, chat, generate
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.models.facts import hef_facts
from hailo_vision.serving.served import Target

TARGET = Target(name="the-model", engine="hailo")
PICTURE = "iVBORw0KGgo="
FULL_CHAT: dict[str, Any] = {
    "model": "the-model:latest",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is this?", "images": [PICTURE]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "Hm.",
            "tool_calls": [{"function": {"name": "look", "arguments": {"where": "up"}}}],
        },
        {"role": "tool", "content": "42", "tool_name": "look"},
    ],
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    "format": {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}},
    "options": {
        "num_predict": 50,
        "num_ctx": 8192,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.0,
        "repeat_penalty": 1.05,
        "presence_penalty": 0.3,
        "seed": 42,
        "stop": ["END"],
    },
    "stream": False,
    "think": False,
    "keep_alive": "5m",
    "truncate": True,
}
FULL_GENERATE: dict[str, Any] = {
    **{name: value for name, value in FULL_CHAT.items() if name not in ("messages", "tools")},
    "prompt": "What is this?",
    "system": "Be brief.",
    "images": [PICTURE],
    "context": [1, 2, 3],
    "template": "",
    "suffix": "",
    "raw": False,
}


def asked(body: dict[str, Any], **more: Any) -> ChatRequest:
    read = generate if "prompt" in body else chat
    (request,) = read({"model": "the-model", **body, **more}, TARGET).requests
    return request


def one(**more: Any) -> ChatRequest:
    return asked({"messages": [{"role": "user", "content": "Hi"}]}, **more)


@pytest.mark.parametrize("name", ["the-model", "the-model:latest", "llava:7b", "other", "other:latest", "mine"])
def test_a_name_is_said_back_as_it_was_written(name: str) -> None:
    assert chat({"model": name}, TARGET) == Parsed(requests=(), rest=Wish(name=name, stay=None))
    assert chat({"name": name}, TARGET).rest.name == name


def test_a_conversation_becomes_turns() -> None:
    system, user, assistant, tool = asked(FULL_CHAT).turns
    assert (system.role, system.parts) == ("system", (Text(text="Be brief."),))
    assert user.parts == (
        ImageRef(url=PICTURE, param="messages[1].images[0]"),
        Text(text="What is this?"),
    )
    assert assistant.parts == (ToolCall(id="", name="look", arguments='{"where": "up"}'),)
    assert (tool.role, tool.parts) == ("user", (ToolResult(call_id="look", text="42"),))


def test_home_assistants_result_without_a_name_is_taken() -> None:
    (turn,) = asked({"messages": [{"role": "tool", "content": "42"}]}).turns
    assert turn.parts == (ToolResult(call_id="", text="42"),)


def test_turns_of_one_role_in_a_row_become_one_as_in_ollama() -> None:
    said = [("user", "A"), ("system", "Brief."), ("user", "B"), ("assistant", "C"), ("assistant", "D"), ("user", "E")]
    system, *turns = asked({"messages": [{"role": role, "content": text} for role, text in said]}).turns
    assert system.role == "system"
    assert [(turn.role, "".join(part.text for part in turn.parts)) for turn in turns] == [  # type: ignore[union-attr]
        ("user", "A\n\nB"),
        ("assistant", "C\n\nD"),
        ("user", "E"),
    ]


def test_results_of_tools_stay_turns_of_their_own() -> None:
    results = [{"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}, {"role": "user", "content": "And?"}]
    assert len(asked({"messages": results}).turns) == 3


@pytest.mark.parametrize(
    ("roles", "shown"),
    [
        (["system", "user"], [0, 2]),  # the turns of the system, the user, and the assistant, each with its pictures
        (["user", "assistant", "user"], [1, 0, 2]),
        (["user", "assistant"], [2, 0]),
        (["assistant"], [0, 1]),
        (["tool", "assistant", "tool"], [1, 0, 2]),
    ],
)
def test_pictures_are_taken_in_messages_of_any_role_and_shown_by_the_user(roles: list[str], shown: list[int]) -> None:
    said = [{"role": role, "content": "Look.", "images": [PICTURE]} for role in roles]
    turns = asked({"messages": said}).turns
    assert [sum(isinstance(part, ImageRef) for part in turn.parts) for turn in turns] == shown
    assert all(turn.role == "user" for turn, pictures in zip(turns, shown, strict=True) if pictures)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"messages": [{"role": "user", "content": "Look."}], "images": [PICTURE]}, "images"),
        ({"messages": [{"role": "user", "content": "Look."}], "image": PICTURE}, "image"),
        ({"messages": [{"role": "user", "content": "Look.", "image": PICTURE}]}, "messages[0].image"),
        ({"prompt": "Look.", "image": PICTURE}, "image"),
    ],
)
def test_pictures_where_ollama_does_not_look_are_refused_by_name(more: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError, match="pictures belong in") as refused:
        asked(more)
    assert refused.value.param == param


def test_more_pictures_in_a_message_than_are_ever_read_are_counted_in_the_refusal() -> None:
    with pytest.raises(RequestError, match=r"images has 65 pictures, and at most 64 are read"):
        asked({"prompt": "Look.", "images": [PICTURE] * 65})


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_a_place_for_pictures_that_holds_none_is_nobodys_mistake(nothing: Any) -> None:
    assert one(images=nothing, image=nothing) == one()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Look.", ["0", "1", "Look."]),
        ("A [img] B [img] C", ["A ", "0", " B ", "1", " C"]),
        ("A [img] B", ["1", "A ", "0", " B"]),
        ("[img][img][img]", ["0", "1", "[img]"]),
        ("", ["0", "1"]),
    ],
)
def test_pictures_stand_at_their_marks_and_the_others_lead(text: str, parts: list[str]) -> None:
    (turn,) = asked({"messages": [{"role": "user", "content": text, "images": ["0", "1"]}]}).turns
    assert [part.url if isinstance(part, ImageRef) else part.text for part in turn.parts] == parts  # type: ignore[union-attr]


def test_a_mark_without_a_picture_is_text() -> None:
    assert asked({"prompt": "[img] is a word"}).turns[0].parts == (Text(text="[img] is a word"),)


def test_options_are_those_of_the_answer() -> None:
    request = asked(FULL_CHAT)
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.seed) == (0.5, 0.9, 40, 42)
    assert (sampling.repetition_penalty, request.stop, request.max_tokens) == (1.05, ("END",), 50)


@pytest.mark.parametrize(("asked_for", "got"), [(None, 512), (-1, 512), (-2, 512), (0, 512), (7, 7), (9999, 512)])
def test_the_length_of_an_answer_is_bounded_by_the_server(asked_for: int | None, got: int) -> None:
    assert one(options={"num_predict": asked_for}).max_tokens == got


def test_ollamas_words_for_no_bound_and_no_seed_are_understood() -> None:
    sampling = one(options={"top_k": 0, "seed": -1}).sampling
    assert sampling.top_k is not None
    assert sampling.top_k >= 1000
    assert sampling.seed is None


@pytest.mark.parametrize(("value", "stop"), [("x", ("x",)), (["", "a"], ("a",)), ([], ()), (None, ())])
def test_stop_is_one_or_many(value: Any, stop: tuple[str, ...]) -> None:
    assert one(options={"stop": value}).stop == stop


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 3},
        {"temperature": "hot"},
        {"temperature": True},
        {"top_p": -1},
        {"top_k": 1.5},
        {"seed": "x"},
        {"num_predict": -3},
        {"repeat_penalty": 0},
        {"stop": [1]},
        {"stop": ["x"] * 17},
    ],
)
def test_a_wrong_option_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=f"options.{next(iter(wrong))}"):
        one(options=wrong)


@pytest.mark.parametrize(("value", "is_stream"), [(None, True), (True, True), (False, False)])
def test_answers_are_streams_unless_they_may_not_be(value: bool | None, is_stream: bool) -> None:
    assert one(stream=value).stream is is_stream


@pytest.mark.parametrize("think", [True, "low", "high"])
def test_thinking_is_refused_as_ollama_refuses_it(think: Any) -> None:
    with pytest.raises(RequestError, match='"the-model" does not support thinking'):
        one(think=think)


def test_not_thinking_is_no_wish() -> None:
    assert one(think=False) == one(think=None) == one()


def test_formats_are_json_or_a_schema() -> None:
    assert one(format="").format is None
    wanted = one(format="json").format
    assert wanted is not None
    assert wanted.schema is None
    by_schema = one(format={"type": "object"}).format
    assert by_schema is not None
    assert by_schema.schema == {"type": "object"}
    for wrong in ("yaml", 5, [], {"type": "nonsense"}):
        with pytest.raises(RequestError, match="format"):
            one(format=wrong)


# /api/generate


def test_a_prompt_is_what_the_user_says() -> None:
    system, user = asked(FULL_GENERATE).turns
    assert (system.role, system.parts) == ("system", (Text(text="Be brief."),))
    assert user.parts == (ImageRef(url=PICTURE, param="images[0]"), Text(text="What is this?"))


def test_a_picture_alone_is_looked_at_and_nothing_at_all_is_no_request() -> None:
    assert asked({"prompt": "", "images": [PICTURE]}).turns[0].parts == (ImageRef(url=PICTURE, param="images[0]"),)
    assert generate({"model": "the-model", "prompt": ""}, TARGET).requests == ()


def test_the_context_of_another_server_changes_nothing() -> None:
    assert asked({"prompt": "Hi"}, context=[1, 2]) == asked({"prompt": "Hi"})


RAW = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\nyou<|im_end|>\n<|im_start|>assistant\n"


def test_a_raw_prompt_in_the_models_template_is_the_conversation_in_it() -> None:
    system, user = asked({"prompt": RAW}, raw=True, images=[PICTURE]).turns
    assert system.parts == (Text(text="Be brief."),)
    assert user.parts == (ImageRef(url=PICTURE, param="images[0]"), Text(text="Hi\nyou"))
    assert all(
        mark in (hef_facts("Qwen2-VL-2B-Instruct.hef").template or "")
        for mark in ("<|im_start|>system\n", "<|im_end|>\n", "<|im_start|>assistant\n")
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "Hi",
        "<PRE>def f",
        RAW + "I think",
        RAW.replace("assistant", "user"),
        "<|im_start|>user\nHi",
        RAW * 2,
        "<|im_end|>",
    ],
)
def test_any_other_raw_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(RequestError, match="raw prompt must be one in the model's template"):
        asked({"prompt": prompt}, raw=True)


@pytest.mark.parametrize("more", [{"system": "x"}, {"context": [1]}, {"template": "x"}])
def test_a_raw_prompt_goes_with_nothing_else(more: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="template"):
        asked({"prompt": RAW}, raw=True, **more)


@pytest.mark.parametrize("name", ["suffix", "template"])
def test_what_would_change_the_answer_and_cannot_be_honoured_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match=f"leave {name} out"):
        asked({"prompt": "Hi"}, **{name: "x"})


# Nonsense

searching = settings(max_examples=300, deadline=None)


def reads_or_refuses(body: Any) -> None:
    for read in (chat, generate):
        with suppress(RequestError):
            read(body, TARGET)


@pytest.mark.slow
@searching
@given(st.dictionaries(st.sampled_from(sorted(FULL_CHAT | FULL_GENERATE)), anything))
def test_any_object_is_read_or_refused(body: dict[str, Any]) -> None:
    reads_or_refuses(body)
    reads_or_refuses({**body, "model": "the-model"})


@searching
@given(st.data(), st.sampled_from([FULL_CHAT, FULL_GENERATE]))
def test_any_mutation_is_read_or_refused(data: st.DataObject, full: dict[str, Any]) -> None:
    changed = spoilt(full, data)
    if isinstance(changed, dict):
        reads_or_refuses(changed)
