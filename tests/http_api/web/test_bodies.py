"""The bodies of all requests together."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from hailo_vision.errors import Refused
from hailo_vision.http_api.web.body import Bodies, json_body
from hailo_vision.http_api.web.http_errors import BodyTooSlow
from harness import Daemon, ask, photo


def test_bytes_are_taken_up_to_the_limit_and_given_back() -> None:
    bodies = Bodies(10)
    with bodies.share() as take:
        take(4)
        with bodies.share() as other:
            other(6)
            assert bodies.held_bytes == 10
            with pytest.raises(Refused):
                other(1)
        assert bodies.held_bytes == 4
        take(6)
    assert bodies.held_bytes == 0


def test_bodies_that_never_end_cost_bounded_memory_and_leave_small_requests_alone(
    start: Callable[..., Daemon],
) -> None:
    daemon = start(server={"max_body_mb": 1}).wait_until_ready()
    where = urlsplit(daemon.url)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    body = ask("What is this?", photo("coffee-cup.jpg"))
    with ExitStack() as held:

        def one_more_and_a_refusal() -> Any:
            """Who comes while the last bytes arrive may be answered, and cost a slow body its place: so one more."""
            slow = held.enter_context(socket.create_connection((where.hostname, where.port), 30))
            slow.sendall(head + bytes(990_000))
            answer = daemon.request("POST", "/v1/chat/completions", body)
            return answer if answer[0] == 503 else None

        _, headers, answer = daemon.wait_for(one_more_and_a_refusal)
        assert "as its memory allows" in answer["error"]["message"]
        assert int(headers["Retry-After"]) >= 1
        assert daemon.post(ask("Hello!"))[0] == 200
    assert daemon.wait_for(lambda: daemon.post(body)[0] == 200)


async def test_a_body_that_does_not_come_is_waited_for_so_long_and_gives_its_share_back() -> None:
    bodies = Bodies(1000)
    outcome: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.Response:
        try:
            with bodies.share() as take:
                await json_body(request, 1000, take, within_s=0.2)
        except BodyTooSlow as error:
            outcome.set_result(error)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        await web.SockSite(runner, listener).start()
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        async with asyncio.timeout(20):
            assert isinstance(await outcome, BodyTooSlow)
        assert bodies.held_bytes == 0
        await runner.cleanup()
