"""One browser for each file of tests, and a daemon that takes its time like the chip does, but less."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from console.browser import running_browser
from harness import Daemon

PACE = {"prefill_s": 0.2, "tokens_per_s": 30}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=20_000)
    async with running_browser() as running:
        yield running


@pytest.fixture(scope="package")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Shared by all tests that leave it as it was."""
    running = Daemon(tmp_path_factory.mktemp("paced"), {"simulator": PACE}).wait_until_ready()
    yield running
    assert running.stop() == 0, running.log
