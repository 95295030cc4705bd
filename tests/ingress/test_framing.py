"""Where requests end, however the network has cut them into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.errors import RequestError
from hailo_vision.http_api.web.http_errors import BodyTooLarge, HeadTooLarge, MalformedHttp
from hailo_vision.ingress.framing import Framing, Stage
from hailo_vision.ingress.limits import MAX_BODY_EXCESS_BYTES, MAX_HEAD_BYTES, MAX_TRAILER_BYTES, Limits

LIMITS = Limits(max_connections=1, max_body_bytes=1000)
PLAIN = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def sized(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def read(framing: Framing, data: bytes) -> bytes:
    framing.feed(data)
    return framing.data_to_forward()


def test_half_a_head_is_buffered_and_a_whole_one_forwarded_with_what_has_come_of_its_body() -> None:
    framing, request = Framing(LIMITS), sized(b"body")
    assert read(framing, request[:20]) == b""
    assert read(framing, request[20:-2]) == request[:-2]
    assert framing.stage is Stage.LENGTH
    assert read(framing, request[-2:]) == b"dy"
    assert framing.stage is Stage.COMPLETE


def test_a_pipelined_request_waits_until_it_is_started() -> None:
    framing = Framing(LIMITS)
    assert read(framing, PLAIN + sized(b"two")) == PLAIN
    assert framing.buffered_bytes == len(sized(b"two"))
    framing.start_next_request()
    assert framing.data_to_forward() == sized(b"two")


def test_chunk_extensions_and_trailers_are_dropped() -> None:
    framing = Framing(LIMITS)
    sent = CHUNKED + b'4;a="b"\r\nbody\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n'
    assert read(framing, sent) == CHUNKED + b"4\r\nbody\r\n0\r\n\r\n"
    assert framing.stage is Stage.COMPLETE


def test_empty_lines_before_a_request_are_dropped() -> None:
    assert read(Framing(LIMITS), b"\r\n\r\n" + PLAIN) == PLAIN


@given(st.data())
def test_pieces_of_any_size_give_the_requests_that_were_sent(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(st.binary(min_size=1, max_size=30), max_size=4))
    body = b"".join(bodies)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in bodies)
    left = CHUNKED + chunks + b"0\r\n\r\n" + sized(body) + PLAIN
    framing, forwarded = Framing(LIMITS), [b""]
    while left:
        size = data.draw(st.integers(1, len(left)))
        forwarded[-1] += read(framing, left[:size])
        left = left[size:]
        while framing.stage is Stage.COMPLETE and framing.buffered_bytes:
            framing.start_next_request()
            forwarded.append(framing.data_to_forward())
    assert framing.stage is Stage.COMPLETE
    assert dechunked(forwarded[0].removeprefix(CHUNKED)) == body
    assert forwarded[1:] == [sized(body), PLAIN]


def dechunked(body: bytes) -> bytes:
    whole = b""
    while body != b"0\r\n\r\n":
        size, _, rest = body.partition(b"\r\n")
        whole += rest[: int(size, 16)]
        assert rest[int(size, 16) :].startswith(b"\r\n")
        body = rest[int(size, 16) + 2 :]
    return whole


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_raise_another_error_or_overflow_the_buffer(pieces: list[bytes]) -> None:
    framing = Framing(LIMITS)
    try:
        for piece in pieces:
            read(framing, piece)
            assert framing.stage is Stage.COMPLETE or framing.buffered_bytes <= MAX_HEAD_BYTES
    except RequestError:
        pass


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"4\r\nbody0\r\n\r\n",
        CHUNKED + b"4\nbody\r\n",
        CHUNKED + b"-4\r\n",
        CHUNKED + b"0x4\r\n",
        CHUNKED + b" 4\r\n",
        CHUNKED + b"4 ;a=b\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"F" * 20 + b"\r\n",
        CHUNKED + b"4;" + b"a" * 300,
        CHUNKED + b"0\r\nno field\r\n\r\n",
        CHUNKED + b"0\r\n" + b"a" * (MAX_TRAILER_BYTES + 2),
    ],
)
def test_chunks_that_two_parsers_could_read_differently_are_malformed(sent: bytes) -> None:
    with pytest.raises(MalformedHttp):
        read(Framing(LIMITS), sent)


def test_a_head_is_too_large_at_32_kib_whether_or_not_it_ends() -> None:
    large = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + (b"a: " + b"b" * 995 + b"\r\n") * 33
    for sent in (large, large + b"\r\n"):
        with pytest.raises(HeadTooLarge):
            read(Framing(LIMITS), sent)


def test_trailers_are_too_large_at_8_kib() -> None:
    with pytest.raises(HeadTooLarge):
        read(Framing(LIMITS), CHUNKED + b"0\r\n" + b"a: bcdefgh\r\n" * 1000)


def test_chunks_that_come_together_are_forwarded_as_one() -> None:
    sent = CHUNKED + b"1\r\na\r\n" * 300 + b"0\r\n\r\n"
    assert read(Framing(LIMITS), sent) == CHUNKED + b"12c\r\n" + b"a" * 300 + b"\r\n0\r\n\r\n"


def test_a_body_of_tiny_chunks_is_malformed() -> None:
    with pytest.raises(MalformedHttp):
        read(Framing(Limits(max_connections=1, max_body_bytes=10**9)), CHUNKED + b"1\r\na\r\n" * 20_000)


def test_a_body_much_larger_than_the_limit_is_not_forwarded() -> None:
    body = bytes(MAX_BODY_EXCESS_BYTES + 1001)
    for sent in (sized(body), CHUNKED + b"fffff\r\n" + body):
        with pytest.raises(BodyTooLarge):
            read(Framing(LIMITS), sent)


@pytest.mark.parametrize("body", [b"5\nhello\n0\n\n", b"5\n", b"5\r\nhello\n", b"5\r\nhello\r\n0\n", b"0\r\nA: b\n"])
def test_a_line_of_a_chunked_body_that_ends_in_a_bare_lf_is_malformed_at_once(body: bytes) -> None:
    with pytest.raises(MalformedHttp, match="does not end with CRLF"):
        read(Framing(LIMITS), CHUNKED + body)
