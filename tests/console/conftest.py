"""One browser for each file of tests, and one daemon that takes its time like the chip does, but less."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from console.modules import Modules
from harness import Daemon

if TYPE_CHECKING:
    from playwright.async_api import Browser

PACE = {"prefill_s": 0.2, "tokens_per_s": 30}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator["Browser"]:
    from playwright.async_api import expect  # here, as a conftest that can't be imported ends the whole run

    from console.browser import running_browser

    expect.set_options(timeout=20_000)
    async with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Shared by all tests that leave it as it was."""
    running = Daemon(tmp_path_factory.mktemp("paced"), {"simulator": PACE}).wait_until_ready()
    yield running
    assert running.stop() == 0, running.log


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Modules:
    return Modules(tmp_path_factory.mktemp("modules"))
