"""Accepts connections on a listening socket, and stops doing so without losing one.

asyncio's own server, once closed, drops the connections that it has accepted in the same turn of the loop, so a restart
with an inherited socket would reset them.
"""

import asyncio
import logging
import socket
import ssl
from contextlib import suppress
from functools import partial

from hailo_vision.ingress.connection import Connection
from hailo_vision.ingress.registry import ConnectionRegistry

log = logging.getLogger(__name__)

MAX_ACCEPTS = 64  # in one turn of the loop
ACCEPT_RETRY_S = 1.0  # when there are no descriptors left
TLS_HANDSHAKE_TIMEOUT_S = 10.0  # as long as the timeout of a request's head


class Listener:
    """Accepts the connections of one socket, with or without TLS, and gives each to the registry."""

    def __init__(
        self,
        listening: socket.socket,
        registry: ConnectionRegistry,
        tasks: asyncio.TaskGroup,
        *,
        backlog: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._socket = listening
        self._registry = registry
        self._tasks = tasks
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        listening.setblocking(False)
        listening.listen(backlog)

    def start(self) -> None:
        self._retry = None
        self._loop.add_reader(self._socket, self._accept)

    def stop(self) -> None:
        """Close the socket, never shut it down: the backlog of an inherited one is the next process's."""
        if self._retry is not None:
            self._retry.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _accept(self) -> None:
        for _ in range(MAX_ACCEPTS):
            try:
                client, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("no connection can be accepted", extra={"facts": {"reason": error.strerror}})
                self._loop.remove_reader(self._socket)
                self._retry = self._loop.call_later(ACCEPT_RETRY_S, self.start)
                return
            client.setblocking(False)
            connection = self._registry()
            close_handshake = None if self._tls is None else partial(_shut_down, client)
            connection.accepted(address[0] if isinstance(address, tuple) else "", close_handshake)
            self._tasks.create_task(self._connect(client, connection))

    async def _connect(self, client: socket.socket, connection: Connection) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                client,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else TLS_HANDSHAKE_TIMEOUT_S,
            )
        except (
            OSError,
            MemoryError,
        ):  # ssl.SSLError is an OSError; a connection for which there is no memory ends alone
            connection.handshake_failed()  # or the client left before the connection was made
            client.close()


def _shut_down(client: socket.socket) -> None:
    """End a connection whose socket a handshake still uses, which then fails."""
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
