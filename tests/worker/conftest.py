"""Fixtures of the engine's tests: each in both releases of HailoRT."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulator.platforms import Modules, import_fresh
from worker.devices import VERSIONS, Device, Worker, options_of


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[dict[str, Any], Modules]]:
    """One import of each release, whose chip takes no time, for all tests that want no other options."""

    def load(version: str) -> tuple[dict[str, Any], Modules]:
        options = options_of(tmp_path_factory.mktemp("chip"), version)
        return options, import_fresh(options)

    return cache(load)


@pytest.fixture
def unloaded(version: str, imported: Callable[[str], tuple[dict[str, Any], Modules]]) -> Iterator[Device]:
    """Device code that has not loaded anything yet."""
    options, modules = imported(version)
    found = Device(options, modules)
    found.play("none")
    yield found
    found.play("none")
    found.close()


@pytest.fixture
def device(unloaded: Device) -> Device:
    return unloaded.load()


@pytest.fixture
def chip(tmp_path: Path, version: str) -> dict[str, Any]:
    """The options of a simulator with a chip of its own."""
    return options_of(tmp_path, version)


@pytest.fixture
def paced(chip: dict[str, Any]) -> Iterator[Callable[..., Device]]:
    """paced(tokens_per_s=50) is a loaded device with these options on top."""
    made: list[Device] = []

    def make(**more: Any) -> Device:
        made.append(Device({**chip, **more}))
        return made[-1].load()

    yield make
    for one in made:
        one.play("none")
        one.close()


@pytest.fixture
def spawn(chip: dict[str, Any]) -> Iterator[Callable[..., Worker]]:
    """spawn(tokens_per_s=50) is a worker process on a simulator with these options on top."""
    made: list[Worker] = []

    def make(**more: Any) -> Worker:
        made.append(Worker({**chip, **more}))
        return made[-1]

    yield make
    for one in made:
        one.close()
