"""Fixtures that every test may use."""

import asyncio
import re
import signal
import tomllib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tidy_loop import TidyPolicy

from harness import ROOT, Daemon

# A loaded machine is no bug: how long an example takes is measured in benchmarks/.
with suppress(ImportError):
    from hypothesis import settings

    settings.register_profile("no-deadline", deadline=None)
    settings.load_profile("no-deadline")

# Fixtures that start a program for each test that has them.
SLOW_ROOMS = frozenset(("end_to_end", "documents", "daemon", "worker", "ingress", "doctor", "cli"))
OF_ITS_OWN = {"start", "spawn"}
MISSING = re.compile(r"No module named '(\w+)")


def pytest_configure() -> None:
    """A shell without job control starts what it puts into the background deaf to Ctrl-C, and so all its children."""
    asyncio.set_event_loop_policy(TidyPolicy())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def extra_of(module: str) -> str | None:
    """The extra of pyproject.toml that installs a module; pydantic comes with openai."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {"pydantic": "openai"}.get(module, module)
    for extra, requirements in extras.items():
        if any(re.split(r"[^\w-]", line)[0].replace("-", "_") == wanted for line in requirements):
            return str(extra)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A missing test tool skips the module that needs it, with its name, and ends nothing."""
    report = yield
    missing = MISSING.search(report.longreprtext) if report.failed else None
    if missing and (extra := extra_of(missing[1])):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {missing[1]} is missing: scripts/setup {extra} gets it")
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test with a daemon, a worker or a command line of its own is slow, as are all of the rooms that start some."""
    for item in items:
        starts_its_own = not OF_ITS_OWN.isdisjoint(getattr(item, "fixturenames", ()))
        if starts_its_own or not SLOW_ROOMS.isdisjoint(item.path.relative_to(Path(__file__).parent).parts):
            item.add_marker("slow")


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
