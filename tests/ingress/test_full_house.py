"""All connections are taken: which one goes, who gets in all the same, and how the others are told."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from site_for_tests import GET, PATIENCE_S, Site, pair, serve, until

from hailo_vision.http_api.service import handler as service
from hailo_vision.http_api.web.routes import canonical
from hailo_vision.ingress import connection
from hailo_vision.ingress.head import PROBES
from hailo_vision.ingress.limits import MAX_RESERVED_CONNECTIONS
from harness import Daemon, ask

FULL = (503, "too_many_connections")
GREEDY, GOOD = "127.0.0.2", "127.0.0.3"


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback addresses count each for itself, as there are no others on every machine."""
    monkeypatch.setattr(connection, "network_of", str)


async def fill(site: Site, number: int, source: str = "127.0.0.1") -> None:
    """Connections whose requests wait for `site.go_on`."""
    before = len(site.paths)
    for _ in range(number):
        (await site.connect(source)).send(GET % b"wait")
    await until(lambda: len(site.paths) == before + number)


async def test_the_connection_that_has_asked_nothing_for_longest_goes_first() -> None:
    async with serve(max_connections=3) as site:
        silent, half, kept = await site.connect(), await site.connect(), await site.connect()
        half.send(b"GET /half HTTP/1.1\r\n")
        assert (await kept.send(GET % b"kept").answer())[0] == 200
        assert (await (await site.connect()).send(GET % b"1").answer())[0] == 200
        assert await silent.refusal() == FULL
        assert (await (await site.connect()).send(GET % b"2").answer())[0] == 200
        assert await half.refusal() == FULL
        assert (await (await site.connect()).send(GET % b"3").answer())[0] == 200
        await kept.ends()  # without a response, as it waited for none
        assert site.paths == ["/kept", "/1", "/2", "/3"]


async def test_requests_that_run_keep_their_connections_and_a_newcomer_is_told_when_to_come_back() -> None:
    async with serve(max_connections=2) as site:
        await fill(site, 2)
        status, fields, body = await (await site.connect()).send(GET % b"more").answer()
        assert (status, json.loads(body)["error"]["code"]) == FULL
        assert int(fields["retry-after"]) >= 1
        site.go_on.set()
        for client in site.clients[:2]:
            assert (await client.answer())[2] == b"/wait"
        assert (await (await site.connect()).send(GET % b"again").answer())[2] == b"/again"


async def test_a_newcomer_that_asks_nothing_is_told_too(two_addresses: None) -> None:
    async with serve(max_connections=2) as site:
        await fill(site, 2, GREEDY)
        assert await (await site.connect(GREEDY)).refusal() == FULL


async def test_the_health_check_of_this_machine_gets_in_when_all_are_taken() -> None:
    async with serve(max_connections=2) as site:
        await fill(site, 2)
        silent = [await site.connect() for _ in range(MAX_RESERVED_CONNECTIONS)]
        for _ in range(10):
            status, _, body = await (await site.connect()).send(GET % b"health").answer()
            assert (status, body) == (200, b"/health")
        assert await silent[0].refusal() == FULL
        assert await (await site.connect()).send(GET % b"other").refusal() == FULL


def test_the_probes_are_the_paths_that_tell_of_health() -> None:
    routes = [route for route in service.SURFACE.routes if route.path.startswith("/health")]
    assert {canonical(path) for route in routes for path in (route.path, *route.also)} == PROBES


async def test_an_address_gives_up_what_it_has_over_half_when_another_wants_it(two_addresses: None) -> None:
    async with serve(max_connections=4) as site:
        await fill(site, 4, GREEDY)
        greedy = site.clients[:]
        for path in (b"one", b"two"):
            assert (await (await site.connect(GOOD)).send(GET % path).answer())[0] == 200
            assert await greedy.pop().refusal() == FULL
            assert await (await site.connect(GREEDY)).send(GET % b"more").refusal() == FULL
        assert await (await site.connect("127.0.0.4")).send(GET % b"three").answer() is not None
        site.go_on.set()
        for client in greedy:
            assert (await client.answer())[2] == b"/wait"


async def test_a_slow_reader_counts_as_idle() -> None:
    async with serve(max_connections=2) as site:
        with socket.create_connection(("127.0.0.1", site.port)) as reader:
            reader.sendall(GET % b"flood")
            await until(lambda: site.paths == ["/flood"])
            await fill(site, 1)

            async def is_served() -> bool:
                client = await site.connect()
                status, _, _ = await client.send(GET % b"other").answer()
                client.close()
                return status == 200

            async with asyncio.timeout(PATIENCE_S):
                while not await is_served():
                    pass
            async with asyncio.timeout(PATIENCE_S):
                await site.cancelled.wait()


async def test_slow_tls_handshakes_are_connections_and_the_longest_one_goes_first(tmp_path: Path) -> None:
    tls, trusting = pair(tmp_path)
    async with serve(tls, max_connections=2) as site:
        slow = [await site.connect() for _ in range(2)]
        for number in range(2):
            client = await site.connect(ssl=trusting, server_hostname="localhost")
            assert (await client.send(GET % b"in").answer())[0] == 200
            await slow[number].ends()


def test_a_flood_of_connections_that_ask_nothing_takes_no_request_from_others(start: Callable[..., Daemon]) -> None:
    """The flood comes from the same address, so that nothing but the order of the idle ones protects the others."""
    daemon = start(server={"max_connections": 32}).wait_until_ready()
    where = urlsplit(daemon.url)
    stop, is_full = threading.Event(), threading.Event()

    def flood() -> None:
        held: list[socket.socket] = []
        while not stop.wait(0.005):
            with suppress(OSError):
                one = socket.create_connection((where.hostname, where.port), PATIENCE_S)
                held.append(one)
                one.sendall(b"G")
            if len(held) > 64:
                is_full.set()
                held.pop(0).close()
        for one in held:
            one.close()

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        assert is_full.wait(PATIENCE_S)
        statuses = [daemon.get(path)[0] for _ in range(20) for path in ("/v1/models", "/health")]
        statuses.append(daemon.post(ask("Hello"))[0])
    finally:
        stop.set()
        flooding.join()
    assert set(statuses) == {200}
    assert daemon.log.count("all connections are in use") == 1


def test_the_503_of_a_full_house_is_in_the_dialect_of_its_path(start: Callable[..., Daemon]) -> None:
    daemon = start(server={"max_connections": 1}).wait_until_ready()
    where = urlsplit(daemon.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE_S) as sending:
        sending.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n")
        sending.sendall(b"Expect: 100-continue\r\n\r\n")
        assert sending.recv(100).startswith(b"HTTP/1.1 100 ")
        for path in ("/v1/chat/completions", "/v1/responses", "/v1/vision/ask", "/nowhere"):
            status, headers, answer = daemon.request("POST", path, ask("Hello"))
            assert (status, answer["error"]["code"]) == FULL
            assert int(headers["Retry-After"]) >= 1
        for path in ("/api/chat", "/api/generate", "/v1/api/chat"):
            status, headers, answer = daemon.request("POST", path, ask("Hello"))
            assert status == 503
            assert "connections of this server are in use" in answer["error"]
            assert int(headers["Retry-After"]) >= 1
        assert daemon.get("/health")[0] == 200
