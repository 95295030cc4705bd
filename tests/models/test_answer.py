"""What a server's answer means, by status and headers alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models.answer import Later, Rest, Useless, Whole, content_range, headers_for, redirect, understand
from hailo_vision.models.records import Partial

PART = Partial(url="https://x/y", size_bytes=1000, etag='"one"', last_modified="Friday", synced_bytes=400)
ANONYMOUS = replace(PART, etag=None, last_modified=None)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("bytes 0-0/1", (0, 0, 1)),
        ("bytes 400-999/1000", (400, 999, 1000)),
        ("Bytes 400-999/*", (400, 999, None)),
        ("bytes 400-1000/1000", None),
        ("bytes 999-400/1000", None),
        ("bytes */1000", None),
        ("bytes 400-/1000", None),
        ("bytes=400-999/1000", None),
        ("items 0-1/2", None),
        ("", None),
    ],
)
def test_a_content_range_is_read(text: str, span: tuple[int, int, int | None] | None) -> None:
    assert content_range(text) == span


@given(st.text(max_size=40))
def test_no_content_range_makes_it_fail(text: str) -> None:
    content_range(text)


def test_the_rest_is_asked_for_under_the_condition_that_the_file_is_the_same() -> None:
    headers = headers_for(PART, 400)
    assert (headers["Range"], headers["If-Range"]) == ("bytes=400-", '"one"')


@pytest.mark.parametrize(("part", "have_bytes"), [(None, 0), (PART, 0), (ANONYMOUS, 400), (None, 400)])
def test_all_is_asked_for_where_there_is_nothing_or_no_such_condition(part: Partial | None, have_bytes: int) -> None:
    assert not {"Range", "If-Range"} & headers_for(part, have_bytes).keys()


def test_compression_is_asked_not_to_happen() -> None:
    assert headers_for(None, 0)["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("etag", "last_modified", "validator"),
    [('"a"', "Friday", '"a"'), ('W/"a"', "Friday", "Friday"), ('W/"a"', None, None), (None, None, None)],
)
def test_a_weak_etag_does_not_tell_that_a_file_is_the_same(
    etag: str | None, last_modified: str | None, validator: str | None
) -> None:
    assert replace(PART, etag=etag, last_modified=last_modified).validator == validator


def test_a_whole_file_has_its_size_and_its_validators_noted() -> None:
    headers = {"Content-Length": "1000", "ETag": '"two"', "Last-Modified": "Friday"}
    assert understand(200, headers, None, 0) == Whole(size_bytes=1000, etag='"two"', last_modified="Friday")


def test_a_whole_file_of_unknown_size_is_taken() -> None:
    assert understand(200, {}, PART, 400) == Whole(size_bytes=None, etag=None, last_modified=None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 400-999/1000"},
        {"Content-Range": "bytes 400-999/*"},
        {"Content-Range": "bytes 400-499/1000"},
        {"Content-Range": "bytes 400-999/1000", "ETag": '"one"', "Last-Modified": "Friday"},
    ],
)
def test_the_range_that_was_asked_for_is_the_rest(headers: dict[str, str]) -> None:
    assert understand(206, headers, PART, 400) == Rest(size_bytes=1000)


def test_a_range_tells_the_size_where_it_was_not_known() -> None:
    part = replace(PART, size_bytes=None)
    assert understand(206, {"Content-Range": "bytes 400-999/1000"}, part, 400) == Rest(size_bytes=1000)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "multipart/byteranges; boundary=x"},
        {"Content-Range": "bytes 0-999/1000"},
        {"Content-Range": "bytes 401-999/1000"},
        {"Content-Range": "bytes 400-1999/2000"},
        {"Content-Range": f"bytes 400-999/{'9' * 5000}"},
        {"Content-Range": f"bytes {'0' * 5000}400-999/1000"},
        {"Content-Range": "bytes 400--999/1000"},
        {"Content-Range": "bytes 400-999/1000", "ETag": '"two"'},
        {"Content-Range": "bytes 400-999/1000", "Last-Modified": "Saturday"},
    ],
)
def test_any_other_range_is_useless(headers: dict[str, str]) -> None:
    assert understand(206, headers, PART, 400) == Useless()


def test_a_range_behind_the_end_is_useless() -> None:
    assert understand(416, {"Content-Range": "bytes */300"}, PART, 400) == Useless()


@pytest.mark.parametrize("status", [206, 416])
def test_a_range_that_nobody_asked_for_is_refused(status: int) -> None:
    with pytest.raises(ModelError) as caught:
        understand(status, {"Content-Range": "bytes 0-999/1000"}, None, 0)
    assert caught.value.fault is ModelFault.REFUSED


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        *(({"Retry-After": text}, None) for text in ("-1", "NaN", "1e999", "9" * 5000)),
        ({"Retry-After": "Fri, 20 Nov 2026 10:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_a_busy_server_says_when(headers: dict[str, str], after_s: float | None) -> None:
    assert understand(503, headers, None, 0) == Later(why="the server answers with status 503", after_s=after_s)


@pytest.mark.parametrize("status", [100, 204, 301, 400, 401, 403, 404, 405, 407, 410, 451, 501, 999])
def test_any_other_status_is_final_and_says_what_to_do(status: int) -> None:
    with pytest.raises(ModelError) as caught:
        understand(status, {}, PART, 400)
    assert caught.value.fault is ModelFault.REFUSED
    assert "mirror" in str(caught.value) or "proxy" in str(caught.value)


@pytest.mark.parametrize("text", ["-1", "NaN", "1e999", "9" * 16, "9" * 5000, "\u0665"])
def test_an_absurd_length_is_none(text: str) -> None:
    assert understand(200, {"Content-Length": text}, None, 0) == Whole(size_bytes=None, etag=None, last_modified=None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://a/x", "https://b/y", "https://b/y"),
        ("https://a/x", "/y?z", "https://a/y?z"),
        ("https://a/x", "//b/y", "https://b/y"),
        ("http://a/x", "https://b/y", "https://b/y"),
        ("http://a/x", "http://b/y", "http://b/y"),
    ],
)
def test_a_redirect_names_the_next_address(status: int, url: str, location: str, target: str) -> None:
    assert redirect(status, {"Location": location}, url) == target


@pytest.mark.parametrize("location", ["http://a/x", "HTTP://a/x", "file:///etc/passwd", "ftp://a/x", "https://[x"])
def test_no_hop_leads_from_https_to_anything_else(location: str) -> None:
    with pytest.raises(ModelError) as caught:
        redirect(302, {"Location": location}, "https://a/x")
    assert caught.value.fault is ModelFault.REFUSED


@pytest.mark.parametrize(("status", "headers"), [(200, {"Location": "https://b"}), (304, {}), (302, {})])
def test_any_other_answer_is_no_redirect(status: int, headers: dict[str, str]) -> None:
    assert redirect(status, headers, "https://a/x") is None
