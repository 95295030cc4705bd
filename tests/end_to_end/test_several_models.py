"""A list of models in the configuration: each is answered by name on every surface, beside the others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness import MODEL, Daemon, photo
from local_models import has_llama, has_smollm2, smollm2

ENGINE = "x-hailo-vision-engine"
SAID = [{"role": "user", "content": "Hello?"}]
ASKED = [
    ("/v1/chat/completions", {"messages": SAID, "max_tokens": 4}),
    ("/v1/completions", {"prompt": "Hello", "max_tokens": 4}),
    ("/v1/responses", {"input": "Hello?", "max_output_tokens": 16}),
    ("/api/chat", {"messages": SAID, "stream": False}),
    ("/api/generate", {"prompt": "Hello", "stream": False}),
    ("/v1/vision/caption", {"image": photo("launch-pad.jpg"), "max_tokens": 4}),
]


@pytest.fixture(scope="module")
def several(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The chip's model, and two of a server: one that gets pictures, one that doesn't and stands in for the chip's."""
    there = {"engine": "remote", "base_url": f"{daemon.url}/v1", "remote_name": MODEL}
    models: list[dict[str, Any]] = [
        {"name": "chip", "aliases": ["gpt-4o"], "engine": "simulated", "fallback": ["words"]},
        {"name": "nas", "send_pictures_away": True, **there},
        {"name": "words", **there},
    ]
    running = Daemon(tmp_path_factory.mktemp("several"), {"models": models})
    running.wait_for(lambda: all(one["state"] == "ready" for one in running.get("/health")[1]["models"]))
    yield running
    assert running.stop() == 0, running.log


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
@pytest.mark.parametrize(("name", "engine"), [("chip", "simulated"), ("gpt-4o", "simulated"), ("nas", "remote")])
def test_each_model_is_answered_by_its_own_engine(
    several: Daemon, path: str, body: dict[str, Any], name: str, engine: str
) -> None:
    status, headers, answer = several.request("POST", path, {"model": name, **body})
    assert status == 200, answer
    assert headers[ENGINE] == engine


def test_a_model_whose_server_may_see_no_pictures_refuses_them_by_name(several: Daemon) -> None:
    status, answer = several.post({"model": "words", "image": photo("launch-pad.jpg")}, "/v1/vision/caption")
    assert (status, answer["error"]["code"]) == (400, "pictures_stay_here")


def test_every_list_has_all_models(several: Daemon) -> None:
    names = {"chip", "gpt-4o", "nas", "words"}
    assert {entry["id"] for entry in several.get("/v1/models")[1]["data"]} == names
    assert {entry["name"].removesuffix(":latest") for entry in several.get("/api/tags")[1]["models"]} == names
    assert {one["model"] for one in several.get("/health")[1]["models"]} == {"chip", "nas", "words"}
    assert several.post({"model": "nas"}, "/api/show")[0] == 200


@pytest.mark.slow
def test_the_fallback_of_a_model_is_another_model(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> None:
    there = {"engine": "remote", "base_url": f"{daemon.url}/v1", "remote_name": MODEL}
    models = [{"name": "chip", "engine": "simulated", "fallback": ["nas"]}, {"name": "nas", **there}]
    config = {"simulator": {"fault": "wedge_in_load"}, "models": models}
    running = Daemon(tmp_path_factory.mktemp("fallback"), config)
    running.wait_for(lambda: running.post({"model": "chip", "messages": SAID, "max_tokens": 1})[0] == 200)
    _, headers, answer = running.request(
        "POST", "/v1/chat/completions", {"model": "chip", "messages": SAID, "max_tokens": 1}
    )
    assert (headers[ENGINE], answer["model"]) == ("remote", "chip")
    assert running.stop() == 0, running.log


@pytest.mark.slow
@has_llama
@has_smollm2
def test_two_models_of_llama_cpp_answer_beside_each_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = smollm2()
    entry = {"engine": "llama", "kind": "text", "file": own["model"], "context": 512}
    models = [{"name": "one", **entry}, {"name": "two", **entry}]
    running = Daemon(tmp_path_factory.mktemp("two"), {"llama": {"threads": 1}, "models": models})
    for name in ("one", "two"):
        running.wait_for(lambda name=name: running.post({"model": name, "messages": SAID, "max_tokens": 1})[0] == 200)
    with ThreadPoolExecutor(2) as pool:
        bodies = [{"model": name, "messages": SAID, "max_tokens": 8} for name in ("one", "two")]
        answers = list(pool.map(running.post, bodies))
    assert [(status, answer["model"]) for status, answer in answers] == [(200, "one"), (200, "two")]
    assert {entry["name"] for entry in running.get("/api/ps")[1]["models"]} == {"one:latest", "two:latest"}
    assert running.stop() == 0, running.log
