"""Fixtures that every test may use."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness import Daemon


def pytest_configure() -> None:
    """A shell without job control starts what it puts into the background deaf to Ctrl-C, and so all its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A ready daemon without delays, shared by all tests that leave it as it was."""
    running = Daemon(tmp_path_factory.mktemp("daemon")).wait_until_ready()
    yield running
    assert running.stop() == 0, running.log


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons with a config of the test's own: start(simulator={"load_s": 1}). They are stopped at the end."""
    started: list[Daemon] = []

    def start_one(**config: Any) -> Daemon:
        started.append(Daemon(tmp_path_factory.mktemp("daemon"), config))
        return started[-1]

    yield start_one
    for running in started:
        running.stop()
