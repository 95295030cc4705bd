"""The way to a server: what it sends, and what it makes of answers that are none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hailo_vision.client import Server, ServerError, texts
from harness import Daemon, ask

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server that answers everything in one way; its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_answer_comes_as_events_up_to_its_end(daemon: Daemon) -> None:
    async with Server(f"{daemon.url}/v1") as server:
        events = [event async for event in server.chat(ask("How many images are there?"))]
    assert events[-1]["choices"][0]["finish_reason"] == "stop"


async def test_a_refusal_has_the_server_s_code_and_words(daemon: Daemon) -> None:
    async with Server(daemon.url) as server:
        with pytest.raises(ServerError, match="gpt-9") as caught:
            await anext(server.chat({**ask("Hi"), "model": "gpt-9"}))
    assert (caught.value.code, caught.value.status) == ("model_not_found", 404)


async def test_the_key_goes_with_each_request() -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"state": "ready"})

    async with serving(handler) as url:
        async with Server(url, "secret") as server:
            await server.health()
        async with Server(url) as server:
            await server.health()
    assert seen == ["Bearer secret", None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"data: {}\n\n", "broken_off"),
        (b"data: 7\n\n", "not_understood"),
        (b"data: {broken\n\n", "not_understood"),
        (b"data: \xff\xfe\n\n", "not_understood"),
        (b"data: " + b"x" * 3_000_000, "not_understood"),
        (b'data: {"error": {"message": "No.", "code": "device_unavailable"}}\n\n', "device_unavailable"),
        (b'data: {"error": "No."}\n\n', "not_understood"),
        (b": keep-alive\n\ndata: [DONE]\n\n", None),
    ],
)
async def test_a_stream_that_is_none(body: bytes, code: str | None) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/event-stream")

    async with serving(handler) as url, Server(url) as server:
        if code is None:
            assert [event async for event in server.chat({})] == []
            return
        with pytest.raises(ServerError) as caught:
            async for _ in server.chat({}):
                pass
    assert caught.value.code == code


@pytest.mark.parametrize("choices", [7, "x", [7], ["x"], [{"delta": 7}], [{"delta": [1]}]])
def test_an_event_that_is_none_of_a_chat_is_an_error(choices: object) -> None:
    with pytest.raises(ServerError, match="not valid"):
        list(texts({"choices": choices}))


def test_events_without_text_have_none() -> None:
    deltas = [{"delta": {"content": "a"}}, {"delta": None}, {"delta": {"content": None}}, {}, {"delta": {"content": 7}}]
    assert list(texts({"choices": deltas})) == ["a", "7"]
    assert not [*texts({}), *texts({"choices": None})]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, "<html>", "not_understood"),
        (200, "[]", "not_understood"),
        (502, "<html>", "not_understood"),
        (401, '{"error": {"message": "A key is wanted.", "code": "invalid_api_key"}}', "invalid_api_key"),
        (500, '{"error": {"message": "A bug.", "code": null}}', "500"),
        (200, "[" * 100_000, "not_understood"),
    ],
)
async def test_a_health_that_is_none(status: int, body: str, code: str) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    async with serving(handler) as url, Server(url) as server:
        with pytest.raises(ServerError) as caught:
            await server.health()
    assert caught.value.code == code


async def test_a_server_that_goes_silent_is_given_up() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'data: {"choices": []}\n\n')
        await asyncio.sleep(3600)  # cancelled at the end of the test
        return response

    async with serving(handler) as url, Server(url, silence_s=0.2) as server:
        with pytest.raises(ServerError, match="did not answer") as caught:
            async for _ in server.chat({}):
                pass
    assert caught.value.code == "unreachable"
