"""Ollama's own client for Python, which Home Assistant and Frigate are built on: all that it can ask for."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ollama
import pytest
from pydantic import BaseModel

from harness import MODEL, PATIENCE_S, PHOTOS, Daemon

PHOTO = PHOTOS / "launch-pad.jpg"
QUESTION = {"role": "user", "content": "What colours are in this photo?", "images": [PHOTO]}


class Found(BaseModel):
    is_dark: bool
    description: str


@contextmanager
def client(daemon: Daemon) -> Iterator[ollama.Client]:
    with ollama.Client(host=daemon.url, timeout=PATIENCE_S) as asking:
        yield asking


@pytest.fixture
def asking(daemon: Daemon) -> Iterator[ollama.Client]:
    with client(daemon) as one:
        yield one


def get_weather(city: str) -> str:
    """Get the weather of a city.

    Args:
        city: The name of the city
    """
    return f"rain in {city}"


def test_a_chat_about_a_photo_is_answered_whole(asking: ollama.Client) -> None:
    answer = asking.chat(MODEL, messages=[QUESTION])
    assert "blue" in (answer.message.content or "")
    assert (answer.done, answer.done_reason, answer.model) == (True, "stop", MODEL)
    assert (answer.prompt_eval_count or 0) > 144
    assert answer.eval_count
    assert answer.total_duration is not None
    assert answer.total_duration >= (answer.prompt_eval_duration or 0) + (answer.eval_duration or 0) > 0


def test_a_stream_says_what_the_whole_answer_says(asking: ollama.Client) -> None:
    whole = asking.chat(MODEL, messages=[QUESTION])
    parts = list(asking.chat(f"{MODEL}:latest", messages=[QUESTION], stream=True))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) > 5
    assert parts[-1].eval_count == whole.eval_count


async def test_the_async_client_streams_too(daemon: Daemon) -> None:
    async with ollama.AsyncClient(host=daemon.url) as one:
        stream = await one.chat(MODEL, messages=[QUESTION], stream=True)
        texts = [part.message.content or "" async for part in stream]
    assert "blue" in "".join(texts)


def test_a_prompt_with_a_photo_is_answered_whole_and_streamed(asking: ollama.Client) -> None:
    words: dict[str, Any] = {"prompt": "What colours are in this photo?", "images": [PHOTO.read_bytes()]}
    whole = asking.generate(MODEL, **words, system="Be brief.", keep_alive="5m", think=False)
    assert "blue" in whole.response
    assert whole.context == []
    parts = list(asking.generate(MODEL, **words, system="Be brief.", stream=True))
    assert "".join(part.response for part in parts) == whole.response


def test_an_answer_is_cut_where_it_is_told_to_be(asking: ollama.Client) -> None:
    answer = asking.generate(MODEL, "Describe it.", images=[PHOTO], options={"num_predict": 3, "num_ctx": 8192})
    assert (answer.eval_count, answer.done_reason) == (3, "length")


def test_answers_fit_a_schema_or_are_json(asking: ollama.Client) -> None:
    answer = asking.chat(MODEL, messages=[QUESTION], format=Found.model_json_schema())
    assert Found.model_validate_json(answer.message.content or "")
    answer = asking.chat(MODEL, messages=[QUESTION], format="json")
    assert isinstance(json.loads(answer.message.content or ""), dict)


@pytest.mark.parametrize("stream", [True, False])
def test_a_function_is_called_and_its_result_goes_back(asking: ollama.Client, stream: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    answer: Any = asking.chat(MODEL, messages=messages, tools=[get_weather], stream=stream)
    said = [part.message for part in (answer if stream else [answer])]
    (call,) = [call for message in said for call in message.tool_calls or ()]
    assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "Paris"})
    messages += [
        next(message for message in said if message.tool_calls),
        {"role": "tool", "tool_name": "get_weather", "content": get_weather(**call.function.arguments)},
    ]
    again = asking.chat(MODEL, messages=messages, tools=[get_weather])
    assert "rain in Paris" in (again.message.content or "")


def test_the_model_is_listed_shown_and_running(asking: ollama.Client) -> None:
    (listed,) = asking.list().models
    assert listed.model == f"{MODEL}:latest"
    assert listed.size == 0  # the simulated chip has no file
    assert listed.modified_at is not None
    shown = asking.show(listed.model)
    assert set(shown.capabilities or ()) == {"completion", "vision", "tools"}
    assert shown.modelinfo is not None
    assert shown.modelinfo["qwen2vl.context_length"] == 2048
    (running,) = asking.ps().models
    assert running.model == listed.model
    assert running.context_length == 2048
    assert running.expires_at is not None


def test_a_pull_of_what_is_there_succeeds_at_once(asking: ollama.Client) -> None:
    assert asking.pull(MODEL).status == "success"
    assert [part.status for part in asking.pull(f"{MODEL}:latest", stream=True)][-1] == "success"


def test_another_model_is_not_found_anywhere(asking: ollama.Client) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: asking.chat("llava", messages=[QUESTION]),
        lambda: list(asking.chat("llava", messages=[QUESTION], stream=True)),
        lambda: asking.generate("llava", "Hi"),
        lambda: asking.show("llava"),
        lambda: asking.pull("llava"),
    ]
    for call in calls:
        with pytest.raises(ollama.ResponseError) as caught:
            call()
        assert caught.value.status_code == 404
        assert MODEL in caught.value.error


def test_what_there_is_not_says_what_to_do(asking: ollama.Client) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "does not support embeddings": lambda: asking.embed(MODEL, "Hi"),
        "point the client's embeddings": lambda: asking.embeddings(MODEL, "Hi"),
        "hailo-vision models remove": lambda: asking.delete(MODEL),
        "model.aliases": lambda: asking.copy(MODEL, "mine"),
        "compiled for the chip": lambda: asking.create("mine", from_=MODEL),
        "not pushed": lambda: asking.push(MODEL),
        "does not support thinking": lambda: asking.chat(MODEL, messages=[QUESTION], think=True),
        "does not support insert": lambda: asking.generate(MODEL, "def f(", suffix="return"),
    }
    for words, call in calls.items():
        with pytest.raises(ollama.ResponseError, match=words) as caught:
            call()
        assert caught.value.status_code == 400


def test_a_picture_that_is_none_is_told(asking: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="Image 1 of 1") as caught:
        asking.generate(MODEL, "What is this?", images=[b"no picture"])
    assert caught.value.status_code == 400


def test_who_leaves_in_mid_stream_frees_the_chip_for_the_next(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    with client(daemon) as one:
        stream: Any = one.chat(MODEL, messages=[QUESTION], stream=True, options={"num_predict": 500})
        assert next(stream).message.content
        stream.close()
        daemon.wait_for(lambda: daemon.get("/health")[1]["jobs"]["cancelled"] == 1)
        assert one.generate(MODEL, "Hello", options={"num_predict": 1}).done


def test_an_empty_request_unloads_the_model_and_another_loads_it(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"load_s": 0.2}).wait_until_ready()
    with client(daemon) as one:
        assert one.chat(MODEL, messages=[], keep_alive=0).done_reason == "unload"
        daemon.wait_for(lambda: not one.ps().models)
        assert one.generate(MODEL).done_reason == "load"
        assert one.ps().models
        assert one.generate(MODEL, keep_alive=0).done_reason == "unload"
        daemon.wait_for(lambda: not one.ps().models)
        answer = one.chat(MODEL, messages=[{"role": "user", "content": "Hello"}])
    assert answer.load_duration
    assert answer.total_duration is not None
    assert answer.total_duration > answer.load_duration >= 200_000_000
