"""A second engine answers where the first one can't, and the response says which one it was."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import MODEL, PATIENCE_S, Daemon, ask, photo, posting
from local_models import has_llama, make_tiny

ENGINE = "x-hailo-vision-engine"


def away(daemon: Daemon, **wanted: Any) -> dict[str, Any]:
    return {"base_url": f"{daemon.url}/v1", "model": MODEL, "retries": 0, **wanted}


def engine_of(daemon: Daemon, body: Any) -> tuple[int, str | None]:
    status, headers, _ = daemon.request("POST", "/v1/chat/completions", body)
    return status, headers.get(ENGINE)


@pytest.fixture
def wedged() -> dict[str, Any]:
    """A first engine that never gets ready, as its device hangs."""
    return {"fault": "wedge_in_load"}


def until_remote_is_there(running: Daemon) -> None:
    running.wait_for(lambda: engine_of(running, ask("Hello?", max_tokens=2))[0] == 200)


def test_the_response_says_which_engine_answered(daemon: Daemon) -> None:
    assert engine_of(daemon, ask("Hello?")) == (200, "simulated")
    status, headers, _ = daemon.request("POST", "/v1/completions", {"model": MODEL, "prompt": "Hello", "max_tokens": 2})
    assert (status, headers[ENGINE]) == (200, "simulated")
    with daemon.client.chat.completions.with_streaming_response.create(**ask("Hello?"), stream=True) as response:
        assert response.headers[ENGINE] == "simulated"


def test_a_remote_server_answers_a_photo_as_the_only_engine(daemon: Daemon, start: Callable[..., Daemon]) -> None:
    running = start(device={"runtime": "remote"}, remote=away(daemon)).wait_until_ready()
    status, headers, answer = running.request(
        "POST", "/v1/chat/completions", ask("What is it?", photo("launch-pad.jpg"))
    )
    assert (status, headers[ENGINE]) == (200, "remote")
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["prompt_tokens"] > 144


def test_while_the_first_engine_is_not_ready_the_second_one_answers(
    daemon: Daemon, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    running = start(simulator=wedged, remote=away(daemon), routing={"fallback": "remote"})
    until_remote_is_there(running)
    assert engine_of(running, ask("Hello?")) == (200, "remote")


def test_no_picture_is_sent_away_unless_the_operator_says_so(
    daemon: Daemon, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    running = start(simulator=wedged, remote=away(daemon), routing={"fallback": "remote"})
    until_remote_is_there(running)
    assert engine_of(running, ask("What is it?", photo("launch-pad.jpg"))) == (503, None)
    open_one = start(simulator=wedged, remote=away(daemon), routing={"fallback": "remote", "send_pictures_away": True})
    until_remote_is_there(open_one)
    assert engine_of(open_one, ask("What is it?", photo("launch-pad.jpg"))) == (200, "remote")


def test_a_model_of_the_second_engine_is_answered_there(daemon: Daemon, start: Callable[..., Daemon]) -> None:
    running = start(
        model={"fallback_name": "big"}, remote=away(daemon), routing={"fallback": "remote"}
    ).wait_until_ready()
    body = {**ask("Hello?", max_tokens=3), "model": "big"}
    running.wait_for(lambda: engine_of(running, body) == (200, "remote"))
    assert running.post(body)[1]["model"] == "big"
    assert engine_of(running, ask("Hello?")) == (200, "simulated")
    assert [entry["id"] for entry in running.get("/v1/models")[1]["data"]] == [MODEL, "big"]
    status, answer = running.post({**ask("What?", photo("launch-pad.jpg")), "model": "big"})
    assert (status, answer["error"]["code"]) == (400, "pictures_stay_here")


def test_every_surface_is_answered_by_the_second_engine(
    daemon: Daemon, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    routing = {"fallback": "remote", "send_pictures_away": True}
    running = start(simulator=wedged, model={"fallback_name": "big"}, remote=away(daemon), routing=routing)
    running.wait_until_ready()
    picture = photo("launch-pad.jpg")
    image = {"images": [picture], "prompt": "What is it?"}
    for name in (MODEL, "big"):
        for path, body in (
            ("/v1/completions", {"prompt": "Hello", "max_tokens": 2}),
            ("/v1/responses", {"input": "Hello?", "max_output_tokens": 16}),
            ("/v1/vision/caption", {"image": picture}),
            ("/v1/vision/analyze", image),
            ("/api/chat", {"messages": [{"role": "user", "content": "Hello?"}], "stream": False}),
        ):
            status, headers, answer = running.request("POST", path, {"model": name, **body})
            assert status == 200, (path, name, answer)
            assert headers[ENGINE] == "remote" or path == "/v1/vision/analyze", (path, name)
            if path == "/v1/vision/analyze":
                assert answer["failed"] == 0, answer
    before = running.log.count("fallback from=simulated to=remote")
    running.request("POST", "/v1/completions", {"model": MODEL, "prompt": "Hello", "max_tokens": 2})
    running.wait_for(lambda: running.log.count("endpoint=/v1/completions") == 3)
    assert running.log.count("fallback from=simulated to=remote") == before + 1


def test_pictures_that_stay_here_are_refused_by_every_surface(
    daemon: Daemon, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    running = start(simulator=wedged, remote=away(daemon), routing={"fallback": "remote"})
    until_remote_is_there(running)
    picture = photo("launch-pad.jpg")
    asked = daemon.get("/health")[1]["jobs"]["admitted"]
    for path, body in (("caption", {"image": picture}), ("analyze", {"images": [picture], "prompt": "What is it?"})):
        status, answer = running.post({"model": MODEL, **body}, f"/v1/vision/{path}")
        assert (status, answer["error"]["code"]) == (503, "model_loading")
    assert daemon.get("/health")[1]["jobs"]["admitted"] == asked
    assert running.post({"model": MODEL, "prompt": "Hello", "max_tokens": 2}, "/v1/completions")[0] == 200


def test_a_full_queue_sends_the_next_one_to_the_second_engine(daemon: Daemon, start: Callable[..., Daemon]) -> None:
    running = start(
        simulator={"tokens_per_s": 2}, queue={"depth": 0}, remote=away(daemon), routing={"fallback": "remote"}
    ).wait_until_ready()
    with posting(running, ask("Describe everything at length.", max_tokens=12)) as posted:
        running.wait_for(lambda: running.get("/health")[1]["queue"]["running"] == 1)
        running.wait_for(lambda: engine_of(running, ask("Hello?", max_tokens=2)) == (200, "remote"))
        status, headers, _ = posted.result()
    assert (status, headers[ENGINE]) == (200, "simulated")


def readiness(daemon: Daemon) -> tuple[int, bool, dict[str, tuple[bool, bool, str | None]]]:
    """Status, whether ready, and of each engine whether it sees, whether it is ready, and why not."""
    status, told = daemon.get("/health/ready")
    engines = {one["engine"]: (one["sees_pictures"], one["ready"], one["reason"]) for one in told["engines"]}
    return status, told["ready"], engines


def test_it_is_ready_when_either_engine_would_answer_about_a_picture(
    daemon: Daemon, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    open_one = start(simulator=wedged, remote=away(daemon), routing={"fallback": "remote", "send_pictures_away": True})
    both = {"simulated": (True, False, "loading"), "remote": (True, True, None)}
    open_one.wait_for(lambda: readiness(open_one) == (200, True, both))
    told = open_one.get("/health/ready")[1]
    assert (told["reason"], told["message"]) == (None, None)
    assert told["engines"][0]["message"] == "The model is being loaded."
    assert told.items() <= open_one.get("/health")[1].items()
    assert engine_of(open_one, ask("What is it?", photo("launch-pad.jpg"))) == (200, "remote")


def test_an_engine_that_is_shown_no_pictures_does_not_make_it_ready(
    daemon: Daemon, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    running = start(simulator=wedged, remote=away(daemon), routing={"fallback": "remote"})
    words_alone = {"simulated": (True, False, "loading"), "remote": (False, True, None)}
    running.wait_for(lambda: readiness(running) == (503, False, words_alone))
    status, headers, told = running.request("GET", "/health/ready")
    assert (status, told["reason"], told["message"]) == (503, "loading", "The model is being loaded.")
    assert int(headers["Retry-After"]) >= 1
    assert told.items() <= running.get("/health")[1].items()
    assert engine_of(running, ask("Hello?")) == (200, "remote")


def test_a_fallback_that_is_not_there_leaves_a_ready_engine_ready(start: Callable[..., Daemon]) -> None:
    gone = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}
    running = start(remote=gone, routing={"fallback": "remote", "send_pictures_away": True})
    lost = {"simulated": (True, True, None), "remote": (True, False, "device_unavailable")}
    running.wait_for(lambda: readiness(running) == (200, True, lost))
    assert "can't be reached" in running.get("/health/ready")[1]["engines"][1]["message"]


@has_llama
def test_a_fallback_without_eyes_does_not_make_it_ready(
    tmp_path: Path, start: Callable[..., Daemon], wedged: dict[str, Any]
) -> None:
    blind = {**make_tiny(tmp_path), "mmproj": None, "threads": 1, "prompt_cache_mib": 64}
    running = start(simulator=wedged, llama=blind, routing={"fallback": "llama"})
    reader = {"simulated": (True, False, "loading"), "llama": (False, True, None)}
    running.wait_for(lambda: readiness(running) == (503, False, reader))


def test_without_a_device_node_the_daemon_starts_and_the_second_engine_answers(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    node = tmp_path / "hailo0"
    running = start(device={"runtime": "hailo", "path": str(node)}, routing={"fallback": "simulated"})
    running.wait_for(lambda: engine_of(running, ask("What is it?", photo("launch-pad.jpg"))) == (200, "simulated"))
    status, health = running.get("/health")
    assert (status, health["state"], health["runtime"], health["worker_restarts"]) == (200, "failed", "hailo", 0)
    told = running.get("/health/ready")[1]
    assert (told["ready"], told["reason"]) == (True, None)
    assert "hailo0 is missing." in told["engines"][0]["message"]
    assert str(tmp_path) not in json.dumps([told, health]), "a path is the log's business"
    running.wait_for(lambda: f"{node} is missing. Check that the HAT is seated" in running.log)
    assert "fallback from=hailo to=simulated because=NotReady" in running.log
    assert running.stop() == 0


def test_no_dialect_tells_a_client_a_path_of_the_server_and_the_log_does(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    model = tmp_path / "none.gguf"
    running = start(device={"runtime": "llama"}, llama={"model": str(model), "mmproj": None})
    running.wait_for(lambda: running.get("/health")[1]["state"] == "failed")
    text = {"model": MODEL, "prompt": "Hello", "input": "Hello"}
    told = [running.get(path)[1] for path in ("/health", "/health/ready", "/v1/models", "/api/tags", "/api/ps")]
    for path in ("/v1/chat/completions", "/api/chat"):
        for stream in (False, True):
            told.append(running.post(ask("Hello", stream=stream), path)[1])
    for path in ("/v1/completions", "/v1/responses", "/api/generate", "/api/show"):
        told.append(running.post({**text, "stream": False}, path)[1])
    assert json.dumps(told).count("there is no none.gguf") > 8
    assert str(tmp_path) not in json.dumps(told)
    lines = [line for line in running.log.splitlines() if "status=503" in line]
    assert lines
    assert all(f"there is no {model}" in line for line in lines)


def test_a_chip_that_does_not_answer_at_the_start_does_not_end_a_daemon_with_a_second_engine(
    daemon: Daemon, start: Callable[..., Daemon]
) -> None:
    running = start(simulator={"fault": "no_device"}, remote=away(daemon), routing={"fallback": "remote"})
    until_remote_is_there(running)
    running.wait_for(lambda: running.get("/health")[1]["state"] == "failed")
    assert engine_of(running, ask("Hello?")) == (200, "remote")


def test_systemd_is_told_that_the_service_has_started_when_the_second_engine_is_ready(
    tmp_path: Path, start: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        running = start(
            device={"runtime": "hailo", "path": str(tmp_path / "hailo0")},
            simulator={"load_s": 0.3},
            routing={"fallback": "simulated"},
        )
        while "READY=1" not in (message := systemd.recv(4096).decode()):
            pass
    assert "STATUS=ready by the fallback: There is no Hailo device" in message
    assert engine_of(running, ask("Hello?")) == (200, "simulated")


@has_llama
def test_what_the_second_engine_can_is_judged_by_its_own_means_where_its_model_is_asked_for(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    tiny = {**make_tiny(tmp_path), "threads": 1, "prompt_cache_mib": 64}
    running = start(model={"fallback_name": "big"}, llama=tiny, routing={"fallback": "llama"}).wait_until_ready()
    running.wait_for(lambda: engine_of(running, {**ask("Hello?", max_tokens=2), "model": "big"}) == (200, "llama"))
    wanted = ask("Hello?", max_tokens=2, logprobs=True, logit_bias={"5": -100})
    status, answer = running.post({**wanted, "model": "big"})
    assert status == 200
    assert answer["choices"][0]["logprobs"]["content"]
    for name in ("logprobs", "logit_bias"):
        status, answer = running.post(
            {key: value for key, value in wanted.items() if key in ("model", "messages", name)}
        )
        assert (status, answer["error"]["param"]) == (400, name)


def test_what_the_first_engine_can_and_the_second_one_can_not_is_no_reason_to_leave_it_out(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    running = start(
        device={"runtime": "llama"},
        llama={"model": str(tmp_path / "none.gguf"), "mmproj": None},
        model={"fallback_name": "small"},
        routing={"fallback": "simulated"},
    ).wait_until_ready()
    assert engine_of(running, ask("Hello?")) == (200, "simulated")
    for wanted in ({"logprobs": True}, {"logit_bias": {"5": -100}}):
        status, answer = running.post(ask("Hello?", **wanted))
        assert (status, answer["error"]["code"]) == (503, "device_unavailable")
        status, answer = running.post({**ask("Hello?", **wanted), "model": "small"})
        assert (status, answer["error"]["param"]) == (400, *wanted)
    assert engine_of(running, ask("Hello?", frequency_penalty=0.5)) == (200, "simulated")  # as many clients send it


def test_a_name_that_is_none_is_refused_as_such(start: Callable[..., Daemon], daemon: Daemon) -> None:
    named = start(model={"fallback_name": "big"}, remote=away(daemon), routing={"fallback": "remote"})
    unnamed = start(remote=away(daemon), routing={"fallback": "remote"})
    for running in (named, unnamed):
        for name in (["big"], {"big": 1}, 7, None, True, "", "other"):
            status, answer = running.post({**ask("Hello?"), "model": name, "logprobs": True})
            assert (status, answer["error"]["param"]) == (404 if name == "other" else 400, "model")


@has_llama
def test_a_prompt_that_is_too_long_for_the_first_engine_goes_to_the_second(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    tiny = {**make_tiny(tmp_path), "mmproj": None, "context": 4096, "threads": 1, "prompt_cache_mib": 64}
    running = start(llama=tiny, routing={"fallback": "llama"}, queue={"deadline_s": 600})
    running.wait_until_ready()
    body = ask("7" * 2500, max_tokens=2)
    running.wait_for(lambda: engine_of(running, ask("7" * 2500, max_tokens=1)) == (200, "llama"))
    assert engine_of(running, body) == (200, "llama")
    assert engine_of(running, ask("word", max_tokens=2)) == (200, "simulated")
    assert "fallback from=simulated to=llama because=ContextLengthExceeded" in running.log
