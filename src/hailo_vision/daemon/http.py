"""HTTP on sockets, through the front door."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from hailo_vision.access.tls import Tls
from hailo_vision.config import settings
from hailo_vision.ingress.limits import HEAD_BYTES, LINGER_S, Limits
from hailo_vision.ingress.listener import Listener
from hailo_vision.ingress.registry import Answered, FrontDoor

FLUSH_S = 1.0  # for the last bytes of answers, once the engine has stopped
CUT_S = 0.25  # for handlers to come to their end after that; aiohttp takes it twice
KEEP_ALIVE_S = 30.0


def limits(server: settings.Server) -> Limits:
    return Limits(connections=server.max_connections, body_bytes=int(server.max_body_mb * 1e6))


def runner(application: web.Application) -> web.AppRunner:
    """Without handler_cancellation a client that leaves would not be noticed before its answer."""
    return web.AppRunner(
        application,
        access_log=logging.getLogger(__name__),
        access_log_class=Answered,
        handler_cancellation=True,
        auto_decompress=False,  # a compressed body is refused, not inflated
        keepalive_timeout=KEEP_ALIVE_S,
        lingering_time=LINGER_S,
        max_line_size=HEAD_BYTES,  # the front door's limits are the ones that hold
        max_field_size=HEAD_BYTES,
        shutdown_timeout=CUT_S,
    )


class Doors:
    """The way in: the sockets that are listened on, and the connections that came in by them."""

    def __init__(self, front: FrontDoor, listeners: Sequence[Listener]) -> None:
        self._front = front
        self._listeners = listeners

    def start_listening(self) -> None:
        for listener in self._listeners:
            listener.start()

    def stop_listening(self) -> None:
        for listener in self._listeners:
            listener.stop()

    def drain(self) -> None:
        """Close connections once they wait for nothing, so that their clients come back by new ones."""
        self._front.drain()


@asynccontextmanager
async def serving(
    application: web.Application,
    sockets: Sequence[socket.socket],
    wanted: Limits,
    *,
    backlog: int,
    tls: Tls | None = None,
) -> AsyncIterator[Doors]:
    """Serve while the block runs. At its end what was answered has FLUSH_S to reach its client."""
    context = None if tls is None else tls.context
    hall = runner(application)
    front: FrontDoor | None = None

    async def say_goodbye(_: web.Request, response: web.StreamResponse) -> None:
        if front is not None and front.is_draining:
            response.force_close()
            response.headers["Connection"] = "close"  # aiohttp has its own headers in place already

    application.on_response_prepare.append(say_goodbye)
    await hall.setup()
    try:
        assert hall.server is not None
        front = FrontDoor(hall.server, wanted)
        async with asyncio.TaskGroup() as tasks:
            doors = Doors(front, [Listener(one, front, tasks, backlog=backlog, tls=context) for one in sockets])
            doors.start_listening()
            try:
                yield doors
            finally:
                doors.stop_listening()
                doors.drain()
                await front.emptied(FLUSH_S)
    finally:
        await hall.cleanup()
