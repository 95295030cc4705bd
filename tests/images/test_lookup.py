"""Names of hosts are looked up in threads of their own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hailo_vision.images.lookup import MAX_LOOKUPS, LookupInThreads
from harness import PATIENCE_S


async def test_a_name_is_resolved_to_its_addresses_in_digits() -> None:
    results = await LookupInThreads().resolve("localhost", 80)
    assert {result["host"] for result in results} <= {"127.0.0.1", "::1"}
    assert all(result["port"] == 80 for result in results)


async def test_a_name_that_nobody_knows_is_an_os_error() -> None:
    with pytest.raises(socket.gaierror):
        await LookupInThreads().resolve("no-such-host.invalid", 80)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A name server that answers once the event is set."""
    answers = threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        answers.wait(PATIENCE_S)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]

    monkeypatch.setattr("hailo_vision.images.lookup.socket.getaddrinfo", getaddrinfo)
    yield answers
    answers.set()


async def test_lookups_that_hang_hold_up_nothing_else_that_runs_in_threads(stuck: threading.Event) -> None:
    resolver = LookupInThreads()
    waiting = [asyncio.create_task(resolver.resolve(f"host{number}")) for number in range(MAX_LOOKUPS + 5)]
    async with asyncio.timeout(PATIENCE_S):
        assert await asyncio.to_thread(lambda: "done") == "done"
        assert sum(thread.name == "lookup" for thread in threading.enumerate()) <= MAX_LOOKUPS
        stuck.set()
        for results in await asyncio.gather(*waiting):
            assert results[0]["host"] == "192.0.2.1"


async def test_a_lookup_that_was_given_up_keeps_its_place_until_its_thread_has_ended(stuck: threading.Event) -> None:
    resolver = LookupInThreads()
    given_up = [asyncio.create_task(resolver.resolve(f"host{number}")) for number in range(MAX_LOOKUPS)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    another = asyncio.create_task(resolver.resolve("host"))
    await asyncio.sleep(0)
    assert not another.done()
    stuck.set()
    async with asyncio.timeout(PATIENCE_S):
        assert (await another)[0]["host"] == "192.0.2.1"
