"""The daemon as an operator and a probe see it: start, health, refusals, log, stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import MODEL, PATIENCE_S, ROOT, Daemon, ask, photo, posting

Start = Callable[..., Daemon]


def command(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "hailo_vision", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=PATIENCE_S,
        check=False,
    )


# Health


def test_the_port_answers_while_the_model_loads_and_chats_are_told_to_come_back(start: Start) -> None:
    daemon = start(simulator={"load_s": 600})
    status, health = daemon.get("/health")
    assert (status, health["state"], health["ready"], health["reason"]) == (200, "starting", False, "loading")
    status, headers, body = daemon.request("GET", "/health/ready")
    assert (status, body["reason"]) == (503, "loading")
    assert int(headers["Retry-After"]) >= 1
    status, headers, body = daemon.request("POST", "/v1/chat/completions", ask("Hello"))
    assert (status, body["error"]["code"]) == (503, "model_loading")
    assert int(headers["Retry-After"]) >= 1
    assert daemon.get("/v1/models")[0] == 200


def test_health_has_what_probes_and_people_look_for(daemon: Daemon) -> None:
    status, health = daemon.get("/health")
    assert status == 200
    assert health["status"] == "ok"
    assert health["state"] == "ready"
    assert health["model"] == MODEL
    assert health["model_loaded"] is True
    assert health["runtime"] == health["device"] == "simulated"
    assert health["queue"] == {"running": 0, "slots": 1, "waiting": 0, "depth": 16}
    assert health["uptime_seconds"] > 0
    assert health["memory"]["daemon_bytes"] > 1e6
    assert health["memory"]["worker_bytes"] > 1e6
    chip = daemon.wait_for(lambda: daemon.get("/health")[1]["chip"])
    assert chip.keys() == {"temperature_c", "firmware", "architecture"}
    assert health["tokens"].keys() == {"prompt", "cached", "completion"}
    ready = {"ready": True, "reason": None, "message": None}
    engines = [{"engine": "simulated", "model": MODEL, "sees_pictures": True, **ready}]
    assert daemon.get("/health/ready") == (200, {**ready, "engines": engines})
    assert {name: health[name] for name in (*ready, "engines")} == {**ready, "engines": engines}


def test_health_answers_while_the_worker_holds_its_interpreter_lock(start: Start) -> None:
    daemon = start(simulator={"prefill_s": 600}).wait_until_ready()
    with posting(daemon, ask("Describe.", photo("launch-pad.jpg"))) as pending:
        daemon.wait_for(lambda: daemon.get("/health")[1]["state"] == "busy")
        assert daemon.get("/health/ready")[0] == 200
        assert daemon.get("/v1/models")[0] == 200
        daemon.kill_worker()
        assert pending.result()[0] == 503


def test_models_can_be_asked_for_by_name(daemon: Daemon) -> None:
    status, entry = daemon.get(f"/v1/models/{MODEL}")
    assert (status, entry["id"], entry["object"], entry["max_model_len"]) == (200, MODEL, "model", 2048)
    status, body = daemon.get("/v1/models/gpt-9")
    assert (status, body["error"]["code"], body["error"]["param"]) == (404, "model_not_found", "model")


# Refusals


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}]}, "model"),
        ({"model": MODEL}, "messages"),
        ({"model": MODEL, "messages": []}, "messages"),
        (ask("Hi", temperature="hot"), "temperature"),
        (ask("Hi", temperature=3), "temperature"),
        (ask("Hi", max_tokens=-2), "max_tokens"),
        (ask("Hi", stop=["a"] * 17), "stop"),
        (ask("Hi", n=5), "n"),
        (ask("Hi", logprobs=True), "logprobs"),
        (ask("Hi", "data:image/png;base64,AAAA"), "messages[0].content[0].image_url.url"),
        (ask("Hi", "file:///etc/passwd"), "messages[0].content[0].image_url.url"),
    ],
)
def test_a_wrong_field_is_named_and_costs_nothing_else(daemon: Daemon, body: object, param: str) -> None:
    status, answer = daemon.post(body)
    assert status == 400
    assert answer["error"]["param"] == param
    assert answer["error"]["type"] == "invalid_request_error"
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert daemon.get("/health/ready")[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a": NaN}', b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_a_body_that_is_no_json_object_is_a_400(daemon: Daemon, body: bytes) -> None:
    status, answer = daemon.post(body)
    assert (status, answer["error"]["code"]) == (400, "invalid_json")


def test_an_unknown_model_is_a_404(daemon: Daemon) -> None:
    status, answer = daemon.post({**ask("Hi"), "model": "gpt-9"})
    assert (status, answer["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/v1/chat/completions", 405), ("PUT", "/", 405)]
)
def test_an_unknown_route_or_method_is_told_in_json(daemon: Daemon, method: str, path: str, status: int) -> None:
    code, headers, answer = daemon.request(method, path)
    assert code == status
    assert answer["error"]["message"]
    assert headers["x-request-id"]


def test_a_body_over_the_limit_is_a_413(start: Start) -> None:
    daemon = start(server={"max_body_mb": 0.1}).wait_until_ready()
    status, answer = daemon.post(ask("x" * 200_000))
    assert (status, answer["error"]["code"]) == (413, "request_too_large")
    assert "0.1 MB" in answer["error"]["message"]


def send_raw(daemon: Daemon, head: str, body: bytes) -> str:
    host, port = daemon.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{head}{length}".encode() + body)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer.decode()


@pytest.mark.parametrize("head", ["Content-Type: multipart/form-data; boundary=x\r\n", "Content-Encoding: gzip\r\n"])
def test_a_body_of_another_kind_is_a_415(daemon: Daemon, head: str) -> None:
    answer = send_raw(daemon, head, b"--x--")
    assert answer.startswith("HTTP/1.1 415 ")
    assert "unsupported_media_type" in answer


def test_json_that_is_too_large_is_told_as_that_also_without_a_type(daemon: Daemon) -> None:
    answer = send_raw(daemon, "", json.dumps(ask("word " * 70_000)).encode())
    assert answer.startswith("HTTP/1.1 400 ")
    assert "context_length_exceeded" in answer


def test_a_chunked_body_over_the_limit_is_a_413(start: Start) -> None:
    daemon = start(server={"max_body_mb": 0.1}).wait_until_ready()
    host, port = daemon.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall((b"10000\r\n" + b"x" * 65536 + b"\r\n") * 3 + b"0\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_curl_without_a_content_type_is_understood(daemon: Daemon) -> None:
    body = json.dumps(ask("Hello")).encode()
    answer = send_raw(daemon, "Content-Type: application/x-www-form-urlencoded\r\n", body)
    assert answer.startswith("HTTP/1.1 200 ")


# Log


def test_a_request_leaves_one_line_with_its_facts_and_none_of_its_words(start: Start) -> None:
    daemon = start().wait_until_ready()
    daemon.post(ask("Where is the treasure?", photo("launch-pad.jpg")))
    daemon.wait_for(lambda: "endpoint=/v1/chat/completions" in daemon.log)
    (line,) = [line for line in daemon.log.splitlines() if "endpoint=/v1/chat/completions" in line]
    facts = dict(re.findall(r' ([a-z_]+)=("[^"]*"|\S+)', line))
    assert list(facts) == [
        *("request_id", "client", "method", "endpoint", "status", "total_ms", "model", "load_time_ms"),
        *("images", "image_size", "image_ms", "queue_ms", "prefill_ms", "decode_ms", "inference_time_ms"),
        *("prompt_tokens", "completion_tokens", "tokens_generated", "cached_tokens", "finish_reason", "engine"),
    ]
    assert (facts["status"], facts["images"], facts["finish_reason"]) == ("200", "1", "stop")
    assert re.fullmatch(r"\d+x\d+", facts["image_size"])
    assert facts["tokens_generated"] == facts["completion_tokens"]
    assert "treasure" not in daemon.log
    assert "base64" not in daemon.log


def test_json_logs_are_one_object_a_line(start: Start) -> None:
    daemon = start(logging={"format": "json"}).wait_until_ready()
    daemon.post(ask("Hello"))
    daemon.wait_for(lambda: "chat/completions" in daemon.log)
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    ours = [line["message"] for line in lines if line.get("origin") != "worker"]
    assert ours == ["starting", "listening", "engine", "request"]
    assert lines[-1]["status"] == 200


# Start and stop


def test_a_stop_while_idle_ends_with_0_and_leaves_no_worker(start: Start) -> None:
    daemon = start().wait_until_ready()
    pid = daemon.worker_pid()
    assert daemon.stop() == 0
    assert not Path(f"/proc/{pid}").exists()


def test_a_stop_while_the_model_loads_ends_with_0_and_leaves_no_worker(start: Start) -> None:
    daemon = start(simulator={"load_s": 600})
    pid = daemon.wait_for(daemon.worker_pid)
    assert daemon.stop() == 0
    assert not Path(f"/proc/{pid}").exists()


def test_a_stop_lets_the_running_answer_end_and_refuses_new_ones(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 40}).wait_until_ready()
    body = ask("Describe.", photo("launch-pad.jpg"))
    with posting(daemon, body) as pending:
        daemon.wait_for(lambda: daemon.get("/health")[1]["state"] == "busy")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for(lambda: daemon.get("/health/ready")[1]["reason"] == "draining")
        status, headers, answer = daemon.request("POST", "/v1/chat/completions", body)
        assert (status, answer["error"]["code"]) == (503, "draining")
        assert int(headers["Retry-After"]) >= 1
        status, _, answer = pending.result()
    assert status == 200
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert daemon.stop() == 0


def test_a_stop_cuts_an_answer_that_outlives_the_drain_timeout_and_says_so(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 0.5}, queue={"drain_timeout_s": 0.2}).wait_until_ready()
    with posting(daemon, ask("Describe.", photo("launch-pad.jpg"))) as pending:
        daemon.wait_for(lambda: daemon.get("/health")[1]["state"] == "busy")
        assert daemon.stop() == 0
        assert pending.result()[0] == 503


def test_a_killed_daemon_takes_its_worker_with_it(start: Start) -> None:
    daemon = start(simulator={"prefill_s": 600}).wait_until_ready()
    with posting(daemon, ask("Describe.", photo("launch-pad.jpg"))) as pending:
        daemon.wait_for(lambda: daemon.get("/health")[1]["state"] == "busy")
        worker = Path(f"/proc/{daemon.worker_pid()}/status")
        daemon.process.kill()
        assert pending.exception() is not None
    daemon.process.wait(PATIENCE_S)

    def is_gone() -> bool:
        return not worker.exists() or "State:\tZ" in worker.read_text()

    for _ in range(1000):
        if is_gone():
            break
        signal.sigtimedwait([], 0.01)
    assert is_gone()


@pytest.mark.slow
def test_a_taken_port_ends_the_start_with_3_and_one_line(daemon: Daemon, tmp_path: Path) -> None:
    port = int(daemon.url.rpartition(":")[2])
    config = tmp_path / "config.yaml"
    config.write_text(f"server: {{port: {port}}}\ndevice: {{runtime: simulated}}\nlogging: {{level: error}}\n")
    result = command("serve", "--config", str(config))
    assert result.returncode == 3
    assert f"port {port}" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_missing_device_ends_the_start_with_an_exit_code_of_its_own_and_one_line(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("server: {port: 0}\ndevice: {path: /dev/no-such-device}\nlogging: {level: error}\n")
    result = command("serve", "--config", str(config))
    assert result.returncode == 69
    assert "/dev/no-such-device" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_chip_that_does_not_answer_at_the_start_ends_it_with_3(start: Start) -> None:
    daemon = start(simulator={"fault": "no_device"})
    assert daemon.process.wait(PATIENCE_S) == 3
    assert "No Hailo device" in daemon.wait_for(lambda: daemon.log)


def test_a_model_that_cannot_load_leaves_the_daemon_up_and_not_ready(start: Start) -> None:
    daemon = start(simulator={"fault": "hef_other_chip"})
    daemon.wait_for(lambda: daemon.get("/health")[1]["reason"] == "device_unavailable")
    assert "another chip" in daemon.get("/health/ready")[1]["message"]
    assert daemon.stop() == 0


@pytest.mark.slow
def test_a_config_with_five_mistakes_is_refused_with_five_messages(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "server: {prot: 1, max_body_mb: -1}\nimages: {fit: padd}\nqueue: {depth: many}\nsimulator: {load_s: .nan}\n"
    )
    for words in (("serve", "--config", str(config)), ("check-config", str(config))):
        result = command(*words)
        assert result.returncode == 78
        said = result.stdout + result.stderr
        for path in ("server.prot", "server.max_body_mb", "images.fit", "queue.depth", "simulator.load_s"):
            assert said.count(path) == 1, said


@pytest.mark.slow
def test_the_rendered_config_is_found_by_its_xdg_place(tmp_path: Path) -> None:
    place = tmp_path / "hailo-vision" / "hailo-vision.json"
    place.parent.mkdir()
    place.write_text('{"server": {"port": 70000}}')
    result = command("serve", XDG_CONFIG_HOME=str(tmp_path))
    assert result.returncode == 78
    assert str(place) in result.stderr


# sd_notify


def test_systemd_is_told_ready_when_the_model_is_loaded_and_stopping_at_the_end(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        daemon = start(simulator={"load_s": 0.5})

        def told(wanted: str) -> list[str]:
            seen: list[str] = []
            while not any(wanted in message for message in seen):
                seen.append(systemd.recv(4096).decode())
            return seen

        before = told("READY=1")
        assert any("STATUS=loading" in message for message in before)
        assert daemon.get("/health/ready")[0] == 200
        told("WATCHDOG=1")
        daemon.process.send_signal(signal.SIGTERM)
        told("STOPPING=1")
        assert daemon.stop() == 0


# ask


def test_ask_streams_the_answer_of_a_running_daemon(daemon: Daemon) -> None:
    image = str(ROOT / "docs" / "photos" / "coffee-cup.jpg")
    result = command("ask", "How many images are there?", "--image", image, image, "--url", daemon.url)
    assert result.returncode == 0, result.stderr
    assert "2" in result.stdout
    assert result.stderr == ""


def test_ask_asks_for_the_model_that_the_server_has(start: Start) -> None:
    daemon = start(model={"name": "another-name", "aliases": ["gpt-4o"]}).wait_until_ready()
    result = command("ask", "Hello!", "--url", daemon.url)
    assert (result.returncode, result.stderr) == (0, "")
    daemon.wait_for(lambda: "model=another-name" in daemon.log)


@pytest.mark.slow
def test_ask_says_what_is_wrong_and_exits_with_1(daemon: Daemon) -> None:
    for words, said in (
        (("--url", "http://127.0.0.1:9"), "hailo-vision serve"),
        (("--url", daemon.url, "--image", "/no/such/file"), "/no/such/file"),
        (("--url", daemon.url, "--image", str(ROOT / "LICENSE")), "image"),
        (("--url", daemon.url, "--model", "gpt-9"), "gpt-9"),
    ):
        result = command("ask", "What is it?", *words)
        assert result.returncode == 1
        assert said in result.stderr
        assert "Traceback" not in result.stderr


def test_help_names_every_verb() -> None:
    result = command("--help")
    assert result.returncode == 0
    for verb in ("serve", "ask", "check-config"):
        assert verb in result.stdout
    assert command().returncode == 2
