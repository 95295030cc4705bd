"""The head of a request: which heads are valid, and which are refused against request smuggling."""

import pytest

from hailo_vision.http_api.web.http_errors import HeadTooLarge, MalformedHttp, UnknownMethod
from hailo_vision.ingress.head import body_length, check_characters

HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0),
        (b"GET / HTTP/1.0\r\n\r\n", 0),
        (b"GET http://pi.local:11435/v1/models HTTP/1.1\r\nHost: [::1]:11435\r\n\r\n", 0),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 0),
        (b"POST /v1/chat/completions?a=%20b HTTP/1.1\r\nhost: x\r\nCONTENT-LENGTH:\t 17 \r\n\r\n", 17),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Name: caf\xc3\xa9\r\nUpgrade: h2c\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * 99 + b"\r\n", 0),
    ],
)
def test_a_valid_head_gives_the_length_of_its_body(head: bytes, length: int | None) -> None:
    assert body_length(head) == length


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: localhost\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x, y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.11\r\nHost: localhost\r\n\r\n",
        b"GET /\r\nHost: localhost\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4, 4\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +4\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x4\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_head_that_two_parsers_could_read_differently_is_malformed(head: bytes) -> None:
    with pytest.raises(MalformedHttp):
        body_length(head)


def test_more_than_100_fields_are_too_many() -> None:
    with pytest.raises(HeadTooLarge):
        body_length(b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * 100 + b"\r\n")


@pytest.mark.parametrize("data", [b"GET /\n", b"GET /\r\r\n", b"a\x00", b"\x16\x03\x01", b"a: \x7f", b"a\rb", b"\n\n"])
def test_forbidden_characters_are_found_before_the_head_is_complete(data: bytes) -> None:
    with pytest.raises(MalformedHttp):
        check_characters(data, 0, len(data))


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nA:\tb\r", b"", b"a: \xff\r\n\r\n"])
def test_an_incomplete_head_may_still_become_valid(data: bytes) -> None:
    check_characters(data, 0, len(data))


@pytest.mark.parametrize("method", [b"QUERY", b"PROPFIND", b"FOO", b"get", b"M-SEARCH"])
def test_a_method_that_nothing_knows_is_not_called_malformed(method: bytes) -> None:
    with pytest.raises(UnknownMethod, match=r"is not served here\. Send one of DELETE, GET,"):
        body_length(method + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n")
