"""The HTTP server: listening sockets, the connections on them, and aiohttp's handlers behind those."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from hailo_vision.access.tls import Tls
from hailo_vision.config import settings
from hailo_vision.http_api.web.services import ROUTES
from hailo_vision.ingress.limits import LINGER_S, MAX_HEAD_BYTES, Limits
from hailo_vision.ingress.listener import Listener
from hailo_vision.ingress.registry import ConnectionRegistry, ResponseCompleteHook

FLUSH_S = 1.0  # for the last bytes of responses, once the engine has stopped
HANDLER_SHUTDOWN_S = 0.25  # for handlers to come to their end after that; aiohttp takes it twice
KEEP_ALIVE_TIMEOUT_S = 30.0


def limits_of(server: settings.Server) -> Limits:
    return Limits(max_connections=server.max_connections, max_body_bytes=int(server.max_body_mb * 1e6))


def app_runner(application: web.Application) -> web.AppRunner:
    """Make aiohttp's runner. Without handler_cancellation it would notice a client's leaving at the response only."""
    return web.AppRunner(
        application,
        access_log=logging.getLogger(__name__),
        access_log_class=ResponseCompleteHook,
        handler_cancellation=True,
        auto_decompress=False,  # a compressed body is refused, not inflated
        keepalive_timeout=KEEP_ALIVE_TIMEOUT_S,
        lingering_time=LINGER_S,
        max_line_size=MAX_HEAD_BYTES,  # ingress has checked the head's size already
        max_field_size=MAX_HEAD_BYTES,
        shutdown_timeout=HANDLER_SHUTDOWN_S,
    )


class HttpServer:
    """A server that runs: its listeners, and the registry of the connections that they have accepted."""

    def __init__(self, registry: ConnectionRegistry, listeners: Sequence[Listener]) -> None:
        self._registry = registry
        self._listeners = listeners

    def start_listening(self) -> None:
        for listener in self._listeners:
            listener.start()

    def stop_listening(self) -> None:
        for listener in self._listeners:
            listener.stop()

    def drain(self) -> None:
        """Close connections once they wait for no response, so that their clients connect anew."""
        self._registry.drain()


@asynccontextmanager
async def serving(
    application: web.Application,
    sockets: Sequence[socket.socket],
    limits: Limits,
    *,
    backlog: int,
    tls: Tls | None = None,
) -> AsyncIterator[HttpServer]:
    """Serve while the block runs. At its end complete responses have FLUSH_S to reach their clients."""
    context = None if tls is None else tls.context
    runner = app_runner(application)
    registry: ConnectionRegistry | None = None

    async def close_on_drain(_: web.Request, response: web.StreamResponse) -> None:
        """End keep-alive with the responses that are sent during a drain."""
        if registry is not None and registry.is_draining:
            response.force_close()
            response.headers["Connection"] = "close"  # aiohttp has its own headers in place already

    application.on_response_prepare.append(close_on_drain)
    await runner.setup()
    try:
        assert runner.server is not None
        routes = application.get(ROUTES)
        dialects = () if routes is None else (routes.error,)
        registry = ConnectionRegistry(runner.server, limits, *dialects)
        async with asyncio.TaskGroup() as tasks:
            listeners = [Listener(sock, registry, tasks, backlog=backlog, tls=context) for sock in sockets]
            server = HttpServer(registry, listeners)
            server.start_listening()
            try:
                yield server
            finally:
                server.stop_listening()
                server.drain()
                await registry.wait_until_empty(FLUSH_S)
    finally:
        await runner.cleanup()
