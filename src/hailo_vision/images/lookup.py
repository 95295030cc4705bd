"""The resolver of downloads: names are looked up in threads that nothing else waits for.

A name server that does not answer holds a thread for half a minute. In asyncio's own pool, which aiohttp's resolver
uses, a handful of those would hold up all else that runs there, and the daemon's stop.
"""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

MAX_LOOKUPS = 32  # at the same time; a place is free when its thread has ended, also where the download was given up


class LookupInThreads(AbstractResolver):
    """Looks names up by the system's resolver, each in a daemon thread, which the process does not wait for."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MAX_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def look_up() -> None:
            error, results = None, list[ResolveResult]()
            try:
                results = _look_up(host, port, family)
            except (OSError, ValueError, OverflowError) as raised:
                error = raised
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(partial(self._end, found, results, error))

        Thread(target=look_up, daemon=True, name="lookup").start()
        return await found

    def _end(
        self, found: "asyncio.Future[list[ResolveResult]]", results: list[ResolveResult], error: Exception | None
    ) -> None:
        self._places.release()
        if found.cancelled():
            return
        if error is None:
            found.set_result(results)
        else:
            found.set_exception(error)

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
