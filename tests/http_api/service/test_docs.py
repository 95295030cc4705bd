"""GET /docs and /openapi.json may be kept by clients, and are compressed for those that take it."""

import gzip
import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from hailo_vision.http_api.web.validated import takes_gzip
from harness import PATIENCE_S, Daemon


def get(daemon: Daemon, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    with closing(http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read()


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_documentation_has_a_validator_for_each_of_its_codings(daemon: Daemon, path: str) -> None:
    status, headers, plain = get(daemon, path)
    assert (status, headers["Vary"], headers["Content-Encoding"]) == (200, "Accept-Encoding", None)
    packed_status, packed_headers, packed = get(daemon, path, Accept_Encoding="br, gzip")
    assert (packed_status, packed_headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 3
    assert headers["ETag"] != packed_headers["ETag"]
    for validator, coding in ((headers["ETag"], "identity"), (packed_headers["ETag"], "gzip")):
        again, _, body = get(daemon, path, If_None_Match=validator, Accept_Encoding=coding)
        assert (again, body) == (304, b"")
    assert get(daemon, path, If_None_Match='"another"')[0] == 200


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br;q=1, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("", False),
        ("br", False),
    ],
)
def test_gzip_is_sent_to_those_that_accept_it(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


def test_a_page_whose_form_depends_on_two_fields_names_both(start: object) -> None:
    daemon: Daemon = start(server={"cors_origins": ["https://app.example"]})  # type: ignore[operator]
    assert get(daemon, "/")[1]["Vary"] == "Accept, Origin"
    assert get(daemon, "/metrics")[1]["Vary"] == "Accept, Origin"


def test_a_compressed_body_is_refused_with_what_is_taken(daemon: Daemon) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with closing(http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=PATIENCE_S)) as connection:
        connection.request("POST", "/v1/chat/completions", gzip.compress(b"{}"), headers)
        response = connection.getresponse()
        response.read()
    assert (response.status, response.headers["Accept-Encoding"]) == (415, "identity")
