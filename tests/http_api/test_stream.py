"""A stream to a client that does not read gives up on it, and not on the others."""

import asyncio
import socket
from contextlib import suppress

from aiohttp import web

from hailo_vision.http_api.stream import EventStream

BLOCK = b"data: " + b"x" * 65536 + b"\n\n"


def read_to_the_end(client: socket.socket) -> None:
    """Returns once the server has let go of the connection."""
    with suppress(ConnectionResetError):
        while client.recv(1 << 20):
            pass


async def test_a_client_that_does_not_read_is_given_up() -> None:
    outcome: asyncio.Future[type[BaseException]] = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.StreamResponse:
        stream = await EventStream.open(request, stall_s=0.2)
        try:
            while True:
                await stream.write(BLOCK)
        except BaseException as error:
            outcome.set_result(type(error))
            raise

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        await web.SockSite(runner, listener).start()
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(20):
            assert await outcome is ConnectionResetError
        async with asyncio.timeout(20):
            await asyncio.to_thread(read_to_the_end, client)
        await runner.cleanup()
