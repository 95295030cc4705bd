"""Headers wait for the first event, but not for ever; a long silence is filled with comments."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from hailo_vision.errors import QueueFull
from hailo_vision.http_api.web.exchange import begin
from hailo_vision.http_api.web.faults import fault
from hailo_vision.http_api.web.stream import LateStream, late_stream

Speak = Callable[[LateStream], Awaitable[None]]
NEVER_S = 1000.0

# Keys of a request that are no strings are newer than the aiohttp of Debian 13.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@asynccontextmanager
async def asking(speak: Speak, ping_s: float, **form: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    """A GET of a stream into which `speak` writes; an error before the headers is a 429 here."""

    async def handler(request: web.Request) -> web.StreamResponse:
        about = begin(request, asyncio.get_running_loop().time())
        try:
            async with late_stream(request, ping_s=ping_s, **form) as stream:
                await speak(stream)
                return await stream.close()
        except QueueFull as error:
            return web.Response(status=429) if about.fail is None else await about.fail(fault(error))

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with asyncio.timeout(20), aiohttp.ClientSession() as client, client.get(f"http://{host}:{port}/") as got:
            yield got
    finally:
        await runner.cleanup()


async def test_what_is_written_at_once_has_no_comments() -> None:
    async def speak(stream: LateStream) -> None:
        await stream.write(b"data: a\n\n")

    async with asking(speak, NEVER_S) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert await response.read() == b"data: a\n\n"


async def test_a_silence_is_filled_with_comments_and_opens_the_stream() -> None:
    go_on = asyncio.Event()

    async def speak(stream: LateStream) -> None:
        await go_on.wait()
        await stream.write(b"data: a\n\n")

    async with asking(speak, 0.05) as response:
        assert response.status == 200
        assert await response.content.readline() == b": ping\n"
        go_on.set()
        rest = await response.read()
    assert rest.endswith(b"data: a\n\n")
    assert set(rest.removesuffix(b"data: a\n\n").split(b"\n")) <= {b"", b": ping"}


async def test_comments_come_between_events_too() -> None:
    go_on = asyncio.Event()

    async def speak(stream: LateStream) -> None:
        await stream.write(b"data: a\n\n")
        await go_on.wait()

    async with asking(speak, 0.05) as response:
        assert await response.content.readuntil(b": ping\n\n") == b"data: a\n\n: ping\n\n"
        go_on.set()


async def refuse(stream: LateStream) -> None:
    raise QueueFull(depth=1, retry_after_s=1)


async def test_an_error_before_the_headers_is_a_status() -> None:
    async with asking(refuse, NEVER_S) as response:
        assert response.status == 429


async def test_an_error_after_a_comment_is_an_event() -> None:
    go_on = asyncio.Event()

    async def speak(stream: LateStream) -> None:
        await go_on.wait()
        await refuse(stream)

    async with asking(speak, 0.05) as response:
        assert response.status == 200
        await response.content.readline()
        go_on.set()
        assert (await response.read()).endswith(b'"code":"queue_full"}}\n\n')


@pytest.mark.parametrize("kind", [ValueError, ConnectionResetError])
async def test_an_error_in_the_block_is_raised_as_it_is(kind: type[Exception]) -> None:
    raised: list[type[BaseException]] = []

    async def speak(stream: LateStream) -> None:
        try:
            async with late_stream(stream._request, ping_s=NEVER_S):
                raise kind("no")
        except kind as error:
            raised.append(type(error))
        await stream.write(b"data: a\n\n")

    async with asking(speak, NEVER_S) as response:
        await response.read()
    assert raised == [kind]


async def test_another_form_has_its_own_content_type_and_its_own_way_to_say_nothing() -> None:
    said = asyncio.Event()

    async def speak(stream: LateStream) -> None:
        await said.wait()
        await stream.write(b"{}\n")

    async with asking(speak, 0.01, media="application/x-ndjson", ping=b"null\n") as response:
        assert response.headers["Content-Type"] == "application/x-ndjson"
        assert await response.content.readline() == b"null\n"
        said.set()
        lines = (await response.read()).splitlines()
        assert set(lines) <= {b"null", b"{}"}
        assert lines.count(b"{}") == 1


async def test_events_at_hand_go_out_together_but_the_first_never_waits() -> None:
    may_go_on = asyncio.Event()

    async def speak(stream: LateStream) -> None:
        await stream.write(b"data: a\n\n", has_next=True)
        await may_go_on.wait()
        await stream.write(b"data: b\n\n", has_next=True)
        await stream.write(b"data: c\n\n")
        await stream.write(b"data: d\n\n", has_next=True)

    async with asking(speak, NEVER_S) as response:
        assert await response.content.readany() == b"data: a\n\n"
        may_go_on.set()
        assert await response.read() == b"data: b\n\ndata: c\n\ndata: d\n\n"


async def test_an_error_comes_after_the_events_that_were_held_back() -> None:
    async def speak(stream: LateStream) -> None:
        await stream.write(b"data: a\n\n")
        await stream.write(b"data: b\n\n", has_next=True)
        raise QueueFull(depth=1, retry_after_s=1)

    async with asking(speak, NEVER_S, encode_fault=lambda fault: b"data: error\n\n") as response:
        assert await response.read() == b"data: a\n\ndata: b\n\ndata: error\n\n"
