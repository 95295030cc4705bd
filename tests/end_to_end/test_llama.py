"""The daemon over llama.cpp, with a real language model and a tiny one that sees, by the front door."""

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness import MODEL, PATIENCE_S, Daemon, ask, photo, posting
from local_models import SMOLLM2, has_llama, has_smollm2, make_tiny, smollm2

pytestmark = [has_llama, pytest.mark.slow]

COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}
LOOK = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Look in a direction.",
        "parameters": {
            "type": "object",
            "properties": {"where": {"enum": ["left", "right"]}},
            "required": ["where"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon over SmolLM2."""
    if not SMOLLM2.exists():
        pytest.skip("no SmolLM2 here: scripts/models gets it")
    running = Daemon(tmp_path_factory.mktemp("speaker"), {"device": {"runtime": "llama"}, "llama": smollm2()})
    yield running.wait_until_ready()
    assert running.stop() == 0, running.log


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon over SmolLM2 that answers two at a time."""
    if not SMOLLM2.exists():
        pytest.skip("no SmolLM2 here: scripts/models gets it")
    config = {"device": {"runtime": "llama"}, "llama": smollm2(slots=2), "generation": {"max_tokens_limit": 2000}}
    running = Daemon(tmp_path_factory.mktemp("twin"), config)
    yield running.wait_until_ready()
    assert running.stop() == 0, running.log


@pytest.fixture(scope="module")
def seer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon over the tiny random Qwen2-VL."""
    folder = tmp_path_factory.mktemp("seer")
    wanted = {**make_tiny(folder), "threads": 1, "image_max_tokens": 64, "prompt_cache_mib": 64}
    running = Daemon(folder, {"device": {"runtime": "llama"}, "llama": wanted})
    yield running.wait_until_ready()
    assert running.stop() == 0, running.log


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon over the tiny model, with a template that has tools."""
    folder = tmp_path_factory.mktemp("caller")
    wanted = {**make_tiny(folder, "tools"), "mmproj": None, "threads": 1, "prompt_cache_mib": 64}
    running = Daemon(folder, {"device": {"runtime": "llama"}, "llama": wanted})
    yield running.wait_until_ready()
    assert running.stop() == 0, running.log


def answer_of(daemon: Daemon, body: Any) -> dict[str, Any]:
    status, answer = daemon.post(body)
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


def text_of(answer: dict[str, Any]) -> str:
    text: str = answer["choices"][0]["message"]["content"]
    return text


def children(daemon: Daemon) -> list[int]:
    told = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()
    return [
        int(pid) for pid in told if b"hailo_vision.engines.llama.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def unix(path: Path) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX)
    connected.connect(str(path))
    return connected


def is_there(pid: int) -> bool:
    """Whether it runs; one that is dead and not yet buried has no command line."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


def test_a_real_model_answers(speaker: Daemon) -> None:
    answer = answer_of(speaker, ask("Write one sentence about dogs.", max_tokens=30))
    assert "dog" in text_of(answer).lower()
    assert answer["usage"]["prompt_tokens"] > 10
    assert answer["performance"]["prefill_ms"] > 0


def test_an_answer_is_repeatable_as_greedy_is_the_default(speaker: Daemon) -> None:
    body = ask("Tell me about the sea.", max_tokens=20)
    assert text_of(answer_of(speaker, body)) == text_of(answer_of(speaker, body))


def test_what_was_asked_before_is_in_the_prompt_cache(speaker: Daemon) -> None:
    body = ask("Tell me about mountains, in a few words.", max_tokens=5)
    first, second = answer_of(speaker, body), answer_of(speaker, body)
    assert second["usage"]["prompt_tokens"] == first["usage"]["prompt_tokens"]
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] > 10


def test_a_stream_says_what_a_whole_answer_says(speaker: Daemon) -> None:
    body = ask("Name three animals.", max_tokens=24)
    chunks = list(speaker.client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True}))
    words = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    whole = answer_of(speaker, body)
    assert "".join(words) == text_of(whole)
    assert len([word for word in words if word]) > 5
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens == whole["usage"]["completion_tokens"]


def test_a_stop_string_ends_the_answer_and_is_not_in_it(speaker: Daemon) -> None:
    whole = text_of(answer_of(speaker, ask("Name three animals.", max_tokens=24)))
    stop = whole.split()[2]
    answer = answer_of(speaker, ask("Name three animals.", max_tokens=24, stop=[stop]))
    assert text_of(answer) == whole.partition(stop)[0]
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_a_schema_binds_every_token(speaker: Daemon) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "colour", "schema": COLOUR}}
    answer = answer_of(speaker, ask("Tell me a long story.", max_tokens=60, response_format=wanted))
    assert json.loads(text_of(answer))["colour"] in ("red", "green")
    assert answer["usage"]["prompt_tokens"] < 60  # the schema is no words in the prompt


def test_a_tool_that_must_be_called_is_called(speaker: Daemon) -> None:
    body = ask("Tell me a long story.", max_tokens=80, tools=[LOOK], tool_choice="required")
    (call,) = answer_of(speaker, body)["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "look"
    assert json.loads(call["function"]["arguments"])["where"] in ("left", "right")


# The tiny model says nothing of its own accord: these tokens begin a call where one may begin, and end after it.
BENT = {"logit_bias": {"258": 50, "261": 100}, "max_tokens": 400, "parallel_tool_calls": False}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "look"}}], ids=str)
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_whose_template_has_tools_calls_them_its_own_way(caller: Daemon, stream: bool, choice: Any) -> None:
    body = ask("Where is it?", tools=[LOOK], tool_choice=choice, **BENT)
    if stream:
        with caller.client.chat.completions.stream(**body) as events:
            made = events.get_final_completion()
    else:
        made = caller.client.chat.completions.create(**body)
    (call,) = made.choices[0].message.tool_calls or ()
    assert (made.choices[0].finish_reason, call.function.name) == ("tool_calls", "look")
    assert json.loads(call.function.arguments)["where"] in ("left", "right")
    assert not made.choices[0].message.content


def test_calls_and_their_results_go_back_to_the_model_its_own_way(caller: Daemon) -> None:
    question = {"role": "user", "content": "Where is it?"}
    function = {"name": "look", "arguments": '{"where": "left"}'}
    called = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": function}],
    }
    told = {"role": "tool", "tool_call_id": "a", "content": "nothing there"}
    short, long, offered = (
        answer_of(caller, {"model": MODEL, "messages": messages, "max_tokens": 2, **more})["usage"]["prompt_tokens"]
        for messages, more in (
            ([question], {}),
            ([question, called, told], {}),
            ([question, called, told], {"tools": [LOOK]}),
        )
    )
    # A token of this model is a letter: what the template makes of a call, of its result and of a tool is in the count.
    assert long - short > len('{"name": "look", "arguments": {"where": "left"}}') + len("nothing there")
    assert offered - long > len(json.dumps(LOOK))


def test_log_probabilities_come_with_the_tokens(speaker: Daemon) -> None:
    answer = answer_of(speaker, ask("Say yes.", max_tokens=4, logprobs=True, top_logprobs=2))
    content = answer["choices"][0]["logprobs"]["content"]
    assert "".join(entry["token"] for entry in content).startswith(text_of(answer)[:5])
    assert all(entry["logprob"] <= 0 and len(entry["top_logprobs"]) == 2 for entry in content)


def test_log_probabilities_stream_with_their_piece(speaker: Daemon) -> None:
    body = ask("Say yes.", max_tokens=4)
    chunks = list(speaker.client.chat.completions.create(**body, stream=True, logprobs=True))
    said = [choice for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert said
    assert all(choice.logprobs and choice.logprobs.content for choice in said)


def test_a_logit_bias_keeps_a_token_out(speaker: Daemon) -> None:
    body = ask("Say yes.", max_tokens=1, logprobs=True, top_logprobs=1)
    (entry,) = answer_of(speaker, body)["choices"][0]["logprobs"]["content"]
    first = text_of(answer_of(speaker, body))
    banned = {str(number): -100 for number in range(49152)}
    assert entry["token"] == first
    status, _ = speaker.post(ask("Say yes.", max_tokens=1, logit_bias={"0": -100}))
    assert status == 200
    assert speaker.post(ask("Say yes.", logit_bias=banned))[0] == 400  # more than anybody sends


def test_two_slots_answer_two_at_a_time_each_with_the_whole_context(twin: Daemon) -> None:
    assert twin.get("/v1/models")[1]["data"][0]["max_model_len"] == 2048
    long = ask("Count to a thousand.", max_tokens=1500, stream=True)
    with twin.client.chat.completions.create(**long) as first, twin.client.chat.completions.create(**long) as second:
        assert next(iter(first)).choices
        assert next(iter(second)).choices
        health = twin.get("/health")[1]
        queue = health["queue"]
        assert (health["state"], queue["running"], queue["slots"], queue["waiting"]) == ("busy", 2, 2, 0)
        with posting(twin, ask("Hi.", max_tokens=2)) as third:
            twin.wait_for(lambda: twin.get("/health")[1]["queue"]["waiting"] == 1)
            first.close()
            assert third.result()[0] == 200
    twin.wait_for(lambda: twin.get("/health")[1]["state"] == "ready")


@pytest.mark.parametrize("asked", ["chat", "completions"])
def test_two_choices_come_side_by_side_and_each_is_whole(twin: Daemon, asked: str) -> None:
    if asked == "chat":
        body = ask("Tell me about the sea.", max_tokens=40, n=2, temperature=1.0, seed=3)
        chunks = list(twin.client.chat.completions.create(**body, stream=True))
        heard = [(chunk.choices[0].index, chunk.choices[0].delta.content or "") for chunk in chunks if chunk.choices]
    else:
        given = {"prompt": "The sea", "max_tokens": 40, "n": 2, "temperature": 1.0, "seed": 3}
        parts = list(twin.client.completions.create(model=MODEL, **given, stream=True))
        heard = [(part.choices[0].index, part.choices[0].text) for part in parts if part.choices]
    order = [index for index, _ in heard]
    assert order != sorted(order)
    texts = ["".join(text for index, text in heard if index == choice) for choice in (0, 1)]
    assert texts[0] != texts[1]
    assert min(len(text) for text in texts) > 20


def test_choices_that_are_not_streamed_are_in_their_order(twin: Daemon) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "colour", "schema": COLOUR}}
    answer = answer_of(twin, ask("Red or green?", max_tokens=60, n=3, temperature=1.0, response_format=wanted))
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    for choice in answer["choices"]:
        assert json.loads(choice["message"]["content"])["colour"] in ("red", "green")


def test_a_schema_that_is_no_grammar_is_refused_by_llama_itself(speaker: Daemon) -> None:
    schema = {"type": "object", "properties": {"ids": {"type": "array", "minItems": 100_000}}, "required": ["ids"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "ids", "schema": schema}}
    status, answer = speaker.post(ask("Give me ids.", max_tokens=60, response_format=wanted))
    assert (status, answer["error"]["code"]) == (400, "not_taken_by_engine")
    assert speaker.post(ask("Hi.", max_tokens=2))[0] == 200


def test_pictures_are_refused_by_a_model_without_eyes(speaker: Daemon) -> None:
    status, answer = speaker.post(ask("What is this?", photo("launch-pad.jpg")))
    assert status == 400
    assert "takes no images" in answer["error"]["message"]
    assert answer["error"]["param"] == "messages[0].content[0].image_url.url"


def test_a_prompt_that_does_not_fit_is_told_with_its_numbers(speaker: Daemon) -> None:
    status, answer = speaker.post(ask("word " * 3000))
    assert status == 400
    assert answer["error"]["code"] == "context_length_exceeded"
    assert answer["error"]["n_ctx"] == 2048
    assert answer["error"]["n_prompt_tokens"] > 2048


def test_different_pictures_get_different_answers_and_are_counted(seer: Daemon) -> None:
    names = ("launch-pad.jpg", "coffee-cup.jpg")
    answers = [answer_of(seer, ask("What?", photo(name), max_tokens=12)) for name in names]
    assert text_of(answers[0]) != text_of(answers[1])
    without = answer_of(seer, ask("What?", max_tokens=12))["usage"]["prompt_tokens"]
    for answer in answers:
        assert 16 < answer["usage"]["prompt_tokens"] - without <= 64 + 2


def test_health_says_which_engine_and_why(seer: Daemon) -> None:
    _, health = seer.get("/health")
    assert health["runtime"] == "llama"
    assert health["runtime_reason"] == "the configuration names it"
    assert health["device"] == "tiny-qwen2vl.gguf on 1 thread"
    assert health["memory"]["worker_bytes"] > 1_000_000
    assert health["chip"] is None


def test_a_file_that_was_cut_off_is_said_to_be_that_and_not_tried_for_ever(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    whole = Path(make_tiny(tmp_path)["model"]).read_bytes()
    (tmp_path / "half.gguf").write_bytes(whole[: len(whole) // 2])
    running = start(device={"runtime": "llama"}, llama={"model": str(tmp_path / "half.gguf"), "mmproj": None})
    running.wait_for(lambda: running.get("/health")[1]["state"] == "failed")
    message = running.get("/health")[1]["models"][0]["message"]
    assert "corrupted or incomplete" in message
    assert "Not tried again until the service is restarted." in running.log
    assert "Traceback" not in running.log


def test_auto_takes_llama_where_there_is_a_model_and_no_chip(
    tmp_path: Path, start: Callable[..., Daemon], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tiny = make_tiny(tmp_path)
    running = start(device={"runtime": "auto", "path": str(tmp_path / "none")}, llama={**tiny, "threads": 1})
    running.wait_until_ready()
    _, health = running.get("/health")
    name = Path(tiny["model"]).name
    assert (health["runtime"], health["runtime_reason"]) == ("llama", f"there is no chip, but {name}")
    assert "engine runtime=llama because=" in running.log


def test_auto_takes_the_simulator_where_there_is_nothing(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    running = start(
        device={"runtime": "auto", "path": str(tmp_path / "none")}, llama={"model": str(tmp_path / "none.gguf")}
    )
    assert running.wait_until_ready().get("/health")[1]["runtime"] == "simulated"


def test_a_model_that_is_missing_is_told_with_what_to_do(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "llama"}, llama={"model": str(tmp_path / "none.gguf"), "mmproj": None})
    running.wait_for(lambda: "hailo-vision models pull" in running.get("/health/ready")[1]["message"])
    assert running.get("/health/ready")[0] == 503


def test_a_file_that_is_no_gguf_is_told(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    (tmp_path / "no.gguf").write_bytes(b"<!doctype html>")
    running = start(device={"runtime": "llama"}, llama={"model": str(tmp_path / "no.gguf"), "mmproj": None})
    running.wait_for(lambda: "is no GGUF file" in running.get("/health/ready")[1]["message"])


@has_smollm2
def test_a_child_that_is_killed_is_replaced_and_costs_one_answer(start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "llama"}, llama=smollm2(), generation={"max_tokens_limit": 2000})
    running.wait_until_ready()
    (pid,) = children(running)
    with posting(running, ask("Count to a thousand.", max_tokens=2000)) as posted:
        running.wait_for(lambda: running.get("/health")[1]["state"] == "busy")
        os.kill(pid, signal.SIGKILL)
        status, _, answer = posted.result()
    assert (status, answer["error"]["code"]) == (503, "device_unavailable")
    running.wait_until_ready()
    assert children(running) != [pid]
    assert running.get("/health")[1]["worker_restarts"] == 1
    assert running.post(ask("Hi.", max_tokens=2))[0] == 200


@has_smollm2
def test_a_child_that_is_killed_costs_every_answer_that_it_made(start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "llama"}, llama=smollm2(slots=2), generation={"max_tokens_limit": 2000})
    running.wait_until_ready()
    (pid,) = children(running)
    long = ask("Count to a thousand.", max_tokens=2000)
    with posting(running, long) as first, posting(running, long) as second:
        running.wait_for(lambda: running.get("/health")[1]["queue"]["running"] == 2)
        os.kill(pid, signal.SIGKILL)
        answers = [first.result(), second.result()]
    assert [(status, answer["error"]["code"]) for status, _, answer in answers] == [(503, "device_unavailable")] * 2
    running.wait_until_ready()
    assert running.get("/health")[1]["worker_restarts"] == 1
    assert running.post(ask("Hi.", max_tokens=2))[0] == 200


@has_smollm2
def test_no_child_outlives_the_daemon_not_even_a_killed_one(start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "llama"}, llama=smollm2())
    running.wait_until_ready()
    (pid,) = children(running)
    running.stop(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_there(pid)


@has_smollm2
def test_the_key_is_on_no_command_line_and_nobody_is_let_in_without_it(start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "llama"}, llama=smollm2(), logging={"level": "debug"})
    running.wait_until_ready()
    (pid,) = children(running)
    command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    assert command[1:] == [b"-P", b"-m", b"hailo_vision.engines.llama.child"]
    listening = running.wait_for(lambda: [line for line in running.log.splitlines() if "unix://" in line])
    place = Path(listening[0].partition("unix://")[2].split()[0])
    assert place.parent.stat().st_mode & 0o077 == 0
    with closing(http.client.HTTPConnection("llama")) as connection:
        connection.sock = unix(place)
        connection.request("POST", "/v1/chat/completions", "{}")
        assert connection.getresponse().status == 401


@has_smollm2
@pytest.mark.parametrize(
    "wanted",
    [
        {"kv_type": "q8_0"},
        {"kv_type": "q4_0", "flash_attention": "always"},
        {"flash_attention": "never"},
        {"speculative": "ngram"},
        {"speculative": "draft", "draft_model": str(SMOLLM2)},
        {"prompt_cache_mib": 0},
        {"slots": 3, "context": 512, "kv_type": "q8_0", "speculative": "ngram"},
    ],
    ids=str,
)
def test_every_option_is_taken_by_llama(wanted: dict[str, Any], start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "llama"}, llama=smollm2(**wanted)).wait_until_ready()
    answer = answer_of(running, ask("What is the capital of France?", max_tokens=16))
    assert text_of(answer).strip()
    assert answer["usage"]["completion_tokens"] <= 16
