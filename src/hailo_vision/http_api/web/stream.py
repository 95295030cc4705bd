"""Responses that are streamed: server-sent events, or lines of JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web

from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.sse import event
from hailo_vision.tasks import task_group

EVENTS = "text/event-stream"
HEADERS = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would hold the pieces back
}
PING_S = 15.0  # a keep-alive is sent after such a silence, as proxies close idle responses after 30 or 60 s
PING = b": ping\n\n"
MAX_HELD_BYTES = 16 << 10  # a reader far behind is given its events in writes of about this size


def error_event(fault: Fault) -> bytes:
    """Most dialects report an error in a stream as an event with the error's body."""
    return event(fault.body)


class EventStream:
    """A stream whose headers are sent. Ingress drops a slow client that reads nothing, as with any response.

    `encode_fault` makes the last events of a stream that fails, in its dialect.
    """

    def __init__(self, response: web.StreamResponse, encode_fault: Callable[[Fault], bytes]) -> None:
        self.response = response
        self.encode_fault = encode_fault

    @classmethod
    async def open(
        cls,
        request: web.Request,
        *,
        encode_fault: Callable[[Fault], bytes] = error_event,
        media: str = EVENTS,
    ) -> Self:
        response = web.StreamResponse(headers={"Content-Type": media, **HEADERS})
        await response.prepare(request)
        stream = cls(response, encode_fault)
        exchange(request).fail = stream.fail
        return stream

    async def write(self, data: bytes) -> None:
        """Raises ConnectionResetError when the client has left or was cut off."""
        await self.response.write(data)

    async def fail(self, fault: Fault) -> web.StreamResponse:
        """End a stream that has begun with an error: no `[DONE]` follows."""
        await self.write(self.encode_fault(fault))
        await self.close()
        return self.response

    async def close(self, last: bytes = b"") -> None:
        await self.response.write_eof(last)


class LateStream:
    """A stream whose headers wait for the first event, so that an error before it still has a status.

    After a silence of `ping_s` the headers go out with `ping`, a keep-alive that clients ignore: a comment, or what
    stands for one in another `media` type.
    """

    def __init__(
        self,
        request: web.Request,
        *,
        ping_s: float = PING_S,
        encode_fault: Callable[[Fault], bytes] = error_event,
        media: str = EVENTS,
        ping: bytes = PING,
    ) -> None:
        self._request = request
        self._media = media
        self._comment = ping
        self._ping_s = ping_s
        self._tell = encode_fault
        self._stream: EventStream | None = None
        self._held = bytearray()
        self._writing = asyncio.Lock()
        self._wrote_at = asyncio.get_running_loop().time()

    async def write(self, data: bytes, *, has_next: bool = False) -> None:
        """Send events now, or together with the next ones when `has_next`. The first events never wait.

        Raises ConnectionResetError when the client has left or does not read.
        """
        if has_next and self._stream is not None:
            self._held += data
            if len(self._held) < MAX_HELD_BYTES:
                return
            data = b""
        async with self._writing:
            if self._stream is None:
                # From here on an error is an event: the middleware looks for `fail`.
                self._stream = await EventStream.open(self._request, encode_fault=self._fail, media=self._media)
            if released := self._released() + data:
                await self._stream.write(released)
            self._wrote_at = asyncio.get_running_loop().time()

    async def close(self) -> web.StreamResponse:
        assert self._stream is not None
        await self._stream.close(self._released())
        # The client has the whole response now; if it leaves, this handler may be cancelled before it returns.
        exchange(self._request).facts.setdefault("status", self._stream.response.status)
        return self._stream.response

    def _released(self) -> bytes:
        """Take the events that were held back until now."""
        held, self._held = bytes(self._held), bytearray()
        return held

    def _fail(self, fault: Fault) -> bytes:
        return self._released() + self._tell(fault)

    async def ping(self) -> None:
        """Write a keep-alive whenever nothing was written for `ping_s`, until the task is cancelled."""
        while True:
            silent_s = asyncio.get_running_loop().time() - self._wrote_at
            if silent_s >= self._ping_s:
                await self.write(self._comment)
            else:
                await asyncio.sleep(self._ping_s - silent_s)


@asynccontextmanager
async def late_stream(
    request: web.Request,
    *,
    ping_s: float = PING_S,
    encode_fault: Callable[[Fault], bytes] = error_event,
    media: str = EVENTS,
    ping: bytes = PING,
) -> AsyncIterator[LateStream]:
    """A stream with keep-alives while the block runs; an exception of the block passes through unchanged."""
    stream = LateStream(request, ping_s=ping_s, encode_fault=encode_fault, media=media, ping=ping)
    async with task_group() as tasks:
        pings = tasks.create_task(stream.ping())
        try:
            yield stream
        finally:
            pings.cancel()
