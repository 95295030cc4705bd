"""All connections of a server: how many are open, when each has its response, and when they close."""

import asyncio
import logging
from collections.abc import Callable

from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

from hailo_vision.http_api.web.http_errors import TooManyConnections
from hailo_vision.ingress.connection import CONNECTION, Connection
from hailo_vision.ingress.limits import Limits

log = logging.getLogger(__name__)


class ConnectionRegistry:
    """The protocol factory of a server: makes a Connection around each handler, and bounds how many are open."""

    def __init__(self, make_handler: Callable[[], asyncio.Protocol], limits: Limits) -> None:
        self._make_handler = make_handler
        self._limits = limits
        self._admitted: set[Connection] = set()
        self._refused: set[Connection] = set()  # whose clients still read the refusal
        self._is_full = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.is_draining = False

    def __call__(self) -> Connection:
        return Connection(self, self._make_handler, self._limits)

    @property
    def max_connections(self) -> int:
        return self._limits.max_connections

    def add(self, connection: Connection) -> None:
        """Raises TooManyConnections."""
        if len(self._admitted) < self.max_connections:
            self._admitted.add(connection)
            self._empty.clear()
            return
        if not self._is_full:
            log.warning("all connections are in use", extra={"facts": {"connections": self.max_connections}})
            self._is_full = True
        if len(self._refused) >= self.max_connections:
            connection.abort()  # a flood of clients is not even refused in words
        self._refused.add(connection)
        raise TooManyConnections(self.max_connections)

    def remove(self, connection: Connection) -> None:
        self._refused.discard(connection)
        self._admitted.discard(connection)
        if len(self._admitted) < self.max_connections // 2:
            self._is_full = False
        if not self._admitted:
            self._empty.set()

    def drain(self) -> None:
        """Close each connection once it waits for no response."""
        self.is_draining = True
        for connection in tuple(self._admitted):
            connection.close_if_idle()

    async def wait_until_empty(self, timeout_s: float) -> None:
        """Wait until the last connection is closed, or until the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return


class ResponseCompleteHook(AbstractAccessLogger):
    """Tells a Connection that its response is complete: aiohttp says so to its access log and nowhere else."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        connection = request.transport.get_extra_info(CONNECTION) if request.transport is not None else None
        if connection is not None:
            connection.response_complete()
