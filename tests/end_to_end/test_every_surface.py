"""One table: every surface over every kind of engine tells the same truth of an answer, in its reply and in the log."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from harness import MODEL, Daemon, photo
from local_models import has_llama, has_smollm2, smollm2

ENGINE = "x-hailo-vision-engine"
STREAM_OPTIONS = {
    path: {"stream_options": {"include_usage": True}} for path in ("/v1/chat/completions", "/v1/completions")
}
SAID = [{"role": "user", "content": "Tell me about the sea."}]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a reply says: tokens of the prompt and of the answer, and why it ended."""

    prompt: int
    completion: int
    reason: str


def openai(answer: Any) -> Told:
    choice = answer["choices"][0] if "choices" in answer else answer
    usage = answer["usage"]
    return Told(
        prompt=usage["prompt_tokens"], completion=usage["completion_tokens"], reason=str(choice["finish_reason"])
    )


def one_of_many(answer: Any) -> Told:
    (result,) = answer["results"]
    return openai({**result, "usage": answer["usage"]})


def responses(answer: Any) -> Told:
    usage = answer["usage"]
    reason = "length" if answer["status"] == "incomplete" else "stop"
    return Told(prompt=usage["input_tokens"], completion=usage["output_tokens"], reason=reason)


def ollama(answer: Any) -> Told:
    return Told(prompt=answer["prompt_eval_count"], completion=answer["eval_count"], reason=answer["done_reason"])


def anthropic(answer: Any) -> Told:
    """Its `input_tokens` are those that were not cached."""
    usage = answer["usage"]
    prompt = usage["input_tokens"] + usage["cache_read_input_tokens"]
    reason = {"max_tokens": "length", "end_turn": "stop"}[answer["stop_reason"]]
    return Told(prompt=prompt, completion=usage["output_tokens"], reason=reason)


def events(stream: str) -> list[Any]:
    """The server-sent events of a stream, without the one that only ends it."""
    lines = (line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: "))
    return [json.loads(line) for line in lines if line != "[DONE]"]


def openai_stream(stream: str) -> Told:
    parts = events(stream)
    assert stream.endswith("data: [DONE]\n\n")
    reasons = [choice["finish_reason"] for part in parts for choice in part["choices"] if choice["finish_reason"]]
    [usage] = [part["usage"] for part in parts if part.get("usage")]
    return Told(prompt=usage["prompt_tokens"], completion=usage["completion_tokens"], reason=", ".join(reasons))


def responses_stream(stream: str) -> Told:
    last = events(stream)[-1]
    assert last["type"] in ("response.completed", "response.incomplete")
    return responses(last["response"])


def anthropic_stream(stream: str) -> Told:
    first, *_, delta, last = events(stream)
    assert (first["type"], delta["type"], last["type"]) == ("message_start", "message_delta", "message_stop")
    return anthropic({**delta["delta"], "usage": delta["usage"]})


def ollama_stream(stream: str) -> Told:
    *parts, last = map(json.loads, stream.splitlines())
    assert not any(part["done"] for part in parts)
    return ollama(last)


@dataclass(frozen=True, kw_only=True)
class Surface:
    path: str
    body: dict[str, Any]
    told: Callable[[Any], Told]
    told_by_stream: Callable[[str], Told] | None
    logprobs: dict[str, Any] | None
    sees: bool = False


PICTURE = photo("launch-pad.jpg")
SURFACES = [
    Surface(
        path="/v1/chat/completions",
        body={"messages": SAID, "max_tokens": 8},
        told=openai,
        told_by_stream=openai_stream,
        logprobs={"logprobs": True, "top_logprobs": 1},
    ),
    Surface(
        path="/v1/completions",
        body={"prompt": "The sea", "max_tokens": 8},
        told=openai,
        told_by_stream=openai_stream,
        logprobs={"logprobs": 1},
    ),
    Surface(
        path="/v1/responses",
        body={"input": "Tell me about the sea.", "max_output_tokens": 8},
        told=responses,
        told_by_stream=responses_stream,
        logprobs={"include": ["message.output_text.logprobs"]},
    ),
    Surface(
        path="/api/chat",
        body={"messages": SAID, "stream": False, "options": {"num_predict": 8}},
        told=ollama,
        told_by_stream=ollama_stream,
        logprobs={"logprobs": True},
    ),
    Surface(
        path="/api/generate",
        body={"prompt": "The sea", "stream": False, "options": {"num_predict": 8}},
        told=ollama,
        told_by_stream=ollama_stream,
        logprobs={"logprobs": True},
    ),
    Surface(
        path="/v1/messages",
        body={"messages": SAID, "max_tokens": 8},
        told=anthropic,
        told_by_stream=anthropic_stream,
        logprobs=None,
    ),
    Surface(
        path="/v1/vision/caption",
        body={"image": PICTURE, "max_tokens": 8},
        told=openai,
        told_by_stream=None,
        logprobs=None,
        sees=True,
    ),
    Surface(
        path="/v1/vision/vqa",
        body={"image": PICTURE, "question": "What colours?", "max_tokens": 8},
        told=openai,
        told_by_stream=None,
        logprobs=None,
        sees=True,
    ),
    Surface(
        path="/v1/vision/analyze",
        body={"images": [PICTURE], "prompt": "What colours?", "max_tokens": 8},
        told=one_of_many,
        told_by_stream=None,
        logprobs=None,
        sees=True,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Served:
    """A daemon, the model to ask for, the engine that is to answer, and what that can."""

    daemon: Daemon
    engine: str
    model: str = MODEL
    sees: bool = True
    gives_logprobs: bool = False


@pytest.fixture(
    scope="module",
    params=["chip", pytest.param("llama", marks=[has_llama, has_smollm2]), "remote", "fallback", "named fallback"],
)
def served(
    request: pytest.FixtureRequest, daemon: Daemon, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    remote = {"base_url": f"{daemon.url}/v1", "model": MODEL, "retries": 0}
    pictures = {"fallback": "remote", "send_pictures_away": True}
    match request.param:
        case "chip":
            yield Served(daemon=daemon, engine="simulated")
            return
        case "llama":
            config: dict[str, Any] = {"device": {"runtime": "llama"}, "llama": smollm2()}
            made = {"engine": "llama", "sees": False, "gives_logprobs": True}
        case "remote":
            config, made = {"device": {"runtime": "remote"}, "remote": remote}, {"engine": "remote"}
        case "fallback":
            config = {"simulator": {"fault": "wedge_in_load"}, "remote": remote, "routing": pictures}
            made = {"engine": "remote"}
        case _:
            config = {"model": {"fallback_name": "nas"}, "remote": remote, "routing": pictures}
            made = {"engine": "remote", "model": "nas"}
    running = Daemon(tmp_path_factory.mktemp("served"), config)
    named = Served(daemon=running, **made)  # type: ignore[arg-type]
    hello = {"model": named.model, "messages": SAID, "max_tokens": 1}
    running.wait_for(lambda: running.post(hello)[0] == 200)
    yield named
    assert running.stop() == 0, running.log


def asked(served: Served, surface: Surface, **more: Any) -> tuple[int, Any, Any]:
    if surface.sees and not served.sees:
        pytest.skip("its model takes no pictures")
    return served.daemon.request("POST", surface.path, {"model": served.model, **surface.body, **more})


def log_line(daemon: Daemon, request_id: str) -> dict[str, str]:
    line = daemon.wait_for(lambda: re.search(rf"request request_id={request_id} .*", daemon.log))
    return dict(word.split("=", 1) for word in line[0].split() if "=" in word)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.path)
def test_usage_reason_engine_and_log_agree(served: Served, surface: Surface) -> None:
    status, headers, answer = asked(served, surface)
    assert status == 200, answer
    assert headers[ENGINE] == served.engine
    told, line = surface.told(answer), log_line(served.daemon, headers["x-request-id"])
    assert told.prompt > 0
    assert 0 < told.completion <= 8
    assert told.reason in ("stop", "length")
    assert (int(line["prompt_tokens"]), int(line["completion_tokens"])) == (told.prompt, told.completion)
    assert (line["engine"], line["model"]) == (served.engine, served.model)


@pytest.mark.parametrize(
    "surface", [one for one in SURFACES if one.told_by_stream is not None], ids=lambda surface: surface.path
)
def test_a_stream_tells_the_same_as_the_log(served: Served, surface: Surface) -> None:
    assert surface.told_by_stream is not None
    status, headers, stream = asked(served, surface, stream=True, **STREAM_OPTIONS.get(surface.path, {}))
    assert status == 200, stream
    assert headers[ENGINE] == served.engine
    told, line = surface.told_by_stream(stream), log_line(served.daemon, headers["x-request-id"])
    assert told.prompt > 0
    assert 0 < told.completion <= 8
    assert told.reason in ("stop", "length")
    assert (int(line["prompt_tokens"]), int(line["completion_tokens"])) == (told.prompt, told.completion)
    assert (line["engine"], line["model"]) == (served.engine, served.model)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.path)
def test_a_model_that_is_not_served_is_told_in_the_dialects_form(served: Served, surface: Surface) -> None:
    status, _, answer = asked(served, surface, model="no-such-model")
    assert status == 404
    message = answer["error"] if surface.path.startswith("/api/") else answer["error"]["message"]
    assert "no-such-model" in message


@pytest.mark.parametrize(
    "surface", [one for one in SURFACES if one.logprobs is not None], ids=lambda surface: surface.path
)
def test_log_probabilities_come_from_an_engine_that_gives_them_and_are_refused_by_name_else(
    served: Served, surface: Surface
) -> None:
    status, _, answer = asked(served, surface, **(surface.logprobs or {}))
    if served.gives_logprobs:
        assert status == 200
        assert '"logprob' in str(answer).replace("'", '"')
        assert "top_logprobs" in str(answer)
    else:
        assert status == 400
        assert served.engine in str(answer["error"]) or "simulated" in str(answer["error"])


def test_several_answers_to_one_prompt_count_it_once(served: Served) -> None:
    body = {"model": served.model, "prompt": "Hello there", "max_tokens": 4}
    _, one = served.daemon.post(body, "/v1/completions")
    _, headers, three = served.daemon.request("POST", "/v1/completions", {**body, "n": 3})
    assert three["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]
    line = log_line(served.daemon, headers["x-request-id"])
    assert int(line["completion_tokens"]) == three["usage"]["completion_tokens"]


def test_a_count_of_a_prompt_is_what_usage_says_of_it(served: Served) -> None:
    body = {"model": served.model, "messages": SAID}
    status, headers, counted = served.daemon.request("POST", "/v1/messages/count_tokens", body)
    assert (status, headers[ENGINE]) == (200, served.engine)
    assert counted["input_tokens"] == anthropic(served.daemon.post({**body, "max_tokens": 2}, "/v1/messages")[1]).prompt


def test_work_that_can_wait_is_heard_on_every_surface_that_knows_the_word(served: Served) -> None:
    body = {"model": served.model, "input": "Hi", "max_output_tokens": 1, "service_tier": "flex"}
    assert served.daemon.post(body, "/v1/responses")[1]["service_tier"] == "flex"


def test_what_is_said_of_the_models_is_one_truth(served: Served) -> None:
    models = {entry["id"]: entry for entry in served.daemon.get("/v1/models")[1]["data"]}
    tags = {entry["name"].removesuffix(":latest"): entry for entry in served.daemon.get("/api/tags")[1]["models"]}
    assert set(models) == set(tags)
    shown = served.daemon.post({"model": served.model}, "/api/show")[1]
    assert ("vision" in shown["capabilities"]) is ("image" in models[served.model]["input_modalities"])
    if not served.sees:
        assert models[served.model]["input_modalities"] == ["text"]
        assert tags[served.model]["details"]["format"] == "gguf"
