"""What browsers are told about which page may use the server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.access.cors import MOST_HEADER_CHARS, Cors

PAGE = "https://app.example:8443"


def test_off_says_nothing_and_allows_nobody() -> None:
    cors = Cors(())
    assert cors.headers(PAGE) == {}
    assert not cors.allows(PAGE)


def test_a_listed_origin_is_told_so_and_what_it_may_read() -> None:
    headers = Cors([PAGE]).headers(PAGE)
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Vary"] == "Origin"
    for name in ("x-request-id", "retry-after", "openai-processing-ms"):
        assert name in headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin", [None, "", "null", "https://app.example", "http://app.example:8443", "https://evil.app.example:8443", "*"]
)
def test_another_one_is_told_nothing_but_that_answers_differ(origin: str | None) -> None:
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
def test_an_origin_is_known_in_the_form_that_browsers_send(listed: str, origin: str) -> None:
    assert Cors([listed]).allows(origin)


def test_the_star_allows_every_page_and_depends_on_none() -> None:
    cors = Cors(["*"])
    for origin in (PAGE, "null", None):
        assert cors.headers(origin)["Access-Control-Allow-Origin"] == "*"
        assert "Vary" not in cors.headers(origin)
    assert cors.allows("null")


def test_a_preflight_gets_its_own_headers_back() -> None:
    asked = "authorization, content-type, x-stainless-arch, x-stainless-lang"
    told = Cors([PAGE]).preflight({"Access-Control-Request-Headers": asked})
    assert told["Access-Control-Allow-Headers"] == asked
    assert "POST" in told["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Private-Network" not in told


def test_a_preflight_from_a_public_page_to_a_private_network_is_answered() -> None:
    told = Cors([PAGE]).preflight({"Access-Control-Request-Private-Network": "true"})
    assert told["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("names", ["", "a b", "a,,b", "a, ", "a\r\nb: c", "é", "a" * (MOST_HEADER_CHARS + 1)])
def test_what_is_no_list_of_headers_is_not_given_back(names: str) -> None:
    assert "Access-Control-Allow-Headers" not in Cors([PAGE]).preflight({"Access-Control-Request-Headers": names})


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text())
def test_nothing_that_is_sent_breaks_a_header(origin: str, names: str) -> None:
    cors = Cors([PAGE])
    told = {**cors.headers(origin), **cors.preflight({"Access-Control-Request-Headers": names})}
    assert all((value.isascii() and value.isprintable()) or value == names for value in told.values())
    assert not any("\r" in value or "\n" in value for value in told.values())
