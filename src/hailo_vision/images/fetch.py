"""The HTTP client that downloads pictures: from addresses that the policy allows, within bounds of time and size."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

import hailo_vision
from hailo_vision.config.settings import Images
from hailo_vision.errors import ImageFault
from hailo_vision.images.address import FetchPolicy
from hailo_vision.images.bad_image import BadImage
from hailo_vision.lookup import LookupInThreads, Slot
from hailo_vision.scheduler.turns import Turns, Waiter

_BYTES_PER_MB = 1_000_000
_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_HEADERS = {
    "User-Agent": f"hailo-vision/{hailo_vision.__version__}",
    "Accept": "image/jpeg, image/png, image/webp, image/gif, image/bmp",
    "Accept-Encoding": "identity",
}
_MAX_CONNECTIONS = 32
# One slow server gets a part of the connections, and with all of those at most half of the memory.
_MAX_CONNECTIONS_PER_HOST = 4
_MAX_FILES_IN_MEMORY = 8  # of the largest size; of smaller ones more

_SEND_DATA = "Send the picture itself as a data: URI."


class CheckedResolver(AbstractResolver):
    """Resolves names to addresses that the policy allows, each of them, or to none.

    aiohttp connects to what it gets from here, so an address that was checked is the one that is used. It does not ask
    for hosts that are addresses already: those are `FetchPolicy.check_url`'s.
    """

    def __init__(self, resolver: AbstractResolver, policy: FetchPolicy) -> None:
        self._resolver = resolver
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        results = await self._resolver.resolve(host, port, family)
        if not results:
            raise OSError("no address")
        for result in results:
            self._policy.check_address(host, port, ip_address(result["host"].partition("%")[0]))
        return results

    async def close(self) -> None:
        await self._resolver.close()


class Fetcher:
    """Downloads pictures."""

    def __init__(self, settings: Images, *, resolver: AbstractResolver | None = None) -> None:
        self._settings = settings
        self._policy = FetchPolicy.parse(settings.fetch_allow)
        self._resolver = resolver
        self._max_bytes = int(settings.fetch_max_mb * _BYTES_PER_MB)
        self._connections = Turns(_MAX_CONNECTIONS)
        self._hosts: dict[tuple[str | None, int | None], Turns] = {}  # only hosts that somebody downloads from
        self._memory = Turns(_MAX_FILES_IN_MEMORY * self._max_bytes)

    async def fetch(self, url: str, waiter: Waiter, held: AsyncExitStack) -> bytes:
        """Download a file of any content. Raises BadImage where that fails, and Expired.

        Clients take turns at connections and memory, and the timeout does not count while one waits for its turn. The
        file's part of the memory for all downloads is taken until `held` ends.
        """
        if not self._settings.fetch:
            raise BadImage(
                ImageFault.BAD_ADDRESS, f"is named by an address, and this server fetches none. {_SEND_DATA}"
            )
        allowed_url = self._policy.check_url(url)
        timeout_s = self._settings.fetch_timeout_s
        try:
            return await self._follow(allowed_url, waiter, held, _TimeLeft(timeout_s))
        except TimeoutError:
            reason = f"could not be downloaded within {timeout_s:g} s. {_SEND_DATA}"
            raise BadImage(ImageFault.NOT_FETCHED, reason) from None
        except (aiohttp.ClientError, OSError, ValueError):  # ValueError: a host name that IDNA does not know
            raise _failed() from None

    async def _follow(self, url: URL, waiter: Waiter, held: AsyncExitStack, left: "_TimeLeft") -> bytes:
        for _ in range(self._settings.fetch_max_redirects + 1):
            async with self._turn(url, waiter) as slot, AsyncExitStack() as opened:
                session = await opened.enter_async_context(self._session(slot))
                async with left.counting():
                    response = await opened.enter_async_context(session.get(url, allow_redirects=False))
                if response.status == HTTPStatus.OK:
                    length_bytes = self._length_bytes(response)
                    await held.enter_async_context(self._memory.take(waiter, length_bytes))
                    async with left.counting():
                        return await self._read(response)
                location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                raise _failed()
            url = self._policy.check_url(str(url.join(URL(location, encoded=True))))
        limit = self._settings.fetch_max_redirects
        raise BadImage(ImageFault.NOT_FETCHED, f"is behind more than {limit} redirects. Name its final address.")

    @asynccontextmanager
    async def _turn(self, url: URL, waiter: Waiter) -> AsyncIterator[Slot]:
        """A connection to a host. The host's turn comes first: a slow host's queue takes no connection from others.

        A look-up of its name that outlives the block keeps the connection's slot.
        """
        host = url.raw_host, url.port
        turns = self._hosts.setdefault(host, Turns(_MAX_CONNECTIONS_PER_HOST))
        try:
            async with turns.take(waiter):
                slot = Slot(partial(self._connections.leave, await self._connections.wait(waiter)))
                slot.hold()
                try:
                    yield slot
                finally:
                    slot.release()
        finally:
            if turns.is_idle:
                self._hosts.pop(host, None)

    def _length_bytes(self, response: aiohttp.ClientResponse) -> int:
        """The size that a response announces, or the largest one. Raises BadImage where the file is not taken."""
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
            raise _failed()  # compressed though we asked for it not to be; small bodies can become huge
        if (response.content_length or 0) > self._max_bytes:
            raise self._too_large()
        return self._max_bytes if response.content_length is None else response.content_length

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > self._max_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> BadImage:
        limit = f"{self._settings.fetch_max_mb:g} MB"
        return BadImage(ImageFault.FILE_TOO_LARGE, f"is a file of more than {limit}, the most that is downloaded here.")

    def _session(self, slot: Slot) -> aiohttp.ClientSession:
        """A session for one request, as the slot is: none keeps connections, cookies or addresses for another."""
        resolver = self._resolver or LookupInThreads(slot)
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(resolver, self._policy), use_dns_cache=False, force_close=True
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),  # _TimeLeft counts over all redirects
        )


class _TimeLeft:
    """The timeout of one download: it counts over all redirects, but not while the download waits for its turn."""

    def __init__(self, timeout_s: float) -> None:
        self._left_s = timeout_s

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """A block whose time counts. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._left_s):
                yield
        finally:
            self._left_s -= loop.time() - began


def _failed() -> BadImage:
    """One message for all network errors, so that clients can't use it to scan the operator's network (SSRF)."""
    reason = f"could not be downloaded from its address. {_SEND_DATA}"
    return BadImage(ImageFault.NOT_FETCHED, reason)
