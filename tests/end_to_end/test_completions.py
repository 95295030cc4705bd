"""POST /v1/completions by the front door."""

import json
import urllib.request

import openai
import pytest
from shapes import fits

from harness import MODEL, Daemon


def test_the_sdk_gets_an_answer_whole_and_streamed(daemon: Daemon) -> None:
    whole = daemon.client.completions.create(model=MODEL, prompt="Is there a zebra?", max_tokens=100)
    (choice,) = whole.choices
    assert "zebra" in choice.text
    assert (choice.finish_reason, choice.index) == ("stop", 0)
    stream = daemon.client.completions.create(
        model=MODEL, prompt="Is there a zebra?", max_tokens=100, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == choice.text
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage == whole.usage
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1


def test_answers_are_sixteen_tokens_long_unless_asked_for(daemon: Daemon) -> None:
    answer = daemon.client.completions.create(model=MODEL, prompt="Hello!")
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 16
    assert answer.choices[0].finish_reason == "length"


def test_each_prompt_gets_its_answer_in_its_place(daemon: Daemon) -> None:
    prompts = ["Is there a zebra?", "Is there a lion?"]
    status, answer = daemon.post({"model": MODEL, "prompt": prompts, "max_tokens": 50}, "/v1/completions")
    assert status == 200
    assert fits("completion", answer)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert ["zebra" in choice["text"] for choice in answer["choices"]] == [True, False]
    alone = [
        daemon.post({"model": MODEL, "prompt": prompt, "max_tokens": 50}, "/v1/completions")[1]["usage"]
        for prompt in prompts
    ]
    assert answer["usage"]["total_tokens"] == sum(usage["total_tokens"] for usage in alone)


@pytest.mark.parametrize("stream", [True, False])
def test_an_echo_stands_before_the_answer(daemon: Daemon, stream: bool) -> None:
    body = {"model": MODEL, "prompt": ["One?", "Two?"], "max_tokens": 3, "stream": stream, "echo": True}
    with urllib.request.urlopen(f"{daemon.url}/v1/completions", json.dumps(body).encode()) as response:
        said = response.read().decode()
    values = [json.loads(line[6:]) for line in said.split("\n\n")[:-2]] if stream else [json.loads(said)]
    texts = ["", ""]
    for value in values:
        assert fits("completion_chunk" if stream else "completion", value)
        for choice in value["choices"]:
            texts[choice["index"]] += choice["text"]
    assert texts[0].startswith("One?There")
    assert texts[1].startswith("Two?There")
    assert not stream or said.endswith("data: [DONE]\n\n")


def test_a_prompt_that_is_too_long_is_refused_as_prompt(daemon: Daemon) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        daemon.client.completions.create(model=MODEL, prompt="word " * 3000)
    assert (refused.value.param, refused.value.code) == ("prompt", "context_length_exceeded")
