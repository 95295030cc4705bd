"""Who may come in: keys, limits, web pages and names of the host, at the door of the real daemon."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp.test_utils import make_mocked_request

from hailo_vision.http_api.web.exchange import address_of
from harness import COMMAND, MODEL, PATIENCE_S, Daemon, ask, data_uri, photo
from sockets import Answer, connect, receive, send

Start = Callable[..., Daemon]

CHAT = "/v1/chat/completions"
BODY = json.dumps(ask("Hello", max_tokens=1)).encode()
KITCHEN, GARDEN = "kitchen-key-0123456789abcdef", "garden-key-0123456789abcdef"
PAGE = "https://app.example"
PREFLIGHT = (f"Origin: {PAGE}", "Access-Control-Request-Method: POST")
OPEN = ("/health", "/health/ready", "/health/live", "/healthz", "/readyz", "/livez", "/openapi.json", "/docs")


def keys_file(folder: Path, *lines: str, mode: int = 0o640) -> Path:
    path = folder / "keys"
    path.write_text("\n".join(lines))
    path.chmod(mode)
    return path


def code(answer: Answer) -> Any:
    return json.loads(answer.body)["error"]["code"]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that asks for a key, with all it says kept, and two web pages let in."""
    folder = tmp_path_factory.mktemp("locked")
    path = keys_file(folder, f"kitchen {KITCHEN}", f"garden {GARDEN}")
    server = {"api_keys_file": str(path), "cors_origins": [PAGE], "allowed_hosts": ["vision.example.com"]}
    running = Daemon(folder, {"server": server, "logging": {"level": "debug"}}).wait_until_ready()
    yield running
    assert running.stop() == 0
    assert "-key-" not in running.log


# Keys


@pytest.mark.parametrize(
    "header",
    [
        f"Authorization: Bearer {KITCHEN}",
        f"authorization: bearer   {GARDEN}",
        f"X-Api-Key: {GARDEN}",
        f"Authorization: Bearer undefined\r\nX-Api-Key: {KITCHEN}",
        f"Authorization: Basic eDp5\r\nX-Api-Key: {KITCHEN}",
    ],
)
def test_a_key_opens_in_either_header(locked: Daemon, header: str) -> None:
    assert send(locked, "GET", "/v1/models", header).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "Accept: */*",
        "Authorization: Bearer",
        "Authorization: Bearer undefined",
        f"Authorization: {KITCHEN}",
        f"Authorization: Basic {KITCHEN}",
        f"Authorization: Bearer {KITCHEN}x",
        f"Authorization: Bearer {KITCHEN} {GARDEN}",
        f"X-Api-Key: Bearer {KITCHEN}",
        f"Cookie: key={KITCHEN}",
        "X-Api-Key: \udcff\udcfe",
    ],
)
def test_anything_else_is_a_401_that_says_what_to_send(locked: Daemon, header: str) -> None:
    for method, path, body in (("GET", "/v1/models", b""), ("POST", CHAT, BODY)):
        answer = send(locked, method, path, header, body=body)
        assert (answer.status, code(answer)) == (401, "invalid_api_key")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert b"Authorization: Bearer KEY" in answer.body
        assert b"-key-" not in answer.body


def test_forty_megabytes_without_a_key_are_told_so(locked: Daemon) -> None:
    status, _, answer = locked.request("POST", CHAT, b"x" * 40_000_000)
    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")


def test_probes_and_documentation_need_no_key(locked: Daemon) -> None:
    for path in OPEN:
        assert send(locked, "GET", path).status == 200, path


def test_without_a_key_one_still_learns_which_paths_there_are(locked: Daemon) -> None:
    assert send(locked, "GET", "/nothing").status == 404
    assert send(locked, "GET", CHAT).status == 405


def test_the_sdk_raises_its_own_error_and_works_with_a_key(locked: Daemon) -> None:
    with pytest.raises(openai.AuthenticationError, match="not one of this server"):
        locked.client.models.list()
    client = openai.OpenAI(base_url=f"{locked.url}/v1", api_key=KITCHEN, max_retries=0)
    assert client.chat.completions.create(**ask("Hello", max_tokens=1)).choices


def test_the_log_has_the_keys_name_and_never_the_key(locked: Daemon) -> None:
    send(locked, "POST", CHAT, f"X-Api-Key: {GARDEN}", "X-Request-Id: named", body=BODY)
    locked.wait_for(lambda: "request_id=named" in locked.log)
    (line,) = [line for line in locked.log.splitlines() if "request_id=named" in line]
    assert "key=garden" in line
    assert "-key-" not in locked.log


def test_without_keys_every_authorization_is_ignored(daemon: Daemon) -> None:
    for header in (
        "Authorization: Bearer undefined",
        "Authorization: Basic eDp5",
        "Authorization:",
        "X-Api-Key: \udcff",
    ):
        assert send(daemon, "GET", "/v1/models", header).status == 200


def test_keys_are_read_again_on_sighup_and_a_bad_file_changes_nothing(start: Start, tmp_path: Path) -> None:
    path = keys_file(tmp_path, f"kitchen {KITCHEN}")
    daemon = start(server={"api_keys_file": str(path)})

    def opens(key: str) -> bool:
        return send(daemon, "GET", "/v1/models", f"X-Api-Key: {key}").status == 200

    assert opens(KITCHEN)
    keys_file(tmp_path, f"garden {GARDEN}")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for(lambda: opens(GARDEN))
    assert not opens(KITCHEN)
    keys_file(tmp_path, f"kitchen {KITCHEN}", "broken-key-line")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for(lambda: "reload failed" in daemon.log)
    assert "line 2" in daemon.log
    assert opens(GARDEN)
    assert not opens(KITCHEN)
    daemon.stop()
    assert "-key-" not in daemon.log


@pytest.mark.slow
def test_a_bad_keys_file_ends_the_start_with_78_and_each_bad_line_by_number(tmp_path: Path) -> None:
    path = keys_file(tmp_path, f"kitchen {KITCHEN}", "secret-key-alone", f"garden {GARDEN} more")
    config = tmp_path / "config.yaml"
    config.write_text(f"server: {{port: 0, api_keys_file: {path}}}\ndevice: {{runtime: simulated}}\n")
    words = [*COMMAND, "serve", "--config", str(config)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert result.returncode == 78
    assert f"{path} has 2 problems" in result.stderr
    assert "line 2:" in result.stderr
    assert "line 3:" in result.stderr
    assert "-key-" not in result.stderr
    assert "listening" not in result.stderr


# Limits


def test_a_limit_of_requests_says_what_is_left_and_when_to_come_back(start: Start) -> None:
    daemon = start(server={"requests_per_minute": 2}).wait_until_ready()
    answers = [send(daemon, "POST", CHAT, body=BODY) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["1", "0", "0"]
    last = answers[-1]
    assert code(last) == "rate_limit_exceeded"
    assert 1 <= int(last.headers["retry-after"]) <= 30
    assert last.headers["x-ratelimit-limit-requests"] == "2"
    assert last.headers["x-ratelimit-reset-requests"].endswith("s")
    assert last.headers["x-should-retry"] == "true"
    for path in ("/v1/models", "/health"):
        answer = send(daemon, "GET", path)
        assert answer.status == 200
        assert "x-ratelimit-limit-requests" not in answer.headers


def test_pictures_are_counted_before_any_work_and_all_or_none(start: Start) -> None:
    daemon = start(server={"images_per_minute": 3}).wait_until_ready()
    picture = photo("coffee-cup.jpg")
    for pictures, status, left in ((2, 200, "1"), (2, 429, "1"), (1, 200, "0"), (0, 200, None)):
        answer = send(daemon, "POST", CHAT, body=json.dumps(ask("What?", *[picture] * pictures, max_tokens=1)).encode())
        assert (answer.status, answer.headers.get("x-ratelimit-remaining-images")) == (status, left)
    status, body = daemon.post(ask("What?", *[picture] * 4))
    assert (status, body["error"]["code"]) == (400, "rate_limit_exceeded")
    status, body = daemon.post(ask("What?", data_uri(b"no picture")))
    assert status == 429


def test_each_key_has_its_own_limit(start: Start, tmp_path: Path) -> None:
    path = keys_file(tmp_path, f"kitchen {KITCHEN}", f"garden {GARDEN}")
    daemon = start(server={"requests_per_minute": 1, "api_keys_file": str(path)}).wait_until_ready()
    for key, status in ((KITCHEN, 200), (KITCHEN, 429), (GARDEN, 200)):
        assert send(daemon, "POST", CHAT, f"X-Api-Key: {key}", body=BODY).status == status
    assert send(daemon, "POST", CHAT, "X-Api-Key: no", "X-Forwarded-For: 1.2.3.4", body=BODY).status == 401


def test_a_forwarded_address_is_nobodys_word(start: Start) -> None:
    daemon = start(server={"requests_per_minute": 1}).wait_until_ready()
    for address, status in (("1.1.1.1", 200), ("2.2.2.2", 429)):
        assert send(daemon, "POST", CHAT, f"X-Forwarded-For: {address}", body=BODY).status == status


def test_who_asks_without_a_key_is_an_address_in_one_spelling() -> None:
    for remote, name in (("::ffff:192.168.1.2", "192.168.1.2"), ("192.168.1.2", "192.168.1.2"), ("fd00::1", "fd00::1")):
        assert address_of(make_mocked_request("GET", "/").clone(remote=remote)) == name


# Web pages


def test_a_preflight_is_answered_without_a_key_and_with_its_own_headers(locked: Daemon) -> None:
    asked = "authorization,content-type,x-stainless-arch,x-stainless-retry-count"
    private = "Access-Control-Request-Private-Network: true"
    answer = send(locked, "OPTIONS", CHAT, *PREFLIGHT, f"Access-Control-Request-Headers: {asked}", private)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-headers"] == asked
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert answer.headers["vary"] == "Origin"


def test_a_page_can_read_a_stream_as_it_comes_and_its_headers(locked: Daemon) -> None:
    body = json.dumps(ask("Hello", max_tokens=2, stream=True)).encode()
    head = [f"POST {CHAT} HTTP/1.1", "Host: localhost", f"Origin: {PAGE}", f"X-Api-Key: {KITCHEN}", "Connection: close"]
    with connect(locked) as connection:
        connection.sendall("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        answer = receive(connection)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    assert b"[DONE]" in answer.body


def test_a_page_can_read_errors_too(locked: Daemon) -> None:
    for method, path, lines, status in (
        ("GET", "/v1/models", (), 401),
        ("POST", CHAT, (f"X-Api-Key: {KITCHEN}", "Content-Length: 0"), 415),
        ("GET", "/nothing", (), 404),
        ("GET", CHAT, (), 405),
    ):
        answer = send(locked, method, path, f"Origin: {PAGE}", *lines)
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.evil.example", "http://localhost:1"]
)
def test_a_page_that_is_not_listed_is_refused_before_anything_is_done_for_it(locked: Daemon, origin: str) -> None:
    for method, lines in (("POST", (f"X-Api-Key: {KITCHEN}",)), ("OPTIONS", PREFLIGHT[1:])):
        answer = send(locked, method, CHAT, f"Origin: {origin}", *lines, body=BODY)
        assert (answer.status, code(answer)) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in answer.headers
        assert b"server.cors_origins" in answer.body


def test_a_form_on_a_web_page_can_not_make_a_server_without_keys_work(daemon: Daemon) -> None:
    """What a browser sends without asking first: a POST of plain text."""
    answer = send(daemon, "POST", CHAT, "Origin: https://evil.example", "Content-Type: text/plain", body=BODY)
    assert (answer.status, code(answer)) == (403, "origin_not_allowed")


def test_without_an_allow_list_no_response_has_a_word_on_origins(daemon: Daemon) -> None:
    for answer in (send(daemon, "GET", "/v1/models"), send(daemon, "OPTIONS", CHAT, *PREFLIGHT)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_page_of_the_server_itself_may_use_it(daemon: Daemon) -> None:
    host = daemon.url.removeprefix("http://")
    assert send(daemon, "POST", CHAT, f"Origin: http://{host}", host=host, body=BODY).status == 200


def test_the_star_lets_every_page_in(start: Start) -> None:
    daemon = start(server={"cors_origins": ["*"]})
    answer = send(daemon, "GET", "/v1/models", "Origin: null")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")


# Names of the host


@pytest.mark.parametrize("host", ["evil.example", "evil.example:11435", "localhost.evil.example", ""])
def test_a_name_that_was_made_to_mean_this_machine_is_refused(daemon: Daemon, host: str) -> None:
    for method, path in (("GET", "/v1/models"), ("POST", CHAT), ("GET", "/health"), ("OPTIONS", CHAT)):
        answer = send(daemon, method, path, f"Origin: http://{host}", host=host, body=BODY)
        assert (answer.status, code(answer)) == (403, "host_not_allowed")
        assert b"server.allowed_hosts" in answer.body


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:1", "[::1]", "192.168.1.9", "pi.local", socket.gethostname(), "x.internal"]
)
def test_the_machines_own_names_are_known(daemon: Daemon, host: str) -> None:
    assert send(daemon, "GET", "/v1/models", host=host).status == 200


def test_more_names_can_be_given(locked: Daemon) -> None:
    key = f"X-Api-Key: {KITCHEN}"
    assert send(locked, "GET", "/v1/models", key, host="vision.example.com").status == 200
    assert send(locked, "GET", "/v1/models", key, host="example.com").status == 403


def test_bound_beyond_loopback_any_name_will_do_and_a_server_without_keys_warns_once(start: Start) -> None:
    daemon = start(server={"host": "0.0.0.0"})
    assert send(daemon, "GET", f"/v1/models/{MODEL}", host="vision.example").status == 200
    assert daemon.log.count("anybody on the network can use this server") == 1


def test_with_keys_or_on_loopback_there_is_nothing_to_warn_of(locked: Daemon, daemon: Daemon) -> None:
    for running in (locked, daemon):
        assert "anybody on the network" not in running.log
