"""A response of server-sent events."""

from typing import Self

from aiohttp import web

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would hold the pieces back
}


class EventStream:
    """Open from its headers on. A client that takes nothing in is cut off by the front door, as for any response."""

    def __init__(self, response: web.StreamResponse) -> None:
        self.response = response

    @classmethod
    async def open(cls, request: web.Request) -> Self:
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        return cls(response)

    async def write(self, data: bytes) -> None:
        """Raises ConnectionResetError when the client has left or was cut off."""
        await self.response.write(data)

    async def close(self) -> None:
        await self.response.write_eof()
