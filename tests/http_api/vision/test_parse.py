"""Bodies of POST /v1/vision/..., as JSON and as forms."""

from typing import Any

import pytest

from hailo_vision.chat import ChatRequest, ImageRef, Text
from hailo_vision.errors import RequestError
from hailo_vision.http_api.vision import parse
from hailo_vision.http_api.vision.parse import CAPTION_PROMPT
from hailo_vision.http_api.vision.upload import form_object
from hailo_vision.http_api.web.body import MAX_JSON_BYTES
from hailo_vision.http_api.web.form import Field
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import Target

TARGET = Target(name="the-model")
URL = "https://example.org/a.jpg"


def analyze(**body: Any) -> Parsed[bool]:
    return parse.analyze({"images": ["a", "b"], "prompt": "What?", **body}, TARGET)


def parts(request: ChatRequest) -> tuple[ImageRef, str]:
    (turn,) = request.turns
    ref, text = turn.parts
    assert isinstance(ref, ImageRef)
    assert isinstance(text, Text)
    return ref, text.text


def file(name: str, data: bytes, filename: str | None = "x.jpg") -> Field:
    return Field(name=name, filename=filename, data=data)


def text(name: str, value: str) -> Field:
    return Field(name=name, filename=None, data=value.encode())


# What is asked


def test_one_prompt_is_asked_about_each_image() -> None:
    first, second = (parts(request) for request in analyze().requests)
    assert first == (ImageRef(url="a", param="images[0]"), "What?")
    assert second == (ImageRef(url="b", param="images[1]"), "What?")


def test_each_image_can_have_its_own_prompt() -> None:
    asked = analyze(prompt=["One?", "Two?"])
    assert [parts(request)[1] for request in asked.requests] == ["One?", "Two?"]


def test_the_usual_options_hold_for_each_image() -> None:
    asked = analyze(temperature=0.5, seed=7, max_tokens=9, stop="x", model="the-model", stream=True)
    for one in asked.requests:
        assert (one.sampling.temperature, one.sampling.seed, one.max_tokens, one.stop) == (0.5, 7, 9, ("x",))
    assert asked.rest


@pytest.mark.parametrize(
    ("value", "ref"),
    [
        ({"url": URL}, ImageRef(url=URL, param="images[0].url", detail="low", fit="crop")),
        (
            {"url": URL, "detail": "high", "fit": "pad"},
            ImageRef(url=URL, param="images[0].url", detail="high", fit="pad"),
        ),
        (URL, ImageRef(url=URL, param="images[0]", detail="low", fit="crop")),
        (
            {"type": "image_url", "image_url": {"url": URL}},
            ImageRef(url=URL, param="images[0].image_url.url", detail="low", fit="crop"),
        ),
        (
            {"type": "input_image", "image_url": URL, "detail": "high"},
            ImageRef(url=URL, param="images[0].image_url", detail="high", fit="crop"),
        ),
    ],
)
def test_an_image_is_a_string_or_an_object_that_may_say_how_to_look(value: Any, ref: ImageRef) -> None:
    (request,) = analyze(images=[value], detail="low", fit="crop").requests
    assert parts(request)[0] == ref


def test_a_caption_needs_no_prompt_and_an_answer_needs_its_question() -> None:
    assert parts(parse.caption({"image": "a"}, TARGET).requests[0]) == (
        ImageRef(url="a", param="image"),
        CAPTION_PROMPT,
    )
    assert parts(parse.caption({"images": ["a"], "prompt": "Shortly."}, TARGET).requests[0])[1] == "Shortly."
    assert parts(parse.vqa({"image": "a", "question": "Who?"}, TARGET).requests[0])[1] == "Who?"


def test_a_form_says_what_json_says() -> None:
    form = (
        file("image", b"one"),
        file("images[]", b"two"),
        text("file", URL),
        text("prompt", "What?"),
        text("max_tokens", "9"),
        text("temperature", "0.5"),
        text("stream", "true"),
        text("stop", "1"),
        text("stop", "2"),
    )
    asked = parse.analyze(form_object(form), TARGET)
    refs = [parts(request)[0] for request in asked.requests]
    assert [(ref.url, ref.file) for ref in refs] == [("", b"one"), ("", b"two"), (URL, None)]
    one = asked.requests[0]
    assert (one.max_tokens, one.sampling.temperature, one.stop, asked.rest) == (9, 0.5, ("1", "2"), True)


def test_a_form_with_empty_fields_says_nothing_of_them() -> None:
    names = ("prompt", "model", "detail", "stop", "max_tokens", "temperature", "stream", "images[]")
    empty = (*(text(name, "") for name in names), file("images", b"", ""))
    assert form_object((*empty, file("image", b"one"))) == {"images": [b"one"]}


@pytest.mark.parametrize(
    ("written", "value"), [("True", True), ("true", True), ("False", False), ("FALSE", False), ("null", None)]
)
def test_a_flag_in_a_form_may_be_written_as_python_writes_it(written: str, value: bool | None) -> None:
    assert form_object((text("stream", written),)) == {"stream": value}


def test_a_text_in_a_form_may_come_from_a_file() -> None:
    assert form_object((file("prompt", "Straße?".encode()), file("top_k", b"5"))) == {"prompt": "Straße?", "top_k": 5}


@pytest.mark.parametrize("name", ["photo", "img", "IMAGE", "picture", "image1"])
@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"text"])
def test_a_file_in_another_field_is_told_where_pictures_belong(name: str, content: bytes) -> None:
    with pytest.raises(RequestError, match=f"a file in {name}; a picture belongs in image, .*-F image=@") as refused:
        form_object((file(name, content),))
    assert refused.value.param == name


# What is refused


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"images": None}, "images"),
        ({"images": []}, "images"),
        ({"images": ["a"] * 65}, "images"),
        ({"images": [None]}, "images[0]"),
        ({"images": [[]]}, "images[0]"),
        ({"images": [{}]}, "images[0].url"),
        ({"images": [{"url": 3}]}, "images[0].url"),
        ({"images": [{"url": "a", "detail": "fine"}]}, "images[0].detail"),
        ({"images": [{"image_url": {"url": "a", "fit": 3}}]}, "images[0].image_url.fit"),
        ({"images": [{"image_url": 3}]}, "images[0].image_url"),
        ({"detail": "fine"}, "detail"),
        ({"fit": ["pad"]}, "fit"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": ["one"]}, "prompt"),
        ({"prompt": ["one", 2]}, "prompt[1]"),
        ({"max_tokens": -2}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        analyze(**body)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "images"),
        ({"image": None}, "image"),
        ({"image": 3}, "image"),
        ({"images": ["a", "b"]}, "images"),
        ({"image": "a", "stream": True}, "stream"),
        ({"image": "a", "question": ""}, "question"),
        ({"image": "a", "question": None}, "question"),
    ],
    ids=str,
)
def test_the_short_forms_take_one_image_and_answer_whole(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse.vqa({"question": "Who?", **body}, TARGET)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ((text("model", "a"), text("model", "a")), "model"),
        ((file("question", b"\xff", None),), "question"),
        ((file("image", b"\xff\xd8", None),), "image"),
        ((text("prompt", "x" * MAX_JSON_BYTES), text("question", "y")), "question"),
    ],
)
def test_a_form_that_is_wrong_is_refused_by_the_name_of_its_field(form: tuple[Field, ...], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        form_object(form)
    assert refused.value.param == param


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1" * 5000, "[" * 90, "warm"])
def test_what_is_no_number_in_a_form_is_refused_as_it_is_in_json(value: str) -> None:
    body = form_object((text("image", "a"), text("question", "Who?"), text("temperature", value)))
    with pytest.raises(RequestError) as refused:
        parse.vqa(body, TARGET)
    assert refused.value.param == "temperature"
