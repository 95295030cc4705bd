"""What some tests need and not every machine has: without it they are skipped, with its name and what brings it."""

import ctypes
import shutil

import pytest


def needs(command: str, package: str | None = None) -> pytest.MarkDecorator:
    """A mark for tests that run a program of the system."""
    reason = f"no {command} here: sudo apt install {package or command}"
    return pytest.mark.skipif(shutil.which(command) is None, reason=reason)


def has_library(name: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
