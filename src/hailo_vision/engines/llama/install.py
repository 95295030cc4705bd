"""Installs llama.cpp's Python package into a folder of its own, pinned by version and hash, with pip.

Debian has no package of it and keeps pip away from the system's Python (PEP 668). So pip comes from this Python's own
environment, or from a virtual environment that exists as long as the installation. The wheel is of the stable ABI and
needs no other package, and the same file serves every Python from 3.11 on.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from hailo_vision.engines.llama.package import PACKAGE
from hailo_vision.engines.start_failure import start_failure
from hailo_vision.errors import StartError

VERSION: Final = "2026.10.11549"
# manylinux2014 wheels (abi3) for x86-64 and aarch64, as pip reports them
HASHES: Final = (
    "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261",
    "e2a3e79e775515de4ad197e667f874070446ef9ac9cf2044bc9866bc4c72289e",
)
REQUIREMENT: Final = " ".join((f"{PACKAGE}=={VERSION}", *(f"--hash=sha256:{digest}" for digest in HASHES)))
PIP_OPTIONS: Final = (
    *("--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir"),
    *("--no-input", "--disable-pip-version-check", "--no-compile"),
)


class InstallError(StartError):
    """The package could not be installed, or can't be imported."""


def install(folder: Path, requirement: str = REQUIREMENT) -> None:
    """Install the package into the folder, in place of what is there, or raise InstallError and change nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".llama-") as scratch:
            new = Path(scratch, "new")
            Path(scratch, "requirement").write_text(requirement + "\n")
            target = ("--target", str(new), "--requirement", str(Path(scratch, "requirement")))
            _run([*_pip(Path(scratch, "venv")), "install", *PIP_OPTIONS, *target], "pip")
            _check(new)
            new.chmod(0o755)
            if folder.exists():
                folder.rename(Path(scratch, "old"))
            new.rename(folder)
    except OSError as error:
        raise InstallError(f"{error.filename or folder} can't be written: {error.strerror}.") from error


def remove(folder: Path) -> None:
    """Delete the folder. Raises InstallError."""
    try:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
    except OSError as error:
        raise InstallError(f"{error.filename or folder} can't be removed: {error.strerror}.") from error


def _pip(venv: Path) -> list[str]:
    """The command of a pip: this Python's, or that of a new virtual environment."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("ensurepip") is None:
        raise InstallError("Python's venv module is missing. Install it: sudo apt install python3-venv")
    _run([sys.executable, "-m", "venv", str(venv)], "venv")
    return [str(venv / "bin" / "python"), "-m", "pip"]


def _check(folder: Path) -> None:
    """Import the package in a child, as a library of the system can be missing, or the processor can be too old."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import {PACKAGE}"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise InstallError(f"{PACKAGE} can't be imported: {start_failure(PACKAGE, done.returncode, last)}")


def _run(command: Sequence[str], name: str) -> None:
    """Run a command whose output the user sees only if it fails. Debian's ensurepip error is one of stdout."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 0:
        return
    output = f"{done.stdout}\n{done.stderr}".strip()
    if "ensurepip is not" in output:
        raise InstallError("Python's venv module is missing. Install it: sudo apt install python3-venv")
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")] or output.splitlines()[-1:]
    raise InstallError(f"{name} failed: {' '.join(errors).removeprefix('ERROR: ')}")
