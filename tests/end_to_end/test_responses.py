"""POST /v1/responses by the front door: the SDK, its stream helper, and the bytes on the wire."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from event_stream import named_events
from shapes import fits

from harness import MODEL, Daemon, photo

Start = Callable[..., Daemon]
PATH = "/v1/responses"


def looking(question: str, *images: str) -> list[Any]:
    parts = [{"type": "input_image", "image_url": image, "detail": "auto"} for image in images]
    return [{"role": "user", "content": [*parts, {"type": "input_text", "text": question}]}]


def asking(question: str, **options: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": question, **options}


def events(daemon: Daemon, body: dict[str, Any]) -> list[dict[str, Any]]:
    return named_events(daemon, body, PATH)


def test_the_sdk_gets_an_answer_about_a_picture(daemon: Daemon) -> None:
    response = daemon.client.responses.create(
        model=MODEL, input=looking("What colours are in this photo?", photo("launch-pad.jpg")), instructions="Be brief."
    )
    assert "blue" in response.output_text.lower()
    assert (response.status, response.error, response.instructions) == ("completed", None, "Be brief.")
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_a_response_has_every_key_of_the_specification(daemon: Daemon) -> None:
    status, response = daemon.post(asking("Hello!", metadata={"a": "b"}, store=True), PATH)
    assert status == 200
    assert fits("response", response)
    assert response["metadata"] == {"a": "b"}
    assert response["store"] is False


def test_the_stream_helper_reads_what_a_whole_answer_says(daemon: Daemon) -> None:
    question = looking("Describe.", photo("launch-pad.jpg"))
    whole = daemon.client.responses.create(model=MODEL, input=question)
    with daemon.client.responses.stream(model=MODEL, input=question) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert len(deltas) > 10
    assert "".join(deltas) == final.output_text == whole.output_text
    assert final.usage == whole.usage


async def test_the_asynchronous_sdk_reads_a_stream(daemon: Daemon) -> None:
    async with openai.AsyncOpenAI(base_url=f"{daemon.url}/v1", api_key="unused", max_retries=0) as client:
        stream = await client.responses.create(model=MODEL, input="Hello!", stream=True)
        kinds = [event.type async for event in stream]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


def test_every_event_on_the_wire_is_one_of_the_specification(daemon: Daemon) -> None:
    found = events(daemon, asking("Hello!"))
    assert all(fits("response_event", event) for event in found)
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert len({event["response"]["id"] for event in found if "response" in event}) == 1


@pytest.mark.parametrize("limit", [1, 5])
def test_an_answer_that_is_cut_is_incomplete(daemon: Daemon, limit: int) -> None:
    response = daemon.client.responses.create(model=MODEL, input="Hello!", max_output_tokens=limit)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.usage is not None
    assert response.usage.output_tokens == limit
    assert events(daemon, asking("Hello!", max_output_tokens=limit))[-1]["type"] == "response.incomplete"


def test_a_conversation_goes_on_with_what_was_answered(daemon: Daemon) -> None:
    client = daemon.client
    question = looking("Describe.", photo("coffee-cup.jpg"))
    first = client.responses.create(model=MODEL, input=question)
    answered = [item.model_dump() for item in first.output]
    second = client.responses.create(
        model=MODEL, input=[*question, *answered, {"role": "user", "content": "What colours did it have?"}]
    )
    assert "brown" in second.output_text.lower()


def test_a_bad_picture_is_refused_by_its_place(daemon: Daemon) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        daemon.client.responses.create(model=MODEL, input=looking("What?", "data:image/png;base64,AAAA"))
    assert refused.value.param == "input[0].content[0].image_url"


def test_a_conversation_that_is_too_long_is_refused_as_input(daemon: Daemon) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        daemon.client.responses.create(model=MODEL, input="word " * 3000)
    assert (refused.value.param, refused.value.code) == ("input", "context_length_exceeded")


def test_a_failure_under_way_ends_the_stream_with_an_error_and_a_failed_response(start: Start) -> None:
    daemon = start(simulator={"fault": "lost_in_decode"}).wait_until_ready()
    *_, error, failed = events(daemon, asking("Hello!"))
    assert (error["type"], error["code"]) == ("error", "device_unavailable")
    assert fits("response_event", failed)
    assert failed["type"] == "response.failed"
    (item,) = failed["response"]["output"]
    assert item["content"][0]["text"]


def test_a_failure_before_the_first_event_is_a_status(start: Start) -> None:
    daemon = start(simulator={"fault": "lost_in_prefill"}).wait_until_ready()
    status, answer = daemon.post(asking("Hello!", stream=True), PATH)
    assert (status, answer["error"]["code"]) == (503, "device_unavailable")


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("GET", "/v1/responses/resp_1", "not stored"),
        ("DELETE", "/v1/responses/resp_1", "not stored"),
        ("GET", "/v1/responses/resp_1/input_items", "not stored"),
        ("POST", "/v1/responses/resp_1/cancel", "not stored"),
        ("POST", "/v1/responses/input_tokens", "usage"),
    ],
)
def test_what_needs_a_store_is_not_there_and_says_so(daemon: Daemon, method: str, path: str, word: str) -> None:
    status, _, answer = daemon.request(method, path, {} if method == "POST" else None)
    assert (status, answer["error"]["code"]) == (404, "not_found")
    assert word in answer["error"]["message"]
