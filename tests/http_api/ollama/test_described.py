"""The OpenAPI document says of Ollama's routes what is so."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hailo_vision.http_api.app import surfaces
from hailo_vision.http_api.ollama import parse
from hailo_vision.http_api.ollama import spec as ollama
from hailo_vision.http_api.openapi.document import document
from hailo_vision.http_api.web.parsed import priority
from hailo_vision.http_api.web.routes import Routes
from hailo_vision.serving.served import Target
from harness import MODEL, Daemon
from http_api.openapi.test_openapi import Watched

DOCUMENT = document(Routes(surfaces()).all, "1.2.3")
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "logprobs": False}
GENERATE = {"model": MODEL, "prompt": "Hi"}


@pytest.mark.parametrize(
    ("read", "described", "example"),
    [(parse.chat, ollama.CHAT, CHAT), (parse.generate, ollama.GENERATE, GENERATE)],
)
def test_every_parameter_that_is_read_is_described_and_none_that_is_not(
    read: Any, described: Any, example: dict[str, Any]
) -> None:
    body = Watched(example)
    read(body, Target(name=MODEL))
    priority(body)
    assert body.looked_for == set(described.body["properties"])


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/api/chat", {**CHAT, "stream": False}, ollama.CHAT),
        ("/api/generate", {**GENERATE, "stream": False}, ollama.GENERATE),
        ("/api/show", {"model": MODEL}, ollama.SHOW),
        ("/api/pull", {"model": MODEL, "stream": False}, ollama.PULL),
    ],
)
def test_what_it_says_of_an_answer_is_so(daemon: Daemon, path: str, body: dict[str, Any], told: Any) -> None:
    Draft202012Validator(told.body).validate(body)
    status, answer = daemon.post(body, path)
    assert status == 200
    Draft202012Validator(told.reply).validate(answer)


@pytest.mark.parametrize("path", ["/api/version", "/api/tags", "/api/ps"])
def test_what_it_says_of_what_there_is_is_so(daemon: Daemon, path: str) -> None:
    told = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(told).validate(daemon.get(path)[1])


def test_errors_and_streams_are_told_in_ollamas_form(daemon: Daemon) -> None:
    responses = DOCUMENT["paths"]["/api/chat"]["post"]["responses"]
    assert "application/x-ndjson" in responses["200"]["content"]
    reference = responses["404"]["content"]["application/json"]["schema"]["$ref"]
    schema = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
    Draft202012Validator(schema).validate(daemon.post({"model": "x"}, "/api/chat")[1])
    assert "OllamaError" not in json.dumps(DOCUMENT["paths"]["/v1/chat/completions"])
