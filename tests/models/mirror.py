"""A server that keeps a file as a vendor does, and misbehaves as a test says: one way a request, then well again."""

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from aiohttp import web

Way = Callable[["Mirror", web.Request], Awaitable[web.StreamResponse]]


def hef(size_bytes: int = 200_000, *, version: int = 3, seed: int = 1) -> bytes:
    """A file with a HEF's header, whose sizes add up, and bytes that do not repeat in step with any block."""
    description, additional = 1000, 24
    weights = size_bytes - 56 - description - additional
    head = struct.pack(">4sIIQQIQQQ", b"\x01HEF", version, description, 7, weights, 0, additional, 0, 0)
    filler = (seed * 7919 + index * index for index in range(251))
    return head + (bytes(number % 256 for number in filler) * (size_bytes // 251 + 1))[: size_bytes - len(head)]


class Mirror:
    """Gives `body` at every path. `asked` has every request that came."""

    def __init__(self, body: bytes, *ways: Way, certificate: Path | None = None) -> None:
        self.body = body
        self._certificate = certificate
        self.etag: str | None = '"one"'
        self.last_modified: str | None = None
        self.ways = list(ways)
        self.asked: list[web.Request] = []
        self.go_on = asyncio.Event()
        self.arrived_bytes = 0

    async def __aenter__(self) -> "Mirror":
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        context = None
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        port = self._runner.addresses[0][1]
        self.url = f"https://localhost:{port}" if context else f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on.set()
        await self._runner.cleanup()

    async def arrival_of(self, size_bytes: int) -> None:
        """Waits until the other side has so much of the file: what is on its way when a connection ends is lost."""
        async with asyncio.timeout(10):
            while self.arrived_bytes < size_bytes:
                await asyncio.sleep(0.002)

    @property
    def ranges(self) -> list[str | None]:
        return [request.headers.get("Range") for request in self.asked]

    def headers(self) -> dict[str, str]:
        known = {"ETag": self.etag, "Last-Modified": self.last_modified}
        return {name: value for name, value in known.items() if value}

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.arrived_bytes = 0
        way = self.ways.pop(0) if self.ways else well
        return await way(self, request)


async def well(mirror: Mirror, request: web.Request) -> web.StreamResponse:
    first = start(mirror, request)
    if first is None:
        return web.Response(body=mirror.body, headers=mirror.headers())
    if first >= len(mirror.body):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(mirror.body)}"})
    return part(mirror, first, mirror.body[first:])


def start(mirror: Mirror, request: web.Request) -> int | None:
    """The first byte of the range that is to be given, None for the whole file."""
    wanted, known = request.headers.get("Range"), request.headers.get("If-Range")
    if wanted is None or known not in (None, mirror.etag, mirror.last_modified):
        return None
    return int(wanted.removeprefix("bytes=").removesuffix("-"))


def part(mirror: Mirror, first: int, data: bytes, **headers: str) -> web.Response:
    span = f"bytes {first}-{first + len(data) - 1}/{len(mirror.body)}"
    return web.Response(status=206, body=data, headers=mirror.headers() | {"Content-Range": span} | headers)


def drops_after(size_bytes: int) -> Way:
    """Announces all that was asked for, gives so much of it, and hangs up when that has arrived."""

    async def way(mirror: Mirror, request: web.Request) -> web.StreamResponse:
        response, data = await opened(mirror, request)
        await response.write(data[:size_bytes])
        await mirror.arrival_of(len(mirror.body) - len(data) + size_bytes)
        assert request.transport is not None
        request.transport.close()
        return response

    return way


def stalls_after(size_bytes: int) -> Way:
    """Gives so much, and the rest when the test says go on."""

    async def way(mirror: Mirror, request: web.Request) -> web.StreamResponse:
        response, data = await opened(mirror, request)
        await response.write(data[:size_bytes])
        await mirror.go_on.wait()
        await response.write(data[size_bytes:])
        return response

    return way


async def opened(mirror: Mirror, request: web.Request) -> tuple[web.StreamResponse, bytes]:
    first = start(mirror, request)
    data = mirror.body[first or 0 :]
    response = web.StreamResponse(status=200 if first is None else 206, headers=mirror.headers())
    if first is not None:
        response.headers["Content-Range"] = f"bytes {first}-{len(mirror.body) - 1}/{len(mirror.body)}"
    response.content_length = len(data)
    await response.prepare(request)
    return response, data


def says(status: int, body: bytes = b"", **headers: str) -> Way:
    async def way(mirror: Mirror, request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return way


def gives(body: bytes) -> Way:
    """Another file, whole."""

    async def way(mirror: Mirror, request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers=mirror.headers())

    return way


async def ignores_ranges(mirror: Mirror, request: web.Request) -> web.StreamResponse:
    return web.Response(body=mirror.body, headers=mirror.headers())


async def gives_another_range(mirror: Mirror, request: web.Request) -> web.StreamResponse:
    first = (start(mirror, request) or 0) + 1
    return part(mirror, first, mirror.body[first:])


async def gives_ranges_of_a_changed_file(mirror: Mirror, request: web.Request) -> web.StreamResponse:
    """As servers do that know Range and not If-Range."""
    first = start(mirror, request) or 0
    return part(mirror, first, bytes(len(mirror.body) - first), ETag='"two"')


async def gives_a_little_of_the_range(mirror: Mirror, request: web.Request) -> web.StreamResponse:
    first = start(mirror, request) or 0
    return part(mirror, first, mirror.body[first : first + 1000])


async def chunked(mirror: Mirror, request: web.Request) -> web.StreamResponse:
    """Does not say how large the file is."""
    response = web.StreamResponse(headers=mirror.headers())
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(mirror.body)
    return response
