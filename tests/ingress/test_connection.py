"""One connection after the other against a door with short limits, and a handler that is made for the purpose."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from hailo_vision.daemon.http import KEEP_ALIVE_S, runner, serving
from hailo_vision.ingress.limits import Limits

PATIENCE_S = 20
GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
BLOCK = b"x" * 100_000


@dataclass
class Hall:
    """Where the door leads to, and what was seen there."""

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

    async def connect(self) -> "Client":
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
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
        """Status and code of an answer after which the connection ends."""
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
async def open_door(**limits: Any) -> AsyncIterator[Hall]:
    hall = Hall()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hall.handle)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hall.port = listener.getsockname()[1]
        wanted = Limits(**{"connections": 8, "body_bytes": 1_000_000, "linger_s": 0.2, **limits})
        async with serving(app, [listener], wanted, backlog=16):
            yield hall
    for client in hall.clients:
        client.close()
        with suppress(ConnectionError):
            await client.writer.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def test_aiohttp_takes_what_the_front_door_needs() -> None:
    """If this fails, a new aiohttp has changed what hailo_vision/daemon/http.py leans on: look there first."""
    hall = runner(web.Application())
    await hall.setup()
    assert hall.server is not None, "AppRunner.server is the factory of handler protocols"
    handler = hall.server()
    assert isinstance(handler, asyncio.Protocol), "AppRunner.server() gives a protocol for one connection"
    # When one option is unknown, aiohttp drops all of them, auto_decompress=False among them.
    assert handler.keepalive_timeout == KEEP_ALIVE_S, "options of AppRunner no longer reach the protocol"
    await hall.cleanup()


async def test_requests_on_one_connection_are_answered_in_turn_even_if_sent_at_once() -> None:
    async with open_door() as hall:
        client = await hall.connect()
        client.send(b"".join(GET % b"%d" % number for number in range(50)))
        for number in range(50):
            assert (await client.answer())[2] == b"/%d" % number
        client.close()


async def test_a_request_that_comes_too_early_is_not_looked_at_before_the_one_at_hand_is_answered() -> None:
    async with open_door() as hall:
        client = await hall.connect()
        client.send(GET % b"wait" + GET % b"next" + b"nonsense\r\n\r\n")
        await until(lambda: hall.paths == ["/wait"])
        hall.go_on.set()
        assert (await client.answer())[2] == b"/wait"
        assert (await client.answer())[2] == b"/next"
        assert await client.refusal() == (400, "malformed_http")
        assert hall.paths == ["/wait", "/next"]


async def test_a_body_passes_whole_with_a_length_and_in_chunks_with_trailers() -> None:
    async with open_door() as hall:
        client = await hall.connect()
        client.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n" + b"y" * 300_000)
        assert (await client.answer())[2] == b"y" * 300_000
        client.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert (await client.answer())[2] == b"hello world"
        client.close()


async def test_a_head_that_does_not_come_to_its_end_is_a_408() -> None:
    async with open_door(head_s=0.2) as hall:
        client = await hall.connect()
        assert await client.send(b"GET / HTTP/1.1\r\nHost").refusal() == (408, "request_timeout")
        again = await hall.connect()
        assert (await again.send(GET % b"first").answer())[0] == 200
        assert await again.send(b"GET /").refusal() == (408, "request_timeout")
        assert hall.paths == ["/first"]


async def test_a_connection_on_which_nothing_comes_is_closed_without_a_word() -> None:
    async with open_door(head_s=0.2) as hall:
        await (await hall.connect()).ends()


async def test_the_time_of_a_head_is_not_that_of_a_body_or_an_answer() -> None:
    async with open_door(head_s=0.1) as hall:
        waiting, slow = await hall.connect(), await hall.connect()
        waiting.send(GET % b"wait")
        slow.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
        await (await hall.connect()).ends()  # whose time came after theirs
        hall.go_on.set()
        assert (await waiting.answer())[0] == (await slow.send(b"b").answer())[0] == 200
        waiting.close()
        slow.close()


async def test_a_refusal_in_a_body_ends_the_handler_that_reads_it() -> None:
    async with open_door() as hall:
        client = await hall.connect()
        client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        await until(lambda: hall.paths == ["/wait"])
        assert await client.send(b"nonsense\r\n").refusal() == (400, "malformed_http")
        async with asyncio.timeout(PATIENCE_S):
            await hall.cancelled.wait()


async def test_a_body_larger_than_it_may_be_is_a_413_though_its_handler_does_not_read_it() -> None:
    async with open_door(body_bytes=1000) as hall:
        client = await hall.connect()
        client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000000000\r\n\r\n" + bytes(200_000))
        assert await client.refusal() == (413, "request_too_large")


async def test_one_connection_too_many_is_told_to_come_back_and_a_free_place_is_taken_again() -> None:
    async with open_door(connections=2) as hall:
        first, second = await hall.connect(), await hall.connect()
        for client in (first, second):
            assert (await client.send(GET % b"in").answer())[0] == 200
        status, fields, body = await (await hall.connect()).answer()
        assert (status, json.loads(body)["error"]["code"]) == (503, "too_many_connections")
        assert int(fields["retry-after"]) >= 1
        first.close()

        async def is_let_in() -> bool:
            client = await hall.connect()
            status, _, _ = await client.send(GET % b"again").answer()
            client.close()
            return status == 200

        async with asyncio.timeout(PATIENCE_S):
            while not await is_let_in():
                pass
        second.close()


async def test_a_client_that_leaves_ends_its_handler() -> None:
    async with open_door() as hall:
        client = await hall.connect()
        client.send(GET % b"wait")
        await until(lambda: hall.paths == ["/wait"])
        client.close()
        async with asyncio.timeout(PATIENCE_S):
            await hall.cancelled.wait()


@pytest.mark.parametrize("path", [b"flood", b"large"])
async def test_a_client_that_does_not_read_its_answer_is_dropped_with_a_line_in_the_log(
    path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with open_door(stall_s=0.2) as hall:
            with socket.create_connection(("127.0.0.1", hall.port)) as client:
                client.sendall(GET % path)
                await until(lambda: "dropped" in caplog.text)
                other = await hall.connect()
                assert (await other.send(GET % b"other").answer())[0] == 200
                other.close()
                if path == b"flood":
                    async with asyncio.timeout(PATIENCE_S):
                        await hall.cancelled.wait()


async def test_a_client_that_reads_slowly_but_reads_keeps_its_answer() -> None:
    async with open_door(stall_s=0.3) as hall:
        client = await hall.connect()
        client.send(GET % b"large")
        async with asyncio.timeout(PATIENCE_S):
            await client.reader.readuntil(b"\r\n\r\n")
            got = 0
            while got < len(BLOCK) * 200:
                data = await client.reader.read(1 << 20)
                assert data, f"cut off after {got} bytes"
                got += len(data)
                await asyncio.sleep(0.02)
        client.close()


async def test_at_the_end_idle_connections_are_closed_and_an_answer_on_its_way_is_completed() -> None:
    async with open_door() as hall:
        idle, busy = await hall.connect(), await hall.connect()
        assert (await idle.send(GET % b"done").answer())[0] == 200
        busy.send(GET % b"wait")
        await until(lambda: "/wait" in hall.paths)
        reading = asyncio.gather(idle.ends(), busy.answer())
        asyncio.get_running_loop().call_later(0.1, hall.go_on.set)
    _, (status, fields, _) = await reading
    assert (status, fields["connection"]) == (200, "close")
