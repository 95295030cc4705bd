"""Fixtures of the simulator's tests: the package as if it had just been imported, with a chip that no one else has."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from simulator.platforms import QUICK, Modules, Platform, import_fresh, run_script


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def chip(tmp_path: Path) -> dict[str, Any]:
    """Options that give a test its own chip and take no time."""
    return {**QUICK, "kv_slot": str(tmp_path / "chip.kv")}


@pytest.fixture
def fresh(chip: dict[str, Any], stack: ExitStack) -> Callable[..., Platform]:
    """fresh(version="5.2.0", ...) imports the package anew with these options."""
    return lambda **options: Platform(stack, import_fresh({**chip, **options}))


@pytest.fixture(scope="session")
def plain_imports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Modules]:
    """One import of each version without other options, for the many tests that want no more."""
    slot = tmp_path_factory.mktemp("chip") / "chip.kv"
    return cache(lambda version: import_fresh({**QUICK, "kv_slot": str(slot), "version": version}))


@pytest.fixture
def platform(plain_imports: Callable[[str], Modules], stack: ExitStack) -> Platform:
    """The package of HailoRT 5.1.1, which is what Raspberry Pi OS ships."""
    return Platform(stack, plain_imports("5.1.1"))


@pytest.fixture(params=["5.1.1", "5.2.0"])
def either(request: pytest.FixtureRequest, plain_imports: Callable[[str], Modules], stack: ExitStack) -> Platform:
    """The package of each version in turn."""
    return Platform(stack, plain_imports(request.param))


@pytest.fixture
def script(chip: dict[str, Any]) -> Callable[..., CompletedProcess[str]]:
    """script("...", version="5.2.0") runs a program in a process of its own."""
    return lambda text, **options: run_script(text, {**chip, **options})
