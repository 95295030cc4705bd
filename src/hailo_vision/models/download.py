"""The download of one file into its part, with timeouts, retries and resumption."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

import aiohttp

from hailo_vision import __version__
from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.lookup import LookupInThreads
from hailo_vision.models.answer import Later, Rest, Useless, Whole, headers_for, leads_nowhere, redirect, understand
from hailo_vision.models.catalogue import ModelFile, without_password
from hailo_vision.models.events import Received, Report, Started, StartedOver, Waits
from hailo_vision.models.part import Part
from hailo_vision.models.records import Partial
from hailo_vision.models.store import require_space
from hailo_vision.models.verify import HEADER_BYTES, header_fault

_BLOCK_BYTES = 1 << 20
_MAX_REDIRECTS = 8

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The timeouts and retries of a download. A try that brings `worthwhile_bytes` does not count as a failure."""

    connect_s: float = 15.0
    silence_s: float = 60.0
    tries: int = 6
    first_wait_s: float = 1.0
    max_wait_s: float = 60.0
    worthwhile_bytes: int = 16_000_000
    spare_bytes: int = 64_000_000


class _NotNow(Exception):
    """This try failed; a retry may succeed."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """The download of one file from `url`, which may hold a password, into the part."""

    file: ModelFile
    url: str
    part: Part
    folder: Path
    limits: Limits
    report: Report

    async def run(self) -> None:
        """Returns when the part is whole; raises ModelError when the file can't be downloaded."""
        failures, furthest = 0, self.part.size_bytes
        whole = self.part.is_whole
        async with self._session() as session:
            while not whole:
                try:
                    whole = await self._try(session)
                except (_NotNow, aiohttp.ClientError, TimeoutError, UnicodeError) as error:
                    failures = 1 if self.part.size_bytes >= furthest + self.limits.worthwhile_bytes else failures + 1
                    furthest = max(furthest, self.part.size_bytes)
                    await self._wait(error, failures)

    def _session(self) -> aiohttp.ClientSession:
        limits = self.limits
        return aiohttp.ClientSession(
            trust_env=True,  # http_proxy, https_proxy, no_proxy
            auto_decompress=False,
            headers={"User-Agent": f"hailo-vision/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(resolver=LookupInThreads(), force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_s, sock_read=limits.silence_s),
        )

    async def _try(self, session: aiohttp.ClientSession) -> bool:
        """Sends one request. Returns True when the file is whole, False when another request is to follow at once."""
        part = self.part
        headers = headers_for(part.note, part.size_bytes)
        async with self._requested(session, headers) as response:
            answer = understand(response.status, response.headers, part.note, part.size_bytes)
            if isinstance(answer, Useless):
                await self._start_over(None)
                return False
            size_bytes = await self._begin(answer)
            await self._receive(response, size_bytes)
        if size_bytes is not None and part.size_bytes < size_bytes:
            raise _NotNow("the server ended the file too early")
        return True

    @asynccontextmanager
    async def _requested(
        self, session: aiohttp.ClientSession, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Follows redirects by hand: aiohttp shows a hop only when the request for it has been sent."""
        url = self.url
        for _ in range(_MAX_REDIRECTS + 1):
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                target = redirect(response.status, response.headers, url)
                if target is None:
                    yield response
                    return
                url = target
        raise ModelError(ModelFault.REFUSED, leads_nowhere(self.url))

    async def _begin(self, answer: Rest | Whole | Later) -> int | None:
        """Prepares the part for the body. Returns the size of the whole file, where it is known."""
        match answer:
            case Later():
                raise _NotNow(answer.why, answer.after_s)
            case Rest():
                size_bytes = self._expected(answer.size_bytes)
            case Whole():
                size_bytes = self._expected(answer.size_bytes)
                await self._start_over(self._note(answer, size_bytes))
        have_bytes = self.part.size_bytes
        require_space(self.folder, (size_bytes or self.file.space_bytes) - have_bytes, self.limits.spare_bytes)
        self.report(Started(url=without_password(self.url), have_bytes=have_bytes, size_bytes=size_bytes))
        return size_bytes

    def _expected(self, announced_bytes: int | None) -> int | None:
        """Returns the size that the whole file must have, where it is known. Raises ModelError for another file's."""
        exact_bytes = self.file.size_bytes if self.file.sha256 else None
        if announced_bytes is None:
            return exact_bytes
        if exact_bytes is not None and announced_bytes != exact_bytes:
            message = f"The server's file has {announced_bytes:,} bytes instead of {exact_bytes:,}: it is another one."
            raise ModelError(ModelFault.WRONG_FILE, f"{message} Try a mirror.")
        if announced_bytes > self.file.max_bytes:
            message = f"The server announces {announced_bytes:,} bytes, more than {self.file.max_bytes:,}"
            raise ModelError(ModelFault.WRONG_FILE, f"{message}: it is another file. Try a mirror.")
        return announced_bytes or exact_bytes

    def _note(self, answer: Whole, size_bytes: int | None) -> Partial:
        return Partial(
            url=without_password(self.url),
            size_bytes=size_bytes,
            etag=answer.etag,
            last_modified=answer.last_modified,
            synced_bytes=0,
        )

    async def _start_over(self, note: Partial | None) -> None:
        if self.part.size_bytes:
            self.report(StartedOver(lost_bytes=self.part.size_bytes))
        await in_thread(self.part.restart, note)

    async def _receive(self, response: aiohttp.ClientResponse, size_bytes: int | None) -> None:
        max_bytes = size_bytes or self.file.max_bytes
        pending = bytearray()
        try:
            async for piece in response.content.iter_any():
                pending += piece
                done_bytes = self.part.size_bytes + len(pending)
                if done_bytes > max_bytes:
                    message = f"The server sends more than {max_bytes:,} bytes: it is another file. Try a mirror."
                    raise ModelError(ModelFault.WRONG_FILE, message)
                self.report(Received(done_bytes=done_bytes, size_bytes=size_bytes))
                if len(pending) >= _BLOCK_BYTES:
                    block, pending = pending, bytearray()
                    await in_thread(self._keep, block)
        finally:
            # Whatever ends this, a break or Ctrl-C: what has come needs not come again.
            await in_thread(self._keep, pending)

    def _keep(self, block: bytearray) -> None:
        """Writes a block. The header is checked at once, so that gigabytes of something else do not follow it."""
        head = bytes(block[:HEADER_BYTES])
        if self.part.size_bytes == 0 and len(head) == HEADER_BYTES and (fault := header_fault(self.file.file, head)):
            raise ModelError(ModelFault.WRONG_FILE, f"What the server sends {fault}. Try a mirror.")
        self.part.write(block)

    async def _wait(self, error: Exception, failures: int) -> None:
        why = self._why(error)
        if failures >= self.limits.tries:
            kept = self.part.size_bytes if self.part.note and self.part.note.validator else 0
            more = (
                f"{kept / 1e6:,.0f} MB are kept: the same command goes on from there." if kept else "Try again later."
            )
            raise ModelError(ModelFault.BROKEN_OFF, f"The download failed {failures} times: {why}. {more}") from error
        wait_s = self.limits.first_wait_s * 2 ** (failures - 1)
        if isinstance(error, _NotNow) and error.after_s is not None:
            wait_s = max(wait_s, error.after_s)
        wait_s = min(wait_s, self.limits.max_wait_s)
        self.report(Waits(why=why, wait_s=wait_s))
        await asyncio.sleep(wait_s)

    def _why(self, error: Exception) -> str:
        """Returns the reason, as the rest of a sentence. Raises ModelError for an error that no retry would change."""
        host = urlsplit(self.url).hostname
        match error:
            case _NotNow():
                return str(error)
            case aiohttp.ClientConnectorCertificateError():
                message = (
                    f"The certificate of {host} is not trusted. Is this machine's clock right (date)? "
                    "A proxy that opens TLS needs its certificate among the system's."
                )
                raise ModelError(ModelFault.REFUSED, message) from error
            case aiohttp.InvalidURL() | UnicodeError():  # the latter for a name that DNS can't have
                raise ModelError(ModelFault.REFUSED, leads_nowhere(self.url)) from error
            case aiohttp.ClientConnectorDNSError():
                return f"the name {host} can't be resolved; check the network"
            case aiohttp.ClientProxyConnectionError():
                return "the proxy does not answer"
            case TimeoutError():
                return f"{host} was silent for too long"
            case aiohttp.ClientConnectorError():
                return f"nothing answers at {host}"
            case _:
                return "the connection broke"


async def in_thread(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Runs a blocking function in a thread. A cancellation waits for its end: the file must not be closed under it."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments, **options))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        work.exception()  # looked at, or asyncio would report it as forgotten
        raise
