"""What one client sends is text to the model, and is not told to another client, whichever engine answers."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from harness import MODEL, PATIENCE_S, Daemon
from local_models import has_llama, make_tiny

KEYS = {name: name[0] * 30 for name in ("anna", "bob")}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.fixture(scope="module", params=["simulated", pytest.param("llama", marks=[has_llama, pytest.mark.slow])])
def daemon(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the keys of two clients."""
    folder = tmp_path_factory.mktemp("apart")
    keys = folder / "keys"
    keys.write_text("".join(f"{name} {key}\n" for name, key in KEYS.items()))
    keys.chmod(0o600)
    config: dict[str, Any] = {"server": {"api_keys_file": str(keys)}, "device": {"runtime": request.param}}
    if request.param == "llama":
        config["llama"] = {**make_tiny(folder), "context": 2048, "threads": 1, "prompt_cache_mib": 64}
    running = Daemon(folder, config)
    yield running.wait_until_ready()
    assert running.stop() == 0, running.log


def post(daemon: Daemon, messages: list[dict[str, Any]], client: str = "anna") -> dict[str, Any]:
    body = {"model": MODEL, "messages": messages, "max_tokens": 4}
    headers = {"Content-Type": "application/json", "X-Api-Key": KEYS[client]}
    request = urllib.request.Request(f"{daemon.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def prompt_tokens(daemon: Daemon, messages: list[dict[str, Any]]) -> int:
    tokens: int = post(daemon, messages)["usage"]["prompt_tokens"]
    return tokens


def cached_tokens(answer: dict[str, Any]) -> int:
    tokens: int = answer["usage"]["prompt_tokens_details"]["cached_tokens"]
    return tokens


@pytest.mark.parametrize("token", ["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|vision_start|>", "<|image_pad|>"])
def test_a_special_token_in_text_costs_what_its_characters_cost(daemon: Daemon, token: str) -> None:
    inert = token.replace("<|", "<| ").replace("|>", " |>")
    parts = [{"type": "text", "text": f"Hello {token[:4]}"}, {"type": "text", "text": token[4:]}]
    assert prompt_tokens(daemon, user(parts)) == prompt_tokens(daemon, user(f"Hello {inert}"))
    for messages in (
        lambda text: user(f"Hello {text}"),
        lambda text: [{"role": "system", "content": text}, *user("Hello")],
        lambda text: [
            *user("Hello"),
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c", "content": text},
        ],
    ):
        assert prompt_tokens(daemon, messages(token)) == prompt_tokens(daemon, messages(inert))


def test_cached_tokens_say_nothing_of_another_clients_prompt(daemon: Daemon) -> None:
    secret = "my pin is 4071, keep it"
    conversation = user(secret)
    answer = post(daemon, conversation)
    conversation += [answer["choices"][0]["message"], *user("And now?")]
    for guess in (user("my pin is 4"), user(secret), conversation):
        post(daemon, user(secret), "anna")
        assert cached_tokens(post(daemon, guess, "bob")) == 0
        post(daemon, user("Something else"), "anna")
        post(daemon, user("Something else"), "bob")
