"""Web servers on loopback that behave, or misbehave, as a test says."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp.abc import AbstractResolver, ResolveResult

FAMILIES = {True: socket.AF_INET6, False: socket.AF_INET}
Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def response(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP response; underscores in the names of headers are dashes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ok(body: bytes, **headers: str) -> bytes:
    return response("200 OK", body, **headers)


def redirect(location: str, status: str = "302 Found", **headers: str) -> bytes:
    return response(status, Location=location, **headers)


class Site:
    """Answers by path, notes who came, and knows when the last visitor has left."""

    def __init__(self, answers: dict[str, Answer], host: str = "127.0.0.1") -> None:
        self.host = host
        self.answers = answers
        self.requests: list[str] = []
        self.connections = 0
        self.left = asyncio.Event()

    async def __aenter__(self) -> "Site":
        self._server = await asyncio.start_server(self._visit, self.host, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            answer = self.answers[head.split(" ")[1]]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
            while await reader.read(1000):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.left.set()


class Directory(AbstractResolver):
    """A name server that gives one answer after the other, and stays with the last."""

    def __init__(self, *answers: list[tuple[str, int]]) -> None:
        self._answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host, host=address, port=at, family=FAMILIES[":" in address], proto=socket.IPPROTO_TCP, flags=0
            )
            for address, at in answer
        ]

    async def close(self) -> None:
        pass


async def silence(writer: asyncio.StreamWriter) -> None:
    """Says nothing until the visitor leaves."""


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte now and then, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(writer: asyncio.StreamWriter) -> None:
    """As much as the visitor takes, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await writer.drain()
