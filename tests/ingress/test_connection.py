"""Connections to a server with short timeouts, and an application that is made for the purpose."""

import asyncio
import logging
import socket

import pytest
from aiohttp import web
from site_for_tests import BLOCK, GET, PATIENCE_S, serve, until

from hailo_vision.daemon.http import KEEP_ALIVE_TIMEOUT_S, app_runner


async def test_aiohttp_offers_what_ingress_needs() -> None:
    """If this fails, a new aiohttp has changed what hailo_vision/daemon/http.py relies on: look there first."""
    runner = app_runner(web.Application())
    await runner.setup()
    assert runner.server is not None, "AppRunner.server is the factory of handler protocols"
    handler = runner.server()
    assert isinstance(handler, asyncio.Protocol), "AppRunner.server() gives a protocol for one connection"
    # When one option is unknown, aiohttp drops all of them, auto_decompress=False among them.
    assert handler.keepalive_timeout == KEEP_ALIVE_TIMEOUT_S, "options of AppRunner no longer reach the protocol"
    await runner.cleanup()


async def test_pipelining_gives_the_responses_in_the_order_of_the_requests() -> None:
    async with serve() as site:
        client = await site.connect()
        client.send(b"".join(GET % b"%d" % number for number in range(50)))
        for number in range(50):
            assert (await client.answer())[2] == b"/%d" % number
        client.close()


async def test_a_pipelined_request_is_not_parsed_before_the_current_one_has_its_response() -> None:
    async with serve() as site:
        client = await site.connect()
        client.send(GET % b"wait" + GET % b"next" + b"nonsense\r\n\r\n")
        await until(lambda: site.paths == ["/wait"])
        site.go_on.set()
        assert (await client.answer())[2] == b"/wait"
        assert (await client.answer())[2] == b"/next"
        assert await client.refusal() == (400, "malformed_http")
        assert site.paths == ["/wait", "/next"]


async def test_a_body_is_forwarded_whole_with_a_length_and_in_chunks_with_trailers() -> None:
    async with serve() as site:
        client = await site.connect()
        client.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n" + b"y" * 300_000)
        assert (await client.answer())[2] == b"y" * 300_000
        client.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert (await client.answer())[2] == b"hello world"
        client.close()


async def test_a_head_that_is_not_complete_at_its_timeout_is_a_408() -> None:
    async with serve(head_timeout_s=0.2) as site:
        client = await site.connect()
        assert await client.send(b"GET / HTTP/1.1\r\nHost").refusal() == (408, "request_timeout")
        again = await site.connect()
        assert (await again.send(GET % b"first").answer())[0] == 200
        assert await again.send(b"GET /").refusal() == (408, "request_timeout")
        assert site.paths == ["/first"]


async def test_a_connection_without_a_request_is_closed_without_a_response() -> None:
    async with serve(head_timeout_s=0.2) as site:
        await (await site.connect()).ends()


async def test_the_timeout_of_a_head_does_not_hold_for_a_body_or_a_response() -> None:
    async with serve(head_timeout_s=0.1) as site:
        waiting, slow = await site.connect(), await site.connect()
        waiting.send(GET % b"wait")
        slow.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
        await (await site.connect()).ends()  # whose timeout ends after theirs would
        site.go_on.set()
        assert (await waiting.answer())[0] == (await slow.send(b"b").answer())[0] == 200
        waiting.close()
        slow.close()


async def test_a_malformed_body_cancels_the_handler_that_reads_it() -> None:
    async with serve() as site:
        client = await site.connect()
        client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        await until(lambda: site.paths == ["/wait"])
        assert await client.send(b"nonsense\r\n").refusal() == (400, "malformed_http")
        async with asyncio.timeout(PATIENCE_S):
            await site.cancelled.wait()


async def test_a_body_beyond_the_limit_is_a_413_though_its_handler_does_not_read_it() -> None:
    async with serve(max_body_bytes=1000) as site:
        client = await site.connect()
        client.send(b"POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000000000\r\n\r\n" + bytes(200_000))
        assert await client.refusal() == (413, "request_too_large")


async def test_a_client_that_disconnects_cancels_its_handler() -> None:
    async with serve() as site:
        client = await site.connect()
        client.send(GET % b"wait")
        await until(lambda: site.paths == ["/wait"])
        client.close()
        async with asyncio.timeout(PATIENCE_S):
            await site.cancelled.wait()


@pytest.mark.parametrize("path", [b"flood", b"large"])
async def test_a_slow_client_that_reads_nothing_is_dropped_with_a_line_in_the_log(
    path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with serve(stall_timeout_s=0.2) as site:
            with socket.create_connection(("127.0.0.1", site.port)) as client:
                client.sendall(GET % path)
                await until(lambda: "dropped" in caplog.text)
                other = await site.connect()
                assert (await other.send(GET % b"other").answer())[0] == 200
                other.close()
                if path == b"flood":
                    async with asyncio.timeout(PATIENCE_S):
                        await site.cancelled.wait()


async def test_a_slow_client_that_reads_keeps_its_response() -> None:
    async with serve(stall_timeout_s=0.3) as site:
        client = await site.connect()
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


async def test_a_drain_closes_idle_keep_alive_connections_and_completes_a_response_on_its_way() -> None:
    async with serve() as site:
        idle, busy = await site.connect(), await site.connect()
        assert (await idle.send(GET % b"done").answer())[0] == 200
        busy.send(GET % b"wait")
        await until(lambda: "/wait" in site.paths)
        reading = asyncio.gather(idle.ends(), busy.answer())
        asyncio.get_running_loop().call_later(0.1, site.go_on.set)
    _, (status, fields, _) = await reading
    assert (status, fields["connection"]) == (200, "close")
