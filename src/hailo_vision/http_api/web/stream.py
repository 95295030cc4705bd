"""A response that goes out bit by bit, as server-sent events or lines."""

from collections.abc import Callable
from typing import Self

from aiohttp import web

from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.sse import event

EVENTS = "text/event-stream"
HEADERS = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would hold the pieces back
}


def plain(what: Fault) -> bytes:
    """How most dialects tell of an error in a stream."""
    return event(what.body)


class EventStream:
    """Open from its headers on. A client that takes nothing in is cut off by the front door, as for any response.

    `tell` makes the last events of one that fails, in the words of its dialect.
    """

    def __init__(self, response: web.StreamResponse, tell: Callable[[Fault], bytes]) -> None:
        self.response = response
        self.tell = tell

    @classmethod
    async def open(
        cls,
        request: web.Request,
        *,
        tell: Callable[[Fault], bytes] = plain,
        media: str = EVENTS,
    ) -> Self:
        response = web.StreamResponse(headers={"Content-Type": media, **HEADERS})
        await response.prepare(request)
        stream = cls(response, tell)
        exchange(request).fail = stream.fail
        return stream

    async def write(self, data: bytes) -> None:
        """Raises ConnectionResetError when the client has left or was cut off."""
        await self.response.write(data)

    async def fail(self, fault: Fault) -> web.StreamResponse:
        """End a stream that has begun with an error: no `[DONE]` follows."""
        await self.write(self.tell(fault))
        await self.close()
        return self.response

    async def close(self, last: bytes = b"") -> None:
        await self.response.write_eof(last)
