"""A remote server that means harm: its clients here get answers and errors of ours, and the daemon stays responsive."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import aiohttp
import pytest
import pytest_asyncio

from faulty_server import SECRET, Faulty, faulty
from harness import PATIENCE_S, Daemon

ENDS = {
    "good": 200,
    "odd fields": 200,
    "odd numbers": 200,
    "flood of text": 200,
    "flood of letters": 200,
    "flood of reasoning": 200,
    "flood of arguments": 500,
    "flood of names": 500,
    "flood of calls": 500,
    "flood of empty events": 500,
    "flood of comments": 500,
    "gzip bomb": 500,
    "garbage": 500,
    "other json": 500,
    "error inside": 500,
    "endless line": 500,
    "ends early": 500,
    "400": 400,
    "500": 500,
    "302": 500,
    "429": 503,
    "429 nan": 503,
    "429 inf": 503,
    "429 9e99": 503,
}
NATIVE = ["grammar", "tools", "logprobs", "penalties"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Daemon, Faulty]]:
    """A daemon with a model for each way to misbehave."""
    async with faulty() as server:
        models = [
            {"name": way.replace(" ", "-"), "engine": "remote", "base_url": server.base_url, "remote_name": way}
            for way in ENDS
        ]
        config = {"models": models, "remote": {"retries": 0, "native": NATIVE}}
        daemon = Daemon(tmp_path_factory.mktemp("hostile"), config)
        await asyncio.to_thread(daemon.wait_until_ready)
        yield daemon, server
        assert await asyncio.to_thread(daemon.stop) == 0
        assert SECRET not in daemon.log
        assert "a bug" not in daemon.log


def strict(text: str) -> Any:
    def refuse(name: str) -> NoReturn:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


async def post(session: aiohttp.ClientSession, url: str, way: str, *, stream: bool) -> tuple[int, str]:
    body = {
        "model": way.replace(" ", "-"),
        "messages": [{"role": "user", "content": "Hello?"}],
        "max_tokens": 8,
        "stream": stream,
        "logprobs": True,
        "top_logprobs": 2,
    }
    async with session.post(f"{url}/v1/chat/completions", json=body) as response:
        return response.status, await response.text()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("way", "expected"), ENDS.items())
async def test_what_a_client_gets_is_ours_and_health_answers_meanwhile(
    served: tuple[Daemon, Faulty], way: str, expected: int, stream: bool
) -> None:
    daemon, _ = served
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        answering = asyncio.create_task(post(session, daemon.url, way, stream=stream))
        async with session.get(f"{daemon.url}/health") as health:
            assert health.status == 200
            strict(await health.text())
        status, text = await answering
    assert SECRET not in text
    assert "failed on this request" not in text or expected == 500
    assert len(text) < 2_000_000
    if stream and status == 200:
        events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
        for event in events:
            assert event == "[DONE]" or strict(event)
        assert (expected == 200) == ('"error"' not in text)
    else:
        assert status == expected
        strict(text)
