"""SIGTERM in every state ends the daemon with 0, within the time that systemd gives it (the harness waits as long)."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness import COMMAND, PATIENCE_S, Daemon, ask, photo, posting

pytestmark = pytest.mark.slow

Start = Callable[..., Daemon]


def is_state(daemon: Daemon, state: str) -> Callable[[], bool]:
    return lambda: daemon.get("/health")[1]["state"] == state


def slow_answer() -> Any:
    return ask("Describe.", photo("launch-pad.jpg"))


@pytest.mark.parametrize(
    ("fault", "state"),
    [("wedge_in_load", "starting"), ("crash_in_load", "failed"), ("hef_other_chip", "failed")],
)
def test_a_stop_while_no_model_can_be_loaded_ends_with_0(start: Start, fault: str, state: str) -> None:
    daemon = start(simulator={"fault": fault})
    daemon.wait_for(is_state(daemon, state))
    assert daemon.stop() == 0, daemon.log


@pytest.mark.parametrize("fault", ["wedge_in_prefill", "wedge_in_decode", "silent_in_decode"])
def test_a_stop_while_the_device_hangs_ends_with_0_and_answers_whoever_waits(start: Start, fault: str) -> None:
    daemon = start(simulator={"fault": fault}, queue={"drain_timeout_s": 0.2}).wait_until_ready()
    with posting(daemon, slow_answer()) as running:
        daemon.wait_for(is_state(daemon, "busy"))
        assert daemon.stop() == 0, daemon.log
        assert running.result()[0] == 503


def test_a_stop_while_the_worker_is_replaced_ends_with_0(start: Start) -> None:
    daemon = start(simulator={"load_s": 1}).wait_until_ready()
    daemon.kill_worker()
    daemon.wait_for(lambda: daemon.get("/health")[1]["worker_restarts"] == 1)
    assert daemon.stop() == 0, daemon.log


def test_a_stop_answers_those_who_wait_and_lets_the_running_answer_end(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 40}).wait_until_ready()
    with posting(daemon, slow_answer()) as running:
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 1)
        with posting(daemon, slow_answer()) as waiting:
            daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["waiting"] == 1)
            daemon.process.send_signal(signal.SIGTERM)
            status, headers, answer = waiting.result()
            assert (status, answer["error"]["code"]) == (503, "draining")
            assert int(headers["Retry-After"]) >= 1
        assert running.result()[0] == 200
    assert daemon.stop() == 0


def test_a_second_signal_ends_a_drain_at_once_and_says_so_to_whoever_is_answered(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 0.5}, queue={"drain_timeout_s": 3600}).wait_until_ready()
    with posting(daemon, slow_answer()) as running:
        daemon.wait_for(is_state(daemon, "busy"))
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for(lambda: "draining" in daemon.log)
        assert daemon.stop() == 0
        assert running.result()[0] == 503
    assert "second signal" in daemon.log


def test_a_stream_that_a_second_signal_cuts_ends_with_an_error_and_without_done(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 2}, queue={"drain_timeout_s": 3600}).wait_until_ready()
    with streaming(daemon) as stream:
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for(lambda: "draining" in daemon.log)
        assert daemon.stop() == 0
        events = rest(stream)
    assert '"draining"' in events
    assert "[DONE]" not in events


def test_a_stop_completes_a_stream(start: Start) -> None:
    daemon = start(simulator={"tokens_per_s": 40}).wait_until_ready()
    with streaming(daemon) as stream:
        daemon.process.send_signal(signal.SIGTERM)
        assert "data: [DONE]" in rest(stream)
        assert daemon.stop() == 0


def test_a_stop_does_not_wait_for_half_a_head_or_half_a_body(start: Start) -> None:
    daemon = start().wait_until_ready()
    where = urlsplit(daemon.url)
    with (
        socket.create_connection((where.hostname, where.port)) as half_a_head,
        socket.create_connection((where.hostname, where.port)) as half_a_body,
    ):
        half_a_head.sendall(b"GET / HTTP/1.1\r\n")
        half_a_body.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert daemon.get("/health")[0] == 200
        assert daemon.stop() == 0, daemon.log


def test_closing_its_terminal_ends_a_daemon_in_the_foreground(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    quick = {"load_s": 0, "prefill_s": 0, "tokens_per_s": 0}
    config.write_text(json.dumps({"server": {"port": 0}, "device": {"runtime": "simulated"}, "simulator": quick}))
    ours, theirs = os.openpty()
    command = [*COMMAND, "serve", "--config", str(config)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE, text=True, env=environment) as process:
        os.close(theirs)
        assert process.stderr is not None
        try:
            while "listening" not in process.stderr.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGHUP)
            while "reloaded" not in process.stderr.readline():
                assert process.poll() is None
            os.close(ours)
            process.send_signal(signal.SIGHUP)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


@contextmanager
def streaming(daemon: Daemon) -> Iterator[socket.socket]:
    """A stream whose first event has come."""
    where = urlsplit(daemon.url)
    body = json.dumps({**slow_answer(), "stream": True}).encode()
    with socket.create_connection((where.hostname, where.port), PATIENCE_S) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        seen = b""
        while b"data: " not in seen:
            part = connection.recv(65536)
            assert part, seen  # no stream came of it
            seen += part
        yield connection


def rest(connection: socket.socket) -> str:
    data = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            data += part
    return data.decode()


@contextmanager
def silent_server() -> Iterator[tuple[str, socket.socket]]:
    """A server of pictures that takes connections and says nothing: its address, and the socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.png", server


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/vision/vqa", "/v1/messages/count_tokens"])
def test_a_stop_answers_requests_that_wait_for_their_picture(start: Start, path: str) -> None:
    daemon = start(images={"fetch_allow": ["127.0.0.1"], "fetch_timeout_s": 60}).wait_until_ready()
    with silent_server() as (url, server):
        source = {"type": "url", "url": url}
        body = {
            "/v1/chat/completions": ask("What?", url, stream=True),
            "/v1/vision/vqa": {"image": url, "question": "What?"},
            "/v1/messages/count_tokens": {
                "model": "qwen2-vl-2b-instruct",
                "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}],
            },
        }[path]
        with posting(daemon, body, path) as waiting:
            connection, _ = server.accept()
            with connection:
                assert daemon.stop() == 0, daemon.log
                status, headers, answer = waiting.result()
    assert status == 503, answer
    assert int(headers["Retry-After"]) >= 1
    assert "The server is stopping." in json.dumps(answer)


def test_a_stop_answers_a_body_of_which_only_half_has_come(start: Start) -> None:
    daemon = start().wait_until_ready()
    host = urlsplit(daemon.url)
    with socket.create_connection((host.hostname, host.port), PATIENCE_S) as connection:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        daemon.wait_for(lambda: daemon.get("/health")[0] == 200)
        assert daemon.stop() == 0, daemon.log
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"draining" in answer
