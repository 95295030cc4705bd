"""A server that is asked for its models and answers in a way of the test's own; the ways are below."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

SECRET = "sk-secret-of-this-side"
THEIRS = "words-of-the-other-side"
Way = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "Listening"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        with suppress(ConnectionError):
            self.server.way(self)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Listening(ThreadingHTTPServer):
    """`asked` are the paths and headers that came; `over` is set when the test is."""

    daemon_threads = True

    def __init__(self, way: Way) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.way = way
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = Event()
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def listening(way: Way) -> Iterator[Listening]:
    server = Listening(way)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def listed(*names: str) -> Way:
    body = json.dumps({"object": "list", "data": [{"id": name, "owned_by": THEIRS} for name in names]}).encode()
    return lambda handler: handler.say(200, body)


def status(number: int, **headers: str) -> Way:
    return lambda handler: handler.say(number, json.dumps({"error": {"message": THEIRS}}).encode(), **headers)


def saying(body: bytes) -> Way:
    return lambda handler: handler.say(200, body)


def endless(handler: Handler) -> None:
    """Ends only when the client hangs up."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.over.is_set():
        handler.wfile.write(THEIRS.encode() * 4096)


def silent(handler: Handler) -> None:
    handler.server.over.wait()


def silent_in_its_body(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.wfile.flush()
    handler.server.over.wait()


def raw(answer: bytes) -> Way:
    """Bytes that are no HTTP, or break off."""

    def way(handler: Handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    return way
