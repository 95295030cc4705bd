"""Every kind of answer and error, by the front door, is what the published specification says."""

import json
import urllib.request
from typing import Any

import pytest
from published import chunks, holds

from harness import Daemon, ask, photo

PHOTO = photo("launch-pad.jpg")
FORM = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "required": ["colour"]}}}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
KINDS: dict[str, dict[str, Any]] = {
    "words": ask("Hello!"),
    "a picture": ask("What colours are these?", PHOTO),
    "cut": ask("Describe it in detail.", PHOTO, max_tokens=5),
    "three choices": ask("Hello!", n=3),
    "an object": ask("Describe it.", PHOTO, response_format={"type": "json_object"}),
    "a form": ask("Describe it.", PHOTO, response_format=FORM),
    "a form that was cut": ask("Describe it.", PHOTO, response_format=FORM, max_tokens=5),
    "a call": ask("What is the weather in Paris?", tools=[WEATHER]),
    "words and a call": ask("What is the weather in Paris? But explain first.", tools=[WEATHER]),
    "words with tools": ask("Hello!", tools=[WEATHER]),
    "two choices of calls": ask("What is the weather in Paris?", tools=[WEATHER], n=2),
}


def stream(daemon: Daemon, body: dict[str, Any]) -> str:
    data = json.dumps({**body, "stream": True}).encode()
    request = urllib.request.Request(f"{daemon.url}/v1/chat/completions", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        text: str = response.read().decode()
        return text


def put_together(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The choices that chunks come to, as a client adds them up."""
    found: dict[int, dict[str, Any]] = {}
    for choice in (choice for part in parts for choice in part["choices"]):
        whole = found.setdefault(choice["index"], {"content": "", "calls": {}})
        delta = choice["delta"]
        whole["content"] += delta.get("content", "")
        for call in delta.get("tool_calls", []):
            whole["calls"][call["index"]] = call["function"]
        whole["reason"] = choice["finish_reason"]
    return [found[index] for index in sorted(found)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_answer_is_as_published(daemon: Daemon, kind: str) -> None:
    status, answer = daemon.post(KINDS[kind])
    assert status == 200, answer
    holds("chat_completion", answer)
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shows_usage", [True, False])
def test_a_stream_is_as_published_and_says_what_the_whole_answer_says(
    daemon: Daemon, kind: str, shows_usage: bool
) -> None:
    whole = daemon.post(KINDS[kind])[1]
    parts = chunks(stream(daemon, {**KINDS[kind], "stream_options": {"include_usage": shows_usage}}))
    assert parts[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [("usage" in part) for part in parts] == [shows_usage] * len(parts)
    choices = put_together(parts)
    assert len(choices) == len(whole["choices"])
    for said, choice in zip(choices, whole["choices"], strict=True):
        assert said["content"] == (choice["message"]["content"] or "")
        assert said["reason"] == choice["finish_reason"]
        calls = [call["function"] for call in choice["message"].get("tool_calls", [])]
        assert list(said["calls"].values()) == calls
    if shows_usage:
        assert parts[-1]["usage"] == whole["usage"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/chat/completions", {}, 400),
        ("POST", "/v1/chat/completions", b"{", 400),
        ("POST", "/v1/chat/completions", b"[]", 400),
        ("POST", "/v1/chat/completions", ask("Hi", n=9), 400),
        ("POST", "/v1/chat/completions", ask("word " * 3000), 400),
        ("POST", "/v1/chat/completions", ask("Hi", "data:image/png;base64,AAAA"), 400),
        ("POST", "/v1/chat/completions", {**ask("Hi"), "model": "gpt-5"}, 404),
        ("POST", "/v1/chat/completions", ask("weather, always wrong", tools=[WEATHER], tool_choice="required"), 500),
        ("GET", "/v1/chat/completions", None, 405),
        ("GET", "/v1/nothing", None, 404),
    ],
)
def test_an_error_is_as_published(daemon: Daemon, method: str, path: str, body: Any, status: int) -> None:
    got, _, answer = daemon.request(method, path, body)
    assert got == status
    holds("error", answer)
