"""An application that is made for tests of connections, on a server with short timeouts, and its clients."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web

from hailo_vision.access.tls import Tls
from hailo_vision.daemon.http import serving
from hailo_vision.ingress.limits import Limits

PATIENCE_S = 20
GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
BLOCK = b"x" * 100_000


@dataclass
class Site:
    """The application behind the connections: what reached it, and the clients of the test."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    clients: list["Client"] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        match request.path:
            case "/wait":
                return await self.wait()
            case "/flood":
                return await self.flood(request)
            case "/large":
                return web.Response(body=BLOCK * 200)
            case "/body":
                return web.Response(body=await request.read())
            case _:
                return web.Response(text=request.path)

    async def wait(self) -> web.Response:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return web.Response(text="/wait")

    async def flood(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(BLOCK)
        except (ConnectionResetError, asyncio.CancelledError):
            self.cancelled.set()
            raise

    async def connect(self, source: str = "127.0.0.1", **how: Any) -> "Client":
        streams = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0), **how)
        self.clients.append(Client(*streams))
        return self.clients[-1]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> "Client":
        self.writer.write(data)
        return self

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(PATIENCE_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(fields["content-length"]))
        return int(head[0].split()[1]), fields, body

    async def refusal(self) -> tuple[int, str]:
        """Status and code of an error response, after which the connection ends."""
        status, fields, body = await self.answer()
        assert fields["connection"] == "close"
        assert fields["content-type"].startswith("application/json")
        await self.ends()
        return status, json.loads(body)["error"]["code"]

    async def ends(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            assert await self.reader.read() == b""

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def serve(tls: Tls | None = None, **bounds: Any) -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.handle)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site.port = listener.getsockname()[1]
        limits = Limits(**{"max_connections": 8, "max_body_bytes": 1_000_000, "linger_s": 0.2, **bounds})
        async with serving(app, [listener], limits, backlog=16, tls=tls):
            try:
                yield site
            except BaseException:
                for client in site.clients:
                    client.close()  # else the server would wait for them, and hide what went wrong
                raise
    for client in site.clients:
        client.close()
        with suppress(OSError):
            await client.writer.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


def pair(folder: Path) -> tuple[Tls, ssl.SSLContext]:
    """A server's certificate by an authority of its own, and a client's context that trusts it."""
    authority, trusting = trustme.CA(), ssl.create_default_context()
    issued = authority.issue_cert("localhost")
    cert, key = folder / "server.crt", folder / "server.key"
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    authority.configure_trust(trusting)
    return Tls(str(cert), str(key)), trusting
