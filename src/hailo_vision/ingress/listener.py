"""Takes connections off a listening socket, and stops doing so without losing one.

Not asyncio's server: one that is closed drops the connections that it has accepted in the same turn of the loop, and a
restart with an inherited socket would reset them.
"""

import asyncio
import logging
import socket
import ssl

from hailo_vision.ingress.registry import FrontDoor

log = logging.getLogger(__name__)

AT_ONCE = 64  # accepted in one turn of the loop
PAUSE_S = 1.0  # when there are no descriptors left
HANDSHAKE_S = 10.0  # as long as a request's head may take


class Listener:
    """Brings each connection of a socket to the front door."""

    def __init__(
        self,
        one: socket.socket,
        front: FrontDoor,
        tasks: asyncio.TaskGroup,
        *,
        backlog: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._socket = one
        self._front = front
        self._tasks = tasks
        self._tls = tls
        self._arriving = 0  # with TLS a connection stands before the door until the handshake is done
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        one.setblocking(False)
        one.listen(backlog)

    def start(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._accept)

    def stop(self) -> None:
        """Close the socket, never shut it down: of one that was inherited the backlog is the next process's."""
        if self._pause is not None:
            self._pause.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("no connection can be accepted", extra={"facts": {"reason": error.strerror}})
                self._loop.remove_reader(self._socket)
                self._pause = self._loop.call_later(PAUSE_S, self.start)
                return
            if self._arriving >= self._front.most_connections:
                connection.close()  # half-done handshakes are no reason to have more than these either
                continue
            self._arriving += 1
            connection.setblocking(False)
            self._tasks.create_task(self._let_in(connection))

    async def _let_in(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._front,
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_S,
            )
        except OSError:  # ssl.SSLError is one
            connection.close()  # it was gone before it was here
        finally:
            self._arriving -= 1
