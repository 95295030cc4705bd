"""All connections of a server: how many are open, when each has its response, and when they close."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

from hailo_vision.access.addresses import LOCAL
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.http_errors import TooManyConnections
from hailo_vision.ingress.connection import CONNECTION, Connection
from hailo_vision.ingress.head import is_probe
from hailo_vision.ingress.limits import MAX_RESERVED_CONNECTIONS, Limits
from hailo_vision.ingress.places import NoPlace, Places

log = logging.getLogger(__name__)


def _openai_error(_path: str, fault: Fault) -> dict[str, Any]:
    return fault.body


class ConnectionRegistry:
    """The protocol factory of a server: makes a Connection around each handler, and bounds how many are open.

    `Places` decides which connection is closed for a newcomer. A few more are reserved for this machine, so that its
    own health check gets in when all are taken. `error_body` gives an error in the dialect of a path.
    """

    def __init__(
        self,
        make_handler: Callable[[], asyncio.Protocol],
        limits: Limits,
        error_body: Callable[[str, Fault], dict[str, Any]] = _openai_error,
    ) -> None:
        self._make_handler = make_handler
        self._limits = limits
        self.error_body = error_body
        self._places = Places[Connection](limits.max_connections)
        self._reserved = Places[Connection](MAX_RESERVED_CONNECTIONS)
        self._refused: dict[Connection, None] = {}  # whose clients still read the refusal; the oldest first
        self._is_full = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.is_draining = False

    def __call__(self) -> Connection:
        return Connection(self, self._make_handler, self._limits)

    def add(self, connection: Connection) -> None:
        """Give a connection a place, if it has none yet. Raises TooManyConnections."""
        if connection in self._places or connection in self._reserved:
            return
        self._add(connection, self._take_place if connection.client != LOCAL else self._take_any_place)

    def begin_request(self, connection: Connection, head: bytes) -> None:
        """Note that a head is whole. Raises TooManyConnections on a reserved connection, unless it is a probe's."""
        if connection in self._reserved and not is_probe(head):
            self._reserved.remove(connection)
            self._add(connection, self._take_place)
        self.set_idle(connection, is_idle=False)

    def set_idle(self, connection: Connection, *, is_idle: bool) -> None:
        """Note whether the connection waits for its client."""
        for places in (self._places, self._reserved):
            (places.set_idle if is_idle else places.set_busy)(connection)

    def remove(self, connection: Connection) -> None:
        self._refused.pop(connection, None)
        self._places.remove(connection)
        self._reserved.remove(connection)
        if len(self._places) < self._places.size // 2:
            self._is_full = False
        if not self._places and not self._reserved:
            self._empty.set()

    def drain(self) -> None:
        """Close each connection once it waits for no response."""
        self.is_draining = True
        for connection in (*self._places, *self._reserved):
            connection.close_if_idle()

    async def wait_until_empty(self, timeout_s: float) -> None:
        """Wait until the last connection is closed, or until the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return

    def _add(self, connection: Connection, take: Callable[[Connection], Connection | None]) -> None:
        try:
            evicted = take(connection)
        except NoPlace:
            self._log_full()
            self._count_refused(connection)
            raise TooManyConnections(self._places.size) from None
        self._refused.pop(connection, None)
        self._empty.clear()
        if evicted is not None:
            self._log_full()
            self._count_refused(evicted)
            evicted.evict(TooManyConnections(self._places.size))

    def _take_place(self, connection: Connection) -> Connection | None:
        """Take a place, and return the connection that has lost it. Raises NoPlace."""
        return self._places.add(connection, connection.client)

    def _take_any_place(self, connection: Connection) -> Connection | None:
        """The same, with a reserved one as the last resort."""
        try:
            return self._take_place(connection)
        except NoPlace:
            return self._reserved.add(connection, LOCAL)

    def _count_refused(self, connection: Connection) -> None:
        """A refused client has a while to read why; of too many of them the one that has had the longest is aborted."""
        self._refused[connection] = None
        if len(self._refused) > self._places.size:
            oldest = next(iter(self._refused))
            del self._refused[oldest]
            oldest.abort()

    def _log_full(self) -> None:
        if not self._is_full:
            client, connections = self._places.largest
            facts = {"connections": self._places.size, "most_by": client, "of_these": connections}
            log.warning("all connections are in use", extra={"facts": facts})
            self._is_full = True


class ResponseCompleteHook(AbstractAccessLogger):
    """Tells a Connection that its response is complete: aiohttp says so to its access log and nowhere else."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        connection = request.transport.get_extra_info(CONNECTION) if request.transport is not None else None
        if connection is not None:
            connection.response_complete()
