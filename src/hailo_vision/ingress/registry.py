"""All doors: how many there are, and when they close."""

import asyncio
import logging
from collections.abc import Callable

from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

from hailo_vision.errors import TooManyConnections
from hailo_vision.ingress.connection import NAME, Door
from hailo_vision.ingress.limits import Limits

log = logging.getLogger(__name__)


class FrontDoor:
    """The protocol factory of a server: one Door for each connection, around what `make_handler` makes."""

    def __init__(self, make_handler: Callable[[], asyncio.Protocol], limits: Limits) -> None:
        self._make_handler = make_handler
        self._limits = limits
        self._inside: set[Door] = set()
        self._outside: set[Door] = set()  # on which a refusal is being read
        self._is_full = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.is_draining = False

    def __call__(self) -> Door:
        return Door(self, self._make_handler, self._limits)

    @property
    def most_connections(self) -> int:
        return self._limits.connections

    @property
    def connections(self) -> int:
        return len(self._inside)

    def enter(self, door: Door) -> None:
        """Raises TooManyConnections."""
        if len(self._inside) < self._limits.connections:
            self._inside.add(door)
            self._empty.clear()
            return
        if not self._is_full:
            log.warning("all connections are in use", extra={"facts": {"connections": self._limits.connections}})
            self._is_full = True
        if len(self._outside) >= self._limits.connections:
            door.dismiss()  # not even a refusal for all of a flood
        self._outside.add(door)
        raise TooManyConnections(self._limits.connections)

    def leave(self, door: Door) -> None:
        self._outside.discard(door)
        self._inside.discard(door)
        if len(self._inside) < self._limits.connections // 2:
            self._is_full = False
        if not self._inside:
            self._empty.set()

    def drain(self) -> None:
        """Close each connection once it waits for no answer."""
        self.is_draining = True
        for door in tuple(self._inside):
            door.close_if_idle()

    async def emptied(self, within_s: float) -> None:
        """Wait until the last one has left, but not longer than that."""
        try:
            async with asyncio.timeout(within_s):
                await self._empty.wait()
        except TimeoutError:
            return


class Answered(AbstractAccessLogger):
    """Tells the door that a response is complete: aiohttp's access log is the one place where it says so."""

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        door = request.transport.get_extra_info(NAME) if request.transport is not None else None
        if door is not None:
            door.answered()
