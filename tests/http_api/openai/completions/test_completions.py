"""Bodies of POST /v1/completions, and its answers key by key."""

import json
from typing import Any

import pytest
from shapes import fits

from hailo_vision.chat import Capabilities, Finish, FinishReason, Logprob, Penalties, Text, Timings, Usage
from hailo_vision.config.settings import Generation
from hailo_vision.errors import RequestError
from hailo_vision.generate.usage import summed
from hailo_vision.http_api.openai.completions.parse import completions
from hailo_vision.http_api.openai.completions.reply import Reply, choice
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import Target

USAGE = Usage(prompt_tokens=20, completion_tokens=5)


def parse(defaults: Generation | None = None, **body: Any) -> Parsed[Any]:
    target = Target(name="the-model", engine="hailo", generation=defaults or Generation())
    return completions({"model": "the-model", "prompt": "Hello", **body}, target)


def words(asked: Parsed[Any]) -> list[list[str]]:
    turns = [one.turns for one in asked.requests]
    return [[part.text for turn in said for part in turn.parts if isinstance(part, Text)] for said in turns]


def test_each_prompt_is_a_conversation_of_its_own() -> None:
    assert words(parse()) == [["Hello"]]
    assert words(parse(prompt=["Hello", "Bye"])) == [["Hello"], ["Bye"]]
    brief = Generation(system_prompt="Be brief.")
    assert words(parse(brief, prompt=["a", "b"])) == [["Be brief.", "a"], ["Be brief.", "b"]]


@pytest.mark.parametrize(("sent", "given"), [(None, 16), (1, 1), (100, 100), (100_000, 512)])
def test_answers_are_short_unless_asked_for(sent: int | None, given: int) -> None:
    assert parse(max_tokens=sent).requests[0].max_tokens == given


def test_the_usual_options_are_heard() -> None:
    body = {"temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["a", "b"], "stream": True, "n": 2}
    one = parse(**body, stream_options={"include_usage": True}).requests[0]
    assert (one.sampling.temperature, one.sampling.top_p, one.sampling.seed) == (0.5, 0.9, 3)
    assert (one.stop, one.stream, one.n, one.include_usage) == (("a", "b"), True, 2, True)


def test_an_echo_is_the_prompt_of_each() -> None:
    assert parse(prompt=["a", "b"], echo=True).rest == ("a", "b")
    assert parse(prompt=["a", "b"], echo=False).rest == ("", "")


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
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": [[1, 2], [3]]}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt[1]"),
        ({"prompt": ["a"] * 17}, "prompt"),
        ({"max_tokens": -2}, "max_tokens"),
        ({"images": ["iVBOR"]}, "images"),
        ({"guided_json": {"type": "object"}}, "guided_json"),
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
    usage = Usage(prompt_tokens=1, completion_tokens=2, image_tokens=3, cached_tokens=4)
    finish = Finish(reason=FinishReason.STOP, usage=usage, timings=Timings())
    assert summed([finish, finish]).usage == Usage(
        prompt_tokens=2, completion_tokens=4, image_tokens=6, cached_tokens=8
    )


def test_log_probabilities_and_penalties_are_asked_of_an_engine_that_has_them() -> None:
    target = Target(name="m", engine="llama", capabilities=Capabilities(logprobs=True, penalties=True))
    (request,) = completions({"prompt": "Hi", "logprobs": 2, "frequency_penalty": 1.5}, target).requests
    assert (request.logprobs, request.penalties) == (2, Penalties(frequency=1.5))
    with pytest.raises(RequestError, match="at most 5"):
        completions({"prompt": "Hi", "logprobs": 6}, target)


def test_log_probabilities_stand_in_lists_with_offsets_into_the_text() -> None:
    tokens = [
        Logprob(token="Hi", logprob=-0.1, top=(Logprob(token="Ho", logprob=-2.0),)),
        Logprob(token="!", logprob=-1),
    ]
    assert choice(0, "Hi!", None, tokens, offset=3)["logprobs"] == {
        "tokens": ["Hi", "!"],
        "token_logprobs": [-0.1, -1],
        "top_logprobs": [{"Ho": -2.0}, {}],
        "text_offset": [3, 5],
    }
