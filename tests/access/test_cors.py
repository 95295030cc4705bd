"""CORS: the headers that tell a browser which page may use the server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.access.cors import MAX_HEADER_CHARS, Cors

PAGE = "https://app.example:8443"


def test_cors_that_is_off_sends_no_header_and_allows_no_origin() -> None:
    cors = Cors(())
    assert cors.headers(PAGE) == {}
    assert not cors.allows(PAGE)


def test_a_listed_origin_is_allowed_with_the_headers_that_it_may_read() -> None:
    headers = Cors([PAGE]).headers(PAGE)
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Vary"] == "Origin"
    exposed = headers["Access-Control-Expose-Headers"].split(", ")
    assert {"x-request-id", "retry-after", "openai-processing-ms", "x-hailo-vision-tools"} <= set(exposed)
    assert {"x-should-retry", "x-ratelimit-remaining-requests", "x-ratelimit-reset-images"} <= set(exposed)


@pytest.mark.parametrize(
    "origin", [None, "", "null", "https://app.example", "http://app.example:8443", "https://evil.app.example:8443", "*"]
)
def test_another_origin_gets_no_header_but_vary(origin: str | None) -> None:
    assert Cors([PAGE]).headers(origin) == {"Vary": "Origin"}


@pytest.mark.parametrize(
    ("listed", "origin"),
    [
        ("https://app.example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://App.example:80", "http://app.example"),
        ("app://obsidian.md", "app://obsidian.md"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_recognised_in_the_form_that_browsers_send(listed: str, origin: str) -> None:
    assert Cors([listed]).allows(origin)


def test_all_extensions_of_a_browser_can_be_allowed_and_nothing_else_with_them() -> None:
    cors = Cors(["moz-extension://*"])
    assert cors.allows("moz-extension://0b7c8b5e-0c5b-4f1e-9d57-7b9d2f1f6d11")
    for origin in ("chrome-extension://abc", "https://moz-extension", "*", "null", "moz-extension"):
        assert not cors.allows(origin)
    assert cors.headers("moz-extension://a")["Access-Control-Allow-Origin"] == "moz-extension://a"


def test_the_star_allows_every_origin_and_needs_no_vary() -> None:
    cors = Cors(["*"])
    for origin in (PAGE, "null", None):
        assert cors.headers(origin)["Access-Control-Allow-Origin"] == "*"
        assert "Vary" not in cors.headers(origin)
    assert cors.allows("null")


def test_a_preflight_is_allowed_the_headers_that_it_requests() -> None:
    requested = "authorization, content-type, x-stainless-arch, x-stainless-lang"
    headers = Cors([PAGE]).preflight({"Access-Control-Request-Headers": requested})
    assert headers["Access-Control-Allow-Headers"] == requested
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Private-Network" not in headers


def test_a_preflight_from_a_public_page_to_a_private_network_is_allowed() -> None:
    headers = Cors([PAGE]).preflight({"Access-Control-Request-Private-Network": "true"})
    assert headers["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("names", ["", "a b", "a,,b", "a, ", "a\r\nb: c", "é", "a" * (MAX_HEADER_CHARS + 1)])
def test_a_value_that_is_no_list_of_headers_is_not_sent_back(names: str) -> None:
    assert "Access-Control-Allow-Headers" not in Cors([PAGE]).preflight({"Access-Control-Request-Headers": names})


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text())
def test_no_text_from_a_client_breaks_a_header(origin: str, names: str) -> None:
    cors = Cors([PAGE])
    headers = {**cors.headers(origin), **cors.preflight({"Access-Control-Request-Headers": names})}
    assert all((value.isascii() and value.isprintable()) or value == names for value in headers.values())
    assert not any("\r" in value or "\n" in value for value in headers.values())
