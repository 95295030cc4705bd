"""Where one request of a connection ends and the next begins. Bytes in, checked bytes out; no I/O, no clock."""

import re
from enum import Enum, auto

from hailo_vision.errors import BodyTooLarge, HeadTooLarge, MalformedHttp
from hailo_vision.ingress.head import body_length, check_characters, field
from hailo_vision.ingress.limits import CHUNK_LINE_BYTES, HEAD_BYTES, SLACK_BYTES, TRAILER_BYTES, Limits

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[ -~\t]*)?")


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
    """Holds what has come and is not understood yet: at most a head, a line, or what was sent too early."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = bytearray()
        self._looked_at = 0
        self._left = 0
        self._body_bytes = 0
        self._frame_bytes = 0
        self._chunks: list[bytes] = []
        self.stage = Stage.HEAD

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def feed(self, data: bytes) -> None:
        self._held += data

    def passed(self) -> bytes:
        """All that may be handed on now, of one request. Raises MalformedHttp, HeadTooLarge or BodyTooLarge."""
        parts: list[bytes] = []
        while (part := self._step()) is not None:
            parts.append(part)
        return b"".join((*parts, self._chunk()))

    def begin(self) -> None:
        """The request that is complete has been answered: go on with the next one."""
        assert self.stage is Stage.COMPLETE
        self.stage = Stage.HEAD
        self._body_bytes = self._frame_bytes = self._looked_at = 0

    def _step(self) -> bytes | None:
        """Some bytes to hand on, and on to the next stage; None when more have to come first."""
        match self.stage:
            case Stage.HEAD:
                return self._head()
            case Stage.LENGTH:
                return self._data(Stage.COMPLETE)
            case Stage.CHUNK_LINE:
                return self._chunk_line()
            case Stage.CHUNK:
                return self._chunk_data()
            case Stage.CHUNK_END:
                return self._chunk_end()
            case Stage.TRAILER:
                return self._trailer()
            case Stage.COMPLETE:
                return None

    def _head(self) -> bytes | None:
        while self._held.startswith(b"\r\n"):  # some clients send an empty line after a body (RFC 9112, 2.2)
            del self._held[:2]
            self._looked_at = 0
        end = self._held.find(b"\r\n\r\n", max(0, self._looked_at - 3), HEAD_BYTES)
        size = end + 4 if end >= 0 else len(self._held)
        check_characters(self._held, max(0, self._looked_at - 1), size)
        self._looked_at = size
        if end < 0:
            if size >= HEAD_BYTES:
                raise HeadTooLarge(f"{HEAD_BYTES // 1024} KiB")
            return None
        head = self._cut(size)
        length = body_length(head)
        self._left = length or 0
        self.stage = Stage.CHUNK_LINE if length is None else Stage.LENGTH if length else Stage.COMPLETE
        return head

    def _data(self, then: Stage) -> bytes | None:
        if not self._held:
            return None
        data = self._cut(min(self._left, len(self._held)))
        self._left -= len(data)
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.body_bytes + SLACK_BYTES:  # the handler refuses what is little more
            raise BodyTooLarge(self._limits.body_bytes)
        if not self._left:
            self.stage = then
        return data

    def _chunk_line(self) -> bytes | None:
        line = self._line(CHUNK_LINE_BYTES)
        if line is None:
            return None
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise MalformedHttp("A chunk of the request's body does not begin with its length.")
        self._left = int(match[1], 16)
        self.stage = Stage.CHUNK if self._left else Stage.TRAILER
        return b""

    def _chunk_data(self) -> bytes | None:
        data = self._data(Stage.CHUNK_END)
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

    def _chunk(self) -> bytes:
        """What came of chunks as one: their extensions are of no use to anybody, and small ones cost aiohttp dearly."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        return b"%x\r\n%b\r\n" % (len(data), data) if data else b""

    def _trailer(self) -> bytes | None:
        """Fields after the body are checked and left out: nobody here reads them."""
        line = self._line(TRAILER_BYTES)
        if line is None:
            return None
        if line:
            field(line)
            self._left += len(line)
            if self._left > TRAILER_BYTES:
                raise HeadTooLarge(f"{TRAILER_BYTES // 1024} KiB after its body")
            return b""
        self.stage = Stage.COMPLETE
        return self._chunk() + b"0\r\n\r\n"

    def _line(self, most_bytes: int) -> bytes | None:
        end = self._held.find(b"\r\n", 0, most_bytes + 2)
        if end < 0:
            if len(self._held) >= most_bytes + 2:
                raise MalformedHttp("A line in the request's body is too long, or does not end with CRLF.")
            return None
        self._frame_bytes += end + 2
        if self._frame_bytes > SLACK_BYTES + self._body_bytes // 4:
            raise MalformedHttp("The body comes in too many small chunks. Send larger ones, or a Content-Length.")
        return self._cut(end + 2)[:-2]

    def _cut(self, size: int) -> bytes:
        data = bytes(self._held[:size])
        del self._held[:size]
        return data
