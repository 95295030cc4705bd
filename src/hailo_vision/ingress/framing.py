"""Where one request on a connection ends and the next begins. Bytes in, checked bytes out; no I/O and no clock."""

import re
from enum import Enum, auto

from hailo_vision.http_api.web.http_errors import BodyTooLarge, HeadTooLarge, MalformedHttp
from hailo_vision.ingress.head import body_length, check_characters, parse_field
from hailo_vision.ingress.limits import (
    MAX_BODY_EXCESS_BYTES,
    MAX_CHUNK_LINE_BYTES,
    MAX_CHUNK_OVERHEAD_BYTES,
    MAX_HEAD_BYTES,
    MAX_TRAILER_BYTES,
    Limits,
)

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[ -~\t]*)?")

_BARE_LF = re.compile(rb"(?<!\r)\n")


class Stage(Enum):
    """HEAD -> LENGTH -> COMPLETE, or HEAD -> CHUNK_LINE -> CHUNK -> CHUNK_END -> CHUNK_LINE -> TRAILER -> COMPLETE."""

    HEAD = auto()
    LENGTH = auto()
    CHUNK_LINE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    COMPLETE = auto()


class Framing:
    """Buffers what is not checked yet: at most a head, a line, or pipelined requests that came too early."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._scanned_bytes = 0  # of an incomplete head
        self._remaining_bytes = 0  # of the body, or of the chunk
        self._body_bytes = 0
        self._overhead_bytes = 0  # lines around the chunks
        self._trailer_bytes = 0
        self._chunks: list[bytes] = []
        self.stage = Stage.HEAD

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    @property
    def start_of_head(self) -> bytes:
        """What has come of a head that is not whole yet."""
        return bytes(self._buffer[:MAX_HEAD_BYTES])

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def data_to_forward(self) -> bytes:
        """Take the bytes of the current request that are checked. Raises MalformedHttp, HeadTooLarge or BodyTooLarge.

        Bytes of the next request stay in the buffer until `start_next_request`.
        """
        parts: list[bytes] = []
        while (part := self._step()) is not None:
            parts.append(part)
        return b"".join((*parts, self._joined_chunks()))

    def start_next_request(self) -> None:
        """Go on with the next request, once the current one is complete and has its response."""
        assert self.stage is Stage.COMPLETE
        self.stage = Stage.HEAD
        self._body_bytes = self._overhead_bytes = self._trailer_bytes = self._scanned_bytes = 0

    def _step(self) -> bytes | None:
        """Take some bytes and go to the next stage; None when the client has to send more first."""
        match self.stage:
            case Stage.HEAD:
                return self._head()
            case Stage.LENGTH:
                return self._body(Stage.COMPLETE)
            case Stage.CHUNK_LINE:
                return self._chunk_line()
            case Stage.CHUNK:
                return self._chunk()
            case Stage.CHUNK_END:
                return self._chunk_end()
            case Stage.TRAILER:
                return self._trailer()
            case Stage.COMPLETE:
                return None

    def _head(self) -> bytes | None:
        while self._buffer.startswith(b"\r\n"):  # some clients send an empty line after a body (RFC 9112, 2.2)
            del self._buffer[:2]
            self._scanned_bytes = 0
        end = self._buffer.find(b"\r\n\r\n", max(0, self._scanned_bytes - 3), MAX_HEAD_BYTES)
        size_bytes = end + 4 if end >= 0 else len(self._buffer)
        check_characters(self._buffer, max(0, self._scanned_bytes - 1), size_bytes)
        self._scanned_bytes = size_bytes
        if end < 0:
            if size_bytes >= MAX_HEAD_BYTES:
                raise HeadTooLarge(f"{MAX_HEAD_BYTES // 1024} KiB")
            return None
        head = self._take(size_bytes)
        length = body_length(head)
        self._remaining_bytes = length or 0
        self.stage = Stage.CHUNK_LINE if length is None else Stage.LENGTH if length else Stage.COMPLETE
        return head

    def _body(self, next_stage: Stage) -> bytes | None:
        if not self._buffer:
            return None
        data = self._take(min(self._remaining_bytes, len(self._buffer)))
        self._remaining_bytes -= len(data)
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.max_body_bytes + MAX_BODY_EXCESS_BYTES:
            raise BodyTooLarge(self._limits.max_body_bytes)
        if not self._remaining_bytes:
            self.stage = next_stage
        return data

    def _chunk_line(self) -> bytes | None:
        line = self._line(MAX_CHUNK_LINE_BYTES)
        if line is None:
            return None
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise MalformedHttp("A chunk of the request's body does not begin with its length.")
        self._remaining_bytes = int(match[1], 16)
        self.stage = Stage.CHUNK if self._remaining_bytes else Stage.TRAILER
        return b""

    def _chunk(self) -> bytes | None:
        data = self._body(Stage.CHUNK_END)
        if data is None:
            return None
        self._chunks.append(data)
        return b""

    def _chunk_end(self) -> bytes | None:
        line = self._line(0)
        if line is None:
            return None
        self.stage = Stage.CHUNK_LINE
        return b""

    def _joined_chunks(self) -> bytes:
        """All chunks that have come, as one without extensions: no handler reads those, and aiohttp is slow at many."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        return b"%x\r\n%b\r\n" % (len(data), data) if data else b""

    def _trailer(self) -> bytes | None:
        """Fields after the body are checked and dropped, as no handler reads them."""
        line = self._line(MAX_TRAILER_BYTES)
        if line is None:
            return None
        if line:
            parse_field(line)
            self._trailer_bytes += len(line)
            if self._trailer_bytes > MAX_TRAILER_BYTES:
                raise HeadTooLarge(f"{MAX_TRAILER_BYTES // 1024} KiB after its body")
            return b""
        self.stage = Stage.COMPLETE
        return self._joined_chunks() + b"0\r\n\r\n"

    def _line(self, max_bytes: int) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, max_bytes + 2)
        if _BARE_LF.search(self._buffer, 0, end if end >= 0 else max_bytes + 2):
            raise MalformedHttp("A line in the request's body does not end with CRLF.")
        if end < 0:
            if len(self._buffer) >= max_bytes + 2:
                raise MalformedHttp("A line in the request's body is too long, or does not end with CRLF.")
            return None
        self._overhead_bytes += end + 2
        if self._overhead_bytes > MAX_CHUNK_OVERHEAD_BYTES + self._body_bytes // 4:
            raise MalformedHttp("The body comes in too many small chunks. Send larger ones, or a Content-Length.")
        return self._take(end + 2)[:-2]

    def _take(self, size_bytes: int) -> bytes:
        data = bytes(self._buffer[:size_bytes])
        del self._buffer[:size_bytes]
        return data
