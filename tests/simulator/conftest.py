"""Fixtures of the simulator's tests: the package as if it had just been imported, with a chip of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from simulator.platforms import QUICK, Platform, fresh_import, run_script


@pytest.fixture
def chip(tmp_path: Path) -> dict[str, Any]:
    """Options that give a test its own chip and take no time."""
    return {**QUICK, "kv_slot": str(tmp_path / "chip.kv")}


@pytest.fixture
def fresh(chip: dict[str, Any]) -> Iterator[Callable[..., Platform]]:
    """fresh(version="5.2.0", ...) imports the package anew with these options."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(fresh_import({**chip, **options}))


@pytest.fixture
def platform(fresh: Callable[..., Platform]) -> Platform:
    """The package of HailoRT 5.1.1, which is what Raspberry Pi OS ships."""
    return fresh()


@pytest.fixture(params=["5.1.1", "5.2.0"])
def either(request: pytest.FixtureRequest, fresh: Callable[..., Platform]) -> Platform:
    """The package of each version in turn."""
    return fresh(version=request.param)


@pytest.fixture
def script(chip: dict[str, Any]) -> Callable[..., CompletedProcess[str]]:
    """script("...", version="5.2.0") runs a program in a process of its own."""
    return lambda text, **options: run_script(text, {**chip, **options})
