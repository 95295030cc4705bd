"""What some tests need and not every machine has: without it they are skipped, with its name and what brings it."""

import ctypes
import os
import shutil

import pytest


def needs(command: str, package: str | None = None) -> pytest.MarkDecorator:
    """A mark for tests that run a program of the system."""
    return pytest.mark.skipif(shutil.which(command) is None, reason=_reason(command, package))


def require(command: str, package: str | None = None) -> None:
    """Skip the test that is running, or the tests of a fixture, where a program of the system is missing."""
    if shutil.which(command) is None:
        pytest.skip(_reason(command, package))


def needs_root(reason: str) -> pytest.MarkDecorator:
    """A mark for tests of what only root may do, which the reason says: "only root can ..."."""
    return pytest.mark.skipif(os.geteuid() != 0, reason=reason)


# Root may read and write everything until its capabilities are taken away, the inheritable ones too: in a container
# these bring the others back at the next exec.
POWERLESS = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
needs_powerless = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read everything"
)


def has_library(name: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _reason(command: str, package: str | None) -> str:
    return f"no {command} here: sudo apt install {package or command}"
