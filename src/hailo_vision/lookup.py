"""The resolver of all our HTTP clients: names are looked up in threads that nothing else waits for.

A name server that does not answer holds a thread for half a minute. In asyncio's own pool, which aiohttp's resolver
uses, a handful of those would hold up all else that runs there, and the process's end.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

MAX_LOOKUPS = 32  # at the same time; a place is free when its thread has ended, also where the download was given up


class Slot:
    """A place that is left when the last of its holders has ended: a request, or a look-up that outlives it."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._holders = 0

    def hold(self) -> None:
        self._holders += 1

    def release(self) -> None:
        self._holders -= 1
        if not self._holders:
            self._leave()


class LookupInThreads(AbstractResolver):
    """Looks names up by the system's resolver, each in a daemon thread, which the process does not wait for.

    `slot` is held by each thread until it has ended, as a thread can't be stopped.
    """

    def __init__(self, slot: Slot | None = None) -> None:
        self._places = asyncio.Semaphore(MAX_LOOKUPS)
        self._slot = slot or Slot(lambda: None)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OSError or, for a name that DNS can't have, UnicodeError."""
        await self._places.acquire()
        self._slot.hold()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def look_up() -> None:
            error, results = None, list[ResolveResult]()
            try:
                results = _look_up(host, port, family)
            except (OSError, ValueError, OverflowError) as raised:
                error = raised
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(partial(self._end, answer, results, error))

        try:
            Thread(target=look_up, daemon=True, name="lookup").start()
        except RuntimeError as error:  # the system gives out no more threads
            self._end(answer, [], OSError(str(error)))
        return await answer

    def _end(
        self, answer: "asyncio.Future[list[ResolveResult]]", results: list[ResolveResult], error: Exception | None
    ) -> None:
        self._places.release()
        self._slot.release()
        if answer.cancelled():
            return
        if error is None:
            answer.set_result(results)
        else:
            answer.set_exception(error)

    async def close(self) -> None:
        pass


def _look_up(host: str, port: int, family: int) -> list[ResolveResult]:
    infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(
            hostname=host,
            host=_numeric(address),
            port=port,
            family=kind,
            proto=proto,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, proto, _, address in infos
        if kind != socket.AF_INET6 or len(address) > 2
    ]


def _numeric(address: tuple[Any, ...]) -> str:
    """The address in digits; a link-local one of IPv6 with its interface."""
    if len(address) > 3 and address[3]:
        return socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
    return str(address[0])
