"""Names of hosts are looked up in threads of their own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hailo_vision.client import Server
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.lookup import MAX_LOOKUPS, LookupInThreads, Slot
from hailo_vision.models.catalogue import CATALOGUE
from hailo_vision.models.download import Download, Limits
from hailo_vision.models.part import Part
from hailo_vision.models.store import ModelPath
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

    monkeypatch.setattr("hailo_vision.lookup.socket.getaddrinfo", getaddrinfo)
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


async def test_a_slot_is_left_when_its_last_holder_has_ended(stuck: threading.Event) -> None:
    left = asyncio.Event()
    slot = Slot(left.set)
    slot.hold()
    given_up = asyncio.create_task(LookupInThreads(slot).resolve("host"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    slot.release()
    assert not left.is_set()
    stuck.set()
    async with asyncio.timeout(PATIENCE_S):
        await left.wait()


async def test_without_a_thread_for_it_a_lookup_fails_and_leaves_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread:
        def __init__(self, **_: Any) -> None: ...

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr("hailo_vision.lookup.Thread", NoThread)
    resolver = LookupInThreads()
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(MAX_LOOKUPS + 1):
            with pytest.raises(OSError, match="can't start new thread"):
                await resolver.resolve("localhost")


def remote_session() -> aiohttp.ClientSession:
    return Endpoint(name="nas", base_url="http://nas.lan/v1", dialect="openai", model="tiny").session()


def download_session() -> aiohttp.ClientSession:
    file, part = CATALOGUE[0], Part(ModelPath(path=Path("/nowhere")), -1)
    limits = Limits()
    return Download(file=file, url=file.url, part=part, folder=Path(), limits=limits, report=print)._session()


async def our_own_session() -> aiohttp.ClientSession:
    return (await Server("http://nas.lan").__aenter__())._session


@pytest.mark.parametrize("make", [remote_session, download_session, our_own_session])
async def test_every_client_of_ours_looks_names_up_apart(make: Callable[[], Any]) -> None:
    """In asyncio's own pool names that nobody answers for would hold up its other work, and the process's end."""
    made = make()
    async with await made if asyncio.iscoroutine(made) else made as session:
        assert isinstance(session.connector, aiohttp.TCPConnector)
        assert isinstance(session.connector._resolver, LookupInThreads)


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
