"""Bodies of POST /v1/completions, and its answers key by key."""

import json
from typing import Any

import pytest
from shapes import fits

from hailo_vision.chat import FinishReason, Text, Usage
from hailo_vision.config.settings import Generation, Model
from hailo_vision.errors import RequestError
from hailo_vision.http_api.openai.completions.parse import Asked, completions_request
from hailo_vision.http_api.openai.completions.reply import Reply, choice
from hailo_vision.http_api.openai.usage import total

MODEL = Model(name="the-model")
USAGE = Usage(prompt_tokens=20, completion_tokens=5)


def parse(defaults: Generation | None = None, **body: Any) -> Asked:
    return completions_request({"model": "the-model", "prompt": "Hello", **body}, MODEL, defaults or Generation())


def words(asked: Asked) -> list[list[str]]:
    turns = [one.turns for one in asked.requests]
    return [[part.text for turn in said for part in turn.parts if isinstance(part, Text)] for said in turns]


def test_each_prompt_is_a_conversation_of_its_own() -> None:
    assert words(parse()) == [["Hello"]]
    assert words(parse(prompt=["Hello", "Bye"])) == [["Hello"], ["Bye"]]
    brief = Generation(system_prompt="Be brief.")
    assert words(parse(brief, prompt=["a", "b"])) == [["Be brief.", "a"], ["Be brief.", "b"]]


@pytest.mark.parametrize(("sent", "given"), [(None, 16), (1, 1), (100, 100), (100_000, 512)])
def test_answers_are_short_unless_asked_for(sent: int | None, given: int) -> None:
    assert parse(max_tokens=sent).first.max_tokens == given


def test_the_usual_options_are_heard() -> None:
    body = {"temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["a", "b"], "stream": True, "n": 2}
    one = parse(**body, stream_options={"include_usage": True}).first
    assert (one.sampling.temperature, one.sampling.top_p, one.sampling.seed) == (0.5, 0.9, 3)
    assert (one.stop, one.stream, one.n, one.include_usage) == (("a", "b"), True, 2, True)


def test_an_echo_is_the_prompt_of_each() -> None:
    assert parse(prompt=["a", "b"], echo=True).echoes == ("a", "b")
    assert parse(prompt=["a", "b"], echo=False).echoes == ("", "")


@pytest.mark.parametrize(
    "ignored",
    [
        {"logprobs": None},
        {"logprobs": False},
        {"best_of": 1},
        {"suffix": ""},
        {"logit_bias": {}},
        {"user": "me"},
        {"presence_penalty": 1, "frequency_penalty": -1},
        {"of_tomorrow": 1},
    ],
)
def test_what_changes_no_answer_is_ignored(ignored: dict[str, Any]) -> None:
    assert parse(**ignored) == parse()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": None}, "model"),
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": [[1, 2], [3]]}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt[1]"),
        ({"prompt": ["a"] * 17}, "prompt"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 5}, "n"),
        ({"n": 0}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"n": 2, "best_of": 1}, "best_of"),
        ({"logprobs": 0}, "logprobs"),
        ({"logprobs": 3}, "logprobs"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"suffix": "."}, "suffix"),
        ({"echo": 1}, "echo"),
        ({"stop": [1]}, "stop[0]"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": 1}, "stream_options"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"temperature": -1}, "temperature"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse(**body)
    assert refused.value.param == param


def test_prompts_of_tokens_are_told_from_prompts_that_are_none() -> None:
    with pytest.raises(RequestError, match="tokens are not served"):
        parse(prompt=[1, 2])


@pytest.mark.parametrize("shows_usage", [True, False])
def test_whole_and_chunks_have_the_keys_of_the_specification(shows_usage: bool) -> None:
    reply = Reply(id="cmpl-X", created=1, model="the-model", fingerprint="fp", shows_usage=shows_usage)
    assert fits("completion", reply.whole([choice(0, "A", FinishReason.STOP)], USAGE))
    chunks = [reply.chunk(0, "A"), reply.chunk(0, "", FinishReason.LENGTH), reply.usage_chunk(USAGE)]
    values = [json.loads(chunk.removeprefix(b"data: ")) for chunk in chunks]
    assert all(fits("completion_chunk", value) for value in values)
    assert [("usage" in value) for value in values] == [shows_usage, shows_usage, True]
    assert values[1]["choices"] == [{"index": 0, "text": "", "logprobs": None, "finish_reason": "length"}]


def test_the_usage_of_several_answers_is_their_sum() -> None:
    one = Usage(prompt_tokens=1, completion_tokens=2, image_tokens=3, cached_tokens=4)
    assert total([one, one]) == Usage(prompt_tokens=2, completion_tokens=4, image_tokens=6, cached_tokens=8)
