"""The bodies of all requests together."""

import asyncio
import json
import socket
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from hailo_vision.http_api.web.body import Bodies, json_body
from hailo_vision.http_api.web.http_errors import BodyTooSlow, TooManyBodies
from harness import Daemon, ask, photo


async def test_bytes_are_taken_up_to_the_limit_and_given_back() -> None:
    bodies = Bodies(10)
    async with bodies.share("a") as take:
        take(4)
        async with bodies.share("b") as other:
            other(6)
            assert bodies.held_bytes == 10
            with pytest.raises(TooManyBodies):
                other(1)
        assert bodies.held_bytes == 4
        take(6)
    assert bodies.held_bytes == 0


async def test_a_body_that_another_client_needs_the_memory_of_is_given_up_and_no_other() -> None:
    bodies, outcome = Bodies(10), list[str]()
    have = asyncio.Barrier(3)

    async def hold(name: str, size_bytes: int) -> None:
        try:
            async with bodies.share("greedy") as take:
                take(size_bytes)
                await have.wait()
                await asyncio.sleep(60)
        except TooManyBodies:
            outcome.append(name)

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        old = tasks.create_task(hold("old", 5))
        await asyncio.sleep(0)
        new = tasks.create_task(hold("new", 5))
        await have.wait()
        async with bodies.share("good") as take:
            take(5)
            await new
            assert outcome == ["new"]
            assert bodies.held_bytes == 10
            with pytest.raises(TooManyBodies):
                take(1)
        old.cancel()
    assert bodies.held_bytes == 0
    assert outcome == ["new"]


def test_a_clients_slow_bodies_of_the_largest_size_keep_no_other_client_out(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"greedy {'e' * 30}\ngood {'g' * 30}\n")
    keys.chmod(0o600)
    daemon = start(server={"max_body_mb": 1, "api_keys_file": str(keys)}).wait_until_ready()
    where = urlsplit(daemon.url)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\nExpect: 100-continue\r\n"
    length, chunked = b"Content-Length: 1000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nf1b30\r\n"
    with ExitStack() as held:
        slow = [held.enter_context(socket.create_connection((where.hostname, where.port), 30)) for _ in range(8)]
        for number, connection in enumerate(slow):
            connection.sendall(head % (b"e" * 30) + (chunked if number % 2 else length) + b" " * 990_000)
        refused = [connection for connection in slow if _status(connection) == 503]  # the memory has room for four
        assert len(refused) < len(slow)
        body = json.dumps(ask("What is this?", photo("coffee-cup.jpg"))).encode()
        for _ in range(5):
            request = urllib.request.Request(
                daemon.url + "/v1/chat/completions", body, {"X-Api-Key": "g" * 30, "Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as response:
                assert response.status == 200


def _status(connection: socket.socket) -> int:
    """The status of a response, or 0 where none comes soon but the one that lets the body come."""
    data = b""
    connection.settimeout(0.3)
    try:
        while b"503 " not in data and (part := connection.recv(65536)):
            data += part
    except (TimeoutError, ConnectionResetError):
        pass
    return 503 if b"HTTP/1.1 503 " in data else 0


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


@pytest.mark.parametrize("bound", ["within_s", "pace_s"])
async def test_a_body_that_does_not_come_is_waited_for_so_long_and_gives_its_share_back(bound: str) -> None:
    bodies = Bodies(1000)
    outcome: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.Response:
        try:
            async with bodies.share("a") as take:
                await json_body(request, 1000, take, **{bound: 0.2})
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
            error = await outcome
        assert isinstance(error, BodyTooSlow)
        assert ("4000 bytes a second" in str(error)) is (bound == "pace_s")
        assert bodies.held_bytes == 0
        await runner.cleanup()
