"""What a hostile client can do to the real daemon: each attack is refused or bounded, and the next request is a 200."""

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness import PATIENCE_S, Daemon, ask, photo, posting

MB = 1_000_000
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"


def connect(daemon: Daemon) -> socket.socket:
    where = urlsplit(daemon.url)
    return socket.create_connection((where.hostname, where.port), PATIENCE_S)


def answer(connection: socket.socket) -> bytes:
    """All bytes until the connection ends; a reset is an end too."""
    data = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            data += part
    return data


def health_on(connection: socket.socket) -> int:
    """The status of a request on a keep-alive connection."""
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def send(connection: socket.socket, data: bytes, times: int = 1) -> None:
    """Send until the server closes the connection."""
    with suppress(ConnectionResetError, BrokenPipeError):
        for _ in range(times):
            connection.sendall(data)


def resident_bytes(daemon: Daemon) -> int:
    return int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES


@contextmanager
def grows_by_less_than(daemon: Daemon, max_bytes: int) -> Iterator[None]:
    """The daemon's memory while the block runs, sampled every few milliseconds."""
    before = peak = resident_bytes(daemon)
    over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.005):
            peak = max(peak, resident_bytes(daemon))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
    assert peak - before < max_bytes


def works(daemon: Daemon) -> None:
    assert daemon.post(ask("Hello"))[0] == 200


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that has answered before, so that what it imports late does not count as an attack's memory."""
    running = Daemon(tmp_path_factory.mktemp("target")).wait_until_ready()
    for _ in range(5):
        assert running.post(ask("What is this?", photo("coffee-cup.jpg")))[0] == 200
    yield running
    assert running.stop() == 0


MALFORMED = {
    "length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a bare line feed": b"GET /health HTTP/1.1\nHost: x\n\n",
    "a folded line": b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
    "a space before a colon": b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
    "a NUL": b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: b\x00c\r\n\r\n",
    "another version": b"GET /health HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
    "a greeting in TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a chunk without a length": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_a_400_in_json_on_a_connection_that_ends(target: Daemon, sent: bytes) -> None:
    with connect(target) as connection:
        connection.sendall(sent)
        head, _, body = answer(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(body)["error"]["code"] == "malformed_http"
    works(target)


def test_an_http_1_0_request_without_a_host_is_served(target: Daemon) -> None:
    with connect(target) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize(
    ("what", "times"),
    [(b"A" * 1000, 64), (b"A: " + b"b" * 1000 + b"\r\n", 64), (b"a: b\r\n" * 1000, 200)],
    ids=["a line of 64 KB", "fields of 64 KB", "200,000 fields"],
)
def test_a_large_head_is_a_431_and_costs_nothing(target: Daemon, what: bytes, times: int) -> None:
    with grows_by_less_than(target, 2 * MB), connect(target) as connection:
        send(connection, b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        send(connection, what, times)
        assert answer(connection)[:12] in (b"HTTP/1.1 431", b"")  # a reset can overtake it
    works(target)


def test_101_fields_are_a_431(target: Daemon) -> None:
    with connect(target) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 100 + b"\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_300_000_trailers_are_refused(target: Daemon) -> None:
    with grows_by_less_than(target, 32 * MB), connect(target) as connection:
        send(connection, POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        send(connection, b"a: b\r\n" * 1000, 300)
        assert answer(connection)[:12] in (b"HTTP/1.1 431", b"")
    works(target)


def test_a_body_of_99_gb_is_a_413_before_all_of_it_has_come(target: Daemon) -> None:
    with grows_by_less_than(target, 32 * MB), connect(target) as connection:
        send(connection, POST + b"Content-Length: 99000000000\r\n\r\n")
        send(connection, bytes(MB), 100)
        assert answer(connection)[:12] in (b"HTTP/1.1 413", b"")
    works(target)


@pytest.mark.parametrize("kind", [b"Content-Encoding: deflate", b"Content-Type: multipart/form-data; boundary=x"])
def test_bombs_in_other_formats_are_not_unpacked(target: Daemon, kind: bytes) -> None:
    with grows_by_less_than(target, 32 * MB), connect(target) as connection:
        send(connection, POST + kind + b"\r\nConnection: close\r\nContent-Length: 30000000\r\n\r\n")
        send(connection, bytes(MB), 30)
        assert answer(connection)[:12] in (b"HTTP/1.1 415", b"")
    works(target)


def test_a_body_in_chunks_of_one_byte_is_refused_before_it_costs_much(target: Daemon) -> None:
    with grows_by_less_than(target, 8 * MB), connect(target) as connection:
        send(connection, POST + b"Transfer-Encoding: chunked\r\n\r\n")
        send(connection, b"1\r\n \r\n" * 10_000, 500)
        assert answer(connection)[:12] in (b"HTTP/1.1 400", b"")
    works(target)


def test_pipelining_of_ten_thousand_requests_is_held_back(target: Daemon) -> None:
    """The client reads no response, so its requests have to stay in its own machine."""
    with grows_by_less_than(target, 8 * MB), connect(target) as connection:
        connection.settimeout(2)
        with suppress(TimeoutError):
            for _ in range(100):
                connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
    works(target)


def test_slow_loris_by_100_clients_ends_in_408_while_others_are_served(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    with ExitStack() as held:
        slow = [held.enter_context(connect(daemon)) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: ")
        works(daemon)
        closed = 0
        for connection in slow:
            assert answer(connection).startswith(b"HTTP/1.1 408 ")
            closed += 1
            assert daemon.get("/health")[0] == 200
        assert closed == 100


def test_of_140_idle_connections_the_128_newest_are_kept(start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    fds = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    with ExitStack() as held:
        connections = [held.enter_context(connect(daemon)) for _ in range(128)]
        for connection in connections:  # one after the other, so that all of them are in
            assert health_on(connection) == 200
        for _ in range(12):
            connections.append(held.enter_context(connect(daemon)))
            assert health_on(connections[-1]) == 200
        for connection in connections[:12]:
            assert answer(connection) == b""
        for connection in connections[12:]:
            assert health_on(connection) == 200
    assert daemon.wait_for(lambda: daemon.post(ask("Hello"))[0] == 200)
    daemon.wait_for(lambda: len(os.listdir(f"/proc/{daemon.process.pid}/fd")) <= fds)
    assert daemon.log.count("all connections are in use") == 1


def test_a_client_that_leaves_frees_the_device(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"tokens_per_s": 0.01}).wait_until_ready()
    body = json.dumps(ask("Describe.", photo("launch-pad.jpg"))).encode()
    with connect(daemon) as connection:
        connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 1)
    daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 0)
    daemon.wait_for(lambda: "status=499" in daemon.log)


def test_a_client_that_leaves_the_queue_never_reaches_the_device(start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"tokens_per_s": 20}).wait_until_ready()
    body = ask("Describe.", photo("launch-pad.jpg"))
    data = json.dumps(body).encode()
    with posting(daemon, body) as first:
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 1)
        with connect(daemon) as connection:
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(data) + data)
            daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["waiting"] == 1)
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["waiting"] == 0)
        status, _, answered = first.result()
    assert status == 200
    tokens = daemon.get("/health")[1]["tokens"]
    assert tokens["completion"] == answered["usage"]["completion_tokens"]


def test_no_refusal_shows_an_address_or_a_path_of_this_machine(target: Daemon) -> None:
    for sent in MALFORMED.values():
        with connect(target) as connection:
            connection.sendall(sent)
            refusal = answer(connection)
        assert b"0x" not in refusal
        assert b"/home" not in refusal
        assert b".py" not in refusal
    assert target.process.poll() is None
