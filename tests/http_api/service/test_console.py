"""GET / and the files of the page, at the front door."""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

import pytest

from hailo_vision.console.files import console_files
from harness import PATIENCE_S, Daemon

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()


def test_a_browser_gets_the_page_under_a_strict_policy(daemon: Daemon) -> None:
    status, headers, body = fetch(daemon.url, Accept=BROWSER)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body == console_files()["index.html"].content
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_other_clients_get_a_line_of_text(daemon: Daemon, accept: str) -> None:
    status, headers, body = fetch(daemon.url, Accept=accept)
    assert (status, headers["Content-Type"], body) == (
        200,
        "text/plain; charset=utf-8",
        b"Ollama is running",
    )
    assert headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["*/*", BROWSER])
def test_a_head_request_is_answered_without_a_body(daemon: Daemon, accept: str) -> None:
    status, headers, body = fetch(daemon.url, "HEAD", Accept=accept)
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize("name", console_files())
def test_each_file_is_served_with_its_type_and_kept_until_it_changes(daemon: Daemon, name: str) -> None:
    known = console_files()[name]
    address = f"{daemon.url}/console/{name}"
    status, headers, body = fetch(address)
    assert (status, body) == (200, known.content)
    assert headers["Content-Type"] == f"{known.content_type}; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    again, headers, body = fetch(address, If_None_Match=headers["ETag"])
    assert (again, body) == (304, b"")
    assert headers["ETag"]
    assert fetch(address, If_None_Match='"another"')[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/console", "/console/", "/console/__init__.py", "/console/..%2ffiles.py", "/console/%2e%2e/console/files.py"],
)
def test_nothing_else_is_served(daemon: Daemon, path: str) -> None:
    assert fetch(daemon.url + path)[0] == 404


def test_it_can_be_switched_off(start: Callable[..., Daemon]) -> None:
    daemon = start(server={"console": False})
    status, headers, body = fetch(daemon.url, Accept=BROWSER)
    assert (status, body) == (200, b"Ollama is running")
    assert headers["Content-Type"].startswith("text/plain")
    assert fetch(f"{daemon.url}/console/main.js")[0] == 404
