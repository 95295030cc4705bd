"""A response that goes out bit by bit, as server-sent events or lines, to a client that may not read it."""

import asyncio
from collections.abc import Callable
from typing import Self

from aiohttp import web

from hailo_vision.http_api.faults import Fault
from hailo_vision.http_api.reply import event

STALL_S = 15.0  # how long a client may take nothing in, while others wait for the NPU behind it

EVENTS = "text/event-stream"
HEADERS = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would hold the pieces back
}


def plain(what: Fault) -> bytes:
    """How most dialects tell of an error in a stream."""
    return event(what.body)


class EventStream:
    """Open from its headers on; every write has a bound, after which the connection is given up.

    `tell` makes the last events of one that fails, in the words of its dialect.
    """

    def __init__(
        self, request: web.Request, response: web.StreamResponse, stall_s: float, tell: Callable[[Fault], bytes]
    ) -> None:
        self._request = request
        self._stall_s = stall_s
        self.response = response
        self.tell = tell

    @classmethod
    async def open(
        cls,
        request: web.Request,
        *,
        stall_s: float = STALL_S,
        tell: Callable[[Fault], bytes] = plain,
        media: str = EVENTS,
    ) -> Self:
        response = web.StreamResponse(headers={"Content-Type": media, **HEADERS})
        await response.prepare(request)
        return cls(request, response, stall_s, tell)

    async def write(self, data: bytes) -> None:
        """Raises ConnectionResetError when the client has left or does not read."""
        try:
            async with asyncio.timeout(self._stall_s):
                await self.response.write(data)
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("the client does not read") from None

    async def close(self) -> None:
        await self.response.write_eof()
