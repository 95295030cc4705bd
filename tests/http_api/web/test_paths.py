"""Paths, methods and bodies at the door of the real daemon, as real clients and no clients send them."""

import asyncio
import http.client
import io
import json
from urllib.parse import quote, urlsplit

import aiohttp
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import MODEL, PATIENCE_S, Daemon, ask
from sockets import connect, receive, send, send_bytes

BEFORE = ("", "/v1", "/v1/v1", "//v1", "//")
AFTER = ("", "/", "//")
GETS = (
    "/models",
    f"/models/{MODEL}",
    "/health",
    "/health/ready",
    "/health/live",
    "/healthz",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/docs",
)
BIG = 40_000_000


@pytest.mark.parametrize("path", GETS)
def test_a_get_is_answered_however_its_path_is_spelt_and_head_wherever_get(daemon: Daemon, path: str) -> None:
    for target in (f"{before}{path}{after}" for before in BEFORE for after in AFTER):
        got = send(daemon, "GET", target)
        assert got.status == 200, target
        head = send(daemon, "HEAD", target)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("after", AFTER)
def test_a_post_is_answered_however_its_path_is_spelt_and_never_redirected(
    daemon: Daemon, before: str, after: str
) -> None:
    body = json.dumps(ask("Hello", max_tokens=1)).encode()
    assert send(daemon, "POST", f"{before}/chat/completions{after}", body=body).status == 200
    assert send(daemon, "POST", f"{before}/chat/complete{after}", body=body).status == 404


def test_a_path_is_read_with_its_escapes_and_without_its_query(daemon: Daemon) -> None:
    for target in ("/%76%31/models?limit=1", f"/v1/models/{quote(MODEL, safe='')}?x#y", "http://elsewhere/v1/models"):
        assert send(daemon, "GET", target).status == 200


def test_a_model_with_a_slash_in_its_name_can_be_asked_for(daemon: Daemon) -> None:
    for target in ("/v1/models/org/name", "/v1/models/org%2Fname"):
        answer = send(daemon, "GET", target)
        assert answer.status == 404
        assert "'org/name' does not exist" in json.loads(answer.body)["error"]["message"]


def test_an_unknown_path_is_told_what_may_have_been_meant(daemon: Daemon) -> None:
    status, answer = daemon.post(ask("Hello"), "/v1/chat/completion")
    assert (status, answer["error"]["code"]) == (404, "unknown_url")
    assert "POST /v1/chat/completions" in answer["error"]["message"]


def test_a_wrong_method_is_told_the_right_ones(daemon: Daemon) -> None:
    for method, path, allowed in (
        ("GET", "/v1/chat/completions", "POST, OPTIONS"),
        ("HEAD", "/v1/chat/completions", "POST, OPTIONS"),
        ("DELETE", f"/v1/models/{MODEL}", "GET, HEAD, OPTIONS"),
        ("PATCH", "/health", "GET, HEAD, OPTIONS"),
    ):
        answer = send(daemon, method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
        if method != "HEAD":
            assert json.loads(answer.body)["error"]["code"] == "method_not_allowed"


def test_options_tells_what_is_allowed(daemon: Daemon) -> None:
    answer = send(daemon, "OPTIONS", "/v1/chat/completions")
    assert (answer.status, answer.headers["allow"], answer.body) == (204, "POST, OPTIONS", b"")
    assert send(daemon, "OPTIONS", "/nothing").status == 404


def test_models_say_what_clients_look_for_in_the_place_where_each_looks(daemon: Daemon) -> None:
    ((entry,),) = [daemon.get("/models")[1]["data"]]
    assert entry["max_model_len"] == entry["meta"]["n_ctx"] == 2048
    assert entry["input_modalities"] == entry["architecture"]["input_modalities"] == ["text", "image"]
    assert entry["aliases"] == []


# Bodies that are too large


def test_forty_megabytes_are_refused_with_json_to_the_clients_that_people_have(daemon: Daemon) -> None:
    body = json.dumps(ask("x" * BIG)).encode()
    status, headers, answer = daemon.request("POST", "/v1/chat/completions", body)  # urllib
    assert (status, answer["error"]["code"], headers["Connection"]) == (413, "request_too_large", "close")
    with pytest.raises(openai.APIStatusError) as caught:
        daemon.client.chat.completions.create(**ask("x" * BIG))
    assert caught.value.status_code == 413
    assert "32 MB" in str(caught.value)

    async def by_aiohttp() -> tuple[int, str]:
        url = f"{daemon.url}/v1/chat/completions"
        async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(body)) as response:
            return response.status, (await response.json())["error"]["code"]

    assert asyncio.run(by_aiohttp()) == (413, "request_too_large")


def test_a_client_that_sends_all_before_it_reads_gets_the_json_and_no_reset(daemon: Daemon) -> None:
    where = urlsplit(daemon.url)
    for path, status in (("/v1/chat/completions", 413), ("/v1/nothing", 404), ("/v1/models", 405)):
        connection = http.client.HTTPConnection(where.netloc, timeout=PATIENCE_S)
        connection.request("POST", path, b"x" * BIG)
        response = connection.getresponse()
        assert response.status == status
        assert json.loads(response.read())["error"]["message"]
        connection.close()


def test_who_asks_before_sending_is_told_to_go_on_or_refused_at_once(daemon: Daemon) -> None:
    body = json.dumps(ask("Hello", max_tokens=1)).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n"
    with connect(daemon) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert receive(connection).status == 200
    with connect(daemon) as connection:
        connection.sendall(f"{head}Content-Length: {BIG}\r\n\r\n".encode())
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_small_body_that_nobody_reads_leaves_the_connection_open(daemon: Daemon) -> None:
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=PATIENCE_S)
    for _ in range(3):
        connection.request("POST", "/nothing", b"{}")
        response = connection.getresponse()
        assert response.status == 404
        assert response.read()
        assert not response.will_close
    connection.close()


# Nonsense

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X-Y"])
PARTS = st.sampled_from(
    ["v1", "models", "chat", "completions", "health", "..", ".", "%2e%2e", "%2F", "%00", "%", "%zz", "*", "{id}", "é"]
)
PATHS = st.lists(PARTS | st.text(st.characters(codec="utf-8", exclude_characters=" \r\n\0"), max_size=8), max_size=6)
NAMES = st.sampled_from(
    [
        "Origin",
        "Authorization",
        "X-Api-Key",
        "X-Request-Id",
        "Expect",
        "Content-Type",
        "Content-Encoding",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
        "Accept",
        "Cookie",
        "Range",
        "Upgrade",
        "X-Forwarded-For",
    ]
)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(METHODS, PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=4), st.binary(max_size=50))
def test_no_path_and_no_header_is_worth_a_5xx(
    daemon: Daemon, method: str, parts: list[str], headers: list[tuple[str, str]], body: bytes
) -> None:
    answer = send(daemon, method, "/" + "/".join(parts), *(f"{name}: {value}" for name, value in headers), body=body)
    assert 200 <= answer.status < 500
    assert not 300 <= answer.status < 400
    if method != "HEAD" and answer.status >= 400 and "x-request-id" in answer.headers:
        assert json.loads(answer.body)["error"]["message"]
    assert "a bug" not in daemon.log


@pytest.mark.parametrize(
    "head",
    [
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET http://x/y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /nothing HTTP/1.0\r\n\r\n",
        b"GET /v1/models/\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: \xff\xfe\r\nConnection: close\r\n\r\n",
    ],
)
def test_a_strange_head_is_the_clients_mistake_and_not_ours(daemon: Daemon, head: bytes) -> None:
    assert send_bytes(daemon, head).status < 500
    assert daemon.get("/health")[0] == 200


def test_old_http_without_a_host_is_answered(daemon: Daemon) -> None:
    with connect(daemon) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert receive(connection).status == 200
