"""A stream whose headers wait, so that an error before the first event is a status; but not for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.stream import EVENTS, EventStream, plain
from hailo_vision.tasks import task_group

PING_S = 15.0  # after a silence of this length comes a comment: proxies close what is silent for 30 or 60 s
PING = b": ping\n\n"
MAX_HELD_BYTES = 16 << 10  # a reader far behind is given its events in writes of about this size


class LateStream:
    """Server-sent events. The headers go out with the first of them, or with a comment after a long silence.

    Of another `media`, `ping` is what says nothing in it.
    """

    def __init__(
        self,
        request: web.Request,
        *,
        ping_s: float = PING_S,
        tell: Callable[[Fault], bytes] = plain,
        media: str = EVENTS,
        ping: bytes = PING,
    ) -> None:
        self._request = request
        self._media = media
        self._comment = ping
        self._ping_s = ping_s
        self._tell = tell
        self._stream: EventStream | None = None
        self._held = bytearray()
        self._writing = asyncio.Lock()
        self._wrote_at = asyncio.get_running_loop().time()

    async def write(self, data: bytes, *, has_next: bool = False) -> None:
        """Send events now, or where the next ones are at hand already together with those; the first never wait.

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
                self._stream = await EventStream.open(self._request, tell=self._fail, media=self._media)
            if released := self._released() + data:
                await self._stream.write(released)
            self._wrote_at = asyncio.get_running_loop().time()

    async def close(self) -> web.StreamResponse:
        assert self._stream is not None
        await self._stream.close(self._released())
        # Whoever leaves from here on has had everything, though this handler may be cancelled for it before it returns.
        exchange(self._request).facts.setdefault("status", self._stream.response.status)
        return self._stream.response

    def _released(self) -> bytes:
        """What was held back until now."""
        held, self._held = bytes(self._held), bytearray()
        return held

    def _fail(self, fault: Fault) -> bytes:
        return self._released() + self._tell(fault)

    async def ping(self) -> None:
        """Write a comment whenever nothing was written for a while, for ever."""
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
    tell: Callable[[Fault], bytes] = plain,
    media: str = EVENTS,
    ping: bytes = PING,
) -> AsyncIterator[LateStream]:
    """A stream that is kept alive while the block runs; what is raised in the block is raised as it is."""
    stream = LateStream(request, ping_s=ping_s, tell=tell, media=media, ping=ping)
    async with task_group() as tasks:
        pings = tasks.create_task(stream.ping())
        try:
            yield stream
        finally:
            pings.cancel()
