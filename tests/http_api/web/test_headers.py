"""The headers that every response has, whatever it is."""

import json
import re
from collections.abc import Callable

import pytest

from harness import Daemon, ask
from sockets import send

CHAT = "/v1/chat/completions"
BODY = json.dumps(ask("Hello", max_tokens=1)).encode()
STREAM = json.dumps(ask("Hello", max_tokens=1, stream=True)).encode()
KINDS = [
    ("GET", "/v1/models", b"", 200),
    ("HEAD", "/health", b"", 200),
    ("OPTIONS", CHAT, b"", 204),
    ("GET", "/docs", b"", 200),
    ("POST", CHAT, BODY, 200),
    ("POST", CHAT, STREAM, 200),
    ("POST", CHAT, b"{", 415),
    ("GET", "/nothing", b"", 404),
    ("GET", CHAT, b"", 405),
    ("OPTIONS", "*", b"", 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), KINDS)
def test_every_response_has_an_id_and_its_time_and_does_not_say_what_runs_it(
    daemon: Daemon, method: str, path: str, body: bytes, status: int
) -> None:
    answer = send(daemon, method, path, body=body)
    assert answer.status == status
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert int(answer.headers["openai-processing-ms"]) >= 0
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["server"] == "hailo-vision"


@pytest.mark.parametrize(("method", "path", "body", "status"), KINDS)
def test_a_clients_own_id_is_kept(daemon: Daemon, method: str, path: str, body: bytes, status: int) -> None:
    own = "trace/2026-11-21:a.b_c=d@e+f"
    answer = send(daemon, method, path, f"X-Request-Id: {own}", body=body)
    assert (answer.status, answer.headers["x-request-id"]) == (status, own)


@pytest.mark.parametrize("own", ["", " ", "a b", "a" * 129, "é", 'a"b', "a\tb", "<script>", "a,b"])
def test_an_id_that_does_not_fit_in_a_header_or_a_log_line_is_replaced(daemon: Daemon, own: str) -> None:
    answer = send(daemon, "GET", "/nothing", f"X-Request-Id: {own}")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_the_id_is_the_one_of_the_log(daemon: Daemon) -> None:
    assert send(daemon, "GET", "/nothing", "X-Request-Id: find-me-in-the-log").status == 404
    assert daemon.wait_for(lambda: "request_id=find-me-in-the-log" in daemon.log)


def test_the_sdk_finds_the_id(daemon: Daemon) -> None:
    answer = daemon.client.chat.completions.create(
        **ask("Hello", max_tokens=1), extra_headers={"X-Request-Id": "mine-12"}
    )
    assert answer._request_id == "mine-12"


def test_who_is_told_to_come_back_is_told_when(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"load_s": 600})
    answer = send(daemon, "POST", CHAT, body=BODY)
    assert answer.status == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["x-should-retry"] == "true"
